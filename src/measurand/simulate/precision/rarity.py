"""Failures of known rate: whether P5's bounds cover it, also where testing stops as soon as it can claim too much."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from measurand.measures.precision.rarity import Rarities, judge, rarities_of
from measurand.measures.precision.shared.counts import Counted
from measurand.results import Finding, Status
from measurand.simulate.outcomes import Outcome, Simulation, add_estimate, add_event

__all__ = ["SIMULATIONS"]


def _run(trials: int, rate: float, level: float, rng: np.random.Generator) -> Outcome:
    outcome: Outcome = {}
    for name, stopped in (("exact bound", False), ("bound when stopping at will", True)):
        (found,) = _judged([(int(rng.binomial(trials, rate)), trials)], rate, level, stopped)
        add_estimate(outcome, name, f"rate {rate:g}", rate, found.estimate("failure_rate"))
    # The tester looks after every failure and at the end, and stops at the first look that supports the claim.
    failures = np.flatnonzero(rng.random(trials) < rate)
    looks = [(place, int(end)) for place, end in enumerate([*failures, trials]) if end > 0]
    for name, stopped in (
        ("exact bound, misused while stopping at will", False),
        ("bound made for stopping at will", True),
    ):
        claimed = any(found.status is Status.PASSED for found in _judged(looks, rate, level, stopped))
        add_event(outcome, "false_alarm", name, f"rate {rate:g}, not rarer", claimed)
    return outcome


def _judged(counts: Sequence[tuple[int, int]], rate: float, level: float, stopped: bool) -> list[Finding]:
    """P5's findings of failures and trials held against the true rate."""
    settings = Rarities(rows=(), claim=rate, alpha=1 - level, stopped=stopped, missed=0.0, overlooked=0.0)
    rows = [({"look": str(n)}, Counted(count, n, "trial")) for count, n in counts]
    return judge(rarities_of(rows, settings, tail=1 - level))[1:]


CELLS = tuple({"trials": trials, "rate": rate} for trials, rate in ((300, 0.01), (3000, 0.001), (3000, 0.01)))

SIMULATIONS = {
    "P5": Simulation(
        CELLS,
        _run,
        regime=(
            "independent trials with a failure rate of 1 in 100 or 1 in 1,000; the tester counts at the end, or "
            "looks after every failure and stops at will"
        ),
        beside=("misused",),
    )
}
