"""An interval against a bound, many verdicts, and what could not be assessed."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from measurand.measures.verdicts import Side, Unassessed, against, family, headline, overall, tally, unassessed, verdict
from measurand.results import Finding, Status

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
