"""An audit for a terminal. Text from data is never markup, and holds no control characters."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence

from rich.console import Console, Group, RenderableType
from rich.table import Table as Grid
from rich.text import Text

from measurand.report.drawing import REST, drawn, height, mark_of, marked, printed, said, table_rows
from measurand.report.everything import renderable
from measurand.report.lead import SHORT, behind, behind_table, findings_told, lead, question_words, single_row
from measurand.report.summary import (
    ASSESSED,
    MeasureInfo,
    QuestionRow,
    questions,
    unassessed,
)
from measurand.results import Answer, Audit, Finding, Status, Table
from measurand.wording import plain, plural

__all__ = ["LINES", "answer_text", "brief", "to_text"]

LINES = 25
"""What an answer may take: one screen of a terminal."""


def to_text(
    audit: Audit,
    measures: Sequence[MeasureInfo],
    *,
    everything: bool = False,
    more: Sequence[str] = (),
    rest: str = REST,
    width: int = 100,
    like: Console | None = None,
) -> str:
    """The report as text: the answer in 25 lines, or all that each measure says.

    Parameters
    ----------
    audit, measures : as in `measurand.report.html.to_html`.
    everything : the four questions, each finding, what was not assessed, and how it was read.
    more, rest : what the last line of an answer says, and what shows the rows that do not fit.
    width : columns.
    like : the console to write for, instead: its width, signs and colours.

    Examples
    --------
    >>> from measurand.results import Audit, Provenance
    >>> of = Provenance("two models", (), (), {})
    >>> empty = Audit(findings=(), figures={}, provenance=of, settings={}, seed=7)
    >>> to_text(empty, ()).rstrip(), to_text(empty, (), everything=True).splitlines()[0]
    ('Nothing could be assessed.', 'two models')
    """
    like = _plain_console(width) if like is None else like
    shown = renderable(audit, measures, like) if everything else brief(audit, measures, like, more=more, rest=rest)
    return printed(shown, like)


def _plain_console(width: int) -> Console:
    # No environment: COLUMNS or NO_COLOR would change the text of one and the same audit.
    return Console(file=io.StringIO(), width=max(40, width), legacy_windows=False, force_jupyter=False, _environ={})


def brief(
    audit: Audit, measures: Sequence[MeasureInfo], console: Console, *, more: Sequence[str] = (), rest: str = REST
) -> RenderableType:
    """The answer in at most 25 lines of the console: sentence, tables, what limits it, how it was read, what is left.

    Parameters
    ----------
    console : that it is for; its width decides how many rows fit, its encoding which signs.
    more : what the last line says, such as how to see everything.
    rest : what shows the rows and sentences that do not fit.
    """
    first = lead(audit)
    if first is None:
        return Group(said("Nothing could be assessed.", "bold"), *_closing(audit, measures, more))
    code, answer = first
    whole = len(measures) > MOST_ASKED
    head: list[RenderableType] = [said(answer.sentence, "bold"), Text()]
    if whole:
        head += [_questions_short(audit, measures, console), Text()]
    foot = _closing(audit, measures, more)
    space = LINES - height(console, *head, *foot)
    tables, others = list(answer.tables), _behind(audit, measures, code, answer, whole=whole)
    if (further := behind_table(others, answer)) is not None:
        tables = [*tables[single_row(answer) :], further]
    found = findings_told(audit, measures, code) if whole else others
    told = _limits(answer, found, console)
    reads = ((told, "further caution"), (_how_read(audit), "further note on how it was read"))
    return Group(*head, *_fitted(tables, answer.notes, reads, space, console, rest), *foot)


def answer_text(answer: Answer, *, most: int = sys.maxsize, like: Console | None = None) -> str:
    """An answer by itself: its sentence, tables, notes, what it does not mean and cautions, in at most so many lines.

    Examples
    --------
    >>> table = Table(head=("task", "loss"), rows=(("sums", "0.0"),), right=(1,))
    >>> print(answer_text(Answer(sentence="It passes.", tables=(table,))), end="")
    It passes.
    <BLANKLINE>
    task  loss
    sums   0.0
    """
    console = _plain_console(100) if like is None else like
    head = [said(answer.sentence, "bold"), Text()]
    told = _limits(answer, (), console)
    space = most - height(console, *head)
    parts = _fitted(answer.tables, answer.notes, ((told, "further caution"),), space, console, REST)
    return printed(Group(*head, *parts), console)


def _fitted(
    tables: Sequence[Table],
    notes: Sequence[str],
    lines: Sequence[tuple[Sequence[RenderableType], str]],
    space: int,
    console: Console,
    rest: str,
) -> list[RenderableType]:
    """Tables, notes and lines, as far as there is space: each says how much of it was left out."""
    told = any(each for each, _ in lines)
    parts: list[RenderableType] = []
    # The table that was asked for first, then what limits it, then further tables, as far as they fit.
    for place, table in enumerate(tables):
        kept = _fitting(table, console, space - (KEPT if told else 1), least=place > 0, rest=rest)
        if kept is not None:
            parts += [kept, Text()]
            space -= height(console, kept) + 1
    shown = list(notes)
    while shown and height(console, note := said(" ".join(shown), "dim")) > space - told:
        shown.pop()
    if shown:
        parts.append(note)
        space -= height(console, note)
    for each, noun in lines:
        fitting = _as_many(each, noun, space, console, rest)
        parts += fitting
        space -= height(console, *fitting)
    return parts


def _as_many(
    lines: Sequence[RenderableType], noun: str, space: int, console: Console, rest: str
) -> list[RenderableType]:
    """Of these, as many as there is space for, and a line that counts the others."""
    heights = [height(console, line) for line in lines]
    if sum(heights) <= space:
        return list(lines)
    kept = 0
    while sum(heights[: kept + 1]) < space:
        kept += 1
    more = said(f"{_count(len(lines) - kept, noun)}: {rest}", "dim")
    return [*lines[:kept], more] if space > 0 else []


KEPT = 4
"""Lines that a table leaves for what limits it and how it was read."""

LEAST_ROWS = 4
"""Rows of an answer's table from which it stands alone in an audit of everything."""

MOST_ASKED = 6
"""Measures up to which a command asked a question of its own, which their answers answer."""


def _count(count: int, noun: str) -> str:
    first, _, rest = noun.partition(" on ")
    return plural(count, first) + (f" on {rest}" if rest else "")


def _questions_short(audit: Audit, measures: Sequence[MeasureInfo], console: Console) -> Grid:
    grid = Grid.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_column(justify="right")
    for row in questions(audit, measures):
        status = row.status or (Status.NOT_APPLICABLE if row.asked else Status.SKIPPED)
        own = [measure.code for measure in measures if measure.question is row.question]
        done = {f.code for f in audit.findings if f.code in own and f.status in ASSESSED}
        checks = f"{len(done)} of {plural(len(own), 'check')}"
        grid.add_row(mark_of(status, console), Text(SHORT[row.question], style="bold"), _words(row), checks)
    return grid


def _words(row: QuestionRow) -> Text:
    return Text(plain(question_words(row)), style="" if row.finding else "dim")


def _fitting(table: Table, console: Console, space: int, *, least: bool, rest: str) -> RenderableType | None:
    """The table with as many rows as there is space for; nothing where a further one finds too little."""
    fixed = bool(table.title) + any(table.head) + 1
    most = max(space - fixed, 0 if least else 3)
    if most < min(3, len(table.rows)):
        return None
    while True:
        fitting = drawn(table, table_rows(table, most, rest), console)
        # Long names fold into several lines, which no count of rows foresees.
        if height(console, fitting) <= max(space - 1, 4) or most <= 3:
            return fitting
        most -= 1


def _behind(audit: Audit, measures: Sequence[MeasureInfo], code: str, answer: Answer, *, whole: bool) -> list[Finding]:
    """Findings of other measures that a table shows: of those asked together, or of the question of a short answer."""
    if not whole:
        return behind(audit, measures, code, answer)
    if answer.tables and len(answer.tables[0].rows) >= LEAST_ROWS:
        return []
    question = next((measure.question for measure in measures if measure.code == code), None)
    return behind(audit, [measure for measure in measures if measure.question is question], code, answer)


def _limits(answer: Answer, found: Sequence[Finding], console: Console) -> list[RenderableType]:
    """What limits the answer: its meaning, its own cautions, and the issues and cautions of other measures."""
    lines: list[RenderableType] = [said(f"! {answer.meaning}", "")] if answer.meaning else []
    bad = ASSESSED[:2]
    told = [*answer.cautions, *((finding.status, finding.sentence) for finding in found if finding.status in bad)]
    order = {status: place for place, status in enumerate(Status)}
    told = sorted(dict.fromkeys(told), key=lambda each: order[each[0]])
    return lines + [marked(status, sentence, console) for status, sentence in told]


def _how_read(audit: Audit) -> list[RenderableType]:
    """What was decided on the way in."""
    notes = audit.provenance.notes
    return [said(note if place else f"Read: {note}", "dim") for place, note in enumerate(notes)]


def _closing(audit: Audit, measures: Sequence[MeasureInfo], more: Sequence[str]) -> list[RenderableType]:
    absent = len(unassessed(audit, measures))
    parts = list(more)
    if absent and len(measures) > MOST_ASKED:
        parts.insert(0, f"{plural(absent, 'check')} not assessed: --missing.")
    return [said("  ".join(parts), "dim")] if parts else []
