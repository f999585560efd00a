"""F8 on models of known horizon, at reduced size."""

from __future__ import annotations

import numpy as np
import pytest

from measurand.simulate.forecast.time_horizon import SIMULATIONS, drawn


def test_what_is_drawn_has_the_shape_asked_for():
    runs, horizon = drawn(5, 60, 15, 2, np.random.default_rng(1))
    assert len(horizon) == len(runs.models) == 5
    assert runs.frame["family"].n_unique() == 15
    assert 0.8 < runs.frame.height / (5 * 60 * 2) < 1


def test_noise_is_that_of_the_minutes_and_one_family_can_dominate():
    plain, noisy = (drawn(3, 120, 30, 1, np.random.default_rng(1), skew=2.0, noise=noise)[0] for noise in (0, 0.7))
    both = plain.frame.unique("task").join(noisy.frame.unique("task"), on="task", suffix="_noisy")
    off = np.log2(both["minutes_noisy"] / both["minutes"])
    assert off.std() == pytest.approx(0.7, rel=0.2)
    assert both.group_by("family").len()["len"].max() > 40


@pytest.mark.slow
def test_intervals_hold_the_truth():
    simulation = SIMULATIONS["F8"]
    rng, gathered = np.random.default_rng(2), {}
    for _ in range(40):
        for key, value in simulation.outcome(simulation.cells[0], 0.95, rng).items():
            gathered.setdefault(key, []).append(value[0])
    rates = {(what, name): np.nanmean(values) for (_, what, name), values in gathered.items()}
    # Over 1,000 studies: see docs/calibration.md; 40 have a standard error of .035.
    assert rates["horizon at a half", "among the lengths run"] >= 0.82
    assert rates["doublings per year", "1.7 per year"] >= 0.82
    assert rates["hangs on how it is computed", "among the lengths run"] <= 0.16
