"""What V1 finds of one benchmark under the settings of a reader, kept: what serves all benchmarks is computed once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from measurand.auditing import generator
from measurand.errors import NotApplicable
from measurand.measures import find
from measurand.measures.shared import display_names
from measurand.measures.validity.capabilities_correlation import capabilities_correlation
from measurand.measures.validity.shared.alone import Alone, alone
from measurand.measures.validity.shared.correlations import CapabilitiesCorrelation, ClassCorrelations
from measurand.measures.validity.shared.panel import LEAST_MODELS, Missing, Panel, assessable, panels
from measurand.measures.validity.shared.robustness import HALVES, curve
from measurand.results import Finding
from measurand.stats.capability.pca import Way, Weighting
from measurand.stats.intervals.ranks import Method
from measurand.tables import Scores

__all__ = [
    "Key",
    "classes_of",
    "correlated",
    "curve_of",
    "facts_of",
    "models_of",
    "part_of",
    "result_of",
    "roles_in",
    "tested_in",
]

LEVEL = 0.95
SEED = 0
"""Of the random halves of capability benchmarks, as an audit has it."""


class Key(NamedTuple):
    """All that a correlation depends on, as something a cache can hold."""

    benchmark: str
    class_: str
    capability: tuple[str, ...]
    missing: Missing
    weighting: Weighting
    correlation: Method
    threshold: float
    drop: tuple[str, ...]


@lru_cache(64)
def models_of(scores: Scores, class_: str) -> tuple[str, ...]:
    """The models of a class."""
    return scores.models_of(class_)


@lru_cache(16)
def classes_of(scores: Scores) -> Mapping[str, int]:
    """How many models each class has."""
    return {class_: len(models_of(scores, class_)) for class_ in scores.classes}


@lru_cache(16)
def tested_in(scores: Scores) -> tuple[str, ...]:
    """The benchmarks that are under test by what is known of them."""
    return scores.benchmarks_of("safety", "other")


@lru_cache(16)
def roles_in(scores: Scores) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Every benchmark, those that make the capabilities score, and those likely to be asked about first."""
    # What the catalogue does not know is the reader's own, and what brought them here.
    first = (*scores.benchmarks_of("other"), *scores.benchmarks_of("safety"))
    return tuple(scores.benchmarks["benchmark"]), scores.benchmarks_of("capability"), first


def _made_of(scores: Scores, capability: tuple[str, ...]) -> Scores:
    """The scores with the capability benchmarks chosen, or those that are known as such."""
    return scores.with_capability(capability) if capability else scores


def part_of(scores: Scores, key: Key) -> Scores:
    """The benchmark with the capability benchmarks chosen, and the models that are not left out."""
    chosen = _made_of(scores, key.capability)
    models = [name for name in chosen.models_of(key.class_) if name not in key.drop]
    return chosen.only(benchmarks=[key.benchmark], models=models)


def result_of(scores: Scores, key: Key) -> tuple[CapabilitiesCorrelation, tuple[Finding, ...]]:
    """V1 of the benchmark, and its findings."""
    result = capabilities_correlation(
        part_of(scores, key),
        resamples=0,
        missing=key.missing,
        weighting=key.weighting,
        correlation=key.correlation,
    )
    return result, find("V1").findings(result, threshold=key.threshold)


@lru_cache(4096)
def correlated(scores: Scores, key: Key) -> tuple[ClassCorrelations, Finding]:
    """What V1 finds of the benchmark, and says of it."""
    part = _quickly(scores, key)
    if part is None:
        result, findings = result_of(scores, key)
    else:
        result = CapabilitiesCorrelation((part,), (), LEVEL, *facts_of(scores))
        findings = find("V1").findings(result, threshold=key.threshold)
    finding = next(one for one in findings if one.subject.get("benchmark") == key.benchmark)
    for row in result.unassessed:
        if row.subject.get("benchmark") == key.benchmark:
            raise NotApplicable(f"{facts_of(scores)[0][key.benchmark]}: {row.reason}", needs=row.needs)
    headline = next(one for one in findings if one.headline)
    return result.classes[0], replace(finding, caveats=(*headline.caveats, *finding.caveats))


def _quickly(scores: Scores, key: Key) -> ClassCorrelations | None:
    """The same from what serves all benchmarks of a class; None where something in it has to be looked at anew."""
    whole = _panel(scores, key.class_, key.capability) if key.missing == "complete" else None
    # How many of those left have a known family is not known of the class alone.
    if whole is None or whole.unknown or len(whole.models) - len(key.drop) < LEAST_MODELS:
        return None
    rows = tuple(whole.models.index(name) for name in key.drop if name in whole.models)
    found = _alone(whole, Way(key.weighting, key.correlation), rows)
    j = whole.tested.index(key.benchmark)
    able, _ = assessable(found.panel.scores[:, [j]], [key.benchmark], key.class_)
    # A benchmark that turns against the others, or no longer varies, is told of by what makes the panel.
    return found.of(j) if able[0] and (found.weights > 0).all() else None


@lru_cache(64)
def _panel(scores: Scores, class_: str, capability: tuple[str, ...]) -> Panel | None:
    """The class with all its benchmarks, None where it has no capabilities score."""
    chosen = _made_of(scores, capability)
    try:
        (panel,), _ = panels(chosen.only(models=chosen.models_of(class_)), "complete")
    except NotApplicable:
        return None
    return panel


@lru_cache(2048)
def _alone(panel: Panel, way: Way, left_out: tuple[int, ...]) -> Alone:
    return alone(panel, way, left_out)


@lru_cache(16)
def facts_of(scores: Scores) -> tuple[dict[str, str], dict[str, str], frozenset[str]]:
    """Names and areas of the benchmarks, and those of safety."""
    known = scores.benchmarks
    areas = {name: area or "" for name, area in zip(known["benchmark"], known["area"], strict=True)}
    return display_names(scores), areas, frozenset(scores.benchmarks_of("safety"))


def curve_of(scores: Scores, key: Key) -> tuple[float, ...]:
    """V4's specification curve of the benchmark, sorted; empty where the score is of one benchmark or a scale."""
    values = _curves(scores, key.class_, key.capability).get(key.benchmark, np.empty(0))
    return tuple(np.sort(values[np.isfinite(values)]).tolist())


@lru_cache(64)
def _curves(scores: Scores, class_: str, capability: tuple[str, ...]) -> Mapping[str, np.ndarray]:
    """The curves of all benchmarks of a class: each way of making the score serves all of them."""
    chosen = _made_of(scores, capability)
    try:
        (panel,), _ = panels(chosen.only(models=chosen.models_of(class_)), "complete", several=True)
    except NotApplicable:
        return {}
    every = np.ones(len(panel.tested), dtype=bool)
    _, found = curve(panel, every, HALVES, generator(find("V4"), SEED))
    return dict(zip(panel.tested, found.T, strict=True))
