"""What a benchmark's prompts tell of each model and of the ranking of models (for P7)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from measurand.errors import NotApplicable
from measurand.measures.precision.shared.grid import Floats, Grid, Ints
from measurand.stats.intervals.clustered import bell_mccaffrey, cluster_sizes
from measurand.stats.intervals.limits import Limits
from measurand.stats.items.components import column_variance, generalisability, item_components
from measurand.stats.items.concordance import concordance_limits, noise_alone, p_by_noise
from measurand.stats.items.prompts import (
    PromptMeans,
    Spread,
    cps_limits,
    drawn_errors,
    pairwise_differences,
    prompt_means,
    quantile_limits,
    spread_limits,
    widening,
)
from measurand.stats.items.rasch_grid import fit_rasch, resampled_means
from measurand.stats.items.reruns import agreement_limits
from measurand.wording import plural

__all__ = ["NEEDED", "SPARSE", "ModelPrompts", "Ranking", "of_model", "ranking"]

LEAST_ITEMS, LEAST_MODELS = 10, 3
# A Rasch refit is far dearer than a mean, hence fewer; of a thousand draws of W, the rarest are known to a third.
RASCH_RESAMPLES, NOISE_RESAMPLES = 200, 1000
NOISE_QUANTILES = (0.5, 0.05, 0.95)
NEEDED = "the same items (at least 10) under at least 2 variants of the prompt, better 5 or more"
COMPLETE, SPARSE = "items run under every prompt", "Rasch model of a sparse grid"


@dataclass(frozen=True, kw_only=True)
class ModelPrompts:
    """One model on one benchmark under several prompts; scores in [0, 1].

    Parameters
    ----------
    benchmark, model, prompts : of what; the prompts are the variants' names.
    means : each prompt's mean score, with its noise.
    how : from the items run under every prompt, or from a Rasch model of a sparse grid.
    spread : best minus worst prompt, with the interval of the true spread.
    least_of_all : lower limit that holds for all models and benchmarks together.
    cps, worst, best : combined performance score, 5% and 95% quantiles of the prompts' means.
    pss : mean absolute difference between two prompts on an item; None from a sparse grid.
    prompt_variance, item_variance, residual_variance : components; the last two None from a sparse grid.
    run_variance : part of the residual that rerunning an item under one prompt gives; None with single runs.
    scaled : whether the scores had another range than [0, 1].
    """

    benchmark: str
    model: str
    prompts: tuple[str, ...]
    means: PromptMeans
    how: str
    spread: Spread
    least_of_all: float
    cps: Limits
    worst: Limits
    best: Limits
    pss: Limits | None
    prompt_variance: Limits
    item_variance: Limits | None
    residual_variance: Limits | None
    run_variance: float | None
    scaled: bool


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """How far the prompts rank the models of one benchmark alike.

    Parameters
    ----------
    benchmark : its name.
    models, prompts, items : how many took part.
    concordance : Kendall's W.
    noise_alone : median, 5% and 95% quantiles of W if all prompts were equally good for each model; may be empty.
    p_by_noise : p-value against that the prompts agree no less than noise alone lets them; NaN where unknown, and from
        fewer than 20 clusters of items.
    single : generalisability of the comparison under one prompt.
    """

    benchmark: str
    models: int
    prompts: int
    items: int
    concordance: Limits
    noise_alone: tuple[float, ...]
    p_by_noise: float
    single: Limits


def of_model(grid: Grid, row: int, level: float, resamples: int, rng: np.random.Generator) -> ModelPrompts:
    """One model of a grid under its prompts; `row` is its place among the models.

    Raises
    ------
    NotApplicable
        Too few items under two prompts, one cluster, or a sparse grid of scores other than 0 and 1.
    """
    scores = grid.scores[row]
    ran = np.isfinite(scores)
    prompts = np.flatnonzero(ran.sum(axis=1) >= LEAST_ITEMS)
    if len(prompts) < 2:
        raise NotApplicable(
            f"ran at least {LEAST_ITEMS} items under {plural(len(prompts), 'prompt')} only", needs=NEEDED
        )
    ran = ran[prompts]
    names = tuple(grid.variants[place] for place in prompts)
    complete, seen = np.flatnonzero(ran.all(axis=0)), np.flatnonzero(ran.any(axis=0))
    # Half: with fewer the complete items are a selection, and a model of all of them says more.
    if len(complete) >= max(LEAST_ITEMS, len(seen) / 2):
        return _complete(grid, row, names, np.ix_(prompts, complete), level, resamples, rng)
    table = scores[np.ix_(prompts, seen)]
    # The Rasch model is of right and wrong answers, and where to cut other scores in two is not ours to choose.
    if not np.isin(table[np.isfinite(table)], (0.0, 1.0)).all():
        raise NotApplicable(
            f"ran {plural(len(complete), 'item')} of {len(seen)} under every prompt, with scores other than 0 and 1",
            needs=NEEDED,
        )
    clusters = _of_items(grid, seen)
    # A refit per resample: beyond a few hundred the time goes into digits that are not shown.
    return _sparse(grid, row, names, table, clusters, level, min(resamples, RASCH_RESAMPLES), rng)


def _complete(
    grid: Grid,
    row: int,
    names: tuple[str, ...],
    cells: tuple[Ints, ...],
    level: float,
    resamples: int,
    rng: np.random.Generator,
) -> ModelPrompts:
    scores = grid.scores[row][cells].T
    clusters = _of_items(grid, cells[1].ravel())
    means = prompt_means(scores, clusters)
    if means.groups < 2:
        raise NotApplicable("ran items of one cluster only", needs="items of at least 2 clusters")
    errors = drawn_errors(scores, clusters, resamples, rng)
    items, residual = item_components(scores, clusters, level)
    runs, within = grid.epochs[row][cells], grid.within[row][cells]
    # Over the runs, since the residual is of item means over them; None unless every cell was rerun.
    again = float((within / np.maximum(runs, 1)).mean()) if (runs >= 2).all() else None
    return replace(
        _described(grid, row, names, means, COMPLETE, errors, level),
        pss=agreement_limits(pairwise_differences(scores), clusters, level),
        item_variance=items,
        residual_variance=residual,
        run_variance=again,
    )


def _sparse(
    grid: Grid,
    row: int,
    names: tuple[str, ...],
    table: Floats,
    clusters: Ints | None,
    level: float,
    resamples: int,
    rng: np.random.Generator,
) -> ModelPrompts:
    found = fit_rasch(table).means
    _, member = np.unique(np.arange(table.shape[1]) if clusters is None else clusters, return_inverse=True)
    groups = int(member.max()) + 1
    if groups < 2:
        raise NotApplicable("ran items of one cluster only", needs="items of at least 2 clusters")
    drawn = rng.multinomial(groups, np.full(groups, 1 / groups), size=resamples)[:, member].astype(np.float64)
    # The bootstrap of G clusters has variance (G - 1) / G of the true one: at few clusters that matters.
    errors = (resampled_means(table, drawn) - found) * math.sqrt(groups / (groups - 1))
    differences = errors - errors.mean(axis=1, keepdims=True)
    # Of differences between prompts: what moves all prompts alike cancels and is no noise of the spread.
    noise = math.sqrt(float((differences**2).sum()) / (len(found) - 1) / resamples)
    df = float(bell_mccaffrey(cluster_sizes(clusters, table.shape[1])))
    means = PromptMeans(found, noise, df, groups, table.shape[1])
    return _described(grid, row, names, means, SPARSE, errors, level)


def _described(
    grid: Grid, row: int, names: tuple[str, ...], means: PromptMeans, how: str, errors: Floats, level: float
) -> ModelPrompts:
    """What is said of the means however they came about."""
    # All scores lie between 0 and 1, and so do their means, quantiles and differences, whatever a normal error says.
    spread = spread_limits(means, level)
    spread = replace(spread, high=min(spread.high, 1.0))
    errors = errors * widening(means.df, level)
    worst, best = (
        quantile_limits(means.means, errors, probability, level).within(0.0, 1.0) for probability in (0.05, 0.95)
    )
    return ModelPrompts(
        benchmark=grid.benchmark,
        model=grid.models[row],
        prompts=names,
        means=means,
        how=how,
        spread=spread,
        least_of_all=spread.low,
        cps=cps_limits(means.means, errors, level).within(0.0, 1.0),
        worst=worst,
        best=best,
        pss=None,
        prompt_variance=column_variance(means, level),
        item_variance=None,
        residual_variance=None,
        run_variance=None,
        scaled=grid.scaled,
    )


def _of_items(grid: Grid, items: Ints) -> Ints | None:
    return None if grid.clusters is None else grid.clusters[items]


def ranking(grid: Grid, level: float, rng: np.random.Generator) -> Iterator[Ranking]:
    """The ranking of the models that ran every prompt, on the items that all of them ran under all."""
    ran = np.isfinite(grid.scores)
    enough = ran.sum(axis=2) >= LEAST_ITEMS
    # Prompts first, then models: one model with an odd prompt should not cost the others an item.
    prompts = np.flatnonzero(enough.sum(axis=0) >= LEAST_MODELS)
    complete = np.all(ran[:, prompts], axis=1)
    # A model that ran most of its items under some prompts only would take the items away from the others.
    models = np.flatnonzero(complete.sum(axis=1) >= max(LEAST_ITEMS, int(np.any(complete, axis=0).sum()) / 2))
    if len(prompts) < 2 or len(models) < LEAST_MODELS:
        return
    items = np.flatnonzero(np.all(complete[models], axis=0))
    clusters = _of_items(grid, items)
    if len(items) < LEAST_ITEMS or (clusters is not None and len(np.unique(clusters)) < 2):
        return
    scores = grid.scores[np.ix_(models, prompts, items)].transpose(2, 1, 0)
    means = scores.mean(axis=0)
    # Clusters are drawn for all models and prompts at once, so what they share stays shared.
    alone = noise_alone(scores, clusters, NOISE_RESAMPLES, rng)
    concordance = concordance_limits(means, level)
    yield Ranking(
        benchmark=grid.benchmark,
        models=len(models),
        prompts=len(prompts),
        items=len(items),
        concordance=concordance,
        noise_alone=tuple(map(float, np.quantile(alone, NOISE_QUANTILES))) if len(alone) else (),
        p_by_noise=p_by_noise(concordance.value, alone, len(cluster_sizes(clusters, len(items)))),
        single=generalisability(means.T, level),
    )
