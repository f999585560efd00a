"""Differences between models on the items both ran, all pairs at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from measurand.stats.intervals.clustered import Means, bell_mccaffrey, cluster_sums, cr2_weights, t_limits
from measurand.stats.intervals.distributions import binom, norm, student

__all__ = ["Pairs", "Welch", "bonett_price", "mcnemar_p_value", "paired_differences", "paired_tests", "welch"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_ROUNDING = 1e-12
_BLOCK = 1 << 22
"""Cells looked at at a time."""


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """Differences between the first and the second row of each pair.

    Parameters
    ----------
    first, second : shape (pairs,): the rows compared.
    value : shape (pairs,): mean difference over the items both ran; NaN without a common item.
    stderr : shape (pairs,): CR2 over clusters, NaN below 2 clusters.
    df : shape (pairs,): its degrees of freedom (Bell and McCaffrey), NaN below 2 clusters.
    unpaired : shape (pairs,): the standard error had the same items been compared as if they were not the same.
    clusters, n : shape (pairs,): clusters and items both ran.
    only_first, only_second : shape (pairs,): items on which only the one or only the other is right; where scores are
        all 0 or 1.
    """

    first: Ints
    second: Ints
    value: Floats
    stderr: Floats
    df: Floats
    unpaired: Floats
    clusters: Ints
    n: Ints
    only_first: Ints
    only_second: Ints


def paired_differences(scores: Floats, clusters: Ints | None = None, against: int | None = None) -> Pairs:
    """Mean paired difference of every two rows with its cluster-robust (CR2) standard error.

    Where all rows ran the same items, one Gram matrix of the rows' weighted residual sums by cluster holds every pair:
    the variance of a difference is ``K_aa + K_bb - 2 K_ab``.

    Parameters
    ----------
    scores : shape (rows, items); NaN where an item was not run.
    clusters : shape (items,), numbers from 0; each item is a cluster of its own by default.
    against : the row to compare with each of the others; every two rows are compared by default.

    Examples
    --------
    >>> found = paired_differences(np.array([[1.0, 1.0, 0.0, 1.0], [1.0, 0.0, 0.0, 0.0]]))
    >>> found.value.tolist(), found.stderr.round(4).tolist(), found.only_first.tolist()
    ([0.5], [0.2887], [2])
    """
    run = np.isfinite(scores)
    anyone, everyone = run.any(axis=0), run.all(axis=0)
    if (anyone == everyone).all():
        if everyone.all():  # no copy of what may be a gigabyte
            return _complete(scores, clusters, against)
        return _complete(scores[:, everyone], None if clusters is None else clusters[everyone], against)
    first, second = _rows(len(scores), against)
    parts = []
    for a, b in zip(first, second, strict=True):
        both = run[a] & run[b]
        parts.append(_complete(scores[np.ix_([a, b], both)], None if clusters is None else clusters[both]))
    joined = {
        name: np.concatenate([getattr(part, name) for part in parts])
        for name in ("value", "stderr", "df", "unpaired", "clusters", "n", "only_first", "only_second")
    }
    return Pairs(first=first, second=second, **joined)


def _rows(count: int, against: int | None) -> tuple[Ints, Ints]:
    """The first and the second row of each pair."""
    if against is None:
        first, second = np.triu_indices(count, 1)
        return first.astype(np.int64), second.astype(np.int64)
    others = np.delete(np.arange(count), against)
    return np.full(len(others), against), others


class _Products(NamedTuple):
    """Scalar products of rows: of each with itself, and of the two of each pair."""

    own: Floats
    pairs: Floats


def _products(
    of: Callable[[slice], Floats], shape: tuple[int, ...], pair: tuple[Ints, Ints], against: int | None
) -> _Products:
    """Products of the rows of which `of` gives some columns: of millions, all at once would take gigabytes."""
    rows, columns = shape
    own, crossed = np.zeros(rows), np.zeros((rows, rows) if against is None else rows)
    step = max(1, _BLOCK // max(1, rows))
    for start in range(0, columns, step):
        values = of(slice(start, start + step))
        own += np.einsum("rc,rc->r", values, values)
        crossed += values @ (values.T if against is None else values[against])
    return _Products(own, crossed[pair] if against is None else crossed[pair[1]])


def _complete(scores: Floats, clusters: Ints | None, against: int | None = None) -> Pairs:
    """Pairs of rows that ran the same items."""
    first, second = _rows(len(scores), against)
    n = scores.shape[1]
    codes = None if clusters is None else np.unique(clusters, return_inverse=True)[1].astype(np.int64)
    sums = cluster_sums(scores, codes)
    groups = sums.total.shape[1]
    count = sums.count[0] if len(scores) else np.zeros(groups)
    scale = 1 / n if groups > 1 else np.nan
    mean = scores.mean(axis=1) if n else np.full(len(scores), np.nan)
    means, weights = sums.total.sum(axis=1) / max(n, 1), np.sqrt(cr2_weights(count))

    def residuals(part: slice) -> Floats:
        found: Floats = (sums.total[:, part] - means[:, None] * count[part]) * weights[part]
        return found

    own, products = _products(residuals, sums.total.shape, (first, second), against)
    squares = own[first] + own[second] - 2 * products
    # For rows that differ nowhere the three terms cancel; what rounding leaves may be negative.
    squares = np.where(squares <= _ROUNDING * (own[first] + own[second]), 0.0, squares)
    total, both = _products(
        lambda part: (scores[:, part] == 1).astype(np.float64), scores.shape, (first, second), against
    )
    return Pairs(
        first=first,
        second=second,
        value=mean[first] - mean[second],
        stderr=np.sqrt(squares) * scale,
        df=np.full(len(first), bell_mccaffrey(count)),
        unpaired=np.sqrt(own[first] + own[second]) * scale,
        clusters=np.full(len(first), groups, dtype=np.int64),
        n=np.full(len(first), n, dtype=np.int64),
        only_first=np.rint(total[first] - both).astype(np.int64),
        only_second=np.rint(total[second] - both).astype(np.int64),
    )


def mcnemar_p_value(only_first: npt.ArrayLike, only_second: npt.ArrayLike) -> Floats:
    """Exact two-sided p-value of equal marginal rates from the two counts of discordant items; 1 where there is none.

    References
    ----------
    McNemar 1947, Psychometrika 12(2); exact conditional form.

    Examples
    --------
    >>> float(mcnemar_p_value(410, 127))
    9.69...e-36
    """
    b, c = np.asarray(only_first), np.asarray(only_second)
    found: Floats = np.minimum(2 * binom.cdf(np.minimum(b, c), b + c, 0.5), 1.0)
    return found


def bonett_price(
    only_first: npt.ArrayLike, only_second: npt.ArrayLike, n: npt.ArrayLike, level: float
) -> tuple[Floats, Floats]:
    """Adjusted Wald interval of the difference of two rates on the same items.

    References
    ----------
    Bonett and Price 2012, Journal of Educational and Behavioral Statistics 37(4).

    Examples
    --------
    >>> low, high = bonett_price(36, 21, 100, 0.95)
    >>> round(float(low), 4), round(float(high), 4)
    (0.0022, 0.2919)
    """
    # One discordant item more each way, as published: with none, Wald's interval would have width 0.
    size = np.asarray(n, dtype=np.float64) + 2
    b, c = (np.asarray(only_first) + 1) / size, (np.asarray(only_second) + 1) / size
    half = norm.ppf(0.5 + level / 2) * np.sqrt((b + c - (b - c) ** 2) / size)
    return np.maximum(b - c - half, -1.0), np.minimum(b - c + half, 1.0)


def paired_tests(pairs: Pairs, level: float, *, counts: bool, unit: bool = False) -> tuple[Floats, Floats, Floats]:
    """p-value of no difference and limits of each pair; NaN where undefined.

    Parameters
    ----------
    pairs : differences of pairs of rows.
    level : confidence level of the limits.
    counts : whether scores are all 0 or 1 and items independent: the exact McNemar test and `bonett_price`; else the
        t test over clusters.
    unit : whether scores lie between 0 and 1, so that no difference is beyond 1.
    """
    if counts:
        low, high = bonett_price(pairs.only_first, pairs.only_second, np.maximum(pairs.n, 1), level)
        return mcnemar_p_value(pairs.only_first, pairs.only_second), low, high
    low, high = t_limits(pairs.value, pairs.stderr, pairs.df, level)
    if unit:
        low, high = np.maximum(low, -1.0), np.minimum(high, 1.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        t = np.abs(pairs.value / pairs.stderr)
    p_values = 2 * student.sf(t, pairs.df)
    # Where every cluster differs by the same amount there is no spread to judge by: the signs are what is left.
    signs = np.where(pairs.value == 0, 1.0, np.minimum(2.0 * 0.5 ** pairs.clusters.astype(np.float64), 1.0))
    p_values = np.where(pairs.stderr == 0, signs, p_values)
    return np.where(pairs.clusters > 1, p_values, np.nan), low, high


class Welch(NamedTuple):
    """First mean minus the second of rows that rest on different items; NaN where undefined."""

    value: float
    stderr: float
    df: float
    low: float
    high: float
    p_value: float


def welch(means: Means, level: float) -> Welch:
    """The difference of two means of different items, with Welch and Satterthwaite's degrees of freedom.

    References
    ----------
    Welch 1947, Biometrika 34(1-2).
    """
    variances = means.stderr**2
    value, stderr = float(means.value[0] - means.value[1]), float(np.sqrt(variances.sum()))
    # True of NaN, too, the standard error of a single cluster.
    if not stderr > 0:
        return Welch(value, stderr, np.nan, np.nan, np.nan, np.nan)
    df = variances.sum() ** 2 / (variances**2 / means.df).sum()
    low, high = t_limits(np.array([value]), np.array([stderr]), np.array([df]), level)
    return Welch(
        value, stderr, float(df), float(low[0]), float(high[0]), float(2 * student.sf(abs(value) / stderr, df))
    )
