"""Votes that depend on one another: by a few voters or on a few prompts, some of them with most of the votes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from measurand.stats.votes.bradley_terry import Comparisons, Fit, Ties, covariance

__all__ = ["covariances", "effective_number"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def effective_number(clusters: Ints, weights: Ints | None = None) -> float:
    """How many clusters of equal size say as much as these: (sum n)^2 / sum n^2.

    Parameters
    ----------
    clusters : number of each row's cluster, shape (rows,).
    weights : how many votes each row stands for, shape (rows,); one by default.

    Where a few voters cast most of the votes, a cluster-robust variance rests on those few: t(G_eff - 1) held its level
    with activity as unequal as a Pareto distribution's of shape 1.1, where t(G - 1) was false five times as often.

    References
    ----------
    Kish 1965, Survey Sampling; Carter, Schnepel and Steigerwald 2017, Review of Economics and Statistics 99(4).

    Examples
    --------
    >>> effective_number(np.array([0, 0, 1, 1])), round(effective_number(np.array([0, 0, 0, 1])), 2)
    (2.0, 1.6)
    """
    sizes = np.bincount(np.unique(clusters, return_inverse=True)[1], weights).astype(np.float64)
    return float(sizes.sum() ** 2 / (sizes @ sizes))


def covariances(
    data: Comparisons, fitted: Fit, *, ties: Ties = "half", clusterings: Sequence[Ints] = ()
) -> tuple[Floats, ...]:
    """Sandwich covariances of the strengths by which a variance is the largest of what each gives.

    Those of clusters are times G_eff / (G_eff - 1) (`effective_number`) in place of G / (G - 1): a voter of many votes
    pulls the fit towards their own, and what is left of their scores is too small. For equal ones both are the same.
    Without a clustering, that of independent votes; with one, that of its clusters; with two, each alone and both at
    once: V_1 + V_2 - V_both, where votes depend on one another if they share a voter, or a prompt. That difference can
    leave a variance below those of either alone, or below 0, and then the larger of these stands.

    References
    ----------
    Cameron, Gelbach and Miller 2011, Robust inference with multiway clustering, J. Business and Economic Statistics
    29(2).
    """
    if not clusterings:
        return (covariance(data, fitted, ties=ties),)
    alone = tuple(_unequal(data, fitted, ties, codes) for codes in clusterings)
    if len(clusterings) == 1:
        return alone
    one, other = clusterings
    both = one * (int(other.max()) + 1) + other
    return (*alone, alone[0] + alone[1] - _unequal(data, fitted, ties, both))


def _unequal(data: Comparisons, fitted: Fit, ties: Ties, clusters: Ints) -> Floats:
    groups, effective = len(np.unique(clusters)), effective_number(clusters, data.weights)
    wider = (effective / (effective - 1)) / (groups / (groups - 1))
    return wider * covariance(data, fitted, ties=ties, clusters=clusters)
