"""An audit as one HTML file that works offline: the answer at the top, the evidence below it."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from importlib import resources
from types import SimpleNamespace
from typing import Any

import jinja2
from markupsafe import Markup

from measurand.report import theme
from measurand.report.specs import drawn, fields, template
from measurand.report.summary import (
    MeasureInfo,
    Section,
    issue_lines,
    loose_figures,
    questions,
    sections,
    unassessed,
)
from measurand.report.wording import ASKS, STATUS, beside, level_text, subject_text
from measurand.results import Audit, Cell, Figure, Finding, Status
from measurand.wording import limits_of, number, plain, shown, value_of

__all__ = ["to_html"]


def to_html(audit: Audit, measures: Sequence[MeasureInfo]) -> str:
    """One self-contained page: nothing is loaded, no network is needed, every name from data is escaped.

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
    >>> "<h1>&lt;two&gt; models</h1>" in page, page.count("Not asked for.")
    (True, 4)
    """
    scripts = [_inline_script(_charts_library()), _inline_script(_asset("page.js"))]
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            page=_page(audit, measures),
            css=Markup(_asset("page.css")),
            scripts=[Markup(script) for script in scripts],
            # The page's content security policy runs scripts of these hashes only, whatever a name from data holds.
            script_hashes=Markup(" ".join(map(_hash, scripts))),
        )
    )


def _page(audit: Audit, measures: Sequence[MeasureInfo]) -> SimpleNamespace:
    """Everything the template prints, under the names it prints it by."""
    shown = sections(audit, measures)
    ids = {name: f"figure-{place}" for place, name in enumerate(audit.figures, start=1)}
    versions = audit.provenance.versions
    return SimpleNamespace(
        title=plain(audit.provenance.title) or "Untitled study",
        versions=" ".join(("measurand", versions.get("measurand", ""))).strip(),
        seed=audit.seed,
        issue_lines=issue_lines(audit),
        asks=ASKS,
        absent=Status.NOT_APPLICABLE,
        skipped=Status.SKIPPED,
        words=SimpleNamespace(issue=Status.ISSUE, caution=Status.CAUTION, passed=Status.PASSED),
        rows=questions(audit, measures),
        unassessed=unassessed(audit, measures),
        sections=shown,
        anchors={section.code: f"measure-{place}" for place, section in enumerate(shown, start=1)},
        names={section.code: section.measure.name if section.measure else section.code for section in shown},
        caveats={section.code: _caveats(section) for section in shown},
        estimates={section.code: _estimates_data(section) for section in shown},
        figure_ids=ids,
        figure_data=[(ids[name], _json(_figure_data(figure))) for name, figure in audit.figures.items()],
        loose_figures=loose_figures(audit, shown),
        themes=_json({name: theme.config(name) for name in ("light", "dark")}),
        provenance=audit.provenance,
        settings=[
            (code, ", ".join(f"{key} {_setting(value)}" for key, value in own.items()))
            for code, own in audit.settings.items()
        ],
    )


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


def _estimates_data(section: Section) -> Markup | None:
    """Every estimate of a section as packed columns, which the page lays out when asked: most readers never are."""
    rows = [
        (
            subject_text(finding),
            plain(estimate.name.replace("_", " ")),
            shown(estimate),
            level_text(estimate),
            plain(estimate.method),
            "" if estimate.n is None else number(estimate.n),
        )
        for finding in section.findings
        for estimate in finding.estimates
    ]
    return _json([_packed(list(column)) for column in zip(*rows, strict=True)]) if rows else None


def _json(value: Any) -> Markup:
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
def _asset(name: str) -> str:
    return (resources.files("measurand.report") / "templates" / name).read_text(encoding="utf-8")


@functools.cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_asset),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_harmless,
    )
    environment.filters |= {
        "columns": _columns,
        "beside": beside,
        "estimate": shown,
        "interval": limits_of,
        "level": level_text,
        "link": _link,
        "mark": lambda status: STATUS[status].mark,
        "number": number,
        "rank": list(Status).index,
        "sort_value": _sort_value,
        "subject": subject_text,
        "value": value_of,
        "word": lambda status: STATUS[status].word,
        "words": lambda name: name.replace("_", " "),
    }
    return environment


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
