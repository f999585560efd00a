"""What an order of several values is worth: rank intervals, who is ahead, agreement and cycles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri, stdtr, stdtrit

__all__ = [
    "RankSets",
    "Triads",
    "agreement",
    "ahead",
    "normal_deviate",
    "one_order",
    "rank_sets",
    "ranks",
    "t_value",
    "triads",
    "unanimous_sets",
]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_CERTAIN = 1e-12
_MANY, _LEAST_TAIL = 100, 1e-300


@dataclass(frozen=True)
class RankSets:
    """Rank intervals that hold for all values together.

    Parameters
    ----------
    above : whether row is told apart from column as the greater, shape (m, m).
    low, high : best and worst rank of each value, 1 the greatest, shape (m,).
    critical : normal deviate that a difference must exceed; `t_value` gives it in standard errors.
    """

    above: Bools
    low: Ints
    high: Ints
    critical: float


@dataclass(frozen=True)
class Triads:
    """Three models of whom each pair has a winner.

    Parameters
    ----------
    decided : how many there are.
    cyclic : in how many each model is beaten by one of the others.
    """

    decided: int
    cyclic: int


def ranks(values: Floats) -> Ints:
    """Rank of each value along the last axis, 1 the greatest; equal values share the best rank.

    Examples
    --------
    >>> ranks(np.array([3.0, 9.0, 3.0])).tolist()
    [2, 1, 2]
    """
    ordered = np.sort(values, axis=-1)
    if values.ndim == 1:
        return (1 + len(values) - np.searchsorted(ordered, values, "right")).astype(np.int64)
    rows = [1 + values.shape[1] - np.searchsorted(o, v, "right") for o, v in zip(ordered, values, strict=True)]
    return np.array(rows, dtype=np.int64).reshape(values.shape)


def rank_sets(
    values: Floats, stderr: Floats, replicates: Floats | None, level: float, freedom: Floats | float = np.inf
) -> RankSets:
    """Intervals that cover every rank at once, from simultaneous intervals of all pairwise differences.

    A value's best rank is one more than the number of values told apart as greater. The critical value is the
    quantile of the largest studentised difference over the replicates, found again for the pairs not yet told apart
    until no further pair is (step-down). It never exceeds Bonferroni's.

    Parameters
    ----------
    values : shape (m,).
    stderr : standard error of each difference, shape (m, m); a pair where it is 0 or NaN is never told apart.
    replicates : bootstrap replicates of the values, shape (r, m); None for Bonferroni's critical value (Holm's steps).
    level : probability that all ranks are covered together, in (0, 1).
    freedom : degrees of freedom of the standard errors, one for all or shape (m, m); a difference then counts as the
        normal deviate with the tail that it has under t. Where any is below 100, the critical value is Bonferroni's.

    References
    ----------
    Mogstad, Romano, Shaikh and Wilhelm 2024, Inference for ranks, Review of Economic Studies 91(1).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> values = np.array([9.0, 1.0, 0.0])
    >>> found = rank_sets(values, np.full((3, 3), 1.4), values + rng.standard_normal((999, 3)), 0.95)
    >>> found.low.tolist(), found.high.tolist()
    ([1, 2, 2], [1, 3, 3])
    """
    m = len(values)
    usable = np.isfinite(stderr) & (stderr > _CERTAIN) & ~np.eye(m, dtype=bool)
    scale, limit = np.where(usable, stderr, 1.0), np.broadcast_to(np.asarray(freedom, dtype=np.float64), (m, m))
    distance = normal_deviate((values[:, None] - values) / scale, limit)
    # Few clusters leave differences whose standard error came out near 0 by luck. These rule the largest, which
    # replicates held against the same standard errors do not see.
    deviation = None if replicates is None or (limit[usable] < _MANY).any() else replicates - values
    open_pairs, critical = usable.copy(), np.inf
    above = np.zeros((m, m), dtype=bool)
    while open_pairs.any():
        # Every pair is counted in both directions, so that one-sided tails make a two-sided level.
        tail = (1 - level) / open_pairs.sum()
        if deviation is not None:
            largest = _largest(deviation, scale, open_pairs)
            tail = max(tail, float(ndtr(-np.quantile(largest, level))))
        critical = float(-ndtri(tail))
        found = open_pairs & (distance > critical)
        if not found.any():
            break
        above |= found
        open_pairs &= ~found
    return RankSets(above, 1 + above.sum(axis=0), m - above.sum(axis=1), critical)


def _largest(deviation: Floats, scale: Floats, pairs: Bools) -> Floats:
    """Largest studentised difference over the pairs, in each replicate."""
    largest = np.full(len(deviation), -np.inf)
    for row in np.flatnonzero(pairs.any(axis=1)):
        mine = pairs[row]
        spread = (deviation[:, row, None] - deviation[:, mine]) / scale[row, mine]
        np.maximum(largest, spread.max(axis=1), out=largest)
    return largest


def normal_deviate(t: Floats, freedom: Floats | float) -> Floats:
    """The normal deviate with the tail that t has.

    Examples
    --------
    >>> normal_deviate(np.array([2.571, 1.96]), np.array([5.0, np.inf])).round(2).tolist()
    [1.96, 1.96]
    """
    size, limit = np.abs(t), np.asarray(freedom, dtype=np.float64)
    # The lower tail keeps its digits where 1 - cdf has none left; its floor keeps the deviate finite.
    same = -ndtri(np.maximum(stdtr(np.where(np.isinf(limit), 1.0, limit), -size), _LEAST_TAIL))
    result: Floats = np.copysign(np.where(np.isinf(limit), size, same), t)
    return result


def t_value(deviate: float, freedom: Floats | float) -> Floats:
    """The value of t with the tail of a normal deviate: the inverse of `normal_deviate`.

    Examples
    --------
    >>> t_value(1.96, np.array([5.0, np.inf])).round(2).tolist()
    [2.57, 1.96]
    """
    limit = np.asarray(freedom, dtype=np.float64)
    result: Floats = np.where(np.isinf(limit), deviate, -stdtrit(np.where(np.isinf(limit), 1.0, limit), ndtr(-deviate)))
    return result


def ahead(replicates: Floats) -> Floats:
    """Share of the replicates in which row is greater than column, equal ones half, shape (m, m).

    Examples
    --------
    >>> ahead(np.array([[1.0, 0.0], [2.0, 2.0]])).tolist()
    [[0.5, 0.75], [0.25, 0.5]]
    """
    columns = np.ascontiguousarray(replicates.T)
    shares = [((row > columns).mean(axis=1) + (row >= columns).mean(axis=1)) / 2 for row in columns]
    return np.array(shares).reshape(len(columns), len(columns))


def agreement(first: Floats, second: Floats) -> Floats:
    """Kendall's tau-a of the values in each row of two arrays of shape (r, m), shape (r,).

    Examples
    --------
    >>> agreement(np.array([[1.0, 2.0, 3.0]]), np.array([[1.0, 3.0, 2.0]])).round(3).tolist()
    [0.333]
    """
    i, j = np.triu_indices(first.shape[1], k=1)
    result: Floats = (np.sign(first[:, i] - first[:, j]) * np.sign(second[:, i] - second[:, j])).mean(axis=1)
    return result


def triads(wins: Floats) -> Triads:
    """Triads of models each pair of which has a winner, and how many of them run in a circle.

    Parameters
    ----------
    wins : wins of row over column, shape (m, m); a pair of equal wins (or none) has no winner.

    Examples
    --------
    >>> triads(np.array([[0, 2, 0], [1, 0, 3], [1, 0, 0]]))
    Triads(decided=1, cyclic=1)
    """
    beats = (wins > wins.T).astype(np.float64)
    met = beats + beats.T
    decided, cyclic = ((matrix @ matrix * matrix.T).sum() for matrix in (met, beats))
    # Closed walks of three steps: six for each decided triad, three for each circle, which has one direction.
    return Triads(round(decided / 6), round(cyclic / 3))


def one_order(wins: Floats) -> Ints | None:
    """The one order that every vote supports, best first; None where votes contradict each other or leave it open.

    Parameters
    ----------
    wins : wins of row over column, shape (m, m).

    Examples
    --------
    >>> one_order(np.array([[0, 0, 0], [3, 0, 2], [4, 0, 0]])), one_order(np.array([[0, 3, 2], [0, 0, 0], [0, 0, 0]]))
    (array([1, 2, 0]), None)
    """
    beats = wins > 0
    reached = _closure(beats)
    order = np.argsort(-reached.sum(axis=1), kind="stable")
    # In one order the best reaches every other, the next all but the best, and none itself.
    complete = np.triu(np.ones(beats.shape, dtype=bool), k=1)
    return order.astype(np.int64) if (reached[np.ix_(order, order)] == complete).all() else None


def unanimous_sets(beats: Bools, trials: Floats, level: float) -> RankSets:
    """`rank_sets` of models where each pair's votes all agree, by exact sign tests of the pairs (Holm).

    Of two equal models, n independent voters all prefer one of the two with probability 2 / 2^n. What is told apart
    carries on: who is above one that is above a third is above that too.

    Parameters
    ----------
    beats : whether row won every vote against column, shape (m, m); False of both for pairs that never met.
    trials : independent votes (voters, prompts) of each pair, shape (m, m).
    level : probability that all ranks are covered together, in (0, 1).
    """
    pairs = int(beats.sum())
    p = np.where(beats, 2.0 ** (1 - trials), np.inf)
    # Holm: the k-th smallest is held against the level over the pairs left, until the first that does not pass.
    ordered = np.sort(p[beats])
    passed = np.cumprod(ordered * (pairs - np.arange(pairs)) <= 1 - level).sum()
    above = _closure(beats & (p <= (ordered[passed - 1] if passed else -np.inf)))
    return RankSets(
        above, 1 + above.sum(axis=0), len(above) - above.sum(axis=1), float(-ndtri((1 - level) / 2 / pairs))
    )


def _closure(above: Bools) -> Bools:
    """Who is above whom through any chain."""
    reached = above.copy()
    for middle in range(len(above)):
        reached |= reached[:, middle, None] & reached[middle]
    return reached
