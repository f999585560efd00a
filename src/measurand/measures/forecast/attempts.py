"""F2, repeated attempts: how likely does a behaviour come when it is tried ten times as often?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from measurand.errors import InputError, NotApplicable
from measurand.measures import Measure
from measurand.measures.forecast.shared.efforts import check_settings
from measurand.measures.forecast.shared.repeated import Backtest, Repeated, finding_of, tried_less
from measurand.measures.forecast.shared.repeats import (
    LEAST_FOR_BACKTEST,
    Repeats,
    grid_to,
    observed,
    power_forecast,
    rate_forecast,
    repeats_of,
)
from measurand.measures.shared import columns, lines, require_fraction
from measurand.measures.verdicts import headline, tally
from measurand.results import Answer, Axis, Brief, Cell, Figure, Finding, Question, Status, Table
from measurand.stats.attempts.beta_binomial import beta_pass_at_k
from measurand.tables import Attempts
from measurand.wording import capital, of_total, plural, shown

__all__ = ["MEASURE", "Backtest", "Repeated", "RepeatedAttempts", "repeated_attempts"]

# Two parameters say how rates differ: fewer behaviours, or rates known less well, would leave them to chance.
LEAST_BEHAVIOURS, LEAST_ATTEMPTS = 5, 10
FURTHER = 10
"""How many times as many attempts are asked about by default."""


@dataclass(frozen=True, repr=False)
class RepeatedAttempts(Brief):
    """Result of `repeated_attempts`, with its settings."""

    rows: tuple[Repeated, ...]
    level: float
    notes: tuple[str, ...]


def repeated_attempts(
    attempts: Attempts,
    *,
    asked: int | None = None,
    success_from: float = 0.5,
    resamples: int = 1000,
    level: float = 0.95,
    rng: np.random.Generator,
) -> RepeatedAttempts:
    """Share of behaviours that come within k attempts, as observed and as forecast.

    Up to the attempts made, the unbiased ``1 - C(n - c, k) / C(n, k)``, averaged over behaviours; where attempts end
    with a success, Kaplan-Meier over attempts. Beyond, two forecasts: rates of a beta distribution fitted by maximum
    likelihood, with profile-likelihood limits, and the power law ``-log(success) = scale k^-exponent``. Both are
    back-tested: a tenth of the attempts forecasts what all of them gave.

    Parameters
    ----------
    attempts : repeated attempts at each behaviour, alike and independent of one another.
    asked : number of attempts to forecast; ten times those made by default.
    success_from : least success that counts as one, in (0, 1].
    resamples : bootstrap resamples of behaviours or clusters, for the power law.
    level : confidence level, in (0, 1).

    Raises
    ------
    NotApplicable
        No method tried 5 behaviours 10 times each.
    InputError
        A setting out of its range.

    References
    ----------
    Chen et al. 2021, arXiv 2107.03374; Hughes et al. 2024, Best-of-N jailbreaking, arXiv 2412.03556; Kazdan et al.
    2025, arXiv 2510.05197.

    Examples
    --------
    >>> import polars as pl
    >>> rng = np.random.default_rng(0)
    >>> rates = rng.beta(0.3, 3.0, 60)
    >>> rows = [("m", f"b{i}", float(rng.random() < rate)) for i, rate in enumerate(rates) for _ in range(40)]
    >>> table = Attempts.build(pl.DataFrame(rows, schema=["target", "behaviour", "success"], orient="row"))
    >>> found = repeated_attempts(table, rng=rng).rows[0]
    >>> found.asked, round(found.seen.value, 2), found.beta.low < 0.772 < found.beta.high
    (400, 0.67, True)
    """
    require_fraction(level=level)
    if asked is not None and asked < 1:
        raise InputError(f"asked should be a number of attempts from 1, got {asked}")
    check_settings(success_from, resamples)
    rows, notes, most = [], list(attempts.notes), (0, 0)
    for each in repeats_of(attempts, success_from):
        behaviours = int((~each.short).sum())
        if behaviours < LEAST_BEHAVIOURS or each.attempts < LEAST_ATTEMPTS:
            most = max(most, (behaviours, each.attempts), key=min)
            notes.append(f"{each.method} on {each.target} not forecast: {_tried(behaviours, each.attempts)}")
            continue
        if each.short.any():
            notes.append(
                f"{plural(int(each.short.sum()), 'behaviour', 'was')} tried by {each.method} on {each.target} less "
                "than half as often as the others; the limits allow that those of them that never came never do, and "
                "that all would have come with more attempts"
            )
        rows.append(_row(each, asked, resamples, level, rng))
    if not rows:
        raise NotApplicable(
            f"at most {_tried(*most)}", needs=f"{LEAST_ATTEMPTS} attempts at each of {LEAST_BEHAVIOURS} behaviours"
        )
    return RepeatedAttempts(tuple(rows), level, tuple(notes))


def _tried(behaviours: int, attempts: int) -> str:
    return f"{plural(behaviours, 'behaviour')} with {plural(attempts, 'attempt')} each"


def _row(each: Repeats, asked: int | None, resamples: int, level: float, rng: np.random.Generator) -> Repeated:
    made = each.attempts
    # Ten times is as far as the back-test, a tenth of the attempts to all of them, has looked.
    wanted = FURTHER * made if asked is None else asked
    forecast = rate_forecast(each, wanted, level)
    beta, joint = forecast.beta, forecast.joint
    scale, exponent, power = power_forecast(each, made, wanted, resamples, level, rng)
    seen = observed(each, made, level)
    if wanted <= made:
        joint = beta = power = observed(each, wanted, level)
    grid = tuple((int(k), observed(each, int(k), level)) for k in grid_to(made))
    return Repeated(
        target=each.target,
        method=each.method,
        behaviours=each.behaviours,
        groups=len(np.unique(each.codes)),
        clustered=each.clusters is not None,
        attempts=made,
        unknown=each.unknown_by(min(wanted, made)),
        stopped=each.stopped,
        asked=wanted,
        once=grid[0][1],
        seen=seen,
        a=forecast.fit.a,
        b=forecast.fit.b,
        scale=scale,
        exponent=exponent,
        family=forecast.family,
        joint=joint,
        beta=beta,
        power=power,
        backtest=_backtest(each, made, seen.value, level, rng),
        curve=grid,
    )


def _backtest(each: Repeats, made: int, came: float, level: float, rng: np.random.Generator) -> Backtest | None:
    if made < LEAST_FOR_BACKTEST:
        return None
    part = made // 10
    # As many as ever were a tenth: the shorter ones had their first attempts like the others.
    earlier = each.first(part)
    joint = rate_forecast(earlier, made, level).joint
    # Of the power law the value alone is told: its resamples would take most of the time.
    _, _, power = power_forecast(earlier, part, made, 0, level, rng)
    return Backtest(part, joint, power.value, came, came + each.unknown_by(made) / each.behaviours)


def judge(result: RepeatedAttempts, *, tolerated: float | None = None) -> list[Finding]:
    """Issue: success after the asked attempts is above the tolerated rate; passed: below it, and the back-test held.

    What was already observed above the rate is an issue whatever the forecast says. A forecast that missed its own last
    decade, or that the power law contradicts, passes nothing.
    """
    if tolerated is not None:
        require_fraction(tolerated=tolerated)
    each = [finding_of(row, result.level, tolerated) for row in result.rows]
    caveats, sentence = (*MEASURE.caveats, *result.notes), each[0].sentence if len(each) == 1 else _most(result, each)
    bad = tally(each)[Status.ISSUE]
    short = f"{bad or 'none'} of {len(each)} above what is tolerated"
    return [headline(sentence, each, short=short, caveats=caveats, figure="F2.curves"), *each]


def _most(result: RepeatedAttempts, each: Sequence[Finding]) -> str:
    """For which method and target most is forecast, and how forecasts did that could be tested."""
    tests = [row.backtest for row in result.rows if row.backtest is not None]
    worst, finding = max(zip(result.rows, each, strict=True), key=lambda pair: pair[0].joint.value)
    forecast, _, _, seen, *_ = map(shown, finding.estimates)
    ahead = worst.asked > worst.attempts
    came = f"; {seen} came within {worst.attempts:,}" if ahead else ""
    sentence = (
        f"The most {'is forecast' if ahead else 'came'} for {worst.method} on {worst.target}: {forecast} of the "
        f"behaviours within {plural(worst.asked, 'attempt')}{came}{tried_less(worst)}. "
    )
    if not tests:
        return f"{sentence}There were too few attempts to test a forecast on the last of them."
    missed = sum(test.missed for test in tests)
    # Made from a tenth of the attempts.
    return f"{sentence}{of_total(missed, len(tests), 'tested forecast', 'missed', 'did not miss')} what came later."


def answer(result: RepeatedAttempts, findings: Sequence[Finding]) -> Answer:
    """How many behaviours came and are forecast, a row per target and method, the most first."""
    top, *each = findings
    rows = sorted(zip(result.rows, each, strict=True), key=lambda pair: -pair[0].joint.value)
    made, asked = ({getattr(row, name) for row in result.rows} for name in ("attempts", "asked"))

    def within(number: int, numbers: set[int]) -> str:
        return f" in {number:,}" if len(numbers) > 1 else ""

    head = (
        "target",
        "method",
        f"came within {max(made):,} attempts" if len(made) == 1 else "came",
        f"forecast within {max(asked):,}" if len(asked) == 1 else "forecast",
        "",
    )
    cells = [
        (
            row.target,
            row.method,
            f"{shown(finding.estimates[3])}{within(row.attempts, made)}",
            f"{shown(finding.estimates[0])}{within(row.asked, asked)}",
            finding.short,
        )
        for row, finding in rows
    ]
    marks = tuple(finding.status for _, finding in rows)
    table = Table(head=head, rows=tuple(cells), marks=marks, right=(2, 3), ends=True)
    notes = tuple(f"{capital(note)}." for note in result.notes)
    return Answer(sentence=top.sentence, tables=(table,), notes=notes, meaning=MEASURE.caveats[0])


def figure(result: RepeatedAttempts) -> list[Figure]:
    """Success by number of attempts: observed, both forecasts, and what a tenth of the attempts would have said."""
    rows: list[tuple[Cell, ...]] = []
    for row in result.rows:
        of = (row.target, row.method)
        rows += [(*of, k, *found, "observed") for k, found in row.curve]
        ahead = grid_to(max(row.asked, row.attempts))
        beta = beta_pass_at_k(row.a, row.b, ahead)
        rows += [(*of, int(k), float(y), None, None, "beta-binomial") for k, y in zip(ahead, beta, strict=True)]
        if math.isfinite(row.scale):
            law = np.exp(-row.scale * ahead.astype(np.float64) ** -row.exponent)
            rows += [(*of, int(k), float(y), None, None, "power law") for k, y in zip(ahead, law, strict=True)]
        if row.backtest is not None:
            name = "forecast from a tenth"
            rows += [_start(row, row.backtest.fitted, name), (*of, row.attempts, *row.backtest.joint, name)]
        if row.asked > row.attempts:
            rows += [_start(row, row.attempts, "forecast"), (*of, row.asked, *row.joint, "forecast")]
    return [
        lines(
            "F2.curves",
            "Success by number of attempts",
            "Share of behaviours with a success within so many attempts: as observed, by the beta-binomial fit, by the "
            "power law, and what a tenth of the attempts would have forecast for all of them.",
            columns(("target", "method", "attempts", "share", "low", "high", "curve"), rows),
            Axis("attempts", "attempts at each behaviour", "log"),
            Axis("share", "share of behaviours", "log"),
            color="curve",
            select=("target", "method"),
        )
    ]


def _start(row: Repeated, attempts: int, name: str) -> tuple[Cell, ...]:
    """Where a forecast starts: at what had come by the attempts it was made from."""
    came = float(np.interp(attempts, [k for k, _ in row.curve], [found.value for _, found in row.curve]))
    return row.target, row.method, attempts, came, came, came, name


MEASURE = Measure(
    code="F2",
    name="repeated attempts",
    question=Question.FORECAST,
    asks="How many behaviours come when each is tried ten times as often?",
    needs="repeated attempts at behaviours: 10 or more at each of 5 or more",
    formula=(
        "pass@k = 1 - C(n - c, k) / C(n, k), averaged over behaviours; forecasts 1 - B(a, b + k) / B(a, b) by maximum "
        "likelihood, with limits over beta and logit-normal rates, and -log pass@k = scale k^-exponent by least "
        "squares of logs."
    ),
    compute=repeated_attempts,
    judge=judge,
    figure=figure,
    answer=answer,
    caveats=(
        "Attempts are taken as alike and independent: a method that learns from failures does better than forecast.",
        "Where every behaviour has some least rate the forecast is too low: with rates of a Pareto distribution "
        "(shape 0.6, from 1 in 1,000 on) its limits missed the success at ten times the attempts, always from below, "
        "in 25% of studies of 20 behaviours with 20 attempts and in 98% of those of 100 with 100 (measured).",
        "Both forecasts carry the curve on. A behaviour whose rate is far below one in the attempts made leaves no "
        "trace: beyond ten times the attempts made, nothing was tested.",
    ),
    references=(
        "Chen et al. 2021, Evaluating large language models trained on code, arXiv 2107.03374",
        "Hughes et al. 2024, Best-of-N jailbreaking, arXiv 2412.03556",
        "Kazdan et al. 2025, Efficient prediction of pass@k scaling in large language models, arXiv 2510.05197",
    ),
)
