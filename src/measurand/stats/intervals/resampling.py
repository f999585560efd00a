"""Replicates as weights, and intervals from replicates."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

__all__ = ["bca", "bootstrap_weights", "family_blocks", "jackknife_weights", "percentile"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def bootstrap_weights(n: int, replicates: int, rng: np.random.Generator, families: Ints | None = None) -> Floats:
    """Multinomial counts of a bootstrap over observations, or over whole families.

    Parameters
    ----------
    n : number of observations.
    families : family code of each observation, shape (n,), to resample families; None to resample observations.

    Returns
    -------
    array, shape (replicates, n)
    """
    if families is None:
        return rng.multinomial(n, np.full(n, 1 / n), size=replicates).astype(np.float64)
    codes, member = np.unique(families, return_inverse=True)
    counts = rng.multinomial(len(codes), np.full(len(codes), 1 / len(codes)), size=replicates)
    return counts[:, member].astype(np.float64)


def family_blocks(families: Ints, most: int) -> Ints:
    """Families merged into at most `most` blocks of about equal size, for a delete-a-group jackknife (Kott 2001).

    With no more than `most` families, each is its own block.
    """
    codes, member, sizes = np.unique(families, return_inverse=True, return_counts=True)
    if len(codes) <= most:
        return member.astype(np.int64)
    block_of = np.empty(len(codes), dtype=np.int64)
    # Largest first, dealt out in turn: deterministic, and the blocks come out about even.
    block_of[np.argsort(-sizes, kind="stable")] = np.arange(len(codes)) % most
    result: Ints = block_of[member]
    return result


def jackknife_weights(families: Ints) -> Floats:
    """One replicate per family, with weight 0 on its members and 1 elsewhere, shape (families, n)."""
    codes = np.unique(families)
    return np.where(families[None, :] == codes[:, None], 0.0, 1.0)


def percentile(replicates: Floats, level: float) -> tuple[Floats, Floats]:
    """Percentile bootstrap interval of each column of (replicates, m), ignoring undefined replicates.

    NaN where no two replicates differ: an interval of width 0 would claim certainty.
    """
    low, high = np.full((2, replicates.shape[1]), np.nan)
    some = np.isfinite(replicates).any(axis=0)
    low[some], high[some] = np.nanquantile(replicates[:, some], [(1 - level) / 2, (1 + level) / 2], axis=0)
    return np.where(low < high, low, np.nan), np.where(low < high, high, np.nan)


def bca(value: Floats, replicates: Floats, jackknife: Floats, level: float) -> tuple[Floats, Floats]:
    """Bias-corrected and accelerated bootstrap interval (Efron 1987) of each column.

    Parameters
    ----------
    value : point estimates, shape (m,).
    replicates : bootstrap replicates, shape (b, m).
    jackknife : leave-one-out replicates, shape (n, m).
    """
    low, high = np.empty_like(value), np.empty_like(value)
    for j, point in enumerate(value):
        sample = np.sort(replicates[np.isfinite(replicates[:, j]), j])
        if len(sample) < 2 or not np.isfinite(point):
            low[j] = high[j] = np.nan
            continue
        # Replicates equal to the estimate count half, or ties would pass for bias.
        below = (np.searchsorted(sample, point, "left") + np.searchsorted(sample, point, "right")) / 2
        # Half a replicate from either end: ndtri is infinite at shares of 0 and 1.
        bias = ndtri(np.clip(below / len(sample), 0.5 / len(sample), 1 - 0.5 / len(sample)))
        deviation = np.nanmean(jackknife[:, j]) - jackknife[:, j]
        spread = np.nansum(deviation**2)
        acceleration = np.nansum(deviation**3) / (6 * spread**1.5) if spread > 0 else 0.0
        z = bias + ndtri(np.array([(1 - level) / 2, (1 + level) / 2]))
        low[j], high[j] = np.quantile(sample, ndtr(bias + z / (1 - acceleration * z)))
    return low, high
