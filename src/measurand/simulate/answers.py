"""Answers of models to items with known truth: items share clusters, and models differ in what they find hard."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from measurand.measures.precision.shared.grid import Grid
from measurand.tables import ItemTable

__all__ = [
    "CELLS",
    "SHARED",
    "VARIANT_ABILITY",
    "VARIANT_TASTE",
    "answer_grid",
    "answers",
    "expected_score",
    "item_clusters",
    "ranking_grids",
    "shared_normals",
    "tasks",
    "variant_score",
]

SPREAD = 1.5
"""Standard deviation of the items' difficulties, on the logistic scale."""

TASTE = 0.8
"""Standard deviation of what a cluster is to one model beyond its difficulty, where all variance is shared."""

VARIANT_ABILITY, VARIANT_TASTE = 0.7, 0.5
"""Of models in several variants, on that scale: mean ability, and the spread of what a variant is to an item."""

SIZE_SPREAD = 1.2
"""Standard deviation of the log of a cluster's size: passages of published benchmarks hold 1 to 100 items."""

SHARED = 0.4
"""Share of the variance of difficulty within clusters."""

SIZES = ((20, 0), (100, 0), (1000, 0), (50, 5), (180, 6), (200, 10), (200, 20), (1000, 100))

CELLS = tuple({"items": items, "clusters": clusters} for items, clusters in SIZES)
"""Items from few to many, independent (0 clusters) or in clusters few and many, of unequal size."""

_POINTS, _WEIGHTS = np.polynomial.hermite_e.hermegauss(80)


def answers(
    abilities: Sequence[float], items: int, clusters: int, shared: float, rng: np.random.Generator
) -> ItemTable:
    """Right or wrong answers of models to items.

    Parameters
    ----------
    abilities : one a model, on the logistic scale.
    items, clusters : how many; without clusters (0) items are independent. Sizes are those of `item_clusters`.
    shared : share of the variance of difficulty that items of a cluster have in common.
    """
    models = [f"m{place}" for place in range(len(abilities))]
    ability = np.asarray(abilities, dtype=np.float64)[:, None]
    if not clusters:
        chance = expit(ability - SPREAD * rng.standard_normal(items))
        return ItemTable.of("b", models, (rng.random(chance.shape) < chance).astype(np.float64))
    of_item = item_clusters(items, clusters, rng)
    common = rng.standard_normal(clusters)[of_item]
    difficulty = SPREAD * (np.sqrt(shared) * common + np.sqrt(1 - shared) * rng.standard_normal(items))
    taste = TASTE * np.sqrt(shared) * rng.standard_normal((len(abilities), clusters))[:, of_item]
    chance = expit(ability - difficulty + taste)
    return ItemTable.of("b", models, (rng.random(chance.shape) < chance).astype(np.float64), of_item)


def tasks(abilities: Sequence[float], items: int, clusters: int, rng: np.random.Generator) -> list[ItemTable]:
    """The same models on three tasks of unequal size: all, a half and a quarter of the items and clusters.

    Parameters
    ----------
    abilities, items, clusters : as in `answers`; on each task a model's expected score is the same.
    """
    sizes = [(max(items // share, 10), max(clusters // share, 3) if clusters else 0) for share in (1, 2, 4)]
    tables = [answers(abilities, *size, SHARED, rng) for size in sizes]
    return [replace(table, benchmark=f"t{place}") for place, table in enumerate(tables)]


def expected_score(ability: float, clusters: int, shared: float) -> float:
    """Mean score of a model over all the items there might be."""
    spread = np.sqrt(SPREAD**2 + (TASTE**2 * shared if clusters else 0.0))
    return float(_WEIGHTS @ expit(ability - spread * _POINTS) / _WEIGHTS.sum())


def item_clusters(items: int, clusters: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Number of each item's cluster; its own where there are none (0).

    Sizes are as unequal as those of real passages and topics: one item each, the others by log-normal shares.

    Examples
    --------
    >>> np.bincount(item_clusters(200, 8, np.random.default_rng(0))).tolist()
    [16, 17, 31, 6, 10, 13, 61, 46]
    """
    if not clusters:
        return np.arange(items)
    shares = rng.lognormal(0.0, SIZE_SPREAD, clusters)
    sizes = 1 + rng.multinomial(items - clusters, shares / shares.sum())
    return np.repeat(np.arange(clusters), sizes)


def shared_normals(
    shape: Sequence[int], of_item: npt.NDArray[np.int64], share: float, rng: np.random.Generator
) -> npt.NDArray[np.float64]:
    """Standard normals per item, of which items of one cluster share that much of the variance.

    Parameters
    ----------
    shape : of what is drawn per item, such as (models, variants).
    of_item : number of each item's cluster, shape (items,).
    """
    common = rng.standard_normal((*shape, int(of_item.max()) + 1))[..., of_item]
    own = rng.standard_normal((*shape, len(of_item)))
    drawn: npt.NDArray[np.float64] = np.sqrt(share) * common + np.sqrt(1 - share) * own
    return drawn


def answer_grid(
    shifts: npt.NDArray[np.float64], of_item: npt.NDArray[np.int64], shared: float, rng: np.random.Generator
) -> Grid:
    """Right or wrong answers of models to items in variants (prompts, formats) that suit each item more or less.

    Parameters
    ----------
    shifts : of each model in each variant on the logistic scale, from `VARIANT_ABILITY`, shape (models, variants).
    of_item : number of each item's cluster, shape (items,).
    shared : share of the variance that items of a cluster have in common; 0 for independent items.
    """
    difficulty = shared_normals((), of_item, shared, rng)
    taste = shared_normals(shifts.shape, of_item, shared, rng)
    chance = expit(VARIANT_ABILITY + shifts[:, :, None] - SPREAD * difficulty + VARIANT_TASTE * taste)
    scores = (rng.random(chance.shape) < chance).astype(np.float64)
    models, variants = shifts.shape
    return Grid(
        benchmark="b",
        models=tuple(f"m{place}" for place in range(models)),
        variants=tuple(f"v{place}" for place in range(variants)),
        items=tuple(map(str, range(len(of_item)))),
        scores=scores,
        within=np.full(scores.shape, np.nan),
        epochs=np.ones(scores.shape, dtype=np.int64),
        clusters=of_item if shared else None,
        scaled=False,
    )


APART, EFFECT = (0.0, 0.12, 0.3), 0.3
"""On that scale, SD of models' abilities, about 0, 2 and 5 points of the score, and of a variant's effect on each."""


def ranking_grids(
    models: int, variants: int, items: int, clusters: int, rng: np.random.Generator
) -> Iterator[tuple[str, Grid, str]]:
    """Models to be ranked in several variants: what is true of them, their answers, and what an issue then is.

    Without any effect of the variants, to say that they rank models differently is a false alarm.
    """
    for apart, effect in (*((apart, 0.0) for apart in APART), (APART[-1], EFFECT)):
        abilities = apart * rng.standard_normal((models, 1)) + effect * rng.standard_normal((models, variants))
        grid = answer_grid(abilities, item_clusters(items, clusters, rng), SHARED if clusters else 0.0, rng)
        name = f"models apart by {apart / 6:.2f} (SD), variants by {effect / 6:.2f}"
        yield name, grid, "power" if effect else "false_alarm"


def variant_score(shifts: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Mean score in `answer_grid` over all the items there might be, of the shape of the shifts."""
    spread = np.hypot(SPREAD, VARIANT_TASTE)
    weights = _WEIGHTS / _WEIGHTS.sum()
    means: npt.NDArray[np.float64] = expit(VARIANT_ABILITY + shifts[..., None] + spread * _POINTS) @ weights
    return means
