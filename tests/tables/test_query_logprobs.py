"""Log-probabilities of a behaviour are validated once."""

from __future__ import annotations

import math

import polars as pl
import pytest

from measurand.errors import InputError
from measurand.tables import QueryLogprobs


def test_certain_and_impossible_are_probabilities():
    found = QueryLogprobs.build(pl.DataFrame({"logprob": [0.0, -math.inf, -3.5], "behaviour": ["a", None, "a"]}))
    assert found.frame["logprob"].to_list() == [0.0, -math.inf, -3.5]
    assert found.frame["behaviour"].to_list() == ["a", "behaviour", "a"]


@pytest.mark.parametrize("value", [0.2, float("nan"), None])
def test_what_is_no_log_probability(value):
    with pytest.raises(InputError, match="logprob should be"):
        QueryLogprobs.build(pl.DataFrame({"logprob": [-1.0, value]}))


def test_missing_columns_and_rows():
    with pytest.raises(InputError, match="logprob not found"):
        QueryLogprobs.build(pl.DataFrame({"query": ["q"]}))
    with pytest.raises(InputError, match="no log-probabilities"):
        QueryLogprobs.build(pl.DataFrame(schema={"logprob": pl.Float64}))
