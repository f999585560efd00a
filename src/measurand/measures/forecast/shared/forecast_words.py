"""What a forecast's findings say."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from measurand.measures.forecast.shared.forecasting import Forecast, Target
from measurand.measures.forecast.shared.held_out import Baseline, Split
from measurand.measures.shared import kind
from measurand.results import Estimate, Finding, Table
from measurand.tables import UNCLASSED
from measurand.wording import DIFFERENCE, SHARE, number, percent, plural, shown, value_of

__all__ = [
    "coverage_words",
    "error_unit",
    "error_words",
    "forecast_table",
    "more_words",
    "no_split_words",
    "other_words",
    "score_unit",
    "target_words",
    "too_sure_words",
    "worse_words",
]

DRIVEN = {"compute": "training compute", "date": "the release date", "components": "the other benchmarks"}
MOST_MORE = 20
"""Times the families above which no number of further ones is promised."""


def _of_class(row: Forecast) -> str:
    """Whose scores they are."""
    return f" of {kind(row.class_)}models" if kind(row.class_) else ""


def _width(row: Forecast) -> float:
    return float("inf") if row.limits is None else abs(row.limits[1] - row.limits[0])


def score_unit(row: Forecast) -> str:
    """Unit of a score: a share where the scale says so, else none."""
    return SHARE if _width(row) <= 1 else ""


def error_unit(row: Forecast) -> str:
    """Unit of an error: points for shares and percentages, else that of the score itself."""
    return DIFFERENCE if _width(row) <= 1 else "points" if _width(row) <= 100 else ""


def _error(row: Forecast, error: float) -> str:
    return value_of(Estimate(name="error", value=error, unit=error_unit(row)))


def error_words(row: Forecast, name: str) -> str:
    """How far off the forecast is on families left out and on the newest models, beside the best naive guess."""
    parts = []
    for split, where in ((row.by_family, "in families it has not seen"), (row.newest, _newest(row))):
        if split is not None:
            best = min(split.baselines, key=lambda baseline: baseline.error)
            parts.append(f"{_error(row, split.error)} {where} ({best.name}: {_error(row, best.error)})")
    return f"From {DRIVEN[row.driver]}, {name}{_of_class(row)} is predicted with an error of {' and of '.join(parts)}"


def _newest(row: Forecast) -> str:
    count = len(row.newest.places) if row.newest is not None else 0
    which = "newest" if row.newest_by == "date" else "largest"
    return f"on the {plural(count, f'{which} model')}"


def no_split_words(row: Forecast, name: str) -> str:
    """That there is nothing to hold the forecast against."""
    return (
        f"{name}{_of_class(row)} follows {DRIVEN[row.driver]}, but nothing shows whether it can be predicted: "
        f"{plural(row.families, 'family')} and too few dates leave nothing to hold it against."
    )


def coverage_words(row: Forecast) -> str:
    """How many scores left out lay in their prediction intervals."""
    split = row.by_family
    return "" if split is None else f", and its prediction intervals held {split.covered} of {len(split.places)} scores"


def worse_words(guesses: Sequence[Baseline]) -> str:
    """That the forecast is worse than the naive guess that shows it most clearly."""
    worst = min(guesses, key=lambda guess: (math.isnan(guess.p_worse), guess.p_worse))
    return f"that is worse than {worst.name}: a naive guess does better"


def too_sure_words(split: Split, level: float) -> str:
    """That the prediction intervals held too few of the scores left out."""
    return (
        f"its {percent(level)} prediction intervals held only {split.covered} of {len(split.places)} scores left out: "
        "it is too sure of itself"
    )


def more_words(row: Forecast, unproven: Sequence[Baseline]) -> str:
    """How many families would show gains like these, where that can be said."""
    split, gains = row.by_family, [baseline.gain for baseline in unproven]
    times = [((g.high - g.low) / 2 / g.value) ** 2 if g.value > 0 else float("inf") for g in gains]
    if split is None or max(times) > MOST_MORE:
        return ""
    return f"; about {plural(round(split.groups * max(times)), 'family')} in place of {split.groups} would tell"


def target_words(row: Forecast, target: Target, score: str, name: str) -> str:
    """What is expected of the model asked for."""
    unit = "orders of magnitude" if row.driver == "compute" else "years"
    model = f"new {kind(row.class_)}model at {target.asked.text}"
    if target.beyond <= 0:
        return f"A {model} is expected to score {score} on {name}."
    # The interval counts the curve's error, not that the curve may be another one where no model was seen.
    return (
        f"If the curve goes on as it did, a {model}, {number(target.beyond, 1)} {unit} beyond the models seen, is "
        f"expected to score {score} on {name}."
    )


def forecast_table(rows: Sequence[tuple[Forecast, Finding]], names: Mapping[str, str]) -> Table:
    """A row per forecast, from the one that is shown to hold to the one shown to fail."""
    order = ("passed", "caution", "issue")
    ordered = sorted(rows, key=lambda each: order.index(each[1].status))
    classed = any(row.class_ != UNCLASSED for row, _ in rows)
    asked = next((row.target.asked.text for row, _ in rows if row.target is not None), None)
    cells = []
    for row, finding in ordered:
        split = row.by_family
        guess = "" if split is None else _error(row, min(baseline.error for baseline in split.baselines))
        expected = [shown(finding.estimates[0]) if row.target is not None else ""] if asked else []
        error = "" if split is None else _error(row, split.error)
        cells.append((names[row.benchmark], *[row.class_] * classed, *expected, error, guess, finding.short))
    head = ("benchmark", *["models"] * classed, *([f"at {asked}"] if asked else []), "error", "best naive guess", "")
    return Table(
        head=head,
        rows=tuple(cells),
        marks=tuple(finding.status for _, finding in ordered),
        right=tuple(range(1 + classed, len(head) - 1)),
        ends=True,
    )


def other_words(row: Forecast, others: Sequence[Forecast]) -> str:
    """How the other drivers did on families left out."""
    told = [
        f"{_error(row, other.by_family.error)} from {DRIVEN[other.driver]}"
        for other in others
        if other.by_family is not None
    ]
    return f"By comparison, in families not seen it is {' and '.join(told)}." if told else ""
