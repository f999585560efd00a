"""The simulated studies of P6: their truths, and the rates they yield."""

from __future__ import annotations

import numpy as np
import pytest

from measurand.measures.precision.reruns import reruns
from measurand.simulate.precision.reruns import CELLS, SIMULATIONS, TOLERATED, UNSTABLE, _responses, _truths


@pytest.mark.parametrize("clusters", [0, 2500])
def test_the_truths_are_those_of_many_items(clusters):
    rng = np.random.default_rng(0)
    found = reruns(_responses((TOLERATED, UNSTABLE), 10_000, clusters, 4, rng)).each
    for each, rate in zip(found, (TOLERATED, UNSTABLE), strict=True):
        truths = _truths(rate, 4)
        assert each.flips.value == pytest.approx(truths["flip_rate"], abs=0.01)
        assert each.same_score.value == pytest.approx(truths["tar_score_at_4"], abs=0.02)
        assert each.intraclass.value == pytest.approx(truths["intraclass_correlation"], abs=0.03)
        assert each.clusters == (clusters or None)


def test_the_same_seed_gives_the_same_outcome():
    simulation = SIMULATIONS["P6"]
    first, second = (simulation.outcome(CELLS[0], 0.95, np.random.default_rng(2)) for _ in range(2))
    assert first.keys() == second.keys()
    np.testing.assert_array_equal(list(first.values()), list(second.values()))


@pytest.mark.slow
def test_intervals_cover_and_false_alarms_are_rare():
    rng = np.random.default_rng(1)
    cell = {"items": 200, "clusters": 0, "runs": 5}
    outcomes = [SIMULATIONS["P6"].outcome(cell, 0.95, rng) for _ in range(60)]
    for key in outcomes[0]:
        rate = np.nanmean([outcome[key][0] for outcome in outcomes])
        if key[0] == "coverage":
            assert rate > 0.86, key
        elif key[0] == "false_alarm":
            assert rate < 0.12, key
