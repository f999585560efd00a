"""G5, contamination quiz: does a model pick out an item's original wording among others?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from measurand.errors import InputError, NotApplicable
from measurand.measures import Measure
from measurand.measures.shared import bars, columns, estimate, require_fraction
from measurand.measures.verdicts import Side, against, headline
from measurand.results import Axis, Brief, Cell, Estimate, Figure, Finding, Question, Status
from measurand.stats.intervals.binomial import clopper_pearson
from measurand.stats.intervals.limits import Limits
from measurand.stats.texts.quiz import OPTIONS, POSITIONS, bounds, bounds_replicates, non_preferred, recognition_tests
from measurand.tables.quiz import Quiz
from measurand.wording import SHARE, capital, percent, plural

__all__ = ["MEASURE", "QuizResult", "Quizzes", "quiz"]

# Fewer picks than this cannot be told from a liking for a position.
LEAST_ITEMS = 20
UNNAMED = "model"
"""What a model is called whose answers do not name it."""
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class QuizResult:
    """One model's quiz on one benchmark.

    Parameters
    ----------
    model, benchmark, items : what was asked.
    asked : positions that the original stood in and that the model does not favour; the bounds rest on these.
    tested : positions that the original stood in; the p-value rests on all of them.
    biases : share picked of each of the options A to E with no original among them.
    hits : of each position in `asked`, the share of originals picked there.
    low, high : lower and upper bound of the share of items recognised, each with its interval.
    corrected : share that fits all positions asked, beside what is picked anyway.
    p_value : that no position draws more picks with the original in it, adjusted for the positions.
    """

    model: str
    benchmark: str
    items: int
    asked: str
    tested: str
    biases: tuple[float, ...]
    hits: tuple[float, ...]
    low: Limits
    high: Limits
    corrected: Limits
    p_value: float


@dataclass(frozen=True, repr=False)
class Quizzes(Brief):
    """Result of `quiz`, with its settings."""

    results: tuple[QuizResult, ...]
    level: float
    notes: tuple[str, ...] = ()


def quiz(quizzes: Quiz, *, resamples: int = 1000, level: float = 0.95, rng: np.random.Generator) -> Quizzes:
    """Bounds of the share of items whose original wording a model recognises, and whether it recognises any.

    For the bounds, positions that the model favours with no original among the options (picked at least as often as by
    chance) do not count. What it picks at the best position anyway is taken off the lower bound. Whether it recognises
    any is tested at every position: those picked seldom without the original were in part picked seldom by chance, and
    are picked more often the next time, with the original or without.

    Parameters
    ----------
    quizzes : saved answers, with the original in no place and in at least one of four.
    resamples : of items, for the lower bound's interval.
    level : confidence level, in (0, 1).

    Raises
    ------
    NotApplicable
        Fewer than 20 items in every quiz.
    InputError
        A setting out of its range, or a position that should have been asked and was not.

    References
    ----------
    Golchin and Surdeanu 2025, Data contamination quiz, TACL 13, arXiv 2311.06233.

    Examples
    --------
    >>> import polars as pl
    >>> rows = [(str(i), where, where if where != "none" and i < 30 else "E") for i in range(40) for where in
    ...         ("none", "A", "B", "C", "D")]
    >>> answers = Quiz.build(pl.DataFrame(rows, schema=["item", "placement", "answer"], orient="row"))
    >>> found = quiz(answers, rng=np.random.default_rng(0)).results[0]
    >>> found.low.value, found.high.value
    (0.75, 0.75)
    """
    require_fraction(level=level)
    if resamples < 100:
        raise InputError(f"resamples should be at least 100, got {resamples}")
    found = []
    most = 0
    for (model, benchmark), own in quizzes.frame.group_by("model", "benchmark", maintain_order=True):
        answers = {
            str(placement): rows.sort("item")["answer"].fill_null("").to_numpy()
            for (placement,), rows in own.group_by("placement", maintain_order=True)
        }
        items = len(answers["none"])
        most = max(most, items)
        if items >= LEAST_ITEMS:
            found.append(_result(str(model), str(benchmark), answers, resamples, level, rng))
    if not found:
        raise NotApplicable(f"{plural(most, 'item')} in the longest quiz", needs=f"at least {LEAST_ITEMS}")
    return Quizzes(tuple(found), level, quizzes.notes)


def _result(
    model: str,
    benchmark: str,
    answers: dict[str, npt.NDArray[np.str_]],
    resamples: int,
    level: float,
    rng: np.random.Generator,
) -> QuizResult:
    without = answers["none"]
    items = len(without)
    counts = [int((without == option).sum()) for option in OPTIONS]
    wanted = non_preferred(counts, items)
    asked = [position for position in wanted if position in answers]
    if not asked:
        raise InputError(
            f"the quiz of {model!r} on {benchmark!r} puts the original where the model answers anyway "
            f"({', '.join(sorted(set(answers) - {'none'}))}); it should stand in {', '.join(wanted)} too"
        )
    tested = [position for position in POSITIONS if position in answers]
    picked: dict[str, Bools] = {position: answers[position] == position for position in tested}
    anyway: dict[str, Bools] = {position: without == position for position in tested}
    p_value = min(recognition_tests(picked, anyway).values())
    picked, anyway = ({position: each[position] for position in asked} for each in (picked, anyway))
    hits = {position: int(picked[position].sum()) for position in asked}
    point = bounds(hits, {position: int(anyway[position].sum()) for position in asked}, items)
    low, corrected = bounds_replicates(picked, anyway, resamples, rng)
    edges = [(1 - level) / 2, (1 + level) / 2]
    # The best of several shares: each has its share of the error.
    each = [clopper_pearson(hit, items, 1 - (1 - level) / len(asked)) for hit in hits.values()]
    return QuizResult(
        model=model,
        benchmark=benchmark,
        items=items,
        asked="".join(asked),
        tested="".join(tested),
        biases=tuple(count / items for count in counts),
        hits=tuple(hit / items for hit in hits.values()),
        low=Limits(point.low, *map(float, np.quantile(low, edges))),
        high=Limits(point.high, *(max(map(float, limits)) for limits in zip(*each, strict=True))),
        corrected=Limits(point.corrected, *map(float, np.quantile(corrected, edges))),
        p_value=p_value,
    )


def judge(result: Quizzes, *, tolerated: float = 0.1) -> list[Finding]:
    """Issue: the original draws more picks than its position does anyway; passed: the upper bound is below `tolerated`.

    Parameters
    ----------
    tolerated : share of items recognised that would not matter.
    """
    require_fraction(tolerated=tolerated)
    each = [_finding(found, result, tolerated) for found in result.results]
    known = [found for found in result.results if found.p_value < 1 - result.level]
    sentence = f"{_count(len(known), len(each))} of a model that recognises the original wording of items"
    if known:
        worst = max(known, key=lambda found: found.low.value)
        sentence += f"; most in {worst.benchmark}: {_range(worst)} of the items"
    return [headline(f"{sentence}.", each, caveats=(*MEASURE.caveats, *result.notes)), *each]


def _range(found: QuizResult) -> str:
    low, high = percent(found.low.value), percent(found.high.value)
    return low if low == high else f"{low} to {high}"


def _count(known: int, all_: int) -> str:
    if all_ == 1:
        return "The quiz gives a sign" if known else "The quiz gives no clear sign"
    return f"{known} of {all_} quizzes {'gives' if known == 1 else 'give'} a sign"


def _finding(found: QuizResult, result: Quizzes, tolerated: float) -> Finding:
    share, n, level = _range(found), found.items, result.level
    of = f"{plural(n, 'item')} of {found.benchmark}"
    name = "the model" if found.model == UNNAMED else found.model
    if found.p_value < 1 - level:
        status = Status.ISSUE
        sentence = (
            f"{capital(name)} picks out the original wording of {share} of {of}, more often than it picks the same "
            "positions anyway."
        )
    elif against(found.high.low, found.high.high, tolerated) is Side.BELOW:
        status = Status.PASSED
        sentence = f"{capital(name)} recognises at most {percent(found.high.high)} of {of} by their original wording."
    else:
        status = Status.CAUTION
        sentence = (
            f"Whether {name} recognises items of {found.benchmark} is open: {share} of {n:,} by the quiz, which its "
            "liking for positions can explain; more items would tell."
        )
    shares = (
        ("recognised", found.corrected, "resampled items"),
        ("recognised_at_least", found.low, "resampled items"),
        ("recognised_at_most", found.high, "Clopper-Pearson, Bonferroni"),
    )
    method = "exact McNemar, one-sided, Holm over positions"
    estimates = (
        *(estimate(name, *limits, level=level, method=how, n=n, unit=SHARE) for name, limits, how in shares),
        Estimate(name="p_value", value=found.p_value, method=method, n=n),
    )
    facts: dict[str, Cell] = {
        "positions_asked": found.asked,
        "positions_tested": found.tested,
        **{f"picked_{option}_anyway": share for option, share in zip(OPTIONS, found.biases, strict=True)},
        **{f"original_picked_in_{place}": share for place, share in zip(found.asked, found.hits, strict=True)},
    }
    return Finding(
        subject={"benchmark": found.benchmark, "model": found.model},
        status=status,
        sentence=sentence,
        estimates=estimates,
        figure="G5.bounds",
        result=facts,
    )


def figure(result: Quizzes) -> list[Figure]:
    """Lower and upper bound of each quiz, with their intervals."""
    several = len({found.model for found in result.results}) > 1
    rows: list[tuple[Cell, ...]] = []
    for found in sorted(result.results, key=lambda found: -found.high.value):
        name = f"{found.model}, {found.benchmark}" if several else found.benchmark
        for which, limits in (("at least", found.low), ("corrected", found.corrected), ("at most", found.high)):
            rows.append((name, *limits, which, found.items, found.p_value))
    return [
        bars(
            "G5.bounds",
            "Items whose original wording is recognised",
            f"Published bounds and the share corrected for all positions, with {percent(result.level)} intervals.",
            columns(("quiz", "share", "low", "high", "bound", "items", "p-value"), rows),
            Axis("share", "share of items recognised", domain=(0.0, 1.0)),
            Axis("quiz", "quiz", "nominal"),
            color="bound",
        )
    ]


MEASURE = Measure(
    code="G5",
    name="contamination quiz",
    question=Question.GAMING,
    asks="Does the model pick out an item's original wording among others?",
    needs="saved answers to a quiz of four wordings and none of these, with the original in no place and in several",
    formula=(
        "At most: best share of originals picked, h/n, among positions picked less than chance without one. At least: "
        "(h - b)/(n - b), b the picks of that position without an original, or the second best share if that is more. "
        "Corrected: 1 - sum(n - h)/sum(n - b) over the positions. Recognised at all: exact McNemar of h against b, "
        "Holm over all positions."
    ),
    compute=quiz,
    judge=judge,
    figure=figure,
    shorts={
        Status.ISSUE: "recognises the original wording",
        Status.CAUTION: "too few items to tell",
        Status.PASSED: "hardly recognises any item",
    },
    caveats=(
        "The bounds are as published; the lower one rises with the number of positions asked.",
        "A model can also prefer the original because the other wordings, made by a machine, read worse.",
        "A model trained not to repeat its training data may answer none of these where it knows the original.",
    ),
    references=(
        "Golchin and Surdeanu 2025, Data contamination quiz: a tool to detect and estimate contamination in large "
        "language models, TACL 13, arXiv 2311.06233",
        "McNemar 1947, Psychometrika 12(2)",
    ),
)
