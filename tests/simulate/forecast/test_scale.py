"""Reduced error rates of F7."""

from __future__ import annotations

import numpy as np
import pytest

from measurand.simulate.forecast.scale import SIMULATIONS, made


def test_every_model_and_benchmark_has_enough_scores():
    scores = made(30, 10, 10, True, np.random.default_rng(0)).scores
    assert scores.table["model"].value_counts()["count"].min() >= 4
    assert scores.table["benchmark"].value_counts()["count"].min() >= 6


@pytest.mark.slow
@pytest.mark.parametrize("cell", SIMULATIONS["F7"].cells[:2], ids=str)
def test_intervals_cover_and_false_alarms_are_rare(cell):
    rng = np.random.default_rng(1)
    runs = [SIMULATIONS["F7"].outcome(cell, 0.95, rng) for _ in range(8)]
    for quantity, what, truth in runs[0]:
        rate = np.mean([run[quantity, what, truth][0] for run in runs])
        if quantity == "coverage" and "bootstrap" not in what:
            assert rate >= 0.88, what
        elif quantity == "false_alarm":
            assert rate <= 0.2, what
