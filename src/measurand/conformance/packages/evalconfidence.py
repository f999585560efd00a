"""evalconfidence 0.1.1, by its Python API: `from_dataframe`, `from_inspect`, `standard_error`, `compare`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

from measurand.conformance.asking import Answer
from measurand.conformance.files import pair, rows, scored_items, written

__all__ = ["answers", "answers_of_logs", "clustered", "compared", "interval", "logs", "paired", "repeated"]


def interval(scores: Sequence[float]) -> Answer:
    return answers(scored_items(scores))


def clustered(scores: Sequence[float], clusters: Sequence[object]) -> Answer:
    held = [{"item": f"q{k}", "model": "m", "score": s, "cluster": c} for k, (s, c) in _numbered(scores, clusters)]
    return _mean(_frame(held, cluster_id="cluster"))


def repeated(scores: Sequence[float], items: Sequence[object]) -> Answer:
    held = [{"item": item, "model": "m", "score": s, "epoch": k} for k, (s, item) in _numbered(scores, items)]
    return _mean(_frame(held))


def answers(table: str) -> Answer:
    return _mean(_frame(rows(table)))


def answers_of_logs(files: Mapping[str, str]) -> Answer:
    if len(files) > 1 or "results" in next(iter(files)):
        raise NotImplementedError  # it reads a log of Inspect
    with written(files) as (path,):
        return _mean(import_module("evalconfidence").from_inspect(path))


def logs(files: Mapping[str, str]) -> Answer:
    found = {name: answers_of_logs({name: text}) for name, text in files.items()}
    means = {name: answer.value for name, answer in found.items() if answer.value is not None}
    return Answer(scores=means, said="\n".join(answer.said for answer in found.values()))


def paired(first: Sequence[float | None], second: Sequence[float | None]) -> Answer:
    return compared(pair(first, second))


def compared(table: str) -> Answer:
    package = import_module("evalconfidence")
    held = rows(table)
    first, second = (_frame([row for row in held if row["model"] == model]) for model in "ab")
    found = package.compare(second, first)
    low, high = found.ci_diff
    said = "\n".join([str(found), *found.warnings, *found.notes])
    return Answer(value=found.diff, low=low, high=high, shown=found.p_value < 0.05, said=said)


def _frame(held: Sequence[Mapping[str, object]], cluster_id: str | None = None) -> Any:
    frame = import_module("pandas").DataFrame(held, columns=list(held[0]) if held else ["item", "model", "score"])
    return import_module("evalconfidence").from_dataframe(
        frame, item_id="item", model_id="model", cluster_id=cluster_id
    )


def _mean(results: Any) -> Answer:
    found = import_module("evalconfidence").standard_error(results)
    low, high = found.ci_clustered or found.ci_naive
    return Answer(value=found.mean, low=low, high=high, said="\n".join([str(found), *found.notes]))


def _numbered(scores: Sequence[float], names: Sequence[object]) -> list[tuple[int, tuple[float, object]]]:
    return list(enumerate(zip(scores, names, strict=True)))
