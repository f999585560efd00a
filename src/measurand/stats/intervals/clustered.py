"""Means of scores whose items come in clusters, and their cluster-robust standard errors, from additive sums."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit

from measurand.stats.intervals.distributions import student

__all__ = [
    "CR2",
    "ClusterSums",
    "Means",
    "bell_mccaffrey",
    "cluster_sizes",
    "cluster_sums",
    "cr2_weights",
    "logit_limits",
    "share_limits",
    "t_limits",
]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

CR2 = "CR2, Bell-McCaffrey t"
"""How an interval over clusters was made, in few words."""

_BLOCK = 1 << 22
"""Cells sorted into clusters at a time: bounds the memory whatever the number of rows."""

_ROUNDING = 1e-12
"""A standard error below this share of the largest deviation is what rounding leaves of zero."""


def cluster_sizes(clusters: npt.NDArray[np.generic] | None, items: int) -> Floats:
    """How many items each cluster holds, in the order of the clusters' numbers; each item alone without clusters.

    Parameters
    ----------
    clusters : shape (items,), or None.
    """
    if clusters is None:
        return np.ones(items)
    sizes: Floats = np.unique(clusters, return_counts=True)[1].astype(np.float64)
    return sizes


def cr2_weights(count: Floats) -> Floats:
    """What the square of each cluster's summed residuals counts in the CR2 variance of a mean: ``1 / (1 - n_c / N)``.

    A cluster that holds much of the sample pulls the mean to itself, so its residuals are smaller than its errors were;
    the weight gives that back. With G equal clusters it is ``G / (G - 1)``, the factor of CR1.

    Parameters
    ----------
    count : shape (..., clusters): items of each cluster; 0 where a row has none.

    Returns
    -------
    Shape (..., clusters); 0 for a cluster without items, NaN where one cluster holds them all.

    References
    ----------
    Bell and McCaffrey 2002, Survey Methodology 28(2); Pustejovsky and Tipton 2018, J. Business and Economic Statistics
    36(4).

    Examples
    --------
    >>> cr2_weights(np.array([2.0, 2.0, 0.0, 4.0])).round(3).tolist()
    [1.333, 1.333, 0.0, 2.0]
    """
    n = count.sum(axis=-1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        weights: Floats = np.where(count > 0, 1 / np.where(count < n, 1 - count / n, np.nan), 0.0)
    return weights


def bell_mccaffrey(count: Floats) -> Floats:
    """Degrees of freedom of the CR2 variance of a mean, were the errors independent; G - 1 for G equal clusters.

    ``N^2 / (sum n_c^2 + sum over c != d of (n_c n_d)^2 / (N^2 (1 - n_c / N) (1 - n_d / N)))``: of the sizes alone. A
    few large clusters leave few degrees of freedom, whatever the number of small ones.

    Parameters
    ----------
    count : shape (..., clusters).

    Returns
    -------
    Shape (...); NaN below 2 clusters.

    References
    ----------
    As of `cr2_weights`.

    Examples
    --------
    >>> bell_mccaffrey(np.array([[5.0, 5, 5, 5], [17, 1, 1, 1]])).round(2).tolist()
    [3.0, 1.24]
    """
    n = count.sum(axis=-1)
    parts = count**2 * cr2_weights(count)
    with np.errstate(invalid="ignore", divide="ignore"):
        # The sum over pairs is the square of the sum less the sum of the squares.
        pairs = (parts.sum(axis=-1) ** 2 - (parts**2).sum(axis=-1)) / n**2
        df: Floats = n**2 / ((count**2).sum(axis=-1) + pairs)
    return df


@dataclass(frozen=True, kw_only=True)
class Means:
    """Means of several rows.

    Parameters
    ----------
    value : shape (rows,); NaN where a row has no item.
    stderr : shape (rows,); CR2, NaN below 2 clusters.
    df : shape (rows,); Bell and McCaffrey's degrees of freedom of `stderr`, NaN below 2 clusters.
    cr1 : shape (rows,); the standard error with the factor G / (G - 1) that other tools print, NaN below 2 clusters.
    clusters, n : shape (rows,); clusters and items behind each.
    """

    value: Floats
    stderr: Floats
    df: Floats
    cr1: Floats
    clusters: Ints
    n: Ints


@dataclass(frozen=True)
class ClusterSums:
    """Sums of scores by cluster; those of disjoint sets of items in the same clusters add up.

    Parameters
    ----------
    total, count : shape (rows, clusters): sum of the scores, and how many there are.
    """

    total: Floats
    count: Floats

    def __add__(self, other: ClusterSums) -> ClusterSums:
        """Sums over both sets of items."""
        return ClusterSums(self.total + other.total, self.count + other.count)

    def residuals(self) -> Floats:
        """Sum of the deviations from the row's mean by cluster, shape (rows, clusters)."""
        n = self.count.sum(axis=1, keepdims=True)
        mean = np.divide(self.total.sum(axis=1, keepdims=True), n, out=np.full_like(n, np.nan), where=n > 0)
        return np.where(self.count > 0, self.total - mean * self.count, 0.0)

    def means(self) -> Means:
        """Mean of each row with its cluster-robust (CR2) standard error.

        With N items and e_c the sum of the deviations in cluster c of n_c items, the variance of the mean is
        ``sum e_c**2 / (1 - n_c / N) / N**2``. Items alone in their clusters give the plain ``s / sqrt(N)``.

        References
        ----------
        As of `cr2_weights`; CR1: Liang and Zeger 1986, Biometrika 73(1).
        """
        n, groups = self.count.sum(axis=1), (self.count > 0).sum(axis=1)
        squares = self.residuals() ** 2
        with np.errstate(invalid="ignore", divide="ignore"):
            value = np.where(n > 0, self.total.sum(axis=1) / n, np.nan)
            cr2 = np.sqrt((squares * cr2_weights(self.count)).sum(axis=1)) / n
            cr1 = np.sqrt(groups / (groups - 1) * squares.sum(axis=1)) / n
        scale = np.abs(self.total).max(axis=1, initial=0.0) / np.maximum(n, 1)
        cr2, cr1 = (np.where(groups > 1, np.where(x > _ROUNDING * scale, x, 0.0), np.nan) for x in (cr2, cr1))
        return Means(
            value=value,
            stderr=cr2,
            df=bell_mccaffrey(self.count),
            cr1=cr1,
            clusters=groups.astype(np.int64),
            n=n.astype(np.int64),
        )


def cluster_sums(scores: Floats, clusters: Ints | None = None) -> ClusterSums:
    """Sums of scores by cluster.

    Parameters
    ----------
    scores : shape (rows, items); NaN where an item was not run.
    clusters : shape (items,), numbers from 0; each item is a cluster of its own by default.

    Examples
    --------
    >>> found = cluster_sums(np.array([[1.0, 1.0, 0.0, 1.0]]), np.array([0, 0, 1, 1])).means()
    >>> found.value.tolist(), found.stderr.tolist(), found.clusters.tolist()
    ([0.75], [0.25], [2])
    """
    run = np.isfinite(scores)
    if clusters is None:
        return ClusterSums(np.where(run, scores, 0.0), run.astype(np.float64))
    order = np.argsort(clusters, kind="stable")
    starts = np.flatnonzero(np.diff(clusters[order], prepend=-1))
    shape = (len(scores), int(clusters.max(initial=-1)) + 1)
    total, count = np.zeros(shape), np.zeros(shape)
    # Numbers without an item are left out: reduceat gives an empty segment its next element, not 0.
    columns = clusters[order][starts]
    step = max(1, _BLOCK // max(1, scores.shape[1]))
    for start in range(0, len(scores), step):
        rows = slice(start, start + step)
        values, here = scores[rows][:, order], run[rows][:, order]
        total[rows, columns] = np.add.reduceat(np.where(here, values, 0.0), starts, axis=1)
        count[rows, columns] = np.add.reduceat(here, starts, axis=1, dtype=np.float64)
    return ClusterSums(total, count)


def logit_limits(value: Floats, stderr: Floats, df: Floats | Ints, level: float) -> tuple[Floats, Floats]:
    """t limits of means of scores between 0 and 1 on the scale of log-odds; NaN where `t_limits` is, and at 0 and 1.

    For tests: of the tries made on unequal clusters at rates of .9 and more, its one-sided errors were the smallest.

    Examples
    --------
    >>> low, high = logit_limits(np.array([0.9]), np.array([0.05]), np.array([9.0]), 0.95)
    >>> low.round(3).tolist(), high.round(3).tolist()
    ([0.719], [0.969])
    """
    usable = (stderr > 0) & (df > 0) & (value > 0) & (value < 1)
    p = np.where(usable, value, 0.5)
    low, high = t_limits(logit(p), np.where(usable, stderr, np.nan) / (p * (1 - p)), df, level)
    return expit(low), expit(high)


def t_limits(value: Floats, stderr: Floats, df: Floats | Ints, level: float) -> tuple[Floats, Floats]:
    """Limits of t intervals; NaN where there is no degree of freedom or the standard error is 0 or unknown."""
    usable = (stderr > 0) & (df > 0)
    half = student.ppf(0.5 + level / 2, np.where(usable, df, 1)) * np.where(usable, stderr, np.nan)
    return value - half, value + half


def share_limits(value: Floats, stderr: Floats, df: Floats | Ints, level: float) -> tuple[Floats, Floats]:
    """Wilson's limits of means of scores between 0 and 1, at the sample size that their standard error amounts to.

    With ``n* = p (1 - p) / stderr**2`` and the quantile of t in place of the normal one. Near 0 and 1, where a
    symmetric interval covers too seldom, this one holds its level; NaN where `t_limits` is, and at 0 and 1.

    References
    ----------
    Franco, Little, Louis and Slud 2019, Comparative study of confidence intervals for proportions in complex sample
    surveys, J. Survey Statistics and Methodology 7(3).

    Examples
    --------
    >>> low, high = share_limits(np.array([0.9]), np.array([0.05]), np.array([9]), 0.95)
    >>> low.round(3).tolist(), high.round(3).tolist()
    ([0.733], [0.967])
    """
    usable = (stderr > 0) & (df > 0) & (value > 0) & (value < 1)
    p, error = np.where(usable, value, 0.5), np.where(usable, stderr, 1.0)
    t = student.ppf(0.5 + level / 2, np.where(usable, df, 1))
    spread = p * (1 - p)
    shrink = 1 + t**2 * error**2 / spread
    centre = (p + t**2 * error**2 / (2 * spread)) / shrink
    half = t / shrink * np.sqrt(error**2 + (t * error**2 / (2 * spread)) ** 2)
    return np.where(usable, centre - half, np.nan), np.where(usable, centre + half, np.nan)
