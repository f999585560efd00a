"""A table as it was given: names checked, cells not yet interpreted, every row traceable to where it stood."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import polars as pl

from measurand.errors import InputError
from measurand.results import Source

__all__ = ["ROW", "RawTable", "raw_table", "shorten"]

ROW = "\0row"
"""Column of a raw frame that holds the number of the record, from 0; a table with such a column is refused."""

_INDEX = re.compile(r"Unnamed: 0(\.\d+)?|__index_level_\d+__")
"""What pandas calls the index of a frame that it wrote without a name and read back, once or several times."""

SHOWN = 20
"""Names listed in a note before the rest is only counted."""


@dataclass(frozen=True, eq=False, kw_only=True)
class RawTable:
    """One file or frame before its columns are given a meaning.

    Parameters
    ----------
    name : the file as it was named, or what the frame is.
    frame : `ROW` and the columns, text (String) or numbers; rows without any value are left out.
    source : the file's provenance; None for a frame in memory.
    lines : line of each record in a text file, counted from 1 as editors do; None where there are no lines.
    decimal_comma : whether a comma in a number may be a decimal comma (the columns are separated by something else).
    notes : what was left out while reading.
    """

    name: str
    frame: pl.DataFrame
    source: Source | None = None
    lines: Sequence[int] | None = None
    decimal_comma: bool = False
    notes: tuple[str, ...] = ()

    @property
    def columns(self) -> list[str]:
        """Names of the columns, without `ROW`."""
        return [name for name in self.frame.columns if name != ROW]

    def place(self, row: int) -> str:
        """Where a record stands, such as ``line 4`` of a text file or ``row 3`` (counted from 1) of another."""
        return f"line {self.lines[row]}" if self.lines is not None else f"row {row + 1}"

    def fail(self, message: str, row: int | None = None, column: str | None = None) -> InputError:
        """The exception to raise about this table, with file, place and column."""
        place = "" if row is None else f", {self.place(row)}"
        where = "" if column is None else f", column {column!r}"
        return InputError(f"{self.name}{place}{where}: {message}")


def raw_table(
    name: str,
    header: Sequence[str],
    columns: Sequence[pl.Series],
    *,
    source: Source | None = None,
    lines: Sequence[int] | None = None,
    decimal_comma: bool = False,
    notes: Iterable[str] = (),
) -> RawTable:
    """Check the header, bring the cells to text or numbers and drop rows without any value.

    Parameters
    ----------
    name : file or frame, for messages.
    header, columns : names as given, and as many columns of one length.
    source, lines, decimal_comma, notes : as in `RawTable`; the rows of the source are counted here.

    Raises
    ------
    InputError
        No row, two columns of one name, or a column with values and no name (or one with a NUL in it).

    Examples
    --------
    >>> cells = [pl.Series(["m1", None]), pl.Series(["0.5", None])]
    >>> table = raw_table("a.csv", [" model", "mmlu"], cells, lines=[2, 3])
    >>> table.columns, table.frame.height, table.place(0)
    (['model', 'mmlu'], 1, 'line 2')
    """
    names = [column.strip() for column in header]
    said = list(notes)
    kept: dict[str, pl.Series] = {}
    # Polars would rename the second one and pass it off as a benchmark of its own.
    _refuse_repeated(name, names)
    if odd := [column for column in names if "\0" in column]:
        raise InputError(f"{name}: a column's name should hold no NUL character, got {odd[0]!r}")
    for position, (column_name, column) in enumerate(zip(names, columns, strict=True)):
        plain = _plain(column)
        if plain is None:
            said.append(f"{name}: column {column_name!r} holds {column.dtype}, not numbers or text: left out")
        elif _INDEX.fullmatch(column_name) and _counts(plain):
            continue
        elif column_name:
            kept[column_name] = plain
        elif position == 0 and plain.dtype == pl.String and not _counts(plain):
            kept["model" if "model" not in names else ""] = plain  # a frame's index, written without a name
        elif position > 0 and plain.null_count() < len(plain):
            raise InputError(f"{name}: column {position + 1} has values and no name; name it in the header")
    frame = pl.DataFrame(kept).with_row_index(ROW)
    frame = frame.filter(~pl.all_horizontal(pl.exclude(ROW).is_null())) if kept else frame
    if frame.is_empty():
        raise InputError(f"{name}: no rows below the header; a table needs at least one model, benchmark and score")
    counted = None if source is None else replace(source, rows=frame.height)
    return RawTable(name=name, frame=frame, source=counted, lines=lines, decimal_comma=decimal_comma, notes=tuple(said))


def shorten(names: Iterable[object], shown: int = SHOWN) -> str:
    """The names in one line, the rest only counted.

    Examples
    --------
    >>> shorten(["a", "b", "c"], shown=2)
    'a, b and 1 more'
    """
    listed = [str(name) for name in names]
    more = f" and {len(listed) - shown} more" if len(listed) > shown else ""
    return ", ".join(listed[:shown]) + more


def _refuse_repeated(name: str, names: Sequence[str]) -> None:
    for repeated, count in Counter(names).items():
        if count > 1 and repeated:
            where = [str(i + 1) for i, other in enumerate(names) if other == repeated]
            raise InputError(
                f"{name}: {count} columns are named {repeated!r} ({', '.join(where)}); rename or drop all but one"
            )


def _plain(column: pl.Series) -> pl.Series | None:
    """The column as text or numbers, or None if it holds neither."""
    dtype = column.dtype
    if dtype == pl.String or dtype.is_numeric():
        return column
    if dtype == pl.Boolean:
        # As text: a yes/no attribute of a model is no score.
        return column.replace_strict({True: "true", False: "false"}, return_dtype=pl.String)
    if dtype in (pl.Categorical, pl.Enum, pl.Null):
        return column.cast(pl.String)
    if dtype == pl.Date:
        return column.dt.to_string("%Y-%m-%d")
    if dtype == pl.Datetime:
        # Facts know days only; spreadsheets add a midnight to every date.
        return column.dt.date().dt.to_string("%Y-%m-%d")
    return None


def _counts(column: pl.Series) -> bool:
    """Whether the values are whole numbers, as those of a frame's default index are."""
    return bool(column.drop_nulls().cast(pl.String).str.contains(r"^\d+$").all())
