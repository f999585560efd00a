"""An audit for a terminal. Text from data is never markup, and holds no control characters."""

from __future__ import annotations

import io
from collections.abc import Sequence

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from measurand.report.summary import (
    ASSESSED,
    MeasureInfo,
    QuestionRow,
    Section,
    Unassessed,
    issue_lines,
    questions,
    sections,
    unassessed,
)
from measurand.report.wording import ASKS, STATUS, beside, subject_text
from measurand.results import Audit, Finding, Status
from measurand.wording import plain

__all__ = ["renderable", "to_text"]

_STYLES = {
    Status.ISSUE: "bold red",
    Status.CAUTION: "yellow",
    Status.PASSED: "green",
    Status.NOT_APPLICABLE: "dim",
    Status.SKIPPED: "dim",
    Status.ERROR: "bold magenta",
}


def to_text(
    audit: Audit, measures: Sequence[MeasureInfo], *, width: int = 100, details: bool = False, color: bool = False
) -> str:
    """The report as text: the four questions, each measure's headlines, what was not assessed, how it was read.

    Parameters
    ----------
    audit, measures : as in `measurand.report.html.to_html`.
    width : columns of the terminal.
    details : also list every finding on a benchmark.
    color : add the escape sequences of a colour terminal; without, the text is plain.

    Examples
    --------
    >>> from measurand.results import Audit, Provenance
    >>> of = Provenance("two models", (), (), {})
    >>> empty = Audit(findings=(), figures={}, provenance=of, settings={}, seed=7)
    >>> print(to_text(empty, (), width=60).splitlines()[0])
    two models
    """
    # No environment: COLUMNS or NO_COLOR would change the text of one and the same audit.
    console = Console(
        file=io.StringIO(),
        width=max(40, width),
        force_terminal=color,
        color_system="standard" if color else None,
        legacy_windows=False,
        _environ={},
    )
    with console.capture() as capture:
        console.print(renderable(audit, measures, details=details))
    return "\n".join(line.rstrip() for line in capture.get().splitlines()) + "\n"


def renderable(audit: Audit, measures: Sequence[MeasureInfo], *, details: bool = False) -> RenderableType:
    """The same report for a rich console, which decides on width and colour; only questions that were asked."""
    title = Text(plain(audit.provenance.title) or "Untitled study", style="bold")
    blocks: list[RenderableType] = [title, Text(f"seed {audit.seed}", style="dim"), Text(issue_lines(audit))]
    asked = {measure.question for measure in measures}
    if len(measures) != 1:  # one measure's headline is its own answer
        blocks.append(Text())
        blocks.append(_questions([row for row in questions(audit, measures) if not asked or row.question in asked]))
    for section in sections(audit, measures):
        blocks += [Text(), _heading(section), Padding(_findings(section.headlines), (0, 0, 0, 2))]
        if details and section.details:
            blocks.append(Padding(_findings(section.details), (0, 0, 0, 2)))
        elif section.details:
            blocks.append(Padding(_tally(section), (0, 0, 0, 2)))
    absent = unassessed(audit, measures)
    if absent:
        blocks += [Text(), Text("Not assessed", style="bold"), Padding(_absent(absent), (0, 0, 0, 2))]
    if audit.provenance.notes:
        blocks += [Text(), Text("How it was read", style="bold"), Padding(_notes(audit.provenance.notes), (0, 0, 0, 2))]
    return Group(*blocks)


def _badge(status: Status) -> Text:
    word = STATUS[status]
    return Text(f"{word.mark} {word.word}", style=_STYLES[status], no_wrap=True)


def _grid() -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, min_width=14)
    grid.add_column(ratio=1, overflow="fold")
    return grid


def _questions(rows: Sequence[QuestionRow]) -> Table:
    grid = _grid()
    for row in rows:
        grid.add_row(
            _badge(row.status or (Status.NOT_APPLICABLE if row.asked else Status.SKIPPED)),
            Text(ASKS[row.question], style="bold"),
        )
        grid.add_row(Text(), _answer(row))
    return grid


def _answer(row: QuestionRow) -> Text:
    failed = f" ({row.failed} failed)" if row.failed else ""
    if row.finding is not None:
        return _sentence(row.finding) + Text(failed)
    if not row.asked:
        return Text("Not asked for.", style="dim")
    made = f": {row.made}" if row.made else ""
    if len(row.needs) > 1:
        return Text(f"Not assessed{failed}{made}. What would answer it is said below, measure by measure.", style="dim")
    needs = "; ".join(f"{plain(name)} needs {plain(needs) or 'other evidence'}" for name, needs in row.needs)
    return Text(f"Not assessed{failed}{made}{';' if made else ':'} {needs}.", style="dim")


def _sentence(finding: Finding) -> Text:
    """The sentence, then its number where it does not say it."""
    number = beside(finding)
    return Text(plain(finding.sentence)) + (Text(f" {number}", style="bold") if number else Text())


def _heading(section: Section) -> Text:
    name = plain(section.measure.name) if section.measure else "no measure of this code is installed"
    return Text(f"{plain(section.code)}  ", style="bold cyan") + Text(name, style="bold")


def _findings(findings: Sequence[Finding]) -> Table:
    grid = _grid()
    for finding in findings:
        subject = Text(f"{subject_text(finding)}: ", style="dim") if finding.subject else Text()
        grid.add_row(_badge(finding.status), subject + _sentence(finding))
    return grid


def _tally(section: Section) -> Text:
    """How many findings on benchmarks or files ended how, and the names of those with an issue."""
    counts = [(status, sum(f.status is status for f in section.details)) for status in Status]
    by = "file" if all("file" in finding.subject for finding in section.details) else "benchmark"
    text = Text(f"{len(section.details)} by {by}: ")
    text += Text(", ").join(Text(f"{count} ") + _badge(status) for status, count in counts if count)
    worst = [subject_text(finding) for finding in section.details if finding.status is ASSESSED[0]]
    shown = ", ".join(worst[:8]) + (f" and {len(worst) - 8} more" if len(worst) > 8 else "")
    return text + Text(f". Issues: {shown}" if worst else "", style="dim")


def _notes(notes: Sequence[str]) -> Table:
    """What was decided on the way in, and what settles it otherwise."""
    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True)
    grid.add_column(ratio=1, overflow="fold")
    for note in notes:
        grid.add_row("\u00b7", Text(plain(note)))
    return grid


def _absent(rows: Sequence[Unassessed]) -> Table:
    grid = _grid()
    for row in rows:
        reasons = " ".join(plain(sentence) for sentence, _ in row.reasons if row.status is Status.ERROR)
        text = Text(f"{plain(row.measure.code)} {plain(row.measure.name)}", style="bold")
        text += Text(f": needs {plain(row.measure.needs)}. " if row.measure.needs else ". ") + Text(reasons)
        grid.add_row(_badge(row.status), text)
    return grid
