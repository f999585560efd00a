"""Inputs as people have them, with the right answers beside them in the shared data."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

import measurand
from measurand.cli import app
from measurand.errors import InputError


@pytest.fixture
def cases(shared):
    return shared / "data/cases"


def scores(study) -> dict:
    return {
        (model, name): score for model, name, score in study.scores.table.select("model", "benchmark", "score").rows()
    }


def sentences(study, *codes: str) -> list[str]:
    return [f"{f.status.value}: {f.sentence}" for f in measurand.audit(study, codes).findings if not f.headline]


def test_a_group_without_an_aggregate_hides_nothing(cases):
    study = measurand.read(cases / "01-lm-eval-group-without-aggregate")
    assert scores(study) == {("toy-a", "mc_a"): 0.3, ("toy-a", "gen_a"): 0.0}
    assert any(
        "exact_match,strict-match 0, exact_match,flexible-extract 0.75 of the same" in n for n in study.scores.notes
    )
    study = measurand.read(cases / "01-lm-eval-group-without-aggregate", reading="flexible-extract")
    assert scores(study) == {("toy-a", "mc_a"): 0.3, ("toy-a", "gen_a"): 0.75}


def test_two_filters_are_two_readings_of_one_response(cases):
    study = measurand.read(cases / "02-lm-eval-filters")
    assert any("a gap of 75 points that comes from how answers are read" in said for said in sentences(study, "P0"))
    assert any("The score by exact_match,strict-match is 0%" in said for said in sentences(study, "P1"))
    for code in ("P6", "P7", "P8", "P12", "F6"):
        (finding,) = measurand.audit(study, [code]).findings
        assert finding.status.value == "not_applicable", code
    assert scores(measurand.read(cases / "02-lm-eval-filters", reading="flexible-extract")) == {
        ("toy-a", "gen_a"): 0.75
    }


def test_letter_grades_are_refused_until_it_is_said_which_are_right(cases):
    path = cases / "04-inspect-letter-grades.json"
    study = measurand.read(path)
    assert study.scores is None
    (unread,) = study.unread
    assert unread.reason == (
        "scores are words, no numbers (grade5): 'A' 4 times, 'B' 4 times, 'C' 4 times, 'D' 4 times, 'E' 4 times; "
        "say which are right, such as --correct A"
    )
    done = CliRunner().invoke(app, ["score", str(path)])
    assert isinstance(done.exception, InputError)
    assert "--correct A" in str(done.exception)
    right = measurand.read(path, correct=["a", "B"])
    assert scores(right) == {("mockllm/model", "grade5"): 0.4}
    assert right.unread == ()


def test_errored_samples_are_counted_beside_the_score_with_the_bounds_they_allow(cases):
    study = measurand.read(cases / "06-inspect-errored.json")
    assert any("8 of 20 samples have no score (8 errored)" in said for said in sentences(study, "P0"))
    (said,) = sentences(study, "P1")
    assert "The score is 75%" in said
    assert "8 of 20 items have no score (8 errored), so of all 20 items it lies between 45% and 85%" in said


def test_two_efforts_are_two_rows_that_can_be_compared(cases):
    study = measurand.read(cases / "07-inspect-effort")
    low, high = (f"mockllm/model (reasoning_effort={effort})" for effort in ("low", "high"))
    assert scores(study) == {(low, "gpqa"): 0.5, (high, "gpqa"): 0.8}
    (pair,) = [f for f in measurand.audit(study, ["P2"]).findings if "other" in f.subject]
    assert pair.estimate("difference").value == pytest.approx(0.3)


def test_graders_who_always_agree_agree_and_their_kappa_is_undefined(cases):
    found = sentences(measurand.read(cases / "08-graders-all-yes.csv"), "P12")
    assert any("one and the same score to all 40 samples" in said and "at least 91.2%" in said for said in found)
    assert not any(said.startswith("issue") for said in found)
