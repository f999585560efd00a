"""Error rates of input coverage: items and a reference set drawn from the same or from fewer topics."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from measurand.measures.validity.coverage import Coverage, coverage_of, judge
from measurand.results import Finding, Status
from measurand.simulate.outcomes import Outcome, Simulation, add_coverage, add_event
from measurand.stats.texts.diversity import cosine

__all__ = ["SIMULATIONS"]

Floats = npt.NDArray[np.float64]

SIZES = ((30, 30), (50, 50), (100, 100), (300, 100), (100, 300))
"""Items and reference texts."""

TOPICS, DIMENSIONS, SPREAD = 10, 20, 0.25
LEFT_OUT = 5
"""Topics of the reference that a narrow benchmark has no item of."""

DUPLICATES = 0.05
"""True share of near-duplicates, on the verdict's bound."""


def _run(items: int, reference: int, level: float, rng: np.random.Generator) -> Outcome:
    outcome: Outcome = {}
    topics = rng.standard_normal((TOPICS, DIMENSIONS))
    for held, name in ((TOPICS, "one sample"), (TOPICS - LEFT_OUT, f"{LEFT_OUT} of {TOPICS} topics left out")):
        vectors = np.vstack([_drawn(topics[:held], items, rng), _drawn(topics, reference, rng)])
        _, _, found = _findings(vectors, items, True, level, rng)
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
    _, found = _findings(vectors, items, False, level, rng)
    add_event(outcome, "false_alarm", "issue of near-duplicates", "1 in 20, the bound", found.status is Status.ISSUE)
    share = found.estimate("near_duplicates")
    low, high = (np.nan if limit is None else limit for limit in (share.low, share.high))
    add_coverage(outcome, "near_duplicates", "1 in 20", 2 * (items // 2) * DUPLICATES / items, low, high)
    return outcome


def _findings(vectors: Floats, items: int, reference: bool, level: float, rng: np.random.Generator) -> list[Finding]:
    name = "reference" if reference else None
    found = coverage_of(cosine(vectors), items, "b", name, n=items, draws=99, level=level, rng=rng)
    return judge(Coverage((found,), (), "simulated vectors", level))


def _drawn(topics: Floats, count: int, rng: np.random.Generator) -> Floats:
    of_topic = rng.integers(0, len(topics), count)
    vectors: Floats = topics[of_topic] + SPREAD * rng.standard_normal((count, topics.shape[1]))
    return vectors


CELLS = tuple({"items": items, "reference": reference} for items, reference in SIZES)

SIMULATIONS = {
    "V11": Simulation(
        CELLS,
        _run,
        regime=(
            "items and reference texts as points around 10 topics, of which the items have all or half; "
            "near-duplicates of 1 item in 20"
        ),
    )
}
