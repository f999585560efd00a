"""Runs of models on tasks brought together: one score a model and benchmark, and item-level responses."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from measurand.catalogue import lookup
from measurand.names import benchmark_of, model_of, series_of
from measurand.readers.layout import Part
from measurand.readers.log import Aggregate, Log
from measurand.readers.raw import ROW, RawTable, shorten
from measurand.tables import RESPONSE_COLUMNS, Responses, Unread

__all__ = ["Run", "responses", "runs", "scores", "unread"]

MAIN_METRICS = (
    "accuracy",
    "acc",
    "exact_match",
    "quasi_exact_match",
    "match",
    "includes",
    "mean",
    "f1",
    "score",
)
"""The metric that stands for a run where several were computed, the first one present; then the first of the log."""


@dataclass(frozen=True, eq=False)
class Run:
    """A log with the model and benchmark it speaks of, under their canonical names."""

    log: Log
    model: str
    benchmark: str

    @cached_property
    def main(self) -> Aggregate | None:
        """The aggregate that stands for the run."""
        usable = [a for a in self.log.aggregates if not a.metric.partition(",")[0].endswith(("stderr", "std"))]

        def preference(place: int) -> tuple[int, int]:
            names = {usable[place].metric.partition(",")[0], usable[place].metric, usable[place].scorer}
            ranks = [rank for rank, metric in enumerate(MAIN_METRICS) if metric in names]
            return (min(ranks, default=len(MAIN_METRICS)), place)

        return usable[min(range(len(usable)), key=preference)] if usable else None

    @cached_property
    def result(self) -> tuple[float, float | None, int | None, str] | None:
        """Score, standard error, items and metric; from the harness's aggregate or, without one, from the items."""
        if self.main is not None:
            from_items = _item_mean(self.log.items, self.main.scorer, self.main.value)
            stderr = self.main.stderr if self.main.stderr is not None else from_items and from_items[1]
            n = self.main.n if self.main.n is not None else from_items and from_items[2]
            return self.main.value, stderr or None, n or None, self.main.metric.partition(",")[0]
        scorers = self.log.items.drop_nulls("score")["scorer"].unique(maintain_order=True)
        found = _item_mean(self.log.items, scorers[0], None) if len(scorers) else None
        return (*found, str(scorers[0])) if found else None


def _item_mean(items: pl.DataFrame, scorer: str | None, wanted: float | None) -> tuple[float, float | None, int] | None:
    """Mean over items of their mean over epochs, its standard error, and the items.

    With `wanted`, None unless the mean is that: only then do the items tell the standard error of that number.
    """
    scored = items.filter(pl.col("scorer").eq_missing(pl.lit(scorer))).drop_nulls("score")
    if scored.is_empty() or scored["variant"].n_unique() > 1:
        return None
    means = scored.group_by("item", maintain_order=True).agg(pl.col("score").mean())["score"].to_numpy()
    mean = float(means.mean())
    if wanted is not None and abs(mean - wanted) > 1e-9:
        return None
    spread = float(means.std(ddof=1)) if len(means) > 1 else 0.0
    return mean, spread / np.sqrt(len(means)) if spread > 0 else None, len(means)


def runs(logs: Iterable[Log], aliases: Mapping[str, str] | None = None) -> list[Run]:
    """Each log that says its model and task, under canonical names; two versions of a task are two benchmarks."""
    named = [(log, log.model, log.task) for log in logs]
    versions: dict[str, set[str | None]] = defaultdict(set)
    for log, model, task in named:
        if model and task:
            versions[benchmark_of(task, None, 1)].add(log.task_version)
    return [
        Run(
            log,
            model_of(model, aliases),
            benchmark_of(task, log.task_version, len(versions[benchmark_of(task, None, 1)])),
        )
        for log, model, task in named
        if model and task
    ]


def scores(title: str, given: Sequence[Run]) -> Part | None:
    """One score a model and benchmark, as a table would give it; None if no run has a score.

    Of several runs of a model on a benchmark the one with most items counts, then the latest; the others are said.
    A group's subtasks give way to the group.
    """
    grouped = {task for run in given if run.log.facts.get("group") == "true" for task in _subtasks(run.log)}
    scored = [run for run in given if run.result is not None and run.log.task not in grouped]
    if not scored:
        return None
    chosen: dict[tuple[str, str], Run] = {}
    passed_over: Counter[str] = Counter()
    for run in sorted(scored, key=_weight):
        if (run.model, run.benchmark) in chosen:
            passed_over[run.benchmark] += 1
        chosen[run.model, run.benchmark] = run
    kept = list(dict.fromkeys(chosen[run.model, run.benchmark] for run in scored))
    results = [run.result for run in kept if run.result is not None]
    table = pl.DataFrame(
        {
            "model": [run.model for run in kept],
            "benchmark": [run.benchmark for run in kept],
            "score": [result[0] for result in results],
            "stderr": pl.Series([result[1] for result in results], dtype=pl.Float64),
            "n_items": pl.Series([result[2] for result in results], dtype=pl.Int64),
        }
    )
    notes = (
        [f"{sum(passed_over.values())} further runs of the same model left out: {shorten(passed_over)}"]
        if passed_over
        else []
    )
    if grouped:
        notes.append(f"subtasks that a group sums up left out of the scores: {shorten(sorted(grouped))}")
    models, series_note = _model_facts([run.model for run in kept])
    benchmarks, direction_notes = _benchmark_facts(kept)
    raw = RawTable(title, table.select("model", "benchmark").with_row_index(ROW))
    return Part(raw, table, models, benchmarks, (*notes, *series_note, *direction_notes))


def _subtasks(log: Log) -> list[str]:
    return [name.strip() for name in log.facts.get("subtasks", "").split(",") if name.strip()]


def _weight(run: Run) -> tuple[int, str, str]:
    """What makes one run of the same model and benchmark count before another: more items, later, then its file."""
    n = run.result[2] if run.result else None
    return (n or 0, run.log.facts.get("date", ""), run.log.source.path)


def _model_facts(models: Sequence[str]) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Series and size that a model's name states."""
    named = {model: series for model in dict.fromkeys(models) if (series := series_of(model))}
    frame = pl.DataFrame(
        {
            "model": list(named),
            "family": [series for series, _ in named.values()],
            "parameters": [size for _, size in named.values()],
        },
        schema={"model": pl.String, "family": pl.String, "parameters": pl.Float64},
    )
    note = f"family and parameters of {len(named)} models taken from their names, which state a series and a size"
    return frame, (note,) if named else ()


def _benchmark_facts(kept: Sequence[Run]) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Metric and direction: these are raw scores, so the catalogue's direction holds, else the harness's own."""
    told: dict[str, tuple[str | None, str | None]] = {}
    for run in kept:
        known = lookup(run.benchmark.partition("@")[0])
        own = run.main.higher_is if run.main is not None else None
        metric = run.result[3] if run.result else None
        told.setdefault(run.benchmark, ((known.higher_is if known else None) or own, metric))
    turned = [name for name, (direction, _) in told.items() if direction == "worse"]
    frame = pl.DataFrame(
        {
            "benchmark": list(told),
            "higher_is": [direction for direction, _ in told.values()],
            "metric": [metric for _, metric in told.values()],
        },
        schema={"benchmark": pl.String, "higher_is": pl.String, "metric": pl.String},
    )
    note = f"raw scores of which lower is better or safer, so turned: {shorten(turned)}"
    return frame, (note,) if turned else ()


def responses(given: Sequence[Run]) -> Responses | None:
    """Item-level results of all runs; None if none has any."""
    frames = [
        run.log.items.with_columns(model=pl.lit(run.model), benchmark=pl.lit(run.benchmark)).select(*RESPONSE_COLUMNS)
        for run in given
        if not run.log.items.is_empty()
    ]
    return Responses(pl.concat(frames).lazy()) if frames else None


def unread(logs: Iterable[Log]) -> tuple[Unread, ...]:
    """What could not be used of each log, one row a file and reason."""
    rows = (Unread(log.source.path, problem.reason, problem.rows_lost) for log in logs for problem in log.problems)
    nameless = (
        Unread(log.source.path, f"no {what} named in the log", log.items.height)
        for log in logs
        if not log.problems
        for what in (("model",) if not log.model else ("task",) if not log.task else ())
    )
    return tuple(dict.fromkeys((*rows, *nameless)))
