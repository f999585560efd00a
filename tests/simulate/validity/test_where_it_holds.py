"""V5 simulated: a difference is told where its interval is off 0, and classes too small are not halved."""

from __future__ import annotations

import numpy as np
import pytest

from measurand.simulate.validity.where_it_holds import SIMULATIONS

SIMULATION = SIMULATIONS["V5"]


@pytest.mark.parametrize("seed", range(10))
def test_a_difference_is_told_where_its_interval_does_not_cover_zero(seed):
    outcome = SIMULATION.outcome(SIMULATION.cells[3], 0.6, np.random.default_rng(seed))
    for between in ("classes", "halves"):
        for truth in ("rho 0 in both", "rho 0.68 in both"):
            covered = outcome["coverage", f"difference between {between}", truth][0]
            assert outcome["false_alarm", f"{between} differ", truth][0] == 1 - covered


def test_twelve_models_are_too_few_to_be_halved():
    outcome = SIMULATION.outcome(SIMULATION.cells[0], 0.95, np.random.default_rng(0))
    assert not any("halves" in what for _, what, _ in outcome)
