"""How many kinds there are, and how likely the next one is new, from how often each was seen in a random sample."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize
from scipy.special import gammaln

from measurand.stats.intervals.distributions import norm
from measurand.stats.intervals.limits import Limits

__all__ = ["Accumulation", "accumulation", "chao1", "new_kind_limits", "sample_coverage", "whole_kinds"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

POINTS = 20
"""Sizes of the sample at which a curve is drawn, up to the sample at hand and again beyond it."""


def whole_kinds(found: Limits) -> Limits:
    """The same with limits in whole kinds, rounded outward: a limit of 20.3 where 20 are there claims one too many.

    Examples
    --------
    >>> whole_kinds(Limits(21.1, 20.3, 26.4))
    Limits(value=21.1, low=20.0, high=27.0)
    """
    return Limits(found.value, float(np.floor(found.low)), float(np.ceil(found.high)))


def _rare(counts: Ints) -> tuple[int, int, int]:
    """Sample size, kinds seen once, kinds seen twice."""
    return int(counts.sum()), int((counts == 1).sum()), int((counts == 2).sum())


def _unseen(counts: Ints) -> float:
    """Chao's estimate of how many kinds were not seen."""
    n, once, twice = _rare(counts)
    squares = once**2 / (2 * twice) if twice else once * (once - 1) / 2
    return (n - 1) / n * squares


def chao1(counts: Ints, level: float) -> Limits:
    """Chao's lower bound of the number of kinds there are, with the interval on the log scale of the unseen.

    ``S + (n-1)/n * f1^2 / (2 f2)``; the bias-corrected ``S + (n-1)/n * f1 (f1-1) / 2`` where no kind was seen twice.
    Without an estimate of any unseen kind there is no spread to judge by: the upper limit is NaN.

    Parameters
    ----------
    counts : shape (kinds,), how often each was seen, at least once.
    level : confidence level.

    References
    ----------
    Chao 1984, Scandinavian Journal of Statistics 11; Chao 1987, Biometrics 43(4), for the interval;
    Colwell 2013, EstimateS 9 user's guide, appendix B, for the variances.

    Examples
    --------
    >>> [round(x, 2) for x in chao1(np.array([10, 8, 5, 2, 2, 1, 1, 1]), 0.95)]
    [10.18, 8.26, 26.48]
    """
    n, once, twice = _rare(counts)
    seen = len(counts)
    unseen = _unseen(counts)
    if not unseen:
        return Limits(float(seen), float(seen), math.nan)
    share = (n - 1) / n
    if twice:
        ratio = once / twice
        variance = twice * (share * ratio**2 / 2 + share**2 * ratio**3 + share**2 * ratio**4 / 4)
    else:
        variance = share * once * (once - 1) / 2 + share**2 * once * (2 * once - 1) ** 2 / 4
        variance -= share**2 * once**4 / (4 * (seen + unseen))
    z = float(norm.ppf(0.5 + level / 2))
    factor = math.exp(z * math.sqrt(math.log1p(max(variance, 0.0) / unseen**2)))
    return Limits(seen + unseen, seen + unseen / factor, seen + unseen * factor)


def sample_coverage(counts: Ints) -> float:
    """Share of all that happens which is of the kinds seen, estimated from the kinds seen once and twice.

    References
    ----------
    Chao and Jost 2012, Coverage-based rarefaction and extrapolation, Ecology 93(12), equation 4a.

    Examples
    --------
    >>> round(sample_coverage(np.array([10, 8, 5, 2, 2, 1, 1, 1])), 4)
    0.9044
    """
    n, once, twice = _rare(counts)
    if not once:
        return 1.0
    if twice:
        return 1 - once / n * ((n - 1) * once / ((n - 1) * once + 2 * twice))
    return 1 - once / n * ((n - 1) * (once - 1) / ((n - 1) * (once - 1) + 2))


def new_kind_limits(counts: Ints, level: float, weights: Floats | None = None) -> Limits:
    """Good and Turing's estimate of the chance that the next one is of an unseen kind, f1 / n, with its interval.

    Those chances m whose standard error, ``sqrt(m (1 - m) / n + 2 (f2 + 1) / n^2)``, does not rule out the estimate:
    Esty's variance in the manner of Wilson, so that it is defined also where no kind was seen once. The one kind added
    to f2, the number seen twice, is what makes the interval hold its level in small samples (by simulation).

    Where things come in groups, each counts as one drawn at random from its group: n groups, f1 the sum over groups of
    the share that is of kinds in no other group, which is what leaving one group out at a time gives.

    Parameters
    ----------
    counts : shape (kinds,), in how many groups each kind was seen.
    level : confidence level.
    weights : shape (kinds,), the sum over the groups of the kind's share in each; `counts` where a group is one thing.

    References
    ----------
    Good 1953, Biometrika 40; Esty 1983, Annals of Statistics 11(3); Wilson 1927, JASA 22(158).

    Examples
    --------
    >>> value, low, high = new_kind_limits(np.array([10, 8, 5, 2, 2, 1, 1, 1]), 0.95)
    >>> round(value, 3), round(low, 3), round(high, 3)
    (0.1, 0.0, 0.332)
    """
    shares = counts if weights is None else weights
    n, once, twice = (float(shares[where].sum()) for where in (counts > 0, counts == 1, counts == 2))
    value, twice = once / n, twice / 2
    z = float(norm.ppf(0.5 + level / 2))

    def excess(chance: float) -> float:
        return abs(value - chance) - z * math.sqrt(chance * (1 - chance) / n + 2 * (twice + 1) / n**2)

    low = 0.0 if excess(0.0) <= 0 else float(optimize.brentq(excess, 0.0, value))
    high = 1.0 if excess(1.0) <= 0 else float(optimize.brentq(excess, value, 1.0))
    return Limits(value, low, high)


@dataclass(frozen=True, eq=False)
class Accumulation:
    """How many kinds a sample of each size holds.

    Parameters
    ----------
    sizes : shape (m,): sizes of the sample, up to twice the one at hand.
    kinds, low, high : shape (m,): expected number of kinds with its interval.
    """

    sizes: Ints
    kinds: Floats
    low: Floats
    high: Floats


def accumulation(
    counts: Ints, level: float, resamples: int, rng: np.random.Generator, points: int = 40
) -> Accumulation:
    """Rarefaction below the sample's size, extrapolation up to twice it, with a bootstrap interval.

    Parameters
    ----------
    counts : shape (kinds,), how often each was seen, at least once.
    level : confidence level.
    resamples : samples drawn from the assemblage estimated, in which unseen kinds share what coverage leaves.

    References
    ----------
    Hurlbert 1971, Ecology 52(4); Colwell et al. 2012, Journal of Plant Ecology 5(1); Chao et al. 2014, Ecological
    Monographs 84(1), for extrapolation and the bootstrap.

    Examples
    --------
    >>> counts = np.array([10, 8, 5, 2, 2, 1, 1, 1])
    >>> found = accumulation(counts, 0.95, 50, np.random.default_rng(0))
    >>> found.sizes[[0, -1]].tolist(), round(float(found.kinds[found.sizes == 30][0]), 1)
    ([1, 60], 8.0)
    """
    n = int(counts.sum())
    sizes = np.unique(np.concatenate([np.linspace(1, n, POINTS), np.linspace(n, 2 * n, POINTS)]).astype(np.int64))
    kinds = _expected(counts, sizes)
    shares = _assemblage(counts)
    drawn = rng.multinomial(n, shares, size=resamples)
    spread = np.std([_expected(row[row > 0], sizes) for row in drawn], axis=0, ddof=1)
    half = float(norm.ppf(0.5 + level / 2)) * spread
    return Accumulation(sizes, kinds, np.maximum(kinds - half, 0.0), kinds + half)


def _expected(counts: Ints, sizes: Ints) -> Floats:
    """Expected kinds in samples of these sizes."""
    n, once, _ = _rare(counts)
    inner = np.minimum(sizes, n)[:, None]
    rest = n - counts[None, :]
    # The chance to miss a kind: C(n - x, m) / C(n, m), 0 where there are not m others.
    possible = inner <= rest
    with np.errstate(invalid="ignore"):
        logs = gammaln(rest + 1) - gammaln(np.where(possible, rest - inner, 0) + 1)
        logs += gammaln(n - inner + 1) - gammaln(n + 1)
    kinds: Floats = len(counts) - np.where(possible, np.exp(logs), 0.0).sum(axis=1)
    unseen = _unseen(counts)
    if unseen > 0:
        beyond = np.maximum(sizes - n, 0)
        kinds = kinds + unseen * (1 - (1 - once / (n * unseen + once)) ** beyond)
    return kinds


def _assemblage(counts: Ints) -> Floats:
    """Shares of all kinds, seen and unseen, that the sample suggests."""
    n = int(counts.sum())
    missing = 1 - sample_coverage(counts)
    shares = counts / n
    missed = (1 - shares) ** n
    seen = shares * (1 - missing * missed / (shares * missed).sum()) if missing else shares
    unseen = math.ceil(_unseen(counts))
    whole = np.concatenate([seen, np.full(unseen, missing / unseen if unseen else 0.0)])
    result: Floats = whole / whole.sum()
    return result
