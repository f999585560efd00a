"""Runs of models on tasks: what each scored, under which name, and which of them count."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np
import polars as pl

from measurand.errors import UnknownName
from measurand.names import benchmark_of, model_of
from measurand.readers.grades import scored
from measurand.readers.log import IN_WORDS, NO_MODEL, Aggregate, ItemMean, Log
from measurand.readers.settings import named_by_settings
from measurand.tables import MAIN_SCORERS, Unread

__all__ = ["RERUN", "Result", "Run", "item_means", "runs", "unread", "without_run"]


class Result(NamedTuple):
    """What a run scored: the harness's number or, without one, the mean of its items."""

    score: float
    stderr: float | None
    n: int | None
    metric: str


RERUN = 100_000
"""What is added to the epochs of each further run under the same settings: no harness numbers as many."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Run:
    """A log with the model and benchmark it speaks of, under their canonical names.

    Parameters
    ----------
    log : the run as its harness left it.
    model, benchmark : canonical names, the model's with the settings that set its runs apart.
    base : the model's name without settings, where it has some.
    rerun : place among the runs under the same name on the same benchmark.
    words : readings that are words, in this log or another of the benchmark: a run in which all were graded C and I
        says nothing of what C means where others were graded A to E.
    correct : the words that are right.
    reading : the one that is asked for; None for the one that stands for a run.
    """

    log: Log
    model: str
    benchmark: str
    base: str | None = None
    rerun: int = 0
    words: frozenset[str | None] = frozenset()
    correct: tuple[str, ...] = ()
    reading: str | None = None

    def placed(self, rows: pl.LazyFrame, model: str | None, benchmark: str | None) -> pl.LazyFrame:
        """Rows of the run under the names given, its epochs apart from those of other runs and its words as scores."""
        new: dict[str, pl.Expr] = {}
        if model is not None:
            new["model"] = pl.lit(model)
        if benchmark is not None:
            new["benchmark"] = pl.lit(benchmark)
        if self.rerun:
            new["epoch"] = pl.col("epoch").fill_null(1) + self.rerun * RERUN
        if self.words:
            new["score"] = scored(self.words, self.correct)
        if self.reading is not None:
            rows = rows.filter(pl.col("reading") == self.reading)
        return rows.with_columns(**new) if new else rows

    @cached_property
    def readings(self) -> tuple[str, ...]:
        """Every way in which its responses were scored."""
        named = [*(given.reading for given in self.log.aggregates), *(mean.reading for mean in self._means)]
        return tuple(dict.fromkeys(name for name in named if name is not None))

    def read_by(self, name: str) -> Run:
        """The same run by the reading of that name, or by the first of which it is the metric or the filter."""
        near = [each for each in self.readings if name.casefold() in each.casefold().split(",")]
        found = name if name in self.readings else next(iter(near), None)
        return self if found is None else replace(self, reading=found)

    @property
    def size(self) -> int | None:
        """Items behind its score; 0 without a score, None where nothing says how many."""
        return 0 if self.result is None else self.result.n

    @cached_property
    def main(self) -> Aggregate | None:
        """The aggregate that stands for the run."""
        # Standard errors listed among the metrics would pass for scores.
        usable = [
            given
            for given in self.log.aggregates
            if not given.metric.partition(",")[0].endswith(("stderr", "std"))
            and given.reading not in self.words
            and self.reading in (None, given.reading)
        ]

        def preference(place: int) -> tuple[bool, int, int]:
            metric = usable[place].metric.partition(",")[0]
            names = {metric, usable[place].metric, usable[place].reading}
            ranks = [rank for rank, metric in enumerate(MAIN_SCORERS) if metric in names]
            # NarrativeQA - F1 is the benchmark's name: no other metric is a score of it.
            named = _words(metric) - {"score"}
            return (not named or not named <= _words(self.benchmark), min(ranks, default=len(MAIN_SCORERS)), place)

        return usable[min(range(len(usable)), key=preference)] if usable else None

    @cached_property
    def result(self) -> Result | None:
        """Score, standard error, items and metric; from the harness's aggregate or, without one, from the items."""
        means = [mean for mean in self._means if self.reading in (None, mean.reading)]
        if self.main is not None:
            # Only where the items' mean is the harness's number do they tell the standard error of that number.
            same = [mean for mean in means if mean.reading == self.main.reading and _is(mean.value, self.main.value)]
            stderr = self.main.stderr if self.main.stderr is not None else same[0].stderr if same else None
            n = self.main.n if self.main.n is not None else same[0].n if same else None
            # A standard error of 0 is what harnesses write for one item or equal items: unknown, not certain.
            reading = self.main.reading if "," in self.main.reading else self.main.metric.partition(",")[0]
            return Result(self.main.value, stderr or None, n or None, reading)
        if not means or means[0].value is None:
            return None
        return Result(means[0].value, means[0].stderr, means[0].n, str(means[0].reading))

    @cached_property
    def _means(self) -> tuple[ItemMean, ...]:
        """Means of the items, of readings that have numbers."""
        if self.log.means is not None:
            return tuple(mean for mean in self.log.means if mean.reading not in self.words)
        return item_means(
            self.log.items.with_columns(scored(self.words, self.correct)) if self.words else self.log.items
        )


def _words(name: str) -> set[str]:
    return set(re.findall(r"[a-z0-9]+", name.casefold()))


def _is(mean: float | None, wanted: float) -> bool:
    return mean is not None and not abs(mean - wanted) > 1e-9


def item_means(items: pl.DataFrame) -> tuple[ItemMean, ...]:
    """Mean over items of their mean over epochs, of each reading in order of appearance.

    Parameters
    ----------
    items : columns `readers.log.ITEM_COLUMNS`; rows without a score do not count.

    Examples
    --------
    >>> from measurand.readers.log import items_frame
    >>> item_means(items_frame({"item": ["1", "2", "2"], "reading": ["match"] * 3, "score": [1.0, 0.0, 1.0]}))
    (ItemMean(reading='match', value=0.75, stderr=0.25, n=2),)
    """
    if items.is_empty():
        return ()
    scored = items.drop_nulls("score")
    return tuple(_item_mean(scored, reading) for reading in scored["reading"].unique(maintain_order=True))


def _item_mean(scored: pl.DataFrame, reading: str | None) -> ItemMean:
    own = scored.filter(pl.col("reading").eq_missing(pl.lit(reading, dtype=pl.String)))
    means = own.group_by("item", maintain_order=True).agg(pl.col("score").mean())["score"].to_numpy()
    # Filters score the same answers twice: their mean would count some answers more than others.
    if own["variant"].n_unique() > 1:
        return ItemMean(reading, None, None, len(means))
    spread = float(means.std(ddof=1)) if len(means) > 1 else 0.0
    stderr = spread / float(np.sqrt(len(means))) if spread > 0 else None
    return ItemMean(reading, float(means.mean()), stderr, len(means))


class Taken(NamedTuple):
    """The runs that count, and those set aside with the reason."""

    runs: list[Run]
    aside: tuple[Unread, ...]


def runs(
    logs: Iterable[Log],
    aliases: Mapping[str, str] | None = None,
    correct: Sequence[str] = (),
    reading: str | None = None,
    apart: bool = False,
) -> Taken:
    """The runs that count, of all logs that say their model and task, under canonical names.

    Two versions of a task are two benchmarks; a model under two settings is two rows, named by what differs. Runs under
    the same settings are reruns, which count together or each by itself. Set aside are a copy of a run, a run that
    broke off where another came to its end, and one on fewer than half as many items as another: a trial of the set-up.

    Parameters
    ----------
    logs : as their harnesses left them.
    aliases : as in `names.model_of`.
    correct : words that are right where scores are words.
    reading : the one to use, where a run has it.
    apart : whether each rerun is a row of its own, numbered by date.

    Raises
    ------
    UnknownName
        No run has that reading.
    """
    named = [(log, log.model, log.task) for log in logs if log.model and log.task]
    versions: dict[str, set[str | None]] = defaultdict(set)
    for log, _, task in named:
        versions[_benchmark(task)].add(log.task_version)
    benchmarks = [benchmark_of(str(task), log.task_version, len(versions[_benchmark(task)])) for log, _, task in named]
    words: dict[str, frozenset[str | None]] = defaultdict(frozenset)
    for (log, _, _), benchmark in zip(named, benchmarks, strict=True):
        words[benchmark] |= log.words
    every = [
        Run(
            log=log,
            model=model_of(str(model), aliases),
            benchmark=benchmark,
            words=words[benchmark],
            correct=tuple(correct),
        )
        for (log, model, _), benchmark in zip(named, benchmarks, strict=True)
    ]
    if reading is not None:
        known = sorted({name for run in every for name in run.readings})
        every = [run.read_by(reading) for run in every]
        if not any(run.reading for run in every):
            raise UnknownName("reading", reading, known)
    kept, copies = _once(every)
    names = named_by_settings([(run.model, run.benchmark, run.log.settings) for run in kept])
    cells: dict[tuple[str, str], list[Run]] = defaultdict(list)
    for run, name in zip(kept, names, strict=True):
        # Only what changes is made anew: what a run's log says is worked out once.
        own = run if name == run.model else replace(run, model=name, base=run.model)
        cells[name, run.benchmark].append(own)
    counted, aside = [], list(copies)
    for cell in cells.values():
        whole, part = _whole(cell) if len(cell) > 1 else (cell, [])
        # By date, so that the first run is the first run in whatever order the files were named.
        ordered = sorted(whole, key=lambda run: (_moment(run.log.facts.get("date", "")), run.log.source.path))
        counted += [_rerun(run, place, apart) if place else run for place, run in enumerate(ordered)]
        aside += part
    return Taken(counted, tuple(aside))


def _rerun(run: Run, place: int, apart: bool) -> Run:
    """A further run under the name of the first, or under one of its own."""
    if not apart:
        return replace(run, rerun=place)
    shown = f"{run.model[:-1]}, " if run.base else f"{run.model} ("
    return replace(run, model=f"{shown}run {place + 1})", base=run.base or run.model)


def without_run(model: str) -> str:
    """The name of a model's first run, of that of any.

    Examples
    --------
    >>> without_run("m (run 2)"), without_run("m (effort=low, run 10)"), without_run("m (effort=low)")
    ('m', 'm (effort=low)', 'm (effort=low)')
    """
    return re.sub(r" \(run \d+\)$", "", re.sub(r", run \d+\)$", ")", model))


@lru_cache(maxsize=4096)
def _benchmark(task: str | None) -> str:
    return benchmark_of(task or "", None, 1)


def _once(given: Sequence[Run]) -> tuple[list[Run], list[Unread]]:
    """The runs without copies of them: the same log under two paths or in two formats."""
    first: dict[tuple[str, str, str], Run] = {}
    copies = []
    for run in sorted(given, key=lambda run: (-(run.size or 0), run.log.source.path)):
        identity = run.log.facts.get("eval_id") or run.log.source.sha256
        other = first.setdefault((run.model, run.benchmark, identity), run)
        # Of one file, two parts that look alike are two parts.
        if other is not run and identity and other.log.source.path != run.log.source.path:
            copies.append((run, other))
    aside = [Unread(run.log.source.path, f"the same run as {other.log.source.path}", 0) for run, other in copies]
    left_out = {id(run) for run, _ in copies}
    return [run for run in given if id(run) not in left_out], aside


def _whole(cell: Sequence[Run]) -> tuple[list[Run], list[Unread]]:
    """Of the runs under one name on one benchmark those that count, and the others with the reason."""
    most = max(run.size or 0 for run in cell)
    splits = Counter[str | None]()
    for run in cell:
        splits[run.log.facts.get("split")] += run.size or 0
    split = max(splits, key=lambda name: splits[name])
    ended_well = any(run.result is not None and not run.log.ended for run in cell)
    whole, aside = [], []
    for run in cell:
        if run.log.ended and ended_well:
            reason = f"{run.model} on {run.benchmark}: another run came to its end, so this one is set aside"
        elif split is not None and (held := run.log.facts.get("split")) not in (None, split):
            reason = f"{run.model} on {run.benchmark}: split {held!r}, set aside beside {split!r}, which has more items"
        elif run.size is not None and run.size < most / 2:
            sizes = f"{run.size} of {most} items" if run.size else "no score"
            reason = f"{run.model} on {run.benchmark}: {sizes}, set aside beside a larger run"
        else:
            whole.append(run)
            continue
        aside.append(Unread(run.log.source.path, reason, run.log.source.rows))
    return whole, aside


def _moment(date: str) -> str:
    """A date as ISO 8601 in UTC, so that later is greater; as it is where it is no such date."""
    try:
        moment = datetime.fromisoformat(date)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
    except (ValueError, OverflowError):
        return date


def unread(
    logs: Iterable[Log], aliases: Mapping[str, str] | None = None, correct: Sequence[str] = ()
) -> tuple[Unread, ...]:
    """What could not be used of each log, one row per file and reason, without what an alias or a word settles."""
    named = aliases or {}
    rows = (
        Unread(log.source.path, problem.reason, problem.rows_lost, problem.ended)
        for log in logs
        for problem in log.problems
        if not (problem.reason.startswith(NO_MODEL) and log.model in named)
        and not (problem.reason.startswith(IN_WORDS) and correct)
    )
    nameless = (
        Unread(log.source.path, f"no {what} named in the log", log.source.rows)
        for log in logs
        if not log.problems
        for what in (("model",) if not log.model else ("task",) if not log.task else ())
    )
    return tuple(dict.fromkeys((*rows, *nameless)))
