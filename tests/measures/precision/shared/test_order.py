"""Orders of models: what is counted of them, and how it is said."""

from __future__ import annotations

import numpy as np
import pytest

from measurand.measures.precision.shared.order import (
    Order,
    order_estimates,
    order_result,
    order_status,
    order_words,
    times_as_many,
)
from measurand.results import Status


def order(*pairs, ranks=((1, 2), (1, 3), (2, 3)), more=(2.0, 20.0)):
    """Models a, b, ... of which the pairs (above, below) are told apart."""
    above = np.zeros((len(ranks), len(ranks)), dtype=bool)
    for one, other in pairs:
        above[one, other] = True
    return Order(models=tuple("abcdefgh"[: len(ranks)]), ranks=ranks, above=above, more=more)


def test_neighbours_are_beside_the_diagonal():
    found = order((0, 2), (1, 2))
    assert (found.apart, found.alike, found.told_apart) == ((False, True), 1, 2)
    first, neighbours, pairs = order_estimates(found, level=0.9, method="how", n=7)
    assert (first.value, first.low, first.high, first.level, first.n) == (1, 1, 2, 0.9, 7)
    assert ((neighbours.value, neighbours.n), (pairs.value, pairs.n)) == ((1, 2), (2, 3))
    assert order_result(found) == {"model": ("a", "b", "c"), "best_rank": (1, 1, 2), "worst_rank": (2, 3, 3)}


@pytest.mark.parametrize(
    ("found", "status", "words"),
    [
        (order(), Status.ISSUE, "No two of the 3 models can be told apart on 9 items: their order could be due to"),
        (order((0, 2)), Status.CAUTION, "Of the 3 models, 2 of 2 pairs of neighbours cannot be told apart on 9 items"),
        (
            order((0, 1), (0, 2)),
            Status.CAUTION,
            "1 of 2 pairs of neighbours cannot be told apart on 9 items: the order ",
        ),
        (order((0, 1), (0, 2), (1, 2)), Status.PASSED, "Each of the 3 models is told apart from the next on 9 items."),
    ],
)
def test_the_verdict_and_its_words_go_together(found, status, words):
    assert order_status(found) is status
    assert words in order_words(found, "3 models", " on 9 items")


def test_two_models_are_not_two_of_many_and_the_first_has_its_rank():
    two = order(ranks=((1, 2), (1, 2)), more=(4.0,))
    assert order_words(two, "2 models") == (
        "The 2 models cannot be told apart: their order could be due to chance. a comes first; its rank lies between "
        "1 and 2."
    )
    clear = order((0, 1), ranks=((1, 1), (2, 2)), more=(0.5,))
    assert order_words(clear, "2 models").endswith(" a comes first and is told apart from every other.")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ((2.0, 4.04), "about 3.0 times as many votes."),
        ((9.5, 9.5), "about 10 times as many votes."),
        ((1e4, 1e4), "Not even 1,000 times as many votes would"),
        ((np.inf, np.inf), ""),
    ],
)
def test_what_it_would_take_is_that_of_the_typical_pair(more, words):
    said = times_as_many(order(more=more), "votes")
    assert words in said
    assert bool(said) == bool(words)
    assert times_as_many(order((0, 1), (0, 2), (1, 2)), "votes") == ""
