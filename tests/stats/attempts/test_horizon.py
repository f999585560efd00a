"""Curves of success on length against statsmodels, brute force and simulated truth."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.optimize import minimize
from scipy.special import expit

from measurand.stats.attempts.horizon import PULL, drawn_tasks, fit_curves, simex, task_weights

LINKS = {
    "logistic": sm.families.links.Logit(),
    "probit": sm.families.links.Probit(),
    "cloglog": sm.families.links.CLogLog(),
}


def runs(seed, tasks=120, horizon=5.0, fall=0.7):
    rng = np.random.default_rng(seed)
    x = rng.uniform(0, 11, tasks)
    return x, rng.binomial(5, expit(fall * (horizon - x))) / 5


@pytest.mark.parametrize("link", LINKS)
def test_curves_are_those_of_statsmodels(link):
    x, share = runs(1)
    weight = np.random.default_rng(2).uniform(0.5, 40, len(x))
    fit = sm.GLM(
        share, np.column_stack([np.ones(len(x)), -x]), family=sm.families.Binomial(LINKS[link]), var_weights=weight
    ).fit(tol=1e-12)
    found = fit_curves(x, share[None], weight[None], link=link)
    # The weak prior on the slope moves it by less than that.
    assert (found.level[0], found.slope[0]) == (
        pytest.approx(fit.params[0], rel=2e-3),
        pytest.approx(fit.params[1], rel=2e-3),
    )
    half = {"logistic": 0.0, "probit": 0.0, "cloglog": np.log(np.log(2))}[link]
    assert found.log2_length(0.5)[0] == pytest.approx((fit.params[0] - half) / fit.params[1], rel=2e-3)


@pytest.mark.parametrize("ceiling", [1.0, 0.95])
def test_curves_maximise_the_penalised_likelihood(ceiling):
    x, share = runs(3, tasks=40)
    weight = task_weights(np.repeat(np.arange(10), 4))
    middle = (weight * x).sum() / weight.sum()

    def unlikely(theta):
        p = ceiling * expit(theta[0] - theta[1] * (x - middle))
        return -(weight * (share * np.log(p) + (1 - share) * np.log1p(-p))).sum() + PULL * theta[1] ** 2 / 2

    best = minimize(unlikely, [0.1, 0.6], method="BFGS", options={"gtol": 1e-8}).x
    found = fit_curves(x, share[None], weight[None], ceiling=ceiling)
    assert found.slope[0] == pytest.approx(best[1], abs=1e-4)
    assert found.level[0] - found.slope[0] * middle == pytest.approx(best[0], abs=1e-4)


def test_rows_are_fitted_apart():
    x, share = runs(4)
    other = runs(5)[1]
    weight = np.ones((2, len(x)))
    weight[1, ::3] = 0
    both = fit_curves(x, np.stack([share, other]), weight)
    alone = fit_curves(x[weight[1] > 0], other[None, weight[1] > 0], np.ones((1, int(weight[1].sum()))))
    assert both.log2_length(0.5)[1] == pytest.approx(alone.log2_length(0.5)[0], abs=1e-6)
    assert both.at(np.array([3.0]))[0, 0] == pytest.approx(expit(both.level[0] - 3 * both.slope[0]))


def test_one_that_does_all_short_tasks_and_no_long_one_has_a_finite_horizon():
    x = np.arange(12.0)
    found = fit_curves(x, (x < 6)[None].astype(float), np.ones((1, 12)))
    assert 5 < found.log2_length(0.5)[0] < 6
    assert np.isfinite(found.slope[0])


def test_one_whose_success_does_not_fall_has_none():
    x = np.arange(12.0)
    rising = fit_curves(x, np.stack([x / 12 + 0.04, 1 - np.abs(x - 5.5) / 30]), np.ones((2, 12)))
    assert rising.slope[0] < 0
    assert np.isinf(rising.log2_length(0.5)[0])
    ends = fit_curves(x, np.stack([np.ones(12), np.zeros(12)]), np.ones((2, 12))).log2_length(0.5)
    assert ends.tolist() == [np.inf, -np.inf]


def test_resamples_hold_families_and_tasks_within_them():
    family = np.array([0, 0, 0, 1, 2, 2])
    drawn = drawn_tasks(family, 20_000, np.random.default_rng(6))
    # Each family is drawn once on average, and of it as many tasks as it has.
    assert drawn.mean(axis=0) == pytest.approx(np.ones(6), abs=0.05)
    by_family = np.stack([drawn[:, family == code].sum(axis=1) for code in range(3)], axis=1)
    assert (by_family % np.bincount(family) == 0).all()
    # Var = E[var | k] + var E[.|k]: a task of the family of three has k draws of 3 x 1/3.
    assert drawn[:, 0].var() == pytest.approx(3 * (1 / 3) * (2 / 3) + 2 / 3, rel=0.05)


def test_weights_are_between_tasks_and_families():
    weight = task_weights(np.array([0] * 9 + [1]))
    assert weight[:9].sum() / weight[9] == pytest.approx(3.0)
    assert weight.sum() == pytest.approx(10)


def test_noise_in_lengths_is_taken_away():
    rng = np.random.default_rng(7)
    true = rng.uniform(0, 12, 4000)
    share = expit(0.9 * (7.5 - true))
    seen = true + 1.5 * rng.standard_normal(4000)
    weight = np.ones(4000)
    plain = fit_curves(seen, share[None], weight[None]).log2_length(0.8)[0]
    truth = 7.5 - np.log(4) / 0.9
    found = simex(seen, share, weight, 1.5, 0.8, rng)
    assert abs(found - truth) < 0.6 * abs(plain - truth)
