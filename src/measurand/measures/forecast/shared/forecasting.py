"""One benchmark forecast from one driver: the curve, its fan, and the models left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from measurand.measures.forecast.shared.drivers import Driver, Name, drivers_of, score_limits
from measurand.measures.forecast.shared.held_out import MOST_BLOCKS, Sample, Split, family_split, newest_split
from measurand.measures.shared import family_codes, kind
from measurand.stats.capability.growth import forecasts
from measurand.stats.intervals.limits import Limits
from measurand.stats.intervals.resampling import family_blocks
from measurand.tables import Scores
from measurand.wording import plural

__all__ = ["LEAST_MODELS", "Asked", "Forecast", "Target", "forecasts_of"]

Floats = npt.NDArray[np.float64]

# Three parameters of the sigmoid, and models left out to see whether they hold.
LEAST_MODELS = 10
GRID = 40
"""Places at which the curve is drawn."""


@dataclass(frozen=True)
class Asked:
    """A model to predict: as it was asked for, by which driver, and where on it."""

    text: str
    by: Name
    driver: float


@dataclass(frozen=True)
class Target:
    """The score expected of a model that was asked for.

    Parameters
    ----------
    asked : the model.
    score : its score, with a prediction interval.
    beyond : how far it lies beyond the models seen, in orders of magnitude or years; 0 within their range.
    """

    asked: Asked
    score: Limits
    beyond: float


@dataclass(frozen=True, eq=False, kw_only=True)
class Forecast:
    """One benchmark, one class, one driver.

    Parameters
    ----------
    models, drivers, scores : of the models behind it; drivers of shape (n, drivers).
    limits : floor and top of the scores; None for a straight line.
    by_family, newest : models left out and predicted; None where that cannot be done.
    newest_by : ``"date"`` or ``"compute"``.
    grid, curve, low, high : driver, expected score and prediction interval, shape (g,).
    older : expected score and prediction interval from the models but the newest, shape (3, g); None without `newest`.
    families : how many.
    unknown_families : models of unknown family, each counted as one.
    undated : models without a release date; the date alone is no guess then.
    """

    benchmark: str
    class_: str
    driver: Name
    models: tuple[str, ...]
    drivers: Floats
    scores: Floats
    limits: tuple[float, float] | None
    by_family: Split | None
    newest: Split | None
    newest_by: str
    grid: Floats
    curve: Floats
    low: Floats
    high: Floats
    older: Floats | None
    target: Target | None
    families: int
    unknown_families: int
    undated: int


def forecasts_of(
    scores: Scores,
    models: Sequence[str],
    class_: str,
    benchmark: str,
    components: int,
    level: float,
    by: Name | None,
    asked: Asked | None,
) -> list[Forecast] | str:
    """Forecasts of one benchmark, the one that is judged first; or why there is none."""
    values = scores.matrix(models, [benchmark])[:, 0]
    run = np.isfinite(values)
    if run.sum() < LEAST_MODELS:
        return f"{plural(int(run.sum()), f'{kind(class_)}model')} with a score"
    if values[run].max() <= values[run].min():
        return f"all {run.sum()} {kind(class_)}models have the same score"
    drivers = drivers_of(scores, models, benchmark, components)
    found = {
        name: made
        for name, driver in drivers.items()
        if (made := _by_driver(scores, models, class_, benchmark, values, driver, drivers, level, asked))
    }
    first = by or next(iter(found), None)
    if first is None or first not in found:
        count = {name: int((np.isfinite(d.values).all(axis=1) & run).sum()) for name, d in drivers.items()}
        told = f"training FLOP of {count['compute']}, the release date of {count['date']}"
        return (
            f"of {run.sum()} {kind(class_)}models with a score, the {told} and the other benchmarks of "
            f"{count['components']} are known, or do not differ"
        )
    return [found[first], *(made for name, made in found.items() if name != first)]


def _by_driver(
    scores: Scores,
    models: Sequence[str],
    class_: str,
    benchmark: str,
    values: Floats,
    driver: Driver,
    drivers: dict[Name, Driver],
    level: float,
    asked: Asked | None,
) -> Forecast | None:
    """The forecast by one driver; None where too few models have it."""
    there = np.isfinite(values) & np.isfinite(driver.values).all(axis=1)
    x, y = driver.values[there], values[there]
    if there.sum() < LEAST_MODELS or x.shape[1] == 0 or (np.ptp(x, axis=0) <= 0).any() or np.ptp(y) <= 0:
        return None
    taking = tuple(models[place] for place in np.flatnonzero(there).tolist())
    told = scores.model_fact("family", taking)
    families, names, unknown = family_codes(taking, told)
    limits = score_limits(scores, benchmark, y)
    dates, flop = drivers["date"].values[there, 0], drivers["compute"].values[there, 0]
    dated = bool(np.isfinite(dates).all())
    order = dates if dated else flop if np.isfinite(flop).all() else None
    sample = Sample(
        drivers=x, scores=y, families=families, dates=dates, order=order, limits=limits, by_date=driver.name == "date"
    )
    # With one family, further models of it are what can be predicted.
    blocks = sample.blocks if len(names) > 1 else family_blocks(np.arange(len(y)), MOST_BLOCKS)
    wanted = asked if asked is not None and asked.by == driver.name else None
    grid = _grid(x[:, 0], wanted)
    steps = np.repeat(x.mean(axis=0)[None], len(grid), axis=0)
    steps[:, 0] = grid
    newest = newest_split(sample, level)
    sets = np.ones((1 if newest is None else 2, len(y)))
    if newest is not None:
        sets[1, newest.places] = 0
    made = forecasts(x, y, blocks, sets, steps, limits)
    lows, highs = _within(*made.limits(level), scores.benchmark_fact("higher_is", [benchmark])[0] == "worse", limits)
    low, high = lows[0], highs[0]
    target = None
    if wanted is not None:
        beyond = max(0.0, wanted.driver - float(x[:, 0].max()))
        score = Limits(float(made.value[0, -1]), float(low[-1]), float(high[-1]))
        target = Target(wanted, score, beyond)
    in_order = np.argsort(grid, kind="stable")
    return Forecast(
        benchmark=benchmark,
        class_=class_,
        driver=driver.name,
        models=taking,
        drivers=x,
        scores=y,
        limits=limits,
        by_family=family_split(sample, level),
        newest=newest,
        newest_by="date" if dated else "compute",
        grid=grid[in_order],
        curve=made.value[0][in_order],
        low=low[in_order],
        high=high[in_order],
        older=None if newest is None else np.stack([made.value[1], lows[1], highs[1]])[:, in_order],
        target=target,
        families=len(names),
        unknown_families=unknown,
        undated=int((~np.isfinite(dates)).sum()),
    )


def _grid(driver: Floats, asked: Asked | None) -> Floats:
    """Places of the curve, the one asked for last."""
    grid = np.linspace(driver.min(), driver.max(), GRID)
    if asked is None:
        return grid
    step = grid[1] - grid[0]
    further = np.arange(grid[-1] + step, asked.driver, max(step, (asked.driver - grid[-1]) / GRID))
    return np.concatenate([grid, further, [asked.driver]])


def _within(low: Floats, high: Floats, worse: bool, limits: tuple[float, float] | None) -> tuple[Floats, Floats]:
    """Limits kept within what can be scored: below chance, too."""
    if limits is None:
        return low, high
    least, most = (limits[0], 0.0) if worse else (0.0, limits[1])
    return np.clip(low, least, most), np.clip(high, least, most)
