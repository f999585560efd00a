"""One simulated contamination quiz: a model that likes some positions and recognises a share of the items."""

from __future__ import annotations

import numpy as np
import polars as pl

from measurand.measures.gaming.quiz import judge, quiz
from measurand.results import Status
from measurand.simulate.outcomes import Outcome, Simulation, add_coverage, add_event
from measurand.stats.texts.quiz import OPTIONS
from measurand.tables.quiz import PLACEMENTS, Quiz

__all__ = ["SIMULATIONS", "answered"]

LIKED = np.array([0.35, 0.06, 0.04, 0.05, 0.5])
"""How often each option is picked where nothing is recognised: like the published quizzes, A and none of these."""
STEADY = 0.6
"""Chance that an item not recognised gets the same answer wherever the original stands."""


def answered(items: int, recognised: float, rng: np.random.Generator, *, random: bool = False) -> Quiz:
    """Answers to five quizzes; a recognised original is always picked.

    A model at random likes no option more than another, and answers each quiz anew.
    """
    liked, steady = (np.full(5, 0.2), 0.0) if random else (LIKED, STEADY)
    knows = rng.random(items) < recognised
    usual = rng.choice(5, items, p=liked)
    rows = []
    for placement in PLACEMENTS:
        answer = np.where(rng.random(items) < steady, usual, rng.choice(5, items, p=liked))
        if placement != "none":
            answer = np.where(knows, OPTIONS.index(placement), answer)
        rows += [(str(item), placement, OPTIONS[option]) for item, option in enumerate(answer.tolist())]
    return Quiz.build(pl.DataFrame(rows, schema=["item", "placement", "answer"], orient="row"))


def _run(items: int, level: float, rng: np.random.Generator) -> Outcome:
    outcome: Outcome = {}
    status = judge(quiz(answered(items, 0.0, rng, random=True), resamples=100, level=level, rng=rng))[1].status
    add_event(outcome, "false_alarm", "said to be recognised", "answers at random", status is Status.ISSUE)
    for recognised in (0.0, 0.2, 0.6):
        name = f"{recognised:.0%} recognised"
        result = quiz(answered(items, recognised, rng), resamples=200, level=level, rng=rng)
        found, status = result.results[0], judge(result)[1].status
        # Of the items not recognised, the best position not liked has its usual share.
        best = recognised + (1 - recognised) * 0.06
        add_coverage(outcome, "interval of the upper bound", name, best, *found.high[1:])
        if recognised:
            add_event(outcome, "power", "said to be recognised", name, status is Status.ISSUE)
            add_coverage(outcome, "interval of the corrected share", name, recognised, *found.corrected[1:])
            add_coverage(
                outcome, "published bounds, without sampling error", name, recognised, found.low.value, found.high.value
            )
        else:
            add_event(outcome, "false_alarm", "said to be recognised", name, status is Status.ISSUE)
    return outcome


CELLS = tuple({"items": items} for items in (50, 100, 300))

SIMULATIONS = {
    "G5": Simulation(
        CELLS,
        _run,
        regime=(
            "a model that prefers some positions and recognises none, 20% or 60% of the items, and one that answers at "
            "random"
        ),
        beside=("published",),
    )
}
