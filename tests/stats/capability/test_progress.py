"""Changes beyond capability against statsmodels, and the residual league against a plain loop."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from measurand.stats.capability.progress import excess_change, residual_league
from measurand.stats.intervals.resampling import bootstrap_weights


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("level", [0.8, 0.95])
def test_excess_is_the_change_beyond_the_line_through_the_other_models(seed, level):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(15)
    y = 0.5 * x + rng.standard_normal(15)
    y[[3, 8]] = np.nan
    found = excess_change(x, y, 0, 5, level)
    others = np.setdiff1d(np.flatnonzero(np.isfinite(y)), [0, 5])
    fit = sm.OLS(y[others], sm.add_constant(x[others])).fit()
    step = x[5] - x[0]
    # Two new models scatter around the line independently, and the slope has its own error.
    error = np.sqrt(2 * fit.mse_resid + step**2 * fit.cov_params()[1, 1])
    assert found.n == len(others) == 11
    assert found.change == pytest.approx(y[5] - y[0])
    assert found.expected == pytest.approx(fit.params[1] * step)
    assert found.excess == pytest.approx(found.change - found.expected)
    assert found.half_width == pytest.approx(stats.t(9).ppf((1 + level) / 2) * error)


def test_excess_flips_when_old_and_new_change_places():
    rng = np.random.default_rng(9)
    x, y = rng.standard_normal((2, 12))
    there, back = excess_change(x, y, 2, 7, 0.95), excess_change(x, y, 7, 2, 0.95)
    assert (back.change, back.expected, back.excess) == pytest.approx((-there.change, -there.expected, -there.excess))
    assert back.half_width == pytest.approx(there.half_width)


def test_excess_does_not_depend_on_units_of_the_score():
    rng = np.random.default_rng(10)
    x, y = rng.standard_normal((2, 12))
    plain, percent = excess_change(x, y, 0, 1, 0.95), excess_change(x, 100 * y + 7, 0, 1, 0.95)
    assert percent.excess == pytest.approx(100 * plain.excess)
    assert percent.half_width == pytest.approx(100 * plain.half_width)


def test_a_line_needs_three_other_models():
    x, y = np.arange(5.0), np.array([0.0, 1.0, 2.0, 2.5, np.nan])
    with pytest.raises(ValueError, match="at least 3 other models are needed for the line, got 2"):
        excess_change(x, y, 0, 1, 0.95)


def league(x, y, families, stderr=np.nan, level=0.9, resamples=300, seed=0):
    return residual_league(
        x,
        y,
        np.full(len(x), stderr),
        families,
        level=level,
        resamples=resamples,
        rng=np.random.default_rng(seed),
    )


def test_league_ranks_residuals_of_the_line():
    rng = np.random.default_rng(1)
    x, y = rng.standard_normal((2, 20))
    found = league(x, y, np.arange(20) % 6)
    np.testing.assert_allclose(found.residual, sm.OLS(y, sm.add_constant(x)).fit().resid, atol=1e-12)
    np.testing.assert_array_equal(found.rank, stats.rankdata(-found.residual))
    assert (found.low <= found.high).all()
    assert (found.rank_low <= found.rank_high).all()


def test_league_limits_equal_refitting_the_line_to_repeated_rows():
    rng = np.random.default_rng(2)
    x, y = rng.standard_normal((2, 18))
    families = np.arange(18) % 6
    found = league(x, y, families)
    residuals = []
    for count in bootstrap_weights(18, 300, np.random.default_rng(0), families).astype(int):
        rows = np.repeat(np.arange(18), count)
        slope, intercept = np.polyfit(x[rows], y[rows], 1)
        residuals.append(y - intercept - slope * x)
    tail = [0.05, 0.95]
    np.testing.assert_allclose([found.low, found.high], np.quantile(residuals, tail, axis=0), atol=1e-9)
    ranks = stats.rankdata(-np.array(residuals), axis=1)
    np.testing.assert_allclose([found.rank_low, found.rank_high], np.quantile(ranks, tail, axis=0))


def test_measurement_noise_widens_the_league():
    rng = np.random.default_rng(3)
    x, y = rng.standard_normal((2, 20))
    exact, noisy = (league(x, y, np.arange(20) % 6, stderr) for stderr in (np.nan, 1.0))
    assert (noisy.high - noisy.low).mean() > 2 * (exact.high - exact.low).mean()
    assert (noisy.rank_high - noisy.rank_low).mean() > 2 * (exact.rank_high - exact.rank_low).mean()


def test_one_family_says_nothing_about_a_models_rank():
    rng = np.random.default_rng(4)
    x, y = rng.standard_normal((2, 12))
    found = league(x, y, np.zeros(12, dtype=int))
    assert np.isnan([found.low, found.high, found.rank_low, found.rank_high]).all()
