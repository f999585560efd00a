"""V1 simulated: verdicts are those of the measure's judge, which here follow from the limits alone."""

from __future__ import annotations

import numpy as np
import pytest

from measurand.simulate.capabilities import simulate
from measurand.simulate.validity.capabilities_correlation import RESAMPLES, SIMULATIONS, TRUTHS
from measurand.stats.capability.capabilities import DEFAULT, correlations_with_intervals

SIMULATION = SIMULATIONS["V1"]


@pytest.mark.parametrize("seed", range(12))
def test_verdicts_are_what_the_default_interval_says_of_the_threshold(seed):
    cell = SIMULATION.cells[3]
    outcome = SIMULATION.outcome(cell, 0.95, np.random.default_rng(seed))
    rng = np.random.default_rng(seed)
    drawn = simulate(26, 8, TRUTHS, 0.3, rng)
    found = correlations_with_intervals(
        drawn.capability, drawn.tested, drawn.families, level=0.95, resamples=RESAMPLES, rng=rng
    )
    low, high = found.low[DEFAULT], found.high[DEFAULT]
    expected = {
        ("false_alarm", "entangled or inverse", "rho 0"): low[0] > 0.5 or high[0] < -0.5,
        ("false_alarm", "entangled", "rho 0.3"): low[1] > 0.5,
        ("false_alarm", "entangled", "rho 0.5, the bound"): low[2] > 0.5,
        ("false_alarm", "disentangled", "rho 0.5, the bound"): low[2] > -0.5 and high[2] < 0.5,
        ("power", "entangled", "rho 0.85"): low[4] > 0.5,
        ("power", "disentangled", "rho 0"): low[0] > -0.5 and high[0] < 0.5,
    }
    assert {key: bool(hit) for key, (hit, _) in outcome.items() if key[0] != "coverage"} == expected
    covered = outcome["coverage", "default interval", "rho 0.68"]
    assert covered == (float(low[3] <= 0.68 <= high[3]), high[3] - low[3])
