"""Rates corrected for a grader's errors by a hand-labelled part.

Samples may come in clusters (several answers to one item, items of one passage): variances are then of cluster sums.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from measurand.stats.intervals.binomial import clopper_pearson
from measurand.stats.intervals.clustered import share_limits
from measurand.stats.intervals.limits import Limits
from measurand.stats.items.agreement import cluster_codes, robust_variance

__all__ = ["Corrected", "prediction_powered", "rogan_gladen"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_UNDEFINED = Limits(float("nan"), float("nan"), float("nan"))


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
    goes over all samples at once, cluster-robust (CR2, Bell-McCaffrey t of the hand-labelled samples).

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
    variance, df = _variance_behind(graded, hand, positive, negative, centre, (sensitivity, specificity), clusters)
    half = stdtrit(df, (1 + level) / 2) * np.sqrt(variance) / power
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
) -> tuple[float, float]:
    """Variance of the numerator of the corrected rate less the rate times its denominator (delta method), and its t."""
    sensitivity, specificity = powers
    totals = positive.sum() + 2.0, negative.sum() + 2.0
    influence = (graded - graded.mean()) / len(graded)
    influence = influence - positive * rate * (graded - sensitivity) / totals[0]
    influence = influence + negative * (1 - rate) * (1 - graded - specificity) / totals[1]
    found, df = robust_variance(influence, cluster_codes(len(graded), clusters)[1], hand)
    # The success and the failure added count like samples of their own.
    added = (
        (weight / total) ** 2 * (share**2 + (1 - share) ** 2)
        for weight, total, share in ((rate, totals[0], sensitivity), (1 - rate, totals[1], specificity))
    )
    return found + float(sum(added)), df


def prediction_powered(
    graded: Floats, labelled: Floats, clusters: Ints | None = None, *, level: float = 0.95
) -> Limits:
    """Mean of the hand labels, sharpened by the grader's scores of samples without one (power-tuned).

    mean(label) + w * (mean(score where unlabelled) - mean(score where labelled)), w = cov(label, score) /
    ((1 + n / N) var(score)) held to [0, 1]: unbiased whatever the grader's errors, if the hand-labelled part is random.
    Cluster-robust standard error (CR2, Bell-McCaffrey t of the hand-labelled samples); scores of 0 and 1 get Wilson's
    limits at the sample size that it amounts to, after one disagreement either way is added.

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
    code = cluster_codes(len(graded), clusters)[1]
    if len(np.unique(code[hand])) < 2:
        return Limits(value, float("nan"), float("nan"))
    variance, df = robust_variance(influence, code, hand)
    counted = bool(np.isin(y, (0.0, 1.0)).all() and np.isin(graded, (0.0, 1.0)).all())
    if not counted:
        half = float(stdtrit(df, (1 + level) / 2)) * np.sqrt(variance) if variance > 0 else float("nan")
        return Limits(value, value - half, value + half)
    value = min(max(value, 0.0), 1.0)
    stderr = np.sqrt(variance + 2 / (n + 2) ** 2)
    # Never quite 0 or 1, where no sample size answers to a standard error.
    inside = np.array([min(max(value, 0.5 / (n + 1)), 1 - 0.5 / (n + 1))])
    low, high = share_limits(inside, np.array([stderr]), np.array([df]), level)
    return Limits(value, min(float(low[0]), value), max(float(high[0]), value))
