"""Error rates of V4: verdicts by point that should stand, and one that is a coin toss.

That leaving out two models flips a verdict is a fact, not an estimate; what can err is calling the verdict steady, and
calling a verdict that was never given overturned.
"""

from __future__ import annotations

import numpy as np

from measurand.measures.validity.robustness import Robustness, class_robustness, judge
from measurand.results import Status
from measurand.simulate.capabilities import CELLS, simulate
from measurand.simulate.outcomes import Outcome, Simulation, add_event

__all__ = ["SIMULATIONS"]

TRUTHS = {0.0: "disentangled", 0.3: "disentangled", 0.5: "", 0.68: "entangled", 0.85: "entangled"}
"""Population correlations, and the verdict by point that is right; on the bound none is."""

COPIES = 2
"""Benchmarks of each truth: enough that intervals are moderated over them."""

MOST_DROPPED, HALF_SUBSETS = 5, 20
FRAGILE = 2
"""The measure's own defaults."""


def _run(models: int, families: int, family_share: float, level: float, rng: np.random.Generator) -> Outcome:
    drawn = simulate(models, families, tuple(TRUTHS) * COPIES, family_share, rng)
    part = class_robustness(drawn.panel, drawn.able, level, MOST_DROPPED, HALF_SUBSETS, rng)
    _, *each = judge(Robustness((part,), (), level, drawn.names))
    outcome: Outcome = {}
    for (rho, right), finding in zip(TRUTHS.items(), each, strict=False):
        add_event(outcome, "false_alarm", "issue", f"rho {rho:g}", finding.status is Status.ISSUE)
        steady = finding.status is Status.PASSED
        if right:
            wrong = finding.result["verdict"] != right
            add_event(outcome, "power", "steady", f"rho {rho:g}", steady and not wrong)
            add_event(outcome, "false_alarm", "steady but wrong", f"rho {rho:g}", steady and wrong)
        else:
            flips = finding.result["models_to_flip"]
            fragile = isinstance(flips, int) and flips <= FRAGILE
            add_event(outcome, "power", "fragile", f"rho {rho:g}, the bound", fragile)
            add_event(outcome, "false_alarm", "steady", f"rho {rho:g}, the bound", steady)
    return outcome


SIMULATIONS = {
    "V4": Simulation(
        CELLS,
        _run,
        regime=(
            "models in families of uneven size (the largest of eight holds a third) that share none or 30% of the "
            "variance; Gaussian scores of 10 benchmarks under test, judged as one family of verdicts"
        ),
    )
}
