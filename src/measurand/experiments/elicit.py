"""Elicitation: what a model scores as it is, with demonstrations and after a short fine-tuning, and what that took."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from measurand.errors import InputError
from measurand.experiments.models import LoadedModel, flop
from measurand.experiments.plans import Plan, reading, updating
from measurand.experiments.scoring import PROMPT, encode, score_items
from measurand.experiments.sweeps import Folder
from measurand.experiments.training import Example, Training, fine_tune
from measurand.tables import Attempts, Item, ItemSet
from measurand.tables.attempts import ATTEMPT_SCHEMA

__all__ = ["AS_IS", "Effort", "Way", "demonstrations", "elicit", "parts", "plan"]

AS_IS = "as is"
"""Method of the baseline: the items put to the model as they are."""


@dataclass(frozen=True)
class Effort:
    """How much is tried.

    Parameters
    ----------
    demonstrations : numbers of solved items put before the question, one method each.
    training : settings of the fine-tuning on solved items; None for none.
    seed : of the demonstrations and of which items are held out.
    """

    demonstrations: tuple[int, ...] = (5,)
    training: Training | None = field(default_factory=lambda: Training(steps=20, batch=4))
    seed: int = 0

    def __post_init__(self) -> None:
        for count in self.demonstrations:
            if count < 1:
                raise InputError(f"demonstrations should be at least 1, got {count}")


def demonstrations(items: Sequence[Item], count: int, rng: np.random.Generator) -> str:
    """Solved items as text before a question.

    Examples
    --------
    >>> item = Item("1", "What is 2 + 2?", ("5", "4"), 1)
    >>> demonstrations([item], 1, np.random.default_rng(0))
    'Question: What is 2 + 2?\\nAnswer: 4\\n\\n'
    """
    drawn = [items[place] for place in rng.permutation(len(items))[:count]]
    return "".join(f"{PROMPT.format(question=item.question)} {item.choices[item.target]}\n\n" for item in drawn)


def elicit(
    models: Sequence[LoadedModel],
    train: ItemSet,
    test: ItemSet,
    effort: Effort | None = None,
    *,
    kept: Folder | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> Attempts:
    """Score the test items of each model as it is and under every effort.

    Parameters
    ----------
    models : the model under test, and after it controls that are known to hide nothing.
    train : solved items, from which demonstrations and fine-tuning take theirs.
    test : items that are scored; none of them may be among the others.
    kept : where each effort is written as it ends, a fine-tuning every few steps, and taken from if it is there.
    progress : called with a word, the efforts done and how many there are.

    Returns
    -------
    Attempts
        One row a model, method and item: whether it was right, the tokens and FLOP it took. What a fine-tuning took is
        shared out over the items it is tested on, as target FLOP.

    Raises
    ------
    InputError
        An item in both sets, more demonstrations than solved items, or a model that as it is gives no finite answer.
    """
    effort = effort or Effort()
    tasks = parts(len(models), train, test, effort)
    frames = []
    for done, (name, place, way) in enumerate(tasks, 1):
        model = models[place]
        if kept is not None and kept.has(name):
            rows = kept.rows([name], ATTEMPT_SCHEMA)
        else:
            begun = None if kept is None else kept.unfinished(name)
            found = pl.DataFrame(_rows(way, model, train, test, begun), schema=ATTEMPT_SCHEMA)
            rows = found.with_columns(control=pl.lit(place > 0))
            if kept is not None:
                kept.add(name, rows)
        frames.append(rows)
        if progress:
            progress(f"{model.name}, {way.method}", done, len(tasks))
    return Attempts.build(pl.concat(frames))


def plan(
    models: Sequence[LoadedModel], train: ItemSet, test: ItemSet, effort: Effort, kept: Folder | None = None
) -> Plan:
    """What eliciting will take beyond what is kept; it raises what `elicit` raises for the same arguments."""
    expected = Plan(0, 0.0, 0.0)
    for name, place, way in parts(len(models), train, test, effort):
        if kept is not None and kept.has(name):
            continue
        expected += reading(models[place], test, way.before)
        if way.training is not None:
            expected += updating(models[place], lambda rng, count: _lessons(train, rng, count), train, way.training)
    return expected


@dataclass(frozen=True)
class Way:
    """One way of asking: its name, the text before each question, and the fine-tuning that comes first."""

    method: str
    before: str = ""
    training: Training | None = None


def parts(models: int, train: ItemSet, test: ItemSet, effort: Effort) -> list[tuple[str, int, Way]]:
    """Name, place of the model and way of asking of every part of an elicitation, in the order they are done.

    Parameters
    ----------
    models : how many.

    Raises
    ------
    InputError
        An item in both sets, or more demonstrations than solved items.
    """
    ways = _ways(train, test, effort)
    return [(f"{place}-{number}", place, way) for place in range(models) for number, way in enumerate(ways)]


def _ways(train: ItemSet, test: ItemSet, effort: Effort) -> tuple[Way, ...]:
    """The efforts in the order they are made, the baseline first."""
    # A demonstration that is a test item gives its answer away.
    both = {item.id for item in train.items} & {item.id for item in test.items}
    if both:
        raise InputError(f"item {min(both)!r} is both a solved example and a test item; {len(both)} such items")
    ways = [Way(AS_IS)]
    for count in effort.demonstrations:
        if count > len(train):
            raise InputError(f"{count} demonstrations asked for, but there are {len(train)} solved items")
        shown = demonstrations(train.items, count, np.random.default_rng([effort.seed, count]))
        ways.append(Way(f"{count} demonstration{'s' * (count > 1)}", shown))
    if effort.training is not None:
        method = f"fine-tuned, {effort.training.steps} steps of {effort.training.batch}"
        ways.append(Way(method, training=effort.training))
    return tuple(ways)


def _lessons(train: ItemSet, rng: np.random.Generator, count: int) -> list[Example]:
    drawn = (train.items[place] for place in rng.integers(0, len(train), count))
    return [Example(PROMPT.format(question=item.question), item.choices[item.target]) for item in drawn]


def _rows(way: Way, model: LoadedModel, train: ItemSet, test: ItemSet, begun: Path | None) -> list[dict[str, Any]]:
    asked, trained_tokens, trained_flop = model, 0, 0.0
    if way.training is not None:
        trained = fine_tune(model, lambda rng, count: _lessons(train, rng, count), way.training, kept=begun)
        asked, trained_tokens, trained_flop = trained.model, trained.tokens, trained.flop
    encoded = encode(asked, test, before=way.before)
    scored = score_items(asked, encoded)
    if way.method == AS_IS and scored.broken.any():
        # A guess would stand in for each: what eliciting adds to it would look like ability that was held back.
        raise InputError(
            f"{model.name} as it is gives no finite log-probability for {int(scored.broken.sum())} of {len(test)} "
            "items; its weights hold values that are no numbers, or its precision is too low"
        )
    share = 1 / len(test)
    rows = []
    for item, prompt, answers, score in zip(test.items, encoded.prompts, encoded.answers, scored.scores, strict=True):
        tokens = len(prompt) + sum(map(len, answers))
        rows.append(
            {
                "target": model.name,
                "behaviour": item.id,
                "method": way.method,
                "attempt": 1,
                "success": float(score),
                "queries": 1.0,
                "tokens": tokens + trained_tokens * share,
                "flop": flop(model.parameters, tokens) + trained_flop * share,
                "cluster": item.cluster,
            }
        )
    return rows
