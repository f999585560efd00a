"""Reduced error rates of G11, and that what its simulation draws is what it says."""

from __future__ import annotations

import numpy as np
import pytest

from measurand.simulate.answers import variant_score
from measurand.simulate.gaming.evaluation_awareness import CELLS, EFFECT, SIMULATIONS, _grid, _shift


def test_conditions_differ_by_the_effect_and_share_their_items():
    base, moved = 0.0, _shift(float(variant_score(np.array(0.0))) + EFFECT)
    grid = _grid([[base, moved]], ("none", "test"), 200_000, 0, 4, np.random.default_rng(0))
    none, test = grid.scores[0]
    both = np.isfinite(none) & np.isfinite(test)
    assert (test - none)[both].mean() == pytest.approx(EFFECT, abs=0.004)
    assert both.sum() == pytest.approx(200_000, rel=0.01)
    # What pairing is for: the same items are hard in both.
    assert np.corrcoef(none[both], test[both])[0, 1] > 0.3


def test_clusters_are_of_unequal_size_and_runs_are_unequal():
    grid = _grid([[0.0, 0.0]], ("none", "test"), 500, 40, 4, np.random.default_rng(1))
    sizes = np.bincount(grid.clusters)
    assert len(sizes) == 40
    assert sizes.max() > 4 * np.median(sizes)
    assert set(np.unique(grid.epochs)) == {0, 1, 2, 4}


@pytest.mark.slow
@pytest.mark.parametrize("cell", [CELLS[1], CELLS[5], CELLS[7]], ids=str)
def test_intervals_cover_and_false_alarms_are_rare(cell):
    rng = np.random.default_rng(4)
    runs = [SIMULATIONS["G11"].outcome(cell, 0.95, rng) for _ in range(60)]
    for quantity, what, truth in runs[0]:
        rate = np.nanmean([run[quantity, what, truth][0] for run in runs])
        if quantity == "coverage":
            assert rate >= 0.84, (what, truth)
        elif quantity == "false_alarm":
            assert rate <= 0.15, (what, truth)
        elif what != "a change ruled out":
            assert rate >= 0.15, (what, truth)
