"""Capabilities correlations with every candidate interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from measurand.stats.capability.pca import resampled_correlations
from measurand.stats.intervals import correlation as intervals
from measurand.stats.intervals.resampling import bca, bootstrap_weights, family_blocks, jackknife_weights, percentile

__all__ = [
    "DEFAULT",
    "METHODS",
    "Correlations",
    "blocks_left_out",
    "correlations_with_intervals",
    "family_replicates",
    "leave_itself_out",
    "of_those_run",
]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

METHODS = {
    "family_jackknife": "leave-one-family-out jackknife on the z scale, t(G-1)",
    "model_jackknife": "leave-one-model-out jackknife on the z scale, t(n-1)",
    "bonett_wright": "Fisher z, Bonett-Wright standard error",
    "fisher": "Fisher z, standard error 1/sqrt(n-3)",
    "bootstrap_percentile": "bootstrap over models, component refitted, percentile",
    "bootstrap_bca": "bootstrap over models, component refitted, BCa",
    "family_bootstrap": "bootstrap over families, component refitted, percentile",
}
"""Candidate intervals, by name."""

DEFAULT = "family_jackknife"
"""The candidate whose measured coverage is nearest to nominal over the sizes that users have (docs/calibration.md)."""

MOST_BLOCKS = 60
"""More families than this are merged into this many blocks: a delete-a-group jackknife costs the same at any size."""


@dataclass(frozen=True)
class Correlations:
    """Point estimates and the limits of each candidate interval, shape (m,) each."""

    value: Floats
    n: Ints
    low: dict[str, Floats]
    high: dict[str, Floats]


def blocks_left_out(families: Ints) -> Floats:
    """Weights that leave out one family (or block of families) at a time, shape (families or blocks, n)."""
    return jackknife_weights(family_blocks(families, MOST_BLOCKS))


def family_replicates(capability: Floats, tested: Floats, families: Ints) -> Floats:
    """Capabilities correlations with one family left out at a time, shape (families or blocks, m)."""
    left_out = blocks_left_out(families)
    return of_those_run(resampled_correlations(capability, tested, left_out), left_out, tested)


def of_those_run(replicates: Floats, left_out: Floats, tested: Floats) -> Floats:
    """Replicates of each column, NaN where the family left out was not run on it and so says nothing of it.

    Parameters
    ----------
    replicates : shape (families, m). left_out : weights with zeros for each family's members, shape (families, n).
    tested : shape (n, m), NaN where not run.
    """
    result: Floats = np.where((left_out == 0) @ np.isfinite(tested).astype(np.float64) > 0, replicates, np.nan)
    return result


def correlations_with_intervals(
    capability: Floats,
    tested: Floats,
    families: Ints,
    *,
    level: float,
    resamples: int,
    rng: np.random.Generator,
    methods: tuple[str, ...] = tuple(METHODS),
) -> Correlations:
    """Capabilities correlation of each tested benchmark with the intervals asked for.

    Parameters
    ----------
    capability : shape (n, k), no NaN.
    tested : shape (n, m), NaN where not run.
    families : family code of each model, shape (n,).
    level : confidence level in (0, 1).
    resamples : bootstrap resamples, used by the bootstrap methods only.
    methods : names from `METHODS`.
    """
    n = len(capability)
    value = resampled_correlations(capability, tested, np.ones((1, n)))[0]
    count = np.isfinite(tested).sum(axis=0)
    by_family = family_replicates(capability, tested, families)
    limits: dict[str, intervals.Interval] = {
        "family_jackknife": intervals.jackknife_z(value, by_family, count, level),
        "bonett_wright": intervals.bonett_wright(value, count, level),
        "fisher": intervals.fisher(value, count, level),
    }
    # BCa takes its acceleration from these replicates.
    if {"model_jackknife", "bootstrap_bca"} & set(methods):
        by_model = resampled_correlations(capability, tested, 1.0 - np.eye(n))
        limits["model_jackknife"] = intervals.jackknife_z(value, by_model, count, level)
    if {"bootstrap_percentile", "bootstrap_bca"} & set(methods):
        replicates = resampled_correlations(capability, tested, bootstrap_weights(n, resamples, rng))
        limits["bootstrap_percentile"] = percentile(replicates, level)
        if "bootstrap_bca" in methods:
            limits["bootstrap_bca"] = bca(value, replicates, by_model, level)
    if "family_bootstrap" in methods:
        weights = bootstrap_weights(n, resamples, rng, families)
        limits["family_bootstrap"] = percentile(resampled_correlations(capability, tested, weights), level)
    chosen = {name: limits[name] for name in methods}
    return Correlations(
        value, count, {name: pair[0] for name, pair in chosen.items()}, {name: pair[1] for name, pair in chosen.items()}
    )


def leave_itself_out(capability: Floats, families: Ints, level: float) -> tuple[Floats, Floats, Floats]:
    """Correlation of each capability benchmark with the score that the others make, and its default interval.

    Parameters
    ----------
    capability : shape (n, k), no NaN.

    Returns
    -------
    value, low, high : shape (k,) each
    """
    k = capability.shape[1]
    value, low, high = (np.empty(k) for _ in range(3))
    for j in range(k):
        others, itself = np.delete(capability, j, axis=1), capability[:, [j]]
        point = resampled_correlations(others, itself, np.ones((1, len(capability))))[0]
        replicates = family_replicates(others, itself, families)
        limits = intervals.jackknife_z(point, replicates, np.array([len(capability)]), level)
        value[j], low[j], high[j] = point[0], limits[0][0], limits[1][0]
    return value, low, high
