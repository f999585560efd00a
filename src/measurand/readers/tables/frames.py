"""Frames in memory: polars, pandas, pyarrow and whatever else speaks the Arrow PyCapsule interface."""

from __future__ import annotations

from typing import Any

import polars as pl

from measurand.errors import InputError
from measurand.readers.tables.raw import RawTable, raw_table
from measurand.readers.tables.tabular import PARSE_ERRORS, column_of

__all__ = ["frame_table", "is_frame"]


def is_frame(value: object) -> bool:
    """Whether the value is a table in memory.

    Examples
    --------
    >>> is_frame(pl.DataFrame({"model": ["m"]})), is_frame("scores.csv")
    (True, False)
    """
    return isinstance(value, pl.LazyFrame) or (hasattr(value, "columns") and hasattr(value, "__arrow_c_stream__"))


def frame_table(frame: Any, name: str | None = None) -> RawTable:
    """Read a frame in memory.

    Parameters
    ----------
    frame : polars DataFrame or LazyFrame, pandas DataFrame, pyarrow Table, or any Arrow producer with columns. A pandas
        index with text or a name is a column; a plain count is not.
    name : what messages call it; by default its kind.

    Raises
    ------
    InputError
        The frame cannot be converted, or has no rows.

    Examples
    --------
    >>> frame_table(pl.DataFrame({"model": ["m"], "mmlu": [0.5]})).name
    'polars DataFrame'
    """
    kind = type(frame)
    name = name or f"{kind.__module__.split('.')[0]} {kind.__name__}"
    try:
        table = _polars(frame)
    except (*PARSE_ERRORS, TypeError, ImportError) as error:
        raise InputError(f"{name}: cannot be read as a table: {str(error).strip()}") from None
    return raw_table(name, table[0], table[1])


def _polars(frame: Any) -> tuple[list[str], list[pl.Series]]:
    # Before anything else: a lazy frame has columns and could fail only later, outside this try.
    if isinstance(frame, pl.LazyFrame):
        frame = frame.collect()
    if not isinstance(frame, pl.DataFrame):
        if hasattr(frame, "reset_index"):
            return _pandas(frame)
        frame = pl.DataFrame(frame)
    return frame.columns, frame.get_columns()


def _pandas(frame: Any) -> tuple[list[str], list[pl.Series]]:
    """Column by column: a pandas column may mix numbers and text, which Arrow refuses for the whole frame."""
    counted = frame.index.name is None and frame.index.nlevels == 1 and frame.index.dtype.kind in "iu"
    frame = frame.reset_index(drop=True) if counted else frame.rename_axis(index=_index_name(frame)).reset_index()
    header = [str(column) for column in frame.columns]
    return header, [_pandas_column(frame.iloc[:, position]) for position in range(len(header))]


def _index_name(frame: Any) -> Any:
    names = list(frame.index.names)
    return "model" if names == [None] and "model" not in frame.columns else names if len(names) > 1 else names[0]


def _pandas_column(column: Any) -> pl.Series:
    missing = column.isna()
    if column.dtype.kind in "iu" and not missing.any():
        return pl.Series(column.to_numpy())
    if column.dtype.kind in "iuf":
        return pl.Series(column.to_numpy(dtype=float, na_value=float("nan")), dtype=pl.Float64)
    if column.dtype.kind == "M":
        return pl.Series(column.dt.strftime("%Y-%m-%d").astype(object).where(~missing, None).to_list(), dtype=pl.String)
    return column_of(column.astype(object).where(~missing, None).to_list())[0]
