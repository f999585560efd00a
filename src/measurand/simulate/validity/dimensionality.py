"""Error rates of V7: capability benchmarks with one dimension, and with none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from measurand.measures.validity.dimensionality import (
    ClassDimensionality,
    Dimensionality,
    components_of,
    judge,
    pc1_share,
)
from measurand.results import Status
from measurand.simulate.capabilities import CELLS, LOADING, Simulated, simulate, spearman_of
from measurand.simulate.outcomes import Outcome, Simulation, add_coverage, add_event
from measurand.stats.intervals.limits import Limits

__all__ = ["SIMULATIONS"]

PERMUTATIONS = 1000
UNDEFINED = float("nan")


def _run(models: int, families: int, family_share: float, level: float, rng: np.random.Generator) -> Outcome:
    drawn = simulate(models, families, (0.0,), family_share, rng)
    k = drawn.capability.shape[1]
    truth = float((1 + (k - 1) * spearman_of(np.array(LOADING**2))) / k)
    outcome: Outcome = {}
    share = pc1_share(drawn.panel, level)
    add_coverage(outcome, "default interval, PC1 share", f"share {truth:.2f}", truth, share.low, share.high)
    status = _status(drawn, share, level, rng)
    add_event(outcome, "false_alarm", "a second component", "one dimension", status is Status.CAUTION)
    noise = replace(drawn, capability=rng.standard_normal((models, k)))
    status = _status(noise, Limits(UNDEFINED, UNDEFINED, UNDEFINED), level, rng)
    add_event(outcome, "false_alarm", "a first component", "no common dimension", status is not Status.ISSUE)
    return outcome


def _status(drawn: Simulated, share: Limits, level: float, rng: np.random.Generator) -> Status:
    """The verdict on one class; what it does not rest on is left undefined, which saves most of the time."""
    panel = drawn.panel
    chance, components = components_of(panel, PERMUTATIONS, rng)
    part = ClassDimensionality(
        panel=panel,
        share=share,
        chance=chance,
        components=components,
        factor_share=UNDEFINED,
        covariance_shares=np.full(len(chance), UNDEFINED),
        kmo=None,
        bartlett=None,
    )
    return judge(Dimensionality((part,), (), level, {}))[0].status


SIMULATIONS = {
    "V7": Simulation(
        CELLS,
        _run,
        regime=(
            "models in families of uneven size (the largest of eight holds a third) that share none or 30% of the "
            "variance; Gaussian scores on 12 capability benchmarks with one ability behind them, or none"
        ),
    )
}
