"""Runs of models on tasks brought together: one score per model and benchmark, and item-level responses."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

import numpy as np
import polars as pl

from measurand.catalogue import lookup
from measurand.names import benchmark_of, model_of, series_of
from measurand.readers.log import NO_MODEL, Aggregate, ItemMean, Log
from measurand.readers.tables.layout import Part
from measurand.readers.tables.raw import ROW, RawTable, shorten
from measurand.tables import MAIN_SCORERS, RESPONSE_COLUMNS, Responses, Unread

__all__ = ["Run", "counted", "item_means", "responses", "runs", "scores", "unread"]


@dataclass(frozen=True, eq=False)
class Run:
    """A log with the model and benchmark it speaks of, under their canonical names."""

    log: Log
    model: str
    benchmark: str

    @cached_property
    def main(self) -> Aggregate | None:
        """The aggregate that stands for the run."""
        # Standard errors listed among the metrics would pass for scores.
        usable = [a for a in self.log.aggregates if not a.metric.partition(",")[0].endswith(("stderr", "std"))]

        def preference(place: int) -> tuple[bool, int, int]:
            metric = usable[place].metric.partition(",")[0]
            names = {metric, usable[place].metric, usable[place].scorer}
            ranks = [rank for rank, metric in enumerate(MAIN_SCORERS) if metric in names]
            # NarrativeQA - F1 is the benchmark's name: no other metric is a score of it.
            named = _words(metric) - {"score"}
            return (not named or not named <= _words(self.benchmark), min(ranks, default=len(MAIN_SCORERS)), place)

        return usable[min(range(len(usable)), key=preference)] if usable else None

    @cached_property
    def result(self) -> tuple[float, float | None, int | None, str] | None:
        """Score, standard error, items and metric; from the harness's aggregate or, without one, from the items."""
        means = self.log.means if self.log.means is not None else item_means(self.log.items)
        if self.main is not None:
            # Only where the items' mean is the harness's number do they tell the standard error of that number.
            same = [mean for mean in means if mean.scorer == self.main.scorer and _is(mean.value, self.main.value)]
            stderr = self.main.stderr if self.main.stderr is not None else same[0].stderr if same else None
            n = self.main.n if self.main.n is not None else same[0].n if same else None
            # A standard error of 0 is what harnesses write for one item or equal items: unknown, not certain.
            return self.main.value, stderr or None, n or None, self.main.metric.partition(",")[0]
        if not means or means[0].value is None:
            return None
        return means[0].value, means[0].stderr, means[0].n, str(means[0].scorer)


def _words(name: str) -> set[str]:
    return set(re.findall(r"[a-z0-9]+", name.casefold()))


def _is(mean: float | None, wanted: float) -> bool:
    return mean is not None and not abs(mean - wanted) > 1e-9


def item_means(items: pl.DataFrame) -> tuple[ItemMean, ...]:
    """Mean over items of their mean over epochs, of each scorer in order of appearance.

    Parameters
    ----------
    items : columns `readers.log.ITEM_COLUMNS`; rows without a score do not count.

    Examples
    --------
    >>> from measurand.readers.log import items_frame
    >>> item_means(items_frame({"item": ["1", "2", "2"], "scorer": ["match"] * 3, "score": [1.0, 0.0, 1.0]}))
    (ItemMean(scorer='match', value=0.75, stderr=0.25, n=2),)
    """
    scored = items.drop_nulls("score")
    return tuple(_item_mean(scored, scorer) for scorer in scored["scorer"].unique(maintain_order=True))


def _item_mean(scored: pl.DataFrame, scorer: str | None) -> ItemMean:
    own = scored.filter(pl.col("scorer").eq_missing(pl.lit(scorer, dtype=pl.String)))
    means = own.group_by("item", maintain_order=True).agg(pl.col("score").mean())["score"].to_numpy()
    # Filters score the same answers twice: their mean would count some answers more than others.
    if own["variant"].n_unique() > 1:
        return ItemMean(scorer, None, None, len(means))
    spread = float(means.std(ddof=1)) if len(means) > 1 else 0.0
    stderr = spread / float(np.sqrt(len(means))) if spread > 0 else None
    return ItemMean(scorer, float(means.mean()), stderr, len(means))


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
    """One score per model and benchmark, as a table would give it; None if no run has a score.

    Of several runs of a model on a benchmark the one with most items counts, then the latest; the others are said.
    A group's subtasks give way to the group.
    """
    groups = [run for run in given if run.log.facts.get("group") == "true"]
    grouped = {(run.model, task) for run in groups for task in _subtasks(run.log)}
    scored = [run for run in given if run.result is not None and (run.model, run.log.task) not in grouped]
    if not scored:
        return None
    kept = counted(scored)
    passed_over = Counter(run.benchmark for run in scored) - Counter(run.benchmark for run in kept)
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
        tasks = sorted({task for _, task in grouped})
        notes.append(f"subtasks that a group sums up left out of the scores: {shorten(tasks)}")
    models, series_note = _model_facts([run.model for run in kept])
    raw = RawTable(name=title, frame=table.select("model", "benchmark").with_row_index(ROW))
    return Part(raw, table, models, _benchmark_facts(kept), (*notes, *series_note))


def _subtasks(log: Log) -> list[str]:
    return [name.strip() for name in log.facts.get("subtasks", "").split(",") if name.strip()]


def counted(given: Sequence[Run]) -> list[Run]:
    """Of several runs of a model on a benchmark the one that counts: with a score, most items, the latest."""
    chosen = {(run.model, run.benchmark): run for run in sorted(given, key=_weight)}
    return list(dict.fromkeys(chosen[run.model, run.benchmark] for run in given))


def _weight(run: Run) -> tuple[bool, int, str, str]:
    """What makes one run of the same model and benchmark count before another."""
    n = run.result[2] if run.result else None
    # The path last, so that equal runs give the same choice in every order of reading.
    return (run.result is not None, n or 0, _moment(run.log.facts.get("date", "")), run.log.source.path)


def _moment(date: str) -> str:
    """A date as ISO 8601 in UTC, so that later is greater; as it is where it is no such date."""
    try:
        moment = datetime.fromisoformat(date)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
    except (ValueError, OverflowError):
        return date


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


def _benchmark_facts(kept: Sequence[Run]) -> pl.DataFrame:
    """Metric and direction: these are raw scores, so the catalogue's direction holds, else the harness's own."""
    told: dict[str, tuple[str | None, str | None]] = {}
    for run in kept:
        known = lookup(run.benchmark.partition("@")[0])
        own = run.main.higher_is if run.main is not None else None
        metric = run.result[3] if run.result else None
        told.setdefault(run.benchmark, ((known.higher_is if known else None) or own, metric))
    return pl.DataFrame(
        {
            "benchmark": list(told),
            "higher_is": [direction for direction, _ in told.values()],
            "metric": [metric for _, metric in told.values()],
        },
        schema={"benchmark": pl.String, "higher_is": pl.String, "metric": pl.String},
    )


def responses(given: Sequence[Run]) -> Responses | None:
    """Item-level results of all runs, whose items are in memory; None if none has any."""
    frames = [
        run.log.items.with_columns(model=pl.lit(run.model), benchmark=pl.lit(run.benchmark)).select(*RESPONSE_COLUMNS)
        for run in given
        if not run.log.items.is_empty()
    ]
    return Responses(pl.concat(frames).lazy()) if frames else None


def unread(logs: Iterable[Log], aliases: Mapping[str, str] | None = None) -> tuple[Unread, ...]:
    """What could not be used of each log, one row per file and reason; a name that an alias gives is not missing."""
    named = aliases or {}
    rows = (
        Unread(log.source.path, problem.reason, problem.rows_lost)
        for log in logs
        for problem in log.problems
        if not (problem.reason.startswith(NO_MODEL) and log.model in named)
    )
    nameless = (
        Unread(log.source.path, f"no {what} named in the log", log.source.rows)
        for log in logs
        if not log.problems
        for what in (("model",) if not log.model else ("task",) if not log.task else ())
    )
    return tuple(dict.fromkeys((*rows, *nameless)))
