"""A folder's audits as a static site for any web host, with explorers whose every state was computed beforehand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, get_args

import numpy as np

from measurand.errors import MeasurandError, NotApplicable
from measurand.files import write_atomically
from measurand.measures.shared import display_names
from measurand.measures.validity.shared.alone import alone
from measurand.measures.validity.shared.panel import LEAST_MODELS, Panel, panels
from measurand.report.hero.benchmarks import TONES, WORDS
from measurand.report.html import as_data, stylesheet
from measurand.stats.capability.pca import Way, Weighting
from measurand.stats.intervals.ranks import Method
from measurand.tables import Scores, Study
from measurand.web import pages
from measurand.web.entanglement import TITLES
from measurand.web.folder import AUDIT, CALLED, Folder

__all__ = ["Written", "explorer", "site", "states"]

STATIC = ("explorer.css", "static.js")
ROUNDED = 4
"""Decimals of what is kept: a picture shows no more."""
JUDGED = 0.9
"""Level whose limits decide at 5% one-sided, wherever the threshold is."""


@dataclass(frozen=True, kw_only=True)
class Written:
    """A page of the site: its address, what it shows, and what kind of page it is."""

    path: str
    name: str
    told: str


def site(root: Path, out: Path, *, examples: bool = True, title: str = "") -> tuple[list[Written], list[str]]:
    """Write the pages of every audit of a folder, and an explorer of each table of scores.

    Parameters
    ----------
    root : the folder. out : where the site is written.
    examples : whether the embedded studies have an explorer, too.
    title : of the first page; by default the folder's name.

    Returns
    -------
    The pages, and what could not be shown and why.
    """
    folder, written, lost = Folder(root), list[Written](), list[str]()
    for source in folder.sources():
        try:
            if source.kind == "audit":
                page = pages.audit_page(folder.path(source.id) / AUDIT)
                written.append(_page(out, f"audits/{_slug(source.id)}.html", page, source.name, "audit"))
            elif source.kind == "table" or (source.kind == "study" and examples):
                study = folder.study(source.id)
                made = explorer(study, CALLED.get(source.id, source.name))
                written.append(_page(out, f"explorers/{_slug(source.id)}.html", made, source.name, "explorer"))
        except NotApplicable:
            continue  # a table of something else has no explorer, and is none the worse for it
        except MeasurandError as problem:
            lost.append(f"{source.id}: {problem}")
    for name in STATIC:
        write_atomically(out / "static" / name, (resources.files("measurand.web") / "static" / name).read_bytes())
    write_atomically(out / "static" / "page.css", stylesheet().encode())
    index = pages.render("index.html.j2", written=written, title=title or folder.root.name)
    write_atomically(out / "index.html", index.encode())
    return written, lost


def _page(out: Path, path: str, text: str, name: str, told: str) -> Written:
    write_atomically(out / path, text.encode())
    return Written(path=path, name=name, told=told)


def _slug(id_: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in id_)


def explorer(study: Study, name: str) -> str:
    """The entanglement explorer of a study as a page that needs no server.

    Raises
    ------
    NotApplicable
        There is nothing to hold against capability.
    """
    if study.scores is None:
        raise NotApplicable("no scores of models on benchmarks", needs="a table of scores")
    data = {"name": name, **states(study.scores)}
    return pages.render("static.html.j2", name=name, data=as_data(data))


def states(scores: Scores) -> dict[str, Any]:
    """Every state of the explorer: each class, way and model left out, with what V1 says of each benchmark by itself.

    Raises
    ------
    NotApplicable
        No class of models has a capabilities score.
    """
    found, _ = panels(scores, "complete")
    names = display_names(scores)
    return {
        "tones": TONES,
        "words": WORDS,
        "titles": TITLES,
        "classes": {panel.class_: _class(panel, names) for panel in found},
    }


def _class(panel: Panel, names: Mapping[str, str]) -> dict[str, Any]:
    several = len(panel.capability) > 1
    weightings: Sequence[Weighting] = get_args(Weighting) if several else ("component",)
    # With fewer no correlation is shown at all.
    droppable = range(len(panel.models)) if len(panel.models) > LEAST_MODELS else ()
    drops: list[tuple[int, ...]] = [(), *((row,) for row in droppable)]
    ways = {}
    for weighting in weightings:
        for method in get_args(Method):
            ways[f"{weighting} {method}"] = [_state(panel, Way(weighting, method), drop) for drop in drops]
    return {
        "models": panel.models,
        "benchmarks": [[name, names[name]] for name in panel.tested],
        "capability": [names.get(name, name) for name in panel.capability],
        "scores": [_rounded(column) for column in panel.scores.T],
        "ways": ways,
    }


def _state(panel: Panel, way: Way, drop: tuple[int, ...]) -> dict[str, Any]:
    made = alone(panel, way, drop)
    low, high = made.found.limits(0.95)
    least, most = made.found.limits(JUDGED)
    able = made.found.n >= LEAST_MODELS
    numbers = (np.where(able, each, np.nan) for each in (made.found.rho, low, high, least, most))
    told = {"n": made.found.n.tolist(), "found": [_rounded(row) for row in np.array(list(numbers)).T]}
    # Where models lie does not depend on the correlation, so that one of them holds it for all.
    if way.correlation == "spearman":
        told |= {"places": _rounded(made.places), "weights": _rounded(made.weights)}
    return told


def _rounded(values: Any) -> list[float | None]:
    return [round(float(value), ROUNDED) if np.isfinite(value) else None for value in values]
