"""Kaplan-Meier against its definition, scipy and statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import CensoredData, binom, ecdf
from statsmodels.duration.survfunc import SurvfuncRight

from measurand.stats.attempts.survival import kaplan_meier, quantiles_under
from measurand.stats.intervals.binomial import clopper_pearson

EFFORTS = st.lists(st.tuples(st.integers(0, 8), st.booleans()), min_size=1, max_size=30)


def drawn(n=60, seed=0, share=0.7):
    rng = np.random.default_rng(seed)
    return rng.integers(1, 20, n).astype(float), rng.random(n) < share


def product_limit(times, events, cost):
    """The definition, one cost after the other."""
    surviving = 1.0
    for each in sorted({t for t, came in zip(times, events, strict=True) if came and t <= cost}):
        at_risk = sum(t >= each for t in times)
        surviving *= 1 - sum(t == each and came for t, came in zip(times, events, strict=True)) / at_risk
    return 1 - surviving


@given(EFFORTS)
def test_the_curve_is_the_product_limit(efforts):
    times, events = (list(column) for column in zip(*efforts, strict=True))
    found = kaplan_meier(times, events, 0.95)
    assert found.share == pytest.approx([product_limit(times, events, cost) for cost in found.times], abs=1e-12)
    assert (found.low <= found.share + 1e-9).all()
    assert (found.high >= found.share - 1e-9).all()
    assert (found.high > found.low).all()


@pytest.mark.parametrize("seed", range(3))
def test_curve_and_log_log_limits_are_those_of_scipy(seed):
    times, events = drawn(seed=seed)
    theirs = ecdf(CensoredData(uncensored=times[events], right=times[~events])).sf
    limits = theirs.confidence_interval(0.95, method="log-log")
    ours = kaplan_meier(times, events, 0.95)
    place = np.searchsorted(ours.times, theirs.quantiles)
    assert 1 - ours.share[place] == pytest.approx(theirs.probabilities)
    inner = np.isfinite(limits.low.probabilities) & (ours.share[place] > 0) & (ours.share[place] < 1)
    assert 1 - ours.high[place][inner] == pytest.approx(limits.low.probabilities[inner])
    assert 1 - ours.low[place][inner] == pytest.approx(limits.high.probabilities[inner])


@pytest.mark.parametrize("share", [0.25, 0.5])
def test_quantile_and_its_limits_are_those_of_statsmodels(share):
    times, events = drawn(seed=1)
    theirs = SurvfuncRight(times, events.astype(int))
    ours = kaplan_meier(times, events, 0.95).quantile(share)
    assert ours[0] == theirs.quantile(share)
    assert ours[1:] == pytest.approx(theirs.quantile_ci(share, method="cloglog"))


def test_a_share_that_is_not_reached_has_a_bound_and_no_value():
    found = kaplan_meier(np.full(20, 90.0), np.zeros(20, dtype=bool), 0.95)
    assert found.quantile(0.5) == (np.inf, 90.0, np.inf)
    share, low, high = found.by(90.0)
    assert (share, low) == (0.0, 0.0)
    assert high == pytest.approx(clopper_pearson(0, 20, 0.95)[1])
    assert np.isnan(found.by(91.0)[0])
    assert found.by(91.0)[1:] == (0.0, 1.0)
    assert found.by(3.0)[2] == pytest.approx(high)


def test_when_all_succeed_the_limits_are_exact():
    found = kaplan_meier(np.full(12, 5.0), np.ones(12, dtype=bool), 0.95)
    assert found.by(5.0) == (1.0, pytest.approx(clopper_pearson(12, 12, 0.95)[0]), 1.0)
    assert found.by(1e9)[0] == 1.0
    assert found.area(10.0)[0] == pytest.approx(0.5)


def influence_by_jackknife_weights(times, events, clusters, cost):
    """Derivative of log survival by each cluster's weight, by finite differences."""
    spent, came = np.asarray(times), np.asarray(events)

    def log_survival(weights):
        total = 0.0
        for each in np.unique(spent[came & (spent <= cost)]):
            d = weights[(spent == each) & came].sum()
            total += np.log1p(-d / weights[spent >= each].sum())
        return total

    found = []
    for code in np.unique(clusters):
        step = np.where(clusters == code, 1e-5, 0.0)
        found.append((log_survival(1 + step) - log_survival(1 - step)) / 2e-5)
    return np.array(found)


def test_the_variance_over_clusters_is_that_of_their_influence():
    times, events = drawn(48, seed=3, share=0.6)
    clusters = np.arange(48) // 4
    found = kaplan_meier(times, events, 0.95, clusters)
    place = int(np.searchsorted(found.times, 9.0, side="right")) - 1
    slow = influence_by_jackknife_weights(times, events, clusters, 9.0)
    assert -found.increments[:, : place + 1].sum(axis=1) == pytest.approx(slow, abs=1e-8)


def test_clusters_of_one_effort_give_greenwoods_variance():
    times, events = drawn(30, seed=4)
    alone = kaplan_meier(times, events, 0.95)
    rows = kaplan_meier(np.tile(times, 2), np.tile(events, 2), 0.95, np.tile(np.arange(30), 2))
    single = alone.increments[0].cumsum()
    doubled = (rows.increments.cumsum(axis=1) ** 2).sum(axis=0)
    inner = alone.share < 1
    assert doubled[inner] == pytest.approx(single[inner])
    assert alone.groups == rows.groups == 30


def test_the_area_is_the_integral_of_the_curve_and_its_variance_that_of_the_influence():
    times, events = drawn(40, seed=5)
    found = kaplan_meier(times, events, 0.95)
    grid = np.linspace(0, 11.5, 240_001)[:-1]
    assert found.area(11.5)[0] == pytest.approx(np.mean([found.by(cost)[0] for cost in grid[::20]]), abs=1e-3)
    costs, shares = found.staircase()
    inside = np.interp(11.5, costs, shares)
    kept = costs < 11.5
    assert found.area(11.5)[0] == pytest.approx(np.trapezoid([*shares[kept], inside], [*costs[kept], 11.5]) / 11.5)
    twice = kaplan_meier(np.tile(times, 2), np.tile(events, 2), 0.95, np.tile(np.arange(40), 2)).area(11.5)
    normal, t = 1.959964, 2.022691  # scipy.stats.norm.ppf(.975), scipy.stats.t.ppf(.975, 39)
    width = (twice[2] - twice[1]) / t / np.sqrt(40 / 39) * normal
    assert width == pytest.approx(found.area(11.5)[2] - found.area(11.5)[1], rel=1e-5)
    assert all(np.isnan(found.area(100.0)))


@given(EFFORTS, st.sampled_from([0.2, 0.5, 0.8]))
def test_weighted_quantiles_are_those_of_repeated_efforts(efforts, share):
    times, events = (np.array(column) for column in zip(*efforts, strict=True))
    weights = np.random.default_rng(len(efforts)).integers(0, 3, (4, len(efforts)))
    weights[:, 0] = 1
    fast = quantiles_under(times, events, weights.astype(float), share)
    for row, value in zip(weights, fast, strict=True):
        repeated = kaplan_meier(np.repeat(times, row), np.repeat(events, row), 0.95)
        assert value == repeated.quantile(share)[0]


def test_times_that_are_none():
    for times in ([], [-1.0], [np.inf]):
        with pytest.raises(ValueError, match="times should be"):
            kaplan_meier(times, np.zeros(len(times), dtype=bool), 0.95)


@pytest.mark.parametrize("count", [1, 2, 5, 9])
def test_efforts_that_none_ended_before_have_the_exact_limits_of_a_share(count):
    found = kaplan_meier(np.where(np.arange(10) < count, 1.0, 90.0), np.arange(10) < count, 0.95).by(30.0)
    low, high = clopper_pearson(count, 10, 0.95)
    assert found == pytest.approx((count / 10, float(low), float(high)))


def test_two_of_ten_are_not_shown_to_lie_above_a_twentieth():
    """At that share two or more of ten come by chance in 8.6%, where 2.5% are asked for."""
    assert binom.sf(1, 10, 0.05) == pytest.approx(0.0861, abs=1e-4)
    found = kaplan_meier(np.full(10, 9.0), np.arange(10) < 2, 0.95)
    # The limits of the log-log scale, which the curve has, say they are.
    assert found.low[-1] > 0.05 > found.by(9.0).low


def test_efforts_that_end_early_and_clusters_leave_fewer_independent_ones():
    rng = np.random.default_rng(11)
    times, events = rng.integers(1, 20, 60).astype(float), rng.random(60) < 0.4
    whole = kaplan_meier(times, events, 0.95)
    found = whole.by(12.0)
    # Greenwood's variance, and as many efforts as have it without any that ended early.
    place = int(np.searchsorted(whole.times, 12.0, side="right")) - 1
    d, n = whole.events[: place + 1], whole.at_risk[: place + 1]
    worth = found.value / ((1 - found.value) * (d / (n * (n - d))).sum())
    assert worth < 60
    assert (found.low, found.high) == pytest.approx(
        tuple(map(float, clopper_pearson(found.value * worth, worth, 0.95)))
    )
    clustered = kaplan_meier(np.tile(times, 3), np.tile(events, 3), 0.95, np.tile(np.arange(60), 3)).by(12.0)
    assert clustered.value == pytest.approx(found.value)
    assert (clustered.low, clustered.high) == pytest.approx((found.low, found.high), abs=0.02)
