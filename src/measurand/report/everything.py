"""All that an audit found, for a terminal: every question, every finding, every table."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text

from measurand.report.drawing import STYLES, drawn, said, table_rows
from measurand.report.summary import (
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

__all__ = ["missing", "renderable"]


def renderable(audit: Audit, measures: Sequence[MeasureInfo], console: Console) -> RenderableType:
    """All that was found, for a console that decides on width and signs; only questions that were asked."""
    title = Text(plain(audit.provenance.title) or "Untitled study", style="bold")
    blocks: list[RenderableType] = [title, Text(f"seed {audit.seed}", style="dim"), Text(issue_lines(audit))]
    asked = {measure.question for measure in measures}
    if len(measures) != 1:  # one measure's headline is its own answer
        blocks.append(Text())
        blocks.append(_questions([row for row in questions(audit, measures) if not asked or row.question in asked]))
    for section in sections(audit, measures):
        blocks += [Text(), _heading(section), Padding(_findings(section.headlines), (0, 0, 0, 2))]
        if section.details:
            blocks.append(Padding(_findings(section.details), (0, 0, 0, 2)))
        answer = audit.answers.get(section.code)
        for table in answer.tables if answer else ():
            blocks += [Text(), Padding(drawn(table, table_rows(table, len(table.rows)), console), (0, 0, 0, 2))]
        if answer and answer.notes:
            blocks += [Text(), Padding(said(" ".join(answer.notes), "dim"), (0, 0, 0, 2))]
    absent = unassessed(audit, measures)
    if absent:
        blocks += [Text(), Text("Not assessed", style="bold"), Padding(_absent(absent), (0, 0, 0, 2))]
    if audit.provenance.notes:
        blocks += [Text(), Text("How it was read", style="bold"), Padding(_notes(audit.provenance.notes), (0, 0, 0, 2))]
    return Group(*blocks)


def missing(audit: Audit, measures: Sequence[MeasureInfo]) -> RenderableType:
    """What could not be assessed, a row per measure, with what it would need."""
    rows = unassessed(audit, measures)
    return _absent(rows) if rows else said("Every measure could be assessed.", "")


def _badge(status: Status) -> Text:
    word = STATUS[status]
    return Text(f"{word.mark} {word.word}", style=STYLES[status], no_wrap=True)


def _grid() -> Grid:
    grid = Grid.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, min_width=14)
    grid.add_column(ratio=1, overflow="fold")
    return grid


def _questions(rows: Sequence[QuestionRow]) -> Grid:
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


def _findings(findings: Sequence[Finding]) -> Grid:
    grid = _grid()
    for finding in findings:
        subject = Text(f"{subject_text(finding)}: ", style="dim") if finding.subject else Text()
        grid.add_row(_badge(finding.status), subject + _sentence(finding))
    return grid


def _notes(notes: Sequence[str]) -> Grid:
    """What was decided on the way in, and what settles it otherwise."""
    grid = Grid.grid(padding=(0, 1))
    grid.add_column(no_wrap=True)
    grid.add_column(ratio=1, overflow="fold")
    for note in notes:
        grid.add_row("\u00b7", Text(plain(note)))
    return grid


def _absent(rows: Sequence[Unassessed]) -> Grid:
    grid = _grid()
    for row in rows:
        reasons = " ".join(plain(sentence) for sentence, _ in row.reasons if row.status is Status.ERROR)
        text = Text(f"{plain(row.measure.code)} {plain(row.measure.name)}", style="bold")
        text += Text(f": needs {plain(row.measure.needs)}. " if row.measure.needs else ". ") + Text(reasons)
        grid.add_row(_badge(row.status), text)
    return grid
