"""P5, rarity guarantee: how rare can a failure be said to be, given how often it was looked for?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from measurand.errors import InputError, NotApplicable
from measurand.measures import Measure
from measurand.measures.precision.shared.counts import Counted, independent_trials
from measurand.measures.shared import columns, require_fraction
from measurand.measures.verdicts import Side, against, headline, verdict
from measurand.results import Answer, Axis, Brief, Cell, Estimate, Figure, Finding, Question, Status, Table
from measurand.stats.intervals.binomial import at_most_p_value, clopper_pearson, exact_upper, trials_for
from measurand.stats.intervals.sequential import anytime_upper, betting_e_value, trials_for_bet
from measurand.tables import Responses, Scores, Trials, item_tables
from measurand.wording import SHARE, capital, number, of_total, one_in, percent, plural

__all__ = ["MEASURE", "Rarities", "Rarity", "rarities_of", "rarity"]

RARE = 0.05
"""Failures more frequent than this are no rare event: P1 gives their interval."""

SHOWN = (1e-2, 1e-3, 1e-4)
"""Failure rates whose price in runs is told."""

MOST_DRAWN = 12
"""Models placed on the curve; more could not be told apart by colour."""


@dataclass(frozen=True, kw_only=True)
class Rarity:
    """What the failures seen say of the failure rate.

    Parameters
    ----------
    subject : whose failures: benchmark and model, or nothing for counts that were stated.
    count, trials, unit : failures, independent trials, and what one trial is.
    upper : upper bound of the failure rate at confidence 1 - alpha, after what the grader may have missed.
    lower : exact lower bound of the rate of failures seen.
    p_value : of a rate at or above the claimed one; None without a claim. With optional stopping, 1 / e-value.
    e_value : evidence against the claimed rate that allows stopping at will; None without a claim.
    needed : trials without a further failure from which the claimed rate would follow; None without a claim, or where
        no number would do.
    """

    subject: dict[str, str]
    count: int
    trials: int
    unit: str
    upper: float
    lower: float
    p_value: float | None
    e_value: float | None
    needed: int | None


@dataclass(frozen=True, kw_only=True, repr=False)
class Rarities(Brief):
    """Result of `rarity`, with its settings."""

    rows: tuple[Rarity, ...]
    claim: float | None
    alpha: float
    stopped: bool
    missed: float
    overlooked: float


def rarity(
    responses: Responses | None = None,
    trials: Trials | None = None,
    scores: Scores | None = None,
    *,
    rarer_than: float | None = None,
    alpha: float = 0.05,
    stopped: bool = False,
    missed: float = 0.0,
    checked: tuple[int, int] | None = None,
) -> Rarities:
    """Upper bound of a failure rate, and whether it supports a claimed one.

    The exact (Clopper-Pearson) one-sided bound; with optional stopping, the bound of a bet that may be stopped at will.
    Items of one cluster, and an item's epochs, count as one trial. A grader that misses a share f of failures turns a
    bound U into ``U / (1 - f)``. Where passes were checked by hand, the bound on the share wrongly passed is added
    (each bound at half of alpha): no number of tests brings the total below it.

    Parameters
    ----------
    responses : item-level results with scores of 0 and 1; a failure is 0, or 1 where higher is worse.
    trials : counts as stated, in place of or beside these.
    scores : only for the direction of benchmarks.
    rarer_than : the claimed rate, in (0, 1).
    alpha : one less the confidence, in (0, 0.5).
    stopped : whether testing could have stopped because of what was seen.
    missed : share of failures that the grader misses, in [0, 1).
    checked : passes found wrong, and passes checked by hand.

    Raises
    ------
    NotApplicable
        No stated trials, and no benchmark of 0/1 scores whose failures are rare.
    InputError
        A setting out of its range.

    References
    ----------
    Clopper and Pearson 1934, Biometrika 26(4); Waudby-Smith and Ramdas 2024, JRSS B 86(1).

    Examples
    --------
    >>> row = rarity(trials=Trials(0, 300, "failures"), rarer_than=1e-4).rows[0]
    >>> round(row.upper, 5), row.needed
    (0.00994, 29956)
    """
    _require(rarer_than, alpha, missed, checked)
    rows: list[tuple[dict[str, str], Counted]] = []
    if trials is not None:
        rows.append(({}, Counted(trials.failures, trials.trials, "trial")))
    if responses is not None:
        rows += _rare(responses, scores)
    if not rows:
        raise NotApplicable(
            "no counts of failures, and no benchmark of right and wrong answers with failures below 5%",
            needs="failures and trials, or item-level results with rare failures",
        )
    # Passes found wrong are a rate of their own that no amount of testing by the same grader brings down.
    overlooked = 0.0 if checked is None else float(exact_upper(checked[0], checked[1], 1 - alpha / 2))
    settings = Rarities(rows=(), claim=rarer_than, alpha=alpha, stopped=stopped, missed=missed, overlooked=overlooked)
    # Two bounds that both have to hold: each is allowed half of the errors.
    return rarities_of(rows, settings, tail=alpha if checked is None else alpha / 2)


def rarities_of(counts: Sequence[tuple[dict[str, str], Counted]], settings: Rarities, *, tail: float) -> Rarities:
    """`rarity` of counts by subject, under the settings of a result; the bound on those seen may err at rate `tail`."""
    return replace(settings, rows=tuple(_row(subject, counted, settings, tail) for subject, counted in counts))


def _require(claim: float | None, alpha: float, missed: float, checked: tuple[int, int] | None) -> None:
    if claim is not None:
        require_fraction(rarer_than=claim)
    # The lower bound is at the same alpha, and from .5 on it would lie above the upper.
    if not 0 < alpha < 0.5:
        raise InputError(f"alpha should be in (0, 0.5), got {alpha}")
    if not 0 <= missed < 1:
        raise InputError(f"missed should be in [0, 1), got {missed}")
    if checked is not None and not 0 <= checked[0] <= checked[1] != 0:
        raise InputError(
            f"checked should be passes found wrong and passes checked, such as (0, 100), got {tuple(checked)}"
        )


def _rare(responses: Responses, scores: Scores | None) -> list[tuple[dict[str, str], Counted]]:
    """Models whose failures on a benchmark are rare."""
    worse: set[str] = set()
    if scores is not None:
        facts = scores.benchmarks.select("benchmark", "higher_is").iter_rows()
        worse = {benchmark for benchmark, direction in facts if direction == "worse"}
    found = []
    for table in item_tables(responses):
        # A continuous score has no failures to count, and where to cut it would be the analyst's choice.
        if not table.binary:
            continue
        for row, model in enumerate(table.models):
            counted = independent_trials(table, row, 1.0 if table.benchmark in worse else 0.0)
            # Of independent trials, as clusters with any failure are more frequent than items that failed.
            if counted.count <= RARE * counted.trials:
                found.append(({"benchmark": table.benchmark, "model": model}, counted))
    return found


def _row(subject: dict[str, str], counted: Counted, settings: Rarities, tail: float) -> Rarity:
    k, n = counted.count, counted.trials
    seen = anytime_upper(k, n, tail) if settings.stopped else float(exact_upper(k, n, 1 - tail))
    p_value = e_value = needed = None
    if settings.claim is not None:
        # What of the claim is left for failures that the grader sees.
        # Zero or less: the passes checked by hand alone leave more open than is claimed, whatever is seen.
        visible = (settings.claim - settings.overlooked) * (1 - settings.missed)
        if visible > 0:
            e_value = betting_e_value(k, n, visible)
            p_value = min(1.0, 1 / e_value) if settings.stopped else at_most_p_value(k, n, visible)
            needed = _needed(k, visible, tail, settings.stopped)
    return Rarity(
        subject=subject,
        count=k,
        trials=n,
        unit=counted.unit,
        upper=_with_missed(seen, settings),
        lower=float(clopper_pearson(k, n, 1 - 2 * tail)[0]),
        p_value=p_value,
        e_value=e_value,
        needed=needed,
    )


def _with_missed(seen: float, settings: Rarities) -> float:
    """The bound on failures seen, widened by those that the grader misses and those wrongly passed."""
    return min(1.0, seen / (1 - settings.missed) + settings.overlooked)


def _needed(count: int, rate: float, alpha: float, stopped: bool) -> int:
    if not stopped:
        return trials_for(rate, alpha, count)
    # Each failure costs the gambler a factor of ten, which about that many more clean trials win back.
    return trials_for_bet(rate, alpha * 0.1**count) + count


def judge(result: Rarities) -> list[Finding]:
    """Passed: the bound is below the claim; issue: the rate seen is above it; caution: neither, or no claim."""
    found = [_finding(row, result) for row in result.rows]
    if len(found) == 1 and not result.rows[0].subject:
        return [replace(found[0], headline=True)]
    if result.claim is not None:
        good = sum(finding.status is Status.PASSED for finding in found)
        shown = of_total(good, len(found), "result", "is shown", "is not shown")
        sentence = f"{shown} to fail more rarely than {_claimed(result.claim)}."
    else:
        weakest = one_in(max(row.upper for row in result.rows))
        sentence = f"{plural(len(found), 'result')} with rare failures; the weakest supports at most {weakest}."
    return [headline(sentence, found, caveats=MEASURE.caveats), *found]


def _claimed(rate: float) -> str:
    """A rate as it was stated: rounded down, as a bound is, it would be another claim."""
    whole = round(1 / rate)
    return f"1 in {whole:,}" if rate <= 0.2 and abs(whole * rate - 1) < 0.005 else percent(rate)


def _finding(row: Rarity, result: Rarities) -> Finding:
    status, sentence = _verdict(row, result)
    method = "anytime-valid betting bound" if result.stopped else "exact one-sided (Clopper-Pearson)"
    estimates = [
        Estimate(
            name="failure_rate",
            value=row.count / row.trials,
            low=0.0,
            high=row.upper,
            level=1 - result.alpha,
            method=method,
            n=row.trials,
            unit=SHARE,
        )
    ]
    if row.p_value is not None:
        how = "1 / e-value" if result.stopped else "exact"
        estimates.append(Estimate(name="p_value", value=row.p_value, method=how, n=row.trials))
    if row.e_value is not None:
        how = "bet on a tenth of the claimed rate"
        estimates.append(Estimate(name="e_value", value=row.e_value, method=how, n=row.trials))
    if row.needed is not None and status is Status.CAUTION:
        estimates.append(Estimate(name="trials_needed", value=row.needed, unit="trials"))
    return Finding(
        subject=row.subject,
        status=status,
        sentence=sentence,
        short=f"at most {one_in(row.upper)}",
        estimates=tuple(estimates),
        caveats=MEASURE.caveats if not row.subject else (),
        figure="P5.bound",
        result={"failures": row.count, "trials": row.trials, "trial": row.unit},
    )


def _after(row: Rarity, result: Rarities) -> str:
    """What follows from the failures seen, whatever was claimed."""
    noun = {"trial": "run"}.get(row.unit, row.unit)
    seen = "without a failure" if row.count == 0 else f"with {plural(row.count, 'failure')}"
    return (
        f"After {plural(row.trials, noun)} {seen}, the failure rate is at most {one_in(row.upper)} "
        f"({percent(1 - result.alpha)} confidence)."
    )


def answer(result: Rarities, findings: Sequence[Finding]) -> Answer:
    """What follows for the failure rate, the runs that would show a rarer one, and what it does not speak of."""
    row, *others = result.rows
    whole = f"Holds for inputs drawn like {'these' if others else f'these {row.trials:,}'}, each graded without error. "
    meaning = f"{whole}It says nothing of the worst input, or of someone who searches for one."
    notes: tuple[str, ...] = ()
    if others:
        tables = [_rows(result, findings)]
    else:
        tables = [] if result.stopped else [_runs_needed(result.alpha)]
        if row.count == 0 and not result.stopped:
            worse = _with_missed(float(exact_upper(1, row.trials, 1 - result.alpha)), result)
            notes = (f"One failure in the {row.trials:,} would have left at most {one_in(worse)}.",)
    return Answer(sentence=findings[0 if others else -1].sentence, tables=tuple(tables), notes=notes, meaning=meaning)


def _rows(result: Rarities, findings: Sequence[Finding]) -> Table:
    """Whoever was tested, the rarest failures first."""
    rows = sorted(zip(result.rows, findings[1:], strict=False), key=lambda each: each[0].upper)
    return Table(
        head=("model", "benchmark", "failures", "runs", "at most"),
        rows=tuple(
            (row.subject.get("model", ""), row.subject.get("benchmark", ""), number(row.count), number(row.trials),
             one_in(row.upper))
            for row, _ in rows
        ),
        marks=tuple(finding.status for _, finding in rows),
        right=(2, 3, 4),
        ends=True,
    )  # fmt: skip


def _runs_needed(alpha: float) -> Table:
    return Table(
        head=("to show at most", "runs without a failure"),
        rows=tuple((one_in(rate), number(trials_for(rate, alpha, 0))) for rate in SHOWN),
        right=(1,),
    )


def _verdict(row: Rarity, result: Rarities) -> tuple[Status, str]:
    clean = row.count == 0
    noun = {"trial": "run"}.get(row.unit, row.unit)
    runs = plural(row.trials, f"clean {noun}" if clean else noun)
    tests = runs if clean else f"{plural(row.count, 'failure')} in {runs}"
    one = (row.trials if clean else row.count) == 1
    support = f"{tests} {'supports' if one else 'support'} at most {one_in(row.upper)}"
    confidence = f"({percent(1 - result.alpha)} confidence)"
    if result.claim is None:
        return Status.CAUTION, f"{_after(row, result)} No target rate was given."
    # Issue needs the exact lower bound above the claim: a bound that misses it shows too few trials, not a bad model.
    claim, side = _claimed(result.claim), against(row.lower, row.upper, result.claim)
    status = verdict(side, issue=Side.ABOVE, passed=Side.BELOW)
    if side is Side.BELOW:
        return status, f"{support}: rarer than {claim}, as claimed {confidence}."
    if side is Side.ABOVE:
        return status, f"{capital(tests)}: the failure rate is above {claim}."
    if row.needed is None:
        floor = one_in(result.overlooked)
        return (
            status,
            f"{support}, not {claim}. No number of tests would: the passes checked by hand leave {floor} open.",
        )
    more = "without a failure" if clean else "without a further failure"
    return status, f"{support}, not {claim}; that takes {plural(row.needed, noun)} {more}."


def figure(result: Rarities) -> list[Figure]:
    """The bound against the number of clean trials, with where each model stands."""
    most = max([row.trials for row in result.rows] + [row.needed or 0 for row in result.rows])
    # Up to three times what is there or needed, so that the curve goes on to the right of every mark.
    grid = [round(10 ** (0.1 * step)) for step in range(5, math.ceil(10 * math.log10(most * 3)) + 1)]
    rows: list[tuple[Cell, ...]] = []
    for n in dict.fromkeys(grid):
        seen = anytime_upper(0, n, result.alpha) if result.stopped else float(exact_upper(0, n, 1 - result.alpha))
        rows.append((n, _with_missed(seen, result), "no failure", ""))
    for row in result.rows[:MOST_DRAWN]:
        name = ", ".join(row.subject.values()) or "these trials"
        rows.append((row.trials, row.upper, name, name))
    return [
        Figure(
            name="P5.bound",
            kind="lines",
            title="What clean trials support",
            caption=f"Upper bound of the failure rate at {percent(1 - result.alpha)} confidence by number of trials.",
            columns=columns(("trials", "bound", "evidence", "subject"), rows),
            x=Axis("trials", "independent trials", "log"),
            y=Axis("bound", "failure rate supported at most", "log"),
            color="evidence",
            label="subject",
            rules=(result.claim,) if result.claim is not None else (),
        )
    ]


def counts(*, failures: int, trials: int) -> dict[str, Trials]:
    """Trials as someone states them, in place of item-level results."""
    return {"trials": Trials(failures, trials, "failures")}


MEASURE = Measure(
    code="P5",
    name="rarity guarantee",
    question=Question.PRECISION,
    asks="How rare can a failure be said to be, given how often it was looked for?",
    needs="failures and trials, or item-level results with rare failures",
    formula=(
        "Largest p with P(at most k failures in n) >= alpha; no failure in n: 1 - alpha^(1/n). Stopped at will: "
        "largest p with (.1)^k ((1 - p/10)/(1 - p))^(n - k) <= 1/alpha."
    ),
    compute=rarity,
    judge=judge,
    figure=figure,
    answer=answer,
    shorts={
        Status.ISSUE: "fails more often than claimed",
        Status.CAUTION: "not shown to be that rare",
        Status.PASSED: "as rare as claimed",
    },
    counts=counts,
    caveats=(
        "The bound holds for inputs drawn as these were; it says nothing of the worst input or of an adversary.",
        "Trials are taken as independent; items of a named cluster, and repeats of an item, count as one.",
    ),
    references=(
        "Clopper and Pearson 1934, The use of confidence or fiducial limits, Biometrika 26(4)",
        "Waudby-Smith and Ramdas 2024, Estimating means of bounded random variables by betting, JRSS B 86(1)",
    ),
)
