"""F3: the worst of many queries, and what its forecast does not know."""

from __future__ import annotations

import json
import math

import numpy as np
import polars as pl
import pytest

from measurand.errors import InputError, NotApplicable
from measurand.measures.forecast.rare import MEASURE, answer, figure, judge, rare_behaviours
from measurand.results import Status
from measurand.simulate.forecast.rare import CERTAIN, exponential_scores, exponential_truth, hidden_scores, table
from measurand.tables import QueryLogprobs


def run(evidence, **settings):
    return rare_behaviours(evidence, rng=np.random.default_rng(1), **settings)


def drawn(queries=1000, seed=0):
    return table(exponential_scores(queries, np.random.default_rng(seed)))


def test_the_forecast_of_the_golden_case(shared):
    """The same 12 probabilities as in the stats test: fitted on the worst 10 of them it needs 20 queries at least."""
    golden = json.loads((shared / "data/elicitation/rare_events/expected.json").read_text())["gumbel_tail"]
    padded = np.concatenate([np.log(golden["p_elicit"]), np.full(12, -np.inf)])
    row = run(QueryLogprobs.build(pl.DataFrame({"logprob": padded})), queries=2000).rows[0]
    assert row.fit.slope == pytest.approx(golden["a"])
    assert row.fit.intercept == pytest.approx(golden["b"] - math.log(2))  # twice as many queries: half the survival
    assert row.worst.value == pytest.approx(golden["Q_p"])


def test_ten_times_as_many_queries_are_asked_about_by_default():
    row = run(drawn()).rows[0]
    assert (row.queries, row.asked) == (1000, 10_000)
    assert row.worst.low < exponential_truth(10_000) < row.worst.high
    assert row.unseen == pytest.approx(1 - 0.05 ** (1 / 1000), rel=1e-6)


def test_each_tenth_forecasts_the_worst_of_all():
    test = run(drawn()).rows[0].backtest
    assert (test.queries, len(test.factors)) == (100, 10)
    assert not test.failed
    assert all(factor > 0 for factor in test.factors)
    assert run(drawn(150)).rows[0].backtest is None


def test_a_hidden_kind_of_query_is_under_forecast_and_passed():
    """The measure's own failure: none of 1,000 queries was of the kind that is 2 in 10,000, and certain."""
    rng = np.random.default_rng(0)
    factors = []
    for _ in range(150):
        scores = hidden_scores(1000, rng)
        if scores.max() < 1:  # the kind was not among them
            result = run(table(scores), queries=100_000)
            factors.append(CERTAIN / result.rows[0].worst.value)
    assert len(factors) > 100
    assert 35 < np.median(factors) < 140
    status = judge(result, tolerated_probability=0.5)[1]
    assert status.status in (Status.PASSED, Status.CAUTION)
    assert any("rarer than 1 in 330" in caveat for caveat in status.caveats)
    assert any("under-forecast about 70-fold" in caveat for caveat in MEASURE.caveats)


def test_where_the_hidden_kind_is_among_the_queries_the_back_test_shows_it():
    scores = exponential_scores(3000, np.random.default_rng(3))
    scores[:2] = -math.log(-math.log(CERTAIN))
    result = run(table(scores), queries=100_000)
    assert result.rows[0].backtest.failed
    finding = judge(result, tolerated_probability=0.95)[1]
    assert finding.status is Status.CAUTION


@pytest.mark.parametrize(
    ("tolerated", "status", "words"),
    [
        (None, Status.CAUTION, "were"),
        (0.9, Status.PASSED, "below the tolerated 0.900, for queries like these: a kind rarer than 1 in 330"),
        (1e-9, Status.ISSUE, "already above the tolerated 1.00e-09"),
        (exponential_truth(100_000), Status.CAUTION, "leaves open whether"),
    ],
)
def test_the_verdict_looks_at_the_interval(tolerated, status, words):
    result = run(drawn(), queries=100_000)
    headline, finding = judge(result, tolerated_probability=tolerated)
    assert finding.status is headline.status is status
    assert words in finding.sentence
    assert headline.short == finding.short != ""
    told = answer(result, (headline, finding))
    assert told.sentence == finding.sentence
    assert told.tables == ()
    # What decides what a forecast from these queries means: a kind of query that is not among them.
    assert told.meaning == finding.caveats[0]


def test_too_few_queries_for_a_back_test_pass_nothing():
    finding = judge(run(drawn(100), queries=200), tolerated_probability=0.99)[1]
    assert finding.status is Status.CAUTION
    assert "too few to test the forecast" in finding.sentence


def test_a_query_that_is_certain_needs_no_forecast():
    logprobs = np.append(np.log(np.full(50, 1e-4)), 0.0)
    result = run(QueryLogprobs.build(pl.DataFrame({"logprob": logprobs})))
    assert result.rows[0].fit is None
    assert judge(result)[1].status is Status.CAUTION
    finding = judge(result, tolerated_probability=0.5)[1]
    assert finding.status is Status.ISSUE
    assert "shows it with certainty" in finding.sentence
    assert figure(result) == []


@pytest.mark.parametrize(
    ("logprobs", "reason"),
    [
        (np.full(50, -np.inf), "0 queries with a probability above 0"),
        (np.full(50, -3.0), "the 10 largest probabilities are equal"),
        (-np.arange(1.0, 15.0), "14 queries"),
    ],
)
def test_what_cannot_be_forecast_says_why(logprobs, reason):
    with pytest.raises(NotApplicable, match=reason):
        run(QueryLogprobs.build(pl.DataFrame({"logprob": logprobs})))


def test_probabilities_of_nought_count_as_queries_and_are_noted():
    scores = exponential_scores(400, np.random.default_rng(5))
    logprobs = np.concatenate([-np.exp(-scores), np.full(600, -np.inf)])
    result = run(QueryLogprobs.build(pl.DataFrame({"logprob": logprobs})))
    assert result.rows[0].queries == 1000
    assert any("probability 0 under 600 of its queries" in note for note in result.notes)


def test_settings_that_cannot_be():
    for settings, message in (({"queries": 0}, "queries"), ({"top": 2}, "top"), ({"level": 95}, "level")):
        with pytest.raises(InputError, match=message):
            run(drawn(), **settings)


def test_the_picture_and_the_seed():
    result = run(drawn())
    (shown,) = figure(result)
    assert set(shown.columns["worst of so many"]) == {"tried", "forecast"}
    assert max(shown.columns["queries"]) == pytest.approx(10_000)
    assert run(drawn()) == result
