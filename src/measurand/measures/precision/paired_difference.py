"""P2, paired difference: which models can be told apart on the questions that both answered?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from measurand.errors import InputError, NotApplicable, UnknownName
from measurand.measures import Measure
from measurand.measures.precision.shared.counts import once_right_or_wrong, within_unit
from measurand.measures.precision.shared.summary import as_clusters
from measurand.measures.shared import bars, columns, estimate, finite, require_fraction
from measurand.measures.verdicts import family, headline
from measurand.results import Axis, Brief, Cell, Estimate, Figure, Finding, Question, Status
from measurand.stats.intervals.clustered import CR2, cluster_sums
from measurand.stats.intervals.multiplicity import letters
from measurand.stats.intervals.paired import paired_differences, paired_tests, welch
from measurand.tables import ItemTable, Responses, item_tables
from measurand.wording import DIFFERENCE, listed, of_total, percent, plural, shown, value_of

__all__ = ["MEASURE", "BenchmarkComparison", "Comparison", "Difference", "compare", "compared"]

LEAST_SHARED = 0.5
"""Least share of the shorter run's items that both models must have answered for a paired comparison."""
MOST_LISTED = 45
"""Pairs listed one by one; of more pairs, neighbours in the ranking are, and the matrix holds the others."""
POWER = 0.8
"""Chance that the items said to settle a difference do so: the one customary in planning, and P3's default."""

Floats = npt.NDArray[np.float64]
Correction = Literal["holm", "bh", "none"]


@dataclass(frozen=True, kw_only=True)
class Difference:
    """The first model minus the second on one benchmark.

    Parameters
    ----------
    first, second : the models, the one with the higher score first.
    value, low, high : mean difference and its interval, not adjusted for the number of pairs; NaN where undefined.
    stderr : standard error of the difference.
    p_value, adjusted : of no difference, alone and among all that were compared with it.
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
    p_value: float
    adjusted: float
    n: int
    clusters: int
    left_out: int
    paired: bool
    reduction: float
    method: str


@dataclass(frozen=True, kw_only=True)
class BenchmarkComparison:
    """All pairs of models on one benchmark.

    Parameters
    ----------
    models : from the highest to the lowest score; those who share a letter in `letters` cannot be told apart.
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


@dataclass(frozen=True, repr=False)
class Comparison(Brief):
    """Result of `compare`."""

    benchmarks: tuple[BenchmarkComparison, ...]
    correction: Correction
    level: float


def compare(
    responses: Responses, *, pair: Sequence[str] | None = None, correction: Correction = "holm", level: float = 0.95
) -> Comparison:
    """Differences between models on the items that both answered.

    Where items have clusters, or scores are not 0 or 1: mean of the paired differences with a cluster-robust (CR2)
    standard error and its t. Scores of 0 and 1 without clusters: exact McNemar test, and the adjusted Wald interval
    of Bonett and Price. Two models with less than half of the shorter run's items in common are compared unpaired
    (Welch), and that is said.

    Parameters
    ----------
    responses : item-level results of at least two models.
    pair : two models to compare; all pairs by default.
    correction : ``"holm"`` bounds the chance of any false alarm among the pairs of a benchmark (for one named pair,
        among its benchmarks), ``"bh"`` the share of false alarms, ``"none"`` leaves p-values as they are.
    level : confidence level, in (0, 1); two models are told apart where the adjusted p-value is below 1 - level.

    Raises
    ------
    NotApplicable
        No benchmark that two models ran.
    UnknownName
        A model of `pair` that is not there.
    InputError
        A setting out of its range.

    References
    ----------
    Miller 2024, arXiv 2411.00640, section 4; McNemar 1947, Psychometrika 12(2); Holm 1979.

    Examples
    --------
    >>> import polars as pl
    >>> from measurand.tables import RESPONSE_COLUMNS
    >>> rows = [(m, str(i), float(i % 3 > skip)) for m, skip in (("a", -1), ("b", 0)) for i in range(30)]
    >>> frame = pl.DataFrame(rows, schema=["model", "item", "score"], orient="row").with_columns(benchmark=pl.lit("b"))
    >>> result = compare(Responses(pl.concat([pl.DataFrame(schema=RESPONSE_COLUMNS), frame], how="diagonal").lazy()))
    >>> found = result.benchmarks[0].differences[0]
    >>> found.first, round(found.value, 3), round(found.p_value, 4), result.benchmarks[0].letters
    ('a', 0.333, 0.002, ('a', 'b'))
    """
    require_fraction(level=level)
    if correction not in ("holm", "bh", "none"):
        raise InputError(f"correction should be holm, bh or none, got {correction!r}")
    # Never across benchmarks: an item name they share does not make it the same question.
    tables = [table for table in item_tables(responses) if len(table.models) > 1]
    if not tables:
        raise NotApplicable("no benchmark was run by two models", needs="item-level results of at least two models")
    if pair is not None:
        tables = _of_pair(tables, pair)
    return compared(tables, correction, level, together=pair is not None)


def compared(tables: Sequence[ItemTable], correction: Correction, level: float, *, together: bool) -> Comparison:
    """`compare` of tables; the p-values of all benchmarks are one family, or those of each benchmark are one."""
    found = [_differences(table, level) for table in tables]
    p_values = [np.array([d.p_value for d in differences]) for differences in found]
    if together:
        # A named pair is one question asked of several benchmarks, so its p-values are corrected together.
        adjusted = np.split(family(np.concatenate(p_values), correction), np.cumsum(list(map(len, found)))[:-1])
    else:
        adjusted = [family(values, correction) for values in p_values]
    benchmarks = (
        _benchmark(table, [replace(d, adjusted=float(p)) for d, p in zip(own, values, strict=True)], level)
        for table, own, values in zip(tables, found, adjusted, strict=True)
    )
    return Comparison(tuple(benchmarks), correction, level)


def _of_pair(tables: Sequence[ItemTable], pair: Sequence[str]) -> list[ItemTable]:
    """The tables of benchmarks that both models ran, with the two alone."""
    if len(pair) != 2 or pair[0] == pair[1]:
        raise InputError(f"pair should be two different models, got {', '.join(pair) or 'none'}")
    known = dict.fromkeys(model for table in tables for model in table.models)
    for model in pair:
        if model not in known:
            raise UnknownName("model", model, known)
    both = [table.only(sorted(pair)) for table in tables if set(pair) <= set(table.models)]
    if not both:
        raise NotApplicable(f"{pair[0]} and {pair[1]} ran no benchmark both", needs="a benchmark that both models ran")
    return both


def _differences(table: ItemTable, level: float) -> list[Difference]:
    """Every pair of one benchmark's models, the p-values not yet adjusted."""
    pairs = paired_differences(table.scores, table.clusters)
    counts = once_right_or_wrong(table)
    p_values, low, high = paired_tests(pairs, level, counts=counts, unit=within_unit(table))
    method = "exact McNemar" if counts else f"paired, {'t over items' if table.clusters is None else CR2}"
    ran = np.isfinite(table.scores)
    found = []
    for k, (i, j) in enumerate(zip(pairs.first, pairs.second, strict=True)):
        shared = int(pairs.n[k])
        # Few shared items may be the ones both runs got to before they stopped: pairing on them compares the easy part.
        if shared < LEAST_SHARED * min(ran[i].sum(), ran[j].sum()):
            found.append(_unpaired(table, int(i), int(j), level))
            continue
        with np.errstate(invalid="ignore", divide="ignore"):
            # May be negative: models that fail on different items gain nothing by pairing, and that should be seen.
            reduction = 1 - (pairs.stderr[k] / pairs.unpaired[k]) ** 2
        found.append(
            Difference(
                first=table.models[i],
                second=table.models[j],
                value=float(pairs.value[k]),
                low=float(low[k]),
                high=float(high[k]),
                stderr=float(pairs.stderr[k]),
                p_value=float(p_values[k]),
                adjusted=float("nan"),
                n=shared,
                clusters=int(pairs.clusters[k]),
                # Counted either way: an item that only one ran is missing from the comparison whoever left it out.
                left_out=int((ran[i] ^ ran[j]).sum()),
                paired=True,
                reduction=float(reduction),
                method=method,
            )
        )
    return [difference if not difference.value < 0 else _turned(difference) for difference in found]


def _unpaired(table: ItemTable, i: int, j: int, level: float) -> Difference:
    """Two models that ran different items."""
    means = cluster_sums(table.scores[[i, j]], table.clusters).means()
    value, stderr, low, high, p_value = welch(means, level)
    ran = np.isfinite(table.scores[[i, j]])
    return Difference(
        first=table.models[i],
        second=table.models[j],
        value=value,
        low=low,
        high=high,
        stderr=stderr,
        p_value=p_value,
        adjusted=float("nan"),
        # The smaller run limits what the comparison can show.
        n=int(means.n.min()),
        clusters=int(means.clusters.min()),
        left_out=int((ran[0] != ran[1]).sum()),
        paired=False,
        reduction=float("nan"),
        method="unpaired (Welch)",
    )


def _turned(found: Difference) -> Difference:
    """The same difference from the other side, so that the higher score comes first."""
    return replace(found, first=found.second, second=found.first, value=-found.value, low=-found.high, high=-found.low)


def _benchmark(table: ItemTable, differences: Sequence[Difference], level: float) -> BenchmarkComparison:
    means = cluster_sums(table.scores).means().value
    # By each model's own mean: with unequal items it can differ from the order of the paired differences.
    order = np.argsort(-means, kind="stable")
    models = [table.models[i] for i in order]
    apart = np.zeros((len(models), len(models)), dtype=bool)
    place = {model: i for i, model in enumerate(models)}
    for d in differences:
        i, j = place[d.first], place[d.second]
        apart[i, j] = apart[j, i] = d.adjusted < 1 - level
    return BenchmarkComparison(
        benchmark=table.benchmark,
        models=tuple(models),
        scores=tuple(float(means[i]) for i in order),
        # "Told apart" is not transitive, so overlapping letters and not disjoint groups.
        letters=tuple(letters(apart)),
        open_first=tuple(model for model, beaten in zip(models, apart[0], strict=True) if not beaten),
        differences=tuple(sorted(differences, key=lambda d: (place[d.first], place[d.second]))),
        unit=within_unit(table),
        cluster_key=table.cluster_key,
        cluster_shown=table.cluster_shown,
    )


def judge(result: Comparison) -> list[Finding]:
    """Passed: told apart; caution: not, or not with the items there are; nothing here is an issue by itself."""
    found = [_finding(b, d, result) for b in result.benchmarks for d in _listed(b)]
    summaries = [_summary(benchmark, result) for benchmark in result.benchmarks]
    every = [d for benchmark in result.benchmarks for d in benchmark.differences]
    apart = sum(d.adjusted < 1 - result.level for d in every)
    told = of_total(apart, len(every), "pair of models", "can be told apart", "cannot be told apart")
    sentence = f"{told} on the questions both answered"
    if unpaired := sum(not d.paired for d in every):
        sentence += f"; {plural(unpaired, 'pair', 'was compared')} on different questions"
    caveats = [*MEASURE.caveats]
    if any(benchmark.cluster_key is None for benchmark in result.benchmarks):
        caveats.append("Items were treated as independent.")
    for key in dict.fromkeys(b.cluster_key for b in result.benchmarks if b.cluster_key and b.cluster_shown):
        sentence += f"; {as_clusters(key, shown=True)}"
    return [headline(f"{sentence}.", found, caveats=tuple(caveats), figure="P2.matrix"), *summaries, *found]


def _listed(benchmark: BenchmarkComparison) -> Sequence[Difference]:
    if len(benchmark.differences) <= MOST_LISTED:
        return benchmark.differences
    neighbours = {frozenset(pair) for pair in zip(benchmark.models, benchmark.models[1:], strict=False)}
    return [d for d in benchmark.differences if frozenset((d.first, d.second)) in neighbours]


def _summary(benchmark: BenchmarkComparison, result: Comparison) -> Finding:
    apart = sum(d.adjusted < 1 - result.level for d in benchmark.differences)
    total = len(benchmark.differences)
    ranked = list(zip(benchmark.models, benchmark.letters, strict=True))
    top = list(benchmark.open_first)
    shown = listed(top[:3] + ([f"{len(top) - 3} more"] if len(top) > 3 else []))
    first = f"{top[0]} is ahead of all others" if len(top) == 1 else f"first place is open between {shown}"
    return Finding(
        subject={"benchmark": benchmark.benchmark},
        status=Status.PASSED if apart == total else Status.CAUTION,
        sentence=f"{of_total(apart, total, 'pair', 'can be told apart', 'cannot be told apart')}; {first}.",
        figure="P2.matrix",
        result={"letters": tuple(f"{model}: {own}" for model, own in ranked)},
    )


def _finding(benchmark: BenchmarkComparison, d: Difference, result: Comparison) -> Finding:
    unit = DIFFERENCE if benchmark.unit else ""
    difference = estimate("difference", d.value, d.low, d.high, level=result.level, method=d.method, n=d.n, unit=unit)
    status, sentence = _verdict(benchmark, d, difference, result)
    estimates = [
        difference,
        Estimate(name="p_value", value=finite(d.p_value), method=d.method, n=d.n),
        Estimate(name="adjusted_p_value", value=finite(d.adjusted), method=result.correction, n=d.n),
    ]
    if np.isfinite(d.reduction):
        estimates.append(Estimate(name="variance_removed_by_pairing", value=d.reduction, n=d.n))
    facts: dict[str, Cell] = {"n_items": d.n, "clusters": d.clusters, "items_left_out": d.left_out, "paired": d.paired}
    return Finding(
        subject={"benchmark": benchmark.benchmark, "model": d.first, "other": d.second},
        status=status,
        sentence=sentence,
        estimates=tuple(estimates),
        figure="P2.matrix",
        result=facts,
    )


def _verdict(
    benchmark: BenchmarkComparison, d: Difference, difference: Estimate, result: Comparison
) -> tuple[Status, str]:
    clusters = f" in {plural(d.clusters, 'cluster')}" if benchmark.cluster_key else ""
    items = f"the same {plural(d.n, 'item')}" if d.paired else f"different items ({d.n} the fewer)"
    basis = f"on {items}{clusters}"
    lead = f"{d.first} scores {shown(difference)} higher than {d.second} {basis}"
    if not np.isfinite(d.adjusted):
        sentence = f"{d.first} scores {value_of(difference)} higher than {d.second} {basis}, too few to say more."
        return Status.CAUTION, sentence
    # Adjusted p-values, not intervals: an interval of one pair does not allow for the number of pairs.
    if d.adjusted < 1 - result.level:
        return Status.PASSED, f"{lead}: more than chance explains."
    # Without a lead there is no leader to name, and no sample size that would settle it.
    if d.value == 0:
        return Status.CAUTION, f"{d.first} and {d.second} score the same {basis} (difference {shown(difference)})."
    if d.p_value < 1 - result.level:
        rest = f"more than chance explains in one comparison, but not among {len(benchmark.differences)}."
    else:
        rest = f"chance may explain it.{_needed(d, benchmark, result)}"
    return Status.CAUTION, f"{lead}: {rest}"


def _needed(d: Difference, benchmark: BenchmarkComparison, result: Comparison) -> str:
    """What would settle a difference of the size seen."""
    if not (d.stderr > 0 and d.paired):
        return ""
    reach = ndtri(0.5 + result.level / 2) + ndtri(POWER)
    units = d.clusters if benchmark.cluster_key else d.n
    needed = units * (reach * d.stderr / d.value) ** 2
    # Fewer than there are happens where t or McNemar is stricter than the normal formula: no advice to give.
    if needed > 1e6 or needed <= units:
        return ""
    what = "clusters" if benchmark.cluster_key else "items"
    return f" About {int(np.ceil(needed)):,} such {what} would settle a difference of this size."


def figure(result: Comparison) -> list[Figure]:
    """Every pair as a cell, and the differences with their intervals; one benchmark at a time."""
    cells: list[tuple[Cell, ...]] = []
    rows: list[tuple[Cell, ...]] = []
    for benchmark in result.benchmarks:
        of = {frozenset((d.first, d.second)): d for d in benchmark.differences}
        cells += [
            (benchmark.benchmark, row, column, *_cell(of.get(frozenset((row, column))), row, result))
            for row in benchmark.models
            for column in benchmark.models
        ]
        for d in _listed(benchmark):
            told = "told apart" if d.adjusted < 1 - result.level else "not told apart"
            limits = (finite(d.low), finite(d.high))
            pair = f"{d.first} − {d.second}"
            rows.append((benchmark.benchmark, pair, d.value, *limits, told, finite(d.adjusted), d.n))
    return [
        Figure(
            name="P2.matrix",
            kind="heatmap",
            title="Which models can be told apart",
            caption="Row's score minus column's on the items both answered, where that is more than chance explains.",
            columns=columns(("benchmark", "row", "column", "difference", "verdict", "adjusted p", "items"), cells),
            x=Axis("column", "", "nominal"),
            y=Axis("row", "", "nominal"),
            color="difference",
            select=("benchmark",),
        ),
        bars(
            "P2.differences",
            "Differences between models",
            f"Bars: {percent(result.level)} intervals, each on its own; the colour allows for the number of pairs.",
            columns(("benchmark", "pair", "difference", "low", "high", "verdict", "adjusted p", "items"), rows),
            Axis("difference", "difference of scores"),
            Axis("pair", "", "nominal"),
            color="verdict",
            select=("benchmark",),
            rules=(0.0,),
        ),
    ]


def _cell(d: Difference | None, row: str, result: Comparison) -> tuple[Cell, ...]:
    """Difference seen from the row's model, blank where it may be chance, with verdict, p-value and items."""
    if d is None:
        return None, "", None, None
    value = d.value if d.first == row else -d.value
    apart = d.adjusted < 1 - result.level
    # Blank and not pale: a colour for a difference that may be chance would be read as one.
    return value if apart else None, "told apart" if apart else "not told apart", finite(d.adjusted), d.n


MEASURE = Measure(
    code="P2",
    name="paired difference",
    question=Question.PRECISION,
    asks="Which models can be told apart on the questions that both answered?",
    needs="item-level results of at least two models",
    formula=(
        "d_i = score_A,i - score_B,i on the items both ran; mean d with CR2 by cluster and its t; independent 0/1 "
        "items: exact McNemar. Holm over all pairs of a benchmark."
    ),
    compute=compare,
    judge=judge,
    figure=figure,
    caveats=(
        "Intervals are each at their own level; the verdicts allow for the number of pairs of a benchmark, not for the "
        "number of benchmarks.",
        "Models that cannot be told apart are not thereby equal: the interval says how far apart they may be.",
    ),
    references=(
        "Miller 2024, Adding error bars to evals, arXiv 2411.00640",
        "McNemar 1947, Psychometrika 12(2)",
        "Bonett and Price 2012, Adjusted Wald confidence interval for a difference of binomial proportions based on "
        "paired data, J. Educational and Behavioral Statistics 37(4)",
        "Holm 1979, A simple sequentially rejective multiple test procedure, Scandinavian J. Statistics 6(2)",
        "Piepho 2004, An algorithm for a letter-based representation of all-pairwise comparisons, JCGS 13(2)",
    ),
)
