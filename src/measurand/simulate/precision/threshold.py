"""A model whose true score is the threshold, which P4 should not show to be above or below it, and a better one."""

from __future__ import annotations

from typing import Literal

import numpy as np

from measurand.measures.precision.threshold import ThresholdTests, held_against, judge
from measurand.results import Status
from measurand.simulate.answers import CELLS, SHARED, answers, expected_score
from measurand.simulate.outcomes import Outcome, Simulation, add_event
from measurand.simulate.precision.paired_difference import ABILITY, BETTER

__all__ = ["SIMULATIONS"]

SIDES: tuple[Literal["above", "below"], ...] = ("above", "below")


def _run(items: int, clusters: int, level: float, rng: np.random.Generator) -> Outcome:
    truth = expected_score(ABILITY, clusters, SHARED)
    table = answers((ABILITY, BETTER), items, clusters, SHARED, rng)
    outcome: Outcome = {}
    for side in SIDES:
        tests = ThresholdTests(tuple(held_against(table, truth, side, 1 - level)), truth, side, 1 - level)
        _, *findings = judge(tests)
        at, better = (finding.status is Status.PASSED for finding in findings)
        add_event(outcome, "false_alarm", f"shown to be {side}", "at the threshold", at)
        if side == "above":
            name = f"{expected_score(BETTER, clusters, SHARED) - truth:.2f} above it"
            add_event(outcome, "power", "shown to be above", name, better)
    return outcome


SIMULATIONS = {
    "P4": Simulation(
        CELLS,
        _run,
        regime=(
            "right or wrong answers of a model whose true score is the threshold, and of a better one; items "
            "independent or in clusters of unequal size (log-normal, SD of the log 1.2), those of a cluster alike "
            "in difficulty and in what suits a model"
        ),
    )
}
