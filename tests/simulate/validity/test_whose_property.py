"""V12 simulated: the truth is that of many models by the same developers, and verdicts err seldom."""

from __future__ import annotations

import numpy as np
import pytest

from measurand.simulate.validity.whose_property import BETWEEN, SIMULATIONS, Truth, drawn
from measurand.stats.capability.owners import Sums, shares

SIMULATION = SIMULATIONS["V12"]


@pytest.mark.parametrize(("slope", "effect"), [(0.5, 0.0), (0.0, 0.6), (0.6, 0.5)])
def test_the_truth_is_what_very_many_models_show(slope, effect):
    rng = np.random.default_rng(0)
    group = np.repeat(np.arange(5), [40_000, 20_000, 20_000, 10_000, 10_000])
    centre, made = rng.standard_normal(5), effect * rng.standard_normal(5)
    truth = Truth(slope, 0.4, centre, made)
    s = centre[group] + np.sqrt(1 - BETWEEN) * rng.standard_normal(len(group))
    y = slope * s + made[group] + np.sqrt(0.4) * rng.standard_normal(len(group))
    # Standard errors at 100,000 models are under .002.
    np.testing.assert_allclose(shares(Sums.of(y, s, group)), truth.shares(group), atol=0.008)


@pytest.mark.slow
def test_shares_are_recovered_without_bias():
    off = []
    for seed in range(400):
        study, truths = drawn(36, 6, np.random.default_rng([12, seed]))
        panel = study.panel
        row = []
        for j, truth in enumerate(truths):
            ran = np.flatnonzero(np.isfinite(panel.scores[:, j]))
            ran = ran[np.bincount(panel.families[ran])[panel.families[ran]] > 1]
            group = np.unique(panel.families[ran], return_inverse=True)[1]
            found = shares(Sums.of(panel.scores[ran, j], panel.component.scores[ran], group))
            row.append(found - truth.shares(panel.families[ran]))
        off.append(row)
    # Standard errors of these means are under .01.
    assert np.abs(np.mean(off, axis=0)).max() < 0.03


@pytest.mark.slow
def test_intervals_hold_and_verdicts_err_seldom():
    cell = SIMULATION.cells[2]
    runs = [SIMULATION.outcome(cell, 0.95, np.random.default_rng([12, i])) for i in range(150)]
    rate = {
        key: np.nanmean([run[key][0] for run in runs if key in run]) for key in {key for run in runs for key in run}
    }
    for (quantity, what, _), value in rate.items():
        if quantity == "coverage":
            assert value >= 0.93 - 3 * 0.02, what  # three Monte Carlo standard errors
        if quantity == "false_alarm":
            assert value <= 0.05 + 3 * 0.018, what
    assert rate["power", "goes with who made it", "developers 70% of the variance, slope on capability 0.0"] > 0.75
