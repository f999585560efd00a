"""Means of scores whose items come in clusters, and their cluster-robust standard errors, from additive sums."""

from __future__ import annotations

from dataclasses import dataclass, fields

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
"""Cells looked at at a time: bounds the memory whatever the number of rows."""

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


def bell_mccaffrey(count: Floats, rho: Floats | float = 0.0) -> Floats:
    """Degrees of freedom of the CR2 variance of a mean; G - 1 for G equal clusters.

    Of the sizes alone where items are taken as uncorrelated (`rho` 0):
    ``N^2 / (sum n_c^2 + sum over c != d of (n_c n_d)^2 / (N^2 (1 - n_c / N) (1 - n_d / N)))``. A few large clusters
    leave few degrees of freedom, whatever the number of small ones, and fewer yet where their items go together.

    Parameters
    ----------
    count : shape (..., clusters).
    rho : shape (...), correlation of two items of a cluster, from 0 to 1.

    Returns
    -------
    Shape (...); NaN below 2 clusters.

    References
    ----------
    As of `cr2_weights`; for `rho`: Imbens and Kolesar 2016, Review of Economics and Statistics 98(4).

    Examples
    --------
    >>> bell_mccaffrey(np.array([[5.0, 5, 5, 5], [17, 1, 1, 1]])).round(2).tolist()
    [3.0, 1.24]
    """
    return _moments(count, rho)[1]


def _moments(count: Floats, rho: Floats | float) -> tuple[Floats, Floats]:
    """How many times the CR2 variance falls short of the true one in expectation, and its degrees of freedom.

    The sums of residuals have the covariance ``V - h v' - v h' + h h' sum v``, with h the shares of the clusters and v
    the variances of their sums, ``n_c (1 + (n_c - 1) rho)``. CR2 is a weighted sum of their squares; its mean and
    variance (Satterthwaite) are sums over clusters, and over pairs of clusters products of such sums.
    """
    n = count.sum(axis=-1, keepdims=True)
    if (count <= 1).all():  # every item alone: the usual variance of a mean
        return np.ones(n.shape[:-1]), np.where(n[..., 0] > 1, n[..., 0] - 1, np.nan)
    w = cr2_weights(count)
    v = count * (1 + (count - 1) * np.asarray(rho)[..., None])
    with np.errstate(invalid="ignore", divide="ignore"):
        h, s = count / n, v.sum(axis=-1)
        off = -2 * h * v + s[..., None] * h**2
        own = v + off
        hh, vv, hv = ((w * product).sum(axis=-1) for product in (h**2, v**2, h * v))
        mean = (w * own).sum(axis=-1)
        pairs = 2 * hh * vv + s**2 * hh**2 + 2 * hv**2 - 4 * s * hh * hv
        square = pairs + (w**2 * (own**2 - off**2)).sum(axis=-1)
        # CR2 allows for what the mean takes of each cluster, were items uncorrelated; correlated ones take more.
        return np.maximum(s / mean, 1.0), mean**2 / square


@dataclass(frozen=True, kw_only=True)
class Means:
    """Means of several rows.

    Parameters
    ----------
    value : shape (rows,); NaN where a row has no item.
    stderr : shape (rows,); CR2, NaN below 2 clusters.
    df : shape (rows,); degrees of freedom of `stderr` (Bell and McCaffrey), NaN below 2 clusters.
    cr1 : shape (rows,); the standard error with the factor G / (G - 1) that other tools print, NaN below 2 clusters.
    clusters, n : shape (rows,); clusters and items behind each.
    """

    value: Floats
    stderr: Floats
    df: Floats
    cr1: Floats
    clusters: Ints
    n: Ints


_MEANS = tuple(field.name for field in fields(Means))


@dataclass(frozen=True)
class ClusterSums:
    """Sums of scores by cluster; those of disjoint sets of items in the same clusters add up.

    Parameters
    ----------
    total, count : shape (rows, clusters): sum of the scores, and how many there are.
    squares : shape (rows,): sum of the squared scores.
    """

    total: Floats
    count: Floats
    squares: Floats

    def __add__(self, other: ClusterSums) -> ClusterSums:
        """Sums over both sets of items."""
        return ClusterSums(self.total + other.total, self.count + other.count, self.squares + other.squares)

    def residuals(self) -> Floats:
        """Sum of the deviations from the row's mean by cluster, shape (rows, clusters)."""
        n = self.count.sum(axis=1, keepdims=True)
        mean = np.divide(self.total.sum(axis=1, keepdims=True), n, out=np.full_like(n, np.nan), where=n > 0)
        return np.where(self.count > 0, self.total - mean * self.count, 0.0)

    def correlation(self) -> Floats:
        """Correlation of two items of a cluster by the products of their deviations, shape (rows,), from 0 to 1."""
        n = self.count.sum(axis=1)
        errors = self.residuals()
        with np.errstate(invalid="ignore", divide="ignore"):
            spread = self.squares - self.total.sum(axis=1) ** 2 / n
            pairs = (self.count * (self.count - 1)).sum(axis=1)
            rho = ((errors**2).sum(axis=1) - spread) / pairs / (spread / n)
        # Without two items in any cluster, or without spread, nothing goes together.
        return np.clip(np.where(np.isfinite(rho), rho, 0.0), 0.0, 1.0)

    def means(self) -> Means:
        """Mean of each row with its cluster-robust (CR2) standard error.

        With N items and e_c the sum of the deviations in cluster c of n_c items, the variance of the mean is
        ``sum e_c**2 / (1 - n_c / N) / N**2``, times its shortfall under the correlation that items of a cluster show;
        the degrees of freedom know of that correlation, too. Items alone in their clusters give the plain
        ``s / sqrt(N)`` with N - 1, equal clusters CR1 with G - 1.

        References
        ----------
        As of `bell_mccaffrey`; CR1: Liang and Zeger 1986, Biometrika 73(1).
        """
        step = max(1, _BLOCK // max(1, self.count.shape[1]))
        starts = range(0, max(1, len(self.count)), step)
        parts = [ClusterSums(*(sums[start : start + step] for sums in self._sums))._means() for start in starts]
        return Means(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in _MEANS})

    @property
    def _sums(self) -> tuple[Floats, Floats, Floats]:
        return self.total, self.count, self.squares

    def _means(self) -> Means:
        n, groups = self.count.sum(axis=1), (self.count > 0).sum(axis=1)
        squares = self.residuals() ** 2
        shortfall, df = _moments(self.count, self.correlation())
        with np.errstate(invalid="ignore", divide="ignore"):
            value = np.where(n > 0, self.total.sum(axis=1) / n, np.nan)
            cr2 = np.sqrt((squares * cr2_weights(self.count)).sum(axis=1) * shortfall) / n
            cr1 = np.sqrt(groups / (groups - 1) * squares.sum(axis=1)) / n
        scale = np.abs(self.total).max(axis=1, initial=0.0) / np.maximum(n, 1)
        cr2, cr1 = (np.where(groups > 1, np.where(x > _ROUNDING * scale, x, 0.0), np.nan) for x in (cr2, cr1))
        return Means(
            value=value,
            stderr=cr2,
            df=df,
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
        if run.all():  # no copies of what may be a gigabyte
            return ClusterSums(scores, np.broadcast_to(1.0, scores.shape), np.einsum("ij,ij->i", scores, scores))
        given = np.where(run, scores, 0.0)
        return ClusterSums(given, run.astype(np.float64), np.einsum("ij,ij->i", given, given))
    order = np.argsort(clusters, kind="stable")
    starts = np.flatnonzero(np.diff(clusters[order], prepend=-1))
    shape = (len(scores), int(clusters.max(initial=-1)) + 1)
    total, count, squares = np.zeros(shape), np.zeros(shape), np.zeros(len(scores))
    # Numbers without an item are left out: reduceat gives an empty segment its next element, not 0.
    columns = clusters[order][starts]
    step = max(1, _BLOCK // max(1, scores.shape[1]))
    for start in range(0, len(scores), step):
        rows = slice(start, start + step)
        values, here = scores[rows][:, order], run[rows][:, order]
        given = np.where(here, values, 0.0)
        total[rows, columns] = np.add.reduceat(given, starts, axis=1)
        squares[rows] = np.einsum("ij,ij->i", given, given)
        count[rows, columns] = np.add.reduceat(here, starts, axis=1, dtype=np.float64)
    return ClusterSums(total, count, squares)


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
