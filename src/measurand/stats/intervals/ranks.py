"""Rank statistics under many weightings of the same observations at once.

A bootstrap resample, a jackknife replicate and a study with some models dropped are all the same observations under
other weights. So every function takes weights of shape (replicates, n) and answers for all replicates at once.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

__all__ = ["Method", "blocks", "correlate", "correlations", "midranks", "midranks_fixed"]

Floats = npt.NDArray[np.float64]
Method = Literal["spearman", "pearson", "kendall"]

_DENSE_LIMIT = 96
"""Up to this many observations one matrix product with the n x n comparison matrix beats a cumulative sum."""

_CHUNK_CELLS = 8_000_000
"""Working set of one block of replicates, in numbers: 64 MB of float64."""


def midranks(values: Floats, weights: Floats) -> Floats:
    """Weighted midranks of rows that differ from replicate to replicate.

    The midrank of an observation is the weight below it plus half the weight tied with it (itself included), plus one
    half; with unit weights that is the usual average rank.

    Parameters
    ----------
    values : shape (replicates, n).
    weights : shape (replicates, n), not negative.

    Returns
    -------
    array, shape (replicates, n)
        Midranks; those of observations with weight 0 say where they would fall.

    Examples
    --------
    >>> midranks(np.array([[3.0, 1.0, 1.0]]), np.ones((1, 3))).tolist()
    [[3.0, 1.5, 1.5]]
    """
    order = np.argsort(values, axis=1)
    ordered = np.take_along_axis(values, order, axis=1)
    weight = np.take_along_axis(weights, order, axis=1)
    ranks = np.empty_like(ordered)
    np.put_along_axis(ranks, order, _sorted_midranks(ordered[:, 1:] != ordered[:, :-1], weight), axis=1)
    return ranks


def midranks_fixed(values: Floats, weights: Floats) -> Floats:
    """Weighted midranks of the same columns in every replicate.

    Parameters
    ----------
    values : shape (n, m), no NaN.
    weights : shape (replicates, n).

    Returns
    -------
    array, shape (m, replicates, n)
    """
    n, m = values.shape
    if n <= _DENSE_LIMIT:
        # below[i, (j, k)]: does observation i count below observation k in column j (a tie counts half)?
        columns = values.T
        below = (columns[:, :, None] < columns[:, None, :]) + 0.5 * (columns[:, :, None] == columns[:, None, :])
        ranks = weights @ below.transpose(1, 0, 2).reshape(n, m * n) + 0.5
        return np.ascontiguousarray(ranks.reshape(len(weights), m, n).transpose(1, 0, 2))
    ranks = np.empty((m, len(weights), n))
    for j in range(m):
        order = np.argsort(values[:, j])
        ordered = values[order, j]
        ranks[j][:, order] = _sorted_midranks((ordered[1:] != ordered[:-1])[None], weights[:, order])
    return ranks


def _sorted_midranks(differs: npt.NDArray[np.bool_], weight: Floats) -> Floats:
    """Midranks along sorted rows; ``differs[:, i]`` says that value i + 1 is not tied with value i."""
    total = np.cumsum(weight, axis=1)
    before, after = total - weight, total.copy()
    if not differs.all():
        # The weight before a tie group is that before its first member; running sums only grow, so carrying the
        # last group start forward (and the next group end backward) is a running maximum (minimum).
        before[:, 1:] = np.where(differs, before[:, 1:], -np.inf)
        before = np.maximum.accumulate(before, axis=1)
        after[:, :-1] = np.where(differs, after[:, :-1], np.inf)
        after = np.minimum.accumulate(after[:, ::-1], axis=1)[:, ::-1]
    return (before + after) / 2 + 0.5


def correlations(a: Floats, b: Floats, weights: Floats) -> Floats:
    """Weighted Pearson correlation of `a` with each of several `b`, a replicate at a time.

    Parameters
    ----------
    a : shape (replicates, n).
    b : shape (m, replicates, n).
    weights : shape (replicates, n).

    Returns
    -------
    array, shape (replicates, m)
        NaN where either side does not vary.
    """
    total = weights.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        a = a - ((a * weights).sum(axis=1) / total)[:, None]
        weighted_a = a * weights
        # sum w (a - mean a) (b - mean b) = sum w (a - mean a) b: b need not be centred for the product
        cross = np.einsum("rn,mrn->rm", weighted_a, b)
        mean = np.einsum("rn,mrn->rm", weights, b) / total[:, None]
        centred = b - mean.T[:, :, None]
        spread = np.einsum("rn,mrn,mrn->rm", weights, centred, centred)
        variance = np.einsum("rn,rn->r", weighted_a, a)[:, None] * spread
        # Rounding leaves a constant side a little variance, from which a correlation would come out of nothing.
        scale = np.where(variance > 1e-18 * np.maximum(1.0, np.abs(cross)) ** 2, variance, np.nan)
        result: Floats = np.clip(cross / np.sqrt(scale), -1.0, 1.0)
        return result


def correlate(scores: Floats, tested: Floats, weights: Floats, method: Method = "spearman") -> Floats:
    """Correlation of a score with each benchmark in each replicate, over the models that have both.

    Parameters
    ----------
    scores : shape (replicates, n).
    tested : shape (n, m), NaN where missing.
    weights : shape (replicates, n).
    method : ``spearman``, ``pearson``, or ``kendall`` (tau-b).

    Returns
    -------
    array, shape (replicates, m)
        NaN where fewer than two distinct values take part on either side.

    Examples
    --------
    >>> score, benchmarks = np.array([[1.0, 2.0, 3.0]]), np.array([[1.0, 9.0], [4.0, 1.0], [9.0, 0.0]])
    >>> correlate(score, benchmarks, np.ones((1, 3))).tolist()
    [[1.0, -1.0]]
    """
    # Ranks of the score depend on which models take part, so benchmarks are treated by their pattern of missing cells.
    patterns, pattern_of = np.unique(np.isnan(tested).T, axis=0, return_inverse=True)
    result = np.full((len(weights), tested.shape[1]), np.nan)
    for index, pattern in enumerate(patterns):
        columns, here = np.flatnonzero(pattern_of.ravel() == index), ~pattern
        if here.sum() < 2:
            continue
        values = tested[np.ix_(here, columns)]
        cells = values.size * (len(values) if method == "kendall" else 1)
        for rows in blocks(len(weights), cells):
            part, score = weights[rows][:, here], scores[rows][:, here]
            found = _METHODS[method](score, values, part)
            # NaN sorts last, so that undefined scores would get ranks, and a correlation.
            undefined = ~np.isfinite(score).all(axis=1, keepdims=True)
            result[rows, columns] = np.where(undefined, np.nan, found)
    return result


def blocks(replicates: int, cells: int) -> list[slice]:
    """Blocks of replicates that keep the working set bounded, given the cells one replicate takes."""
    size = max(1, _CHUNK_CELLS // max(1, cells))
    return [slice(start, start + size) for start in range(0, replicates, size)]


def _spearman(scores: Floats, values: Floats, weights: Floats) -> Floats:
    return correlations(midranks(scores, weights), midranks_fixed(values, weights), weights)


def _pearson(scores: Floats, values: Floats, weights: Floats) -> Floats:
    # A shift costs nothing and keeps the sums of squares of columns far from zero from cancelling.
    columns = (values - values.mean(axis=0)).T[:, None, :]
    return correlations(scores, np.broadcast_to(columns, (values.shape[1], *scores.shape)), weights)


def _kendall(scores: Floats, values: Floats, weights: Floats) -> Floats:
    i, j = np.triu_indices(len(values), k=1)
    # Copies of one model are tied with each other and add nothing: pairs of different models are all.
    pairs = weights[:, i] * weights[:, j]
    signs, value_signs = np.sign(scores[:, i] - scores[:, j]), np.sign(values[i] - values[j])
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = (pairs * signs**2).sum(axis=1)[:, None] * (pairs @ value_signs**2)
        result: Floats = np.where(spread > 0, (pairs * signs) @ value_signs / np.sqrt(spread), np.nan)
    return result


_METHODS = {"spearman": _spearman, "pearson": _pearson, "kendall": _kendall}
