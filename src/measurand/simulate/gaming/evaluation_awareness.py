"""Error rates of evaluation awareness: a cue moves scores on the same items by a known amount, or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import expit

from measurand.measures.gaming.evaluation_awareness import awareness_of, judge
from measurand.measures.precision.shared.grid import Grid
from measurand.results import Finding, Status
from measurand.simulate.answers import (
    SHARED,
    VARIANT_ABILITY,
    VARIANT_TASTE,
    item_clusters,
    shared_normals,
    variant_score,
)
from measurand.simulate.answers import SPREAD as DIFFICULTIES
from measurand.simulate.outcomes import Outcome, Simulation, add_estimate, add_event

__all__ = ["SIMULATIONS"]

Floats = npt.NDArray[np.float64]

EFFECT = 0.05
"""Change of the score with the cue: the one that `judge` takes to matter."""

MISSING = 0.1
"""Share of the items without a score in each condition."""

EPOCHS = (1, 1, 2, 4)
"""Runs of an item where these are unequal, each as likely."""

NEAR_CEILING = 0.93
DOSES = (-2.0, -1.0, 0.0, 1.0, 2.0)
WORDS = ("none", "a test", "an exam", "a benchmark")
SIZES = (
    *((60, 0, 1, 0), (500, 0, 1, 0), (500, 0, 4, 0), (500, 0, 1, 1)),
    *((150, 8, 1, 0), (500, 40, 1, 0), (500, 40, 4, 0), (500, 40, 4, 1), (2000, 150, 4, 0), (2000, 150, 1, 1)),
)
"""Pairs expected, clusters (0 for independent items), most runs per item, and whether scores are near the ceiling."""


def _run(pairs: int, clusters: int, epochs: int, ceiling: int, level: float, rng: np.random.Generator) -> Outcome:
    outcome: Outcome = {}
    base = _shift(NEAR_CEILING if ceiling else float(variant_score(np.array(0.0))))
    score = float(variant_score(np.array(base)))
    # Downwards near the ceiling, where there is no room above.
    moved = _shift(score - EFFECT if ceiling else score + EFFECT)
    change = -EFFECT if ceiling else EFFECT
    for end, truth, name in ((base, 0.0, "no change"), (moved, change, f"change of {EFFECT:.2f}")):
        quantity = "power" if truth else "false_alarm"
        grid = _grid([[base, end]], WORDS[:2], pairs, clusters, epochs, rng)
        (found,) = _changes(grid, level)
        add_estimate(outcome, "change", name, truth, found.estimate("change"))
        add_estimate(outcome, "score without a cue", name, score, found.estimate("score_without_cue"))
        add_event(outcome, quantity, "two conditions", name, found.status is Status.ISSUE)
        # At the bound itself, to rule such a change out is wrong.
        ruled_out = found.status is Status.PASSED
        add_event(outcome, "false_alarm" if truth else "power", "a change ruled out", name, ruled_out)
        shifts = [base + (end - base) * (dose - DOSES[0]) / (DOSES[-1] - DOSES[0]) for dose in DOSES]
        grid = _grid([shifts], [f"{dose:g}" for dose in DOSES], pairs, clusters, epochs, rng)
        (found,) = _changes(grid, level)
        add_estimate(outcome, "change over doses", name, _trend(shifts), found.estimate("change"))
        add_event(outcome, quantity, "trend over five doses", name, found.status is Status.ISSUE)
    grid = _grid([[base] * len(WORDS)] * 2, WORDS, pairs, clusters, epochs, rng)
    some = any(found.status is Status.ISSUE for found in _changes(grid, level))
    add_event(outcome, "false_alarm", "any of six comparisons", "two models, no change", some)
    return outcome


def _changes(grid: Grid, level: float) -> list[Finding]:
    baseline = "0" if "0" in grid.variants else WORDS[0]
    return [found for found in judge(awareness_of([grid], "cue", baseline, level)) if not found.headline]


@cache
def _shift(score: float) -> float:
    """What moves the mean score over all the items there might be to this one."""

    def beyond(shift: float) -> float:
        return float(variant_score(np.array(shift))) - score

    return float(brentq(beyond, -6.0, 8.0))


def _trend(shifts: Sequence[float]) -> float:
    """The change from the first dose to the last along the least-squares line of the expected scores."""
    # Not Polynomial.fit, which drops a slope that is 0.
    slope = np.polyfit(DOSES, variant_score(np.array(shifts)), 1)[0]
    return float(slope) * (DOSES[-1] - DOSES[0])


def _grid(
    shifts: Sequence[Sequence[float]],
    conditions: Sequence[str],
    pairs: int,
    clusters: int,
    epochs: int,
    rng: np.random.Generator,
) -> Grid:
    """Answers of models to the same items in several conditions, each of which suits an item more or less.

    Parameters
    ----------
    shifts : of each model in each condition on the logistic scale, from `VARIANT_ABILITY`.
    pairs : items that are expected to have a score in two conditions.
    """
    items = round(pairs / (1 - MISSING) ** 2)
    of_item = item_clusters(items, clusters, rng)
    shape, shared = (len(shifts), len(conditions)), SHARED if clusters else 0.0
    difficulty = DIFFICULTIES * shared_normals((), of_item, shared, rng)
    taste = VARIANT_TASTE * shared_normals(shape, of_item, shared, rng)
    chance = expit(VARIANT_ABILITY + np.array(shifts)[:, :, None] - difficulty + taste)
    runs = rng.choice(EPOCHS, chance.shape) if epochs > 1 else np.ones(chance.shape, np.int64)
    scores: Floats = np.where(rng.random(chance.shape) < MISSING, np.nan, rng.binomial(runs, chance) / runs)
    return Grid(
        benchmark="b",
        models=tuple(f"m{place}" for place in range(len(shifts))),
        variants=tuple(conditions),
        items=tuple(map(str, range(items))),
        scores=scores,
        within=np.full(scores.shape, np.nan),
        epochs=np.where(np.isnan(scores), 0, runs),
        clusters=of_item if clusters else None,
        scaled=False,
    )


CELLS = tuple(
    {"pairs": pairs, "clusters": clusters, "epochs": epochs, "ceiling": ceiling}
    for pairs, clusters, epochs, ceiling in SIZES
)

SIMULATIONS = {
    "G11": Simulation(
        CELLS,
        _run,
        regime=(
            "a model on the same items with and without a cue, in five doses of one, and two models in four "
            "conditions; the cue changes nothing, or the score by 5 points (down where scores are near the ceiling, "
            "93%); a tenth of the items without a score in each condition, one run of an item or one to four; items "
            "independent or in clusters of unequal size (log-normal, SD of the log 1.2), those of a cluster alike in "
            "difficulty and in what a condition is to them"
        ),
    )
}
