"""The simulated studies of P3: the effect planned for is there, and the same seed gives the same outcome."""

from __future__ import annotations

import numpy as np
import pytest

from measurand.simulate.answers import SHARED, expected_score
from measurand.simulate.precision.planning import ABILITY, CELLS, SIMULATIONS, _ability_above


@pytest.mark.parametrize("clusters", [0, 100])
def test_the_better_model_is_better_by_the_effect(clusters):
    better = _ability_above(ABILITY, 0.05, clusters)
    gap = expected_score(better, clusters, SHARED) - expected_score(ABILITY, clusters, SHARED)
    assert gap == pytest.approx(0.05)


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_both_powers_asked_for_are_counted(cell):
    first, second = (SIMULATIONS["P3"].outcome(cell, 0.95, np.random.default_rng(2)) for _ in range(2))
    assert [what for _, what, _ in first] == [
        f"difference found by the planned items, {power} asked for" for power in ("80%", "90%")
    ]
    assert [hit for hit, _ in first.values()] == [hit for hit, _ in second.values()]
