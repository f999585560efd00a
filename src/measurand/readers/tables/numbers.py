"""Cells to numbers: what counts as missing, percent signs, decimal commas."""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

__all__ = ["MISSING", "Numbers", "cleaned", "numbers"]

MISSING = ("", "na", "n/a", "nan", "null", "-")
"""Cells that say "not run", in any case."""


class Numbers(NamedTuple):
    """A column as numbers.

    Parameters
    ----------
    values : Float64, null where missing or not a number.
    wrong : positions of the cells that hold something else than a number.
    marked : how many missing cells say so (NaN, NA, ...) rather than being empty.
    percent, decimal_comma : whether every cell had a percent sign, or a comma was read as a decimal point.
    """

    values: pl.Series
    wrong: list[int]
    marked: int
    percent: bool = False
    decimal_comma: bool = False


def cleaned(column: pl.Series) -> pl.Series:
    """The column as text, stripped, null where the cell says it is missing.

    Examples
    --------
    >>> cleaned(pl.Series([" chat", "N/A", None])).to_list()
    ['chat', None, None]
    """
    text = column.cast(pl.String).str.strip_chars()
    return text.set(text.str.to_lowercase().is_in(MISSING), None)


def numbers(column: pl.Series, *, decimal_comma: bool = False) -> Numbers:
    """Read a column of text or numbers.

    Parameters
    ----------
    column : text or numbers.
    decimal_comma : whether ``0,5`` may mean one half (never where commas separate columns).

    Examples
    --------
    >>> read = numbers(pl.Series(["0.5", "NA", "abc", None]))
    >>> read.values.to_list(), read.wrong, read.marked
    ([0.5, None, None, None], [2], 1)
    >>> numbers(pl.Series(["45.2%", "50 %"])).values.to_list()
    [45.2, 50.0]
    """
    values = column.cast(pl.Float64, strict=False)
    if values.null_count() == column.null_count():  # nothing but numbers, the usual case
        nan = int(values.is_nan().sum() or 0)
        return Numbers(values.fill_nan(None), [], nan)
    text = cleaned(column)
    marked = int((text.is_null() & column.is_not_null() & (column.str.strip_chars() != "")).sum())
    # All or none: a sign on some cells only leaves open which unit the others are in.
    percent = bool(text.str.ends_with("%").all()) and text.null_count() < len(text)
    if percent:
        text = text.str.strip_chars_end("% ")
    comma = decimal_comma and _has_decimal_comma(text)
    if comma:
        text = text.str.replace(",", ".", literal=True)
    values = text.cast(pl.Float64, strict=False).fill_nan(None)
    wrong = (values.is_null() & text.is_not_null()).arg_true().to_list()
    return Numbers(values, wrong, marked, percent, comma)


def _has_decimal_comma(text: pl.Series) -> bool:
    """Whether some cell has one comma between digits and no cell has a point."""
    comma = text.str.contains(r"^[+-]?\d*,\d+$").sum()
    return bool(comma) and not text.str.contains(".", literal=True).any()
