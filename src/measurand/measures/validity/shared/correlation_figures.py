"""V1's pictures: intervals by area, each benchmark on the capabilities score, and the models by that score."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from measurand.measures.shared import columns, finite
from measurand.measures.validity.shared.by_class import intervals_figure
from measurand.measures.validity.shared.correlation_words import SCORES, SHORT, said
from measurand.measures.validity.shared.correlations import CapabilitiesCorrelation, ClassCorrelations, limits
from measurand.measures.verdicts import Side
from measurand.results import Axis, Cell, Figure, Finding
from measurand.wording import percent

__all__ = ["figure"]

MOST_COLORS = 10


def figure(result: CapabilitiesCorrelation, *, findings: Sequence[Finding] = ()) -> list[Figure]:
    """Intervals by area (coloured by verdict, where findings say it), scatter on capability, capabilities league."""
    return [_intervals_figure(result, findings), _scatter_figure(result), _league_figure(result)]


def _intervals_figure(result: CapabilitiesCorrelation, findings: Sequence[Finding]) -> Figure:
    verdicts = {(f.subject.get("class"), f.subject.get("benchmark")): f.short for f in findings}
    rows = [
        (
            part.panel.class_,
            result.areas[name],
            result.names[name],
            *map(finite, limits(part, j)),
            verdicts.get((part.panel.class_, name), SHORT[Side.UNKNOWN]),
        )
        for part in result.classes
        for j, name in enumerate(part.benchmarks)
        if name not in part.panel.capability
    ]
    return intervals_figure(
        "V1.intervals",
        "Capabilities correlation by area",
        f"Dot: {said(result.classes[0].panel.way)}; bar: {percent(result.level)} interval. Right of +0.5 "
        "a benchmark mostly tracks capability; left of −0.5 it gets worse with it.",
        ("class", "area", "benchmark", "correlation", "low", "high", "verdict"),
        rows,
        Axis("correlation", "capabilities correlation", domain=(-1.0, 1.0)),
        color="verdict" if findings else None,
        group="area",
        rules=(-0.5, 0.0, 0.5),
    )


def _scatter_figure(result: CapabilitiesCorrelation) -> Figure:
    rows: list[tuple[Cell, ...]] = []
    for part in result.classes:
        panel, capability = part.panel, part.panel.component.scores
        family = [panel.family_names[code] for code in panel.families]
        values = dict(zip((*panel.capability, *panel.tested), np.hstack([panel.values, panel.scores]).T, strict=True))
        rows += [
            (panel.class_, result.names[name], model, family[i], float(capability[i]), float(values[name][i]))
            for name in _within_budget(part)
            for i, model in enumerate(panel.models)
            if np.isfinite(values[name][i])
        ]
    return Figure(
        name="V1.scatter",
        kind="scatter",
        title="Each benchmark on the capabilities score",
        caption="Each dot is one model; the line is a least-squares fit.",
        columns=columns(("class", "benchmark", "model", "family", "capabilities score", "score"), rows),
        x=Axis("capabilities score", "capabilities score"),
        y=Axis("score", "benchmark score (higher is better)"),
        label="model",
        # More colours than this cannot be told apart; hover still names the family.
        color="family" if len({row[3] for row in rows}) <= MOST_COLORS else None,
        select=("class", "benchmark"),
        fit=True,
    )


def _within_budget(part: ClassCorrelations, most_points: int = 10_000) -> list[str]:
    """Benchmarks whose points fit in a page: all of them, or the most correlated ones of a very large table."""
    order = np.argsort(-np.abs(part.correlations.value), kind="stable")[: max(1, most_points // len(part.panel.models))]
    chosen = {part.benchmarks[j] for j in order}
    return [name for name in (*part.panel.tested, *part.panel.capability) if name in chosen]


def _league_figure(result: CapabilitiesCorrelation, most_models: int = 200) -> Figure:
    rows = []
    for part in result.classes:
        order = np.argsort(-part.panel.component.scores, kind="stable")[:most_models]
        rows += [(part.panel.class_, part.panel.models[i], float(part.panel.component.scores[i])) for i in order]
    return Figure(
        name="V1.league",
        kind="intervals",
        title="Capabilities league",
        caption=f"Models by capabilities score, {SCORES[result.classes[0].panel.way.weighting]}.",
        columns=columns(("class", "model", "capabilities score"), rows),
        x=Axis("capabilities score", "capabilities score"),
        y=Axis("model", "model", "nominal"),
        label="model",
        select=("class",),
        rules=(0.0,),
    )
