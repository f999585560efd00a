"""V2 simulated: at the bound the verdict is rarely given, well below it often."""

from __future__ import annotations

import numpy as np

from measurand.simulate.validity.slope_and_spread import NOISES, SIMULATIONS

SIMULATION = SIMULATIONS["V2"]
BOUND, FAR = (name for _, name in NOISES)


def test_a_flat_benchmark_is_told_and_one_at_the_bound_is_not():
    runs = [SIMULATION.outcome(SIMULATION.cells[-1], 0.95, np.random.default_rng([2, i])) for i in range(150)]
    rate = {key: np.mean([run[key][0] for run in runs]) for key in runs[0]}
    # Three Monte Carlo standard errors at 150 runs of a two-sided 5%, of which each side takes half.
    assert rate["false_alarm", "correlated but flat", BOUND] <= 0.025 + 3 * 0.018
    assert rate["false_alarm", "more than noise, or unrelated", BOUND] <= 0.025 + 3 * 0.018
    assert rate["false_alarm", "more than noise, or unrelated", FAR] == 0
    assert rate["power", "correlated but flat", FAR] > 0.95
