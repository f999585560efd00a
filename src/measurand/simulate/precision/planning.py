"""Pilots from which P3 plans studies, and whether studies of the planned size find the difference."""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq

from measurand.measures.precision.planning import Plans, judge, plan_of
from measurand.results import Status
from measurand.simulate.answers import SHARED, answers, expected_score
from measurand.simulate.outcomes import Outcome, Simulation, add_event
from measurand.simulate.precision.paired_difference import ABILITY, pairs_of
from measurand.wording import percent

__all__ = ["SIMULATIONS"]

POWERS = (0.8, 0.9)


def _run(items: int, clusters: int, effect: float, level: float, rng: np.random.Generator) -> Outcome:
    """A pilot of two models is planned from, and P2 finds the effect in a study of the planned size or not."""
    ability = _ability_above(ABILITY, effect, clusters)
    pilot = answers((ABILITY, ability), items, clusters, SHARED, rng)
    outcome: Outcome = {}
    for power in POWERS:
        plans = Plans((plan_of(pilot, effect, power, 1 - level),), effect, power, 1 - level)
        planned = int(judge(plans)[1].estimate("items_needed").value or 0)
        groups = max(2, round(planned * clusters / items)) if clusters else 0
        (found,) = pairs_of(answers((ABILITY, ability), planned, groups, SHARED, rng), level)
        apart = found.status is Status.PASSED and found.subject["model"] == "m1"
        what = f"difference found by the planned items, {percent(power)} asked for"
        add_event(outcome, "power", what, "as planned", apart)
    return outcome


def _ability_above(ability: float, effect: float, clusters: int) -> float:
    """Ability that scores `effect` more."""
    target = expected_score(ability, clusters, SHARED) + effect
    return float(brentq(lambda a: expected_score(a, clusters, SHARED) - target, ability, ability + 8))


CELLS = tuple(
    {"items": items, "clusters": clusters, "effect": effect}
    for items, clusters, effects in (
        *((items, clusters, (0.1,)) for items, clusters in ((60, 6), (200, 10), (200, 20))),
        *((items, clusters, (0.05, 0.1)) for items, clusters in ((400, 0), (2000, 0), (2000, 100))),
    )
    for effect in effects
)

SIMULATIONS = {
    "P3": Simulation(
        CELLS,
        _run,
        regime=(
            "a pilot of two models, then a study of the planned size in which one is 5 or 10 points better; items "
            "independent or in clusters of unequal size (log-normal, SD of the log 1.2), those of a cluster alike "
            "in difficulty and in what suits a model"
        ),
    )
}
