"""The tail of the worst queries against the published golden values and its exact distribution."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.stats import linregress

from measurand.stats.attempts.tails import elicitation_scores, fit_tail, tail_limits


def test_golden_values(shared):
    """Slope, intercept and Q_p by an independent fit of Jones et al.'s definition."""
    golden = json.loads((shared / "data/elicitation/rare_events/expected.json").read_text())["gumbel_tail"]
    fit = fit_tail(elicitation_scores(np.log(golden["p_elicit"])), golden["top_k"])
    assert (fit.slope, fit.intercept) == pytest.approx((golden["a"], golden["b"]), abs=1e-9)
    assert fit.worst(golden["n"]) == pytest.approx(golden["Q_p"], abs=1e-9)


def test_it_is_a_regression_of_the_log_rank():
    scores = np.random.default_rng(0).normal(size=400)
    fit = fit_tail(scores, 15)
    largest = np.sort(scores)[::-1][:15]
    line = linregress(largest, np.log(np.arange(1, 16) / 400))
    assert (fit.slope, fit.intercept) == pytest.approx((line.slope, line.intercept))
    assert fit.score(400 * 7) == pytest.approx((-np.log(2800) - line.intercept) / line.slope)


def test_scores_at_the_ends_of_probability():
    scores = elicitation_scores([0.0, -np.inf, np.log(0.5)])
    assert scores[0] == np.inf
    assert scores[1] == -np.inf
    assert scores[2] == pytest.approx(-np.log(np.log(2)))


@pytest.mark.parametrize("scores", [[1.0] * 20, [np.inf, *range(20)], [1.0, 2.0], [-np.inf] * 15 + [1.0, 2.0]])
def test_scores_that_cannot_be_fitted(scores):
    with pytest.raises(ValueError, match="largest scores should be finite and not all equal"):
        fit_tail(scores, 10)


@pytest.mark.parametrize(("queries", "further"), [(100, False), (1000, False), (1000, True)])
def test_limits_hold_their_level_where_the_tail_is_exponential(queries, further):
    rng = np.random.default_rng(7)
    covered = 0
    asked = 10 * queries
    for _ in range(300):
        scores = 2.0 + rng.exponential(0.4, queries)
        low, high = tail_limits(fit_tail(scores), asked, 0.9, rng, further=further, draws=1500)
        worst = 2.0 + rng.exponential(0.4, asked).max() if further else 2.0 + 0.4 * np.log(asked)
        covered += low <= worst <= high
    assert 0.85 <= covered / 300 <= 0.95


def test_limits_move_with_place_and_scale_as_the_scores_do():
    scores = np.random.default_rng(1).exponential(size=200)
    one = tail_limits(fit_tail(scores), 5000, 0.95, np.random.default_rng(2))
    other = tail_limits(fit_tail(3 + 0.5 * scores), 5000, 0.95, np.random.default_rng(2))
    assert other == pytest.approx(tuple(3 + 0.5 * limit for limit in one))
