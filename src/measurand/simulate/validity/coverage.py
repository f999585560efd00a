"""Error rates of input coverage: items and a reference set drawn from the same or from fewer topics."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from measurand.measures.validity.coverage import Coverage, coverage_of, judge
from measurand.results import Finding, Status
from measurand.simulate.outcomes import Outcome, Simulation, add_coverage, add_event
from measurand.stats.texts.diversity import cosine, duplicates, similar, unit

__all__ = ["SIMULATIONS"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

SIZES = ((30, 30), (50, 50), (100, 100), (300, 100), (100, 300))
"""Items and reference texts."""

TOPICS, DIMENSIONS, SPREAD = 10, 20, 0.25
TOGETHER, ALIKE = 5, 0.95
"""Texts per passage where they come together, and the cosine similarity of near-duplicates."""
LEFT_OUT = 5
"""Topics of the reference that a narrow benchmark has no item of."""

DUPLICATES = 0.05
"""True share of near-duplicates, on the verdict's bound."""


def _run(items: int, reference: int, level: float, rng: np.random.Generator) -> Outcome:
    outcome: Outcome = {}
    topics = rng.standard_normal((TOPICS, DIMENSIONS))
    for held, together, name in (
        (TOPICS, 1, "one sample"),
        (TOPICS - LEFT_OUT, 1, f"{LEFT_OUT} of {TOPICS} topics left out"),
        (TOPICS, TOGETHER, f"one sample, {TOGETHER} texts per passage"),
        (TOPICS - LEFT_OUT, TOGETHER, f"{LEFT_OUT} of {TOPICS} topics left out, {TOGETHER} texts per passage"),
    ):
        sets = [_drawn(topics[:held], items, together, rng), _drawn(topics, reference, together, rng)]
        vectors = np.vstack([own for own, _ in sets])
        _, _, found = _findings(vectors, (sets[0][1], sets[1][1]), level, rng)
        same = held == TOPICS
        add_event(outcome, "false_alarm" if same else "power", "issue of reach", name, found.status is Status.ISSUE)
        add_event(outcome, "power" if same else "false_alarm", "reach passed", name, found.status is Status.PASSED)
        if same:
            low_share = (found.estimate("reach_p_value").value or 1.0) < 1 - level
            add_event(outcome, "false_alarm", "reach lower than that of one sample", name, low_share)
    # Pairs of equal items: each item is one of a pair with the probability on the bound.
    vectors = rng.standard_normal((items, 200))
    paired = np.flatnonzero(rng.random(items // 2) < DUPLICATES)
    vectors[2 * paired + 1] = vectors[2 * paired]
    _, found = _findings(vectors, None, level, rng)
    add_event(outcome, "false_alarm", "issue of near-duplicates", "1 in 20, the bound", found.status is Status.ISSUE)
    share = found.estimate("near_duplicates")
    low, high = (np.nan if limit is None else limit for limit in (share.low, share.high))
    add_coverage(outcome, "near_duplicates", "1 in 20", 2 * (items // 2) * DUPLICATES / items, low, high)
    return outcome


def _findings(
    vectors: Floats, groups: tuple[Ints, Ints] | None, level: float, rng: np.random.Generator
) -> list[Finding]:
    """Of items, and where there are groups, of reference texts below them."""
    items, name = (len(vectors), None) if groups is None else (len(groups[0]), "reference")
    repeated = duplicates(similar(unit(vectors[:items]), ALIKE), level)
    found = coverage_of(cosine(vectors), items, "b", name, n=items, repeated=repeated, groups=groups, draws=99, rng=rng)
    return judge(Coverage((found,), (), "simulated vectors", level))


def _drawn(topics: Floats, count: int, together: int, rng: np.random.Generator) -> tuple[Floats, Ints]:
    """Texts around topics, and the passage of each: those on one passage lie about it."""
    passage = np.arange(count) // together
    passages = topics[rng.integers(0, len(topics), passage[-1] + 1)]
    shared = SPREAD * rng.standard_normal(passages.shape) if together > 1 else np.zeros(passages.shape)
    vectors: Floats = (passages + shared)[passage] + SPREAD * rng.standard_normal((count, topics.shape[1]))
    return vectors, passage


CELLS = tuple({"items": items, "reference": reference} for items, reference in SIZES)

SIMULATIONS = {
    "V11": Simulation(
        CELLS,
        _run,
        regime=(
            "items and reference texts as points around 10 topics, of which the items have all or half, one by one "
            "or five per passage; near-duplicates of 1 item in 20"
        ),
    )
}
