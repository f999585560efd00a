"""Intervals against values worked by hand and plain formulas."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from measurand.stats.intervals.correlation import (
    OnZScale,
    at_least_independent,
    bonett_wright,
    bonett_wright_se,
    fisher,
    jackknife_se,
    jackknife_t,
    jackknife_z,
    median_limits,
    models_to_decide,
)


def test_bonett_wright_worked_by_hand():
    # rho .5, n 28: SE sqrt((1 + .25 / 2) / 25) = .2121320; atanh(.5) = .5493061; z = 1.9599640;
    # limits tanh(.5493061 -+ .4157712) = .1327471, .7466418
    assert bonett_wright_se(np.array([0.5]), np.array([28]))[0] == pytest.approx(0.2121320, abs=1e-7)
    low, high = bonett_wright(np.array([0.5]), np.array([28]), 0.95)
    z, half = 0.5493061443340549, 1.959963984540054 * 0.21213203435596426
    assert (low[0], high[0]) == pytest.approx((math.tanh(z - half), math.tanh(z + half)))


def test_fisher_worked_by_hand():
    # rho .6, n 19: atanh .6931472, SE 1/4, 90%: z 1.6448536; limits tanh(.2819338), tanh(1.1043606)
    low, high = fisher(np.array([0.6]), np.array([19]), 0.90)
    assert (low[0], high[0]) == pytest.approx((0.274694, 0.802060), abs=2e-6)


def test_bonett_wright_needs_four_models():
    assert np.isnan(bonett_wright_se(np.array([0.5, 0.5]), np.array([2, 3]))).all()


@given(
    st.lists(st.floats(-0.89, 0.89), min_size=1, max_size=5).map(np.array), st.integers(4, 500), st.floats(0.5, 0.999)
)
def test_intervals_on_the_z_scale_hold_the_point_and_flip_with_its_sign(rho, n, level):
    count = np.full(len(rho), n)
    for interval in (fisher, bonett_wright):
        low, high = interval(rho, count, level)
        assert ((low < rho) & (rho < high)).all()
        assert (np.abs([low, high]) <= 1).all()
        turned = interval(-rho, count, level)
        np.testing.assert_allclose([-turned[1], -turned[0]], [low, high], atol=1e-12)


def test_jackknife_worked_by_hand():
    # Three replicates 1, 2, 6: mean 3, squared deviations 4 + 1 + 9 = 14; SE^2 = 2/3 * 14; t(2) at .975 is 4.302653
    se, groups = jackknife_se(np.array([[1.0], [2.0], [6.0]]))
    assert se[0] == pytest.approx(math.sqrt(28 / 3))
    assert groups[0] == 3
    low, high = jackknife_t(np.array([2.5]), np.array([[1.0], [2.0], [6.0]]), 0.95)
    half = 4.302652729911275 * math.sqrt(28 / 3)
    assert (low[0], high[0]) == pytest.approx((2.5 - half, 2.5 + half))


@pytest.mark.parametrize(("families", "quantile"), [(2, 12.706205), (5, 2.776445), (11, 2.228139)])
def test_jackknife_uses_t_with_families_minus_one(families, quantile):
    # quantiles of t(G - 1) at .975 from printed tables
    replicates = np.random.default_rng(families).standard_normal((families, 1))
    low, high = jackknife_t(np.zeros(1), replicates, 0.95)
    assert (high[0] - low[0]) / 2 / jackknife_se(replicates)[0][0] == pytest.approx(quantile, abs=1e-6)


def test_jackknife_of_a_mean_leaving_out_one_at_a_time_is_its_standard_error():
    x = np.random.default_rng(0).standard_normal(12)
    replicates = np.array([[np.delete(x, i).mean()] for i in range(12)])
    low, high = jackknife_t(np.array([x.mean()]), replicates, 0.9)
    expected = stats.t(11, x.mean(), x.std(ddof=1) / math.sqrt(12)).interval(0.9)
    np.testing.assert_allclose([low[0], high[0]], expected)


def test_jackknife_z_is_the_same_on_fishers_scale():
    replicates = np.tanh(np.random.default_rng(1).normal(0.5, 0.1, (6, 4)))
    rho = np.array([0.1, 0.4, -0.8, 0.99])
    low, high = jackknife_z(rho, replicates, np.full(4, 20), 0.95)
    expected = jackknife_t(np.arctanh(rho), np.arctanh(replicates), 0.95)
    np.testing.assert_allclose([np.arctanh(low), np.arctanh(high)], expected)


def on_z_scale(rho, replicates, level):
    return jackknife_z(rho, replicates, np.full(len(rho), 20), level)


@pytest.mark.parametrize("interval", [jackknife_t, on_z_scale])
def test_one_family_gives_no_interval(interval):
    for replicates in (np.array([[0.3]]), np.array([[0.3], [np.nan]]), np.array([[np.nan]])):
        low, high = interval(np.array([0.3]), replicates, 0.95)
        assert np.isnan([*low, *high]).all()


@pytest.mark.parametrize("interval", [jackknife_t, on_z_scale])
def test_undefined_replicates_do_not_count(interval):
    replicates = np.array([[0.1], [0.2], [np.nan], [0.5]])
    rho = np.array([0.3])
    np.testing.assert_allclose(interval(rho, replicates, 0.95), interval(rho, replicates[[0, 1, 3]], 0.95))


@pytest.mark.parametrize("n", [8, 12, 26])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_perfect_rank_correlation_of_a_few_models_is_not_known_exactly(n, sign):
    one, count = np.array([sign]), np.array([n])
    for low, high in (
        fisher(one, count, 0.95),
        bonett_wright(one, count, 0.95),
        jackknife_z(one, np.full((n, 1), sign), count, 0.95),
    ):
        assert np.isfinite([low, high]).all()
        assert high[0] - low[0] > 1e-4
        assert low[0] <= sign <= high[0]


@pytest.mark.parametrize(
    ("rho", "low", "high", "n", "expected"),
    [
        # Half width .4 on Fisher's scale, the bound atanh(.5) = .5493 lies .2507 below .8: the width must shrink by
        # (.4 / .2507)^2 = 2.546, so 3 + 17 * 2.546 = 46.3 models are needed, 27 more than 20.
        (np.tanh(0.8), np.tanh(0.4), np.tanh(1.2), 20, 27),
        (-np.tanh(0.8), -np.tanh(1.2), -np.tanh(0.4), 20, 27),
        # From 0 to either bound .5493, half width .6: 3 + 17 * (.6 / .5493)^2 = 23.3.
        (0.0, -np.tanh(0.6), np.tanh(0.6), 20, 4),
        (0.5, 0.2, 0.8, 20, None),
        (0.501, 0.2, 0.8, 20, None),
        (0.9, 0.8, 0.95, 20, 0),
    ],
)
def test_models_to_decide_worked_by_hand(rho, low, high, n, expected):
    assert models_to_decide(float(rho), float(low), float(high), n, (-0.5, 0.5)) == expected


@given(st.integers(8, 60), st.floats(0.5, 0.99), st.integers(0, 10**6), st.integers(2, 12))
def test_median_limits_hold_the_median_and_turn_with_the_values(n, level, seed, groups):
    rng = np.random.default_rng(seed)
    values, families = rng.standard_normal(n), rng.integers(groups, size=n)
    low, high = median_limits(values, families, level)
    if np.isfinite(low):
        assert low <= np.median(values) <= high
        assert {low, high} <= set(values)
        np.testing.assert_allclose(median_limits(3 * values + 2, families, level), (3 * low + 2, 3 * high + 2))


@pytest.mark.parametrize("n", range(10, 61, 10))
def test_median_limits_are_the_same_from_above_as_from_below(n):
    values = np.arange(n, dtype=float)
    low, high = median_limits(values, np.arange(n), 0.95)
    assert median_limits(-values, np.arange(n), 0.95) == (-high, -low)
    assert low + high == pytest.approx(n - 1)


@pytest.mark.parametrize("n", range(10, 61))
@pytest.mark.parametrize("level", [0.8, 0.95])
def test_median_limits_of_independent_models_cover_by_the_exact_binomial_sum(n, level):
    ordered = np.arange(1.0, n + 1)
    low, high = median_limits(ordered, np.arange(n), level)
    # P(x_(r) <= median <= x_(s)) = P(r <= Binomial(n, 1/2) <= s - 1)
    coverage = stats.binom.cdf(high - 1, n, 0.5) - stats.binom.cdf(low - 1, n, 0.5)
    assert coverage >= level - 0.01


def test_median_limits_widen_where_families_agree():
    values = np.sort(np.random.default_rng(0).standard_normal(40))
    apart, together = (median_limits(values, families, 0.8) for families in (np.arange(40) % 10, np.arange(40) // 4))
    assert together[1] - together[0] > apart[1] - apart[0]


def test_median_limits_of_families_that_straddle_the_median_evenly_are_not_of_width_zero():
    values = np.arange(16.0)
    families = np.array([*range(8), *range(8)])  # each family has one model below the median and one above
    low, high = median_limits(values, families, 0.95)
    assert np.isnan(low) or high > low


@pytest.mark.parametrize("families", [np.zeros(20, dtype=int), np.array([0] * 19 + [1])])
def test_median_limits_of_next_to_one_family_are_undefined(families):
    assert np.isnan(median_limits(np.arange(20.0), families, 0.95)).all()


@given(st.floats(-0.95, 0.95), st.floats(0.05, 1), st.floats(1, 50), st.floats(0.6, 0.99))
def test_a_one_sided_test_and_the_interval_of_twice_its_level_say_the_same(rho, stderr, freedom, level):
    found = OnZScale(np.array([rho]), np.array([stderr]), np.array([freedom]), np.array([40]))
    low, high = found.limits(level)
    for bound, p_value in ((low[0], found.p_above), (high[0], found.p_below)):
        assert abs(bound) == 1 or p_value(float(bound))[0] == pytest.approx((1 - level) / 2, rel=1e-3)


def test_a_test_on_the_z_scale_worked_by_hand():
    # rho .8, SE .2, 20 degrees of freedom: t = (1.0986123 - .5493061) / .2 = 2.7465307, p = .0062 (R: pt(-2.7465, 20))
    found = OnZScale(np.array([0.8]), np.array([0.2]), np.array([20.0]), np.array([40]))
    assert found.p_above(0.5)[0] == pytest.approx(stats.t.sf(2.7465307, 20), rel=1e-6)
    assert found.p_above(0.5)[0] + found.p_below(0.5)[0] == pytest.approx(1)


def test_a_jackknife_that_is_too_sure_is_held_to_independent_models():
    rho, n = np.array([0.5, 0.5, 0.5]), np.full(3, 20)
    replicates = np.array([[0.5, 0.2, 0.5], [0.5, 0.8, np.nan], [0.5, 0.5, np.nan]])
    found = at_least_independent(rho, replicates, n)
    own = jackknife_se(np.arctanh(replicates))[0]
    assert found.stderr[0] == bonett_wright_se(rho, n)[0]
    assert found.stderr[1] == pytest.approx(own[1])
    assert np.isnan(found.stderr[2])
    assert found.freedom.tolist() == [2, 2, 1]
