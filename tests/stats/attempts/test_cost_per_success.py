"""What is spent for each success, against the definition and a bootstrap."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import beta

from measurand.stats.attempts.cost_per_success import cost_per_success


def test_the_ratio_and_its_linearised_error():
    rng = np.random.default_rng(0)
    costs, success = rng.gamma(2.0, 10.0, 200), rng.random(200) < 0.4
    value, low, high = cost_per_success(costs, success, range(200), 0.95)
    assert value == pytest.approx(costs.sum() / success.sum())
    drawn = rng.integers(0, 200, (4000, 200))
    ratios = np.log(costs[drawn].sum(axis=1) / success[drawn].sum(axis=1))
    assert np.log(high / low) / 2 / 1.972 == pytest.approx(ratios.std(), rel=0.08)  # scipy.stats.t.ppf(.975, 199)


def test_clusters_widen_it():
    success = np.repeat([True, False] * 5, 10)
    alone = cost_per_success(np.ones(100), success, range(100), 0.95)
    grouped = cost_per_success(np.ones(100), success, np.arange(100) // 10, 0.95)
    assert grouped[0] == alone[0] == 2.0
    assert np.log(grouped[2] / grouped[1]) > 2 * np.log(alone[2] / alone[1])


def test_without_a_success_the_cost_has_a_bound_from_below():
    value, low, high = cost_per_success([3.0] * 20, [False] * 20, range(20), 0.95)
    assert (value, high) == (np.inf, np.inf)
    assert low == pytest.approx(3.0 / beta.ppf(0.975, 1, 20))


@pytest.mark.parametrize("codes", [[0] * 4, range(4)])
def test_no_interval_where_nothing_varies_or_one_cluster_is_all(codes):
    value, low, high = cost_per_success([2.0] * 4, [True] * 4, codes, 0.95)
    assert value == 2.0
    assert np.isnan([low, high]).all()
