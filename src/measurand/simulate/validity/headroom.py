"""Error rates of V9: the median position of the models, and medians at, near and far from a ceiling."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from measurand.measures.validity.headroom import BenchmarkHeadroom, Headroom, judge, standing
from measurand.measures.validity.shared.panel import Panel
from measurand.results import Status
from measurand.simulate.capabilities import CELLS, simulate
from measurand.simulate.outcomes import Outcome, Simulation, add_coverage, add_event

__all__ = ["SIMULATIONS"]

Floats = npt.NDArray[np.float64]

POSITIONS = (
    (0.95, 0.03, "median position 0.95, the bound"),
    (0.99, 0.01, "median position 0.99"),
    (0.5, 0.2, "median position 0.5"),
)
"""Median and standard deviation of the models' positions, and what to call that."""

NOISE = 0.02
"""Standard error of every score on the benchmarks whose best model is looked at."""

BEST = ((0.0, "all models alike"), (0.02, "models differ by their noise"), (0.2, "models far apart"))
"""Standard deviation of the models' true positions there, and what to call that."""


def _run(models: int, families: int, family_share: float, level: float, rng: np.random.Generator) -> Outcome:
    panel = simulate(models, families, (0.0,), family_share, rng).panel
    outcome: Outcome = {}
    placed = [
        _placed(panel, name, centre + spread * panel.scores[:, 0], panel.stderr[:, 0], level)
        for centre, spread, name in ((0.0, 1.0, "median 0"), *POSITIONS)
    ]
    for spread, name in BEST:
        truth = 0.5 + spread * panel.scores[:, 0]
        noisy = truth + NOISE * rng.standard_normal(models)
        _, low, high = _placed(panel, name, noisy, np.full(models, NOISE), level).best
        add_coverage(outcome, "best position", name, float(truth[noisy.argmax()]), low, high)
    _, low, high = placed[0].median
    add_coverage(outcome, "default interval, median position", "median 0", 0.0, low, high)
    names = {item.benchmark: item.benchmark for item in placed}
    _, _, bound, saturated, room = (f.status for f in judge(Headroom(tuple(placed), (), level, names)))
    add_event(outcome, "false_alarm", "saturated", POSITIONS[0][2], bound is Status.ISSUE)
    add_event(outcome, "false_alarm", "room", POSITIONS[0][2], bound is Status.PASSED)
    add_event(outcome, "power", "saturated", "median position 0.99", saturated is Status.ISSUE)
    add_event(outcome, "power", "room", "median position 0.5", room is Status.PASSED)
    return outcome


def _placed(panel: Panel, name: str, positions: Floats, stderr: Floats, level: float) -> BenchmarkHeadroom:
    """The models of a class at these positions on a benchmark from 0 to 1."""
    return standing(
        name, panel.class_, panel.models, positions, stderr, panel.families, chance=0.0, maximum=1.0, level=level
    )


SIMULATIONS = {
    "V9": Simulation(
        CELLS,
        _run,
        regime=(
            "models in families of uneven size (the largest of eight holds a third) that share none or 30% of the "
            "variance; positions of the models between floor and ceiling with a median of .5, .95 (the bound) and "
            ".99; for the best model, true positions that are alike, differ by the noise of a score, or by ten times it"
        ),
    )
}
