"""The capabilities score against numpy, pandas and scikit-learn on rows that are literally repeated or deleted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.decomposition import PCA

from measurand.stats.capability.pca import (
    first_component,
    impute,
    rank_correlation_matrix,
    replicate_scores,
    resampled_correlations,
    standardise,
)


def table(seed, n=12, k=4, m=3, decimals=8, missing=0.0):
    """Capability benchmarks with one strong dimension, and benchmarks under test with missing cells."""
    rng = np.random.default_rng(seed)
    ability = rng.standard_normal((n, 1))
    capability = np.round(ability + 0.5 * rng.standard_normal((n, k)), decimals)
    tested = np.round(0.6 * ability + 0.8 * rng.standard_normal((n, m)), decimals)
    tested[rng.random((n, m)) < missing] = np.nan
    return capability, tested


def slow_scores(capability):
    """The definition of Ren et al. 2024 (arXiv 2407.21792), with numpy and pandas."""
    z = (capability - capability.mean(axis=0)) / capability.std(axis=0, ddof=0)
    values, vectors = np.linalg.eigh(pd.DataFrame(capability).corr(method="spearman").to_numpy())
    w = vectors[:, values.argmax()]
    w = w * np.sign(w[np.abs(w).argmax()])
    return z @ w, w, np.sort(values)[::-1]


def slow_correlation(capability, column):
    if not np.isfinite(capability).all() or (capability == capability[0]).all(axis=0).any():
        return np.nan
    score = slow_scores(capability)[0].round(9)
    there = np.isfinite(column)
    if there.sum() < 2 or len(set(column[there])) < 2 or len(set(score[there])) < 2:
        return np.nan
    return stats.spearmanr(score[there], column[there]).statistic


@pytest.mark.parametrize("n", [8, 30, 97, 150])
@pytest.mark.parametrize("decimals", [0, 1, 8])
def test_component_is_the_published_definition(n, decimals):
    capability, _ = table(n, n, k=5, decimals=decimals)
    component = first_component(capability)
    scores, loadings, eigenvalues = slow_scores(capability)
    np.testing.assert_allclose(component.scores, scores)
    np.testing.assert_allclose(component.loadings, loadings)
    np.testing.assert_allclose(component.eigenvalues, eigenvalues)
    assert component.share == pytest.approx(eigenvalues[0] / 5)
    ranks = standardise(stats.rankdata(capability, axis=0))
    assert component.share == pytest.approx(PCA().fit(ranks).explained_variance_ratio_[0])
    assert component.loadings[np.abs(component.loadings).argmax()] > 0


@pytest.mark.parametrize("n", [9, 120])
def test_rank_correlation_matrix_is_that_of_repeated_rows(n):
    capability, _ = table(1, n, decimals=1)
    weights = np.random.default_rng(2).integers(4, size=(5, n)).astype(float)
    found = rank_correlation_matrix(capability, weights)
    for matrix, w in zip(found, weights, strict=True):
        rows = np.repeat(capability, w.astype(int), axis=0)
        np.testing.assert_allclose(matrix, pd.DataFrame(rows).corr(method="spearman"), atol=1e-12)
    np.testing.assert_allclose(rank_correlation_matrix(capability)[0], pd.DataFrame(capability).corr(method="spearman"))


@given(st.integers(0, 10**6), st.integers(6, 40), st.integers(3, 6), st.sampled_from([1, 8]))
def test_resampled_correlations_equal_repeating_rows_and_refitting(seed, n, k, decimals):
    capability, tested = table(seed, n, k, decimals=decimals, missing=0.2)
    weights = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=4)
    found = resampled_correlations(capability, tested, weights.astype(float))
    for r, w in enumerate(weights):
        rows, columns = np.repeat(capability, w, axis=0), np.repeat(tested, w, axis=0)
        expected = np.array([slow_correlation(rows, columns[:, j]) for j in range(tested.shape[1])])
        # The sign is a convention; where a resample's own largest loading and the whole table disagree, either will do.
        if np.isfinite(expected).any() and slow_scores(rows)[1] @ slow_scores(capability)[1] < 0:
            expected = expected * np.sign(np.nansum(expected * found[r]))
        np.testing.assert_allclose(found[r], expected, atol=1e-9)


@pytest.mark.parametrize("n", [97, 200])
def test_resampled_correlations_equal_repeating_rows_for_many_models(n):
    capability, tested = table(n, n, 12, decimals=1, missing=0.1)
    weights = np.random.default_rng(n).multinomial(n, np.full(n, 1 / n), size=3)
    found = resampled_correlations(capability, tested, weights.astype(float))
    for r, w in enumerate(weights):
        rows, columns = np.repeat(capability, w, axis=0), np.repeat(tested, w, axis=0)
        np.testing.assert_allclose(found[r], [slow_correlation(rows, c) for c in columns.T], atol=1e-9)


def test_leaving_models_out_equals_deleting_their_rows():
    capability, tested = table(3, 15)
    weights = 1.0 - np.eye(15)
    found = resampled_correlations(capability, tested, weights)
    for i in range(15):
        rows, columns = np.delete(capability, i, axis=0), np.delete(tested, i, axis=0)
        np.testing.assert_allclose(found[i], [slow_correlation(rows, c) for c in columns.T])


def test_weights_count_only_in_proportion():
    capability, tested = table(4, 14)
    weights = np.random.default_rng(1).integers(3, size=(6, 14)).astype(float)
    once, twice = (resampled_correlations(capability, tested, f * weights) for f in (1, 2))
    np.testing.assert_allclose(once, twice)


def test_replicate_scores_are_the_refitted_scores_up_to_a_constant():
    capability, _ = table(5, 20)
    weights = np.random.default_rng(5).multinomial(20, np.full(20, 1 / 20), size=6)
    for scores, w in zip(replicate_scores(capability, weights.astype(float)), weights, strict=True):
        seen = np.repeat(np.arange(20), w)
        difference = scores[seen] - slow_scores(capability[seen])[0]
        np.testing.assert_allclose(difference, difference[0])


def test_a_replicate_in_which_a_benchmark_does_not_vary_is_undefined():
    capability, tested = table(6, 10)
    capability[1:, 0] = 0.1
    weights = np.ones((2, 10))
    weights[1, 0] = 0.0
    found = resampled_correlations(capability, tested, weights)
    assert np.isfinite(found[0]).all()
    assert np.isnan(found[1]).all()


@pytest.mark.parametrize("constant", [0.0, 0.1, 0.3, 1 / 3, 0.7, 1e6 + 0.1])
@pytest.mark.parametrize("n", [8, 10, 27, 100])
def test_a_constant_column_is_refused_whatever_its_value(constant, n):
    values = np.column_stack([np.arange(n), np.full(n, constant)])
    with pytest.raises(ValueError, match=r"constant columns at \[1\]"):
        standardise(values.astype(float))


def test_standardised_columns_have_mean_zero_and_population_spread_one():
    z = standardise(table(7, 33)[0])
    np.testing.assert_allclose(z.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(z.std(axis=0), 1)


@given(st.integers(0, 10**6), st.permutations(range(12)), st.permutations(range(4)))
def test_order_of_models_and_of_capability_benchmarks_does_not_matter(seed, rows, columns):
    capability, tested = table(seed)
    unit = np.ones((1, 12))
    found = resampled_correlations(capability, tested, unit)
    turned = resampled_correlations(capability[rows][:, columns], tested[rows], unit)
    np.testing.assert_allclose(found, turned)


@given(st.integers(0, 10**6), st.floats(-100, 100), st.floats(0.01, 100))
def test_shift_and_positive_scale_of_a_capability_benchmark_change_nothing(seed, shift, scale):
    capability, tested = table(seed)
    changed = capability.copy()
    changed[:, 1] = scale * changed[:, 1] + shift
    unit = np.ones((1, 12))
    np.testing.assert_allclose(
        resampled_correlations(changed, tested, unit), resampled_correlations(capability, tested, unit)
    )


@given(st.integers(0, 10**6))
def test_monotone_transform_keeps_and_negation_flips_a_correlation(seed):
    capability, tested = table(seed, missing=0.2)
    unit = np.ones((1, 12))
    found = resampled_correlations(capability, tested, unit)
    np.testing.assert_allclose(resampled_correlations(capability, np.exp(3 * tested), unit), found)
    np.testing.assert_allclose(resampled_correlations(capability, -tested, unit), -found)


@given(st.integers(0, 10**6), st.integers(8, 40), st.integers(3, 8))
def test_imputation_recovers_a_table_of_one_dimension_and_leaves_the_rest_alone(seed, n, k):
    rng = np.random.default_rng(seed)
    complete = np.outer(rng.standard_normal(n), rng.uniform(0.5, 2, k)) + rng.uniform(-3, 3, k)
    values = complete.copy()
    holes = rng.choice(n, size=n // 4, replace=False)
    values[holes, rng.integers(k, size=len(holes))] = np.nan
    filled = impute(values, tolerance=1e-10, most=5000)
    there = np.isfinite(values)
    np.testing.assert_array_equal(filled[there], values[there])
    assert (np.abs(filled - complete) / complete.std(axis=0)).max() < 0.02


def test_imputation_of_a_complete_table_changes_nothing():
    values = table(9)[0]
    np.testing.assert_array_equal(impute(values), values)


def test_imputation_beats_the_column_mean_where_benchmarks_agree():
    capability, _ = table(10, 60, 8)
    values = capability.copy()
    values[np.random.default_rng(0).random(values.shape) < 0.15] = np.nan
    holes = np.isnan(values)
    by_mean = np.broadcast_to(np.nanmean(values, axis=0), values.shape)
    error, of_mean = (np.abs(guess - capability)[holes].mean() for guess in (impute(values), by_mean))
    assert error < 0.7 * of_mean


@pytest.mark.parametrize(
    "hole", [(slice(None), 0), (slice(1, None), 0), (0, slice(None))], ids=["column", "one value", "row"]
)
def test_imputation_refuses_a_column_or_row_with_too_little_in_it(hole):
    values = table(11)[0]
    values[hole] = np.nan
    with pytest.raises(ValueError, match="two different values"):
        impute(values)
