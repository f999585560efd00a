"""Betting limits against a slow definition, their coverage where t intervals fail, and when they are used."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from measurand.stats.intervals.binomial import clopper_pearson
from measurand.stats.intervals.bounded import betting_limits, few_and_extreme

UNIT = st.lists(st.floats(0, 1), min_size=1, max_size=20)


def slow_limits(scores, level):
    """Every mean on a grid, every gambler and every score in a loop; the means that neither side's bets refute."""
    kept = []
    for m in np.linspace(0.0005, 0.9995, 1000):
        sides = []
        for values, mean in ((scores, m), ([1 - x for x in scores], 1 - m)):
            capitals = []
            for gambler in range(40):
                stake, capital = (gambler + 0.5) / 40, 1.0
                for x in values:
                    capital *= 1 + stake / mean * (x - mean)
                capitals.append(capital)
            sides.append(sum(capitals) / 40 < 2 / (1 - level))
        if all(sides):
            kept.append(m)
    return min(kept), max(kept)


@pytest.mark.parametrize("seed", range(3))
def test_limits_are_those_of_the_definition(seed):
    scores = np.random.default_rng(seed).beta(4, 1 + seed, 12)
    found = betting_limits(scores, 0.9)
    assert found[1:] == pytest.approx(slow_limits(scores.tolist(), 0.9), abs=0.001)
    assert found.value == pytest.approx(scores.mean())


@given(UNIT)
def test_order_turning_round_and_scale_change_nothing_but_the_scale(scores):
    values = np.array(scores)
    one = betting_limits(values, 0.95)
    assert 0 <= one.low <= one.value <= one.high <= 1
    assert betting_limits(values[::-1], 0.95) == pytest.approx(one, abs=1e-9)
    turned = betting_limits(1 - values, 0.95)
    assert (1 - turned.high, 1 - turned.low) == pytest.approx(one[1:], abs=1e-9)
    assert betting_limits(1 + 4 * values, 0.95, low=1.0, high=5.0) == pytest.approx([1 + 4 * end for end in one])


def test_scores_all_at_an_end_are_bounded_nearly_as_exactly_as_counts():
    found = betting_limits(np.ones(20), 0.95)
    exact = float(clopper_pearson(20, 20, 0.95)[0])
    assert (found.value, found.high) == (1, pytest.approx(1))
    assert exact - 0.07 < found.low <= exact


def test_coverage_holds_where_a_t_interval_fails():
    """Nine scores in ten perfect, the rest uniform: mean .95, 20 items. 1,000 samples: 1.000 against .767 of t."""
    held, by_t = [], []
    for seed in range(300):
        rng = np.random.default_rng([1, seed])
        scores = np.where(rng.random(20) < 0.9, 1.0, rng.random(20))
        found = betting_limits(scores, 0.95)
        held.append(found.low <= 0.95 <= found.high)
        half = stats.t.ppf(0.975, 19) * scores.std(ddof=1) / np.sqrt(20)
        by_t.append(0 < half >= abs(scores.mean() - 0.95))
    assert np.mean(held) >= 0.95
    assert np.mean(by_t) < 0.87


def test_few_scores_near_an_end_take_them_and_counts_or_many_do_not():
    rng = np.random.default_rng(0)
    near = rng.beta(19, 1, 49)
    assert few_and_extreme(near)
    assert few_and_extreme(1 - near)
    assert few_and_extreme(1 + 4 * near, low=1.0, high=5.0)
    assert not few_and_extreme(rng.beta(19, 1, 50))
    assert not few_and_extreme(rng.beta(2, 2, 20))
    assert not few_and_extreme(np.repeat([1.0, 0.0], [19, 1]))
    assert not few_and_extreme(np.empty(0))
