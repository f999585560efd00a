"""What choosing adds to a score, against order statistics and whole simulated studies."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from measurand.stats.hiding.noise import held_out
from measurand.stats.items.selection import expected_optimism, loss_by_halving, optimism_stderr, shrunk


@pytest.mark.parametrize(("variants", "expected"), [(2, 0.5642), (5, 1.1630), (10, 1.5388)])
def test_among_equal_variants_the_optimism_is_the_expected_maximum(variants, expected):
    """Means of the largest of n standard normals (Harter 1961, Biometrika 48, table 1)."""
    errors = np.random.default_rng(0).standard_normal((200_000, variants))
    assert expected_optimism(np.zeros(variants), errors) == pytest.approx(expected, abs=0.006)


@given(st.integers(2, 8), st.floats(0, 3), st.integers(0, 1000))
def test_equal_variants_leave_most_to_luck(variants, spread, seed):
    rng = np.random.default_rng(seed)
    errors = rng.standard_normal((2000, variants))
    means = spread * rng.standard_normal(variants)
    assert expected_optimism(means, errors) <= expected_optimism(np.zeros(variants), errors) + 0.05


def test_the_optimism_is_the_loop_over_draws():
    rng = np.random.default_rng(1)
    means, errors = rng.random(4), rng.standard_normal((50, 4)) * 0.1
    slow = [draw[max(range(4), key=lambda k, draw=draw: means[k] + draw[k])] for draw in errors]
    assert expected_optimism(means, errors) == pytest.approx(np.mean(slow))


def test_the_loss_by_halving_is_that_of_whole_studies():
    rng = np.random.default_rng(4)
    means = 0.5 + 0.03 * np.linspace(-1, 1, 6)
    lost = []
    for _ in range(4000):
        # Two halves of 200 items each, independent, and both together.
        first, second = means + rng.standard_normal((2, 6)) * np.sqrt(0.25 / 200)
        lost.append(means[(first + second).argmax()] - means[first.argmax()])
    errors = rng.standard_normal((20_000, 6)) * np.sqrt(0.25 / 400)
    assert loss_by_halving(means, errors) == pytest.approx(np.mean(lost), abs=0.001)
    assert loss_by_halving(np.zeros(6), errors) == 0


def test_shrunk_means_vary_as_the_true_ones_do():
    rng = np.random.default_rng(2)
    found = []
    for _ in range(300):
        true = 0.5 + 0.03 * rng.standard_normal(30)
        found.append(shrunk(true + 0.04 * rng.standard_normal(30), 0.04).var(ddof=1))
    assert np.mean(found) == pytest.approx(0.03**2, rel=0.1)


@pytest.mark.parametrize("spread", [0.0, 0.03])
def test_the_standard_error_is_that_of_whole_studies(spread):
    rng = np.random.default_rng(3)
    means = 0.5 + spread * np.linspace(-1, 1, 6)
    found = []
    for _ in range(600):
        scores = (rng.random((6, 400)) < means[:, None]).astype(float)
        found.append(scores.mean(axis=1).max() - held_out(scores, None, 20, rng).scores.mean())
    errors = rng.standard_normal((8, 4000, 6)) * np.sqrt(0.25 / 50)
    # Halves made of eight parts average out less than random ones, so that this is on the safe side.
    assert np.std(found) <= optimism_stderr(means, errors, 20) <= 1.4 * np.std(found)
