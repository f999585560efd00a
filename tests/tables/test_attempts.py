"""Attempts are validated once, and what cannot be is shown."""

from __future__ import annotations

import polars as pl
import pytest

from measurand.errors import InputError
from measurand.tables import Attempts
from measurand.tables.attempts import ATTEMPT_SCHEMA

ROWS = {"target": ["m", "m"], "behaviour": ["b", "b"], "success": [0.0, 1.0]}


def build(**columns):
    return Attempts.build(pl.DataFrame({**ROWS, **columns}, strict=False))


def test_attempts_are_numbered_within_their_effort_and_sorted():
    found = build(attempt=[2, 1], queries=[4.0, 3.0])
    assert found.frame["attempt"].to_list() == [1, 2]
    assert found.frame["queries"].to_list() == [3.0, 4.0]
    assert found.frame.columns == list(ATTEMPT_SCHEMA)
    assert build(seed=[1, 2]).frame["attempt"].to_list() == [1, 1]
    assert build().targets == ("m",)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"success": [0.0, 1.5]}, "row 2: success should be from 0 to 1, got 1.5"),
        ({"success": [0.0, None]}, "success should be there in every row"),
        ({"queries": [-1.0, 2.0]}, "queries should be at least 0 and finite, got -1.0"),
        ({"flop": [1.0, float("inf")]}, "flop should be at least 0 and finite, got inf"),
        ({"tokens": [5.0, 5.0], "gradient_tokens": [1.0, 6.0]}, "gradient_tokens should be at most the tokens"),
        ({"attempt": [0, 1]}, "attempt should be a number from 1, got 0"),
        ({"attempt": [1, 1]}, "attempt 1 of 'attempt' on 'b' .'m'. is there more than once .2 such rows."),
        ({"censored": [False, True]}, "comes with or after the censoring"),
        ({"censored": [True, False], "success": [0.0, 0.0]}, "comes with or after the censoring"),
        ({"queries": ["many", "few"]}, "a column does not hold what it should"),
    ],
)
def test_what_cannot_be(columns, message):
    with pytest.raises(InputError, match=message):
        build(**columns)


def test_missing_columns_and_rows():
    with pytest.raises(InputError, match="success not found"):
        Attempts.build(pl.DataFrame({"target": ["m"], "behaviour": ["b"]}))
    with pytest.raises(InputError, match="no attempts"):
        Attempts.build(pl.DataFrame(schema={"target": pl.String, "behaviour": pl.String, "success": pl.Float64}))
