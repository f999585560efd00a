"""The simulated benchmarks have the truth they say they have, and the measured rates are near their targets."""

from __future__ import annotations

import numpy as np
import pytest

from measurand.simulate.precision.rank_stability import SIMULATIONS, rank_stability

SIMULATION = SIMULATIONS["P9"]


@pytest.mark.parametrize("cell", SIMULATION.cells, ids=str)
def test_every_cell_runs_and_names_what_it_measures(cell):
    outcome = SIMULATION.outcome(cell, 0.95, np.random.default_rng(1))
    quantities = {quantity for quantity, _, _ in outcome}
    assert quantities == ({"coverage", "false_alarm", "power"} if cell["spread"] else {"coverage", "false_alarm"})


@pytest.mark.slow
@pytest.mark.parametrize(("clusters", "variants"), [(0, 1), (10, 1), (0, 4)])
def test_rates_are_near_their_targets(clusters, variants):
    runs = [
        rank_stability(10, 100, clusters, variants, 0.0, level=0.95, rng=np.random.default_rng([7, i]))
        for i in range(300)
    ]

    def rate(*key):
        return np.mean([run[key][0] for run in runs])

    # Four Monte Carlo standard errors at 300 runs.
    assert rate("coverage", "difference of two models", "all equal") == pytest.approx(0.95, abs=0.05)
    assert rate("coverage", "all rank intervals together", "all equal") > 0.95 - 0.05
    assert rate("false_alarm", "some pair told apart wrongly", "all equal") < 0.05 + 0.05
