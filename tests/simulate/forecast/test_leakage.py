"""Reduced error rates of F6."""

from __future__ import annotations

import numpy as np
import pytest

from measurand.simulate.forecast.leakage import SIMULATIONS, answers_to, true_scores


@pytest.mark.parametrize("clusters", [0, 2000])
def test_true_scores_are_those_of_very_many_items(clusters):
    effects = np.array([-0.3, 0.0, 0.4])
    of_item = np.arange(60_000) % clusters if clusters else np.arange(60_000)
    scores = answers_to(effects, of_item, np.random.default_rng(0))
    assert scores.mean(axis=1) == pytest.approx(true_scores(effects), abs=0.012)


@pytest.mark.slow
@pytest.mark.parametrize("cell", SIMULATIONS["F6"].cells[:2], ids=str)
def test_intervals_cover_and_false_alarms_are_rare(cell):
    rng = np.random.default_rng(4)
    runs = [SIMULATIONS["F6"].outcome(cell, 0.95, rng) for _ in range(40)]
    for quantity, what, truth in runs[0]:
        rate = np.mean([run[quantity, what, truth][0] for run in runs])
        if quantity == "coverage" and not what.startswith("candidate"):
            assert rate >= 0.85, (what, truth)
        elif quantity == "false_alarm":
            assert rate <= 0.13, (what, truth)
