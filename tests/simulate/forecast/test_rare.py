"""Reduced error rates of F3, and the simulator's own truth."""

from __future__ import annotations

import numpy as np
import pytest

from measurand.simulate.forecast.rare import ASKED, SIMULATIONS, exponential_scores, exponential_truth


def test_the_truth_is_what_one_query_of_so_many_exceeds():
    scores = exponential_scores(2_000_000, np.random.default_rng(0))
    probabilities = np.exp(-np.exp(-scores))
    assert np.quantile(probabilities, 1 - 1 / 10_000) == pytest.approx(exponential_truth(10_000), rel=0.2)
    assert exponential_truth(ASKED) > exponential_truth(10_000)


@pytest.mark.slow
@pytest.mark.parametrize("cell", SIMULATIONS["F3"].cells[:2], ids=str)
def test_intervals_cover_and_false_alarms_are_rare_but_for_the_hidden_kind(cell):
    rng = np.random.default_rng(4)
    runs = [SIMULATIONS["F3"].outcome(cell, 0.95, rng) for _ in range(40)]
    for quantity, what, truth in runs[0]:
        rate = np.nanmean([run[quantity, what, truth][0] for run in runs])
        if "hidden" in truth:
            continue
        if quantity == "coverage":
            assert rate >= 0.84, (what, truth)
        elif quantity == "false_alarm":
            assert rate <= 0.15, (what, truth)
