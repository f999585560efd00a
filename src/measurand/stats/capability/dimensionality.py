"""How many dimensions a set of benchmarks has: eigenvalues against chance, sampling adequacy, sphericity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import chdtrc

from measurand.stats.capability.pca import rank_correlation_matrix
from measurand.stats.intervals.ranks import blocks

__all__ = ["Sphericity", "bartlett", "covariance_shares", "eigenvalue_shares", "kmo", "parallel_analysis"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def eigenvalue_shares(values: Floats, weights: Floats) -> Floats:
    """PC1 share of the Spearman correlation matrix in each replicate, shape (replicates,); NaN where undefined."""
    matrix = rank_correlation_matrix(values, weights)
    result = np.full(len(weights), np.nan)
    defined = np.isfinite(matrix).all(axis=(1, 2))
    result[defined] = np.linalg.eigvalsh(matrix[defined])[:, -1] / values.shape[1]
    return result


def covariance_shares(values: Floats) -> Floats:
    """Shares of variance of the principal components of the centred, unstandardised scores, largest first.

    Examples
    --------
    >>> covariance_shares(np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 1.0], [2.0, 1.0]])).tolist()
    [0.8, 0.2]
    """
    spread = np.linalg.svd(values - values.mean(axis=0), compute_uv=False) ** 2
    result: Floats = spread / spread.sum()
    return result


def parallel_analysis(
    values: Floats, families: Ints, *, permutations: int, rng: np.random.Generator, quantile: float = 0.95
) -> Floats:
    """Eigenvalues to beat: a quantile of each eigenvalue over tables in which families are turned round at random.

    Where no dimension is common, a family that lies above the others on one benchmark is as likely to lie below them on
    the next. So in each table every family, on every column by itself, is mirrored at the mean of the families or not,
    and what its members share stays together; rows permuted one by one would take them for independent.

    Parameters
    ----------
    values : shape (n, k); give ranks for a Spearman matrix.
    families : family of each row, shape (n,); its own for each row where rows are independent.
    permutations : number of tables.
    quantile : of the eigenvalues of these tables, in (0, 1).

    Returns
    -------
    array, shape (k,), largest first

    References
    ----------
    Horn 1965, A rationale and test for the number of factors in factor analysis, Psychometrika 30(2). Cameron, Gelbach
    and Miller 2008, Bootstrap-based improvements for inference with clustered errors, Rev Econ Stat 90(3), for signs
    drawn per cluster.
    """
    n, k = values.shape
    code, member, sizes = np.unique(families, return_inverse=True, return_counts=True)
    # The mean of families, not of models: a large family would draw that of models to itself and hide that it differs.
    means = np.zeros((len(code), k))
    np.add.at(means, member, values)
    means /= sizes[:, None]
    # Measured from their own mean, families lie nearer together than they are (5 of them: false in .05 to .10 without).
    apart = np.sqrt(len(code) / max(len(code) - 1, 1)) * (means - means.mean(axis=0))
    centred = values - means[member] + apart[member]
    drawn = np.empty((permutations, k))
    for rows in blocks(permutations, n * k):
        signs = rng.choice([-1.0, 1.0], size=(len(drawn[rows]), len(code), k))
        drawn[rows] = np.linalg.eigvalsh(_correlations(signs[:, member] * centred))
    result: Floats = np.quantile(drawn, quantile, axis=0, method="higher")[::-1]
    return result


def _correlations(tables: Floats) -> Floats:
    """Pearson correlation matrices of (b, n, k) tables, shape (b, k, k)."""
    centred = tables - tables.mean(axis=1, keepdims=True)
    scaled = centred / np.sqrt((centred**2).sum(axis=1, keepdims=True))
    result: Floats = scaled.transpose(0, 2, 1) @ scaled
    return result


def kmo(correlation: Floats) -> float | None:
    """Kaiser-Meyer-Olkin measure of sampling adequacy, in [0, 1]; None for a singular matrix.

    Sum of squared correlations over that plus the sum of squared partial correlations (Kaiser 1974,
    Psychometrika 39(1)).
    """
    # Benchmarks without any correlation leave 0 / 0.
    if np.linalg.matrix_rank(correlation) < len(correlation) or np.allclose(correlation, np.eye(len(correlation))):
        return None
    inverse = np.linalg.inv(correlation)
    partial = -inverse / np.sqrt(np.outer(np.diag(inverse), np.diag(inverse)))
    off = ~np.eye(len(correlation), dtype=bool)
    explained = float((correlation[off] ** 2).sum())
    return explained / (explained + float((partial[off] ** 2).sum()))


@dataclass(frozen=True)
class Sphericity:
    """Bartlett's test that a correlation matrix is the identity."""

    statistic: float
    degrees: int
    p_value: float


def bartlett(correlation: Floats, n: int) -> Sphericity | None:
    """Bartlett's test of sphericity; None for a singular matrix.

    References
    ----------
    Bartlett 1951, The effect of standardization on a chi-square approximation in factor analysis, Biometrika 38.

    Examples
    --------
    >>> test = bartlett(np.array([[1.0, 0.5], [0.5, 1.0]]), 30)
    >>> round(test.statistic, 3), test.degrees, round(test.p_value, 4)
    (7.911, 1, 0.0049)
    """
    k = len(correlation)
    sign, log_determinant = np.linalg.slogdet(correlation)
    # A determinant that is rounding alone has a logarithm all the same, and makes a huge statistic.
    if sign <= 0 or np.linalg.matrix_rank(correlation) < k:
        return None
    statistic = float(-(n - 1 - (2 * k + 5) / 6) * log_determinant)
    degrees = k * (k - 1) // 2
    return Sphericity(statistic, degrees, float(chdtrc(degrees, statistic)))
