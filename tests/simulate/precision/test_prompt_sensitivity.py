"""The simulated studies of P7: their truths, and the rates they yield."""

from __future__ import annotations

import numpy as np
import pytest

from measurand.simulate.answers import variant_score
from measurand.simulate.precision.prompt_sensitivity import CELLS, RELIABILITY, SIMULATIONS, _audit, _table
from measurand.stats.items.components import two_way


@pytest.mark.parametrize("clusters", [0, 4000])
def test_the_truths_are_those_of_many_items(clusters):
    effects = np.array([[-0.5, 0.0, 0.5]])
    (found,) = _audit(effects, 40_000, clusters, 0.95, np.random.default_rng(0)).each
    np.testing.assert_allclose(found.means.means, variant_score(effects[0]), atol=0.015)


def test_rankings_have_the_reliability_they_should():
    rng = np.random.default_rng(1)
    parts = [two_way(_table(6, rng).T) for _ in range(3000)]
    between, within = (np.mean([getattr(part, name) for part in parts]) for name in ("rows", "residual"))
    assert between / (between + within) == pytest.approx(RELIABILITY, abs=0.01)


def test_the_same_seed_gives_the_same_outcome():
    simulation = SIMULATIONS["P7"]
    first, second = (simulation.outcome(CELLS[0], 0.95, np.random.default_rng(2)) for _ in range(2))
    assert first.keys() == second.keys()
    np.testing.assert_array_equal(list(first.values()), list(second.values()))


@pytest.mark.slow
def test_intervals_cover_and_false_alarms_are_rare():
    rng = np.random.default_rng(1)
    cell = {"items": 200, "clusters": 0, "prompts": 5}
    outcomes = [SIMULATIONS["P7"].outcome(cell, 0.95, rng) for _ in range(100)]
    for key in outcomes[0]:
        rate = np.nanmean([outcome[key][0] for outcome in outcomes])
        if key[0] == "coverage":
            assert rate > 0.87, key
        elif key[0] == "false_alarm":
            assert rate < 0.12, key
