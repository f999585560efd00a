"""An arena as a whole: its order with intervals, circles among its models, and how many votes settle the order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from measurand.stats.votes.bradley_terry import (
    Comparisons,
    Fit,
    Ties,
    fisher_covariance,
    fit,
    outcome_probabilities,
    resampled_counts,
)
from measurand.stats.votes.dependence import covariances, effective_number
from measurand.stats.votes.rankings import RankSets, agreement, rank_sets, triads

__all__ = ["Order", "circles_by_chance", "gap_stderr", "order_with_intervals", "repeat_agreement"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Order:
    """Strengths of the models of one arena, and what their order is worth.

    Parameters
    ----------
    fitted : the strengths, natural logarithms of odds that sum to 0.
    stderr : sandwich standard error of each strength, shape (m,); NaN below one degree of freedom.
    fisher : standard error of each if the votes are independent and the model right, shape (m,).
    gap_stderr : standard error of each difference, shape (m, m).
    sets : rank intervals that hold together.
    freedom : degrees of freedom of the standard errors: one fewer than the clusters of equal size that would say as
        much (the smaller number of two clusterings); infinite if the votes count as independent.
    """

    fitted: Fit
    stderr: Floats
    fisher: Floats
    gap_stderr: Floats
    sets: RankSets
    freedom: float


def order_with_intervals(
    data: Comparisons,
    *,
    level: float,
    rng: np.random.Generator,
    ties: Ties = "half",
    clusterings: Sequence[Ints] = (),
    resamples: int = 1000,
) -> Order:
    """Strengths, sandwich standard errors, and rank intervals from a bootstrap refitted in every resample.

    Parameters
    ----------
    data : votes of one strong component.
    clusterings : up to two, each the number of each row's cluster; at least two clusters in each. With any of them the
        rank intervals take Holm's steps: a bootstrap of few clusters covers too seldom.
    resamples : of independent votes; with none, Holm's steps as well.
    """
    fitted = fit(data, ties=ties)
    spreads = covariances(data, fitted, ties=ties, clusterings=clusterings)
    freedom = min((effective_number(codes, data.weights) - 1 for codes in clusterings), default=np.inf)
    # Below one degree of freedom a single cluster holds nearly all votes, and no width would be honest.
    known = 1.0 if freedom >= 1 else np.nan
    between = known * np.max([gap_stderr(spread) for spread in spreads], axis=0)
    stderr = known * np.sqrt(np.max([np.diag(spread) for spread in spreads], axis=0).clip(min=0))
    replicates = None
    if resamples and not clusterings:
        replicates = fit(data, resampled_counts(data, resamples, rng), ties=ties, start=fitted).strengths
    return Order(
        fitted=fitted,
        stderr=stderr,
        fisher=np.sqrt(np.diag(fisher_covariance(data, fitted, ties=ties))),
        gap_stderr=between,
        sets=rank_sets(fitted.strengths[0], between, replicates, level, max(freedom, 1.0)),
        freedom=freedom,
    )


def gap_stderr(spread: Floats) -> Floats:
    """Standard error of each difference of strengths, given their covariance, shape (m, m)."""
    own = np.diag(spread)
    result: Floats = np.sqrt(np.maximum(own[:, None] + own - 2 * spread, 0))
    return result


def circles_by_chance(data: Comparisons, replicates: int, rng: np.random.Generator) -> Floats:
    """Share of decided triads that run in a circle if one strength per model explains every vote, shape (replicates,).

    Votes are drawn anew from the fitted strengths, as many for each pair as it has, each independent of the others,
    ties as often as Davidson's model has them. The strengths are first drawn together to the spread that is left when
    their own error is taken off: as they stand they differ too much, which makes too few circles. NaN where a
    replicate has no decided triad.
    """
    ties: Ties = "davidson" if data.counts[1].any() else "half"
    fitted = fit(data, ties=ties)
    if not fitted.converged[0]:
        ties, fitted = "half", fit(data)
    error = np.trace(fisher_covariance(data, fitted, ties=ties))
    spread = (fitted.strengths**2).sum()
    kept = np.sqrt(max(0.0, 1 - error / spread)) if spread > 0 else 0.0
    drawn = replace(fitted, strengths=kept * fitted.strengths)
    chances = outcome_probabilities(data, drawn, ties=ties).T
    votes = data.counts.sum(axis=0).astype(np.int64)
    shares = np.full(replicates, np.nan)
    for i in range(replicates):
        counts = rng.multinomial(votes, chances).T.astype(np.float64)
        found = triads(replace(data, counts=counts).wins)
        if found.decided:
            shares[i] = found.cyclic / found.decided
    return shares


def repeat_agreement(
    data: Comparisons, ratios: Sequence[float], replicates: int, rng: np.random.Generator, *, clusters: Ints | None
) -> Floats:
    """How far two arenas of one size put the same models in the same order: Kendall's tau, shape (ratios, replicates).

    Both are drawn from the votes there are, so the strengths found stand in for the true ones.

    Parameters
    ----------
    ratios : size of each of the two, as a multiple of the votes (clusters) there are.

    References
    ----------
    Boubdir, Kim, Ermis, Hooker and Fadaee 2023, Elo Uncovered, arXiv 2311.17295.
    """
    start = fit(data)
    rows = []
    for ratio in ratios:
        both = fit(
            data, resampled_counts(data, 2 * replicates, rng, clusters=clusters, ratio=ratio), start=start
        ).strengths
        rows.append(agreement(both[:replicates], both[replicates:]))
    return np.array(rows)
