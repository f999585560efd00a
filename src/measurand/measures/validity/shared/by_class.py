"""What measures that work class by class share: the result's shape."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

from measurand.measures.verdicts import Unassessed
from measurand.stats.intervals.limits import Limits

__all__ = ["ByClass", "zip_limits"]

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
