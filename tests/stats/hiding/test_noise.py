"""Choosing a noised copy on some items and confirming it on others, against slow definitions and plain luck."""

from __future__ import annotations

import numpy as np
import pytest

from measurand.stats.hiding.noise import held_out, phi, phi_by_luck


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
