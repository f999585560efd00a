"""Cluster-robust means against their definition, statsmodels and published figures."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from measurand.stats.intervals.clustered import ClusterSums, cluster_sums, t_limits

INSPECT = [
    (None, 0.07844645405527362, 0.44132706967331725, 0.7586729303266827),
    (np.arange(40) // 3, 0.05240375793923415, 0.48678856386721525, 0.7132114361327847),
]


def definition(values: np.ndarray, clusters: np.ndarray) -> tuple[float, float]:
    """Mean and CR1 standard error of one row, cluster by cluster."""
    run = np.isfinite(values)
    values, clusters = values[run], clusters[run]
    if not len(values):
        return np.nan, np.nan
    mean, names = values.mean(), set(clusters)
    if len(names) < 2:
        return mean, np.nan
    squares = sum((values[clusters == name] - mean).sum() ** 2 for name in names)
    return mean, np.sqrt(len(names) / (len(names) - 1) * squares) / len(values)


TABLES = hnp.arrays(
    np.float64, st.tuples(st.integers(1, 4), st.integers(1, 12)), elements=st.sampled_from([0.0, 0.3, 1.0, np.nan])
)


@given(scores=TABLES, seed=st.integers(0, 99))
def test_it_equals_the_definition(scores, seed):
    clusters = np.random.default_rng(seed).integers(0, 4, scores.shape[1])
    found = cluster_sums(scores, clusters).means()
    for i, row in enumerate(scores):
        np.testing.assert_allclose((found.value[i], found.stderr[i]), definition(row, clusters), atol=1e-12)
        assert found.n[i] == np.isfinite(row).sum()
        assert found.clusters[i] == len(set(clusters[np.isfinite(row)]))


@given(scores=TABLES, seed=st.integers(0, 99), cut=st.integers(0, 12))
def test_order_duplicates_and_splitting_change_nothing(scores, seed, cut):
    rng = np.random.default_rng(seed)
    clusters = rng.integers(0, 4, scores.shape[1])
    found = cluster_sums(scores, clusters).means()
    order = rng.permutation(scores.shape[1])
    doubled = np.repeat(scores, 2, axis=1), np.repeat(clusters, 2)
    whole = np.concatenate([clusters, [3]])  # both parts know the same clusters
    pad = np.full((len(scores), 1), np.nan)
    parts = [
        cluster_sums(np.hstack([scores[:, p], pad]), np.append(clusters[p], 3)) for p in (slice(cut), slice(cut, None))
    ]
    assert parts[0].total.shape[1] == cluster_sums(np.hstack([scores, pad]), whole).total.shape[1]
    merged = parts[0] + parts[1]
    assert isinstance(merged, ClusterSums)
    for same in (cluster_sums(scores[:, order], clusters[order]), cluster_sums(*doubled), merged):
        np.testing.assert_allclose(same.means().value, found.value, atol=1e-12)
        np.testing.assert_allclose(same.means().stderr, found.stderr, atol=1e-9)


@given(scores=TABLES, shift=st.floats(-5, 5))
def test_adding_a_constant_shifts_the_mean_alone(scores, shift):
    found, moved = (cluster_sums(values).means() for values in (scores, scores + shift))
    np.testing.assert_allclose(moved.value, found.value + shift, atol=1e-9)
    np.testing.assert_allclose(moved.stderr, found.stderr, atol=1e-7)


def test_items_alone_give_the_plain_standard_error():
    scores = np.random.default_rng(0).normal(size=(3, 50))
    np.testing.assert_allclose(cluster_sums(scores).means().stderr, scores.std(axis=1, ddof=1) / np.sqrt(50))


def test_the_grunfeld_figures(shared):
    """CR1 58.260536 (statsmodels, Inspect's stderr(cluster)) and plain 14.197785: case data README."""
    with open(shared / "data/precision/grunfeld/grunfeld.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    values = np.array([[float(row["invest"]) for row in rows]])
    firms = np.unique([row["firm"] for row in rows], return_inverse=True)[1]
    found = cluster_sums(values, firms).means()
    assert found.value[0] == pytest.approx(133.3119, abs=1e-4)
    assert found.stderr[0] == pytest.approx(58.260536, abs=1e-6)
    assert cluster_sums(values).means().stderr[0] == pytest.approx(14.197785, abs=1e-6)
    assert (found.clusters[0], found.n[0]) == (11, 220)


def test_statsmodels_agrees_on_every_row():
    sm = pytest.importorskip("statsmodels.api")
    rng = np.random.default_rng(3)
    clusters = rng.integers(0, 12, 90)
    scores = rng.normal(size=(4, 90)) + rng.normal(size=12)[clusters]
    found = cluster_sums(scores, clusters).means()
    for i, row in enumerate(scores):
        fit = sm.OLS(row, np.ones(90)).fit(cov_type="cluster", cov_kwds={"groups": clusters})
        # statsmodels' further factor (n - 1) / (n - k) is 1 with an intercept alone.
        assert found.stderr[i] == pytest.approx(fit.bse[0], rel=1e-12)


def test_no_spread_is_zero_and_one_cluster_undefined():
    found = cluster_sums(np.ones((1, 4)) / 3, np.array([0, 0, 1, 2])).means()
    assert found.stderr.tolist() == [0.0]
    assert np.isnan(cluster_sums(np.array([[1.0, 0.0]]), np.array([0, 0])).means().stderr[0])
    low, high = t_limits(found.value, found.stderr, found.clusters - 1, 0.95)
    assert np.isnan([low, high]).all()


def test_t_limits_are_those_of_the_t_table():
    """t(0.975, 4) = 2.776: any table of Student's t."""
    low, high = t_limits(np.array([1.0]), np.array([1.0]), np.array([4]), 0.95)
    assert (round(float(low[0]), 3), round(float(high[0]), 3)) == (-1.776, 3.776)


def test_rows_are_handled_in_blocks_of_bounded_size(monkeypatch):
    scores = np.random.default_rng(1).normal(size=(7, 20))
    clusters = np.arange(20) // 3
    whole = cluster_sums(scores, clusters)
    monkeypatch.setattr("measurand.stats.intervals.clustered._BLOCK", 40)
    np.testing.assert_array_equal(cluster_sums(scores, clusters).total, whole.total)


def test_inspects_stderr_and_ci():
    """stderr(), stderr(cluster), ci() and ci(cluster) of inspect-ai 0.3.285 on these scores."""
    scores = np.array([[1, 0, 1, 1, 0, 1, 1, 1, 0, 0] * 4], dtype=np.float64)
    for clusters, stderr, low, high in INSPECT:
        means = cluster_sums(scores, clusters).means()
        assert means.stderr[0] == pytest.approx(stderr, rel=1e-12)
        limits = t_limits(means.value, means.stderr, means.clusters - 1, 0.95)
        np.testing.assert_allclose(np.ravel(limits), (low, high), rtol=1e-12)
