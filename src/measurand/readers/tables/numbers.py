"""Cells to numbers: what counts as missing, signs and spaces of print, percent signs, decimal commas, margins."""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from measurand.tables import MISSING

__all__ = ["UNNAMED", "Numbers", "cleaned", "named", "nearly_numbers", "numbers"]

UNNAMED = ("", "nan", "<na>", "#n/a")
"""Cells that are no name, in any case: blank, or a mark that frames and spreadsheets leave where there is nothing."""

_MINUS = "[\u2212\u2013\ufe63\uff0d]"
_INVISIBLE = "[\u200b-\u200d\u2060\ufeff]"
_SPACE = "[ \u00a0\u2007\u2009\u202f]"
_GROUPED = rf"^[+-]?\d{{1,3}}(?:{_SPACE}\d{{3}})+(?:[.,]\d+)?$"
_MARGIN = rf"^(.*\d{_SPACE}*%?){_SPACE}*\(?{_SPACE}*(?:\u00b1|\+/-|\+-){_SPACE}*[\d.,]+{_SPACE}*%?{_SPACE}*\)?$"
_NEARLY = rf"^[\d.,;:%()+\-\u00b1/]*(?:{_SPACE}+[\d.,;:%()+\-\u00b1/]+)*$"

_THOUSANDS = r"^[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?$"
_SURELY_THOUSANDS = r"^[+-]?\d{1,3}(?:,\d{3})+\.\d+$|^[+-]?\d{1,3}(?:,\d{3}){2,}$"
_COMMA = r"^[+-]?\d*,\d+$"
_SURELY_DECIMAL = r"^[+-]?(?:0?,\d+|\d+,(?:\d{1,2}|\d{4,}))$"
_POINTED = r"^[+-]?\d{1,3}(?:\.\d{3})+,\d+$"


class Numbers(NamedTuple):
    """A column as numbers.

    Parameters
    ----------
    values : Float64, null where missing or not a number.
    wrong : positions of the cells that hold something else than a number.
    marked : how many missing cells say so (NaN, NA, ...) rather than being empty.
    percent, decimal_comma : whether every cell had a percent sign, or a comma was read as a decimal point.
    margins : how many cells had a margin behind the number, as in ``71.2 \u00b1 0.4``.
    """

    values: pl.Series
    wrong: list[int]
    marked: int
    percent: bool = False
    decimal_comma: bool = False
    margins: int = 0


def cleaned(column: pl.Series) -> pl.Series:
    """The column as text, stripped, null where the cell says it is missing.

    Examples
    --------
    >>> cleaned(pl.Series([" chat", "N/A", None])).to_list()
    ['chat', None, None]
    """
    text = column.cast(pl.String).str.strip_chars()
    return text.set(text.str.to_lowercase().is_in(MISSING), None)


def named(column: pl.Series) -> pl.Series:
    """The column as names, stripped, null where there is none: a model may be called null, and an item N/A.

    Examples
    --------
    >>> named(pl.Series([" null", "N/A", " ", "nan"])).to_list()
    ['null', 'N/A', None, None]
    """
    text = column.cast(pl.String).str.strip_chars()
    return text.set(text.str.to_lowercase().is_in(UNNAMED), None)


def nearly_numbers(cells: pl.Series) -> bool:
    """Whether some cell is made of what numbers are made of, so that it is a slip rather than a word.

    Examples
    --------
    >>> nearly_numbers(pl.Series(["45,1,2", "x"])), nearly_numbers(pl.Series(["3054e1f9"]))
    (True, False)
    """
    return bool(cells.str.strip_chars().str.contains(_NEARLY).any())


def numbers(column: pl.Series, *, decimal_comma: bool = False) -> Numbers:
    """Read a column of text or numbers as a person would.

    Parameters
    ----------
    column : text or numbers.
    decimal_comma : whether ``1,234`` may be a little more than one (never where commas separate columns). Where no
        other reading is left (``0,5``, ``1 234,5``, ``1,234.5``) a comma is understood without being told.

    Examples
    --------
    >>> read = numbers(pl.Series(["0.5", "NA", "abc", None]))
    >>> read.values.to_list(), read.wrong, read.marked
    ([0.5, None, None, None], [2], 1)
    >>> numbers(pl.Series(["45.2%", "50 %"])).values.to_list()
    [45.2, 50.0]
    >>> numbers(pl.Series(["\u22121", "71.2 \u00b1 0.4", "1 234.5"])).values.to_list()
    [-1.0, 71.2, 1234.5]
    """
    values = column.cast(pl.Float64, strict=False)
    if values.null_count() == column.null_count():  # nothing but numbers, the usual case
        nan = int(values.is_nan().sum() or 0)
        return Numbers(_unsigned_zero(values), [], nan)
    text = cleaned(column)
    marked = int((text.is_null() & column.is_not_null() & (column.str.strip_chars() != "")).sum())
    text = text.str.replace_all(_INVISIBLE, "").str.replace(rf"^{_MINUS}", "-")
    before = text
    text = text.str.replace(_MARGIN, "${1}").str.strip_chars()
    margins = int((before != text).sum())
    # All or none: a sign on some cells only leaves open which unit the others are in.
    percent = bool(text.str.ends_with("%").all()) and text.null_count() < len(text)
    if percent:
        text = text.str.strip_chars_end("%").str.strip_chars()
    grouped = text.str.contains(_GROUPED).fill_null(False)
    spaceless = text.str.replace_all(_SPACE, "")
    surely = bool((grouped & text.str.contains(",", literal=True)).any())
    text = text.zip_with(~grouped, spaceless)
    text, comma = _with_points(text, decimal_comma=decimal_comma, surely=surely)
    values = _unsigned_zero(text.cast(pl.Float64, strict=False))
    wrong = (values.is_null() & text.is_not_null()).arg_true().to_list()
    return Numbers(values, wrong, marked, percent, comma, margins)


def _unsigned_zero(values: pl.Series) -> pl.Series:
    """Null for NaN, and 0 for -0, which would be printed with its sign."""
    known = values.fill_nan(None)
    return known.set(known == 0, 0.0)


def _with_points(text: pl.Series, *, decimal_comma: bool, surely: bool) -> tuple[pl.Series, bool]:
    """The cells with a point as the decimal mark and nothing between thousands; and whether a comma was decimal.

    A column has one way to write numbers, so a cell that can be read in one way only decides for the others.
    """
    with_comma = text.filter(text.str.contains(",", literal=True).fill_null(False))
    if with_comma.is_empty():
        return text, False
    if with_comma.str.contains(_POINTED).any() and with_comma.str.contains(rf"{_POINTED}|{_COMMA}").all():
        return text.str.replace_all(r"\.(\d{3})", "${1}").str.replace(",", ".", literal=True), True
    if with_comma.str.contains(_SURELY_THOUSANDS).any() and with_comma.str.contains(_THOUSANDS).all():
        return text.str.replace_all(",", "", literal=True), False
    decimal = decimal_comma or surely or bool(with_comma.str.contains(_SURELY_DECIMAL).any())
    # Of a point and a comma in one column nothing tells which is the decimal mark.
    if decimal and with_comma.str.contains(_COMMA).any() and not text.str.contains(".", literal=True).any():
        return text.str.replace(",", ".", literal=True), True
    return text, False
