"""Differences between models of known ability: what P2's intervals cover, and which models it tells apart."""

from __future__ import annotations

import numpy as np

from measurand.measures.precision.paired_difference import compared, joined, judge
from measurand.measures.precision.shared.model_pairs import Unadjusted
from measurand.results import Finding, Status
from measurand.simulate.answers import CELLS, SHARED, answers, expected_score, tasks
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
    _on_average(outcome, items, clusters, level, gap, rng.spawn(1)[0])
    return outcome


def _on_average(
    outcome: Outcome, items: int, clusters: int, level: float, gap: float, rng: np.random.Generator
) -> None:
    """Three tasks as one: two equal models, and a better one whose lead is the margin asked about."""
    tables = tasks((ABILITY, ABILITY, BETTER), items, clusters, rng)
    for second, truth in (("m1", 0.0), ("m2", gap)):
        unadjusted = [Unadjusted.of(table.only(["m0", second]), level, gap) for table in tables]
        _, _, _, average = joined(unadjusted, "holm", level, same_within=gap).all
        (d,) = average.differences
        low, high = (d.low, d.high) if d.first == second else (-d.high, -d.low)
        name = f"average of 3 tasks, {f'difference {truth:.2f}' if truth else 'no difference'}"
        add_coverage(outcome, "interval", name, truth, low, high)
        add_event(outcome, "power" if truth else "false_alarm", "two models told apart", name, d.adjusted < 1 - level)
        same = d.alike <= 1 - level
        add_event(outcome, "false_alarm" if truth else "power", f"the same within {gap:.2f}", name, same)


SIMULATIONS = {
    "P2": Simulation(
        CELLS,
        _run,
        regime=(
            "right or wrong answers of two equal models, of a better one and of six equal ones; items independent "
            "or in clusters of unequal size (log-normal, SD of the log 1.2), those of a cluster alike in "
            "difficulty and in what suits a model; on average over three tasks, the last of a quarter of the items"
        ),
    )
}
