"""errorbars 0.2.4, by its command (``summarize``, ``compare``, ``leaderboard``) and `load_inputs`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from measurand.conformance.asking import Answer
from measurand.conformance.cases.made import table as csv_of
from measurand.conformance.files import command, pair, renamed, scored_items, written

__all__ = [
    "answers",
    "answers_of_logs",
    "apart",
    "clustered",
    "compared",
    "interval",
    "logs",
    "paired",
    "rate",
    "repeated",
]


def interval(scores: Sequence[float]) -> Answer:
    return answers(scored_items(scores))


def clustered(scores: Sequence[float], clusters: Sequence[object]) -> Answer:
    rows = [("m", f"q{k}", *each) for k, each in enumerate(zip(scores, clusters, strict=True))]
    return answers(csv_of(["model", "item", "score", "cluster_id"], rows))


def repeated(scores: Sequence[float], items: Sequence[object]) -> Answer:
    rows = [("m", item, each, k) for k, (each, item) in enumerate(zip(scores, items, strict=True))]
    return answers(csv_of(["model", "item", "score", "sample"], rows))


def answers(table: str) -> Answer:
    with written({"answers.csv": renamed(table, item="question_id")}) as paths:
        return _summary(paths)


def answers_of_logs(files: Mapping[str, str]) -> Answer:
    with written(files) as paths:
        return _summary([path for path in paths if not _results(path.name)])


def rate(failures: int, trials: int) -> Answer:
    found = import_module("errorbars").wilson_ci(failures, trials)
    return Answer(value=found.mean, low=found.ci_low, high=found.ci_high)


def paired(first: Sequence[float | None], second: Sequence[float | None]) -> Answer:
    return compared(pair(first, second))


def compared(table: str) -> Answer:
    with written({"answers.csv": renamed(table, item="question_id")}) as paths:
        found = json.loads(command("errorbars", "compare", *paths, "--json", "--model-a", "b", "--model-b", "a"))
    return Answer(
        value=found["mean_diff"],
        low=found["ci_low"],
        high=found["ci_high"],
        shown=found["p_value"] < 0.05,
        said=json.dumps(found),
    )


def apart(table: str) -> Answer:
    with written({"answers.csv": renamed(table, item="question_id")}) as paths:
        found = json.loads(command("errorbars", "leaderboard", *paths, "--json"))
    least = min(pair["p_holm"] for pair in found["pairwise"])
    return Answer(shown=least < found["alpha"], said=f"the least p (Holm) is {least:.3g}")


def logs(files: Mapping[str, str]) -> Answer:
    if all(map(_results, files)):
        raise NotImplementedError  # it reads samples of lm-eval, and of the results only the model's name
    with written(files) as paths:
        read = import_module("errorbars").load_inputs(paths)
    means = {}
    for model in read.data.models():
        scores = read.data.filter_model(model).scores_by_question().values()
        means[model] = sum(scores) / len(scores)
    return Answer(scores=means, said="\n".join(read.notes))


def _results(name: str) -> bool:
    return Path(name).name.startswith("results")


def _summary(paths: Sequence[Path]) -> Answer:
    found: dict[str, Any] = json.loads(command("errorbars", "summarize", *paths, "--json"))
    wide = found.get("clustered", {})
    return Answer(
        value=found["mean"],
        low=wide.get("clustered_ci_low", found["ci_low"]),
        high=wide.get("clustered_ci_high", found["ci_high"]),
        said=json.dumps(found),
    )
