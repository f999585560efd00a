"""What an experiment will take, said before it starts: tokens, FLOP, and seconds on this machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from measurand.experiments.models import LoadedModel, flop
from measurand.experiments.scoring import encode, score_items
from measurand.experiments.training import Example, Training, generator, texts_of, untrained
from measurand.experiments.trunk import layer_parameters
from measurand.tables import ItemSet

__all__ = ["Plan", "reading", "updating"]

TIMED = 16
"""Items scored to tell how long the whole will take."""


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


def updating(
    model: LoadedModel,
    draw: Callable[[np.random.Generator, int], Sequence[Example]],
    items: ItemSet,
    training: Training,
) -> Plan:
    """What a fine-tuning takes: its updates are drawn as it will draw them, and their tokens counted.

    Parameters
    ----------
    draw : as of `measurand.experiments.training.fine_tune`.
    items : on which passes are timed.
    """
    rng = generator(training)
    updates = [texts_of(model, draw(rng, training.batch)) for _ in range(training.steps)]
    tokens = sum(len(text) for own in updates for text in own)
    below = layer_parameters(model.network, untrained(model, training))
    once = sum(map(len, set().union(*updates))) if below else 0
    expected = flop(below, once) + flop(model.parameters - below, tokens, gradient=True)
    read = reading(model, items)
    return Plan(tokens, expected, read.seconds * expected / read.flop)


def _seconds(work: Callable[[], object]) -> float:
    """Time of a second run: the first sets things up."""
    work()
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
