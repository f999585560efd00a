"""How varied a set of vectors is, and how much of a reference set it reaches."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.linalg import eigh
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components

from measurand.stats.intervals.binomial import clopper_pearson

__all__ = [
    "Duplicates",
    "Reach",
    "cosine",
    "duplicates",
    "expected_reach",
    "neighbours",
    "principal_plane",
    "reach",
    "similar",
    "unit",
    "vendi",
]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_BLOCK = 250
"""Rows compared with all others at a time: where all are worth comparing, that is what memory holds."""


def cosine(vectors: Floats) -> Floats:
    """Cosine similarity of every two rows, shape (n, n); a row of zeros is similar to itself alone.

    Examples
    --------
    >>> cosine(np.array([[1.0, 0.0], [2.0, 2.0]])).round(4).tolist()
    [[1.0, 0.7071], [0.7071, 1.0]]
    """
    rows = unit(vectors)
    found: Floats = rows @ rows.T
    np.fill_diagonal(found, 1.0)
    return found


def unit(vectors: Floats) -> Floats:
    """The rows at length 1; a row of zeros stays one."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    found: Floats = np.divide(vectors, length, out=np.zeros_like(vectors, dtype=np.float64), where=length > 0)
    return found


def vendi(similarity: Floats) -> float:
    """Vendi score: the number of equally frequent, wholly different items that would be as varied.

    ``exp(-sum l log l)`` over the eigenvalues l of ``K / n``; from 1 (all alike) to n (nothing alike).

    Parameters
    ----------
    similarity : K, shape (n, n), positive semi-definite with ones on the diagonal.

    References
    ----------
    Friedman and Dieng 2023, The Vendi score, TMLR, arXiv 2210.02410.

    Examples
    --------
    >>> round(vendi(np.array([[1.0, 0.9, 0.0], [0.9, 1.0, 0.0], [0.0, 0.0, 1.0]])), 8)
    2.15730048
    """
    eigenvalues = np.linalg.eigvalsh(similarity / len(similarity))
    # Rounding leaves eigenvalues of 0 a little negative; l log l is 0 there anyway.
    positive = eigenvalues[eigenvalues > 1e-12]
    return float(np.exp(-(positive * np.log(positive)).sum()))


def neighbours(similarity: Floats, k: int | None = None, least: float | None = None) -> Mask:
    """Which columns are near each row, itself left out: its k most similar, or all that are similar enough.

    Parameters
    ----------
    similarity : shape (n, n).
    k : number of neighbours; of equally similar ones the first.
    least : least similarity, used where k is None.
    """
    others = similarity.copy()
    np.fill_diagonal(others, -np.inf)
    if k is None:
        result: Mask = others >= (np.inf if least is None else least)
        return result
    near = np.zeros(others.shape, dtype=np.bool_)
    order = np.argsort(-others, axis=1, kind="stable")[:, :k]
    np.put_along_axis(near, order, True, axis=1)
    return near


def similar(rows: Floats | csr_array, least: float) -> csr_array:
    """Which of any number of rows are at least so similar, each pair once, shape (n, n), sparse.

    All rows are compared, a block at a time. Of sparse ones only those that share one of their rarest words: without a
    common word among the rarest, taken up to where the rest of a row is shorter than `least`, two rows of length 1
    cannot be so similar (prefix filtering, Bayardo et al. 2007, Scaling up all pairs similarity search).

    Parameters
    ----------
    rows : of length 1 each, shape (n, features).
    least : similarity, above 0.

    Examples
    --------
    >>> similar(np.array([[1.0, 0], [0, 1.0], [0.98, 0.199]]), 0.95).toarray().tolist()
    [[False, False, True], [False, False, False], [False, False, False]]
    """
    rare = _rarest(rows, least) if isinstance(rows, csr_array) else None
    n = rows.shape[0]
    firsts, seconds = [], []
    for begun in range(0, n, _BLOCK):
        block = slice(begun, begun + _BLOCK)
        likely = rows[block] @ rows.T >= least if rare is None else rare[block] @ rare.T
        first, second = (np.asarray(each, dtype=np.int64) for each in likely.nonzero())
        first = first + begun
        later = second > first
        first, second = first[later], second[later]
        alike = np.asarray((rows[first] * rows[second]) @ np.ones(rows.shape[1])) >= least
        firsts.append(first[alike])
        seconds.append(second[alike])
    pairs = np.concatenate(firsts), np.concatenate(seconds)
    return csr_array((np.ones(len(pairs[0]), dtype=np.bool_), pairs), shape=(n, n))


def _rarest(rows: csr_array, least: float) -> csr_array:
    """Of each row the rarest words, as many as leave a rest shorter than `least`; ones and zeros."""
    table = coo_array(rows)
    row, word = table.coords
    holders = np.bincount(word, minlength=rows.shape[1])
    order = np.lexsort((word, holders[word], row))
    row, word, squares = row[order], word[order], table.data[order] ** 2
    before = np.cumsum(squares) - squares
    starts = np.flatnonzero(np.diff(row, prepend=-1))
    within = before - np.repeat(before[starts], np.diff(starts, append=len(row)))
    lengths = np.bincount(row, squares, minlength=rows.shape[0])
    # What is left before a word is taken; rounding must not lose one.
    kept = lengths[row] - within >= least**2 - 1e-9
    return csr_array((np.ones(kept.sum(), dtype=np.int32), (row[kept], word[kept])), shape=rows.shape)


@dataclass(frozen=True)
class Duplicates:
    """Rows that have a near-duplicate: how many, in how many groups, of how many rows, and their share's interval."""

    count: int
    groups: int
    n: int
    low: float
    high: float


def duplicates(near: Mask | csr_array, level: float, copies: Ints | None = None) -> Duplicates:
    """Rows that are alike, directly or through others, and the interval of their share.

    Duplicates come together, so what is drawn is a group or a row alone: the exact interval of the share p of groups
    among these is turned into one of rows, ``p s / (p s + 1 - p)`` for groups of mean size s.

    Parameters
    ----------
    near : which rows are alike, shape (n, n). level : of the interval.
    copies : how often each row is there, shape (n,); once by default.

    Examples
    --------
    >>> rows = cosine(np.array([[1.0, 0], [1.0, 0], [0, 1.0], [1.0, 1.0]]))
    >>> found = duplicates(neighbours(rows, least=0.95), 0.95)
    >>> found.count, found.groups, round(found.low, 3), round(found.high, 3)
    (2, 1, 0.017, 0.951)
    """
    n = near.shape[0] if copies is None else int(copies.sum())
    sizes = np.bincount(connected_components(near, directed=False)[1], copies).astype(np.int64)
    alike = sizes[sizes > 1]
    count, groups = int(alike.sum()), len(alike)
    # None found: what the upper limit allows are pairs, the smallest groups there are.
    size = count / groups if groups else 2.0
    limits = clopper_pearson(groups, len(sizes), level)
    low, high = (float(p * size / (p * size + 1 - p)) for p in limits)
    return Duplicates(count, groups, n, low, high)


@dataclass(frozen=True, eq=False)
class Reach:
    """Share of a reference set that items reach.

    Parameters
    ----------
    share : of the reference rows, those near an item. covered : which, shape (reference rows,).
    null : mean share had items and reference been one sample; p_value : of a share as low as this there.
    """

    share: float
    covered: Mask
    null: float
    p_value: float


def reach(near: Mask, reference: Mask, draws: int, rng: np.random.Generator) -> Reach:
    """Share of the reference rows that have an item near them, and how low that is.

    The null is exact: which rows are the reference is drawn anew.

    Parameters
    ----------
    near : of `neighbours` over items and reference together, shape (n, n).
    reference : which rows are the reference, shape (n,).
    draws : random relabellings.

    References
    ----------
    Naeem et al. 2020, Reliable fidelity and diversity metrics for generative models, ICML, arXiv 2002.09797 (coverage).

    Examples
    --------
    >>> near = neighbours(cosine(np.array([[1.0, 0], [1, 0.1], [0, 1.0], [0.1, 1]])), k=1)
    >>> found = reach(near, np.array([True, False, True, True]), 99, np.random.default_rng(0))
    >>> round(found.share, 3), found.covered.tolist()
    (0.333, [True, False, False])
    """
    covered: Mask = np.asarray(near[reference][:, ~reference].any(axis=1), dtype=np.bool_)
    share = float(covered.mean())
    n, size = len(reference), int(reference.sum())
    labels = np.zeros((draws, n), dtype=np.float32)
    labels[:, :size] = 1.0
    labels = rng.permuted(labels, axis=1)
    # Rows near at least one item, counted among the rows that are the reference in that draw.
    # A product of float32 takes BLAS, one of booleans does not; counts are exact in it, so 0.5 parts 0 from 1.
    reached = (near.astype(np.float32) @ (1.0 - labels).T > 0.5).T
    shares = (reached * labels).sum(axis=1) / size
    return Reach(share, covered, float(shares.mean()), (1 + int((shares <= share + 1e-9).sum())) / (1 + draws))


def expected_reach(reference: int, items: int, k: int) -> float:
    """Expected share where items and reference are one sample: ``1 - prod (N - j) / (N + M - j)``, j from 1 to k.

    Parameters
    ----------
    reference, items : N and M. k : number of neighbours.

    Examples
    --------
    >>> round(expected_reach(100, 100, 5), 4)
    0.9711
    """
    j = np.arange(1, k + 1)
    return float(1 - np.prod(np.maximum(reference - j, 0) / (reference + items - j)))


def principal_plane(similarity: Floats) -> Floats:
    """Coordinates of the rows on the first two principal components of a similarity matrix, shape (n, 2)."""
    n = len(similarity)
    centred = similarity - similarity.mean(axis=0) - similarity.mean(axis=1, keepdims=True) + similarity.mean()
    values, vectors = eigh(centred, subset_by_index=(n - 2, n - 1))
    found: Floats = vectors[:, ::-1] * np.sqrt(np.maximum(values[::-1], 0.0))
    # Signs of eigenvectors are arbitrary: the largest coordinate is made positive.
    largest = found[np.abs(found).argmax(axis=0), [0, 1]]
    return found * np.where(largest < 0, -1.0, 1.0)
