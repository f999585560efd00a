"""Templates of the explorer, and what they are given beside what was found."""

from __future__ import annotations

import functools
import re
import shlex
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from markupsafe import Markup

from measurand import schema
from measurand.errors import InputError
from measurand.measures import discover
from measurand.measures.precision.shared.differing import Differing
from measurand.measures.precision.shared.order import times_text
from measurand.report.hero.benchmarks import TONES, WORDS
from measurand.report.hero.parts import ticks
from measurand.report.html import environment, to_html
from measurand.report.plots import Dot, Span, bar, curve, scatter, spans
from measurand.stats.intervals.limits import Limits
from measurand.web.claims import FIELDS, Workshop
from measurand.web.comparison import Compared, Show
from measurand.web.entanglement import Explored, Offer
from measurand.web.folder import DEFAULT, Source
from measurand.web.leaderboard import MOST_CHOSEN, Board
from measurand.wording import listed, number, plain, plural, signed

__all__ = [
    "audit_data",
    "audit_page",
    "claims_values",
    "comparison_values",
    "entanglement_values",
    "interface_values",
    "leaderboard_values",
    "offer_values",
    "render",
]

MOST_MARKS = 8
"""Times that a model answered an item up to which each has a mark."""

VIEWS = {
    "/": "Audits",
    "/entanglement": "Entanglement",
    "/comparison": "Comparison",
    "/leaderboard": "Leaderboard",
    "/claims": "Claims",
}
"""Address and name of each view."""


def render(template: str, *, part: bool = False, path: str = "/", **values: Any) -> str:
    """A page, or the part of it that is exchanged where something in it was changed."""
    found = _environment().get_template(template)
    given = {"views": VIEWS, "path": path, "of": "", **values}
    if part:
        context = found.new_context(given)
        title, view = ("".join(found.blocks[name](context)) for name in ("title", "view"))
        return f"<title>{title}</title>{view}"
    page: str = found.render(given)
    return page


def audit_data(path: Path) -> bytes:
    """An audit's file.

    Raises
    ------
    InputError
        There is none, or it is not one that this version reads.
    """
    try:
        data = path.read_bytes()
    except OSError as problem:
        raise InputError(f"{path.name}: {problem.strerror}") from None
    schema.decode(data)
    return data


def audit_page(path: Path) -> str:
    """The page of an audit, made from its file."""
    return to_html(schema.decode(audit_data(path)), discover())


def entanglement_values(found: Explored) -> dict[str, Any]:
    """What the template of the entanglement explorer prints."""
    settings = found.settings
    here = settings.address("/entanglement")
    undropped = settings.changed(drop=[]).address("/entanglement")
    dots = [
        Dot(
            name=point.model,
            x=point.capability,
            y=point.score,
            link=_toggled(undropped, settings.drop, point.model),
            told="Click to take it back in." if point.left_out else "Click to leave it out.",
            crossed=point.left_out,
        )
        for point in found.points
    ]
    shares = all(0 <= point.score <= 1 for point in found.points)
    bound = settings.threshold
    rows = [_span(found.now, _without(settings.drop), found.verdict)] if settings.drop else []
    rows.append(_span(found.before, f"All {found.n_before} models", found.verdict_before))
    return {
        "found": found,
        "problem": "",
        "settings": settings,
        "here": here,
        "query": settings.query(),
        "options": _benchmarks(found),
        "spans": spans(
            rows,
            domain=(-1.0, 1.0),
            marks=[(at, signed(at, 0 if abs(at) == 1 else 2) if at else "0") for at in (-1.0, -bound, 0.0, bound, 1.0)],
            tints=(("worse", -1.0, -bound), ("rises", bound, 1.0)),
        ),
        "scatter": scatter(
            dots,
            found.line,
            x_title="general capability →",
            y_title=f"↑ {found.name}{', share correct or as published' if shares else ''}",
            shares=shares,
        ),
        "curve": curve(found.curve, found.before.value, threshold=settings.threshold) if found.curve else None,
        "ways": _ways(found),
        "heaviest": max((abs(each) for each in found.weights.values() if each is not None), default=1.0),
        "undropped": undropped,
        **_code(found),
    }


def _toggled(undropped: str, drop: Sequence[str], model: str) -> str:
    """The address with a model left out, or taken back. Each dot has one, so only what differs is written anew."""
    left_out = [name for name in drop if name != model] if model in drop else [*drop, model]
    if not left_out:
        return undropped
    return f"{undropped}{'&' if '?' in undropped else '?'}{'&'.join(map(_dropped, left_out))}"


@functools.lru_cache(4096)
def _dropped(model: str) -> str:
    return urlencode({"drop": model})


@functools.lru_cache(256)
def _options(names: tuple[tuple[str, str], ...], chosen: str) -> Markup:
    """A list to choose from: there may be hundreds, and the page is made at every change."""
    option = Markup('<option value="{}"{}>{}</option>')
    return Markup("").join(
        option.format(plain(id_), Markup(" selected" if id_ == chosen else ""), plain(name)) for id_, name in names
    )


def _without(models: list[str]) -> str:
    return f"Without {models[0] if len(models) == 1 else plural(len(models), 'model')}"


def _span(limits: Limits, name: str, verdict: str) -> Span:
    tone = TONES[verdict]
    low, high = limits.low, limits.high
    return Span(
        name=name, value=limits.value, low=low, high=high, tone=tone, number=signed(limits.value), word=WORDS[tone]
    )


def _ways(found: Explored) -> str:
    """How many ways of computing it agree about the threshold."""
    values, bound = found.curve, found.settings.threshold
    if not values:
        return ""
    sign = -1.0 if found.before.value <= -bound else 1.0
    beyond = sum(sign * value >= bound for value in values)
    what = f"{signed(sign * bound)} or {'less' if sign < 0 else 'more'}"
    return (
        f"With all {found.n_before} models, {beyond} of {len(values)} ways give {what} "
        f"({signed(values[0])} to {signed(values[-1])})."
    )


def offer_values(found: Offer, problem: str) -> dict[str, Any]:
    """What the template prints where there is nothing to show: what can be chosen, and why this cannot be shown."""
    here = found.settings.address("/entanglement")
    return {
        "found": found,
        "problem": problem,
        "settings": found.settings,
        "here": here,
        "options": _benchmarks(found),
        "heaviest": 1.0,
    }


def _benchmarks(found: Explored | Offer) -> Markup:
    return _options(tuple((id_, found.names[id_]) for id_ in found.benchmarks), found.settings.benchmark)


def comparison_values(found: Compared) -> dict[str, Any]:
    """What the template of the comparison explorer prints."""
    settings = found.settings
    rows = [
        Span(
            name=task.name,
            value=task.difference.value,
            low=task.difference.low,
            high=task.difference.high,
            tone={"first": "m1", "second": "m2"}.get(task.verdict, "open"),
            number=_in_points(task.difference.value),
            word=task.told,
        )
        for task in found.pair
    ]
    margin = settings.margin / 100
    reach = 1.06 * max(margin, *(abs(end) for row in rows for end in (row.low, row.high) if end == end))
    shows: dict[Show, str] = {
        "all": "all",
        "first": f"{settings.first} better",
        "second": f"{settings.second} better",
        "runs": "alike in every run",
    }
    shown = [show for show in shows if show != "runs" or 0 < found.counts["runs"] < found.counts["all"]]
    start, least = settings.changed(page=1), max(10, found.n // 10)
    return {
        "found": found,
        "settings": settings,
        "here": settings.address("/comparison"),
        "query": settings.query(),
        "picture": spans(
            rows,
            domain=(-reach, reach),
            marks=[(at, _in_points(at)) for at, _ in ticks((-reach, reach), str, 0.0)],
            tints=(("same", -margin, margin),),
            ends=(f"← {settings.second} better", f"{settings.first} better →"),
        ),
        "shows": [(show, shows[show]) for show in shown],
        "links": {show: start.changed(show=show).address("/comparison") for show in shown},
        "tasks": {
            task.name: start.changed(task=task.name).address("/comparison") for task in found.pair if task.differ
        },
        "hidden": list(settings.model_dump(exclude_defaults=True, exclude={"items"}).items()),
        "least": least,
        "most": max(10 * found.n, settings.items, min(found.needed or 0, 50 * found.n)),
        "step": max(1, least // 10),
        "marks": _marks,
        **_pages(settings, "/comparison"),
        **_code(found),
    }


def leaderboard_values(found: Board) -> dict[str, Any]:
    """What the template of the leaderboard explorer prints."""
    settings = found.settings
    return {
        "found": found,
        "settings": settings,
        "here": settings.address("/leaderboard"),
        "query": settings.query(),
        "bars": {each.model: bar(each.best, each.worst, each.rank, found.total) for each in found.places},
        "choose": {each.model: _chosen(settings, each.model).address("/leaderboard") for each in found.places},
        **_pages(settings, "/leaderboard"),
        **_code(found),
    }


def claims_values(found: Workshop, sources: Sequence[Source]) -> dict[str, Any]:
    """What the template of the claim workshop prints."""
    settings = found.settings
    evidence = "" if settings.of == DEFAULT else f" --evidence {shlex.quote(settings.of)}"
    return {
        "found": found,
        "settings": settings,
        "fields": FIELDS,
        "sources": [each for each in sources if each.kind != "audit"],
        "here": settings.address("/claims"),
        "query": settings.query(),
        "card": Markup("\n").join(found.card.split("\n")),
        "command": f"measurand claim claim.toml{evidence}",
    }


def interface_values(described: Mapping[str, Any]) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Path, what it gives and its parameters with what they mean, of the interface for programs."""
    found = []
    for path, methods in described["paths"].items():
        told = methods["get"]
        parameters = [(each["name"], _described(each)) for each in told.get("parameters", ())]
        found.append((path, told.get("description", told["summary"]), parameters))
    return found


def _described(parameter: Mapping[str, Any]) -> str:
    allowed, default = parameter["schema"].get("enum", ()), parameter["schema"].get("default")
    parts = [parameter.get("description", ""), f"One of {', '.join(map(str, allowed))}." if allowed else ""]
    if default not in (None, "", []):
        parts.append(f"By default {default}.")
    return " ".join(filter(None, parts))


def _pages(settings: Any, path: str) -> dict[str, str]:
    """Where the pages before and after are."""
    steps = (("previous", settings.page - 1), ("next", settings.page + 1))
    return {name: settings.changed(page=page).address(path) for name, page in steps}


def _code(found: Any) -> dict[str, Markup]:
    """Commands and Python, whose line breaks stay what they are."""
    names = [name for name in ("command", "gate", "python") if hasattr(found, name)]
    return {name: Markup("\n").join(getattr(found, name).split("\n")) for name in names}


def _in_points(value: float) -> str:
    whole = abs(100 * value - round(100 * value)) < 1e-6
    return signed(100 * value, 0 if whole else 1) if value else "0"


def _marks(item: Differing, side: int) -> Markup:
    """A tick or a cross for each time that the model answered; a number where scores are no such thing."""
    score, runs = item.scores[side], item.epochs[side]
    right = round(score * runs)
    if not 0 <= score <= 1 or abs(score * runs - right) > 1e-6 or runs > MOST_MARKS:
        return Markup('<span class="num">{}</span>').format(number(score, 2))
    told = f"right {right} of {runs} times" if runs > 1 else ("right" if right else "wrong")
    marks = Markup('<span class="yes">✓</span>') * right + Markup('<span class="no">✗</span>') * (runs - right)
    return Markup('<span role="img" aria-label="{}">{}</span>').format(told, marks)


def _chosen(settings: Any, model: str) -> Any:
    others = [name for name in settings.chosen if name != model]
    # One more than can be compared takes the place of the first.
    return settings.changed(chosen=others if model in settings.chosen else [*others, model][-MOST_CHOSEN:])


@functools.cache
def _environment() -> Any:
    return environment(
        _template,
        cut=_cut,
        listed=listed,
        number=number,
        plural=plural,
        points=lambda value: number(100 * value, 1) if value == value else "–",
        signed=signed,
        slug=_slug,
        times=times_text,
    )


def _template(name: str) -> str:
    return (resources.files("measurand.web") / "templates" / name).read_text(encoding="utf-8")


def _cut(text: str, most: int = 240) -> str:
    """An answer as a cell has room for it."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


@functools.lru_cache(4096)
def _slug(text: str) -> str:
    """A name as an identifier of a page."""
    return re.sub(r"\W+", "-", text).strip("-").lower()
