"""evalstats 0.3.3, by its Python API: `mean_ci` and `load_from` with `compare`."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from measurand.conformance.asking import Answer
from measurand.conformance.files import pair, rows

__all__ = ["apart", "compared", "interval", "paired", "rate"]


def interval(scores: Sequence[float]) -> Answer:
    found = import_module("evalstats").mean_ci(scores, rng=0)
    return Answer(value=found.mean, low=found.ci_low, high=found.ci_high, said=str(found))


def rate(failures: int, trials: int) -> Answer:
    return interval([1] * failures + [0] * (trials - failures))


def paired(first: Sequence[float | None], second: Sequence[float | None]) -> Answer:
    return compared(pair(first, second))


def compared(table: str) -> Answer:
    found = _compared(table)
    (row,) = found["pairwise"]
    value, low, high = row["diff"], row["ci_low"], row["ci_high"]
    if row["a"] == "a":
        value, low, high = -value, -high, -low
    said = "\n".join(note["message"] for note in found["notes"])
    return Answer(value=value, low=low, high=high, shown=row["significant"], said=said)


def apart(table: str) -> Answer:
    pairs = [row for row in _compared(table)["pairwise"] if row["significant"]]
    return Answer(shown=bool(pairs), said=f"{len(pairs)} pairs differ")


def _compared(table: str) -> Any:
    package = import_module("evalstats")
    frame = import_module("pandas").DataFrame([{**row, "score": float(row["score"])} for row in rows(table)])
    return package.compare(package.load_from(frame), factors="model").to_dict()
