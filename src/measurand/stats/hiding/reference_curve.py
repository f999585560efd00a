"""What a model's score on a benchmark should be, given its score on a reference benchmark and what other models do.

The test of Dekoninck et al. 2024 (ConStat, arXiv 2405.16281): the reference models' scores on the two benchmarks are
sorted separately and paired by rank, a smoothing spline leads from one to the other, and the model's excess over it is
bootstrapped over items and models.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from measurand.stats.hiding.smoothing import gcv_splines
from measurand.stats.intervals.distributions import student

__all__ = [
    "LEAST_MODELS",
    "Excess",
    "Noise",
    "draw_models",
    "excess",
    "left_out_residuals",
    "predict",
    "reflected",
    "resampled",
    "scatter_p",
    "sorted_pairs",
    "stabilised",
]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

LEAST_MODELS = 5
"""Least number of reference models, and of different ones in a resample."""

_NEAREST = 1e-4
"""Knots nearer than this, on a scale from 0 to 1, are one: far below the noise of a score, and what rounding needs."""

_CHUNK_CELLS = 4_000_000


@dataclass(frozen=True, eq=False)
class Noise:
    """Scores of all models as they might have come out on other items, and of a model that guesses.

    Parameters
    ----------
    scores, reference : on the benchmark and on the reference benchmark, shape (resamples, models), from 0 to 1.
    guess : score of a guesser on the two, shape (resamples, 2).
    """

    scores: Floats
    reference: Floats
    guess: Floats


@dataclass(frozen=True, eq=False, kw_only=True)
class Excess:
    """How far models lie above the curve of the others; each field has one value per model.

    Parameters
    ----------
    value, low, high : mean excess over the resamples, and its reflected (basic) bootstrap interval.
    p_value : share of resamples whose excess is more than twice the mean: of an excess of 0 or less.
    scatter_p : that an uncontaminated model scatters as far above the curve; NaN below `LEAST_MODELS` references.
    expected : mean score that the curve expects.
    models : number of reference models.
    beyond : whether its reference score is above that of every reference model, where the curve is a guess.
    """

    value: Floats
    low: Floats
    high: Floats
    p_value: Floats
    scatter_p: Floats
    expected: Floats
    models: Ints
    beyond: npt.NDArray[np.bool_]


def sorted_pairs(scores: Floats, reference: Floats) -> list[tuple[Ints, Floats, Floats]]:
    """Scores on two benchmarks, each sorted and paired by rank, ties on the reference merged to their mean.

    Parameters
    ----------
    scores, reference : shape (rows, models).

    Returns
    -------
    list of (rows, x, y)
        One entry per number of different reference scores: which rows, and their pairs, shape (rows, pairs).

    Examples
    --------
    >>> ((_, x, y),) = sorted_pairs(np.array([[0.9, 0.1, 0.5]]), np.array([[0.3, 0.4, 0.4]]))
    >>> x.tolist(), y.tolist()
    ([[0.3, 0.4]], [[0.1, 0.7]])
    """
    x, y = np.sort(reference, axis=1), np.sort(scores, axis=1)
    rows, models = x.shape
    # Rounded to a grid of the least distance, so that a chain of near values does not merge into one.
    fresh = np.ones(x.shape, dtype=bool)
    fresh[:, 1:] = np.diff(np.floor(x / _NEAREST + 0.5), axis=1) > 0
    place = fresh.cumsum(axis=1) - 1
    flat = (place + models * np.arange(rows)[:, None]).ravel()
    count = np.bincount(flat, minlength=rows * models).reshape(rows, models)
    x_sum, y_sum = (np.bincount(flat, v.ravel(), rows * models).reshape(rows, models) for v in (x, y))
    pairs = place[:, -1] + 1
    found = []
    for size in np.unique(pairs):
        own = np.flatnonzero(pairs == size)
        n = count[own, :size]
        found.append((own, x_sum[own, :size] / n, y_sum[own, :size] / n))
    return found


def predict(scores: Floats, reference: Floats, at: Floats) -> Floats:
    """What curves through reference models expect, one curve per row.

    Parameters
    ----------
    scores, reference : of the reference models (and the guesser), shape (rows, models), from 0 to 1.
    at : scores on the reference benchmark to expect from, shape (rows, places).

    Returns
    -------
    array, shape (rows, places)
        From 0 to 1; NaN in rows with fewer than `LEAST_MODELS` different reference scores.
    """
    expected = np.full(at.shape, np.nan)
    for rows, x, y in sorted_pairs(scores, reference):
        if x.shape[1] < LEAST_MODELS:
            continue
        splines = gcv_splines(x, y)
        size = max(1, _CHUNK_CELLS // (x.shape[1] * at.shape[1]))
        for start in range(0, len(rows), size):
            own = slice(start, start + size)
            expected[rows[own]] = splines.rows(own).at(at[rows[own]])
    result: Floats = np.clip(expected, 0.0, 1.0)
    return result


def draw_models(models: int, resamples: int, rng: np.random.Generator) -> Ints:
    """Models drawn with replacement, at least `LEAST_MODELS` different ones, shape (resamples, models).

    With exactly that many models there is nothing to draw, and each is there once.
    """
    if models <= LEAST_MODELS:
        return np.tile(np.arange(models), (resamples, 1))
    drawn = rng.integers(models, size=(resamples, models))
    while True:
        distinct = 1 + (np.diff(np.sort(drawn, axis=1), axis=1) > 0).sum(axis=1)
        again = np.flatnonzero(distinct < LEAST_MODELS)
        if not len(again):
            return drawn
        # Whole rows anew: adding models to those drawn would change how probable each resample is.
        drawn[again] = rng.integers(models, size=(len(again), models))


def excess(
    noise: Noise,
    scores: Floats,
    reference: Floats,
    guess: Floats,
    references: Ints,
    suspects: Ints,
    *,
    level: float,
    rng: np.random.Generator,
) -> Excess:
    """Excess of each suspect over the curve of the reference models.

    Parameters
    ----------
    noise : resamples of all models' scores.
    scores, reference : observed scores of all models, shape (models,).
    guess : expected scores of a guesser on the two, shape (2,).
    references, suspects : places of the models. A suspect that is a reference model too is held against the others.
    level : of the interval.
    """
    apart = np.setdiff1d(suspects, references)
    shared = np.intersect1d(suspects, references)
    drawn: dict[int, tuple[Floats, Floats]] = {}
    _draw(noise, references, apart, drawn, rng)
    if len(references) > _SHARED_DRAWS:
        _draw(noise, references, shared, drawn, rng)
    else:
        for model in shared:
            _draw(noise, np.setdiff1d(references, model), np.array([model]), drawn, rng)
    residuals = left_out_residuals(scores[references], reference[references], guess)
    limits = np.array([reflected(drawn[model][0], level) for model in suspects.tolist()])
    expected = np.array([float(drawn[model][1].mean()) for model in suspects.tolist()])
    above = stabilised(scores[suspects]) - stabilised(expected)
    others = references[None] != suspects[:, None]
    scatter = np.array([scatter_p(float(a), residuals[own]) for a, own in zip(above, others, strict=True)])
    value, low, high, p_value = limits.T
    best = np.where(others, reference[references], -np.inf).max(axis=1)
    beyond = reference[suspects] > best
    return Excess(
        value=value,
        low=low,
        high=high,
        p_value=p_value,
        scatter_p=scatter,
        expected=expected,
        models=others.sum(axis=1),
        beyond=beyond,
    )


_SHARED_DRAWS = 16
"""With more reference models than this, the resamples that happen to lack a model serve as its own.

A resample that lacks one model is a resample of the others; about a third of them do. With few models such resamples
have too few different ones.
"""


def _draw(
    noise: Noise, references: Ints, suspects: Ints, drawn: dict[int, tuple[Floats, Floats]], rng: np.random.Generator
) -> None:
    """Resamples of each suspect's excess and of what was expected of it, into `drawn`."""
    if not len(suspects):
        return
    resamples = len(noise.scores)
    picked = references[draw_models(len(references), resamples, rng)]
    expected = predict(*resampled(noise, picked), noise.reference[:, suspects])
    for place, model in enumerate(suspects.tolist()):
        own = np.isfinite(expected[:, place]) & (picked != model).all(axis=1)
        drawn[model] = noise.scores[own, model] - expected[own, place], expected[own, place]


def resampled(noise: Noise, picked: Ints) -> tuple[Floats, Floats]:
    """Scores of the models drawn in each resample, and of the guesser, on the two benchmarks.

    Parameters
    ----------
    picked : models, shape (rows, drawn); the first rows of the noise are used.

    Returns
    -------
    two arrays, shape (rows, drawn + 1)
    """
    rows = len(picked)
    first, second = (
        np.concatenate([np.take_along_axis(values[:rows], picked, axis=1), noise.guess[:rows, [side]]], axis=1)
        for side, values in enumerate((noise.scores, noise.reference))
    )
    return first, second


def reflected(resamples: Floats, level: float) -> tuple[float, float, float, float]:
    """Mean, reflected bootstrap interval, and the p-value of 0 or less: the level at which the interval reaches 0.

    Parameters
    ----------
    resamples : shape (resamples,).

    Examples
    --------
    >>> mean, low, high, p = reflected(np.arange(-1.0, 4.0), 0.5)
    >>> mean, low, high, round(p, 3)
    (1.0, 0.0, 2.0, 0.333)
    """
    mean = float(resamples.mean())
    low, high = 2 * mean - np.quantile(resamples, [(1 + level) / 2, (1 - level) / 2])
    beyond = int((resamples > 2 * mean).sum())
    return mean, float(low), float(high), (beyond + 1) / (len(resamples) + 1)


def left_out_residuals(scores: Floats, reference: Floats, guess: Floats) -> Floats:
    """How far each reference model lies above the curve of the other reference models and the guesser.

    On the scale of `stabilised`, on which the noise of a proportion is the same everywhere.

    Parameters
    ----------
    scores, reference : shape (models,).
    guess : scores of the guesser, shape (2,).

    Returns
    -------
    array, shape (models,)
        NaN where the others have too few different scores for a curve.
    """
    models = len(scores)
    others = np.flatnonzero(~np.eye(models, dtype=bool).ravel()).reshape(models, models - 1) % models
    first, second = (
        np.concatenate([values[others], np.full((models, 1), chance)], axis=1)
        for values, chance in zip((scores, reference), guess, strict=True)
    )
    residuals: Floats = stabilised(scores) - stabilised(predict(first, second, reference[:, None])[:, 0])
    return residuals


def stabilised(proportion: Floats) -> Floats:
    """Angle of a proportion, arcsin sqrt p: its sampling variance does not depend on p."""
    angle: Floats = np.arcsin(np.sqrt(np.clip(proportion, 0.0, 1.0)))
    return angle


def scatter_p(value: float, residuals: Floats) -> float:
    """Chance that a model like the reference models lies as far above the curve, from their own residuals.

    The residuals are taken as draws around 0 from a normal distribution of unknown variance: t with as many degrees of
    freedom as there are residuals, less one for the curve. NaN below `LEAST_MODELS` of them.

    Examples
    --------
    >>> round(scatter_p(0.1, np.array([0.03, -0.03, 0.05, -0.05, 0.0])), 3)
    0.027
    """
    known = residuals[np.isfinite(residuals)]
    spread = float(np.sqrt((known**2).mean())) if len(known) >= LEAST_MODELS else 0.0
    return float(student.sf(value / spread, len(known) - 1)) if spread > 0 else float("nan")
