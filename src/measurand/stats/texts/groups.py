"""Texts that come in groups, such as questions on one passage: each group counted as one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

__all__ = ["Grouped", "whole_groups"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


def whole_groups(groups: Ints, most: int, rng: np.random.Generator) -> Ints:
    """Places of the texts of groups drawn at random, up to so many texts; all of them where there are no more.

    Parameters
    ----------
    groups : number of each text's group, from 0, shape (texts,).

    Examples
    --------
    >>> whole_groups(np.array([0, 0, 1, 1, 2, 2]), 4, np.random.default_rng(0)).tolist()
    [0, 1, 4, 5]
    """
    if len(groups) <= most:
        return np.arange(len(groups))
    order = rng.permutation(int(groups.max()) + 1)
    held = np.cumsum(np.bincount(groups)[order])
    # The first is taken whatever its size, or there would be nothing.
    chosen = order[: max(1, int(np.searchsorted(held, most, side="right")))]
    return np.flatnonzero(np.isin(groups, chosen))


@dataclass(frozen=True, eq=False)
class Grouped:
    """Two sets of texts as groups that can be dealt out anew, each its texts' mean.

    Where the groups of one set are larger, their means scatter less and lie nearer to all others, and sets that are
    drawn alike could be told apart by that. So of each group at most as many texts are taken, drawn at random, as the
    median group has in the set where it is smaller.

    Parameters
    ----------
    weights : what each text counts in its group, shape (groups, texts), sparse; each row sums to 1.
    second : which groups are of the second set, shape (groups,).
    of : the group of each text, shape (texts,).
    """

    weights: csr_array
    second: Bools
    of: Ints

    @classmethod
    def of_sets(cls, first: Ints, second: Ints, rng: np.random.Generator) -> Grouped:
        """Groups of the texts of a first set and then of a second one; one in both sets is a group in each.

        Parameters
        ----------
        first, second : numbers of each text's group, from 0, shapes (texts of a set,).

        Examples
        --------
        >>> found = Grouped.of_sets(np.array([0, 0, 1]), np.array([0, 1]), np.random.default_rng(0))
        >>> found.of.tolist(), found.second.tolist(), found.weights.sum(axis=1).tolist()
        ([0, 0, 1, 2, 3], [False, False, True, True], [1.0, 1.0, 1.0, 1.0])
        """
        codes = [np.unique(each, return_inverse=True)[1] for each in (first, second)]
        sizes = [np.bincount(each) for each in codes]
        most = int(min(np.median(each) for each in sizes))
        of = np.concatenate([codes[0], codes[1] + len(sizes[0])]).astype(np.int64)
        order = rng.permutation(len(of))
        order = order[np.argsort(of[order], kind="stable")]
        counts = np.concatenate(sizes)
        rank = np.arange(len(of)) - np.repeat(np.cumsum(counts) - counts, counts)
        kept = order[rank < most]
        shares = 1 / np.minimum(counts, most)[of[kept]]
        weights = csr_array((shares, (of[kept], kept)), shape=(len(counts), len(of)))
        return cls(weights, np.arange(len(counts)) >= len(sizes[0]), of)

    def products(self, products: Floats) -> Floats:
        """Products of each two groups' mean vectors from those of each two texts, shape (groups, groups)."""
        found: Floats = self.weights @ (self.weights @ products).T
        return found

    def medians(self, values: npt.ArrayLike) -> Floats:
        """The median, over the texts that count, of a number known of each text, shape (groups,)."""
        numbers = np.asarray(values, dtype=np.float64)
        rows = np.split(self.weights.indices, self.weights.indptr[1:-1])
        return np.array([np.median(numbers[row]) for row in rows])
