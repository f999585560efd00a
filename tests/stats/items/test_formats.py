"""Differences between formats and rank agreement: against other packages and the definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from measurand.stats.intervals.paired import bonett_price
from measurand.stats.items.formats import difference_limits, tau_limits


def test_right_and_wrong_scores_have_bonett_and_prices_interval():
    gaps = np.repeat([1.0, -1.0, 0.0], [360, 210, 430])
    found = difference_limits(gaps, None, 0.95)
    low, high = bonett_price(360, 210, 1000, 0.95)
    # t and n - 1 for z and n: the third decimal.
    assert (found.low, found.high) == pytest.approx((float(low), float(high)), abs=5e-4)
    assert found.value == pytest.approx(0.15)


def test_items_that_never_differ_are_no_certainty():
    few, many = (difference_limits(np.zeros(n), None, 0.95) for n in (20, 2000))
    assert few.value == 0
    assert few.low < -0.1 < 0.1 < few.high
    assert many.high < 0.002
    assert math.isnan(difference_limits(np.full(20, 0.3), None, 0.95).low)


def test_other_scores_have_the_paired_t_interval():
    gaps = np.random.default_rng(0).normal(0.05, 0.2, 40)
    interval = stats.ttest_1samp(gaps, 0).confidence_interval(0.9)
    found = difference_limits(gaps, None, 0.9)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))


def test_clusters_have_cr2_with_its_t(cr2_definition):
    rng = np.random.default_rng(1)
    gaps, clusters = rng.normal(0.05, 0.2, 60), rng.integers(0, 8, 60)
    mean, (variance, df) = gaps.mean(), cr2_definition(gaps, clusters)
    half = stats.t.ppf(0.975, df) * math.sqrt(variance)
    found = difference_limits(gaps, clusters, 0.95)
    assert (found.low, found.high) == pytest.approx((mean - half, mean + half))
    assert math.isnan(difference_limits(gaps, np.zeros(60, int), 0.95).low)


def test_turning_the_difference_turns_the_interval():
    gaps = np.repeat([1.0, -1.0, 0.0], [7, 2, 30])
    found, turned = (difference_limits(sign * gaps, None, 0.95) for sign in (1, -1))
    assert (found.low, found.high) == pytest.approx((-turned.high, -turned.low))


@pytest.mark.parametrize("decimals", [1, 8])
def test_tau_is_scipys_tau_b(decimals):
    rng = np.random.default_rng(2)
    first, second = rng.random((2, 12)).round(decimals)
    assert tau_limits(first, second, 0.95).value == pytest.approx(stats.kendalltau(first, second).statistic)


def test_the_interval_of_tau_is_on_fishers_z():
    first = np.arange(12.0)
    second = np.array([1.0, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10])
    found = tau_limits(first, second, 0.95)
    half = 1.959964 * math.sqrt(0.437 / 8)
    step = 2 / math.comb(12, 2)
    assert found.low == pytest.approx(math.tanh(math.atanh(found.value - step) - half), rel=1e-6)
    assert found.high == pytest.approx(math.tanh(math.atanh(found.value + step) + half), rel=1e-6)
    turned = tau_limits(first, -second, 0.95)
    assert (turned.low, turned.high) == pytest.approx((-found.high, -found.low))


def test_few_models_and_ties():
    assert math.isnan(tau_limits(np.arange(4.0), np.arange(4.0), 0.95).low)
    assert math.isnan(tau_limits(np.ones(8), np.arange(8.0), 0.95).value)
    perfect = tau_limits(np.arange(8.0), np.arange(8.0), 0.95)
    assert perfect.low < perfect.value == perfect.high == 1
