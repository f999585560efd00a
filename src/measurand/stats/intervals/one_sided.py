"""One-sided p-values of estimates whose intervals are made with t: what verdicts at a bound are judged by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from measurand.stats.intervals.correlation import jackknife_se, share_below_se
from measurand.stats.intervals.distributions import binom, student

__all__ = ["Uncertain", "median_p_values", "of_jackknife", "share_below"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Uncertain:
    """Estimates whose error over its standard error follows t; `OnZScale` is the same of correlations.

    Parameters
    ----------
    value : the estimates, shape (m,).
    stderr : their standard errors, shape (m,); 0 and NaN say nothing of the estimate, and give no p-value.
    df : degrees of freedom, shape (m,).

    Examples
    --------
    >>> found = Uncertain(np.array([0.3]), np.array([0.1]), np.array([9.0]))
    >>> found.p_above(0.0).round(4).tolist(), found.p_below(0.0).round(4).tolist()
    ([0.0075], [0.9925])
    """

    value: Floats
    stderr: Floats
    df: Floats

    def p_above(self, bound: float) -> Floats:
        """P-values against "at most the bound", shape (m,): small where the estimate lies clearly above it."""
        usable = (self.stderr > 0) & (self.df > 0)
        t = np.divide(self.value - bound, self.stderr, out=np.full(len(self.value), np.nan), where=usable)
        result: Floats = student.sf(t, np.where(usable, self.df, 1))
        return result

    def p_below(self, bound: float) -> Floats:
        """P-values against "at least the bound", shape (m,): small where the estimate lies clearly below it."""
        return Uncertain(-self.value, self.stderr, self.df).p_above(-bound)


def of_jackknife(value: Floats, replicates: Floats) -> Uncertain:
    """Estimates with their leave-one-family-out replicates, shape (G, m), as `jackknife_t` takes them."""
    stderr, groups = jackknife_se(replicates)
    return Uncertain(value, stderr, groups - 1)


def median_p_values(values: Floats, families: Ints, bound: float) -> tuple[float, float]:
    """P-values of a median over observations in families: above a bound, and below it.

    The smallest level at which a limit of `median_limits` (Woodruff 1952) still lies beyond the bound.

    Parameters
    ----------
    values : shape (n,), no NaN.
    families : family code of each observation, shape (n,).

    Returns
    -------
    above, below
        NaN with one family only.

    Examples
    --------
    >>> above, below = median_p_values(np.arange(1.0, 21.0), np.arange(20), 4.5)
    >>> round(above, 3), below
    (0.021, 1.0)
    """
    n = len(values)
    error, groups = share_below_se(values, families)
    if groups < 2:
        return float("nan"), float("nan")

    def p_value(beyond: int) -> float:
        # The limit is an order statistic of rank n (1/2 - t error), rounded down: one more than lie on the wrong side.
        room = 0.5 - (beyond + 1) / n
        if room < 0:
            return 1.0
        return float(student.sf(room / error, groups - 1)) if error > 0 else 0.0

    return p_value(int((values <= bound).sum())), p_value(int((values >= bound).sum()))


def share_below(value: float, stderr: float, df: float, groups: int, bound: float) -> float:
    """P-value against "a share of at least `bound`", where the share has Wilson's interval (`share_limits`).

    Where that has no limits (a share of 0 or 1, or no spread between groups) the groups are counted as trials.

    Examples
    --------
    >>> round(share_below(0.7, 0.05, 9, 10, 0.85), 4), round(share_below(0.0, 0.0, 3, 4, 0.85), 6)
    (0.002, 0.000506)
    """
    if not (stderr > 0 and df > 0 and 0 < value < 1):
        return float(binom.cdf(round(value * groups), groups, bound))
    # The score test that Wilson's interval inverts, at the sample size the standard error amounts to.
    size = value * (1 - value) / stderr**2
    return float(student.sf((bound - value) / np.sqrt(bound * (1 - bound) / size), df))
