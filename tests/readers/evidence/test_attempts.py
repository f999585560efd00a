"""Attempts as tables write them down, and from logs whose epochs are attempts."""

from __future__ import annotations

import polars as pl
import pytest

import measurand
from measurand.errors import InputError, NotApplicable
from measurand.readers.evidence.attempts import attempts_from_responses, attempts_of
from measurand.tables import RESPONSE_COLUMNS, Responses


def responses(**columns):
    empty = pl.DataFrame(schema=RESPONSE_COLUMNS)
    rows = pl.DataFrame({"model": "m", "benchmark": "b", **columns})
    return Responses(pl.concat([empty, rows], how="diagonal_relaxed").lazy())


def test_the_published_jailbreaks_are_efforts_in_one_row(shared):
    attempts = measurand.read(shared / "data/elicitation/jbb_elicitation/jbb_attempts.csv").attempts
    assert attempts.frame.height == 1800
    pair = attempts.frame.filter(pl.col("method") == "PAIR", pl.col("target") == "vicuna-13b-v1.5")
    row = pair.filter(pl.col("behaviour") == "0").row(0, named=True)
    assert (row["success"], row["queries"], row["tokens"], row["cluster"]) == (
        1.0,
        41.0,
        8024.0 + 7100.0,
        "Harassment/Discrimination",
    )
    # Jailbroken by the attack's own judge after 4 queries and not by the final one: the whole budget was spent.
    row = pair.filter(pl.col("behaviour") == "4").row(0, named=True)
    assert (row["success"], row["queries"]) == (0.0, 30.0)
    assert len(attempts.notes) == 3


def test_costs_that_are_not_there_stay_unknown():
    found = attempts_of(pl.DataFrame({"target": ["m"], "behaviour": ["b"], "success": [1.0], "tokens_in": [3.0]}))
    assert found.frame["tokens"].null_count() == 1
    assert found.frame["queries"].null_count() == 1
    given = attempts_of(
        pl.DataFrame(
            {
                "target": ["m"],
                "behaviour": ["b"],
                "success": [1.0],
                "tokens": [9.0],
                "tokens_in": [3.0],
                "tokens_out": [4.0],
            }
        )
    )
    assert given.frame["tokens"].to_list() == [9.0]


def test_epochs_are_attempts_and_variants_methods():
    found = attempts_from_responses(
        responses(
            item=["i", "i", "j", "j"],
            epoch=[2, 1, 1, 2],
            variant=["roleplay"] * 4,
            score=[1.0, 0.0, 0.0, 0.0],
            tokens_in=[10, 20, 30, None],
            tokens_out=[1, 2, 3, 4],
            metadata=['{"topic": "x"}'] * 4,
        ).clustered_by("topic")
    )
    rows = found.frame.select("behaviour", "method", "attempt", "success", "tokens", "cluster").rows()
    assert rows == [
        ("i", "roleplay", 1, 0.0, 22.0, "x"),
        ("i", "roleplay", 2, 1.0, 11.0, "x"),
        ("j", "roleplay", 1, 0.0, 33.0, "x"),
        ("j", "roleplay", 2, 0.0, None, "x"),
    ]


def test_refusals_can_be_what_is_scored():
    scored = responses(item=["i", "j"], score=[1.0, 0.25])
    assert attempts_from_responses(scored, success_is=0).frame["success"].to_list() == [0.0, 0.75]
    with pytest.raises(InputError, match="success_is should be 1, or 0"):
        attempts_from_responses(scored, success_is=2)


def test_several_benchmarks_keep_their_items_apart_and_one_scorer_and_grader_speaks():
    scored = responses(
        benchmark=["b", "b", "b", "c"],
        item=["1", "1", "1", "1"],
        reading=["other", "accuracy", "accuracy", "match"],
        grader=[None, "a", "b", None],
        score=[1.0, 0.0, 1.0, 1.0],
    )
    found = attempts_from_responses(scored).frame
    assert found.select("behaviour", "success").rows() == [("b/1", 0.0), ("c/1", 1.0)]


def test_without_scores_there_are_no_attempts_and_scores_beyond_one_are_refused():
    with pytest.raises(NotApplicable, match="no item was scored"):
        attempts_from_responses(responses(item=["i"], score=[None]))
    with pytest.raises(InputError, match=r"success should be from 0 to 1, got 7\.0"):
        attempts_from_responses(responses(item=["i"], score=[7.0]))
