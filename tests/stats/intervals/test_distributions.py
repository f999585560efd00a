"""Every function equals scipy.stats' of the same name, at the edges too."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from measurand.stats.intervals import distributions

Q = np.array([0.0, 1e-12, 0.025, 0.3, 0.5, 0.975, 1 - 1e-9, 1.0])
X = np.array([-40.0, -3.0, 0.0, 0.7, 2.5, 30.0])
DF = np.array([0.0, 0.5, 1.0, 4.2, 30.0, 1e6, np.inf, np.nan])


def same(ours, theirs, rtol=1e-10):
    np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=1e-300)


def test_the_normal():
    same(distributions.norm.ppf(Q), stats.norm.ppf(Q))
    same(distributions.norm.cdf(X), stats.norm.cdf(X))
    same(distributions.norm.sf(X), stats.norm.sf(X))


@pytest.mark.parametrize("df", DF)
def test_t(df):
    same(distributions.student.ppf(Q, df), stats.t.ppf(Q, df))
    same(distributions.student.cdf(X, df), stats.t.cdf(X, df), rtol=1e-8)
    same(distributions.student.sf(X, df), stats.t.sf(X, df), rtol=1e-8)


def test_t_over_arrays():
    same(distributions.student.ppf(0.975, DF), stats.t.ppf(0.975, DF))
    same(distributions.student.ppf(Q[1:-1, None], DF), stats.t.ppf(Q[1:-1, None], DF))


@pytest.mark.parametrize(("a", "b"), [(1, 1), (0.5, 0.5), (3, 97), (1, 300), (2000.5, 1e-3), (0, 5), (5, 0)])
def test_beta(a, b):
    same(distributions.beta.ppf(Q, a, b), stats.beta.ppf(Q, a, b))
    if a and b:
        grid = np.linspace(-0.1, 1.1, 13)
        same(distributions.beta.cdf(grid, a, b), stats.beta.cdf(grid, a, b))


@pytest.mark.parametrize("df", [1, 2.5, 40])
def test_chi_squared_and_f(df):
    same(distributions.chi2.ppf(Q[2:6], df), stats.chi2.ppf(Q[2:6], df))
    same(distributions.fisher.ppf(Q[2:6], df, 7), stats.f.ppf(Q[2:6], df, 7))


@pytest.mark.parametrize(("n", "p"), list(itertools.product([1, 7, 300, 100_000], [0.0, 1e-6, 0.05, 0.5, 0.98, 1.0])))
def test_the_binomial(n, p):
    k = np.unique(np.r_[-1, 0, 1, 2.5, n // 3, n * p // 1, n - 1, n, n + 1])
    same(distributions.binom.cdf(k, n, p), stats.binom.cdf(k, n, p), rtol=1e-9)
    same(distributions.binom.sf(k, n, p), stats.binom.sf(k, n, p), rtol=1e-9)
    whole = k[k == np.floor(k)]
    same(distributions.binom.pmf(whole, n, p), stats.binom.pmf(whole, n, p), rtol=1e-9)
    if 0 < p < 1:
        q = np.array([1e-9, 0.025, 0.31, 0.5, 0.975])
        np.testing.assert_array_equal(distributions.binom.ppf(q, n, p), stats.binom.ppf(q, n, p))
        np.testing.assert_array_equal(distributions.binom.isf(q, n, p), stats.binom.isf(q, n, p))
