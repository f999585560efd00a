"""One simulated study for the measures of a score, of differences between scores, and of rates."""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq

from measurand.measures.precision.paired_difference import differences_of
from measurand.measures.precision.planning import design_of
from measurand.measures.precision.rarity import rarity
from measurand.measures.precision.score_interval import intervals_of
from measurand.measures.precision.threshold import held_against
from measurand.simulate.answers import answers, expected_score
from measurand.simulate.outcomes import Outcome, Simulation, add_coverage, add_event
from measurand.stats.intervals.binomial import exact_upper
from measurand.stats.intervals.multiplicity import holm
from measurand.stats.intervals.sequential import anytime_upper
from measurand.tables import Trials

__all__ = ["SIMULATIONS"]

ABILITY, BETTER = 1.0, 1.5

SIZES = ((20, 0), (100, 0), (1000, 0), (50, 5), (180, 6), (200, 10), (200, 20), (1000, 100))
"""Items and clusters, 0 for independent items."""

SHARED = 0.4
"""Share of the variance of difficulty within clusters."""

CELLS = tuple({"items": items, "clusters": clusters} for items, clusters in SIZES)


def _score(items: int, clusters: int, level: float, rng: np.random.Generator) -> Outcome:
    """P1: the interval used, and what it would be had clusters been ignored."""
    table = answers((ABILITY, 3.5), items, clusters, SHARED, rng)
    outcome: Outcome = {}
    for found, ability in zip(intervals_of(table, level), (ABILITY, 3.5), strict=True):
        truth = expected_score(ability, clusters, SHARED)
        name = f"score {truth:.2f}"
        add_coverage(outcome, "interval", name, truth, found.interval.low, found.interval.high)
        if clusters:
            add_coverage(outcome, "interval, clusters ignored", name, truth, found.naive.low, found.naive.high)
    return outcome


def _difference(items: int, clusters: int, level: float, rng: np.random.Generator) -> Outcome:
    """P2: two models of equal ability, one better, and six equal ones among which nothing should be found."""
    table = answers((ABILITY, ABILITY, BETTER), items, clusters, SHARED, rng)
    outcome: Outcome = {}
    gap = expected_score(BETTER, clusters, SHARED) - expected_score(ABILITY, clusters, SHARED)
    for models, truth, name in ((("m0", "m1"), 0.0, "no difference"), (("m0", "m2"), gap, f"difference {gap:.2f}")):
        (found,) = differences_of(table.only(models), level)
        sign = 1.0 if found.first == models[1] else -1.0
        low, high = sorted((sign * found.low, sign * found.high))
        add_coverage(outcome, "interval", name, truth, low, high)
        apart = found.p_value < 1 - level
        add_event(outcome, "power" if truth else "false_alarm", "two models told apart", name, apart)
    equal = differences_of(answers((ABILITY,) * 6, items, clusters, SHARED, rng), level)
    adjusted = holm(np.array([found.p_value for found in equal]))
    add_event(
        outcome, "false_alarm", "any of 15 pairs told apart", "6 equal models", bool((adjusted < 1 - level).any())
    )
    return outcome


def _planned(items: int, clusters: int, effect: float, level: float, rng: np.random.Generator) -> Outcome:
    """P3: a pilot of two models is planned from, and a study of the planned size finds the effect or not."""
    ability = _ability_above(ABILITY, effect, clusters)
    pilot = answers((ABILITY, ability), items, clusters, SHARED, rng)
    design = design_of(pilot, 1 - level)
    outcome: Outcome = {}
    for power in (0.8, 0.9):
        planned = design.items(effect=effect, power=power)
        groups = max(2, round(planned * clusters / items)) if clusters else 0
        study = answers((ABILITY, ability), planned, groups, SHARED, rng)
        (found,) = differences_of(study, level)
        apart = found.p_value < 1 - level and found.first == "m1"
        add_event(
            outcome, "power", f"difference found by the planned items, {power:.0%} asked for", "as planned", apart
        )
    return outcome


def _ability_above(ability: float, effect: float, clusters: int) -> float:
    """Ability that scores `effect` more."""
    target = expected_score(ability, clusters, SHARED) + effect
    return float(brentq(lambda a: expected_score(a, clusters, SHARED) - target, ability, ability + 8))


def _threshold(items: int, clusters: int, level: float, rng: np.random.Generator) -> Outcome:
    """P4: a model whose true score is the threshold should not be shown to be above or below it."""
    truth = expected_score(ABILITY, clusters, SHARED)
    table = answers((ABILITY, BETTER), items, clusters, SHARED, rng)
    outcome: Outcome = {}
    for side in ("above", "below"):
        at, better = held_against(table, truth, side, 1 - level)
        add_event(outcome, "false_alarm", f"shown to be {side}", "at the threshold", at.p_value < 1 - level)
        if side == "above":
            name = f"{expected_score(BETTER, clusters, SHARED) - truth:.2f} above it"
            add_event(outcome, "power", "shown to be above", name, better.p_value < 1 - level)
    return outcome


def _rare(trials: int, rate: float, level: float, rng: np.random.Generator) -> Outcome:
    """P5: the bound covers, also when testing stops as soon as it can claim what is not so."""
    outcome: Outcome = {}
    for name, stopped in (("exact bound", False), ("bound when stopping at will", True)):
        count = int(rng.binomial(trials, rate))
        row = rarity(trials=Trials(count, trials, "failures"), rarer_than=rate, alpha=1 - level, stopped=stopped).rows[
            0
        ]
        add_coverage(outcome, name, f"rate {rate:g}", rate, 0.0, row.upper)
    # The tester looks after every failure and at the end, and stops at the first look that supports the claim.
    failures = np.flatnonzero(rng.random(trials) < rate)
    looks = [(place, int(end)) for place, end in enumerate([*failures, trials]) if end > 0]
    for name, stopped in (
        ("exact bound, misused while stopping at will", False),
        ("bound made for stopping at will", True),
    ):
        claimed = any(
            anytime_upper(k, n, 1 - level) < rate if stopped else float(exact_upper(k, n, level)) < rate
            for k, n in looks
        )
        add_event(outcome, "false_alarm", name, f"rate {rate:g}, not rarer", claimed)
    return outcome


PLANNED = tuple(
    {"items": items, "clusters": clusters, "effect": effect}
    for items, clusters in ((400, 0), (2000, 0), (2000, 100))
    for effect in (0.05, 0.1)
)
RARE = tuple({"trials": trials, "rate": rate} for trials, rate in ((300, 0.01), (3000, 0.001), (3000, 0.01)))

SIMULATIONS = {
    "P1": Simulation(CELLS, _score),
    "P2": Simulation(CELLS, _difference),
    "P3": Simulation(PLANNED, _planned),
    "P4": Simulation(CELLS, _threshold),
    "P5": Simulation(RARE, _rare),
}
