"""Reduced error rates of F5."""

from __future__ import annotations

import numpy as np
import pytest

from measurand.simulate.forecast.unseen import MODES, SIMULATIONS


def test_shares_of_modes_sum_to_one():
    assert all(shares.sum() == pytest.approx(1) for shares in MODES.values())


@pytest.mark.slow
@pytest.mark.parametrize("cell", SIMULATIONS["F5"].cells, ids=str)
def test_intervals_of_the_chance_cover_and_false_alarms_are_rare(cell):
    rng = np.random.default_rng(4)
    runs = [SIMULATIONS["F5"].outcome(cell, 0.95, rng) for _ in range(60)]
    for quantity, what, truth in runs[0]:
        rate = np.mean([run[quantity, what, truth][0] for run in runs])
        if quantity == "coverage" and what == "unseen_chance":
            assert rate >= 0.87, truth
        elif quantity == "false_alarm":
            assert rate <= 0.12, (what, truth)
