"""Error rates of V6: the score with compute, a benchmark with compute at equal capability, and the verdicts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from measurand.measures.validity.training_compute import ComputeCorrelation, class_compute, judge
from measurand.results import Status
from measurand.simulate.capabilities import CELLS, Simulated, pearson_of, simulate, spearman_of
from measurand.simulate.outcomes import Outcome, Simulation, add_coverage, add_event

__all__ = ["SIMULATIONS"]

RHO_COMPUTE, RHO_BENCHMARK = 0.85, 0.68
"""Spearman correlations of compute and of a benchmark with the capabilities score."""

COPIES = 10
"""Benchmarks on the bound, and as many that have nothing to do with compute: one family of verdicts."""


def _run(models: int, families: int, family_share: float, level: float, rng: np.random.Generator) -> Outcome:
    drawn = simulate(models, families, (RHO_COMPUTE, RHO_BENCHMARK), family_share, rng)
    found = _computed(drawn, level).classes[0]
    # Compute and benchmark are linked by ability alone, so their Pearson correlation is the product of their loadings.
    loadings = pearson_of(np.array([RHO_COMPUTE, RHO_BENCHMARK])) / drawn.reliability
    between = float(spearman_of(loadings[0] * loadings[1]))
    scale = np.sqrt((1 - RHO_BENCHMARK**2) * (1 - RHO_COMPUTE**2))
    at_equal_capability = float((between - RHO_BENCHMARK * RHO_COMPUTE) / scale)
    outcome: Outcome = {}
    for what, truth, (_, low, high) in (
        ("score with compute", RHO_COMPUTE, found.score_spearman),
        ("benchmark with compute at equal capability", at_equal_capability, found.partial[0]),
    ):
        add_coverage(outcome, f"default interval, {what}", f"rho {truth:.2f}", truth, low, high)
    # A generator of its own leaves the draws of the intervals above as they were before verdicts were counted.
    truths = (RHO_COMPUTE, *[with_score(0.5, drawn.reliability)] * COPIES, *[0.0] * COPIES)
    drawn = simulate(models, families, truths, family_share, rng.spawn(1)[0])
    _, *each = judge(_computed(drawn, level))
    bound, unrelated = each[0], each[COPIES]
    name = "rho 0.5 with compute, the bound"
    add_event(outcome, "false_alarm", "rises or falls with compute", name, bound.status is Status.ISSUE)
    add_event(outcome, "false_alarm", "compute does not move it", name, bound.status is Status.PASSED)
    name = "rho 0 with compute"
    add_event(outcome, "false_alarm", "rises or falls with compute", name, unrelated.status is Status.ISSUE)
    add_event(outcome, "power", "compute does not move it", name, unrelated.status is Status.PASSED)
    return outcome


def with_score(with_compute: float, reliability: float) -> float:
    """Spearman correlation with the score of a benchmark that correlates so with compute, through ability alone."""
    of_compute, wanted = pearson_of(np.array([RHO_COMPUTE, with_compute]))
    return float(spearman_of(wanted / of_compute * reliability**2))


def _computed(drawn: Simulated, level: float) -> ComputeCorrelation:
    """The measure's result, where the first benchmark stands for compute."""
    benchmarks = replace(drawn, tested=drawn.tested[:, 1:])
    part, _ = class_compute(benchmarks.panel, drawn.tested[:, 0], level)
    return ComputeCorrelation((part,), (), level, benchmarks.names)


SIMULATIONS = {
    "V6": Simulation(
        CELLS,
        _run,
        regime=(
            "models in families of uneven size (the largest of eight holds a third) that share none or 30% of the "
            "variance; Gaussian scores; training compute that correlates .85 with the capabilities score; 20 "
            "benchmarks judged as one family of verdicts"
        ),
    )
}
