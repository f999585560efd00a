"""Scores of models of known ability: what P1's intervals cover, and what they would if clusters were ignored."""

from __future__ import annotations

import numpy as np

from measurand.measures.precision.score_interval import ScoreIntervals, averages, intervals_of, judge
from measurand.simulate.answers import CELLS, SHARED, answers, expected_score, tasks
from measurand.simulate.outcomes import Outcome, Simulation, add_coverage, add_estimate

__all__ = ["SIMULATIONS"]

ABILITIES = (1.0, 3.5)
"""A middling model, and one whose score is near 1."""


def _run(items: int, clusters: int, level: float, rng: np.random.Generator) -> Outcome:
    scores = intervals_of(answers(ABILITIES, items, clusters, SHARED, rng), level)
    _, *findings = judge(ScoreIntervals(scores=tuple(scores), unassessed=(), cluster_key=None, level=level))
    outcome: Outcome = {}
    for score, finding, ability in zip(scores, findings, ABILITIES, strict=True):
        truth = expected_score(ability, clusters, SHARED)
        name = f"score {truth:.2f}"
        add_estimate(outcome, "interval", name, truth, finding.estimate("score"))
        if clusters:
            add_coverage(outcome, "interval, clusters ignored", name, truth, score.naive.low, score.naive.high)
    every = [
        score for table in tasks(ABILITIES, items, clusters, rng.spawn(1)[0]) for score in intervals_of(table, level)
    ]
    for own, ability in zip(averages(every, level), ABILITIES, strict=True):
        truth = expected_score(ability, clusters, SHARED)
        name = f"average of 3 tasks, {truth:.2f}"
        add_coverage(outcome, "interval of the average", name, truth, own.interval.low, own.interval.high)
    return outcome


SIMULATIONS = {
    "P1": Simulation(
        CELLS,
        _run,
        regime=(
            "right or wrong answers of a middling model and of one near a score of 1; items independent or in "
            "clusters of unequal size (log-normal, SD of the log 1.2), those of a cluster alike in difficulty and "
            "in what suits a model; averages over three tasks, the last of a quarter of the items"
        ),
        beside=("clusters ignored",),
    )
}
