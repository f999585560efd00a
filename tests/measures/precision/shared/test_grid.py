"""Variants laid over each other."""

from __future__ import annotations

import numpy as np
import polars as pl

from measurand.measures.precision.shared.grid import grids, unit_scale
from measurand.tables import Responses


def together(*parts):
    return Responses(pl.concat([part.frame for part in parts]), parts[0].cluster)


def test_variants_are_laid_over_each_other_by_model_and_item(make_responses):
    first = make_responses([[1, 0, 1], [0, np.nan, 1]], variant="a")
    second = make_responses([[0, 1]], models=["m1"], variant="b")
    (grid,) = grids(together(first, second))
    assert (grid.models, grid.variants, grid.items) == (("m0", "m1"), ("a", "b"), ("q00000", "q00001", "q00002"))
    nan = np.nan
    np.testing.assert_array_equal(grid.scores[0], [[1, 0, 1], [nan, nan, nan]])
    np.testing.assert_array_equal(grid.scores[1], [[0, nan, 1], [0, 1, nan]])
    assert grid.clusters is None
    assert not grid.scaled


def test_runs_are_averaged_and_counted(make_responses):
    (grid,) = grids(make_responses([[[1, 0, 1], [0, 0, np.nan]]]))
    assert grid.variants == ("unnamed",)
    np.testing.assert_allclose(grid.scores[0, 0], [2 / 3, 0])
    np.testing.assert_allclose(grid.within[0, 0], [1 / 3, 0])
    np.testing.assert_array_equal(grid.epochs[0, 0], [3, 2])


def test_items_keep_their_cluster_whatever_number_a_variant_gives_it(make_responses):
    clusters = ["y", "x", "y", "z"]
    first = make_responses([[1, 0, 1, 1]], clusters, variant="a")
    # The second variant has no item of cluster x, so the numbers of its clusters differ.
    second = make_responses([[1, np.nan, 1, 1]], clusters, variant="b")
    (grid,) = grids(together(first, second))
    codes = grid.clusters.tolist()
    assert codes[0] == codes[2]
    assert len(set(codes)) == 3


def test_scores_of_another_range_are_brought_to_the_unit_interval(make_responses):
    (grid,) = grids(make_responses([[[1, 1], [9, 9], [2, 4]]]))
    np.testing.assert_allclose(grid.scores[0, 0], [0, 1, 0.25])
    np.testing.assert_allclose(grid.within[0, 0], [0, 0, 2 / 64])
    assert grid.scaled
    assert unit_scale(np.array([5.0, 5.0])) == (5.0, 1.0)


def test_each_benchmark_has_a_grid_of_its_own(make_responses):
    found = grids(together(make_responses([[1, 0]], benchmark="c"), make_responses([[1, 0]], benchmark="a")))
    assert [grid.benchmark for grid in found] == ["a", "c"]
