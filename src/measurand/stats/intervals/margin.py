"""Differences held against a margin: shown to be worse by more than it, shown not to be, or neither."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from measurand.stats.intervals.distributions import norm, student
from measurand.stats.intervals.paired import Pairs

__all__ = ["Average", "Margin", "alike", "average", "margin_tests", "t_tests", "tango_z", "units_to_clear"]

Floats = npt.NDArray[np.float64]


class Margin(NamedTuple):
    """One-sided p-values: of a loss no greater than the margin, and of one at least as great."""

    worse: Floats
    not_worse: Floats


class Average(NamedTuple):
    """Means of independent parts, with their standard errors and degrees of freedom; each of shape (columns,)."""

    value: Floats
    stderr: Floats
    df: Floats


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
    never = (pairs.stderr == 0) & (pairs.value == 0) & (margin < 1)
    spared = (1 - min(margin, 1.0)) ** pairs.clusters
    return Margin(np.where(never, 1.0, worse), np.where(never, spared, not_worse))


def alike(pairs: Pairs, margin: float, *, counts: bool) -> Floats:
    """P-value against each pair being the same within the margin: the larger of two one-sided tests.

    Parameters
    ----------
    pairs, margin, counts : as in `margin_tests`.

    References
    ----------
    Schuirmann 1987, A comparison of the two one-sided tests procedure and the power approach, J. Pharmacokinetics and
    Biopharmaceutics 15(6).
    """
    turned = replace(pairs, value=-pairs.value, only_first=pairs.only_second, only_second=pairs.only_first)
    sides = [margin_tests(each, margin, counts=counts).not_worse for each in (pairs, turned)]
    return np.maximum(*sides)


def t_tests(value: Floats, stderr: Floats, df: Floats, margin: float) -> Margin:
    """The two p-values of differences with a standard error; NaN where it is 0 or has no degree of freedom."""
    usable = (stderr > 0) & (df > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(usable, (value + margin) / stderr, np.nan)
    df = np.where(usable, df, 1)
    return Margin(student.cdf(t, df), student.sf(t, df))


def average(
    value: npt.ArrayLike, stderr: npt.ArrayLike, df: npt.ArrayLike, units: npt.ArrayLike, weights: npt.ArrayLike = 1.0
) -> Average:
    """Weighted means over independent tasks (Satterthwaite's degrees of freedom).

    Parameters
    ----------
    value, stderr, df : shape (tasks, columns): what each task shows.
    units : shape (tasks, columns): items, or clusters. A task on which none differs has no standard error: it counts
        with the one that Bonett and Price's interval has there, since it could have shown a difference and did not.
    weights : shape (tasks, 1): how much each task weighs; all the same by default.

    Examples
    --------
    >>> found = average([[0.1], [0.3]], [[0.03], [0.04]], [[10.0], [20.0]], [[11], [21]])
    >>> [round(float(each[0]), 3) for each in found]
    [0.2, 0.025, 29.904]
    """
    value, stderr, df, units = (np.asarray(each, dtype=np.float64) for each in (value, stderr, df, units))
    share = np.broadcast_to(np.asarray(weights, dtype=np.float64), value.shape)
    share = share / share.sum(axis=0)
    variance = (share * np.where(stderr > 0, stderr, np.sqrt(2) / (units + 2))) ** 2
    total = variance.sum(axis=0)
    # A standard error that is not known leaves the mean without one, too.
    total = np.where(np.isnan(stderr).any(axis=0), np.nan, total)
    freedom = total**2 / (variance**2 / np.maximum(df, 1.0)).sum(axis=0)
    return Average((share * value).sum(axis=0), np.sqrt(total), freedom)


def units_to_clear(stderr: float, units: int, margin: float, *, alpha: float, power: float = 0.8) -> int:
    """Items (or clusters) with which two equal models would be shown not to differ by the margin, at that power.

    Examples
    --------
    >>> units_to_clear(0.02, 300, 0.02, alpha=0.05)
    1855
    """
    reach = float(norm.ppf(1 - alpha) + norm.ppf(power))
    return int(np.ceil(units * (reach * stderr / margin) ** 2))
