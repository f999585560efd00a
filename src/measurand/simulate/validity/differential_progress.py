"""Error rates of V3: pairs between which nothing happened beyond capability, and true gains; straight or not."""

from __future__ import annotations

import numpy as np

from measurand.measures.validity.differential_progress import ClassProgress, DifferentialProgress, judge
from measurand.results import Finding, Status
from measurand.simulate.capabilities import CELLS, Regime, Simulated, simulate
from measurand.simulate.outcomes import Outcome, Simulation, add_coverage, add_event
from measurand.stats.capability.progress import Excess, League, excess_change, highest
from measurand.stats.capability.regression import fit_lines
from measurand.tables import Gain

__all__ = ["SIMULATIONS"]

CLAIMS = 10
"""Gains claimed at once, of which none is one."""

BEND = 0.5
"""Weight of the square of capability where the relation bends: 2 SD up it rises four times as fast as in the middle."""


def _run(models: int, families: int, family_share: float, level: float, rng: np.random.Generator) -> Outcome:
    drawn = simulate(models, families, (0.68,), family_share, rng)
    x, y = drawn.panel.standard_scores, drawn.tested[:, 0]
    old, new = (int(place) for place in rng.choice(models, size=2, replace=False))
    outcome: Outcome = {}
    unchanged = excess_change(x, y, old, new, level)
    limits = (unchanged.excess - unchanged.half_width, unchanged.excess + unchanged.half_width)
    add_coverage(outcome, "default interval", "no excess", 0.0, *limits)
    no_gain, _ = _judged(drawn, y, (unchanged,), level)
    add_event(outcome, "false_alarm", "gain beyond capability", "no excess", no_gain.status is Status.PASSED)
    for size in (3, 5):
        lifted = y + size * (np.arange(models) == new)
        gain, outlier = _judged(drawn, lifted, (excess_change(x, lifted, old, new, level),), level)
        add_event(outcome, "power", "gain beyond capability", f"excess of {size} SD", gain.status is Status.PASSED)
        add_event(outcome, "power", "a model stands out", f"excess of {size} SD", outlier.status is Status.PASSED)
    pairs = [rng.choice(models, size=2, replace=False) for _ in range(CLAIMS)]
    heavy = simulate(models, families, (0.68,), family_share, rng, regime=Regime(tails=3))
    for of, values, truth in (
        (drawn, y, "no excess"),
        (heavy, heavy.tested[:, 0], "no excess, heavy tails"),
        (drawn, y + BEND * x**2, "no excess, the relation bends"),
    ):
        excesses = (excess_change(of.panel.standard_scores, values, int(a), int(b), level) for a, b in pairs)
        *gains, outlier = _judged(of, values, tuple(excesses), level)
        some = any(gain.status is Status.PASSED for gain in gains)
        add_event(outcome, "false_alarm", f"some of {CLAIMS} gains beyond capability", truth, some)
        add_event(outcome, "false_alarm", "a model stands out", truth, outlier.status is Status.PASSED)
    return outcome


def _judged(drawn: Simulated, y: np.ndarray, excesses: tuple[Excess, ...], level: float) -> list[Finding]:
    """What is said of each gain, and of the model that stands highest.

    Only what the verdict on the league needs is there: how often chance would place the highest so high.
    """
    panel = drawn.panel
    x = panel.standard_scores
    line = fit_lines(x[None], y[:, None], np.ones((1, len(x))))
    residual = (y - line.intercept - line.slope * x)[0]
    none = np.full(len(x), np.nan)
    league = League(
        residual=residual,
        low=none,
        high=none,
        rank=none,
        rank_low=none,
        rank_high=none,
        chance=highest(x, y, residual),
    )
    claim = Gain(panel.models[0], panel.models[1], "t0")
    part = ClassProgress(panel, tuple((claim, excess) for excess in excesses), {"t0": (panel.models, league)})
    return judge(DifferentialProgress((part,), (), level, drawn.names))[1:]


SIMULATIONS = {
    "V3": Simulation(
        CELLS,
        _run,
        regime=(
            "models in families of uneven size (the largest of eight holds a third) that share none or 30% of the "
            "variance; two models drawn at random, which differ by their capability alone or by a gain of 3 or 5 SD; "
            "10 claims judged together; scatter Gaussian or t with 3 degrees of freedom, the relation straight or bent"
        ),
    )
}
