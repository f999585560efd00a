"""Variances of many estimates, each from few degrees of freedom, moderated towards what they have in common."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import digamma, polygamma

__all__ = ["Prior", "fit_prior", "moderate", "trigamma_inverse"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Prior:
    """What many variances have in common: the scaled inverse chi-square distribution their true values come from.

    Parameters
    ----------
    freedom : prior degrees of freedom; infinite where the variances differ by no more than chance.
    scale : the variance they scatter around.
    """

    freedom: float
    scale: float

    def posterior(self, variance: Floats, freedom: Floats) -> Floats:
        """Mean of the prior's and the own variance, weighted by their degrees of freedom."""
        if np.isinf(self.freedom):
            return np.full(variance.shape, self.scale)
        result: Floats = (self.freedom * self.scale + freedom * variance) / (self.freedom + freedom)
        return result


def fit_prior(variance: Floats, freedom: Floats) -> Prior:
    """Prior of variances that are each a scaled F, by the moments of their logarithms.

    Parameters
    ----------
    variance : above 0, shape (m,), m at least 2.
    freedom : degrees of freedom of each, above 0, shape (m,).

    References
    ----------
    Smyth 2004, Statistical Applications in Genetics and Molecular Biology 3(1), section 6.2 (limma's ``fitFDist``).

    Examples
    --------
    >>> prior = fit_prior(np.array([0.5, 1.0, 2.0, 8.0]), np.full(4, 10.0))
    >>> round(prior.freedom, 2), round(prior.scale, 2)
    (2.53, 1.19)
    """
    log = np.log(variance) - digamma(freedom / 2) + np.log(freedom / 2)
    excess = float(log.var(ddof=1) - polygamma(1, freedom / 2).mean())
    if excess <= 0:
        return Prior(float("inf"), float(variance.mean()))
    prior = 2 * trigamma_inverse(excess)
    return Prior(prior, float(np.exp(log.mean() + digamma(prior / 2) - np.log(prior / 2))))


def moderate(variance: Floats, freedom: Floats) -> tuple[Floats, Floats]:
    """Variances drawn towards each other, each with the degrees of freedom that it then has.

    Parameters
    ----------
    variance : shape (m,); NaN where undefined.
    freedom : degrees of freedom of each, shape (m,).

    Returns
    -------
    variance, freedom : shape (m,)
        NaN where the variance was, and everywhere with fewer than two variances above 0. One of 0 becomes the prior's:
        no spread at all is want of evidence (a perfect order of a few models) rather than certainty. No more degrees
        of freedom than all variances have together (limma's ``eBayes``).

    Examples
    --------
    >>> variance, freedom = moderate(np.array([0.5, 1.0, 2.0, 8.0]), np.full(4, 10.0))
    >>> variance.round(2).tolist(), freedom.round(1).tolist()
    ([0.64, 1.04, 1.84, 6.63], [12.5, 12.5, 12.5, 12.5])
    """
    known = np.isfinite(variance) & (freedom > 0)
    spread = known & (variance > 0)
    if spread.sum() < 2:
        return np.full(variance.shape, np.nan), np.full(variance.shape, np.nan)
    prior = fit_prior(variance[spread], freedom[spread])
    own = np.where(spread, variance, prior.scale)
    total = np.minimum(freedom + prior.freedom, freedom[spread].sum())
    return np.where(known, prior.posterior(own, freedom), np.nan), np.where(known, total, np.nan)


def trigamma_inverse(value: float) -> float:
    """The y at which trigamma(y) is `value`, above 0, by Newton's method (Smyth 2004, appendix).

    Examples
    --------
    >>> round(trigamma_inverse(float(polygamma(1, 3.5))), 6)
    3.5
    """
    # Beyond these the first term of the series is exact to seven digits, and Newton's steps would not be.
    if value > 1e7:
        return float(value**-0.5)
    if value < 1e-6:
        return 1 / value
    y = 0.5 + 1 / value
    for _ in range(50):
        trigamma = float(polygamma(1, y))
        step = trigamma * (1 - trigamma / value) / float(polygamma(2, y))
        y += step
        # Newton's steps on 1 / trigamma fall monotonically towards the root.
        if -step / y < 1e-9:
            break
    return y
