"""How rows are summed up: an issue of one of many may be chance."""

from __future__ import annotations

import pytest

from measurand.measures.precision.shared.summary import joint_headline, refusal
from measurand.measures.shared import bars
from measurand.measures.verdicts import Unassessed
from measurand.results import Axis, Estimate, Finding, Status


def rows(*statuses):
    return [
        Finding(status=status, sentence=f"Row {place}.", estimates=(Estimate(name="x", value=1.0),))
        for place, status in enumerate(statuses)
    ]


@pytest.mark.parametrize(
    ("statuses", "certain", "status"),
    [
        ((Status.ISSUE, Status.PASSED), True, Status.ISSUE),
        ((Status.ISSUE, Status.PASSED), False, Status.CAUTION),
        ((Status.PASSED, Status.PASSED), False, Status.PASSED),
        ((Status.CAUTION, Status.PASSED), True, Status.CAUTION),
    ],
)
def test_an_issue_of_the_measure_holds_for_all_rows_together(statuses, certain, status):
    found = joint_headline(rows(*statuses), "All.", certain=certain, figure="f")
    assert (found.status, found.sentence, found.headline, found.figure) == (status, "All.", True, "f")
    assert found.estimates == ()


def test_a_single_row_says_it_itself():
    (row,) = rows(Status.ISSUE)
    found = joint_headline([row], "All.", certain=True, figure="f")
    assert (found.sentence, found.estimates, found.subject) == (row.sentence, row.estimates, {})


def test_a_refusal_gives_the_first_few_reasons_once():
    reasons = [Unassessed({}, reason) for reason in "aabcd"]
    assert (refusal(reasons, "none", "much").reason, refusal([], "none", "much").reason) == ("a; b; c", "none")


def test_bars_have_limits_in_columns_of_those_names_unless_others_are_given():
    table = {"model": ("m",), "score": (1.0,), "low": (0.0,), "high": (2.0,)}
    drawn = bars("P1.x", "t", "c", table, Axis("score", "score"))
    assert (drawn.kind, drawn.low, drawn.high, drawn.y.column) == ("intervals", "low", "high", "model")
    assert bars("P1.x", "t", "c", table, Axis("score", "score"), low="score").low == "score"
