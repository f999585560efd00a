"""Error rates of V2: the slope per standard deviation of capability, and slopes against noise of known size."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from measurand.measures.validity.slope_and_spread import SlopeAndSpread, class_slopes, judge
from measurand.results import Status
from measurand.simulate.capabilities import CELLS, pearson_of, simulate
from measurand.simulate.outcomes import Outcome, Simulation, add_coverage, add_event

__all__ = ["SIMULATIONS"]

TRUTHS = (0.0, 0.3, 0.5, 0.68, 0.85)

NOISES = ((1.0, "a slope of its noise, the bound"), (3.0, "a slope of a third of its noise"))
"""Standard errors of the most correlated benchmark, in slopes, and what to call that."""


def _run(models: int, families: int, family_share: float, level: float, rng: np.random.Generator) -> Outcome:
    drawn = simulate(models, families, TRUTHS, family_share, rng)
    part = class_slopes(drawn.panel, drawn.able, level)
    outcome: Outcome = {}
    # The population's score is the mean of the benchmarks; the slope is per SD of it over the models drawn.
    here = drawn.capability.mean(axis=1).std() / drawn.score_spread
    truths = pearson_of(np.array(TRUTHS)) * here
    for rho, truth, (_, low, high) in zip(TRUTHS, truths, part.slope, strict=True):
        add_coverage(outcome, "default interval", f"slope at rho {rho:g}", float(truth), low, high)
    for size, name in NOISES:
        noisy = replace(part, noise=np.full(len(TRUTHS), size * truths[-1]))
        flat = judge(SlopeAndSpread((noisy,), (), level, drawn.names))[-1].status
        at_bound = size == 1
        add_event(outcome, "false_alarm" if at_bound else "power", "correlated but flat", name, flat is Status.ISSUE)
        add_event(outcome, "false_alarm", "more than noise, or unrelated", name, flat is Status.PASSED)
    return outcome


SIMULATIONS = {
    "V2": Simulation(
        CELLS,
        _run,
        regime=(
            "models in families of uneven size (the largest of eight holds a third) that share none or 30% of the "
            "variance; Gaussian scores of 5 benchmarks, measured with a standard error of one or three times the "
            "steepest slope"
        ),
    )
}
