"""F8 time horizon: how long are the tasks that a model does half of the time, and how fast does that grow?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from measurand.errors import InputError, NotApplicable
from measurand.measures import Measure
from measurand.measures.forecast.shared.horizons import (
    HALF,
    LEAST_DATED,
    MOSTLY,
    Horizon,
    Trend,
    horizon_of,
    tasks_of,
    trend_of,
)
from measurand.measures.shared import columns, estimate, finite, require_fraction
from measurand.measures.verdicts import Unassessed, headline, tally, unassessed
from measurand.results import Answer, Axis, Brief, Cell, Estimate, Figure, Finding, Question, Status, Table
from measurand.stats.attempts.horizon import drawn_tasks
from measurand.stats.intervals.limits import Limits
from measurand.tables import TaskRuns
from measurand.wording import SHARE, capital, listed, number, percent, plural

__all__ = ["MEASURE", "TimeHorizon", "figure", "judge", "time_horizon"]

LEAST_TASKS, LEAST_FAMILIES = 10, 5
"""Of fewer families a resample of them says little of what others would have given."""

MOST_DRAWN = 6
"""Models whose curves are drawn: those with the longest horizons."""

NEEDS = (
    f"runs at tasks of known length for a person: {LEAST_TASKS} tasks of {LEAST_FAMILIES} families or more per model, "
    "in columns model, task, family, minutes and success"
)


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class TimeHorizon(Brief):
    """Result of `time_horizon`; models from the longest horizon down, those without one last."""

    horizons: tuple[Horizon, ...]
    trend: Trend | None
    unassessed: tuple[Unassessed, ...]
    length_noise: float
    level: float
    notes: tuple[str, ...]


def time_horizon(
    task_runs: TaskRuns,
    *,
    length_noise: float = 0.5,
    resamples: int = 1000,
    level: float = 0.95,
    rng: np.random.Generator,
) -> TimeHorizon:
    """Length of the tasks, in the time they take a person, at which a model succeeds half of the time.

    Success is a logistic curve of the logarithm of length, each task weighing one over the square root of its family's
    size. Intervals are percentiles over a hierarchical bootstrap: families, tasks within them, runs within those. Of
    the models that led when they came out, the trend over release dates has the greater of the scatter of models and of
    the error of the tasks.

    Parameters
    ----------
    task_runs : runs at tasks of known length.
    length_noise : standard deviation of the lengths' own noise in doublings (0.5: a factor of 1.4 either way), for one
        of the other ways of computing the horizon (SIMEX); 0 leaves it out.
    resamples : bootstrap resamples, at least 100.
    level : of the intervals, in (0, 1).

    Returns
    -------
    TimeHorizon
        Horizons in minutes.

    Raises
    ------
    NotApplicable
        No model ran 10 tasks of 5 families, or success does not differ between tasks.
    InputError
        A setting out of its range.

    References
    ----------
    Kwa et al. 2025, Measuring AI ability to complete long tasks, arXiv 2503.14499.

    Examples
    --------
    >>> import polars as pl
    >>> tasks = [(f"t{i}", f"f{i // 2}", 2.0 ** (i / 4)) for i in range(40)]
    >>> rows = [("m", *task, float((7 * i) % 10 < 10 / (1 + task[2] / 30))) for i, task in enumerate(tasks)]
    >>> runs = TaskRuns.build(pl.DataFrame(rows, ["model", "task", "family", "minutes", "success"], orient="row"))
    >>> (found,) = time_horizon(runs, rng=np.random.default_rng(0)).horizons
    >>> round(found.at[0.5].value), round(found.at[0.5].low), round(found.at[0.5].high)
    (29, 10, 85)
    """
    require_fraction(level=level)
    if resamples < 100:
        raise InputError(f"resamples should be at least 100, got {resamples}")
    if not 0 <= length_noise < 4:
        raise InputError(f"length_noise should be from 0 to 4 doublings, got {length_noise:g}")
    tasks = tasks_of(task_runs)
    drawn = drawn_tasks(tasks.family, resamples, rng)
    horizons, blind = [], []
    for row, model in enumerate(tasks.models):
        ran = np.flatnonzero(tasks.runs[row])
        families = len(np.unique(tasks.family[ran]))
        if len(ran) < LEAST_TASKS or families < LEAST_FAMILIES:
            reason = f"{plural(len(ran), 'task')} of {plural(families, 'family')} were run"
            blind.append(Unassessed({"model": model}, reason, NEEDS))
        elif np.ptp(tasks.log2_minutes[ran]) == 0:
            blind.append(Unassessed({"model": model}, "all tasks are of one length", "tasks of different lengths"))
        else:
            horizons.append(horizon_of(tasks, row, drawn, level, length_noise, rng))
    if not horizons:
        raise NotApplicable("; ".join(dict.fromkeys(row.reason for row in blind)), needs=NEEDS)
    horizons.sort(key=lambda each: (each.none(HALF), -each.at[HALF].value))
    return TimeHorizon(
        horizons=tuple(horizons),
        trend=trend_of(horizons, level),
        unassessed=tuple(blind),
        length_noise=length_noise,
        level=level,
        notes=task_runs.notes,
    )


def judge(result: TimeHorizon, *, widest: float = 10.0, apart: float = 1.5) -> list[Finding]:
    """Issue: another way of computing the horizon leads beyond its interval by a factor of 1.5 or more.

    Caution: there is no horizon, since success does not fall with length; it lies outside the lengths that were run; or
    it is known to no better than a factor of 10 from end to end. Passed: none of these. The trend passes if it is shown
    to grow.
    """
    for name, value in (("widest", widest), ("apart", apart)):
        if not value > 1:
            raise InputError(f"{name} should be a factor above 1, got {value:g}")
    each = [_finding(found, result, widest, apart) for found in result.horizons]
    trend = [] if result.trend is None else [_trend(result.trend, result.level)]
    return [_headline(result, each, trend), *trend, *each, *unassessed(result.unassessed)]


def _headline(result: TimeHorizon, each: Sequence[Finding], trend: Sequence[Finding]) -> Finding:
    first = next((row for row, found in zip(each, result.horizons, strict=True) if found.within), each[0])
    sentence = " ".join(finding.sentence for finding in (first, *trend))
    issues = tally(each)[Status.ISSUE]
    short = f"{issues or 'none'} of {len(each)} {'hang' if issues > 1 else 'hangs'} on the method"
    if trend and not issues:
        short = trend[0].short
    return headline(sentence, each, short=short, caveats=MEASURE.caveats, figure="F8.curves")


def _finding(found: Horizon, result: TimeHorizon, widest: float, apart: float) -> Finding:
    half, told = found.at[HALF], found.told(HALF)
    ways = {name: value for name, value in found.ways.items() if np.isfinite(value) and value > 0}
    beyond = {name: value for name, value in ways.items() if value > apart * half.high or apart * value < half.low}
    status, short, said = Status.PASSED, "known well", ""
    if found.none(HALF):
        ways = {}
        way = "rises" if found.rising else "does not fall"
        status, short = Status.CAUTION, f"success {way} with length"
        shortest, *_, longest = found.curve[0].tolist()
        sentence = (
            f"{found.model} has no time horizon: its success {way} with the length of the task (by the fitted curve "
            f"{percent(shortest)} at {length_of(found.shortest)} and {percent(longest)} at "
            f"{length_of(found.longest)}), so that no length divides what it does from what it does not."
        )
    elif not found.within:
        longer = half.value > found.longest
        side = "beyond" if longer else "below"
        status, short = Status.CAUTION, f"{side} all tasks"
        edge = length_of(found.longest if longer else found.shortest)
        sentence = (
            f"{found.model} does {'more' if longer else 'less'} than half of even the "
            f"{'longest' if longer else 'shortest'} tasks that were run ({edge} for a person): its horizon lies {side} "
            "them, and where is not known."
        )
    else:
        if beyond:
            name, value = max(beyond.items(), key=lambda way: abs(np.log2(way[1] / half.value)))
            status, short = Status.ISSUE, "hangs on the method"
            said = f" It hangs on how it is computed: {length_of(value)} by another way ({name})."
        elif not told.high <= widest * told.low:
            status, short = Status.CAUTION, "known roughly"
        sentence = (
            f"{found.model} does half of the tasks that take a person {length_of(half.value)} {_interval(found)}.{said}"
        )
    return Finding(
        subject={"model": found.model},
        title="Time horizon",
        status=status,
        sentence=sentence,
        short=short,
        estimates=(
            _estimate("horizon_50", told, result, found.tasks),
            _estimate("horizon_80", found.told(MOSTLY), result, found.tasks),
            Estimate(name="success", value=found.success, method="mean over tasks", n=found.tasks, unit=SHARE),
            Estimate(
                name="other_ways",
                value=float(np.median(list(ways.values()))) if ways else None,
                low=min(ways.values(), default=None),
                high=max(ways.values(), default=None),
                method=f"least to greatest of {len(ways)} ways of computing it",
                n=found.tasks,
                unit="minutes",
            ),
        ),
        figure="F8.curves",
        result={"tasks": found.tasks, "families": found.families, "runs": found.runs, "within": found.within},
    )


def _estimate(name: str, told: Limits, result: TimeHorizon, n: int) -> Estimate:
    method = "logistic on log2 minutes, bootstrap over families, tasks and runs, percentile"
    value, low, high = map(finite, told)
    return Estimate(name=name, value=value, low=low, high=high, level=result.level, method=method, n=n, unit="minutes")


def _interval(found: Horizon) -> str:
    """The interval of the horizon at a half; an end outside the lengths that were run is no number."""
    _, low, high = found.told(HALF)
    start = f"< {length_of(found.shortest)}" if np.isnan(low) else length_of(low)
    return f"[{start}, {f'> {length_of(found.longest)}' if np.isnan(high) else length_of(high)}]"


def _trend(trend: Trend, level: float) -> Finding:
    slope = trend.doublings
    method = "least squares through the models that led, the greater of their scatter and the error of tasks, t(n-2)"
    growth = estimate("doublings_per_year", *slope, level=level, method=method, n=len(trend.models), unit="doublings")
    led = f"Of the {len(trend.models)} models that led when they came out, the horizon"
    estimates = [growth]
    if slope.low > 0:
        months = [12 / side for side in (slope.value, slope.high, slope.low)]
        estimates.append(
            estimate("doubling_months", *months, level=level, method=method, n=len(trend.models), unit="months")
        )
        status, short = Status.PASSED, f"doubles every {number(months[0], 1)} months"
        sentence = (
            f"{led} doubles every {number(months[0], 1)} months [{number(months[1], 1)}, {number(months[2], 1)}]."
        )
    else:
        status, short = Status.CAUTION, "no growth shown"
        rate, low, high = (number(side, 1) for side in slope)
        sentence = f"{led} is not shown to grow: {rate} doublings per year [{low}, {high}]."
    return Finding(
        subject={"models": "those that led"},
        title="Growth of the horizon",
        status=status,
        sentence=sentence,
        short=short,
        estimates=tuple(estimates),
        figure="F8.trend",
        result={"models": trend.models},
    )


def length_of(minutes: float) -> str:
    """A length of time in words, to two figures.

    Examples
    --------
    >>> [length_of(each) for each in (0.2, 1.5, 12.3, 74, 600, 5000)]
    ['12 s', '1.5 min', '12 min', '1 h 14 min', '10 h', '83 h']
    """
    if not np.isfinite(minutes):
        return "longer than any" if minutes > 0 else "nothing"
    if minutes < 1:
        return f"{number(60 * minutes, 0 if minutes >= 1 / 6 else 1)} s"
    if minutes < 60:
        return f"{number(minutes, 0 if minutes >= 9.95 else 1)} min"
    hours = minutes / 60
    if hours < 9.95:
        whole = round(minutes)
        return f"{whole // 60} h" + (f" {whole % 60} min" if whole % 60 else "")
    return f"{number(hours, 0)} h"


def _written(found: Horizon, success: float) -> str:
    """A horizon in words, or the length beyond or below which it lies."""
    if found.none(success):
        return "none"
    value = found.at[success].value
    if found.shortest <= value <= found.longest:
        return length_of(value)
    return f"> {length_of(found.longest)}" if value > found.longest else f"< {length_of(found.shortest)}"


def answer(result: TimeHorizon, findings: Sequence[Finding]) -> Answer:
    """A row per model, the longest horizon first, after the first sentence and the growth."""
    top = findings[0]
    rows = [finding for finding in findings if "model" in finding.subject and finding.estimates]
    cells = []
    for found, finding in zip(result.horizons, rows, strict=True):
        half, mostly = (_written(found, success) for success in (HALF, MOSTLY))
        cells.append((found.model, half, _interval(found) if found.within else "", mostly, finding.short))
    table = Table(
        head=("model", "half", f"{percent(result.level)} interval", "four in five", ""),
        rows=tuple(cells),
        marks=tuple(finding.status for finding in rows),
        right=(1, 3),
        ends=True,
    )
    tasks, families = (max(getattr(found, name) for found in result.horizons) for name in ("tasks", "families"))
    shortest, longest = (min(each.shortest for each in result.horizons), max(each.longest for each in result.horizons))
    notes = [
        f"Time that a skilled person takes for tasks which a model does half of the time, or four times in five. "
        f"At most {plural(tasks, 'task')} of {plural(families, 'family')} per model, from {length_of(shortest)} to "
        f"{length_of(longest)}.",
        *(f"{capital(note)}." for note in result.notes),
    ]
    if result.trend is None:
        dated = sum(np.isfinite(found.date) for found in result.horizons)
        notes.append(f"No trend: {plural(int(dated), 'model')} with a release date, {LEAST_DATED} that led are needed.")
    else:
        notes.append(f"Growth is of {listed(list(result.trend.models))}.")
    return Answer(sentence=top.sentence, tables=(table,), notes=tuple(notes), meaning=MEASURE.caveats[0])


def figure(result: TimeHorizon) -> list[Figure]:
    """Success against length with the curve of each model; horizons against release dates with the trend."""
    drawn = result.horizons[:MOST_DRAWN]
    curves: list[tuple[Cell, ...]] = [
        (found.model, float(np.exp2(x)), *(float(side) for side in found.curve[:, place]))
        for found in drawn
        for place, x in enumerate(found.grid)
    ]
    pictures = [
        Figure(
            name="F8.curves",
            kind="lines",
            title="Success by length of task",
            caption="Fitted share of tasks done by the time they take a person, with its interval. A horizon is where "
            "a curve crosses one half, or four in five.",
            columns=columns(("model", "minutes", "success", "low", "high"), curves),
            x=Axis("minutes", "time a person takes (minutes)", "log"),
            y=Axis("success", "share of tasks done"),
            low="low",
            high="high",
            label="model",
            color="model",
            rules=(HALF, MOSTLY),
        )
    ]
    dated = [found for found in result.horizons if np.isfinite(found.date) and found.within]
    if result.trend is not None:
        dated = [found for found in dated if found.model in result.trend.models]
    if dated:
        rows: list[tuple[Cell, ...]] = [
            (found.model, found.date, found.at[HALF].value, *map(finite, found.told(HALF)[1:])) for found in dated
        ]
        pictures.append(
            Figure(
                name="F8.trend",
                kind="scatter",
                title="Time horizon by release date",
                caption="Length of the tasks that a model does half of the time, by its release"
                + (", of the models that led when they came out." if result.trend is not None else "."),
                columns=columns(("model", "released", "horizon", "low", "high"), rows),
                x=Axis("released", "release date"),
                y=Axis("horizon", "horizon (minutes)", "log"),
                low="low",
                high="high",
                label="model",
                fit=result.trend is not None,
            )
        )
    return pictures


MEASURE = Measure(
    code="F8",
    name="time horizon",
    question=Question.FORECAST,
    asks="How long are the tasks that a model does half of the time, and how fast does that grow?",
    needs=NEEDS,
    formula="P(success) = logistic(slope (log2 horizon - log2 minutes)), tasks weighing 1/sqrt(size of their family); "
    "bootstrap of families, tasks, runs; doubling time = 12 / slope of log2 horizon on years.",
    compute=time_horizon,
    judge=judge,
    figure=figure,
    answer=answer,
    shorts={
        Status.ISSUE: "hangs on the method",
        Status.CAUTION: "known roughly",
        Status.PASSED: "known well",
    },
    caveats=(
        "A horizon speaks of tasks like these: self-contained, scored by a program, timed for people who know their "
        "field.",
        "Half of the time is seldom good enough for use: the horizon at four in five is a fraction of it, and hangs "
        "more on the shape of the curve.",
        "Models that led are records, and records rise by themselves: where no horizon grew, five or more of 12 models "
        "led in 12% of studies, and of those trends 21% seemed to grow.",
        "Lengths are estimates themselves; noise in them makes curves flatter. One of the other ways allows for it.",
    ),
    references=(
        "Kwa et al. 2025, Measuring AI ability to complete long tasks, arXiv 2503.14499",
        "Cook and Stefanski 1994, Simulation-extrapolation estimation in parametric measurement error models, JASA 89",
    ),
)
