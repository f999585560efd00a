"""Markdown, LaTeX and CSV: the same findings, escaped for each."""

from __future__ import annotations

import csv
import io
import math
import re

import pytest
from markdown_it import MarkdownIt

from measurand.report import MeasureInfo, to_csv, to_latex, to_markdown
from measurand.report.tables import latex_text
from measurand.results import Audit, Estimate, Finding, Provenance, Status


def audit_of(*findings: Finding) -> Audit:
    return Audit(
        findings=findings, figures={}, provenance=Provenance("t", (), (), {}), settings={}, seed=1, asked=("V1",)
    )


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_csv_has_one_row_an_estimate(audit: Audit) -> None:
    table = rows(to_csv(audit))
    assert len(table) == sum(max(1, len(finding.estimates)) for finding in audit.findings)
    row = next(row for row in table if row["subject.benchmark"] == "hellaswag" and row["subject.class"] == "base")
    finding = next(f for f in audit.findings if f.subject == {"benchmark": "hellaswag", "class": "base"})
    assert float(row["value"]) == finding.estimates[0].value
    assert float(row["low"]) == finding.estimates[0].low


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@a", "\t=1", "\r=1", " =1", "'=1", '"=1', "＝1", "\x00=1"])
def test_csv_text_is_no_formula_and_numbers_stay_numbers(text: str) -> None:
    finding = Finding(
        code=text,
        subject={"benchmark": text},
        title=text,
        status=Status.PASSED,
        sentence=text,
        estimates=(Estimate(name=text, value=-0.5, low=-1e-30, method=text, unit=text),),
    )
    row = rows(to_csv(audit_of(finding)))[0]
    for column in ("code", "subject.benchmark", "title", "sentence", "estimate", "method", "unit"):
        assert row[column].startswith("'"), column
    assert (row["value"], row["low"]) == ("-0.5", "-1e-30")


def test_csv_keeps_no_control_characters_and_no_nan() -> None:
    finding = Finding(
        code="V1",
        subject={"a\nb": "x\x1b[31m\n\u202ey"},
        title="",
        status=Status.PASSED,
        sentence="",
        estimates=(Estimate(name="r", value=math.nan, n=3),),
    )
    text = to_csv(audit_of(finding))
    assert not re.search("[\x00-\x09\x0b\x0c\x0e-\x1f\u202e]", text)
    assert text.count("\r\n") == text.count("\n") == 2
    assert rows(text)[0]["value"] == ""


def test_markdown_shows_every_finding_and_nothing_from_data_is_markup(
    audit: Audit, measures: tuple[MeasureInfo, ...]
) -> None:
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(to_markdown(audit, measures))
    assert "<script" not in html
    assert "<b>" not in html
    assert html.count("<table>") == 1 + 4 + 1
    assert html.count("<tr>") == (4 + 1) + (44 + 1) + 3 * 2 + (3 + 1)
    assert "&lt;script&gt;alert(1)&lt;/script&gt; · class base" in html


@pytest.mark.parametrize(
    "text", ["a|b", "[x](javascript:alert(1))", "*a* _b_", "`c`", "<img src=x>", "https://e.org", "\\|"]
)
def test_markdown_text_reads_as_written(text: str) -> None:
    markdown = to_markdown(
        audit_of(Finding(code="Z", subject={"benchmark": text}, title="", status=Status.PASSED, sentence=text)), ()
    )
    html = MarkdownIt("gfm-like", {"linkify": False}).render(markdown)
    cell = re.findall(r"<td>(.*?)</td>", html)[-1]
    assert cell == text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def test_latex_is_a_booktabs_table_with_every_finding(audit: Audit, measures: tuple[MeasureInfo, ...]) -> None:
    latex = to_latex(audit, measures)
    assert latex.count(r"\toprule") == 2
    body = latex.split("\\endfoot\n")[1].split("\\end{longtable}")[0]
    assert body.count(r" \\") == 44 + 3 + 3
    assert "58" in latex
    assert r"0.58 {[}0.41, 0.73{]}" in latex
    assert r"machiavelli-power.$\Sigma$" in latex


def test_latex_commands_in_names_are_text() -> None:
    name = r"\input{/etc/passwd} 50% a_b ~^ #1 & $x$ <|>"
    latex = to_latex(
        audit_of(Finding(code="Z", subject={"benchmark": name}, title="", status=Status.PASSED, sentence="")), ()
    )
    row = latex.splitlines()[9]
    assert r"\input" not in row
    assert r"\textbackslash{}input\{/etc/passwd\} 50\% a\_b" in row
    assert row.count(" & ") == 3
    assert not re.search(r"(?<!\\)[%#]", row)


def test_latex_text_prints_hyphens_and_quotes_as_they_are_in_any_encoding() -> None:
    assert latex_text('--x "y" a-b') == r"-{}-x \char34{}y\char34{} a-b"
