"""Chance of at least one success in k attempts: unbiased from n attempts, and a power law of its growth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln

__all__ = ["PowerLaw", "fit_power_law", "pass_at_k"]

Floats = npt.NDArray[np.float64]


def pass_at_k(n: npt.ArrayLike, successes: npt.ArrayLike, k: npt.ArrayLike) -> Floats:
    """Unbiased estimate of the chance of a success in k attempts: 1 - C(n - c, k) / C(n, k).

    It needs the number of attempts to have been settled beforehand; where attempts end with a success it is biased.

    Parameters
    ----------
    n, successes, k : broadcast together; NaN where k is above n.

    References
    ----------
    Chen et al. 2021, Evaluating large language models trained on code, arXiv 2107.03374.

    Examples
    --------
    >>> pass_at_k(10, 3, [1, 5]).round(4).tolist(), float(pass_at_k(200, 2, 100).round(4))
    ([0.3, 0.9167], 0.7513)
    """
    total, came, tries = np.broadcast_arrays(
        np.asarray(n, dtype=np.float64), np.asarray(successes, dtype=np.float64), np.asarray(k, dtype=np.float64)
    )
    failed = total - came
    enough = tries <= failed
    safe = np.where(enough, failed - tries, 0.0)
    left = np.where(tries <= total, total - tries, 0.0)
    log = gammaln(failed + 1) - gammaln(safe + 1) - gammaln(total + 1) + gammaln(left + 1)
    found = np.where(enough, -np.expm1(np.minimum(log, 0.0)), 1.0)
    return np.where(tries <= total, found, np.nan)


@dataclass(frozen=True)
class PowerLaw:
    """-log(success) = scale * attempts ** -exponent, for each of several data sets.

    Parameters
    ----------
    scale, exponent : shape (sets,); NaN where fewer than 3 points lie strictly between 0 and 1.
    """

    scale: Floats
    exponent: Floats

    def success(self, attempts: float) -> Floats:
        """Forecast success after so many attempts, shape (sets,)."""
        with np.errstate(over="ignore"):
            return np.exp(-self.scale * attempts**-self.exponent)


def fit_power_law(attempts: npt.ArrayLike, success: npt.ArrayLike) -> PowerLaw:
    """Least squares of log(-log success) on log attempts.

    Parameters
    ----------
    attempts : shape (points,).
    success : shape (sets, points): success after so many attempts; points of 0 and 1 have no logarithm: left out.

    References
    ----------
    Hughes et al. 2024, Best-of-N jailbreaking, arXiv 2412.03556.

    Examples
    --------
    >>> k = np.array([1.0, 10.0, 100.0])
    >>> law = fit_power_law(k, np.exp(-3 * k**-0.4)[None])
    >>> float(law.scale[0].round(6)), float(law.exponent[0].round(6)), float(law.success(1000.0)[0].round(4))
    (3.0, 0.4, 0.8275)
    """
    x = np.log(np.asarray(attempts, dtype=np.float64))[None, :]
    share = np.atleast_2d(np.asarray(success, dtype=np.float64))
    inner = (share > 0) & (share < 1)
    y = np.log(-np.log(np.where(inner, share, 0.5)))
    w = inner.astype(np.float64)
    n = w.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        x_mean, y_mean = (w * x).sum(axis=1) / n, (w * y).sum(axis=1) / n
        xx = (w * (x - x_mean[:, None]) ** 2).sum(axis=1)
        slope = (w * (x - x_mean[:, None]) * (y - y_mean[:, None])).sum(axis=1) / xx
        slope = np.where(n >= 3, slope, np.nan)
        return PowerLaw(np.exp(y_mean - slope * x_mean), -slope)
