"""Error rates of V1: what every candidate interval covers, and what the verdicts say of known correlations."""

from __future__ import annotations

import numpy as np

from measurand.measures.validity.capabilities_correlation import CapabilitiesCorrelation, ClassCorrelations, judge
from measurand.simulate.capabilities import CELLS, simulate
from measurand.simulate.outcomes import Outcome, Simulation, add_coverage, add_event
from measurand.stats.capability.capabilities import DEFAULT, correlations_with_intervals

__all__ = ["SIMULATIONS", "TRUTHS"]

TRUTHS = (0.0, 0.3, 0.5, 0.68, 0.85)
RESAMPLES = 400


def _run(models: int, families: int, family_share: float, level: float, rng: np.random.Generator) -> Outcome:
    drawn = simulate(models, families, TRUTHS, family_share, rng)
    found = correlations_with_intervals(
        drawn.capability, drawn.tested, drawn.families, level=level, resamples=RESAMPLES, rng=rng
    )
    outcome: Outcome = {}
    for method in found.low:
        what = "default interval" if method == DEFAULT else f"candidate {method}"
        for j, truth in enumerate(TRUTHS):
            add_coverage(outcome, what, f"rho {truth:g}", truth, found.low[method][j], found.high[method][j])
    panel = drawn.panel
    part = ClassCorrelations(panel, panel.tested, found, left_out=())
    areas = dict.fromkeys(panel.tested, "")
    _, *each = judge(CapabilitiesCorrelation((part,), (), level, drawn.names, areas=areas))
    zero, weak, bound, _, strong = (str(finding.result["verdict"]) for finding in each)
    add_event(outcome, "false_alarm", "entangled or inverse", "rho 0", zero in ("entangled", "inverse"))
    add_event(outcome, "false_alarm", "entangled", "rho 0.3", weak == "entangled")
    for verdict in ("entangled", "disentangled"):
        add_event(outcome, "false_alarm", verdict, "rho 0.5, the bound", bound == verdict)
    add_event(outcome, "power", "entangled", "rho 0.85", strong == "entangled")
    add_event(outcome, "power", "disentangled", "rho 0", zero == "disentangled")
    return outcome


SIMULATIONS = {"V1": Simulation(CELLS, _run)}
