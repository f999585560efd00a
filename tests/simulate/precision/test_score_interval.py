"""The simulated studies of P1: what is counted is what the measure says."""

from __future__ import annotations

import numpy as np
import pytest

from measurand.measures.precision.score_interval import intervals_of
from measurand.simulate.answers import CELLS, SHARED, answers, expected_score, tasks
from measurand.simulate.precision.score_interval import ABILITIES, SIMULATIONS


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_the_interval_that_the_measure_gives_is_counted(cell):
    outcome = SIMULATIONS["P1"].outcome(cell, 0.95, np.random.default_rng(1))
    table = answers(ABILITIES, cell["items"], cell["clusters"], SHARED, np.random.default_rng(1))
    for found, ability in zip(intervals_of(table, 0.95), ABILITIES, strict=True):
        truth = expected_score(ability, cell["clusters"], SHARED)
        hit, width = outcome["coverage", "interval", f"score {truth:.2f}"]
        assert hit == float(found.interval.low <= truth <= found.interval.high)
        assert width == pytest.approx(found.interval.high - found.interval.low)
    of_average = [what for quantity, what, _ in outcome if what == "interval of the average"]
    assert len(of_average) == len(ABILITIES)
    assert len(outcome) - len(of_average) == (4 if cell["clusters"] else 2)


def test_tasks_are_of_unequal_size():
    sizes = [len(table.items) for table in tasks(ABILITIES, 200, 20, np.random.default_rng(0))]
    assert sizes == [200, 100, 50]
