"""One-sided p-values: each is the level at which the interval it belongs to ends at the bound."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import brentq

from measurand.stats.intervals.clustered import share_limits
from measurand.stats.intervals.correlation import by_families, jackknife_t, jackknife_z, median_limits
from measurand.stats.intervals.one_sided import (
    Uncertain,
    median_p_values,
    of_jackknife,
    share_below,
)


def test_p_values_equal_scipy():
    found = Uncertain(np.array([0.3, -0.2]), np.array([0.1, 0.2]), np.array([9.0, 3.0]))
    np.testing.assert_allclose(found.p_above(0.1), stats.t.sf([2.0, -1.5], [9, 3]))
    np.testing.assert_allclose(found.p_below(0.1), stats.t.cdf([2.0, -1.5], [9, 3]))


def test_without_an_error_there_is_no_p_value():
    found = Uncertain(np.ones(3), np.array([0.0, np.nan, 1.0]), np.array([5.0, 5.0, 0.0]))
    assert np.isnan(found.p_above(0.0)).all()
    assert np.isnan(found.p_below(0.0)).all()


@pytest.mark.parametrize("seed", range(5))
def test_p_values_are_where_the_jackknife_interval_ends_at_the_bound(seed):
    rng = np.random.default_rng(seed)
    value, replicates = rng.uniform(-0.8, 0.8, 4), rng.uniform(-0.8, 0.8, (7, 4))
    n = np.full(4, 20)
    cases = (
        (of_jackknife(value, replicates), lambda level: jackknife_t(value, replicates, level)),
        (by_families(value, replicates, n), lambda level: jackknife_z(value, replicates, n, level)),
    )
    for found, limits in cases:
        for level in (0.5, 0.9, 0.95):
            low, high = limits(level)
            for j in range(4):
                assert found.p_above(float(low[j]))[j] == pytest.approx((1 - level) / 2)
                assert found.p_below(float(high[j]))[j] == pytest.approx((1 - level) / 2)


@pytest.mark.parametrize("seed", range(10))
def test_the_median_lies_beyond_a_bound_where_its_interval_does(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(12, 40))
    families = rng.integers(0, 6, n)
    values = rng.standard_normal(n).round(1)
    for bound in (-0.8, -0.3, 0.0, 0.3):
        above, below = median_p_values(values, families, bound)
        for level in np.linspace(0.05, 0.99, 40):
            low, high = median_limits(values, families, level)
            tail = (1 - level) / 2
            # An interval that reaches beyond the observations has no limit, and lies on no side.
            if abs(tail - above) > 1e-9:
                assert (low > bound) == (above < tail)
            if abs(tail - below) > 1e-9:
                assert (high < bound) == (below < tail)


def test_a_share_lies_below_a_bound_where_wilsons_interval_does():
    value, stderr, df = 0.7, 0.05, 9
    p_value = share_below(value, stderr, df, 10, 0.85)

    def upper(tail: float) -> float:
        return float(share_limits(np.array([value]), np.array([stderr]), np.array([df]), 1 - 2 * tail)[1][0])

    assert p_value == pytest.approx(brentq(lambda tail: upper(tail) - 0.85, 1e-6, 0.4), rel=1e-6)


@pytest.mark.parametrize(("value", "expected"), [(1.0, 1.0), (0.0, 0.15**4), (0.5, stats.binom.cdf(2, 4, 0.85))])
def test_a_share_without_wilsons_limits_counts_groups(value, expected):
    assert share_below(value, 0.0, 3, 4, 0.85) == pytest.approx(expected)
