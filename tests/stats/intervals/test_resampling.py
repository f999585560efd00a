"""Replicates as weights, and intervals from replicates, against scipy and plain loops."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from measurand.stats.intervals.resampling import bca, bootstrap_weights, family_blocks, jackknife_weights, percentile

CODES = st.lists(st.integers(0, 9), min_size=2, max_size=40).map(np.array)


def test_a_bootstrap_over_models_draws_n_of_them_with_equal_chances():
    weights = bootstrap_weights(10, 4000, np.random.default_rng(0))
    assert weights.shape == (4000, 10)
    assert (weights.sum(axis=1) == 10).all()
    # Mean 1 and variance 1 - 1/n of a multinomial count; five standard errors of slack.
    np.testing.assert_allclose(weights.mean(axis=0), 1, atol=5 * np.sqrt(0.9 / 4000))
    np.testing.assert_allclose(weights.var(axis=0), 0.9, atol=0.12)


@given(CODES, st.integers(0, 2**32))
def test_a_bootstrap_over_families_draws_whole_families(families, seed):
    weights = bootstrap_weights(len(families), 5, np.random.default_rng(seed), families)
    for row in weights:
        drawn = [set(row[families == code]) for code in np.unique(families)]
        assert all(len(counts) == 1 for counts in drawn)
        assert sum(min(counts) for counts in drawn) == len(drawn)


def test_the_same_seed_gives_the_same_resamples():
    one, other = (bootstrap_weights(8, 20, np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(one, other)


@given(CODES)
def test_leaving_families_out_gives_each_a_replicate_without_its_members(families):
    weights = jackknife_weights(families)
    for row, code in zip(weights, sorted(set(families.tolist())), strict=True):
        assert row.tolist() == [0.0 if member == code else 1.0 for member in families]


@given(CODES, st.integers(2, 12))
def test_blocks_keep_families_together_and_come_out_even(families, most):
    block = family_blocks(families, most)
    codes = np.unique(families)
    assert all(len(set(block[families == code])) == 1 for code in codes)
    assert len(set(block)) == min(most, len(codes))
    per_block = [len(set(families[block == b])) for b in set(block)]
    assert max(per_block) - min(per_block) <= 1


@given(st.integers(0, 2**32), st.floats(0.5, 0.99))
def test_percentile_limits_are_quantiles_of_the_defined_replicates(seed, level):
    rng = np.random.default_rng(seed)
    replicates = rng.standard_normal((50, 3))
    replicates[rng.random((50, 3)) < 0.2] = np.nan
    low, high = percentile(replicates, level)
    for j in range(3):
        defined = replicates[np.isfinite(replicates[:, j]), j]
        expected = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
        np.testing.assert_allclose([low[j], high[j]], expected)


@pytest.mark.parametrize("statistic", [np.mean, np.median, np.var])
@pytest.mark.parametrize("level", [0.8, 0.95])
def test_bca_equals_scipy_on_the_same_replicates(statistic, level):
    sample = np.random.default_rng(11).exponential(size=25)
    by_scipy = stats.bootstrap(
        (sample,), statistic, method="BCa", confidence_level=level, n_resamples=999, rng=np.random.default_rng(1)
    )
    left_out = np.array([[statistic(np.delete(sample, i))] for i in range(25)])
    low, high = bca(np.array([statistic(sample)]), by_scipy.bootstrap_distribution[:, None], left_out, level)
    np.testing.assert_allclose([low[0], high[0]], by_scipy.confidence_interval, rtol=1e-10)


def test_bca_equals_the_textbook_formula_and_ignores_undefined_replicates():
    rng = np.random.default_rng(2)
    replicates, left_out = rng.normal(0.2, 1, (400, 2)) ** 3, rng.gamma(2, size=(15, 2))
    value = np.array([0.1, 0.5])
    replicates[::7, 0] = np.nan
    low, high = bca(value, replicates, left_out, 0.9)
    for j in range(2):
        draws = replicates[np.isfinite(replicates[:, j]), j]
        # Efron and Tibshirani 1993, An Introduction to the Bootstrap, section 14.3
        z0 = stats.norm.ppf((draws < value[j]).mean())
        d = left_out[:, j].mean() - left_out[:, j]
        a = (d**3).sum() / (6 * (d**2).sum() ** 1.5)
        z = stats.norm.ppf([0.05, 0.95])
        expected = np.quantile(draws, stats.norm.cdf(z0 + (z0 + z) / (1 - a * (z0 + z))))
        np.testing.assert_allclose([low[j], high[j]], expected)


def test_bca_of_what_is_undefined_is_undefined():
    rng = np.random.default_rng(4)
    replicates, left_out = rng.standard_normal((50, 2)), rng.standard_normal((9, 2))
    replicates[:, 1] = np.nan
    low, high = bca(np.array([np.nan, 0.0]), replicates, left_out, 0.95)
    assert np.isnan([*low, *high]).all()
