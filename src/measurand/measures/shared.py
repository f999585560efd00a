"""Small pieces that several measures use to word and lay out what they found."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from measurand.errors import InputError
from measurand.results import Axis, Cell, Estimate, Figure
from measurand.tables import UNCLASSED, Scores

__all__ = [
    "MODEL",
    "bars",
    "columns",
    "display_names",
    "estimate",
    "family_codes",
    "finite",
    "kind",
    "lines",
    "require_fraction",
]


MODEL = Axis("model", "model", "nominal")
_LIMITS: dict[str, Any] = {"low": "low", "high": "high"}


def finite(value: float) -> float | None:
    """The value, or None where it is undefined: an undefined number is left out, never printed."""
    return float(value) if math.isfinite(value) else None


def estimate(
    name: str, value: float, low: float, high: float, *, level: float, method: str, n: int | None = None, unit: str = ""
) -> Estimate:
    """An `Estimate` of plain floats, with None for what is undefined."""
    bounds = (finite(low), finite(high))
    if None in bounds:
        bounds = (None, None)
    return Estimate(
        name=name,
        value=finite(value),
        low=bounds[0],
        high=bounds[1],
        level=None if bounds[0] is None else level,
        method=method,
        n=n,
        unit=unit,
    )


def require_fraction(**settings: float) -> None:
    """Refuse a setting that does not lie in (0, 1).

    Raises
    ------
    InputError
        One that does not; the message names it and shows the value.

    Examples
    --------
    >>> require_fraction(level=95)
    Traceback (most recent call last):
    measurand.errors.InputError: level should be in (0, 1), got 95; did you mean 0.95?
    """
    for name, value in settings.items():
        if not 0 < value < 1:
            meant = f"; did you mean {value / 100:g}?" if 1 < value < 100 else ""
            raise InputError(f"{name} should be in (0, 1), got {value}{meant}")


def kind(class_: str) -> str:
    """The class as an adjective before "models"; nothing where no classes are known.

    Examples
    --------
    >>> f"{kind('chat')}models", f"{kind('all')}models"
    ('chat models', 'models')
    """
    return "" if class_ == UNCLASSED else f"{class_} "


def columns(names: Sequence[str], rows: Sequence[Sequence[Cell]]) -> Mapping[str, tuple[Cell, ...]]:
    """Rows turned into a figure's named columns."""
    return {name: tuple(row[i] for row in rows) for i, name in enumerate(names)}


def display_names(scores: Scores) -> dict[str, str]:
    """The name to show for each benchmark."""
    return dict(zip(scores.benchmarks["benchmark"], scores.benchmarks["name"], strict=True))


def bars(
    name: str, title: str, caption: str, table: Mapping[str, tuple[Cell, ...]], x: Axis, y: Axis = MODEL, **more: Any
) -> Figure:
    """A dot and a bar per row, by default one row per model, with limits in the columns low and high."""
    return Figure(name=name, kind="intervals", title=title, caption=caption, columns=table, x=x, y=y, **_LIMITS | more)


def lines(
    name: str, title: str, caption: str, table: Mapping[str, tuple[Cell, ...]], x: Axis, y: Axis, **more: Any
) -> Figure:
    """Curves with a band, whose limits are in the columns low and high."""
    return Figure(name=name, kind="lines", title=title, caption=caption, columns=table, x=x, y=y, **_LIMITS | more)


def family_codes(
    models: Sequence[str], families: Sequence[object]
) -> tuple[npt.NDArray[np.int64], tuple[str, ...], int]:
    """A code per family (its own for each model of unknown family), the families' names, and how many are unknown."""
    keys = [
        # The flag keeps a model of unknown family apart from a family that happens to bear its name.
        (model, False) if family is None else (str(family), True)
        for model, family in zip(models, families, strict=True)
    ]
    code = {key: number for number, key in enumerate(dict.fromkeys(keys))}
    return (
        np.array([code[key] for key in keys], dtype=np.int64),
        tuple(name for name, _ in code),
        sum(family is None for family in families),
    )
