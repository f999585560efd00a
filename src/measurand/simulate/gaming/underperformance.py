"""Error rates of the signs of underperformance: models that know some answers and place the others by preference."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import expit

from measurand.measures.gaming.shared.conditions import Run
from measurand.measures.gaming.underperformance import judge, underperformance_of
from measurand.results import Finding, Status
from measurand.simulate.answers import SPREAD, expected_score, item_clusters, shared_normals
from measurand.simulate.outcomes import Outcome, Simulation, add_coverage, add_event
from measurand.stats.hiding.underperformance import entropy

__all__ = ["SIMULATIONS"]

Floats = npt.NDArray[np.float64]

SIZES = ((30, 0, 4), (100, 0, 4), (100, 0, 10), (1000, 0, 4), (2000, 0, 10), (200, 10, 4), (1000, 100, 4))
"""Items, clusters (0 for independent items) and options."""

ABILITY, SHARED = 0.5, 0.4
LOWERED = -0.5
"""Ability of one that holds back, on the logistic scale: about 15 points lower."""

LEAST_POSITIONS = 0.9
ATTRACTED = 0.6
"""Share of what a collapsed model does not know that goes to one position."""


def _run(items: int, clusters: int, options: int, level: float, rng: np.random.Generator) -> Outcome:
    outcome: Outcome = {}
    even = np.full(options, 1 / options)
    known = expected_score(ABILITY, clusters, SHARED)
    at_bound = _leaning(options, known, LEAST_POSITIONS)
    conditions = (
        (ABILITY, even, "same ability and positions"),
        (ABILITY, at_bound, f"{LEAST_POSITIONS:g} of the positions, the bound"),
        (LOWERED, _attracted(options, ATTRACTED), "answers held back, one position preferred"),
    )
    for place, (ability, preferred, name) in enumerate(conditions):
        honest, other = _answered(((ABILITY, even), (ability, preferred)), items, clusters, rng)
        headline = _findings((honest, other), level, rng)
        gap, spread = headline["Gap between conditions"], headline["Answer positions"]
        told = expected_score(ability, clusters, SHARED)
        truth = (known - told) * (1 - 1 / options)
        change = float(entropy(told * even + (1 - told) * preferred) - entropy(even))
        for what, finding, value in (("gap", gap, truth), ("entropy_change", spread, change)):
            found = finding.estimate(what)
            low, high = (np.nan if limit is None else limit for limit in (found.low, found.high))
            add_coverage(outcome, what, name, value, low, high)
        last = place == len(conditions) - 1
        quantity = "power" if last else "false_alarm"
        add_event(outcome, quantity, "gap of 10 points", name, gap.status is Status.ISSUE)
        add_event(outcome, quantity, "answers crowd on few positions", name, spread.status is Status.ISSUE)
    for share, name in ((0.0, "a guesser"), (0.5, "half of the right answers avoided")):
        guesser = _guesser(share, items, clusters, options, rng)
        chance = _findings((None, guesser), level, rng)["Against chance"]
        quantity = "power" if share else "false_alarm"
        add_event(outcome, quantity, "below chance", name, chance.status is Status.ISSUE)
    (alone,) = _answered(((ABILITY, even),), items, clusters, rng)
    spread = _findings((None, alone), level, rng)["Answer positions"]
    add_event(outcome, "false_alarm", "answers of one run crowd", "even positions", "answers crowd" in spread.sentence)
    return outcome


def _findings(pair: tuple[Run | None, Run], level: float, rng: np.random.Generator) -> dict[str, Finding]:
    findings = judge(underperformance_of([pair], level, 99, rng), least_positions=LEAST_POSITIONS)
    return {finding.title: finding for finding in findings}


def _attracted(options: int, share: float) -> Floats:
    preferred = np.full(options, (1 - share) / options)
    preferred[options // 2] += share
    return preferred


def _leaning(options: int, known: float, positions: float) -> Floats:
    """Preference by which answers spread over that share of the positions."""
    even = np.full(options, 1 / options)

    def excess(share: float) -> float:
        spread = known * even + (1 - known) * _attracted(options, share)
        return float(entropy(spread) - np.log2(options * positions))

    return _attracted(options, float(brentq(excess, 0.0, 1.0)))


def _answered(
    conditions: tuple[tuple[float, Floats], ...], items: int, clusters: int, rng: np.random.Generator
) -> tuple[Run, ...]:
    """One model in each condition: an ability, and where the answers go that it does not know."""
    of_item = item_clusters(items, clusters, rng)
    # Items alone in their clusters share nothing, whatever the share.
    difficulty = SPREAD * shared_normals((), of_item, SHARED, rng)
    options = len(conditions[0][1])
    target = rng.integers(0, options, items)
    found = []
    for place, (ability, preferred) in enumerate(conditions):
        taste = 0.0
        if clusters:
            taste = 0.8 * np.sqrt(SHARED) * rng.standard_normal(clusters)[of_item]
        knows = rng.random(items) < expit(ability - difficulty + taste)
        answer = np.where(knows, target, rng.choice(options, items, p=preferred))
        found.append(_as_run(f"c{place}", answer, target, options, of_item if clusters else None))
    return tuple(found)


def _guesser(avoids: float, items: int, clusters: int, options: int, rng: np.random.Generator) -> Run:
    """A guesser who, on that share of the items, knows the right answer and gives another."""
    target, answer = rng.integers(0, options, (2, items))
    wrong = (target + rng.integers(1, options, items)) % options
    answer = np.where(rng.random(items) < avoids, wrong, answer)
    return _as_run("", answer, target, options, item_clusters(items, clusters, rng) if clusters else None)


def _as_run(
    condition: str,
    answer: npt.NDArray[np.int64],
    target: npt.NDArray[np.int64],
    options: int,
    clusters: npt.NDArray[np.int64] | None,
) -> Run:
    positions, items = np.eye(options), len(answer)
    return Run(
        benchmark="b",
        model="m",
        condition=condition,
        items=tuple(map(str, range(items))),
        scores=(answer == target).astype(np.float64),
        chance=np.full(items, 1 / options),
        answers=positions[answer],
        targets=positions[target],
        unread=np.zeros(items),
        clusters=clusters,
    )


CELLS = tuple({"items": items, "clusters": clusters, "options": options} for items, clusters, options in SIZES)

SIMULATIONS = {
    "G8": Simulation(
        CELLS,
        _run,
        regime=(
            "a model in two conditions: alike, with leaning answer positions, or held back by 15 points; "
            "guessers, and models that avoid right answers; items independent or in clusters of unequal size "
            "(log-normal, SD of the log 1.2), those of a cluster alike in difficulty and in what suits a model"
        ),
    )
}
