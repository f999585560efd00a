"""Several tasks as one: the average of each model, and of the differences between models, tasks kept as strata."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from measurand.measures.precision.shared.model_pairs import (
    MOST_COMPARED,
    BenchmarkComparison,
    Difference,
    ordered,
    turned,
)
from measurand.measures.verdicts import family
from measurand.names import in_two_ways
from measurand.results import AVERAGE
from measurand.stats.intervals.clustered import t_limits
from measurand.stats.intervals.distributions import student
from measurand.stats.intervals.margin import average, t_tests

__all__ = ["Weights", "pooled"]

Weights = Literal["tasks", "items"]


def pooled(
    tasks: Sequence[BenchmarkComparison],
    level: float,
    *,
    correction: Literal["holm", "bh", "none"] = "holm",
    weights: Weights = "tasks",
    same_within: float | None = None,
) -> BenchmarkComparison | None:
    """The tasks' average compared, as if it were one more benchmark; None where it has no meaning.

    Tasks are strata: items of each are drawn for themselves, so that the variances of the differences add up, whatever
    clusters each task has; where two models ran different items of one, its part is the difference of their means.
    Models that did not run every task have no average.

    Parameters
    ----------
    tasks : every pair of models on each task.
    level : confidence level; two models are told apart where the adjusted p-value is below 1 - level.
    correction : as in `measurand.measures.precision.paired_difference.compare`.
    weights : whether each task weighs the same, or each item.
    same_within : margin within which two models count as the same, as a share.

    Returns
    -------
    None with fewer than two tasks, fewer than two models that ran all of them, scores that are no shares, one task
    scored in two ways, or more models than are compared in pairs.
    """
    common = set[str].intersection(*(set(task.models) for task in tasks)) if tasks else set()
    usable = all(task.unit and not task.best_only for task in tasks) and not in_two_ways([t.benchmark for t in tasks])
    if len(tasks) < 2 or not 2 <= len(common) <= MOST_COMPARED or not usable:
        return None
    names = sorted(common)
    place = {model: i for i, model in enumerate(names)}
    rows, columns = np.triu_indices(len(names), 1)
    found = np.full((len(tasks), 5, len(rows)), np.nan)
    paired = np.ones(len(rows), dtype=bool)
    key = {(names[i], names[j]): k for k, (i, j) in enumerate(zip(rows, columns, strict=True))}
    for t, task in enumerate(tasks):
        for d in task.differences:
            if d.first in place and d.second in place:
                forward = (d.first, d.second) in key
                k = key[(d.first, d.second) if forward else (d.second, d.first)]
                found[t, :, k] = (d.value if forward else -d.value, d.stderr, d.df, d.clusters, d.n)
                paired[k] &= d.paired
    # Each pair by the items that it was compared on.
    size = found[:, 4] if weights == "items" else np.ones((len(tasks), 1))
    value, stderr, df = average(found[:, 0], found[:, 1], found[:, 2], found[:, 3], size)
    low, high = t_limits(value, stderr, df, level)
    with np.errstate(invalid="ignore"):
        p_values = 2 * student.sf(np.abs(value / stderr), df)
    adjusted = family(p_values, correction)
    alike = np.full(len(value), np.nan)
    if same_within is not None:
        sides = [t_tests(side, stderr, df, same_within).not_worse for side in (value, -value)]
        alike = family(np.maximum(*sides), correction)
    share = size.max(axis=1) / size.max(axis=1).sum()
    scores = np.array([[task.scores[task.models.index(name)] for name in names] for task in tasks])
    pairs = [
        Difference(
            first=names[i],
            second=names[j],
            value=float(value[k]),
            low=float(np.maximum(low[k], -1.0)),
            high=float(np.minimum(high[k], 1.0)),
            stderr=float(stderr[k]),
            df=float(df[k]),
            p_value=float(p_values[k]),
            adjusted=float(adjusted[k]),
            alike=float(alike[k]),
            n=int(found[:, 4, k].sum()),
            clusters=int(found[:, 3, k].sum()),
            left_out=0,
            paired=bool(paired[k]),
            reduction=float("nan"),
            method=f"mean of {len(tasks)} tasks, Satterthwaite t",
        )
        for k, (i, j) in enumerate(zip(rows, columns, strict=True))
    ]
    keys = [task.cluster_key for task in tasks if task.cluster_key]
    return ordered(
        dict(zip(names, (share @ scores).tolist(), strict=True)),
        [turned(d) if d.value < 0 else d for d in pairs],
        level,
        benchmark=AVERAGE,
        unit=True,
        cluster_key=keys[0] if keys else None,
        cluster_shown=any(task.cluster_shown for task in tasks),
    )
