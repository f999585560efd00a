"""The distributions this package draws on, under scipy.stats' names, from `scipy.special` alone.

``import scipy.stats`` takes most of a second, which every command would pay for a quantile of the normal distribution.
The tests hold each function against scipy.stats.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

__all__ = ["beta", "binom", "chi2", "fisher", "norm", "student"]


class norm:
    """The standard normal distribution."""

    cdf = staticmethod(special.ndtr)
    ppf = staticmethod(special.ndtri)

    @staticmethod
    def sf(x: Any) -> Any:
        """Chance of more than x."""
        return special.ndtr(-np.asarray(x))[()]


class student:
    """Student's t; undefined at degrees of freedom that are not above 0, the normal at infinitely many."""

    @staticmethod
    def cdf(x: Any, df: Any) -> Any:
        """Chance of x or less."""
        return np.where(np.isposinf(df), special.ndtr(x), _defined(df, special.stdtr(df, x)))[()]

    @staticmethod
    def sf(x: Any, df: Any) -> Any:
        """Chance of more than x."""
        return student.cdf(-np.asarray(x), df)

    @staticmethod
    def ppf(q: Any, df: Any) -> Any:
        """Quantile of q."""
        found = np.where(np.asarray(q) == 0, -np.inf, special.stdtrit(df, q))
        return np.where(np.isposinf(df), special.ndtri(q), _defined(df, found))[()]


class beta:
    """The beta distribution."""

    @staticmethod
    def ppf(q: Any, a: Any, b: Any) -> Any:
        """Quantile of q; undefined where a or b is not above 0."""
        return special.betaincinv(a, b, q)

    @staticmethod
    def cdf(x: Any, a: Any, b: Any) -> Any:
        """Chance of x or less."""
        return special.betainc(a, b, np.clip(x, 0, 1))


class chi2:
    """The chi-squared distribution."""

    @staticmethod
    def ppf(q: Any, df: Any) -> Any:
        """Quantile of q."""
        return special.chdtri(df, 1 - np.asarray(q))[()]


class fisher:
    """Fisher's F distribution."""

    ppf = staticmethod(lambda q, first, second: special.fdtri(first, second, q))


class binom:
    """The binomial distribution: k successes in n trials at rate p."""

    @staticmethod
    def pmf(k: Any, n: Any, p: Any) -> Any:
        """Chance of exactly k."""
        k, n, p = np.broadcast_arrays(np.asarray(k, float), np.asarray(n, float), np.asarray(p, float))
        inside = (k >= 0) & (k <= n) & (k == np.floor(k))
        held = np.where(inside, k, 0.0)
        # In logarithms: beyond some 1,000 trials the coefficient alone overflows.
        logs = special.gammaln(n + 1) - special.gammaln(held + 1) - special.gammaln(n - held + 1)
        return np.where(inside, np.exp(logs + special.xlogy(held, p) + special.xlog1py(n - held, -p)), 0.0)[()]

    @staticmethod
    def cdf(k: Any, n: Any, p: Any) -> Any:
        """Chance of k or fewer."""
        k = np.floor(np.asarray(k, float))
        inside = (k >= 0) & (k < n)
        held = np.where(inside, k, 0.0)
        return np.where(inside, special.betainc(np.maximum(n - held, 1e-300), held + 1, 1 - np.asarray(p)), k >= n)[()]

    @staticmethod
    def sf(k: Any, n: Any, p: Any) -> Any:
        """Chance of more than k."""
        k = np.floor(np.asarray(k, float))
        inside = (k >= 0) & (k < n)
        held = np.where(inside, k, 0.0)
        return np.where(inside, special.betainc(held + 1, np.maximum(n - held, 1e-300), p), k < 0)[()]

    @staticmethod
    def ppf(q: Any, n: Any, p: Any) -> Any:
        """Least k whose chance of k or fewer reaches q."""
        # bdtrik is NaN at rate 0, where k is 0; its rounding may land one too high, so one fewer is tried, too.
        found = np.ceil(np.nan_to_num(special.bdtrik(q, n, p)))
        fewer = np.maximum(found - 1, 0)
        return np.where(binom.cdf(fewer, n, p) >= q, fewer, found)[()]

    @staticmethod
    def isf(q: Any, n: Any, p: Any) -> Any:
        """Least k whose chance of more than k is q or less."""
        found = np.ceil(np.nan_to_num(special.bdtrik(1 - np.asarray(q), n, p)))
        fewer = np.maximum(found - 1, 0)
        more = np.where(binom.sf(found, n, p) <= q, found, found + 1)
        return np.where(binom.sf(fewer, n, p) <= q, fewer, more)[()]


def _defined(df: Any, values: Any) -> Any:
    return np.where(np.asarray(df) > 0, values, np.nan)[()]
