"""Lines and slopes against statsmodels and scipy."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from measurand.stats.capability.regression import fit_lines, line_with_band, standardised_rows, theil_sen


@pytest.mark.parametrize("n", [5, 30, 150])
@pytest.mark.parametrize("shift", [0.0, 1000.0])
def test_lines_equal_statsmodels_in_every_replicate_and_column(n, shift):
    rng = np.random.default_rng(n)
    x = rng.standard_normal((3, n))
    y = rng.standard_normal((n, 4)) + shift
    y[rng.random(y.shape) < 0.15] = np.nan
    weights = rng.integers(1, 4, size=(3, n)).astype(float)
    lines = fit_lines(x, y, weights)
    for r in range(3):
        for j in range(4):
            there = np.isfinite(y[:, j])
            count = weights[r, there].astype(int)
            xs, ys = np.repeat(x[r, there], count), np.repeat(y[there, j], count)
            fit = sm.OLS(ys, sm.add_constant(xs)).fit()
            found = (lines.intercept[r, j], lines.slope[r, j], lines.r2[r, j], lines.residual[r, j] ** 2)
            assert found == pytest.approx((*fit.params, fit.rsquared, fit.mse_resid), rel=1e-6, abs=1e-9)
            assert lines.n[r, j] == len(xs)
            assert lines.x_mean[r, j] == pytest.approx(xs.mean())
            assert lines.x_spread[r, j] == pytest.approx(((xs - xs.mean()) ** 2).sum())
            weighted = sm.WLS(y[there, j], sm.add_constant(x[r, there]), weights[r, there]).fit()
            assert lines.slope[r, j] == pytest.approx(weighted.params[1], rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("constant", [0.0, 0.1, 1 / 3, 7.7])
@pytest.mark.parametrize("n", [4, 10, 27])
def test_a_regressor_that_does_not_vary_has_no_slope(constant, n):
    y = np.random.default_rng(0).standard_normal((n, 1))
    lines = fit_lines(np.full((1, n), constant), y, np.ones((1, n)))
    assert np.isnan(lines.slope).all()


@pytest.mark.parametrize("constant", [0.0, 0.1, 1 / 3])
def test_a_column_that_does_not_vary_has_slope_zero_and_no_r2(constant):
    lines = fit_lines(np.arange(10.0)[None], np.full((10, 1), constant), np.ones((1, 10)))
    assert lines.slope[0, 0] == pytest.approx(0, abs=1e-12)
    assert np.isnan(lines.r2[0, 0])


def test_a_column_that_was_not_run_has_no_line():
    lines = fit_lines(np.arange(5.0)[None], np.full((5, 1), np.nan), np.ones((1, 5)))
    assert np.isnan(lines.slope).all()
    assert np.isnan(lines.residual).all()


def test_two_observations_leave_no_scatter_to_estimate():
    lines = fit_lines(np.array([[0.0, 1.0]]), np.array([[1.0], [3.0]]), np.ones((1, 2)))
    assert lines.slope[0, 0] == pytest.approx(2.0)
    assert np.isnan(lines.residual[0, 0])


@given(st.integers(0, 10**6), st.integers(3, 40), st.sampled_from([0, 1, 6]))
def test_theil_sen_equals_scipy(seed, n, decimals):
    rng = np.random.default_rng(seed)
    x = np.round(rng.standard_normal(n), decimals)
    y = np.round(rng.standard_normal((n, 3)), decimals)
    y[rng.random(y.shape) < 0.2] = np.nan
    found = theil_sen(x, y)
    for j in range(3):
        there = np.isfinite(y[:, j])
        if len(set(x[there])) < 2:
            assert np.isnan(found[j])
        else:
            with np.errstate(invalid="ignore"):  # scipy's own interval of three tied values
                expected = stats.theilslopes(y[there, j], x[there]).slope
            assert found[j] == pytest.approx(expected)


def test_standardised_rows_have_mean_zero_and_spread_one():
    scores = np.random.default_rng(6).standard_normal((4, 20)) * 3 + 2
    np.testing.assert_allclose(standardised_rows(scores), stats.zscore(scores, axis=1, ddof=0))


def test_the_band_is_the_spread_of_the_lines_without_one_family_each():
    rng = np.random.default_rng(3)
    families = np.repeat(np.arange(5), [1, 2, 3, 4, 5])
    x = rng.normal(size=15)
    y, at = 2 * x + rng.normal(size=15), np.array([-1.0, 0.0, 2.0])
    value, low, high = line_with_band(x, y, families, at, 0.9)
    left = np.array([np.polyval(np.polyfit(x[families != f], y[families != f], 1), at) for f in range(5)])
    half = stats.t.ppf(0.95, 4) * np.sqrt(4 / 5 * ((left - left.mean(axis=0)) ** 2).sum(axis=0))
    np.testing.assert_allclose(value, np.polyval(np.polyfit(x, y, 1), at))
    np.testing.assert_allclose([low, high], [value - half, value + half])


def test_one_family_has_a_line_and_no_band():
    value, low, _ = line_with_band(np.arange(4.0), np.arange(4.0), np.zeros(4, np.int64), np.zeros(1), 0.95)
    assert abs(value[0]) < 1e-9
    assert np.isnan(low).all()
