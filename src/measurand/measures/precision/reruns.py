"""P6 rerun reliability: whether running the same items again gives the same answers and scores."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from measurand.errors import NotApplicable
from measurand.measure import Measure
from measurand.measures._shared import columns, estimate, number, overall, plural, require_fraction
from measurand.measures.precision.shared.grid import (
    Floats,
    Ints,
    Unassessed,
    more_items,
    percent,
    share,
    unassessed_findings,
    unit_scale,
)
from measurand.results import Axis, Cell, Estimate, Figure, Finding, Question, Status
from measurand.stats.items.reruns import Limits, agreement_limits, all_same, intraclass, run_deviation
from measurand.tables import ItemTable, Responses, item_tables

__all__ = ["MEASURE", "Rerun", "Reruns", "figure", "judge", "reruns"]

CODE, TITLE = "P6", "Rerun reliability"
LEAST_ITEMS = 10
NEEDED = "at least 2 runs (epochs) of at least 10 items, better 5; independent runs at the settings that are reported"

METHOD = "Wilson or Clopper-Pearson over items"
CLUSTERED = "Wilson or Clopper-Pearson at the design effect of the clusters, CR1, t(G-1)"


@dataclass(frozen=True)
class Rerun:
    """How far one model's runs on one benchmark agree.

    Parameters
    ----------
    benchmark, model : of what.
    runs : how many runs most items have; `same_score` and `same_answer` look at that many.
    items : items with at least 2 runs.
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
    flips: Limits
    flips_of_all: Limits
    same_score: Limits
    same_answer: Limits | None
    answer_pairs: Limits | None
    intraclass: Limits
    deviation: Limits
    clusters: int | None
    binary: bool


@dataclass(frozen=True)
class Reruns:
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
    together = 1 - (1 - level) / len(found)
    widened = (agreement_limits(1 - agreement, clusters, together) for agreement, clusters in pairs)
    each = (replace(rerun, flips_of_all=limits) for rerun, limits in zip(found, widened, strict=True))
    return Reruns(tuple(each), tuple(unassessed), level)


def _of_table(responses: Responses, table: ItemTable, level: float) -> Iterator[tuple[Rerun, Floats, Ints | None]]:
    """Each model that ran enough items again, with the agreement of its items' scores and their clusters."""
    rows = responses.frame.filter(
        pl.col("benchmark") == table.benchmark,
        pl.col("scorer").eq_missing(pl.lit(table.scorer, dtype=pl.String)),
        pl.col("variant").eq_missing(pl.lit(table.variant, dtype=pl.String)),
    ).drop_nulls(["score", "item", "model"])
    by_score, by_answer = (_counts(rows, table, column) for column in ("score", "answer"))
    recorded = by_answer["answer"].null_count() < len(by_answer)
    low, length = unit_scale(by_score["score"].to_numpy())
    for row, model in enumerate(table.models):
        kept = np.flatnonzero(table.epochs[row] >= 2)
        if len(kept) < LEAST_ITEMS:
            continue
        clusters = None if table.clusters is None else table.clusters[kept]
        epochs = table.epochs[row, kept]
        sizes, times = np.unique(epochs, return_counts=True)
        runs = int(sizes[len(sizes) - 1 - times[::-1].argmax()])
        pairs, all_runs = (_agreement(by_score, row, kept, size) for size in (2, runs))
        answer_pairs, all_answers = (_agreement(by_answer, row, kept, size) for size in (2, runs))
        within = table.within[row, kept] / length**2
        flips = agreement_limits(1 - pairs, clusters, level)
        found = Rerun(
            table.benchmark,
            model,
            runs,
            len(kept),
            flips,
            flips,
            agreement_limits(all_runs, clusters, level),
            agreement_limits(all_answers, clusters, level) if recorded else None,
            agreement_limits(answer_pairs, clusters, level) if recorded else None,
            intraclass((table.scores[row, kept] - low) / length, within, epochs, clusters, level),
            run_deviation(within, clusters, level),
            None if clusters is None else len(np.unique(clusters)),
            table.binary,
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
    return [_headline(result, each, flip_tolerance), *each, *unassessed_findings(CODE, TITLE, result.unassessed)]


def _headline(result: Reruns, each: list[Finding], tolerance: float) -> Finding:
    status, name = overall(each), f"{CODE}.agreement"
    if status is Status.ISSUE and not any(rerun.flips_of_all.low > tolerance for rerun in result.each):
        status = Status.CAUTION
    if len(each) == 1:
        return Finding(CODE, {}, TITLE, status, each[0].sentence, each[0].estimates, (), name)
    issues, passed = (sum(finding.status is which for finding in each) for which in (Status.ISSUE, Status.PASSED))
    sentence = (
        f"Of {len(each)} pairs of a model and a benchmark run more than once, {issues} would score differently on more "
        f"than {percent(tolerance)} of the items if run again, and {passed} clearly would not."
    )
    return Finding(CODE, {}, TITLE, status, sentence, (), (), name)


def _finding(result: Reruns, rerun: Rerun, tolerance: float) -> Finding:
    flips = rerun.flips
    estimates = tuple(_estimates(result, rerun))
    if not math.isfinite(flips.low):
        status, verdict = Status.CAUTION, "all items lie in one cluster, so how far this would hold is not known"
        seen = percent(flips.value)
    else:
        status, verdict = _verdict(flips, tolerance, rerun.clusters)
        seen = share(flips.value, flips.low, flips.high)
    sentence = (
        f"Run again, {rerun.model} would score differently on {seen} of the items of {rerun.benchmark} "
        f"({plural(rerun.items, 'item')}, {rerun.runs} runs each; all runs score the same on "
        f"{percent(rerun.same_score.value)}): {verdict}."
    )
    caveats = () if rerun.binary else ("Scores are not only 0 and 1; any difference counts as different.",)
    subject = {"benchmark": rerun.benchmark, "model": rerun.model}
    return Finding(CODE, subject, TITLE, status, sentence, estimates, caveats, f"{CODE}.agreement")


def _verdict(flips: Limits, tolerance: float, clusters: int | None) -> tuple[Status, str]:
    if flips.low > tolerance:
        return Status.ISSUE, "a single run is not enough, so report the mean of several"
    if flips.high < tolerance:
        return Status.PASSED, "a rerun would say much the same"
    size, noun = (flips.n, "items") if clusters is None else (clusters, "clusters of items")
    more = more_items(flips.value, flips.low, flips.high, size, tolerance)
    wanted = "" if more is None else f"; about {more:,} more {noun} would decide it"
    return Status.CAUTION, f"too few {noun} to tell whether that is more than {percent(tolerance)}{wanted}"


def _estimates(result: Reruns, rerun: Rerun) -> Iterator[Estimate]:
    method = METHOD if rerun.clusters is None else CLUSTERED
    jackknife = f"jackknife over {'items' if rerun.clusters is None else 'clusters'} on Fisher's z, t(G-1)"
    agreement = Limits(1 - rerun.flips.value, 1 - rerun.flips.high, 1 - rerun.flips.low, rerun.flips.n)
    named: tuple[tuple[str, Limits | None, str], ...] = (
        ("flip_rate", rerun.flips, method),
        ("pairwise_agreement_score", agreement, method),
        (f"tar_score_at_{rerun.runs}", rerun.same_score, method),
        (f"tar_answer_at_{rerun.runs}", rerun.same_answer, method),
        ("pairwise_agreement_answer", rerun.answer_pairs, method),
        ("intraclass_correlation", rerun.intraclass, jackknife),
        ("run_to_run_deviation", rerun.deviation, method),
    )
    for name, limits, how in named:
        if limits is not None and math.isfinite(limits.value):
            yield estimate(name, limits.value, limits.low, limits.high, level=result.level, method=how, n=limits.n)


def figure(result: Reruns) -> list[Figure]:
    """Agreement strip: all runs the same against two runs the same, for scores and for answers, a row each."""
    rows: list[tuple[Cell, ...]] = []
    for rerun in result.each:
        flips = rerun.flips
        pairs = Limits(1 - flips.value, 1 - flips.high, 1 - flips.low, flips.n)
        named = (
            ("two runs, same score", pairs),
            ("all runs, same score", rerun.same_score),
            ("two runs, same answer", rerun.answer_pairs),
            ("all runs, same answer", rerun.same_answer),
        )
        rows += [
            (
                rerun.benchmark,
                rerun.model,
                *(number(value) for value in (limits.value, limits.low, limits.high)),
                what,
                rerun.runs,
                limits.n,
            )
            for what, limits in named
            if limits is not None
        ]
    names = ("benchmark", "model", "share of items", "low", "high", "agreement", "runs", "items")
    one_model = len({rerun.model for rerun in result.each}) == 1
    return [
        Figure(
            f"{CODE}.agreement",
            "intervals",
            "Agreement between runs",
            "Share of items on which runs agree, with its interval. That all runs agree becomes rarer the more runs "
            "there are, by construction; that two agree does not.",
            columns(names, rows),
            Axis("share of items", "share of items on which runs agree"),
            Axis("benchmark", "benchmark", "nominal") if one_model else Axis("model", "model", "nominal"),
            low="low",
            high="high",
            label="model",
            color="agreement",
            select=() if one_model else ("benchmark",),
        )
    ]


MEASURE = Measure(
    code=CODE,
    name="rerun reliability",
    question=Question.PRECISION,
    asks="Would the same items, run again, give the same answers and scores?",
    needs=f"item-level results with {NEEDED}",
    formula="pairwise agreement = sum over answers of n_v (n_v - 1) / (N (N - 1)); flip rate = 1 - pairwise agreement "
    "of scores; TAR@N = share of items identical in all N runs; ICC(1) = (MSB - MSW) / (MSB + (n0 - 1) MSW).",
    compute=reruns,
    judge=judge,
    figure=figure,
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
