"""What a comparison says first: who leads, by how much, and which pairs are open."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from measurand.measures.precision.shared.model_pairs import BenchmarkComparison, Difference
from measurand.measures.shared import estimate
from measurand.results import AVERAGE, Status, Table
from measurand.wording import DIFFERENCE, SHARE, cell, listed, number, p_text, plural, points

__all__ = ["leaders", "leaders_table", "open_pairs", "pair_table", "pair_words"]

MOST_NAMED = 3
"""Models that a sentence names; of more, it counts the others."""


def leaders(found: BenchmarkComparison) -> str:
    """Who leads, and whether others are tied with it.

    The scores stand in the sentence, so that it answers without the table.
    """
    on = "" if found.benchmark == AVERAGE else f" on {found.benchmark}"
    scores = dict(zip(found.models, found.scores, strict=True))
    top = found.open_first

    def named(model: str) -> str:
        return f"{model} ({_score(scores[model], found)})"

    if len(found.models) == 1:
        return f"{named(found.models[0])} is the only model{on}."
    if len(top) == 1:
        return f"{named(top[0])} leads{on}, ahead of every other model."
    if len(top) == len(found.models) and len(top) > 2:
        return f"None of the {plural(len(top), 'model')} can be told apart from the first, {named(top[0])}{on}."
    rest = len(top) - MOST_NAMED
    names = [named(model) for model in top[: MOST_NAMED if rest != 1 else None]]
    return f"{listed([*names, f'{rest} more'] if rest > 1 else names)} lead{on}, statistically tied."


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
        status, words = pair_words(d, level, margin)
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


def pair_words(d: Difference, level: float, margin: float | None) -> tuple[Status, str]:
    """What is shown of two models, in short."""
    if margin is not None and d.alike <= 1 - level:
        return Status.PASSED, f"the same within {points(margin)}"
    if not np.isfinite(d.adjusted):
        return Status.CAUTION, "too few items to say"
    if d.adjusted < 1 - level:
        return Status.PASSED, f"{d.first} better"
    return Status.CAUTION, "could be chance"


def _seen_from(model: str, d: Difference) -> float:
    return d.value if d.first == model else -d.value


def _difference(d: Difference, found: BenchmarkComparison, level: float, *, turned: bool = False) -> str:
    value, low, high = (-d.value, -d.high, -d.low) if turned else (d.value, d.low, d.high)
    unit = DIFFERENCE if found.unit else ""
    return cell(estimate("difference", value + 0.0, low, high, level=level, method=d.method, unit=unit))


def _score(value: float, found: BenchmarkComparison, *, unit: bool = True) -> str:
    if not found.unit:
        return number(value)
    text = cell(estimate("score", value, np.nan, np.nan, level=0.5, method="", unit=SHARE))
    return f"{text}%" if unit else text
