"""Simulated answers have the mean scores they should, and items of a cluster share what they should."""

from __future__ import annotations

import numpy as np
import pytest

from measurand.simulate.answers import (
    SHARED,
    SIZE_SPREAD,
    answer_grid,
    answers,
    expected_score,
    item_clusters,
    shared_normals,
    variant_score,
)


@pytest.mark.parametrize("clusters", [0, 2000])
def test_scores_over_many_items_are_those_expected(clusters):
    table = answers((1.0, 3.5), 60_000, clusters, SHARED, np.random.default_rng(0))
    expected = [expected_score(ability, clusters, SHARED) for ability in (1.0, 3.5)]
    np.testing.assert_allclose(table.scores.mean(axis=1), expected, atol=0.015)


@pytest.mark.parametrize("shared", [0.0, SHARED])
def test_variants_over_many_items_have_the_scores_expected(shared):
    shifts = np.array([[0.0, -0.5], [0.5, 1.0]])
    of_item = np.arange(40_000) % 2000 if shared else np.arange(40_000)
    grid = answer_grid(shifts, of_item, shared, np.random.default_rng(1))
    np.testing.assert_allclose(grid.scores.mean(axis=2), variant_score(shifts), atol=0.015)
    assert (grid.models, grid.variants) == (("m0", "m1"), ("v0", "v1"))
    assert (grid.clusters is None) == (shared == 0)


def test_items_of_a_cluster_share_their_part_of_the_variance():
    of_item = np.array([0, 1, 2, 0, 1, 2])
    drawn = shared_normals((50_000,), of_item, SHARED, np.random.default_rng(2))
    expected = np.eye(6) + SHARED * ((of_item[:, None] == of_item) - np.eye(6))
    np.testing.assert_allclose(np.cov(drawn.T), expected, atol=0.03)


def test_sizes_of_clusters_are_as_unequal_as_they_are_said_to_be():
    """Shares are log-normal with `SIZE_SPREAD`: with very many items the log of the sizes has that spread."""
    rng = np.random.default_rng(3)
    sizes = np.bincount(item_clusters(4_000_000, 2000, rng))
    assert sizes.sum() == 4_000_000
    assert np.log(sizes).std() == pytest.approx(SIZE_SPREAD, abs=0.06)
    assert np.bincount(item_clusters(30, 20, rng)).min() >= 1
    assert item_clusters(5, 0, rng).tolist() == [0, 1, 2, 3, 4]
