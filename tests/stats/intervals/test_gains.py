"""Mean differences on the same items, against the paired difference and the interval for counts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from measurand.stats.intervals.gains import gain_limits
from measurand.stats.intervals.paired import bonett_price, paired_differences


@given(st.integers(2, 40), st.integers(0, 2**32 - 1))
def test_the_gain_is_the_paired_difference_with_one_more_discordant_item_each_way(items, seed):
    rng = np.random.default_rng(seed)
    scores, base = rng.integers(0, 2, (2, items)).astype(float)
    found = gain_limits(scores[None], base, None, 0.95)
    pair = paired_differences(np.stack([scores, base]))
    assert found.value == pytest.approx(pair.value[0])
    assert found.stderr**2 == pytest.approx(pair.stderr[0] ** 2 + 2 / (items + 2) ** 2)
    assert found.low <= found.value <= found.high
    assert found.high - found.low > 0


def test_the_interval_is_near_that_of_bonett_and_price_for_counts():
    scores, base = np.zeros((2, 200))
    scores[:40] = 1
    base[30:60] = 1
    found = gain_limits(scores[None], base, None, 0.95)
    low, high = bonett_price(30, 20, 200, 0.95)
    assert (found.low, found.high) == pytest.approx((float(low), float(high)), abs=0.004)


def test_a_mean_over_splits_has_the_standard_error_of_one():
    rng = np.random.default_rng(2)
    scores, base = rng.integers(0, 2, (5, 80)).astype(float), rng.integers(0, 2, 80).astype(float)
    clusters = np.arange(80) // 4
    each = [gain_limits(row[None], base, clusters, 0.9) for row in scores]
    found = gain_limits(scores, base, clusters, 0.9)
    assert found.value == pytest.approx(np.mean([one.value for one in each]))
    assert found.stderr**2 == pytest.approx(np.mean([one.stderr**2 for one in each]))
    assert found.groups == 20


@given(st.floats(-0.2, 0.4), st.integers(0, 1000))
def test_the_p_value_is_below_the_level_exactly_where_the_limit_is_above_the_bound(bound, seed):
    rng = np.random.default_rng(seed)
    found = gain_limits(rng.random((1, 30)), rng.random(30) * 0.6, None, 0.95)
    assert (found.p_value(bound) < 0.05) == (found.low > bound)
