"""How far scores of the same items move with a dose: the slope within items, whatever the items' own levels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["slope_parts"]

Floats = npt.NDArray[np.float64]

_ROUNDING = 1e-12
"""What moves by less than this share of the scores is what rounding leaves of no movement."""


def slope_parts(scores: Floats, doses: Floats) -> Floats:
    """What each item contributes to the slope of the score on the dose within items.

    The slope is that of least squares with a level of its own for each item, so that items missing at some doses bias
    nothing as long as what is missing does not depend on the score. The mean of the parts is the slope, and their
    deviations are its errors by item, so that whatever gives a mean its standard error gives the slope its own. With
    two doses that are 1 apart a part is the item's difference.

    Parameters
    ----------
    scores : shape (doses, items); NaN where an item was not run.
    doses : shape (doses,), not all equal.

    Returns
    -------
    Shape (items,): in units of the score per unit of the dose; NaN for an item run at fewer than two doses.

    References
    ----------
    Wooldridge 2010, Econometric analysis of cross section and panel data, section 10.5 (the within estimator).

    Examples
    --------
    >>> slope_parts(np.array([[0.0, 1.0, 0.0], [0.5, 1.0, np.nan], [1.0, 0.0, np.nan]]), np.array([0.0, 1.0, 2.0]))
    array([ 0.5, -0.5,  nan])
    """
    run = np.isfinite(scores)
    count = run.sum(axis=0)
    centre = np.divide(doses @ run, count, out=np.zeros(scores.shape[1]), where=count > 0)
    moved = np.where(run, doses[:, None] - centre, 0.0)
    spread = (moved**2).sum(axis=0)
    given = np.where(run, scores, 0.0)
    together = (moved * given).sum(axis=0)
    together = np.where(np.abs(together) > _ROUNDING * np.abs(moved * given).sum(axis=0), together, 0.0)
    usable = count > 1
    if not usable.any():
        return np.full(scores.shape[1], np.nan)
    slope = together.sum() / spread.sum()
    parts: Floats = np.where(usable, slope + (together - slope * spread) / spread[usable].mean(), np.nan)
    return parts
