"""V5 simulated: what is counted, and that classes too small are not halved."""

from __future__ import annotations

import numpy as np
import pytest

from measurand.simulate.validity.where_it_holds import SIMULATIONS

SIMULATION = SIMULATIONS["V5"]


@pytest.mark.parametrize("seed", range(3))
def test_every_comparison_is_counted_once(seed):
    outcome = SIMULATION.outcome(SIMULATION.cells[3], 0.95, np.random.default_rng(seed))
    told = {key for key in outcome if key[0] != "coverage"}
    assert told == {
        ("false_alarm", "classes differ", "none of 38 benchmarks does"),
        ("false_alarm", "classes differ", "0.2 apart, the bound"),
        ("power", "classes differ", "0.6 apart"),
        ("false_alarm", "halves differ", "none of 38 benchmarks does"),
    }
    assert {key[1:] for key in outcome if key[0] == "coverage"} == {
        (f"difference between {between}", f"rho {rho:g} in both")
        for between in ("classes", "halves")
        for rho in (0.0, 0.68)
    }


def test_a_large_difference_is_found_more_often_than_one_at_the_bound_or_none():
    cell = {"models": 60, "families": 20, "family_share": 0.0, "benchmarks": 10}
    runs = [SIMULATION.outcome(cell, 0.95, np.random.default_rng([5, i])) for i in range(20)]
    rate = {key: np.mean([run[key][0] for run in runs]) for key in runs[0]}
    bound = rate["false_alarm", "classes differ", "0.2 apart, the bound"]
    assert rate["power", "classes differ", "0.6 apart"] > bound
    # .05 is the aim: three Monte Carlo standard errors at 20 runs.
    assert rate["false_alarm", "classes differ", "none of 8 benchmarks does"] <= 0.05 + 3 * 0.05


def test_twelve_models_are_too_few_to_be_halved():
    outcome = SIMULATION.outcome(SIMULATION.cells[0], 0.95, np.random.default_rng(0))
    assert not any("halves" in what for _, what, _ in outcome)
