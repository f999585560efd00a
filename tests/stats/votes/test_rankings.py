"""Rank intervals, agreement and circles against their definitions."""

from __future__ import annotations

import itertools

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from measurand.stats.votes.rankings import (
    agreement,
    ahead,
    normal_deviate,
    one_order,
    rank_sets,
    ranks,
    t_value,
    triads,
    unanimous_sets,
)

SMALL = hnp.arrays(float, st.tuples(st.integers(1, 4), st.integers(2, 6)), elements=st.sampled_from([0.0, 1.0, 2.5]))


def slow_rank_sets(values, stderr, replicates, level):
    """Step-down over ordered pairs, one at a time."""
    m = len(values)
    left = [(i, j) for i in range(m) for j in range(m) if i != j]
    above = np.zeros((m, m), dtype=bool)
    while left:
        largest = [max(((r[i] - r[j]) - (values[i] - values[j])) / stderr[i, j] for i, j in left) for r in replicates]
        bonferroni = stats.norm.isf((1 - level) / len(left))
        critical = min(np.quantile(largest, level), bonferroni)
        found = [(i, j) for i, j in left if (values[i] - values[j]) / stderr[i, j] > critical]
        if not found:
            break
        for pair in found:
            above[pair] = True
            left.remove(pair)
    return above


@pytest.mark.parametrize("seed", range(5))
def test_rank_sets_equal_the_step_down_pair_by_pair(seed):
    rng = np.random.default_rng(seed)
    values = 2 * rng.standard_normal(6)
    replicates = values + 0.5 * rng.standard_normal((200, 6))
    stderr = 0.5 * np.sqrt(2) * (1 + 0.2 * rng.random((6, 6)))
    stderr = (stderr + stderr.T) / 2
    found = rank_sets(values, stderr, replicates, 0.9)
    above = slow_rank_sets(values, stderr, replicates, 0.9)
    np.testing.assert_array_equal(found.above, above)
    for i in range(6):
        assert found.low[i] == 1 + sum(above[j, i] for j in range(6))
        assert found.high[i] == 6 - sum(above[i, j] for j in range(6))


def test_few_clusters_take_bonferroni_and_the_tail_of_t():
    # Six ordered pairs: t(5) with an upper tail of .05 / 6 is 3.534.
    values, replicates = np.array([3.6, 0.0, 0.0]), np.zeros((100, 3))
    stderr = np.ones((3, 3))
    found = rank_sets(values, stderr, replicates, 0.95, 5.0)
    assert found.above.tolist() == [[False, True, True], [False] * 3, [False] * 3]
    assert not rank_sets(values - [0.1, 0, 0], stderr, replicates, 0.95, 5.0).above.any()
    assert stats.t.isf(0.05 / 6, 5) == pytest.approx(3.534, abs=5e-4)


def test_what_has_no_standard_error_is_never_told_apart():
    values, stderr = np.array([1.0, 0.0, 0.0]), np.array([[0, 0, 0.1], [0, 0, np.nan], [0.1, np.nan, 0]])
    found = rank_sets(values, stderr, values + np.zeros((100, 3)), 0.95)
    assert found.above.tolist() == [[False, False, True], [False] * 3, [False] * 3]
    assert not rank_sets(values, np.zeros((3, 3)), values + np.zeros((100, 3)), 0.95).above.any()


@given(st.integers(0, 10**6), st.permutations(range(5)))
def test_the_order_of_the_models_does_not_matter(seed, order):
    rng = np.random.default_rng(seed)
    values, places = 3 * rng.standard_normal(5), np.array(order)
    replicates = values + rng.standard_normal((99, 5))
    found = rank_sets(values, np.full((5, 5), 1.4), replicates, 0.9)
    moved = rank_sets(values[places], np.full((5, 5), 1.4), replicates[:, places], 0.9)
    np.testing.assert_array_equal(moved.low, found.low[places])
    np.testing.assert_array_equal(moved.high, found.high[places])
    assert (found.low <= ranks(values)).all()
    assert (ranks(values) <= found.high).all()


@given(SMALL)
def test_ranks_count_the_greater(values):
    expected = [[1 + sum(other > value for other in row) for value in row] for row in values]
    np.testing.assert_array_equal(ranks(values), expected)
    np.testing.assert_array_equal(ranks(values[0]), expected[0])


@given(SMALL)
def test_ahead_is_the_share_of_replicates_with_ties_as_half(values):
    m = values.shape[1]
    expected = [
        [np.mean([(row[i] > row[j]) + (row[i] == row[j]) / 2 for row in values]) for j in range(m)] for i in range(m)
    ]
    np.testing.assert_allclose(ahead(values), expected)


def test_agreement_is_kendalls_tau():
    rng = np.random.default_rng(0)
    first, second = rng.standard_normal((2, 5, 9))
    expected = [stats.kendalltau(a, b).statistic for a, b in zip(first, second, strict=True)]
    np.testing.assert_allclose(agreement(first, second), expected)


def slow_triads(wins):
    decided = cyclic = 0
    for three in itertools.combinations(range(len(wins)), 3):
        if all(wins[i, j] != wins[j, i] for i, j in itertools.combinations(three, 2)):
            decided += 1
            beaten = [sum(wins[i, j] > wins[j, i] for j in three) for i in three]
            cyclic += beaten == [1, 1, 1]
    return decided, cyclic


@given(hnp.arrays(float, (6, 6), elements=st.sampled_from([0.0, 1.0, 1.5])))
def test_triads_equal_the_count_three_by_three(wins):
    found = triads(wins)
    assert (found.decided, found.cyclic) == slow_triads(wins)


def test_triads_of_a_published_arena(shared):
    # Own count over all triads of the 59 models, shared/data/README.md.
    table = pl.read_csv(shared / "data/precision/evalica/llmfao.csv")
    models = sorted({*table["left"], *table["right"]})
    wins = np.zeros((len(models), len(models)))
    points = {"left": 1.0, "tie": 0.5, "right": 0.0}
    for left, right, winner in table.select("left", "right", "winner").iter_rows():
        i, j = models.index(left), models.index(right)
        wins[i, j] += points[winner]
        wins[j, i] += 1 - points[winner]
    found = triads(wins)
    assert (found.decided, found.cyclic) == (5249, 510)


@given(st.floats(-8, 8), st.floats(1, 200))
def test_the_normal_deviate_of_t_has_the_same_tail_and_back(t, freedom):
    deviate = float(normal_deviate(np.array(t), freedom))
    assert stats.norm.sf(deviate) == pytest.approx(stats.t.sf(t, freedom), rel=1e-6)
    assert float(t_value(deviate, freedom)) == pytest.approx(t, rel=1e-6, abs=1e-9)
    assert float(t_value(t, np.inf)) == t


@pytest.mark.parametrize("seed", range(20))
def test_one_order_is_the_only_permutation_without_a_vote_against_it(seed):
    rng = np.random.default_rng(seed)
    m = 4
    wins = np.triu(rng.integers(0, 2, (m, m)), k=1)
    if seed % 4 == 0:
        wins[2, 0] = 1
    shuffled = rng.permutation(m)
    wins = wins[np.ix_(shuffled, shuffled)]
    fitting = [p for p in itertools.permutations(range(m)) if not np.tril(wins[np.ix_(p, p)]).any()]
    found = one_order(wins.astype(float))
    assert (None if found is None else tuple(found.tolist())) == (fitting[0] if len(fitting) == 1 else None)


def test_unanimous_sets_are_holms_over_exact_sign_tests_and_carry_on():
    beats = np.array([[0, 1, 1], [0, 0, 1], [0, 0, 0]], dtype=bool)
    trials = np.array([[0, 7, 1], [0, 0, 8], [0, 0, 0]], dtype=float)
    # 2 / 2^8 = .0078 against .05 / 3, 2 / 2^7 = .0156 against .05 / 2, 2 / 2 = 1 against .05; the third pair follows.
    found = unanimous_sets(beats, trials, 0.95)
    assert found.low.tolist() == found.high.tolist() == [1, 2, 3]
    trials[0, 1] = 6
    # .031 is above .025.
    assert unanimous_sets(beats, trials, 0.95).above.tolist() == [[False] * 3, [False, False, True], [False] * 3]
