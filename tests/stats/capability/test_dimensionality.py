"""Eigenvalues, parallel analysis, sampling adequacy and sphericity against their formulas and published shares."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.decomposition import PCA

from measurand.stats.capability.dimensionality import (
    bartlett,
    covariance_shares,
    eigenvalue_shares,
    kmo,
    parallel_analysis,
)


def sample(seed, n=40, k=5, strength=1.0):
    rng = np.random.default_rng(seed)
    return strength * rng.standard_normal((n, 1)) + rng.standard_normal((n, k))


@given(st.integers(0, 10**6), st.integers(4, 30), st.integers(2, 6))
def test_covariance_shares_equal_scikit_learn(seed, n, k):
    values = sample(seed, n, k) * np.arange(1, k + 1)
    expected = PCA().fit(values).explained_variance_ratio_
    np.testing.assert_allclose(covariance_shares(values)[: len(expected)], expected, atol=1e-12)


def test_shares_of_the_observational_scaling_models_are_as_published(shared):
    # 124 base models complete on 8 benchmarks (Ruan et al. 2024, arXiv 2405.10938): PC1 .8431, first three .9736;
    # all 148 models with missing scores set to the benchmark's mean: .8304 and .9681.
    folder = shared / "data" / "elicitation" / "obs_scaling_pca"
    table = pl.read_csv(folder / "base_llm_benchmark_eval.csv", null_values=["", "nan", "NaN"])
    values = table.select(table.columns[5:]).cast(pl.Float64).to_numpy()
    complete = covariance_shares(values[np.isfinite(values).all(axis=1)])
    filled = covariance_shares(np.where(np.isfinite(values), values, np.nanmean(values, axis=0)))
    assert (np.isfinite(values).all(axis=1).sum(), len(values), values.shape[1]) == (124, 148, 8)
    assert (complete[0], complete[:3].sum()) == pytest.approx((0.8431, 0.9736), abs=5e-5)
    assert (filled[0], filled[:3].sum()) == pytest.approx((0.8304, 0.9681), abs=5e-5)
    printed = json.loads((folder / "expected.json").read_text())
    np.testing.assert_allclose(complete[:4], printed["explained_variance_ratio_centered_unstandardised"], atol=5e-5)
    np.testing.assert_allclose(filled[:4], printed["mean_imputed"], atol=5e-5)


@pytest.mark.parametrize("n", [12, 110])
def test_eigenvalue_shares_are_those_of_repeated_rows(n):
    values = np.round(sample(1, n, 4), 1)
    weights = np.random.default_rng(2).multinomial(n, np.full(n, 1 / n), size=5)
    found = eigenvalue_shares(values, weights.astype(float))
    for share, w in zip(found, weights, strict=True):
        matrix = stats.spearmanr(np.repeat(values, w, axis=0)).statistic
        assert share == pytest.approx(np.linalg.eigvalsh(matrix)[-1] / 4)


def test_the_share_of_a_replicate_with_a_constant_benchmark_is_undefined():
    values = sample(3, 10, 3)
    values[1:, 0] = 0.1
    weights = np.ones((2, 10))
    weights[1, 0] = 0.0
    assert np.isfinite(eigenvalue_shares(values, weights)).tolist() == [True, False]


FAMILIES = np.repeat(np.arange(7), [9, 4, 3, 3, 3, 2, 1])
"""Of 25 models."""


def test_parallel_analysis_equals_a_plain_loop_that_turns_families_round():
    values, rng = sample(4, 25, 4), np.random.default_rng(5)
    found = parallel_analysis(values, FAMILIES, permutations=3000, rng=np.random.default_rng(6))
    loop = []
    for _ in range(3000):
        table = values.copy()
        for column in table.T:
            means = np.array([column[family == FAMILIES].mean() for family in range(7)])
            for family in range(7):
                within = column[family == FAMILIES] - means[family]
                # The seven means are measured from their own mean, which takes one seventh of their variance.
                moved = within + (means[family] - means.mean()) * np.sqrt(7 / 6)
                column[family == FAMILIES] = moved * rng.choice([-1, 1])
        loop.append(np.sort(np.linalg.eigvalsh(np.corrcoef(table, rowvar=False))))
    # Monte Carlo standard error of a 95% quantile of 3,000 draws is near .006 for these eigenvalues.
    np.testing.assert_allclose(found, np.quantile(loop, 0.95, axis=0)[::-1], atol=0.05)
    assert (np.diff(found) < 0).all()


def test_of_independent_models_chance_is_that_of_permuted_columns():
    values, rng = sample(4, 40, 4, strength=0.0), np.random.default_rng(5)
    found = parallel_analysis(values, np.arange(40), permutations=3000, rng=rng)
    loop = [
        np.sort(np.linalg.eigvalsh(np.corrcoef(np.column_stack([rng.permutation(c) for c in values.T]), rowvar=False)))
        for _ in range(3000)
    ]
    np.testing.assert_allclose(found, np.quantile(loop, 0.95, axis=0)[::-1], atol=0.05)


def test_what_families_share_by_chance_is_part_of_chance():
    rng = np.random.default_rng(3)
    member = np.repeat(np.arange(6), 10)
    values = 2 * rng.standard_normal((6, 5))[member] + rng.standard_normal((60, 5))
    known, unknown = (
        parallel_analysis(values, families, permutations=500, rng=np.random.default_rng(1))[0]
        for families in (member, np.arange(60))
    )
    # Five columns over six independent units, against five over sixty.
    assert known > 2.3
    assert unknown < 1.8


def test_parallel_analysis_has_its_own_seed_and_keeps_columns_as_they_are():
    values = sample(6, 25, 3)
    one, other = (parallel_analysis(values, FAMILIES, permutations=100, rng=np.random.default_rng(1)) for _ in range(2))
    np.testing.assert_array_equal(one, other)
    rescaled = parallel_analysis(values * [1, 10, 100] + 5, FAMILIES, permutations=100, rng=np.random.default_rng(1))
    np.testing.assert_allclose(rescaled, one)


def test_parallel_analysis_in_blocks_has_as_many_tables(monkeypatch):
    monkeypatch.setattr("measurand.stats.intervals.ranks._CHUNK_CELLS", 200)
    found = parallel_analysis(sample(7, 25, 3), FAMILIES, permutations=500, rng=np.random.default_rng(1))
    assert np.isfinite(found).all()
    assert found[0] > 1 > found[-1]


@given(st.integers(0, 10**6), st.integers(3, 6), st.floats(0.2, 2))
def test_kmo_is_its_formula(seed, k, strength):
    matrix = np.corrcoef(sample(seed, 30, k, strength), rowvar=False)
    inverse = np.linalg.inv(matrix)
    squares, partials = 0.0, 0.0
    for i in range(k):
        for j in range(k):
            if i != j:
                squares += matrix[i, j] ** 2
                partials += inverse[i, j] ** 2 / (inverse[i, i] * inverse[j, j])
    assert kmo(matrix) == pytest.approx(squares / (squares + partials))


@given(st.integers(0, 10**6), st.integers(2, 6), st.integers(10, 80))
def test_bartlett_is_its_formula(seed, k, n):
    matrix = np.corrcoef(sample(seed, n, k), rowvar=False)
    statistic = -(n - 1 - (2 * k + 5) / 6) * np.log(np.linalg.det(matrix))
    found = bartlett(matrix, n)
    assert (found.statistic, found.degrees) == (pytest.approx(statistic), k * (k - 1) / 2)
    assert found.p_value == pytest.approx(stats.chi2.sf(statistic, found.degrees))


def test_a_singular_matrix_has_neither_adequacy_nor_sphericity():
    matrix = np.array([[1.0, 1.0, 0.2], [1.0, 1.0, 0.2], [0.2, 0.2, 1.0]])
    assert kmo(matrix) is None
    assert bartlett(matrix, 20) is None


def test_uncorrelated_benchmarks_have_no_adequacy_and_are_spherical():
    assert kmo(np.eye(4)) is None
    assert bartlett(np.eye(4), 20).p_value == pytest.approx(1.0)
