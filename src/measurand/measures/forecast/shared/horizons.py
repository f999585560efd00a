"""Time horizons of models from their runs: the fit, its resamples, other ways of computing it, and the trend."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args

import numpy as np
import numpy.typing as npt

from measurand.stats.attempts.horizon import Curves, Link, fit_curves, simex, task_weights
from measurand.stats.intervals.clustered import t_limits
from measurand.stats.intervals.limits import Limits
from measurand.tables import TaskRuns
from measurand.tables.dates import decimal_year
from measurand.wording import percent

__all__ = ["HALF", "MOSTLY", "Horizon", "Tasks", "Trend", "horizon_of", "tasks_of", "trend_of"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

HALF, MOSTLY = 0.5, 0.8
"""Success at which a horizon is read off; the first is judged."""

CEILING = 0.95
"""Success at the shortest tasks where some of what goes wrong has nothing to do with length."""

LEAST_DATED = 5
"""Models through which a trend is drawn."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Tasks:
    """The tasks that any model ran.

    Parameters
    ----------
    log2_minutes : shape (tasks,). family : code of each, shape (tasks,).
    runs, success : of each model at each task, shape (models, tasks); runs of 0 have a success of 0.
    models : their names. dates : release as a year, NaN where not known, shape (models,).
    """

    log2_minutes: Floats
    family: Ints
    runs: Ints
    success: Floats
    models: tuple[str, ...]
    dates: Floats


@dataclass(frozen=True, eq=False, kw_only=True)
class Horizon:
    """Where one model succeeds half of the time, and four times in five.

    Parameters
    ----------
    at : success -> length in minutes with its interval; 0 and infinity where a resample has none.
    shortest, longest : tasks the model ran, in minutes. tasks, families, runs : how many.
    curve : the fitted curve, with its limits at `grid` (log2 of minutes), shape (3, points).
    rising : whether success is shown to rise with length, at the level of the intervals.
    ways : name of another way of computing the horizon at a half -> minutes.
    resamples : log2 of the horizon at a half in each resample, shape (resamples,); NaN where it held no task of it.
    """

    model: str
    date: float
    at: Mapping[float, Limits]
    shortest: float
    longest: float
    tasks: int
    families: int
    runs: int
    success: float
    grid: Floats
    curve: Floats
    rising: bool
    ways: Mapping[str, float]
    resamples: Floats

    @property
    def within(self) -> bool:
        """Whether the horizon lies among the lengths of the tasks that were run."""
        return self.shortest <= self.at[HALF].value <= self.longest

    def none(self, success: float) -> bool:
        """Whether no length divides what the model does so often from what it does not: success rises through it."""
        start, *_, end = self.curve[0].tolist()
        return self.rising or bool(start <= success <= end and start < end)

    def told(self, success: float) -> Limits:
        """The horizon as far as the tasks that were run tell it, in minutes; NaN for what lies outside their lengths.

        What is known to lie beyond the longest, or below the shortest, has that length as its lower, or upper, limit.
        Of one that does not exist nothing is told.
        """
        if self.none(success):
            return Limits(*[float("nan")] * 3)
        value, low, high = self.at[success]
        least, most = self.shortest, self.longest
        return Limits(
            value if least <= value <= most else float("nan"),
            min(low, most) if low >= least else float("nan"),
            max(high, least) if high <= most else float("nan"),
        )


@dataclass(frozen=True, kw_only=True)
class Trend:
    """Growth of the horizon over release dates, of the models that led when they came out.

    Parameters
    ----------
    doublings : per year, with interval. models : that led.
    """

    doublings: Limits
    models: tuple[str, ...]


def tasks_of(runs: TaskRuns) -> Tasks:
    """Runs as arrays, success averaged over the runs of a model at a task."""
    frame = runs.frame
    models, tasks = runs.models, sorted(frame["task"].unique())
    row = frame["model"].replace_strict({name: i for i, name in enumerate(models)}).to_numpy()
    column = frame["task"].replace_strict({name: i for i, name in enumerate(tasks)}).to_numpy()
    count = np.zeros((len(models), len(tasks)), dtype=np.int64)
    total = np.zeros(count.shape)
    np.add.at(count, (row, column), 1)
    np.add.at(total, (row, column), frame["success"].to_numpy())
    facts = frame.unique("task", keep="first").sort("task")
    _, family = np.unique(facts["family"].to_numpy(), return_inverse=True)
    dates = dict(frame.select("model", "release_date").drop_nulls().unique("model").iter_rows())
    return Tasks(
        log2_minutes=np.log2(facts["minutes"].to_numpy()),
        family=family.astype(np.int64),
        runs=count,
        success=np.divide(total, count, out=np.zeros(total.shape), where=count > 0),
        models=models,
        dates=np.array([decimal_year(dates[name]) if name in dates else np.nan for name in models]),
    )


def horizon_of(
    tasks: Tasks, model: int, drawn: Ints, level: float, length_noise: float, rng: np.random.Generator
) -> Horizon:
    """One model's horizon; `drawn` tells how often each resample holds each task, the same for every model."""
    ran = np.flatnonzero(tasks.runs[model])
    x, family = tasks.log2_minutes[ran], np.unique(tasks.family[ran], return_inverse=True)[1].astype(np.int64)
    share, runs = tasks.success[model, ran], tasks.runs[model, ran]
    weight, even = task_weights(family), np.ones(len(ran))
    point = fit_curves(x, share[None], weight[None])
    times = drawn[:, ran]
    # Runs of a task that is drawn c times: as many as c times its runs, each as likely to succeed as it did.
    held = times * runs
    again = np.divide(rng.binomial(held, share), held, out=np.zeros(held.shape), where=held > 0)
    # A model that ran few of the families can have none of them in a resample.
    usable = (times > 0).sum(axis=1) > 1
    resampled = fit_curves(x, again[usable], times[usable] * weight)
    lengths = np.full(len(drawn), np.nan)
    lengths[usable] = resampled.log2_length(HALF)
    ends = (1 - level) / 2, (1 + level) / 2
    at = {}
    for success in (HALF, MOSTLY):
        low, high = np.quantile(resampled.log2_length(success), ends, method="inverted_cdf")
        at[success] = Limits(*(float(np.exp2(side)) for side in (point.log2_length(success)[0], low, high)))
    grid = np.linspace(x.min(), x.max(), 25)
    curves = resampled.at(grid)
    limits = np.quantile(curves, ends, axis=0)
    return Horizon(
        model=tasks.models[model],
        date=float(tasks.dates[model]),
        at=at,
        shortest=float(np.exp2(x.min())),
        longest=float(np.exp2(x.max())),
        tasks=len(ran),
        families=int(family.max()) + 1,
        runs=int(runs.sum()),
        success=float(share.mean()),
        grid=grid,
        curve=np.stack([point.at(grid)[0], *limits]),
        rising=bool(np.quantile(resampled.slope, ends[1], method="inverted_cdf") < 0),
        ways=_ways(x, share, {"weighted by family": weight, "every task the same": even}, length_noise, rng),
        resamples=lengths,
    )


def _ways(
    x: Floats, share: Floats, weights: Mapping[str, Floats], length_noise: float, rng: np.random.Generator
) -> dict[str, float]:
    """The horizon at a half by every curve, weighting and ceiling, and without the noise of lengths."""
    found: dict[str, float] = {}
    rows = np.stack(list(weights.values()))
    for link in get_args(Link):
        for ceiling in (1.0, CEILING):
            curves: Curves = fit_curves(x, np.broadcast_to(share, rows.shape), rows, link=link, ceiling=ceiling)
            below = f", at most {percent(ceiling)} of the shortest" if ceiling < 1 else ""
            for name, value in zip(weights, curves.log2_length(HALF).tolist(), strict=True):
                found[f"{link}, {name}{below}"] = float(np.exp2(value))
    if length_noise > 0:
        first = next(iter(weights.values()))
        found["lengths without their noise"] = float(np.exp2(simex(x, share, first, length_noise, HALF, rng)))
    return found


def trend_of(horizons: list[Horizon], level: float) -> Trend | None:
    """Growth of the horizon of the models that led at their release; None of fewer than five of them."""
    dated = sorted((each for each in horizons if np.isfinite(each.date) and each.within), key=lambda each: each.date)
    leaders: list[Horizon] = []
    for each in dated:
        if not leaders or each.at[HALF].value > max(other.at[HALF].value for other in leaders):
            leaders.append(each)
    if len(leaders) < LEAST_DATED:
        return None
    year = np.array([each.date for each in leaders])
    centred = year - year.mean()
    square = float((centred**2).sum())
    if square == 0:
        return None
    log2 = np.log2([each.at[HALF].value for each in leaders])
    slope = float(centred @ log2) / square
    off = log2 - log2.mean() - slope * centred
    scatter = float(off @ off) / (len(leaders) - 2) / square
    # The same tasks are drawn for every model, so that what moves all horizons alike moves no trend.
    ends = [(np.log2(each.shortest), np.log2(each.longest)) for each in leaders]
    again = np.stack([np.clip(each.resamples, *end) for each, end in zip(leaders, ends, strict=True)])
    # The scatter of models about the line holds most of the tasks' noise already; of few it can be small by luck.
    stderr = np.sqrt(max(scatter, np.nanvar(centred @ again / square)))
    low, high = t_limits(np.array([slope]), np.array([stderr]), np.array([len(leaders) - 2]), level)
    return Trend(
        doublings=Limits(slope, float(low[0]), float(high[0])),
        models=tuple(each.model for each in leaders),
    )
