"""P1, score interval: how far can each model's score be trusted, given the items it rests on?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from measurand.errors import NotApplicable
from measurand.measure import Measure
from measurand.measures._shared import columns, estimate, number, overall, plural, require_fraction
from measurand.results import Axis, Cell, Estimate, Figure, Finding, Question, Status
from measurand.stats.intervals.binomial import SMALL, proportion_limits
from measurand.stats.intervals.clustered import Means, cluster_sums, share_limits, t_limits
from measurand.stats.intervals.planning import items_for_half_width, units_for_half_width
from measurand.tables import ItemTable, Responses, Scores, item_tables

__all__ = ["MEASURE", "Interval", "ScoreInterval", "ScoreIntervals", "intervals_of", "score_intervals"]

CODE, TITLE = "P1", "Score interval"
Method = Literal["t", "wilson t", "wilson", "exact", "none"]


@dataclass(frozen=True)
class Interval:
    """An interval and how it was made; NaN limits where it is not defined."""

    low: float
    high: float
    method: Method

    @property
    def half_width(self) -> float:
        """Half of its width, NaN where it is not defined."""
        return (self.high - self.low) / 2


@dataclass(frozen=True)
class ScoreInterval:
    """The score of one model on one benchmark.

    Parameters
    ----------
    benchmark, scorer, model : what the score is of.
    value : mean over items of their mean over epochs.
    stderr : standard error the interval rests on: cluster-robust where the items have clusters; NaN if undefined.
    interval : the interval, clustered where the items have clusters.
    naive : the interval had every item been independent; the same one where no cluster is named.
    design_effect : clustered variance over that of independent items; NaN where no cluster is named or one is not.
    n, clusters, epochs : items, clusters (of independent items as many as items), and most epochs of an item.
    clustered : whether the items have clusters.
    unit : whether every score lies between 0 and 1.
    """

    benchmark: str
    scorer: str | None
    model: str
    value: float
    stderr: float
    interval: Interval
    naive: Interval
    design_effect: float
    n: int
    clusters: int
    epochs: int
    clustered: bool
    unit: bool


@dataclass(frozen=True)
class ScoreIntervals:
    """Result of `score_intervals`: one a model and benchmark, the benchmarks left out with why, and the settings."""

    scores: tuple[ScoreInterval, ...]
    unassessed: tuple[tuple[str, str], ...]
    cluster_key: str | None
    level: float


def score_intervals(responses: Responses, scores: Scores | None = None, *, level: float = 0.95) -> ScoreIntervals:
    """Score of each model on each benchmark with its interval.

    An item's epochs are averaged first: repeating a question is no new question. The standard error is that of the mean
    over items, cluster-robust (CR1) where items have clusters. Independent items that score 0 or 1: Wilson's interval,
    the exact one below 30 items or where all or none are right. Other scores between 0 and 1: Wilson's interval at the
    sample size that the standard error amounts to, with t(G - 1), which near 0 and 1 covers where a symmetric interval
    does not; the exact one, with each cluster as one trial, where every item scores 0 or every one 1. Scores of another
    scale: t(G - 1).

    Parameters
    ----------
    responses : item-level results.
    scores : only for the greatest score that each benchmark allows: one beyond it is not assessed.
    level : confidence level, in (0, 1).

    Raises
    ------
    NotApplicable
        No item has a score.
    InputError
        `level` out of its range, or an item that lies in two clusters.

    References
    ----------
    Miller 2024, Adding error bars to evals, arXiv 2411.00640; Bowyer et al. 2025, arXiv 2503.01747 (few items).

    Examples
    --------
    >>> import polars as pl
    >>> from measurand.tables import RESPONSE_COLUMNS
    >>> rows = pl.DataFrame({"model": "m", "benchmark": "b", "item": [str(i) for i in range(20)], "score": 1.0})
    >>> empty = pl.DataFrame(schema=RESPONSE_COLUMNS)
    >>> found = score_intervals(Responses(pl.concat([empty, rows], how="diagonal").lazy())).scores[0]
    >>> found.value, round(found.interval.low, 3), found.interval.method
    (1.0, 0.832, 'exact')
    """
    require_fraction(level=level)
    limits = {} if scores is None else dict(scores.benchmarks.select("benchmark", "maximum").iter_rows())
    found: list[ScoreInterval] = []
    unassessed: list[tuple[str, str]] = []
    for table in item_tables(responses):
        limit, top = limits.get(table.benchmark), float(np.nanmax(table.scores))
        if limit is not None and top > limit + 1e-9:
            unassessed.append((table.benchmark, f"an item scores {top:g}, and the benchmark's maximum is {limit:g}"))
        else:
            found += intervals_of(table, level)
    if not found and not unassessed:
        raise NotApplicable("no item has a score", needs="logs with scored items")
    return ScoreIntervals(tuple(found), tuple(unassessed), responses.cluster, level)


def intervals_of(table: ItemTable, level: float) -> list[ScoreInterval]:
    """The interval of every model of one benchmark's table."""
    plain = cluster_sums(table.scores).means()
    grouped = plain if table.clusters is None else cluster_sums(table.scores, table.clusters).means()
    given = table.scores[np.isfinite(table.scores)]
    unit = bool(((given >= 0) & (given <= 1)).all())
    naive = _limits(plain, clustered=False, table=table, unit=unit, level=level)
    robust = naive
    if table.clusters is not None:
        robust = _limits(grouped, clustered=True, table=table, unit=unit, level=level)
    with np.errstate(invalid="ignore", divide="ignore"):
        effects = np.full(len(naive), np.nan) if table.clusters is None else (grouped.stderr / plain.stderr) ** 2
    return [
        ScoreInterval(
            table.benchmark,
            table.scorer,
            model,
            float(plain.value[i]),
            float(grouped.stderr[i]),
            robust[i],
            naive[i],
            float(effects[i]),
            int(plain.n[i]),
            int(grouped.clusters[i]),
            int(table.epochs[i].max()),
            table.clusters is not None,
            unit,
        )
        for i, model in enumerate(table.models)
    ]


def _limits(means: Means, *, clustered: bool, table: ItemTable, unit: bool, level: float) -> list[Interval]:
    """An interval a row: of counts where scores are 0 or 1 and given once, or where none differs; else of means."""
    limits = share_limits if unit else t_limits
    low, high = limits(means.value, means.stderr, means.clusters - 1, level)
    trials = np.maximum(means.clusters, 1)
    counted = proportion_limits(np.rint(np.clip(means.value, 0, 1) * trials), trials, level)
    same = (means.stderr == 0) & np.isin(means.value, (0.0, 1.0))
    once = not clustered and table.binary and bool(table.epochs.max() <= 1)
    of_means: Method = "wilson t" if unit else "t"
    found = []
    for i, value in enumerate(means.value):
        if once or same[i]:
            small = trials[i] < SMALL or value in (0.0, 1.0)
            found.append(Interval(float(counted[0][i]), float(counted[1][i]), "exact" if small else "wilson"))
        elif np.isfinite(low[i]):
            found.append(Interval(float(low[i]), float(high[i]), of_means))
        else:
            found.append(Interval(np.nan, np.nan, "none"))
    return found


def _words(interval: Interval, *, clustered: bool) -> str:
    """How an interval was made."""
    basis = "CR1, t(G - 1)" if clustered else "t(n - 1)"
    return {
        "t": basis,
        "wilson t": f"Wilson at the effective sample size, {basis}",
        "wilson": "Wilson",
        "exact": "exact (Clopper-Pearson)" + (", every cluster one trial" if clustered else ""),
        "none": "",
    }[interval.method]


def judge(result: ScoreIntervals, *, tolerance: float = 0.05) -> list[Finding]:
    """Passed: known to within the tolerance either way; issue: no interval, or one that half the scale fits in."""
    require_fraction(tolerance=tolerance)
    found = [_finding(score, result, tolerance) for score in result.scores]
    refused = [
        Finding(
            CODE,
            {"benchmark": benchmark},
            TITLE,
            Status.NOT_APPLICABLE,
            f"Not assessed: {reason}. The scale of the items or the stated maximum is wrong.",
        )
        for benchmark, reason in result.unassessed
    ]
    return [_headline(result, found, tolerance), *found, *refused]


def _headline(result: ScoreIntervals, found: Sequence[Finding], tolerance: float) -> Finding:
    judged = [finding for finding in found if finding.status is not Status.NOT_APPLICABLE]
    if not judged:
        sentence = "Not assessed: no benchmark has scores between 0 and 1, so how wide is too wide is not known."
        return Finding(CODE, {}, TITLE, Status.NOT_APPLICABLE, sentence)
    good = sum(finding.status is Status.PASSED for finding in judged)
    sentence = (
        f"{good} of {plural(len(judged), 'score')} {'is' if good == 1 else 'are'} known to within "
        f"{100 * tolerance:g} points either way. {_dependence(result)}"
    )
    return Finding(CODE, {}, TITLE, overall(judged), sentence, (), MEASURE.caveats)


def _dependence(result: ScoreIntervals) -> str:
    """How items were treated, and what that changed."""
    if result.cluster_key is None:
        return "Items are treated as independent; if some share a passage or a template, the truth is less certain."
    wider = [
        score.interval.half_width / score.naive.half_width
        for score in result.scores
        if np.isfinite(score.design_effect) and score.naive.half_width > 0
    ]
    if not wider:
        return f"Items with an equal {result.cluster_key} count as one cluster."
    return (
        f"Items with an equal {result.cluster_key} count as one cluster, which makes the interval "
        f"{float(np.median(wider)):.1f} times as wide as if all were independent (median)."
    )


def _finding(score: ScoreInterval, result: ScoreIntervals, tolerance: float) -> Finding:
    subject = {"benchmark": score.benchmark, "model": score.model}
    clustered, method = score.clustered, _words(score.interval, clustered=score.clustered)
    estimates = [
        _estimate("score", score.value, score.interval, method, result.level, score.clusters if clustered else score.n)
    ]
    if number(score.stderr) and score.stderr > 0:
        estimates.append(Estimate("stderr", score.stderr, method="CR1" if clustered else "s / sqrt(n)", n=score.n))
    if np.isfinite(score.design_effect):
        estimates += [
            _estimate(
                "score_if_independent",
                score.value,
                score.naive,
                _words(score.naive, clustered=False),
                result.level,
                score.n,
            ),
            Estimate(
                "design_effect", score.design_effect, method="clustered over independent variance", n=score.clusters
            ),
        ]
    status, sentence = _verdict(score, result, tolerance)
    facts: dict[str, Cell] = {"scorer": score.scorer, "n_items": score.n, "epochs": score.epochs}
    if clustered:
        facts |= {"clusters": score.clusters}
    return Finding(CODE, subject, TITLE, status, sentence, tuple(estimates), (), "P1.intervals", facts)


def _estimate(name: str, value: float, interval: Interval, method: str, level: float, n: int) -> Estimate:
    return estimate(name, value, interval.low, interval.high, level=level, method=method, n=n)


def _verdict(score: ScoreInterval, result: ScoreIntervals, tolerance: float) -> tuple[Status, str]:
    items = f"{plural(score.n, 'item')}" + (f" in {plural(score.clusters, 'cluster')}" if score.clustered else "")
    if score.interval.method == "none":
        why = (
            "all lie in one cluster"
            if score.n > 1 and score.clusters == 1
            else "they do not vary"
            if score.n > 1
            else ""
        )
        rest = f" since {why}" if why else ""
        return Status.ISSUE, f"The score of {score.value:.3g} rests on {items} and has no interval{rest}."
    low, high, half = score.interval.low, score.interval.high, score.interval.half_width
    if not score.unit:
        sentence = f"The score is {score.value:.3g}, from {low:.3g} to {high:.3g} ({items}); its scale is not known."
        return Status.NOT_APPLICABLE, sentence
    sentence = (
        f"The score is {100 * score.value:.1f}%, and could be from {100 * low:.1f}% to {100 * high:.1f}% ({items})."
    )
    if half <= tolerance:
        return Status.PASSED, sentence
    return Status.CAUTION, f"{sentence} {_needed(score, tolerance, result.level)}"


def _needed(score: ScoreInterval, tolerance: float, level: float) -> str:
    """How many more would make the interval narrow enough."""
    if score.interval.method in ("wilson", "exact"):
        needed = items_for_half_width(score.value, tolerance, level)
    else:
        needed = units_for_half_width(score.stderr * score.clusters**0.5, tolerance, level)
    what = "clusters" if score.clustered else "items"
    return f"About {needed:,} {what} like these would narrow that to {100 * tolerance:g} points either way."


def figure(result: ScoreIntervals) -> list[Figure]:
    """A dot and a bar a model, clustered beside independent, one benchmark at a time."""
    rows: list[tuple[Cell, ...]] = []
    for score in result.scores:
        for treated, interval in _treatments(score, result):
            limits = (number(interval.low), number(interval.high))
            rows.append((score.benchmark, score.model, score.value, *limits, treated, score.n, score.clusters))
    names = ("benchmark", "model", "score", "low", "high", "items treated as", "items", "clusters")
    if not rows:
        return []
    treatments = len({row[5] for row in rows})
    return [
        Figure(
            "P1.intervals",
            "intervals",
            "Scores with their intervals",
            f"Bars: {result.level:.0%} intervals. Where items come in clusters, few clusters say less than many items.",
            columns(names, rows),
            Axis("score", "score"),
            Axis("model", "model", "nominal"),
            low="low",
            high="high",
            color="items treated as" if treatments > 1 else None,
            select=("benchmark",),
        )
    ]


def _treatments(score: ScoreInterval, result: ScoreIntervals) -> Iterable[tuple[str, Interval]]:
    if not score.clustered:
        return [("independent", score.interval)]
    return [("clustered", score.interval), ("independent", score.naive)]


MEASURE = Measure(
    code=CODE,
    name="score interval",
    question=Question.PRECISION,
    asks="How far can each model's score be trusted, given the items it rests on?",
    needs="item-level results",
    formula=(
        "Mean over items of the mean over epochs; var = G/(G-1) sum_c (sum of deviations in c)^2 / n^2. Interval: "
        "Wilson's at n* = p(1-p)/var with t(G-1); independent 0/1 items: Wilson, exact below 30 items or at 0 or n."
    ),
    compute=score_intervals,
    judge=judge,
    figure=figure,
    caveats=(
        "The interval speaks of the questions that might have been asked instead of these, not of other prompts, "
        "reruns or graders: those are P6, P7 and P12.",
        "With few clusters the interval holds its level but is wide; one cluster has none.",
    ),
    references=(
        "Miller 2024, Adding error bars to evals, arXiv 2411.00640",
        "Bowyer, Aitchison and Ivanova 2025, Position: don't use the CLT in LLM evals with fewer than a few hundred "
        "datapoints, arXiv 2503.01747",
        "Franco, Little, Louis and Slud 2019, Comparative study of confidence intervals for proportions in complex "
        "sample surveys, J. Survey Statistics and Methodology 7(3)",
        "Cameron and Miller 2015, A practitioner's guide to cluster-robust inference, J. Human Resources 50(2)",
    ),
)
