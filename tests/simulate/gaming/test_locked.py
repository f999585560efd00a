"""Reduced error rates of G10."""

from __future__ import annotations

import numpy as np
import pytest

from measurand.measures.gaming.locked import locked_ability
from measurand.simulate.gaming.locked import SIMULATIONS, table


@pytest.mark.parametrize("clusters", [0, 200])
def test_the_true_gaps_are_those_of_very_many_items(clusters):
    made = table(0.4, 0.1, 20_000, clusters, 1, np.random.default_rng(0))
    found = locked_ability(made, control=["control"]).found[0]
    assert found.gap.value == pytest.approx(0.4, abs=0.03 if clusters else 0.015)
    assert found.beyond.value == pytest.approx(0.3, abs=0.03 if clusters else 0.02)


@pytest.mark.slow
@pytest.mark.parametrize("cell", SIMULATIONS["G10"].cells[1:3], ids=str)
def test_intervals_cover_and_false_alarms_are_rare(cell):
    rng = np.random.default_rng(4)
    runs = [SIMULATIONS["G10"].outcome(cell, 0.95, rng) for _ in range(40)]
    for quantity, what, truth in runs[0]:
        rate = np.mean([run[quantity, what, truth][0] for run in runs])
        if quantity == "coverage":
            assert rate >= 0.85, (what, truth)
        elif quantity == "false_alarm":
            assert rate <= 0.13, (what, truth)
