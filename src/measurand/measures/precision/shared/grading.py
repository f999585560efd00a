"""What P12 finds of two graders: their agreement, the scores by each, and the scores corrected by hand labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from measurand.measures.precision.shared.ratings import Ratings
from measurand.stats.intervals.binomial import clopper_pearson
from measurand.stats.intervals.bounded import betting_limits, few_and_extreme
from measurand.stats.intervals.clustered import cluster_sums, share_limits, t_limits
from measurand.stats.intervals.limits import Limits
from measurand.stats.items.agreement import cohen_kappa, confusion, krippendorff_alpha
from measurand.stats.items.corrections import Corrected, prediction_powered, rogan_gladen

__all__ = [
    "EVERY",
    "LEAST_COMMON",
    "LEAST_LABELLED",
    "Agreement",
    "Correction",
    "Panel",
    "Shift",
    "agreement_of",
    "corrections_of",
    "panel_of",
    "shifts_of",
]

EVERY = "all benchmarks"

# Below ten, graders that never differed here could still do so on a third of all samples (exact 95% bound).
LEAST_COMMON = 10
"""Samples two graders must share to be compared."""

LEAST_LABELLED = 20
"""Hand labels without which no correction is attempted."""

MOST_LABELS = 10
"""Distinct scores up to which a confusion table is drawn."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Agreement:
    """How two graders agree on the samples both scored.

    Parameters
    ----------
    benchmark : which, or `EVERY` for the pair over all benchmarks.
    first, second : the graders; a hand label comes first.
    kind : ``kappa`` (Cohen's, scores of 0 and 1) or ``alpha`` (Krippendorff's, interval).
    value : with its limits; NaN where undefined.
    n, clusters : samples in common, and clusters of them.
    same : share of samples with the very same score; exact limits (a cluster is one trial) where it is all of them.
    labels, counts : confusion table (first, second); empty above `MOST_LABELS` distinct scores.
    """

    benchmark: str
    first: str
    second: str
    kind: str
    value: Limits
    n: int
    clusters: int
    same: Limits
    labels: tuple[float, ...]
    counts: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, kw_only=True)
class Shift:
    """Mean score of one model by each of two graders on the same samples, with limits, and their difference."""

    benchmark: str
    model: str
    first: str
    second: str
    by_first: Limits
    by_second: Limits
    difference: Limits
    n: int
    unit: bool


@dataclass(frozen=True, kw_only=True)
class Correction:
    """A grader's mean score of one model, corrected by the hand labels of some of its samples.

    Parameters
    ----------
    mean : the grader's own mean.
    powered : corrected by prediction-powered inference.
    corrected : by sensitivity and specificity; None where scores are not 0 and 1.
    labelled, n : samples with a hand label, and all that were graded.
    """

    benchmark: str
    model: str
    grader: str
    mean: float
    powered: Limits
    corrected: Corrected | None
    labelled: int
    n: int


@dataclass(frozen=True)
class Panel:
    """Krippendorff's alpha of more than two graders of a benchmark on one scale, over so many samples.

    Parameters
    ----------
    same : share of samples to which all gave the very same score, as in `Agreement`.
    """

    benchmark: str
    graders: tuple[str, ...]
    alpha: Limits
    same: Limits
    n: int


def panel_of(ratings: Ratings, level: float, resamples: int, rng: np.random.Generator) -> list[Panel]:
    """All graders on one scale together; none where there are only two."""
    # Two are the pair itself, which has its own row with kappa.
    group = ratings.same_scale()
    if len(group) < 3:
        return []
    rated = ratings.scores[group]
    binary = np.isin(rated[np.isfinite(rated)], (0.0, 1.0)).all()
    # On 0 and 1 the two metrics give the same alpha; on a scale, near misses count as smaller disagreement.
    metric: Literal["nominal", "interval"] = "nominal" if binary else "interval"
    alpha = krippendorff_alpha(rated, metric, ratings.clusters, level=level, resamples=resamples, rng=rng)
    several = np.isfinite(rated).sum(axis=0) >= 2
    alike = np.nanmin(rated[:, several], axis=0) == np.nanmax(rated[:, several], axis=0)
    same = _same(alike, len(np.unique(ratings.clusters[several])), level)
    return [Panel(ratings.benchmark, tuple(ratings.graders[g] for g in group), alpha, same, len(alike))]


def _same(alike: npt.NDArray[np.bool_], clusters: int, level: float) -> Limits:
    """Share of samples scored alike; where it is all of them, the least that as many clusters leave possible."""
    if not len(alike) or not alike.all():
        return Limits(float(alike.mean()) if len(alike) else float("nan"), float("nan"), float("nan"))
    return Limits(1.0, float(clopper_pearson(clusters, clusters, level)[0]), 1.0)


def agreement_of(
    parts: Sequence[tuple[Ratings, int, int]],
    names: tuple[str, str],
    level: float,
    resamples: int,
    rng: np.random.Generator,
) -> Agreement:
    """Of one pair, over one benchmark or several."""
    first, second, clusters = [], [], []
    for ratings, a, b in parts:
        common = ratings.common(a, b)
        first.append(ratings.scores[a, common])
        second.append(ratings.scores[b, common])
        clusters.append(ratings.cluster_names[ratings.clusters[common]])
    one, other = np.concatenate(first), np.concatenate(second)
    # An item that several benchmarks share is one cluster: what makes it hard to grade is the same.
    _, codes = np.unique(np.concatenate(clusters), return_inverse=True)
    binary = bool(np.isin(np.concatenate([one, other]), (0.0, 1.0)).all())
    # Kappa as published ones are; above two values it would count 4 against 5 as no better than 1 against 5.
    if binary:
        value = cohen_kappa(one, other, codes, level=level)
    else:
        value = krippendorff_alpha(np.stack([one, other]), "interval", codes, level=level, resamples=resamples, rng=rng)
    labels, counts = confusion(one, other)
    # A table of continuous scores is mostly empty cells.
    few = len(labels) <= MOST_LABELS
    return Agreement(
        benchmark=parts[0][0].benchmark if len(parts) == 1 else EVERY,
        first=names[0],
        second=names[1],
        kind="kappa" if binary else "alpha",
        value=value,
        n=len(one),
        clusters=int(codes.max()) + 1,
        same=_same(one == other, int(codes.max()) + 1, level),
        labels=tuple(labels.tolist()) if few else (),
        counts=tuple(map(tuple, counts.tolist())) if few else (),
    )


def shifts_of(ratings: Ratings, first: int, second: int, level: float) -> list[Shift]:
    """How far each model's score moves when one grader takes the place of the other, on the items both graded."""
    common = ratings.common(first, second)
    found = []
    for code, model in enumerate(ratings.models):
        here = common & (ratings.model == code)
        if here.sum() < LEAST_COMMON:
            continue
        one, other = ratings.scores[first, here], ratings.scores[second, here]
        unit = bool(((one >= 0) & (one <= 1) & (other >= 0) & (other <= 1)).all())
        clusters = np.unique(ratings.clusters[here], return_inverse=True)[1]
        # The difference is paired on samples: what makes a sample hard to grade cancels.
        means = cluster_sums(np.stack([one, other, other - one]), clusters).means()
        low, high = t_limits(means.value, means.stderr, means.df, level)
        if unit:
            shares = share_limits(means.value[:2], means.stderr[:2], means.df[:2], level)
            groups = means.clusters[:2]
            exact = clopper_pearson(np.rint(means.value[:2] * groups), groups, level)
            same = (means.stderr[:2] == 0) & np.isin(means.value[:2], (0.0, 1.0))
            low[:2], high[:2] = np.where(same, exact, shares)
            # Only of samples that are independent of one another: nothing bounds how much clusters say.
            if groups[0] == len(one):
                for row, scores in enumerate((one, other)):
                    if few_and_extreme(scores):
                        _, low[row], high[row] = betting_limits(scores, level)
            if (one == other).all():
                # Graders that never differed here could still do so as often as the exact interval allows.
                high[2] = float(clopper_pearson(0, groups[0], level)[1])
                low[2] = -high[2]
        by_first, by_second, difference = (
            Limits(*map(float, limits)) for limits in zip(means.value, low, high, strict=True)
        )
        found.append(
            Shift(
                benchmark=ratings.benchmark,
                model=model,
                first=ratings.graders[first],
                second=ratings.graders[second],
                by_first=by_first,
                by_second=by_second,
                difference=difference,
                n=int(here.sum()),
                unit=unit,
            )
        )
    return found


def corrections_of(ratings: Ratings, hand: int, grader: int, level: float) -> list[Correction]:
    """Of each model of which the hand labelled some samples, and not all."""
    graded = np.isfinite(ratings.scores[grader])
    found = []
    for code, model in enumerate(ratings.models):
        here = graded & (ratings.model == code)
        scores, labels = ratings.scores[grader, here], ratings.scores[hand, here]
        labelled = int(np.isfinite(labels).sum())
        # All labelled: then the labels' own mean is the answer, and there is nothing to correct.
        if labelled < LEAST_LABELLED or labelled == len(labels):
            continue
        clusters = ratings.clusters[here]
        both = np.concatenate([scores, labels[np.isfinite(labels)]])
        corrected = rogan_gladen(scores, labels, clusters, level=level) if np.isin(both, (0.0, 1.0)).all() else None
        found.append(
            Correction(
                benchmark=ratings.benchmark,
                model=model,
                grader=ratings.graders[grader],
                mean=float(scores.mean()),
                powered=prediction_powered(scores, labels, clusters, level=level),
                corrected=corrected,
                labelled=labelled,
                n=len(labels),
            )
        )
    return found
