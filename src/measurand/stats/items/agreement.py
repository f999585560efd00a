"""Agreement of graders, and rates corrected for a grader's errors by a hand-labelled part.

Samples may come in clusters (several answers to one item, items of one passage): variances are then of cluster sums.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from measurand.stats.intervals.binomial import clopper_pearson
from measurand.stats.intervals.clustered import share_limits
from measurand.stats.intervals.limits import Limits
from measurand.stats.intervals.ranks import blocks
from measurand.stats.intervals.resampling import bootstrap_weights, percentile

__all__ = ["Corrected", "cohen_kappa", "confusion", "krippendorff_alpha", "prediction_powered", "rogan_gladen"]

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

    The interval is the delta method's on the scale of log(1 - kappa), cluster-robust (CR1) with t(G - 1). Where the
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
    groups, code = _codes(n, clusters)
    if agreed == 1:
        low = float(clopper_pearson(groups, groups, level)[0])
        return Limits(1.0, max((low - chance) / (1 - chance), -1.0), 1.0)
    place = np.searchsorted(labels, first), np.searchsorted(labels, second)
    expected = rates[1][place[0]] + rates[0][place[1]] - 2 * chance
    influence = ((first == second) - agreed - (1 - kappa) * expected) / (1 - chance) / n
    half = _half_width(influence, code, groups, level) / (1 - kappa)
    return Limits(kappa, 1 - (1 - kappa) * float(np.exp(half)), 1 - (1 - kappa) * float(np.exp(-half)))


def _codes(n: int, clusters: Ints | None) -> tuple[int, Ints]:
    """Number of clusters and each sample's, samples being their own where none are given."""
    if clusters is None:
        return n, np.arange(n)
    names, code = np.unique(clusters, return_inverse=True)
    return len(names), code


def _half_width(influence: Floats, code: Ints, groups: int, level: float) -> float:
    """t(G - 1) times the CR1 standard error of a sum of influences; NaN with one cluster or where none varies."""
    if groups < 2:
        return float("nan")
    by_cluster = np.bincount(code, influence, minlength=groups)
    variance = groups / (groups - 1) * float(by_cluster @ by_cluster)
    return float(stdtrit(groups - 1, (1 + level) / 2) * np.sqrt(variance)) if variance > 0 else float("nan")


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
    groups, code = _codes(len(observed), None if clusters is None else clusters[rated])
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


@dataclass(frozen=True)
class Corrected:
    """A rate corrected for a grader's errors.

    Parameters
    ----------
    rate : corrected rate with its limits.
    sensitivity, specificity : share of hand-labelled positives (negatives) that the grader calls so, with limits.
    """

    rate: Limits
    sensitivity: Limits
    specificity: Limits


def rogan_gladen(graded: Floats, labelled: Floats, clusters: Ints | None = None, *, level: float = 0.95) -> Corrected:
    """The rate of true positives behind a grader's rate, from its sensitivity and specificity.

    (rate + specificity - 1) / (sensitivity + specificity - 1). Sensitivity and specificity get one success and one
    failure added for the interval, so that a perfect record in a small part is not taken as certain; the delta method
    goes over all samples at once, cluster-robust with t(G - 1), G the hand-labelled clusters.

    Parameters
    ----------
    graded : the grader's 0 or 1 of every sample, shape (samples,).
    labelled : the hand label, 0 or 1, NaN where there is none; those with one should be a random part.

    Returns
    -------
    Corrected
        Undefined without hand-labelled positives and negatives, and where the grader does no better than chance.

    References
    ----------
    Rogan and Gladen 1978, American Journal of Epidemiology 107(1).

    Examples
    --------
    >>> graded = np.repeat([1.0, 0, 1, 0, 1, 0], [18, 2, 4, 16, 55, 45])
    >>> labelled = np.repeat([1.0, 1, 0, 0, np.nan, np.nan], [18, 2, 4, 16, 55, 45])
    >>> round(rogan_gladen(graded, labelled).rate[0], 3)
    0.5
    """
    n = len(graded)
    hand = np.isfinite(labelled)
    truth = np.where(hand, labelled, 0.0)
    positive, negative = hand & (truth == 1), hand & (truth == 0)
    if not positive.any() or not negative.any():
        return Corrected(_UNDEFINED, _UNDEFINED, _UNDEFINED)
    counts = (graded[positive].sum(), positive.sum()), ((1 - graded[negative]).sum(), negative.sum())
    shares = tuple(_proportion(float(hits), int(total), level) for hits, total in counts)
    if shares[0].value + shares[1].value <= 1:
        return Corrected(_UNDEFINED, *shares)
    apparent = graded.mean()
    rate = float(np.clip(_behind(apparent, shares[0].value, shares[1].value), 0, 1))
    sensitivity, specificity = ((hits + 1) / (total + 2) for hits, total in counts)
    power = sensitivity + specificity - 1
    if power <= 0:
        return Corrected(Limits(rate, float("nan"), float("nan")), *shares)
    centre = _behind(apparent, sensitivity, specificity)
    variance = _variance_behind(graded, hand, positive, negative, centre, (sensitivity, specificity), clusters)
    groups = len(np.unique(clusters[hand])) if clusters is not None else int(hand.sum())
    half = stdtrit(groups - 1, (1 + level) / 2) * np.sqrt(variance) / power if groups > 1 and n else float("nan")
    low, high = float(np.clip(centre - half, 0, rate)), float(np.clip(centre + half, rate, 1))
    return Corrected(Limits(rate, low, high), *shares)


def _behind(apparent: float, sensitivity: float, specificity: float) -> float:
    return (apparent + specificity - 1) / (sensitivity + specificity - 1)


def _proportion(hits: float, total: int, level: float) -> Limits:
    low, high = clopper_pearson(hits, total, level)
    return Limits(hits / total, float(low), float(high))


def _variance_behind(
    graded: Floats,
    hand: npt.NDArray[np.bool_],
    positive: npt.NDArray[np.bool_],
    negative: npt.NDArray[np.bool_],
    rate: float,
    powers: tuple[float, float],
    clusters: Ints | None,
) -> float:
    """Variance of the numerator of the corrected rate less the rate times its denominator (delta method)."""
    sensitivity, specificity = powers
    totals = positive.sum() + 2.0, negative.sum() + 2.0
    influence = (graded - graded.mean()) / len(graded)
    influence = influence - positive * rate * (graded - sensitivity) / totals[0]
    influence = influence + negative * (1 - rate) * (1 - graded - specificity) / totals[1]
    groups, code = _codes(len(graded), clusters)
    by_cluster = np.bincount(code, influence, minlength=groups)
    labelled = len(np.unique(code[hand]))
    found = labelled / max(labelled - 1, 1) * float(by_cluster @ by_cluster)
    # The success and the failure added count like samples of their own.
    added = (
        (weight / total) ** 2 * (share**2 + (1 - share) ** 2)
        for weight, total, share in ((rate, totals[0], sensitivity), (1 - rate, totals[1], specificity))
    )
    return found + float(sum(added))


def prediction_powered(
    graded: Floats, labelled: Floats, clusters: Ints | None = None, *, level: float = 0.95
) -> Limits:
    """Mean of the hand labels, sharpened by the grader's scores of samples without one (power-tuned).

    mean(label) + w * (mean(score where unlabelled) - mean(score where labelled)), w = cov(label, score) /
    ((1 + n / N) var(score)) held to [0, 1]: unbiased whatever the grader's errors, if the hand-labelled part is random.
    Cluster-robust standard error, t of the hand-labelled clusters; scores of 0 and 1 get Wilson's limits at the
    sample size that it amounts to, after one disagreement either way is added.

    Parameters
    ----------
    graded, labelled : as in `rogan_gladen`, of any scale.

    Returns
    -------
    Limits
        NaN without hand labels; limits NaN with one hand-labelled cluster.

    References
    ----------
    Angelopoulos et al. 2023, Prediction-powered inference, Science 382; Angelopoulos, Duchi and Zrnic 2023, PPI++,
    arXiv 2311.01453.

    Examples
    --------
    >>> graded = np.repeat([1.0, 0, 1, 0, 1, 0], [18, 2, 4, 16, 110, 90])
    >>> labelled = np.repeat([1.0, 1, 0, 0, np.nan, np.nan], [18, 2, 4, 16, 110, 90])
    >>> round(prediction_powered(graded, labelled)[0], 3)
    0.5
    """
    hand = np.isfinite(labelled)
    n, rest = int(hand.sum()), int((~hand).sum())
    if n == 0:
        return _UNDEFINED
    y, f = labelled[hand], graded[hand]
    spread = float(graded.var())
    weight = 0.0
    if rest and n > 1 and spread > 0:
        weight = float(np.clip(np.cov(y, f)[0, 1] / ((1 + n / rest) * spread), 0, 1))
    shift = weight * (float(graded[~hand].mean()) - float(f.mean())) if rest else 0.0
    value = float(y.mean()) + shift
    influence = np.zeros(len(graded))
    influence[hand] = (y - y.mean() - weight * (f - f.mean())) / n
    if rest:
        influence[~hand] = weight * (graded[~hand] - graded[~hand].mean()) / rest
    groups, code = _codes(len(graded), clusters)
    by_cluster = np.bincount(code, influence, minlength=groups)
    own = len(np.unique(code[hand]))
    if own < 2:
        return Limits(value, float("nan"), float("nan"))
    variance = own / (own - 1) * float(by_cluster @ by_cluster)
    counted = bool(np.isin(y, (0.0, 1.0)).all() and np.isin(graded, (0.0, 1.0)).all())
    if not counted:
        half = float(stdtrit(own - 1, (1 + level) / 2)) * np.sqrt(variance) if variance > 0 else float("nan")
        return Limits(value, value - half, value + half)
    value = min(max(value, 0.0), 1.0)
    stderr = np.sqrt(variance + 2 / (n + 2) ** 2)
    # Never quite 0 or 1, where no sample size answers to a standard error.
    inside = np.array([min(max(value, 0.5 / (n + 1)), 1 - 0.5 / (n + 1))])
    low, high = share_limits(inside, np.array([stderr]), np.array([own - 1]), level)
    return Limits(value, min(float(low[0]), value), max(float(high[0]), value))
