"""What a cue does to a model's score on the same items: by pairs of conditions, or along doses."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from measurand.errors import NotApplicable
from measurand.measures.gaming.shared.awareness import NEEDS, dose_of, side_of
from measurand.measures.gaming.shared.conditions import LEAST_ITEMS
from measurand.measures.precision.shared.grid import Grid
from measurand.stats.hiding.doses import slope_parts
from measurand.stats.intervals.binomial import proportion_limits
from measurand.stats.intervals.clustered import CR2, cluster_sums, share_limits
from measurand.stats.intervals.limits import Limits
from measurand.stats.intervals.paired import paired_differences, paired_tests
from measurand.tables import Scores
from measurand.wording import plural

__all__ = ["Effect", "InCondition", "comparisons", "effect_of", "in_conditions"]

LEAST_IN_COMMON = 0.5
"""Of the smaller condition's items: of fewer, those in common are a selection, and the rest other items."""

LEAST_DOSES = 3
"""Of two numbers there is a difference, and no trend."""

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class InCondition:
    """What a model scores on a benchmark in one condition, on all items that it was scored on there."""

    benchmark: str
    model: str
    condition: str
    score: Limits
    n: int


@dataclass(frozen=True, kw_only=True)
class Effect:
    """How a model's score on the same items moves from one condition to another.

    Parameters
    ----------
    benchmark, model : of what.
    start, end : the conditions: the one without a cue and one with, or the least and the greatest dose.
    doses : how much greater the last dose is than the first; None where conditions are no doses. The trend is
        ``change / doses`` for each unit.
    change : of the score, the last minus the first; along the trend where there are doses.
    p_value, adjusted : of no change; and allowing for all changes looked at (Holm).
    without : the score in the condition without a cue, the score corrected for the cue; None if it was not run.
    reported : the score that was reported of the model; None where none was.
    watched : 1 where the end looks more like a test than the start, else -1; turned where a lower score is better.
    n, clusters, apart : items behind the change, their clusters, and items scored in one condition only.
    method : of the interval.
    """

    benchmark: str
    model: str
    start: str
    end: str
    doses: float | None
    change: Limits
    p_value: float
    adjusted: float
    without: InCondition | None
    reported: float | None
    watched: int
    n: int
    clusters: int
    apart: int
    method: str


def in_conditions(grid: Grid, row: int, level: float) -> list[InCondition]:
    """The score in every condition, with the interval that a score by itself has."""
    values = grid.scores[row]
    means = cluster_sums(values, grid.clusters).means()
    low, high = share_limits(means.value, means.stderr, means.df, level)
    counts = grid.clusters is None and _all_or_nothing(values)
    found = []
    for place, condition in enumerate(grid.variants):
        if not (n := int(means.n[place])):
            continue
        limits = Limits(float(means.value[place]), float(low[place]), float(high[place]))
        if counts:
            ends = proportion_limits(np.nansum(values[place]), n, level)
            limits = Limits(limits.value, *(float(end) for end in ends))
        found.append(
            InCondition(benchmark=grid.benchmark, model=grid.models[row], condition=condition, score=limits, n=n)
        )
    return found


def comparisons(own: Collection[str], baseline: str) -> list[list[str]]:
    """The conditions that each change is over, of those that a model was run in.

    All of them by size where they are doses, else the one without a cue with each other one.

    Raises
    ------
    NotApplicable
        Fewer than two conditions, or none without a cue.

    Examples
    --------
    >>> comparisons(["test", "none", "exam"], "none"), comparisons(["1", "-1", "0"], "0")
    ([['none', 'test'], ['none', 'exam']], [['-1', '0', '1']])
    """
    if len(own) < 2:
        raise NotApplicable(f"it was run in {plural(len(own), 'condition')} only", needs=NEEDS)
    doses = {name: dose for name in own if (dose := dose_of(name)) is not None}
    if len(doses) == len(own) and len(set(doses.values())) >= LEAST_DOSES:
        return [sorted(doses, key=doses.__getitem__)]
    if baseline not in own:
        raise NotApplicable(f"it was not run as “{baseline}”, the condition without a cue", needs=NEEDS)
    return [[baseline, condition] for condition in own if condition != baseline]


def effect_of(
    grid: Grid,
    row: int,
    names: Sequence[str],
    own: Mapping[str, InCondition],
    baseline: str,
    level: float,
    scores: Scores | None,
) -> Effect:
    """The change of one model's score from the first of these conditions to the last, along all where they are doses.

    Parameters
    ----------
    grid, row : scores, and the place of the model.
    names : conditions, from `comparisons`.
    own : the model in each condition, from `in_conditions`.
    scores : what was reported, and which benchmarks are better lower.

    Raises
    ------
    NotApplicable
        Fewer than 20 items in common, less than half of the smaller condition's, or items of one cluster only.
    """
    values = grid.scores[row][[grid.variants.index(name) for name in names]]
    ran = np.isfinite(values).sum(axis=0)
    both, smaller = int((ran > 1).sum()), min(own[name].n for name in names)
    if both < max(LEAST_ITEMS, LEAST_IN_COMMON * smaller):
        where = f"in both “{names[0]}” and “{names[1]}”" if len(names) == 2 else "at two doses"
        raise NotApplicable(
            f"{plural(both, 'item', 'was') if both else 'no item was'} scored {where}, of {smaller:,}: between "
            "different items a change of the score may be one of the items",
            needs=NEEDS,
        )
    doses = np.array([dose_of(name) for name in names], np.float64) if len(names) > 2 else np.array([0.0, 1.0])
    width = float(doses[-1] - doses[0])
    if grid.clusters is not None and len(np.unique(grid.clusters[ran > 1])) < 2:
        raise NotApplicable("the items are of one cluster only", needs=NEEDS)
    change, p_value, clusters, method = _change(values, doses, width, grid.clusters, level)
    worse = reported = None
    if scores is not None and grid.benchmark in set(scores.benchmarks["benchmark"]):
        worse = scores.benchmark_fact("higher_is", [grid.benchmark])[0]
        reported = _reported(scores, grid.benchmark, grid.models[row])
    return Effect(
        benchmark=grid.benchmark,
        model=grid.models[row],
        start=names[0],
        end=names[-1],
        doses=width if len(names) > 2 else None,
        change=change,
        p_value=p_value,
        adjusted=p_value,
        without=own.get(baseline),
        reported=reported,
        watched=side_of(names[0], names[-1]) * (-1 if worse == "worse" else 1),
        n=both,
        clusters=clusters,
        apart=int((ran == 1).sum()),
        method=method,
    )


def _change(
    values: Floats, doses: Floats, width: float, clusters: Ints | None, level: float
) -> tuple[Limits, float, int, str]:
    """The change over these doses with its interval, its p-value, the clusters behind it, and how it was made."""
    counts = len(doses) == 2 and clusters is None and _all_or_nothing(values)
    parts = values[::-1] if counts else np.stack([width * slope_parts(values, doses), np.zeros(values.shape[1])])
    pairs = paired_differences(parts, clusters)
    method = "exact McNemar, Bonett-Price interval" if counts else f"paired, {CR2}"
    if pairs.value[0] == 0 == pairs.stderr[0]:
        # Nothing changed anywhere: the interval of as many unchanged pairs as there are clusters, not one of width 0.
        counts, pairs = True, replace(pairs, n=pairs.clusters)
    p_value, low, high = (float(part[0]) for part in paired_tests(pairs, level, counts=counts))
    limits = Limits(float(pairs.value[0]), low, high).within(-1.0, 1.0)
    return limits, p_value, int(pairs.clusters[0]), method


def _all_or_nothing(values: Floats) -> bool:
    return bool(np.isin(values[np.isfinite(values)], (0.0, 1.0)).all())


def _reported(scores: Scores, benchmark: str, model: str) -> float | None:
    """What was reported of the model, as a share; None where nothing was."""
    # From the table: a matrix is turned so that higher is better.
    own = scores.table.filter(model=model, benchmark=benchmark)["score"]
    top = scores.benchmark_fact("maximum", [benchmark])[0]
    share = float(own[0]) / (1.0 if top is None else float(str(top))) if len(own) else np.nan
    return share if 0 <= share <= 1 else None
