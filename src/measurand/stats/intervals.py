"""Intervals of correlations and medians over models that come in families."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri, stdtrit

__all__ = ["bonett_wright", "bonett_wright_se", "fisher", "jackknife_se", "jackknife_t", "jackknife_z", "median_limits"]

Floats = npt.NDArray[np.float64]
Interval = tuple[Floats, Floats]


def _on_z_scale(rho: Floats, half_width: Floats) -> Interval:
    """rho plus and minus a half width given on Fisher's z scale, taken back."""
    z = np.arctanh(np.clip(rho, -1 + 1e-12, 1 - 1e-12))
    return np.tanh(z - half_width), np.tanh(z + half_width)


def fisher(rho: Floats, n: Floats, level: float) -> Interval:
    """Fisher z interval with the standard error 1 / sqrt(n - 3) of a Pearson correlation."""
    return _on_z_scale(rho, ndtri((1 + level) / 2) / np.sqrt(n - 3))


def bonett_wright_se(rho: Floats, n: Floats) -> Floats:
    """Standard error of atanh(Spearman's rho): sqrt((1 + rho^2 / 2) / (n - 3)) (Bonett and Wright 2000).

    Psychometrika 65(1), 23-28. Undefined (NaN) below n = 4.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.sqrt(np.where(n > 3, (1 + np.square(rho) / 2) / (n - 3), np.nan))


def bonett_wright(rho: Floats, n: Floats, level: float) -> Interval:
    """Fisher z interval with the Bonett-Wright standard error, for independent observations."""
    return _on_z_scale(rho, ndtri((1 + level) / 2) * bonett_wright_se(rho, n))


def jackknife_se(replicates: Floats) -> tuple[Floats, Floats]:
    """Standard error of each column from leave-one-family-out replicates, and the number of replicates defined.

    SE^2 = (G - 1) / G * sum over families (replicate - their mean)^2.
    """
    groups = np.isfinite(replicates).sum(axis=0).astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(np.isfinite(replicates), replicates, 0.0).sum(axis=0) / groups
        spread = np.where(np.isfinite(replicates), (replicates - mean) ** 2, 0.0).sum(axis=0)
        return np.sqrt(np.where(groups >= 2, (groups - 1) / groups * spread, np.nan)), groups


def jackknife_t(value: Floats, replicates: Floats, level: float) -> Interval:
    """value plus and minus t(G - 1) jackknife standard errors.

    Parameters
    ----------
    value : shape (m,).
    replicates : leave-one-family-out replicates, shape (G, m).

    Returns
    -------
    low, high : shape (m,); NaN below two families.
    """
    se, groups = jackknife_se(replicates)
    with np.errstate(invalid="ignore"):
        half = stdtrit(np.maximum(groups - 1, 1), (1 + level) / 2) * se
    return value - half, value + half


def jackknife_z(rho: Floats, replicates: Floats, level: float) -> Interval:
    """Leave-one-family-out jackknife of a correlation on Fisher's z scale, with t(G - 1)."""
    se, groups = jackknife_se(np.arctanh(np.clip(replicates, -1 + 1e-12, 1 - 1e-12)))
    with np.errstate(invalid="ignore"):
        return _on_z_scale(rho, stdtrit(np.maximum(groups - 1, 1), (1 + level) / 2) * se)


def median_limits(values: Floats, families: npt.NDArray[np.int64], level: float) -> tuple[float, float]:
    """Interval of a median over observations in families (Woodruff 1952, JASA 47(260)).

    The share of observations below the median gets a family-clustered standard error (CR1) with t(G - 1); the limits
    are the order statistics at that share's interval, rounded outward.

    Parameters
    ----------
    values : shape (n,), no NaN.
    families : family code of each observation, shape (n,).

    Returns
    -------
    low, high
        NaN where the interval would reach beyond the observations, or with one family only.

    Examples
    --------
    >>> median_limits(np.arange(1.0, 21.0), np.arange(20), 0.95)
    (5.0, 16.0)
    >>> median_limits(np.arange(1.0, 4.0), np.arange(3), 0.95)
    (nan, nan)
    """
    n = len(values)
    _, member = np.unique(families, return_inverse=True)
    by_family = np.bincount(member, (values <= np.median(values)) - 0.5)
    groups = len(by_family)
    if groups < 2:
        return float("nan"), float("nan")
    se = np.sqrt(groups / (groups - 1) * (by_family**2).sum()) / n
    half = stdtrit(groups - 1, (1 + level) / 2) * se
    low, high = math.floor(n * (0.5 - half)), math.ceil(n * (0.5 + half))
    if low < 1 or high > n:
        return float("nan"), float("nan")
    ordered = np.sort(values)
    return float(ordered[low - 1]), float(ordered[high - 1])
