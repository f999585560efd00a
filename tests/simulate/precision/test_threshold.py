"""The simulated studies of P4: both sides are judged by the measure."""

from __future__ import annotations

import numpy as np
import pytest

from measurand.simulate.answers import CELLS
from measurand.simulate.precision.threshold import SIMULATIONS


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_every_cell_counts_both_sides_and_the_better_model(cell):
    outcome = SIMULATIONS["P4"].outcome(cell, 0.95, np.random.default_rng(1))
    assert [(quantity, what) for quantity, what, _ in outcome] == [
        ("false_alarm", "shown to be above"),
        ("power", "shown to be above"),
        ("false_alarm", "shown to be below"),
    ]


def test_a_model_well_above_is_shown_to_be_and_never_below():
    cell = {"items": 1000, "clusters": 0}
    runs = [SIMULATIONS["P4"].outcome(cell, 0.95, np.random.default_rng([3, run])) for run in range(20)]
    (key,) = (key for key in runs[0] if key[0] == "power")
    assert np.mean([run[key][0] for run in runs]) > 0.9
    assert np.mean([run["false_alarm", "shown to be below", "at the threshold"][0] for run in runs]) <= 0.2
