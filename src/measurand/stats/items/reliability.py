"""Reliability of a test's mean score over models, and how each item goes with the rest of the test.

The models are the sample and the items are fixed. One degree of freedom (ddof 1) is taken off every variance and
covariance, so that complete data give the textbook coefficient. Scores have shape (models, items), NaN where not run.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.special import ndtr, ndtri, stdtrit

from measurand.stats.intervals.correlation import jackknife_se
from measurand.stats.intervals.limits import Limits
from measurand.stats.intervals.ranks import correlations, midranks
from measurand.stats.intervals.resampling import family_blocks

__all__ = [
    "ItemRest",
    "Precision",
    "item_rest",
    "items_run",
    "length_needed",
    "reliability",
    "smallest_real_difference",
    "split_half",
]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_BLOCKS = 40
"""Most blocks of models left out in turn where they are families or ran different items: each costs a pass over the
data."""


@dataclass(frozen=True)
class Precision:
    """What a test's mean score says of a model. NaN where undefined.

    Parameters
    ----------
    alpha : share of the variance of the mean score that is not measurement error.
    sem : standard error of measurement of the mean score, in score units.
    """

    alpha: Limits
    sem: Limits


def reliability(
    scores: Floats, clusters: Ints | None = None, families: Ints | None = None, *, level: float = 0.95
) -> Precision:
    """Cronbach's alpha (KR-20 for right and wrong), the standard error of measurement, and their intervals.

    alpha = mean covariance of two items / variance of the mean score, from pairs of items that the same models ran; the
    standard error of measurement is the root of the rest of that variance. Where models ran different items both are
    those of a test of `items_run` items, the items' difficulties allowed for. With clusters only pairs
    of items from different clusters count as agreement: what items of one passage share is error of the test.

    Intervals: jackknife over families of models of log(1 - alpha) and of log(SEM), with t(G - 1), G being the number of
    families of equal size that (sum of sizes)^2 / sum of squared sizes amounts to.

    Parameters
    ----------
    scores : shape (models, items).
    clusters : cluster code of each item, shape (items,).
    families : family code of each model, shape (models,); by default each model is its own.

    Returns
    -------
    Precision
        Undefined below 3 models, below 2 items (or clusters), where no two items were run by the same models, and
        where the mean score does not vary. Without limits where all models are of one family.

    References
    ----------
    Cronbach 1951, Psychometrika 16(3). Kuder and Richardson 1937, Psychometrika 2(3).

    Examples
    --------
    >>> scores = np.array([[1, 1, 1], [1, 1, 0], [1, 0, 0], [0, 0, 0]], dtype=float)
    >>> round(reliability(scores).alpha.value, 4)
    0.75
    """
    undefined = Limits(float("nan"), float("nan"), float("nan"))
    n, run = len(scores), np.isfinite(scores).sum(axis=0)
    codes = np.arange(scores.shape[1]) if clusters is None else clusters
    # Items of a cluster side by side, so that its sums are those of a stretch of columns.
    kept = np.argsort(codes, kind="stable")
    kept = kept[run[kept] >= 2]
    scores, codes = scores[:, kept], np.unique(codes[kept], return_inverse=True)[1]
    if n < 3 or len(np.unique(codes)) < 2:
        return Precision(undefined, undefined)
    value = _moments(scores, codes)
    sizes = np.ones(n) if families is None else np.unique(families, return_counts=True)[1]
    if len(sizes) == n and np.isfinite(scores).all():
        left_out = _moments_left_out(scores, codes)
    else:
        block = family_blocks(np.arange(n) if families is None else families, _BLOCKS)
        sizes = np.bincount(block)
        parts = [_moments(scores[block != one], codes) for one in range(block.max() + 1)]
        left_out = _Moments(*(np.concatenate(part) for part in zip(*(_fields(one) for one in parts), strict=True)))
    # A large family and a few single models are little more than two models (t(G - 1) covers .87 to .93 where families
    # hold 60% of the variance, this .92 to .98).
    t = float(stdtrit(max(n**2 / np.square(sizes).sum() - 1, 1.0), (1 + level) / 2))
    return Precision(
        _jackknife_of_log(1 - value.alpha(), 1 - left_out.alpha(), t, turned=True),
        _jackknife_of_log(value.sem(), left_out.sem(), t, turned=False),
    )


def _jackknife_of_log(value: Floats, replicates: Floats, t: float, *, turned: bool) -> Limits:
    """Limits of a positive quantity t jackknife errors away on the log scale; turned into 1 - quantity if asked."""
    with np.errstate(divide="ignore", invalid="ignore"):
        error = jackknife_se(np.log(replicates)[:, None])[0]
        half = t * np.where(error > 0, error, np.nan)
        low, high = (np.exp(np.log(value) + side * half)[0] for side in (-1, 1))
    if not np.isfinite(low + high):
        low = high = np.nan
    limits = (1 - value[0], 1 - high, 1 - low) if turned else (value[0], low, high)
    return Limits(*map(float, limits))


@dataclass(frozen=True, eq=False)
class _Moments:
    """Second moments of a test, each of shape (replicates,).

    Parameters
    ----------
    items : number of items a model ran, their harmonic mean over the models.
    variance : mean variance of an item.
    together, apart : mean covariance of two items, and of two items of different clusters.
    """

    items: Floats
    variance: Floats
    together: Floats
    apart: Floats

    def total(self) -> Floats:
        """Variance of the mean score of a model, items of equal difficulty."""
        return (self.variance + (self.items - 1) * self.together) / self.items

    def alpha(self) -> Floats:
        """Share of it that is agreement, NaN where the mean score does not vary."""
        total = self.total()
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(total > 1e-12 * self.variance, self.apart / total, np.nan)

    def sem(self) -> Floats:
        """Root of the rest, NaN where agreement leaves none."""
        rest = self.total() - self.apart
        return np.sqrt(np.where(rest > 1e-12 * self.variance, rest, np.nan))


def _fields(moments: _Moments) -> tuple[Floats, Floats, Floats, Floats]:
    return moments.items, moments.variance, moments.together, moments.apart


def _centred(scores: Floats) -> Floats:
    """Scores less their item's mean, 0 where not run."""
    ran = np.isfinite(scores)
    filled = np.where(ran, scores, 0.0)
    result: Floats = np.where(ran, filled - filled.sum(axis=0) / np.maximum(ran.sum(axis=0), 1), 0.0)
    return result


def _starts(codes: Ints) -> Ints:
    """Where each cluster begins among sorted codes."""
    return np.flatnonzero(np.diff(codes, prepend=-1))


def items_run(scores: Floats) -> float:
    """Harmonic mean of the numbers of items the models ran: error variance goes with one over the number.

    Models that ran none do not count.

    Examples
    --------
    >>> items_run(np.array([[1.0, 0.0, 1.0, 1.0], [1.0, 0.0, np.nan, np.nan]])).__round__(2)
    2.67
    """
    count = np.isfinite(scores).sum(axis=1)
    return float(1 / np.mean(1 / count[count > 0]))


def _products(centred: Floats, codes: Ints) -> Floats:
    """Each model's sums of products over one item, over two items, and over two of different clusters, (3, models)."""
    own = np.square(centred).sum(axis=1)
    square = np.square(centred.sum(axis=1))
    within = np.square(np.add.reduceat(centred, _starts(codes), axis=1)).sum(axis=1)
    return np.stack([own, square - own, square - within])


def _moments(scores: Floats, codes: Ints) -> _Moments:
    run = np.isfinite(scores).sum(axis=0)
    # An item that a model left out leaves with one run says nothing of variance.
    scores, codes, run = scores[:, run >= 2], codes[run >= 2], run[run >= 2].astype(np.float64)
    undefined = np.array([np.nan])
    if scores.shape[1] < 2:
        return _Moments(undefined, undefined, undefined, undefined)
    centred = _centred(scores)
    _, together, apart = _products(centred, codes).sum(axis=1)
    variance = (np.square(centred).sum(axis=0) / (run - 1)).mean()
    pairs_together, pairs_apart = _pairs(np.isfinite(scores).astype(np.float64), run, codes)
    if pairs_apart <= 0:
        return _Moments(undefined, undefined, undefined, undefined)
    return _Moments(
        np.array([items_run(scores)]),
        np.array([variance]),
        np.array([together / pairs_together]),
        np.array([apart / pairs_apart]),
    )


def _pairs(ran: Floats, run: Floats, codes: Ints) -> tuple[float, float]:
    """Degrees of freedom behind the sums of products of two items, and of two of different clusters.

    Centring two items, run by n and m models of whom b ran both, at their own means leaves
    b (1 - 1 / n - 1 / m + b / (n m)) of a covariance.
    """
    if ran.all():
        n, sizes = len(ran), np.bincount(codes)
        k = ran.shape[1]
        return float(k * (k - 1) * (n - 1)), float((k**2 - (sizes**2).sum()) * (n - 1))
    every = _pairs_within(ran, run)
    if len(np.unique(codes)) == len(codes):
        within = (run - 1).sum()
    else:
        edges = [*_starts(codes), len(codes)]
        within = sum(_pairs_within(ran[:, a:b], run[a:b]) for a, b in pairwise(edges))
    return float(every - (run - 1).sum()), float(every - within)


def _pairs_within(ran: Floats, run: Floats) -> float:
    """The same over all pairs of some items, each with itself included."""
    count, inverse = ran.sum(axis=1), (ran / run).sum(axis=1)
    scaled = ran / np.sqrt(run)
    return float((count**2 - 2 * count * inverse).sum() + np.square(scaled @ scaled.T).sum())


def _moments_left_out(scores: Floats, codes: Ints) -> _Moments:
    """Moments of complete data without each model in turn.

    Without model i a sum of products of centred scores loses n / (n - 1) times the model's own product.
    """
    n, k = scores.shape
    products = _products(_centred(scores), codes)
    own, together, apart = products.sum(axis=1, keepdims=True) - n / (n - 1) * products
    sizes = np.bincount(codes)
    pairs = k * (k - 1), k**2 - (sizes**2).sum()
    items = np.full(n, float(k))
    if n < 3:
        return _Moments(items, *(np.full(n, np.nan) for _ in range(3)))
    return _Moments(items, own / k / (n - 2), together / pairs[0] / (n - 2), apart / pairs[1] / (n - 2))


def smallest_real_difference(sem: float, level: float = 0.95) -> float:
    """Difference of two models' scores that measurement error alone exceeds with probability 1 - level.

    z * sqrt(2) * SEM (Weir 2005, J Strength Cond Res 19(1)).

    Examples
    --------
    >>> round(smallest_real_difference(0.02), 4)
    0.0554
    """
    return float(ndtri((1 + level) / 2) * np.sqrt(2) * sem)


def length_needed(alpha: float, items: int, wanted: float) -> int:
    """Items of the same kind that would make a test of `items` items as reliable as wanted (Spearman-Brown).

    Examples
    --------
    >>> length_needed(0.6, 20, 0.8)
    54
    """
    ratio = wanted / (1 - wanted) * (1 - alpha) / alpha
    return int(np.ceil(items * ratio - 1e-9))


def split_half(scores: Floats, rng: np.random.Generator, clusters: Ints | None = None, *, splits: int = 200) -> float:
    """Median over random splits of the two halves' correlation, stepped up to full length (Spearman-Brown).

    Whole clusters go to one half. NaN where no split gives a correlation.
    """
    centred, ran = _centred(scores), np.isfinite(scores).astype(np.float64)
    codes = np.arange(scores.shape[1]) if clusters is None else np.unique(clusters, return_inverse=True)[1]
    units = codes.max() + 1
    order = rng.permuted(np.broadcast_to(np.arange(units), (splits, units)), axis=1)
    half = (order < units // 2)[:, codes].T.astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        first, second = ((centred @ part / (ran @ part)).T for part in (half, 1 - half))
        weights = (np.isfinite(first) & np.isfinite(second)).astype(np.float64)
        r = correlations(np.nan_to_num(first), np.nan_to_num(second)[None], weights)[:, 0]
        full = 2 * r / (1 + r)
    defined = full[np.isfinite(full)]
    return float(np.median(defined)) if len(defined) else float("nan")


@dataclass(frozen=True, eq=False)
class ItemRest:
    """How each item goes with the rest of the test, over the models that ran it. Shape (items,) each.

    Parameters
    ----------
    correlation : Pearson correlation of the item with the mean of the rest; NaN where undefined.
    p_negative : one-sided p-value that it is negative, from ranks; NaN where undefined.
    """

    correlation: Floats
    p_negative: Floats


def item_rest(scores: Floats, clusters: Ints | None = None) -> ItemRest:
    """Item-rest correlations, and whether any is negative beyond chance.

    The rest is the mean of the other items (of other clusters) that the model ran, each less its own mean. The p-value
    treats the item's rank correlation with the rest times sqrt(n - 1) as normal, its variance under permutation; for
    right and wrong that is the rank-sum test, whose tails are no heavier than the normal's.

    Examples
    --------
    >>> scores = np.array([[1, 1, 0], [1, 1, 0], [1, 0, 1], [0, 0, 1]], dtype=float)
    >>> np.round(item_rest(scores).correlation, 2).tolist()
    [nan, -0.58, -0.9]
    """
    centred, ran = _centred(scores), np.isfinite(scores)
    weights = ran.astype(np.float64)
    codes = np.arange(scores.shape[1]) if clusters is None else np.unique(clusters, return_inverse=True)[1]
    if clusters is None:
        own, run = centred, weights
    else:
        # Sparse: of thousands of clusters, each item is in one.
        member = sparse.csr_array((np.ones(len(codes)), (np.arange(len(codes)), codes)))
        own, run = (np.asarray(each @ member)[:, codes] for each in (centred, weights))
    count = weights.sum(axis=1, keepdims=True) - run
    with np.errstate(divide="ignore", invalid="ignore"):
        mean_rest = (centred.sum(axis=1, keepdims=True) - own) / count
    # Sums in another order differ in their last digits, which would break ties.
    rest = np.round(np.where(count > 0, mean_rest, 0.0), 10).T.astype(np.float64)
    use = (weights * (count > 0)).T
    item = np.where(ran, scores, 0.0).T
    pearson = _paired(item, rest, use)
    rank = _paired(midranks(item, use), midranks(rest, use), use)
    return ItemRest(pearson, ndtr(rank * np.sqrt(np.maximum(use.sum(axis=1) - 1, 0))))


def _paired(a: Floats, b: Floats, weights: Floats) -> Floats:
    return correlations(a, b[None], weights)[:, 0]
