"""Whether the scores of items that share a context go together: the evidence that they are clusters."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from measurand.stats.intervals.clustered import cluster_sizes, cluster_sums
from measurand.stats.intervals.distributions import student

__all__ = ["togetherness", "widening"]

MOST_PERMUTED = 20_000
"""Items up to which they are permuted; of more, a thousand permutations take longer than reading them."""

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def togetherness(scores: Floats, clusters: Ints, permutations: int, rng: np.random.Generator) -> Floats:
    """Sum of squares between clusters of what items are to all models, and the same of clusters drawn at random.

    An item's part is the mean, over the models that ran it, of how far its score lies from the model's mean. Clusters
    whose items go together have means far from 0; items put into clusters of the same sizes at random do not. The sum
    between clusters, that of F tests, is not ruled by the largest cluster, as the variance of the mean is.

    Parameters
    ----------
    scores : shape (models, items); NaN where an item was not run.
    clusters : number of each item's cluster, shape (items,).
    permutations : draws of the items' places; of more than `MOST_PERMUTED` items draws of the sum itself.

    Returns
    -------
    Shape (1 + permutations,): as seen, then as drawn, over the variance of an item, so that benchmarks add up; empty
    where nothing varies, all items lie in one cluster, or none has two.

    Examples
    --------
    >>> scores = np.repeat([[1.0, 0.0, 1.0, 0.0]], 5, axis=1)
    >>> found = togetherness(scores, np.repeat(np.arange(4), 5), 99, np.random.default_rng(0))
    >>> round(float(found[0]), 2), bool(found[0] > found[1:].max())
    (19.0, True)
    """
    items, models = np.zeros(scores.shape[1]), np.zeros(scores.shape[1])
    # Model by model: arrays of all cells may take gigabytes.
    for row in scores:
        ran = np.isfinite(row)
        mean = np.where(ran, row, 0.0).sum() / max(ran.sum(), 1)
        items += np.where(ran, row - mean, 0.0)
        models += ran
    items = items / np.maximum(models, 1)
    items = items - items.mean()
    sizes = cluster_sizes(clusters, len(items))
    variance = float(items.var(ddof=1)) if len(items) > 1 else 0.0
    if variance <= 0 or len(sizes) < 2 or sizes.max() < 2:
        return np.empty(0)
    codes = np.unique(clusters, return_inverse=True)[1]
    # An item alone in its cluster says nothing of togetherness.
    weights = np.where(sizes > 1, 1 / sizes, 0.0) / variance
    seen = _between(items, codes, weights)
    if len(items) > MOST_PERMUTED:
        return np.array([seen, *_drawn(items, sizes.astype(float), weights, permutations, rng)])
    return np.array([seen, *(_between(rng.permutation(items), codes, weights) for _ in range(permutations))])


def _between(items: Floats, codes: Ints, weights: Floats) -> float:
    return float(weights @ np.bincount(codes, items, len(weights)) ** 2)


def _drawn(items: Floats, sizes: Floats, weights: Floats, draws: int, rng: np.random.Generator) -> Floats:
    """Sums between clusters of items put into them at random, from a gamma distribution of their mean and variance.

    Over permutations the mean is exact. The variance is that of draws with replacement, less what is owed to the fixed
    sum of squares; what else the missing replacement changes is of the order of a cluster's share of the items.
    """
    n, square, fourth = len(items), float((items**2).mean()), float((items**4).mean())
    mean = float((weights * sizes * (n - sizes)).sum()) * square / (n - 1)
    of_clusters = sizes * (fourth - 3 * square**2) + 2 * sizes**2 * square**2
    variance = float((weights**2 * of_clusters).sum() - (weights * sizes).sum() ** 2 * (fourth - square**2) / n)
    found: Floats = rng.gamma(mean**2 / variance, variance / mean, draws)
    return found


def widening(scores: Floats, clusters: Ints, level: float = 0.95) -> Floats:
    """How many times as wide a t interval of each model's mean is with the clusters as without, shape (models,)."""
    grouped, plain = cluster_sums(scores, clusters).means(), cluster_sums(scores).means()
    tail = 0.5 + level / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio: Floats = grouped.stderr * student.ppf(tail, grouped.df) / (plain.stderr * student.ppf(tail, plain.df))
    return ratio
