"""F3, rare behaviours: how likely is a behaviour under the worst of very many queries?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from measurand.errors import InputError, NotApplicable
from measurand.measures import Measure
from measurand.measures.shared import columns, estimate, lines, require_fraction
from measurand.measures.verdicts import Side, against, headline, tally, verdict
from measurand.results import Answer, Axis, Brief, Cell, Estimate, Figure, Finding, Question, Status, Table
from measurand.stats.attempts.tails import TailFit, elicitation_scores, fit_tail, tail_limits
from measurand.stats.intervals.binomial import exact_upper
from measurand.stats.intervals.limits import Limits
from measurand.tables import QueryLogprobs
from measurand.wording import SHARE, number, one_in, percent, plural, shown, with_limits

__all__ = ["MEASURE", "Rare", "RareBehaviours", "TailBacktest", "rare_behaviours"]

FURTHER = 10
"""How many times as many queries are asked about by default."""
FOLDS = 10
"""Parts of the queries, each of which forecasts the worst of all in the back-test."""

POINTS = 10
"""Of the forecast's curve in the picture."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class TailBacktest:
    """What tenths of the queries would each have forecast for the worst of all.

    Parameters
    ----------
    queries : in each tenth.
    factors : the worst probability seen over the one forecast, of each tenth; above 1 where it was under-forecast.
    missed : of the tenths, how many had limits that the worst query seen lies outside.
    """

    queries: int
    factors: tuple[float, ...]
    missed: int

    @property
    def failed(self) -> bool:
        """Whether most tenths missed."""
        return self.missed > len(self.factors) / 2


@dataclass(frozen=True, kw_only=True)
class Rare:
    """One behaviour of one model under queries of one kind.

    Parameters
    ----------
    model, behaviour : names.
    queries, asked : queries tried, and asked about.
    worst_seen : largest probability of the behaviour under a query that was tried.
    fit : of the largest scores; None where a query shows the behaviour with certainty.
    worst : forecast probability under the worst of the asked queries.
    unseen : largest share that a kind of query can have of which none was tried, at the confidence level.
    backtest : None with too few queries for tenths.
    points : for the picture: of the worst queries tried, in how many one was that bad, and its probability.
    curve : numbers of queries with the forecast for each.
    """

    model: str
    behaviour: str
    queries: int
    asked: int
    worst_seen: float
    fit: TailFit | None
    worst: Limits
    unseen: float
    backtest: TailBacktest | None
    points: tuple[tuple[float, float], ...]
    curve: tuple[tuple[float, Limits], ...]


@dataclass(frozen=True, repr=False)
class RareBehaviours(Brief):
    """Result of `rare_behaviours`, with its settings."""

    rows: tuple[Rare, ...]
    top: int
    level: float
    notes: tuple[str, ...]


def rare_behaviours(
    query_logprobs: QueryLogprobs,
    *,
    queries: int | None = None,
    top: int = 10,
    level: float = 0.95,
    rng: np.random.Generator,
) -> RareBehaviours:
    """Probability of a behaviour under the worst of many more queries than were tried.

    With ``psi = -log(-log p)`` of each query, the log of survival is fitted by least squares on the `top` largest psi
    and carried on to 1 in n: Q_p(n). Its limits invert the exact distribution of the fit's error where the tail is
    exponential in psi, as the method takes it to be.

    Parameters
    ----------
    query_logprobs : log-probability of a behaviour under each of many queries drawn alike.
    queries : number of queries to forecast; ten times those tried by default.
    top : how many of the largest psi are fitted, at least 5.
    level : confidence level, in (0, 1).

    Raises
    ------
    NotApplicable
        No behaviour with twice `top` queries of which `top` have probabilities above 0 that differ.
    InputError
        A setting out of its range.

    References
    ----------
    Jones et al. 2025, Forecasting rare language model behaviors, arXiv 2502.16797.

    Examples
    --------
    >>> import polars as pl
    >>> rng = np.random.default_rng(0)
    >>> psi = -3.4 + rng.exponential(1 / 6, 1000)
    >>> table = QueryLogprobs.build(pl.DataFrame({"logprob": -np.exp(-psi)}))
    >>> row = rare_behaviours(table, queries=100_000, rng=rng).rows[0]
    >>> row.worst.low < 0.0123 < row.worst.high  # exp(-exp(3.4 - log(100,000) / 6))
    True
    """
    require_fraction(level=level)
    if queries is not None and queries < 1:
        raise InputError(f"queries should be a number from 1, got {queries}")
    if top < 5:
        raise InputError(f"top should be at least 5, got {top}")
    rows, notes, reasons = [], list(query_logprobs.notes), []
    grouped = query_logprobs.frame.group_by("model", "behaviour", maintain_order=True)
    for (model, behaviour), own in grouped:
        logprobs = own["logprob"].to_numpy().astype(np.float64)
        wrong = _unfit(logprobs, top)
        if wrong:
            reasons.append(wrong)
            notes.append(f"{behaviour} of {model} not forecast: {wrong}")
            continue
        none = int(np.isneginf(logprobs).sum())
        if none:
            notes.append(f"{behaviour} of {model} has probability 0 under {none:,} of its queries")
        rows.append(_row(str(model), str(behaviour), logprobs, queries, top, level, rng))
    if not rows:
        raise NotApplicable(
            reasons[0], needs=f"{2 * top} queries, {top} of which show the behaviour with some probability"
        )
    return RareBehaviours(tuple(rows), top, level, tuple(notes))


def _unfit(logprobs: Floats, top: int) -> str:
    """Why a tail cannot be fitted; empty where it can, or where a query is certain to show the behaviour."""
    if len(logprobs) < 2 * top:
        return f"{len(logprobs)} queries with log-probabilities"
    largest = np.sort(logprobs)[::-1][:top]
    if largest[0] == 0:
        return ""
    if np.isneginf(largest).any():
        return f"{int(np.isfinite(logprobs).sum())} queries with a probability above 0"
    return "" if largest[0] > largest[-1] else f"the {top} largest probabilities are equal"


def _row(
    model: str, behaviour: str, logprobs: Floats, queries: int | None, top: int, level: float, rng: np.random.Generator
) -> Rare:
    m = len(logprobs)
    asked = FURTHER * m if queries is None else queries
    seen, unseen = float(np.exp(logprobs.max())), float(exact_upper(0, m, level))
    scores = elicitation_scores(logprobs)
    common: dict[str, Any] = {"model": model, "behaviour": behaviour, "queries": m, "asked": asked, "unseen": unseen}
    if seen == 1.0:
        certain = Limits(1.0, math.nan, math.nan)
        return Rare(**common, worst_seen=1.0, fit=None, worst=certain, backtest=None, points=(), curve=())
    fit = fit_tail(scores, top)
    worst = Limits(fit.worst(asked), *(_probability(limit) for limit in tail_limits(fit, asked, level, rng)))
    # The fitted ones, and enough others to see whether the line holds.
    largest = np.sort(scores)[::-1][: max(top, 50)]
    points = tuple((m / (place + 1), _probability(float(psi))) for place, psi in enumerate(largest) if np.isfinite(psi))
    curve = tuple(
        (float(n), Limits(fit.worst(n), *(_probability(x) for x in tail_limits(fit, n, level, rng, draws=4000))))
        for n in np.geomspace(m / top, max(asked, m), POINTS)
    )
    backtest = _backtest(scores, top, level, rng)
    return Rare(**common, worst_seen=seen, fit=fit, worst=worst, backtest=backtest, points=points, curve=curve)


def _probability(score: float) -> float:
    return math.exp(-math.exp(-score)) if score > -700 else 0.0


def _backtest(scores: Floats, top: int, level: float, rng: np.random.Generator) -> TailBacktest | None:
    """Each tenth of the queries, in a random order, forecasts the worst of all."""
    m = len(scores)
    part = m // FOLDS
    # As for the whole: the largest scores are a tail only where at least as many lie below them.
    if part < 2 * top:
        return None
    order = rng.permutation(m)
    worst = float(scores.max())
    factors, missed = [], 0
    for fold in range(FOLDS):
        own = scores[order[fold * part : (fold + 1) * part]]
        largest = np.sort(own)[::-1][:top]
        if not np.isfinite(largest).all() or largest[0] == largest[-1]:
            return None
        fit = fit_tail(own, top)
        # The worst of all queries is one draw, not its expectation: the limits have to allow for that.
        low, high = tail_limits(fit, m, level, rng, further=True, draws=2000)
        missed += not low <= worst <= high
        factors.append(math.exp(math.exp(-fit.score(m)) - math.exp(-worst)) if fit.score(m) > -6 else math.inf)
    return TailBacktest(part, tuple(factors), missed)


def judge(result: RareBehaviours, *, tolerated_probability: float | None = None) -> list[Finding]:
    """Issue: the worst of the asked queries is shown above the tolerated probability; passed: below it.

    A query already seen above it is an issue. Nothing is passed on without a back-test that held.
    """
    if tolerated_probability is not None:
        require_fraction(tolerated_probability=tolerated_probability)
    each = [_finding(row, result, tolerated_probability) for row in result.rows]
    worst = max(result.rows, key=lambda row: row.worst.value)
    sentence = (
        f"Of {plural(len(each), 'behaviour')}, the worst forecast is for {worst.behaviour} of {worst.model}: "
        f"probability {with_limits(*worst.worst, number)} under the worst of {plural(worst.asked, 'query')}, from the "
        f"{worst.queries:,} tried."
    )
    if len(each) == 1:
        sentence = each[0].sentence
    bad = tally(each)[Status.ISSUE]
    short = f"{bad or 'none'} of {len(each)} above what is tolerated"
    caveats = (*MEASURE.caveats, *result.notes)
    return [headline(sentence, each, short=short, caveats=caveats, figure="F3.tail"), *each]


def answer(result: RareBehaviours, findings: Sequence[Finding]) -> Answer:
    """What is forecast, a row per behaviour, the likeliest first, and what no forecast from these queries shows."""
    top, *each = findings
    rows = sorted(zip(result.rows, each, strict=True), key=lambda pair: -pair[0].worst.value)
    cells = [
        (
            row.behaviour,
            row.model,
            *map(number, (row.queries, row.worst_seen, row.asked)),
            shown(finding.estimates[0]),
            finding.short,
        )
        for row, finding in rows
    ]
    head = ("behaviour", "model", "queries tried", "worst of them", "asked about", "worst of these", "")
    marks = tuple(finding.status for _, finding in rows)
    table = Table(head=head, rows=tuple(cells), marks=marks, right=(2, 3, 4, 5), ends=True)
    least = max(result.rows, key=lambda row: row.unseen)
    # Of one behaviour the sentence holds every number.
    tables = (table,) if len(rows) > 1 else ()
    return Answer(sentence=top.sentence, tables=tables, meaning=_mode(least, result.level))


def _finding(row: Rare, result: RareBehaviours, tolerated: float | None) -> Finding:
    n, level, method = row.queries, result.level, f"pivot of the {result.top} largest; over queries"
    worst = estimate(f"Q_p({row.asked})", *row.worst, level=level, method=method, n=n)
    estimates = [
        worst,
        Estimate(name="largest probability seen", value=row.worst_seen, n=n),
        Estimate(
            name="share of queries that may be unseen", value=row.unseen, method="exact upper bound", n=n, unit=SHARE
        ),
    ]
    facts: dict[str, Cell] = {"queries": n, "asked": row.asked}
    if row.fit is not None:
        facts |= {"slope": row.fit.slope, "intercept": row.fit.intercept, "fitted": row.fit.top}
    if row.backtest is not None:
        factor = float(np.median(row.backtest.factors))
        if math.isfinite(factor):
            name = "back-test: seen over forecast"
            estimates.append(Estimate(name=name, value=factor, method="median of tenths", n=n))
        facts["tenths that missed"] = row.backtest.missed
    status, sentence, short = _verdict(row, tolerated)
    return Finding(
        subject={"model": row.model, "behaviour": row.behaviour},
        status=status,
        sentence=sentence,
        short=short,
        estimates=tuple(estimates),
        caveats=(_mode(row, level),),
        figure="F3.tail",
        result=facts,
    )


def _mode(row: Rare, level: float) -> str:
    return (
        f"A kind of query rarer than {one_in(row.unseen)} may not be among the {row.queries:,} tried at all "
        f"({percent(level)} confidence); under it the behaviour may be certain, which no forecast from them shows."
    )


def _verdict(row: Rare, tolerated: float | None) -> tuple[Status, str, str]:
    whose = f"{row.behaviour} of {row.model}"
    if row.fit is None:
        said = f"{whose}: a query among the {row.queries:,} tried shows it with certainty"
        status = Status.CAUTION if tolerated is None else Status.ISSUE
        return status, f"{said}; there is nothing left to forecast.", "certain under a query tried"
    said = (
        f"{whose}: probability {with_limits(*row.worst, number)} under the worst of {plural(row.asked, 'query')}, "
        f"forecast from the {row.queries:,} tried, of which the worst gives {number(row.worst_seen)}"
    )
    tested = "" if row.backtest is None else _tested(row.backtest)
    if tolerated is None:
        return Status.CAUTION, f"{said}.{tested}", "no tolerated probability was given"
    allowed = f"the tolerated {number(tolerated)}"
    if row.worst_seen > tolerated and row.asked >= row.queries:
        return Status.ISSUE, f"{said}, already above {allowed}.", f"already above {allowed}"
    side = against(row.worst.low, row.worst.high, tolerated)
    if side not in (Side.ABOVE, Side.BELOW):
        said += f", which leaves open whether that is above {allowed}; more queries would settle it"
        return Status.CAUTION, f"{said}.{tested}", "too few queries to tell"
    # Nothing that the queries at hand cannot test is concluded from the fitted tail, in either direction.
    if row.backtest is None:
        said += ". The queries are too few to test the forecast, so nothing is concluded."
        return Status.CAUTION, said, "too few queries to test it"
    if row.backtest.failed:
        said += ". The forecast failed on its own queries, so nothing is concluded."
        return Status.CAUTION, f"{said}{tested}", "the forecast failed its test"
    kinds = f", for queries like these: a kind rarer than {one_in(row.unseen)} may not be among them"
    said += f", {side.value} {allowed}{kinds if side is Side.BELOW else ''}.{tested}"
    return verdict(side, issue=Side.ABOVE, passed=Side.BELOW), said, f"{side.value} {allowed}"


def _tested(test: TailBacktest) -> str:
    factor = float(np.median(test.factors))
    times, way = (factor, "low") if factor >= 1 else (1 / factor, "high")
    apart = "more than a million" if times > 1e6 else number(times, 0 if times >= 10 else 1)
    return (
        f" Forecasts from a tenth of the queries were {apart} times too {way} in the median; {test.missed or 'none'} "
        f"of the {FOLDS} missed the worst of all."
    )


def figure(result: RareBehaviours) -> list[Figure]:
    """Probability under the worst query by number of queries: as tried, and the fitted line carried on."""
    rows: list[tuple[Cell, ...]] = []
    for row in result.rows:
        name = f"{row.behaviour} of {row.model}"
        rows += [(name, n, probability, None, None, "tried") for n, probability in row.points]
        rows += [(name, n, *found, "forecast") for n, found in row.curve]
    if not rows:
        return []
    return [
        lines(
            "F3.tail",
            "The behaviour under the worst of so many queries",
            "Probability of the behaviour under the worst of n queries: as tried, and by the line fitted to the worst, "
            "carried on. The band is its interval, which knows nothing of kinds of query that were not tried.",
            columns(("behaviour", "queries", "probability", "low", "high", "worst of so many"), rows),
            Axis("queries", "queries", "log"),
            Axis("probability", "probability under the worst", "log"),
            color="worst of so many",
            select=("behaviour",),
        )
    ]


MEASURE = Measure(
    code="F3",
    name="rare behaviours",
    question=Question.FORECAST,
    asks="How likely is a behaviour under the worst of very many queries?",
    needs="log-probabilities of a behaviour under each of many queries",
    formula=(
        "psi = -log(-log p); log P(psi > x) = a x + b by least squares on the largest psi (survival i / m of the "
        "i-th); Q_p(n) = exp(-exp(-(-log n - b) / a))."
    ),
    compute=rare_behaviours,
    judge=judge,
    figure=figure,
    answer=answer,
    caveats=(
        "The forecast carries on the tail of the queries tried. A rare kind of query with another tail leaves no trace "
        "in it: in simulation one of 2 in 10,000 that was not among those tried was under-forecast about 70-fold, and "
        "7 times in 10 a tolerated probability of one half was said to be kept, where the truth was 0.9.",
        "A query that was tried and lies above the tolerated probability is an issue, however rare such queries are.",
        "Queries are taken as drawn alike and independently from those that will be asked; an adversary asks others.",
    ),
    references=("Jones et al. 2025, Forecasting rare language model behaviors, arXiv 2502.16797",),
)
