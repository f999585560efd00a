"""How far choices move a capabilities correlation: specifications, and models picked against it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import get_args

import numpy as np
import numpy.typing as npt

from measurand.stats.capability.capabilities import blocks_left_out, moderated_jackknife
from measurand.stats.capability.factor import factor_weights
from measurand.stats.capability.pca import (
    first_component,
    rank_correlation_matrix,
    resampled_correlations,
    standardise,
    varies,
)
from measurand.stats.intervals.correlation import OnZScale, jackknife_z
from measurand.stats.intervals.ranks import Method, correlate

__all__ = ["Dropping", "Specification", "drop_models", "specification_curve", "without_each"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

WEIGHTINGS = ("first component", "equal weights", "one factor")

_ALL_PAIRS_UP_TO = 64
"""Up to this many models every pair is tried; above, the pairs among each benchmark's most influential models."""

_MOST_INFLUENTIAL = 20
"""Models in each direction from which pairs are formed in a larger table."""


@dataclass(frozen=True)
class Specification:
    """One defensible way to make the number: which capability benchmarks, weighting, correlation and models."""

    capability: str
    weighting: str
    correlation: str
    models: str


def specification_curve(
    capability: Floats,
    names: tuple[str, ...],
    tested: Floats,
    families: Ints,
    family_names: tuple[str, ...],
    *,
    half_subsets: int,
    rng: np.random.Generator,
) -> tuple[list[Specification], Floats]:
    """Correlations under every specification.

    Crossed: capability benchmarks (all, one left out, random halves) x weighting x correlation; and with all
    capability benchmarks, one family left out x weighting x correlation.

    Parameters
    ----------
    capability : shape (n, k), no NaN. tested : shape (n, m), NaN where not run.
    families : code of each model's family, an index into `family_names`.

    Returns
    -------
    specifications, correlations of shape (specifications, m)
        Correlations are NaN where a specification leaves a benchmark or the score constant.
    """
    n, k = capability.shape
    everyone = np.ones(n)
    subsets: list[tuple[str, Ints]] = [("all", np.arange(k))]
    # One factor takes at least three benchmarks, so none is left out of three.
    if k > 3:
        subsets += [(f"without {names[j]}", np.delete(np.arange(k), j)) for j in range(k)]
    if k >= 6:
        subsets += [
            (f"half {i + 1}", np.sort(rng.choice(k, size=(k + 1) // 2, replace=False))) for i in range(half_subsets)
        ]
    samples = [(subset, "all", everyone) for subset in subsets]
    samples += [
        (subsets[0], f"without {family_names[code]}", (families != code).astype(np.float64))
        for code in np.unique(families)
        if (families != code).sum() >= 4
    ]
    labels, scores, weights = [], [], []
    for (subset, columns), left_out, weight in samples:
        here = weight > 0
        part = capability[np.ix_(here, columns)]
        # Without a family a benchmark may be constant, and then has no z-score.
        part = part[:, varies(part)]
        if part.shape[1] < 3:
            continue
        z, matrix = standardise(part), rank_correlation_matrix(part)[0]
        for weighting, loadings in zip(WEIGHTINGS, _loadings(part, matrix), strict=True):
            # Models left out weigh nothing, so 0 does for them; NaN would make the whole row undefined.
            score = np.zeros(n)
            score[here] = z @ loadings
            labels.append((subset, weighting, left_out))
            scores.append(score)
            weights.append(weight)
    found = [correlate(np.array(scores), tested, np.array(weights), method) for method in get_args(Method)]
    specifications = [
        Specification(subset, weighting, method, left_out)
        for method in get_args(Method)
        for subset, weighting, left_out in labels
    ]
    return specifications, np.concatenate(found)


def _loadings(values: Floats, matrix: Floats) -> tuple[Floats, Floats, Floats]:
    """Loadings of the standardised benchmarks under each of `WEIGHTINGS`."""
    component = first_component(values)
    # Equal weights take each benchmark with the sign it has on the component, or they would cancel.
    return component.loadings, np.sign(component.loadings), factor_weights(matrix)


@dataclass(frozen=True)
class Dropping:
    """Least and greatest correlation reachable by leaving out k models, k = 0..K.

    Parameters
    ----------
    reach : shape (2, K + 1, m): least and greatest correlation found.
    low, high : limits of the family-jackknife interval there, shape (2, K + 1, m).
    dropped : indices of the models left out, ``dropped[direction][k][j]``.
    exhaustive : whether every pair was tried; k >= 3 is greedy, so the true reach may be wider.
    """

    reach: Floats
    low: Floats
    high: Floats
    dropped: tuple[tuple[tuple[tuple[int, ...], ...], ...], ...]
    exhaustive: bool


def drop_models(capability: Floats, tested: Floats, families: Ints, *, most: int, level: float) -> Dropping:
    """Look for the models whose omission moves each correlation most, the component refitted each time.

    Exact for one model and (up to 64 models) for two; from the best pair on, one more model at a time (greedy).
    """
    n, m = tested.shape
    exhaustive = n <= _ALL_PAIRS_UP_TO
    singles = resampled_correlations(capability, tested, 1.0 - np.eye(n))
    pairs = np.array(list(combinations(range(n), 2)))
    pair_values = _leave_out(capability, tested, pairs) if exhaustive else None
    dropped: list[list[list[tuple[int, ...]]]] = [[[] for _ in range(most + 1)] for _ in range(2)]
    for j in range(m):
        column = tested[:, [j]]
        candidates, values = (
            (pairs, pair_values[:, j])
            if pair_values is not None
            else _influential_pairs(capability, column, singles[:, j])
        )
        for direction, sign in enumerate((1.0, -1.0)):
            chosen: tuple[int, ...] = ()
            dropped[direction][0].append(chosen)
            for k in range(1, most + 1):
                if k == 1:
                    chosen = (_least(sign * singles[:, j]),)
                elif k == 2:
                    chosen = tuple(int(i) for i in candidates[_least(sign * values)])
                else:
                    rest = np.array([(*chosen, i) for i in range(n) if i not in chosen])
                    chosen = tuple(int(i) for i in rest[_least(sign * _leave_out(capability, column, rest)[:, 0])])
                dropped[direction][k].append(chosen)
    frozen = tuple(tuple(tuple(sets) for sets in by_k) for by_k in dropped)
    return Dropping(*_with_intervals(capability, tested, families, frozen, level), frozen, exhaustive)


def _least(values: Floats) -> int:
    return int(np.nanargmin(values)) if np.isfinite(values).any() else 0


def _leave_out(capability: Floats, tested: Floats, sets: Ints) -> Floats:
    """Correlations with each set of models left out, shape (sets, m)."""
    weights = np.ones((len(sets), len(capability)))
    np.put_along_axis(weights, sets, 0.0, axis=1)
    return resampled_correlations(capability, tested, weights)


def _influential_pairs(capability: Floats, column: Floats, singles: Floats) -> tuple[Ints, Floats]:
    """Pairs among the models that move one benchmark's correlation most by themselves, and what each pair gives."""
    order = np.argsort(singles)
    pool = np.unique(np.concatenate([order[:_MOST_INFLUENTIAL], order[-_MOST_INFLUENTIAL:]]))
    pairs = np.array(list(combinations(pool, 2)))
    return pairs, _leave_out(capability, column, pairs)[:, 0]


def _with_intervals(
    capability: Floats,
    tested: Floats,
    families: Ints,
    dropped: tuple[tuple[tuple[tuple[int, ...], ...], ...], ...],
    level: float,
) -> tuple[Floats, Floats, Floats]:
    """Correlation and family-jackknife limits at each set of models left out."""
    directions, steps, m = 2, len(dropped[0]), tested.shape[1]
    families_out = np.vstack([np.ones(len(capability)), blocks_left_out(families)])
    reach, low, high = (np.empty((directions, steps, m)) for _ in range(3))
    for j in range(m):
        weights = np.stack(
            [_without(families_out, dropped[direction][k][j]) for direction in range(directions) for k in range(steps)]
        )
        flat = weights.reshape(-1, len(capability))
        values = resampled_correlations(capability, tested[:, [j]], flat).reshape(directions * steps, -1)
        values[:, 1:] = _of_families_left(values[:, 1:], weights[:, 0], families_out[1:], tested[:, j])
        kept = (weights[:, 0] * np.isfinite(tested[:, j])).sum(axis=1).astype(np.int64)
        limits = jackknife_z(values[:, 0], values[:, 1:].T, kept, level)
        for target, found in zip((reach, low, high), (values[:, 0], *limits), strict=True):
            target[:, :, j] = found.reshape(directions, steps)
    return reach, low, high


def _of_families_left(values: Floats, kept: Floats, families_out: Floats, column: Floats) -> Floats:
    """Replicates by set of models kept, NaN where leaving out a family leaves out none of the models kept."""
    members = (kept * np.isfinite(column)) @ (families_out == 0).T.astype(np.float64)
    return np.where(members > 0, values, np.nan)


def _without(weights: Floats, models: tuple[int, ...]) -> Floats:
    result = weights.copy()
    result[:, list(models)] = 0.0
    return result


def without_each(capability: Floats, tested: Floats, families: Ints) -> tuple[OnZScale, list[OnZScale]]:
    """Capabilities correlations with V1's default standard error, and the same again with each model left out.

    The component, the replicates and the moderation over benchmarks are made anew without the model. The bias by which
    the moderated ratios are divided is that of all models: it is a mean over permuted family labels, which one model of
    many hardly changes and which would cost sixteen times the rest.

    Parameters
    ----------
    capability : shape (n, k), no NaN. tested : shape (n, m), NaN where not run.
    families : family code of each model, shape (n,).
    """
    everyone, moderated = moderated_jackknife(capability, tested, families)
    bias = None
    if moderated.any():
        undivided, _ = moderated_jackknife(capability, tested, families, bias=1.0)
        bias = float(np.nanmedian(np.square(undivided.stderr / everyone.stderr)[moderated]))
    found = []
    for model in range(len(capability)):
        kept = np.arange(len(capability)) != model
        own = capability[kept]
        # Without a model a benchmark may be the same for all.
        found.append(moderated_jackknife(own[:, varies(own)], tested[kept], families[kept], bias=bias)[0])
    return everyone, found
