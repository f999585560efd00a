"""Choosing a noised copy on some items and confirming it on others, against slow definitions and plain luck."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from measurand.stats.noise import gain_limits, held_out, phi, phi_by_luck
from measurand.stats.paired import bonett_price, paired_differences


def test_every_item_is_scored_by_the_copy_that_the_other_half_chose():
    rng = np.random.default_rng(0)
    copies = rng.integers(0, 2, (7, 60)).astype(float)
    clusters = np.arange(60) % 12
    found = held_out(copies, clusters, 8, np.random.default_rng(1))
    again = np.random.default_rng(1)
    order = np.argsort(again.random((8, 12)), axis=1)
    extra = again.integers(0, 2, (8, 1))
    chosen = np.zeros(7, dtype=int)
    for split in range(8):
        halves = [[], []]
        for item in range(60):
            halves[int(order[split, clusters[item]] >= (12 + extra[split, 0]) // 2)].append(item)
        for choosing, confirming in (halves, halves[::-1]):
            totals = [sum(copies[copy, item] for item in choosing) for copy in range(7)]
            best = totals.index(max(totals))
            chosen[best] += 1
            assert [found.scores[split, item] for item in confirming] == [copies[best, item] for item in confirming]
    assert found.chosen.tolist() == chosen.tolist()


@given(st.integers(2, 40), st.integers(0, 2**32 - 1))
def test_the_gain_is_the_paired_difference_with_one_more_discordant_item_each_way(items, seed):
    rng = np.random.default_rng(seed)
    scores, base = rng.integers(0, 2, (2, items)).astype(float)
    found = gain_limits(scores[None], base, None, 0.95)
    pair = paired_differences(np.stack([scores, base]))
    assert found.value == pytest.approx(pair.value[0])
    assert found.stderr**2 == pytest.approx(pair.stderr[0] ** 2 + 2 / (items + 2) ** 2)
    assert found.low <= found.value <= found.high
    assert found.high - found.low > 0


def test_the_interval_is_near_that_of_bonett_and_price_for_counts():
    scores, base = np.zeros((2, 200))
    scores[:40] = 1
    base[30:60] = 1
    found = gain_limits(scores[None], base, None, 0.95)
    low, high = bonett_price(30, 20, 200, 0.95)
    assert (found.low, found.high) == pytest.approx((float(low), float(high)), abs=0.004)


def test_a_mean_over_splits_has_the_standard_error_of_one():
    rng = np.random.default_rng(2)
    scores, base = rng.integers(0, 2, (5, 80)).astype(float), rng.integers(0, 2, 80).astype(float)
    clusters = np.arange(80) // 4
    each = [gain_limits(row[None], base, clusters, 0.9) for row in scores]
    found = gain_limits(scores, base, clusters, 0.9)
    assert found.value == pytest.approx(np.mean([one.value for one in each]))
    assert found.stderr**2 == pytest.approx(np.mean([one.stderr**2 for one in each]))
    assert found.groups == 20


def test_phi_of_luck_is_that_of_copies_drawn_one_by_one():
    rng = np.random.default_rng(3)
    items, copies, rate = 100, 500, 0.25
    slow = []
    for _ in range(2000):
        base = (rng.random(items) < rate).astype(float)
        counts = rng.binomial(items, rate, copies)
        slow.append(counts.max() / items / base.mean())
    fast = phi_by_luck(rate, items, copies, 2000, rng)
    assert np.quantile(fast, [0.1, 0.5, 0.9]) == pytest.approx(np.quantile(slow, [0.1, 0.5, 0.9]), rel=0.05)


def test_phi_is_a_maximum_and_infinite_where_nothing_was_right():
    copies = np.array([[1.0, 0.0, 0.0], [1.0, 1.0, 0.0]])
    assert phi(copies, np.array([1.0, 0.0, 0.0])) == pytest.approx(2.0)
    assert phi(copies, np.zeros(3)) == np.inf
    assert np.isinf(phi_by_luck(0.0, 50, 10, 20, np.random.default_rng(0))).all()
