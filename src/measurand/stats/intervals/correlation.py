"""Intervals of correlations and medians over models that come in families."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri, stdtr, stdtrit

from measurand.stats.intervals.ranks import Method

__all__ = [
    "OnZScale",
    "at_least_independent",
    "bonett_wright",
    "bonett_wright_se",
    "by_families",
    "fisher",
    "independent_se",
    "jackknife_se",
    "jackknife_t",
    "jackknife_z",
    "jackknife_z_se",
    "median_limits",
    "models_to_decide",
    "share_below_se",
]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Interval = tuple[Floats, Floats]


def _off_one(rho: Floats, n: Ints) -> Floats:
    """rho, with a perfect rank correlation taken as half of the smallest step away from it, so that its z is finite."""
    # The smallest step is a swap of neighbours, sum d^2 = 2: rho falls by 12 / (n (n^2 - 1)).
    with np.errstate(divide="ignore"):
        most = np.maximum(1 - 6 / (n * (n**2 - 1.0)), 0.0)
    result: Floats = np.clip(rho, -most, most)
    return result


def _on_z_scale(rho: Floats, half_width: Floats, n: Ints) -> Interval:
    """rho plus and minus a half width given on Fisher's z scale, taken back."""
    z = np.arctanh(_off_one(rho, n))
    # The interval of a rho moved off one still holds rho; + 0 * keeps an undefined width NaN, which fmin would drop.
    return np.fmin(np.tanh(z - half_width), rho + 0 * half_width), np.fmax(
        np.tanh(z + half_width), rho + 0 * half_width
    )


def fisher(rho: Floats, n: Ints, level: float) -> Interval:
    """Fisher z interval with the standard error 1 / sqrt(n - 3) of a Pearson correlation."""
    return _on_z_scale(rho, ndtri((1 + level) / 2) / np.sqrt(n - 3), n)


def bonett_wright_se(rho: Floats, n: Ints) -> Floats:
    """Standard error of atanh(Spearman's rho): sqrt((1 + rho^2 / 2) / (n - 3)) (Bonett and Wright 2000).

    Psychometrika 65(1), 23-28. Undefined (NaN) below n = 4.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.sqrt(np.where(n > 3, (1 + np.square(rho) / 2) / (n - 3), np.nan))


def independent_se(rho: Floats, n: Ints, method: Method) -> Floats:
    """Standard error of atanh of a correlation of independent observations, by its kind; NaN for too few.

    Spearman: `bonett_wright_se`; Pearson: 1 / sqrt(n - 3) (Fisher); Kendall: sqrt(.437 / (n - 4)) (Fieller, Hartley
    and Pearson 1957, Biometrika 44, as in Bonett and Wright 2000).
    """
    if method == "spearman":
        return bonett_wright_se(rho, n)
    variance, lost = (1.0, 3) if method == "pearson" else (0.437, 4)
    with np.errstate(invalid="ignore", divide="ignore"):
        # A correlation that is undefined has no error either.
        return np.sqrt(np.where((n > lost) & np.isfinite(rho), variance / (n - lost), np.nan))


def bonett_wright(rho: Floats, n: Ints, level: float) -> Interval:
    """Fisher z interval with the Bonett-Wright standard error, for independent observations."""
    return _on_z_scale(rho, ndtri((1 + level) / 2) * bonett_wright_se(rho, n), n)


@dataclass(frozen=True, eq=False)
class OnZScale:
    """Rank correlations with a standard error on Fisher's z scale: one for intervals and tests, so that they agree.

    Parameters
    ----------
    rho : shape (m,).
    stderr : of atanh(rho), shape (m,); NaN where undefined.
    freedom : degrees of freedom of its t distribution, shape (m,); infinite for a Gaussian one.
    n : observations behind each rho, shape (m,).

    Examples
    --------
    >>> found = OnZScale(np.array([0.8]), np.array([0.2]), np.array([20.0]), np.array([30]))
    >>> low, high = found.limits(0.9)
    >>> low.round(3).tolist(), high.round(3).tolist(), found.p_above(float(low[0])).round(3).tolist()
    ([0.637], [0.894], [0.05])
    """

    rho: Floats
    stderr: Floats
    freedom: Floats
    n: Ints

    def only(self, places: npt.ArrayLike) -> OnZScale:
        """Those at the places given, by number."""
        at = np.asarray(places, dtype=np.int64)
        return OnZScale(self.rho[at], self.stderr[at], self.freedom[at], self.n[at])

    def limits(self, level: float) -> Interval:
        """rho with t standard errors either way; NaN where undefined."""
        return _on_z_scale(self.rho, stdtrit(self.freedom, (1 + level) / 2) * self.stderr, self.n)

    def p_above(self, bound: float) -> Floats:
        """One-sided p-values against "rho is at most the bound", shape (m,)."""
        result: Floats = stdtr(self.freedom, (math.atanh(bound) - np.arctanh(_off_one(self.rho, self.n))) / self.stderr)
        return result

    def p_below(self, bound: float) -> Floats:
        """One-sided p-values against "rho is at least the bound", shape (m,)."""
        return OnZScale(-self.rho, self.stderr, self.freedom, self.n).p_above(-bound)


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
    low, high : shape (m,); NaN below two families, and where no replicate differs from another.
    """
    se, groups = jackknife_se(replicates)
    se = np.where(se > 0, se, np.nan)
    with np.errstate(invalid="ignore"):
        half = stdtrit(np.maximum(groups - 1, 1), (1 + level) / 2) * se
    return value - half, value + half


def jackknife_z_se(replicates: Floats, n: Ints) -> tuple[Floats, Floats]:
    """Jackknife standard error of atanh(rho) from replicates of rho, shape (G, m), and how many were defined."""
    return jackknife_se(np.arctanh(_off_one(replicates, n)))


def at_least_independent(rho: Floats, replicates: Floats, n: Ints, method: Method = "spearman") -> OnZScale:
    """Leave-one-family-out jackknife, t(G - 1), its standard error no smaller than that of independent observations.

    A jackknife over a few families has a standard error that is often far too small by chance; models of a family
    hardly ever scatter less than independent ones would. Undefined below two families.

    Parameters
    ----------
    rho : shape (m,).
    replicates : shape (G, m).
    n : observations behind each rho, shape (m,).
    method : kind of correlation.
    """
    se, groups = jackknife_z_se(replicates, n)
    return OnZScale(rho, np.maximum(se, independent_se(rho, n, method)), np.maximum(groups - 1, 1), n)


def by_families(rho: Floats, replicates: Floats, n: Ints) -> OnZScale:
    """What `jackknife_z` rests on, for tests beside its intervals."""
    se, groups = jackknife_z_se(replicates, n)
    return OnZScale(rho, np.where(se == 0, bonett_wright_se(rho, n), se), np.maximum(groups - 1, 1), n)


def jackknife_z(rho: Floats, replicates: Floats, n: Ints, level: float) -> Interval:
    """Leave-one-family-out jackknife of a rank correlation on Fisher's z scale, with t(G - 1).

    Where no replicate differs from another the Bonett-Wright standard error stands in: perfect agreement of a few
    models is not certainty.

    Parameters
    ----------
    rho : shape (m,).
    replicates : shape (G, m).
    n : observations behind each rho, shape (m,).

    Returns
    -------
    low, high : shape (m,); NaN below two families.
    """
    return by_families(rho, replicates, n).limits(level)


def share_below_se(values: Floats, families: Ints) -> tuple[float, int]:
    """Standard error of the share of observations below the median, by family (CR1), and the number of families."""
    by_family = np.bincount(np.unique(families, return_inverse=True)[1], (values <= np.median(values)) - 0.5)
    groups = len(by_family)
    return math.sqrt(groups / max(groups - 1, 1) * float((by_family**2).sum())) / len(values), groups


def median_limits(values: Floats, families: npt.NDArray[np.int64], level: float) -> tuple[float, float]:
    """Interval of a median over observations in families (Woodruff 1952, JASA 47(260)).

    The share of observations below the median gets a family-clustered standard error (CR1) with t(G - 1); the limits
    are the order statistics x_(r) and x_(n + 1 - r) at that share's lower limit, rounded outward.

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
    se, groups = share_below_se(values, families)
    if groups < 2:
        return float("nan"), float("nan")
    half = stdtrit(groups - 1, (1 + level) / 2) * se
    rank = math.floor(n * (0.5 - half))
    if rank < 1:
        return float("nan"), float("nan")
    ordered = np.sort(values)
    return float(ordered[rank - 1]), float(ordered[n - rank])


def models_to_decide(
    rho: float, low: float, high: float, n: int, bounds: tuple[float, ...], *, most: int = 1000
) -> int | None:
    """Further models at which an interval of a correlation would no longer reach across any bound.

    The interval is taken to shrink on the z scale as 1 / sqrt(n - 3), towards a correlation that stays where it is.

    Parameters
    ----------
    rho, low, high : the correlation and its interval, from n models.
    bounds : values the interval should not reach across.
    most : answers that need more than this many models in all are None.

    Examples
    --------
    >>> models_to_decide(0.7, 0.33, 0.88, 27, (-0.5, 0.5))
    42
    """
    z, z_low, z_high = (math.atanh(max(-0.999999, min(0.999999, value))) for value in (rho, low, high))
    factor = 1.0
    for bound in map(math.atanh, bounds):
        if z_low <= bound <= z_high:
            half = z - z_low if bound < z else z_high - z
            factor = max(factor, math.inf if bound == z else (half / (z - bound)) ** 2)
    needed = 3 + (n - 3) * factor
    return None if needed > most else math.ceil(needed) - n
