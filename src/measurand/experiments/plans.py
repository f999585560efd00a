"""What an experiment will take, said before it starts: tokens, FLOP, and seconds on this machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from measurand.experiments.models import LoadedModel, flop
from measurand.experiments.scoring import encode, score_items
from measurand.experiments.training import Example, Training
from measurand.tables import ItemSet

__all__ = ["Plan", "reading", "updating"]

TIMED = 16
"""Items scored to tell how long the whole will take."""
BACK = 3
"""A pass with gradients takes about three times one without, in time as in FLOP."""


@dataclass(frozen=True)
class Plan:
    """Tokens that will go through a model, their FLOP, and seconds on this machine; plans add up."""

    tokens: int
    flop: float
    seconds: float

    def __add__(self, other: Plan) -> Plan:
        return Plan(self.tokens + other.tokens, self.flop + other.flop, self.seconds + other.seconds)

    def times(self, count: int) -> Plan:
        """The same so many times over."""
        return Plan(count * self.tokens, count * self.flop, count * self.seconds)


def reading(model: LoadedModel, items: ItemSet, before: str = "") -> Plan:
    """What one pass over items takes, timed on a few of them.

    Raises
    ------
    InputError
        Items longer than the model's context.
    """
    tokens = encode(model, items, before=before).tokens
    few = encode(model, ItemSet(items.name, items.items[:TIMED]), before=before)
    seconds = _seconds(lambda: score_items(model, few))
    return Plan(tokens, flop(model.parameters, tokens), seconds * tokens / few.tokens)


def updating(model: LoadedModel, lessons: Sequence[Sequence[Example]], items: ItemSet, training: Training) -> Plan:
    """What a fine-tuning takes, by what a few items teach.

    Parameters
    ----------
    lessons : examples that each of some items gives.
    items : on which passes are timed.
    """
    # Counted as text and not encoded in batches: padding is not billed as tokens.
    texts = [f"{example.prompt} {example.answer}" for own in lessons for example in own]
    mean = sum(len(model.tokenizer(text)["input_ids"]) for text in texts) / len(lessons)
    tokens = round(training.steps * training.batch * mean)
    read = reading(model, items)
    return Plan(tokens, flop(model.parameters, tokens, gradient=True), BACK * tokens * read.seconds / read.tokens)


def _seconds(work: Callable[[], object]) -> float:
    """Time of a second run: the first sets things up."""
    work()
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
