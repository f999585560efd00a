"""Capabilities correlations of the benchmarks of each class of models, as V1 finds them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from measurand.measures.validity.shared.by_class import ByClass
from measurand.measures.validity.shared.panel import Panel
from measurand.results import Brief
from measurand.stats.capability.capabilities import DEFAULT, Correlations
from measurand.stats.intervals.correlation import OnZScale
from measurand.stats.intervals.limits import Limits

__all__ = ["CapabilitiesCorrelation", "ClassCorrelations", "limits"]


@dataclass(frozen=True, eq=False)
class ClassCorrelations:
    """Capabilities correlations within one class of models.

    Parameters
    ----------
    panel : the models and the capabilities score.
    benchmarks : names of the m benchmarks assessed, capability benchmarks first.
    correlations : estimates and candidate intervals, shape (m,) each.
    left_out : for each of the k capability benchmarks, the correlation with the score made without itself.
    asked : whether the further intervals of the detail view were asked for.
    """

    panel: Panel
    benchmarks: tuple[str, ...]
    correlations: Correlations
    left_out: OnZScale
    asked: bool = True

    @cached_property
    def under_test(self) -> npt.NDArray[np.bool_]:
        """Which of the benchmarks are under test, shape (m,)."""
        return np.array([name not in self.panel.capability for name in self.benchmarks])


@dataclass(frozen=True, eq=False, repr=False)
class CapabilitiesCorrelation(Brief, ByClass[ClassCorrelations]):
    """Result of `capabilities_correlation`; also the area of each benchmark, and those published as one of safety."""

    areas: dict[str, str]
    safety: frozenset[str]


def limits(part: ClassCorrelations, j: int, method: str = DEFAULT) -> Limits:
    """The correlation of one benchmark with its interval by one method."""
    found = part.correlations
    return Limits(float(found.value[j]), float(found.low[method][j]), float(found.high[method][j]))
