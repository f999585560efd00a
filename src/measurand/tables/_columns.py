"""What every table does with the columns it is given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import polars as pl

from measurand.errors import InputError, first_line

__all__ = ["LARGEST", "MISSING", "conform", "refuse", "sized"]

LARGEST = 1e100
"""Scores beyond this are no measurement, and their squares leave the range of numbers in the middle of a fit."""

MISSING = ("", "na", "n/a", "n.a.", "#n/a", "nan", "<na>", "null", "-", "--", "\u2013", "\u2014", "\u2212")
"""Cells that say that there is nothing, in any case."""


def conform(
    frame: pl.DataFrame,
    schema: Mapping[str, pl.DataType],
    required: Iterable[str],
    what: str,
    defaults: Mapping[str, object] | None = None,
) -> pl.DataFrame:
    """The columns of a schema in order and in their types; those that are absent hold their default, or null.

    Parameters
    ----------
    what : what the table holds, in the plural, as a message names it.
    defaults : values of columns that are absent, and of empty cells.

    Raises
    ------
    InputError
        A required column is missing, there is no row, a required cell is empty, or a value is of another type.

    Examples
    --------
    >>> conform(pl.DataFrame({"a": [1]}), {"a": pl.Float64(), "b": pl.String()}, ["a"], "rows", {"b": "x"}).rows()
    [(1.0, 'x')]
    """
    # An iterator would be empty when the cells are checked further down.
    needed = tuple(required)
    missing = [name for name in needed if name not in frame.columns]
    if missing:
        raise InputError(
            f"{what} should have the columns {', '.join(needed)}; {', '.join(missing)} not found among "
            f"{', '.join(frame.columns)}"
        )
    if frame.is_empty():
        raise InputError(f"no {what}: there should be at least one row")
    filled = dict(defaults or {})
    try:
        found = frame.select(
            (pl.col(name) if name in frame.columns else pl.lit(None))
            .cast(dtype)
            .fill_null(pl.lit(filled[name], dtype=dtype) if name in filled else None)
            .alias(name)
            if name in filled
            else (pl.col(name) if name in frame.columns else pl.lit(None)).cast(dtype).alias(name)
            for name, dtype in schema.items()
        )
    except pl.exceptions.PolarsError as error:
        raise InputError(f"{what}: a column does not hold what it should: {first_line(error)}") from None
    for name in needed:
        refuse(found, pl.col(name).is_null(), name, "there in every row")
    return found


def sized(column: str) -> pl.Expr:
    """Whether the column holds a number that can be computed with: finite and no larger than `LARGEST`."""
    # NaN counts as larger than every number here.
    return pl.col(column).is_finite() & (pl.col(column).abs() <= LARGEST)


def refuse(frame: pl.DataFrame, wrong: pl.Expr, column: str, wanted: str) -> None:
    """Refuse a table in which that holds for some row, showing the first such value.

    Raises
    ------
    InputError
        It holds for some row.

    Examples
    --------
    >>> refuse(pl.DataFrame({"sigma": [0.1, -1.0]}), pl.col("sigma") < 0, "sigma", "at least 0")
    Traceback (most recent call last):
    measurand.errors.InputError: row 2: sigma should be at least 0, got -1.0 (1 such row)
    """
    # Null cells pass: that a required one is there was checked before.
    rows = frame.select(wrong.fill_null(False).arg_true()).to_series()
    if len(rows):
        first, count = int(rows[0]), len(rows)
        raise InputError(
            f"row {first + 1}: {column} should be {wanted}, got {frame[column][first]!r} "
            f"({count:,} such row{'s' * (count > 1)})"
        )
