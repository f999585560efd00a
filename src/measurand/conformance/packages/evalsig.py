"""evalsig 0.1.2, by its Python API: `compare` of two `RunFrame`."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from measurand.conformance.asking import Answer
from measurand.conformance.files import by_model, pair

__all__ = ["compared", "paired"]


def paired(first: Sequence[float | None], second: Sequence[float | None]) -> Answer:
    return compared(pair(first, second))


def compared(table: str) -> Answer:
    package = import_module("evalsig")
    first, second = (_run(package, model, scores) for model, scores in sorted(by_model(table).items()))
    found = package.compare(first, second)
    low, high = found.ci
    return Answer(value=found.delta, low=low, high=high, shown=found.significant, said="\n".join(found.notes))


def _run(package: Any, model: str, scores: dict[str, float]) -> Any:
    items = [package.ItemResult(item_id=item, score=score) for item, score in scores.items()]
    return package.RunFrame(run_id=model, model_id=model, task_id="task", metric_name="score", items=items)
