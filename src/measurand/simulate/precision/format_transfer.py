"""The same items in two formats: what P8's intervals cover and what its verdicts say."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import expit

from measurand.measures.precision.format_transfer import judge, transfer_of
from measurand.measures.precision.shared.grid import Grid
from measurand.results import Status
from measurand.simulate.outcomes import Outcome, Simulation, add_coverage, add_event
from measurand.stats.items.formats import tau_limits

__all__ = ["SIMULATIONS"]

Floats = npt.NDArray[np.float64]

SIZES = ((30, 0, 6), (100, 0, 10), (1000, 0, 20), (4000, 0, 10), (200, 10, 10), (1000, 100, 20))
"""Items, clusters (0 for independent items) and models."""

ABILITY, DIFFICULTY, TASTE, SHARED = 0.7, 1.5, 0.5, 0.4
"""On the logistic scale: mean, standard deviation of items, of what a format is to an item, and what clusters share."""

GAPS = (0.0, 0.02, 0.10)
"""True differences between the formats: none, on the verdict's bound, and well beyond it."""

TAU = 0.7
"""True rank agreement of the simulated rankings, on the verdict's bound."""

_POINTS, _WEIGHTS = np.polynomial.hermite_e.hermegauss(60)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()


def _run(items: int, clusters: int, models: int, level: float, rng: np.random.Generator) -> Outcome:
    outcome: Outcome = {}
    result = transfer_of([_grid(GAPS, items, clusters, rng)], level)
    _, *findings = judge(result)
    for gap, finding in zip(GAPS, findings, strict=False):
        name = f"difference {gap:g}"
        found = finding.estimate("difference")
        low, high = (np.nan if limit is None else limit for limit in (found.low, found.high))
        add_coverage(outcome, "difference", name, gap, low, high)
        quantity = "power" if gap > GAPS[1] else "false_alarm"
        add_event(outcome, quantity, "issue", name, finding.status is Status.ISSUE)
        quantity = "false_alarm" if gap else "power"
        add_event(outcome, quantity, "passed", name, finding.status is Status.PASSED)
    same = judge(transfer_of([_grid((0.0,) * models, items, clusters, rng)], level))[0]
    add_event(outcome, "false_alarm", f"issue of any of {models} models", "difference 0", same.status is Status.ISSUE)

    rho = math.sin(math.pi / 2 * TAU)
    first = rng.standard_normal(models)
    second = rho * first + math.sqrt(1 - rho**2) * rng.standard_normal(models)
    tau = tau_limits(first, second, level)
    add_coverage(outcome, "rank_tau", f"tau {TAU:g}, {models} models", TAU, tau.low, tau.high)
    add_event(outcome, "false_alarm", "formats rank models differently", f"tau {TAU:g}, the bound", tau.high < TAU)
    return outcome


def _expected(shift: float) -> float:
    return float(_WEIGHTS @ expit(ABILITY + shift + math.hypot(DIFFICULTY, TASTE) * _POINTS))


def _shift(gap: float) -> float:
    """What makes a mean score lower by that much."""
    return float(brentq(lambda shift: _expected(0.0) - _expected(shift) - gap, -3.0, 1.0))


_SHIFTS = {gap: _shift(gap) for gap in GAPS}


def _grid(gaps: tuple[float, ...], items: int, clusters: int, rng: np.random.Generator) -> Grid:
    """Models whose second format is better by those differences."""
    of_item = np.arange(items) % clusters if clusters else np.arange(items)
    share = SHARED if clusters else 0.0
    groups = int(of_item.max()) + 1

    def drawn(*shape: int) -> Floats:
        common = rng.standard_normal((*shape, groups))[..., of_item]
        own: Floats = np.sqrt(share) * common + np.sqrt(1 - share) * rng.standard_normal((*shape, items))
        return own

    shifts = np.array([[_SHIFTS[gap], 0.0] for gap in gaps])
    chance = expit(ABILITY + shifts[:, :, None] - DIFFICULTY * drawn() + TASTE * drawn(len(gaps), 2))
    scores = (rng.random(chance.shape) < chance).astype(np.float64)
    return Grid(
        "b",
        tuple(f"m{place}" for place in range(len(gaps))),
        ("choice", "open"),
        tuple(map(str, range(items))),
        scores,
        np.full(scores.shape, np.nan),
        np.ones(scores.shape, dtype=np.int64),
        of_item.astype(np.int64) if clusters else None,
        False,
    )


CELLS = tuple({"items": items, "clusters": clusters, "models": models} for items, clusters, models in SIZES)

SIMULATIONS = {"P8": Simulation(CELLS, _run)}
