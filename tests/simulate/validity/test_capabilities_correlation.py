"""V1 simulated: verdicts are those of the measure's judge, which here follow from the p-values alone."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from measurand.simulate.capabilities import simulate
from measurand.simulate.validity.capabilities_correlation import CELLS, SIMULATIONS, TRUTHS
from measurand.stats.capability.capabilities import moderated_jackknife
from measurand.stats.intervals.correlation import fisher

SIMULATION = SIMULATIONS["V1"]
USUAL = next(cell for cell in CELLS if cell["models"] == 26 and cell["family_share"] == 0.3)


@pytest.mark.parametrize("seed", range(6))
def test_verdicts_are_what_the_tests_say_once_all_benchmarks_count(seed):
    outcome = SIMULATION.outcome(USUAL, 0.95, np.random.default_rng(seed))
    rho = np.repeat(TRUTHS, 6)
    drawn = simulate(26, 8, tuple(rho), 0.3, np.random.default_rng(seed))
    found, _ = moderated_jackknife(drawn.capability, drawn.tested, drawn.families)
    entangled, inverse = found.rho >= 0.5, found.rho <= -0.5
    between = np.maximum(found.p_above(-0.5), found.p_below(0.5))
    p_values = np.where(entangled, found.p_above(0.5), np.where(inverse, found.p_below(-0.5), between))
    claim = np.where(entangled, "entangled", np.where(inverse, "inverse", "disentangled"))
    for by, p in ((", alone", p_values), (", among all", stats.false_discovery_control(p_values))):
        verdict = np.where(p <= 0.05, claim, "undecided")
        expected = {
            ("false_alarm", "entangled or inverse", "rho 0"): np.isin(verdict, ["entangled", "inverse"])[rho == 0],
            ("false_alarm", "entangled", "rho 0.3"): (verdict == "entangled")[rho == 0.3],
            ("false_alarm", "entangled", "rho 0.5, the bound"): (verdict == "entangled")[rho == 0.5],
            ("false_alarm", "disentangled", "rho 0.5, the bound"): (verdict == "disentangled")[rho == 0.5],
            ("power", "entangled", "rho 0.9"): (verdict == "entangled")[rho == 0.9],
            ("power", "disentangled", "rho 0"): (verdict == "disentangled")[rho == 0],
        }
        for (quantity, what, truth), happened in expected.items():
            assert outcome[quantity, what + by, truth][0] == happened.mean(), (what, by)
    low, high = found.limits(0.95)
    hit = (low <= rho) & (rho <= high)
    of_bound = rho == 0.68
    covered = outcome["coverage", "default interval", "rho 0.68"]
    assert covered == pytest.approx((hit[of_bound].mean(), (high - low)[of_bound].mean()))
    # No interval says that models in families tell more than independent ones would.
    assert (high - low >= np.ptp(fisher(found.rho, found.n, 0.95), axis=0)).all()


def test_cells_draw_what_users_have():
    assert {cell["family_share"] for cell in CELLS} == {0.0, 0.3, 0.6}
    for name, values in {"skew": {1.0, 2.0}, "tails": {0, 3}, "ceiling": {0.0, 0.3}, "missing": {0.0, 0.3}}.items():
        assert {cell[name] for cell in CELLS} == values
    assert {cell["families_known"] for cell in CELLS} == {0, 1}


@pytest.mark.parametrize("cell", CELLS[9:], ids=str)
def test_every_departure_yields_rates(cell):
    outcome = SIMULATION.outcome(cell, 0.95, np.random.default_rng(0))
    assert all(np.isfinite(hit) and 0 <= hit <= 1 for hit, _ in outcome.values())
    # Bootstraps are compared in the usual regime alone.
    assert any("bootstrap" in what for _, what, _ in outcome) == (cell["benchmarks"] == 5)
