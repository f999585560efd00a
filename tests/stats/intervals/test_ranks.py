"""Weighted rank kernels against their definitions and against scipy on repeated rows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from measurand.stats.intervals.ranks import blocks, correlate, correlations, midranks, midranks_fixed

# Both ways of ranking fixed columns are used: the comparison matrix up to 96 observations, sorting above.
SIZES = [2, 3, 7, 95, 96, 97, 98, 200]
VALUES = st.sampled_from([-1.5, 0.0, 0.1, 0.2, 1.0, 3.0, 1e9])
COUNTS = st.integers(0, 3).map(float)


def slow_midrank(values, weights):
    """Weight below plus half the weight tied, itself included, plus one half."""
    return [
        sum(w for v, w in zip(values, weights, strict=True) if v < x)
        + sum(w for v, w in zip(values, weights, strict=True) if v == x) / 2
        + 0.5
        for x in values
    ]


def repeated(values, weights):
    return np.repeat(values, weights.astype(int), axis=0)


def oracle(method, a, b):
    """Scipy's correlation over the observations that have both, NaN where it is undefined."""
    both = np.isfinite(a) & np.isfinite(b)
    a, b = a[both], b[both]
    if len(np.unique(a)) < 2 or len(np.unique(b)) < 2:
        return np.nan
    function = {"spearman": stats.spearmanr, "pearson": stats.pearsonr, "kendall": stats.kendalltau}[method]
    return function(a, b).statistic


@given(
    st.integers(2, 12).flatmap(
        lambda n: st.tuples(hnp.arrays(float, (3, n), elements=VALUES), hnp.arrays(float, (3, n), elements=COUNTS))
    )
)
def test_midranks_are_the_weight_below_plus_half_the_weight_tied(drawn):
    values, weights = drawn
    expected = [slow_midrank(v, w) for v, w in zip(values, weights, strict=True)]
    np.testing.assert_allclose(midranks(values, weights), expected)


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("levels", [2, 5, 10**6])
def test_midranks_with_unit_weights_are_average_ranks(n, levels):
    values = np.random.default_rng(n).integers(levels, size=(4, n)).astype(float)
    expected = stats.rankdata(values, axis=1)
    np.testing.assert_allclose(midranks(values, np.ones((4, n))), expected)
    np.testing.assert_allclose(midranks_fixed(values.T, np.ones((2, n))), np.stack([expected] * 2, axis=1))


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("levels", [1, 3, 10**6])
def test_midranks_of_fixed_columns_equal_the_definition_in_every_replicate(n, levels):
    rng = np.random.default_rng(n + levels)
    values = rng.integers(levels, size=(n, 3)) / 7
    weights = rng.integers(4, size=(5, n)).astype(float)
    expected = [[slow_midrank(values[:, j], w) for w in weights] for j in range(3)]
    np.testing.assert_allclose(midranks_fixed(values, weights), expected)


@pytest.mark.parametrize("n", [6, 150])
def test_midranks_with_counts_are_average_ranks_of_repeated_rows(n):
    rng = np.random.default_rng(n)
    values = rng.integers(20, size=n).astype(float)
    weights = rng.integers(4, size=n).astype(float)
    ranks = stats.rankdata(repeated(values, weights))
    seen = weights > 0
    by_value = dict(zip(repeated(values, weights), ranks, strict=True))
    expected = [by_value[value] for value in values[seen]]
    np.testing.assert_allclose(midranks_fixed(values[:, None], weights[None])[0, 0, seen], expected)
    np.testing.assert_allclose(midranks(values[None], weights[None])[0, seen], expected)


@pytest.mark.parametrize("n", [97, 40])
def test_both_ways_of_ranking_agree(n, monkeypatch):
    rng = np.random.default_rng(n)
    values, weights = rng.integers(9, size=(n, 4)) / 3, rng.random((6, n))
    found = midranks_fixed(values, weights)
    monkeypatch.setattr("measurand.stats.intervals.ranks._DENSE_LIMIT", 0 if n <= 96 else 1000)
    np.testing.assert_allclose(midranks_fixed(values, weights), found)


@pytest.mark.parametrize("method", ["spearman", "pearson", "kendall"])
@given(
    drawn=st.integers(2, 14).flatmap(
        lambda n: st.tuples(
            hnp.arrays(float, (2, n), elements=st.sampled_from([-2.0, 0.0, 0.1, 0.3, 5.0])),
            hnp.arrays(float, (n, 3), elements=st.sampled_from([0.0, 0.1, 1.0, 2.5, float("nan")])),
            hnp.arrays(float, (2, n), elements=COUNTS),
        )
    )
)
def test_correlations_under_counts_equal_scipy_on_repeated_rows(method, drawn):
    scores, tested, weights = drawn
    found = correlate(scores, tested, weights, method)
    expected = [
        [oracle(method, repeated(s, w), repeated(tested[:, j], w)) for j in range(3)]
        for s, w in zip(scores, weights, strict=True)
    ]
    np.testing.assert_allclose(found, expected, atol=1e-9)


@pytest.mark.parametrize("method", ["spearman", "pearson", "kendall"])
@pytest.mark.parametrize("n", SIZES[1:])
def test_correlations_with_missing_cells_equal_scipy_at_every_size(method, n):
    rng = np.random.default_rng(n)
    scores = rng.standard_normal((3, n))
    tested = np.round(scores[0][:, None] + rng.standard_normal((n, 4)), 1)
    tested[rng.random(tested.shape) < 0.2] = np.nan
    weights = rng.multinomial(n, np.full(n, 1 / n), size=3).astype(float)
    expected = [
        [oracle(method, repeated(s, w), repeated(tested[:, j], w)) for j in range(4)]
        for s, w in zip(scores, weights, strict=True)
    ]
    np.testing.assert_allclose(correlate(scores, tested, weights, method), expected, atol=1e-9)


@pytest.mark.parametrize("method", ["spearman", "pearson", "kendall"])
@pytest.mark.parametrize("constant", [0.0, 0.1, 1 / 3, 1e9])
@pytest.mark.parametrize("n", [2, 10, 27, 120])
def test_what_does_not_vary_has_no_correlation(method, constant, n):
    varied, flat = np.arange(n, dtype=float), np.full(n, constant)
    unit = np.ones((1, n))
    assert np.isnan(correlate(varied[None], flat[:, None], unit, method)).all()
    assert np.isnan(correlate(flat[None], varied[:, None], unit, method)).all()
    only_one = np.zeros((1, n))
    only_one[0, 1] = 3.0
    assert np.isnan(correlate(varied[None], varied[:, None], only_one, method)).all()


@pytest.mark.parametrize("method", ["spearman", "pearson", "kendall"])
@pytest.mark.parametrize("unit", [1e-6, 1e-3, 1e6])
@pytest.mark.parametrize("shift", [0.0, 1e4])
def test_the_unit_of_a_benchmark_does_not_change_its_correlation(method, unit, shift):
    rng = np.random.default_rng(3)
    score, tested = rng.standard_normal((1, 30)), rng.standard_normal((30, 2))
    weights = np.ones((1, 30))
    found = correlate(score, unit * (tested + shift), weights, method)
    np.testing.assert_allclose(found, correlate(score, tested, weights, method), atol=1e-6)


def test_replicates_in_blocks_equal_replicates_at_once(monkeypatch):
    rng = np.random.default_rng(5)
    scores, tested = rng.standard_normal((11, 20)), rng.standard_normal((20, 3))
    weights = rng.integers(3, size=(11, 20)).astype(float)
    at_once = correlate(scores, tested, weights)
    monkeypatch.setattr("measurand.stats.intervals.ranks._CHUNK_CELLS", 150)
    np.testing.assert_array_equal(correlate(scores, tested, weights), at_once)


@given(st.integers(0, 500), st.integers(1, 10**8))
def test_blocks_cover_every_replicate_once(replicates, cells):
    covered = [i for part in blocks(replicates, cells) for i in range(*part.indices(replicates))]
    assert covered == list(range(replicates))


def test_correlation_kernel_is_the_weighted_pearson_formula():
    rng = np.random.default_rng(8)
    a, b, weights = rng.standard_normal((2, 9)), rng.standard_normal((3, 2, 9)), rng.random((2, 9))
    for r in range(2):
        for m in range(3):
            matrix = np.cov(a[r], b[m, r], aweights=weights[r])
            expected = matrix[0, 1] / np.sqrt(matrix[0, 0] * matrix[1, 1])
            assert correlations(a, b, weights)[r, m] == pytest.approx(expected)
