"""Moderated variances against a plain loop, known priors and their edges."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, special

from measurand.stats.intervals.moderated import Prior, fit_prior, moderate, trigamma_inverse


def slow_prior(variance, freedom):
    """Smyth 2004, section 6.2, a term at a time; trigamma inverted by bisection."""
    terms = [math.log(v) - special.digamma(d / 2) + math.log(d / 2) for v, d in zip(variance, freedom, strict=True)]
    mean = sum(terms) / len(terms)
    spread = sum((e - mean) ** 2 for e in terms) / (len(terms) - 1)
    excess = spread - sum(float(special.polygamma(1, d / 2)) for d in freedom) / len(terms)
    if excess <= 0:
        return math.inf, sum(variance) / len(variance)
    half = optimize.bisect(lambda y: float(special.polygamma(1, y)) - excess, 1e-8, 1e8, xtol=1e-12, rtol=1e-12)
    return 2 * half, math.exp(mean + special.digamma(half) - math.log(half))


@given(st.integers(0, 2**32), st.integers(2, 30), st.floats(1, 40))
def test_the_prior_equals_its_slow_definition(seed, m, prior_freedom):
    rng = np.random.default_rng(seed)
    freedom = rng.uniform(1, 30, m)
    variance = prior_freedom / rng.chisquare(prior_freedom, m) * rng.chisquare(freedom) / freedom
    found, (expected, scale) = fit_prior(variance, freedom), slow_prior(variance, freedom)
    assert found.freedom == pytest.approx(expected, rel=1e-5)
    assert found.scale == pytest.approx(scale, rel=1e-5)


def test_a_known_prior_is_found_again():
    rng = np.random.default_rng(0)
    variance = 0.7 * 6 / rng.chisquare(6, 200_000) * rng.chisquare(5, 200_000) / 5
    found = fit_prior(variance, np.full(200_000, 5.0))
    assert (found.freedom, found.scale) == pytest.approx((6, 0.7), rel=0.03)


def test_variances_alike_but_for_chance_all_become_their_mean():
    variance = np.full(8, 2.0) * np.linspace(0.99, 1.01, 8)
    posterior, freedom = moderate(variance, np.full(8, 4.0))
    np.testing.assert_allclose(posterior, variance.mean())
    # As many as all have together: an infinite prior is still made of 8 times 4.
    np.testing.assert_array_equal(freedom, np.full(8, 32.0))


def test_moderating_draws_towards_the_scale_and_keeps_the_order():
    variance, freedom = np.array([0.01, 0.5, 1.0, 4.0, 30.0]), np.full(5, 3.0)
    prior = fit_prior(variance, freedom)
    posterior, _ = moderate(variance, freedom)
    assert (np.abs(posterior - prior.scale) < np.abs(variance - prior.scale)).all()
    assert (np.diff(posterior) > 0).all()
    own = [(prior.freedom * prior.scale + 3 * v) / (prior.freedom + 3) for v in variance]
    np.testing.assert_allclose(posterior, own)


def test_no_spread_learns_from_the_others_and_an_undefined_one_stays_so():
    variance, freedom = np.array([0.5, 1.0, 2.0, 8.0, 0.0, np.nan, 1.0]), np.array([10.0] * 6 + [0.0])
    posterior, total = moderate(variance, freedom)
    alone, _ = moderate(variance[:4], freedom[:4])
    np.testing.assert_allclose(posterior[:4], alone)
    assert posterior[4] == pytest.approx(fit_prior(variance[:4], freedom[:4]).scale)
    assert np.isnan(posterior[5:]).all()
    assert np.isnan(total[5:]).all()


@pytest.mark.parametrize("variance", [[], [1.0], [1.0, 0.0], [np.nan, np.nan], [0.0, 0.0, 0.0]])
def test_with_fewer_than_two_variances_there_is_nothing_to_learn_from(variance):
    posterior, total = moderate(np.array(variance), np.full(len(variance), 5.0))
    assert np.isnan(posterior).all()
    assert np.isnan(total).all()


def test_an_infinite_prior_is_its_scale():
    assert Prior(math.inf, 0.5).posterior(np.array([1.0, 9.0]), np.array([3.0, 3.0])).tolist() == [0.5, 0.5]


@pytest.mark.parametrize("y", [1e-5, 0.01, 0.5, 1.0, 30.0, 1e4, 1e8])
def test_the_inverse_undoes_trigamma(y):
    assert trigamma_inverse(float(special.polygamma(1, y))) == pytest.approx(y, rel=1e-5)
