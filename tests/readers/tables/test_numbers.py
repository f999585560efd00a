"""Cells are read as a person would read them, or not at all."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from measurand.readers.tables.numbers import nearly_numbers, numbers

THIN, NARROW, NO_BREAK, MINUS = "\u2009", "\u202f", "\u00a0", "\u2212"


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        ([f"{MINUS}1.5", "2"], [-1.5, 2.0]),
        (["\u20131.5", "2"], [-1.5, 2.0]),  # an en dash
        ([f"1{THIN}234.5", "7"], [1234.5, 7.0]),
        ([f"1{NARROW}234,5", "7"], [1234.5, 7.0]),
        (["1 234 567", "7"], [1234567.0, 7.0]),
        ([f"{NO_BREAK}71.2{NO_BREAK}", "\ufeff7"], [71.2, 7.0]),
        (["0,5", "0,25"], [0.5, 0.25]),
        (["12,25", "1,234"], [12.25, 1.234]),
        (["1,234.5", "7"], [1234.5, 7.0]),
        (["1,234,567", "7"], [1234567.0, 7.0]),
        (["1.234,5", "1,5"], [1234.5, 1.5]),
        (["71.2 \u00b1 0.4", "70\u00b11.2"], [71.2, 70.0]),
        (["71.2 +/- 0.4", "70 (\u00b1 1.2)"], [71.2, 70.0]),
        (["71.2% \u00b1 0.4%", "70 %"], [71.2, 70.0]),
        ([f"71.2{NO_BREAK}%", "70%"], [71.2, 70.0]),
        (["\u2014", "5"], [None, 5.0]),  # an em dash for a cell that was not run
    ],
)
def test_numbers_as_people_and_typesetters_write_them(cells, values):
    read = numbers(pl.Series(cells))
    assert (read.values.to_list(), read.wrong) == (values, [])


@pytest.mark.parametrize(
    "cell", ["\u00b2", "\u2460", "1 2", "1,000", "45%", "7B", "0x10", "\u00b1", "1,2,3", "1e", "ten", "1 2345"]
)
def test_cells_that_could_mean_something_else_are_no_numbers(cell):
    assert numbers(pl.Series([cell, "10"])).wrong == [0]


def test_a_comma_and_a_point_in_one_column_leave_open_which_is_the_decimal_mark():
    assert numbers(pl.Series(["0,5", "0.5"]), decimal_comma=True).wrong == [0]


def test_minus_zero_is_zero():
    for column in (pl.Series(["-0", "1"]), pl.Series(["-0", "1", "NA"]), pl.Series([-0.0, 1.0])):
        assert str(numbers(column).values[0]) == "0.0"


def test_numbers_beyond_64_bits_are_read_and_not_refused_here():
    assert numbers(pl.Series(["99999999999999999999999", "1e308"])).values.to_list() == [1e23, 1e308]


def test_margins_are_counted():
    assert numbers(pl.Series(["71.2 \u00b1 0.4", "70"])).margins == 1


@given(st.lists(st.one_of(st.none(), st.text("0123456789.,%-+ \u00b1()eE\u2212\u202f", max_size=8)), min_size=1))
def test_every_cell_is_a_number_or_missing_or_wrong(cells):
    column = pl.Series(cells, dtype=pl.String)
    for decimal_comma in (False, True):
        read = numbers(column, decimal_comma=decimal_comma)
        assert len(read.values) == len(cells)
        assert all(read.values[row] is None for row in read.wrong)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_what_python_writes_is_read_back(values):
    assert numbers(pl.Series([repr(value) for value in values] + ["NA"])).values.to_list() == [*values, None]


@pytest.mark.parametrize(("cells", "slip"), [(["45,1,2"], True), (["x", "45%"], True), (["3054e1f9", "main"], False)])
def test_a_slip_is_told_from_a_word(cells, slip):
    assert nearly_numbers(pl.Series(cells)) is slip
