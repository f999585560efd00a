"""V7 simulated: one dimension is found to be one, and noise to be none."""

from __future__ import annotations

import numpy as np

from measurand.simulate.validity.dimensionality import SIMULATIONS

SIMULATION = SIMULATIONS["V7"]


def test_verdicts_err_seldom():
    runs = [SIMULATION.outcome(SIMULATION.cells[0], 0.95, np.random.default_rng([7, i])) for i in range(40)]
    rate = {key: np.mean([run[key][0] for run in runs]) for key in runs[0]}
    assert rate["false_alarm", "a second component", "one dimension"] <= 0.05
    # Three Monte Carlo standard errors at 40 runs.
    assert rate["false_alarm", "a first component", "no common dimension"] <= 0.05 + 3 * 0.034
    (covered,) = (rate[key] for key in rate if key[0] == "coverage")
    assert covered >= 0.95 - 3 * 0.034
