"""Differences held against a margin: shown to be worse by more than it, shown not to be, or neither."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from measurand.stats.intervals.distributions import norm, student
from measurand.stats.intervals.paired import Pairs

__all__ = ["Average", "Margin", "average", "margin_tests", "t_tests", "tango_z", "units_to_clear"]

Floats = npt.NDArray[np.float64]


class Margin(NamedTuple):
    """One-sided p-values: of a loss no greater than the margin, and of one at least as great."""

    worse: Floats
    not_worse: Floats


class Average(NamedTuple):
    """Mean of independent differences, with its standard error and degrees of freedom."""

    value: float
    stderr: float
    df: float


def tango_z(only_first: npt.ArrayLike, only_second: npt.ArrayLike, n: npt.ArrayLike, margin: float) -> Floats:
    """Score statistic of the difference of two rates on the same items being minus the margin.

    Parameters
    ----------
    only_first, only_second : items on which only the first, or only the second, is right.
    n : items.
    margin : in (0, 1).

    References
    ----------
    Tango 1998, Equivalence test and confidence interval for the difference in proportions for the paired-sample design,
    Statistics in Medicine 17(8).

    Examples
    --------
    >>> [round(float(tango_z(b, c, 100, 0.1)), 2) for b, c in ((0, 1), (0, 0), (1, 12))]
    [3.0, 3.33, -0.3]
    """
    b, c, n = (np.asarray(each, dtype=np.float64) for each in (only_first, only_second, n))
    # The rate of items that only the second has, most likely where the difference is minus the margin.
    linear = b + c + (2 * n - b + c) * margin
    root = np.sqrt(np.maximum(linear**2 - 8 * n * c * margin * (margin + 1), 0.0))
    rate = (linear + root) / (4 * n)
    variance = n * (2 * rate - margin * (margin + 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Floats = (b - c + n * margin) / np.sqrt(variance)
    return found


def margin_tests(pairs: Pairs, margin: float, *, counts: bool) -> Margin:
    """Whether the first of each pair is shown to be worse than the second by more than the margin, or not to be.

    Parameters
    ----------
    pairs : differences of pairs of rows.
    margin : greater than 0, on the scale of the scores.
    counts : whether scores are all 0 or 1 and items independent: Tango's score test; else the t test over clusters.
        Where no two scores differ, neither has a standard error: a loss above the margin would then have spared every
        cluster, which it does with a chance of at most (1 - margin) per cluster.
    """
    if counts:
        z = tango_z(pairs.only_first, pairs.only_second, pairs.n, margin)
        return Margin(norm.sf(-z), norm.sf(z))
    worse, not_worse = t_tests(pairs.value, pairs.stderr, pairs.df, margin)
    alike = (pairs.stderr == 0) & (pairs.value == 0) & (margin < 1)
    spared = (1 - min(margin, 1.0)) ** pairs.clusters
    return Margin(np.where(alike, 1.0, worse), np.where(alike, spared, not_worse))


def t_tests(value: Floats, stderr: Floats, df: Floats, margin: float) -> Margin:
    """The two p-values of differences with a standard error; NaN where it is 0 or has no degree of freedom."""
    usable = (stderr > 0) & (df > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(usable, (value + margin) / stderr, np.nan)
    df = np.where(usable, df, 1)
    return Margin(student.cdf(t, df), student.sf(t, df))


def average(value: Floats, stderr: Floats, df: Floats) -> Average:
    """Mean of differences of independent tasks, each weighing the same (Satterthwaite's degrees of freedom).

    Examples
    --------
    >>> average(np.array([0.1, 0.3]), np.array([0.03, 0.04]), np.array([10.0, 20.0]))
    Average(value=0.2, stderr=0.025, df=29.90...)
    """
    squares = stderr**2
    total = float(squares.sum())
    known = np.where(df > 0, df, np.nan)
    freedom = total**2 / float(np.nansum(squares**2 / known)) if total > 0 else np.nan
    return Average(float(value.mean()), float(np.sqrt(total)) / len(value), freedom)


def units_to_clear(stderr: float, units: int, margin: float, *, alpha: float, power: float = 0.8) -> int:
    """Items (or clusters) with which two equal models would be shown not to differ by the margin, at that power.

    Examples
    --------
    >>> units_to_clear(0.02, 300, 0.02, alpha=0.05)
    1855
    """
    reach = float(norm.ppf(1 - alpha) + norm.ppf(power))
    return int(np.ceil(units * (reach * stderr / margin) ** 2))
