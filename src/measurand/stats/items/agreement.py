"""Agreement of graders of the same samples.

Samples may come in clusters (several answers to one item, items of one passage): variances are then of cluster sums.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from measurand.stats.intervals.binomial import clopper_pearson
from measurand.stats.intervals.clustered import bell_mccaffrey, cr2_weights
from measurand.stats.intervals.limits import Limits
from measurand.stats.intervals.ranks import blocks
from measurand.stats.intervals.resampling import bootstrap_weights, percentile

__all__ = ["cluster_codes", "cohen_kappa", "confusion", "krippendorff_alpha", "robust_variance"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_UNDEFINED = Limits(float("nan"), float("nan"), float("nan"))


def confusion(first: Floats, second: Floats) -> tuple[Floats, Floats]:
    """The distinct scores, and how often each pair of them was given, shape (scores of first, scores of second).

    Examples
    --------
    >>> labels, counts = confusion(np.array([0.0, 1.0, 1.0]), np.array([0.0, 1.0, 0.0]))
    >>> labels.tolist(), counts.tolist()
    ([0.0, 1.0], [[1.0, 0.0], [1.0, 1.0]])
    """
    labels, code = np.unique(np.concatenate([first, second]), return_inverse=True)
    n, k = len(first), len(labels)
    counts = np.bincount(code[:n] * k + code[n:], minlength=k * k).reshape(k, k)
    return labels, counts.astype(np.float64)


def cohen_kappa(first: Floats, second: Floats, clusters: Ints | None = None, *, level: float = 0.95) -> Limits:
    """Cohen's kappa of two graders: agreement beyond what their own rates would give by chance.

    The interval is the delta method's on the scale of log(1 - kappa), cluster-robust (CR2, Bell-McCaffrey t). Where the
    graders never disagree its low end is that of the exact interval of the agreement rate, each cluster one trial.

    Parameters
    ----------
    first, second : scores by which two samples are alike or not, shape (samples,), no NaN.
    clusters : cluster code of each sample.

    Returns
    -------
    Limits
        NaN where both graders give one and the same label throughout; limits NaN with one cluster.

    References
    ----------
    Cohen 1960, Educational and Psychological Measurement 20(1); Fleiss, Cohen and Everitt 1969, Psych. Bulletin 72(5).

    Examples
    --------
    >>> first, second = np.repeat([1.0, 1, 0, 0], [20, 5, 10, 15]), np.repeat([1.0, 0, 1, 0], [20, 5, 10, 15])
    >>> round(cohen_kappa(first, second)[0], 6)
    0.4
    """
    n = len(first)
    labels, counts = confusion(first, second)
    if n == 0 or len(labels) < 2:
        return _UNDEFINED
    joint = counts / n
    rates = joint.sum(axis=1), joint.sum(axis=0)
    agreed, chance = float(np.trace(joint)), float(rates[0] @ rates[1])
    kappa = (agreed - chance) / (1 - chance)
    groups, code = cluster_codes(n, clusters)
    if agreed == 1:
        low = float(clopper_pearson(groups, groups, level)[0])
        return Limits(1.0, max((low - chance) / (1 - chance), -1.0), 1.0)
    place = np.searchsorted(labels, first), np.searchsorted(labels, second)
    expected = rates[1][place[0]] + rates[0][place[1]] - 2 * chance
    influence = ((first == second) - agreed - (1 - kappa) * expected) / (1 - chance) / n
    half = _half_width(influence, code, level) / (1 - kappa)
    return Limits(kappa, 1 - (1 - kappa) * float(np.exp(half)), 1 - (1 - kappa) * float(np.exp(-half)))


def cluster_codes(n: int, clusters: Ints | None) -> tuple[int, Ints]:
    """Number of clusters and each sample's, samples being their own where none are given."""
    if clusters is None:
        return n, np.arange(n)
    names, code = np.unique(clusters, return_inverse=True)
    return len(names), code


def robust_variance(influence: Floats, code: Ints, counted: npt.NDArray[np.bool_] | None = None) -> tuple[float, float]:
    """CR2 variance of a sum of influences and its Bell-McCaffrey degrees of freedom; NaN with one cluster.

    Parameters
    ----------
    influence, code : of each sample, shape (samples,).
    counted : the samples whose number by cluster says how far a cluster pulls the estimate to itself; all by default.
    """
    by_cluster = np.bincount(code, influence)
    sizes = np.bincount(code, counted, minlength=len(by_cluster)).astype(np.float64)
    # A cluster without a counted sample pulls nothing.
    weights = np.where(sizes > 0, cr2_weights(sizes), 1.0)
    return float(weights @ by_cluster**2), float(bell_mccaffrey(sizes))


def _half_width(influence: Floats, code: Ints, level: float) -> float:
    """t times the standard error of a sum of influences; NaN with one cluster or where none varies."""
    variance, df = robust_variance(influence, code)
    return float(stdtrit(df, (1 + level) / 2) * np.sqrt(variance)) if variance > 0 else float("nan")


def krippendorff_alpha(
    ratings: Floats,
    metric: Literal["nominal", "interval"] = "nominal",
    clusters: Ints | None = None,
    *,
    level: float = 0.95,
    resamples: int = 1000,
    rng: np.random.Generator,
) -> Limits:
    """Krippendorff's alpha of any number of graders, some of whose ratings may be missing.

    1 - observed over expected disagreement, over the samples that at least two graders rated; a percentile interval
    from resampled samples (or whole clusters of them).

    Parameters
    ----------
    ratings : shape (graders, samples), NaN where not rated.
    metric : ratings that differ disagree (``nominal``), or by their squared difference (``interval``).
    clusters : cluster code of each sample.

    Returns
    -------
    Limits
        NaN where no sample has two ratings or all ratings are alike; limits NaN where no resample differs.

    References
    ----------
    Krippendorff 2011, Computing Krippendorff's alpha-reliability, Annenberg School for Communication.

    Examples
    --------
    >>> ratings = np.array([[1.0, 1, 0, 0, np.nan], [1, 1, 0, 1, 0]])
    >>> round(krippendorff_alpha(ratings, rng=np.random.default_rng(0))[0], 4)
    0.5333
    """
    rated = np.isfinite(ratings).sum(axis=0) >= 2
    ratings = ratings[:, rated]
    if not rated.any():
        return _UNDEFINED
    observed, parts = _disagreement(ratings, metric)
    value = _alpha(np.ones((1, len(observed))), observed, parts, metric)[0]
    if not np.isfinite(value):
        return _UNDEFINED
    groups, code = cluster_codes(len(observed), None if clusters is None else clusters[rated])
    # Sums of clusters stand in for their samples, so that a resample weighs clusters.
    observed = np.bincount(code, observed, minlength=groups).astype(np.float64)
    parts = np.stack([np.bincount(code, part, minlength=groups) for part in parts.T], axis=1)
    replicates = [
        _alpha(bootstrap_weights(groups, len(range(resamples)[block]), rng), observed, parts, metric)
        for block in blocks(resamples, groups)
    ]
    low, high = percentile(np.concatenate(replicates)[:, None], level)
    return Limits(float(value), float(low[0]), float(high[0]))


def _disagreement(ratings: Floats, metric: str) -> tuple[Floats, Floats]:
    """Each sample's disagreement, and the sums from which the expected one follows, (samples,) and (samples, parts)."""
    ran = np.isfinite(ratings)
    m = ran.sum(axis=0).astype(np.float64)
    if metric == "interval":
        # A shift costs nothing and keeps the sums of squares from cancelling.
        filled = np.where(ran, ratings - np.nanmean(ratings), 0.0)
        total, squares = filled.sum(axis=0), np.square(filled).sum(axis=0)
        return 2 * (m * squares - total**2) / (m - 1), np.stack([m, total, squares], axis=1)
    labels = np.unique(ratings[ran])
    counts = (ratings[:, :, None] == labels).sum(axis=0).astype(np.float64)
    return (m**2 - np.square(counts).sum(axis=1)) / (m - 1), counts


def _alpha(weights: Floats, observed: Floats, parts: Floats, metric: str) -> Floats:
    """Alpha in each replicate, NaN where all ratings are alike."""
    sums = weights @ parts
    if metric == "interval":
        n, total, squares = sums.T
        expected = 2 * (n * squares - total**2)
    else:
        n = sums.sum(axis=1)
        expected = n**2 - np.square(sums).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(expected > 1e-12 * n**2, 1 - (n - 1) * (weights @ observed) / expected, np.nan)
