"""Definitions that several tests of stats hold fast code against."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest


@pytest.fixture(scope="session")
def cr2_definition() -> Callable[..., tuple[float, float]]:
    """CR2 variance of a mean and Bell and McCaffrey's df, by the matrices of the regression on a constant.

    A_c = (I - H_cc)^(-1/2) sets each cluster's residuals right; the variance is a quadratic form of the errors whose
    first two moments give the degrees of freedom (Satterthwaite): of independent errors, or, where they are
    exchangeable, of errors with the correlation that pairs of items of a cluster show, with the variance scaled to be
    right on average.
    """

    def definition(values: np.ndarray, clusters: np.ndarray, *, exchangeable: bool = False) -> tuple[float, float]:
        n, names = len(values), sorted(set(clusters.tolist()))
        if len(names) < 2:
            return np.nan, np.nan
        residual_maker = np.eye(n) - np.ones((n, n)) / n
        columns = []
        for name in names:
            rows = np.flatnonzero(clusters == name)
            roots, vectors = np.linalg.eigh(residual_maker[np.ix_(rows, rows)])
            adjustment = vectors @ np.diag(roots**-0.5) @ vectors.T
            columns.append(residual_maker[rows].T @ adjustment @ np.ones(len(rows)))
        p = np.stack(columns, axis=1)
        errors = working_covariance(values, clusters) if exchangeable else np.eye(n)
        gram = p.T @ errors @ p
        shortfall = max(errors.sum() / np.trace(gram), 1.0)
        variance = float(((p.T @ values) ** 2).sum()) / n**2 * shortfall
        return variance, float(np.trace(gram) ** 2 / (gram**2).sum())

    return definition


def working_covariance(values: np.ndarray, clusters: np.ndarray) -> np.ndarray:
    """Ones on the diagonal, and the mean product of two different items of a cluster (0 to 1) where they share it."""
    deviations = values - values.mean()
    together = (clusters[:, None] == clusters) & ~np.eye(len(values), dtype=bool)
    products = np.outer(deviations, deviations)[together]
    spread = (deviations**2).mean()
    rho = min(max(products.mean() / spread, 0.0), 1.0) if len(products) and spread > 0 else 0.0
    return np.eye(len(values)) + rho * together
