"""Pictures of elicitation cost as plain series."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from measurand.measures.forecast.shared.spending import AMOUNTS
from measurand.measures.forecast.shared.spent import Elicitation, Spent
from measurand.measures.shared import bars, columns, lines
from measurand.results import Axis, Cell, Figure
from measurand.wording import percent

__all__ = ["cost_figure", "curve_figure"]

MOST_POINTS = 300
"""Points of one curve; steps closer than this could not be seen."""


def curve_figure(rows: Sequence[Elicitation], units: Mapping[str, str]) -> Figure:
    """Share elicited by cost, one curve per method, for each target and unit."""
    drawn: list[tuple[Cell, ...]] = []
    for row in sorted(rows, key=lambda row: row.target not in units):
        for spent in row.spent:
            drawn += [(row.target, AMOUNTS[spent.unit], row.method, *point) for point in _curve_points(spent)]
    return lines(
        "F4.curves",
        "Behaviours elicited by what was spent on each",
        "Share of efforts with a success by cost (Kaplan-Meier): efforts that ended without one count as unfinished at "
        "what they spent. A curve ends where nothing more was tried; the band is the pointwise interval.",
        columns(("target", "counted in", "method", "cost", "share", "low", "high"), drawn),
        Axis("cost", "spent on a behaviour", "log"),
        Axis("share", "share elicited", domain=(0.0, 1.0)),
        color="method",
        select=("target", "counted in"),
    )


def _curve_points(spent: Spent) -> list[tuple[float, float, float, float]]:
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
    for row in rows:
        for spent in row.spent:
            for what, found in ((f"to {percent(reached)}", spent.quantile), ("per success", spent.per_success)):
                of = (row.target, AMOUNTS[spent.unit], row.method)
                if not math.isfinite(found.value):
                    drawn.append((*of, f"{what}, at least", found.low, None, None))
                elif not math.isfinite(found.high):
                    drawn.append((*of, what, found.value, None, None))
                else:
                    drawn.append((*of, what, *found))
    return bars(
        "F4.costs",
        "What the methods cost, on one axis",
        f"Cost by which {percent(reached)} of the behaviours were elicited, and all that was spent by successes, with "
        f"{percent(level)} intervals; where the value was not reached, the lower bound is shown.",
        columns(("target", "counted in", "method", "cost", "value", "low", "high"), drawn),
        Axis("value", "cost", "log"),
        Axis("method", "method", "nominal"),
        color="cost",
        select=("target", "counted in"),
    )
