"""F1, forecast: what will a model score that is not here yet, and is that better than a naive guess?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from measurand.errors import InputError, NotApplicable, UnknownName
from measurand.measures import Measure
from measurand.measures.forecast.shared.drivers import DRIVERS, Name
from measurand.measures.forecast.shared.forecast_figures import errors, fan
from measurand.measures.forecast.shared.forecast_words import (
    coverage_words,
    error_unit,
    error_words,
    forecast_table,
    more_words,
    no_split_words,
    other_words,
    score_unit,
    target_words,
    too_sure_words,
    worse_words,
)
from measurand.measures.forecast.shared.forecasting import LEAST_MODELS, Asked, Forecast, Target, forecasts_of
from measurand.measures.forecast.shared.held_out import DATE_ALONE, Baseline, Split
from measurand.measures.shared import display_names, estimate, require_fraction
from measurand.measures.verdicts import Call, Side, Unassessed, called, headline, tally, unassessed
from measurand.results import Answer, Brief, Cell, Estimate, Figure, Finding, Question, Status
from measurand.tables import Scores
from measurand.tables.dates import decimal_year
from measurand.wording import SHARE, agreeing, capital, of_total, plural, shown

__all__ = ["MEASURE", "Forecast", "Forecasted", "Target", "forecast"]

# Beyond these it is no training compute but a slip, such as an exponent in place of the FLOP.
LEAST_FLOP, MOST_FLOP = 1e10, 1e40


@dataclass(frozen=True, eq=False, repr=False)
class Forecasted(Brief):
    """Result of `forecast`.

    Parameters
    ----------
    rows : one per benchmark and class, by the driver that is judged.
    others : the same benchmarks by the other drivers.
    unassessed : what could not be forecast, and why.
    """

    rows: tuple[Forecast, ...]
    others: tuple[Forecast, ...]
    unassessed: tuple[Unassessed, ...]
    level: float
    names: dict[str, str]


def forecast(
    scores: Scores,
    *,
    benchmarks: tuple[str, ...] | None = None,
    by: Name | None = None,
    at_flop: float | None = None,
    at_date: str | None = None,
    components: int = 1,
    level: float = 0.95,
) -> Forecasted:
    """Scores as a sigmoid of training compute, date or other benchmarks, and how well that predicts models left out.

    The floor of the sigmoid is chance and its top the maximum, where these are known. Each family is left out in turn,
    and so are the newest models; the errors stand beside those of the date alone, of family means and of the mean of
    all. Prediction intervals are for a new model of a new family.

    Parameters
    ----------
    scores : scores with training FLOP or release dates, or with at least 3 other benchmarks.
    benchmarks : those to forecast; the capability benchmarks by default, all where none is known to be one.
    by : what to predict from: ``"compute"`` (log10 training FLOP), ``"date"`` or ``"components"`` (leading principal
        components of the other capability benchmarks); the first of these that at least 10 models have by default.
    at_flop, at_date : a model to predict, by its training FLOP or its date (ISO).
    components : how many components, 1 to 5.
    level : confidence level, in (0, 1).

    Raises
    ------
    NotApplicable
        No benchmark has 10 models of a class with something to predict from.
    UnknownName
        A benchmark or driver that is none.
    InputError
        A setting out of its range; both or contradicting targets.

    References
    ----------
    Ruan, Maddison and Hashimoto 2024, Observational scaling laws, arXiv 2405.10938.

    Examples
    --------
    >>> import measurand
    >>> row = forecast(measurand.load_example().scores, benchmarks=("mmlu",), at_flop=1e25).rows[0]
    >>> row.driver, row.class_, row.by_family.error < row.by_family.baselines[0].error
    ('compute', 'base', True)
    """
    require_fraction(level=level)
    by, asked = _target(by, at_flop, at_date)
    if not 1 <= components <= 5:
        raise InputError(f"components should be from 1 to 5, got {components}")
    known = list(scores.benchmarks["benchmark"])
    for name in benchmarks or ():
        if name not in known:
            raise UnknownName("benchmark", name, known)
    chosen = benchmarks or scores.benchmarks_of("capability") or tuple(known)
    rows: list[Forecast] = []
    others: list[Forecast] = []
    blind: list[Unassessed] = []
    for class_ in scores.classes:
        models = scores.models_of(class_)
        for name in chosen:
            found = forecasts_of(scores, models, class_, name, components, level, by, asked)
            if isinstance(found, str):
                blind.append(Unassessed({"benchmark": name, "class": class_}, found, _needs(None)))
            else:
                rows.append(found[0])
                others += found[1:]
    if not rows:
        raise NotApplicable(blind[0].reason, needs=_needs(by))
    return Forecasted(tuple(rows), tuple(others), tuple(blind), level, display_names(scores))


def _needs(by: Name | None) -> str:
    what = {"compute": "training FLOP", "date": "release dates", "components": "scores on 3 other benchmarks"}
    wanted = what[by] if by else "training FLOP, release dates or scores on 3 others"
    return f"at least {LEAST_MODELS} models of a class with different scores and {wanted}"


def _target(by: Name | None, flop: float | None, date: str | None) -> tuple[Name | None, Asked | None]:
    """The driver to judge by, and the model to predict."""
    if by is not None and by not in DRIVERS:
        raise UnknownName("driver", by, DRIVERS)
    if flop is not None and date is not None:
        raise InputError(f"give at_flop or at_date, not both: got {flop:g} and {date!r}")
    if flop is not None and not LEAST_FLOP <= flop <= MOST_FLOP:
        raise InputError(f"at_flop should be training FLOP such as 1e25, got {flop:g}")
    if flop is not None:
        asked = Asked(f"{flop:.3g} FLOP", "compute", math.log10(flop))
    elif date is not None:
        asked = Asked(date, "date", decimal_year(date))
    else:
        return by, None
    if by not in (None, asked.by):
        raise InputError(f"a prediction at {asked.text} is by {asked.by!r}, got by={by!r}")
    return asked.by, asked


MOST_OWN = 3
"""Forecasts up to which each says itself what is expected."""

BEYOND = (
    "Prediction intervals are for a new model of a new family made as these were; a new way of training is not in them."
)


@dataclass(frozen=True)
class _Calls:
    """What is claimed of one forecast, among all of its class: three families of verdicts."""

    worse: Call
    too_sure: Call
    better: Call


def judge(result: Forecasted, *, least_coverage: float = 0.85) -> list[Finding]:
    """Passed: shown better than every naive guess on families left out, and no worse on the newest models.

    Issue: shown worse than a mean, or prediction intervals shown to hold less than `least_coverage` of the models left
    out. One-sided, and once all forecasts of the class count. That the date alone does better is said, and no issue.
    """
    require_fraction(least_coverage=least_coverage)
    each: list[Finding] = []
    for class_ in dict.fromkeys(row.class_ for row in result.rows):
        rows = [row for row in result.rows if row.class_ == class_]
        calls = _calls(rows, 1 - result.level, least_coverage)
        each += [_finding(result, row, call) for row, call in zip(rows, calls, strict=True)]
    sentence = each[0].sentence if len(each) == 1 else _overview(each)
    good = tally(each)[Status.PASSED]
    short = f"{good or 'none'} of {len(each)} {agreeing(max(good, 1), 'beats')} every naive guess"
    return [headline(sentence, each, short=short, caveats=MEASURE.caveats), *each, *unassessed(result.unassessed)]


def answer(result: Forecasted, findings: Sequence[Finding]) -> Answer:
    """What is expected and whether that can be told, then a row per benchmark, the best predicted first."""
    top, *each = findings
    told = {(finding.subject["benchmark"], finding.subject["class"]): finding for finding in each}
    rows = [(row, told[row.benchmark, row.class_]) for row in result.rows]
    expected = [
        target_words(row, row.target, shown(finding.estimates[0]), result.names[row.benchmark])
        for row, finding in rows
        if row.target is not None
    ]
    few = 1 < len(rows) <= MOST_OWN and len(expected) == len(rows)
    return Answer(
        sentence=" ".join(expected) if few else top.sentence,
        tables=(forecast_table(rows, result.names),),
        notes=(*[top.sentence] * few, "Errors are on models of families left out, the root mean square."),
        meaning=BEYOND if expected else "",
    )


def _splits(row: Forecast) -> list[Split]:
    return [split for split in (row.by_family, row.newest) if split is not None]


def _guesses(row: Forecast) -> list[Baseline]:
    """The naive guesses that a forecast should not be worse than, over all models left out."""
    return [guess for split in _splits(row) for guess in split.baselines if guess.name != DATE_ALONE]


def _calls(rows: Sequence[Forecast], alpha: float, least_coverage: float) -> list[_Calls]:
    nothing = float("nan")
    worse, too_sure, better = [], [], []
    for row in rows:
        # Two splits are looked at, each against every guess: "worse" has to hold for all of them together.
        found = [guess.p_worse for guess in _guesses(row) if math.isfinite(guess.p_worse)]
        worse.append(min(1.0, len(found) * min(found)) if found else nothing)
        too_sure.append(_splits(row)[0].p_too_sure(least_coverage) if _splits(row) else nothing)
        # Better than each of them, so that the least proven counts; a gain with no interval (NaN) is unproven.
        better.append(nothing if row.by_family is None else float(max(g.p_better for g in row.by_family.baselines)))
    claimed = ((Side.BELOW, worse), (Side.BELOW, too_sure), (Side.ABOVE, better))
    families = [called([side] * len(rows), np.array(p_values), alpha) for side, p_values in claimed]
    return [_Calls(*calls) for calls in zip(*families, strict=True)]


def _overview(each: list[Finding]) -> str:
    good, bad, open_ = (tally(each)[status] for status in (Status.PASSED, Status.ISSUE, Status.CAUTION))
    sentence = (
        f"{of_total(good, len(each), 'forecast', 'is', 'is not')} shown to predict models left out better than every "
        "naive guess (a mean, family means, the date)"
    )
    if bad:
        itself = "itself" if bad == 1 else "themselves"
        sentence += f", and {bad} {agreeing(bad, 'is')} shown to be worse than a mean, or too sure of {itself}"
    if open_ and good + bad:
        sentence += f"; for the other {open_} there are too few models to tell"
    return f"{sentence}."


def _finding(result: Forecasted, row: Forecast, calls: _Calls) -> Finding:
    status, verdict, short = _verdict(row, result.names[row.benchmark], result.level, calls)
    others = [other for other in result.others if (other.benchmark, other.class_) == (row.benchmark, row.class_)]
    estimates = [each for made in (row, *others) for each in _estimates(made, made is row, result.level)]
    expected = ""
    if row.target is not None:
        estimates.insert(0, _expected(row, row.target, result.level))
        expected = target_words(row, row.target, shown(estimates[0]), result.names[row.benchmark])
    facts: dict[str, Cell] = {"by": row.driver, "models": len(row.models), "families": row.families}
    if row.newest is not None:
        facts |= {"newest_by": row.newest_by, "newest": len(row.newest.places)}
    caveats = []
    if row.unknown_families:
        caveats.append(f"{plural(row.unknown_families, 'model')} of no known family counted as independent")
    if row.undated:
        without = plural(row.undated, "model", "has")
        caveats.append(f"{without} no known release date, so the date alone is not among the guesses")
    if row.limits is None:
        caveats.append("no maximum is known, so a straight line is fitted, not a sigmoid")
    return Finding(
        subject={"benchmark": row.benchmark, "class": row.class_},
        status=status,
        # What was asked for comes first.
        sentence=" ".join(part for part in (expected, verdict, other_words(row, others)) if part),
        short=short,
        estimates=tuple(estimates),
        caveats=tuple(caveats),
        figure="F1.fan",
        result=facts,
    )


def _verdict(row: Forecast, name: str, level: float, calls: _Calls) -> tuple[Status, str, str]:
    splits = _splits(row)
    if not splits:
        return Status.CAUTION, no_split_words(row, name), "nothing to hold it against"
    told, chance = error_words(row, name), "could be chance among so many"
    for call, words, short in (
        (calls.worse, worse_words(_guesses(row)), "worse than a naive guess"),
        (calls.too_sure, too_sure_words(splits[0], level), "too sure of itself"),
    ):
        if call.alone is Side.BELOW:
            said = f"{told}. {capital(call.meaning({Side.BELOW: words}, 'forecast'))}."
            return (Status.ISSUE, said, short) if call.side is Side.BELOW else (Status.CAUTION, said, chance)
    if row.by_family is None:
        said = f"{told}. Fewer than 3 families are too few to tell whether that holds for a new one."
        return Status.CAUTION, said, "too few families to tell"
    if any(guess.name == DATE_ALONE and guess.p_worse <= 1 - level for split in splits for guess in split.baselines):
        return Status.CAUTION, f"{told}. The date alone predicts these scores better.", "the date alone does better"
    unproven = [guess for guess in row.by_family.baselines if not guess.p_better <= 1 - level]
    if unproven:
        said = f"{told}. That is not shown to be better than {unproven[0].name}{more_words(row, unproven)}."
        return Status.CAUTION, said, "not shown better than a guess"
    better = f"that is better than every naive guess{coverage_words(row)}"
    which = "newest" if row.newest_by == "date" else "largest"
    later = row.newest
    overtaken = later is not None and later.error > min(b.error for b in later.baselines)
    if calls.better.side is not Side.ABOVE:
        but = f" On the {which} models a naive guess is better." if overtaken else ""
        said = f"{told}. {capital(calls.better.meaning({Side.ABOVE: better}, 'forecast'))}.{but}"
        return Status.CAUTION, said, chance
    if overtaken:
        said = f"{told}. That is better on new families, but on the {which} models a naive guess is."
        return Status.CAUTION, said, f"worse on the {which} models"
    return Status.PASSED, f"{told}. {capital(better)}.", "beats every naive guess"


def _expected(row: Forecast, target: Target, level: float) -> Estimate:
    method = "sigmoid; jackknife over families and scatter, t" if row.limits else "line; jackknife and scatter, t"
    name, n = f"score_at_{target.asked.text.replace(' ', '_')}", len(row.models)
    return estimate(name, *target.score, level=level, method=method, n=n, unit=score_unit(row))


def _estimates(row: Forecast, judged: bool, level: float) -> list[Estimate]:
    """Errors on models left out, beside those of naive guesses."""
    found = []
    unit, how = error_unit(row), "mean squared error less that of the forecast; families as clusters, t"
    for split, where in ((row.by_family, "new_families"), (row.newest, "newest_models")):
        if split is None:
            continue
        n = len(split.places)
        found.append(Estimate(name=f"error_by_{row.driver}_on_{where}", value=split.error, n=n, unit=unit))
        if not judged:
            continue
        share, method = split.covered / n, "prediction intervals"
        found.append(Estimate(name=f"covered_on_{where}", value=share, method=method, n=n, unit=SHARE))
        for baseline in split.baselines:
            name = f"{baseline.name.replace(' ', '_')}_on_{where}"
            found.append(Estimate(name=f"error_by_{name}", value=baseline.error, n=n, unit=unit))
            found.append(estimate(f"gain_over_{name}", *baseline.gain, level=level, method=how, n=split.groups))
    return found


def figure(result: Forecasted) -> list[Figure]:
    """The forecast fan with the models left out, and the errors beside those of naive guesses."""
    return [fan(result.rows, result.names, result.level), errors(result.rows, result.names)]


MEASURE = Measure(
    code="F1",
    name="forecast",
    question=Question.FORECAST,
    asks="What will a model score that is not here yet, and is that better than a naive guess?",
    needs="scores of at least 10 models of a class with training FLOP, release dates or 3 other benchmarks",
    formula=(
        "score = floor + (top - floor) sigma(b0 + b x), x = log10 FLOP, date or components of the other benchmarks; "
        "interval: value +- t sqrt(jackknife over families + scatter)."
    ),
    compute=forecast,
    judge=judge,
    figure=figure,
    answer=answer,
    caveats=(
        "A curve that predicts models left out within the range seen may still fail beyond it: where scores flatten "
        "there, its 95% prediction intervals held 60% of the scores at ten times the largest compute (measured).",
        "With few families little can be shown: a right forecast seldom shows as one with 5 families, mostly with 20.",
        BEYOND,
        "Models that publish their compute may differ from those that do not.",
    ),
    references=(
        "Ruan, Maddison and Hashimoto 2024, Observational scaling laws and the predictability of language model "
        "performance, arXiv 2405.10938",
    ),
)
