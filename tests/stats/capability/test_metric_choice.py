"""Smooth growth and jumps: golden values, slow definitions, and what is told of either."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from measurand.stats.capability.metric_choice import (
    breakthroughness,
    linearity,
    shape_of,
    smooth_residuals,
    step_residuals,
)


def test_golden_values_of_exact_match(shared):
    """data/golden/mirage: accuracy p a token grows smoothly, exact match of L tokens is p^L."""
    golden = json.loads((shared / "data" / "golden" / "mirage" / "synthetic.json").read_text())
    x = np.log10(np.array(golden["scale"]))
    for tokens, values in golden["exact_match"].items():
        y = np.array(values)
        assert breakthroughness(y) == pytest.approx(golden["breakthroughness"][tokens])
        assert linearity(y) == pytest.approx(golden["linearity"][tokens])
        # Breakthroughness calls 20 tokens the most sudden; none of the three is a step.
        shape = shape_of(x, y, 400, np.random.default_rng(0))
        assert shape.step_p < 0.01 < 0.05 < shape.smooth_p
    assert breakthroughness(np.array(golden["token_acc"])) == pytest.approx(golden["token_breakthroughness"])


@given(st.integers(0, 100), st.sampled_from([0.01, 3.0, 100.0]), st.floats(-5, 5))
def test_unit_and_shift_change_nothing_and_reversal_changes_the_sign(seed, unit, shift):
    y = np.random.default_rng(seed).random(9)
    for measure in (linearity, breakthroughness):
        assert measure(unit * y + shift) == pytest.approx(measure(y), rel=1e-6)
        assert measure(y[::-1]) == pytest.approx(-measure(y))


def test_what_does_not_change_has_neither():
    assert np.isnan(linearity(np.ones(5)))
    assert np.isnan(breakthroughness(np.array([0.0, 0, 0, 0, 1])))


@pytest.mark.parametrize("n", [8, 13])
def test_residuals_equal_their_definitions(n):
    rng = np.random.default_rng(n)
    x, y = np.sort(rng.random(n)), rng.random((6, n))
    smooth, fitted = smooth_residuals(x, y)
    step, low = step_residuals(y)
    for row in range(6):
        expected = np.polyval(np.polyfit(x, y[row], 3), x)
        np.testing.assert_allclose(fitted[row], expected, atol=1e-8)
        assert smooth[row] == pytest.approx(((y[row] - expected) ** 2).sum())
        slow = {k: n_var(y[row, :k]) + n_var(y[row, k:]) for k in range(1, n)}
        assert step[row] == pytest.approx(min(slow.values()))
        assert low[row] == min(slow, key=slow.get)


def n_var(values):
    return ((values - values.mean()) ** 2).sum()


@pytest.mark.parametrize(("jumps", "seed"), [(True, 0), (False, 1)])
def test_the_better_shape_is_told(jumps, seed):
    rng = np.random.default_rng(seed)
    x = np.linspace(7, 11, 16)
    y = (np.where(x < 9, 0.1, 0.8) if jumps else 0.2 * (x - 7)) + 0.03 * rng.standard_normal(16)
    found = shape_of(x, y, 500, rng)
    assert (found.smooth_p < 0.05, found.step_p < 0.05, found.evidence > 0) == (jumps, not jumps, jumps)
    if jumps:
        assert found.place == pytest.approx(9, abs=0.3)


def test_a_perfect_fit_is_finite():
    x = np.arange(9.0)
    assert np.isfinite(shape_of(x, np.where(x < 4, 0.0, 1.0), 200, np.random.default_rng(0)).evidence)
    assert np.isfinite(shape_of(x, x, 200, np.random.default_rng(0)).evidence)
