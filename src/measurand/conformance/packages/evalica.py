"""evalica 0.4.2, by its Python API: `bradley_terry`, `bootstrap`, `alpha`."""

from __future__ import annotations

from importlib import import_module
from math import isfinite, log
from typing import Any

from measurand.conformance.asking import Answer
from measurand.conformance.files import rows

__all__ = ["agreement", "ahead", "order", "strength", "strengths"]


def ahead(votes: str) -> Answer:
    package = import_module("evalica")
    found = package.bootstrap(package.bradley_terry, *_votes(votes), random_state=0)
    first, second = sorted(zip(found.low, found.high, strict=True), reverse=True)
    return Answer(shown=bool(first[0] > second[1]), said=f"low {list(found.low)}, high {list(found.high)}")


def order(votes: str, first: str, second: str) -> Answer:
    scores = _scores(votes)
    known = scores[first] != scores[second]
    return Answer(shown=known, scores=scores, said=f"{first} {scores[first]:.3g}, {second} {scores[second]:.3g}")


def strengths(votes: str) -> Answer:
    return Answer(scores={name: log(score) for name, score in _scores(votes).items()})


def strength(votes: str, model: str) -> Answer:
    score = _scores(votes)[model]
    return Answer(shown=isfinite(score), said=f"{model} {score:.4g}")


def agreement(table: str) -> Answer:
    graders: dict[str, dict[str, float]] = {}
    for row in rows(table):
        graders.setdefault(row["grader"], {})[row["item"]] = float(row["score"])
    frame = import_module("pandas").DataFrame(list(graders.values()))
    value = float(import_module("evalica").alpha(frame, distance="nominal").alpha)
    return Answer(value=value if isfinite(value) else None, said=f"alpha {value}")


def _votes(votes: str) -> tuple[list[str], list[str], list[Any]]:
    winner = import_module("evalica").Winner
    outcome = {"model_a": winner.X, "model_b": winner.Y, "tie": winner.Draw}
    held = rows(votes)
    return (
        [row["model_a"] for row in held],
        [row["model_b"] for row in held],
        [outcome[row["winner"]] for row in held],
    )


def _scores(votes: str) -> dict[str, float]:
    found = import_module("evalica").bradley_terry(*_votes(votes))
    return {str(name): float(score) for name, score in found.scores.items()}
