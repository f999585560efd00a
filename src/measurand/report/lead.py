"""What stands first in every report: the answer of the measure that speaks for the evidence at hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from measurand.report.summary import ASSESSED, MeasureInfo, QuestionRow
from measurand.report.wording import estimate_text
from measurand.results import Answer, Audit, Finding, Question, Status, Table
from measurand.wording import capital, plural

__all__ = ["SHORT", "behind", "behind_table", "findings_told", "lead", "question_words", "single_row"]

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

    What an experiment was made to ask is answered first, whatever else its evidence says.

    Examples
    --------
    >>> from measurand.results import Provenance
    >>> of = Provenance("two models", (), (), {})
    >>> said = {code: Answer(sentence=f"{code} says so.") for code in ("G6", "P1", "P11")}
    >>> lead(Audit(findings=(), figures={}, provenance=of, settings={}, seed=0, asked=tuple(said), answers=said))[0]
    'P1'
    """
    # What was read is no answer, unless it alone was asked about.
    order = (*audit.provenance.made_for, *LEADS, *audit.asked)
    codes = [code for code in order if code in audit.answers and (code != "P0" or len(audit.asked) < 2)]
    return (codes[0], audit.answers[codes[0]]) if codes else None


def behind(audit: Audit, measures: Sequence[MeasureInfo], code: str, answer: Answer) -> list[Finding]:
    """What the other measures say of the same class of models: their headlines, or the one row a headline counts."""
    first = next((f for f in audit.findings if f.code == code and f.headline and f.sentence == answer.sentence), None)
    class_ = None if first is None else first.subject.get("class")
    # What was read stands below, as far as it limits the answer.
    order = {measure.code: place for place, measure in enumerate(measures) if measure.code not in (code, "P0")}
    headlines = [f for f in audit.findings if f.headline and f.code in order]
    told = []
    for top in sorted(headlines, key=lambda finding: order[finding.code]):
        if class_ is not None and top.subject.get("class", class_) != class_:
            continue
        own = [
            f
            for f in audit.findings
            if f.code == top.code and not f.headline and f.subject.items() >= top.subject.items() and f.estimates
        ]
        chosen = top if top.estimates or len(own) != 1 else replace(own[0], title=top.title)
        if chosen.status in ASSESSED or chosen.estimates:
            told.append(chosen)
    return told


def behind_table(findings: Sequence[Finding], answer: Answer) -> Table | None:
    """A row for each of these: what it looks at, its number and its verdict; after the only row of the answer, if any.

    Examples
    --------
    >>> found = Finding(title="Models left out", status=Status.PASSED, sentence="It stands.", short="change nothing")
    >>> behind_table([found], Answer(sentence="It rises.")).rows
    (('Models left out', '', 'change nothing'),)
    """
    if not findings:
        return None
    rows = [(f.title, estimate_text(f.estimates[0]) if f.estimates else "", f.short) for f in findings]
    marks: list[Status | None] = [finding.status for finding in findings]
    if single_row(answer):
        table = answer.tables[0]
        (_, *number, short), *_ = table.rows
        rows.insert(0, (capital(table.head[1]), " ".join(number), short))
        marks.insert(0, table.marks[0])
    return Table(head=("", "", ""), rows=tuple(rows), marks=tuple(marks), title="Behind the first answer")


def single_row(answer: Answer) -> bool:
    """Whether it has a table of one name, its number and the verdict on it."""
    return bool(answer.tables) and len(answer.tables[0].marks) == 1 and answer.tables[0].right == (1,)


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
