"""Failures sorted into modes: rows or counts, and what is refused."""

from __future__ import annotations

import polars as pl
import pytest

from measurand.errors import InputError
from measurand.tables import Failures


def test_a_row_is_one_failure_unless_it_has_a_count():
    frame = Failures.build(pl.DataFrame({"mode": ["a", "b", None], "count": [3, None, 2]})).frame
    assert frame.select("mode", "count").rows() == [("a", 3), ("b", 1), (None, 2)]
    assert frame["model"].unique().to_list() == ["model"]


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        ({"sample": ["1"]}, "failures should have the columns mode; mode not found among sample"),
        ({"mode": []}, "no failures: there should be at least one row"),
        ({"mode": ["a"], "count": [-1]}, r"row 1: count should be at least 0, got -1 \(1 such row\)"),
        ({"mode": ["a"], "count": ["many"]}, "failures: a column does not hold what it should"),
    ],
)
def test_what_cannot_be_is_refused(frame, message):
    with pytest.raises(InputError, match=message):
        Failures.build(pl.DataFrame(frame))
