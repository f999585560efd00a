"""The simulated studies of P8: their truths, and the rates they yield."""

from __future__ import annotations

import numpy as np
import pytest

from measurand.measures.precision.format_transfer import transfer_of
from measurand.simulate.precision.format_transfer import CELLS, GAPS, SIMULATIONS, _grid


@pytest.mark.parametrize("clusters", [0, 4000])
def test_the_truths_are_those_of_many_items(clusters):
    rng = np.random.default_rng(0)
    found = transfer_of([_grid(GAPS, 40_000, clusters, rng)], 0.95, rng).each
    np.testing.assert_allclose([each.difference.value for each in found], GAPS, atol=0.01)


def test_the_same_seed_gives_the_same_outcome():
    simulation = SIMULATIONS["P8"]
    first, second = (simulation.outcome(CELLS[0], 0.95, np.random.default_rng(2)) for _ in range(2))
    assert first.keys() == second.keys()
    np.testing.assert_array_equal(list(first.values()), list(second.values()))


@pytest.mark.slow
def test_intervals_cover_and_false_alarms_are_rare():
    rng = np.random.default_rng(1)
    cell = {"items": 200, "clusters": 10, "models": 10}
    outcomes = [SIMULATIONS["P8"].outcome(cell, 0.95, rng) for _ in range(200)]
    for key in outcomes[0]:
        rate = np.nanmean([outcome[key][0] for outcome in outcomes])
        if key[0] == "coverage":
            assert rate > 0.89, key
        elif key[0] == "false_alarm":
            assert rate < 0.1, key
