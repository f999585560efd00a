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
from measurand.results import Finding, Status
from measurand.simulate.capabilities import CELLS, LOADING, Simulated, simulate, spearman_of, with_families
from measurand.simulate.outcomes import Outcome, Simulation, add_coverage, add_event
from measurand.stats.intervals.limits import Limits

__all__ = ["SIMULATIONS"]

PERMUTATIONS = 400
"""Fewer than in an audit: they move the 95% quantile of one study, and many studies are drawn."""

UNDEFINED = float("nan")

WEAK = 0.3
"""Share of a benchmark's variance that is common, where it is weak."""

LARGE = ({"models": 1000, "families": 50, "family_share": 0.3},)


def _run(models: int, families: int, family_share: float, level: float, rng: np.random.Generator) -> Outcome:
    drawn = simulate(models, families, (0.0,), family_share, rng)
    k = drawn.capability.shape[1]
    truth = float((1 + (k - 1) * spearman_of(np.array(LOADING**2))) / k)
    outcome: Outcome = {}
    share = pc1_share(drawn.panel, level)
    add_coverage(outcome, "default interval, PC1 share", f"share {truth:.2f}", truth, share.low, share.high)
    one = _found(drawn, level, rng, share)
    add_event(outcome, "false_alarm", "a second component", "one dimension", _components(one) > 1)
    add_event(outcome, "false_alarm", "no common dimension", "one dimension", one.status is Status.ISSUE)
    # Models of a family are alike on a benchmark, and no two benchmarks have anything in common.
    apart = with_families(drawn.families, k, family_share, rng)
    found = _found(replace(drawn, capability=apart), level, rng)
    add_event(outcome, "false_alarm", "a first component", "no common dimension", _components(found) > 0)
    weak = np.sqrt(WEAK) * with_families(drawn.families, 1, family_share, rng) + np.sqrt(1 - WEAK) * apart
    found = _found(replace(drawn, capability=weak), level, rng)
    add_event(outcome, "power", "a first component", f"one of {WEAK:.0%} of the variance", _components(found) > 0)
    return outcome


def _components(found: Finding) -> float:
    return found.estimate("components_above_chance").value or 0


def _found(drawn: Simulated, level: float, rng: np.random.Generator, share: Limits | None = None) -> Finding:
    """The verdict on one class; what it does not rest on is left undefined, which saves most of the time."""
    panel = drawn.panel
    chance, components, by_families = components_of(panel, PERMUTATIONS, rng)
    part = ClassDimensionality(
        panel=panel,
        share=share or Limits(panel.component.share, UNDEFINED, UNDEFINED),
        chance=chance,
        components=components,
        by_families=by_families,
        factor_share=UNDEFINED,
        covariance_shares=np.full(len(chance), UNDEFINED),
        kmo=None,
        bartlett=None,
    )
    return judge(Dimensionality((part,), (), level, {}))[0]


SIMULATIONS = {
    "V7": Simulation(
        (*CELLS, *LARGE),
        _run,
        regime=(
            "models in families of uneven size (the largest of eight holds a third) that share none or 30% of the "
            "variance; Gaussian scores on 12 capability benchmarks with one ability behind them, strong or weak, or "
            "none"
        ),
    )
}
