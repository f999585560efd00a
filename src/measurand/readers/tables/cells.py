"""Columns of a raw table as names or scores, refusing cells that cannot be used."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

import polars as pl

from measurand.readers.tables.columns import fold
from measurand.readers.tables.numbers import Numbers, numbers
from measurand.readers.tables.raw import ROW, RawTable, shorten
from measurand.tables import LARGEST

__all__ = [
    "Block",
    "is_text",
    "keys",
    "missing_note",
    "number_notes",
    "refuse_different",
    "refuse_twice",
    "required",
    "score_columns",
    "whole",
]


class Block(NamedTuple):
    """The score columns of a wide table, by name, and what was left out."""

    columns: dict[str, pl.Series]
    notes: list[str]


def is_text(column: pl.Series) -> bool:
    """Whether some cell is neither a number nor missing."""
    return column.dtype == pl.String and bool(numbers(column).wrong)


def keys(table: RawTable, column: str) -> pl.Series:
    """The names in a column, stripped and otherwise as they are.

    Raises
    ------
    InputError
        A row without a name.
    """
    names = table.frame[column].cast(pl.String).str.strip_chars()
    missing = (names.is_null() | (names == "")).arg_true()
    if len(missing):
        raise table.fail("no name; every row needs one", table.frame[ROW][missing[0]], column)
    return names


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


def score_columns(table: RawTable, names: Iterable[str], accompanying: Collection[str]) -> Block:
    """The columns of numbers among those named.

    Parameters
    ----------
    table : the raw table.
    names : columns to look at.
    accompanying : folded names of columns that are no scores even where they hold numbers.

    Raises
    ------
    InputError
        A column holds numbers and text, or a number that is not finite.
    """
    left: dict[str, list[str]] = {"text": [], "empty": [], "accompanying": []}
    read: dict[str, Numbers] = {}
    for name in names:
        column = numbers(table.frame[name], decimal_comma=table.decimal_comma)
        if column.values.null_count() == len(column.values):
            left["text" if column.wrong else "empty"].append(name)
        # Asked after text and empty, so that the note says what is really the matter.
        elif fold(name) in accompanying:
            left["accompanying"].append(name)
        else:
            _refuse_unusable(table, name, column)
            read[name] = column
    notes = [
        f"{table.name}: left out, {why}: {shorten(left[kind])}"
        for kind, why in (
            ("text", "text in every row"),
            ("empty", "no value in any row"),
            ("accompanying", "not a benchmark (rename the column if it is one)"),
        )
        if left[kind]
    ]
    said = [*missing_note(table, read.values()), *notes, *number_notes(table, read)]
    return Block({name: column.values for name, column in read.items()}, said)


def number_notes(table: RawTable, columns: Mapping[str, Numbers]) -> list[str]:
    """What to say of percent signs and decimal commas."""
    percent = [name for name, column in columns.items() if column.percent]
    comma = [name for name, column in columns.items() if column.decimal_comma]
    said = (("percent signs taken off", percent), ("decimal commas read", comma))
    return [f"{table.name}: {how}: {shorten(names)}" for how, names in said if names]


def missing_note(table: RawTable, columns: Iterable[Numbers]) -> list[str]:
    """What to say of cells that are missing by a mark rather than empty."""
    marked = sum(column.marked for column in columns)
    return (
        [f"{table.name}: {marked} cells hold NaN, NA or another mark for missing: taken as not run"] if marked else []
    )


def refuse_twice(table: RawTable, names: pl.DataFrame, key: str) -> None:
    """Refuse two rows of one model (or benchmark) in a table that should have one.

    Raises
    ------
    InputError
        A name stands twice; both places are named.
    """
    repeated = names.filter(pl.col(key).is_duplicated())
    if repeated.height:
        rows = repeated.filter(pl.col(key) == repeated[key][0])[ROW]
        raise table.fail(
            f"{key} {repeated[key][0]!r} has {len(rows)} rows ({_places(table, rows)}); "
            "keep one, or give the runs different names"
        )


def refuse_different(table: RawTable, scores: pl.DataFrame) -> None:
    """Refuse different scores of one model on one benchmark.

    Raises
    ------
    InputError
        The scores and their places.
    """
    repeated = scores.drop_nulls("score").filter(pl.struct("model", "benchmark").is_duplicated())
    for (model, benchmark), same in repeated.group_by("model", "benchmark", maintain_order=True):
        if same["score"].n_unique() > 1:
            differing = shorten((f"{score:g}" for score in same["score"]), 5)
            raise table.fail(
                f"model {model!r} has different scores for {benchmark!r}: {differing} ({_places(table, same[ROW])}); "
                "keep one, or give the runs different model names"
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
