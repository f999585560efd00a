"""Means of scores whose items come in clusters, and their cluster-robust standard errors, from additive sums."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from measurand.stats.intervals.distributions import student

__all__ = ["ClusterSums", "Means", "cluster_sums", "share_limits", "t_limits"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_BLOCK = 1 << 22
"""Cells sorted into clusters at a time: bounds the memory whatever the number of rows."""

_ROUNDING = 1e-12
"""A standard error below this share of the largest deviation is what rounding leaves of zero."""


@dataclass(frozen=True)
class Means:
    """Means of several rows.

    Parameters
    ----------
    value : shape (rows,); NaN where a row has no item.
    stderr : shape (rows,); CR1, NaN below 2 clusters.
    clusters, n : shape (rows,); clusters and items behind each.
    """

    value: Floats
    stderr: Floats
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
        """Mean of each row with its cluster-robust (CR1) standard error.

        With n items in G clusters and e_c the sum of the deviations in cluster c, the variance of the mean is
        ``G / (G - 1) * sum e_c**2 / n**2``. Items alone in their clusters give the plain ``s / sqrt(n)``.

        References
        ----------
        Liang and Zeger 1986, Biometrika 73(1); Cameron and Miller 2015, J. Human Resources 50(2).
        """
        n, groups = self.count.sum(axis=1), (self.count > 0).sum(axis=1)
        errors = self.residuals()
        with np.errstate(invalid="ignore", divide="ignore"):
            value = np.where(n > 0, self.total.sum(axis=1) / n, np.nan)
            stderr = np.sqrt(groups / (groups - 1) * (errors**2).sum(axis=1)) / n
        scale = np.abs(self.total).max(axis=1, initial=0.0) / np.maximum(n, 1)
        stderr = np.where(stderr > _ROUNDING * scale, stderr, 0.0)
        return Means(value, np.where(groups > 1, stderr, np.nan), groups.astype(np.int64), n.astype(np.int64))


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
