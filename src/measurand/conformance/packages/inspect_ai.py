"""inspect-ai 0.3.285, by its Python API: `read_eval_log` with its results, and the metrics `accuracy` and `stderr`.

It gives standard errors; an interval is taken to be 1.96 of them either way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

from measurand.conformance.asking import Answer
from measurand.conformance.files import written

__all__ = ["clustered", "interval", "logs", "repeated"]

NORMAL = 1.959964


def interval(scores: Sequence[float]) -> Answer:
    return _mean([_scored(f"q{place}", each) for place, each in enumerate(scores)])


def clustered(scores: Sequence[float], clusters: Sequence[object]) -> Answer:
    held = enumerate(zip(scores, clusters, strict=True))
    return _mean([_scored(f"q{place}", each, {"cluster": cluster}) for place, (each, cluster) in held], "cluster")


def repeated(scores: Sequence[float], items: Sequence[object]) -> Answer:
    """Epochs are reduced to one score per sample by their mean, its default, before any metric sees them."""
    reduce = import_module("inspect_ai.scorer").mean_score()
    score = import_module("inspect_ai.scorer").Score
    held: dict[object, list[Any]] = {}
    for each, item in zip(scores, items, strict=True):
        held.setdefault(item, []).append(score(value=each))
    return _mean([_scored(str(item), reduce(epochs).value) for item, epochs in held.items()])


def logs(files: Mapping[str, str]) -> Answer:
    if any("results_" in name for name in files):
        raise NotImplementedError  # it reads its own logs
    found: dict[str, float] = {}
    said = []
    with written(files) as paths:
        for path in paths:
            package = import_module("inspect_ai.log")
            log = package.read_eval_log(str(path))
            package.recompute_metrics(log)
            for score in log.results.scores:
                found |= {f"{path.name} {score.name} {name}": each.value for name, each in score.metrics.items()}
                said.append(f"scorer {score.name}: {score.scored_samples} scored, {score.unscored_samples} unscored")
            if log.eval.config.limit:
                said.append(f"limit {log.eval.config.limit}, dataset of {log.eval.dataset.samples}")
            said.append(f"{log.status}: completed {log.results.completed_samples} of {log.results.total_samples}")
    return Answer(scores=found, said="\n".join(said))


def _scored(item: str, value: object, metadata: Mapping[str, object] | None = None) -> Any:
    scorer = import_module("inspect_ai.scorer")
    return scorer.SampleScore(score=scorer.Score(value=value), sample_id=item, sample_metadata=metadata)


def _mean(scores: list[Any], cluster: str | None = None) -> Answer:
    scorer = import_module("inspect_ai.scorer")
    mean = float(scorer.mean()(scores))
    half = NORMAL * float(scorer.stderr(cluster=cluster)(scores))
    return Answer(value=mean, low=mean - half, high=mean + half)
