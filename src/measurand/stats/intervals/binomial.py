"""A rate from counts: intervals, bounds, and how many trials a statement needs."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from measurand.stats.intervals.distributions import beta, binom, norm

__all__ = [
    "SMALL",
    "at_least_p_value",
    "at_most_p_value",
    "clopper_pearson",
    "exact_upper",
    "proportion_limits",
    "trials_for",
    "wilson",
]

Floats = npt.NDArray[np.float64]

SMALL = 30
"""Below this many trials the exact interval is used in place of Wilson's."""


def wilson(count: npt.ArrayLike, n: npt.ArrayLike, level: float) -> tuple[Floats, Floats]:
    """Wilson score interval of a proportion.

    References
    ----------
    Wilson 1927, JASA 22(158).

    Examples
    --------
    >>> low, high = wilson(15, 50, 0.95)
    >>> round(float(low), 4), round(float(high), 4)
    (0.191, 0.4375)
    """
    k, size = np.asarray(count, dtype=np.float64), np.asarray(n, dtype=np.float64)
    z = norm.ppf(0.5 + level / 2)
    p = k / size
    centre = (p + z**2 / (2 * size)) / (1 + z**2 / size)
    half = z / (1 + z**2 / size) * np.sqrt(p * (1 - p) / size + z**2 / (4 * size**2))
    return np.where(k == 0, 0.0, centre - half), np.where(k == size, 1.0, centre + half)


def clopper_pearson(count: npt.ArrayLike, n: npt.ArrayLike, level: float) -> tuple[Floats, Floats]:
    """Exact interval of a proportion, (1 - level) / 2 on each side; never too short, whatever the proportion.

    References
    ----------
    Clopper and Pearson 1934, Biometrika 26(4).

    Examples
    --------
    >>> low, high = clopper_pearson(20, 20, 0.95)
    >>> round(float(low), 3), float(high)
    (0.832, 1.0)
    """
    k, size = np.asarray(count, dtype=np.float64), np.asarray(n, dtype=np.float64)
    tail = (1 - level) / 2
    # np.where computes both branches: 0.5 stands in for a parameter of 0, and what it gives is discarded.
    low = np.where(k > 0, beta.ppf(tail, np.maximum(k, 0.5), size - k + 1), 0.0)
    high = np.where(k < size, beta.ppf(1 - tail, k + 1, np.maximum(size - k, 0.5)), 1.0)
    return low, high


def exact_upper(count: npt.ArrayLike, n: npt.ArrayLike, level: float) -> Floats:
    """One-sided exact upper bound of a proportion at a confidence level.

    Examples
    --------
    >>> round(float(exact_upper(0, 300, 0.95)), 5)
    0.00994
    """
    return clopper_pearson(count, n, 2 * level - 1)[1]


def proportion_limits(count: npt.ArrayLike, n: npt.ArrayLike, level: float) -> tuple[Floats, Floats]:
    """Wilson's interval; the exact one below `SMALL` trials and where all trials or none succeeded."""
    k, size = np.asarray(count, dtype=np.float64), np.asarray(n, dtype=np.float64)
    exact = (size < SMALL) | (k == 0) | (k == size)
    inner, outer = wilson(k, size, level), clopper_pearson(k, size, level)
    return np.where(exact, outer[0], inner[0]), np.where(exact, outer[1], inner[1])


def at_least_p_value(count: float, n: float, rate: float) -> float:
    """Probability of at least `count` successes at a true rate: the p-value of "the rate is above it"."""
    return float(binom.sf(count - 1, n, rate))


def at_most_p_value(count: float, n: float, rate: float) -> float:
    """Probability of at most `count` successes at a true rate: the p-value of "the rate is below it"."""
    return float(binom.cdf(count, n, rate))


def trials_for(rate: float, alpha: float, count: int = 0) -> int:
    """Fewest trials with `count` events from which a rate below `rate` follows with confidence 1 - alpha.

    With no event it is ``ln(alpha) / ln(1 - rate)``.

    Examples
    --------
    >>> trials_for(1e-4, 0.05), trials_for(0.01, 0.05, count=1)
    (29956, 473)
    """
    if count == 0:
        return math.ceil(math.log(alpha) / math.log1p(-rate))
    low, high = count, max(count + 1, 2)
    while binom.cdf(count, high, rate) > alpha:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if binom.cdf(count, middle, rate) > alpha else (low, middle)
    return high
