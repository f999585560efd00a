"""Reduced error rates of G3."""

from __future__ import annotations

import numpy as np
import pytest

from measurand.simulate.gaming.holdout import SIMULATIONS


@pytest.mark.slow
@pytest.mark.parametrize("cell", SIMULATIONS["G3"].cells[:2], ids=str)
def test_intervals_cover_and_false_alarms_are_rare(cell):
    rng = np.random.default_rng(4)
    runs = [SIMULATIONS["G3"].outcome(cell, 0.95, rng) for _ in range(30)]
    for quantity, what, truth in runs[0]:
        rate = np.mean([run[quantity, what, truth][0] for run in runs])
        if quantity == "coverage" and "without sampling error" not in what:
            assert rate >= 0.8, what
        elif quantity == "false_alarm":
            assert rate <= 0.25, what
