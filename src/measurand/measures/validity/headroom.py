"""V9, headroom: is there room left between the models and the benchmark's ceiling, or above its floor?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from measurand.errors import NotApplicable
from measurand.measures import Measure
from measurand.measures.shared import display_names, estimate, family_codes, finite, kind, require_fraction
from measurand.measures.validity.shared.by_class import intervals_figure
from measurand.measures.validity.shared.panel import LEAST_MODELS, chosen
from measurand.measures.verdicts import Call, Side, Unassessed, called, headline, unassessed
from measurand.results import Axis, Brief, Cell, Estimate, Figure, Finding, Question, Status
from measurand.stats.intervals.best_of import best_of
from measurand.stats.intervals.correlation import median_limits
from measurand.stats.intervals.limits import Limits
from measurand.stats.intervals.one_sided import median_p_values
from measurand.tables import Scores
from measurand.wording import SHARE, agreeing, listed, plural, shown, value_of

__all__ = ["MEASURE", "BenchmarkHeadroom", "Headroom", "headroom", "judge", "standing"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class BenchmarkHeadroom:
    """Where the models of one class stand between chance (0) and the achievable maximum (1) of one benchmark.

    Parameters
    ----------
    median : median position of the models, with its interval.
    best : position of the best model, with its interval from that score's standard error (NaN where not known), which
        allows for its having been chosen as the best.
    best_model : the best model.
    n : number of models.
    chance, maximum : the range, in score units.
    positions, families : of each model, shape (n,).
    """

    benchmark: str
    class_: str
    median: Limits
    best: Limits
    best_model: str
    n: int
    chance: float
    maximum: float
    positions: Floats
    families: npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False, repr=False)
class Headroom(Brief):
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
        best model: normal, from its standard error and the number of models it is the best of.

    Raises
    ------
    NotApplicable
        No benchmark whose chance level and maximum are known.
    InputError
        A setting out of its range.

    References
    ----------
    Woodruff 1952, Confidence intervals for medians and other position measures, JASA 47(260). Fuentes, Casella and
    Wells 2018, Confidence intervals for the means of the selected populations, Electronic Journal of Statistics 12(1).

    Examples
    --------
    >>> import measurand
    >>> result = headroom(measurand.load_example().scores)
    >>> chat = next(b for b in result.benchmarks if (b.benchmark, b.class_) == ("mmlu", "chat"))
    >>> chat.chance, chat.maximum, round(chat.median.value, 2)
    (0.25, 1.0, 0.5)
    """
    require_fraction(level=level)
    names = list(scores.benchmarks["benchmark"])
    found, unassessed = [], []
    for name, problem in _unknown_range(scores, names).items():
        unassessed.append(Unassessed({"benchmark": name}, *problem))
        # No guess from the scores seen: the best model's score as maximum would make every benchmark saturated.
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
            verb = "is" if len(missing) == 1 else "are"
            problems[name] = (f"its {listed(missing)} {verb} not known", f"the {listed(missing)} of the benchmark")
        elif direction == "worse":
            # Chance and maximum are given for the score as published; turned round they would be its negatives.
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
    # Rounding of published scores may end a hair above the maximum.
    if values[best] > maximum + 1e-9 * abs(maximum):
        raise NotApplicable(
            f"{models[best]} scores {values[best]:g}, beyond its maximum",
            needs=f"scores of at most {maximum:g}, or the right maximum",
        )
    return standing(
        name,
        class_,
        models,
        values,
        scores.stderr(models, [name])[:, 0],
        family_codes(models, scores.model_fact("family", models))[0],
        chance=chance,
        maximum=maximum,
        level=level,
    )


def standing(
    benchmark: str,
    class_: str,
    models: Sequence[str],
    values: Floats,
    stderr: Floats,
    families: npt.NDArray[np.int64],
    *,
    chance: float,
    maximum: float,
    level: float,
) -> BenchmarkHeadroom:
    """Where models stand on one benchmark, from their scores and families, shape (models,)."""
    best = int(values.argmax())
    position = (values - chance) / (maximum - chance)
    return BenchmarkHeadroom(
        benchmark=benchmark,
        class_=class_,
        # Positions below 0 are kept: cut at chance, a median below it could not be told from one at it.
        median=Limits(float(np.median(position)), *median_limits(position, families, level)),
        best=best_of(float(position[best]), float(stderr[best] / (maximum - chance)), len(values), level),
        best_model=models[best],
        n=len(models),
        chance=chance,
        maximum=maximum,
        positions=position,
        families=families,
    )


def judge(result: Headroom, *, saturated: float = 0.95, at_floor: float = 0.05) -> list[Finding]:
    """Issue: the median model is clearly within 5% of the ceiling or of the floor, or below it.

    Clearly: one-sided, and once all benchmarks of the class count.
    """
    # The median, not the best: a benchmark is used up for a field of models before the first of them reaches the top.
    findings: list[Finding] = []
    for class_ in dict.fromkeys(item.class_ for item in result.benchmarks):
        items = [item for item in result.benchmarks if item.class_ == class_]
        sides, p_values = zip(*(_claim(item, saturated, at_floor) for item in items), strict=True)
        calls = called(sides, np.array(p_values), 1 - result.level)
        mine = [_finding(result, item, call, at_floor) for item, call in zip(items, calls, strict=True)]
        findings += [_headline(class_, mine), *mine]
    return findings + unassessed(result.unassessed)


def _headline(class_: str, each: Sequence[Finding]) -> Finding:
    stuck, room = (sum(f.status is status for f in each) for status in (Status.ISSUE, Status.PASSED))
    no_room = agreeing(max(stuck, 1), "leaves")
    sentence = (
        f"{stuck or 'None'} of the {plural(len(each), 'benchmark')} with a known range {no_room} the median "
        f"{kind(class_)}model no room at the ceiling or the floor, and {room or 'none'} clearly "
        f"{agreeing(max(room, 1), 'leaves')} it room."
    )
    return headline(
        sentence if len(each) > 1 else each[0].sentence,
        each,
        subject={"class": class_},
        title="Room to ceiling and floor",
        short=f"{stuck or 'none'} of {len(each)} {no_room} no room",
        figure="V9.position",
    )


def _finding(result: Headroom, item: BenchmarkHeadroom, call: Call, at_floor: float) -> Finding:
    method = "order statistics, family-clustered (Woodruff), t(G-1)"
    median = estimate("median_position", *item.median, level=result.level, method=method, n=item.n, unit=SHARE)
    method = f"normal, from the standard error, for the best of {item.n}"
    best = estimate("best_position", *item.best, level=result.level, method=method, n=item.n, unit=SHARE)
    room = Estimate(name="headroom", value=1 - item.best.value, method="1 - best position", n=item.n, unit=SHARE)
    status, meaning, short = _verdict(call, below_chance=item.median.high < -at_floor)
    return Finding(
        subject={"benchmark": item.benchmark, "class": item.class_},
        status=status,
        sentence=f"On {result.names[item.benchmark]} the median {kind(item.class_)}model stands at {shown(median)} of "
        f"the way from chance ({item.chance:g}) to the maximum ({item.maximum:g}) and the best, {item.best_model}, at "
        f"{value_of(best)}: {meaning}.",
        short=short,
        estimates=(median, best, room),
        figure="V9.position",
    )


def _claim(item: BenchmarkHeadroom, saturated: float, at_floor: float) -> tuple[Side, float]:
    """Where the median stands by its point, and the p-value against that it does."""
    if not item.median.defined:
        return Side.BETWEEN, float("nan")
    above_floor, below_floor = median_p_values(item.positions, item.families, at_floor)
    above_top, below_top = median_p_values(item.positions, item.families, saturated)
    if item.median.value >= saturated:
        return Side.ABOVE, above_top
    if item.median.value <= at_floor:
        return Side.BELOW, below_floor
    return Side.BETWEEN, max(above_floor, below_top)


def _verdict(call: Call, *, below_chance: bool) -> tuple[Status, str, str]:
    words = {
        Side.UNKNOWN: "too few models for an interval",
        Side.ABOVE: "it is saturated and no longer separates models",
        # As far below chance as the floor reaches above it: noise around chance is no such finding.
        Side.BELOW: "that is below chance, so a guesser would score higher and something else is measured"
        if below_chance
        else "it is at its floor and does not separate models",
        Side.BETWEEN: "there is room to tell models apart",
        Side.ACROSS: "too few models to tell whether it is at its limit",
    }
    short = {
        Side.ABOVE: "saturated",
        Side.BELOW: "below chance" if below_chance else "at its floor",
        Side.BETWEEN: "room to tell models apart",
    }.get(call.side, "too few models to tell")
    status = {Side.BETWEEN: Status.PASSED, Side.ABOVE: Status.ISSUE, Side.BELOW: Status.ISSUE}
    return status.get(call.side, Status.CAUTION), call.meaning(words), short


def figure(result: Headroom) -> list[Figure]:
    """Median position with its interval, and the best model's, between chance and maximum."""
    rows: list[tuple[Cell, ...]] = [
        (item.class_, result.names[item.benchmark], *map(finite, item.median), item.best.value, item.best_model)
        for item in result.benchmarks
    ]
    return [
        intervals_figure(
            "V9.position",
            "Headroom",
            "Position of the median model between chance (0) and the achievable maximum (1), with its interval.",
            ("class", "benchmark", "median position", "low", "high", "best position", "best model"),
            rows,
            Axis("median position", "position between chance (0) and maximum (1)"),
            rules=(0.0, 1.0),
        )
    ]


MEASURE = Measure(
    code="V9",
    name="headroom",
    question=Question.VALIDITY,
    asks="Is there room between the models and the benchmark's ceiling and floor, so that it can tell them apart?",
    needs="at least 8 models of a class, and the chance level and achievable maximum of the benchmark",
    formula="position = (score - chance) / (maximum - chance); headroom = 1 - best position; interval of the median "
    "position from order statistics; of the best, from its standard error, the lower limit for the best of n.",
    compute=headroom,
    judge=judge,
    figure=figure,
    caveats=(
        "A maximum of 1 takes every answer key as right; label errors lower what can be reached.",
        "The best model's score is partly luck: of models that are alike the best stands above its true position. The "
        "lower limit of its interval allows for that, the score itself does not.",
        "Shares of items that all or no models pass need item-level results.",
        "At 12 models in 5 families 30 to 50% of medians get no interval, and those that do have one that covers 97 to "
        "99% (measured) where 95% is the aim: few families say little of a median.",
    ),
    references=(
        "Woodruff 1952, Confidence intervals for medians and other position measures, JASA 47(260)",
        "Fuentes, Casella and Wells 2018, Confidence intervals for the means of the selected populations, Electronic "
        "Journal of Statistics 12(1)",
    ),
)
