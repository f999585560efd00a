"""What is spent for each success: a ratio of two means over efforts."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from measurand.stats.intervals.binomial import clopper_pearson
from measurand.stats.intervals.clustered import bell_mccaffrey, cr2_weights
from measurand.stats.intervals.distributions import student
from measurand.stats.intervals.limits import Limits

__all__ = ["cost_per_success"]


def cost_per_success(costs: npt.ArrayLike, success: npt.ArrayLike, codes: npt.ArrayLike, level: float) -> Limits:
    """All that was spent, on failures too, by successes; with limits on the log scale.

    The linearised standard error of a ratio over clusters, ``sum w_c (C_c - R S_c)^2 / S^2``, with CR2 weights and t.
    Without any success the value is infinite, and the lower limit is the mean cost over the exact upper limit of the
    success rate of as many clusters.

    Parameters
    ----------
    costs, success, codes : shape (n,): cost, success and cluster of each effort.
    level : confidence level.

    Returns
    -------
    Limits
        NaN limits below 2 clusters, and where every cluster has the same ratio.

    References
    ----------
    Cochran 1977, Sampling techniques, chapter 6 (ratio estimators).

    Examples
    --------
    >>> value, low, high = cost_per_success([10.0] * 20, [True] * 10 + [False] * 10, range(20), 0.95)
    >>> value, round(low, 1), round(high, 1)
    (20.0, 12.4, 32.3)
    """
    spent, came = np.asarray(costs, dtype=np.float64), np.asarray(success, dtype=np.float64)
    member = np.unique(np.asarray(codes), return_inverse=True)[1]
    groups = int(member.max()) + 1
    total, successes = float(spent.sum()), float(came.sum())
    if not successes:
        upper = float(clopper_pearson(0, groups, level)[1])
        return Limits(float("inf"), total / len(spent) / upper, float("inf"))
    ratio = total / successes
    errors = np.bincount(member, spent - ratio * came)
    if groups < 2 or not ratio or np.abs(errors).max() <= 1e-12 * total:
        return Limits(ratio, float("nan"), float("nan"))
    sizes = np.bincount(member).astype(np.float64)
    relative = float(np.sqrt((cr2_weights(sizes) * errors**2).sum())) / total
    half = float(student.ppf(0.5 + level / 2, bell_mccaffrey(sizes))) * relative
    return Limits(ratio, ratio * float(np.exp(-half)), ratio * float(np.exp(half)))
