"""Two areas under the ROC curve on the same texts: their difference with limits that hold at 0 and 1, and power."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from measurand.stats.intervals.distributions import norm
from measurand.stats.intervals.limits import Limits
from measurand.stats.texts.two_sample import auroc, auroc_difference, auroc_limits

__all__ = ["area", "area_difference", "findable_area"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def area(scores: npt.ArrayLike, positive: npt.ArrayLike, level: float) -> Limits:
    """Area under the ROC curve with Newcombe's interval.

    Parameters
    ----------
    scores, positive : shape (n,).
    level : confidence level.

    Examples
    --------
    >>> found = area(np.arange(40), np.arange(40) >= 20, 0.95)
    >>> found.value, round(found.low, 3)
    (1.0, 0.899)
    """
    labels = np.asarray(positive, dtype=np.bool_)
    value = auroc(scores, labels)
    return Limits(value, *auroc_limits(value, int(labels.sum()), int((~labels).sum()), level))


def area_difference(first: npt.ArrayLike, second: npt.ArrayLike, positive: npt.ArrayLike, level: float) -> Limits:
    """Area of the first score minus that of the second on the same texts.

    Limits of the difference from those of each area (Newcombe's), at the correlation that DeLong's covariance gives:
    also where an area is 1 and DeLong's own standard error is 0.

    References
    ----------
    Zou 2007, Toward using confidence intervals to compare correlations, Psychological Methods 12(4);
    DeLong et al. 1988, Biometrics 44(3); Newcombe 2006, Statistics in Medicine 25.

    Examples
    --------
    >>> labels = np.arange(60) % 2 == 0
    >>> found = area_difference(labels, np.arange(60) % 3, labels, 0.95)
    >>> found.value, round(found.low, 2), round(found.high, 2)
    (0.5, 0.34, 0.64)
    """
    labels = np.asarray(positive, dtype=np.bool_)
    a, b = area(first, labels, level), area(second, labels, level)
    value, together = auroc_difference(first, second, labels)
    nothing = np.zeros(len(labels))
    own_a, own_b = (auroc_difference(scores, nothing, labels)[1] for scores in (first, second))
    # An area without spread has no correlation to measure: 0, which is wider than any positive one.
    shared = (own_a**2 + own_b**2 - together**2) / (2 * own_a * own_b) if own_a > 0 and own_b > 0 else 0.0
    r = float(np.clip(shared, -1, 1))
    below, above = (a.value - a.low, b.high - b.value), (a.high - a.value, b.value - b.low)
    low, high = (float(np.sqrt(max(x**2 + y**2 - 2 * r * x * y, 0.0))) for x, y in (below, above))
    return Limits(value, max(value - low, -1.0), min(value + high, 1.0))


def findable_area(positives: int, negatives: int, level: float, power: float) -> float:
    """Smallest area that is told from one half with that power, by the standard error at one half.

    Examples
    --------
    >>> round(findable_area(50, 50, 0.95, 0.8), 2)
    0.66
    """
    spread = np.sqrt((positives + negatives + 1) / (12 * positives * negatives))
    return float(min(0.5 + (norm.ppf(0.5 + level / 2) + norm.ppf(power)) * spread, 1.0))
