"""Simulated elicitation: a target and a control on the same items, under several methods, with known gaps."""

from __future__ import annotations

import numpy as np
import polars as pl

from measurand.measures.gaming.locked import judge, locked_ability
from measurand.results import Finding, Status
from measurand.simulate.answers import item_clusters
from measurand.simulate.outcomes import Outcome, Simulation, add_coverage, add_event
from measurand.tables import Attempts

__all__ = ["SIMULATIONS", "table"]

SIZES = ((30, 0, 1), (100, 0, 1), (100, 0, 5), (500, 0, 5), (400, 40, 2))
"""Items, clusters (0 for independent items), methods."""
NEGLIGIBLE = 0.10
BEFORE = 0.3
SHARED = 0.25
"""Half width, over clusters, of what elicitation adds to the items of each."""
CONDITIONS = (
    (NEGLIGIBLE, 0.0, "a gap of 10 points, the negligible one"),
    (0.3, 0.3, "a gap of 30 points, and as much in the control"),
    (0.4, 0.1, "a gap of 40 points, 10 in the control"),
    (0.0, 0.0, "no gap"),
)
"""What each method adds to the target and to the control."""


def table(
    gap: float, control_gap: float, items: int, clusters: int, methods: int, rng: np.random.Generator
) -> Attempts:
    """A target and a control as they are and under each method.

    An item is hard or easy alike to all; what elicitation adds to it differs from cluster to cluster.
    """
    of_item = item_clusters(items, clusters, rng)
    level = rng.random(items)
    lean = SHARED * rng.uniform(-1, 1, clusters)[of_item] if clusters else np.zeros(items)
    frames = []
    for target, gained in (("target", gap), ("control", control_gap)):
        for place in range(methods + 1):
            # The same item is easy or hard before and after, so its answers agree more often than chance.
            own = np.where(rng.random(items) < 0.5, level, rng.random(items))
            added = 0.0 if place == 0 else gained + lean * bool(gained)
            frames.append(
                pl.DataFrame(
                    {
                        "target": target,
                        "method": "as is" if place == 0 else f"method {place}",
                        "behaviour": [str(item) for item in range(items)],
                        "success": (own < BEFORE + added).astype(np.float64),
                        "cluster": [f"c{number}" for number in of_item] if clusters else [None] * items,
                    },
                    schema_overrides={"cluster": pl.String},
                )
            )
    return Attempts.build(pl.concat(frames))


def _run(items: int, clusters: int, methods: int, level: float, rng: np.random.Generator) -> Outcome:
    outcome: Outcome = {}
    for gap, control_gap, name in CONDITIONS:
        made = table(gap, control_gap, items, clusters, methods, rng)
        result = locked_ability(made, control=["control"], level=level)
        first = next(row for row in result.found if not row.control)
        add_coverage(outcome, "elicitation_gap", name, gap, first.gap.low, first.gap.high)
        if first.beyond is not None:
            add_coverage(outcome, "gap_beyond_control", name, gap - control_gap, first.beyond.low, first.beyond.high)
        findings = _judged(judge(result, negligible_gap=NEGLIGIBLE))
        locked = gap - control_gap > NEGLIGIBLE
        some = any(finding.status is Status.ISSUE for finding in findings)
        add_event(outcome, "power" if locked else "false_alarm", "locked ability, any method", name, some)
        if gap in (0.0, 0.4):
            wanted = "power" if gap == 0 else "false_alarm"
            add_event(outcome, wanted, "passed", name, findings[0].status is Status.PASSED)
    return outcome


def _judged(findings: list[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.subject]


CELLS = tuple({"items": items, "clusters": clusters, "methods": methods} for items, clusters, methods in SIZES)

SIMULATIONS = {
    "G10": Simulation(
        CELLS,
        _run,
        regime=(
            "a target and a control under 1 to 5 methods of elicitation that bring out 0 to 40 points; items "
            "independent or in clusters of unequal size (log-normal, SD of the log 1.2), which differ in how much "
            "is brought out"
        ),
    )
}
