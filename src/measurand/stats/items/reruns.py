"""How far repeated runs of the same items agree, from counts of equal answers."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy.special import binom, ndtri, stdtrit

from measurand.stats.intervals.binomial import proportion_limits
from measurand.stats.intervals.clustered import cluster_sums
from measurand.stats.intervals.correlation import jackknife_se
from measurand.stats.intervals.limits import Limits

__all__ = ["agreement_limits", "all_same", "intraclass", "run_deviation", "sums_by_cluster"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_NEGLIGIBLE = 1e-14
"""A variance below this is what rounding leaves of none."""

_LEAST_VARYING = 5
"""Items, or clusters, that have to vary from run to run for an interval of an intraclass correlation."""


def all_same(counts: Ints, item: Ints, runs: int) -> Floats:
    """Chance that `runs` runs of an item, drawn without replacement from those made, all give the same answer.

    With as many runs as were made it is 1 or 0, and its mean the total agreement rate TAR@N; with two it is the
    pairwise agreement, sum over answers of n_v (n_v - 1) / (N (N - 1)).

    Parameters
    ----------
    counts : how often an item gave an answer, one a distinct answer of an item, shape (answers,).
    item : number of the item from 0, shape (answers,).
    runs : at least 1.

    Returns
    -------
    array, shape (items,)
        NaN for items with fewer runs.

    Examples
    --------
    >>> all_same(np.array([4, 1, 5]), np.array([0, 0, 1]), 2).tolist()
    [0.6, 1.0]
    >>> all_same(np.array([4, 1, 5]), np.array([0, 0, 1]), 5).tolist()
    [0.0, 1.0]

    References
    ----------
    Atil et al. 2024, Non-determinism of "deterministic" LLM settings, arXiv 2408.04667
    """
    made = np.bincount(item, counts)
    ways = np.bincount(item, np.where(counts >= runs, binom(counts, runs), 0.0))
    return np.where(made >= runs, ways / np.maximum(binom(made, runs), 1.0), np.nan)


def sums_by_cluster(values: Floats, clusters: Ints | None) -> Floats:
    """Sums over the items of each cluster, shape (clusters, m); the values themselves without clusters.

    Parameters
    ----------
    values : shape (items, m).
    clusters : number of each item's cluster, shape (items,).
    """
    if clusters is None:
        return values
    _, member = np.unique(clusters, return_inverse=True)
    sums = np.zeros((int(member.max(initial=-1)) + 1, values.shape[1]))
    np.add.at(sums, member, values)
    return sums


def agreement_limits(values: Floats, clusters: Ints | None, level: float) -> Limits:
    """Interval of the mean of values that lie in [0, 1], over items or clusters of items.

    The items are counted as the independent yes-or-no items that would tell as much (the design effect of Korn and
    Graubard, with the CR2 variance and its t for z); that number goes into Wilson's interval, or into Clopper
    and Pearson's below 30 and where all values are 0 or all 1. Yes-or-no values without clusters count as they are.

    Parameters
    ----------
    values : shape (items,); NaN are left out.
    clusters : number of each item's cluster, shape (items,), or None.

    Returns
    -------
    Limits
        No interval from one cluster; no value from no item.

    Examples
    --------
    >>> found = agreement_limits(np.ones(20), None, 0.95)
    >>> found.value, round(found.low, 3), found.high
    (1.0, 0.832, 1.0)

    References
    ----------
    Korn and Graubard 1998, Confidence intervals for proportions with small expected number of positive counts
    estimated from survey data, Survey Methodology 24(2)
    """
    there = np.isfinite(values)
    values, clusters = values[there], clusters if clusters is None else clusters[there]
    n = len(values)
    if n == 0:
        return Limits(math.nan, math.nan, math.nan)
    mean = float(values.mean())
    codes = None if clusters is None else np.unique(clusters, return_inverse=True)[1].astype(np.int64)
    found = cluster_sums(values[None], codes).means()
    groups, variance = int(found.clusters[0]), float(found.stderr[0]) ** 2
    if groups < 2:
        return Limits(mean, math.nan, math.nan)
    worth = float(groups)
    if variance > _NEGLIGIBLE:
        implied = mean * (1 - mean) / (n - 1)
        worth = n * implied / variance
        # A variance that does not follow from the mean is an estimate.
        if clusters is not None or abs(variance / implied - 1) > 1e-9:
            worth *= float(ndtri((1 + level) / 2) / stdtrit(found.df[0], (1 + level) / 2)) ** 2
    low, high = proportion_limits(mean * worth, worth, level)
    return Limits(mean, float(low), float(high))


def intraclass(mean: Floats, within: Floats, runs: Ints, clusters: Ints | None, level: float) -> Limits:
    """ICC(1): the share of the variance of single runs that lies between items, by one-way analysis of variance.

    The interval is a jackknife over items (or clusters) on Fisher's z for intraclass correlations, with t(G - 1).

    Parameters
    ----------
    mean, within : mean and variance (ddof 1) of each item's runs, shape (items,).
    runs : how many, at least 2, shape (items,).
    clusters : number of each item's cluster, shape (items,), or None.

    Returns
    -------
    Limits
        NaN where nothing varies; no interval where the runs of fewer than 5 items (or clusters) differ.

    Examples
    --------
    >>> runs = np.array([2, 2, 2])
    >>> round(intraclass(np.array([9.0, 6.0, 8.0]), np.array([1.0, 2.0, 0.0]), runs, None, 0.95).value, 4)
    0.6471

    References
    ----------
    Shrout and Fleiss 1979, Intraclass correlations: uses in assessing rater reliability, Psychological Bulletin 86(2)
    """
    n = runs.astype(np.float64)
    # Sums of an origin near the data do not cancel.
    centred = mean - float(np.average(mean, weights=n)) if len(mean) else mean
    parts = np.column_stack([np.ones_like(n), n, n**2, n * centred, n * centred**2, (n - 1) * within])
    sums = sums_by_cluster(parts, clusters)
    whole, left_out = _icc(sums.sum(axis=0)[None]), _icc(sums.sum(axis=0) - sums)
    value, per_item = float(whole[0][0]), float(whole[1][0])
    if not math.isfinite(value) or (sums[:, 5] > _NEGLIGIBLE).sum() < _LEAST_VARYING:
        return Limits(value, math.nan, math.nan)

    def scale(rho: Floats | float, size: Floats | float) -> Floats:
        with np.errstate(divide="ignore", invalid="ignore"):
            z: Floats = 0.5 * np.log((1 + (size - 1) * np.asarray(rho)) / (1 - np.asarray(rho)))
        return np.where(np.isfinite(z), z, np.nan)

    se, groups = jackknife_se(scale(*left_out)[:, None])
    if not (groups[0] >= 2 and se[0] > 0):
        return Limits(value, math.nan, math.nan)
    ends = scale(value, per_item) + np.array([-1, 1]) * stdtrit(groups[0] - 1, (1 + level) / 2) * se[0]
    low, high = (np.exp(2 * ends) - 1) / (np.exp(2 * ends) + per_item - 1)
    return Limits(value, float(low), float(high))


def _icc(sums: Floats) -> tuple[Floats, Floats]:
    """ICC(1) and the size of a typical item from sums over items, a row at a time."""
    items, made, squares, total, total2, within = sums.T
    with np.errstate(divide="ignore", invalid="ignore"):
        between = (total2 - total**2 / made) / (items - 1)
        inside = within / (made - items)
        size = (made - squares / made) / (items - 1)
        spread = between + (size - 1) * inside
        return np.where(spread > _NEGLIGIBLE, (between - inside) / spread, np.nan), size


def run_deviation(within: Floats, clusters: Ints | None, level: float) -> Limits:
    """Standard deviation of one run's mean score from run to run, the items staying the same.

    sqrt(mean over items of the variance over runs / items), with the limits of `agreement_limits` of that mean:
    twice the variance of two or more values in [0, 1] lies in [0, 1].

    Parameters
    ----------
    within : variance over each item's runs (ddof 1), of scores in [0, 1], shape (items,).
    clusters : number of each item's cluster, shape (items,), or None.

    Examples
    --------
    >>> round(run_deviation(np.array([0.3, 0.0, 0.0, 0.1]), None, 0.95).value, 4)
    0.1581
    """
    n = max(int(np.isfinite(within).sum()), 1)
    return Limits(*(math.sqrt(max(x, 0.0) / 2 / n) for x in agreement_limits(2 * within, clusters, level)))
