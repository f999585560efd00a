"""What stands first in every report: the answer of the measure that speaks for the evidence at hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from measurand.report.summary import ASSESSED, MeasureInfo, QuestionRow
from measurand.results import Answer, Audit, Finding, Question, Status
from measurand.wording import plural

__all__ = ["SHORT", "findings_told", "lead", "question_words"]

LEADS = ("V1", "P1", "P10", "P5", "F4", "F1", "F5", "F3")
"""Whose answer comes first in an audit of everything: of what people bring, the measure they bring it for."""

SHORT: Mapping[Question, str] = {
    Question.VALIDITY: "Right quantity?",
    Question.PRECISION: "Trust the number?",
    Question.GAMING: "Real score?",
    Question.FORECAST: "What comes next?",
}

NEEDED: Mapping[Question, str] = {
    Question.VALIDITY: "more benchmarks and models",
    Question.PRECISION: "item-level results",
    Question.GAMING: "logs, texts or the model",
    Question.FORECAST: "compute, dates or attempts",
}
"""What an answer takes, in a few words; what each check needs is said where one asks."""

MOST_LETTERS = 60
"""Of what a line says of a question: a longer sentence stands below."""


def lead(audit: Audit) -> tuple[str, Answer] | None:
    """Code and answer of the measure that speaks first; None where nothing was assessed.

    Examples
    --------
    >>> from measurand.results import Provenance
    >>> of = Provenance("two models", (), (), {})
    >>> said = {code: Answer(sentence=f"{code} says so.") for code in ("G6", "P1", "P11")}
    >>> lead(Audit(findings=(), figures={}, provenance=of, settings={}, seed=0, asked=tuple(said), answers=said))[0]
    'P1'
    """
    codes = [code for code in (*LEADS, *audit.asked) if code in audit.answers and code != "P0"]
    return (codes[0], audit.answers[codes[0]]) if codes else None


def question_words(row: QuestionRow) -> str:
    """A question's answer in a few words."""
    if row.finding is None:
        if not row.asked:
            return "not asked for"
        if row.made:
            return f"not assessed: {row.made}"
        return f"not assessed: needs {NEEDED[row.question]}"
    words = row.finding.short or row.finding.sentence.split(". ")[0].rstrip(".")
    if len(words) <= MOST_LETTERS:
        return words
    found = [finding.status for finding in row.headlines]
    told = [
        plural(found.count(status), word)
        for status, word in ((Status.ISSUE, "issue"), (Status.CAUTION, "caution"))
        if status in found
    ]
    return " and ".join(told) or "nothing against it was found"


def findings_told(audit: Audit, measures: Sequence[MeasureInfo], besides: str) -> list[Finding]:
    """The headlines that are an issue or a caution, issues first, without those of one measure."""
    order = {measure.code: place for place, measure in enumerate(measures)}
    found = [
        finding
        for finding in audit.findings
        if finding.headline and finding.code != besides and finding.status in ASSESSED[:2]
    ]
    return sorted(found, key=lambda finding: (ASSESSED.index(finding.status), order.get(finding.code, len(order))))
