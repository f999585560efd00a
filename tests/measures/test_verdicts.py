"""An interval against a bound, many verdicts, and what could not be assessed."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from measurand.measures.verdicts import (
    Side,
    Unassessed,
    against,
    called,
    claims,
    family,
    headline,
    overall,
    tally,
    unassessed,
    verdict,
)
from measurand.results import Finding, Status
from measurand.stats.intervals.one_sided import Uncertain

ISSUE, CAUTION, PASSED, SILENT = Status.ISSUE, Status.CAUTION, Status.PASSED, Status.NOT_APPLICABLE


def found(*statuses):
    return [Finding(status=status, sentence="") for status in statuses]


@given(st.tuples(*[st.floats(-2, 2)] * 4))
def test_a_side_is_what_the_whole_interval_lies_on(values):
    (low, high), (lower, upper) = sorted(values[:2]), sorted(values[2:])
    side = against(low, high, (lower, upper))
    grid = np.linspace(low, high, 7)
    slow = {
        Side.ABOVE: bool((grid > upper).all()),
        Side.BELOW: bool((grid < lower).all()),
        Side.BETWEEN: bool(((grid > lower) & (grid < upper)).all()),
    }
    expected = next((name for name, lies in slow.items() if lies), Side.ACROSS)
    assert side is expected
    assert against(low, high, lower) is {True: Side.ABOVE}.get(low > lower, Side.BELOW if high < lower else Side.ACROSS)


@pytest.mark.parametrize(("low", "high"), [(None, 1.0), (1.0, None), (math.nan, 1.0), (0.2, math.nan)])
def test_without_both_limits_there_is_no_side(low, high):
    assert against(low, high, 0.5) is Side.UNKNOWN
    assert verdict(Side.UNKNOWN, issue=Side.ABOVE, passed=Side.BELOW) is CAUTION


def test_a_limit_on_the_bound_decides_nothing():
    assert against(0.5, 0.7, 0.5) is against(0.3, 0.5, 0.5) is against(-0.5, 0.2, (-0.5, 0.5)) is Side.ACROSS


def test_sides_become_statuses():
    both = (Side.ABOVE, Side.BELOW)
    assert [verdict(side, issue=both, passed=Side.BETWEEN) for side in Side] == [ISSUE, ISSUE, PASSED, CAUTION, CAUTION]


def test_a_family_is_adjusted_for_its_size_and_undefined_ones_do_not_count():
    p_values = np.array([0.01, np.nan, 0.02, 0.04])
    np.testing.assert_allclose(family(p_values), [0.03, np.nan, 0.04, 0.04])
    np.testing.assert_allclose(family(p_values, "bh"), [0.03, np.nan, 0.03, 0.04])
    np.testing.assert_array_equal(family(p_values, "none"), p_values)


def test_a_headline_is_as_bad_as_the_worst_it_sums_up():
    assert overall(found(PASSED, ISSUE, SILENT)) is ISSUE
    assert overall(found(PASSED, PASSED)) is PASSED
    assert overall(found(PASSED, SILENT)) is CAUTION
    assert overall(found(SILENT, SILENT)) is overall([]) is SILENT
    assert tally(found(PASSED, ISSUE, PASSED)) == {PASSED: 2, ISSUE: 1}
    said = headline("All of it.", found(PASSED), subject={"class": "chat"})
    assert (said.headline, said.status, said.subject) == (True, PASSED, {"class": "chat"})


def test_what_is_not_assessed_is_a_row_that_says_why():
    rows = unassessed(
        [Unassessed({"benchmark": "b"}, "2 models ran it", "8"), Unassessed({}, "every score is the same")]
    )
    assert [row.sentence for row in rows] == [
        "Not assessed: 2 models ran it; needs 8.",
        "Not assessed: every score is the same.",
    ]
    assert {(row.status, row.headline) for row in rows} == {(SILENT, False)}


def test_claims_are_those_of_the_point_and_beaten_back_at_the_bound_it_is_nearest_to():
    value = np.array([0.9, -0.9, 0.1, -0.3, 0.5, np.nan])
    found = Uncertain(value, np.full(6, 0.2), np.full(6, 8.0))
    sides, p_values = claims(value, found, (-0.5, 0.5))
    assert sides == [Side.ABOVE, Side.BELOW, Side.BETWEEN, Side.BETWEEN, Side.ABOVE, Side.BETWEEN]
    # Between two bounds the nearer one decides.
    np.testing.assert_allclose(p_values[:2], 1 - stats.t.cdf(2.0, 8))
    np.testing.assert_allclose(p_values[2:5], [1 - stats.t.cdf(2.0, 8), 1 - stats.t.cdf(1.0, 8), 0.5])
    assert math.isnan(p_values[5])


@given(st.lists(st.floats(0, 1) | st.just(math.nan), min_size=1, max_size=12))
def test_what_holds_in_a_family_is_what_benjamini_and_hochberg_keep(values):
    p_values = np.array(values)
    calls = called([Side.ABOVE] * len(values), p_values, 0.05)
    known = sorted(p for p in values if not math.isnan(p))
    # By the definition: the largest k whose k-th smallest p-value is at most k q / m, and all below it.
    kept = max((p for k, p in enumerate(known, start=1) if p * len(known) / k <= 0.05), default=-1.0)
    for call, p_value in zip(calls, values, strict=True):
        if math.isnan(p_value):
            assert call.side is call.alone is Side.UNKNOWN
            continue
        assert (call.side is Side.ABOVE) == (p_value <= kept)
        assert (call.alone is Side.ABOVE) == (p_value <= 0.05)
        assert call.family == len(known)


def test_what_holds_only_by_itself_says_so_and_among_how_many():
    words = {Side.ABOVE: "it rises", Side.ACROSS: "too few models"}
    first, *_, last = called([Side.ABOVE] * 60, np.array([0.01, *[0.5] * 59]), 0.05)
    assert first.meaning(words) == (
        "judged on its own, it rises, but among the 60 benchmarks looked at that could be chance"
    )
    assert last.meaning(words) == "too few models"
    (single,) = called([Side.ABOVE], np.array([0.01]), 0.05)
    assert single.meaning(words) == "it rises"
