"""What one simulated study yields: for each quantity, whether it happened, and how wide the interval was."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from measurand.measures.precision.shared.order import Order
from measurand.results import Estimate, Finding
from measurand.stats.votes.rankings import ranks

__all__ = ["Cell", "Outcome", "Simulation", "add_coverage", "add_estimate", "add_event", "add_order"]

Outcome = dict[tuple[str, str, str], tuple[float, float]]
"""(quantity, what, truth) -> (1 if it happened, 0 if not, NaN if undefined; width of the interval or NaN)."""

Cell = Mapping[str, int | float]
"""One kind of simulated study: the names of its settings and their values."""


@dataclass(frozen=True)
class Simulation:
    """How a measure's error rates are measured.

    Parameters
    ----------
    cells : the kinds of study to simulate, all with settings of the same names.
    run : one simulated study; called with ``level`` and ``rng`` and the settings of a cell by name.
    regime : what is drawn, in words that follow "simulated: ", for those who read the rates.
    beside : what parts of a name mark an interval or a verdict that stands for comparison, which the measure itself
        neither shows nor says; it does not enter the summary of the rates.
    """

    cells: Sequence[Cell]
    run: Callable[..., Outcome]
    regime: str
    beside: tuple[str, ...] = ()

    def outcome(self, cell: Cell, level: float, rng: np.random.Generator) -> Outcome:
        """What one study of a cell yields."""
        arguments: dict[str, Any] = dict(cell)
        return self.run(level=level, rng=rng, **arguments)


def add_coverage(outcome: Outcome, what: str, name: str, truth: float, low: float, high: float) -> None:
    """Note whether an interval covers the truth; `name` says which truth."""
    defined = np.isfinite(low) and np.isfinite(high)
    hit = float(low <= truth <= high) if defined else np.nan
    outcome["coverage", what, name] = (hit, float(high - low))


def add_estimate(outcome: Outcome, what: str, name: str, truth: float, found: Estimate) -> None:
    """Note whether the interval of a measure's estimate covers the truth; `name` says which truth."""
    low, high = (np.nan if limit is None else limit for limit in (found.low, found.high))
    add_coverage(outcome, what, name, truth, low, high)


def add_event(outcome: Outcome, quantity: str, what: str, truth: str, happened: bool) -> None:
    """Note whether a verdict was given: a false alarm where it would be wrong, power where it is right."""
    outcome[quantity, what, truth] = (float(happened), np.nan)


def add_order(outcome: Outcome, order: Order, found: Finding, strengths: Mapping[str, float], name: str) -> None:
    """Note whether all rank intervals hold, and whether models are told apart wrongly.

    Parameters
    ----------
    found : what the measure says of the order.
    strengths : the truth, by model; where all are equal, to tell any two apart is wrong.
    name : says which truth.
    """
    true = np.array([strengths[model] for model in order.models])
    best, worst = np.array(order.ranks).T
    held = bool((best <= ranks(true)).all() and (worst >= len(true) + 1 - ranks(-true)).all())
    outcome["coverage", "all rank intervals together", name] = (float(held), float((worst - best).mean()))
    told = (found.estimate("pairs_told_apart").value or 0) > 0
    wrongly = (order.above & (true[:, None] <= true)).any() if np.ptp(true) else told
    add_event(outcome, "false_alarm", "some pair told apart wrongly", name, bool(wrongly))
