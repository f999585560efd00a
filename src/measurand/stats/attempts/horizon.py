"""The length of task at which a model succeeds so often: curves of success on the logarithm of length, many at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit, ndtr, ndtri

__all__ = ["Curves", "Link", "drawn_tasks", "fit_curves", "simex", "task_weights"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Link = Literal["logistic", "probit", "cloglog"]

STEPS = 60
_SETTLED = 1e-8
_STEEPEST = 20.0
"""In units of the link per doubling: beyond it a curve is a step, and how steep makes no difference."""

_FLAT = 30.0
"""Level of a curve without any failure, or, below 0, any success."""

PULL = 0.05
"""Precision of the weak normal prior that draws the slope towards 0, against a weight of 1 per task: it keeps the
curve of a model finite that solves all short tasks and none of the long ones, and hardly moves any other."""

DOSES = np.array([0.5, 1.0, 1.5, 2.0])
"""Shares of the noise's variance that are added, to see where there being none would lead."""


Curve = Callable[[Floats], Floats]

_FORWARD: Mapping[Link, Curve] = {
    "logistic": expit,
    "probit": ndtr,
    "cloglog": lambda x: -np.expm1(-np.exp(np.clip(x, -40, 3.6))),
}
_INVERSE: Mapping[Link, Curve] = {"logistic": logit, "probit": ndtri, "cloglog": lambda p: np.log(-np.log1p(-p))}


class Curves(NamedTuple):
    """Fitted curves ``success = ceiling * link(level - slope * log2 length)``, one per row.

    Parameters
    ----------
    level, slope : shape (rows,); a slope above 0 falls with length.
    """

    level: Floats
    slope: Floats
    link: Link
    ceiling: float

    def log2_length(self, success: float) -> Floats:
        """Where each curve reaches this success, in log2 of the unit of length, shape (rows,).

        Infinite where it does not fall with length: upwards where the model is above it, downwards where below.
        """
        wanted = _INVERSE[self.link](np.array([success / self.ceiling]))[0]
        with np.errstate(divide="ignore", invalid="ignore"):
            found = (self.level - wanted) / self.slope
        beyond = np.where(self.slope <= 0, self.level - wanted, found)
        # A length of 2^200 is none.
        result: Floats = np.where((self.slope <= 0) | (np.abs(found) > 200), np.copysign(np.inf, beyond), found)
        return result

    def at(self, log2_length: Floats) -> Floats:
        """Success of each curve at these lengths, shape (rows, lengths)."""
        of = self.level[:, None] - self.slope[:, None] * log2_length
        result: Floats = self.ceiling * _FORWARD[self.link](of)
        return result


def _slope_of(link: Link, at: Floats, share: Floats) -> Floats:
    """Derivative of the link's curve."""
    if link == "logistic":
        return share * (1 - share)
    if link == "probit":
        result: Floats = np.exp(-0.5 * at**2) / np.sqrt(2 * np.pi)
        return result
    steep: Floats = np.exp(np.clip(at, -40, 3.6)) * (1 - share)
    return steep


def _step(
    level: Floats, slope: Floats, z: Floats, success: Floats, weight: Floats, *, link: Link, ceiling: float
) -> Floats:
    """One step of Fisher scoring: how far level and slope move, shape (2, rows)."""
    at = level[:, None] + slope[:, None] * z
    share = np.clip(_FORWARD[link](at), 1e-9, 1 - 1e-9)
    expected = ceiling * share
    steep = ceiling * _slope_of(link, at, share)
    pull = weight * steep / (expected * (1 - expected))
    information, score = pull * steep, pull * (success - expected)
    a, first = information.sum(axis=1), score.sum(axis=1)
    b, second = np.vecdot(information, z), np.vecdot(score, z) - PULL * slope
    c = np.vecdot(information, z * z) + PULL
    determinant = np.maximum(a * c - b * b, 1e-12)
    moved: Floats = np.clip(np.stack([c * first - b * second, a * second - b * first]) / determinant, -0.5, 0.5)
    return moved


def fit_curves(
    log2_length: Floats,
    success: Floats,
    weight: Floats,
    *,
    link: Link = "logistic",
    ceiling: float = 1.0,
) -> Curves:
    """Likeliest curves of success on log2 of length, by Fisher scoring, all rows at once.

    Parameters
    ----------
    log2_length : shape (tasks,) or (rows, tasks).
    success : share of the runs at each task that succeeded, shape (rows, tasks).
    weight : of each task, shape (rows, tasks); 0 where it was not run.
    link : shape of the curve. ceiling : success at the shortest tasks, in (0, 1].

    References
    ----------
    McCullagh and Nelder 1989, Generalized linear models, 2.5.

    Examples
    --------
    >>> length = np.arange(10.0)
    >>> share = expit(0.8 * (4.5 - length))[None]
    >>> found = fit_curves(length, share, np.full((1, 10), 100.0))
    >>> found.log2_length(0.5).round(2).tolist(), found.slope.round(2).tolist()
    ([4.5], [0.8])
    """
    x = np.broadcast_to(log2_length, success.shape)
    total = weight.sum(axis=1)
    # About the middle of the lengths, level and slope are told apart best.
    middle = (weight * x).sum(axis=1) / total
    z = middle[:, None] - x
    mean = np.clip((weight * success).sum(axis=1) / total, 0.02, 0.98) / ceiling
    level = np.asarray(_INVERSE[link](np.minimum(mean, 0.98)), dtype=np.float64)
    # Least squares says which way a curve goes; from the wrong side scoring can swing for ever.
    lean = (weight * z * success).sum(axis=1) / np.maximum((weight * z**2).sum(axis=1), 1e-12)
    slope = np.clip(lean / (mean * (1 - np.minimum(mean, 0.98))), -1.0, 1.0)
    going, held = np.arange(len(level)), (z, success, weight)
    for _ in range(STEPS):
        moved = _step(level[going], slope[going], *held, link=link, ceiling=ceiling)
        level[going] += moved[0]
        slope[going] = np.clip(slope[going] + moved[1], -_STEEPEST, _STEEPEST)
        unsettled = np.abs(moved).max(axis=0) >= _SETTLED
        if not unsettled.any():
            break
        if not unsettled.all():
            # A few that are nearly steps take long; the others need not go with them.
            going, held = going[unsettled], tuple(each[unsettled] for each in held)
    # Of one that did all or nothing the data set no end to the level: the curve is flat, above or below any success.
    done = (weight * success).sum(axis=1)
    always, never = done >= total * (1 - 1e-12), done <= 0
    slope = np.where(always | never, 0.0, slope)
    level = np.where(always, _FLAT, np.where(never, -_FLAT, level))
    return Curves(level + slope * middle, slope, link, ceiling)


def task_weights(family: Ints) -> Floats:
    """Weight of each task, 1 over the square root of its family's size, so that they add up to the number of tasks.

    Between counting tasks and counting families: tasks of a family are partly alike.

    References
    ----------
    Kwa et al. 2025, Measuring AI ability to complete long tasks, arXiv 2503.14499.

    Examples
    --------
    >>> task_weights(np.array([0, 0, 0, 0, 1])).round(2).tolist()
    [0.83, 0.83, 0.83, 0.83, 1.67]
    """
    weight = 1 / np.sqrt(np.bincount(family)[family])
    result: Floats = weight * len(family) / weight.sum()
    return result


def drawn_tasks(family: Ints, resamples: int, rng: np.random.Generator) -> Ints:
    """How often each task is in a resample of families, and of the tasks within each of them, shape (resamples, tasks).

    Examples
    --------
    >>> drawn = drawn_tasks(np.array([0, 0, 1]), 4, np.random.default_rng(0))
    >>> drawn.shape
    (4, 3)
    """
    sizes = np.bincount(family)
    families = rng.multinomial(len(sizes), np.full(len(sizes), 1 / len(sizes)), size=resamples)
    drawn = np.zeros((resamples, len(family)), dtype=np.int64)
    for code, size in enumerate(sizes.tolist()):
        drawn[:, family == code] = rng.multinomial(families[:, code] * size, np.full(size, 1 / size))
    return drawn


def simex(
    log2_length: Floats, success: Floats, weight: Floats, noise: float, wanted: float, rng: np.random.Generator
) -> float:
    """Where the logistic curve would reach this success if lengths were known without noise, in log2 of length.

    Noise is added in further doses, and a parabola through what comes of it is followed back to none.

    Parameters
    ----------
    log2_length, success, weight : of one model's tasks, shape (tasks,).
    noise : standard deviation of the noise in log2 of the lengths. wanted : the success.

    References
    ----------
    Cook and Stefanski 1994, Simulation-extrapolation estimation in parametric measurement error models, JASA 89(428).
    """
    draws = 20
    shift = rng.standard_normal((len(DOSES), draws, len(log2_length))) * (noise * np.sqrt(DOSES))[:, None, None]
    rows = (log2_length + shift).reshape(-1, len(log2_length))
    repeated = (np.broadcast_to(each, rows.shape) for each in (success, weight))
    found = fit_curves(rows, *repeated).log2_length(wanted).reshape(len(DOSES), draws)
    plain = fit_curves(log2_length, success[None], weight[None]).log2_length(wanted)
    means = np.array([plain[0], *np.median(found, axis=1)])
    if not np.isfinite(means).all():
        return float("nan")
    return float(np.polyval(np.polyfit(np.array([0.0, *DOSES]), means, 2), -1.0))
