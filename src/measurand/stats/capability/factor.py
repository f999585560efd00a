"""One-factor model of a correlation matrix by maximum likelihood. Not a principal component: never mix the two."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

__all__ = ["factor_weights", "one_factor"]

Floats = npt.NDArray[np.float64]

_LEAST_UNIQUENESS = 0.005
"""Uniquenesses are kept off zero (a Heywood case), the usual bound in factor analysis programs."""


def one_factor(correlation: Floats) -> Floats:
    """Loadings of the one-factor maximum-likelihood solution.

    Minimises ``log|S| + tr(R S^-1)`` with ``S = l l' + diag(psi)`` over psi; l is closed form given psi
    (Joreskog 1967, Psychometrika 32(4)).

    Parameters
    ----------
    correlation : positive semi-definite, shape (k, k), k >= 3.

    Returns
    -------
    array, shape (k,)
        Loadings, the largest in absolute value positive.

    Examples
    --------
    >>> loadings = np.array([0.9, 0.8, 0.7, 0.6])
    >>> matrix = np.outer(loadings, loadings) + np.diag(1 - loadings**2)
    >>> one_factor(matrix).round(3).tolist()
    [0.9, 0.8, 0.7, 0.6]
    """

    def loadings_at(psi: Floats) -> tuple[Floats, Floats]:
        scale = np.sqrt(psi)
        values, vectors = np.linalg.eigh(correlation / np.outer(scale, scale))
        return scale * vectors[:, -1] * np.sqrt(max(values[-1] - 1, 0.0)), values

    def deviance(psi: Floats) -> tuple[float, Floats]:
        loadings, values = loadings_at(psi)
        # Eigenvalues beyond the factor contribute v - log v - 1, those of an exact fit nothing.
        rest = np.maximum(values[:-1], 1e-12)
        implied = np.outer(loadings, loadings) + np.diag(psi)
        # The loadings are the best given psi, so their own change drops out of the gradient.
        gradient = np.diag(implied - correlation) / psi**2
        return float((rest - np.log(rest) - 1).sum()), gradient

    # One less each squared multiple correlation; pinv, since more benchmarks than models make R singular.
    start = np.clip(1 / np.diag(np.linalg.pinv(correlation)), 0.05, 0.95)
    fitted = minimize(
        deviance,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=[(_LEAST_UNIQUENESS, 1.0)] * len(start),
        options={"ftol": 1e-12, "gtol": 1e-9, "maxiter": 1000},
    )
    loadings, _ = loadings_at(fitted.x)
    return loadings * (1.0 if loadings[np.abs(loadings).argmax()] >= 0 else -1.0)


def factor_weights(correlation: Floats) -> Floats:
    """Weights of the standardised benchmarks in the factor's regression score, up to a constant: l / psi."""
    loadings = one_factor(correlation)
    result: Floats = loadings / np.maximum(1 - loadings**2, _LEAST_UNIQUENESS)
    return result
