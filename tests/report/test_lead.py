"""What stands first."""

from __future__ import annotations

from dataclasses import replace

from measurand.report.lead import findings_told, lead, question_words
from measurand.report.summary import questions
from measurand.results import Answer, Audit, Finding, Provenance, Question, Status


def audit_of(*findings: Finding, **answers: str) -> Audit:
    said = {code: Answer(sentence=text) for code, text in answers.items()}
    codes = tuple(dict.fromkeys([*answers, *(finding.code for finding in findings)]))
    of = Provenance("study", (), (), {})
    return Audit(findings=findings, figures={}, provenance=of, settings={}, seed=0, asked=codes, answers=said)


def test_what_was_read_is_never_the_answer() -> None:
    assert lead(audit_of(P0="3 files were read.", G6="No copies.")) == ("G6", Answer(sentence="No copies."))
    assert (
        lead(audit_of(Finding(code="G6", status=Status.NOT_APPLICABLE, sentence=""), P0="3 files were read.")) is None
    )
    assert lead(audit_of(P0="3 files were read.")) == ("P0", Answer(sentence="3 files were read."))


def test_what_an_experiment_asked_comes_first() -> None:
    found = audit_of(P1="It scores 20%.", F4="It takes 5 queries.", G10="Nothing is locked.")
    assert lead(found) == ("P1", Answer(sentence="It scores 20%."))
    of = replace(found.provenance, made_for=("G10",))
    assert lead(replace(found, provenance=of)) == ("G10", Answer(sentence="Nothing is locked."))
    # Where that could not be assessed, the rest speaks as ever.
    assert lead(replace(found, provenance=replace(of, made_for=("G7",)))) == ("P1", Answer(sentence="It scores 20%."))


def test_other_headlines_follow_issues_first(measures) -> None:
    rows = [
        Finding(code="P1", status=Status.CAUTION, sentence="a", headline=True),
        Finding(code="V3", status=Status.ISSUE, sentence="b", headline=True),
        Finding(code="V1", status=Status.ISSUE, sentence="c", headline=True),
        Finding(code="V3", status=Status.ISSUE, sentence="no headline"),
        Finding(code="V3", status=Status.PASSED, sentence="fine", headline=True),
    ]
    assert [finding.sentence for finding in findings_told(audit_of(*rows), measures, besides="V1")] == ["b", "a"]


def test_a_question_is_answered_in_a_few_words(measures) -> None:
    short = Finding(code="V1", status=Status.ISSUE, sentence="A long story." * 20, short="rises", headline=True)
    row = next(r for r in questions(audit_of(short), measures) if r.question is Question.VALIDITY)
    assert question_words(row) == "rises"
    long = Finding(code="V1", status=Status.ISSUE, sentence="A long story " * 20, headline=True)
    row = next(r for r in questions(audit_of(long), measures) if r.question is Question.VALIDITY)
    assert question_words(row) == "1 issue"
    row = next(r for r in questions(audit_of(), measures) if r.question is Question.GAMING)
    assert question_words(row) == "not asked for"
