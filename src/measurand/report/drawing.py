"""The pieces of a terminal's text: lines, signs and tables, as wide as a console is."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.table import Table as Grid
from rich.text import Text

from measurand.report.wording import STATUS
from measurand.results import Status, Table
from measurand.wording import plain, plural

__all__ = ["REST", "STYLES", "drawn", "height", "mark_of", "marked", "printed", "said", "table_rows"]

REST = "--all"
"""What shows all of it, on a command line."""

LEAST_NAME = 12
"""Letters of a name that stay in one line."""

HEADS = (30, 24, 18, 12, 0)
"""Letters of a column's head in one line, as many as the terminal is wide enough for."""

STYLES = {
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


def said(text: str, style: str) -> Text:
    """A line, free of what a terminal would take for a command."""
    return Text(plain(text), style=style)


def height(console: Console, *shown: RenderableType) -> int:
    """Lines that these take on the console."""
    return sum(len(console.render_lines(each, pad=False)) for each in shown)


def mark_of(status: Status | None, console: Console) -> Text:
    """The sign of a status, in letters where the console shows no others."""
    if status is None:
        return Text()
    unicode = console.encoding.lower().startswith("utf")
    return Text(STATUS[status].mark if unicode else _ASCII[status], style=STYLES[status])


def marked(status: Status, text: str, console: Console) -> RenderableType:
    """A sentence behind the sign of its status, the lines after the first set in."""
    grid = Grid.grid(padding=(0, 1))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(mark_of(status, console), plain(text))
    return grid


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


Rows = Sequence[tuple[Status | None, tuple[str, ...]]]


def drawn(table: Table, rows: Rows, console: Console) -> RenderableType:
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
        mark = [mark_of(status, console)] if table.marks else []
        grid.add_row(*mark, *(Text(plain(cell)) for cell in cells[:kept]))
    parts: list[RenderableType] = [said(table.title, "bold")] if table.title else []
    hidden = len(table.head) - kept
    more = [said(f"{plural(hidden, 'more column')} on a wider terminal", "dim")] if hidden else []
    return Group(*parts, grid, *more)


def _width(table: Table, columns: Iterable[int]) -> int:
    """Of a table with columns of these widths: two blanks stand between them, and a mark before them."""
    wide = list(columns)
    return sum(wide) + 2 * len(wide) + (4 if table.marks else 0)


def printed(shown: RenderableType, console: Console) -> str:
    """What the console would show, without the blanks that fill its lines."""
    with console.capture() as capture:
        console.print(shown, highlight=False)

    return "\n".join(line.rstrip() for line in capture.get().splitlines()).rstrip() + "\n"
