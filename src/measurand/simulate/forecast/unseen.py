"""Failures drawn from modes of known frequency: even, geometric, with a long tail, and with very many rare ones."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from measurand.measures.forecast.unseen import judge, unseen_modes
from measurand.results import Status
from measurand.simulate.outcomes import Outcome, Simulation, add_coverage, add_event
from measurand.tables import Failures
from measurand.tables.groups import INDEPENDENT

__all__ = ["MODES", "SIMULATIONS", "failures_of"]

Floats = npt.NDArray[np.float64]

SIZES = (20, 50, 200, 1000)
MOST_SHORT = 100
"""Modes up to which all may be seen, which leaves no upper limit of their number."""


FAILING, OTHERWISE = 2.5, 0.3
"""Failures of a task on average, and the share of its further ones that are of a mode drawn anew."""


def _shares(weights: npt.ArrayLike) -> Floats:
    found = np.asarray(weights, dtype=np.float64)
    shares: Floats = found / found.sum()
    return shares


MODES: dict[str, Floats] = {
    "20 modes alike": _shares(np.ones(20)),
    "20 modes, each rarer by a fifth": _shares(0.8 ** np.arange(20)),
    "200 modes, frequency 1 / rank": _shares(1.0 / np.arange(1, 201)),
    "2 frequent modes and 1,000 rare ones": _shares(np.concatenate([[0.3, 0.2], np.full(1000, 0.5 / 1000)])),
}
"""Share of the failures of each mode."""


def failures_of(counts: npt.NDArray[np.int64]) -> Failures:
    """A table of modes with these counts."""
    return Failures.build(
        pl.DataFrame({"mode": [f"mode {place}" for place in range(len(counts))], "count": counts.tolist()})
    )


def _run(failures: int, level: float, rng: np.random.Generator) -> Outcome:
    outcome: Outcome = {}
    for name, shares in MODES.items():
        counts = rng.multinomial(failures, shares)
        truth = float(shares[counts == 0].sum())
        result = unseen_modes(failures_of(counts), cluster=INDEPENDENT, level=level, resamples=20, rng=rng)
        found = result.models[0]
        add_coverage(outcome, "unseen_chance", name, truth, found.chance.low, found.chance.high)
        modes = found.richness
        if len(shares) > MOST_SHORT:
            # A lower bound: how seldom the interval reaches the true number says where it is far off.
            add_coverage(outcome, "modes_at_least", name, float(len(shares)), modes.low, modes.high)
        add_event(outcome, "false_alarm", "more modes claimed than there are", name, modes.low > len(shares))
        # The tolerated share that the true one lies about: half of the runs should not be flagged, half not passed.
        expected = float((shares * (1 - shares) ** failures).sum())
        if 0.001 < expected < 0.999:
            status = judge(result, tolerated_unseen=expected)[1].status
            add_event(outcome, "false_alarm", "above the tolerated", name, status is Status.ISSUE and truth <= expected)
            add_event(outcome, "false_alarm", "below the tolerated", name, status is Status.PASSED and truth > expected)
            alarm = judge(result, tolerated_unseen=expected / 4)[1].status is Status.ISSUE
            add_event(outcome, "power", "a quarter of the true chance tolerated", name, alarm)
        repeats = _repeated(failures, shares, rng)
        truth = float(shares[~repeats.seen].sum())
        again = unseen_modes(repeats.table, level=level, resamples=20, rng=rng).models[0].chance
        add_coverage(outcome, "unseen_chance", f"{name}, tasks failing {FAILING} times", truth, again.low, again.high)
    return outcome


class _Repeated(NamedTuple):
    table: Failures
    seen: npt.NDArray[np.bool_]


def _repeated(tasks: int, shares: Floats, rng: np.random.Generator) -> _Repeated:
    """Failures of tasks that fail several times, mostly in the same way, and which modes are among them."""
    task = np.repeat(np.arange(tasks), 1 + rng.poisson(FAILING - 1, tasks))
    mode = rng.choice(len(shares), tasks, p=shares)[task]
    first = np.diff(task, prepend=-1) > 0
    other = ~first & (rng.random(len(task)) < OTHERWISE)
    mode[other] = rng.choice(len(shares), int(other.sum()), p=shares)
    rows = pl.DataFrame({"mode": [f"mode {place}" for place in mode], "cluster": task.astype(str)})
    return _Repeated(Failures.build(rows), np.isin(np.arange(len(shares)), mode))


CELLS = tuple({"failures": failures} for failures in SIZES)

SIMULATIONS = {
    "F5": Simulation(
        CELLS,
        _run,
        regime=(
            "failures drawn independently from 20 equal modes, 20 geometric ones, 200 with a frequency of 1 over "
            "the rank, or 2 frequent and 1,000 rare ones; and of tasks that fail 2.5 times on average, seven times "
            "in ten as before"
        ),
        beside=("modes_at_least",),
    )
}
