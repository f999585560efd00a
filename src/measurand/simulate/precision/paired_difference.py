"""Differences between models of known ability: what P2's intervals cover, and which models it tells apart."""

from __future__ import annotations

import numpy as np

from measurand.measures.precision.paired_difference import compared, judge
from measurand.results import Finding, Status
from measurand.simulate.answers import CELLS, SHARED, answers, expected_score
from measurand.simulate.outcomes import Outcome, Simulation, add_coverage, add_event
from measurand.tables import ItemTable

__all__ = ["SIMULATIONS", "pairs_of"]

ABILITY, BETTER, EQUAL = 1.0, 1.5, 6


def pairs_of(table: ItemTable, level: float) -> list[Finding]:
    """P2's finding of each pair of a table's models."""
    _, _, *pairs = judge(compared([table], "holm", level))
    return pairs


def _run(items: int, clusters: int, level: float, rng: np.random.Generator) -> Outcome:
    """Two models of equal ability, one better, and six equal ones among which nothing should be found."""
    table = answers((ABILITY, ABILITY, BETTER), items, clusters, SHARED, rng)
    outcome: Outcome = {}
    gap = expected_score(BETTER, clusters, SHARED) - expected_score(ABILITY, clusters, SHARED)
    for models, truth, name in ((("m0", "m1"), 0.0, "no difference"), (("m0", "m2"), gap, f"difference {gap:.2f}")):
        (found,) = pairs_of(table.only(models), level)
        sign = 1.0 if found.subject["model"] == models[1] else -1.0
        difference = found.estimate("difference")
        low, high = sorted(np.nan if end is None else sign * end for end in (difference.low, difference.high))
        add_coverage(outcome, "interval", name, truth, low, high)
        apart = found.status is Status.PASSED
        add_event(outcome, "power" if truth else "false_alarm", "two models told apart", name, apart)
    equal = pairs_of(answers((ABILITY,) * EQUAL, items, clusters, SHARED, rng), level)
    some = any(found.status is Status.PASSED for found in equal)
    add_event(outcome, "false_alarm", f"any of {len(equal)} pairs told apart", f"{EQUAL} equal models", some)
    return outcome


SIMULATIONS = {
    "P2": Simulation(
        CELLS,
        _run,
        regime=(
            "right or wrong answers of two equal models, of a better one and of six equal ones; items independent "
            "or in clusters of unequal size (log-normal, SD of the log 1.2), those of a cluster alike in "
            "difficulty and in what suits a model"
        ),
    )
}
