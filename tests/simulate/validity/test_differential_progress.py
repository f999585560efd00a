"""V3 simulated: a gain is counted where the excess is clearly above 0, one-sided."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from measurand.simulate.capabilities import simulate
from measurand.simulate.validity.differential_progress import SIMULATIONS
from measurand.stats.capability.pca import first_component
from measurand.stats.capability.progress import excess_change

SIMULATION = SIMULATIONS["V3"]


@pytest.mark.parametrize("seed", range(20))
def test_gains_are_counted_where_the_excess_is_clearly_above_zero(seed):
    outcome = SIMULATION.outcome(SIMULATION.cells[1], 0.8, np.random.default_rng(seed))
    rng = np.random.default_rng(seed)
    drawn = simulate(12, 5, (0.68,), 0.3, rng)
    score = first_component(drawn.capability).scores
    old, new = rng.choice(12, size=2, replace=False)
    y = drawn.tested[:, 0]
    for values, key in (
        (y, ("false_alarm", "gain beyond capability", "no excess")),
        (y + 3.0 * (np.arange(12) == new), ("power", "gain beyond capability", "excess of 3 SD")),
    ):
        found = excess_change(score / score.std(), values, int(old), int(new), 0.8)
        # One-sided, each claim by itself.
        assert outcome[key][0] == float(found.excess / found.stderr > stats.t.ppf(0.8, found.n - 2))
