"""Simulated corpora: nothing is found where nothing leaked, and leaks are."""

from __future__ import annotations

import numpy as np
import pytest

from measurand.simulate.gaming.overlap import SIMULATIONS


@pytest.mark.slow
@pytest.mark.parametrize("cell", SIMULATIONS["G6"].cells, ids=str)
def test_false_alarms_are_rare_and_copies_are_found(cell):
    rng = np.random.default_rng(3)
    runs = [SIMULATIONS["G6"].outcome(cell, 0.95, rng) for _ in range(25)]
    rates = {key: np.mean([run[key][0] for run in runs]) for key in runs[0]}
    assert rates["false_alarm", "verdict of an issue", "nothing leaked"] == 0
    assert rates["false_alarm", "an item said to be copied or nearly so", "nothing leaked"] <= 0.1
    assert rates["power", "a leaked item found", "copied word for word"] == 1
    if cell["words"] >= 30:
        assert rates["power", "a leaked item found", "1 word in 10 replaced"] > 0.8
