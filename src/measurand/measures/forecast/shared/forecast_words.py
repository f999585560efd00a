"""What a forecast's findings say."""

from __future__ import annotations

from collections.abc import Sequence

from measurand.measures._shared import kind, plural
from measurand.measures.forecast.shared.forecasting import Forecast
from measurand.measures.forecast.shared.held_out import Baseline

__all__ = ["DRIVEN", "coverage_words", "error_words", "more_words", "of_class", "other_words", "target_words"]

DRIVEN = {
    "compute": "training compute",
    "date": "the release date",
    "components": "the other benchmarks",
}
MOST_MORE = 20
"""Times the families above which no number of further ones is promised."""


def of_class(row: Forecast) -> str:
    """Whose scores they are."""
    return f" of {kind(row.class_)}models" if kind(row.class_) else ""


def _unit(row: Forecast) -> tuple[float, str]:
    """Factor and name of the unit that errors are told in: points for shares, else the score's own."""
    if row.limits is not None and abs(row.limits[1] - row.limits[0]) <= 1:
        return 100.0, " points"
    return 1.0, " points" if row.limits is not None and abs(row.limits[1] - row.limits[0]) <= 100 else ""


def _shown(row: Forecast, error: float) -> str:
    return f"{_unit(row)[0] * error:.3g}"


def error_words(row: Forecast, name: str) -> str:
    """How far off the forecast is on families left out and on the newest models, beside the best naive guess."""
    parts = []
    for split, where in ((row.by_family, "in families it has not seen"), (row.newest, _newest(row))):
        if split is not None:
            best = min(split.baselines, key=lambda baseline: baseline.error)
            parts.append(f"{_shown(row, split.error)}{_unit(row)[1]} {where} ({best.name}: {_shown(row, best.error)})")
    return f"From {DRIVEN[row.driver]}, {name}{of_class(row)} is predicted with an error of {' and of '.join(parts)}"


def _newest(row: Forecast) -> str:
    count = len(row.newest.places) if row.newest is not None else 0
    which = "newest" if row.newest_by == "date" else "largest"
    return f"on the {plural(count, f'{which} model')}"


def coverage_words(row: Forecast) -> str:
    """How many scores left out lay in their prediction intervals."""
    split = row.by_family
    return "" if split is None else f", and its prediction intervals held {split.covered} of {len(split.places)} scores"


def more_words(row: Forecast, unproven: Sequence[Baseline]) -> str:
    """How many families would show gains like these, where that can be said."""
    split = row.by_family
    times = [((b.high - b.low) / 2 / b.gain) ** 2 if b.gain > 0 else float("inf") for b in unproven]
    if split is None or max(times) > MOST_MORE:
        return ""
    return f"; about {split.groups * max(times):,.0f} families in place of {split.groups} would tell"


def target_words(row: Forecast) -> str:
    """What is expected of the model asked for."""
    target = row.target
    if target is None:
        return ""
    unit = "orders of magnitude" if row.driver == "compute" else "years"
    beyond = f", {target.beyond:.1f} {unit} beyond the models seen," if target.beyond > 0 else ""
    digits = 3 if row.limits is not None and abs(row.limits[1] - row.limits[0]) <= 1 else 1
    value, low, high = (f"{number:.{digits}f}" for number in (target.value, target.low, target.high))
    return f"A new {kind(row.class_)}model at {target.asked.text}{beyond} is expected at {value} [{low} to {high}]."


def other_words(row: Forecast, others: Sequence[Forecast]) -> str:
    """How the other drivers did on families left out."""
    told = [
        f"{_shown(row, other.by_family.error)}{_unit(row)[1]} from {DRIVEN[other.driver]}"
        for other in others
        if other.by_family is not None
    ]
    return f"By comparison, in families not seen it is {' and '.join(told)}." if told else ""
