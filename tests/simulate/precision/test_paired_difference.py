"""The simulated studies of P2: pairs are judged by the measure, each as one comparison or as one of many."""

from __future__ import annotations

import numpy as np
import pytest

from measurand.results import Status
from measurand.simulate.answers import CELLS
from measurand.simulate.precision.paired_difference import SIMULATIONS, pairs_of
from measurand.tables import ItemTable


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_every_cell_runs_and_names_what_it_measures(cell):
    outcome = SIMULATIONS["P2"].outcome(cell, 0.95, np.random.default_rng(1))
    on_average = ["coverage", "false_alarm", "power", "coverage", "power", "false_alarm"]
    assert [quantity for quantity, _, _ in outcome] == [
        *("coverage", "false_alarm", "coverage", "power", "false_alarm"),
        *on_average,
    ]
    assert ("false_alarm", "any of 15 pairs told apart", "6 equal models") in outcome


def test_more_models_need_more_to_be_told_apart():
    rng = np.random.default_rng(0)
    scores = (rng.random((6, 100)) < 0.5).astype(float)
    scores[1] = np.where(np.arange(100) < 10, 1.0, scores[0])
    scores[0, :10] = np.where(np.arange(10) < 7, 0.0, 1.0)
    table = ItemTable.of("b", [f"m{place}" for place in range(6)], scores)
    (alone,) = pairs_of(table.only(("m0", "m1")), 0.95)
    among = next(f for f in pairs_of(table, 0.95) if {f.subject["model"], f.subject["other"]} == {"m0", "m1"})
    assert (alone.status, among.status) == (Status.PASSED, Status.CAUTION)
