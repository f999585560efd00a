"""The same items in two formats: what P8's intervals cover and what its verdicts say."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from scipy.optimize import brentq

from measurand.measures.precision.format_transfer import FormatRanking, judge, transfer_of
from measurand.measures.precision.shared.grid import Grid
from measurand.results import Status
from measurand.simulate.answers import SHARED, answer_grid, item_clusters, ranking_grids, variant_score
from measurand.simulate.outcomes import Outcome, Simulation, add_estimate, add_event
from measurand.stats.items.formats import tau_limits

__all__ = ["SIMULATIONS"]

SIZES = ((30, 0, 6), (100, 0, 10), (1000, 0, 20), (4000, 0, 10), (200, 10, 10), (1000, 100, 20))
"""Items, clusters (0 for independent items) and models."""

GAPS = (0.0, 0.02, 0.10)
"""True differences between the formats: none, on the verdict's bound, and well beyond it."""

TAU = 0.7
"""True rank agreement of the simulated rankings, on the verdict's bound."""


def _run(items: int, clusters: int, models: int, level: float, rng: np.random.Generator) -> Outcome:
    outcome: Outcome = {}
    result = transfer_of([_grid(GAPS, items, clusters, rng)], level, rng)
    _, *findings = judge(result)
    for gap, finding in zip(GAPS, findings, strict=False):
        name = f"difference {gap:g}"
        add_estimate(outcome, "difference", name, gap, finding.estimate("difference"))
        quantity = "power" if gap > GAPS[1] else "false_alarm"
        add_event(outcome, quantity, "issue", name, finding.status is Status.ISSUE)
        quantity = "false_alarm" if gap else "power"
        add_event(outcome, quantity, "passed", name, finding.status is Status.PASSED)
    same = judge(transfer_of([_grid((0.0,) * models, items, clusters, rng)], level, rng))[0]
    add_event(outcome, "false_alarm", f"issue of any of {models} models", "difference 0", same.status is Status.ISSUE)

    rho = math.sin(math.pi / 2 * TAU)
    first = rng.standard_normal(models)
    second = rho * first + math.sqrt(1 - rho**2) * rng.standard_normal(models)
    tau = tau_limits(first, second, level)
    ranked = FormatRanking(
        benchmark="b", reference="v0", other="v1", items=items, models=models, tau=tau, p_by_noise=0.0
    )
    finding = judge(replace(result, rankings=(ranked,)), least_rank_agreement=TAU)[-1]
    add_estimate(outcome, "rank_tau", f"tau {TAU:g}, {models} models", TAU, finding.estimate("rank_tau"))
    differ = finding.status is Status.ISSUE
    add_event(outcome, "false_alarm", "formats rank models differently", f"tau {TAU:g}, the bound", differ)
    grids = ranking_grids(models, 2, items, clusters, rng)
    for name, grid, quantity in grids:
        found = [f for f in judge(transfer_of([grid], level, rng)) if f.title == "Ranking across formats"]
        add_event(outcome, quantity, "formats rank models differently", name, found[0].status is Status.ISSUE)
    return outcome


def _shift(gap: float) -> float:
    """What makes a mean score lower by that much."""
    whole, *_ = variant_score(np.zeros(1))
    return float(brentq(lambda shift: whole - variant_score(np.array([shift]))[0] - gap, -3.0, 1.0))


_SHIFTS = {gap: _shift(gap) for gap in GAPS}


def _grid(gaps: tuple[float, ...], items: int, clusters: int, rng: np.random.Generator) -> Grid:
    """Models whose second format is better by those differences."""
    shifts = np.array([[_SHIFTS[gap], 0.0] for gap in gaps])
    return answer_grid(shifts, item_clusters(items, clusters, rng), SHARED if clusters else 0.0, rng)


CELLS = tuple({"items": items, "clusters": clusters, "models": models} for items, clusters, models in SIZES)

SIMULATIONS = {
    "P8": Simulation(
        CELLS,
        _run,
        regime=(
            "two formats whose scores differ by 0, 2 or 10 points, and rankings of models that truly differ by 0, 2 or "
            "5 points (SD), the formats without effect or with one of 5 points (SD) on each model; items independent "
            "or in clusters of unequal size (log-normal, SD of the log 1.2), those of a cluster alike in difficulty "
            "and in what suits a model"
        ),
    )
}
