"""The pictures of forecasts, as plain series."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from measurand.measures.forecast.shared.forecasting import Forecast
from measurand.measures.shared import bars, columns, finite, lines
from measurand.results import Axis, Cell, Figure
from measurand.wording import percent

__all__ = ["errors", "fan"]


def fan(rows: Sequence[Forecast], names: Mapping[str, str], level: float) -> Figure:
    """Each curve with its prediction interval, and the models: those of the newest split apart."""
    made = [row for row in rows if row.driver == rows[0].driver]
    by_compute = made[0].driver == "compute"
    cells: list[tuple[Cell, ...]] = []
    for row in made:
        key = (row.class_, names[row.benchmark])
        curves = [(np.stack([row.curve, row.low, row.high]), "expected, from all models")]
        if row.older is not None:
            curves.insert(0, (row.older, "expected, without the newest"))
        for curve, what in curves:
            cells += [
                (*key, _place(x, by_compute), float(y), finite(low), finite(high), what, "")
                for x, y, low, high in zip(row.grid, *curve, strict=True)
            ]
        newest = set(row.newest.places.tolist()) if row.newest is not None else set()
        for place, model in enumerate(row.models):
            what = "newest, left out" if place in newest else "model"
            at = _place(row.drivers[place, 0], by_compute)
            cells.append((*key, at, float(row.scores[place]), None, None, what, model))
    titles = {"compute": "training compute (FLOP)", "date": "release date", "components": "leading component"}
    return lines(
        "F1.fan",
        "Forecast",
        f"Curves with their {percent(level)} prediction interval for a new model of a new family: from all models, and "
        "from those but the newest (of most compute where dates are not known), which it may be held against.",
        columns(("class", "benchmark", "driver", "score", "low", "high", "what", "model"), cells),
        Axis("driver", titles[made[0].driver], "log" if by_compute else "linear"),
        Axis("score", "score"),
        label="model",
        color="what",
        select=("class", "benchmark"),
    )


def _place(driver: float, by_compute: bool) -> float:
    return float(10**driver) if by_compute else float(driver)


def errors(rows: Sequence[Forecast], names: Mapping[str, str]) -> Figure:
    """Errors on models left out, of the forecast and of naive guesses."""
    cells: list[tuple[Cell, ...]] = []
    for row in rows:
        for split, where in ((row.by_family, "new families"), (row.newest, "newest models")):
            if split is not None:
                told = [("the forecast", split.error), *((b.name, b.error) for b in split.baselines)]
                cells += [(row.class_, where, names[row.benchmark], error, what) for what, error in told]
    return bars(
        "F1.errors",
        "Errors on models left out",
        "Root mean squared error, in units of the score, of the forecast and of naive guesses; left is better.",
        columns(("class", "left out", "benchmark", "error", "by"), cells),
        Axis("error", "error on models left out"),
        Axis("benchmark", "benchmark", "nominal"),
        low=None,
        high=None,
        color="by",
        select=("class", "left out"),
    )
