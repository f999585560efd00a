"""Models of one benchmark compared two at a time: every pair of some, of many the best with every other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from measurand.measures.precision.shared.counts import once_right_or_wrong, within_unit
from measurand.stats.intervals.clustered import CR2, cluster_sums
from measurand.stats.intervals.margin import alike
from measurand.stats.intervals.multiplicity import letters
from measurand.stats.intervals.paired import paired_differences, paired_tests, welch
from measurand.tables import ItemTable

__all__ = [
    "MOST_COMPARED",
    "BenchmarkComparison",
    "Difference",
    "Unadjusted",
    "differences",
    "ordered",
    "turned",
]

LEAST_SHARED = 0.5
"""Least share of the shorter run's items that both models must have answered for a paired comparison."""
MOST_COMPARED = 200
"""Models up to which every pair is compared: of more, nobody reads the pairs, and 5,000 models have 12 million."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Difference:
    """The first model minus the second on one benchmark.

    Parameters
    ----------
    first, second : the models, the one with the higher score first.
    value, low, high : mean difference and its interval, not adjusted for the number of pairs; NaN where undefined.
    stderr, df : standard error of the difference and its degrees of freedom.
    p_value, adjusted : of no difference, alone and among all that were compared with it.
    alike : p-value against the two being the same within the margin asked about, adjusted like the other; NaN where
        none was, or where the models ran different items.
    n, clusters : items compared and the clusters they are in; of an unpaired comparison, of the smaller run.
    left_out : items that only one of the two ran.
    paired : whether the same items were compared; False only where the models ran different ones.
    reduction : share of the variance that pairing removed; NaN where it is not paired or undefined.
    method : how the p-value was made.
    """

    first: str
    second: str
    value: float
    low: float
    high: float
    stderr: float
    df: float
    p_value: float
    adjusted: float
    alike: float
    n: int
    clusters: int
    left_out: int
    paired: bool
    reduction: float
    method: str


@dataclass(frozen=True, kw_only=True)
class BenchmarkComparison:
    """Pairs of models on one benchmark.

    Parameters
    ----------
    best_only : whether the one with the highest score was compared with every other, and no further pair.
    models : from the highest to the lowest score; those who share a letter in `letters` cannot be told apart (no
        letters where only the best was compared).
    scores : mean score of each model.
    open_first : the models that the one with the highest score is not told apart from, itself among them.
    unit : whether every score lies between 0 and 1.
    """

    benchmark: str
    models: tuple[str, ...]
    scores: tuple[float, ...]
    letters: tuple[str, ...]
    open_first: tuple[str, ...]
    differences: tuple[Difference, ...]
    unit: bool
    cluster_key: str | None
    cluster_shown: bool
    best_only: bool


def differences(table: ItemTable, level: float, same_within: float | None = None) -> list[Difference]:
    """Pairs of one benchmark's models, the p-values not yet adjusted."""
    best = int(_means(table).argmax()) if len(table.models) > MOST_COMPARED else None
    pairs = paired_differences(table.scores, table.clusters, best)
    counts = once_right_or_wrong(table)
    p_values, low, high = paired_tests(pairs, level, counts=counts, unit=within_unit(table))
    same = np.full(len(p_values), np.nan) if same_within is None else alike(pairs, same_within, counts=counts)
    method = "exact McNemar" if counts else f"paired, {'t over items' if table.clusters is None else CR2}"
    ran = np.isfinite(table.scores).sum(axis=1)
    one, other = ran[pairs.first], ran[pairs.second]
    with np.errstate(invalid="ignore", divide="ignore"):
        # May be negative: models that fail on different items gain nothing by pairing, and that should be seen.
        reduction = 1 - (pairs.stderr / pairs.unpaired) ** 2
    # Few shared items may be the ones both runs got to before they stopped: pairing on them compares the easy part.
    comparable = pairs.n >= LEAST_SHARED * np.minimum(one, other)
    # Counted either way: an item that only one ran is missing from the comparison whoever left it out.
    left_out = one + other - 2 * pairs.n
    found = []
    for k, (i, j) in enumerate(zip(pairs.first, pairs.second, strict=True)):
        if not comparable[k]:
            found.append(_unpaired(table, int(i), int(j), level))
            continue
        found.append(
            Difference(
                first=table.models[i],
                second=table.models[j],
                value=float(pairs.value[k]),
                low=float(low[k]),
                high=float(high[k]),
                stderr=float(pairs.stderr[k]),
                df=float(pairs.df[k]),
                p_value=float(p_values[k]),
                adjusted=float("nan"),
                alike=float(same[k]),
                n=int(pairs.n[k]),
                clusters=int(pairs.clusters[k]),
                left_out=int(left_out[k]),
                paired=True,
                reduction=float(reduction[k]),
                method=method,
            )
        )
    return [difference if not difference.value < 0 else turned(difference) for difference in found]


def _unpaired(table: ItemTable, i: int, j: int, level: float) -> Difference:
    """Two models that ran different items."""
    means = cluster_sums(table.scores[[i, j]], table.clusters).means()
    found = welch(means, level)
    ran = np.isfinite(table.scores[[i, j]])
    return Difference(
        first=table.models[i],
        second=table.models[j],
        value=found.value,
        low=found.low,
        high=found.high,
        stderr=found.stderr,
        df=found.df,
        p_value=found.p_value,
        adjusted=float("nan"),
        alike=float("nan"),
        # The smaller run limits what the comparison can show.
        n=int(means.n.min()),
        clusters=int(means.clusters.min()),
        left_out=int((ran[0] != ran[1]).sum()),
        paired=False,
        reduction=float("nan"),
        method="unpaired (Welch)",
    )


def turned(found: Difference) -> Difference:
    """The same difference from the other side, so that the higher score comes first."""
    return replace(found, first=found.second, second=found.first, value=-found.value, low=-found.high, high=-found.low)


def _means(table: ItemTable) -> Floats:
    """Each model's own mean: with unequal items its order can differ from that of the paired differences."""
    return cluster_sums(table.scores).means().value


@dataclass(frozen=True)
class Unadjusted:
    """What a benchmark's table shows of its pairs, before others count: the table itself need not be kept.

    Parameters
    ----------
    means : score of each model. pairs : `differences` of the table.
    facts : the fields of a `BenchmarkComparison` that do not follow from these.
    """

    means: Mapping[str, float]
    pairs: Sequence[Difference]
    facts: Mapping[str, Any]

    @classmethod
    def of(cls, table: ItemTable, level: float, same_within: float | None = None) -> Unadjusted:
        """The pairs of a table, their p-values not yet adjusted."""
        facts = {
            "benchmark": table.benchmark,
            "unit": within_unit(table),
            "cluster_key": table.cluster_key,
            "cluster_shown": table.cluster_shown,
        }
        means = dict(zip(table.models, _means(table).tolist(), strict=True))
        return cls(means, differences(table, level, same_within), facts)


def ordered(means: Mapping[str, float], pairs: Sequence[Difference], level: float, **facts: Any) -> BenchmarkComparison:
    """Models from the highest to the lowest mean, with their letters.

    Parameters
    ----------
    means : score of each model. pairs : as they are once p-values are adjusted.
    level : two models are told apart below an adjusted p-value of 1 - level.
    facts : the fields of a `BenchmarkComparison` that do not follow from these.
    """
    models = tuple(sorted(means, key=lambda model: -means[model]))
    place = {model: i for i, model in enumerate(models)}
    best_only = len(models) > MOST_COMPARED
    told = {frozenset((place[d.first], place[d.second])) for d in pairs if d.adjusted < 1 - level}
    apart = np.zeros((0 if best_only else len(models),) * 2, dtype=bool)
    if not best_only:
        for i, j in told:
            apart[i, j] = apart[j, i] = True
    return BenchmarkComparison(
        models=models,
        scores=tuple(means[model] for model in models),
        # "Told apart" is not transitive, so overlapping letters and not disjoint groups.
        letters=tuple(letters(apart)),
        open_first=tuple(model for i, model in enumerate(models) if frozenset((0, i)) not in told),
        differences=tuple(sorted(pairs, key=lambda d: (place[d.first], place[d.second]))),
        best_only=best_only,
        **facts,
    )
