"""The capabilities score: first principal component of the capability benchmarks, under many weightings at once.

Definition of Ren et al. 2024 (arXiv 2407.21792): each capability benchmark standardised over models (ddof 0), R their
Spearman correlation matrix, w the eigenvector of R's largest eigenvalue, and the score of a model Z w.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from measurand.stats.intervals.ranks import Method, blocks, correlate, midranks_fixed

__all__ = [
    "PUBLISHED",
    "Component",
    "Way",
    "Weighting",
    "first_component",
    "impute",
    "rank_correlation_matrix",
    "replicate_scores",
    "resampled_correlations",
    "standardise",
    "varies",
]

Floats = npt.NDArray[np.float64]
Weighting = Literal["component", "average"]


@dataclass(frozen=True)
class Way:
    """How the capability benchmarks make a score, and how a benchmark is correlated with it.

    Parameters
    ----------
    weighting : the first principal component, or the average of the standardised benchmarks, each turned the way it has
        on the component.
    correlation : which one.
    """

    weighting: Weighting = "component"
    correlation: Method = "spearman"


PUBLISHED = Way()
"""As Ren et al. 2024 do it."""


@dataclass(frozen=True)
class Component:
    """First principal component of the capability benchmarks.

    Parameters
    ----------
    scores : capabilities score of each model, shape (n,).
    loadings : weight of each capability benchmark (unit length), shape (k,).
    eigenvalues : of the Spearman correlation matrix, largest first, shape (k,).
    correlation : that matrix, shape (k, k).
    """

    scores: Floats
    loadings: Floats
    eigenvalues: Floats
    correlation: Floats

    @property
    def share(self) -> float:
        """Share of the largest eigenvalue in their sum (PC1 share)."""
        return float(self.eigenvalues[0] / self.eigenvalues.sum())


def varies(values: Floats) -> npt.NDArray[np.bool_]:
    """Which columns hold two different values (a standard deviation of equal values need not come out as 0)."""
    result: npt.NDArray[np.bool_] = np.fmax.reduce(values, axis=0) > np.fmin.reduce(values, axis=0)
    return result


def standardise(values: Floats) -> Floats:
    """Z-scores of each column, ddof 0; a column that does not vary is refused.

    Raises
    ------
    ValueError
        A column that does not vary.
    """
    if not (vary := varies(values)).all():
        raise ValueError(f"columns should vary, got constant columns at {np.flatnonzero(~vary).tolist()}")
    result: Floats = (values - values.mean(axis=0)) / values.std(axis=0)
    return result


def rank_correlation_matrix(values: Floats, weights: Floats | None = None) -> Floats:
    """Spearman correlation matrices of the columns of (n, k) values, shape (replicates, k, k)."""
    if weights is None:
        weights = np.ones((1, len(values)))
    ranks = midranks_fixed(values, weights)
    total = weights.sum(axis=1)
    with np.errstate(invalid="ignore"):
        centred = ranks - (np.einsum("rn,krn->kr", weights, ranks) / total)[:, :, None]
    scaled = (centred * np.sqrt(weights)).transpose(1, 2, 0)
    covariance = scaled.transpose(0, 2, 1) @ scaled
    spread = np.sqrt(np.einsum("rkk->rk", covariance))
    with np.errstate(invalid="ignore", divide="ignore"):
        result: Floats = covariance / (spread[:, :, None] * spread[:, None, :])
    return result


def first_component(values: Floats, weighting: Weighting = "component") -> Component:
    """Capabilities score, loadings and eigenvalues.

    Parameters
    ----------
    values : capability benchmarks, shape (models, benchmarks), no NaN.
    weighting : ``average`` gives each the same weight, in the direction that it has on the component.

    Raises
    ------
    ValueError
        A benchmark that does not vary over the models.

    Examples
    --------
    >>> component = first_component(np.array([[1.0, 2.0], [2.0, 3.0], [4.0, 9.0]]))
    >>> round(component.share, 3), component.loadings.round(3).tolist()
    (1.0, [0.707, 0.707])
    """
    z = standardise(values)
    correlation = rank_correlation_matrix(values)[0]
    eigenvalues, vectors = np.linalg.eigh(correlation)
    loadings = _weighted(_signed(vectors[None, :, -1])[0], weighting)
    return Component(z @ loadings, loadings, eigenvalues[::-1], correlation)


def _weighted(loadings: Floats, weighting: Weighting) -> Floats:
    """Loadings of unit length under a weighting; with equal weights signs are kept, or benchmarks would cancel."""
    if weighting == "component":
        return loadings
    signs: Floats = np.where(loadings < 0, -1.0, 1.0) / np.sqrt(loadings.shape[-1])
    return signs


def resampled_correlations(capability: Floats, tested: Floats, weights: Floats, way: Way = PUBLISHED) -> Floats:
    """Capabilities correlation of every tested benchmark in every replicate, the component refitted in each.

    Parameters
    ----------
    capability : shape (n, k), no NaN.
    tested : shape (n, m); NaN where a model was not run.
    weights : shape (replicates, n): multinomial counts for a bootstrap, zeros for models left out.
    way : of making the score and of correlating with it.

    Returns
    -------
    array, shape (replicates, m)
        Correlations; NaN where undefined (fewer than two distinct values in that replicate).
    """
    return correlate(replicate_scores(capability, weights, way.weighting), tested, weights, way.correlation)


def replicate_scores(capability: Floats, weights: Floats, weighting: Weighting = "component") -> Floats:
    """Capabilities scores of every model in every replicate, the component refitted in each.

    Parameters
    ----------
    capability : shape (n, k), no NaN.
    weights : shape (replicates, n).
    weighting : as in `first_component`.

    Returns
    -------
    array, shape (replicates, n)
        Scores up to an additive constant per replicate; NaN where a benchmark does not vary in that replicate.
    """
    centred = capability - capability.mean(axis=0)
    scores = np.empty((len(weights), len(capability)))
    # Signs follow the whole sample's component, so that replicates cannot turn the score round.
    matrix = rank_correlation_matrix(capability)
    known = bool(np.isfinite(matrix).all())
    whole = _signed(np.linalg.eigh(matrix)[1][:, :, -1])[0] if known else np.ones(capability.shape[1])
    for rows in blocks(len(weights), capability.size):
        part = weights[rows]
        total = part.sum(axis=1, keepdims=True)
        with np.errstate(invalid="ignore"):
            mean = part @ centred / total
            variance = part @ centred**2 / total - mean**2
        matrix = rank_correlation_matrix(capability, part)
        defined = np.isfinite(matrix).all(axis=(1, 2)) & (variance > 0).all(axis=1)
        loadings = np.full(variance.shape, np.nan)
        if defined.any():
            vectors = np.linalg.eigh(matrix[defined])[1][:, :, -1]
            signs = np.where(vectors @ whole < 0, -1.0, 1.0)[:, None]
            # Standardising goes into the loadings: no table is built per replicate.
            loadings[defined] = _weighted(signs * vectors, weighting) / np.sqrt(variance[defined])
        # Equal rows must tie, whatever a matrix product makes of their last digits.
        scores[rows] = np.round(loadings @ centred.T, 10)
    return scores


def _signed(vectors: Floats) -> Floats:
    """The same unit vectors, each with its largest entry in absolute value positive."""
    largest = np.take_along_axis(vectors, np.abs(vectors).argmax(axis=1)[:, None], axis=1)
    result: Floats = vectors * np.where(largest < 0, -1.0, 1.0)
    return result


def impute(values: Floats, *, tolerance: float = 1e-6, most: int = 500) -> Floats:
    """Fill missing cells from the first principal component, by expectation-maximisation.

    Alternates a rank-one fit of the standardised table with refilling the missing cells from it until the filled
    cells move less than `tolerance` standard deviations (regularised iterative PCA; Josse and Husson 2012,
    J. Soc. Fr. Stat. 153(2)).

    Parameters
    ----------
    values : shape (n, k), NaN where missing; each column needs two different values, each row one value.

    Raises
    ------
    ValueError
        A column or row with too little in it.
    """
    missing = np.isnan(values)
    if not missing.any():
        return values
    if not varies(values).all() or missing.all(axis=1).any():
        raise ValueError("each column should have two different values and each row at least one")
    filled: Floats = np.where(missing, np.nanmean(values, axis=0), values)
    for _ in range(most):
        mean, spread = filled.mean(axis=0), filled.std(axis=0)
        z = (filled - mean) / spread
        u, d, v = np.linalg.svd(z, full_matrices=False)
        # The noise share of the first component is shrunk away, which keeps sparse columns from overfitting.
        noise = (d[1:] ** 2).mean() if len(d) > 1 else 0.0
        fit = np.outer(u[:, 0] * max(d[0] - noise / d[0], 0.0), v[0]) * spread + mean
        change = np.abs((fit - filled)[missing] / np.broadcast_to(spread, values.shape)[missing]).max()
        filled = np.where(missing, fit, values)
        if change < tolerance:
            break
    return filled
