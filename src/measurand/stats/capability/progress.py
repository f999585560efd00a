"""Change beyond what capability explains: one pair of models, and the league of residuals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from measurand.stats.capability.beyond import Beyond, beyond
from measurand.stats.capability.regression import fit_lines
from measurand.stats.intervals.ranks import midranks
from measurand.stats.intervals.resampling import bootstrap_weights

__all__ = ["Excess", "League", "excess_change", "highest", "residual_league"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Excess:
    """Change of a score from one model to another, beyond the change expected from capability alone.

    ``change = expected + excess``; `half_width` is that of the prediction interval, around `expected` and, since the
    observed change is given, around `excess` alike. `chance` is of an excess as large in the direction that it has.
    """

    change: float
    expected: float
    excess: float
    half_width: float
    chance: Beyond
    n: int


def excess_change(x: Floats, y: Floats, old: int, new: int, level: float) -> Excess:
    """Excess of ``y[new] - y[old]`` over a least-squares line through all other models.

    The two models of the claim do not take part in the fit that judges them. The prediction interval counts the
    scatter of two models around the line and the slope's own error, with t(n - 2) for the n other models.

    Parameters
    ----------
    x, y : regressor and score, shape (models,); y may be NaN for models other than the two.

    Raises
    ------
    ValueError
        Fewer than 3 other models with a score.
    """
    others = np.isfinite(y)
    others[[old, new]] = False
    if others.sum() < 3:
        raise ValueError(f"at least 3 other models are needed for the line, got {others.sum()}")
    line = fit_lines(x[None, others], y[others, None], np.ones((1, int(others.sum()))))
    step = x[new] - x[old]
    expected = float(line.slope[0, 0] * step)
    # 2, for each model's scatter; the intercept's error is in both expectations and cancels.
    error = float(line.residual[0, 0] * np.sqrt(2 + step**2 / line.x_spread[0, 0]))
    change = float(y[new] - y[old])
    n = int(others.sum())
    excess, half = change - expected, float(stdtrit(n - 2, (1 + level) / 2)) * error
    ran = np.isfinite(y)
    places = np.cumsum(ran) - 1
    lower, upper = (old, new) if excess >= 0 else (new, old)
    chance = beyond(x[ran], y[ran], int(places[upper]), int(places[lower]))
    return Excess(change=change, expected=expected, excess=excess, half_width=half, chance=chance, n=n)


@dataclass(frozen=True, kw_only=True)
class League:
    """Residuals of models on the line of one benchmark, with percentile limits of residual and rank, shape (models,).

    Rank 1 is the highest residual: the most safety beyond capability. `chance` is of a highest residual as large.
    """

    residual: Floats
    low: Floats
    high: Floats
    rank: Floats
    rank_low: Floats
    rank_high: Floats
    chance: Beyond


def residual_league(
    x: Floats,
    y: Floats,
    stderr: Floats,
    families: npt.NDArray[np.int64],
    *,
    level: float,
    resamples: int,
    rng: np.random.Generator,
) -> League:
    """Rank models by their residual, over lines refitted to resampled families and, where known, measurement noise.

    Parameters
    ----------
    x : shape (models,).
    y, stderr : scores without NaN, and their standard errors (NaN where not known, then without noise).
    """
    unit = np.ones((1, len(x)))
    point = fit_lines(x[None], y[:, None], unit)
    weights = bootstrap_weights(len(x), resamples, rng, families)
    lines = fit_lines(np.broadcast_to(x, weights.shape), y[:, None], weights)
    noise = rng.standard_normal(weights.shape) * np.nan_to_num(stderr)
    residual = (y - point.intercept - point.slope * x)[0]
    drawn = y + noise - lines.intercept - lines.slope * x
    # A resample of families that do not differ in x has no line.
    drawn = drawn[np.isfinite(drawn).all(axis=1)]
    tail = [(1 - level) / 2, (1 + level) / 2]
    low, high = np.quantile(drawn, tail, axis=0)
    ranks = midranks(-drawn, np.broadcast_to(unit, drawn.shape))
    rank_low, rank_high = np.quantile(ranks, tail, axis=0)
    if len(np.unique(families)) < 2:
        low, high, rank_low, rank_high = (np.full(len(x), np.nan) for _ in range(4))
    rank = midranks(-residual[None], unit)[0]
    return League(
        residual=residual,
        low=low,
        high=high,
        rank=rank,
        rank_low=rank_low,
        rank_high=rank_high,
        chance=highest(x, y, residual),
    )


def highest(x: Floats, y: Floats, residual: Floats) -> Beyond:
    """How often chance alone would place the highest of the models so far above the others (Bonferroni over models).

    Parameters
    ----------
    x, y, residual : regressor, score, and residuals of the least-squares line, shape (n,).
    """
    found = beyond(x, y, int(residual.argmax()))
    return Beyond(min(1.0, len(x) * found.straight), min(1.0, len(x) * found.whatever))
