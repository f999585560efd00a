"""Plans against exact enumeration, published power and their own inverse."""

from __future__ import annotations

import csv
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from measurand.stats.intervals.binomial import proportion_limits
from measurand.stats.intervals.planning import (
    PairedDesign,
    items_for_half_width,
    mcnemar_power,
    models_for_correlation,
    units_for_half_width,
)

DESIGNS = st.builds(
    PairedDesign,
    between=st.floats(0.01, 1),
    within_first=st.floats(0, 0.25),
    within_second=st.floats(0, 0.25),
    design_effect=st.floats(0.5, 5),
    counts=st.booleans(),
    per_cluster=st.sampled_from([0.0, 10.0]),
)


def test_the_published_formula():
    """Miller 2024, section 5: n = (z_{a/2} + z_b)^2 (w^2 + s_A^2 / K + s_B^2 / K) / d^2."""
    design = PairedDesign(between=1 / 9, within_first=1 / 6, within_second=1 / 6)
    for epochs in (1, 2, 10):
        n = (1.959964 + 0.841621) ** 2 * (1 / 9 + 2 / 6 / epochs) / 0.03**2
        assert design.items(effect=0.03, power=0.8, epochs=epochs) == math.ceil(n)


@given(design=DESIGNS, effect=st.floats(0.01, 0.3), power=st.sampled_from([0.8, 0.9]), epochs=st.sampled_from([1, 4]))
def test_items_effect_and_power_are_inverses(design, effect, power, epochs):
    n = design.items(effect=effect, power=power, epochs=epochs)
    assert design.smallest_effect(items=n, power=power, epochs=epochs) <= effect * 1.001
    if not design.per_cluster:
        assert design.power(effect=effect, items=n, epochs=epochs) >= power - 1e-6
    if n > 50:
        assert design.smallest_effect(items=0.95 * n, power=power, epochs=epochs) > effect * 0.999


def test_epochs_cannot_remove_what_items_differ_by():
    design = PairedDesign(between=0.1, within_first=0.2, within_second=0.2)
    assert design.items(effect=0.05, power=0.8, epochs=10**9) == PairedDesign(between=0.1).items(effect=0.05, power=0.8)


def slow_mcnemar(p01: float, p10: float, n: int, alpha: float = 0.05) -> tuple[float, float, float]:
    """Every outcome of n items, one by one."""
    right = wrong = size = 0.0
    for b in range(n + 1):
        for c in range(n + 1 - b):
            probability = math.comb(n, b) * math.comb(n - b, c) * p01**b * p10**c * (1 - p01 - p10) ** (n - b - c)
            p_value = min(1.0, 2 * sum(math.comb(b + c, i) for i in range(min(b, c) + 1)) / 2 ** (b + c))
            if p_value <= alpha:
                right += probability * (np.sign(b - c) == np.sign(p01 - p10))
                wrong += probability * (np.sign(b - c) == -np.sign(p01 - p10))
                size += probability * abs(b - c) / n
    return right, size / (right + wrong) / abs(p01 - p10), wrong / (right + wrong)


@pytest.mark.parametrize(("p01", "p10", "n"), [(0.3, 0.1, 25), (0.05, 0.2, 30), (0.2, 0.15, 20)])
def test_mcnemar_power_is_the_sum_over_every_outcome(p01, p10, n):
    found = mcnemar_power(p01, p10, n)
    np.testing.assert_allclose(
        (found.power, found.exaggeration, found.wrong_sign), slow_mcnemar(p01, p10, n), rtol=1e-6
    )


def test_published_mcnemar_power(shared):
    """Card et al. 2020's cases by exact enumeration: case data README."""
    with open(shared / "data/precision/card_power/expected.csv", newline="") as file:
        for row in csv.DictReader(file):
            found = mcnemar_power(float(row["p01"]), float(row["p10"]), int(row["n"]))
            assert found.power == pytest.approx(float(row["power"]), abs=1e-5)
            if row["type_m"]:
                assert found.exaggeration == pytest.approx(float(row["type_m"]), abs=1e-5)
                assert found.wrong_sign == pytest.approx(float(row["type_s"]), rel=0.01)


@pytest.mark.parametrize(("effect", "agreement"), [(0.05, 0.8), (0.1, 0.7), (0.03, 0.9)])
def test_planned_items_have_the_power_by_enumeration(effect, agreement):
    apart = 1 - agreement
    design = PairedDesign(between=apart - effect**2, counts=True)
    n = design.items(effect=effect, power=0.8)
    assert mcnemar_power((apart + effect) / 2, (apart - effect) / 2, n).power == pytest.approx(0.8, abs=0.02)


@given(rate=st.floats(0, 1), half=st.floats(0.01, 0.2))
def test_items_for_a_half_width_are_the_fewest(rate, half):
    n = items_for_half_width(rate, half, 0.95)

    def width(size):
        low, high = proportion_limits(rate * size, size, 0.95)
        return high - low

    assert width(n) <= 2 * half
    if n > 40:  # below 30 the exact interval takes over, which is wider: there the width falls in two branches
        assert width(n - 1) > 2 * half or n <= 31


@given(deviation=st.floats(0.05, 3), half=st.floats(0.02, 0.5))
def test_units_for_a_half_width_reach_it(deviation, half):
    n = units_for_half_width(deviation, half, 0.95)
    assert stats.t.ppf(0.975, n - 1) * deviation / math.sqrt(n) <= half
    assert n >= 2


def test_models_for_a_correlation_have_the_power_on_fishers_scale():
    n = models_for_correlation(0.8, 0.5, power=0.8)
    stderr = math.sqrt((1 + 0.8**2 / 2) / (n - 3))
    assert stats.norm.sf(1.959964 - (math.atanh(0.8) - math.atanh(0.5)) / stderr) == pytest.approx(0.8, abs=0.01)


def test_nothing_discordant_has_no_power():
    found = mcnemar_power(0.0, 0.0, 20)
    assert found.power == 0.0
    assert math.isnan(found.exaggeration)
