"""What a comparison says first: who leads, by how much, and which pairs are open."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

import numpy as np

from measurand.measures.precision.shared.comparison import MOST_UNITS, Comparison, units_needed
from measurand.measures.precision.shared.differing import items_table
from measurand.measures.precision.shared.model_pairs import BenchmarkComparison, Difference
from measurand.measures.precision.shared.order import named
from measurand.measures.precision.shared.summary import MOST_TOLD, counted_by
from measurand.measures.shared import estimate
from measurand.results import AVERAGE, Answer, Estimate, Finding, Status, Table
from measurand.wording import (
    DIFFERENCE,
    SHARE,
    agreeing,
    capital,
    cell,
    listed,
    number,
    p_text,
    percent,
    plural,
    points,
    shown,
)

__all__ = ["Outcome", "answer", "leaders", "outcome"]

MOST_OPEN = 6
"""Open pairs that the answer lists, those of the first places first."""
MOST_NAMED = 3
"""Models that a sentence names; of more, it counts the others."""


def leaders(found: BenchmarkComparison) -> str:
    """Who leads, and whether others are tied with it.

    The scores stand in the sentence, so that it answers without the table.
    """
    on = "" if found.benchmark == AVERAGE else f" on {found.benchmark}"
    scores = dict(zip(found.models, found.scores, strict=True))
    top = found.open_first

    def scored(model: str) -> str:
        return f"{model} ({_score(scores[model], found)})"

    if len(found.models) == 1:
        return f"{scored(found.models[0])} is the only model{on}."
    if len(top) == 1:
        return f"{scored(top[0])} leads{on}, ahead of every other model."
    if len(top) == len(found.models) and len(top) > 2:
        return f"None of the {plural(len(top), 'model')} can be told apart from the first, {scored(top[0])}{on}."
    if len(top) > MOST_NAMED + 1:
        others = f"{len(top) - 1:,} of the other {len(found.models) - 1:,} models"
        return f"{scored(top[0])} leads{on}, statistically tied with {others}."
    return f"{listed([scored(model) for model in top])} lead{on}, statistically tied."


def leaders_table(found: BenchmarkComparison, level: float) -> Table:
    """Each model with its score, how far it is behind the leader, its group and whom it is tied with."""
    leader = found.models[0]
    behind = {frozenset((d.first, d.second)): d for d in found.differences}
    tied: dict[str, list[str]] = {model: [] for model in found.models}
    for d in found.differences:
        if not d.adjusted < 1 - level:
            tied[d.first].append(d.second)
            tied[d.second].append(d.first)
    rows = []
    for place, model in enumerate(found.models):
        pair = behind.get(frozenset((leader, model)))
        others = tied[model]
        rows.append(
            (
                model,
                _score(found.scores[place], found, unit=False),
                "" if pair is None else _difference(pair, found, level, turned=pair.first == leader),
                " ".join(found.letters[place].upper()) if found.letters else "",
                ", ".join(others[:MOST_NAMED]) + (f", {len(others) - MOST_NAMED} more" * (len(others) > MOST_NAMED)),
            )
        )
    name = "average" if found.benchmark == AVERAGE else "score"
    return Table(
        head=("model", name, "behind the leader", "group", "statistically tied with"),
        rows=tuple(rows),
        right=(1, 2),
        ends=True,
    )


def open_pairs(found: BenchmarkComparison, level: float, needed: Sequence[tuple[Difference, str]]) -> Table | None:
    """Pairs that are not settled, those of the first places first, with what would settle them."""
    if not needed:
        return None
    return Table(
        title="Pairs that are not settled",
        head=(
            "",
            "difference",
            "p (Holm)",
            f"{'clusters' if found.cluster_key and found.benchmark != AVERAGE else 'items'} to settle it",
        ),
        rows=tuple(
            (f"{d.first} over {d.second}", _difference(d, found, level), p_text(d.adjusted), text) for d, text in needed
        ),
        right=(1, 2),
    )


def pair_table(
    tasks: Sequence[BenchmarkComparison], pair: tuple[str, str], level: float, margin: float | None
) -> Table:
    """The named pair on each task, the largest difference for the first of the pair on top, and on average."""
    rows, marks = [], []
    own = [(task, d) for task in tasks for d in task.differences if {d.first, d.second} == set(pair)]
    own.sort(key=lambda each: (each[0].benchmark == AVERAGE, -_seen_from(pair[0], each[1])))
    for task, d in own:
        scores = dict(zip(task.models, task.scores, strict=True))
        status, words = _pair_words(d, level, margin)
        rows.append(
            (
                task.benchmark,
                *(_score(scores[model], task, unit=False) for model in pair),
                _difference(d, task, level, turned=d.first != pair[0]),
                words,
                number(d.n),
            )
        )
        marks.append(status)
    return Table(
        head=("task", *pair, "difference", "", "items"), rows=tuple(rows), marks=tuple(marks), right=(1, 2, 3, 5)
    )


class Outcome(Enum):
    """What is shown of two models."""

    SAME = "the same"
    BETTER = "better"
    OPEN = "could be chance"
    UNKNOWN = "too few items to say"


def outcome(d: Difference, level: float, margin: float | None) -> Outcome:
    """What is shown of two models; that they are the same within a margin counts before a small difference."""
    if margin is not None and d.alike <= 1 - level:
        return Outcome.SAME
    if not np.isfinite(d.adjusted):
        return Outcome.UNKNOWN
    return Outcome.BETTER if d.adjusted < 1 - level else Outcome.OPEN


def _pair_words(d: Difference, level: float, margin: float | None) -> tuple[Status, str]:
    """The outcome in a row of a table."""
    found = outcome(d, level, margin)
    if found is Outcome.SAME:
        return Status.PASSED, f"the same within {points(margin)}"
    if found is Outcome.BETTER:
        return Status.PASSED, f"{d.first} better"
    return Status.CAUTION, found.value


def _seen_from(model: str, d: Difference) -> float:
    return d.value if d.first == model else -d.value


def _difference(d: Difference, found: BenchmarkComparison, level: float, *, turned: bool = False) -> str:
    value, low, high = (-d.value, -d.high, -d.low) if turned else (d.value, d.low, d.high)
    unit = DIFFERENCE if found.unit else ""
    return cell(estimate("difference", value + 0.0, low, high, level=level, method=d.method, unit=unit))


def _score(value: float, found: BenchmarkComparison, *, unit: bool = True) -> str:
    if not found.unit:
        return number(value)
    text = cell(Estimate(name="score", value=value, unit=SHARE))
    return f"{text}%" if unit else text


def answer(result: Comparison, findings: Sequence[Finding]) -> Answer:
    """Who leads and what is open, on average or on the one benchmark; of a named pair, each task and the average."""
    main = result.average or result.benchmarks[0]
    notes = [_basis(result)]
    if result.pair is not None:
        tasks = pair_table(result.all, (result.pair[0], result.pair[1]), result.level, result.same_within)
        items = items_table(result.items, result.pair)
        return Answer(
            sentence=_pair_sentence(result, main, findings),
            tables=(tasks, *items),
            notes=(f"{notes[0]}.",),
            cautions=_limits(result),
        )
    if result.main is None:
        tables: list[Table | None] = [_by_benchmark(result)]
        sentence = " ".join(leaders(benchmark) for benchmark in result.benchmarks[:MOST_TOLD])
    else:
        undecided = [] if main.best_only else [d for d in main.differences if not d.adjusted < 1 - result.level]
        settle = [(d, _settles(d, main, result)) for d in undecided[:MOST_OPEN]]
        tables = [leaders_table(main, result.level), open_pairs(main, result.level, settle)]
        apart = len(main.differences) - len(undecided)
        total = plural(len(main.differences), "pair")
        sentence = leaders(main)
        if len(main.models) > 2:
            over = f" (average of {len(result.benchmarks)} tasks)" if result.average else ""
            sentence += f" {apart:,} of {total} {agreeing(apart, 'differs')}{over}."
        if not main.best_only:
            notes[0] += f"; p and groups allow for {plural(len(main.differences), 'pair')}"
    if result.average is not None:
        told = [
            f"{sum(d.adjusted < 1 - result.level for d in task.differences)} on {task.benchmark}"
            for task in result.benchmarks
        ]
        notes.append(f"Pairs that differ by task: {listed(told[:MOST_TOLD])}")
    return Answer(
        sentence=sentence,
        tables=tuple(table for table in tables if table is not None),
        notes=tuple(f"{note}." for note in notes),
        cautions=_limits(result),
    )


def _basis(result: Comparison) -> str:
    unit = "Points" if all(benchmark.unit for benchmark in result.benchmarks) else "Differences"
    text = f"{unit}, on the same items; {percent(result.level)} intervals for one pair each"
    if result.average is not None:
        text += f"; {'tasks' if result.weights == 'tasks' else 'items'} weigh the same in the average"
    return text


def _pair_sentence(result: Comparison, main: BenchmarkComparison, findings: Sequence[Finding]) -> str:
    """What each does better, what is the same, what is open; then the average."""
    (of_main,) = main.differences
    if len(result.benchmarks) == 1:
        return findings[-1].sentence
    better: dict[str, list[str]] = {}
    tasks: dict[Outcome, list[str]] = {}
    for task in result.benchmarks:
        (d,) = task.differences
        found = outcome(d, result.level, result.same_within)
        own = better.setdefault(d.first, []) if found is Outcome.BETTER else tasks.setdefault(found, [])
        own.append(task.benchmark)
    said = [f"{model} is better on {named(own, MOST_TOLD)}" for model, own in better.items()]
    if same := tasks.get(Outcome.SAME):
        said.append(f"they are the same within {points(result.same_within)} on {named(same, MOST_TOLD)}")
    if open_ := [task for found in (Outcome.OPEN, Outcome.UNKNOWN) for task in tasks.get(found, [])]:
        said.append(f"the difference could be chance on {named(open_, MOST_TOLD)}")
    lead = "; ".join(said)
    lead = f"{lead if better else capital(lead)}."
    if result.average is None:
        return lead
    difference = estimate("d", of_main.value, of_main.low, of_main.high, level=result.level, method="", unit=DIFFERENCE)
    return f"{lead} On average {of_main.first} is {shown(difference)} ahead."


def _by_benchmark(result: Comparison) -> Table:
    """Who leads each benchmark, where their average has no meaning."""
    rows = tuple(
        (task.benchmark, task.models[0], ", ".join(task.open_first[1:4]), number(len(task.differences)),
         number(sum(d.adjusted < 1 - result.level for d in task.differences)))
        for task in result.benchmarks
    )  # fmt: skip
    return Table(head=("task", "leader", "tied with it", "pairs", "differ"), rows=rows, right=(3, 4))


def _settles(d: Difference, benchmark: BenchmarkComparison, result: Comparison) -> str:
    """Items, or clusters, that would settle a pair, and whether it is shown to be the same."""
    units = units_needed(d, benchmark, result)
    words = (
        f"about {int(float(f'{units:.2g}')):,}" if units is not None and units <= MOST_UNITS else "no feasible number"
    )
    if outcome(d, result.level, result.same_within) is Outcome.SAME:
        return f"{words}; the same within {points(result.same_within)}"
    return words


def _limits(result: Comparison) -> tuple[tuple[Status, str], ...]:
    """What limits the comparison: disagreeing tasks, clusters, items that differ."""
    found = []
    if result.pair is not None and result.average is not None:
        signs = {d.first for task in result.benchmarks for d in task.differences if d.adjusted < 1 - result.level}
        if len(signs) > 1:
            text = "The average hides that the tasks disagree: say which task matters before choosing."
            found.append((Status.CAUTION, text))
    for key in dict.fromkeys(b.cluster_key for b in result.benchmarks if b.cluster_key):
        sizes = {
            b.benchmark: (max(d.n for d in b.differences), max(d.clusters for d in b.differences))
            for b in result.benchmarks
            if b.cluster_key == key and any(d.clusters < d.n for d in b.differences)
        }
        shown_key = any(b.cluster_shown for b in result.benchmarks)
        found.append((Status.CAUTION, f"{counted_by(key, sizes, shown=shown_key)}."))
    if unpaired := [d for b in result.benchmarks for d in b.differences if not d.paired]:
        found.append((Status.CAUTION, f"{plural(len(unpaired), 'pair', 'was compared')} on different questions."))
    return tuple(found)
