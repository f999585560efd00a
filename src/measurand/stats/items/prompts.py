"""How far scores depend on the wording of the prompt, and how much of that is sampling noise."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri, stdtrit

from measurand.stats.intervals.clustered import cluster_sums, cr2_weights
from measurand.stats.intervals.limits import Limits

__all__ = [
    "PromptMeans",
    "Spread",
    "aggregated_means",
    "cps",
    "cps_limits",
    "drawn_errors",
    "expected_range",
    "pairwise_differences",
    "posix",
    "prompt_means",
    "quantile_limits",
    "range_quantile",
    "spread_limits",
    "widening",
]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_GRID = np.linspace(-8.0, 8.0, 801)
"""Where the densities of standard normals are summed; the step of 0.02 leaves errors far below 1e-9."""


@dataclass(frozen=True)
class PromptMeans:
    """One model's mean score a prompt, over the same items.

    Parameters
    ----------
    means : shape (prompts,).
    noise : standard error of one of them from the sampling of items, what all prompts share left out.
    df : degrees of freedom of `noise`.
    groups : independent items, or clusters of items, behind it.
    n : items.
    """

    means: Floats
    noise: float
    df: float
    groups: int
    n: int


@dataclass(frozen=True)
class Spread:
    """Best minus worst prompt, and how much of it sampling noise alone would give.

    Parameters
    ----------
    value : max - min of the means.
    noise : its expectation if all prompts were equally good.
    low, high : interval of the spread of the true means.
    """

    value: float
    noise: float
    low: float
    high: float

    @property
    def corrected(self) -> float:
        """Spread beyond what noise alone would give; 0 if it is less."""
        return max(self.value - self.noise, 0.0)


def prompt_means(scores: Floats, clusters: Ints | None = None) -> PromptMeans:
    """Mean score of each prompt and the noise in their differences.

    The noise variance is half of the mean variance of the differences between two prompts, items paired: MS_res / n of
    the two-way table without clusters, CR2 with them.

    Parameters
    ----------
    scores : shape (items, prompts), complete.
    clusters : number of each item's cluster, shape (items,), or None.

    Returns
    -------
    PromptMeans
        Noise NaN from one item or cluster.

    Examples
    --------
    >>> found = prompt_means(np.array([[1.0, 0.0], [1.0, 1.0], [0.0, 0.0], [1.0, 0.0]]))
    >>> found.means.tolist(), round(found.noise, 4)
    ([0.75, 0.25], 0.2041)
    """
    n, prompts = scores.shape
    means = scores.mean(axis=0)
    residual = scores - scores.mean(axis=1, keepdims=True) - (means - means.mean())
    found = cluster_sums(residual.T, clusters).means()
    groups = int(found.clusters[0])
    if groups < 2:
        return PromptMeans(means, math.nan, math.nan, groups, n)
    # Each prompt's residuals have degrees of freedom of their own, by how far those of a cluster go together.
    noise = math.sqrt(float((found.stderr**2).sum()) / (prompts - 1))
    return PromptMeans(means, noise, float(found.df.mean()), groups, n)


def aggregated_means(means: Floats, items: int) -> PromptMeans:
    """Prompts of which only the share right is known, each on as many items.

    The noise variance is the mean of p (1 - p) / (items - 1). Items that are the same under every prompt share some of
    it, so this is the most it can be.

    Parameters
    ----------
    means : shares in [0, 1], shape (prompts,).
    items : at least 2.

    Examples
    --------
    >>> round(aggregated_means(np.array([0.5, 0.5, 0.5]), 101).noise, 3)
    0.05
    """
    return PromptMeans(means, math.sqrt(float((means * (1 - means)).mean()) / (items - 1)), items - 1.0, items, items)


def _range_probability(width: float, prompts: int) -> float:
    """Chance that independent standard normals, one a prompt, all lie within `width` of each other."""
    density = np.exp(-(_GRID**2) / 2) / math.sqrt(2 * math.pi)
    inside = ndtr(_GRID + width) - ndtr(_GRID)
    return float(prompts * (density * inside ** (prompts - 1)).sum() * (_GRID[1] - _GRID[0]))


@lru_cache(maxsize=4096)
def range_quantile(prompts: int, probability: float) -> float:
    """Quantile of the range of independent standard normals: the studentised range with infinite degrees of freedom.

    Examples
    --------
    >>> round(range_quantile(10, 0.95), 3)
    4.474
    """
    return float(brentq(lambda width: _range_probability(width, prompts) - probability, 1e-6, 15.0, xtol=1e-10))


@lru_cache(maxsize=4096)
def expected_range(prompts: int) -> float:
    """Expected range of independent standard normals, one a prompt.

    Examples
    --------
    >>> round(expected_range(10), 4)
    3.0775
    """
    below = ndtr(_GRID)
    return float((1 - below**prompts - (1 - below) ** prompts).sum() * (_GRID[1] - _GRID[0]))


def spread_limits(found: PromptMeans, level: float) -> Spread:
    """Spread of the prompts' means, its expectation under noise alone, and an interval of the true spread.

    The spread of the means differs from the true one by at most the spread of their errors, so the lower limit is the
    spread minus the quantile of the range of J errors. The truly best and worst prompt are two fixed prompts, whose
    difference in means is at most the spread seen: the upper limit is the spread plus t standard errors of one.
    Both hold whatever the true means are; the lower one can fail only where the upper one cannot, at a spread near 0.

    Parameters
    ----------
    found : means and their noise, from `prompt_means`.
    level : of the interval; at a true spread of 0 the lower limit exceeds 0 in 1 - level of studies.

    Examples
    --------
    >>> spread = spread_limits(PromptMeans(np.array([0.60, 0.70, 0.62]), 0.01, 999, 1000, 1000), 0.95)
    >>> [round(value, 3) for value in (spread.value, spread.noise, spread.corrected, spread.low, spread.high)]
    [0.1, 0.017, 0.083, 0.067, 0.128]
    """
    tail = (1 + level) / 2
    prompts, value = len(found.means), float(np.ptp(found.means))
    # The noise is estimated: what makes two prompts exact serves for more.
    least = widening(found.df, level) * range_quantile(prompts, level) * found.noise
    return Spread(
        value,
        expected_range(prompts) * found.noise,
        max(value - least, 0.0) if math.isfinite(least) else math.nan,
        value + float(stdtrit(found.df, tail)) * math.sqrt(2) * found.noise,
    )


def cps(means: Floats) -> Floats:
    """Combined performance score (1 - (MaxP - AvgP)) * MaxP of scores in [0, 1].

    Parameters
    ----------
    means : mean score of each prompt, shape (..., prompts).

    Examples
    --------
    >>> round(float(cps(np.array([0.2, 0.4, 0.6]))), 2)
    0.48

    References
    ----------
    Mizrahi et al. 2024, State of what art? A call for multi-prompt LLM evaluation, TACL 12
    """
    best = means.max(axis=-1)
    result: Floats = (1 - (best - means.mean(axis=-1))) * best
    return result


def pairwise_differences(scores: Floats) -> Floats:
    """Mean absolute difference between the scores of two prompts on each item; its mean is the PSS.

    Parameters
    ----------
    scores : shape (items, prompts), complete, at least 2 prompts.

    Returns
    -------
    array, shape (items,)

    Examples
    --------
    >>> pairwise_differences(np.array([[1.0, 1.0, 0.0, 1.0], [0.0, 0.0, 0.0, 0.0]])).tolist()
    [0.5, 0.0]

    References
    ----------
    Zhuo et al. 2024, ProSA: assessing and understanding the prompt sensitivity of LLMs, Findings of EMNLP
    """
    prompts = scores.shape[1]
    # In sorted order each value is subtracted from those above it and added over those below.
    weights = 2 * np.arange(prompts) - (prompts - 1)
    result: Floats = np.sort(scores, axis=1) @ weights * 2 / (prompts * (prompts - 1))
    return result


def posix(log_likelihood: Floats, lengths: Floats) -> float:
    """Prompt sensitivity index of one item: how far the likelihood of each answer moves with the prompt.

    1 / (N (N - 1)) * sum over i, j of |log P(y_j | x_i) - log P(y_j | x_j)| / L_j.

    Parameters
    ----------
    log_likelihood : [i, j] is log P(y_j | x_i) of the answer given to prompt j after prompt i, shape (N, N).
    lengths : tokens of each answer, shape (N,).

    Examples
    --------
    >>> posix(np.array([[-2.0, -4.0], [-3.0, -1.0]]), np.array([1.0, 3.0]))
    1.0

    References
    ----------
    Chatterjee et al. 2024, POSIX: a prompt sensitivity index for large language models, Findings of EMNLP
    """
    prompts = len(lengths)
    moved = np.abs(log_likelihood - np.diag(log_likelihood)) / lengths
    return float(moved.sum() / (prompts * (prompts - 1)))


def widening(df: float, level: float) -> float:
    """t over z: by how much normal errors fall short at a level, where few clusters tell little of their own variance.

    Examples
    --------
    >>> round(widening(3, 0.95), 3), round(widening(1000, 0.95), 3)
    (1.624, 1.001)
    """
    tail = (1 + level) / 2
    return float(stdtrit(df, tail) / ndtri(tail))


def drawn_errors(scores: Floats, clusters: Ints | None, replicates: int, rng: np.random.Generator) -> Floats:
    """Errors of the prompts' means from the sampling of items, or of whole clusters of items: normal, drawn anew.

    Their covariance is CR2, so they are correlated as the means are. They depend on no level: intervals made of them
    are to be wider by `widening`.

    Parameters
    ----------
    scores : shape (items, ...), complete; what stands in one row is of the same item.
    clusters : number of each item's cluster, shape (items,), or None; at least 2 of them.
    replicates : how many to draw.

    Returns
    -------
    array, shape (replicates, ...)
    """
    sums = cluster_sums(scores.reshape(len(scores), -1).T, clusters)
    weighted = sums.residuals() * np.sqrt(cr2_weights(sums.count))
    length = np.sqrt((weighted**2).sum(axis=1))
    # Each mean has the standard error that it has by itself, which allows for items of a cluster that go together.
    scale = np.divide(sums.means().stderr, length, out=np.zeros_like(length), where=length > 0)
    parts = (weighted * scale[:, None]).T
    # Either factor F has the same F'F; the smaller one needs fewer draws, however many the items.
    factor = parts if len(parts) <= parts.shape[1] else _root(parts.T @ parts)
    errors: Floats = rng.standard_normal((replicates, len(factor))) @ factor
    return errors.reshape(replicates, *scores.shape[1:])


def _root(covariance: Floats) -> Floats:
    """A factor F with F'F = the covariance: ten times as fast as the QR decomposition of what it is the square of."""
    values, vectors = np.linalg.eigh(covariance)
    # What rounding leaves of 0 has a root that would tell apart columns that are equal.
    root: Floats = (vectors * np.sqrt(np.where(values > 1e-12 * values[-1], values, 0.0))).T
    return root


def quantile_limits(means: Floats, errors: Floats, probability: float, level: float) -> Limits:
    """Interval of a quantile of the prompts' true means.

    No quantile moves further than the mean with the largest error, so the interval is the quantile of the means plus
    and minus the quantile of the largest error of all prompts; it holds for the best and the worst prompt as well.

    Parameters
    ----------
    means : shape (prompts,).
    errors : from `drawn_errors`, as wide as `widening` makes them, shape (replicates, prompts).
    probability : of the quantile, in [0, 1].
    """
    value = float(np.quantile(means, probability))
    return _around(value, float(np.quantile(np.abs(errors).max(axis=1), level)))


def cps_limits(means: Floats, errors: Floats, level: float) -> Limits:
    """Interval of the combined performance score of the prompts' true means (scores in [0, 1]).

    The best mean moves no further than the largest error, the average as the average error does; both count with the
    slope of the score.

    Parameters
    ----------
    means, errors : as in `quantile_limits`.
    """
    best, average = float(means.max()), float(means.mean())
    moved = abs(1 - 2 * best + average) * np.abs(errors).max(axis=1) + best * np.abs(errors.mean(axis=1))
    return _around(float(cps(means)), float(np.quantile(moved, level)))


def _around(value: float, half: float) -> Limits:
    return Limits(value, value - half, value + half) if half > 0 else Limits(value, math.nan, math.nan)
