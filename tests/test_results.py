"""Results are frozen and hold together."""

from __future__ import annotations

import dataclasses

import pytest

from measurand.results import Axis, Estimate, Figure, Finding, Question, Status


def finding():
    return Finding(
        code="V1",
        subject={},
        title="title",
        status=Status.PASSED,
        sentence="It holds.",
        estimates=(Estimate(name="a", value=1.0), Estimate(name="b", value=2.0)),
    )


def test_estimates_are_found_by_name():
    assert finding().estimate("b").value == 2.0
    with pytest.raises(KeyError, match="c"):
        finding().estimate("c")


@pytest.mark.parametrize("result", [finding(), Estimate(name="a", value=1.0), Axis("x", "x")])
def test_results_cannot_be_changed(result):
    name = dataclasses.fields(result)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(result, name, "other")


def test_a_figure_has_columns_of_one_length():
    axis = Axis("x", "x")
    Figure(name="f", kind="scatter", title="", caption="", columns={"x": (1, 2), "y": (3, 4)}, x=axis, y=axis)
    Figure(name="f", kind="scatter", title="", caption="", columns={}, x=axis, y=axis)
    with pytest.raises(ValueError, match=r"figure f: columns should have one length, got \[1, 2\]"):
        Figure(name="f", kind="scatter", title="", caption="", columns={"x": (1, 2), "y": (3,)}, x=axis, y=axis)


def test_statuses_and_questions_are_their_names_in_json():
    assert [status.value for status in Status] == [
        "issue",
        "caution",
        "passed",
        "not_applicable",
        "skipped",
        "error",
    ]
    assert [question.value for question in Question] == ["validity", "precision", "gaming", "forecast"]
    assert f"{Status.ISSUE}" == "issue"
