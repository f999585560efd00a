"""V6 simulated: the benchmark on the bound has the correlation with compute that it is said to have."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr

from measurand.simulate.capabilities import simulate
from measurand.simulate.validity.training_compute import RHO_COMPUTE, SIMULATIONS, with_score

SIMULATION = SIMULATIONS["V6"]


@pytest.mark.parametrize("wanted", [0.3, 0.5])
def test_a_benchmark_correlates_with_compute_as_it_is_said_to(wanted):
    reliability = simulate(10, 2, (0.0,), 0.0, np.random.default_rng(0)).reliability
    truths = (RHO_COMPUTE, with_score(wanted, reliability))
    drawn = simulate(40_000, 40_000, truths, 0.0, np.random.default_rng(1))
    # Monte Carlo standard error at 40,000 models is near .004.
    assert spearmanr(drawn.tested).statistic == pytest.approx(wanted, abs=0.015)


def test_verdicts_err_seldom():
    runs = [SIMULATION.outcome(SIMULATION.cells[-2], 0.95, np.random.default_rng([6, i])) for i in range(200)]
    rate = {key: np.mean([run[key][0] for run in runs]) for key in runs[0]}
    bound = "rho 0.5 with compute, the bound"
    # On the bound each of the two verdicts is wrong in at most 5% of studies; three Monte Carlo standard errors.
    for what in ("rises or falls with compute", "compute does not move it"):
        assert rate["false_alarm", what, bound] <= 0.05 + 3 * 0.015
    assert rate["false_alarm", "rises or falls with compute", "rho 0 with compute"] == 0
    assert rate["power", "compute does not move it", "rho 0 with compute"] > 0.8
