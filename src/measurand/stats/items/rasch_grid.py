"""Prompts' mean scores from a grid in which each item was run with some prompts only (PromptEval)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit

__all__ = ["PRIOR_VARIANCE", "RaschGrid", "fit_rasch", "resampled_means"]

Floats = npt.NDArray[np.float64]

PRIOR_VARIANCE = 100.0
"""Of each effect, in squared logits: as published, next to none, so that effects stay finite."""

_MOST_STEPS = 60
_CELLS = 2_000_000


@dataclass(frozen=True)
class RaschGrid:
    """Fitted effects.

    Parameters
    ----------
    prompts, items : effects in logits, shapes (prompts,) and (items,); that of the last item is 0.
    filled : the scores, with the chance of a right answer where there is none, shape (prompts, items).
    """

    prompts: Floats
    items: Floats
    filled: Floats

    @property
    def means(self) -> Floats:
        """Mean score of each prompt over all items, shape (prompts,)."""
        result: Floats = self.filled.mean(axis=1)
        return result


def fit_rasch(scores: Floats) -> RaschGrid:
    """Logistic regression of right or wrong on a prompt's and an item's effect.

    Parameters
    ----------
    scores : in [0, 1], NaN where not run, shape (prompts, items); each prompt and item with at least one score.

    Examples
    --------
    >>> grid = np.array([[1.0, 0.0, 1.0, np.nan], [1.0, np.nan, 0.0, 0.0], [np.nan, 1.0, 1.0, 0.0]])
    >>> fit_rasch(grid).means.round(2).tolist()
    [0.51, 0.25, 0.75]

    References
    ----------
    Maia Polo et al. 2024, Efficient multi-prompt evaluation of LLMs, arXiv 2405.17202
    """
    prompt, item = _effects(scores, np.ones((1, scores.shape[1])))
    filled = np.where(np.isfinite(scores), scores, expit(prompt[0][:, None] + item[0]))
    return RaschGrid(prompt[0], item[0], filled)


def resampled_means(scores: Floats, weights: Floats) -> Floats:
    """Prompts' means under weights of the items, the model refitted under each.

    Parameters
    ----------
    scores : as for `fit_rasch`.
    weights : shape (replicates, items), not negative.

    Returns
    -------
    array, shape (replicates, prompts)
    """
    result = np.empty((len(weights), len(scores)))
    block = max(1, _CELLS // scores.size)
    for start in range(0, len(weights), block):
        rows = slice(start, start + block)
        prompt, item = _effects(scores, weights[rows])
        filled = np.where(np.isfinite(scores), scores, expit(prompt[:, :, None] + item[:, None, :]))
        result[rows] = np.einsum("rpi,ri->rp", filled, weights[rows]) / weights[rows].sum(axis=1, keepdims=True)
    return result


def _effects(scores: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Effects that maximise the weighted, penalised likelihood, by Newton's method, a replicate at a time.

    The information of the items is diagonal, so each step solves a system as large as the prompts.
    """
    prompts, items = scores.shape
    seen = np.isfinite(scores)
    right = np.where(seen, scores, 0.0)
    ridge = 1 / PRIOR_VARIANCE
    count = weights[:, None, :] * seen
    prompt, item = np.zeros((len(weights), prompts)), np.zeros((len(weights), items))
    free = np.ones(items)
    free[-1] = 0.0
    for _ in range(_MOST_STEPS):
        chance = expit(prompt[:, :, None] + item[:, None, :])
        gap = count * (right - chance)
        info = count * chance * (1 - chance)
        slope_p, slope_i = gap.sum(axis=2) - ridge * prompt, (gap.sum(axis=1) - ridge * item) * free
        info_i = info.sum(axis=1) + ridge
        cross = info * free
        # Schur complement of the items.
        scaled = cross / info_i[:, None, :]
        matrix = -np.einsum("rpi,rqi->rpq", scaled, cross)
        matrix[:, range(prompts), range(prompts)] += info.sum(axis=2) + ridge
        target = slope_p - np.einsum("rpi,ri->rp", scaled, slope_i)
        step_p = np.linalg.solve(matrix, target[:, :, None])[:, :, 0]
        step_i = (slope_i - np.einsum("rpi,rp->ri", cross, step_p)) / info_i * free
        # A long step may overshoot where nearly all is right or wrong.
        longest = np.maximum(np.abs(step_p).max(axis=1), np.abs(step_i).max(axis=1))
        short = np.minimum(1.0, 3.0 / np.maximum(longest, 1e-300))[:, None]
        prompt, item = prompt + short * step_p, item + short * step_i
        if longest.max() < 1e-8:
            break
    return prompt, item
