"""The same items in two formats: differences between scores, and how far the ranking of models stays."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri, stdtrit

from measurand.stats.intervals.clustered import cluster_sums
from measurand.stats.intervals.limits import Limits

__all__ = ["difference_limits", "tau_limits"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_LEAST_MODELS = 5


def difference_limits(differences: Floats, clusters: Ints | None, level: float) -> Limits:
    """Interval of a mean difference of scores on the same items.

    Mean and CR2 standard error with its t. Where scores are 0 or 1, one more item in favour of each side is counted
    (the adjusted interval of Bonett and Price, extended to clusters): items that never differ are no certainty.

    Parameters
    ----------
    differences : of scores in [0, 1], shape (items,).
    clusters : number of each item's cluster, shape (items,), or None.

    Returns
    -------
    Limits
        No interval from one cluster, or of scores other than 0 and 1 that all differ by the same.

    Examples
    --------
    >>> found = difference_limits(np.repeat([1.0, -1.0, 0.0], [36, 21, 43]), None, 0.95)
    >>> [round(value, 3) for value in (found.value, found.low, found.high)]
    [0.15, -0.0, 0.294]

    References
    ----------
    Bonett and Price 2012, Adjusted Wald confidence interval for a difference of binomial proportions based on paired
    data, Journal of Educational and Behavioral Statistics 37(4)
    """
    n, found = len(differences), cluster_sums(differences[None], clusters).means()
    mean, error = float(found.value[0]), float(found.stderr[0])
    if math.isnan(error):
        return Limits(mean, math.nan, math.nan)
    added = 2 if np.isin(differences, (-1.0, 0.0, 1.0)).all() else 0
    half = float(stdtrit(found.df[0], (1 + level) / 2)) * math.sqrt((error * n) ** 2 + added) / (n + added)
    if half < 1e-12:
        return Limits(mean, math.nan, math.nan)
    centre = mean * n / (n + added)
    return Limits(mean, max(centre - half, -1.0), min(centre + half, 1.0))


def tau_limits(first: Floats, second: Floats, level: float) -> Limits:
    """Kendall's tau-b between two scores of the same models, with an interval on Fisher's z.

    The standard error of z is sqrt(.437 / (n - 4)). Tau moves in steps, from one pair of models in the other order to
    the next; each limit is taken from one step further out, for few models have few steps.

    Parameters
    ----------
    first, second : shape (models,), no NaN.

    Returns
    -------
    Limits
        NaN where a score ties all models; no interval below 5 models.

    Examples
    --------
    >>> found = tau_limits(np.arange(10.0), np.array([1.0, 0, 2, 4, 3, 5, 6, 8, 7, 9]), 0.95)
    >>> [round(value, 2) for value in (found.value, found.low, found.high)]
    [0.87, 0.56, 0.97]

    References
    ----------
    Fieller, Hartley and Pearson 1957, Tests for rank correlation coefficients I, Biometrika 44(3/4)
    """
    n = len(first)
    i, j = np.triu_indices(n, k=1)
    one, two = np.sign(first[i] - first[j]), np.sign(second[i] - second[j])
    pairs = math.sqrt(float((one**2).sum() * (two**2).sum()))
    if pairs == 0:
        return Limits(math.nan, math.nan, math.nan)
    tau = float((one * two).sum()) / pairs
    if n < _LEAST_MODELS:
        return Limits(tau, math.nan, math.nan)
    # One pair of models more or less in the same order.
    step = 4 / (n * (n - 1))
    half = float(ndtri((1 + level) / 2)) * math.sqrt(0.437 / (n - 4))
    ends = (min(max(tau + sign * step, -1 + step / 2), 1 - step / 2) for sign in (-1, 1))
    low, high = (math.tanh(math.atanh(end) + sign * half) for end, sign in zip(ends, (-1, 1), strict=True))
    return Limits(tau, -1.0 if tau - step <= -1 else low, 1.0 if tau + step >= 1 else high)
