"""How records show themselves in a notebook: small tables, and pictures that are drawn."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import fields
from html import escape
from typing import Any

from measurand.api.findings import Findings
from measurand.report.drawing import table_rows
from measurand.report.figures import render
from measurand.report.wording import STATUS, subject_text
from measurand.results import NOTEBOOK, Answer, Audit, Brief, Figure, Finding, Table
from measurand.wording import plain, shown

__all__ = ["show_in_notebooks"]

MOST_ROWS = 20
MOST_BYTES = 200_000
"""Of a picture as SVG; a larger one is shown as pixels, so that a notebook of many stays small."""


def show_in_notebooks() -> None:
    """Tell every record how it is shown: drawing and layout are not the business of plain data."""
    NOTEBOOK.update({Figure: _figure, Finding: lambda finding: _table([finding]), Findings: _findings, Brief: _record})
    NOTEBOOK[Audit] = lambda audit: _table([finding for finding in audit.findings if finding.headline])


def _figure(figure: Figure) -> str:
    data, kind = render(figure, {}, "svg"), "svg+xml"
    if len(data) > MOST_BYTES:
        data, kind = render(figure, {}, "png"), "png"
    source = f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
    title, caption = escape(plain(figure.title), quote=True), escape(plain(figure.caption))
    return f'<figure><img src="{source}" alt="{title}"><figcaption>{caption}</figcaption></figure>'


def _findings(found: Findings) -> str:
    pictures = "".join(_figure(figure) for figure in list(found.figures.values())[:1])
    return (_table(found.findings) if found.answer is None else _answer(found.answer)) + pictures


def _answer(answer: Answer) -> str:
    """The sentence, its tables and its notes."""
    tables = "".join(_answer_table(table) for table in answer.tables)
    said = " ".join(filter(None, [*answer.notes, answer.meaning]))
    return f"<p><b>{escape(plain(answer.sentence))}</b></p>{tables}<p>{escape(plain(said))}</p>"


def _answer_table(table: Table) -> str:
    head = "".join(f"<th>{escape(plain(name))}</th>" for name in ("", *table.head)[not table.marks :])
    rows = "".join(
        "<tr>"
        + (f"<td>{'' if mark is None else STATUS[mark].mark}</td>" if table.marks else "")
        + "".join(f"<td>{escape(plain(cell))}</td>" for cell in cells)
        + "</tr>"
        for mark, cells in table_rows(table, MOST_ROWS, "to_frame()")
    )
    title = f"<caption>{escape(plain(table.title))}</caption>" if table.title else ""
    return f"<table>{title}<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _table(findings: Sequence[Finding]) -> str:
    rows = "".join(
        "<tr>"
        f"<td>{STATUS[finding.status].mark} {STATUS[finding.status].word}</td>"
        f"<td>{escape(subject_text(finding))}</td>"
        f"<td>{escape(shown(finding.estimates[0])) if finding.estimates else ''}</td>"
        f'<td style="text-align:left">{escape(plain(finding.sentence))}</td>'
        "</tr>"
        for finding in findings[:MOST_ROWS]
    )
    more = f"<p>{len(findings) - MOST_ROWS} more rows: <code>to_frame()</code></p>" if len(findings) > MOST_ROWS else ""
    head = "<tr><th>verdict</th><th>subject</th><th>number</th><th>in words</th></tr>"
    return f"<table><thead>{head}</thead><tbody>{rows}</tbody></table>{more}"


def _record(record: Any) -> str:
    """A table of evidence, or a result: the first rows of the frames it holds, and the rest in short."""
    frames = [(field.name, getattr(record, field.name)) for field in fields(record)]
    shown_frames = [
        f"<p>{escape(name)}</p>{value.head(5)._repr_html_()}" for name, value in frames if hasattr(value, "n_chunks")
    ]
    return f"<p><code>{escape(repr(record))}</code></p>{''.join(shown_frames)}"
