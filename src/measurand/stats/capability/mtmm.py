"""Correlations between measures of several traits by several methods (Campbell and Fiske)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from measurand.stats.intervals.correlation import jackknife_se
from measurand.stats.intervals.one_sided import Uncertain, of_jackknife
from measurand.stats.intervals.ranks import correlate
from measurand.stats.intervals.resampling import family_blocks, jackknife_weights

__all__ = [
    "Agreement",
    "Counted",
    "Pairs",
    "agreement",
    "correlation_matrices",
    "counted",
    "mean_correlation",
    "pairs_of",
]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MOST_BLOCKS = 60
"""More families than this are merged into this many blocks: a delete-a-group jackknife costs the same at any size."""

_PERFECT = 0.9999
"""What a perfect correlation counts as on Fisher's z scale, where it would be infinite."""


def correlation_matrices(values: Floats, families: Ints, least: int) -> tuple[Floats, Floats]:
    """Spearman correlations of every two columns, and again with each family left out.

    Parameters
    ----------
    values : shape (n, m), NaN where not run; a pair's correlation is over the rows that have both.
    families : family of each row, shape (n,).
    least : fewer rows than this give no correlation.

    Returns
    -------
    array, shape (m, m), and array, shape (families or blocks, m, m); NaN where undefined, 1 on the diagonal.

    Examples
    --------
    >>> values = np.array([[1.0, 2.0], [2.0, 1.0], [3.0, 3.0], [4.0, 4.0]])
    >>> found, without = correlation_matrices(values, np.arange(4), 3)
    >>> round(float(found[0, 1]), 6), without[:, 0, 1].round(6).tolist()
    (0.8, [1.0, 1.0, 0.5, 0.5])
    """
    m = values.shape[1]
    run = np.isfinite(values)
    weights = np.vstack([np.ones(len(values)), jackknife_weights(family_blocks(families, MOST_BLOCKS))])
    found = np.full((len(weights), m, m), np.nan)
    together = run.T.astype(np.float64) @ run
    for i in range(m):
        rows, others = run[:, i], np.arange(i, m)
        own = np.broadcast_to(values[rows, i], (len(weights), int(rows.sum())))
        found[:, i, others] = correlate(own, values[np.ix_(rows, others)], weights[:, rows])
        found[:, others, i] = found[:, i, others]
    found[:, together < least] = np.nan
    found[:, np.arange(m), np.arange(m)] = 1.0
    return found[0], found[1:]


@dataclass(frozen=True)
class Pairs:
    """Pairs of measures, each of shape (pairs, 2).

    Parameters
    ----------
    convergent : one trait by two methods.
    method : two traits by one method. neither : two traits by two methods. both : one trait by one method.
    """

    convergent: Ints
    method: Ints
    neither: Ints
    both: Ints


def pairs_of(traits: Ints, methods: Ints, correlations: Floats) -> Pairs:
    """All pairs of measures with a defined correlation, by what they share.

    Parameters
    ----------
    traits, methods : number of each measure's trait and method, shape (m,).
    correlations : shape (m, m).
    """
    first, second = np.triu_indices(len(traits), 1)
    defined = np.isfinite(correlations[first, second])
    first, second = first[defined], second[defined]
    trait, method = traits[first] == traits[second], methods[first] == methods[second]

    def chosen(mask: npt.NDArray[np.bool_]) -> Ints:
        return np.stack([first[mask], second[mask]], axis=1).astype(np.int64)

    return Pairs(chosen(trait & ~method), chosen(~trait & method), chosen(~trait & ~method), chosen(trait & method))


@dataclass(frozen=True)
class Agreement:
    """Mean correlation of one trait by two methods, of two traits by one method, and the difference.

    Parameters
    ----------
    convergent, method, difference : value, low and high; means are taken on Fisher's z scale.
    groups : families behind the intervals.
    error : the convergent mean on Fisher's z scale and the difference, with their standard errors, shape (2,).
    """

    convergent: tuple[float, float, float]
    method: tuple[float, float, float]
    difference: tuple[float, float, float]
    groups: int
    error: Uncertain


def agreement(found: Floats, without: Floats, convergent: Ints, method: Ints, level: float) -> Agreement:
    """Mean correlations over two sets of pairs with leave-one-family-out jackknife intervals, t(G - 1).

    Parameters
    ----------
    found, without : of `correlation_matrices`.
    convergent, method : pairs, shape (pairs, 2), none empty.
    """
    point = [_mean_z(found[None], pairs) for pairs in (convergent, method)]
    left_out = [_mean_z(without, pairs) for pairs in (convergent, method)]
    values = np.concatenate([*point, np.tanh(point[0]) - np.tanh(point[1])])
    replicates = np.stack([*left_out, np.tanh(left_out[0]) - np.tanh(left_out[1])], axis=1)
    error, groups = jackknife_se(replicates)
    half = stdtrit(np.maximum(groups - 1, 1), (1 + level) / 2) * np.where(error > 0, error, np.nan)
    low, high = values - half, values + half
    both = [tuple(map(float, np.tanh([values[i], low[i], high[i]]))) for i in (0, 1)]
    limits = float(values[2]), float(max(low[2], -2.0)), float(min(high[2], 2.0))
    judged = of_jackknife(values[[0, 2]], replicates[:, [0, 2]])
    return Agreement(both[0], both[1], limits, int(groups.min()), judged)  # type: ignore[arg-type]


def mean_correlation(correlations: Floats, pairs: Ints) -> float:
    """Mean correlation of pairs, taken on Fisher's z scale; NaN where there is no pair."""
    return float(np.tanh(_mean_z(correlations[None], pairs)[0]))


def _mean_z(matrices: Floats, pairs: Ints) -> Floats:
    """Mean of Fisher's z over pairs, shape (matrices,)."""
    z = np.arctanh(np.clip(matrices[:, pairs[:, 0], pairs[:, 1]], -_PERFECT, _PERFECT))
    some = np.isfinite(z)
    total = np.where(some, z, 0.0).sum(axis=1)
    result: Floats = np.divide(total, some.sum(axis=1), out=np.full(len(z), np.nan), where=some.any(axis=1))
    return result


@dataclass(frozen=True)
class Counted:
    """Comparisons of a convergent correlation with those that share a measure with it and only the method.

    Parameters
    ----------
    comparisons : how many. violations : in which the shared method's correlation is at least as high.
    low, high : those surely violated, and those not surely in order, all intervals holding together.
    """

    comparisons: int
    violations: int
    low: int
    high: int


def counted(found: Floats, without: Floats, convergent: Ints, method: Ints, level: float) -> Counted:
    """Count Campbell and Fiske's violations: a measure closer to another trait by its method than to its own.

    Each convergent pair is compared with every method pair that shares one of its two measures. The interval of a
    difference on Fisher's z scale is the leave-one-family-out jackknife's, widened so that all hold together.

    Parameters
    ----------
    found, without, convergent, method : as of `agreement`.

    References
    ----------
    Campbell and Fiske 1959, Psychological Bulletin 56(2).
    """
    shares = (convergent[:, None, :, None] == method[None, :, None, :]).any(axis=(2, 3))
    total = int(shares.sum())
    violations = low = high = 0
    z = np.arctanh(np.clip(np.concatenate([found[None], without]), -_PERFECT, _PERFECT))
    for (i, j), mask in zip(convergent, shares, strict=True):
        rivals = method[mask]
        difference = z[:, [i], [j]] - z[:, rivals[:, 0], rivals[:, 1]]
        error, groups = jackknife_se(difference[1:])
        half = stdtrit(np.maximum(groups - 1, 1), 1 - (1 - level) / 2 / total) * error
        violations += int((difference[0] <= 0).sum())
        low += int((difference[0] + half < 0).sum())
        # Negated, so that an undefined interval counts as not surely in order.
        high += int((~(difference[0] - half > 0)).sum())
    return Counted(total, violations, low, high)
