"""The verdict of a gate, for people (terminal, Markdown) and for programs (SARIF, JUnit)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from measurand.report.tables import markdown_table, markdown_text
from measurand.report.text import answer_text
from measurand.results import AVERAGE, Answer, Estimate, Gate, GateRow, Table
from measurand.wording import SHARE, cell, listed, p_text, plain, plural, points, shown

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["headline", "to_junit", "to_markdown", "to_sarif", "to_text"]

WORDS = {"worse": "FAIL", "not worse": "PASS", "open": "CANNOT TELL"}
SIGNS = {"worse": "✗", "not worse": "✓", "open": "?"}
HEAD = ("task", "baseline", "candidate", "difference", "", "items")
LEVELS = {"worse": "error", "open": "warning", "not worse": "none"}

MOST_ROWS = 25
"""Rows of a Markdown comment: of more, those that passed are counted."""


def headline(gate: Gate) -> str:
    """The word and the reason, in one line.

    Examples
    --------
    >>> from measurand.results import Estimate
    >>> loss = Estimate(name="difference", value=-0.06, low=-0.085, high=-0.035, unit="difference of shares")
    >>> row = GateRow(name="reading", baseline=0.83, candidate=0.77, difference=loss, p_worse=0.004, p_not_worse=0.99,
    ...               verdict="worse", n=400, clusters=80, needed=None)
    >>> gate = Gate(candidate="new", baseline="old", margin=0.02, alpha=0.05, rows=(row,), left_out=())
    >>> headline(gate)
    '✗ FAIL  new is more than 2 points worse than old on reading.'
    """
    mark = f"{SIGNS[gate.verdict]} {WORDS[gate.verdict]}"
    worse = [row for row in gate.rows if row.verdict == "worse"]
    margin = points(gate.margin)
    if worse:
        return f"{mark}  {gate.candidate} is more than {margin} worse than {gate.baseline} {_on(worse)}."
    last = gate.rows[-1]
    where = "on average" if last.name == AVERAGE else f"on {last.name}"
    if gate.verdict == "not worse":
        return (
            f"{mark}  {gate.candidate} is not {margin} worse than {gate.baseline} on any task: "
            f"{shown(last.difference)} {where}."
        )
    unclear = [row for row in gate.rows if row.verdict == "open"]
    return f"{mark}  Whether {gate.candidate} is {margin} worse than {gate.baseline} {_on(unclear)} is not clear."


def _on(rows: list[GateRow]) -> str:
    tasks = [row.name for row in rows if row.name != AVERAGE]
    if not tasks:
        return "on average"
    return f"on {listed(tasks[:3])}" + (f" and {len(tasks) - 3} more" if len(tasks) > 3 else "")


def to_text(gate: Gate, *, like: Console | None = None) -> str:
    """The verdict, a table of the tasks, and what would settle those that are open."""
    rows = tuple(_cells(gate, row) for row in gate.rows)
    table = Table(head=HEAD, rows=rows, right=(1, 2, 3, 5), ends=True)
    return answer_text(Answer(sentence=headline(gate), tables=(table,), notes=tuple(_notes(gate))), like=like)


def _cells(gate: Gate, row: GateRow) -> tuple[str, ...]:
    margin = points(gate.margin, unit=False)
    said = {
        "worse": f"✗ worse by over {margin} ({_p(row.p_worse)})",
        "not worse": f"✓ not worse by {margin}",
        "open": "? cannot tell",
    }[row.verdict]
    scores = (cell(Estimate(name="score", value=each, unit=SHARE)) for each in (row.baseline, row.candidate))
    return (plain(row.name), *scores, cell(row.difference), said, f"{row.n:,}")


def _p(value: float) -> str:
    text = p_text(value)
    return f"p {text[0]} {text[1:]}" if text.startswith("<") else f"p = {text}"


def _notes(gate: Gate) -> list[str]:
    """How the rows were judged, what would settle the open ones, and what could not be compared."""
    notes = []
    if len(gate.rows) > 1:
        count = len(gate.rows) - 1
        notes.append(f"p allows for {plural(count, 'task')} and their average (Holm); tasks weigh the same in it.")
    if any(row.difference.method.startswith("unpaired") for row in gate.rows):
        notes.append("Held against reported scores, not item by item: logs of the baseline would tell more.")
    for row in gate.rows:
        if row.needed is not None and row.name != AVERAGE:
            unit = "cluster" if row.clusters < row.n else "item"
            notes.append(
                f"{plain(row.name)}: about {plural(row.needed, unit)} like these would pass two equal models 4 times "
                f"in 5 ({row.clusters:,} now)."
            )
    notes += [f"{plain(name)} is left out: {plain(why)}." for name, why in gate.left_out]
    return notes


def to_markdown(gate: Gate) -> str:
    """The same as a comment on a pull request, of fewer than 40 lines."""
    rows = list(gate.rows)
    hidden = 0
    if len(rows) > MOST_ROWS:
        told = [row for row in rows if row.verdict != "not worse" or row.name == AVERAGE][:MOST_ROWS]
        rows, hidden = told, len(rows) - len(told)
    head = [name or "verdict" for name in HEAD]
    table = markdown_table(head, [_cells(gate, row) for row in rows])
    lines = [f"**{markdown_text(headline(gate))}**", "", *table, ""]
    more = [f"{plural(hidden, 'further task')} not shown."] if hidden else []
    return "\n".join([*lines, *(markdown_text(note) for note in [*more, *_notes(gate)][:8])]) + "\n"


def to_sarif(gate: Gate) -> bytes:
    """SARIF 2.1.0: a result per task that is worse or open."""
    results = [
        {
            "ruleId": "gate",
            "level": LEVELS[row.verdict],
            "message": {"text": " ".join(_cells(gate, row))},
            "logicalLocations": [{"name": row.name, "kind": "module"}],
        }
        for row in gate.rows
        if row.verdict != "not worse"
    ]
    rule = {
        "id": "gate",
        "shortDescription": {"text": "A candidate that is worse than its baseline by more than a margin"},
    }
    driver = {"name": "measurand", "rules": [rule]}
    log = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": results}],
    }
    return json.dumps(log, indent=1).encode() + b"\n"


def to_junit(gate: Gate, *, strict: bool) -> bytes:
    """JUnit XML: a test case per task; one that is open fails only where the gate is strict, and is skipped else."""
    cases = []
    for row in gate.rows:
        said = quoteattr(plain(" ".join(_cells(gate, row)[3:5])))
        failed = row.verdict == "worse" or (strict and row.verdict == "open")
        inside = (
            f"<failure message={said}/>" if failed else f"<skipped message={said}/>" if row.verdict == "open" else ""
        )
        cases.append(f'<testcase classname="gate" name={quoteattr(plain(row.name))}>{inside}</testcase>')
    failures = sum("<failure" in case for case in cases)
    skipped = sum("<skipped" in case for case in cases)
    attributes = f'tests="{len(cases)}" failures="{failures}" skipped="{skipped}"'
    said = f"<system-out>{escape(plain(headline(gate)))}</system-out>"
    suite = f'<testsuite name="measurand gate" {attributes}>{"".join(cases)}{said}</testsuite>'
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>{suite}</testsuites>\n'.encode()
