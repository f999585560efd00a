"""deltagate 0.1.1, by its Python API: `bootstrap_ci`, `variance_components`, `evaluate_comparison`."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

from measurand.conformance.asking import Answer
from measurand.conformance.files import by_model, pair

__all__ = ["clustered", "compared", "interval", "paired"]

NORMAL = 1.959964


def interval(scores: Sequence[float]) -> Answer:
    found = import_module("deltagate").bootstrap_ci(scores)
    return Answer(value=found["estimate"], low=found["lower"], high=found["upper"], said=str(found))


def clustered(scores: Sequence[float], clusters: Sequence[object]) -> Answer:
    found = import_module("deltagate").variance_components(scores, clusters)
    mean, half = sum(scores) / len(scores), NORMAL * found["stderr_clustered"]
    return Answer(value=mean, low=mean - half, high=mean + half, said=str(found))


def paired(first: Sequence[float | None], second: Sequence[float | None]) -> Answer:
    return compared(pair(first, second))


def compared(table: str) -> Answer:
    scores = by_model(table)
    found = import_module("deltagate").evaluate_comparison(scores["b"], scores["a"])
    said = found.render()
    if said.endswith("nothing to compare"):
        return Answer(value=found.delta, shown=False, refused=found.verdict(), said=said)
    return Answer(
        value=found.delta, low=found.paired["lower"], high=found.paired["upper"], shown=found.significant, said=said
    )
