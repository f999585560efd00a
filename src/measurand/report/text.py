"""An audit for a terminal. Text from data is never markup, and holds no control characters."""

from __future__ import annotations

import io
import sys
import textwrap
from collections.abc import Iterable, Sequence

from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text

from measurand.report.lead import SHORT, behind, behind_table, findings_told, lead, question_words, single_row
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
from measurand.results import Answer, Audit, Finding, Status, Table
from measurand.wording import plain, plural

__all__ = ["answer_text", "brief", "missing", "renderable", "table_rows", "to_text"]

REST = "--all"
"""What shows all of it, on a command line."""

LINES = 25
"""What an answer may take: one screen of a terminal."""

_STYLES = {
    Status.ISSUE: "bold red",
    Status.CAUTION: "yellow",
    Status.PASSED: "green",
    Status.NOT_APPLICABLE: "dim",
    Status.SKIPPED: "dim",
    Status.ERROR: "bold magenta",
}
_ASCII = {
    Status.ISSUE: "!!",
    Status.CAUTION: "!",
    Status.PASSED: "ok",
    Status.NOT_APPLICABLE: "-",
    Status.SKIPPED: "-",
    Status.ERROR: "x",
}


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
    return _printed(shown, like)


def _plain_console(width: int) -> Console:
    # No environment: COLUMNS or NO_COLOR would change the text of one and the same audit.
    return Console(file=io.StringIO(), width=max(40, width), legacy_windows=False, force_jupyter=False, _environ={})


def _printed(shown: RenderableType, console: Console) -> str:
    with console.capture() as capture:
        console.print(shown, highlight=False)
    # Padding to the width of the terminal is nothing that a file or a pipe should hold.
    return "\n".join(line.rstrip() for line in capture.get().splitlines()).rstrip() + "\n"


# The answer ----------------------------------------------------------------------------------------------------------


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
        return Group(_said("Nothing could be assessed.", "bold"), *_closing(audit, measures, more))
    code, answer = first
    whole = len(measures) > MOST_ASKED
    head: list[RenderableType] = [_said(answer.sentence, "bold"), Text()]
    if whole:
        head += [_questions_short(audit, measures, console), Text()]
    foot = _closing(audit, measures, more)
    space = LINES - _height(console, *head, *foot)
    tables, others = list(answer.tables), _behind(audit, measures, code, answer, whole=whole)
    if (further := behind_table(others, answer)) is not None:
        tables = [*tables[single_row(answer) :], further]
    found = findings_told(audit, measures, code) if whole else others
    told = _limits(answer, found, console)
    reads = ((told, "further caution"), (_how_read(audit), "further note on how it was read"))
    return Group(*head, *_fitted(tables, answer.notes, reads, space, console, rest), *foot)


def answer_text(answer: Answer, *, like: Console | None = None) -> str:
    """An answer by itself and all of it: its sentence, tables, notes and cautions.

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
    head = [_said(answer.sentence, "bold"), Text()]
    told = [_marked(status, sentence, console) for status, sentence in answer.cautions]
    parts = _fitted(answer.tables, answer.notes, ((told, ""),), sys.maxsize, console, REST)
    return _printed(Group(*head, *parts), console)


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
            space -= _height(console, kept) + 1
    shown = list(notes)
    while shown and _height(console, note := _said(" ".join(shown), "dim")) > space - told:
        shown.pop()
    if shown:
        parts.append(note)
        space -= _height(console, note)
    for each, noun in lines:
        fitting = _as_many(each, noun, space, console, rest)
        parts += fitting
        space -= _height(console, *fitting)
    return parts


def _as_many(
    lines: Sequence[RenderableType], noun: str, space: int, console: Console, rest: str
) -> list[RenderableType]:
    """Of these, as many as there is space for, and a line that counts the others."""
    heights = [_height(console, line) for line in lines]
    if sum(heights) <= space:
        return list(lines)
    kept = 0
    while sum(heights[: kept + 1]) < space:
        kept += 1
    more = _said(f"{_count(len(lines) - kept, noun)}: {rest}", "dim")
    return [*lines[:kept], more] if space > 0 else []


LEAST_NAME = 12
"""Letters of a name that stay in one line."""

HEADS = (30, 24, 18, 12, 0)
"""Letters of a column's head in one line, as many as the terminal is wide enough for."""

KEPT = 4
"""Lines that a table leaves for what limits it and how it was read."""

LEAST_ROWS = 4
"""Rows of an answer's table from which it stands alone in an audit of everything."""

MOST_ASKED = 6
"""Measures up to which a command asked a question of its own, which their answers answer."""


def missing(audit: Audit, measures: Sequence[MeasureInfo]) -> RenderableType:
    """What could not be assessed, a row per measure, with what it would need."""
    rows = unassessed(audit, measures)
    return _absent(rows) if rows else _said("Every measure could be assessed.", "")


def _count(count: int, noun: str) -> str:
    first, _, rest = noun.partition(" on ")
    return plural(count, first) + (f" on {rest}" if rest else "")


def _said(text: str, style: str) -> Text:
    return Text(plain(text), style=style)


def _height(console: Console, *shown: RenderableType) -> int:
    return sum(len(console.render_lines(each, pad=False)) for each in shown)


def _mark(status: Status | None, console: Console) -> Text:
    if status is None:
        return Text()
    unicode = console.encoding.lower().startswith("utf")
    return Text(STATUS[status].mark if unicode else _ASCII[status], style=_STYLES[status])


def _marked(status: Status, text: str, console: Console) -> RenderableType:
    grid = Grid.grid(padding=(0, 1))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(_mark(status, console), plain(text))
    return grid


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
        grid.add_row(_mark(status, console), Text(SHORT[row.question], style="bold"), _words(row), checks)
    return grid


def _words(row: QuestionRow) -> Text:
    return Text(plain(question_words(row)), style="" if row.finding else "dim")


def table_rows(table: Table, most: int, rest: str = REST) -> list[tuple[Status | None, tuple[str, ...]]]:
    """The rows that are shown where not all fit: the first, and of a table with two ends the last three, too.

    Examples
    --------
    >>> table = Table(head=("model",), rows=tuple((str(i),) for i in range(9)), ends=True)
    >>> [cells[0] for _, cells in table_rows(table, 6)]
    ['0', '1', '… 4 more: --all', '6', '7', '8']
    """
    marks = table.marks or (None,) * len(table.rows)
    rows = list(zip(marks, table.rows, strict=True))
    if len(rows) <= most:
        return rows
    last = 3 if table.ends and most >= 6 else 0
    first = max(1, most - 1 - last)
    gap = [""] * len(table.head)
    # In a column of names: numbers are narrow, and set on the right.
    named = next((place for place in range(len(gap)) if place not in table.right), 0)
    gap[named] = f"… {len(rows) - first - last} more: {rest}"
    return [*rows[:first], (None, tuple(gap)), *(rows[-last:] if last else [])]


def _fitting(table: Table, console: Console, space: int, *, least: bool, rest: str) -> RenderableType | None:
    """The table with as many rows as there is space for; nothing where a further one finds too little."""
    fixed = bool(table.title) + any(table.head) + 1
    most = max(space - fixed, 0 if least else 3)
    if most < min(3, len(table.rows)):
        return None
    while True:
        drawn = _drawn(table, table_rows(table, most, rest), console)
        # Long names fold into several lines, which no count of rows foresees.
        if _height(console, drawn) <= max(space - 1, 4) or most <= 3:
            return drawn
        most -= 1


Rows = Sequence[tuple[Status | None, tuple[str, ...]]]


def _drawn(table: Table, rows: Rows, console: Console) -> RenderableType:
    """The table as wide as the console: first heads fold, then names; then the last columns go, which is said."""
    widest = [max((cell_len(plain(cells[i])) for _, cells in rows), default=0) for i in range(len(table.head))]
    words = [max(map(cell_len, name.split()), default=0) for name in table.head]
    # Names fold where a terminal is narrow, numbers never.
    least = [wide if i in table.right else min(wide, LEAST_NAME) for i, wide in enumerate(widest)]
    kept = len(table.head)
    while kept > 2 and _width(table, map(max, least[:kept], words[:kept])) > console.width:
        kept -= 1
    sizes = list(zip(widest, words, map(cell_len, table.head), strict=True))[:kept]
    for most in HEADS:
        heads = [max(wide, word, min(whole, most)) for wide, word, whole in sizes]
        if _width(table, heads) <= console.width:
            break
    grid = Grid.grid(padding=(0, 2))
    if table.marks:
        grid.add_column(no_wrap=True)
    for place in range(kept):
        right = place in table.right
        grid.add_column(
            justify="right" if right else "left",
            no_wrap=right,
            overflow="fold",
            min_width=max(least[place], words[place]),
        )
    if any(table.head):
        folded = ("\n".join(textwrap.wrap(plain(name), max(heads[i], 1))) for i, name in enumerate(table.head[:kept]))
        grid.add_row(*[Text()] * bool(table.marks), *(Text(name, style="dim") for name in folded))
    for status, cells in rows:
        mark = [_mark(status, console)] if table.marks else []
        grid.add_row(*mark, *(Text(plain(cell)) for cell in cells[:kept]))
    parts: list[RenderableType] = [_said(table.title, "bold")] if table.title else []
    hidden = len(table.head) - kept
    more = [_said(f"{plural(hidden, 'more column')} on a wider terminal", "dim")] if hidden else []
    return Group(*parts, grid, *more)


def _width(table: Table, columns: Iterable[int]) -> int:
    """Of a table with columns of these widths: two blanks stand between them, and a mark before them."""
    wide = list(columns)
    return sum(wide) + 2 * len(wide) + (4 if table.marks else 0)


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
    lines: list[RenderableType] = [_said(f"! {answer.meaning}", "")] if answer.meaning else []
    bad = ASSESSED[:2]
    told = [*answer.cautions, *((finding.status, finding.sentence) for finding in found if finding.status in bad)]
    order = {status: place for place, status in enumerate(Status)}
    told = sorted(dict.fromkeys(told), key=lambda each: order[each[0]])
    return lines + [_marked(status, sentence, console) for status, sentence in told]


def _how_read(audit: Audit) -> list[RenderableType]:
    """What was decided on the way in."""
    notes = audit.provenance.notes
    return [_said(note if place else f"Read: {note}", "dim") for place, note in enumerate(notes)]


def _closing(audit: Audit, measures: Sequence[MeasureInfo], more: Sequence[str]) -> list[RenderableType]:
    absent = len(unassessed(audit, measures))
    parts = list(more)
    if absent and len(measures) > MOST_ASKED:
        parts.insert(0, f"{plural(absent, 'check')} not assessed: --missing.")
    return [_said("  ".join(parts), "dim")] if parts else []


# Everything ----------------------------------------------------------------------------------------------------------


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
            blocks += [Text(), Padding(_drawn(table, table_rows(table, len(table.rows)), console), (0, 0, 0, 2))]
        if answer and answer.notes:
            blocks += [Text(), Padding(_said(" ".join(answer.notes), "dim"), (0, 0, 0, 2))]
    absent = unassessed(audit, measures)
    if absent:
        blocks += [Text(), Text("Not assessed", style="bold"), Padding(_absent(absent), (0, 0, 0, 2))]
    if audit.provenance.notes:
        blocks += [Text(), Text("How it was read", style="bold"), Padding(_notes(audit.provenance.notes), (0, 0, 0, 2))]
    return Group(*blocks)


def _badge(status: Status) -> Text:
    word = STATUS[status]
    return Text(f"{word.mark} {word.word}", style=_STYLES[status], no_wrap=True)


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
