"""Adjusted p-values and letters against statsmodels and their definition."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from measurand.stats.intervals.multiplicity import (
    benjamini_hochberg,
    benjamini_hochberg_bound,
    holm,
    letters,
)

P_VALUES = hnp.arrays(np.float64, st.integers(1, 15), elements=st.floats(0, 1))


# Each call of theirs has Python collect its garbage, which takes long in a large process.
@settings(max_examples=25)
@given(p=P_VALUES)
def test_statsmodels_gives_the_same(p):
    multitest = pytest.importorskip("statsmodels.stats.multitest")
    for ours, method in ((holm, "holm"), (benjamini_hochberg, "fdr_bh")):
        np.testing.assert_allclose(ours(p), multitest.multipletests(p, method=method)[1], atol=1e-12)


@given(p=P_VALUES, seed=st.integers(0, 99))
def test_order_changes_nothing_and_what_is_undefined_does_not_count(p, seed):
    order = np.random.default_rng(seed).permutation(len(p))
    for adjust in (holm, benjamini_hochberg):
        np.testing.assert_allclose(adjust(p[order]), adjust(p)[order])
        with_gap = adjust(np.append(p, np.nan))
        np.testing.assert_allclose(with_gap[:-1], adjust(p))
        assert np.isnan(with_gap[-1])


@given(n=st.integers(0, 8), seed=st.integers(0, 999), share=st.floats(0, 1))
def test_two_rows_share_a_letter_exactly_if_they_cannot_be_told_apart(n, seed, share):
    upper = np.triu(np.random.default_rng(seed).random((n, n)) < share, 1)
    apart = upper | upper.T
    shown = letters(apart)
    assert all(shown)
    for i, j in combinations(range(n), 2):
        assert bool(set(shown[i]) & set(shown[j])) != apart[i, j]


def test_all_apart_and_none_apart():
    assert letters(~np.eye(3, dtype=bool)) == ["a", "b", "c"]
    assert letters(np.zeros((3, 3), dtype=bool)) == ["a", "a", "a"]


def test_more_groups_than_letters_are_numbered():
    shown = letters(~np.eye(60, dtype=bool))
    assert shown[0] == "a"
    assert shown[52] == "a1"
    assert len(set(shown)) == 60


@given(p=P_VALUES, alpha=st.floats(0.01, 0.5))
def test_the_bound_lets_through_what_adjusted_p_values_do(p, alpha):
    passed = p <= benjamini_hochberg_bound(p[p <= alpha], alpha, len(p))
    adjusted = benjamini_hochberg(p)
    clear = np.abs(adjusted - alpha) > 1e-12
    np.testing.assert_array_equal(passed[clear], (adjusted <= alpha)[clear])


@given(edges=st.lists(st.booleans(), min_size=28, max_size=28))
def test_letters_are_the_groups_that_inserting_and_absorbing_leaves(edges):
    """The algorithm of Piepho 2004, step by step: split each group that holds a pair told apart, drop subsets."""
    apart = np.zeros((8, 8), dtype=bool)
    apart[np.triu_indices(8, 1)] = edges
    groups = [frozenset(range(8))]
    for i, j in np.argwhere(apart).tolist():
        split = [group for group in groups if {i, j} <= group]
        groups = [group for group in groups if group not in split] + [g - {out} for g in split for out in (i, j)]
        groups = [g for g in set(groups) if not any(g < other for other in groups)]
    groups.sort(key=sorted)
    expected = ["".join("abcdefghijklmnopqrstuvwxyz"[k] for k, g in enumerate(groups) if i in g) for i in range(8)]
    assert letters(apart | apart.T) == expected
