"""P9 on simulated benchmarks: models of known score on items (and prompts) drawn from a known population."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from measurand.measures.precision.rank_stability import RankStability, in_order, judge
from measurand.measures.precision.shared.rank_cube import Cube
from measurand.simulate.answers import item_clusters
from measurand.simulate.outcomes import Outcome, Simulation, add_coverage, add_event, add_order
from measurand.stats.items.item_ranks import resampled_means
from measurand.stats.votes.rankings import t_value
from measurand.tables import ItemTable

__all__ = ["SIMULATIONS"]

DIFFICULTY, SHARED, TASTE, PROMPT = 1.0, 0.5, 0.5, 0.3
"""Standard deviations in log odds: of items, of clusters (and of what a cluster suits in a model), of what an item and
of what a prompt suits in a model."""

PLANTED = 0.5
RESAMPLES = 300


def rank_stability(
    models: int, items: int, clusters: int, variants: int, spread: float, *, level: float, rng: np.random.Generator
) -> Outcome:
    """One benchmark.

    Parameters
    ----------
    clusters : items come in so many clusters of unequal size; 0 for independent items.
    variants : prompt variants.
    spread : standard deviation of the abilities, in log odds; the second model is `PLANTED` below the first. 0: all
        are equal, and so are their expected scores over all items and prompts.
    """
    ability = spread * rng.standard_normal(models)
    if spread:
        ability[1] = ability[0] - PLANTED
    cluster = item_clusters(items, clusters, rng) if clusters else None
    suits = TASTE * rng.standard_normal((models, items)) + DIFFICULTY * rng.standard_normal(items)
    if cluster is not None:
        suits += SHARED * (rng.standard_normal((models, clusters)) + rng.standard_normal(clusters))[:, cluster]
    prompt = PROMPT * rng.standard_normal((models, variants)) * (variants > 1)
    chance = expit(ability[:, None, None] + suits[:, None, :] + prompt[:, :, None])
    scores = (rng.random(chance.shape) < chance).astype(np.float64)
    found = resampled_means(scores, RESAMPLES, rng, clusters=cluster, resample_variants=variants > 1)
    names = tuple(f"m{place:02d}" for place in range(models))
    tables = tuple(ItemTable.of("b", names, scores[:, place]) for place in range(variants))
    order = in_order(Cube(tables, names, scores, cluster, ()), found, level)
    said = judge(RankStability((order,), (), level))[1]
    name = "all equal" if not spread else f"abilities of SD {spread:g}"
    outcome: Outcome = {}
    add_order(outcome, order, said, dict(zip(names, ability, strict=True)), name)
    if spread:
        told = order.above[order.models.index(names[0]), order.models.index(names[1])]
        add_event(outcome, "power", "told apart", f"{PLANTED:g} log odds between two models", bool(told))
    else:
        reach = float(t_value(1.959964, found.freedom[0, 1])) * found.gap_stderr[0, 1]
        gap = float(found.means[0] - found.means[1])
        add_coverage(outcome, "difference of two models", name, 0.0, gap - reach, gap + reach)
    return outcome


SIMULATIONS = {
    "P9": Simulation(
        tuple(
            {"models": models, "items": items, "clusters": clusters, "variants": variants, "spread": spread}
            for models, items, clusters, variants in (
                (5, 20, 0, 1),
                (10, 100, 0, 1),
                (30, 500, 0, 1),
                (10, 200, 10, 1),
                (10, 500, 50, 1),
                (10, 100, 0, 4),
                (10, 100, 0, 10),
            )
            for spread in (0.0, 0.7)
        ),
        rank_stability,
        regime=(
            "5 to 30 models, equal or with abilities of SD .7 in log odds, under 1, 4 or 10 prompts; items "
            "independent or in clusters of unequal size (log-normal, SD of the log 1.2), those of a cluster alike "
            "in difficulty and in what suits a model"
        ),
    )
}
"""Benchmarks from few items to many, independent or in clusters, with one prompt or several."""
