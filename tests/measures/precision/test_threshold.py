"""Threshold tests: exact where they can be, and never cleared by too few."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.special import expit, logit

from measurand.errors import InputError, NotApplicable
from measurand.measures.precision.score_interval import score_intervals
from measurand.measures.precision.threshold import figure, judge, threshold_test
from measurand.results import Status
from measurand.simulate.calibration import measure_rates
from measurand.tables import Trials


def test_twenty_of_twenty_never_clears_99():
    result = threshold_test(trials=Trials(20, 20), above=0.99)
    (finding,) = judge(result)
    assert finding.status is Status.CAUTION
    assert finding.sentence == (
        "A score of 100% in 20 trials is not shown to be above 99%: it could be as little as 86.1% (p = 0.818). "
        "299 trials with scores like these would show it."
    )
    assert result.rows[0].p_value == pytest.approx(0.99**20)
    # The two-sided 95% limit is .832: each side at 2.5%.
    assert threshold_test(trials=Trials(20, 20), above=0.99, alpha=0.025).rows[0].low == pytest.approx(0.832, abs=5e-4)


@pytest.mark.parametrize("side", ["above", "below"])
@pytest.mark.parametrize("count", [0, 3, 50, 97, 100])
def test_counts_are_tested_exactly(side, count):
    """scipy.stats.binomtest."""
    row = threshold_test(trials=Trials(count, 100), **{side: 0.5}).rows[0]
    alternative = "greater" if side == "above" else "less"
    assert row.p_value == pytest.approx(stats.binomtest(count, 100, 0.5, alternative=alternative).pvalue)


def test_verdicts_look_at_both_sides():
    assert judge(threshold_test(trials=Trials(300, 300), above=0.99))[0].status is Status.PASSED
    assert judge(threshold_test(trials=Trials(50, 100), above=0.9))[0].status is Status.ISSUE
    assert judge(threshold_test(trials=Trials(1, 100), below=0.05))[0].status is Status.PASSED
    wrong = judge(threshold_test(trials=Trials(89, 100), above=0.9))[0]
    assert "would show it" not in wrong.sentence


@pytest.mark.parametrize("alpha", [0.05, 1e-5])
def test_the_trials_it_asks_for_give_the_p_value(alpha):
    needed = threshold_test(trials=Trials(95, 100), above=0.9, alpha=alpha).rows[0].needed
    count = int(0.95 * needed)
    assert threshold_test(trials=Trials(count, needed), above=0.9, alpha=alpha).rows[0].p_value < alpha
    assert threshold_test(trials=Trials(100, 100), above=0.999, alpha=1e-5).rows[0].needed == 11508  # ln 1e-5 / ln .999


def test_clusters_and_epochs_are_tested_at_their_own_size(make_responses):
    rng = np.random.default_rng(4)
    clusters = np.arange(200) // 10
    scores = (rng.random((1, 200)) < 0.5 + 0.4 * rng.random(20)[clusters]).astype(float)
    row = threshold_test(make_responses(scores, clusters), above=0.5).rows[0]
    score = score_intervals(make_responses(scores, clusters), level=0.9).scores[0]
    # The delta method on the scale of log-odds, with P1's standard error and the t of 20 equal clusters.
    half = stats.t.ppf(0.95, 19) * score.stderr / (score.value * (1 - score.value))
    ends = [expit(logit(score.value) + sign * half) for sign in (-1, 1)]
    assert (row.low, row.high) == (pytest.approx(ends[0]), pytest.approx(ends[1]))
    assert ends == pytest.approx([score.interval.low, score.interval.high], abs=0.005)
    # At its own bound a threshold has exactly the p-value asked for.
    at = threshold_test(make_responses(scores, clusters), above=row.low).rows[0]
    assert at.p_value == pytest.approx(0.05, abs=1e-9)
    assert row.clusters == 20


def test_all_right_in_clusters_counts_clusters(make_responses):
    row = threshold_test(make_responses(np.ones((1, 100)), np.arange(100) // 10), above=0.9).rows[0]
    assert row.p_value == pytest.approx(0.9**10)


def test_another_scale_and_one_cluster(make_responses):
    row = threshold_test(make_responses([[6.0, 7.0, 8.0, 9.0]]), above=5).rows[0]
    assert row.p_value == pytest.approx(stats.ttest_1samp([6, 7, 8, 9], 5, alternative="greater").pvalue)
    finding = judge(threshold_test(make_responses([[1.0, 0.0]], [0, 0]), above=0.1))[1]
    assert finding.status is Status.CAUTION
    assert "no standard error" in finding.sentence


def test_bad_input(make_responses):
    with pytest.raises(NotApplicable, match="no threshold is stated"):
        threshold_test(trials=Trials(1, 2))
    with pytest.raises(NotApplicable, match="no score to test"):
        threshold_test(above=0.5)
    with pytest.raises(InputError, match="got both"):
        threshold_test(trials=Trials(1, 2), above=0.1, below=0.2)
    with pytest.raises(InputError, match="alpha should be in"):
        threshold_test(trials=Trials(1, 2), above=0.1, alpha=0.5)
    with pytest.raises(InputError, match="threshold of a rate should be in"):
        threshold_test(trials=Trials(1, 2), above=99)
    with pytest.raises(InputError, match="'b' scores from 0 to 1, so its threshold should be in"):
        threshold_test(make_responses([[1.0, 0.0]]), above=90)


def test_the_picture_draws_the_threshold(make_responses):
    result = threshold_test(make_responses([[1.0] * 40, [0.0] * 40]), above=0.5)
    (bars,) = figure(result, judge(result))
    assert bars.rules == (0.5,)
    assert bars.columns["verdict"] == ("passed", "issue")


@pytest.mark.slow
def test_false_alarms_at_reduced_size():
    for rate in measure_rates(runs=300, seed=5, codes=["P4"]):
        if rate.quantity == "false_alarm":
            assert rate.rate <= 0.05 + 3.5 * 0.0126, rate
