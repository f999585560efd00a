"""Areas under the ROC curve within strata, of texts that come in clusters: limits that hold at 0 and 1, and power."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from measurand.stats.intervals.distributions import norm
from measurand.stats.intervals.limits import Limits
from measurand.stats.texts.two_sample import auroc_limits, auroc_variance

__all__ = ["Pairing"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

LEAST_SHARE = 0.5
"""Least share of the variance of independent texts: few clusters can agree by chance, at areas near 1 above all."""


@dataclass(frozen=True, eq=False)
class Pairing:
    """Which texts are held against which: a positive against every negative of its stratum, and against no other.

    A stratum of m positives and n negatives weighs mn / (m + n), nearly van Elteren's weight, which tells best how far
    the sorts lie apart. With a single stratum the area is the ordinary one.

    Parameters
    ----------
    positive : shape (texts,).
    strata : number of each text's stratum, shape (texts,).
    clusters : number of what each text is about, shape (texts,); None where each stands alone.

    References
    ----------
    van Elteren 1960, On the combination of independent two-sample tests of Wilcoxon, Bulletin of the International
    Statistical Institute 37.

    Examples
    --------
    >>> lengths = [3, 3, 8, 8, 8]
    >>> pairing = Pairing.of([True, False, True, False, False], lengths)
    >>> pairing.value([1.0, 2.0, 9.0, 8.0, 7.0]), pairing.value(lengths)
    (0.5714285714285715, 0.5)
    """

    positive: Bools
    strata: Ints
    clusters: Ints | None

    @classmethod
    def of(
        cls, positive: npt.ArrayLike, strata: npt.ArrayLike | None = None, clusters: npt.ArrayLike | None = None
    ) -> Pairing:
        """From labels, and from whatever names the strata and the clusters."""
        labels = np.asarray(positive, dtype=np.bool_)
        stratum = np.zeros(len(labels), dtype=np.int64) if strata is None else _numbered(strata)
        about = None if clusters is None else _numbered(clusters)
        alone = about is None or about.max() + 1 == len(labels)
        return cls(labels, stratum, None if alone else about)

    @property
    def compared(self) -> Bools:
        """Whether a text has one of the other sort in its stratum, shape (texts,)."""
        ones, zeros = _sizes(self.strata, self.positive)
        both: Bools = ((ones > 0) & (zeros > 0))[self.strata]
        return both

    def value(self, scores: npt.ArrayLike) -> float:
        """Chance that a positive scores above a negative of its stratum, a tie counted half; NaN without any pair."""
        each = _pairs_won(np.asarray(scores, dtype=np.float64), self.strata, self.positive)
        won, weights = _weighed(self._of_strata(each), *_sizes(self.strata, self.positive))
        return float(won.sum() / weights.sum()) if weights.any() else float("nan")

    def area(self, scores: npt.ArrayLike, level: float) -> Limits:
        """The area with Newcombe's limits, by the variance of the strata times what the clusters make of it.

        That factor is the variance with one cluster left out at a time over that of independent texts.

        Parameters
        ----------
        scores : shape (texts,).
        level : confidence level.

        Examples
        --------
        >>> found = Pairing.of(np.arange(40) >= 20).area(np.arange(40), 0.95)
        >>> found.value, round(found.low, 3)
        (1.0, 0.899)
        """
        values = np.asarray(scores, dtype=np.float64)
        return self._limits(self.value(values), self._left_out(values), level)

    def difference(self, first: npt.ArrayLike, second: npt.ArrayLike, level: float) -> Limits:
        """Area of the first score minus that of the second on the same texts; see `contrast`.

        Examples
        --------
        >>> labels = np.arange(60) % 2 == 0
        >>> found = Pairing.of(labels).difference(labels, np.arange(60) % 3, 0.95)
        >>> found.value, round(found.low, 2), round(found.high, 2)
        (0.5, 0.34, 0.64)
        """
        return self.contrast([(1, first), (-1, second)], level)

    def contrast(self, terms: Sequence[tuple[int, npt.ArrayLike]], level: float) -> Limits:
        """Sum of areas on the same texts, each taken with its sign.

        Limits from those of each area, at the correlations that the areas have with one cluster left out at a time:
        also where an area is 1 and does not vary.

        Parameters
        ----------
        terms : signs (1 or -1) with scores, shape (texts,).

        References
        ----------
        Zou 2007, Toward using confidence intervals to compare correlations, Psychological Methods 12(4);
        Newcombe 2006, Statistics in Medicine 25.
        """
        signs = np.array([sign for sign, _ in terms], dtype=np.float64)
        scores = [np.asarray(values, dtype=np.float64) for _, values in terms]
        left_out = np.stack([self._left_out(values) for values in scores])
        each = [
            self._limits(self.value(values), without, level) for values, without in zip(scores, left_out, strict=True)
        ]
        # An area that does not vary has no correlation to measure: 0, which is wider than any positive one.
        moved = left_out - left_out.mean(axis=1, keepdims=True)
        sizes = np.sqrt((moved**2).sum(axis=1))
        unit = np.where(sizes[:, None] > 1e-12, moved / np.maximum(sizes[:, None], 1e-12), 0.0)
        together = unit @ unit.T * (1 - np.eye(len(terms))) + np.eye(len(terms))
        down = np.array(
            [
                area.value - area.low if sign > 0 else area.high - area.value
                for area, (sign, _) in zip(each, terms, strict=True)
            ]
        )
        up = np.array(
            [
                area.high - area.value if sign > 0 else area.value - area.low
                for area, (sign, _) in zip(each, terms, strict=True)
            ]
        )
        low, high = (float(np.sqrt(max((signs * way) @ together @ (signs * way), 0.0))) for way in (down, up))
        value = float(signs @ [area.value for area in each])
        most = float((signs > 0).sum())
        return Limits(value, max(value - low, most - len(terms)), min(value + high, most))

    def findable(self, level: float, power: float) -> float:
        """Smallest area that is told from one half with that power, by the standard error at one half.

        Examples
        --------
        >>> round(Pairing.of(np.arange(100) < 50).findable(0.95, 0.8), 2)
        0.66
        """
        spread = np.sqrt(auroc_variance(0.5, *_sizes(self.strata, self.positive)))
        return float(min(0.5 + (norm.ppf(0.5 + level / 2) + norm.ppf(power)) * spread, 1.0))

    def _limits(self, value: float, left_out: Floats, level: float) -> Limits:
        ones, zeros = _sizes(self.strata, self.positive)
        if self.clusters is None:
            return Limits(value, *auroc_limits(value, ones, zeros, level))
        count = len(left_out)
        found = (count - 1) / count * float(((left_out - left_out.mean()) ** 2).sum())
        expected = auroc_variance(value, ones, zeros)
        factor = max(found / expected, LEAST_SHARE) if expected > 1e-12 else 1.0
        return Limits(value, *auroc_limits(value, ones, zeros, level, factor=factor, df=count - 1))

    def _of_strata(self, won: Floats) -> Floats:
        """Pairs won in each stratum, by those of its positives."""
        own, count = self.positive, int(self.strata.max()) + 1
        return np.bincount(self.strata[own], won[own], minlength=count).astype(np.float64)

    def _left_out(self, scores: Floats) -> Floats:
        """Areas with one cluster left out at a time, shape (clusters,); a text that stands alone is its own."""
        each = _pairs_won(scores, self.strata, self.positive)
        won, (ones, zeros) = self._of_strata(each), _sizes(self.strata, self.positive)
        clusters = np.arange(len(scores)) if self.clusters is None else self.clusters
        # Only the strata of the cluster's own texts change: a cell is what a cluster has in a stratum.
        (owner, stratum), cell = np.unique(np.stack([clusters, self.strata]), axis=1, return_inverse=True)
        cell = cell.reshape(-1)
        gone_ones, gone_zeros = _sizes(cell, self.positive)
        # A pair within the cell is lost once and not once for each of its texts.
        twice = np.bincount(
            cell[self.positive], _pairs_won(scores, cell, self.positive)[self.positive], minlength=len(owner)
        )
        gone = np.bincount(cell, each) - twice
        all_won, all_weights = _weighed(won, ones, zeros)
        left = _weighed(won[stratum] - gone, ones[stratum] - gone_ones, zeros[stratum] - gone_zeros)
        wins, weights = (
            every.sum() + np.bincount(owner, part - every[stratum])
            for part, every in zip(left, (all_won, all_weights), strict=True)
        )
        # Without a cluster that holds every pair there is no area: it moves the others nowhere.
        whole = all_won.sum() / all_weights.sum() if all_weights.any() else float("nan")
        areas: Floats = np.where(weights > 1e-12, wins / np.maximum(weights, 1e-12), whole)
        return areas


def _numbered(names: npt.ArrayLike) -> Ints:
    return np.unique(np.asarray(names), return_inverse=True)[1].astype(np.int64)


def _sizes(groups: Ints, positive: Bools) -> tuple[Floats, Floats]:
    """Positives and negatives of each group."""
    count = int(groups.max()) + 1
    ones, zeros = (np.bincount(groups[own], minlength=count).astype(np.float64) for own in (positive, ~positive))
    return ones, zeros


def _pairs_won(scores: Floats, groups: Ints, positive: Bools) -> Floats:
    """For a positive the negatives of its group below it, for a negative the positives above it; ties half."""
    whole, won = _ranked(scores, groups), np.zeros(len(scores))
    for own in (positive, ~positive):
        won[own] = whole[own] - _ranked(scores[own], groups[own])
    won[~positive] = _sizes(groups, positive)[0][groups[~positive]] - won[~positive]
    return won


def _ranked(scores: Floats, groups: Ints) -> Floats:
    """Rank of each score within its group, ties sharing theirs."""
    places = np.unique(scores, return_inverse=True)[1].reshape(-1)
    # Every text of the groups before comes first; in scipy's rankdata the checks alone take longer than this.
    _, inverse, counts = np.unique(groups * len(scores) + places, return_inverse=True, return_counts=True)
    before = np.concatenate([[0], np.cumsum(np.bincount(groups))])
    ranks: Floats = (np.cumsum(counts) - (counts - 1) / 2)[inverse.reshape(-1)] - before[groups]
    return ranks


def _weighed(won: Floats, ones: Floats, zeros: Floats) -> tuple[Floats, Floats]:
    """Pairs won and pairs of groups, each pair counting one in its group's texts; nothing where a sort is missing."""
    texts = np.where((ones > 0) & (zeros > 0), ones + zeros, np.inf)
    return won / texts, ones * zeros / texts
