"""Many small smoothing splines at once, against scipy's one at a time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.interpolate import make_smoothing_spline

from measurand.stats.hiding.smoothing import SMOOTHEST, Splines, gcv_splines, smoothing_splines


def some(rows=30, knots=9, noise=0.05, seed=0):
    rng = np.random.default_rng(seed)
    x = np.sort(rng.random((rows, knots)), axis=1)
    return x, x**2 + noise * rng.standard_normal(x.shape)


def slow_fit(x, y, penalty):
    """The values that minimise the criterion, from the influence of each unit vector through scipy's spline."""
    return np.array([make_smoothing_spline(x, unit, lam=penalty)(x) for unit in np.eye(len(x))]).T


@pytest.mark.parametrize("knots", [5, 9, 30])
@pytest.mark.parametrize("penalty", [1e-5, 1e-3, 0.1, 10.0])
def test_splines_equal_scipys_for_a_given_penalty(knots, penalty):
    x, y = some(rows=10, knots=knots)
    found = smoothing_splines(x, y, np.full(len(x), penalty))
    places = np.linspace(-0.5, 1.5, 41)
    values = found.at(np.broadcast_to(places, (len(x), 41)))
    for row in range(len(x)):
        expected = make_smoothing_spline(x[row], y[row], lam=penalty)
        inside = (places >= x[row, 0]) & (places <= x[row, -1])
        np.testing.assert_allclose(values[row, inside], expected(places[inside]), atol=1e-5)
        # Straight beyond the ends, with the slope at them.
        for end, beyond in ((x[row, 0], -0.5), (x[row, -1], 1.5)):
            line = expected(end) + (beyond - end) * expected(end, 1)
            assert values[row, 0 if beyond < 0 else -1] == pytest.approx(float(line), abs=1e-4)


def test_the_penalty_is_the_one_of_the_grid_with_the_least_cross_validation():
    x, y = some(rows=6)
    found = gcv_splines(x, y)
    grid = np.geomspace(SMOOTHEST[0], SMOOTHEST[1] * 9, 48)
    for row in range(len(x)):
        criteria = []
        for penalty in grid:
            influence = slow_fit(x[row], y[row], penalty)
            residual = y[row] - influence @ y[row]
            criteria.append((residual**2).mean() / (1 - np.trace(influence) / 9) ** 2)
        assert found.penalty[row] == pytest.approx(grid[int(np.argmin(criteria))])
        influence = slow_fit(x[row], y[row], found.penalty[row])
        np.testing.assert_allclose(found.values[row], influence @ y[row], atol=1e-7)
        assert found.freedom[row] == pytest.approx(np.trace(influence), abs=1e-6)


def test_cross_validation_is_at_least_as_good_as_scipys():
    """scipy.interpolate.make_smoothing_spline searches the penalty by bounded Brent from 0 to n."""
    x, y = some(rows=40, knots=12)
    found = gcv_splines(x, y)
    same = [np.abs(make_smoothing_spline(a, b)(a) - c).max() < 0.02 for a, b, c in zip(x, y, found.values, strict=True)]
    assert np.mean(same) > 0.7


@given(st.floats(-2, 2), st.floats(-3, 3), st.integers(0, 50))
def test_straight_lines_pass_unchanged_and_lines_added_are_added(slope, shift, seed):
    x, y = some(rows=3, seed=seed)
    line = slope * x + shift
    np.testing.assert_allclose(gcv_splines(x, line).values, line, atol=1e-6)
    penalty = np.full(3, 1e-3)
    np.testing.assert_allclose(
        smoothing_splines(x, y + line, penalty).values, smoothing_splines(x, y, penalty).values + line, atol=1e-6
    )


def test_blocks_of_rows_change_nothing(monkeypatch):
    x, y = some()
    whole = gcv_splines(x, y)
    monkeypatch.setattr("measurand.stats.hiding.smoothing._CHUNK_CELLS", 2000)
    parts = gcv_splines(x, y)
    np.testing.assert_array_equal(whole.values, parts.values)
    assert isinstance(whole.rows(slice(0, 3)), Splines)
    assert whole.rows(slice(0, 3)).knots.shape == (3, 9)


def test_near_knots_do_not_drown_the_smooth_modes():
    """Knots 1e-4 apart, the nearest that the reference curve leaves."""
    x = np.array([[0.0, 0.2, 0.4, 0.4001, 0.7, 1.0]])
    y = x**2
    expected = make_smoothing_spline(x[0], y[0], lam=1e-3)(x[0])
    np.testing.assert_allclose(smoothing_splines(x, y, np.array([1e-3])).values[0], expected, atol=1e-4)
