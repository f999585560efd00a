"""Every cell of every simulation of validity yields what is published of it, and is counted by the measure's judge."""

from __future__ import annotations

import importlib
import pkgutil

import numpy as np
import pytest

import measurand.simulate.validity
from measurand.calibration import load

SIMULATIONS = {
    code: simulation
    for info in pkgutil.iter_modules(measurand.simulate.validity.__path__, "measurand.simulate.validity.")
    for code, simulation in importlib.import_module(info.name).SIMULATIONS.items()
}
CASES = [(code, cell) for code, simulation in SIMULATIONS.items() for cell in simulation.cells[::5]]


@pytest.mark.parametrize(("code", "cell"), CASES, ids=str)
def test_a_study_yields_every_rate_that_is_published(code, cell):
    outcome = SIMULATIONS[code].outcome(cell, 0.95, np.random.default_rng(1))
    published = {(rate.quantity, rate.what, rate.truth) for rate in load() if rate.code == code and rate.study == cell}
    assert published <= set(outcome)
    assert {quantity for quantity, _, _ in outcome} & {"false_alarm", "power"}
    for (quantity, _, _), (happened, width) in outcome.items():
        # V1 counts the share of a study's many benchmarks.
        assert happened in (0.0, 1.0) or np.isnan(happened) or (code == "V1" and 0 < happened < 1)
        assert np.isnan(width) or (quantity == "coverage" and width >= 0)


@pytest.mark.parametrize(("code", "cell"), CASES, ids=str)
def test_the_same_seed_yields_the_same(code, cell):
    one, other = (SIMULATIONS[code].outcome(cell, 0.95, np.random.default_rng(2)) for _ in range(2))
    assert set(one) == set(other)
    for key, values in one.items():
        np.testing.assert_array_equal(values, other[key])
