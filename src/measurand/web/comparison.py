"""The comparison explorer: models by tasks, two of them, the items on which these differ, and how many would do."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np
import polars as pl
from pydantic import Field

from measurand.errors import NotApplicable
from measurand.measures import find
from measurand.measures.precision.paired_difference import Comparison, compare
from measurand.measures.precision.score_interval import score_intervals
from measurand.measures.precision.shared.comparison import difference_settled, items_to_settle
from measurand.measures.precision.shared.differing import Differing, all_differing, answers_to
from measurand.measures.precision.shared.model_pairs import BenchmarkComparison, turned
from measurand.measures.precision.shared.pooled import Weights
from measurand.measures.precision.shared.score_records import ScoreIntervals
from measurand.names import resolved
from measurand.readers.runs import RERUN, without_run
from measurand.results import AVERAGE
from measurand.stats.intervals.limits import Limits
from measurand.tables import Responses, item_tables
from measurand.web.downloads import File, drawn, require_kind, tabled
from measurand.web.folder import read_by
from measurand.web.settings import ViewSettings
from measurand.wording import listed, plural, points

__all__ = ["Compared", "Row", "Settings", "Task", "download", "view"]

PER_PAGE = 20
Show = Literal["all", "first", "second", "runs"]


class Settings(ViewSettings):
    """What a reader can set; every view is one address."""

    of: str = Field("", description="A path in the folder served: logs, a store or a table of items.")
    first: str = Field("", description="One of two models; by default the best.")
    second: str = Field("", description="The other; by default the next.")
    task: str = Field("", description="Task whose items are shown; by default the one on which most differ.")
    margin: float = Field(2.0, gt=0, lt=100, description="Difference in points that does not matter.")
    weights: Weights = Field("tasks", description="What weighs the same in the average.")
    cluster: str = Field("", description="Key of items that go together, or none; by default what the data show.")
    reading: str = Field("", description="Scorer, metric or filter, where answers were scored in several ways.")
    runs: Literal["together", "apart"] = Field("together", description="Whether reruns of a model count together.")
    show: Show = Field("all", description="Items that differ: all, those where one is better, those alike in all runs.")
    page: int = Field(1, ge=1)
    items: int = Field(0, ge=0, description="How many items a further run would have; by default as many as now.")


@dataclass(frozen=True, kw_only=True)
class Row:
    """A model: average or only score with its interval, score on each task, and the letters it shares."""

    model: str
    score: float
    low: float
    high: float
    tasks: tuple[float | None, ...]
    letters: str


@dataclass(frozen=True, kw_only=True)
class Task:
    """The first model minus the second on a task, or on their average.

    Parameters
    ----------
    verdict : ``first``, ``second``, ``same`` within the margin, or ``open``; `told` in words.
    differ : items of it on which they differ; 0 for the average.
    """

    name: str
    difference: Limits
    verdict: Literal["first", "second", "same", "open"]
    told: str
    differ: int = 0


@dataclass(frozen=True, kw_only=True)
class Compared:
    """What is found under some settings.

    Parameters
    ----------
    rows : the models, the best first; `tasks` names the columns of their scores.
    pair : per task, then the average.
    items : on which the two differ, those of this page; `counts` how many there are of each sort, `pages` how many.
    reruns : whether some model was run several times under the same settings.
    settled : smallest difference that so many items would settle, NaN where it cannot be said; `needed` items that
        would settle the difference seen, None where no number would.
    """

    settings: Settings
    title: str
    notes: tuple[str, ...]
    tasks: tuple[str, ...]
    rows: tuple[Row, ...]
    pair: tuple[Task, ...]
    items: tuple[Differing, ...]
    counts: Mapping[str, int]
    pages: int
    n: int
    settled: float
    needed: int | None
    clusters: tuple[str, ...]
    readings: tuple[str, ...]
    reruns: bool
    command: str
    gate: str
    python: str

    def as_json(self) -> dict[str, Any]:
        """Plain values, for the interface of programs."""
        plain = {name: value for name, value in vars(self).items() if name not in ("settings", "rows", "pair", "items")}
        return {
            "settings": self.settings.model_dump(),
            **plain,
            "settled": self.settled if np.isfinite(self.settled) else None,
            "rows": [asdict(row) for row in self.rows],
            "pair": [{**vars(task), "difference": _finite(task.difference)} for task in self.pair],
            "items": [asdict(item) for item in self.items],
        }


def _finite(limits: Limits) -> dict[str, float | None]:
    return {name: value if np.isfinite(value) else None for name, value in limits._asdict().items()}


@lru_cache(16)
def _scores(responses: Responses) -> ScoreIntervals:
    return score_intervals(responses)


@lru_cache(16)
def _rerun(responses: Responses) -> bool:
    """Whether several runs of a model count together."""
    of_reruns = responses.frame.select((pl.col("epoch") > RERUN).any())
    return bool(of_reruns.collect(engine="streaming").item())


@lru_cache(64)
def _pairs(responses: Responses, first: str, second: str, margin: float, weights: Weights) -> Comparison:
    return compare(responses, pair=(first, second), same_within=margin / 100, weights=weights, texts=False)


def view(responses: Responses, asked: Settings) -> Compared:
    """Models by tasks and, of two of them, where they differ.

    Raises
    ------
    NotApplicable
        Nothing can be compared: one model, or no item scored.
    UnknownName
        A model, task or key that is not there.
    """
    found = _scores(responses)
    if found.comparison is None:
        raise NotApplicable("one model was run", needs="item-level results of at least two models")
    whole = found.comparison
    main = whole.main
    order = main.models if main else tuple(dict.fromkeys(score.model for score in found.scores))
    settings = _filled(asked, order)
    pair = _pairs(responses, settings.first, settings.second, settings.margin, settings.weights)
    tasks = tuple(each.benchmark for each in whole.benchmarks)
    differ = _in_order(responses, settings.first, settings.second)
    compared = tuple(_task(each, settings, pair, len(differ.get(each.benchmark, ()))) for each in pair.all)
    settings = settings.changed(task=_named_task(settings, differ))
    shown = differ[settings.task]
    kept = [item for item in shown if settings.show in ("all", *_sorts(item))]
    counts: dict[str, int] = {name: sum(name in ("all", *_sorts(each)) for each in shown) for name in _SHOWS}
    main_pair = pair.main or pair.benchmarks[0]
    difference = main_pair.differences[0]
    n, rerun = difference.n, _rerun(responses)
    pages = max(1, -(-len(kept) // PER_PAGE))
    settings = settings.changed(page=min(settings.page, pages), items=settings.items or n)
    start = (settings.page - 1) * PER_PAGE
    return Compared(
        settings=settings,
        title=_title(compared, settings),
        notes=_notes(found, pair, rerun),
        tasks=tasks,
        rows=_rows(found, order, main),
        pair=compared,
        items=answers_to(responses, kept[start : start + PER_PAGE], (settings.first, settings.second)),
        counts=counts,
        pages=pages,
        n=n,
        settled=difference_settled(difference, settings.items, pair.level),
        needed=items_to_settle(difference, pair.level),
        clusters=tuple(responses.cluster_keys()),
        readings=tuple(dict.fromkeys(name for table in item_tables(responses) for name in table.readings)),
        reruns=rerun or settings.runs == "apart",
        command=_command(settings),
        gate=_gate(settings),
        python=_python(settings),
    )


_SHOWS: tuple[Show, ...] = ("all", "first", "second", "runs")


def _sorts(item: Differing) -> set[Show]:
    """Which of the sorts of items one is, besides being one that differs."""
    better: Show = "first" if item.scores[0] > item.scores[1] else "second"
    return {better, "runs"} if item.gap == 1 else {better}


@lru_cache(64)
def _in_order(responses: Responses, first: str, second: str) -> Mapping[str, list[Differing]]:
    """The items that differ, by task."""
    return {
        table.benchmark: all_differing(table, (first, second))
        for table in item_tables(responses)
        if {first, second} <= set(table.models)
    }


def _filled(asked: Settings, order: Sequence[str]) -> Settings:
    """The settings with names as the results spell them, and with what was left open."""
    # A run chosen while runs stood apart is, once they count together, its model.
    apart = asked.runs == "apart"
    chosen = [name if apart or name in order else without_run(name) for name in (asked.first, asked.second)]
    first, second = (resolved("model", name, order) if name else "" for name in chosen)
    first = first or next(name for name in order if name != second)
    second = second or next(name for name in order if name != first)
    if first == second:
        second = next(name for name in order if name != first)
    return asked.changed(first=first, second=second)


def _named_task(settings: Settings, differ: Mapping[str, Sequence[Differing]]) -> str:
    if settings.task:
        return resolved("benchmark", settings.task, tuple(differ))
    return max(differ, key=lambda task: len(differ[task]))


def _rows(found: ScoreIntervals, order: Sequence[str], main: BenchmarkComparison | None) -> tuple[Row, ...]:
    tasks = tuple(dict.fromkeys(score.benchmark for score in found.scores))
    scores = {(score.model, score.benchmark): score for score in found.scores}
    averages = {each.model: each for each in found.averages}
    letters = dict(zip(main.models, main.letters, strict=False)) if main else {}
    rows = []
    for model in order:
        of: Any = averages.get(model) if len(tasks) > 1 else scores.get((model, tasks[0]))
        nan = float("nan")
        value, low, high = (of.value, of.interval.low, of.interval.high) if of is not None else (nan, nan, nan)
        own = tuple(each.value if (each := scores.get((model, task))) else None for task in tasks)
        shared = " ".join(letters.get(model, "").upper())
        rows.append(Row(model=model, score=value, low=low, high=high, tasks=own, letters=shared))
    return tuple(rows)


def _task(of: BenchmarkComparison, settings: Settings, pair: Comparison, differ: int) -> Task:
    """A task as the first model sees it."""
    found = of.differences[0]
    own = found if found.first == settings.first else turned(found)
    alpha = 1 - pair.level
    verdict: Literal["first", "second", "same", "open"] = "open"
    # First whether it matters, then whether it is there: a difference shown to be small is no one's lead.
    if own.alike < alpha:
        verdict, told = "same", f"the same within {points(settings.margin / 100)}"
    elif own.adjusted < alpha:
        verdict = "first" if own.value > 0 else "second"
        told = f"{settings.first if verdict == 'first' else settings.second} better"
    elif own.p_value < alpha:
        told = f"tied, allowing for {plural(len(pair.benchmarks), 'task')}"
    else:
        told = "chance may explain it"
    limits = Limits(own.value, own.low, own.high)
    return Task(name=of.benchmark, difference=limits, verdict=verdict, told=told, differ=differ)


def _title(compared: Sequence[Task], settings: Settings) -> str:
    """Who is better at what, and what it comes to."""
    whole = compared[-1]
    tasks = [task for task in compared if task.name != AVERAGE]
    parts = [
        f"{model} is better at {listed([task.name for task in tasks if task.verdict == verdict])}"
        for verdict, model in (("first", settings.first), ("second", settings.second))
        if any(task.verdict == verdict for task in tasks)
    ]
    both, within = f"{settings.first} and {settings.second}", f"within {points(settings.margin / 100)}"
    if len(tasks) == 1:
        return {
            "first": f"{settings.first} is better than {settings.second} at {whole.name}",
            "second": f"{settings.second} is better than {settings.first} at {whole.name}",
            "same": f"{both} are the same at {whole.name}, {within}",
            "open": f"{both} cannot be told apart at {whole.name}",
        }[whole.verdict]
    if whole.name != AVERAGE:
        return ", ".join(parts) or f"{both} cannot be told apart"
    on_average = {
        "first": f"on average {settings.first} is ahead",
        "second": f"on average {settings.second} is ahead",
        "same": f"on average they are the same, {within}",
        "open": "on average they are statistically tied",
    }[whole.verdict]
    if not parts:
        return f"{both}: no task tells them apart, and {on_average}"
    return f"{', '.join(parts)}; {on_average}"


def _notes(found: ScoreIntervals, pair: Comparison, rerun: bool) -> tuple[str, ...]:
    notes = []
    if found.cluster_key:
        notes.append(f"Items with the same {found.cluster_key} are counted together.")
    if left := sum(each.differences[0].left_out for each in pair.benchmarks):
        notes.append(f"{plural(left, 'item', 'is')} left out: only one of the two was scored there.")
    if lost := sum(sum(score.unscored.values()) for score in found.scores):
        notes.append(f"{plural(lost, 'answer', 'has')} no score, over all models.")
    if rerun:
        notes.append("Reruns of a model count together.")
    return tuple(notes)


# --- The same elsewhere --------------------------------------------------------------------------------------------


def _chosen(settings: Settings) -> list[str]:
    """How the files are read, as options."""
    return [part for name, value in _choices(settings).items() for part in (f"--{name}", value)]


def _choices(settings: Settings) -> dict[str, str]:
    """How the files are read, by what `measurand.read` calls it."""
    runs = "runs" if settings.runs == "apart" else ""
    given = {"cluster": settings.cluster, "reading": settings.reading, "duplicates": runs}
    return {name: value for name, value in given.items() if value}


def _lines(*parts: Sequence[str]) -> str:
    return " \\\n  ".join(" ".join(map(shlex.quote, part)) for part in parts if part)


def _command(settings: Settings) -> str:
    weights = ["--weights", "items"] if settings.weights == "items" else []
    margin = ["--same-within", f"{settings.margin:g}"]
    pair = ["--pair", f"{settings.first},{settings.second}"]
    return _lines(["measurand", "compare", settings.of], pair, margin, weights, _chosen(settings))


def _gate(settings: Settings) -> str:
    names = ["--candidate", settings.first], ["--baseline", settings.second]
    return _lines(["measurand", "gate", settings.of], *names, ["--margin", f"{settings.margin:g}"], _chosen(settings))


def _python(settings: Settings) -> str:
    more = "".join(f", {name}={value!r}" for name, value in _choices(settings).items())
    read = f"{read_by(settings.of)[:-1]}{more})"
    weights = ", weights='items'" if settings.weights == "items" else ""
    return "\n".join(
        [
            "import measurand",
            "",
            f"study = {read}",
            f"pair = ({settings.first!r}, {settings.second!r})",
            f"print(measurand.compare(study, pair=pair, same_within={settings.margin / 100:g}{weights}))",
        ]
    )


def download(responses: Responses, asked: Settings, kind: str) -> File:
    """A picture or table of what is compared.

    Raises
    ------
    UnknownName
        A format that is none.
    """
    require_kind(kind)
    found = view(responses, asked)
    settings = found.settings
    pair = _pairs(responses, settings.first, settings.second, settings.margin, settings.weights)
    findings = find("P2").findings(pair)
    stem = f"{settings.first} and {settings.second}"
    if kind in ("csv", "tex"):
        answer = find("P2").answers(pair, findings)
        return tabled(stem, kind, answer.tables if answer is not None else ())
    figure = next(each for each in find("P2").figures(pair, findings) if each.name == "P2.differences")
    return drawn(stem, kind, figure, {"benchmark": settings.task if pair.average is None else AVERAGE}, found.title)
