"""Pictures of elicitation cost as plain series."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from measurand.measures._shared import columns
from measurand.measures.forecast.shared.spending import AMOUNTS
from measurand.results import Axis, Cell, Figure

if TYPE_CHECKING:
    from measurand.measures.forecast.elicitation import Elicitation, Spent

__all__ = ["cost_figure", "curve_figure"]

MOST_POINTS = 300
"""Points of one curve; steps closer than this could not be seen."""


def curve_figure(rows: Sequence[Elicitation], budget: float | None, units: Mapping[str, str]) -> Figure:
    """Share elicited by cost, one curve a method, for each target and unit."""
    drawn: list[tuple[Cell, ...]] = []
    ordered = sorted(rows, key=lambda row: row.target not in units)
    for row in ordered:
        for spent in row.spent:
            drawn += [(row.target, AMOUNTS[spent.unit], row.method, *point) for point in _points(spent)]
    names = ("target", "counted in", "method", "cost", "share", "low", "high")
    return Figure(
        "F4.curves",
        "lines",
        "Behaviours elicited by what was spent on each",
        "Share of efforts with a success by cost (Kaplan-Meier): efforts that ended without one count as unfinished at "
        "what they spent. A curve ends where nothing more was tried; the band is the pointwise interval.",
        columns(names, drawn),
        Axis("cost", "spent on a behaviour", "log"),
        Axis("share", "share elicited", domain=(0.0, 1.0)),
        low="low",
        high="high",
        color="method",
        select=("target", "counted in"),
    )


def _points(spent: Spent) -> list[tuple[float, float, float, float]]:
    """The steps of a curve, each as two points; it starts from 0 at the least cost."""
    curve = spent.curve
    kept = np.unique(np.linspace(0, len(curve.times) - 1, min(len(curve.times), MOST_POINTS // 2)).round().astype(int))
    found = []
    before = (0.0, 0.0, 0.0)
    for place in kept:
        cost = float(curve.times[place])
        here = (float(curve.share[place]), float(curve.low[place]), float(curve.high[place]))
        if cost > 0:
            found += [(cost, *before), (cost, *here)]
        before = here
    return found


def cost_figure(rows: Sequence[Elicitation], reached: float, level: float) -> Figure:
    """Cost of the methods on one axis: the asked share's, and per success."""
    drawn: list[tuple[Cell, ...]] = []
    share = f"to {100 * reached:g}%"
    for row in rows:
        for spent in row.spent:
            for what, found in ((share, spent.quantile), ("per success", spent.per_success)):
                known = math.isfinite(found.value)
                value = found.value if known else found.low
                high = found.high if math.isfinite(found.high) else None
                said = what if known else f"{what}, at least"
                low = found.low if known and high is not None else None
                drawn.append((row.target, AMOUNTS[spent.unit], row.method, said, value, low, high if low else None))
    names = ("target", "counted in", "method", "cost", "value", "low", "high")
    return Figure(
        "F4.costs",
        "intervals",
        "What the methods cost, on one axis",
        f"Cost by which {100 * reached:g}% of the behaviours were elicited, and all that was spent by successes, with "
        f"{100 * level:g}% intervals; where the value was not reached, the lower bound is shown.",
        columns(names, drawn),
        Axis("value", "cost", "log"),
        Axis("method", "method", "nominal"),
        low="low",
        high="high",
        color="cost",
        select=("target", "counted in"),
    )
