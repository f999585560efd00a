"""What a report says, before any format: the four questions, what was not assessed, a section per measure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from measurand.calibration import null_audit
from measurand.report.wording import subject_text
from measurand.results import Audit, Figure, Finding, Question, Status
from measurand.wording import number, of_total, plural

__all__ = [
    "ASSESSED",
    "MeasureInfo",
    "QuestionRow",
    "Section",
    "Unassessed",
    "issue_lines",
    "loose_figures",
    "questions",
    "sections",
    "unassessed",
]

ASSESSED = (Status.ISSUE, Status.CAUTION, Status.PASSED)
"""The statuses that are verdicts, the worst first."""

NO_CHECK = "No check was asked for."

EVIDENCE: Mapping[Question, str] = {
    Question.VALIDITY: "scores of several models on the benchmark and on capability benchmarks",
    Question.PRECISION: "item-level results, repeated runs, prompt variants, votes or several graders",
    Question.GAMING: "results on fresh or rephrased items, token log-probabilities, or the model itself",
    Question.FORECAST: "scores with dates or training compute of many models, or attack attempts with their cost",
}
"""What kind of evidence an answer would need, where no measure at hand says so."""


ANSWERED_BY: Mapping[Question, tuple[frozenset[str], ...]] = {
    # What the benchmark ranks models by, or what its labels say it measures.
    Question.VALIDITY: (frozenset({"V1", "V8", "V12"}),),
    # How far the number itself can be off: of items, of trials, of votes or of graders.
    Question.PRECISION: (frozenset({"P1", "P5", "P10", "P12"}),),
    # A score can be too high, as the questions were seen, and too low, as the model hides: each needs a check. G11 is
    # neither: a model that has seen the questions, or that hides with and without a cue, passes it. Its issues count.
    Question.GAMING: (frozenset({"G1", "G2", "G4", "G5", "G6"}), frozenset({"G7", "G8", "G10", "G12"})),
    Question.FORECAST: (frozenset({"F1", "F2", "F3", "F4", "F8"}),),
}
"""The checks that answer a question: of each group at least one has to give a verdict. All others can spoil it only."""


class MeasureInfo(Protocol):
    """What a report needs to know of a measure.

    `error_rates` holds rows of column -> text, `worst_rates` their summary and `regime` what was simulated; empty where
    nothing was.
    """

    @property
    def code(self) -> str: ...  # noqa: D102
    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def question(self) -> Question: ...  # noqa: D102
    @property
    def asks(self) -> str: ...  # noqa: D102
    @property
    def formula(self) -> str: ...  # noqa: D102
    @property
    def caveats(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def references(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def needs(self) -> str: ...  # noqa: D102
    @property
    def error_rates(self) -> tuple[Mapping[str, str], ...]: ...  # noqa: D102
    @property
    def worst_rates(self) -> Mapping[str, str]: ...  # noqa: D102
    @property
    def regime(self) -> str: ...  # noqa: D102


@dataclass(frozen=True, kw_only=True)
class QuestionRow:
    """One of the four questions, answered or not.

    Parameters
    ----------
    question : which.
    status : the worst status of its headlines; None where the checks that answer it could not be made and the others
        found no issue.
    finding : the headline that decides; None where there is no status.
    headlines : every headline that was assessed, in the order of the measures.
    made : how many checks could be made and what they found, in words; empty where there is a status, or none was made.
    needs : name of each measure that would answer it and the evidence it needs; filled where there is no status.
    failed : how many of its findings ended in an error.
    asked : whether any measure of it was asked.
    done, checks : how many of its measures gave a verdict, and how many there are.
    """

    question: Question
    status: Status | None
    finding: Finding | None
    headlines: tuple[Finding, ...]
    made: str
    needs: tuple[tuple[str, str], ...]
    failed: int
    asked: bool
    done: int
    checks: int


@dataclass(frozen=True)
class Unassessed:
    """A measure that gave no verdict: how it ended, each reason with the subjects it holds for, and what it needs."""

    measure: MeasureInfo
    status: Status
    reasons: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True)
class Section:
    """A measure with its findings and figures; `measure` is None for a code that no measure known here has."""

    code: str
    measure: MeasureInfo | None
    headlines: tuple[Finding, ...]
    details: tuple[Finding, ...]
    figures: tuple[Figure, ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Headlines first, then the rest."""
        return self.headlines + self.details

    @property
    def counts(self) -> dict[Status, int]:
        """How many findings ended in which status, the worst first."""
        seen = Counter(finding.status for finding in self.findings)
        return {status: seen[status] for status in Status if seen[status]}


def questions(audit: Audit, measures: Sequence[MeasureInfo]) -> tuple[QuestionRow, ...]:
    """Each of the four questions with the verdict of its worst headline.

    A question whose measures gave verdicts on benchmarks only is judged by the worst of those. It is answered if the
    checks that answer it (`ANSWERED_BY`) could be made; an issue counts whichever check found it.
    """
    return tuple(_question(audit, question, [m for m in measures if m.question is question]) for question in Question)


def unassessed(audit: Audit, measures: Sequence[MeasureInfo]) -> tuple[Unassessed, ...]:
    """The measures that were asked and gave no verdict, in their order."""
    rows = []
    for measure in measures:
        if measure.code not in audit.asked:
            continue
        found = [finding for finding in audit.findings if finding.code == measure.code]
        if any(finding.status in ASSESSED for finding in found):
            continue
        reasons: dict[str, list[str]] = {}
        # Where a headline says why, the benchmarks' own rows need not repeat it.
        headlines = [finding for finding in found if finding.headline]
        for finding in headlines or found:
            reasons.setdefault(finding.sentence, []).append(subject_text(finding))
        status = max((finding.status for finding in found), key=list(Status).index, default=Status.NOT_APPLICABLE)
        rows.append(Unassessed(measure, status, tuple((why, tuple(who)) for why, who in reasons.items())))
    return tuple(rows)


def sections(audit: Audit, measures: Sequence[MeasureInfo]) -> tuple[Section, ...]:
    """A section for each measure with a verdict or a number; then codes no measure known here has."""
    known = {measure.code for measure in measures}
    strange = dict.fromkeys(finding.code for finding in audit.findings if finding.code not in known)
    built = [_section(audit, measure.code, measure) for measure in measures]
    telling = [s for s in built if any(f.status in ASSESSED or f.estimates for f in s.findings)]
    return (*telling, *(_section(audit, code, None) for code in strange))


def loose_figures(audit: Audit, shown: Sequence[Section]) -> tuple[Figure, ...]:
    """Figures that no section shows."""
    placed = {figure.name for section in shown for figure in section.figures}
    return tuple(figure for figure in audit.figures.values() if figure.name not in placed)


def _question(audit: Audit, question: Question, measures: Sequence[MeasureInfo]) -> QuestionRow:
    order = {measure.code: place for place, measure in enumerate(measures)}
    found = sorted((f for f in audit.findings if f.code in order), key=lambda finding: order[finding.code])
    judged = [finding for finding in found if finding.status in ASSESSED]
    headlines = [finding for finding in judged if finding.headline]
    worst = min(headlines or judged, key=lambda finding: ASSESSED.index(finding.status), default=None)
    done = {finding.code for finding in judged}
    missing = [group for group in ANSWERED_BY[question] if not group & done]
    made = ""
    # One harmless check of ten would read as passed; an issue is one, whichever check found it.
    if worst is not None and missing and worst.status is not Status.ISSUE:
        made, worst = _made(worst.status, len(done), sum(code in audit.asked for code in order)), None
    wanted = frozenset[str]().union(*missing)
    needs = () if worst else tuple((m.name, m.needs) for m in measures if m.code in wanted)
    return QuestionRow(
        question=question,
        status=worst.status if worst else None,
        finding=worst,
        headlines=tuple(headlines),
        made=made,
        needs=needs if worst else needs or _evidence(question),
        failed=sum(finding.status is Status.ERROR for finding in found),
        asked=any(code in audit.asked for code in order),
        done=len(done),
        checks=len(measures),
    )


def _made(status: Status, done: int, asked: int) -> str:
    """How many checks could be made, none of which answers the question, and what they found."""
    they = "it" if done == 1 else "they"
    found = f"{they} found nothing" if status is Status.PASSED else f"{they} could not rule out a problem"
    return f"{done} of {plural(asked, 'check')} could be made; {found}"


def issue_lines(audit: Audit) -> str:
    """How many checks could be made, how many findings are issues, and how many would be if nothing were wrong.

    The last is said where it was simulated.

    Examples
    --------
    >>> from measurand.results import Provenance
    >>> of = Provenance("two models", (), (), {})
    >>> issue_lines(Audit(findings=(), figures={}, provenance=of, settings={}, seed=0, asked=("V1", "P1")))
    'None of the 2 checks could be made.'
    """
    asked = {*audit.asked, *(finding.code for finding in audit.findings)}
    made = {finding.code for finding in audit.findings if finding.status in ASSESSED}
    if not made:  # without a check, "no issues" would sound like a good mark
        return of_total(0, len(asked), "check", "could be made", "could not be made") + "." if asked else NO_CHECK
    issues = [finding.code for finding in audit.findings if finding.status is Status.ISSUE]
    found = of_total(len(made), len(asked), "check", "could be made", "could not be made")
    found += f"; {plural(len(issues), 'issue', 'was') if issues else 'no issues were'} found"
    null = null_audit(audit.sizes)
    if null is None or not set(null.asked) & set(audit.asked):
        return f"{found}."
    of_scores = sum(code in null.asked for code in issues)
    if of_scores < len(issues):
        found += f", {of_scores} of them by checks of scores"
    expected = sum(lines for code, lines in null.by_measure.items() if code in audit.asked)
    size = null.study
    classes = "one class" if size["classes"] == 1 else f"{size['classes']} classes"
    like = f"{classes} of {size['models']} models in {size['families']} families"
    return (
        f"{found}. In a study of about this size in which nothing is wrong, checks of scores find "
        f"{number(expected, 2)} on average (simulated: {like}, {size['benchmarks']} benchmarks "
        f"under test; {null.runs} studies)."
    )


def _evidence(question: Question) -> tuple[tuple[str, str], ...]:
    return (("an answer", EVIDENCE[question]),)


def _section(audit: Audit, code: str, measure: MeasureInfo | None) -> Section:
    found = [finding for finding in audit.findings if finding.code == code]
    named = {finding.figure for finding in found}
    figures = [f for f in audit.figures.values() if f.name in named or f.name.startswith(f"{code}.")]
    return Section(
        code,
        measure,
        tuple(finding for finding in found if finding.headline),
        tuple(finding for finding in found if not finding.headline),
        tuple(figures),
    )
