"""Reduced error rates of G7."""

from __future__ import annotations

import numpy as np
import pytest

from measurand.simulate.gaming.noise import KINDS, SIMULATIONS, sweep


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("clusters", [0, 20])
def test_the_true_gains_are_those_of_very_many_items(kind, clusters):
    made, truth = sweep(kind, 40_000, clusters, 4, 3, np.random.default_rng(1))
    assert made.copies.mean(axis=1) - made.baseline.mean() == pytest.approx(truth, abs=0.06 if clusters else 0.012)


@pytest.mark.slow
@pytest.mark.parametrize("cell", SIMULATIONS["G7"].cells[:1], ids=str)
def test_intervals_cover_and_false_alarms_are_rare(cell):
    rng = np.random.default_rng(4)
    runs = [SIMULATIONS["G7"].outcome(cell, 0.95, rng) for _ in range(40)]
    for quantity, what, truth in runs[0]:
        rate = np.mean([run[quantity, what, truth][0] for run in runs])
        if quantity == "coverage":
            assert rate >= 0.85, (what, truth)
        elif quantity == "false_alarm" and not what.startswith("candidate"):
            assert rate <= 0.13, (what, truth)
