"""Simulated answers: the truth they are held against, and reduced error rates of P11."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from measurand.simulate.precision.items import SIMULATIONS, true_reliability
from measurand.stats.items.reliability import reliability


def test_true_reliability_is_that_of_very_many_models():
    rng = np.random.default_rng(0)
    slopes, difficulties = np.exp(0.3 * rng.standard_normal(15)), rng.standard_normal(15)
    p = expit(slopes * (rng.standard_normal((100_000, 1)) - difficulties))
    found = reliability((rng.random(p.shape) < p).astype(float))
    alpha, sem = true_reliability(slopes, difficulties)
    assert found.alpha[0] == pytest.approx(alpha, abs=0.005)
    assert found.sem[0] == pytest.approx(sem, rel=0.005)


@pytest.mark.slow
@pytest.mark.parametrize("cell", SIMULATIONS["P11"].cells[::3], ids=str)
def test_intervals_cover_and_verdicts_hold_their_level(cell):
    rng = np.random.default_rng(1)
    runs = [SIMULATIONS["P11"].outcome(cell, 0.95, rng) for _ in range(60)]
    # A fit that is refused has no rows of its own.
    for quantity, what, truth in dict.fromkeys(key for run in runs for key in run):
        rate = np.mean([run[quantity, what, truth][0] for run in runs if (quantity, what, truth) in run])
        if quantity == "coverage":
            assert rate > 0.85, what
        elif quantity == "false_alarm":
            assert rate < 0.15, what
