"""Reduced error rates of G9."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from measurand.simulate.gaming.probe import SIMULATIONS, table
from measurand.stats.texts.two_sample import auroc


def test_the_true_areas_are_those_of_very_many_prompts():
    made = table({(None, "probe"): 0.9, ("base", "probe"): 0.6}, 20_000, 1, np.random.default_rng(0)).frame
    for control, wanted in ((None, 0.9), ("base", 0.6)):
        own = made.filter(pl.col("control").eq_missing(pl.lit(control, dtype=pl.String)))
        assert auroc(own["score"], own["label"]) == pytest.approx(wanted, abs=0.01)


@pytest.mark.slow
@pytest.mark.parametrize("cell", SIMULATIONS["G9"].cells[:2], ids=str)
def test_intervals_cover_and_false_alarms_are_rare(cell):
    rng = np.random.default_rng(4)
    runs = [SIMULATIONS["G9"].outcome(cell, 0.95, rng) for _ in range(25)]
    for quantity, what, truth in runs[0]:
        found = [run[quantity, what, truth][0] for run in runs]
        if quantity == "coverage":
            assert np.nanmean(found) >= 0.8, (what, truth)
        elif quantity == "false_alarm":
            assert np.mean(found) <= 0.2, (what, truth)
