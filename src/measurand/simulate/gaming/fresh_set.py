"""Models held to a fresh, harder set of questions, and what the audit of their gaps says."""

from __future__ import annotations

import numpy as np

from measurand.measures.gaming.fresh_set import FreshSet, FreshSets, judge
from measurand.measures.gaming.shared.pairs import noise_of
from measurand.measures.gaming.shared.reference import excess_of
from measurand.results import Status
from measurand.simulate.gaming.contamination import SEEN, simulated_pair
from measurand.simulate.outcomes import Outcome, Simulation, add_coverage, add_event
from measurand.stats.hiding.fresh_gap import gap_limits, mean_gap, rank_correlation

__all__ = ["SIMULATIONS"]

RESAMPLES = 1500
"""A third of them serve each model; with fewer, none of 30 could be told after correction. A run takes over 100 ms."""


def _fresh_set(models: int, items: int, scatter: float, level: float, rng: np.random.Generator) -> Outcome:
    """G2: no model, and one model, that has seen part of the old questions; each held against the others."""
    outcome: Outcome = {}
    for contaminated, name in ((0, "none contaminated"), (1, f"one model has seen {SEEN:.0%} of the questions")):
        pair, _ = simulated_pair(models, contaminated, items, scatter, rng)
        noise = noise_of(pair, RESAMPLES, rng)
        held = excess_of(pair, noise, pair.models, pair.models, level, rng)
        old, new = pair.scores
        low, high = gap_limits(old, new, pair.items[0], pair.items[1], level)
        mean, order = mean_gap(old - new, level), rank_correlation(old, new, level)
        each = FreshSet(held=held, low=low, high=high, mean=mean, order=order, link=None)
        findings = judge(FreshSets((each,), (), level))
        last = next(f for f in findings if f.subject.get("model") == pair.models[-1])
        quantity = "power" if contaminated else "false_alarm"
        add_event(outcome, quantity, "any model in the headline", name, findings[0].status is Status.ISSUE)
        add_event(outcome, quantity, "verdict of a model", name, last.status is Status.ISSUE)
    return outcome


def _gap(models: int, items: int, scatter: float, level: float, rng: np.random.Generator) -> Outcome:
    """G2: the verdicts, and the coverage of one model's gap."""
    outcome = _fresh_set(models, items, scatter, level, rng)
    old, new = 0.6, 0.45
    right = rng.binomial(items, [old, new]) / items
    n = np.array([float(items)])
    low, high = gap_limits(right[:1], right[1:], n, n, level)
    add_coverage(outcome, "interval of a gap", "gap of 0.15", old - new, float(low[0]), float(high[0]))
    return outcome


CELLS = tuple(
    {"models": models, "items": items, "scatter": scatter}
    for models in (18, 30)
    for items in (200, 1000)
    for scatter in (0.0, 0.3)
)

SIMULATIONS = {
    "G2": Simulation(
        CELLS,
        _gap,
        regime=(
            "scores on 200 or 1,000 independent items of an old set and of a fresh one; 18 or 30 models along one "
            "curve, or scattered about it (SD .3 in log odds), of which none or one has seen 30% of the old "
            "questions"
        ),
    )
}
