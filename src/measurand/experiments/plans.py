"""What an experiment will take, said before it starts: tokens, FLOP, and seconds on this machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np

from measurand.experiments.models import LoadedModel, flop
from measurand.experiments.scoring import encode, score_items
from measurand.experiments.training import Example, Training, generator, lower, texts_of
from measurand.experiments.trunk import layer_parameters
from measurand.tables import ItemSet

__all__ = ["Plan", "reading", "updating"]

TIMED = 4
"""Items scored to tell how long the whole will take; more would make one wait for it."""
_PACES: WeakKeyDictionary[LoadedModel, float] = WeakKeyDictionary()


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
    """What one pass over items takes.

    Raises
    ------
    InputError
        Items longer than the model's context.
    """
    tokens = encode(model, items, before=before).tokens
    spent = flop(model.parameters, tokens)
    return Plan(tokens, spent, _pace(model, items) * spent)


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
    items : on which the model is timed, where it was not before.
    """
    rng = generator(training)
    updates = [texts_of(model, draw(rng, training.batch)) for _ in range(training.steps)]
    tokens = sum(len(text) for own in updates for text in own)
    below = layer_parameters(model.network, lower(model, training)[1])
    once = sum(map(len, set().union(*updates))) if below else 0
    expected = flop(below, once) + flop(model.parameters - below, tokens, gradient=True)
    return Plan(tokens, expected, _pace(model, items) * expected)


def _pace(model: LoadedModel, items: ItemSet) -> float:
    """Seconds per FLOP of a model, timed once on a few items."""
    if model not in _PACES:
        first, few = (encode(model, ItemSet(items.name, items.items[:count])) for count in (1, TIMED))
        # A first pass sets things up.
        score_items(model, first)
        started = time.perf_counter()
        score_items(model, few)
        _PACES[model] = (time.perf_counter() - started) / flop(model.parameters, few.tokens)
    return _PACES[model]
