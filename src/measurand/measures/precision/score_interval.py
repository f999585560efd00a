"""P1, score interval: how far can each model's score be trusted, given the items it rests on?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from measurand.errors import NotApplicable
from measurand.measures import Measure
from measurand.measures.precision.paired_difference import joined
from measurand.measures.precision.shared.counts import within_unit
from measurand.measures.precision.shared.model_pairs import Unadjusted
from measurand.measures.precision.shared.score_answer import answer, dependence
from measurand.measures.precision.shared.score_records import Average, Interval, Method, ScoreInterval, ScoreIntervals
from measurand.measures.shared import bars, columns, estimate, finite, require_fraction
from measurand.measures.verdicts import Unassessed, headline, unassessed
from measurand.names import in_two_ways
from measurand.results import Axis, Cell, Estimate, Figure, Finding, Question, Status
from measurand.stats.intervals.binomial import SMALL, proportion_limits
from measurand.stats.intervals.bounded import betting_limits, few_and_extreme
from measurand.stats.intervals.clustered import CR2, Means, cluster_sums, share_limits, t_limits
from measurand.stats.intervals.margin import average
from measurand.stats.intervals.planning import items_for_half_width, units_for_half_width
from measurand.tables import ItemTable, Responses, Scores, State, item_tables
from measurand.wording import SHARE, agreeing, listed, of_total, percent, plural, points, shown

__all__ = ["MEASURE", "Interval", "ScoreInterval", "ScoreIntervals", "intervals_of", "score_intervals"]


def score_intervals(responses: Responses, scores: Scores | None = None, *, level: float = 0.95) -> ScoreIntervals:
    """Score of each model on each benchmark with its interval.

    An item's epochs are averaged first: repeating a question is no new question. The standard error is that of the mean
    over items, cluster-robust (CR2) where items have clusters. Independent items that score 0 or 1: Wilson's interval,
    the exact one below 30 items or where all or none are right. Other scores between 0 and 1: Wilson's interval at the
    sample size that the standard error amounts to, with its t, which near 0 and 1 covers where a symmetric interval
    does not; the exact one, with each cluster as one trial, where every item scores 0 or every one 1; the limits of
    bets (Waudby-Smith and Ramdas) of fewer than 50 independent scores with a mean within .1 of 0 or 1, or where none
    differs. Scores of another scale: t.

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
    left_out: list[Unassessed] = []
    pairs: list[Unadjusted] = []
    nameless = 0
    for table in item_tables(responses):
        limit, top = limits.get(table.benchmark), float(np.nanmax(table.scores))
        # A mean of epochs can end a rounding error above the maximum; anything more is a scale that does not fit.
        if limit is not None and top > limit + 1e-9:
            seen = f"an item scores {top:g}, and the benchmark's maximum is {limit:g}"
            reason = f"{seen}: the scale of the items or the stated maximum is wrong"
            left_out.append(Unassessed({"benchmark": table.benchmark}, reason))
        else:
            found += intervals_of(table, level)
            nameless += table.nameless
            if len(table.models) > 1:
                pairs.append(Unadjusted.of(table, level))
    if not found and not left_out:
        raise NotApplicable("no item has a score", needs="logs with scored items")
    return ScoreIntervals(
        scores=tuple(found),
        unassessed=tuple(left_out),
        cluster_key=responses.cluster,
        level=level,
        cluster_shown=responses.shown,
        averages=averages(found, level),
        comparison=joined(pairs, "holm", level) if pairs else None,
        nameless=nameless,
    )


def averages(scores: Sequence[ScoreInterval], level: float) -> tuple[Average, ...]:
    """Each model's mean over the benchmarks, which are strata: the items of each are drawn for themselves."""
    tasks = dict.fromkeys(score.benchmark for score in scores)
    of: dict[str, list[ScoreInterval]] = {}
    for score in scores:
        of.setdefault(score.model, []).append(score)
    whole = {model: own for model, own in of.items() if len(own) == len(tasks)}
    if len(tasks) < 2 or not whole or not all(score.unit for score in scores) or in_two_ways(tasks):
        return ()
    parts = np.array([[[s.value, s.stderr, s.df, s.clusters] for s in own] for own in whole.values()])
    mean, stderr, df = average(*np.moveaxis(parts, -1, 0).swapaxes(1, 2))
    low, high = share_limits(mean, stderr, df, level)
    return tuple(
        Average(
            model,
            float(mean[i]),
            Interval(float(low[i]), float(high[i]), "wilson t" if np.isfinite(low[i]) else "none"),
            sum(score.n for score in own),
        )
        for i, (model, own) in enumerate(whole.items())
    )


def intervals_of(table: ItemTable, level: float) -> list[ScoreInterval]:
    """The interval of every model of one benchmark's table."""
    plain = cluster_sums(table.scores).means()
    grouped = plain if table.clusters is None else cluster_sums(table.scores, table.clusters).means()
    unit = within_unit(table)
    naive = _limits(plain, clustered=False, table=table, unit=unit, level=level)
    robust = naive
    if table.clusters is not None:
        robust = _limits(grouped, clustered=True, table=table, unit=unit, level=level)
    with np.errstate(invalid="ignore", divide="ignore"):
        # Two variances of one mean; where no item differs the plain one is 0 and the ratio is undefined.
        effects = np.full(len(naive), np.nan) if table.clusters is None else (grouped.stderr / plain.stderr) ** 2
    return [
        ScoreInterval(
            benchmark=table.benchmark,
            reading=table.reading,
            model=model,
            value=float(plain.value[i]),
            stderr=float(grouped.stderr[i]),
            df=float(grouped.df[i]),
            cr1=float(grouped.cr1[i]),
            interval=robust[i],
            naive=naive[i],
            design_effect=float(effects[i]),
            n=int(plain.n[i]),
            clusters=int(grouped.clusters[i]),
            epochs=int(table.epochs[i].max()),
            clustered=table.clusters is not None,
            unit=unit,
            unscored={
                state: int(count[i])
                for state, count in table.states.items()
                if count[i] and state is not State.UNPARSED
            },
            readings=len(table.readings),
        )
        for i, model in enumerate(table.models)
    ]


def _limits(means: Means, *, clustered: bool, table: ItemTable, unit: bool, level: float) -> list[Interval]:
    """An interval per row: of counts where scores are 0 or 1 and given once, or where none differs; else of means."""
    limits = share_limits if unit else t_limits
    low, high = limits(means.value, means.stderr, means.df, level)
    trials = np.maximum(means.clusters, 1)
    # The counts are of independent units: with clusters all alike, every cluster is a trial.
    counted = proportion_limits(np.rint(np.clip(means.value, 0, 1) * trials), trials, level)
    # No spread gives a standard error of 0 and an interval of width 0, as if 20 of 20 were certainty.
    same = (means.stderr == 0) & np.isin(means.value, (0.0, 1.0))
    once = not clustered and table.binary and bool(table.epochs.max() <= 1)
    of_means: Method = "wilson t" if unit else "t"
    found = []
    for i, value in enumerate(means.value):
        # Several epochs make an item's score a share, which is not binomial over items.
        if once or same[i]:
            small = trials[i] < SMALL or value in (0.0, 1.0)
            found.append(Interval(float(counted[0][i]), float(counted[1][i]), "exact" if small else "wilson"))
        elif unit and not clustered and (not np.isfinite(low[i]) or few_and_extreme(_given(table, i))):
            # The rare low score that few items lack would move mean and spread alike, so t limits cover .72 to .87.
            bet = betting_limits(_given(table, i), level)
            found.append(Interval(bet.low, bet.high, "betting"))
        elif np.isfinite(low[i]):
            found.append(Interval(float(low[i]), float(high[i]), of_means))
        else:
            found.append(Interval(np.nan, np.nan, "none"))
    return found


def _given(table: ItemTable, row: int) -> npt.NDArray[np.float64]:
    scores: npt.NDArray[np.float64] = table.scores[row][np.isfinite(table.scores[row])]
    return scores


def _words(interval: Interval, *, clustered: bool) -> str:
    """How an interval was made."""
    basis = CR2 if clustered else "t(n - 1)"
    return {
        "t": basis,
        "wilson t": f"Wilson at the effective sample size, {basis}",
        "wilson": "Wilson",
        "exact": "exact (Clopper-Pearson)" + (", every cluster one trial" if clustered else ""),
        "betting": "bets on each value of the mean (Waudby-Smith and Ramdas)",
        "none": "",
    }[interval.method]


def judge(result: ScoreIntervals, *, tolerance: float = 0.05) -> list[Finding]:
    """Passed: known to within the tolerance either way; caution: less well, or without any interval."""
    require_fraction(tolerance=tolerance)
    found = [_finding(score, result, tolerance) for score in result.scores]
    return [_headline(result, found, tolerance), *found, *unassessed(result.unassessed)]


def _headline(result: ScoreIntervals, found: Sequence[Finding], tolerance: float) -> Finding:
    judged = [finding for finding in found if finding.status is not Status.NOT_APPLICABLE]
    # Only scores outside [0, 1]: a tolerance in points means nothing on a scale of unknown length.
    if not judged:
        return Unassessed({}, "no benchmark has scores between 0 and 1, so how wide is too wide is not known").finding()
    good = sum(finding.status is Status.PASSED for finding in judged)
    known = of_total(good, len(judged), "score", "is known", "is not known")
    sentence = f"{known} to within {points(tolerance)} either way. {dependence(result)}"
    return replace(headline(sentence, judged, caveats=MEASURE.caveats), result={"tolerance": tolerance})


def _finding(score: ScoreInterval, result: ScoreIntervals, tolerance: float) -> Finding:
    method = _words(score.interval, clustered=score.clustered)
    # The sample behind a clustered interval is the clusters: that many units vary on their own.
    n = score.clusters if score.clustered else score.n
    seen = _estimate("score", score, score.interval, method, result.level, n)
    estimates = [seen]
    if finite(score.stderr) and score.stderr > 0:
        how = "CR2" if score.clustered else "s / sqrt(n)"
        estimates.append(Estimate(name="stderr", value=score.stderr, method=how, n=score.n))
        if score.clustered:
            estimates.append(Estimate(name="stderr_cr1", value=score.cr1, method="CR1, as Inspect prints", n=score.n))
    if np.isfinite(score.design_effect):
        method, effect = _words(score.naive, clustered=False), "clustered over independent variance"
        estimates += [
            _estimate("score_if_independent", score, score.naive, method, result.level, score.n),
            Estimate(name="design_effect", value=score.design_effect, method=effect, n=score.clusters),
        ]
    if score.unscored and score.unit:
        total = score.n + sum(score.unscored.values())
        names = ("score_if_unscored_fail", "score_if_unscored_pass")
        estimates += [
            Estimate(name=name, value=bound, n=total, unit=SHARE)
            for name, bound in zip(names, score.bounds, strict=True)
        ]
    needed = _needed(score, tolerance, result.level)
    status, sentence = _verdict(score, seen, tolerance, needed)
    facts: dict[str, Cell] = {"reading": score.reading, "n_items": score.n, "epochs": score.epochs}
    if needed is not None:
        facts["needed"] = needed
    return Finding(
        subject={"benchmark": score.benchmark, "model": score.model},
        status=status,
        sentence=sentence,
        estimates=tuple(estimates),
        figure="P1.intervals",
        result=facts | ({"clusters": score.clusters} if score.clustered else {}),
    )


def _estimate(name: str, score: ScoreInterval, limits: Interval, method: str, level: float, n: int) -> Estimate:
    unit = SHARE if score.unit else ""
    return estimate(name, score.value, limits.low, limits.high, level=level, method=method, n=n, unit=unit)


def _verdict(score: ScoreInterval, seen: Estimate, tolerance: float, needed: int | None) -> tuple[Status, str]:
    items = f"{plural(score.n, 'item')}" + (f" in {plural(score.clusters, 'cluster')}" if score.clustered else "")
    # A caution and not n/a: the score is there to be quoted, and nothing says how far it may be off. No issue either:
    # one item, or a baseline that always scores the same, is no fault of a study.
    if score.interval.method == "none":
        why = "all lie in one cluster" if score.clusters == 1 else "they do not vary"
        rest = f" since {why}" if score.n > 1 else ""
        return Status.CAUTION, f"The score of {shown(seen)} rests on {items} and has no interval{rest}."
    by = f" by {score.reading}" if score.readings > 1 else ""
    sentence = f"The score{by} is {shown(seen)} ({items})"
    if not score.unit:
        return Status.NOT_APPLICABLE, f"{sentence}{_lost(score)}; its scale is not known."
    low, high = score.bounds
    if score.interval.half_width + (high - low) / 2 <= tolerance:
        return Status.PASSED, f"{sentence}{_lost(score)}."
    if needed is None:
        return Status.CAUTION, f"{sentence}{_lost(score)}."
    like = f"About {plural(needed, 'cluster' if score.clustered else 'item')} like these"
    return Status.CAUTION, f"{sentence}{_lost(score)}. {like} would narrow that to {points(tolerance)} either way."


def _lost(score: ScoreInterval) -> str:
    """What has no score, and between which values the score of all that was run must lie."""
    if not score.unscored:
        return ""
    lost = sum(score.unscored.values())
    why = listed([f"{count:,} {state.value}" for state, count in score.unscored.items()])
    total = plural(score.n + lost, "item")
    said = f"; {lost:,} of {total} {agreeing(lost, 'has')} no score ({why})"
    low, high = score.bounds
    return f"{said}, so of all {total} it lies between {percent(low)} and {percent(high)}" if score.unit else said


def _needed(score: ScoreInterval, tolerance: float, level: float) -> int | None:
    """How many items, or clusters, would make the interval narrow enough; None where it is."""
    if not score.unit or not score.interval.half_width > tolerance:
        return None
    if not score.stderr > 0 or score.interval.method in ("wilson", "exact"):
        return items_for_half_width(score.value, tolerance, level)
    # Times sqrt(clusters), the standard error is the spread of one independent unit, whatever number there were.
    return units_for_half_width(score.stderr * score.clusters**0.5, tolerance, level)


def figure(result: ScoreIntervals) -> list[Figure]:
    """A dot and a bar per model, clustered beside independent, one benchmark at a time."""
    rows: list[tuple[Cell, ...]] = []
    for score in result.scores:
        for treated, interval in _treatments(score, result):
            limits = (finite(interval.low), finite(interval.high))
            rows.append((score.benchmark, score.model, score.value, *limits, treated, score.n, score.clusters))
    if not rows:
        return []
    names = ("benchmark", "model", "score", "low", "high", "items treated as", "items", "clusters")
    caption = (
        f"Bars: {percent(result.level)} intervals. Where items come in clusters, few clusters say less than many items."
    )
    both = "items treated as" if len({row[5] for row in rows}) > 1 else None
    table, score_axis = columns(names, rows), Axis("score", "score")
    title = "Scores with their intervals"
    return [bars("P1.intervals", title, caption, table, score_axis, color=both, select=("benchmark",))]


def _treatments(score: ScoreInterval, result: ScoreIntervals) -> Iterable[tuple[str, Interval]]:
    if not score.clustered:
        return [("independent", score.interval)]
    return [("clustered", score.interval), ("independent", score.naive)]


MEASURE = Measure(
    code="P1",
    name="score interval",
    question=Question.PRECISION,
    asks="How far can each model's score be trusted, given the items it rests on?",
    needs="item-level results",
    formula=(
        "Mean over items of the mean over epochs; var = sum_c (sum of deviations in c)^2 / (1 - n_c/n) / n^2. "
        "Interval: Wilson's at n* = p(1-p)/var with Bell and McCaffrey's t; independent 0/1 items: Wilson, exact below "
        "30 items or at 0 or n."
    ),
    compute=score_intervals,
    judge=judge,
    figure=figure,
    answer=answer,
    shorts={
        Status.CAUTION: "not known closely enough",
        Status.PASSED: "known closely enough",
    },
    caveats=(
        "The interval speaks of the questions that might have been asked instead of these, not of other prompts, "
        "reruns or graders: those are P6, P7 and P12.",
        "With few clusters the interval holds its level but is wide; one cluster has none. Clusters of very unequal "
        "size (1 to 100 items, 5 to 60 clusters): a 95% interval covers in 92 to 98% of 1,000 simulated studies, least "
        "at scores near 90%.",
    ),
    references=(
        "Miller 2024, Adding error bars to evals, arXiv 2411.00640",
        "Bowyer, Aitchison and Ivanova 2025, Position: don't use the CLT in LLM evals with fewer than a few hundred "
        "datapoints, arXiv 2503.01747",
        "Franco, Little, Louis and Slud 2019, Comparative study of confidence intervals for proportions in complex "
        "sample surveys, J. Survey Statistics and Methodology 7(3)",
        "Bell and McCaffrey 2002, Bias reduction in standard errors for linear regression with multi-stage samples, "
        "Survey Methodology 28(2); Imbens and Kolesár 2016, Robust standard errors in small samples, Review of "
        "Economics and Statistics 98(4)",
        "Waudby-Smith and Ramdas 2024, Estimating means of bounded random variables by betting, JRSS B 86(1)",
    ),
)
