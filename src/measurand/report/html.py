"""An audit as one HTML file that works offline: the finding on the first screen, the evidence behind it."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from importlib import resources
from types import SimpleNamespace
from typing import Any

import jinja2
from markupsafe import Markup

from measurand.report import theme
from measurand.report.hero import views
from measurand.report.lead import question_words
from measurand.report.specs import drawn, fields, template, whole
from measurand.report.summary import (
    ASSESSED,
    MeasureInfo,
    QuestionRow,
    Section,
    issue_lines,
    loose_figures,
    questions,
    sections,
    unassessed,
)
from measurand.report.wording import ASKS, STATUS, beside, estimate_text, level_text, subject_text
from measurand.results import Answer, Audit, Cell, Figure, Finding, Question, Status, Table
from measurand.wording import capital, number, plain, plural

__all__ = ["as_data", "environment", "stylesheet", "to_html"]


FIRST_ROWS, LAST_ROWS = 8, 3
"""Of a long table: what stands on the page before a reader asks for all of it."""

MOST_DRAWN = 40
"""Names along a picture from which it gets a search: beyond, it cannot show all of them at a size that can be read."""

NAMES: Mapping[Question, str] = {
    Question.VALIDITY: "Validity",
    Question.PRECISION: "Precision",
    Question.GAMING: "Gaming",
    Question.FORECAST: "Forecast",
}


QUESTIONS: Mapping[Question, str] = {
    **ASKS,
    Question.PRECISION: "How far can the number be trusted?",
    Question.FORECAST: "What comes next?",
}
"""As a card has room for them."""


def to_html(audit: Audit, measures: Sequence[MeasureInfo]) -> str:
    """One self-contained page: nothing is loaded, no network is needed, every name from data is escaped.

    The first screen holds the finding with its picture; behind it is one screen per question.

    Parameters
    ----------
    audit : what to show.
    measures : the measures that the page lays out, in this order; findings of other codes come after them.

    Returns
    -------
    The HTML document, to be written as UTF-8.

    Examples
    --------
    >>> from measurand.results import Audit, Provenance
    >>> of = Provenance("<two> models", (), (), {})
    >>> page = to_html(Audit(findings=(), figures={}, provenance=of, settings={}, seed=7), measures=())
    >>> "<title>&lt;two&gt; models – audit</title>" in page, "<h1>Nothing could be assessed.</h1>" in page
    (True, True)
    """
    script = _inline_script(_asset("page.js"))
    page = _page(audit, measures)
    library = [_charts_library()] if page.figure_ids else []
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            page=page,
            css=Markup(_asset("page.css")),
            script=Markup(script),
            charts=_packed_library() if library else "",
            # The page's content security policy runs scripts of these hashes only, whatever a name from data holds.
            script_hashes=Markup(" ".join(map(_hash, [script, *library]))),
        )
    )


def _page(audit: Audit, measures: Sequence[MeasureInfo]) -> SimpleNamespace:
    """Everything the template prints, under the names it prints it by."""
    shown = sections(audit, measures)
    rows = questions(audit, measures)
    ids = {name: f"figure-{place}" for place, name in enumerate(audit.figures, start=1)}
    anchors = {section.code: f"measure-{place}" for place, section in enumerate(shown, start=1)}
    answers = {section.code: _answer(audit.answers.get(section.code)) for section in shown}
    packed = {ids[name]: _deflated(_figure_data(whole(figure))) for name, figure in audit.figures.items()}
    for section in shown:
        anchor, answer = anchors[section.code], answers[section.code]
        packed[f"{anchor}-findings"] = _deflated(_findings_data(section))
        if estimates := _estimates_data(section):
            packed[f"{anchor}-estimates"] = _deflated(estimates)
        for place, table in enumerate(answer.tables if answer else (), start=1):
            if table.packed:
                packed[f"{anchor}-table-{place}"] = _deflated(table.packed)
    shown_first = views(audit, measures)
    words = {row.question: f"{capital(question_words(row))}." for row in rows}
    if said := shown_first[0].said:
        words[Question.VALIDITY] = said
    versions, sources = audit.provenance.versions, audit.provenance.sources
    return SimpleNamespace(
        title=plain(audit.provenance.title) or "Untitled study",
        read=f"{plural(sum(s.rows for s in sources), 'row')} of {plural(len(sources), 'file')}" if sources else "",
        versions=" ".join(("measurand", versions.get("measurand", ""))).strip()
        + (f", {audit.date}" * bool(audit.date)),
        seed=audit.seed,
        issue_lines=issue_lines(audit),
        views=shown_first,
        short=lambda table: _table(table, everything=False),
        asks=QUESTIONS,
        words=words,
        marks=SimpleNamespace(
            issue=Status.ISSUE, caution=Status.CAUTION, passed=Status.PASSED, absent=Status.NOT_APPLICABLE
        ),
        rows=rows,
        screens=_screens(audit, measures, rows, shown),
        anchors=anchors,
        names={section.code: capital(section.measure.name) if section.measure else "" for section in shown},
        said={section.code: _said(section) for section in shown},
        caveats={section.code: _caveats(section) for section in shown},
        rates={section.code: _rates(section) for section in shown},
        answers=answers,
        figure_ids=ids,
        packed=packed,
        themes=as_data({name: theme.config(name) for name in ("light", "dark")} | {"statuses": _statuses()}),
        provenance=audit.provenance,
        settings=[
            (code, ", ".join(f"{key} {_setting(value)}" for key, value in own.items()))
            for code, own in audit.settings.items()
        ],
    )


def _screens(
    audit: Audit, measures: Sequence[MeasureInfo], rows: Sequence[QuestionRow], shown: Sequence[Section]
) -> list[SimpleNamespace]:
    """One screen per question, the measure that decides it first; one more for what belongs to no question."""
    absent = unassessed(audit, measures)
    screens = []
    for row in rows:
        own = [section for section in shown if section.measure and section.measure.question is row.question]
        # Python's sort is stable: after the measure that decides, the others keep their order.
        own.sort(key=lambda section: row.finding is None or section.code != row.finding.code)
        screens.append(
            SimpleNamespace(
                id=row.question.value,
                name=NAMES[row.question],
                title=QUESTIONS[row.question],
                row=row,
                sections=own,
                absent=[each for each in absent if each.measure.question is row.question],
                figures=(),
            )
        )
    strange, loose = [section for section in shown if section.measure is None], loose_figures(audit, shown)
    if strange or loose:
        screens.append(
            SimpleNamespace(
                id="other", name="Other", title="Other findings", row=None, sections=strange, absent=(), figures=loose
            )
        )
    return screens


def _answer(answer: Answer | None) -> SimpleNamespace | None:
    """What a measure says first, its long tables cut to their ends."""
    if answer is None:
        return None
    tables = [_table(table) for table in answer.tables if table.rows]
    return SimpleNamespace(sentence=answer.sentence, meaning=answer.meaning, notes=answer.notes, tables=tables)


def _table(table: Table, *, everything: bool = True) -> SimpleNamespace:
    """The first rows and, where these matter as much, the last; all of them packed where there are more."""
    marks = table.marks or (None,) * len(table.rows)
    # A column that nobody filled takes the width of one that is.
    filled = [place for place, name in enumerate(table.head) if name or any(row[place] for row in table.rows)]
    rows = [
        SimpleNamespace(status=status, cells=[plain(cells[place]) for place in filled])
        for status, cells in zip(marks, table.rows, strict=True)
    ]
    last = LAST_ROWS if table.ends else 0
    left_out = len(rows) - FIRST_ROWS - last
    long = left_out > 1 and everything
    kept = rows[FIRST_ROWS : len(rows) - last]
    order = list(Status)
    return SimpleNamespace(
        title=plain(table.title),
        head=[plain(table.head[place]) for place in filled],
        named=any(table.head),
        right=[place for place, column in enumerate(filled) if column in table.right],
        marks=table.marks,
        wide=len(filled) + bool(table.marks),
        first=rows[:FIRST_ROWS] if left_out > 1 else rows,
        last=rows[len(rows) - last :] if long and last else [],
        left_out=left_out,
        total=len(rows),
        packed=long
        and [
            [order.index(row.status) for row in kept if row.status is not None],
            *(_packed(list(column)) for column in zip(*(row.cells for row in kept), strict=True)),
        ],
    )


def _statuses() -> list[tuple[str, str, str]]:
    return [(STATUS[status].word, STATUS[status].mark, status.value) for status in Status]


def _said(section: Section) -> str:
    """The verdict of the worst headline in a few words."""
    judged = [finding for finding in section.headlines if finding.status in ASSESSED]
    return min(judged, key=lambda finding: ASSESSED.index(finding.status)).short if judged else ""


def _rates(section: Section) -> str:
    """How often the measure is wrong, in one line."""
    rates = section.measure.worst_rates if section.measure else {}
    told = [
        f"{name} {rates[name].partition(' (')[0]}" for name in ("least coverage", "most false alarms") if name in rates
    ]
    return f"Measured in simulations: {', '.join(told)}." if told else "How often it is wrong was not measured."


def _setting(value: Any) -> str:
    if value is None or isinstance(value, bool | str):
        return "none" if value is None else str(value)
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_setting(each)}" for key, each in value.items())
    return ", ".join(map(_setting, value)) if isinstance(value, Sequence) else f"{value:.6g}"


def _caveats(section: Section) -> tuple[str, ...]:
    """Of the measure, then of its headlines; those of a benchmark stand in its row."""
    own = section.measure.caveats if section.measure else ()
    return tuple(dict.fromkeys((*own, *(caveat for finding in section.headlines for caveat in finding.caveats))))


def _figure_data(figure: Figure) -> dict[str, Any]:
    """What the page's script draws from: columns by position, since names come from data and may collide."""
    names = list(figure.columns)
    return {
        "kind": figure.kind,
        "long": _long(figure),
        "spec": template(figure),
        "names": [plain(name) for name in names],
        "columns": [_packed([drawn(value) for value in values]) for values in figure.columns.values()],
        "fields": {role: names.index(column) for role, column in fields(figure).items()},
        "select": [names.index(column) for column in figure.select],
        "scales": {"x": figure.x.scale, "y": figure.y.scale},
    }


def _packed(values: list[Cell]) -> list[Cell] | dict[str, list[Any]]:
    """A column as it is or, where text repeats, as its distinct values and the place of each row among them."""
    distinct = list(dict.fromkeys(values))
    if 2 * len(distinct) > len(values) or not all(isinstance(value, str) for value in distinct):
        return values
    place = {value: index for index, value in enumerate(distinct)}
    return {"distinct": distinct, "places": [place[value] for value in values]}


def _long(figure: Figure) -> bool:
    """Whether a picture has more names along a side than it can show."""
    sides = [axis.column for axis in (figure.y, figure.x) if axis.scale == "nominal"]
    named = figure.kind in ("intervals", "heatmap")
    return named and any(len(set(figure.columns[column])) > MOST_DRAWN for column in sides)


def _findings_data(section: Section) -> list[list[Cell] | dict[str, list[Any]]]:
    rows = [
        (
            list(Status).index(finding.status),
            subject_text(finding),
            estimate_text(finding.estimates[0]) if finding.estimates else "",
            _sort_value(finding),
            plain(finding.sentence),
            plain(" ".join(finding.caveats)),
        )
        for finding in section.findings
    ]
    return [_packed(list(column)) for column in zip(*rows, strict=True)]


def _estimates_data(section: Section) -> list[list[Cell] | dict[str, list[Any]]]:
    """Every estimate of a section as packed columns, which the page lays out when asked: most readers never are."""
    rows = [
        (
            subject_text(finding),
            plain(estimate.name.replace("_", " ")),
            estimate_text(estimate),
            level_text(estimate),
            plain(estimate.method),
            "" if estimate.n is None else number(estimate.n),
        )
        for finding in section.findings
        for estimate in finding.estimates
    ]
    return [_packed(list(column)) for column in zip(*rows, strict=True)]


def _deflated(value: Any) -> Markup:
    """JSON, compressed, in letters that end no element: a page of a study of 73 benchmarks is a third as large."""
    return _letters(json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False))


def _letters(text: str) -> Markup:
    return Markup(base64.b64encode(zlib.compress(text.encode(), 9)).decode())


def as_data(value: Any) -> Markup:
    """JSON that cannot end the script element that holds it."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)


def _inline_script(code: str) -> str:
    """Script text that cannot end its element: inside strings and patterns, where alone it occurs, `<` may be \\x3c."""
    return re.sub(r"<(?=/script|script|!--)", r"\\x3c", code, flags=re.IGNORECASE)


def _hash(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


@functools.cache
def _charts_library() -> str:
    """Vega, Vega-Lite and Vega-Embed; it sets `window.vegaEmbed`."""
    import vl_convert  # a JavaScript engine: loaded by those who need it

    return str(vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;"))


@functools.cache
def _packed_library() -> Markup:
    return _letters(_charts_library())


def stylesheet() -> str:
    """The styles of the page, for others that should look like it."""
    return _asset("page.css")


@functools.cache
def _asset(name: str) -> str:
    return (resources.files("measurand.report") / "templates" / name).read_text(encoding="utf-8")


@functools.cache
def _environment() -> jinja2.Environment:
    return environment(
        _asset,
        columns=_columns,
        beside=beside,
        link=_link,
        mark=lambda status: STATUS[status].mark,
        number=number,
        subject=subject_text,
        tally=_tally,
        word=lambda status: STATUS[status].word,
    )


def environment(load: Callable[[str], str], **filters: Callable[..., Any]) -> jinja2.Environment:
    """Templates that escape every name from data, and refuse one that nothing was given for.

    Parameters
    ----------
    load : the text of a template by its name.
    filters : by name.
    """
    made = jinja2.Environment(
        loader=jinja2.FunctionLoader(load),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_harmless,
    )
    made.filters |= filters
    return made


def _tally(status: Status, count: int) -> str:
    word = STATUS[status].word
    return plural(count, word) if status in (Status.ISSUE, Status.CAUTION) else f"{count:,} {word}"


def _harmless(value: Any) -> Any:
    """Every string that is printed passes here: control characters go, escaping follows."""
    # Markup is a str by inheritance, and was made harmless where it was made.
    return plain(value) if type(value) is str else value


def _columns(rows: Sequence[Mapping[str, str]]) -> list[str]:
    return list(dict.fromkeys(column for row in rows for column in row))


def _sort_value(finding: Finding) -> str:
    value = finding.estimates[0].value if finding.estimates else None
    return "" if value is None else f"{value:.6g}"


def _link(reference: str) -> str:
    """Where a reference can be read: its arXiv number, DOI or address; empty if it names none."""
    if found := re.search(r"arXiv[: ]\s*(\d{4}\.\d{4,5})", reference, re.IGNORECASE):
        return f"https://arxiv.org/abs/{found[1]}"
    if found := re.search(r"\b(10\.\d{4,9}/[^\s,;]+)", reference):
        return f"https://doi.org/{found[1].rstrip('.')}"
    found = re.search(r"https?://[^\s,;]+", reference)
    return found[0].rstrip(".") if found else ""
