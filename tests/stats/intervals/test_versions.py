"""Rows, columns and values that changed as a whole, against plain loops."""

from __future__ import annotations

import math

import numpy as np
import pytest

from measurand.stats.intervals.versions import (
    common_factor,
    interchanges,
    moved_rows,
    rounded_alike,
    same_rows,
    share_error,
)


def test_values_are_alike_at_the_decimals_of_the_coarser_column():
    old, new = np.array([70.9, 90.6, np.nan, 0.1]), np.array([70.94, 90.7, 1.0, 0.1])
    assert rounded_alike(old, new).tolist() == [True, False, False, True]
    assert rounded_alike(old[[0]], np.array([70.96])).tolist() == [False]


def test_rows_are_known_again_by_three_telling_values():
    rng = np.random.default_rng(1)
    old = rng.random((6, 5)).round(3)
    new = np.vstack([old[[3, 0]], rng.random((1, 5))])
    gone, came = np.ones(6, dtype=bool), np.array([False, True, True])
    assert same_rows(old, new, gone, came) == [(0, 1)]
    # Values that several rows have tell none of them apart.
    flat = np.ones((6, 5))
    assert same_rows(flat, flat, gone, np.ones(6, dtype=bool)) == []
    few = np.where(np.arange(5) < 2, old, np.nan)
    assert same_rows(few, few, gone, np.ones(6, dtype=bool)) == []


def test_a_factor_is_common_or_none():
    old = np.array([10.0, 20.0, 40.0, 80.0, 0.0])
    assert common_factor(old, old / 100, 4) == pytest.approx(0.01)
    assert common_factor(old, old * 1.2, 4) is None
    assert common_factor(old, old / 100 + np.array([0, 0, 0, 1, 0]), 4) is None
    assert common_factor(-old, old, 4) is None


def test_interchanges_are_pairs_in_each_others_place():
    rng = np.random.default_rng(2)
    old = rng.uniform(0, 100, 30)
    new = old.copy()
    new[[4, 9]] = old[[9, 4]]
    new[20] += 7
    found = list(interchanges(old, new, old != new, np.zeros(30)))
    assert [(each.first, each.second) for each in found] == [(4, 9)]
    # By hand: changed pairs x how often the rest of the column comes as near to either value.
    slack = 0.01 * abs(old[4] - old[9])
    rest = [value for row in range(30) if row not in (4, 9) for value in (old[row], new[row])]
    rates = [(1 + sum(abs(value - at) <= slack for value in rest)) / (1 + len(rest)) for at in (old[4], old[9])]
    assert found[0].chance == pytest.approx(3 * rates[0] * rates[1])


def test_a_share_of_all_or_none_has_an_error_too():
    for right, n in ((0, 10), (10, 10), (3, 10)):
        p = (right + 1) / (n + 2)
        assert share_error(right / n, n) == pytest.approx(math.sqrt(p * (1 - p) / (n + 2)))


def test_rows_in_anothers_place_against_a_loop_over_all_pairs():
    rng = np.random.default_rng(3)
    for _ in range(200):
        rows, columns = rng.integers(3, 7), rng.integers(3, 8)
        old = rng.integers(0, 12, (rows, columns)).astype(float)
        old[rng.random(old.shape) < 0.1] = np.nan
        new = old[rng.permutation(rows)] if rng.random() < 0.5 else old[rng.integers(0, rows, rows)]
        new[rng.random(new.shape) < 0.1] = 99.0
        one = {}
        for row in range(rows):
            fits = []
            for other in range(rows):
                cells = [c for c in range(columns) if not any(map(np.isnan, (new[row, c], old[row, c], old[other, c])))]
                equal = [c for c in cells if new[row, c] == old[other, c]]
                told = [c for c in equal if old[row, c] != old[other, c]]
                if len(told) >= 3 and len(equal) >= 0.8 * len(cells):
                    fits.append((other, len({new[row, c] for c in told})))
            if len(fits) == 1:
                one[row] = fits[0]
        slow = {row: other for row, (other, n) in one.items() if n >= (3 if one.get(other, (None,))[0] == row else 5)}
        assert moved_rows(old, new) == slow
