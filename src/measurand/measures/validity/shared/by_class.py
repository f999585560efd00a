"""What measures that work class by class share: the result's shape, and its picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from measurand.measures.shared import bars, columns
from measurand.measures.verdicts import Unassessed
from measurand.results import Axis, Cell, Figure
from measurand.stats.intervals.limits import Limits

__all__ = ["ByClass", "intervals_figure", "zip_limits"]

Part = TypeVar("Part")


@dataclass(frozen=True, eq=False)
class ByClass(Generic[Part]):
    """Result of a measure: a part per class of models, what could not be assessed, and benchmarks' names to show."""

    classes: tuple[Part, ...]
    unassessed: tuple[Unassessed, ...]
    level: float
    names: dict[str, str]


def zip_limits(
    value: npt.NDArray[np.float64], low: npt.NDArray[np.float64], high: npt.NDArray[np.float64]
) -> tuple[Limits, ...]:
    """The limits of each benchmark, from arrays of shape (m,)."""
    return tuple(Limits(*map(float, each)) for each in zip(value, low, high, strict=True))


def intervals_figure(
    name: str,
    title: str,
    caption: str,
    names: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    x: Axis,
    *,
    y: str = "benchmark",
    select: tuple[str, ...] = ("class",),
    rules: tuple[float, ...] = (0.0,),
    **more: Any,
) -> Figure:
    """One interval per row, a class at a time; `y` names the column that labels the rows."""
    of_rows = {"y": Axis(y, y, "nominal"), "label": y, "select": select, "rules": rules, **more}
    return bars(name, title, caption, columns(names, rows), x, **of_rows)
