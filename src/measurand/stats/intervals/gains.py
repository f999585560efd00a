"""Mean differences on the same items, with intervals that are defined also where nothing differs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from measurand.stats.intervals.clustered import cluster_sums
from measurand.stats.intervals.distributions import student

__all__ = ["Gain", "gain_limits"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Gain:
    """A mean difference with its interval; `stderr`, with `df`, includes what `gain_limits` adds."""

    value: float
    low: float
    high: float
    stderr: float
    df: float
    groups: int

    def p_value(self, bound: float = 0.0) -> float:
        """Twice the one-sided p-value of "the difference is above the bound"; 1 where the value is not.

        Below one less the confidence level exactly where the lower limit is above the bound.

        Examples
        --------
        >>> gain = Gain(value=0.2, low=0.0, high=0.4, stderr=0.1, df=20, groups=21)
        >>> round(gain.p_value(), 3), gain.p_value(0.3)
        (0.059, 1.0)
        """
        if self.value <= bound:
            return 1.0
        return float(2 * student.sf((self.value - bound) / self.stderr, self.df))


def gain_limits(scores: Floats, reference: Floats, clusters: Ints | None, level: float) -> Gain:
    """Mean paired difference with a t interval over clusters that has a width also where nothing differs.

    The standard error is that of a single split: a mean over splits varies no more, but how much less is not known
    where each chose another copy. To its cluster-robust square comes ``2 / (n + 2)^2``: one further item that differs
    each way, as Bonett and Price add to the counts of discordant items.

    Parameters
    ----------
    scores : shape (splits, items).
    reference : shape (items,), on the same items.
    clusters : shape (items,); each item is a cluster of its own by default.
    level : confidence level.

    References
    ----------
    Bonett and Price 2012, Journal of Educational and Behavioral Statistics 37(4).

    Examples
    --------
    >>> found = gain_limits(np.ones((1, 50)), np.ones(50), None, 0.95)
    >>> found.value, round(found.low, 3), round(found.high, 3)
    (0.0, -0.055, 0.055)
    """
    means = cluster_sums(scores - reference, clusters).means()
    value, df = float(means.value.mean()), float(means.df[0])
    stderr = float(np.sqrt((means.stderr**2).mean() + 2 / (len(reference) + 2) ** 2))
    half = float(student.ppf(0.5 + level / 2, df)) * stderr
    return Gain(
        value=value,
        low=max(value - half, -1.0),
        high=min(value + half, 1.0),
        stderr=stderr,
        df=df,
        groups=int(means.clusters[0]),
    )
