"""V3 simulated: gains and outliers are counted by the measure's judge, and err seldom however models scatter."""

from __future__ import annotations

import numpy as np
import pytest

from measurand.simulate.capabilities import simulate
from measurand.simulate.validity.differential_progress import SIMULATIONS
from measurand.stats.capability.beyond import beyond
from measurand.stats.capability.pca import first_component

SIMULATION = SIMULATIONS["V3"]
CELL = {"models": 26, "families": 8, "family_share": 0.3}


@pytest.mark.parametrize("seed", range(20))
def test_gains_are_counted_where_the_excess_is_clearly_above_zero_whatever_the_shape(seed):
    outcome = SIMULATION.outcome(SIMULATION.cells[1], 0.8, np.random.default_rng(seed))
    rng = np.random.default_rng(seed)
    drawn = simulate(12, 5, (0.68,), 0.3, rng)
    score = first_component(drawn.capability).scores
    old, new = rng.choice(12, size=2, replace=False)
    for size, key in (
        (0.0, ("false_alarm", "gain beyond capability", "no excess")),
        (3.0, ("power", "gain beyond capability", "excess of 3 SD")),
    ):
        y = drawn.tested[:, 0] + size * (np.arange(12) == new)
        # One-sided, each claim by itself.
        assert outcome[key][0] == float(beyond(score / score.std(), y, int(new), int(old)).whatever <= 0.2)


def test_verdicts_err_seldom_under_heavy_tails_and_where_the_relation_bends():
    runs = [SIMULATION.outcome(CELL, 0.95, np.random.default_rng([3, i])) for i in range(50)]
    rate = {key: np.mean([run[key][0] for run in runs]) for key in runs[0]}
    for (quantity, what, truth), found in rate.items():
        if quantity == "false_alarm":
            # Three Monte Carlo standard errors at 50 runs. A line with normal scatter alone errs in .25 to .30.
            assert found <= 0.05 + 3 * 0.031, (what, truth)
    assert rate["power", "gain beyond capability", "excess of 5 SD"] > 0.85
    assert rate["power", "a model stands out", "excess of 5 SD"] > 0.77 - 3 * 0.06
