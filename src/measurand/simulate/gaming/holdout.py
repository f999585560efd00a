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
OLDER = 4
SHIFT = 0.4
"""How far the new set lies off in each of words, lengths and difficulty, in standard deviations of an item."""


def sets(public: int, new: int, shift: float, rng: np.random.Generator) -> tuple[Texts, Responses]:
    """Two sets of items, and what four older models score on them."""
    size = public + new
    is_new = np.arange(size) >= public
    names = np.where(is_new, "new", "public")
    topic = rng.standard_normal(size) + shift * is_new
    lengths = np.clip(40 * np.exp(0.3 * (rng.standard_normal(size) + shift * is_new)), 8, 200).astype(np.int64)
    texts = []
    for length, about in zip(lengths.tolist(), topic.tolist(), strict=True):
        ranks = np.clip(WORDS ** rng.random(length) * 4 - 4, 0, WORDS - 1).astype(np.int64)
        # A topic draws every tenth word from its own end of the vocabulary.
        own = rng.random(length) < 0.1
        ranks[own] = WORDS + np.clip(50 + 15 * about + 5 * rng.standard_normal(int(own.sum())), 0, 100).astype(np.int64)
        texts.append(" ".join(f"w{rank}" for rank in ranks.tolist()))
    chance = 1 / (1 + np.exp(-(rng.standard_normal(size) - shift * is_new)))
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
    return Texts.build(pl.DataFrame({"benchmark": names, "item": items, "text": texts})), Responses(frame.lazy())


def _run(public: int, new: int, level: float, rng: np.random.Generator) -> Outcome:
    outcome: Outcome = {}
    older = [f"m{model}" for model in range(OLDER)]
    for shift, name in ((0.0, "sets alike"), (SHIFT, f"new set {SHIFT:g} SD off in words, length and difficulty")):
        texts, responses = sets(public, new, shift, rng)
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
            "the new set .4 SD off in words, lengths and difficulty"
        ),
        beside=(" alone",),
    )
}
