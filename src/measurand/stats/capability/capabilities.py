"""Capabilities correlations with every candidate interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from measurand.stats.capability.pca import PUBLISHED, Way, first_component, replicate_scores, resampled_correlations
from measurand.stats.intervals import correlation as intervals
from measurand.stats.intervals.correlation import OnZScale, at_least_independent, independent_se, jackknife_z_se
from measurand.stats.intervals.moderated import moderate
from measurand.stats.intervals.resampling import bca, bootstrap_weights, family_blocks, jackknife_weights, percentile

__all__ = [
    "DEFAULT",
    "LEAST_MODERATED",
    "METHODS",
    "MOST_BLOCKS",
    "PERMUTATIONS",
    "SEED",
    "UNMODERATED",
    "Correlations",
    "blocks_left_out",
    "correlations_with_intervals",
    "disattenuated",
    "family_replicates",
    "leave_itself_out",
    "moderated_jackknife",
    "of_those_run",
    "opposed",
]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

METHODS = {
    "moderated_jackknife": "leave-one-family-out jackknife moderated over benchmarks, on the z scale, t(G_eff-1+d0)",
    "family_jackknife": "leave-one-family-out jackknife on the z scale, t(G-1)",
    "model_jackknife": "leave-one-model-out jackknife on the z scale, t(n-1)",
    "bonett_wright": "Fisher z, Bonett-Wright standard error",
    "fisher": "Fisher z, standard error 1/sqrt(n-3)",
    "bootstrap_percentile": "bootstrap over models, component refitted, percentile",
    "bootstrap_bca": "bootstrap over models, component refitted, BCa",
    "family_bootstrap": "bootstrap over families, component refitted, percentile",
}
"""Candidate intervals, by name."""

DEFAULT = "moderated_jackknife"
"""The narrowest candidate whose measured coverage stays within .03 of nominal at users' sizes (docs/calibration.md)."""

UNMODERATED = "leave-one-family-out jackknife on the z scale, t(G-1), never narrower than Bonett-Wright"
"""What the default is for a benchmark that has too few others to be moderated with."""

LEAST_MODERATED = 6
"""Of fewer benchmarks the prior would itself be a guess."""

PERMUTATIONS = 16
"""Of the family labels: their mean over benchmarks moves the width by 1 to 2% from one set of them to another."""

SEED = 0
"""Of the permutations: fixed, so that an interval depends on the scores alone and not on what else was drawn."""

_MOST_CORRECTED = 0.99
"""At 1 there is no z scale; so much is as good as the same."""

MOST_BLOCKS = 60
"""More families than this are merged into this many blocks: a delete-a-group jackknife costs the same at any size."""


@dataclass(frozen=True, kw_only=True)
class Correlations:
    """Point estimates and the limits of each candidate interval, shape (m,) each.

    Parameters
    ----------
    default : what the default interval and the tests rest on.
    moderated : whether the default was moderated over benchmarks.
    """

    value: Floats
    n: Ints
    low: dict[str, Floats]
    high: dict[str, Floats]
    default: OnZScale
    moderated: Mask


def blocks_left_out(families: Ints) -> Floats:
    """Weights that leave out one family (or block of families) at a time, shape (families or blocks, n)."""
    return jackknife_weights(family_blocks(families, MOST_BLOCKS))


def family_replicates(capability: Floats, tested: Floats, families: Ints, way: Way = PUBLISHED) -> Floats:
    """Capabilities correlations with one family left out at a time, shape (families or blocks, m)."""
    left_out = blocks_left_out(families)
    return of_those_run(resampled_correlations(capability, tested, left_out, way), left_out, tested)


def of_those_run(replicates: Floats, left_out: Floats, tested: Floats) -> Floats:
    """Replicates of each column, NaN where the family left out was not run on it and so says nothing of it.

    Parameters
    ----------
    replicates : shape (families, m). left_out : weights with zeros for each family's members, shape (families, n).
    tested : shape (n, m), NaN where not run.
    """
    result: Floats = np.where((left_out == 0) @ np.isfinite(tested).astype(np.float64) > 0, replicates, np.nan)
    return result


def moderated_jackknife(
    capability: Floats,
    tested: Floats,
    families: Ints,
    under_test: Mask | None = None,
    bias: float | None = None,
    way: Way = PUBLISHED,
) -> tuple[OnZScale, Mask]:
    """Family jackknife of each correlation, its standard error moderated over the benchmarks under test.

    A jackknife over a handful of families is right on average and often far off: its squared standard error has few
    degrees of freedom, G_eff - 1 with G_eff = (sum n_g)^2 / sum n_g^2 over families of n_g models. Its ratio to that of
    independent models (`independent_se`), though, has much in common between benchmarks run on the same models: it is
    how alike models of a family are. So the ratios are drawn towards each other (`moderate`), and divided by the
    mean that they have with family labels permuted, which is the jackknife's own bias; never below 1, the interval
    of independent models.

    Benchmarks that make the capabilities score are not moderated, nor do others learn from them: a share of the score
    is their own, and their replicates scatter less for it. They, and benchmarks with fewer than 6 to be moderated with,
    get the plain jackknife, never narrower than that (`at_least_independent`).

    Parameters
    ----------
    capability : shape (n, k), no NaN.
    tested : shape (n, m), NaN where not run.
    families : family code of each model, shape (n,).
    under_test : which columns are, shape (m,); all by default.
    bias : the jackknife's own, where it is known; by default it is found from permuted family labels.
    way : of making the score and of correlating with it.

    Returns
    -------
    OnZScale, and which columns were moderated, shape (m,).

    References
    ----------
    Smyth 2004, Statistical Applications in Genetics and Molecular Biology 3(1).
    """
    count = np.isfinite(tested).sum(axis=0)
    value = resampled_correlations(capability, tested, np.ones((1, len(capability))), way)[0]
    replicates = family_replicates(capability, tested, families, way)
    plain = at_least_independent(value, replicates, count, way.correlation)
    independent = independent_se(value, count, way.correlation)
    ratio, freedom = _ratio(replicates, blocks_left_out(families), tested, independent)
    usable = (ratio > 0) & np.isfinite(plain.stderr) & (True if under_test is None else under_test)
    if usable.sum() < LEAST_MODERATED:
        return plain, np.zeros(len(value), dtype=bool)
    # Columns with a ratio of 0 learn from the others, which learn nothing from them.
    members = np.isfinite(ratio) & (True if under_test is None else under_test)
    variance, total = moderate(ratio[members], freedom[members])
    if bias is None:
        bias = _mean_permuted(capability, tested[:, members], families, independent[members], way)
    variance /= bias
    stderr, degrees = plain.stderr.copy(), plain.freedom.astype(np.float64)
    # Models of a family are no less alike than strangers: an interval narrower than that of independent models is luck
    # of the few families, and covered in .5 to .9 of the simulated studies that had one.
    stderr[members], degrees[members] = np.sqrt(np.maximum(variance, 1.0)) * independent[members], total
    return OnZScale(value, stderr, degrees, count), members


def _ratio(replicates: Floats, left_out: Floats, tested: Floats, independent: Floats) -> tuple[Floats, Floats]:
    """Squared ratio of the jackknife's standard error to one for independent models, and its degrees of freedom."""
    stderr, groups = jackknife_z_se(replicates, np.isfinite(tested).sum(axis=0))
    size = np.where(np.isfinite(replicates), (left_out == 0) @ np.isfinite(tested).astype(np.float64), 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        # By G - 1, benchmarks would seem to differ where only the noise of unequal families makes them.
        effective = np.square(size.sum(axis=0)) / np.square(size).sum(axis=0)
        return np.square(stderr / independent), np.where(groups >= 2, np.maximum(effective - 1, 1.0), 0.0)


def _mean_permuted(capability: Floats, tested: Floats, families: Ints, independent: Floats, way: Way) -> float:
    """Mean of the moderated ratios over permutations of the family labels, where no model is like another."""
    blocks = family_blocks(families, MOST_BLOCKS)
    # By size and in order of capability: neither names of families nor the order of the table may matter.
    sizes = np.sort(np.bincount(blocks))[::-1]
    score = replicate_scores(capability, np.ones((1, len(capability))), way.weighting)[0]
    places = np.argsort(np.argsort(score, kind="stable"))
    labels = np.repeat(np.arange(len(sizes)), sizes)
    rng = np.random.default_rng(SEED)
    permuted = [rng.permutation(labels)[places] for _ in range(PERMUTATIONS)]
    left_out = np.vstack([jackknife_weights(each) for each in permuted])
    replicates = of_those_run(resampled_correlations(capability, tested, left_out, way), left_out, tested)
    each = zip(np.split(replicates, PERMUTATIONS), np.split(left_out, PERMUTATIONS), strict=True)
    ratios = [_ratio(part, without, tested, independent) for part, without in each]
    found = np.concatenate([moderate(*ratio)[0] for ratio in ratios])
    return float(np.nanmean(found)) if np.isfinite(found).any() else 1.0


def correlations_with_intervals(
    capability: Floats,
    tested: Floats,
    families: Ints,
    *,
    level: float,
    resamples: int,
    rng: np.random.Generator,
    methods: tuple[str, ...] = tuple(METHODS),
    under_test: Mask | None = None,
    way: Way = PUBLISHED,
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
    under_test : which columns are, shape (m,); all by default.
    way : of making the score and of correlating with it; the intervals besides the default are for the published one.
    """
    n = len(capability)
    default, moderated = moderated_jackknife(capability, tested, families, under_test, way=way)
    value, count = default.rho, default.n
    limits: dict[str, intervals.Interval] = {DEFAULT: default.limits(level)}
    if way != PUBLISHED:
        methods = (DEFAULT,)
    if "bonett_wright" in methods:
        limits["bonett_wright"] = intervals.bonett_wright(value, count, level)
    if "fisher" in methods:
        limits["fisher"] = intervals.fisher(value, count, level)
    if "family_jackknife" in methods:
        by_family = family_replicates(capability, tested, families)
        limits["family_jackknife"] = intervals.jackknife_z(value, by_family, count, level)
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
        value=value,
        n=count,
        low={name: pair[0] for name, pair in chosen.items()},
        high={name: pair[1] for name, pair in chosen.items()},
        default=default,
        moderated=moderated,
    )


def disattenuated(found: Correlations, reliability: float, level: float) -> Correlations:
    """The correlations with what a score measures, where the score has an error of its own.

    Each is divided by the square root of the score's reliability (Spearman 1904), its error on the z scale multiplied
    by the slope of that. What reaches 1 or beyond stands at .99, with an interval up to 1.

    Parameters
    ----------
    found : correlations with the score. reliability : share of the score's variance that is not error, in (0, 1].
    level : of the default interval.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> true, noise = rng.standard_normal((2, 4000))
    >>> score, tested = (true + 0.5 * noise)[:, None], true[:, None]
    >>> families = np.arange(4000)
    >>> measured = correlations_with_intervals(
    ...     score, tested, families, level=0.95, resamples=100, rng=rng, methods=(DEFAULT,)
    ... )
    >>> measured.value.round(1), disattenuated(measured, 0.8, 0.95).value.round(1)
    (array([0.9]), array([1.]))
    """
    factor = 1 / np.sqrt(reliability)
    default = found.default
    rho = np.clip(default.rho * factor, -_MOST_CORRECTED, _MOST_CORRECTED)
    stretched = default.stderr * factor * (1 - default.rho**2) / (1 - rho**2)
    corrected = OnZScale(rho, stretched, default.freedom, default.n)
    low, high = corrected.limits(level)
    return Correlations(
        value=rho,
        n=found.n,
        low={name: np.clip(each * factor, -1, 1) for name, each in found.low.items()} | {DEFAULT: low},
        high={name: np.clip(each * factor, -1, 1) for name, each in found.high.items()} | {DEFAULT: high},
        default=corrected,
        moderated=found.moderated,
    )


def leave_itself_out(capability: Floats, families: Ints, way: Way = PUBLISHED) -> OnZScale:
    """Correlation of each capability benchmark with the score that the others make, shape (k,).

    Parameters
    ----------
    capability : shape (n, k), no NaN.
    families : family code of each model, shape (n,).
    way : of making the score and of correlating with it.
    """
    n, k = capability.shape
    value, stderr, freedom = (np.empty(k) for _ in range(3))
    weights = np.vstack([np.ones(n), blocks_left_out(families)])
    for j in range(k):
        others, itself = np.delete(capability, j, axis=1), capability[:, [j]]
        point, *replicates = resampled_correlations(others, itself, weights, way)
        found = at_least_independent(point, np.array(replicates), np.array([n]), way.correlation)
        value[j], stderr[j], freedom[j] = found.rho[0], found.stderr[0], found.freedom[0]
    return OnZScale(value, stderr, freedom, np.full(k, n))


def opposed(capability: Floats, families: Ints, level: float = 0.95) -> tuple[Floats, Mask]:
    """Loadings in the direction of most benchmarks, and which of them fall as the others rise, beyond chance.

    A benchmark with a negative loading is opposed where its correlation with the score of the others lies below 0 by
    the whole of its interval (`at_least_independent`). The loading itself would not do: it holds the benchmark's own
    part, and one without any relation to the others has a negative one half of the time; such a one is found opposed
    in at most 3% of studies, one turned round in .2 to .35 at 12 models in 5 families and .8 or more from 26 in 8.

    Parameters
    ----------
    capability : shape (n, k), no NaN, each column varying; k at least 3.
    families : family code of each model, shape (n,).
    level : of the interval, in (0, 1).

    Returns
    -------
    loadings, opposed : shape (k,)

    Examples
    --------
    >>> rising = np.arange(20.0)
    >>> loadings, against = opposed(np.column_stack([rising, rising**2, -rising]), np.arange(20))
    >>> loadings.round(2).tolist(), against.tolist()
    ([0.58, 0.58, -0.58], [False, False, True])
    """
    loadings = first_component(capability).loadings
    # The published sign follows the largest loading, which may be the one that is turned; most of them are not.
    loadings = loadings * (-1.0 if loadings.sum() < 0 else 1.0)
    against, n = np.zeros(len(loadings), dtype=bool), np.array([len(capability)])
    for j in np.flatnonzero(loadings < 0):
        others, itself = np.delete(capability, j, axis=1), capability[:, [j]]
        way = np.sign(first_component(others).loadings @ np.delete(loadings, j))
        rho = way * resampled_correlations(others, itself, np.ones((1, len(capability))))[0]
        found = at_least_independent(rho, way * family_replicates(others, itself, families), n)
        against[j] = found.limits(level)[1][0] < 0
    return loadings, against
