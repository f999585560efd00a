"""Rarity guarantees: what clean runs support, and what no number of them can."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from measurand.errors import InputError, NotApplicable
from measurand.measures.precision.rarity import MEASURE, answer, figure, judge, rarity
from measurand.results import Status
from measurand.simulate.calibration import measure_rates
from measurand.stats.intervals.binomial import clopper_pearson, exact_upper
from measurand.stats.intervals.sequential import anytime_upper
from measurand.tables import Scores, Trials


def said(count: int, trials: int, **settings):
    return judge(rarity(trials=Trials(count, trials, "failures"), **settings))[0]


def test_the_sentence_a_policy_reader_needs():
    found = said(0, 300, rarer_than=1e-4)
    assert found.status is Status.CAUTION
    assert found.sentence == (
        "300 clean runs support at most 1 in 100, not 1 in 10,000; that takes 29,956 runs without a failure."
    )
    assert said(0, 29956, rarer_than=1e-4).status is Status.PASSED
    assert said(0, 29955, rarer_than=1e-4).status is Status.CAUTION
    assert said(20, 300, rarer_than=0.01).status is Status.ISSUE


@pytest.mark.parametrize(("rate", "alpha", "n"), [(1e-4, 0.05, 29956), (1e-5, 0.05, 299572), (1e-5, 0.001, 690773)])
def test_zero_failure_trials(rate, alpha, n):
    """ln(alpha) / ln(1 - p0), as tabulated for certification by test."""
    assert rarity(trials=Trials(0, 10, "failures"), rarer_than=rate, alpha=alpha).rows[0].needed == n
    assert rarity(trials=Trials(0, n, "failures"), rarer_than=rate, alpha=alpha).rows[0].upper < rate


def test_stopping_at_will_costs_trials():
    found = rarity(trials=Trials(0, 29956, "failures"), rarer_than=1e-4, stopped=True).rows[0]
    assert found.upper == pytest.approx(anytime_upper(0, 29956, 0.05))
    assert found.needed == 33285
    assert said(0, 29956, rarer_than=1e-4, stopped=True).status is Status.CAUTION
    assert said(0, 33285, rarer_than=1e-4, stopped=True).status is Status.PASSED


def test_a_grader_that_misses_failures_weakens_the_bound():
    plain, missing = (rarity(trials=Trials(1, 500, "failures"), missed=m).rows[0] for m in (0.0, 0.2))
    assert missing.upper == pytest.approx(plain.upper / 0.8)


def test_passes_checked_by_hand_floor_the_rate_that_can_be_certified():
    found = said(0, 10**6, rarer_than=1e-3, checked=(0, 100))
    assert found.status is Status.CAUTION
    assert "No number of tests would: the passes checked by hand leave 1 in 27 open." in found.sentence
    row = rarity(trials=Trials(0, 1000, "failures"), checked=(0, 100)).rows[0]
    assert row.upper == pytest.approx(float(exact_upper(0, 1000, 0.975) + exact_upper(0, 100, 0.975)))


def test_without_a_claim_it_says_what_the_tests_support():
    assert said(2, 300).sentence == (
        "After 300 runs with 2 failures, the failure rate is at most 1 in 47 (95% confidence). "
        "No target rate was given."
    )


def test_the_answer_says_what_rarer_claims_would_take_and_what_it_does_not_speak_of():
    result = rarity(trials=Trials(0, 300, "failures"))
    found = answer(result, MEASURE.findings(result))
    assert found.tables[0].rows == (("1 in 100", "299"), ("1 in 1,000", "2,995"), ("1 in 10,000", "29,956"))
    assert found.notes == ("One failure in the 300 would have left at most 1 in 63.",)
    assert "worst input" in found.meaning


def test_items_of_a_cluster_and_epochs_count_once(make_responses):
    scores = np.ones((1, 60, 3))
    scores[0, 0, 1] = 0.0
    row = rarity(make_responses(scores)).rows[0]
    assert (row.count, row.trials, row.unit) == (1, 60, "item")
    clustered = rarity(make_responses(scores, np.arange(60) // 2)).rows[0]
    assert (clustered.count, clustered.trials, clustered.unit) == (1, 30, "cluster")


def test_frequent_failures_are_left_to_the_score_interval(make_responses):
    with pytest.raises(NotApplicable, match="failures below 5%"):
        rarity(make_responses([[1.0, 0.0] * 20]))
    with pytest.raises(NotApplicable, match="failures and trials"):
        rarity()


def test_where_higher_is_worse_a_failure_is_a_one(make_responses):
    facts = pl.DataFrame({"benchmark": ["b"], "higher_is": ["worse"]})
    table = pl.DataFrame({"model": ["m0"], "benchmark": ["b"], "score": [0.0]})
    row = rarity(make_responses([[0.0] * 50]), None, Scores.build(table, None, facts)).rows[0]
    assert (row.count, row.trials) == (0, 50)
    headline, finding = judge(rarity(make_responses([[1.0] * 50]), rarer_than=0.1))
    assert headline.sentence == "The one result is shown to fail more rarely than 1 in 10."
    assert finding.status is Status.PASSED


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"rarer_than": 2.0}, "rarer_than should be in"),
        ({"alpha": 0.6}, "alpha should be in"),
        ({"missed": 1.0}, "missed should be in"),
        ({"checked": (3, 2)}, "checked should be"),
    ],
)
def test_settings_out_of_range(settings, message):
    with pytest.raises(InputError, match=message):
        rarity(trials=Trials(0, 10, "failures"), **settings)


def test_the_lower_bound_decides_an_issue():
    """Exact one-sided bound at .95 each side: the 90% two-sided interval."""
    row = rarity(trials=Trials(9, 300, "failures"), rarer_than=0.02).rows[0]
    np.testing.assert_allclose((row.lower, row.upper), clopper_pearson(9, 300, 0.9))


def test_the_curve_shows_where_you_stand_and_the_claim():
    (curve,) = figure(rarity(trials=Trials(0, 300, "failures"), rarer_than=1e-4))
    assert curve.rules == (1e-4,)
    place = curve.columns["evidence"].index("these trials")
    assert (curve.columns["trials"][place], curve.columns["bound"][place]) == (300, pytest.approx(0.00994, abs=1e-5))
    clean = [b for b, e in zip(curve.columns["bound"], curve.columns["evidence"], strict=True) if e == "no failure"]
    assert clean == sorted(clean, reverse=True)


@pytest.mark.slow
def test_bounds_hold_at_reduced_size():
    for rate in measure_rates(runs=400, seed=2, codes=["P5"]):
        if rate.quantity == "coverage":
            assert rate.rate >= 0.95 - 3 * 0.011, rate
        elif "made for stopping" in rate.what:
            assert rate.rate <= 0.05 + 3 * 0.011, rate
