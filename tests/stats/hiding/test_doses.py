"""The slope within items against least squares with a level per item, and its parts as what a mean is made of."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from measurand.stats.hiding.doses import slope_parts
from measurand.stats.intervals.clustered import cluster_sums


def fixed_effects(scores, doses):
    """Least squares of every score on the dose and an indicator of its item, written out."""
    rows = [
        (doses[k], j, scores[k, j])
        for j in range(scores.shape[1])
        for k in range(len(doses))
        if np.isfinite(scores[k, j])
    ]
    design = np.zeros((len(rows), 1 + scores.shape[1]))
    for place, (dose, item, _) in enumerate(rows):
        design[place, 0], design[place, 1 + item] = dose, 1.0
    return np.linalg.lstsq(design, np.array([score for *_, score in rows]), rcond=None)[0][0]


def drawn(seed, items, missing):
    rng = np.random.default_rng(seed)
    doses = np.array([-2.0, -1.0, 0.0, 1.5])
    scores = np.clip(rng.normal(0.5, 0.3, items) + 0.1 * doses[:, None] + rng.normal(0, 0.2, (4, items)), 0, 1)
    return np.where(rng.random(scores.shape) < missing, np.nan, scores), doses


@given(st.integers(0, 200), st.integers(2, 30), st.sampled_from([0.0, 0.3, 0.6]))
def test_the_mean_of_the_parts_is_the_slope_of_least_squares_with_a_level_per_item(seed, items, missing):
    scores, doses = drawn(seed, items, missing)
    parts = slope_parts(scores, doses)
    ran = np.isfinite(scores).sum(axis=0)
    assert np.array_equal(np.isfinite(parts), ran > 1)
    if (ran > 1).any():
        assert np.nanmean(parts) == pytest.approx(fixed_effects(scores, doses), abs=1e-9)


def test_with_every_dose_run_a_part_is_the_items_own_slope():
    scores, doses = drawn(3, 12, 0.0)
    own = [np.polyfit(doses, scores[:, j], 1)[0] for j in range(12)]
    assert slope_parts(scores, doses) == pytest.approx(np.array(own))


def test_two_doses_one_apart_are_the_difference():
    scores = np.array([[0.0, 1.0, np.nan, 0.5], [1.0, 1.0, 1.0, 0.0]])
    assert slope_parts(scores, np.array([0.0, 1.0])) == pytest.approx([1.0, 0.0, np.nan, -0.5], nan_ok=True)


def test_the_standard_error_is_that_of_cluster_robust_fixed_effects():
    scores, doses = drawn(5, 60, 0.2)
    clusters = np.random.default_rng(1).integers(0, 9, 60)
    found = cluster_sums(slope_parts(scores, doses)[None], clusters).means()
    # By hand: the sandwich of the within estimator, CR1 with G / (G - 1), over the clusters that have an item.
    run = np.isfinite(scores)
    slope = fixed_effects(scores, doses)
    centre = np.array([doses[run[:, j]].mean() if run[:, j].any() else 0.0 for j in range(60)])
    level = np.nan_to_num(np.nanmean(scores, axis=0))
    moved = np.where(run, doses[:, None] - centre, 0.0)
    errors = np.where(run, scores - level - slope * moved, 0.0)
    pulls = (moved * errors).sum(axis=0)
    there = np.unique(clusters[run.sum(axis=0) > 1])
    by_cluster = np.array([pulls[clusters == c].sum() for c in there])
    variance = len(there) / (len(there) - 1) * (by_cluster**2).sum() / (moved**2).sum() ** 2
    assert found.value[0] == pytest.approx(slope)
    assert found.cr1[0] == pytest.approx(np.sqrt(variance))


def test_what_never_moves_has_no_slope_and_no_trace_of_rounding():
    scores = np.where(np.arange(40) % 3 == 0, np.array([[1 / 3], [1 / 3], [1 / 3]]), 0.1)
    scores[1, 5] = np.nan
    assert (slope_parts(scores, np.array([0.1, 0.2, 0.7])) == 0).all()


def test_one_dose_of_each_item_tells_nothing():
    assert np.isnan(slope_parts(np.array([[1.0, np.nan], [np.nan, 0.0]]), np.array([0.0, 1.0]))).all()
