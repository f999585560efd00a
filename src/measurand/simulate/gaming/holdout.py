"""One simulated pair of sets of items: drawn alike, or the new one with other words, lengths and difficulty."""

from __future__ import annotations

import numpy as np
import polars as pl

from measurand.measures.gaming.holdout import holdout, judge
from measurand.results import Status
from measurand.simulate.outcomes import Outcome, Simulation, add_coverage, add_event
from measurand.tables import RESPONSE_COLUMNS, Responses
from measurand.tables.texts import Texts

__all__ = ["SIMULATIONS", "sets"]

WORDS = 800
NAMES = [f"w{rank}" for rank in range(WORDS + 101)]
"""Of the vocabulary, with the words of topics at its end."""
OLDER = 4
TOGETHER, PASSAGE = 5, 30
"""Items per passage where they come together, and words that a passage adds to each."""
SHIFT = 0.4
"""How far the new set lies off in each of words, lengths and difficulty, in standard deviations of an item."""


def sets(public: int, new: int, shift: float, rng: np.random.Generator, together: int = 1) -> tuple[Texts, Responses]:
    """Two sets of items, and what four older models score on them.

    Parameters
    ----------
    public, new : items of each set.
    shift : how far the new set lies off.
    together : items per passage; they share its first words, its topic and half of the variance of their difficulty.
    """
    size = public + new
    is_new = np.arange(size) >= public
    names = np.where(is_new, "new", "public")
    # The first item of each one's passage: what it draws, all of them have.
    of = np.concatenate([np.arange(n) // together * together + begun for n, begun in ((public, 0), (new, public))])
    topic = rng.standard_normal(size)[of] + shift * is_new
    lengths = np.clip(40 * np.exp(0.3 * (rng.standard_normal(size) + shift * is_new)), 8, 200).astype(np.int64)
    texts = [_text(length, about, rng) for length, about in zip(lengths.tolist(), topic.tolist(), strict=True)]
    difficulty = rng.standard_normal(size)
    if together > 1:
        passages = [_text(PASSAGE, about, rng) for about in topic.tolist()]
        texts = [f"{passages[place]} {text}" for place, text in zip(of.tolist(), texts, strict=True)]
        difficulty = (difficulty + rng.standard_normal(size)[of]) / np.sqrt(2)
    chance = 1 / (1 + np.exp(-(difficulty - shift * is_new)))
    items = [str(place) for place in range(size)]
    rows = pl.DataFrame(
        {
            "model": [f"m{model}" for model in range(OLDER) for _ in range(size)],
            "benchmark": names.tolist() * OLDER,
            "item": items * OLDER,
            "score": (rng.random((OLDER, size)) < chance).astype(np.float64).ravel(),
        }
    )
    frame = pl.concat([pl.DataFrame(schema=RESPONSE_COLUMNS), rows], how="diagonal")
    groups = pl.DataFrame({"benchmark": names, "item": items, "text": texts, "cluster": of.astype(str)})
    return Texts.build(groups), Responses(frame.lazy())


def _text(words: int, about: float, rng: np.random.Generator) -> str:
    """Words by Zipf's law, of which a topic draws every tenth from its own end of the vocabulary."""
    ranks = np.minimum(WORDS ** rng.random(words) * 4 - 4, WORDS - 1).astype(np.int64)
    own = rng.random(words) < 0.1
    ranks[own] = WORDS + np.clip(50 + 15 * about + 5 * rng.standard_normal(int(own.sum())), 0, 100).astype(np.int64)
    return " ".join([NAMES[rank] for rank in ranks.tolist()])


def _run(public: int, new: int, level: float, rng: np.random.Generator) -> Outcome:
    outcome: Outcome = {}
    older = [f"m{model}" for model in range(OLDER)]
    off = f"new set {SHIFT:g} SD off in words, length and difficulty"
    passages = f"{TOGETHER} items per passage"
    for shift, together, name in (
        (0.0, 1, "sets alike"),
        (SHIFT, 1, off),
        (0.0, TOGETHER, f"sets alike, {passages}"),
        (SHIFT, TOGETHER, f"{off}, {passages}"),
    ):
        texts, responses = sets(public * together, new * together, shift, rng, together)
        # People see no more than chance in sets that are alike.
        right = int(rng.binomial(100, 1 / 3 if not shift else 0.45))
        result = holdout(
            texts,
            responses,
            public="public",
            new="new",
            older=older,
            odd_one_out=(right, 100, 3),
            permutations=199,
            level=level,
            rng=rng,
        )
        quantity = "power" if shift else "false_alarm"
        add_event(outcome, quantity, "told apart by any test", name, judge(result)[0].status is Status.ISSUE)
        for test in result.tests:
            add_event(outcome, quantity, f"told apart by {test.name} alone", name, test.p_value < 1 - level)
            if not shift and test.name in ("older models", "lengths"):
                add_coverage(outcome, f"interval of {test.name}", name, test.null, test.found.low, test.found.high)
    return outcome


CELLS = tuple({"public": public, "new": new} for public, new in ((100, 50), (300, 50), (200, 200)))

SIMULATIONS = {
    "G3": Simulation(
        CELLS,
        _run,
        regime=(
            "two sets of texts with words by Zipf's law, and the answers of four older models; drawn alike, or "
            "the new set .4 SD off in words, lengths and difficulty; each item alone, or five per passage (and as many "
            "passages as there are items else)"
        ),
        beside=(" alone",),
    )
}
