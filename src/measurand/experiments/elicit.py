"""Elicitation: what a model scores as it is, with demonstrations and after a short fine-tuning, and what that took."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from measurand.errors import InputError
from measurand.experiments.models import LoadedModel, flop
from measurand.experiments.scoring import PROMPT, encode, score_items
from measurand.experiments.training import Example, Training, fine_tune
from measurand.tables import Attempts, Item, ItemSet
from measurand.tables.attempts import ATTEMPT_SCHEMA

__all__ = ["AS_IS", "Effort", "demonstrations", "elicit"]

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
    progress: Callable[[str, int, int], None] | None = None,
) -> Attempts:
    """Score the test items of each model as it is and under every effort.

    Parameters
    ----------
    models : the model under test and its controls.
    train : solved items, from which demonstrations and fine-tuning take theirs.
    test : items that are scored; none of them may be among the others.
    progress : called with a word, the efforts done and how many there are.

    Returns
    -------
    Attempts
        One row a model, method and item: whether it was right, the tokens and FLOP it took. What a fine-tuning took is
        shared out over the items it is tested on, as target FLOP.

    Raises
    ------
    InputError
        An item in both sets, or more demonstrations than solved items.
    """
    effort = effort or Effort()
    both = {item.id for item in train.items} & {item.id for item in test.items}
    if both:
        raise InputError(f"item {min(both)!r} is both a solved example and a test item; {len(both)} such items")
    for count in effort.demonstrations:
        if count > len(train):
            raise InputError(f"{count} demonstrations asked for, but there are {len(train)} solved items")
    methods = 1 + len(effort.demonstrations) + (effort.training is not None)
    rows: list[dict[str, Any]] = []
    done = 0
    for model in models:
        for condition in _conditions(model, train, effort):
            rows += _rows(condition, model, test)
            done += 1
            if progress:
                progress(f"{model.name}, {condition.method}", done, methods * len(models))
    return Attempts.build(pl.DataFrame(rows, schema=ATTEMPT_SCHEMA))


@dataclass(frozen=True, eq=False)
class _Condition:
    """One way of asking: the model to ask, the text before each question, and what making it took."""

    method: str
    model: LoadedModel
    before: str = ""
    tokens: int = 0
    flop: float = 0.0


def _conditions(model: LoadedModel, train: ItemSet, effort: Effort) -> Iterator[_Condition]:
    yield _Condition(AS_IS, model)
    for count in effort.demonstrations:
        rng = np.random.default_rng([effort.seed, count])
        shown = demonstrations(train.items, count, rng)
        yield _Condition(f"{count} demonstration{'s' * (count > 1)}", model, shown)
    if effort.training is not None:
        training = effort.training
        trained = fine_tune(model, lambda rng, count: _lessons(train, rng, count), training)
        method = f"fine-tuned, {training.steps} steps of {training.batch}"
        yield _Condition(method, trained.model, "", trained.tokens, trained.flop)


def _lessons(train: ItemSet, rng: np.random.Generator, count: int) -> list[Example]:
    drawn = (train.items[place] for place in rng.integers(0, len(train), count))
    return [Example(PROMPT.format(question=item.question), item.choices[item.target]) for item in drawn]


def _rows(condition: _Condition, model: LoadedModel, test: ItemSet) -> list[dict[str, Any]]:
    encoded = encode(condition.model, test, before=condition.before)
    scored = score_items(condition.model, encoded)
    share = 1 / len(test)
    rows = []
    for item, prompt, answers, score in zip(test.items, encoded.prompts, encoded.answers, scored.scores, strict=True):
        tokens = len(prompt) + sum(map(len, answers))
        rows.append(
            {
                "target": model.name,
                "behaviour": item.id,
                "method": condition.method,
                "attempt": 1,
                "success": float(score),
                "queries": 1.0,
                "tokens": tokens + condition.tokens * share,
                "flop": flop(model.parameters, tokens) + condition.flop * share,
                "cluster": item.cluster,
            }
        )
    return rows
