"""V9, headroom: is there room left between the models and the benchmark's ceiling, or above its floor?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from measurand.errors import NotApplicable
from measurand.measure import Measure
from measurand.measures._shared import (
    columns,
    display_names,
    estimate,
    kind,
    number,
    overall,
    plural,
    require_fraction,
    shown,
)
from measurand.measures.validity.shared.panel import LEAST_MODELS, Unassessed, chosen, family_codes, unassessed_findings
from measurand.results import Axis, Cell, Estimate, Figure, Finding, Question, Status
from measurand.stats.intervals.correlation import median_limits
from measurand.tables import Scores

__all__ = ["MEASURE", "Headroom", "headroom"]

CODE, TITLE = "V9", "Headroom"


@dataclass(frozen=True)
class BenchmarkHeadroom:
    """Where the models of one class stand between chance (0) and the achievable maximum (1) of one benchmark.

    Parameters
    ----------
    median : median position of the models, with its interval.
    best : position of the best model, with its interval from that score's standard error (NaN where not known).
    best_model : the best model.
    n : number of models.
    chance, maximum : the range, in score units.
    """

    benchmark: str
    class_: str
    median: tuple[float, float, float]
    best: tuple[float, float, float]
    best_model: str
    n: int
    chance: float
    maximum: float


@dataclass(frozen=True, eq=False)
class Headroom:
    """Result of `headroom`."""

    benchmarks: tuple[BenchmarkHeadroom, ...]
    unassessed: tuple[Unassessed, ...]
    level: float
    names: dict[str, str]


def headroom(scores: Scores, *, level: float = 0.95) -> Headroom:
    """Position of the models between chance and the achievable maximum of each benchmark.

    Parameters
    ----------
    scores : scores with the chance level and the achievable maximum of benchmarks.
    level : confidence level, in (0, 1). Median over models: order statistics at a family-clustered interval;
        best model: normal, from its standard error.

    Raises
    ------
    NotApplicable
        No benchmark whose chance level and maximum are known.
    InputError
        A setting out of its range.

    References
    ----------
    Woodruff 1952, Confidence intervals for medians and other position measures, JASA 47(260).

    Examples
    --------
    >>> import measurand
    >>> result = headroom(measurand.load_example().scores)
    >>> chat = next(b for b in result.benchmarks if (b.benchmark, b.class_) == ("mmlu", "chat"))
    >>> chat.chance, chat.maximum, round(chat.median[0], 2)
    (0.25, 1.0, 0.5)
    """
    require_fraction(level=level)
    names = list(scores.benchmarks["benchmark"])
    found, unassessed = [], []
    for name, problem in _unknown_range(scores, names).items():
        unassessed.append(Unassessed({"benchmark": name}, *problem))
        names.remove(name)
    for class_ in scores.classes:
        for name in names:
            try:
                found.append(_position(scores, class_, name, level))
            except NotApplicable as problem:
                unassessed.append(Unassessed({"benchmark": name, "class": class_}, problem.reason, problem.needs))
    if not found:
        reasons = dict.fromkeys(problem.reason for problem in unassessed)
        raise NotApplicable(
            "no benchmark can be assessed: " + "; ".join(list(reasons)[:3]),
            needs=f"chance and maximum of the benchmarks, and scores of at least {LEAST_MODELS} models within them",
        )
    return Headroom(tuple(found), tuple(unassessed), level, display_names(scores))


def _unknown_range(scores: Scores, names: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Benchmarks whose range is not known, each with why and what would be needed."""
    facts = {fact: scores.benchmark_fact(fact, names) for fact in ("chance", "maximum", "higher_is")}
    problems = {}
    for name, chance, maximum, direction in zip(names, *facts.values(), strict=True):
        missing = [fact for fact, value in (("chance", chance), ("maximum", maximum)) if value is None]
        if missing:
            problems[name] = (f"its {' and '.join(missing)} not known", f"the {' and '.join(missing)} of the benchmark")
        elif direction == "worse":
            problems[name] = ("lower is better, so its range ends at its minimum", "the scores turned round")
    return problems


def _position(scores: Scores, class_: str, name: str, level: float) -> BenchmarkHeadroom:
    """Where the models of one class stand on one benchmark."""
    everyone = scores.models_of(class_)
    ran = np.isfinite(scores.matrix(everyone, [name])[:, 0])
    models = chosen(everyone, ran)
    if len(models) < LEAST_MODELS:
        raise NotApplicable(f"{len(models)} {kind(class_)}models have a score on it", needs=f"at least {LEAST_MODELS}")
    values = scores.matrix(models, [name])[:, 0]
    chance, maximum = (float(str(scores.benchmark_fact(fact, [name])[0])) for fact in ("chance", "maximum"))
    best = int(values.argmax())
    if values[best] > maximum + 1e-9 * abs(maximum):
        raise NotApplicable(
            f"{models[best]} scores {values[best]:g}, beyond its maximum",
            needs=f"scores of at most {maximum:g}, or the right maximum",
        )
    position = (values - chance) / (maximum - chance)
    families, _, _ = family_codes(models, scores.model_fact("family", models))
    half = float(ndtri((1 + level) / 2)) * scores.stderr(models, [name])[best, 0] / (maximum - chance)
    return BenchmarkHeadroom(
        name,
        class_,
        (float(np.median(position)), *median_limits(position, families, level)),
        (float(position[best]), float(position[best] - half), float(position[best] + half)),
        models[best],
        len(models),
        chance,
        maximum,
    )


def judge(result: Headroom, *, saturated: float = 0.95, at_floor: float = 0.05) -> list[Finding]:
    """Issue: the median model is, interval and all, within 5% of the ceiling or of the floor, or below it."""
    each = [_finding(result, item, saturated, at_floor) for item in result.benchmarks]
    findings: list[Finding] = []
    for class_ in dict.fromkeys(item.class_ for item in result.benchmarks):
        mine = [finding for finding in each if finding.subject["class"] == class_]
        findings += [_headline(class_, mine), *mine]
    return findings + unassessed_findings(CODE, TITLE, result.unassessed)


def _headline(class_: str, each: Sequence[Finding]) -> Finding:
    stuck, room = (sum(f.status is status for f in each) for status in (Status.ISSUE, Status.PASSED))
    status = overall(each)
    sentence = (
        f"Of {plural(len(each), 'benchmark')} whose range is known, {stuck} leave the median {kind(class_)}model "
        f"no room at the ceiling or the floor, and {room} clearly leave it room."
    )
    return Finding(CODE, {"class": class_}, TITLE, status, sentence, (), (), f"{CODE}.position")


def _finding(result: Headroom, item: BenchmarkHeadroom, saturated: float, at_floor: float) -> Finding:
    method = "order statistics, family-clustered (Woodruff), t(G-1)"
    median = estimate("median_position", *item.median, level=result.level, method=method, n=item.n)
    best = estimate("best_position", *item.best, level=result.level, method="normal, from the standard error", n=1)
    room = Estimate("headroom", 1 - item.best[0], method="1 - best position", n=item.n)
    status, verdict = _verdict(median, saturated, at_floor)
    return Finding(
        CODE,
        {"benchmark": item.benchmark, "class": item.class_},
        TITLE,
        status,
        f"On {result.names[item.benchmark]} the median {kind(item.class_)}model stands at "
        f"{shown(median).replace('+', '')} of the way from chance ({item.chance:g}) to the maximum ({item.maximum:g}) "
        f"and the best, {item.best_model}, at {item.best[0]:.2f}: {verdict}.",
        (median, best, room),
        (),
        f"{CODE}.position",
    )


def _verdict(median: Estimate, saturated: float, at_floor: float) -> tuple[Status, str]:
    if median.low is None or median.high is None:
        return Status.CAUTION, "too few models for an interval"
    if median.low > saturated:
        return Status.ISSUE, "saturated, it no longer separates models"
    if median.high < -at_floor:
        return Status.ISSUE, "below chance, so a guesser would score higher and something else is measured"
    if median.high < at_floor:
        return Status.ISSUE, "at its floor, it does not separate models"
    if at_floor < median.low and median.high < saturated:
        return Status.PASSED, "room to tell models apart"
    return Status.CAUTION, "too few models to tell whether it is at its limit"


def figure(result: Headroom) -> list[Figure]:
    """Median position with its interval, and the best model's, between chance and maximum."""
    rows: list[tuple[Cell, ...]] = [
        (
            item.class_,
            result.names[item.benchmark],
            *(number(value) for value in item.median),
            item.best[0],
            item.best_model,
        )
        for item in result.benchmarks
    ]
    return [
        Figure(
            f"{CODE}.position",
            "intervals",
            "Headroom",
            "Position of the median model between chance (0) and the achievable maximum (1), with its interval.",
            columns(("class", "benchmark", "median position", "low", "high", "best position", "best model"), rows),
            Axis("median position", "position between chance (0) and maximum (1)"),
            Axis("benchmark", "benchmark", "nominal"),
            low="low",
            high="high",
            label="benchmark",
            select=("class",),
            rules=(0.0, 1.0),
        )
    ]


MEASURE = Measure(
    code=CODE,
    name="headroom",
    question=Question.VALIDITY,
    asks="Is there room between the models and the benchmark's ceiling and floor, so that it can tell them apart?",
    needs="at least 8 models of a class, and the chance level and achievable maximum of the benchmark",
    formula="position = (score - chance) / (maximum - chance); headroom = 1 - best position; interval of the median "
    "position from order statistics.",
    compute=headroom,
    judge=judge,
    figure=figure,
    caveats=(
        "A maximum of 1 takes every answer key as right; label errors lower what can be reached.",
        "Shares of items that all or no models pass need item-level results.",
        "At 12 models in 5 families 30 to 50% of medians get no interval, and those that do have one that covers 97 to "
        "99% (measured) where 95% is the aim: few families say little of a median.",
    ),
    references=("Woodruff 1952, Confidence intervals for medians and other position measures, JASA 47(260)",),
)
