"""Does a score jump with scale, or grow smoothly? Measures of emergence and a test between the two."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["LEAST_MODELS", "Shape", "breakthroughness", "linearity", "shape_of", "smooth_residuals", "step_residuals"]

Floats = npt.NDArray[np.float64]

LEAST_MODELS = 8
"""Below this many sizes a cubic leaves too little to judge a step by."""

_DEGREE = 3


def linearity(scores: Floats) -> float:
    """Range over the root of the mean squared step, with the sign of the change; NaN where nothing changes.

    Parameters
    ----------
    scores : shape (models,), ordered by scale.

    References
    ----------
    Srivastava et al. 2022, Beyond the imitation game, arXiv 2206.04615.

    Examples
    --------
    >>> linearity(np.array([0.0, 0.25, 0.5, 0.75, 1.0]))
    4.0
    """
    return _improvement(scores) / _root(float(np.mean(np.diff(scores) ** 2)))


def breakthroughness(scores: Floats) -> float:
    """Range over the root of the median squared step, with the sign of the change; NaN where most steps are 0.

    Examples
    --------
    >>> round(breakthroughness(np.array([0.0, 0.01, 0.02, 0.03, 1.0])), 1)
    100.0
    """
    return _improvement(scores) / _root(float(np.median(np.diff(scores) ** 2)))


def _improvement(scores: Floats) -> float:
    return float(np.sign(int(scores.argmax()) - int(scores.argmin())) * np.ptp(scores))


def _root(value: float) -> float:
    return float(np.sqrt(value)) if value > 0 else float("nan")


@dataclass(frozen=True, eq=False)
class Shape:
    """How a score depends on scale.

    Parameters
    ----------
    smooth_p, step_p : p-values of a smooth curve and of a single step, each against the other.
    evidence : n log(residual of the curve / residual of the step): above 0 the step fits better.
    place : scale at which the best step lies, halfway between two models.
    curve : the smooth curve at the models.
    """

    smooth_p: float
    step_p: float
    evidence: float
    place: float
    curve: Floats


def smooth_residuals(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Sum of squared residuals of a cubic in x, and its values.

    Parameters
    ----------
    x : shape (n,).
    y : shape (rows, n).
    """
    # Centred, scaled, orthogonal: raw powers of a log FLOP near 25 are all but collinear.
    basis, _ = np.linalg.qr(np.vander((x - x.mean()) / np.ptp(x), _DEGREE + 1))
    fitted = (y @ basis) @ basis.T
    return ((y - fitted) ** 2).sum(axis=1), fitted


def step_residuals(y: Floats) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Sum of squared residuals of the best two levels, and how many of the first models are on the lower level.

    Parameters
    ----------
    y : shape (rows, n), ordered by scale.

    Examples
    --------
    >>> step_residuals(np.array([[0.0, 0.0, 0.0, 1.0, 1.0]]))[1].tolist()
    [3]
    """
    n = y.shape[1]
    centred = y - y.mean(axis=1, keepdims=True)
    left = np.arange(1, n)
    sums = np.cumsum(centred, axis=1)[:, left - 1]
    # The right side's sum is minus the left's, as the whole is centred.
    gain = sums**2 * (1 / left + 1 / (n - left))
    best = gain.argmax(axis=1)
    residual = (centred**2).sum(axis=1) - gain.max(axis=1)
    return np.maximum(residual, 0.0), left[best]


def shape_of(x: Floats, y: Floats, resamples: int, rng: np.random.Generator) -> Shape:
    """Test a smooth curve (a cubic) and a step (two levels) against each other.

    The statistic is n log(residual of the curve / residual of the step); its distribution under either comes from a
    parametric bootstrap of that fit with normal errors (Williams 1970: neither model contains the other).

    Parameters
    ----------
    x : logarithm of scale, shape (n,), ascending and distinct, n at least `LEAST_MODELS`.
    y : scores, shape (n,).

    References
    ----------
    Williams 1970, Discrimination between regression models to determine the pattern of enzyme synthesis in synchronous
    cell cultures, Biometrics 26(1).

    Examples
    --------
    >>> x = np.arange(12.0)
    >>> found = shape_of(x, np.where(x < 6, 0.1, 0.8) + 0.02 * np.cos(9 * x), 500, np.random.default_rng(0))
    >>> found.smooth_p < 0.05 < found.step_p, found.place
    (True, 5.5)
    """
    n = len(x)
    evidence, curve, low = _evidence(x, y[None])
    at = int(low[0])
    levels = np.where(np.arange(n) < at, y[:at].mean(), y[at:].mean())
    p_values = []
    # A step takes three degrees of freedom: two levels, and where it lies.
    for fitted, freedom, sign in ((curve[0], n - _DEGREE - 1, 1), (levels, n - 3, -1)):
        spread = float(np.sqrt(((y - fitted) ** 2).sum() / freedom))
        drawn = fitted + spread * rng.standard_normal((resamples, n))
        # A fit that leaves nothing over has no noise to draw: it is not rejected.
        beyond = int((sign * _evidence(x, drawn)[0] >= sign * evidence[0]).sum()) if spread > 0 else resamples
        p_values.append((beyond + 1) / (resamples + 1))
    return Shape(p_values[0], p_values[1], float(evidence[0]), float((x[at - 1] + x[at]) / 2), curve[0])


def _evidence(x: Floats, y: Floats) -> tuple[Floats, Floats, npt.NDArray[np.int64]]:
    smooth, curve = smooth_residuals(x, y)
    step, low = step_residuals(y)
    # A perfect fit of either is a very good one, not an infinite one.
    least = 1e-12 * np.maximum(((y - y.mean(axis=1, keepdims=True)) ** 2).sum(axis=1), 1e-300)
    return len(x) * np.log(np.maximum(smooth, least) / np.maximum(step, least)), curve, low
