"""The first answer of an audit as a comment on a pull request, in Markdown of fewer than 40 lines."""

from __future__ import annotations

from measurand.report.drawing import table_rows
from measurand.report.lead import lead
from measurand.report.tables import markdown_table, markdown_text
from measurand.report.wording import STATUS
from measurand.results import Audit, Status, Table

__all__ = ["to_comment"]

MOST_ROWS = (12, 6)
"""Rows of the first table and of each further one."""
MOST_TABLES = 2
MOST_CAUTIONS = 5

REST = "see the whole report"


def to_comment(audit: Audit) -> str:
    """The sentence in bold, its tables, what limits it and what the numbers are.

    Examples
    --------
    >>> from measurand.results import Answer, Provenance
    >>> answer = Answer(sentence="1 of the 2 scores changed.", notes=("Old: a.csv; new: b.csv.",))
    >>> of = Provenance("a.csv", (), (), {})
    >>> audit = Audit(
    ...     findings=(), figures={}, provenance=of, settings={}, seed=0, asked=("P13",), answers={"P13": answer}
    ... )
    >>> print(to_comment(audit), end="")
    **1 of the 2 scores changed.**
    <BLANKLINE>
    Old: a.csv; new: b.csv.
    """
    first = lead(audit)
    if first is None:
        return "**Nothing could be assessed.**\n"
    answer = first[1]
    lines = [f"**{markdown_text(answer.sentence)}**", ""]
    for place, table in enumerate(answer.tables[:MOST_TABLES]):
        lines += _table(table, MOST_ROWS[min(place, 1)])
    told = [f"- {STATUS[status].mark} {markdown_text(sentence)}" for status, sentence in answer.cautions]
    if len(told) > MOST_CAUTIONS:
        told[MOST_CAUTIONS:] = [f"- {len(told) - MOST_CAUTIONS} more: {REST}"]
    lines += [*told, ""] if told else []
    return "\n".join([*lines, markdown_text(" ".join(answer.notes))]).rstrip() + "\n"


def _table(table: Table, most: int) -> list[str]:
    """A table in lines, the sign of each row's status first, where rows have one."""
    rows = [(*((_mark(status),) if table.marks else ()), *cells) for status, cells in table_rows(table, most, REST)]
    head = [*([""] if table.marks else []), *table.head]
    return [*([f"**{markdown_text(table.title)}**", ""] if table.title else []), *markdown_table(head, rows)]


def _mark(status: Status | None) -> str:
    return "" if status is None else STATUS[status].mark
