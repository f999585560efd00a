"""Logit-normal success rates against a fine sum and their truth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import norm

from measurand.stats.attempts.beta_binomial import allowed_drop, fit_beta_binomial
from measurand.stats.attempts.logit_normal import fit_logit_normal


def slow_likelihood(n, c, mean, spread):
    """Chances of the outcomes in their order, summed finely over the normal distribution of the logit."""
    x = np.arange(mean - 12 * spread, mean + 12 * spread, 0.001)
    density = norm.pdf(x, mean, spread)
    total = 0.0
    for tries, came in zip(n, c, strict=True):
        chance = expit(x) ** came * expit(-x) ** (tries - came)
        total += np.log(np.trapezoid(chance * density, x))
    return total


@pytest.fixture
def counts():
    rng = np.random.default_rng(3)
    n = np.full(30, 40)
    return n, rng.binomial(n, expit(rng.normal(-2.0, 1.5, 30)))


def test_the_likelihood_is_the_integral_and_the_fit_its_maximum(counts):
    fit = fit_logit_normal(*counts)
    best = slow_likelihood(*counts, fit.mean, fit.spread)
    assert fit.log_likelihood == pytest.approx(best, abs=1e-5)
    for mean, spread in ((0.1, 0.0), (-0.1, 0.0), (0.0, 0.1), (0.0, -0.1)):
        assert slow_likelihood(*counts, fit.mean + mean, fit.spread + spread) < best


def test_both_families_speak_of_one_likelihood(counts):
    """So that their maxima can be compared: rates that are nearly all alike are in both."""
    n, c = np.full(200, 30), np.full(200, 6)
    beta, normal = fit_beta_binomial(n, c), fit_logit_normal(n, c)
    alike = 200 * (6 * np.log(0.2) + 24 * np.log(0.8))
    assert beta.log_likelihood == pytest.approx(alike, abs=0.01)
    assert normal.log_likelihood < alike


def test_the_forecast_and_its_limits(counts):
    fit = fit_logit_normal(*counts)
    drawn = expit(np.random.default_rng(0).normal(fit.mean, fit.spread, 400_000))
    assert fit.pass_at_k(100) == pytest.approx(np.mean(1 - (1 - drawn) ** 100), abs=0.003)
    low, high = fit.limits(100, fit.log_likelihood - allowed_drop(0.95))
    assert low < fit.pass_at_k(100) < high
    narrow = fit.limits(100, fit.log_likelihood - allowed_drop(0.5))
    assert low < narrow[0] < narrow[1] < high
    assert np.isnan(fit.limits(100, fit.log_likelihood + 1)).all()


def test_no_success_is_a_bound_from_above_alone():
    fit = fit_logit_normal([10] * 40, [0] * 40)
    low, high = fit.limits(100, fit.log_likelihood - allowed_drop(0.95))
    assert low < 1e-3
    assert 0.1 < high < 0.6
