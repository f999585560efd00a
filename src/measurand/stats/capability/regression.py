"""Least squares and Theil-Sen slopes of many columns on one regressor, under many weightings at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from measurand.stats.capability.capabilities import blocks_left_out
from measurand.stats.intervals.correlation import jackknife_t

__all__ = ["Lines", "fit_lines", "line_with_band", "standardised_rows", "theil_sen"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Lines:
    """Least-squares lines of m columns in each replicate; every array has shape (replicates, m).

    Parameters
    ----------
    slope, intercept : of the lines.
    r2 : share of the column's variance on the line.
    n : weight of the observations used.
    x_mean, x_spread : mean of the regressor over them, and its sum of squared deviations.
    residual : standard deviation around the line, with n - 2 degrees of freedom.
    """

    slope: Floats
    intercept: Floats
    r2: Floats
    n: Floats
    x_mean: Floats
    x_spread: Floats
    residual: Floats


def fit_lines(x: Floats, y: Floats, weights: Floats) -> Lines:
    """Weighted least-squares line of each column of y on x, over the observations that column has.

    Parameters
    ----------
    x : shape (replicates, n).
    y : shape (n, m), NaN where missing.
    weights : shape (replicates, n).

    Examples
    --------
    >>> lines = fit_lines(np.array([[0.0, 1.0, 2.0]]), np.array([[1.0], [3.0], [5.0]]), np.ones((1, 3)))
    >>> lines.slope.tolist(), lines.intercept.tolist()
    ([[2.0]], [[1.0]])
    """
    there = np.isfinite(y).astype(np.float64)
    # Centring first keeps the sums of squares from cancelling for columns far from zero (an Elo, say).
    shift = np.nanmean(np.where(there.any(axis=0), y, 0.0), axis=0)
    values = np.where(there > 0, y - shift, 0.0)
    weighted = weights * x
    with np.errstate(invalid="ignore", divide="ignore"):
        n = weights @ there
        x_mean, y_mean = weighted @ there / n, weights @ values / n
        xx = (weighted * x) @ there - n * x_mean**2
        xy = weighted @ values - n * x_mean * y_mean
        yy = weights @ values**2 - n * y_mean**2
        # Of equal x, rounding leaves a spread that is not quite 0, and a slope of any size.
        slope = np.where(xx > 1e-12 * (weighted * x @ there), xy / xx, np.nan)
        left = np.maximum(yy - slope * xy, 0.0)
        return Lines(
            slope=slope,
            intercept=y_mean + shift - slope * x_mean,
            r2=np.where(yy > 0, 1 - left / yy, np.nan),
            n=n,
            x_mean=x_mean,
            x_spread=xx,
            residual=np.sqrt(np.where(n > 2, left / (n - 2), np.nan)),
        )


def line_with_band(
    x: Floats, y: Floats, families: npt.NDArray[np.int64], at: Floats, level: float
) -> tuple[Floats, Floats, Floats]:
    """The least-squares line of y on x, and its band from leaving out one family at a time, t(G - 1).

    Parameters
    ----------
    x, y : shape (n,), no NaN.
    families : family code of each observation, shape (n,).
    at : where to give the line, shape (p,).
    level : of the band at each place.

    Returns
    -------
    value, low, high : shape (p,); the limits NaN with one family.

    Examples
    --------
    >>> x = np.array([0.0, 1.0, 2.0, 3.0])
    >>> line, low, high = line_with_band(x, np.array([0.0, 1.0, 1.0, 2.0]), np.arange(4), np.array([0.0, 1.5]), 0.95)
    >>> line.round(2).tolist(), (high - line).round(2).tolist()
    ([0.1, 1.0], [0.79, 0.53])
    """
    weights = np.vstack([np.ones(len(x)), blocks_left_out(families)])
    lines = fit_lines(np.broadcast_to(x, weights.shape), y[:, None], weights)
    values: Floats = lines.intercept + lines.slope * at
    return (values[0], *jackknife_t(values[0], values[1:], level))


def theil_sen(x: Floats, y: Floats) -> Floats:
    """Median of the slopes between all pairs of observations, for each column of y.

    Parameters
    ----------
    x : shape (n,).
    y : shape (n, m), NaN where missing.

    Returns
    -------
    array, shape (m,)
        NaN where no pair differs in x.
    """
    i, j = np.triu_indices(len(x), k=1)
    run = x[j] - x[i]
    kept = run != 0
    slopes = (y[j[kept]] - y[i[kept]]) / run[kept, None]
    result = np.full(y.shape[1], np.nan)
    some = np.isfinite(slopes).any(axis=0)
    result[some] = np.nanmedian(slopes[:, some], axis=0)
    return result


def standardised_rows(scores: Floats) -> Floats:
    """Each replicate's scores in standard deviations (ddof 0) over all observations, left out or not.

    So that the slopes of all replicates are per standard deviation of the same models.
    """
    result: Floats = (scores - scores.mean(axis=1, keepdims=True)) / scores.std(axis=1, keepdims=True)
    return result
