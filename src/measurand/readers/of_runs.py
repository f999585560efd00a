"""Runs brought together: one score per model and benchmark, and item-level responses."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import polars as pl

from measurand.catalogue import lookup
from measurand.names import series_of
from measurand.readers.log import Log
from measurand.readers.runs import RERUN, Result, Run
from measurand.readers.tables.layout import Part
from measurand.readers.tables.raw import ROW, RawTable, shorten
from measurand.tables import RESPONSE_COLUMNS, PartRun, Responses

__all__ = ["part_runs", "responses", "scores"]

LEAST_GAP = 0.05
"""Difference of two readings from which it is said although nobody asked."""


def scores(title: str, given: Sequence[Run]) -> Part | None:
    """One score per model and benchmark, as a table would give it; None if no run has a score.

    Reruns are averaged. Subtasks give way to a group that sums up the same metric of them.
    """
    groups = [run for run in given if run.log.facts.get("group") == "true" and run.main is not None]
    summed = {
        (run.model, task, aggregate.metric)
        for run in groups
        for task in _subtasks(run.log)
        for aggregate in run.log.aggregates
    }
    scored = [run for run in given if run.result is not None]
    inside = {id(run) for run in scored if run.main and (run.model, run.log.task, run.main.metric) in summed}
    kept: dict[tuple[str, str], list[Run]] = defaultdict(list)
    for run in scored:
        if id(run) not in inside:
            kept[run.model, run.benchmark].append(run)
    if not kept:
        return None
    results = [_mean([run.result for run in cell if run.result is not None]) for cell in kept.values()]
    table = pl.DataFrame(
        {
            "model": [model for model, _ in kept],
            "benchmark": [benchmark for _, benchmark in kept],
            "score": [result.score for result in results],
            "stderr": pl.Series([result.stderr for result in results], dtype=pl.Float64),
            "n_items": pl.Series([result.n for result in results], dtype=pl.Int64),
        }
    )
    notes = [
        *_settings_notes(given),
        *_rerun_notes(kept),
        *_part_notes([run for cell in kept.values() for run in cell]),
    ]
    if inside:
        tasks = sorted({str(run.log.task) for run in scored if id(run) in inside})
        notes.append(f"subtasks that a group sums up left out of the scores: {shorten(tasks)}")
    firsts = [cell[0] for cell in kept.values()]
    models, series_note = _model_facts([run.base or run.model for run in firsts])
    raw = RawTable(name=title, frame=table.select("model", "benchmark").with_row_index(ROW))
    return Part(
        table=raw,
        scores=table,
        models=models,
        benchmarks=_benchmark_facts(firsts),
        notes=(*notes, *_reading_notes(firsts), *series_note),
        runs={run.model: run.base for run in firsts if run.base},
    )


def _subtasks(log: Log) -> list[str]:
    return [name.strip() for name in log.facts.get("subtasks", "").split(",") if name.strip()]


def _mean(results: Sequence[Result]) -> Result:
    """The result of reruns: the mean over them, and no smaller a standard error, as the items are the same."""
    if len(results) == 1:
        return results[0]
    errors = [result.stderr for result in results if result.stderr is not None]
    sizes = [result.n for result in results if result.n is not None]
    return Result(
        float(np.mean([result.score for result in results])),
        float(np.sqrt(np.mean(np.square(errors)))) if len(errors) == len(results) else None,
        max(sizes) if len(sizes) == len(results) else None,
        results[0].metric,
    )


def _settings_notes(given: Sequence[Run]) -> list[str]:
    apart = sorted({run.model for run in given if run.base})
    return [f"several runs of a model, each a row: {shorten(apart)}"] if apart else []


def _rerun_notes(kept: Mapping[tuple[str, str], Sequence[Run]]) -> list[str]:
    again = {cell: len(runs) for cell, runs in kept.items() if len(runs) > 1}
    shown = [f"{model} on {benchmark} ({count} runs)" for (model, benchmark), count in again.items()]
    if not shown:
        return []
    return [f"reruns under the same settings, averaged (--duplicates runs keeps them apart): {shorten(shown)}"]


def part_runs(given: Iterable[Run]) -> tuple[PartRun, ...]:
    """Models and benchmarks whose logs say that fewer items were chosen than the dataset holds."""
    parts = {
        (run.benchmark, run.model): PartRun(benchmark=run.benchmark, model=run.model, items=chosen, whole=whole)
        for run in given
        if (sizes := _sizes(run)) is not None and (chosen := sizes[0]) < (whole := sizes[1])
    }
    return tuple(parts.values())


def _sizes(run: Run) -> tuple[int, int] | None:
    chosen, whole = (run.log.facts.get(name) for name in ("items_chosen", "items_in_dataset"))
    return None if chosen is None or whole is None else (int(chosen), int(whole))


def _part_notes(given: Sequence[Run]) -> list[str]:
    parts = part_runs(given)
    smallest = {each.benchmark: each for each in sorted(parts, key=lambda each: -each.items / each.whole)}
    shown = [f"{each.benchmark} ({each.items:,} of {each.whole:,} items)" for each in smallest.values()]
    notes = [f"run on a part of the dataset: {shorten(shown)}"] if shown else []
    limited = sorted({f"{run.benchmark} ({run.log.facts['limit']})" for run in given if _may_be_part(run)})
    if limited:
        notes.append(f"run with a limit that was reached, of a dataset whose size no log says: {shorten(limited)}")
    return notes


def _may_be_part(run: Run) -> bool:
    """Whether a limit may have left something out: it is a share, or as many items were run as it allows."""
    try:
        limit = float(run.log.facts["limit"])
    except (KeyError, ValueError):
        return False
    if _sizes(run) is not None or run.log.facts.get("group") == "true":
        return False
    return limit > 0 and (limit < 1 or run.size is None or run.size >= limit)


def _reading_notes(kept: Iterable[Run]) -> list[str]:
    """Where filters of one metric give scores far apart, and no items show it: the widest gap of each benchmark."""
    widest: dict[str, tuple[float, str]] = {}
    for run in kept:
        if run.main is None or run.reading is not None or not run.log.items.is_empty() or run.log.means:
            continue
        metric = run.main.reading.partition(",")[0]
        alike = [given for given in run.log.aggregates if given.reading.partition(",")[0] == metric]
        low, high = (choose(alike, key=lambda given: given.value) for choose in (min, max))
        if high.value - low.value > LEAST_GAP:
            shown = (
                f"{run.model} on {run.benchmark}: {low.reading} {low.value:.3g}, {high.reading} {high.value:.3g} of "
                f"the same responses; {run.main.reading} is used (--reading chooses)"
            )
            widest[run.benchmark] = max(widest.get(run.benchmark, (0.0, "")), (high.value - low.value, shown))
    return [shown for _, shown in widest.values()]


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
        metric = run.result.metric if run.result else None
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
    """Item-level results of all runs, in memory or where they lie; None if none has any."""
    frames = [
        run.placed(run.log.items.lazy(), run.model, run.benchmark).select(*RESPONSE_COLUMNS)
        for run in given
        if not run.log.items.is_empty()
    ]
    elsewhere: dict[Responses, list[Run]] = {}
    for run in given:
        if run.log.rows is not None:
            elsewhere.setdefault(run.log.rows, []).append(run)
    if not frames and len(elsewhere) == 1:
        ((rows, of_rows),) = elsewhere.items()
        # Under their own names, what was made of them while they were read is still good.
        if _as_they_are(rows, of_rows):
            return rows
    there = [_renamed(rows.frame, of_rows) for rows, of_rows in elsewhere.items()]
    held = [pl.concat(frames).collect().lazy()] if frames else []
    return Responses(pl.concat([*held, *there], how="diagonal")) if held or there else None


def _as_they_are(rows: Responses, given: Sequence[Run]) -> bool:
    names = {(run.model, run.benchmark) for run in given}
    own = all((run.model, run.benchmark, run.rerun) == (run.log.model, run.log.task, 0) for run in given)
    return own and len(names) == rows.frame.select("model", "benchmark").unique().collect(engine="streaming").height


def _renamed(frame: pl.LazyFrame, given: Sequence[Run]) -> pl.LazyFrame:
    """The rows of these runs alone, under the names they go by."""
    names = pl.DataFrame(
        {
            "model": [run.log.model for run in given],
            "benchmark": [run.log.task for run in given],
            "new model": [run.model for run in given],
            "new benchmark": [run.benchmark for run in given],
            "more": [run.rerun * RERUN for run in given],
        },
        schema_overrides={"more": pl.Int32},
    )
    new = {
        "model": pl.col("new model"),
        "benchmark": pl.col("new benchmark"),
        "epoch": pl.col("epoch") + pl.col("more"),
    }
    joined = frame.join(names.lazy(), on=["model", "benchmark"]).with_columns(**new)
    return joined.drop("new model", "new benchmark", "more")
