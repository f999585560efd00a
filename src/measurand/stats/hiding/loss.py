"""How many of a reference's right items another model of so many right answers would get wrong."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import expit, logit

__all__ = ["difficulties", "expected_loss"]

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


def difficulties(others: Floats) -> Floats:
    """Difficulty of each item in log odds, drawn towards their mean by as much as few models leave unsure.

    Parameters
    ----------
    others : scores from 0 to 1 of models that are not asked about, shape (models, items), NaN where not run.

    Returns
    -------
    shape (items,); NaN where none of them ran the item.

    Examples
    --------
    >>> difficulties(np.array([[1.0, 1.0, 0.0], [1.0, 0.0, 0.0], [1.0, 0.0, 0.0], [1.0, 1.0, 0.0]])).round(1).tolist()
    [-0.7, -0.0, 0.7]
    """
    ran = np.isfinite(others).sum(axis=0)
    share = np.divide(np.nansum(others, axis=0) + 0.5, ran + 1.0, out=np.full(len(ran), np.nan), where=ran > 0)
    hard = -logit(share)
    with np.errstate(invalid="ignore", divide="ignore"):
        noise = np.nanmean(1 / (ran * share * (1 - share)))
    known = np.isfinite(hard)
    spread = np.var(hard[known]) if known.any() else 0.0
    kept = max(0.0, 1 - noise / spread) if spread > 0 else 0.0
    centre = hard[known].mean() if known.any() else 0.0
    result: Floats = centre + kept * (hard - centre)
    return result


def expected_loss(scores: Floats, reference: Mask, difficulty: Floats) -> float:
    """Share of the reference's right items that a model of as many right answers gets wrong by the items' difficulty.

    A Rasch model whose ability is such that the expected number of right answers is the number there are. Between
    models of different make it is off by up to 20 points either way: it says what is ordinary, and tests nothing.

    Parameters
    ----------
    scores : of the model, from 0 to 1, shape (items,).
    reference : which items the reference gets right, shape (items,).
    difficulty : as of `difficulties`, shape (items,), no NaN.

    Returns
    -------
    share; NaN where all items or none are right.

    References
    ----------
    Rasch 1960, Probabilistic models for some intelligence and attainment tests.

    Examples
    --------
    >>> hard = np.repeat([-1.0, 1.0], 50)
    >>> round(expected_loss(np.tile([1.0, 0.0], 50), hard < 0, hard), 2)
    0.27
    """
    total = scores.sum()
    if not 0 < total < len(scores) or not reference.any():
        return float("nan")
    low, high = difficulty.min() - 40, difficulty.max() + 40
    ability = brentq(lambda theta: expit(theta - difficulty).sum() - total, low, high)
    return float(1 - expit(ability - difficulty[reference]).mean())
