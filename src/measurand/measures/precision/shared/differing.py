"""The items on which two models differ, with both answers where the results hold them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from measurand.results import Table
from measurand.tables import ItemTable, Responses
from measurand.wording import number, plain

__all__ = ["MOST_ITEMS", "Differing", "differing", "items_table"]

MOST_ITEMS = 100
"""Items that are told, over all benchmarks: of more, those that differ most."""

MOST_LETTERS = 120
"""Of an answer."""


@dataclass(frozen=True, kw_only=True)
class Differing:
    """An item that two models score differently on.

    Parameters
    ----------
    benchmark, item : which.
    scores, answers : of the first and of the second model; an answer is None where the results do not hold it.
    target : the right answer, None where it is not known.
    """

    benchmark: str
    item: str
    scores: tuple[float, float]
    answers: tuple[str | None, str | None]
    target: str | None


def differing(
    responses: Responses, tables: Sequence[ItemTable], pair: tuple[str, str], *, texts: bool
) -> tuple[Differing, ...]:
    """The items that the two score differently, those that differ most first.

    Parameters
    ----------
    responses : where the answers are read from, for these items alone.
    tables : of the benchmarks, with both models. pair : their names.
    texts : whether answers are read at all.
    """
    found = []
    for table in tables:
        first, second = (table.scores[table.models.index(model)] for model in pair)
        with np.errstate(invalid="ignore"):
            gap = np.nan_to_num(np.abs(first - second))
        found += [
            (float(gap[place]), table.benchmark, table.items[place], float(first[place]), float(second[place]))
            for place in np.argsort(-gap, kind="stable")[: min(MOST_ITEMS, int((gap > 0).sum()))]
        ]
    found.sort(key=lambda row: -row[0])
    kept = found[:MOST_ITEMS]
    said = _answers(responses, {(row[1], row[2]) for row in kept}, pair) if texts else {}
    told = []
    for _, benchmark, item, one, other in kept:
        mine, theirs = (said.get((benchmark, item, model), (None, None)) for model in pair)
        told.append(
            Differing(
                benchmark=benchmark,
                item=item,
                scores=(one, other),
                answers=(mine[0], theirs[0]),
                target=mine[1] or theirs[1],
            )
        )
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
    rows = (
        responses.frame.filter(pl.col("model").is_in(pair))
        .select(*names, pl.col("answer"), target)
        .filter(pl.col("answer").is_not_null())
        .join(items.lazy(), on=["benchmark", "item"], how="semi")
        .unique(["benchmark", "item", "model"], keep="first", maintain_order=True)
        .collect()
    )
    return {(row[0], row[1], row[2]): (row[3], row[4]) for row in rows.iter_rows()}


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
