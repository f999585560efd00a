"""Mean scores of models on one set of items, resampled: the standard errors of their differences, and replicates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from measurand.stats.intervals.clustered import bell_mccaffrey, cluster_sizes, cr2_weights
from measurand.stats.intervals.ranks import blocks
from measurand.stats.intervals.resampling import bootstrap_weights

__all__ = ["ResampledMeans", "resampled_means"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class ResampledMeans:
    """Mean scores with what other items (and prompts) would have made of them.

    Parameters
    ----------
    means : mean of each model over all items and variants, shape (m,).
    gap_stderr : standard error of each difference of two models, shape (m, m).
    freedom : its degrees of freedom, shape (m, m).
    replicates : shape (r, m).
    """

    means: Floats
    gap_stderr: Floats
    freedom: Floats
    replicates: Floats


def resampled_means(
    scores: Floats,
    replicates: int,
    rng: np.random.Generator,
    *,
    clusters: Ints | None = None,
    resample_variants: bool = False,
) -> ResampledMeans:
    """Means over items and variants, with items (whole clusters) and, if asked, variants drawn anew.

    Every model gets the same draw: what counts is the difference on the same items. The variance of a difference is
    that over items (CR2) plus that over variants, less the part of single cells that both contain; the part of the
    variants is never less than its average over all pairs, and the degrees of freedom are Satterthwaite's. A difference
    counts as at most G / 2 standard errors, what it would be had one of the G items (clusters) said the opposite: those
    that all say the same leave no interval of width 0.

    Parameters
    ----------
    scores : shape (m, v, n): models, variants, items; all finite.
    replicates : bootstrap replicates.
    clusters : number of each item's cluster, shape (n,); None if items are independent.
    resample_variants : whether the variants are a sample too (at least two), or the only ones of interest.

    References
    ----------
    Cameron, Gelbach and Miller 2011, Robust inference with multiway clustering, JBES 29(2); Miller 2024,
    arXiv 2411.00640.

    Examples
    --------
    >>> scores = np.array([[[1.0, 1.0, 0.0, 1.0]], [[0.0, 1.0, 0.0, 1.0]]])
    >>> found = resampled_means(scores, 100, np.random.default_rng(0))
    >>> found.means.tolist(), round(float(found.gap_stderr[0, 1]), 6), round(float(found.freedom[0, 1]), 6)
    ([0.75, 0.5], 0.25, 3.0)
    """
    m, v, n = scores.shape
    over_items, over_variants = scores.mean(axis=1), scores.mean(axis=2)
    codes = np.arange(n) if clusters is None else np.unique(clusters, return_inverse=True)[1]
    groups = int(codes.max()) + 1
    means = over_items.mean(axis=1)
    sums = np.zeros((m, groups))
    np.add.at(sums.T, codes, (over_items - means[:, None]).T)
    sizes = cluster_sizes(clusters, n)
    of_items = float(bell_mccaffrey(sizes))
    by_items = _gap_variance(sums * np.sqrt(cr2_weights(sizes))) / n**2
    variance, freedom = by_items, np.full((m, m), of_items)
    drawn = means + _over_items(over_items, codes, groups, replicates, rng)
    if resample_variants:
        by_variants = _gap_variance(over_variants - means[:, None]) / (v * (v - 1))
        rest = scores - over_items[:, None, :] - over_variants[:, :, None] + means[:, None, None]
        cells = _gap_variance(rest.reshape(m, -1)) / ((n - 1) * (v - 1) * n * v)
        # A few variants tell little of one pair: the part of the variants is at least that of all pairs together.
        own, pairs = by_variants - cells, ~np.eye(m, dtype=bool)
        own = np.where(pairs, np.maximum(own, max(0.0, float(own[pairs].mean()))), 0.0)
        variance = by_items + own
        with np.errstate(invalid="ignore", divide="ignore"):
            freedom = variance**2 / (by_items**2 / of_items + own**2 / ((v - 1) * (m - 1)))
        freedom = np.where(np.isfinite(freedom), freedom, of_items)
        drawn += bootstrap_weights(v, replicates, rng) @ (over_variants - means[:, None]).T / v
    stderr = np.sqrt(variance)
    least = 2 * np.abs(means[:, None] - means) / groups
    return ResampledMeans(means, np.maximum(stderr, least), freedom, drawn)


def _gap_variance(columns: Floats) -> Floats:
    """Sum of squares of the difference of each two rows of (m, k), shape (m, m)."""
    products = columns @ columns.T
    own = np.diag(products)
    result: Floats = np.maximum(own[:, None] + own - 2 * products, 0)
    return result


def _over_items(over_items: Floats, codes: Ints, groups: int, replicates: int, rng: np.random.Generator) -> Floats:
    """How far each replicate's means over resampled items lie from the means, shape (replicates, m)."""
    m = len(over_items)
    totals, sizes = np.zeros((groups, m)), np.bincount(codes, minlength=groups).astype(np.float64)
    np.add.at(totals, codes, over_items.T)
    result = np.empty((replicates, m))
    for rows in blocks(replicates, groups):
        weights = bootstrap_weights(groups, len(range(*rows.indices(replicates))), rng)
        result[rows] = weights @ totals / (weights @ sizes)[:, None]
    result -= over_items.mean(axis=1)
    return result
