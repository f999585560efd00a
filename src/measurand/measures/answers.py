"""What a measure says first, where it does not say so itself: its headlines above a row per finding."""

from __future__ import annotations

from collections.abc import Sequence

from measurand.measures.verdicts import VERDICTS
from measurand.results import Answer, Finding, Status, Table
from measurand.wording import shown

__all__ = ["by_findings", "cautions", "rows_of"]


FEW = 3
"""Rows up to which each one's sentence stands below the table; of more, so many issues'."""


def by_findings(findings: Sequence[Finding]) -> Answer:
    """The headlines' sentences, then a row per further finding that gave a verdict, the greatest number first.

    Examples
    --------
    >>> from measurand.results import Estimate
    >>> share = Estimate(name="share", value=0.4, low=0.3, high=0.5, unit="share")
    >>> rows = [Finding(status=Status.ISSUE, subject={"model": m}, sentence="", estimates=(share,)) for m in "ab"]
    >>> top = Finding(status=Status.ISSUE, sentence="Two sets are copied.", headline=True)
    >>> answer = by_findings((top, *rows))
    >>> answer.sentence, answer.tables[0].head, answer.tables[0].rows[0]
    ('Two sets are copied.', ('model', 'share', ''), ('a', '40% [30%, 50%]', ''))
    """
    judged = [finding for finding in findings if finding.status in VERDICTS]
    top = [finding for finding in judged if finding.headline]
    rows = [finding for finding in judged if not finding.headline]
    if len(top) < len(judged) and len(rows) == 1:  # its own sentence says more than a count of one
        top, rows = rows, []
    # Rows of one kind of number stand together; what a table shows need not be said again, unless it is an issue.
    kinds: dict[tuple[str, ...], list[Finding]] = {}
    for finding in rows:
        kinds.setdefault((*finding.subject, *(each.name for each in finding.estimates[:1])), []).append(finding)
    told = rows if len(rows) <= FEW else [finding for finding in rows if finding.status is Status.ISSUE][:FEW]
    return Answer(
        sentence=" ".join(finding.sentence for finding in top),
        tables=tuple(table for own in kinds.values() if (table := rows_of(own)) is not None),
        cautions=cautions(told),
    )


def rows_of(findings: Sequence[Finding], title: str = "") -> Table | None:
    """A row per finding: what it speaks of, its first number and its verdict in short; None where there is none."""
    if not findings:
        return None
    keys = list(dict.fromkeys(key for finding in findings for key in finding.subject))
    told = [key for key in keys if len({finding.subject.get(key) for finding in findings}) > 1] or keys[:1]
    names = {finding.estimates[0].name for finding in findings if finding.estimates}
    one = len(names) == 1
    ordered = sorted(findings, key=_value, reverse=True) if one else findings
    number = names.copy().pop().replace("_", " ") if one else "number"
    return Table(
        head=(*told, number, ""),
        rows=tuple(
            (
                *(finding.subject.get(key, "") for key in told),
                shown(finding.estimates[0]) if finding.estimates else "",
                finding.short,
            )
            for finding in ordered
        ),
        marks=tuple(finding.status for finding in ordered),
        right=(len(told),),
        title=title,
        ends=True,
    )


def cautions(findings: Sequence[Finding]) -> tuple[tuple[Status, str], ...]:
    """The sentences of those that are an issue or a caution, issues first."""
    bad = (Status.ISSUE, Status.CAUTION)
    return tuple((f.status, f.sentence) for status in bad for f in findings if f.status is status)


def _value(finding: Finding) -> float:
    value = finding.estimates[0].value if finding.estimates else None
    return float("-inf") if value is None else value
