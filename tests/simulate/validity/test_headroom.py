"""V9 simulated: medians at, near and far from the ceiling."""

from __future__ import annotations

import numpy as np

from measurand.simulate.validity.headroom import SIMULATIONS

SIMULATION = SIMULATIONS["V9"]


def test_verdicts_err_seldom():
    runs = [SIMULATION.outcome(SIMULATION.cells[-1], 0.95, np.random.default_rng([9, i])) for i in range(300)]
    rate = {key: np.mean([run[key][0] for run in runs]) for key in runs[0]}
    bound = "median position 0.95, the bound"
    # Each side takes half of the 5% that the interval misses; three Monte Carlo standard errors at 300 runs.
    assert rate["false_alarm", "saturated", bound] <= 0.025 + 3 * 0.009
    assert rate["false_alarm", "room", bound] <= 0.025 + 3 * 0.009
    assert rate["power", "saturated", "median position 0.99"] > 0.9
    assert rate["power", "room", "median position 0.5"] > 0.9
    # Of sixty models alike the best one's own interval would cover in .22, of those that differ by their noise in .67.
    for name in ("all models alike", "models differ by their noise", "models far apart"):
        assert 0.95 - 3 * 0.013 <= rate["coverage", "best position", name] <= 1.0
