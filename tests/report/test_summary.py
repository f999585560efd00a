"""What a report says before any format: when a question is answered, and how many issues chance would bring."""

from __future__ import annotations

from dataclasses import replace

import pytest

from measurand.calibration import null_audits
from measurand.measures import discover
from measurand.report import to_html, to_markdown, to_text
from measurand.report.summary import ANSWERED_BY, issue_lines, questions
from measurand.results import Audit, Finding, Provenance, Question, Status
from measurand.wording import number

NOTHING = Audit(findings=(), figures={}, provenance=Provenance("made", (), (), {}), settings={}, seed=0)


def audit_of(statuses, asked=None):
    """An audit whose headlines have these statuses, by code."""
    findings = tuple(
        Finding(code=code, status=status, sentence=f"{code} says so.", headline=True)
        for code, status in statuses.items()
    )
    return replace(NOTHING, findings=findings, asked=tuple(asked or (m.code for m in discover())))


def row_of(question, statuses, asked=None):
    return next(row for row in questions(audit_of(statuses, asked), discover()) if row.question is question)


def test_one_harmless_check_of_ten_answers_nothing():
    row = row_of(Question.GAMING, {"G3": Status.PASSED})
    assert row.status is row.finding is None
    checks = sum(measure.question is Question.GAMING for measure in discover())
    assert row.made == f"1 of {checks} checks could be made; it found nothing"
    # What would answer it, and not all that was not asked.
    assert {name for name, _ in row.needs} == {
        m.name for m in discover() if m.code in frozenset().union(*ANSWERED_BY[Question.GAMING])
    }


def test_a_caution_of_checks_that_do_not_answer_is_told_and_is_no_answer():
    row = row_of(Question.PRECISION, {"P3": Status.CAUTION, "P11": Status.PASSED})
    assert row.status is None
    assert row.made.endswith("they could not rule out a problem")


def test_gaming_needs_a_check_in_either_direction():
    assert row_of(Question.GAMING, {"G1": Status.PASSED}).status is None
    assert row_of(Question.GAMING, {"G1": Status.PASSED, "G7": Status.PASSED}).status is Status.PASSED
    assert row_of(Question.GAMING, {"G1": Status.PASSED, "G7": Status.NOT_APPLICABLE}).status is None


@pytest.mark.parametrize("question", Question)
def test_an_issue_counts_whichever_check_found_it(question):
    code = next(
        m.code for m in discover() if m.question is question and m.code not in set().union(*ANSWERED_BY[question])
    )
    row = row_of(question, {code: Status.ISSUE})
    assert (row.status, row.finding.code) == (Status.ISSUE, code)


@pytest.mark.parametrize("question", Question)
def test_the_checks_that_answer_a_question_are_among_its_measures(question):
    own = {m.code for m in discover() if m.question is question}
    for group in ANSWERED_BY[question]:
        assert group & own
        statuses = dict.fromkeys(sorted(group & own)[:1], Status.PASSED)
    assert row_of(question, statuses).status in (Status.PASSED, None)


def test_every_report_says_at_its_top_what_chance_would_bring():
    null = next(each for each in null_audits() if each.mean > 0)
    found = audit_of({"V5": Status.ISSUE, "P7": Status.ISSUE})
    sized = replace(found, sizes=null.study)
    line = issue_lines(sized)
    made = f"2 of the {len(discover())} checks could be made; 2 issues were found"
    assert line.startswith(f"{made}, 1 of them by checks of scores. In a study of about this size")
    assert f"{null.study['models']} models" in line
    assert f"{null.runs} studies" in line
    whole = to_text(sized, discover(), width=1000, everything=True)
    for text in (whole, to_markdown(sized, discover()), to_html(sized, discover())):
        assert line in text
    # Nothing is guessed where no size is near.
    assert issue_lines(found) == f"{made}."
    assert issue_lines(replace(found, sizes={**null.study, "models": 10_000})) == f"{made}."


def test_where_nothing_was_assessed_no_report_says_that_no_issue_was_found():
    absent = audit_of({"G1": Status.NOT_APPLICABLE, "G7": Status.ERROR})
    assert issue_lines(absent) == f"None of the {len(discover())} checks could be made."
    assert issue_lines(NOTHING) == "No check was asked for."
    assert issue_lines(audit_of({"V7": Status.PASSED}, ["V7"])) == "The one check could be made; no issues were found."
    assert "No issues" not in to_html(absent, discover())


def test_only_the_measures_asked_are_expected_to_find_anything():
    null = next(each for each in null_audits() if each.mean > 0)
    code, lines = next(iter(null.by_measure.items()))
    line = issue_lines(replace(audit_of({code: Status.PASSED}, [code]), sizes=null.study))
    assert f"find {number(lines, 2)} on average" in line
    other = replace(audit_of({"P7": Status.PASSED}, ["P7"]), sizes=null.study)
    assert issue_lines(other) == "The one check could be made; no issues were found."
