"""Differences of areas under the ROC curve, against DeLong's interval and at the edges where that has none."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from measurand.stats.hiding.areas import area, area_difference, findable_area
from measurand.stats.texts.two_sample import auroc, auroc_difference, auroc_limits


def test_an_area_has_newcombes_interval():
    rng = np.random.default_rng(0)
    scores, labels = rng.normal(size=70), np.arange(70) < 30
    found = area(scores, labels, 0.9)
    assert found.value == auroc(scores, labels)
    assert (found.low, found.high) == auroc_limits(found.value, 30, 40, 0.9)


def test_in_the_middle_of_the_scale_the_limits_are_near_delongs():
    rng = np.random.default_rng(1)
    labels = np.arange(2000) % 2 == 0
    common = rng.standard_normal(2000)
    first = common + rng.standard_normal(2000) + 0.6 * labels
    second = common + rng.standard_normal(2000) + 0.3 * labels
    value, stderr = auroc_difference(first, second, labels)
    found = area_difference(first, second, labels, 0.95)
    assert found.value == value
    assert found.low == pytest.approx(value - 1.96 * stderr, abs=0.001)
    assert found.high == pytest.approx(value + 1.96 * stderr, abs=0.001)


def test_two_perfect_scores_are_not_told_apart_and_have_a_width():
    labels = np.arange(60) < 30
    found = area_difference(labels * 1.0, labels * 2.0, labels, 0.95)
    assert found.value == 0
    assert found.low < -0.05 < 0.05 < found.high


def test_the_limits_are_those_of_the_formula():
    """Zou 2007, with the limits and the correlation written out."""
    rng = np.random.default_rng(2)
    labels = np.arange(80) < 40
    first, second = rng.standard_normal((2, 80)) + np.array([[1.5], [0.5]]) * labels
    a, b = auroc(first, labels), auroc(second, labels)
    (la, ua), (lb, ub) = (auroc_limits(value, 40, 40, 0.95) for value in (a, b))

    def placements(scores):
        above = [np.mean((one > scores[~labels]) + 0.5 * (one == scores[~labels])) for one in scores[labels]]
        below = [np.mean((zero < scores[labels]) + 0.5 * (zero == scores[labels])) for zero in scores[~labels]]
        return np.array(above), np.array(below)

    (a_pos, a_neg), (b_pos, b_neg) = placements(first), placements(second)
    variance = [np.var(pos, ddof=1) / 40 + np.var(neg, ddof=1) / 40 for pos, neg in ((a_pos, a_neg), (b_pos, b_neg))]
    shared = np.cov(a_pos, b_pos)[0, 1] / 40 + np.cov(a_neg, b_neg)[0, 1] / 40
    r = shared / np.sqrt(variance[0] * variance[1])
    found = area_difference(first, second, labels, 0.95)
    low = np.sqrt((a - la) ** 2 + (ub - b) ** 2 - 2 * r * (a - la) * (ub - b))
    high = np.sqrt((ua - a) ** 2 + (b - lb) ** 2 - 2 * r * (ua - a) * (b - lb))
    assert (found.low, found.high) == pytest.approx((a - b - low, a - b + high))


@given(st.integers(2, 30), st.integers(2, 30), st.integers(0, 10_000))
def test_every_difference_lies_within_its_limits(positives, negatives, seed):
    rng = np.random.default_rng(seed)
    labels = np.arange(positives + negatives) < positives
    first, second = rng.integers(0, 3, (2, len(labels)))
    found = area_difference(first, second, labels, 0.95)
    assert -1 <= found.low <= found.value <= found.high <= 1


def test_an_area_that_can_be_found_is_found_that_often():
    rng = np.random.default_rng(3)
    wanted = findable_area(60, 60, 0.95, 0.8)
    labels = np.arange(120) < 60
    shift = np.sqrt(2) * stats.norm.ppf(wanted)
    found = [area(rng.standard_normal(120) + shift * labels, labels, 0.95).low > 0.5 for _ in range(400)]
    assert np.mean(found) == pytest.approx(0.8, abs=0.06)
    assert findable_area(2, 2, 0.95, 0.8) == 1.0
