"""The simulated studies of P5: bounds are the measure's, and a tester who stops at will misuses one of them."""

from __future__ import annotations

import numpy as np
import pytest

from measurand.simulate.precision.rarity import CELLS, SIMULATIONS, _judged
from measurand.stats.intervals.binomial import exact_upper
from measurand.stats.intervals.sequential import anytime_upper


def test_looks_are_judged_one_by_one():
    looks = [(0, 100), (1, 400), (2, 3000)]
    for stopped, bound in ((False, lambda k, n: float(exact_upper(k, n, 0.95))), (True, None)):
        for (k, n), found in zip(looks, _judged(looks, 0.01, 0.95, stopped), strict=True):
            upper = bound(k, n) if bound else anytime_upper(k, n, 1 - 0.95)
            assert found.estimate("failure_rate").high == pytest.approx(upper)
            assert (found.status.value == "passed") == (upper < 0.01)


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_every_cell_counts_coverage_and_claims(cell):
    outcome = SIMULATIONS["P5"].outcome(cell, 0.95, np.random.default_rng(1))
    assert [quantity for quantity, _, _ in outcome] == ["coverage", "coverage", "false_alarm", "false_alarm"]
    assert {truth for _, _, truth in outcome} == {f"rate {cell['rate']:g}", f"rate {cell['rate']:g}, not rarer"}
