"""Shares of capability, groups and neither against least squares, and p-values against F and plain loops."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from measurand.stats.capability.owners import (
    MOST_PERMUTED,
    Sums,
    beside_capability,
    between_groups,
    midranks,
    shares,
    shares_with_limits,
    within_groups,
)


def models(seed: int, n: int = 30, groups: int = 5, effect: float = 1.0, slope: float = 0.7):
    rng = np.random.default_rng(seed)
    group = np.sort(np.concatenate([np.repeat(np.arange(groups), 2), rng.integers(0, groups, n - 2 * groups)]))
    s = rng.standard_normal(n) + 0.5 * rng.standard_normal(groups)[group]
    return slope * s + effect * rng.standard_normal(groups)[group] + rng.standard_t(5, n), s, group


def slow_shares(y, s, group):
    """Shapley's rule on the adjusted R^2 that statsmodels gives."""
    dummies = np.eye(group.max() + 1)[group][:, 1:]
    alone, by_group, both = (
        sm.OLS(y, sm.add_constant(x)).fit().rsquared_adj for x in (s, dummies, np.column_stack([s, dummies]))
    )
    return [(alone + both - by_group) / 2, (by_group + both - alone) / 2, 1 - both]


def slow_root(y, s, group):
    """Signed root of the mean of the signed squares of two correlations of capability: alone, and beside the groups."""
    dummies = np.eye(group.max() + 1)[group]
    beside = s - dummies @ (np.linalg.pinv(dummies) @ s)
    squares = [abs(r) * r for r in (stats.pearsonr(y, s).statistic, stats.pearsonr(y, beside).statistic)]
    mean = sum(squares) / 2
    return np.sign(mean) * np.sqrt(abs(mean))


@pytest.mark.parametrize("seed", range(5))
def test_shares_are_those_of_least_squares_and_add_up(seed):
    y, s, group = models(seed)
    found = shares(Sums.of(y, s, group))
    np.testing.assert_allclose(found, slow_shares(y, s, group))
    assert found.sum() == pytest.approx(1)


@pytest.mark.parametrize("seed", range(5))
def test_one_left_out_at_a_time_is_what_leaving_out_gives(seed):
    y, s, group = models(seed, 16, 4)
    fast = shares(Sums.of(y, s, group).one_left_out(y, s, group))
    for i in range(len(y)):
        kept = np.arange(len(y)) != i
        np.testing.assert_allclose(fast[:, i], slow_shares(y[kept], s[kept], group[kept]))


@pytest.mark.parametrize("level", [0.9, 0.95])
def test_limits_are_the_jackknife_each_on_its_scale(level):
    y, s, group = models(3)
    n, groups = len(y), group.max() + 1
    kept = [np.arange(n) != i for i in range(n)]
    each = np.array([slow_shares(y[k], s[k], group[k]) for k in kept])
    roots = np.array([slow_root(y[k], s[k], group[k]) for k in kept])
    t = stats.t.ppf((1 + level) / 2, n - groups - 1)

    def reach(values):
        return t * np.sqrt((n - 1) * values.var())

    found = shares_with_limits(y, s, group, level)
    capability, made, own = slow_shares(y, s, group)
    z, half = np.arctanh(slow_root(y, s, group)), reach(np.arctanh(roots))
    squares = np.tanh([z - half, z + half]) ** 2
    np.testing.assert_allclose(found.capability, (capability, 0 if abs(z) < half else squares.min(), squares.max()))
    assert squares.min() < capability < squares.max()
    expected = (made, made - reach(each[:, 1]), made + reach(each[:, 1]))
    np.testing.assert_allclose(found.groups, np.clip(expected, 0, 1))
    factor = np.exp(reach(np.log(each[:, 2])))
    np.testing.assert_allclose(found.neither, np.clip((own, own / factor, own * factor), 0, 1))
    half = reach(each[:, 1] - each[:, 0])
    np.testing.assert_allclose(found.lead, (made - capability, made - capability - half, made - capability + half))


@pytest.mark.parametrize("seed", range(60))
def test_an_interval_holds_its_value_and_the_unit_does_not_matter(seed):
    y, s, group = models(seed, 24, 5, effect=seed % 3, slope=4 * (seed % 2))
    found = shares_with_limits(y, s, group, 0.95)
    for value, low, high in (found.capability, found.groups, found.neither, found.lead):
        assert low <= value <= high
    other = shares_with_limits(100 - 7 * y, 3 * s + 2, group[::1], 0.95)
    np.testing.assert_allclose(other.groups, found.groups)
    np.testing.assert_allclose(other.capability, found.capability, atol=1e-12)


def test_shares_average_nothing_where_nothing_is_there():
    found = np.mean([shares(Sums.of(*models(seed, 30, 6, 0.0, 0.0))) for seed in range(2000)], axis=0)
    # Standard errors of these means are near .002.
    np.testing.assert_allclose(found, [0, 0, 1], atol=0.008)


def test_permutations_of_gaussian_scores_agree_with_f():
    y, s, group = models(11, 60, 6, 0.5)
    dummies = np.eye(6)[group][:, 1:]
    small = sm.OLS(y, sm.add_constant(s)).fit()
    large = sm.OLS(y, sm.add_constant(np.column_stack([s, dummies]))).fit()
    by_f = large.compare_f_test(small)[1]
    # 20,000 permutations: Monte Carlo standard error under .0035, and heavy tails move it a little.
    assert beside_capability(y, s, group, 20_000, np.random.default_rng(0)) == pytest.approx(by_f, abs=0.015)
    one_way = stats.f_oneway(*(y[group == g] for g in range(6))).pvalue
    assert between_groups(y, group, 20_000, np.random.default_rng(0)).p_value == pytest.approx(one_way, abs=0.015)


def test_of_many_models_f_stands_for_the_permutations():
    y, s, group = models(12, MOST_PERMUTED + 1, 6, 0.1)
    one_way = stats.f_oneway(*(y[group == g] for g in range(6))).pvalue
    assert between_groups(y, group, 100, np.random.default_rng(0)).p_value == pytest.approx(one_way)
    dummies = np.eye(6)[group][:, 1:]
    large = sm.OLS(y, sm.add_constant(np.column_stack([s, dummies]))).fit()
    by_f = large.compare_f_test(sm.OLS(y, sm.add_constant(s)).fit())[1]
    assert beside_capability(y, s, group, 100, np.random.default_rng(0)) == pytest.approx(by_f)


def test_correlation_within_groups_and_its_permutations_by_hand():
    y, s, group = models(5, 20, 3, 2.0, 0.6)
    ranks = [stats.rankdata(values) for values in (y, s)]

    def centred(values):
        return np.concatenate([values[group == g] - values[group == g].mean() for g in range(3)])

    expected = stats.pearsonr(*(centred(each) for each in ranks)).statistic
    rho, p_value = within_groups(y, s, group, 5000, np.random.default_rng(0))
    assert rho == pytest.approx(expected)
    rng = np.random.default_rng(1)
    beyond = 0
    for _ in range(2000):
        shuffled = np.concatenate([rng.permutation(ranks[0][group == g]) for g in range(3)])
        beyond += abs(stats.pearsonr(centred(shuffled), centred(ranks[1])).statistic) >= abs(expected) - 1e-12
    # Standard error of the difference of the two shares under .013.
    assert p_value == pytest.approx(beyond / 2000, abs=0.04)


def test_permutations_within_groups_do_not_need_groups_in_order():
    y, s, group = models(5, 20, 3)
    order = np.random.default_rng(0).permutation(20)
    rho, p_value = within_groups(y, s, group, 4000, np.random.default_rng(0))
    other = within_groups(y[order], s[order], group[order], 4000, np.random.default_rng(0))
    assert (rho, p_value) == (pytest.approx(other[0]), pytest.approx(other[1], abs=0.04))


def test_where_nothing_varies_within_groups_there_is_no_correlation():
    group = np.array([0, 0, 1, 1, 2, 2])
    assert all(np.isnan(within_groups(group * 1.0, np.arange(6.0), group, 100, np.random.default_rng(0))))


def test_ranks_are_those_of_scipy():
    values = np.array([3.0, 1.0, 3.0, 2.0, 1.0, 1.0])
    np.testing.assert_array_equal(midranks(values), stats.rankdata(values))
