"""P2, paired difference: which models can be told apart on the questions that both answered?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from measurand.errors import InputError, NotApplicable, UnknownName
from measurand.measures import Measure
from measurand.measures.precision.shared.comparison import MOST_UNITS, Comparison, Correction, units_needed
from measurand.measures.precision.shared.comparison_answer import answer
from measurand.measures.precision.shared.differing import Differing, differing
from measurand.measures.precision.shared.model_pairs import (
    MOST_COMPARED,
    BenchmarkComparison,
    Difference,
    Unadjusted,
    ordered,
)
from measurand.measures.precision.shared.pooled import Weights, pooled
from measurand.measures.precision.shared.summary import as_clusters
from measurand.measures.shared import bars, columns, estimate, finite, require_fraction
from measurand.measures.verdicts import family, headline
from measurand.results import Axis, Cell, Estimate, Figure, Finding, Question, Status
from measurand.tables import ItemTable, Responses, item_tables
from measurand.wording import (
    DIFFERENCE,
    listed,
    of_total,
    percent,
    plural,
    shown,
    value_of,
)

__all__ = ["MEASURE", "BenchmarkComparison", "Comparison", "Difference", "compare", "compared"]

MOST_LISTED = 45
"""Pairs listed one by one; of more pairs, neighbours in the ranking are, and the matrix holds the others. Where the
best alone was compared, it is with so many of the next."""

Floats = npt.NDArray[np.float64]


def compare(
    responses: Responses,
    *,
    pair: Sequence[str] | None = None,
    correction: Correction = "holm",
    weights: Weights = "tasks",
    same_within: float | None = None,
    texts: bool = True,
    level: float = 0.95,
) -> Comparison:
    """Differences between models on the items that both answered, by benchmark and on average.

    On a benchmark of more than 200 models the best is compared with every other, and no further pair. Where items have
    clusters, or scores are not 0 or 1: mean of the paired differences with a cluster-robust (CR2)
    standard error and its t. Scores of 0 and 1 without clusters: exact McNemar test, and the adjusted Wald interval
    of Bonett and Price. Two models with less than half of the shorter run's items in common are compared unpaired
    (Welch), and that is said.

    Parameters
    ----------
    responses : item-level results of at least two models.
    pair : two models to compare; all pairs by default.
    correction : ``"holm"`` bounds the chance of any false alarm among the pairs of a benchmark (for one named pair,
        among its benchmarks), ``"bh"`` the share of false alarms, ``"none"`` leaves p-values as they are.
    weights : whether the average gives each benchmark the same weight, or each item. Benchmarks are strata: the items
        of each are drawn for themselves, clusters kept.
    same_within : a difference that does not matter, as a share: two models whose difference is shown to be smaller
        either way (two one-sided tests) are the same within it.
    texts : whether the items on which a named pair differs come with both answers, where the results hold them.
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
    Miller 2024, arXiv 2411.00640, section 4; McNemar 1947, Psychometrika 12(2); Holm 1979; Hsu 1981.

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
    if weights not in ("tasks", "items"):
        raise InputError(f"weights should be tasks or items, got {weights!r}")
    if same_within is not None:
        require_fraction(same_within=same_within)
    return joined(
        [Unadjusted.of(table, level, same_within) for table in tables],
        correction,
        level,
        pair=None if pair is None else tuple(pair),
        items=() if pair is None else differing(responses, tables, (pair[0], pair[1]), texts=texts),
        weights=weights,
        same_within=same_within,
    )


def compared(tables: Iterable[ItemTable], correction: Correction, level: float) -> Comparison:
    """`compare` of tables, all pairs."""
    return joined([Unadjusted.of(table, level) for table in tables], correction, level)


def joined(
    found: Sequence[Unadjusted],
    correction: Correction,
    level: float,
    *,
    pair: tuple[str, ...] | None = None,
    items: tuple[Differing, ...] = (),
    weights: Weights = "tasks",
    same_within: float | None = None,
) -> Comparison:
    """The pairs of all tables: the p-values of a named pair are one family, else those of each benchmark are one."""

    def adjusted(p_values: list[Floats]) -> list[Floats]:
        if pair is not None:
            # A named pair is one question asked of several benchmarks, so its p-values are corrected together.
            ends = np.cumsum([len(own.pairs) for own in found])[:-1]
            return np.split(family(np.concatenate(p_values), correction), ends)
        return [
            _with_the_best(values, correction) if len(own.means) > MOST_COMPARED else family(values, correction)
            for own, values in zip(found, p_values, strict=True)
        ]

    apart = adjusted([np.array([d.p_value for d in own.pairs]) for own in found])
    same = adjusted([np.array([d.alike for d in own.pairs]) for own in found])
    benchmarks = tuple(
        ordered(
            own.means,
            [replace(d, adjusted=float(p), alike=float(q)) for d, p, q in zip(own.pairs, ps, qs, strict=True)],
            level,
            **own.facts,
        )
        for own, ps, qs in zip(found, apart, same, strict=True)
    )
    return Comparison(
        benchmarks=benchmarks,
        average=pooled(benchmarks, level, correction=correction, weights=weights, same_within=same_within),
        pair=pair,
        items=items,
        correction=correction,
        weights=weights,
        same_within=same_within,
        level=level,
    )


def _with_the_best(p_values: Floats, correction: Correction) -> Floats:
    """Bonferroni's adjusted p-values of the best against every other.

    Which one is the best is seen from the same scores. The one that really is best is all the same set apart from the
    best seen with probability 1 - level at most (Hsu 1981), but by no method that steps down.
    """
    if correction == "none":
        return p_values.copy()
    result: Floats = np.minimum(p_values * np.isfinite(p_values).sum(), 1.0)
    return result


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


def judge(result: Comparison) -> list[Finding]:
    """Passed: told apart; caution: not, or not with the items there are; nothing here is an issue by itself."""
    found = [_finding(b, d, result) for b in result.all for d in _listed(b)]
    summaries = [_summary(benchmark, result) for benchmark in result.all]
    every = [d for benchmark in result.benchmarks for d in benchmark.differences]
    apart = sum(d.adjusted < 1 - result.level for d in every)
    many = any(benchmark.best_only for benchmark in result.benchmarks)
    told = of_total(apart, len(every), "pair of models", "can be told apart", "cannot be told apart")
    if many:
        told = f"{apart:,} of {plural(len(every), 'pair')} compared can be told apart"
    unpaired = sum(not d.paired for d in every)
    sentence = told if unpaired else f"{told} on the questions both answered"
    if many:
        sentence += f"; of more than {MOST_COMPARED} models on a benchmark the best alone is compared, with every other"
    if unpaired:
        sentence += f"; {plural(unpaired, 'pair', 'was compared')} on different questions"
    caveats = [*MEASURE.caveats]
    if many:
        caveats.append(
            "A model told apart from the best one seen is shown not to be the best (Bonferroni over these pairs)."
        )
    if any(benchmark.cluster_key is None for benchmark in result.benchmarks):
        caveats.append("Items were treated as independent.")
    for key in dict.fromkeys(b.cluster_key for b in result.benchmarks if b.cluster_key and b.cluster_shown):
        sentence += f"; {as_clusters(key, shown=True)}"
    return [
        headline(f"{sentence}.", found, caveats=tuple(caveats), figure=_figure(*result.benchmarks)),
        *summaries,
        *found,
    ]


def _figure(*benchmarks: BenchmarkComparison) -> str:
    """The picture that holds the pairs of benchmarks: the matrix, if it has any of theirs."""
    return "P2.differences" if all(benchmark.best_only for benchmark in benchmarks) else "P2.matrix"


def _listed(benchmark: BenchmarkComparison) -> Sequence[Difference]:
    if benchmark.best_only:
        return benchmark.differences[:MOST_LISTED]
    if len(benchmark.differences) <= MOST_LISTED:
        return benchmark.differences
    neighbours = {frozenset(pair) for pair in zip(benchmark.models, benchmark.models[1:], strict=False)}
    return [d for d in benchmark.differences if frozenset((d.first, d.second)) in neighbours]


def _summary(benchmark: BenchmarkComparison, result: Comparison) -> Finding:
    apart = sum(d.adjusted < 1 - result.level for d in benchmark.differences)
    total = len(benchmark.differences)
    top = list(benchmark.open_first)
    shown = listed(top[:3] + ([f"{len(top) - 3:,} more"] if len(top) > 3 else []))
    first = f"{top[0]} is ahead of all others" if len(top) == 1 else f"first place is open between {shown}"
    facts: dict[str, Sequence[Cell]]
    if benchmark.best_only:
        told = f"{benchmark.models[0]}, the best of {total + 1:,} models, is told apart from {apart:,} of the others"
        facts = {"model": benchmark.models, "score": benchmark.scores, "may_be_best": benchmark.open_first}
    else:
        told = of_total(apart, total, "pair", "can be told apart", "cannot be told apart")
        ranked = zip(benchmark.models, benchmark.letters, strict=True)
        facts = {"letters": tuple(f"{model}: {own}" for model, own in ranked)}
    return Finding(
        subject={"benchmark": benchmark.benchmark},
        status=Status.PASSED if apart == total else Status.CAUTION,
        sentence=f"{told}; {first}.",
        figure=_figure(benchmark),
        result=facts,
    )


def _finding(benchmark: BenchmarkComparison, d: Difference, result: Comparison) -> Finding:
    unit = DIFFERENCE if benchmark.unit else ""
    difference = estimate("difference", d.value, d.low, d.high, level=result.level, method=d.method, n=d.n, unit=unit)
    status, sentence = _verdict(benchmark, d, difference, result)
    correction = "bonferroni" if benchmark.best_only and result.correction != "none" else result.correction
    estimates = [
        difference,
        Estimate(name="p_value", value=finite(d.p_value), method=d.method, n=d.n),
        Estimate(name="adjusted_p_value", value=finite(d.adjusted), method=correction, n=d.n),
    ]
    if np.isfinite(d.reduction):
        estimates.append(Estimate(name="variance_removed_by_pairing", value=d.reduction, n=d.n))
    facts: dict[str, Cell] = {"n_items": d.n, "clusters": d.clusters, "items_left_out": d.left_out, "paired": d.paired}
    return Finding(
        subject={"benchmark": benchmark.benchmark, "model": d.first, "other": d.second},
        status=status,
        sentence=sentence,
        estimates=tuple(estimates),
        figure=_figure(benchmark),
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
    needed = units_needed(d, benchmark, result)
    if needed is None or needed > MOST_UNITS:
        return ""
    what = "clusters" if benchmark.cluster_key else "items"
    return f" About {needed:,} such {what} would settle a difference of this size."


def figure(result: Comparison) -> list[Figure]:
    """Every pair as a cell, and the differences with their intervals; one benchmark at a time."""
    cells: list[tuple[Cell, ...]] = []
    rows: list[tuple[Cell, ...]] = []
    for benchmark in result.all:
        of = {frozenset((d.first, d.second)): d for d in benchmark.differences}
        drawn = () if benchmark.best_only else benchmark.models
        cells += [
            (benchmark.benchmark, row, column, *_cell(of.get(frozenset((row, column))), row, result))
            for row in drawn
            for column in drawn
        ]
        for d in _listed(benchmark):
            told = "told apart" if d.adjusted < 1 - result.level else "not told apart"
            limits = (finite(d.low), finite(d.high))
            pair = f"{d.first} − {d.second}"
            rows.append((benchmark.benchmark, pair, d.value, *limits, told, finite(d.adjusted), d.n))
    matrix = [
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
        )
    ]
    return [
        *(matrix if cells else ()),
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
    answer=answer,
    shorts={
        Status.CAUTION: "could be chance",
        Status.PASSED: "told apart",
    },
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
        "Hsu 1981, Simultaneous confidence intervals for all distances from the best, Annals of Statistics 9(5)",
        "Piepho 2004, An algorithm for a letter-based representation of all-pairwise comparisons, JCGS 13(2)",
    ),
)
