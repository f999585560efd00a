"""The interval of a value that was chosen for being the highest of many."""

from __future__ import annotations

from scipy.special import ndtri

from measurand.stats.intervals.limits import Limits

__all__ = ["best_of"]


def best_of(value: float, stderr: float, among: int, level: float) -> Limits:
    """Interval of the highest of many values, which lies above its truth more often than below, with normal errors.

    The lower limit allows for any of them to have come out highest by luck (Bonferroni); the upper one is a single
    value's, since being chosen lifts a value and never lowers it. Each is one-sided at the whole of 1 - level: where
    many values are alike only the lower limit is at risk, and where one is far ahead only the upper one. It covers the
    truth behind the value chosen, and the highest truth there is, in .95 to .99 (8 to 200 values, simulated), where the
    interval of a single value covers .007 to .82 if all are alike.

    Parameters
    ----------
    value, stderr : the highest and its standard error; NaN where not known. among : how many there were.

    References
    ----------
    Fuentes, Casella and Wells 2018, Confidence intervals for the means of the selected populations, Electronic Journal
    of Statistics 12(1).

    Examples
    --------
    >>> best_of(0.9, 0.02, 1, 0.9).low.__round__(3), best_of(0.9, 0.02, 60, 0.9).low.__round__(3)
    (0.874, 0.841)
    """
    alpha = 1 - level
    return Limits(value, float(value + ndtri(alpha / among) * stderr), float(value - ndtri(alpha) * stderr))
