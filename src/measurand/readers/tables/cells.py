"""Columns of a raw table as names or scores, refusing cells that cannot be used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import polars as pl

from measurand.readers.tables.columns import accompanies, companion, fold
from measurand.readers.tables.numbers import Numbers, nearly_numbers, numbers
from measurand.readers.tables.raw import ROW, RawTable, shorten
from measurand.tables import LARGEST

__all__ = [
    "Block",
    "is_text",
    "keys",
    "missing_note",
    "number_notes",
    "refuse_twice",
    "required",
    "score_columns",
    "whole",
]


LEFT_OUT = {
    "text": "text in every row",
    "words": "text in most rows",
    "empty": "no value in any row",
    "aside": "not a {kind} (rename the column if it is one)",
    "companion": "says more of another column's scores (rename the column if it is a {kind} of its own)",
}
"""Why a column is not read as scores."""


class Block(NamedTuple):
    """The score columns of a wide table, by name, and what was left out."""

    columns: dict[str, pl.Series]
    notes: list[str]


def is_text(column: pl.Series) -> bool:
    """Whether some cell is neither a number nor missing."""
    return column.dtype == pl.String and bool(numbers(column).wrong)


def keys(table: RawTable, column: str, aliases: Mapping[str, str] | None = None) -> pl.Series:
    """The names in a column, stripped and otherwise as they are; of a link its text.

    Parameters
    ----------
    table, column : the table and the column.
    aliases : names to use in place of others.

    Raises
    ------
    InputError
        A row without a name.
    """
    names = table.frame[column].cast(pl.String).str.strip_chars()
    # Leaderboards link a model's name to its page.
    for link in (r"^<a\b[^<>]*>([^<>]+)</a>", r"^\[([^\[\]]+)\]\([^()]*\)$"):
        text = names.str.extract(link).str.strip_chars()
        names = names.zip_with(text.is_null(), text)
    missing = (names.is_null() | (names == "")).arg_true()
    if len(missing):
        raise table.fail("no name; every row needs one", table.frame[ROW][missing[0]], column)
    return names.replace(aliases) if aliases else names


def required(table: RawTable, column: str) -> Numbers:
    """A column in which every cell is a finite number or missing.

    Raises
    ------
    InputError
        Text, or a number that is not finite.
    """
    read = numbers(table.frame[column], decimal_comma=table.decimal_comma)
    _refuse_unusable(table, column, read)
    return read


def whole(table: RawTable, column: str) -> Numbers:
    """A column in which every cell is a whole number or missing.

    Raises
    ------
    InputError
        Text, or a number with a fraction.
    """
    read = required(table, column)
    # Beyond 2^53 a float no longer tells neighbouring whole numbers apart.
    wrong = ((read.values % 1 != 0) | (read.values.abs() > 2**53)).arg_true()
    if len(wrong):
        raise table.fail(f"should be a whole number, got {read.values[wrong[0]]:g}", table.frame[ROW][wrong[0]], column)
    return read._replace(values=read.values.cast(pl.Int64))


def score_columns(table: RawTable, names: Sequence[str], kind: str) -> Block:
    """The columns of numbers among those named.

    A column in which more cells are words than numbers holds words, some of which happen to be numbers.

    Parameters
    ----------
    table : the raw table.
    names : columns to look at.
    kind : what has a column of scores here, ``benchmark`` or ``model``.

    Raises
    ------
    InputError
        A column of numbers holds something else as well, or a number that is not finite.
    """
    left: dict[str, list[str]] = {reason: [] for reason in LEFT_OUT}
    read: dict[str, Numbers] = {}
    folded = {fold(name): name for name in names}
    for name in names:
        column = numbers(table.frame[name], decimal_comma=table.decimal_comma)
        count = len(column.values) - column.values.null_count()
        if not count:
            left["text" if column.wrong else "empty"].append(name)
        # Asked after text and empty, so that the note says what is really the matter.
        elif accompanies(name):
            left["aside"].append(name)
        elif companion(name, folded) is not None:
            left["companion"].append(name)
        elif len(column.wrong) > count and not nearly_numbers(table.frame[name].gather(column.wrong)):
            left["words"].append(name)
        else:
            _refuse_unusable(table, name, column)
            read[name] = column
    notes = [
        f"{table.name}: left out, {why.format(kind=kind)}: {shorten(left[reason])}"
        for reason, why in LEFT_OUT.items()
        if left[reason]
    ]
    said = [*missing_note(table, read.values()), *notes, *number_notes(table, read)]
    return Block({name: column.values for name, column in read.items()}, said)


def number_notes(table: RawTable, columns: Mapping[str, Numbers]) -> list[str]:
    """What to say of percent signs, decimal commas and margins."""
    percent = [name for name, column in columns.items() if column.percent]
    comma = [name for name, column in columns.items() if column.decimal_comma]
    margins = [name for name, column in columns.items() if column.margins]
    said = (
        ("percent signs taken off", percent),
        ("decimal commas read", comma),
        ("margins behind the numbers left out (a table does not say whether standard errors or intervals)", margins),
    )
    return [f"{table.name}: {how}: {shorten(names)}" for how, names in said if names]


def missing_note(table: RawTable, columns: Iterable[Numbers]) -> list[str]:
    """What to say of cells that are missing by a mark rather than empty."""
    marked = sum(column.marked for column in columns)
    return (
        [f"{table.name}: {marked} cells hold NaN, NA or another mark for missing: taken as not run"] if marked else []
    )


def refuse_twice(table: RawTable, names: pl.DataFrame) -> None:
    """Refuse two rows of one benchmark in a table that should have one.

    Raises
    ------
    InputError
        A name stands twice; both places are named.
    """
    repeated = names.filter(pl.col("benchmark").is_duplicated())
    if repeated.height:
        rows = repeated.filter(pl.col("benchmark") == repeated["benchmark"][0])[ROW]
        raise table.fail(
            f"benchmark {repeated['benchmark'][0]!r} has {len(rows)} rows ({_places(table, rows)}); keep one"
        )


def _refuse_unusable(table: RawTable, column: str, read: Numbers) -> None:
    if read.wrong:
        cell = str(table.frame[column][read.wrong[0]])
        shown = cell if len(cell) <= 60 else f"{cell[:60]}..."
        more = f" ({len(read.wrong)} such cells)" if len(read.wrong) > 1 else ""
        raise table.fail(f"{shown!r} is not a number{more}; {_advice(cell)}", table.frame[ROW][read.wrong[0]], column)
    infinite = (read.values.abs() > LARGEST).arg_true()
    if len(infinite):
        raise table.fail(
            f"should be finite and at most {LARGEST:g} in size, got {read.values[infinite[0]]}; leave the cell empty "
            "if it was not run",
            table.frame[ROW][infinite[0]],
            column,
        )


def _advice(cell: str) -> str:
    if cell.rstrip().endswith("%"):
        return "give every cell of the column a percent sign, or none"
    if "," in cell:
        return "write a decimal point, and no separator between thousands"
    return "write a number, or leave the cell empty if it was not run"


def _places(table: RawTable, rows: Sequence[int] | pl.Series) -> str:
    return shorten([table.place(row) for row in rows], 5)
