"""Resampled means: standard errors of paired differences by definition, replicates by spread."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from measurand.stats.items.item_ranks import resampled_means
from measurand.stats.votes.rankings import rank_sets


def drawn(models=4, variants=1, items=30, seed=0):
    return np.random.default_rng(seed).random((models, variants, items))


@pytest.mark.parametrize("clusters", [None, np.arange(30) % 7, np.repeat([4, 9, 2], [5, 10, 15])])
def test_standard_errors_are_those_of_paired_differences(cr2_definition, clusters):
    scores = drawn()
    found = resampled_means(scores, 100, np.random.default_rng(0), clusters=clusters)
    codes = np.arange(30) if clusters is None else clusters
    groups = len(np.unique(codes))
    np.testing.assert_allclose(found.means, scores[:, 0].mean(axis=1))
    for i in range(4):
        for j in range(4):
            if i != j:
                least = 2 * abs(scores[i].mean() - scores[j].mean()) / groups
                variance, df = cr2_definition(scores[i, 0] - scores[j, 0], codes)
                assert found.gap_stderr[i, j] == pytest.approx(max(least, variance**0.5))
                assert found.freedom[i, j] == pytest.approx(df)


def test_without_clusters_it_is_the_paired_t_tests_standard_error():
    scores = drawn(models=2)
    found = resampled_means(scores, 100, np.random.default_rng(0))
    gaps = scores[0, 0] - scores[1, 0]
    assert found.gap_stderr[0, 1] == pytest.approx(gaps.std(ddof=1) / np.sqrt(30))


@pytest.mark.parametrize("clusters", [None, np.arange(60) % 12])
def test_replicates_spread_as_the_standard_errors_say(clusters):
    found = resampled_means(drawn(items=60), 20_000, np.random.default_rng(0), clusters=clusters)
    groups = 60 if clusters is None else 12
    spread = (found.replicates[:, 0] - found.replicates[:, 1]).std()
    # The bootstrap lacks the factor G / (G - 1) of CR1.
    assert spread == pytest.approx(found.gap_stderr[0, 1] * np.sqrt((groups - 1) / groups), rel=0.03)


def test_variants_add_their_own_variance_less_that_of_single_cells():
    rng = np.random.default_rng(3)
    prompt = rng.standard_normal((2, 6, 1))
    scores = prompt + rng.standard_normal((2, 1, 40)) + rng.standard_normal((2, 6, 40))
    found = resampled_means(scores, 200, rng, resample_variants=True)
    gap = scores[0] - scores[1]
    over_items, over_variants = gap.mean(axis=0), gap.mean(axis=1)
    rest = gap - over_items - over_variants[:, None] + gap.mean()
    expected = over_items.var(ddof=1) / 40 + over_variants.var(ddof=1) / 6 - (rest**2).sum() / (39 * 5) / (40 * 6)
    assert found.gap_stderr[0, 1] == pytest.approx(np.sqrt(expected))
    assert found.freedom[0, 1] < 12
    assert found.means.tolist() == pytest.approx(scores.mean(axis=(1, 2)).tolist())


def test_the_part_of_the_variants_is_at_least_that_of_all_pairs_together():
    rng = np.random.default_rng(5)
    scores = rng.standard_normal((5, 4, 1)) + 0.1 * rng.standard_normal((5, 4, 30))
    scores[1] = scores[0] + 0.1 * rng.standard_normal((4, 30))  # a pair that the prompts move alike
    found = resampled_means(scores, 100, rng, resample_variants=True)
    variants = scores.mean(axis=2)
    typical = np.mean([(variants[i] - variants[j]).var(ddof=1) / 4 for i in range(5) for j in range(5) if i != j])
    assert found.gap_stderr[0, 1] == pytest.approx(np.sqrt(typical), rel=0.1)


def test_models_apart_on_every_item_keep_an_interval():
    scores = np.stack([np.ones((1, 20)), np.zeros((1, 20)), np.ones((1, 20))])
    found = resampled_means(scores, 100, np.random.default_rng(0))
    assert found.gap_stderr[0, 1] == pytest.approx(1 / 10)
    assert found.gap_stderr[0, 2] == 0  # equal on every item: nothing to tell apart
    # With five or six that all say the same, the verdict at 95% is that of the exact sign test (p = .0625 and .0313).
    for groups, apart in ((5, False), (6, True)):
        few = resampled_means(scores[:2, :, :groups], 100, np.random.default_rng(0))
        sets = rank_sets(few.means, few.gap_stderr, few.replicates, 0.95, few.freedom)
        assert sets.above[0, 1] == apart


@given(st.integers(0, 10**6), st.permutations(range(4)))
def test_the_order_of_models_and_items_does_not_matter(seed, order):
    scores = drawn(variants=3, items=12, seed=seed)
    clusters = np.arange(12) % 5
    found = resampled_means(scores, 100, np.random.default_rng(0), clusters=clusters, resample_variants=True)
    items = np.random.default_rng(seed).permutation(12)
    moved = resampled_means(
        scores[list(order)][:, :, items],
        100,
        np.random.default_rng(0),
        clusters=clusters[items],
        resample_variants=True,
    )
    np.testing.assert_allclose(moved.gap_stderr, found.gap_stderr[np.ix_(order, order)], atol=1e-9)
    np.testing.assert_allclose(moved.replicates, found.replicates[:, list(order)], atol=1e-9)
