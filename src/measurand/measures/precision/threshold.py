"""P4, threshold test: is a score shown to be above, or below, a stated threshold?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy.special import logit

from measurand.errors import InputError, NotApplicable
from measurand.measures import Measure
from measurand.measures.precision.shared.counts import once_right_or_wrong, within_unit
from measurand.measures.shared import bars, columns, estimate, finite
from measurand.measures.verdicts import headline
from measurand.results import Axis, Brief, Estimate, Figure, Finding, Question, Status
from measurand.stats.intervals.binomial import at_least_p_value, at_most_p_value, clopper_pearson, trials_for
from measurand.stats.intervals.clustered import CR2, Means, cluster_sums, logit_limits, t_limits
from measurand.stats.intervals.distributions import norm, student
from measurand.tables import ItemTable, Responses, Trials, item_tables
from measurand.wording import SHARE, number, of_total, percent, plural, value_of

__all__ = ["MEASURE", "ThresholdTest", "ThresholdTests", "held_against", "threshold_test"]

MOST = 10**7
"""Trials are not counted beyond this when asking how many a p-value needs."""


@dataclass(frozen=True, kw_only=True)
class ThresholdTest:
    """One score held against the threshold.

    Parameters
    ----------
    subject : benchmark and model, or nothing for counts that were stated.
    value : the score.
    low, high : two one-sided bounds, each at confidence 1 - alpha; NaN where undefined.
    p_value, other_p_value : of the threshold not being cleared, and of its being cleared; NaN where undefined.
    n, clusters : items or trials, and independent units.
    unit : whether scores lie between 0 and 1, as rates do.
    needed : trials from which a score like this would give the p-value asked for; None if it does, or no number would.
    method : how it was tested.
    """

    subject: dict[str, str]
    value: float
    low: float
    high: float
    p_value: float
    other_p_value: float
    n: int
    clusters: int
    unit: bool
    needed: int | None
    method: str


@dataclass(frozen=True, repr=False)
class ThresholdTests(Brief):
    """Result of `threshold_test`."""

    rows: tuple[ThresholdTest, ...]
    threshold: float
    side: Literal["above", "below"]
    alpha: float


def threshold_test(
    responses: Responses | None = None,
    trials: Trials | None = None,
    *,
    above: float | None = None,
    below: float | None = None,
    alpha: float = 0.05,
) -> ThresholdTests:
    """One-sided test of each score against a threshold.

    The null is that the true score is at the threshold or on its wrong side. Independent scores of 0 and 1: exact
    binomial test. With clusters or epochs, scores between 0 and 1: t test on the scale of log-odds, with the
    cluster-robust (CR2) standard error and its degrees of freedom, and where no item differs the exact test with every
    cluster as one trial. Other scales: t test.

    Parameters
    ----------
    responses : item-level results.
    trials : successes as stated, in place of or beside these.
    above, below : the threshold; one of the two, which says the side that is to be shown.
    alpha : p-value asked for, in (0, 0.5), such as 1e-5.

    Raises
    ------
    NotApplicable
        No threshold is stated, or there is nothing to test.
    InputError
        Both `above` and `below`, or a setting out of its range.

    References
    ----------
    Clopper and Pearson 1934, Biometrika 26(4).

    Examples
    --------
    >>> row = threshold_test(trials=Trials(20, 20), above=0.99).rows[0]
    >>> round(row.p_value, 3), round(row.low, 3), row.needed
    (0.818, 0.861, 299)
    """
    if above is None and below is None:
        raise NotApplicable("no threshold is stated", needs="a threshold that the scores should be above, or below")
    if above is not None and below is not None:
        raise InputError(f"the threshold should be above or below, got both ({above:g} and {below:g})")
    # The two one-sided bounds make an interval of level 1 - 2 alpha, of which nothing is left at .5.
    if not 0 < alpha < 0.5:
        raise InputError(f"alpha should be in (0, 0.5), got {alpha}")
    side: Literal["above", "below"] = "above" if above is not None else "below"
    threshold = float(above if above is not None else below or 0.0)
    rows: list[ThresholdTest] = []
    if trials is not None:
        if not 0 < threshold < 1:
            raise InputError(f"the threshold of a rate should be in (0, 1), got {threshold:g}")
        # Stated counts carry no scores to learn a scale from, so they are rates: a threshold such as 90 is a slip.
        rows.append(_exact({}, trials.successes, trials.trials, threshold, side, alpha))
    for table in item_tables(responses) if responses is not None else ():
        rows += held_against(table, threshold, side, alpha)
    if not rows:
        raise NotApplicable("no score to test", needs="successes and trials, or item-level results")
    return ThresholdTests(tuple(rows), threshold, side, alpha)


def held_against(
    table: ItemTable, threshold: float, side: Literal["above", "below"], alpha: float
) -> list[ThresholdTest]:
    """The test of every model of one benchmark's table."""
    unit = within_unit(table)
    if unit and not 0 < threshold < 1:
        raise InputError(
            f"{table.benchmark!r} scores from 0 to 1, so its threshold should be in (0, 1), got {threshold:g}"
        )
    counts = once_right_or_wrong(table)
    means = cluster_sums(table.scores, table.clusters).means()
    found = []
    for row, model in enumerate(table.models):
        subject = {"benchmark": table.benchmark, "model": model}
        value, groups = float(means.value[row]), int(means.clusters[row])
        if counts or (means.stderr[row] == 0 and value in (0.0, 1.0)):
            # A cluster whose items all agree is one trial, or p would fall with every copy of a question.
            exact = _exact(subject, round(value * groups), groups, threshold, side, alpha)
            found.append(replace(exact, unit=unit))
        else:
            found.append(_of_mean(subject, means, row, unit, threshold, side, alpha))
    return found


def _exact(subject: dict[str, str], count: int, n: int, threshold: float, side: str, alpha: float) -> ThresholdTest:
    # Each side at alpha: the 90% interval goes with the 5% test, so that bound and p-value agree.
    low, high = clopper_pearson(count, n, 1 - 2 * alpha)
    p_values = at_least_p_value(count, n, threshold), at_most_p_value(count, n, threshold)
    mine, other = p_values if side == "above" else p_values[::-1]
    needed = None if mine < alpha else _trials_needed(count, n, threshold, side, alpha)
    return ThresholdTest(
        subject=subject,
        value=count / n,
        low=float(low),
        high=float(high),
        p_value=mine,
        other_p_value=other,
        n=n,
        clusters=n,
        unit=True,
        needed=needed,
        method="exact binomial",
    )


def _trials_needed(count: int, n: int, threshold: float, side: str, alpha: float) -> int | None:
    """Fewest trials, in the proportion seen, that would give the p-value."""
    rate = count / n
    # More trials at a rate on the wrong side only make the case against it stronger.
    if rate <= threshold if side == "above" else rate >= threshold:
        return None
    if count == n and side == "above":
        return trials_for(1 - threshold, alpha)
    if count == 0 and side == "below":
        return trials_for(threshold, alpha)

    def p_value(size: int) -> float:
        # Counts are rounded against the claim, so the number asked for is never too few.
        k = rate * size
        if side == "above":
            return at_least_p_value(np.floor(k), size, threshold)
        return at_most_p_value(np.ceil(k), size, threshold)

    low, high = n, 2 * n
    # Exact p-values fall in a saw-tooth as n grows: bisection finds a size that suffices, not always the very least.
    while p_value(high) >= alpha:
        low, high = high, 2 * high
        if high > MOST:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if p_value(middle) >= alpha else (low, middle)
    return high


def _of_mean(
    subject: dict[str, str], means: Means, row: int, unit: bool, threshold: float, side: str, alpha: float
) -> ThresholdTest:
    """t test of one row's mean: on the scale of log-odds where scores are shares."""
    value, stderr, df, groups = (float(x[row]) for x in (means.value, means.stderr, means.df, means.clusters))
    nothing = ThresholdTest(
        subject=subject,
        value=value,
        low=np.nan,
        high=np.nan,
        p_value=np.nan,
        other_p_value=np.nan,
        n=int(means.n[row]),
        clusters=int(groups),
        unit=unit,
        needed=None,
        method="",
    )
    if not stderr > 0:
        return nothing
    one = slice(row, row + 1)
    limits = logit_limits if unit else t_limits
    low, high = limits(means.value[one], means.stderr[one], means.df[one], 1 - 2 * alpha)
    # Of the tests tried on unequal clusters this scale errs least near 0 and 1: see the error rates and their caveat.
    t = (logit(value) - logit(threshold)) * value * (1 - value) if unit else value - threshold
    t = float(t / stderr)
    p_above = float(student.sf(t, df))
    mine, other = (p_above, 1 - p_above) if side == "above" else (1 - p_above, p_above)
    needed = None
    if mine >= alpha and (t > 0) == (side == "above") and t != 0:
        # The normal quantile: at the larger number of clusters t's has all but reached it.
        needed = int(np.ceil(groups * (norm.ppf(1 - alpha) / t) ** 2))
        needed = needed if groups < needed <= MOST else None
    return replace(
        nothing,
        low=float(low[0]),
        high=float(high[0]),
        p_value=mine,
        other_p_value=other,
        needed=needed,
        method=f"{'t on the scale of log-odds' if unit else 't'}, {CR2}",
    )


def judge(result: ThresholdTests) -> list[Finding]:
    """Passed: shown to be on the side asked for; issue: shown to be on the other; caution: neither."""
    found = [_finding(row, result) for row in result.rows]
    if len(found) == 1 and not result.rows[0].subject:
        return [replace(found[0], headline=True)]
    good = sum(finding.status is Status.PASSED for finding in found)
    clear = of_total(good, len(found), "score", "is shown", "is not shown")
    threshold = _score(result.threshold, all(row.unit for row in result.rows))
    sentence = f"{clear} to be {result.side} {threshold} (p below {result.alpha:g})."
    return [headline(sentence, found, caveats=MEASURE.caveats), *found]


def _score(value: float, unit: bool) -> str:
    return percent(value) if unit else number(value)


def _finding(row: ThresholdTest, result: ThresholdTests) -> Finding:
    level = 1 - 2 * result.alpha
    method = f"{row.method}, one-sided at {result.alpha:g} on each side"
    unit = SHARE if row.unit else ""
    score = estimate("score", row.value, row.low, row.high, level=level, method=method, n=row.clusters, unit=unit)
    status, sentence = _verdict(row, score, result)
    estimates = [score]
    if (p_value := finite(row.p_value)) is not None:
        estimates.append(Estimate(name="p_value", value=p_value, method=row.method, n=row.clusters))
    if row.needed is not None:
        estimates.append(Estimate(name="trials_needed", value=row.needed, unit="trials"))
    wrong_side = "less" if result.side == "above" else "more"
    null = f"the true score is {_score(result.threshold, row.unit)} or {wrong_side}"
    return Finding(
        subject=row.subject,
        status=status,
        sentence=sentence,
        short=_short(status, result),
        estimates=tuple(estimates),
        caveats=MEASURE.caveats if not row.subject else (),
        figure="P4.bounds",
        result={"n_items": row.n, "independent": row.clusters, "null": null},
    )


def _short(status: Status, result: ThresholdTests) -> str:
    """The verdict in a row of a table."""
    if status is Status.CAUTION:
        return "too few trials to tell"
    other = {"above": "below", "below": "above"}
    return f"shown to be {result.side if status is Status.PASSED else other[result.side]}"


def _verdict(row: ThresholdTest, score: Estimate, result: ThresholdTests) -> tuple[Status, str]:
    seen, threshold = (
        f"A score of {value_of(score)} in {plural(row.clusters, 'trial')}",
        _score(result.threshold, row.unit),
    )
    if not np.isfinite(row.p_value):
        return Status.CAUTION, f"{seen} cannot be held against {threshold}: it has no standard error."
    p = f"p = {number(row.p_value)}"
    # The p-value decides, not the bound: it is what was asked for, and near a count's edge the two can differ.
    if row.p_value < result.alpha:
        return Status.PASSED, f"{seen} is shown to be {result.side} {threshold} ({p}, below {result.alpha:g})."
    above = result.side == "above"
    if row.other_p_value < result.alpha:
        opposite = "below" if above else "above"
        return Status.ISSUE, f"{seen} is shown to be {opposite} {threshold}, not {result.side}."
    least = f"as little as {_score(row.low, row.unit)}" if above else f"as much as {_score(row.high, row.unit)}"
    more = f" {plural(row.needed, 'trial')} with scores like these would show it." if row.needed else ""
    return Status.CAUTION, f"{seen} is not shown to be {result.side} {threshold}: it could be {least} ({p}).{more}"


def figure(result: ThresholdTests, findings: Sequence[Finding]) -> list[Figure]:
    """Each score with its one-sided bounds, and the threshold as a line."""
    rows = [
        (
            ", ".join(row.subject.values()) or "these trials",
            row.value,
            finite(row.low),
            finite(row.high),
            finding.status.value,
            finite(row.p_value),
            row.clusters,
        )
        for row, finding in zip(result.rows, findings[-len(result.rows) :], strict=True)
    ]
    return [
        bars(
            "P4.bounds",
            f"Scores held against {_score(result.threshold, all(row.unit for row in result.rows))}",
            f"Bars: one-sided bounds, each at {percent(1 - result.alpha)} confidence. Line: the threshold.",
            columns(("score of", "score", "low", "high", "verdict", "p", "trials"), rows),
            Axis("score", "score"),
            Axis("score of", "", "nominal"),
            color="verdict",
            rules=(result.threshold,),
        )
    ]


def counts(*, successes: int, trials: int) -> dict[str, Trials]:
    """Trials as someone states them, in place of item-level results."""
    return {"trials": Trials(successes, trials, "successes")}


MEASURE = Measure(
    code="P4",
    name="threshold test",
    question=Question.PRECISION,
    asks="Is a score shown to be above, or below, a stated threshold?",
    needs="a threshold, and item-level results or successes and trials",
    formula=(
        "H0: the true score is at the threshold or on its wrong side. Independent 0/1 items: exact binomial tail. Else "
        "(logit p - logit p0) / (SE / (p (1-p))) against t, with the cluster-robust (CR2) SE and its degrees of "
        "freedom."
    ),
    compute=threshold_test,
    judge=judge,
    figure=figure,
    shorts={
        Status.ISSUE: "shown to be on the other side",
        Status.CAUTION: "too few trials to tell",
        Status.PASSED: "shown",
    },
    counts=counts,
    caveats=(
        "Each score is tested on its own: of many, some clear a threshold by chance at the p-value asked for.",
        "The test holds for questions drawn as these were.",
        "Where clusters are of very unequal size and differ strongly, a score near 90% is shown to be above its own "
        "true value in up to 9% of simulated studies, not in 5%; a lower score in 5% or less.",
    ),
    references=("Clopper and Pearson 1934, The use of confidence or fiducial limits, Biometrika 26(4)",),
)
