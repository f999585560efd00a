"""P6 rerun reliability: whether running the same items again gives the same answers and scores."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from measurand.errors import NotApplicable
from measurand.measures import Measure
from measurand.measures.precision.shared.grid import Floats, Ints, unit_scale
from measurand.measures.precision.shared.summary import counted, joint_headline
from measurand.measures.shared import MODEL, bars, columns, estimate, finite, require_fraction
from measurand.measures.verdicts import Side, Unassessed, against, unassessed, verdict
from measurand.results import Axis, Brief, Cell, Estimate, Figure, Finding, Question, Status
from measurand.stats.intervals.clustered import CR2
from measurand.stats.intervals.limits import Limits
from measurand.stats.items.reruns import agreement_limits, all_same, intraclass, run_deviation
from measurand.tables import ItemTable, Responses, item_tables
from measurand.wording import CORRELATION, DIFFERENCE, SHARE, more_needed, percent, plural, shown, value_of

__all__ = ["MEASURE", "Rerun", "Reruns", "figure", "judge", "reruns"]

LEAST_ITEMS = 10
"""Items below which no interval of a share is narrow enough to say anything."""
NEEDED = "at least 2 runs (epochs) of at least 10 items, better 5; independent runs at the settings that are reported"

METHOD = "Wilson or Clopper-Pearson over items"
CLUSTERED = f"Wilson or Clopper-Pearson at the design effect of the clusters, {CR2}"


@dataclass(frozen=True, kw_only=True)
class Rerun:
    """How far one model's runs on one benchmark agree.

    Parameters
    ----------
    benchmark, model : of what.
    runs : how many runs most items have; `same_score` and `same_answer` look at that many.
    items, complete : items with at least 2 runs, and with as many as `runs`.
    flips : chance that a second run of an item scores differently: 1 - pairwise agreement of scores.
    flips_of_all : its interval, widened so that those of all models and benchmarks hold together.
    same_score : TARa@N, share of items whose N runs all have the same score.
    same_answer : TARr@N, share whose N answers are the same text; None if the answers are not recorded.
    answer_pairs : pairwise agreement of the answers' text; None likewise.
    intraclass : ICC(1) of the scores.
    deviation : standard deviation of the mean score of one run, on the scale of [0, 1].
    clusters : independent clusters, None if items are taken as independent.
    binary : whether every score is 0 or 1.
    """

    benchmark: str
    model: str
    runs: int
    items: int
    complete: int
    flips: Limits
    flips_of_all: Limits
    same_score: Limits
    same_answer: Limits | None
    answer_pairs: Limits | None
    intraclass: Limits
    deviation: Limits
    clusters: int | None
    binary: bool


@dataclass(frozen=True, repr=False)
class Reruns(Brief):
    """Every model and benchmark with repeated runs, what cannot be assessed, and the level of the intervals."""

    each: tuple[Rerun, ...]
    unassessed: tuple[Unassessed, ...]
    level: float


def reruns(responses: Responses, *, level: float = 0.95) -> Reruns:
    """How far repeated runs of the same items agree, by model and benchmark.

    Parameters
    ----------
    responses : item-level results; the runs of an item are its epochs. Where several variants of a prompt were used
        the one with most rows stands for the benchmark.
    level : of the intervals.

    Returns
    -------
    Reruns

    Raises
    ------
    NotApplicable
        Nothing was run more than once.
    InputError
        A level out of (0, 1).
    """
    require_fraction(level=level)
    found: list[Rerun] = []
    unassessed: list[Unassessed] = []
    pairs: list[tuple[Floats, Ints | None]] = []
    for table in item_tables(responses):
        repeated = (table.epochs >= 2).sum(axis=1)
        few = [model for model, count in zip(table.models, repeated, strict=True) if count < LEAST_ITEMS]
        if few:
            named = few[0] if len(few) == 1 else f"{len(few)} of its {plural(len(table.models), 'model')}"
            reason = f"{named} ran fewer than {LEAST_ITEMS} items more than once"
            unassessed.append(Unassessed({"benchmark": table.benchmark}, reason, NEEDED))
        if len(few) == len(table.models):
            continue
        for rerun, agreement, clusters in _of_table(responses, table, level):
            found.append(rerun)
            pairs.append((agreement, clusters))
    if not found:
        raise NotApplicable("no model ran the items of a benchmark more than once", needs=NEEDED)
    # Bonferroni, as the headline needs one bound that holds for all; models run on the same items are not independent.
    together = 1 - (1 - level) / len(found)
    widened = (agreement_limits(1 - agreement, clusters, together) for agreement, clusters in pairs)
    each = (replace(rerun, flips_of_all=limits) for rerun, limits in zip(found, widened, strict=True))
    return Reruns(tuple(each), tuple(unassessed), level)


def _of_table(responses: Responses, table: ItemTable, level: float) -> Iterator[tuple[Rerun, Floats, Ints | None]]:
    """Each model that reran enough items, with the agreement of its items' scores and their clusters."""
    rows = responses.frame.filter(
        pl.col("benchmark") == table.benchmark,
        # eq_missing: a run whose log names no reading or variant has null there, and == would drop all its rows.
        pl.col("reading").eq_missing(pl.lit(table.reading, dtype=pl.String)),
        pl.col("variant").eq_missing(pl.lit(table.variant, dtype=pl.String)),
    ).drop_nulls(["score", "item", "model"])
    by_score, by_answer = (_counts(rows, table, column) for column in ("score", "answer"))
    recorded = by_answer["answer"].null_count() < len(by_answer)
    # One scale for the whole benchmark: scaled per model, the steadiest would look as noisy as the rest.
    low, length = unit_scale(by_score["score"].to_numpy())
    for row, model in enumerate(table.models):
        kept = np.flatnonzero(table.epochs[row] >= 2)
        if len(kept) < LEAST_ITEMS:
            continue
        clusters = None if table.clusters is None else table.clusters[kept]
        epochs = table.epochs[row, kept]
        sizes, times = np.unique(epochs, return_counts=True)
        # Of equally common numbers of runs the larger: it is the one that more of the data were made for.
        runs = int(sizes[len(sizes) - 1 - times[::-1].argmax()])
        pairs, all_runs = (_agreement(by_score, row, kept, size) for size in (2, runs))
        answer_pairs, all_answers = (_agreement(by_answer, row, kept, size) for size in (2, runs))
        within = table.within[row, kept] / length**2
        # Pairwise, as it does not depend on N; the share of items alike in all N runs falls with N by construction.
        flips = agreement_limits(1 - pairs, clusters, level)
        found = Rerun(
            benchmark=table.benchmark,
            model=model,
            runs=runs,
            items=len(kept),
            complete=int(np.isfinite(all_runs).sum()),
            flips=flips,
            flips_of_all=flips,
            same_score=agreement_limits(all_runs, clusters, level),
            same_answer=agreement_limits(all_answers, clusters, level) if recorded else None,
            answer_pairs=agreement_limits(answer_pairs, clusters, level) if recorded else None,
            intraclass=intraclass((table.scores[row, kept] - low) / length, within, epochs, clusters, level),
            deviation=run_deviation(within, clusters, level),
            clusters=None if clusters is None else len(np.unique(clusters)),
            binary=table.binary,
        )
        yield found, pairs, clusters


def _counts(rows: pl.LazyFrame, table: ItemTable, column: str) -> pl.DataFrame:
    """How often each model gave each distinct value on each item; no value counts as a value."""
    return (
        rows.group_by("model", "item", column)
        .agg(pl.len().cast(pl.Int64).alias("count"))
        .with_columns(
            pl.col(name).cast(pl.Enum(names)).to_physical().cast(pl.Int64)
            for name, names in (("model", table.models), ("item", table.items))
        )
        .collect(engine="streaming")
    )


def _agreement(counts: pl.DataFrame, row: int, kept: Ints, runs: int) -> Floats:
    """`all_same` of one model's items, in their order."""
    own = counts.filter(pl.col("model") == row)
    item, count = own["item"].to_numpy(), own["count"].to_numpy()
    among = np.isin(item, kept)
    return all_same(count[among], np.searchsorted(kept, item[among]), runs)


def judge(result: Reruns, *, flip_tolerance: float = 0.1) -> list[Finding]:
    """Issue: a rerun scores differently on more than 10% of the items, interval and all."""
    require_fraction(flip_tolerance=flip_tolerance)
    each = [_finding(result, rerun, flip_tolerance) for rerun in result.each]
    most = percent(flip_tolerance)
    sentence = counted(
        each,
        "score",
        f"would change on over {most} of the items if run again",
        f"would change on fewer than {most}",
    )
    certain = any(rerun.flips_of_all.low > flip_tolerance for rerun in result.each)
    headline = joint_headline(each, sentence, certain=certain, figure="P6.agreement")
    return [headline, *each, *unassessed(result.unassessed)]


def _finding(result: Reruns, rerun: Rerun, tolerance: float) -> Finding:
    flips, *others = _estimates(result, rerun)
    side = against(flips.low, flips.high, tolerance)
    # Without an interval the verdict is unknown, and one shown here would be of width NaN.
    seen = value_of(flips) if side is Side.UNKNOWN else shown(flips)
    sentence = (
        f"If rerun, {rerun.model} would score differently on {seen} of the items of {rerun.benchmark} "
        f"({plural(rerun.items, 'item')}, {rerun.runs} runs each; all runs score the same on "
        f"{percent(rerun.same_score.value)}): {_meaning(side, rerun, tolerance)}."
    )
    return Finding(
        subject={"benchmark": rerun.benchmark, "model": rerun.model},
        status=verdict(side, issue=Side.ABOVE, passed=Side.BELOW),
        sentence=sentence,
        short="all items lie in one cluster" if side is Side.UNKNOWN else "",
        estimates=(flips, *others),
        caveats=() if rerun.binary else ("Scores are not only 0 and 1; any difference counts as different.",),
        figure="P6.agreement",
    )


def _meaning(side: Side, rerun: Rerun, tolerance: float) -> str:
    if side is Side.UNKNOWN:
        return "all items lie in one cluster, so how far this would hold is not known"
    if side is Side.ABOVE:
        return "a single run is not enough, so report the mean of several"
    if side is Side.BELOW:
        return "a rerun would say much the same"
    size, noun = (rerun.items, "items") if rerun.clusters is None else (rerun.clusters, "clusters of items")
    more = more_needed(*rerun.flips, size, tolerance)
    wanted = "" if more is None else f"; about {more:,} more {noun} would decide it"
    return f"too few {noun} to tell whether that is more than {percent(tolerance)}{wanted}"


def _estimates(result: Reruns, rerun: Rerun) -> Iterator[Estimate]:
    method = METHOD if rerun.clusters is None else CLUSTERED
    jackknife = f"jackknife over {'items' if rerun.clusters is None else 'clusters'} on Fisher's z, t(G-1)"
    named: tuple[tuple[str, Limits | None, str, int, str], ...] = (
        ("flip_rate", rerun.flips, SHARE, rerun.items, method),
        ("pairwise_agreement_score", _turned(rerun.flips), SHARE, rerun.items, method),
        (f"tar_score_at_{rerun.runs}", rerun.same_score, SHARE, rerun.complete, method),
        (f"tar_answer_at_{rerun.runs}", rerun.same_answer, SHARE, rerun.complete, method),
        ("pairwise_agreement_answer", rerun.answer_pairs, SHARE, rerun.items, method),
        ("intraclass_correlation", rerun.intraclass, CORRELATION, rerun.items, jackknife),
        ("run_to_run_deviation", rerun.deviation, DIFFERENCE, rerun.items, method),
    )
    for name, limits, unit, n, how in named:
        if limits is not None and math.isfinite(limits.value):
            yield estimate(name, *limits, level=result.level, method=how, n=n, unit=unit)


def _turned(flips: Limits) -> Limits:
    """Agreement, from its opposite."""
    return Limits(1 - flips.value, 1 - flips.high, 1 - flips.low)


def figure(result: Reruns) -> list[Figure]:
    """Agreement strip: all runs the same against two runs the same, for scores and for answers, each in its row."""
    rows: list[tuple[Cell, ...]] = []
    for rerun in result.each:
        named = (
            ("two runs, same score", _turned(rerun.flips), rerun.items),
            ("all runs, same score", rerun.same_score, rerun.complete),
            ("two runs, same answer", rerun.answer_pairs, rerun.items),
            ("all runs, same answer", rerun.same_answer, rerun.complete),
        )
        rows += [
            (rerun.benchmark, rerun.model, *map(finite, limits), what, rerun.runs, n)
            for what, limits, n in named
            if limits is not None
        ]
    names = ("benchmark", "model", "share of items", "low", "high", "agreement", "runs", "items")
    one_model = len({rerun.model for rerun in result.each}) == 1
    return [
        bars(
            "P6.agreement",
            "Agreement between runs",
            "Share of items on which runs agree, with its interval. That all runs agree becomes rarer the more runs "
            "there are, by construction; that two agree does not.",
            columns(names, rows),
            Axis("share of items", "share of items on which runs agree"),
            Axis("benchmark", "benchmark", "nominal") if one_model else MODEL,
            label="model",
            color="agreement",
            select=() if one_model else ("benchmark",),
        )
    ]


MEASURE = Measure(
    code="P6",
    name="rerun reliability",
    question=Question.PRECISION,
    asks="Would the same items, run again, give the same answers and scores?",
    needs=f"item-level results with {NEEDED}",
    formula="pairwise agreement = sum over answers of n_v (n_v - 1) / (N (N - 1)); flip rate = 1 - pairwise agreement "
    "of scores; TAR@N = share of items identical in all N runs; ICC(1) = (MSB - MSW) / (MSB + (n0 - 1) MSW).",
    compute=reruns,
    judge=judge,
    figure=figure,
    shorts={
        Status.ISSUE: "a single run is not enough",
        Status.CAUTION: "too few items to tell",
        Status.PASSED: "a rerun says much the same",
    },
    caveats=(
        "TAR@N falls with the number of runs N by construction: compare it at the same N only, or compare pairs.",
        "Answers are compared as recorded, letter by letter; no answer counts as an answer. Different wrong answers "
        "have the same score.",
        "It speaks of the sampling settings, hardware and serving that the runs had in common.",
    ),
    references=(
        'Atil et al. 2024, Non-determinism of "deterministic" LLM settings, arXiv 2408.04667',
        "Shrout and Fleiss 1979, Intraclass correlations, Psychological Bulletin 86(2)",
        "Korn and Graubard 1998, Survey Methodology 24(2)",
    ),
)
