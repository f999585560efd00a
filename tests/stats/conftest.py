"""Definitions that several tests of stats hold fast code against."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

Definition = Callable[[np.ndarray, np.ndarray], tuple[float, float]]


@pytest.fixture(scope="session")
def cr2_definition() -> Definition:
    """CR2 variance of a mean and Bell and McCaffrey's df, by the matrices of the regression on a constant.

    A_c = (I - H_cc)^(-1/2) sets each cluster's residuals right; the variance is a quadratic form of the errors whose
    first two moments, for independent errors, give the degrees of freedom (Satterthwaite).
    """

    def definition(values: np.ndarray, clusters: np.ndarray) -> tuple[float, float]:
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
        gram = p.T @ p
        return float(((p.T @ values) ** 2).sum()) / n**2, float(np.trace(gram) ** 2 / (gram**2).sum())

    return definition
