"""The highest of many values: its interval covers the truth behind it, alike or far apart."""

from __future__ import annotations

import numpy as np
import pytest

from measurand.stats.intervals.best_of import best_of


@pytest.mark.parametrize("spread", [0.0, 0.5, 1.0, 3.0, 20.0])
@pytest.mark.parametrize("among", [8, 60])
def test_the_interval_covers_the_truth_of_the_chosen_and_the_highest_truth(among, spread):
    rng = np.random.default_rng([among, int(10 * spread)])
    truth = spread * rng.standard_normal((2000, among))
    seen = truth + rng.standard_normal(truth.shape)
    limits = np.array([best_of(value, 1.0, among, 0.95) for value in seen.max(axis=1)])
    chosen = truth[np.arange(2000), seen.argmax(axis=1)]
    for true in (chosen, truth.max(axis=1)):
        # Three Monte Carlo standard errors at 2,000 draws.
        assert np.mean((limits[:, 1] <= true) & (true <= limits[:, 2])) >= 0.95 - 3 * 0.005


def test_without_a_standard_error_there_is_no_interval():
    assert np.isnan(best_of(0.5, float("nan"), 12, 0.95)[1:]).all()
