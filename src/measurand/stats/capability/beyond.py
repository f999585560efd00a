"""Whether a model lies beyond what its capability brings, where the relation may bend and the tails may be heavy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln, stdtr

__all__ = ["Beyond", "beyond"]

Floats = npt.NDArray[np.float64]

OTHERS_FOR = {1: 0, 2: 6, 3: 15}
"""How many other models a curve of each degree takes: a cubic through a dozen bends to any of them."""

HEAVY = 0.8
"""How probable t with 3 degrees of freedom is beforehand, against normal scatter, which a few dozen models seldom tell
apart. At .5 a model of t(3) scatter stood out in .05 to .10 of studies, at .8 in .03 to .05 (12 to 60 models)."""

_LOG_SCALES = np.linspace(-3.0, 2.0, 81)
_ROOT3 = np.sqrt(3.0)


@dataclass(frozen=True)
class Beyond:
    """How often chance would place a model so far above the others, or above another one. NaN where undefined.

    Parameters
    ----------
    straight : one-sided p-value with a straight line and normal scatter.
    whatever : the largest with a straight line, a parabola or a cubic, scatter being normal or heavy-tailed.
    """

    straight: float
    whatever: float


def beyond(x: Floats, y: Floats, new: int, old: int | None = None) -> Beyond:
    """How often chance alone would place one model so far above the relation of the others, or so far above another.

    The relation is a polynomial through the other models, of each degree up to the third that they carry. Scatter
    around it is normal or t with 3 degrees of freedom: the p-value is the mean of both, weighted by how well each
    accounts for the other models (their scale integrated out).

    Parameters
    ----------
    x, y : regressor and score without NaN, shape (n,).
    new : place of the model. old : place of the one it is compared with; None to compare it with the curve.

    References
    ----------
    Cook and Weisberg 1982, Residuals and Influence in Regression, section 2.2, for normal scatter around a line. Lange,
    Little and Taylor 1989, Robust statistical modeling using the t distribution, JASA 84(408).

    Examples
    --------
    >>> x = np.arange(20.0)
    >>> y = 0.1 * x + np.where(np.arange(20) == 7, 2.0, 0.3 * np.cos(5 * x))
    >>> beyond(x, y, 7).straight < beyond(x, y, 7).whatever < 0.05
    True
    """
    contrast = np.zeros(len(x))
    contrast[new] = 1.0
    if old is not None:
        contrast[old] = -1.0
    others = contrast == 0
    spread = np.ptp(x)
    scaled = (x - x[others].mean()) / (spread if spread > 0 else 1.0)
    degrees = [degree for degree, least in OTHERS_FOR.items() if others.sum() >= least]
    found = [_of_degree(np.vander(scaled, degree + 1), y, contrast, others) for degree in degrees]
    return Beyond(found[0][0], max(whatever for _, whatever in found))


def _of_degree(basis: Floats, y: Floats, contrast: Floats, others: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """P-values with normal scatter, and with scatter of either kind, around one curve."""
    coefficients, _, rank, _ = np.linalg.lstsq(basis[others], y[others], rcond=None)
    residual, freedom = y[others] - basis[others] @ coefficients, int(others.sum() - rank)
    square = float(residual @ residual)
    if freedom < 1 or square <= 1e-24 * float(y @ y):
        return float("nan"), float("nan")
    reach, models = contrast @ basis, float(contrast @ contrast)
    # The error of the curve itself counts as a little more scatter of the models compared.
    leverage = float(reach @ np.linalg.pinv(basis[others].T @ basis[others]) @ reach)
    error = float(contrast @ y - reach @ coefficients) * np.sqrt(models / (models + leverage))
    scale = np.sqrt(square / freedom)
    normal = float(stdtr(freedom, -error / scale / np.sqrt(models)))
    # Scales by their likelihood, each parameter of the curve taking one observation off, as in the normal case.
    scales = scale * np.exp(_LOG_SCALES)
    likelihood = (-2 * np.log1p(np.square(residual[:, None] / scales) / 3)).sum(axis=0) - freedom * np.log(scales)
    weights = np.exp(likelihood - likelihood.max())
    heavy = float(weights @ _beyond_t3(error / scales, paired=models == 2) / weights.sum())
    step, n = _LOG_SCALES[1] - _LOG_SCALES[0], len(residual)
    for_heavy = likelihood.max() + np.log(weights.sum() * step) + n * np.log(2 / (np.pi * _ROOT3))
    for_normal = gammaln(freedom / 2) - np.log(2) - freedom / 2 * np.log(square / 2) - n / 2 * np.log(2 * np.pi)
    odds = HEAVY / (1 - HEAVY) * np.exp(np.clip(for_heavy - for_normal, -50, 50))
    return normal, float((odds * heavy + normal) / (odds + 1))


def _beyond_t3(z: Floats, *, paired: bool) -> Floats:
    """How often t with 3 degrees of freedom, or the difference of two such, is above z.

    From the characteristic function (1 + sqrt(3) |u|) exp(-sqrt(3) |u|), squared for a difference.
    """
    b = 2 * _ROOT3 if paired else _ROOT3
    below = np.arctan(z / b) + b * z / (b**2 + z**2)
    if paired:
        below += b**3 * z / 2 / np.square(b**2 + z**2)
    result: Floats = 0.5 - below / np.pi
    return result
