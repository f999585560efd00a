"""Variance components: against textbook tables, the slow definitions, and simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from measurand.stats.intervals.clustered import bell_mccaffrey, cluster_sizes
from measurand.stats.items.components import (
    column_variance,
    generalisability,
    item_components,
    prompts_needed,
    two_way,
)
from measurand.stats.items.prompts import prompt_means

# Shrout and Fleiss 1979, table 2: six targets, four judges.
RATINGS = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], dtype=float)


def test_mean_squares_of_shrout_and_fleiss():
    # Their table 3: BMS 11.24, JMS 32.49, EMS 1.02.
    found = two_way(RATINGS)
    assert found.residual == pytest.approx(1.02, abs=0.005)
    assert 4 * found.rows + found.residual == pytest.approx(11.24, abs=0.005)
    assert 6 * found.columns + found.residual == pytest.approx(32.49, abs=0.005)


def test_icc_3_1_of_shrout_and_fleiss():
    # ICC(3,1) = .71; psych::ICC in R gives .715 with the 95% interval .342 to .946.
    found = generalisability(RATINGS, 0.95)
    assert [round(value, 3) for value in (found.value, found.low, found.high)] == [0.715, 0.342, 0.946]


def test_generalisability_of_means_is_spearman_browns():
    # ICC(3,4) = .91 in the same table: four judges are enough for .9, three are not (.883).
    single = generalisability(RATINGS, 0.95).value
    assert 4 * single / (1 + 3 * single) == pytest.approx(0.91, abs=0.005)
    assert prompts_needed(single, 0.9) == 4
    assert prompts_needed(single, 0.88) == 3


@pytest.mark.parametrize(("single", "needed"), [(0.95, 1), (0.9, 1), (0.5, 9), (0.0, math.inf), (-0.2, math.inf)])
def test_prompts_needed(single, needed):
    assert prompts_needed(single, 0.9) == needed


def test_components_are_recovered_on_average():
    rng = np.random.default_rng(0)
    tables = rng.normal(0, 2, (400, 12, 1)) + rng.normal(0, 0.5, (400, 1, 9)) + rng.normal(0, 1, (400, 12, 9))
    found = [two_way(table) for table in tables]
    assert np.mean([f.rows for f in found]) == pytest.approx(4, rel=0.06)
    assert np.mean([f.columns for f in found]) == pytest.approx(0.25, rel=0.1)
    assert np.mean([f.residual for f in found]) == pytest.approx(1, rel=0.02)


def test_the_order_and_origin_do_not_matter():
    rng = np.random.default_rng(1)
    table = rng.random((7, 5))
    moved = two_way(table[rng.permutation(7)][:, rng.permutation(5)] + 100)
    assert vars(moved) == pytest.approx(vars(two_way(table)), abs=1e-9)


@pytest.mark.parametrize("clustered", [False, True])
def test_item_components_are_two_ways_and_their_jackknife_is_the_slow_one(clustered):
    rng = np.random.default_rng(2)
    scores = rng.random((24, 4)) + rng.random(24)[:, None] * 2
    clusters = rng.integers(0, 6, 24) if clustered else np.arange(24)
    found = item_components(scores, clusters if clustered else None, 0.95)
    whole = two_way(scores)
    left = [two_way(scores[clusters != code]) for code in sorted(set(clusters))]
    groups = len(left)
    for limits, name in zip(found, ("rows", "residual"), strict=True):
        value, replicates = getattr(whole, name), np.array([getattr(own, name) for own in left])
        assert limits.value == pytest.approx(value)
        se = math.sqrt((groups - 1) / groups * ((replicates - replicates.mean()) ** 2).sum())
        df = bell_mccaffrey(cluster_sizes(clusters, 24))
        assert df < groups - 1 if clustered else df == groups - 1
        assert limits.high == pytest.approx(value + stats.t.ppf(0.975, df) * se)


def test_prompt_variance_is_two_ways_without_clusters():
    rng = np.random.default_rng(3)
    scores = rng.random((50, 6)) + rng.normal(0, 0.3, 6)
    found = column_variance(prompt_means(scores), 0.95)
    assert found.value == pytest.approx(two_way(scores).columns)
    assert found.low < found.value < found.high


def test_prompt_variance_limits_are_williamss():
    scores = np.random.default_rng(4).random((50, 6)) + np.arange(6) * 0.1
    means = prompt_means(scores)
    sum_of_squares = 5 * means.means.var(ddof=1)
    noise = means.noise**2
    ratio = means.means.var(ddof=1) / noise
    low = sum_of_squares * (1 - stats.f.ppf(0.975, 5, 49) / ratio) / stats.chi2.ppf(0.975, 5)
    high = sum_of_squares * (1 - stats.f.ppf(0.025, 5, 49) / ratio) / stats.chi2.ppf(0.025, 5)
    found = column_variance(means, 0.95)
    assert (found.low, found.high) == pytest.approx((low, high))


def test_nothing_that_varies_gives_nothing_to_say():
    assert math.isnan(generalisability(np.ones((3, 4)), 0.95).value)
    perfect = generalisability(np.tile([[1.0], [2.0]], (1, 3)), 0.95)
    assert perfect.value == 1
    assert math.isnan(perfect.low)
    still = prompt_means(np.tile([[0.0], [1.0]], (3, 2)))
    assert column_variance(still, 0.95).value == 0
    assert math.isnan(column_variance(still, 0.95).low)
