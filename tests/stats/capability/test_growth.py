"""Curves and prediction intervals against scipy, statsmodels and slow definitions."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.optimize import curve_fit
from scipy.special import expit

from measurand.stats.capability.growth import fit_curve, forecasts


def sample(seed: int, n: int = 40, families: int = 8) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.normal(23, 1.2, n)
    y = 0.25 + 0.75 * expit(x - 23 + 0.4 * rng.standard_normal(n))
    return x, y, np.arange(n) % families


@pytest.mark.parametrize("seed", range(4))
def test_the_curve_is_that_of_scipy(seed):
    x, y, _ = sample(seed)
    weights = np.random.default_rng(seed).integers(1, 4, (2, len(x))).astype(float)
    places = np.linspace(20, 27, 8)
    found = fit_curve(x[:, None], y, weights, (0.25, 1.0)).at(places[:, None])
    for row, mine in zip(found, weights, strict=True):

        def curve(x, a, b):
            return 0.25 + 0.75 * expit(a + b * (x - 23))

        best, _ = curve_fit(curve, x, y, p0=(0, 1), sigma=1 / np.sqrt(mine))
        np.testing.assert_allclose(row, curve(places, *best), atol=1e-3)


def test_without_a_range_it_is_the_line_of_least_squares():
    x, y, _ = sample(1)
    y = 1000 + 150 * y
    found = fit_curve(x[:, None], y, np.ones((1, len(x))), None).at(np.array([[22.0], [26.0]]))
    np.testing.assert_allclose(found[0], np.polyval(np.polyfit(x, y, 1), [22, 26]), rtol=1e-4)


def test_scores_that_are_all_at_the_top_leave_the_curve_finite():
    x, _, _ = sample(2)
    curve = fit_curve(x[:, None], np.ones(len(x)), np.ones((1, len(x))), (0.25, 1.0))
    assert np.isfinite(curve.coefficients).all()
    assert curve.at(x[:, None]).min() > 0.9


def slow_forecast(x, y, families, place, limits, spread):
    """Value and variance of a forecast at one place, one refit at a time."""
    ones = np.ones((1, len(x)))
    codes = np.unique(families)
    whole = fit_curve(x, y, ones, limits)
    value = whole.at(place)[0, 0]
    without = [fit_curve(x, y, ones * (families != code), limits) for code in codes]
    there = np.array([curve.at(place)[0, 0] for curve in without])
    groups = len(codes)
    of_curve = (groups - 1) / groups * ((there - there.mean()) ** 2).sum()
    inside = whole.at(x)[0] - y
    products = []
    for i in range(len(y)):
        outside = without[list(codes).index(families[i])].at(x[i : i + 1])[0, 0] - y[i]
        products.append(inside[i] * outside / spread(whole.at(x[i : i + 1])[0, 0]))
    return value, of_curve + np.mean(products) * spread(value)


@pytest.mark.parametrize("limits", [(0.25, 1.0), None])
def test_the_forecast_is_that_of_its_definition(limits):
    x, y, families = sample(3, n=20, families=5)
    place = np.array([[25.5]])

    def spread(expected):
        if limits is None:
            return 1.0
        share = (expected - 0.25) / 0.75
        return share * (1 - share) + 0.02

    value, variance = slow_forecast(x[:, None], y, families, place, limits, spread)
    made = forecasts(x[:, None], y, families, np.ones((1, 20)), place, limits)
    assert made.value[0, 0] == pytest.approx(value, abs=1e-6)
    assert made.stderr[0, 0] ** 2 == pytest.approx(variance, rel=1e-4)
    assert made.freedom[0] == pytest.approx(2 / (1 / 4 + 1 / 18))


def test_a_training_set_gives_what_the_models_in_it_alone_give():
    x, y, families = sample(4)
    kept = families != 2
    place = np.array([[24.0]])
    made = forecasts(x[:, None], y, families, kept[None].astype(float), place, (0.25, 1.0))
    alone = forecasts(x[kept, None], y[kept], families[kept], np.ones((1, kept.sum())), place, (0.25, 1.0))
    assert made.value[0, 0] == pytest.approx(alone.value[0, 0], abs=1e-4)
    assert made.stderr[0, 0] == pytest.approx(alone.stderr[0, 0], rel=1e-3)
    assert made.freedom[0] == alone.freedom[0]


def test_with_models_that_are_all_unrelated_the_interval_of_a_line_is_that_of_statsmodels():
    rng = np.random.default_rng(5)
    x = rng.normal(0, 1, 400)
    y = 2 + 0.5 * x + rng.standard_normal(400)
    made = forecasts(x[:, None], y, np.arange(400), np.ones((1, 400)), np.array([[1.5]]), None)
    low, high = made.limits(0.95)
    fit = sm.OLS(y, sm.add_constant(x)).fit()
    expected = fit.get_prediction([[1.0, 1.5]]).conf_int(obs=True, alpha=0.05)[0]
    np.testing.assert_allclose([low[0, 0], high[0, 0]], expected, atol=0.02)


def test_one_family_leaves_no_interval():
    x, y, _ = sample(6)
    made = forecasts(x[:, None], y, np.zeros(len(x), dtype=int), np.ones((1, len(x))), x[:1, None], (0.25, 1.0))
    low, high = made.limits(0.95)
    assert np.isnan(low).all()
    assert np.isnan(high).all()


@pytest.mark.slow
@pytest.mark.parametrize(("n", "families", "shared"), [(12, 5, 0.3), (25, 8, 0.7), (60, 20, 0.3)])
def test_a_new_model_of_a_new_family_lies_in_the_interval(n, families, shared):
    rng = np.random.default_rng(7)
    hits = []
    for _ in range(300):
        family = np.append(np.concatenate([np.arange(families), rng.integers(0, families, n - families)]), families)
        x = rng.standard_normal(families + 1)[family] + 0.8 * rng.standard_normal(n + 1)
        common = np.sqrt(shared) * rng.standard_normal(families + 1)[family]
        scatter = 0.6 * (common + np.sqrt(1 - shared) * rng.standard_normal(n + 1))
        y = 0.25 + 0.75 * expit(0.9 * x + scatter)
        made = forecasts(x[:n, None], y[:n], family[:n], np.ones((1, n)), x[n:, None], (0.25, 1.0))
        low, high = made.limits(0.95)
        hits.append(low[0, 0] <= y[n] <= high[0, 0])
    assert 0.90 <= np.mean(hits) <= 0.99
