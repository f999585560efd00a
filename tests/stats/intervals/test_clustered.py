"""Cluster-robust means against their definition, statsmodels and published figures."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from measurand.stats.intervals.clustered import (
    ClusterSums,
    bell_mccaffrey,
    cluster_sums,
    cr2_weights,
    logit_limits,
    t_limits,
)
from measurand.stats.intervals.distributions import student

INSPECT = [
    (None, 0.07844645405527362, 0.44132706967331725, 0.7586729303266827),
    (np.arange(40) // 3, 0.05240375793923415, 0.48678856386721525, 0.7132114361327847),
]


def cr1(values: np.ndarray, clusters: np.ndarray) -> float:
    """The CR1 standard error of one row, cluster by cluster."""
    names = set(clusters)
    squares = sum((values[clusters == name] - values.mean()).sum() ** 2 for name in names)
    return np.sqrt(len(names) / (len(names) - 1) * squares) / len(values)


TABLES = hnp.arrays(
    np.float64, st.tuples(st.integers(1, 4), st.integers(1, 12)), elements=st.sampled_from([0.0, 0.3, 1.0, np.nan])
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(scores=TABLES, seed=st.integers(0, 99))
def test_it_equals_the_definition(cr2_definition, scores, seed):
    clusters = np.random.default_rng(seed).integers(0, 4, scores.shape[1])
    found = cluster_sums(scores, clusters).means()
    for i, row in enumerate(scores):
        run = np.isfinite(row)
        variance, df = cr2_definition(row[run], clusters[run], exchangeable=True)
        mean = row[run].mean() if run.any() else np.nan
        np.testing.assert_allclose(
            (found.value[i], found.stderr[i], found.df[i]), (mean, np.sqrt(variance), df), atol=1e-9
        )
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
    for same in (cluster_sums(scores[:, order], clusters[order]), merged):
        np.testing.assert_allclose(same.means().value, found.value, atol=1e-12)
        np.testing.assert_allclose(same.means().stderr, found.stderr, atol=1e-9)
    # Copies say nothing new of the clusters, but show them to go together.
    twice = cluster_sums(*doubled).means()
    np.testing.assert_allclose((twice.value, twice.cr1), (found.value, found.cr1), atol=1e-9)


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
    # Firms of 20 rows each: with equal clusters CR2 and CR1 are one.
    assert found.stderr[0] == pytest.approx(58.260536, abs=1e-6)
    assert found.cr1[0] == pytest.approx(58.260536, abs=1e-6)
    assert found.df[0] == pytest.approx(10, rel=1e-12)
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
        assert found.cr1[i] == pytest.approx(fit.bse[0], rel=1e-12) == cr1(row, clusters)


def test_no_spread_is_zero_and_one_cluster_undefined():
    found = cluster_sums(np.ones((1, 4)) / 3, np.array([0, 0, 1, 2])).means()
    assert found.stderr.tolist() == [0.0]
    assert np.isnan(cluster_sums(np.array([[1.0, 0.0]]), np.array([0, 0])).means().stderr[0])
    low, high = t_limits(found.value, found.stderr, found.df, 0.95)
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
        assert means.cr1[0] == pytest.approx(stderr, rel=1e-12)
        limits = t_limits(means.value, means.cr1, means.clusters - 1.0, 0.95)
        np.testing.assert_allclose(np.ravel(limits), (low, high), rtol=1e-12)


@given(groups=st.integers(2, 30), size=st.integers(1, 9), seed=st.integers(0, 99))
def test_equal_clusters_give_what_cr1_and_t_of_one_less_gave(groups, size, seed):
    scores = np.random.default_rng(seed).random((3, groups * size))
    found = cluster_sums(scores, np.arange(groups * size) % groups).means()
    np.testing.assert_allclose(found.stderr, found.cr1, rtol=1e-12)
    np.testing.assert_allclose(found.df, groups - 1, rtol=1e-12)


def test_one_large_cluster_leaves_hardly_a_degree_of_freedom():
    assert bell_mccaffrey(np.array([900.0, *[1.0] * 99])) == pytest.approx(1.23, abs=0.005)  # and not 99
    assert np.isnan(cr2_weights(np.array([5.0, 0.0]))[0])


def test_limits_on_the_scale_of_log_odds_are_the_delta_method():
    """SE of log-odds = SE / (p (1 - p)); written out."""
    low, high = logit_limits(np.array([0.8, 1.0]), np.array([0.1, 0.1]), np.array([7.0, 7.0]), 0.9)
    centre, half = np.log(4), student.ppf(0.95, 7) * 0.1 / 0.16
    assert low[0] == pytest.approx(1 / (1 + np.exp(-(centre - half))))
    assert high[0] == pytest.approx(1 / (1 + np.exp(-(centre + half))))
    assert np.isnan([low[1], high[1]]).all()


def test_unequal_clusters_keep_the_level():
    """Sizes as METHODS draws them (lognormal(2.2, 1.2) cut to 1..100), 8 clusters: CR1 with t(7) covers .85."""
    rng = np.random.default_rng(0)
    hits = {"cr2": 0, "cr1": 0}
    for _ in range(1000):
        sizes = np.clip(np.round(rng.lognormal(2.2, 1.2, 8)), 1, 100).astype(int)
        codes = np.repeat(np.arange(8), sizes)
        scores = rng.normal(size=8)[codes] * 0.5 + rng.normal(size=len(codes))
        found = cluster_sums(scores[None], codes).means()
        for name, error, df in (("cr2", found.stderr, found.df), ("cr1", found.cr1, np.array([7.0]))):
            low, high = t_limits(found.value, error, df, 0.95)
            hits[name] += bool(low[0] < 0 < high[0])
    assert hits["cr1"] < 900
    assert 930 < hits["cr2"] < 975


@pytest.mark.parametrize("share", [0.7, 1.0])
def test_blocks_of_rows_change_nothing(monkeypatch, share):
    rng = np.random.default_rng(0)
    scores = np.where(rng.random((7, 40)) < share, rng.random((7, 40)), np.nan)
    for clusters in (None, rng.integers(0, 6, 40)):
        whole = cluster_sums(scores, clusters).means()
        with monkeypatch.context() as patch:
            patch.setattr("measurand.stats.intervals.clustered._BLOCK", 90)
            parts = cluster_sums(scores, clusters).means()
        for name, values in vars(whole).items():
            np.testing.assert_array_equal(getattr(parts, name), values, err_msg=name)
