"""Signs of answers given worse than could be: below chance, and crowded on few answer positions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from measurand.stats.intervals.clustered import cluster_sums, t_limits
from measurand.stats.intervals.distributions import binom, student
from measurand.stats.intervals.limits import Limits

__all__ = ["EntropyChange", "below_chance", "entropy", "entropy_change", "jensen_shannon", "swap_p_value"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def entropy(shares: Floats) -> Floats:
    """Entropy in bits of distributions along the last axis; counts are brought to shares.

    Examples
    --------
    >>> entropy(np.array([[1.0, 1.0, 1.0, 1.0], [5.0, 0.0, 0.0, 0.0]])).tolist()
    [2.0, 0.0]
    """
    p = shares / shares.sum(axis=-1, keepdims=True)
    # + 0.0 turns the -0.0 of a single position into 0.
    result: Floats = -(p * np.log2(np.where(p > 0, p, 1.0))).sum(axis=-1) + 0.0
    return result


def jensen_shannon(first: Floats, second: Floats) -> Floats:
    """Jensen-Shannon divergence in bits along the last axis: 0 for the same distribution, 1 for disjoint ones.

    References
    ----------
    Lin 1991, IEEE Transactions on Information Theory 37(1).

    Examples
    --------
    >>> float(jensen_shannon(np.array([1.0, 1.0]), np.array([2.0, 0.0])).round(4))
    0.3113
    """
    p, q = (counts / counts.sum(axis=-1, keepdims=True) for counts in (first, second))
    result: Floats = np.maximum(entropy((p + q) / 2) - (entropy(p) + entropy(q)) / 2, 0.0)
    return result


@dataclass(frozen=True, kw_only=True)
class EntropyChange:
    """Entropy of answer positions in two conditions, in bits.

    Parameters
    ----------
    first, second : entropies. change : second minus first, with its interval. stderr, df : of the change.
    clusters : independent items or clusters of them. n : items.
    """

    first: float
    second: float
    change: Limits
    stderr: float
    df: float
    clusters: int
    n: int

    def limits(self, level: float) -> Limits:
        """The change with its interval at another level; NaN below two clusters."""
        value, error, df = (np.array([x]) for x in (self.change.value, self.stderr, self.df))
        low, high = t_limits(value, error, df, level)
        return Limits(self.change.value, float(low[0]), float(high[0]))


def entropy_change(first: Floats, second: Floats, clusters: Ints | None, level: float) -> EntropyChange:
    """Change of the entropy of answer positions between two conditions on the same items.

    An item adds ``-log2 p(its position)`` to each entropy, so the change is a mean of paired differences: delta
    method, cluster-robust (CR2). Both entropies' second-order variance ``(k - 1) / (2 n^2)`` nats squared
    (Harris 1975) is added, n over the design effect where items come in clusters: answers that are all in one position
    are no certainty.

    Parameters
    ----------
    first, second : shape (items, positions): share of an item's answers in each position, rows sum to 1.
    clusters : shape (items,), numbers from 0; None if items are independent.
    level : of the interval.

    Examples
    --------
    >>> even, one = np.tile(np.eye(4), (25, 1)), np.tile([1.0, 0.0, 0.0, 0.0], (100, 1))
    >>> [round(limit, 3) for limit in entropy_change(even, one, None, 0.95).change]
    [-2.0, -2.05, -1.95]
    """
    n, k = first.shape
    surprise = [-np.log2(np.where((p := shares.mean(axis=0)) > 0, p, 1.0)) for shares in (first, second)]
    differences = (second @ surprise[1] - first @ surprise[0])[None]
    means, alone = cluster_sums(differences, clusters).means(), cluster_sums(differences).means()
    groups = int(means.clusters[0])
    # A design effect below 1 would count more items than there are.
    effective = n / max(1.0, float(means.stderr[0] / alone.stderr[0]) ** 2) if alone.stderr[0] > 0 else groups
    second_order = 2 * (k - 1) / (2 * max(effective, groups) ** 2 * np.log(2) ** 2)
    stderr = float(np.sqrt(means.stderr[0] ** 2 + second_order))
    low, high = t_limits(means.value, np.array([stderr]), means.df, level)
    a, b = (float(entropy(shares.sum(axis=0))) for shares in (first, second))
    change = Limits(b - a, float(low[0]), float(high[0]))
    return EntropyChange(first=a, second=b, change=change, stderr=stderr, df=float(means.df[0]), clusters=groups, n=n)


def swap_p_value(
    first: Floats, second: Floats, clusters: Ints | None, draws: int, rng: np.random.Generator
) -> tuple[float, float]:
    """Jensen-Shannon divergence of two conditions, and the p-value of their being exchangeable.

    Each draw swaps the two conditions of a random half of the items (or of whole clusters).

    Parameters
    ----------
    first, second : shape (items, positions), as of `entropy_change`.
    """
    difference = first - second
    if clusters is not None:
        codes = np.unique(clusters, return_inverse=True)[1]
        summed = np.zeros((int(codes.max()) + 1, first.shape[1]))
        np.add.at(summed, codes, difference)
        difference = summed
    a, b = first.sum(axis=0), second.sum(axis=0)
    moved = _coins(draws, len(difference), rng) @ difference.astype(np.float32)
    found = float(jensen_shannon(a, b))
    # Rounding must not make an equal divergence smaller than the one seen.
    reached = int((jensen_shannon(a - moved, b + moved) >= found - 1e-6).sum())
    return found, (1 + reached) / (1 + draws)


def _coins(draws: int, items: int, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Fair coins, 0 or 1, shape (draws, items): one bit each, as most of the time of a draw goes into them."""
    width = -(-items // 8)
    bits = np.frombuffer(rng.bytes(draws * width), dtype=np.uint8).reshape(draws, width)
    return np.unpackbits(bits, axis=1, count=items).astype(np.float32)


def below_chance(scores: Floats, chance: Floats, clusters: Ints | None = None) -> float:
    """p-value of "worse than guessing": how probable a guesser's total is to be this low or lower.

    Right-or-wrong scores of independent items: exact, the guesser's total being a sum of binomials. Else a one-sided
    t test over clusters, whose standard error is never below that of a guesser's independent answers.

    Parameters
    ----------
    scores : shape (items,), from 0 to 1.
    chance : shape (items,), a guesser's expected score, in (0, 1).
    clusters : shape (items,); None if items are independent.

    Examples
    --------
    >>> round(below_chance(np.array([0.0] * 8 + [1.0, 1.0]), np.full(10, 0.5)), 4)
    0.0547
    """
    if clusters is None and np.isin(scores, (0.0, 1.0)).all():
        total = np.ones(1)
        for rate, items in zip(*np.unique(chance, return_counts=True), strict=True):
            total = np.convolve(total, binom.pmf(np.arange(items + 1), items, rate))
        return float(min(total[: int(scores.sum()) + 1].sum(), 1.0))
    means = cluster_sums((scores - chance)[None], clusters).means()
    if means.clusters[0] < 2:
        return float("nan")
    guesser = np.sqrt((chance * (1 - chance)).sum()) / len(scores)
    return float(student.cdf(means.value[0] / max(float(means.stderr[0]), guesser), means.df[0]))
