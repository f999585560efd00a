"""The simulated arena has the truth it says it has, and the measured rates are near their targets."""

from __future__ import annotations

import numpy as np
import pytest

from measurand.simulate.precision.arena import PLANTED, SIMULATIONS, arena

SIMULATION = SIMULATIONS["P10"]


@pytest.mark.parametrize("cell", SIMULATION.cells, ids=str)
def test_every_cell_runs_and_names_what_it_measures(cell):
    outcome = SIMULATION.outcome(cell, 0.95, np.random.default_rng(1))
    quantities = {quantity for quantity, _, _ in outcome}
    assert quantities == ({"coverage", "false_alarm", "power"} if cell["spread"] else {"coverage", "false_alarm"})


def test_an_arena_that_cannot_be_ranked_counts_for_nothing():
    assert arena(8, 9, 0, 0, 0.0, 3.0, level=0.95, rng=np.random.default_rng(0)) == {}


def test_the_planted_difference_is_odds_of_two_to_one():
    assert np.exp(PLANTED) == pytest.approx(2)


@pytest.mark.slow
@pytest.mark.parametrize(("voters", "votes"), [(0, 1000), (15, 1500)])
def test_rates_are_near_their_targets(voters, votes):
    runs = [arena(10, votes, voters, 0, 0.0, 0.0, level=0.95, rng=np.random.default_rng([7, i])) for i in range(120)]

    def rate(*key):
        return np.mean([run[key][0] for run in runs])

    # Four Monte Carlo standard errors at 120 runs.
    assert rate("coverage", "strength of one model", "all equal") == pytest.approx(0.95, abs=0.08)
    assert rate("coverage", "all rank intervals together", "all equal") > 0.95 - 0.08
    assert rate("false_alarm", "some pair told apart wrongly", "all equal") < 0.05 + 0.08
    assert rate("false_alarm", "more circles than chance", "all equal") < 0.05 + 0.08
