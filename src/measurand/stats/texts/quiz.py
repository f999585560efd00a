"""Quizzes of five options, four wordings of an item and "none of these": what the answers say of contamination."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from measurand.stats.intervals.distributions import binom
from measurand.stats.intervals.multiplicity import holm

__all__ = ["OPTIONS", "POSITIONS", "Bounds", "bounds", "bounds_replicates", "non_preferred", "recognition_tests"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

POSITIONS = "ABCD"
OPTIONS = "ABCDE"
"""Options; the last one says that none of the others is the original."""


@dataclass(frozen=True)
class Bounds:
    """Bounds of the share of items that a model recognises.

    Parameters
    ----------
    low, high : lower and upper bound.
    corrected : share that explains the picks of all positions asked, beside those that are made anyway.
    position : where the original was picked most often.
    """

    low: float
    high: float
    corrected: float
    position: str


def non_preferred(counts: npt.ArrayLike, items: int) -> str:
    """Positions picked less often than chance where none holds the original; all four if there is none.

    Parameters
    ----------
    counts : how often each of the five options was picked without an original among them.
    items : items in the quiz, those without an answer too.

    Examples
    --------
    >>> non_preferred([44, 2, 1, 1, 52], 100), non_preferred([25, 25, 25, 25, 0], 100)
    ('BCD', 'ABCD')
    """
    chance = math.ceil(items / len(OPTIONS))
    rare = "".join(
        position for position, count in zip(POSITIONS, np.asarray(counts).tolist(), strict=False) if count < chance
    )
    return rare or POSITIONS


def bounds(hits: Mapping[str, float], biases: Mapping[str, float], items: int) -> Bounds:
    """Lower and upper bound of the share of items whose original wording is recognised.

    The upper bound is the best share of originals picked among the positions asked. The lower bound takes from it what
    the model picks at that position anyway (as Cohen's kappa takes chance), or is the second best share if that is
    more. Both are as published. A model that recognises a share c of the items and picks position x of the others with
    chance b_x picks c + (1 - c) b_x originals there: the corrected share is the c that fits all positions together, and
    does not grow with how many there are to choose the best from.

    Parameters
    ----------
    hits : of each position, how often the original was picked there; at least two positions.
    biases : how often the same position was picked with no original among the options.
    items : items in the quiz.

    References
    ----------
    Golchin and Surdeanu 2025, Data contamination quiz, TACL 13, arXiv 2311.06233.

    Examples
    --------
    >>> found = bounds({"B": 55, "C": 69, "D": 79}, {"B": 2, "C": 1, "D": 1}, 100)
    >>> round(found.low, 4), found.high, found.position
    (0.7879, 0.79, 'D')
    """
    ranked = sorted(hits, key=lambda position: (-hits[position], biases[position]))
    best = ranked[0]
    left = items - biases[best]
    beyond = (hits[best] - biases[best]) / left if left > 0 else 0.0
    second = hits[ranked[1]] / items if len(ranked) > 1 else 0.0
    free = sum(items - biases[position] for position in hits)
    corrected = 1 - sum(items - hits[position] for position in hits) / free if free > 0 else 0.0
    return Bounds(max(beyond, second), hits[best] / items, max(0.0, corrected), best)


def bounds_replicates(
    picked: Mapping[str, npt.NDArray[np.bool_]],
    anyway: Mapping[str, npt.NDArray[np.bool_]],
    replicates: int,
    rng: np.random.Generator,
) -> tuple[Floats, Floats]:
    """Lower bounds and corrected shares of items drawn again with all their answers, each of shape (replicates,).

    Parameters
    ----------
    picked : of each position, whether the original was picked there, shape (items,).
    anyway : whether the position was picked with no original among the options, shape (items,).
    """
    names = list(picked)
    items = len(picked[names[0]])
    weights = rng.multinomial(items, np.full(items, 1 / items), size=replicates).astype(np.float64)
    hits = weights @ np.stack([picked[name] for name in names], axis=1).astype(np.float64)
    biases = weights @ np.stack([anyway[name] for name in names], axis=1).astype(np.float64)
    each = [
        bounds(dict(zip(names, hit, strict=True)), dict(zip(names, bias, strict=True)), items)
        for hit, bias in zip(hits.tolist(), biases.tolist(), strict=True)
    ]
    return np.array([found.low for found in each]), np.array([found.corrected for found in each])


def recognition_tests(
    picked: Mapping[str, npt.NDArray[np.bool_]], anyway: Mapping[str, npt.NDArray[np.bool_]]
) -> dict[str, float]:
    """Of each position, the p-value that the original draws no more picks to it, adjusted (Holm).

    The exact one-sided McNemar test: of the items whose answer at the position changed, how many changed to it.

    Examples
    --------
    >>> picked, anyway = np.arange(20) < 8, np.arange(20) < 1
    >>> round(recognition_tests({"B": picked}, {"B": anyway})["B"], 4)
    0.0078
    """
    raw = []
    for position, here in picked.items():
        to, away = int((here & ~anyway[position]).sum()), int((~here & anyway[position]).sum())
        raw.append(float(binom.sf(to - 1, to + away, 0.5)) if to + away else 1.0)
    return dict(zip(picked, holm(np.array(raw)).tolist(), strict=True))
