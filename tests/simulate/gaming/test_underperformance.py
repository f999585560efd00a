"""Reduced error rates of G8."""

from __future__ import annotations

import numpy as np
import pytest

from measurand.simulate.gaming.underperformance import SIMULATIONS


@pytest.mark.slow
@pytest.mark.parametrize("cell", [SIMULATIONS["G8"].cells[1], SIMULATIONS["G8"].cells[5]], ids=str)
def test_intervals_cover_and_false_alarms_are_rare(cell):
    rng = np.random.default_rng(4)
    runs = [SIMULATIONS["G8"].outcome(cell, 0.95, rng) for _ in range(40)]
    for quantity, what, truth in runs[0]:
        rate = np.nanmean([run[quantity, what, truth][0] for run in runs])
        if quantity == "coverage":
            assert rate >= 0.85, (what, truth)
        elif quantity == "false_alarm":
            assert rate <= 0.13, (what, truth)
