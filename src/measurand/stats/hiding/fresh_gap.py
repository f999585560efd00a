"""Gaps between two sets of questions: of one model, of all models, and with what goes along."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from measurand.stats.intervals.binomial import wilson
from measurand.stats.intervals.correlation import bonett_wright
from measurand.stats.intervals.distributions import norm, student
from measurand.stats.intervals.limits import Limits
from measurand.stats.intervals.ranks import correlate

__all__ = ["gap_limits", "gap_z", "mean_gap", "rank_correlation"]

Floats = npt.NDArray[np.float64]


def gap_limits(old: Floats, new: Floats, n_old: Floats, n_new: Floats, level: float) -> tuple[Floats, Floats]:
    """Interval of the difference of two independent proportions, from their Wilson intervals.

    Parameters
    ----------
    old, new : proportions, shape (models,).
    n_old, n_new : numbers of items, NaN where not known (and then the interval is).

    References
    ----------
    Newcombe 1998, Interval estimation for the difference between independent proportions, Statistics in Medicine 17,
    method 10.

    Examples
    --------
    >>> low, high = gap_limits(*(np.array([x]) for x in (56 / 70, 48 / 80, 70.0, 80.0)), 0.95)
    >>> round(float(low[0]), 4), round(float(high[0]), 4)
    (0.0524, 0.3339)
    """
    known = np.isfinite(n_old) & np.isfinite(n_new)
    low, high = np.full((2, len(old)), np.nan)
    p, q, m, n = (values[known] for values in (old, new, n_old, n_new))
    p_low, p_high = wilson(p * m, m, level)
    q_low, q_high = wilson(q * n, n, level)
    low[known] = p - q - np.hypot(p - p_low, q_high - q)
    high[known] = p - q + np.hypot(p_high - p, q - q_low)
    return low, high


def gap_z(old: Floats, new: Floats, n_old: Floats, n_new: Floats) -> tuple[Floats, Floats]:
    """Pooled z statistic of old - new, and its one-sided p-value of a gap of 0 or less.

    Examples
    --------
    >>> z, p = gap_z(*(np.array([x]) for x in (0.566, 0.504, 1319.0, 1205.0)))
    >>> round(float(z[0]), 1), round(float(p[0]), 3)
    (3.1, 0.001)
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        # Pooled, as a test of no gap takes both proportions to be one; the interval of `gap_limits` may not.
        pooled = (old * n_old + new * n_new) / (n_old + n_new)
        z: Floats = (old - new) / np.sqrt(pooled * (1 - pooled) * (1 / n_old + 1 / n_new))
    return z, norm.sf(z)


def mean_gap(gaps: Floats, level: float) -> Limits:
    """Mean gap of all models and its t interval over models; no interval where gaps do not vary."""
    mean, n = float(gaps.mean()), len(gaps)
    spread = float(gaps.std(ddof=1)) if n > 1 else 0.0
    half = float(student.ppf((1 + level) / 2, n - 1)) * spread / np.sqrt(n) if spread > 0 else float("nan")
    return Limits(mean, mean - half, mean + half)


def rank_correlation(first: Floats, second: Floats, level: float) -> Limits:
    """Spearman's correlation with its Bonett-Wright interval; NaN below 4 models or where one side does not vary.

    Examples
    --------
    >>> [round(x, 2) for x in rank_correlation(np.arange(9.0), np.array([1.0, 0, 2, 4, 3, 5, 8, 7, 6]), 0.95)]
    [0.9, 0.48, 0.98]
    """
    n = np.array([len(first)])
    rho = correlate(first[None], second[:, None], np.ones((1, len(first))))[0]
    if len(first) < 4 or np.isnan(rho[0]):
        return Limits(float(rho[0]), float("nan"), float("nan"))
    low, high = bonett_wright(rho, n, level)
    return Limits(float(rho[0]), float(low[0]), float(high[0]))
