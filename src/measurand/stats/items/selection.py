"""What choosing the best of several variants by score adds to that score."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import numpy.typing as npt

__all__ = ["PARTS", "expected_optimism", "loss_by_halving", "optimism_stderr", "shrunk"]

Floats = npt.NDArray[np.float64]

PARTS = 8
HALVES = tuple(half for half in combinations(range(PARTS), PARTS // 2) if 0 in half)
"""Parts of the items that make up one half, the remaining ones being the other: every way to halve eight parts."""


def expected_optimism(means: Floats, errors: Floats) -> float:
    """Expected error of the variant whose score, true mean plus error, is the highest.

    With means that are all alike it is the expected maximum of the errors, the most that choosing can add.

    Parameters
    ----------
    means : shape (variants,): true mean scores.
    errors : shape (draws, variants): errors of the mean scores, correlated as they are over items.

    References
    ----------
    Efron 1983, Estimating the error rate of a prediction rule, JASA 78; the optimism of an apparent score.

    Examples
    --------
    >>> errors = np.array([[0.1, -0.1], [-0.2, 0.2], [0.0, 0.1]])
    >>> [round(expected_optimism(np.array(means), errors), 4) for means in ([0.5, 0.5], [0.9, 0.1])]
    [0.1333, -0.0333]
    """
    best = np.argmax(means + errors, axis=1)
    return float(errors[np.arange(len(errors)), best].mean())


def loss_by_halving(means: Floats, errors: Floats) -> float:
    """By how much a variant chosen on half of the items is truly worse, on average, than one chosen on all of them.

    Parameters
    ----------
    means, errors : as in `expected_optimism`; on half of the items errors are sqrt(2) times as large.

    Examples
    --------
    >>> errors = np.array([[0.0, 0.08], [0.08, 0.0]])
    >>> [round(loss_by_halving(np.array([best, 0.5]), errors), 3) for best in (0.6, 0.9)]
    [0.05, 0.0]
    """
    whole, half = (means[np.argmax(means + times * errors, axis=1)].mean() for times in (1.0, np.sqrt(2)))
    return float(whole - half)


def shrunk(means: Floats, noise: float) -> Floats:
    """Means drawn together until they vary as much as the true ones are estimated to: noise spreads those seen.

    Parameters
    ----------
    means : shape (variants,).
    noise : standard error of the differences between them, as of `measurand.stats.items.prompts.prompt_means`.

    Examples
    --------
    >>> shrunk(np.array([0.4, 0.5, 0.6]), 0.08).round(3).tolist(), shrunk(np.array([0.4, 0.6]), 0.5).tolist()
    ([0.44, 0.5, 0.56], [0.5, 0.5])
    """
    seen = float(means.var(ddof=1))
    kept = np.sqrt(max(seen - noise**2, 0.0) / seen) if seen > 0 else 0.0
    result: Floats = means.mean() + kept * (means - means.mean())
    return result


def optimism_stderr(means: Floats, errors: Floats, splits: int) -> float:
    """Standard error of the best score minus the score of variants chosen on one half of the items, on the other half.

    Each draw has an error of each variant in each of eight parts of the items, from which follow its score on all of
    them, and the choice on each half with the score on the other: how far the difference varies over samples.

    Parameters
    ----------
    means : shape (variants,): true mean scores, such as `shrunk` gives.
    errors : shape (8, draws, variants): independent errors of the means in each part, sqrt(8) times those on all items.
    splits : halvings over which the held-out score is a mean; of the 35 that eight parts allow, no more are used.

    Examples
    --------
    >>> errors = 0.1 * np.random.default_rng(0).standard_normal((8, 4000, 5))
    >>> 0.01 < optimism_stderr(np.full(5, 0.5), errors, 20) < 0.02
    True
    """
    scores = means + errors
    rows = np.arange(errors.shape[1])
    used = np.unique(np.linspace(0, len(HALVES) - 1, min(splits, len(HALVES))).astype(np.int64))
    held_out = np.zeros(errors.shape[1])
    for place in used:
        first = list(HALVES[place])
        second = [part for part in range(PARTS) if part not in first]
        of_half = scores[first].mean(axis=0), scores[second].mean(axis=0)
        for choosing, judging in (of_half, of_half[::-1]):
            held_out += judging[rows, np.argmax(choosing, axis=1)] / (2 * len(used))
    return float((scores.mean(axis=0).max(axis=1) - held_out).std(ddof=1))
