"""One-factor maximum likelihood against statsmodels."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.multivariate.factor import Factor

from measurand.stats.capability.factor import factor_weights, one_factor


def implied(loadings):
    return np.outer(loadings, loadings) + np.diag(1 - loadings**2)


def sample_matrix(seed, n, k):
    rng = np.random.default_rng(seed)
    values = rng.standard_normal((n, 1)) * rng.uniform(0.5, 1.5, k) + rng.standard_normal((n, k))
    return np.corrcoef(values, rowvar=False)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("n", "k"), [(200, 4), (60, 6), (100, 12)])
def test_loadings_equal_statsmodels(seed, n, k):
    matrix = sample_matrix(seed, n, k)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # statsmodels warns of its own optimiser's steps
        expected = Factor(corr=matrix, n_factor=1, method="ml", nobs=n).fit(maxiter=2000).loadings[:, 0]
    expected = expected * np.sign(expected[np.abs(expected).argmax()])
    np.testing.assert_allclose(one_factor(matrix), expected, atol=2e-3)


@given(st.lists(st.floats(0.3, 0.95), min_size=3, max_size=8).map(np.array))
def test_exact_one_factor_matrix_is_recovered(loadings):
    np.testing.assert_allclose(one_factor(implied(loadings)), loadings, atol=2e-3)


def test_likelihood_is_at_its_maximum():
    matrix = sample_matrix(3, 80, 5)

    def deviance(loadings):
        model = implied(loadings)
        return np.linalg.slogdet(model)[1] + np.trace(matrix @ np.linalg.inv(model))

    found = one_factor(matrix)
    best = deviance(found)
    for j in range(5):
        for step in (-1e-3, 1e-3):
            assert deviance(found + step * np.eye(5)[j]) >= best - 1e-9


def test_largest_loading_is_positive_and_signs_follow_the_correlations():
    loadings = np.array([-0.9, 0.7, 0.6, -0.5])
    np.testing.assert_allclose(one_factor(implied(loadings)), -loadings, atol=1e-3)


def test_factor_share_is_not_the_share_of_the_first_component():
    # METHODS V7: on pure one-factor data the two differ; loadings .7: mean squared loading .49, PC1 (1 + 5 * .49) / 6.
    matrix = implied(np.full(6, 0.7))
    assert np.mean(one_factor(matrix) ** 2) == pytest.approx(0.49, abs=1e-4)
    assert np.linalg.eigvalsh(matrix)[-1] / 6 == pytest.approx(0.575)


def test_weights_are_those_of_the_regression_score_up_to_a_constant():
    matrix = sample_matrix(4, 100, 5)
    loadings = one_factor(matrix)
    regression = np.linalg.solve(implied(loadings), loadings)  # Thomson 1951
    found = factor_weights(matrix)
    np.testing.assert_allclose(found / found[0], regression / regression[0], rtol=1e-6)


def test_a_benchmark_that_is_the_factor_itself_keeps_finite_weights():
    # A Heywood case: the first benchmark repeats the factor exactly.
    loadings = np.array([1.0, 0.8, 0.7, 0.6])
    found = factor_weights(implied(loadings))
    assert np.isfinite(found).all()
    assert found.argmax() == 0
