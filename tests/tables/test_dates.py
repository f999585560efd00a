"""Release dates as numbers of years."""

from __future__ import annotations

import datetime

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from measurand.errors import InputError
from measurand.tables import Scores
from measurand.tables.dates import decimal_year, month_of


@given(st.dates(datetime.date(1990, 1, 1), datetime.date(2100, 12, 31)), st.dates(datetime.date(1990, 1, 1)))
def test_days_keep_their_order_and_their_month(first, second):
    years = decimal_year(first.isoformat()), decimal_year(second.isoformat())
    assert (years[0] < years[1]) == (first < second)
    assert int(years[0]) == first.year


def test_a_month_and_a_year_stand_for_their_middle():
    assert decimal_year("2023-01-01") < decimal_year("2023-01") < decimal_year("2023-02-01")
    assert decimal_year("2023") == 2023.5
    assert month_of(decimal_year("2024-07")) == "2024-07"


@pytest.mark.parametrize(
    "date", ["", "soon", "2023-13", "2023-02-30", "23-01-01", "2023-1-1", "0000", "2023-01-01T00:00"]
)
def test_what_is_no_date_is_refused(date):
    with pytest.raises(InputError, match="a date should be YYYY"):
        decimal_year(date)


@pytest.mark.parametrize("fact", ["release_date", "knowledge_cutoff"])
def test_scores_refuse_an_impossible_date_and_say_whose(fact):
    table = pl.DataFrame({"model": ["m"], "benchmark": ["b"], "score": [0.5]})
    facts = pl.DataFrame({"model": ["m"], fact: ["2023-02-30"]})
    with pytest.raises(InputError, match=f"{fact} of 'm': a date should be .* got '2023-02-30'"):
        Scores.build(table, facts)
