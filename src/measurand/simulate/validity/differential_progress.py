"""Error rates of V3: a pair of models between which nothing happened beyond capability, and one with a true gain."""

from __future__ import annotations

import numpy as np

from measurand.measures.validity.differential_progress import ClassProgress, DifferentialProgress, judge
from measurand.results import Status
from measurand.simulate.capabilities import CELLS, simulate
from measurand.simulate.outcomes import Outcome, Simulation, add_coverage, add_event
from measurand.stats.capability.progress import League, excess_change, outlier_p_value
from measurand.stats.capability.regression import fit_lines
from measurand.tables import Gain

__all__ = ["SIMULATIONS"]


def _run(models: int, families: int, family_share: float, level: float, rng: np.random.Generator) -> Outcome:
    drawn = simulate(models, families, (0.68,), family_share, rng)
    panel, y = drawn.panel, drawn.tested[:, 0]
    x = panel.standard_scores
    old, new = (int(place) for place in rng.choice(models, size=2, replace=False))
    lifted = y.copy()
    lifted[new] += 3.0
    unchanged, gained = (excess_change(x, values, old, new, level) for values in (y, lifted))
    claim = Gain(panel.models[old], panel.models[new], "t0")
    part = ClassProgress(panel, ((claim, unchanged), (claim, gained)), {"t0": (panel.models, _league(x, y))})
    _, no_gain, gain, outlier = judge(DifferentialProgress((part,), (), level, drawn.names))
    outcome: Outcome = {}
    limits = (unchanged.excess - unchanged.half_width, unchanged.excess + unchanged.half_width)
    add_coverage(outcome, "default interval", "no excess", 0.0, *limits)
    for quantity, what, truth, finding in (
        ("false_alarm", "gain beyond capability", "no excess", no_gain),
        ("false_alarm", "a model stands out", "none does", outlier),
        ("power", "gain beyond capability", "excess of 3 SD", gain),
    ):
        add_event(outcome, quantity, what, truth, finding.status is Status.PASSED)
    return outcome


def _league(x: np.ndarray, y: np.ndarray) -> League:
    """The league as far as its verdict needs it: who stands highest, and the p-value of that, without intervals."""
    line = fit_lines(x[None], y[:, None], np.ones((1, len(x))))
    residual = (y - line.intercept - line.slope * x)[0]
    none = np.full(len(x), np.nan)
    return League(
        residual=residual,
        low=none,
        high=none,
        rank=none,
        rank_low=none,
        rank_high=none,
        p_value=outlier_p_value(x, residual),
    )


SIMULATIONS = {"V3": Simulation(CELLS, _run)}
