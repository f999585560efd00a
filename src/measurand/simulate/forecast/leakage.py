"""Variants of known true scores from which the best is chosen: alike, or truly different."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt
from scipy.special import expit
from scipy.stats import norm

from measurand.measures.forecast.leakage import judge, selection_leakage_of
from measurand.measures.precision.shared.grid import Grid
from measurand.results import Status
from measurand.simulate.answers import item_clusters, shared_normals
from measurand.simulate.outcomes import Outcome, Simulation, add_coverage, add_event

__all__ = ["SIMULATIONS", "answers_to", "grid_of", "true_scores"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

SIZES = ((50, 0, 3), (50, 0, 20), (200, 0, 10), (1000, 0, 10), (4000, 0, 5), (400, 40, 10))
"""Items, clusters (0 for independent items), variants."""
ABILITY, DIFFICULTY, TASTE, SHARED = 0.7, 1.5, 0.5, 0.4
"""On the logistic scale: mean, standard deviation of items, of a variant's taste in items; and what clusters share."""
EFFECT = 0.3
"""Standard deviation of the variants' effects where there are any, on the same scale: about 5 points of the score."""
ALIKE, DIFFER, ONE_BETTER = "variants alike", "variants differ, SD 0.05", "one variant better by 0.1, the others alike"
TRUTH_RUNS, LEAST_TRUTH = 2000, 1e-3
"""A lift that is simulated, and the least that is held against a verdict: a bound has to be above 0."""

_POINTS, _WEIGHTS = np.polynomial.hermite_e.hermegauss(60)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()


def _effects(variants: int, name: str) -> Floats:
    if name == DIFFER:
        effects: Floats = EFFECT * norm.ppf((np.arange(variants) + 0.5) / variants)
        return effects
    return np.where(np.arange(variants) == variants - 1, 2 * EFFECT * (name == ONE_BETTER), 0.0)


def true_scores(effects: Floats) -> Floats:
    """Mean score of each variant over all the items there might be."""
    spread = np.sqrt(DIFFICULTY**2 + TASTE**2)
    found: Floats = expit(ABILITY + effects[:, None] + spread * _POINTS) @ _WEIGHTS
    return found


def answers_to(effects: Floats, of_item: Ints, rng: np.random.Generator) -> Floats:
    """Right and wrong answers, shape (variants, items)."""
    items = len(of_item)
    # Items alone in their clusters share nothing, whatever the share.
    own = shared_normals((), of_item, SHARED, rng)
    taste = TASTE * rng.standard_normal((len(effects), items))
    right = rng.random((len(effects), items)) < expit(ABILITY + effects[:, None] + DIFFICULTY * own + taste)
    return right.astype(np.float64)


def grid_of(scores: Floats, clusters: Ints | None) -> Grid:
    """One model's answers as a grid."""
    variants, items = scores.shape
    return Grid(
        benchmark="b",
        models=("m",),
        variants=tuple(f"v{place}" for place in range(variants)),
        items=tuple(map(str, range(items))),
        scores=scores[None],
        within=np.full((1, variants, items), np.nan),
        epochs=np.ones((1, variants, items), dtype=np.int64),
        clusters=clusters,
        scaled=False,
    )


@cache
def _true_optimism(items: int, clusters: int, variants: int, name: str) -> float:
    """Expected score of the best variant minus its true score."""
    effects = _effects(variants, name)
    true = true_scores(effects)
    rng = np.random.default_rng([items, clusters, variants, len(name)])
    found = []
    for _ in range(TRUTH_RUNS):
        means = answers_to(effects, item_clusters(items, clusters, rng), rng).mean(axis=1)
        found.append(means.max() - true[np.argmax(means)])
    return float(np.mean(found))


def _run(items: int, clusters: int, variants: int, level: float, rng: np.random.Generator) -> Outcome:
    outcome: Outcome = {}
    for name in (ALIKE, DIFFER, ONE_BETTER):
        effects = _effects(variants, name)
        of_item = item_clusters(items, clusters, rng)
        grid = grid_of(answers_to(effects, of_item, rng), of_item if clusters else None)
        result = selection_leakage_of([grid], None, 20, level, rng)
        found = result.found[0]
        lift = _true_optimism(items, clusters, variants, name)
        truth = max(lift, LEAST_TRUTH)
        if lift >= LEAST_TRUTH:
            add_coverage(outcome, "selection_optimism", name, lift, found.optimism.low, found.optimism.high)
        true = float(true_scores(effects)[grid.variants.index(found.chosen)])
        add_coverage(outcome, "held_out_score", name, true, found.held_out.low, found.held_out.high)
        naive = "candidate: interval that knows nothing of the choice"
        add_coverage(outcome, naive, name, true, found.score.low, found.score.high)
        # What is negligible is set to the truth for one verdict, and to half of it for the other.
        at_truth = judge(result, negligible_optimism=truth)[1].status
        add_event(outcome, "false_alarm", "lift above the true one", name, at_truth is Status.ISSUE)
        if lift >= LEAST_TRUTH:  # below next to nothing there is nothing to be said wrongly
            add_event(outcome, "false_alarm", "lift below the true one", name, at_truth is Status.PASSED)
        if name != ONE_BETTER:  # whose true lift is next to none
            status = judge(result, negligible_optimism=truth / 4)[1].status
            add_event(outcome, "power", "a quarter of the true lift is negligible", name, status is Status.ISSUE)
    return outcome


CELLS = tuple({"items": items, "clusters": clusters, "variants": variants} for items, clusters, variants in SIZES)

SIMULATIONS = {
    "F6": Simulation(
        CELLS,
        _run,
        regime=(
            "3 to 20 variants that are alike, differ by about 5 points (SD), or of which one is about 10 points "
            "better; items independent or in clusters of unequal size (log-normal, SD of the log 1.2), those of a "
            "cluster alike in difficulty"
        ),
        beside=("candidate",),
    )
}
