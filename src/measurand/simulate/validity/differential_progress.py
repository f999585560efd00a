"""Error rates of V3: a pair of models between which nothing happened beyond capability, and one with a true gain."""

from __future__ import annotations

import numpy as np

from measurand.measures.validity.differential_progress import ClassProgress, DifferentialProgress, judge
from measurand.results import Finding, Status
from measurand.simulate.capabilities import CELLS, simulate
from measurand.simulate.outcomes import Outcome, Simulation, add_coverage, add_event
from measurand.stats.capability.progress import Excess, League, excess_change, outlier_p_value
from measurand.stats.capability.regression import fit_lines
from measurand.tables import Gain

__all__ = ["SIMULATIONS"]

CLAIMS = 20
"""Gains claimed at once, of which none is one."""


def _run(models: int, families: int, family_share: float, level: float, rng: np.random.Generator) -> Outcome:
    drawn = simulate(models, families, (0.68,), family_share, rng)
    panel, y = drawn.panel, drawn.tested[:, 0]
    x = panel.standard_scores
    old, new = (int(place) for place in rng.choice(models, size=2, replace=False))
    lifted = y.copy()
    lifted[new] += 3.0
    unchanged, gained = (excess_change(x, values, old, new, level) for values in (y, lifted))
    claim = Gain(panel.models[old], panel.models[new], "t0")
    league = {"t0": (panel.models, _league(x, y))}

    def judged(*excesses: Excess) -> list[Finding]:
        part = ClassProgress(panel, tuple((claim, excess) for excess in excesses), league)
        return judge(DifferentialProgress((part,), (), level, drawn.names))[1:]

    no_gain, outlier = judged(unchanged)
    (gain, _) = judged(gained)
    pairs = [rng.choice(models, size=2, replace=False) for _ in range(CLAIMS)]
    many = judged(*(excess_change(x, y, int(a), int(b), level) for a, b in pairs))[:-1]
    outcome: Outcome = {}
    limits = (unchanged.excess - unchanged.half_width, unchanged.excess + unchanged.half_width)
    add_coverage(outcome, "default interval", "no excess", 0.0, *limits)
    for quantity, what, truth, finding in (
        ("false_alarm", "gain beyond capability", "no excess", no_gain),
        ("false_alarm", "a model stands out", "none does", outlier),
        ("power", "gain beyond capability", "excess of 3 SD", gain),
    ):
        add_event(outcome, quantity, what, truth, finding.status is Status.PASSED)
    some = any(finding.status is Status.PASSED for finding in many)
    add_event(outcome, "false_alarm", f"some of {CLAIMS} gains beyond capability", "no excess", some)
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


SIMULATIONS = {
    "V3": Simulation(
        CELLS,
        _run,
        regime=(
            "models in families of uneven size (the largest of eight holds a third) that share none or 30% of the "
            "variance; Gaussian scores of two models drawn at random, which differ by their capability alone or "
            "by a gain of 3 SD; 20 claims judged together"
        ),
    )
}
