"""What P10 finds in the votes of one arena: groups of models on one scale, and what moves their order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from measurand.measures.precision.shared.order import MOST_RESAMPLED, Order
from measurand.results import Brief
from measurand.stats.intervals.limits import Limits
from measurand.stats.votes.arenas import circles_by_chance, gap_stderr, order_with_intervals, repeat_agreement
from measurand.stats.votes.bradley_terry import Comparisons, Ties, comparisons, covariance, fit
from measurand.stats.votes.dependence import effective_number
from measurand.stats.votes.elo import elo_over_orders
from measurand.stats.votes.rankings import ranks, t_value, triads, unanimous_sets

__all__ = [
    "LEAST_CLUSTERS",
    "ORDERS",
    "POINTS",
    "Arena",
    "Circles",
    "Clusters",
    "EloOrders",
    "Group",
    "Part",
    "Repeats",
    "circles",
    "elo_orders",
    "ranked",
    "ranked_by_all",
    "repeats",
]

LEAST_CLUSTERS = 5
"""With fewer voters or prompts their number is too small to tell how far they differ."""
POINTS = 400 / np.log(10)
"""Elo points per unit of log odds."""

# 4 and 32 span the K in use by arenas and chess; a few hundred orders give a standard deviation to about 5%.
ORDERS, FACTORS = 200, (4.0, 16.0, 32.0)
# Sizes in steps of four: agreement rises slowly with votes, and `_votes_for` interpolates on the log scale.
_CIRCLES, _REPEATS, _RATIOS = 200, 40, (1 / 16, 1 / 4, 1.0, 4.0, 16.0, 64.0)
_LEAST_DRAWN = 5

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Clusters:
    """Voters or prompts that votes are clustered by, and how many equally active ones would say as much."""

    name: str
    groups: int
    effective: float


@dataclass(frozen=True, eq=False, kw_only=True)
class Group(Order):
    """Models that wins and ties link in both directions, so that one scale holds them; `more` is in times the votes.

    Parameters
    ----------
    votes : votes between them.
    strength : Elo points above the average of these models, with the interval of each; NaN where every vote supports
        one order, which no finite strengths fit.
    clusters : what the votes are clustered by, what widens the intervals most first; empty for independent votes.
    freedom : degrees of freedom of the standard errors.
    widening : median ratio of the standard errors to those of independent votes.
    ties : how ties were counted.
    """

    votes: int
    strength: tuple[Limits, ...]
    clusters: tuple[Clusters, ...]
    freedom: float
    widening: float
    ties: Ties

    @property
    def unanimous(self) -> bool:
        """Whether every vote supports this order."""
        return bool(np.isnan(self.strength[0].value))

    @property
    def resampled(self) -> bool:
        """Whether they are few enough for votes to be drawn again and refitted."""
        return len(self.models) <= MOST_RESAMPLED

    @property
    def cluster(self) -> str | None:
        """What widens the intervals most, so that more of them would help; None if votes count as independent."""
        return self.clusters[0].name if self.clusters else None


@dataclass(frozen=True)
class EloOrders:
    """Elo ratings over random orders of the votes, for one K.

    Parameters
    ----------
    factor : K.
    spread : median over models of a rating's standard deviation over orders, in points.
    span : median over models of the worst rank minus the best.
    """

    factor: float
    spread: float
    span: float


@dataclass(frozen=True)
class Circles:
    """Circles among decided triads, and the share of them that chance would make (with interval)."""

    decided: int
    cyclic: int
    by_chance: Limits


@dataclass(frozen=True)
class Repeats:
    """Share of the pairs of models that two arenas of one size put in the same order: median, and the interval."""

    votes: int
    agreement: Limits


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Arena(Brief):
    """Result of `arena`.

    Parameters
    ----------
    groups : models ranked together, the largest group first.
    alone : models that no chain of wins and ties links to the others in both directions, each with why.
    even : models whose votes with their group are all ties.
    islands : parts of the arena between which there is not a single vote.
    votes, ties : how many there are.
    elo, circles, repeats : of the largest group; empty or None where they were not asked for.
    few : clusterings named in the votes with too few clusters to be used, with their number.
    tie_model : how ties were asked to be counted.
    """

    groups: tuple[Group, ...]
    alone: tuple[tuple[str, str], ...]
    even: tuple[str, ...]
    islands: int
    votes: int
    ties: int
    elo: tuple[EloOrders, ...]
    circles: Circles | None
    repeats: tuple[Repeats, ...]
    few: tuple[tuple[str, int], ...]
    tie_model: Ties
    level: float
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False, kw_only=True)
class Part:
    """The votes within one group, its models numbered anew.

    Parameters
    ----------
    models : names.
    data : the votes, summed.
    first, second, outcome : the models of each row of votes and how they ended, shape (rows,).
    clusters : number of each row's cluster, for each clustering that may be used.
    """

    models: tuple[str, ...]
    data: Comparisons
    first: Ints
    second: Ints
    outcome: Ints
    clusters: dict[str, Ints]

    @property
    def votes(self) -> int:
        """How many votes there are."""
        return int(self.data.counts.sum())

    @staticmethod
    def of(
        names: tuple[str, ...],
        first: Ints,
        second: Ints,
        outcome: Ints,
        weights: Ints | None,
        clusters: dict[str, Ints],
    ) -> Part:
        """The part of the votes given by the numbers of their models, outcomes, weights and clusters."""
        present, both = np.unique(np.concatenate([first, second]), return_inverse=True)
        first, second = both[: len(first)], both[len(first) :]
        data = comparisons(first, second, outcome, len(present), weights)
        # A group can lie within fewer clusters than the arena has.
        usable = {name: codes for name, codes in clusters.items() if len(np.unique(codes)) >= LEAST_CLUSTERS}
        return Part(
            models=tuple(names[i] for i in present),
            data=data,
            first=first,
            second=second,
            outcome=outcome,
            clusters=usable,
        )

    def clustered_by(self, name: str) -> Clusters:
        """How many clusters of that kind there are, and how many equal ones would say as much."""
        codes = self.clusters[name]
        return Clusters(name, len(np.unique(codes)), effective_number(codes, self.data.weights))


def ranked(part: Part, level: float, ties: Ties, resamples: int, rng: np.random.Generator) -> Group:
    """The models of one group in order, with what the order is worth."""
    fitted = fit(part.data, ties=ties) if part.data.counts[1].any() else None
    if fitted is None or not fitted.converged[0]:
        # Few ties, or all in one pair, can leave a model of ties without a finite fit; half wins always have one here.
        ties, fitted = "half", fit(part.data)
    alone = gap_stderr(covariance(part.data, fitted, ties=ties))
    widening = {
        name: _median_ratio(gap_stderr(covariance(part.data, fitted, ties=ties, clusters=codes)), alone)
        for name, codes in part.clusters.items()
    }
    names = sorted(part.clusters, key=lambda name: -widening[name])
    found = order_with_intervals(
        part.data,
        level=level,
        rng=rng,
        ties=ties,
        clusterings=[part.clusters[name] for name in names],
        resamples=resamples if len(part.models) <= MOST_RESAMPLED else 0,
    )
    strengths = found.fitted.strengths[0]
    reach = float(t_value(float(ndtri((1 + level) / 2)), max(found.freedom, 1.0)))
    needed = float(t_value(found.sets.critical, max(found.freedom, 1.0)))
    order = np.argsort(-strengths, kind="stable")
    above, below = order[:-1], order[1:]
    gaps = strengths[above] - strengths[below]
    with np.errstate(divide="ignore", invalid="ignore"):
        more = (needed * found.gap_stderr[above, below] / gaps) ** 2
    return Group(
        models=tuple(part.models[i] for i in order),
        votes=part.votes,
        strength=tuple(_strength(strengths[i], reach * found.stderr[i]) for i in order),
        ranks=tuple((int(found.sets.low[i]), int(found.sets.high[i])) for i in order),
        above=found.sets.above[np.ix_(order, order)],
        more=tuple(map(float, more)),
        clusters=tuple(part.clustered_by(name) for name in names),
        freedom=found.freedom,
        widening=_median_ratio(found.gap_stderr, alone),
        ties=ties,
    )


def ranked_by_all(part: Part, level: float, order: Ints) -> Group:
    """The models of an arena in which every vote supports one order: told apart by counting, as no strengths fit."""
    m, beats = len(part.models), part.data.wins > 0
    winners = np.where(part.outcome == 0, part.first, part.second)
    losers = part.first + part.second - winners
    trials = part.data.wins
    for codes in part.clusters.values():
        # One voter's votes on a pair are one trial, however many; of voters and prompts the fewer count.
        pairs = np.unique(np.stack([winners, losers, codes]), axis=1)[:2]
        trials = np.minimum(trials, np.bincount(pairs[0] * m + pairs[1], minlength=m * m).reshape(m, m))
    sets = unanimous_sets(beats, trials, level)
    above, below = order[:-1], order[1:]
    needed = np.log2(2 * beats.sum() / (1 - level))
    return Group(
        models=tuple(part.models[i] for i in order),
        votes=part.votes,
        strength=(Limits(np.nan, np.nan, np.nan),) * m,
        ranks=tuple((int(sets.low[i]), int(sets.high[i])) for i in order),
        above=sets.above[np.ix_(order, order)],
        more=tuple(map(float, needed / trials[above, below])),
        clusters=tuple(part.clustered_by(name) for name in part.clusters),
        freedom=np.inf,
        widening=1.0,
        ties="half",
    )


def _strength(value: float, half: float) -> Limits:
    return Limits(float(POINTS * value), float(POINTS * (value - half)), float(POINTS * (value + half)))


def _median_ratio(one: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> float:
    i, j = np.triu_indices(len(one), k=1)
    defined = other[i, j] > 0
    return float(np.median(one[i, j][defined] / other[i, j][defined]))


def elo_orders(part: Part, rng: np.random.Generator) -> tuple[EloOrders, ...]:
    """How far Elo depends on the order of the votes, for each K."""
    ratings = elo_over_orders(
        part.first,
        part.second,
        1 - part.outcome / 2,
        len(part.models),
        factors=np.array(FACTORS),
        orders=ORDERS,
        rng=rng,
        weights=part.data.weights,
    )
    found = []
    for factor, rating in zip(FACTORS, ratings, strict=True):
        places = ranks(rating)
        # Medians: a model with a handful of votes hardly leaves its start and would pull a mean down.
        spread, span = np.median(rating.std(axis=0, ddof=1)), np.median(np.ptp(places, axis=0))
        found.append(EloOrders(factor, float(spread), float(span)))
    return tuple(found)


def circles(data: Comparisons, level: float, rng: np.random.Generator, draws: int = _CIRCLES) -> Circles | None:
    """Circles among the models; None where no three models each pair of which has a winner exist."""
    found = triads(data.wins)
    shares = circles_by_chance(data, draws, rng) if found.decided else np.empty(0)
    shares = shares[np.isfinite(shares)]
    if not len(shares):
        return None
    low, high = np.quantile(shares, [(1 - level) / 2, (1 + level) / 2])
    return Circles(found.decided, found.cyclic, Limits(float(shares.mean()), float(low), float(high)))


def repeats(part: Part, cluster: str | None, level: float, rng: np.random.Generator) -> tuple[Repeats, ...]:
    """Agreement of two arenas, for several sizes."""
    codes = None if cluster is None else part.clusters[cluster]
    units = part.votes if codes is None else len(np.unique(codes))
    ratios = [ratio for ratio in _RATIOS if ratio * units >= _LEAST_DRAWN]
    # From Kendall's tau to the share of pairs in the same order.
    shares = (1 + repeat_agreement(part.data, ratios, _REPEATS, rng, clusters=codes)) / 2
    limits = np.quantile(shares, [0.5, (1 - level) / 2, (1 + level) / 2], axis=1).T
    return tuple(
        Repeats(round(ratio * part.votes), Limits(float(middle), float(low), float(high)))
        for ratio, (middle, low, high) in zip(ratios, limits, strict=True)
    )
