"""Simulated graders: the truths their intervals are held against, and reduced error rates of P12."""

from __future__ import annotations

import numpy as np
import pytest

from measurand.simulate.precision.graders import FAIR, RATE, SIMULATIONS, STRICT, _graded, _true_alpha, true_kappa
from measurand.stats.items.agreement import cohen_kappa, krippendorff_alpha


def test_true_agreement_is_that_of_very_many_samples():
    rng = np.random.default_rng(0)
    n = 400_000
    truth = rng.random(n) < RATE
    fair, strict = (_graded(truth, *powers, rng) for powers in (FAIR, STRICT))
    assert cohen_kappa(truth.astype(float), strict)[0] == pytest.approx(true_kappa(RATE, *STRICT), abs=0.005)
    hand = np.where(rng.random(n) < 0.25, truth, np.nan)
    alpha = krippendorff_alpha(np.stack([hand, fair, strict]), resamples=2, rng=rng)[0]
    assert alpha == pytest.approx(_true_alpha(1000, 250), abs=0.005)


def test_the_fair_graders_errors_cancel():
    assert RATE * FAIR[0] + (1 - RATE) * (1 - FAIR[1]) == pytest.approx(RATE, abs=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("cell", SIMULATIONS["P12"].cells, ids=str)
def test_intervals_cover_and_verdicts_hold_their_level(cell):
    rng = np.random.default_rng(2)
    runs = [SIMULATIONS["P12"].outcome(cell, 0.95, rng) for _ in range(100)]
    for quantity, what, truth in runs[0]:
        rate = np.nanmean([run[quantity, what, truth][0] for run in runs])
        if quantity == "coverage":
            assert rate > 0.85, what
        elif quantity == "false_alarm":
            assert rate < 0.1, what
