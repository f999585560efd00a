"""Scores as a sigmoid of what drives them, and intervals for models not yet seen, over models that come in families."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit, stdtrit

__all__ = ["Curve", "Forecasts", "fit_curve", "forecasts"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_PENALTY = 1e-4
"""Of the squared slopes, per standardised driver: without effect but where every score is at the floor or the top."""
_STEPS, _TOLERANCE = 100, 1e-8
_EVEN = 0.02
"""Added to p (1 - p), to which the spread of scores is in proportion: some is left at the floor and at the top."""


@dataclass(frozen=True)
class Curve:
    """Curves fitted under several weightings.

    Parameters
    ----------
    coefficients : intercept and slopes in terms of the standardised drivers, shape (fits, 1 + drivers).
    centre, scale : of the drivers, shape (drivers,).
    floor, span : the score at the bottom and the distance to the top; no range (None) makes it a line.
    """

    coefficients: Floats
    centre: Floats
    scale: Floats
    limits: tuple[float, float] | None

    def at(self, drivers: Floats) -> Floats:
        """Expected scores, shape (fits, places), for drivers of shape (places, drivers)."""
        return _score(self.coefficients @ _design(drivers, self.centre, self.scale).T, self.limits)


def fit_curve(drivers: Floats, scores: Floats, weights: Floats, limits: tuple[float, float] | None) -> Curve:
    """Least squares of ``floor + (top - floor) sigma(b0 + b x)`` under many weightings at once.

    Parameters
    ----------
    drivers : shape (n, drivers), each of which varies.
    scores : shape (n,).
    weights : shape (fits, n).
    limits : floor and top; None for a straight line.

    Examples
    --------
    >>> x = np.linspace(-3, 3, 30)
    >>> curve = fit_curve(x[:, None], 0.25 + 0.75 * expit(x), np.ones((1, 30)), (0.25, 1.0))
    >>> curve.at(np.array([[0.0]])).round(3).tolist()
    [[0.625]]
    """
    centre, scale = drivers.mean(axis=0), drivers.std(axis=0)
    design = _design(drivers, centre, scale)
    # A line is fitted in standard deviations: penalty and tolerance then mean the same on any scale of scores.
    low, top = limits or (float(scores.mean()), float(scores.mean() + (scores.std() or 1.0)))
    unit = (scores - low) / (top - low)
    link = _Line if limits is None else _Sigmoid
    coefficients = _least_squares(design, unit, weights, link)
    return Curve(coefficients if limits else coefficients * (top - low) + low * _first(design), centre, scale, limits)


def _first(design: Floats) -> Floats:
    result: Floats = np.eye(design.shape[1])[0]
    return result


def _design(drivers: Floats, centre: Floats, scale: Floats) -> Floats:
    return np.column_stack([np.ones(len(drivers)), (drivers - centre) / scale])


def _score(linear: Floats, limits: tuple[float, float] | None) -> Floats:
    if limits is None:
        return linear
    result: Floats = limits[0] + (limits[1] - limits[0]) * expit(linear)
    return result


class _Sigmoid:
    @staticmethod
    def start(unit: Floats) -> Floats:
        result: Floats = logit(np.clip(unit, 0.05, 0.95))
        return result

    @staticmethod
    def value(linear: Floats) -> tuple[Floats, Floats]:
        value = expit(linear)
        return value, value * (1 - value)


class _Line:
    @staticmethod
    def start(unit: Floats) -> Floats:
        return unit

    @staticmethod
    def value(linear: Floats) -> tuple[Floats, Floats]:
        return linear, np.ones_like(linear)


def _least_squares(design: Floats, unit: Floats, weights: Floats, link: type[_Sigmoid] | type[_Line]) -> Floats:
    """Levenberg-Marquardt for all weightings at once, shape (fits, 1 + drivers)."""
    width = design.shape[1]
    penalty = _PENALTY * (1 - _first(design))
    outer = (design[:, :, None] * design[:, None, :]).reshape(len(design), -1)
    # 1e-9 in the step alone: solvable where nothing bears on a parameter, and no effect on where the fit ends.
    ridge = np.diag(penalty + 1e-9)

    def normal(curvature: Floats) -> Floats:
        return (curvature @ outer).reshape(-1, width, width) + ridge

    first = np.linalg.solve(normal(weights), ((weights * link.start(unit)) @ design)[:, :, None])[:, :, 0]
    theta = first.astype(np.float64)
    damping = np.full(len(weights), 1e-3)

    def cost(theta: Floats) -> Floats:
        residual = link.value(theta @ design.T)[0] - unit
        result: Floats = (weights * residual**2).sum(axis=1) + theta**2 @ penalty
        return result

    best = cost(theta)
    for _ in range(_STEPS):
        value, slope = link.value(theta @ design.T)
        gradient = (weights * slope * (value - unit)) @ design + penalty * theta
        hessian = normal(weights * slope**2)
        hessian[:, np.arange(width), np.arange(width)] *= 1 + damping[:, None]
        step = np.linalg.solve(hessian, gradient[:, :, None])[:, :, 0]
        reached = cost(theta - step)
        better = reached <= best
        theta[better] -= step[better]
        best = np.where(better, reached, best)
        damping = np.where(better, damping / 5, damping * 5)
        if (np.abs(step).max(axis=1) < _TOLERANCE).all():
            break
    return theta


@dataclass(frozen=True)
class Forecasts:
    """Forecasts from several training sets; arrays have shape (sets, places).

    Parameters
    ----------
    value : expected score.
    stderr : standard error of prediction for a new model of a new family.
    freedom : degrees of freedom, shape (sets,).
    """

    value: Floats
    stderr: Floats
    freedom: Floats

    def limits(self, level: float) -> tuple[Floats, Floats]:
        """Prediction intervals, by t; NaN without a degree of freedom."""
        usable = self.freedom > 0
        t = np.where(usable, stdtrit(np.where(usable, self.freedom, 1.0), (1 + level) / 2), np.nan)
        half = t[:, None] * self.stderr
        return self.value - half, self.value + half


def forecasts(
    drivers: Floats,
    scores: Floats,
    families: Ints,
    sets: Floats,
    places: Floats,
    limits: tuple[float, float] | None,
) -> Forecasts:
    """Expected scores at some places with the error of predicting a new model of a new family.

    The variance of the prediction is that of the curve there, by a jackknife that leaves out a family at a time, plus
    the scatter of models around it: the mean product of each residual with the residual of the curve made without
    the family, on the scale of ``sqrt(p (1 - p) + .02)`` for a sigmoid. Degrees of freedom are the harmonic mean of
    families less one and models less parameters: the scatter is partly between families and partly within them. Chosen
    by measured coverage (docs/calibration.md).

    Parameters
    ----------
    drivers, scores : of the models, shapes (n, drivers) and (n,).
    families : number of each model's family, shape (n,).
    sets : whether a model is in a training set, 1 or 0, shape (sets, n); at least two families each.
    places : drivers of the models to predict, shape (places, drivers).
    limits : floor and top; None for a straight line.
    """
    codes, member = np.unique(families, return_inverse=True)
    without = (member != np.arange(len(codes))[:, None]).astype(np.float64)
    weights = np.concatenate([sets[:, None, :], sets[:, None, :] * without], axis=1).reshape(-1, len(scores))
    curve = fit_curve(drivers, scores, weights, limits)
    shape = (len(sets), 1 + len(codes), -1)
    at_places, at_models = (curve.at(where).reshape(shape) for where in (places, drivers))
    there = np.array([[bool((row * (member == code)).any()) for code in range(len(codes))] for row in sets])
    groups = there.sum(axis=1)
    # Leaving out a family that is not in the set changes nothing: such replicates would shrink the spread.
    left = np.where(there[:, :, None], at_places[:, 1:], np.nan)
    mean = np.nanmean(left, axis=1, keepdims=True)
    of_curve = np.nansum((left - mean) ** 2, axis=1) * ((groups - 1) / groups)[:, None]
    inside = at_models[:, 0] - scores
    outside = at_models[:, 1:][:, member, np.arange(len(scores))] - scores
    # Residuals of the fit are too small, left-out ones hold the curve's own error: their product is neither (as HC2).
    scatter = (sets * inside * outside / _unevenness(at_models[:, 0], limits)).sum(axis=1) / sets.sum(axis=1)
    value = at_places[:, 0]
    variance = of_curve + np.maximum(scatter, 0)[:, None] * _unevenness(value, limits)
    models = sets.sum(axis=1) - 1 - drivers.shape[1]
    with np.errstate(divide="ignore"):
        freedom = np.where(groups > 1, 2 / (1 / (groups - 1.0) + 1 / np.maximum(models, 1)), 0.0)
    return Forecasts(value, np.sqrt(variance), freedom)


def _unevenness(expected: Floats, limits: tuple[float, float] | None) -> Floats:
    """What the variance of scores is in proportion to."""
    if limits is None:
        return np.ones_like(expected)
    share = (expected - limits[0]) / (limits[1] - limits[0])
    result: Floats = share * (1 - share) + _EVEN
    return result
