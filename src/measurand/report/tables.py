"""An audit as tables for other documents: Markdown, LaTeX and CSV, each escaped for its format."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Callable, Iterable, Sequence

from measurand.report.summary import MeasureInfo, QuestionRow, issue_lines, questions, sections, unassessed
from measurand.report.wording import ASKS, STATUS, level_text, subject_text
from measurand.results import Answer, Audit, Estimate, Finding, Status, Table
from measurand.wording import plain, shown

__all__ = [
    "answer_markdown",
    "csv_cell",
    "latex_text",
    "markdown_table",
    "markdown_text",
    "table_csv",
    "table_latex",
    "to_csv",
    "to_latex",
    "to_markdown",
]

# The colon of an address too: bare addresses become links.
_MARKDOWN = re.compile(r"([\\`*_\[\]#|~$@]|:(?=//))")
# What a program for tables takes for a formula, also behind quotes and spaces, also in full width.
_FORMULA = re.compile(r"^[\s'\"]*[=+\-@\uff1d\uff0b\uff0d\uff20]")
_LATEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\char34{}",  # \textquotedbl exists in few encodings
    "−": "$-$",
    "±": r"$\pm$",
    "×": r"$\times$",
    "·": r"$\cdot$",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "ρ": r"$\rho$",
    "σ": r"$\sigma$",
    "Σ": r"$\Sigma$",
    "δ": r"$\delta$",
    "Δ": r"$\Delta$",
    "α": r"$\alpha$",
    "β": r"$\beta$",
    "φ": r"$\varphi$",
    "–": "--",
    "…": r"\ldots{}",
}
_NUMBER = re.compile(r"-?\d+(\.\d+)?(e-?\d+)?")
_COLUMNS = ("title", "status", "estimate", "value", "low", "high", "level", "unit", "n", "method", "sentence")


def to_markdown(audit: Audit, measures: Sequence[MeasureInfo]) -> str:
    """The four questions, a table of findings per measure, and what was not assessed, as GitHub-flavoured Markdown.

    Examples
    --------
    >>> from measurand.results import Audit, Provenance
    >>> of = Provenance("a | b", (), (), {})
    >>> print(to_markdown(Audit(findings=(), figures={}, provenance=of, settings={}, seed=7), ()).splitlines()[0])
    # a \\| b
    """
    esc = markdown_text
    lines = [f"# {esc(audit.provenance.title) or 'Untitled study'}", "", f"Seed {audit.seed}.", ""]
    lines += [esc(issue_lines(audit)), ""]
    rows = [(ASKS[row.question], *_answer(row)) for row in questions(audit, measures)]
    lines += markdown_table(("Question", "Status", "In words", "Number [interval]"), rows)
    for section in sections(audit, measures):
        name = section.measure.name if section.measure else "no measure of this code is installed"
        lines += [f"## {esc(section.code)} {esc(name)}", ""]
        if section.measure:
            lines += [esc(section.measure.asks), ""]
        lines += markdown_table(
            ("Status", "Subject", "Number [interval]", "In words"), [_cells(finding) for finding in section.findings]
        )
    absent = unassessed(audit, measures)
    if absent:
        lines += ["## Not assessed", ""]
        lines += markdown_table(
            ("Measure", "Status", "Needs"),
            [(f"{row.measure.code} {row.measure.name}", _status(row.status), row.measure.needs) for row in absent],
        )
    return "\n".join(lines)


def answer_markdown(answer: Answer) -> str:
    """An answer by itself as GitHub-flavoured Markdown: its sentence, tables, notes and what it does not mean.

    Examples
    --------
    >>> table = Table(head=("task",), rows=(("a_b",),))
    >>> print(answer_markdown(Answer(sentence="It passes.", tables=(table,))), end="")
    **It passes.**
    <BLANKLINE>
    | task |
    | --- |
    | a\\_b |
    """
    lines = [f"**{markdown_text(answer.sentence)}**", ""]
    for table in answer.tables:
        lines += markdown_table(table.head, table.rows)
    for said in filter(None, (*answer.notes, answer.meaning)):
        lines += [markdown_text(said), ""]
    return "\n".join(lines)


def to_latex(audit: Audit, measures: Sequence[MeasureInfo]) -> str:
    """A table of the findings for a paper; it needs the packages ``booktabs`` and ``longtable``.

    Letters that are neither Latin nor of the Greek of formulas are left as they are: they need XeLaTeX or LuaLaTeX.

    Examples
    --------
    >>> from measurand.results import Audit, Finding, Provenance, Status
    >>> number = Estimate(name="r", value=0.1, low=-0.2, high=0.4)
    >>> finding = Finding(
    ...     code="V1", subject={"benchmark": "a_b"}, status=Status.PASSED, sentence="", estimates=(number,)
    ... )
    >>> of = Provenance("50% & more", (), (), {})
    >>> audit = Audit(findings=(finding,), figures={}, provenance=of, settings={}, seed=7)
    >>> print(to_latex(audit, ()).splitlines()[9])
    V1 & a\\_b & passed & 0.10 {[}$-$0.20, 0.40{]} \\\\
    """
    head = r"Code & Subject & Verdict & Number [interval] \\"
    lines = [
        "% needs \\usepackage{booktabs,longtable}",
        r"\begin{longtable}{l p{0.42\linewidth} l l}",
        rf"\caption{{{latex_text(audit.provenance.title)}}} \\",
        r"\toprule",
        head,
        r"\midrule",
        r"\endfirsthead",
        rf"\toprule {head} \midrule \endhead",
        r"\bottomrule \endfoot",
    ]
    for section in sections(audit, measures):
        for finding in section.findings:
            number = shown(finding.estimates[0]) if finding.estimates else "–"
            cells = (finding.code, subject_text(finding), STATUS[finding.status].word, number)
            lines.append(" & ".join(map(latex_text, cells)) + r" \\")
    lines += [
        rf"{latex_text(row.measure.code)} & {latex_text(row.measure.name)} & {STATUS[row.status].word} & -- \\"
        for row in unassessed(audit, measures)
    ]
    return "\n".join([*lines, r"\end{longtable}", ""])


def table_csv(table: Table) -> str:
    """One table of an answer as CSV, its cells as they are written.

    Examples
    --------
    >>> print(table_csv(Table(head=("task", "score"), rows=(("=a", "0.5"),))), end="")
    task,score
    '=a,0.5
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    # A negative number is no formula.
    rows = ([cell if _NUMBER.fullmatch(cell) else csv_cell(cell) for cell in row] for row in (table.head, *table.rows))
    writer.writerows(rows)
    return out.getvalue()


def table_latex(table: Table) -> str:
    """One table of an answer for a paper; it needs the package ``booktabs``.

    Examples
    --------
    >>> print(table_latex(Table(head=("task", "score"), rows=(("a_b", "0.5"),), right=(1,))).splitlines()[4])
    a\\_b & 0.5 \\\\
    """
    columns = "".join("r" if place in table.right else "l" for place in range(len(table.head)))
    head, *rows = (" & ".join(map(latex_text, row)) + r" \\" for row in (table.head, *table.rows))
    return "\n".join([rf"\begin{{tabular}}{{{columns}}}", r"\toprule", head, r"\midrule", *rows, r"\bottomrule",
                      r"\end{tabular}", ""])  # fmt: skip


def to_csv(audit: Audit) -> str:
    """One row per estimate, with full precision; a finding without estimates has one row with these cells empty.

    Columns are ``code``, one ``subject.KEY`` for each key of any subject, then what is said and measured. Text that a
    spreadsheet would take for a formula starts with an apostrophe.

    Examples
    --------
    >>> from measurand.results import Audit, Finding, Provenance, Status
    >>> number = (Estimate(name="r", value=-0.1),)
    >>> finding = Finding(
    ...     code="V1", subject={"benchmark": "=1+1"}, status=Status.PASSED, sentence="", estimates=number
    ... )
    >>> of = Provenance("", (), (), {})
    >>> print(to_csv(Audit(findings=(finding,), figures={}, provenance=of, settings={}, seed=7)).splitlines()[1])
    V1,'=1+1,,passed,r,-0.1,,,,,,,
    """
    keys = sorted({key for finding in audit.findings for key in finding.subject})
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(map(csv_cell, ("code", *(f"subject.{key}" for key in keys), *_COLUMNS)))
    for finding in audit.findings:
        subject = [finding.subject.get(key, "") for key in keys]
        for estimate in finding.estimates or (None,):
            writer.writerow(map(csv_cell, (finding.code, *subject, *_csv_row(finding, estimate))))
    return out.getvalue()


def _csv_row(finding: Finding, estimate: Estimate | None) -> tuple[str | float | None, ...]:
    e = estimate or Estimate(name="", value=None)
    measured = (e.name, e.value, e.low, e.high, e.level, e.unit, e.n, e.method)
    return (finding.title, finding.status.value, *measured, finding.sentence)


def csv_cell(value: str | float | None) -> str:
    """Numbers as they are, the minus of a negative one too; text made harmless.

    Examples
    --------
    >>> csv_cell(-0.5), csv_cell("-0.5"), csv_cell(None)
    ('-0.5', "'-0.5", '')
    """
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return ""
    if not isinstance(value, str):
        # The shortest text that reads back as the same number; numpy's own repr would name its type.
        return repr(float(value)) if isinstance(value, float) else str(value)
    text = plain(value)
    # The tab that would start a formula is a control character, gone here, but its cell is still marked as text.
    return f"'{text}" if _FORMULA.match(text) or value[:1] in ("\t", "\r", "\n") else text


def _answer(row: QuestionRow) -> tuple[str, str, str]:
    """Status, sentence and number of a question."""
    if row.finding is None or row.status is None:
        if not row.asked:
            return _status(Status.SKIPPED), "Not asked for.", ""
        needs = "; ".join(f"{name} needs {needs}" for name, needs in row.needs)
        made = f"{row.made}; " if row.made else ""
        return _status(Status.NOT_APPLICABLE), f"Not assessed: {made}{needs}.", ""
    return _status(row.status), row.finding.sentence, _number(row.finding)


def _cells(finding: Finding) -> tuple[str, str, str, str]:
    return _status(finding.status), subject_text(finding), _number(finding), finding.sentence


def _status(status: Status) -> str:
    return f"{STATUS[status].mark} {STATUS[status].word}"


def _number(finding: Finding) -> str:
    if not finding.estimates:
        return ""
    estimate = finding.estimates[0]
    level = level_text(estimate)
    return shown(estimate) + (f" ({level})" if level else "")


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Lines of a table, its cells escaped."""
    return [_line(head, str), _line(["---"] * len(head), str), *(_line(row, markdown_text) for row in rows), ""]


def _line(cells: Sequence[str], escape: Callable[[str], str]) -> str:
    return f"| {' | '.join(map(escape, cells))} |"


def markdown_text(text: str) -> str:
    """Nothing in it is markup, a link, a mention or HTML."""
    escaped = _MARKDOWN.sub(r"\\\1", plain(text))
    return escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def latex_text(text: str) -> str:
    """Nothing in it is a command, a comment or an argument, in any encoding of fonts.

    Examples
    --------
    >>> print(latex_text("a_b & 50% #1 --x"))
    a\\_b \\& 50\\% \\#1 -{}-x
    """
    # A bracket at the start of a row would be the optional argument of the line break before it.
    # Two hyphens in a row would be a dash.
    bracketed = _LATEX | {"[": "{[}", "]": "{]}", "\0": "{}"}
    return "".join(bracketed.get(character, character) for character in re.sub("-(?=-)", "-\0", plain(text)))
