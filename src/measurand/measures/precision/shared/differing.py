"""The items on which two models differ, with both answers where the results hold them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from measurand.results import Table
from measurand.tables import WAYS, ItemTable, Responses
from measurand.wording import number, plain

__all__ = ["MOST_ITEMS", "Differing", "all_differing", "answers_to", "differing", "items_table"]

MOST_ITEMS = 100
"""Items that are told, over all benchmarks: of more, those that differ most."""

NUMBERED = ("place from 0", "place from 1")

MOST_DIGITS = 3
"""Of the number of a choice."""

MOST_LETTERS = 120
"""Of an answer."""


@dataclass(frozen=True, kw_only=True)
class Differing:
    """An item that two models score differently on.

    Parameters
    ----------
    benchmark, item : which.
    scores, epochs : of the first and of the second model; how often each answered.
    answers : of both; None where the results do not hold them.
    target : the right answer, None where it is not known.
    """

    benchmark: str
    item: str
    scores: tuple[float, float]
    epochs: tuple[int, int]
    answers: tuple[str | None, str | None] = (None, None)
    target: str | None = None

    @property
    def gap(self) -> float:
        """How far the scores lie apart."""
        return abs(self.scores[0] - self.scores[1])


def differing(
    responses: Responses, tables: Sequence[ItemTable], pair: tuple[str, str], *, texts: bool
) -> tuple[Differing, ...]:
    """The items that the two score differently, those that differ most first; of many, the first 100.

    Parameters
    ----------
    responses : where the answers are read from, for these items alone.
    tables : of the benchmarks, with both models. pair : their names.
    texts : whether answers are read at all.
    """
    found = sorted((each for table in tables for each in all_differing(table, pair)), key=lambda each: -each.gap)
    kept = tuple(found[:MOST_ITEMS])
    return answers_to(responses, kept, pair) if texts else kept


def all_differing(table: ItemTable, pair: tuple[str, str]) -> list[Differing]:
    """Every item of a benchmark that the two score differently, without answers, those that differ most first."""
    rows = [table.models.index(model) for model in pair]
    first, second = table.scores[rows]
    with np.errstate(invalid="ignore"):
        gap = np.nan_to_num(np.abs(first - second))
    return [
        Differing(
            benchmark=table.benchmark,
            item=table.items[place],
            scores=(float(first[place]), float(second[place])),
            epochs=(int(table.epochs[rows[0], place]), int(table.epochs[rows[1], place])),
        )
        for place in np.argsort(-gap, kind="stable")[: int((gap > 0).sum())]
    ]


def answers_to(responses: Responses, items: Sequence[Differing], pair: tuple[str, str]) -> tuple[Differing, ...]:
    """The items with both answers, where the results hold them: they are read for these alone."""
    said = _answers(responses, {(each.benchmark, each.item) for each in items}, pair)
    told = []
    for each in items:
        mine, theirs = (said.get((each.benchmark, each.item, model), (None, None)) for model in pair)
        told.append(replace(each, answers=(mine[0], theirs[0]), target=mine[1] or theirs[1]))
    return tuple(told)


def _answers(
    responses: Responses, wanted: set[tuple[str, str]], pair: tuple[str, str]
) -> Mapping[tuple[str, str, str], tuple[str | None, str | None]]:
    """Answer and target of each item and model, of the first run of each."""
    held = set(responses.frame.collect_schema().names())
    if not wanted or "answer" not in held:
        return {}
    items = pl.DataFrame(sorted(wanted), schema=["benchmark", "item"], orient="row")
    # As the tables spell them, whatever type a table of items has given its names.
    names = [pl.col(name).cast(pl.String) for name in ("benchmark", "item", "model")]
    target = pl.col("target") if "target" in held else pl.lit(None, pl.String).alias("target")
    choices = pl.col("choices") if "choices" in held else pl.lit(None, pl.List(pl.String)).alias("choices")
    rows = (
        responses.frame.filter(pl.col("model").is_in(pair))
        .select(*names, pl.col("answer"), target, choices)
        .filter(pl.col("answer").is_not_null())
        .join(items.lazy(), on=["benchmark", "item"], how="semi")
        .unique(["benchmark", "item", "model"], keep="first", maintain_order=True)
        .collect()
    )
    found = list(rows.iter_rows())
    told: dict[str, list[tuple[str | None, Options]]] = {}
    for benchmark, _, _, answer, right, options in found:
        told.setdefault(benchmark, []).extend([(answer, options), (right, options)])
    ways = {benchmark: ("letter", *_numbering(own)) for benchmark, own in told.items()}
    return {
        (row[0], row[1], row[2]): (_spelled(row[3], row[5], ways[row[0]]), _spelled(row[4], row[5], ways[row[0]]))
        for row in found
    }


Options = Sequence[str | None] | None


def _numbering(told: Sequence[tuple[str | None, Options]]) -> list[str]:
    """How a benchmark's answers number its choices; nothing where they fit neither way or both."""
    numbers = [
        (options, said)
        for said, options in told
        if said and options and said.isdecimal() and len(said) <= MOST_DIGITS and said not in options
    ]
    ways = [way for way in NUMBERED if all(WAYS[way](options, said) is not None for options, said in numbers)]
    return ways if len(ways) == 1 else []


def _spelled(said: str | None, options: Options, ways: Sequence[str]) -> str | None:
    """An answer that is the letter or number of a choice, with the choice beside it."""
    if not said or not options or said in options:
        return said
    places = (WAYS[way](options, said) for way in ways)
    place = next((place for place in places if place is not None), None)
    return said if place is None else f"{said}: {options[place]}"


def items_table(items: Sequence[Differing], pair: Sequence[str]) -> tuple[Table, ...]:
    """A row per item with both scores, and both answers where there are any; none where no item differs."""
    if not items:
        return ()
    texts = any(answer is not None for each in items for answer in each.answers)
    targets = any(each.target is not None for each in items)
    head = ["task", "item", *pair]
    head += [*(f"{model} answered" for model in pair)] if texts else []
    head += ["right answer"] if texts and targets else []
    rows = []
    for each in items:
        row = [each.benchmark, each.item, *(number(score, 0 if score in (0, 1) else 2) for score in each.scores)]
        row += [_short(answer) for answer in each.answers] if texts else []
        row += [_short(each.target)] if texts and targets else []
        rows.append(tuple(row))
    return (Table(title="Items that differ", head=tuple(head), rows=tuple(rows), right=(2, 3)),)


def _short(text: str | None) -> str:
    said = plain(text or "")
    return said if len(said) <= MOST_LETTERS else f"{said[: MOST_LETTERS - 1]}…"
