"""The entanglement explorer: one benchmark held against general capability, under the settings that a reader tries."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from pydantic import Field

from measurand.errors import NotApplicable, UnknownName
from measurand.measures import find
from measurand.measures.shared import kind
from measurand.measures.validity.shared.correlations import limits
from measurand.measures.validity.shared.panel import LEAST_CAPABILITY, Panel
from measurand.names import resolved
from measurand.papers import Asked, paper
from measurand.report.paper import files
from measurand.results import Finding, Table
from measurand.stats.intervals.limits import Limits
from measurand.tables import Scores, Study
from measurand.web.correlated import (
    Key,
    classes_of,
    correlated,
    curve_of,
    facts_of,
    models_of,
    part_of,
    result_of,
    roles_in,
    tested_in,
)
from measurand.web.downloads import KINDS, File, drawn, require_kind, tabled
from measurand.web.folder import read_by
from measurand.web.settings import ViewSettings
from measurand.wording import listed, plural

__all__ = ["Explored", "Offer", "Point", "Settings", "download", "explore", "offer"]

MOST_NAMED = 3
"""Models left out that the title names."""


class Settings(ViewSettings):
    """What a reader can set; every view is one address."""

    of: str = Field("", description="Where the scores come from: an embedded study, or a path in the folder served.")
    benchmark: str = Field("", description="Benchmark under test; by default one unknown to the catalogue.")
    class_: str = Field("", alias="class", description="Class of models, such as chat.")
    capability: list[str] = Field([], description="Capability benchmarks; by default those of the catalogue.")
    combined: Literal["component", "average", "scale"] = Field("component", description="How these make one score.")
    correlation: Literal["spearman", "kendall", "pearson"] = "spearman"
    threshold: float = Field(0.5, gt=0, lt=1, description="From where on a benchmark counts as tracking capability.")
    drop: list[str] = Field([], description="Models left out.")


@dataclass(frozen=True, kw_only=True)
class Point:
    """A model in the picture; `score` is None where it was not run on the benchmark."""

    model: str
    family: str
    capability: float
    score: float
    left_out: bool


@dataclass(frozen=True, kw_only=True)
class Offer:
    """What there is to choose from, with the settings filled in as far as they can be."""

    settings: Settings
    names: Mapping[str, str]
    classes: Mapping[str, int]
    benchmarks: tuple[str, ...]
    weights: Mapping[str, float | None]


def offer(scores: Scores, asked: Settings) -> Offer:
    """What can be chosen of a study, whether or not anything can be computed as it is."""
    everything, makers, _ = roles_in(scores)
    names = facts_of(scores)[0]
    capability = [name for name in asked.capability or makers if name in everything]
    tested = tuple(name for name in everything if name not in capability) or everything
    classes = classes_of(scores)
    settings = asked.changed(
        benchmark=asked.benchmark if asked.benchmark in tested else tested[0],
        class_=asked.class_ if asked.class_ in classes else next(iter(classes)),
        drop=[name for name in asked.drop if name in models_of(scores, asked.class_)],
    )
    able = [name for name in everything if name != settings.benchmark]
    return Offer(
        settings=settings,
        names=names,
        classes=classes,
        benchmarks=tested,
        # Nothing has a weight yet; what is ticked is what was asked for.
        weights={name: 1.0 if name in capability else None for name in able},
    )


@dataclass(frozen=True, kw_only=True)
class Explored:
    """What is found under some settings.

    Parameters
    ----------
    settings : with every default filled in.
    title, sentence : the finding, and the measure's own sentence.
    verdict : ``entangled``, ``inverse``, ``disentangled`` or ``undecided``.
    now, before : the correlation, and with no model left out.
    names : of benchmarks, as they are shown.
    weights : of each capability benchmark in the score, None where it is not chosen or takes no part.
    points : the models, on the scale of the score without those left out.
    line : least-squares line of benchmark on score: where it begins and ends.
    curve : the correlation under every way of computing it, with no model left out, from least to greatest.
    command, python : what gives the same numbers.
    """

    settings: Settings
    title: str
    sentence: str
    caveats: tuple[str, ...]
    verdict: str
    name: str
    now: Limits
    before: Limits
    verdict_before: str
    n: int
    n_before: int
    names: Mapping[str, str]
    weights: Mapping[str, float | None]
    classes: Mapping[str, int]
    benchmarks: tuple[str, ...]
    points: tuple[Point, ...]
    line: tuple[tuple[float, float], tuple[float, float]]
    curve: tuple[float, ...]
    command: str
    python: str

    def as_json(self) -> dict[str, Any]:
        """Plain values, for the interface of programs."""
        found = {
            name: value for name, value in vars(self).items() if name not in ("settings", "points", "now", "before")
        }
        correlations = {name: limits_._asdict() for name, limits_ in (("now", self.now), ("before", self.before))}
        return {
            "settings": self.settings.model_dump(by_alias=True),
            **{name: {key: _known(each) for key, each in value.items()} for name, value in correlations.items()},
            **found,
            "points": [asdict(point) for point in self.points],
        }


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def explore(scores: Scores, asked: Settings) -> Explored:
    """The correlation of a benchmark with capability, before and after models are left out.

    Raises
    ------
    NotApplicable
        Too few models or capability benchmarks for a correlation.
    UnknownName
        A benchmark, class or model that is not there.
    """
    settings = filled(scores, asked)
    everyone = settings.changed(drop=[])
    part, finding = correlated(scores, _key(settings))
    before, finding_before = correlated(scores, _key(everyone)) if settings.drop else (part, finding)
    panel = part.panel
    names = facts_of(scores)[0]
    j = part.benchmarks.index(settings.benchmark)
    values = dict(zip(panel.models, panel.scores[:, panel.tested.index(settings.benchmark)], strict=True))
    points = _points(panel, before.panel, settings)
    return Explored(
        settings=settings,
        title=_title(names[settings.benchmark], finding, settings, panel),
        sentence=finding.sentence,
        caveats=finding.caveats,
        verdict=str(finding.result["verdict"]),
        name=names[settings.benchmark],
        now=limits(part, j),
        before=limits(before, before.benchmarks.index(settings.benchmark)),
        verdict_before=str(finding_before.result["verdict"]),
        n=int(part.correlations.n[j]),
        n_before=int(before.correlations.n[before.benchmarks.index(settings.benchmark)]),
        names=names,
        weights=_weights(scores, panel, settings),
        classes=classes_of(scores),
        benchmarks=tested_in(scores),
        points=points,
        line=_line(panel, np.array(list(values.values()))),
        curve=curve_of(scores, _key(everyone)),
        command=_command(settings),
        python=_python(settings),
    )


def filled(scores: Scores, asked: Settings) -> Settings:
    """The settings with names as the study spells them, and with what was left open.

    Raises
    ------
    UnknownName
        A name that is not there.
    NotApplicable
        No benchmark is under test.
    """
    everything, makers, first = roles_in(scores)
    capability = [resolved("benchmark", name, everything) for name in asked.capability]
    # The default, ticked one by one, is the default.
    if set(capability) == set(makers):
        capability = []
    making = set(capability or makers)
    tested = [name for name in everything if name not in making]
    if not tested:
        raise NotApplicable("every benchmark is a capability benchmark", needs="a benchmark under test")
    likely = [name for name in first if name not in making]
    benchmark = resolved("benchmark", asked.benchmark, tested) if asked.benchmark else (likely or tested)[0]
    classes = scores.classes
    # Chat models first: they are what people use.
    class_ = asked.class_ or ("chat" if "chat" in classes else classes[0])
    if class_ not in classes:
        raise UnknownName("class of models", class_, classes)
    models = models_of(scores, class_)
    drop = [resolved("model", name, models) for name in asked.drop]
    return asked.changed(
        benchmark=benchmark, class_=class_, capability=capability, drop=[name for name in models if name in drop]
    )


def _key(settings: Settings) -> Key:
    return Key(
        settings.benchmark,
        settings.class_,
        tuple(settings.capability),
        "scale" if settings.combined == "scale" else "complete",
        "average" if settings.combined == "average" else "component",
        settings.correlation,
        settings.threshold,
        tuple(settings.drop),
    )


def _points(panel: Panel, whole: Panel, settings: Settings) -> tuple[Point, ...]:
    """Every model with a score, those left out placed where the score made without them puts them."""
    places = dict(zip(panel.models, panel.component.scores.tolist(), strict=True))
    # A common scale has no place for a model that it was not fitted to.
    if settings.combined != "scale":
        makers = [whole.capability.index(name) for name in panel.capability]
        elsewhere = zip(whole.models, panel.places(whole.values[:, makers]).tolist(), strict=True)
        places = {**dict(elsewhere), **places}
    scores = whole.scores[:, whole.tested.index(settings.benchmark)]
    return tuple(
        Point(
            model=model,
            family=whole.family_names[whole.families[row]],
            capability=places[model],
            score=float(scores[row]),
            left_out=model not in panel.models,
        )
        for row, model in enumerate(whole.models)
        if model in places and np.isfinite(scores[row])
    )


def _line(panel: Panel, values: np.ndarray) -> tuple[tuple[float, float], tuple[float, float]]:
    """What is expected from capability alone: the least-squares line, from the first model to the last."""
    there = np.isfinite(values)
    x, y = panel.component.scores[there], values[there]
    off = x - x.mean()
    slope = off @ y / (off @ off)
    first, last = float(x.min()), float(x.max())
    return (first, float(y.mean() + slope * off.min())), (last, float(y.mean() + slope * off.max()))


def _weights(scores: Scores, panel: Panel, settings: Settings) -> dict[str, float | None]:
    """Each benchmark that could make the score with its weight, the heaviest first."""
    loadings = dict(zip(panel.capability, panel.component.loadings.tolist(), strict=True))
    everything, makers, _ = roles_in(scores)
    # Of a table whose benchmarks are not known, any may be a capability benchmark.
    could = dict.fromkeys([*makers, *settings.capability] if len(makers) >= LEAST_CAPABILITY else everything)
    order = sorted(
        (name for name in could if name != settings.benchmark), key=lambda name: -abs(loadings.get(name, 0.0))
    )
    return {name: loadings.get(name) for name in order}


# --- Words ---------------------------------------------------------------------------------------------------------

TITLES: Mapping[str, str] = {
    "entangled": "{name} rises with general capability",
    "inverse": "{name} gets worse as models get more capable",
    "disentangled": "{name} is separate from general capability",
    "undecided": "{n} models are too few to say whether {name} tracks general capability",
}


def _title(name: str, finding: Finding, settings: Settings, panel: Panel) -> str:
    without = ""
    if settings.drop:
        few = listed(settings.drop) if len(settings.drop) <= MOST_NAMED else plural(len(settings.drop), "model")
        without = f"Without {few}, "
    n = finding.estimates[0].n or len(panel.models)
    told = TITLES[str(finding.result["verdict"])].format(name=name, n=f"{n} {kind(settings.class_)}".strip())
    return f"{without}{told}"


def _command(settings: Settings) -> str:
    """The command that gives the same numbers."""
    given: list[tuple[str, str]] = [("--benchmark", settings.benchmark)]
    if settings.capability:
        given.append(("--capability", ",".join(settings.capability)))
    if settings.drop:
        given.append(("--drop", ",".join(settings.drop)))
    if settings.combined == "average":
        given.append(("--weighting", "average"))
    if settings.correlation != "spearman":
        given.append(("--correlation", settings.correlation))
    if settings.threshold != 0.5:
        given.append(("--threshold", f"{settings.threshold:g}"))
    lines = [f"measurand entanglement {shlex.quote(settings.of)}"]
    lines += [f"{name} {shlex.quote(value)}" for name, value in given]
    lines += ["--scale"] if settings.combined == "scale" else []
    return " \\\n  ".join(lines)


def _python(settings: Settings) -> str:
    """Python that gives the same numbers."""
    lines = ["import measurand", "", f"scores = {read_by(settings.of)}.scores"]
    if settings.capability:
        lines.append(f"scores = scores.with_capability({settings.capability!r})")
    models = ""
    if settings.drop:
        lines.append(f"left_out = {settings.drop!r}")
        models = ", models=[name for name in scores.models['model'] if name not in left_out]"
    lines.append(f"scores = scores.only(benchmarks=[{settings.benchmark!r}]{models})")
    given = {
        "missing": "scale" if settings.combined == "scale" else None,
        "weighting": "average" if settings.combined == "average" else None,
        "correlation": None if settings.correlation == "spearman" else settings.correlation,
        "threshold": None if settings.threshold == 0.5 else settings.threshold,
    }
    more = "".join(f", {name}={value!r}" for name, value in given.items() if value is not None)
    lines.append(f"found = measurand.capabilities_correlation(scores{more})")
    lines.append(f"print(found.of({settings.benchmark!r}, class_={settings.class_!r}).sentence)")
    return "\n".join(lines)


# --- Downloads -----------------------------------------------------------------------------------------------------

COLUMN = 3.3
"""Inches of a paper's column, for which the PDF is made."""


def download(scores: Scores, asked: Settings, kind: str) -> File:
    """A picture or table of what is explored.

    Raises
    ------
    UnknownName
        A format that is none.
    """
    require_kind(kind)
    found = explore(scores, asked)
    stem = found.settings.benchmark
    if kind == "csv":
        return tabled(stem, kind, [_table(found)])
    if kind in ("pdf", "tex"):
        return File(f"{stem}.{kind}", KINDS[kind], _of_paper(scores, found.settings, kind))
    result, findings = result_of(scores, _key(found.settings))
    figure = next(each for each in find("V1").figures(result, findings) if each.name == "V1.scatter")
    return drawn(stem, kind, figure, {"class": found.settings.class_, "benchmark": found.name}, found.title)


def _table(found: Explored) -> Table:
    """A row per model."""
    return Table(
        head=("model", "family", "capabilities_score", "score", "left_out"),
        rows=tuple(
            (each.model, each.family, repr(each.capability), repr(each.score), "yes" if each.left_out else "no")
            for each in found.points
        ),
    )


def _of_paper(scores: Scores, settings: Settings, kind: str) -> bytes:
    """The picture or the table of a paper's folder."""
    key = _key(settings)
    study = Study(title="", scores=part_of(scores, key))
    asked = Asked(benchmarks=(settings.benchmark,), threshold=settings.threshold, missing=key.missing)
    sections, _ = paper(study, asked, ["entanglement"])
    return files(sections, COLUMN)["figure.pdf" if kind == "pdf" else "table.tex"]
