"""What V4 computes of one class of models, and its pictures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from measurand.measures.shared import columns, finite
from measurand.measures.validity.shared.by_class import ByClass
from measurand.measures.validity.shared.panel import Panel, chosen
from measurand.results import Axis, Cell, Figure
from measurand.stats.capability.capabilities import moderated_jackknife
from measurand.stats.capability.specifications import (
    Dropping,
    Specification,
    drop_models,
    specification_curve,
    without_each,
)
from measurand.stats.intervals.correlation import OnZScale

__all__ = ["HALVES", "MOST_LEFT_OUT", "ClassRobustness", "class_robustness", "curve", "curve_figure", "dropping_figure"]

MOST_LEFT_OUT = 100
"""In a larger class no single model is left out of the interval verdict: one in a hundred hardly moves it."""

HALVES = 20
"""Random halves of the capability benchmarks among the specifications."""

CURVE_POINTS = 80
"""Points of a specification curve that the picture shows, evenly spaced from least to greatest."""


@dataclass(frozen=True, eq=False, kw_only=True)
class ClassRobustness:
    """Specification curve and model dropping within one class.

    Parameters
    ----------
    specifications : the choices, and `curve` their correlations, shape (specifications, m).
    dropping : least and greatest correlation with k models left out.
    correlations, without : what V1 judges, of all models and with each model left out (of at most 100).
    """

    panel: Panel
    benchmarks: tuple[str, ...]
    specifications: tuple[Specification, ...]
    curve: np.ndarray
    dropping: Dropping
    correlations: OnZScale
    without: tuple[OnZScale, ...]


def class_robustness(
    panel: Panel, able: np.ndarray, level: float, most_dropped: int, half_subsets: int, rng: np.random.Generator
) -> ClassRobustness:
    """`robustness` of the benchmarks of one class that are `able`."""
    values = panel.scores[:, able]
    specifications, found = curve(panel, able, half_subsets, rng)
    most = min(most_dropped, len(panel.models) - 5)  # fewer than five models left have no component to speak of
    dropping = drop_models(panel.values, values, panel.families, most=most, level=level)
    if len(panel.models) <= MOST_LEFT_OUT:
        correlations, without = without_each(panel.values, values, panel.families)
    else:
        correlations, without = moderated_jackknife(panel.values, values, panel.families)[0], []
    return ClassRobustness(
        panel=panel,
        benchmarks=chosen(panel.tested, able),
        specifications=tuple(specifications),
        curve=found,
        dropping=dropping,
        correlations=correlations,
        without=tuple(without),
    )


def curve(
    panel: Panel, able: np.ndarray, half_subsets: int, rng: np.random.Generator
) -> tuple[list[Specification], np.ndarray]:
    """The correlations of those benchmarks of a class that are `able`, under every specification."""
    return specification_curve(
        panel.values,
        panel.capability,
        panel.scores[:, able],
        panel.families,
        panel.family_names,
        half_subsets=half_subsets,
        rng=rng,
    )


def curve_figure(result: ByClass[ClassRobustness]) -> Figure:
    """The same correlation in every defensible way."""
    rows: list[tuple[Cell, ...]] = []
    for part in result.classes:
        labels = [
            " · ".join((f"benchmarks: {s.capability}", s.weighting, s.correlation, f"models: {s.models}"))
            for s in part.specifications
        ]
        for j, benchmark in enumerate(part.benchmarks):
            order = [i for i in np.argsort(part.curve[:, j], kind="stable") if np.isfinite(part.curve[i, j])]
            # Evenly by rank: what a picture of hundreds of points would show anyway.
            shown = np.unique(np.linspace(0, len(order) - 1, min(CURVE_POINTS, len(order))).round().astype(int))
            rows += [
                (
                    part.panel.class_,
                    result.names[benchmark],
                    int(place) + 1,
                    round(float(part.curve[order[place], j]), 4),
                    part.specifications[order[place]].correlation,
                    labels[order[place]],
                )
                for place in shown
            ]
    return Figure(
        name="V4.specifications",
        kind="scatter",
        title="Specification curve",
        caption="The same correlation computed in every defensible way, from least to greatest; evenly thinned.",
        columns=columns(("class", "benchmark", "place", "correlation", "kind", "specification"), rows),
        x=Axis("place", "specification, by size of the correlation"),
        y=Axis("correlation", "capabilities correlation", domain=(-1.0, 1.0)),
        label="specification",
        color="kind",
        select=("class", "benchmark"),
        rules=(-0.5, 0.5),
    )


def dropping_figure(result: ByClass[ClassRobustness]) -> Figure:
    """Least and greatest correlation with models left out."""
    rows = [
        (
            part.panel.class_,
            result.names[benchmark],
            k,
            name,
            *(finite(side[d, k, j]) for side in (part.dropping.reach, part.dropping.low, part.dropping.high)),
            ", ".join(part.panel.models[i] for i in part.dropping.dropped[d][k][j]) or "none",
        )
        for part in result.classes
        for j, benchmark in enumerate(part.benchmarks)
        for d, name in enumerate(("least reachable", "greatest reachable"))
        for k in range(part.dropping.reach.shape[1])
    ]
    return Figure(
        name="V4.dropping",
        kind="lines",
        title="Reach of picking models",
        caption="Least and greatest correlation with k models left out, the most effective ones; band: interval on "
        "those kept.",
        columns=columns(
            ("class", "benchmark", "models left out", "direction", "correlation", "low", "high", "who"), rows
        ),
        x=Axis("models left out", "models left out"),
        y=Axis("correlation", "capabilities correlation", domain=(-1.0, 1.0)),
        low="low",
        high="high",
        label="who",
        color="direction",
        select=("class", "benchmark"),
        rules=(-0.5, 0.5),
    )
