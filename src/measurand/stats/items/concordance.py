"""How far several rankings of the same models agree."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from measurand.stats.intervals.correlation import jackknife_se
from measurand.stats.intervals.limits import Limits
from measurand.stats.intervals.ranks import midranks
from measurand.stats.items.prompts import drawn_errors, prompt_means
from measurand.stats.items.selection import shrunk

__all__ = ["concordance_limits", "kendall_w", "noise_alone", "p_by_noise"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

LEAST_CLUSTERS = 20
"""Clusters of items below which what noise does to a ranking is hardly known: with 6 to 15, rankings that differ by
noise alone had a p-value below .05 in .08 to .11 of simulated studies, with 20 in .05."""

_MOST = 1 - 1e-3
"""Rank correlations are taken as at most this, so that their z is finite."""


def kendall_w(scores: Floats) -> Floats:
    """Kendall's coefficient of concordance of the ranks that prompts give to models, corrected for ties.

    W = 12 S / (m^2 (n^3 - n) - m sum T), S the sum of squared deviations of the models' rank sums from their mean.

    Parameters
    ----------
    scores : shape (..., prompts, models).

    Returns
    -------
    array, shape (...)
        1 if every prompt ranks the models alike; NaN where every prompt ties all models.

    Examples
    --------
    >>> float(kendall_w(np.array([[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]])))
    1.0

    References
    ----------
    Kendall and Babington Smith 1939, The problem of m rankings, Annals of Mathematical Statistics 10(3)
    """
    prompts, models = scores.shape[-2:]
    ranks = _ranks(scores)
    spread = (ranks.sum(axis=-2) ** 2).sum(axis=-1)
    # Ties take (t^3 - t) / 12 off a prompt's sum of squared ranks.
    ties = prompts * (models**3 - models) - 12 * (ranks**2).sum(axis=(-1, -2))
    most = prompts**2 * (models**3 - models) - prompts * ties
    with np.errstate(divide="ignore", invalid="ignore"):
        result: Floats = np.where(most > 0, 12 * spread / most, np.nan)
    return result


def _ranks(scores: Floats) -> Floats:
    """Midranks of the models under each prompt, about 0."""
    models = scores.shape[-1]
    flat = scores.reshape(-1, models)
    ranks: Floats = midranks(flat, np.ones_like(flat)).reshape(scores.shape) - (models + 1) / 2
    return ranks


def concordance_limits(scores: Floats, level: float) -> Limits:
    """Kendall's W with an interval over prompts.

    W is (1 + (J - 1) rho) / J, rho the mean Spearman correlation between the rankings of two prompts. The interval
    is that of rho over prompts like these on the same items, a jackknife over prompts on Fisher's z with t(J - 1).

    Parameters
    ----------
    scores : shape (prompts, models).

    Returns
    -------
    Limits
        No interval below 4 prompts and where all agree; a prompt that ties all models agrees with
        none.
    """
    prompts = len(scores)
    value = float(kendall_w(scores))
    ranks = _ranks(scores)
    length = np.sqrt((ranks**2).sum(axis=1))
    if prompts < 4:
        return Limits(value, math.nan, math.nan)
    unit = ranks / np.where(length > 0, length, 1.0)[:, None]
    pairs = unit @ unit.T
    np.fill_diagonal(pairs, 0.0)
    total = pairs.sum()
    rho = np.clip(total / (prompts * (prompts - 1)), -_MOST, _MOST)
    left_out = np.clip((total - 2 * pairs.sum(axis=1)) / ((prompts - 1) * (prompts - 2)), -_MOST, _MOST)
    se = float(jackknife_se(np.arctanh(left_out)[:, None])[0][0])
    if not se > 0:
        return Limits(value, math.nan, math.nan)
    half = float(stdtrit(prompts - 1, (1 + level) / 2)) * se
    low, high = (max((1 + (prompts - 1) * math.tanh(math.atanh(rho) + side)) / prompts, 0.0) for side in (-half, half))
    return Limits(value, min(low, value), max(high, value))


def noise_alone(scores: Floats, clusters: Ints | None, replicates: int, rng: np.random.Generator) -> Floats:
    """Kendall's W in draws in which every prompt is equally good for each model: what the sampling of items leaves.

    Models are drawn with their means over prompts, together until they vary as much as the true ones are estimated to:
    noise spreads those seen, and models that seem further apart than they are would be ranked too steadily.

    Parameters
    ----------
    scores : shape (items, prompts, models), complete.
    clusters : number of each item's cluster, shape (items,), or None; at least 2 of them.
    replicates : how many to draw.

    Returns
    -------
    array, shape (draws,)
        Draws in which every prompt ties all models are left out.
    """
    models = prompt_means(scores.mean(axis=1), clusters)
    drawn = kendall_w(shrunk(models.means, models.noise) + drawn_errors(scores, clusters, replicates, rng))
    found: Floats = drawn[np.isfinite(drawn)]
    return found


def p_by_noise(seen: float, alone: Floats, groups: int) -> float:
    """P-value against that rankings agree no less than noise alone lets them.

    Parameters
    ----------
    seen : Kendall's W.
    alone : that of draws from `noise_alone`.
    groups : independent items, or clusters of items, behind them.

    Returns
    -------
    float
        NaN where either is unknown, and below 20 clusters.

    Examples
    --------
    >>> p_by_noise(0.2, np.array([0.1, 0.5, 0.6]), 100)
    0.5
    """
    if not (math.isfinite(seen) and len(alone) and groups >= LEAST_CLUSTERS):
        return math.nan
    return float((1 + (alone <= seen).sum()) / (1 + len(alone)))
