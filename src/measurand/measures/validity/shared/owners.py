"""Whose the scores on each benchmark are, as V12 finds it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from measurand.measures.validity.shared.by_class import ByClass
from measurand.measures.validity.shared.panel import Panel
from measurand.results import Brief, Status
from measurand.stats.capability.owners import Between, Shared
from measurand.stats.intervals.limits import Limits

__all__ = ["VERDICTS", "ClassOwners", "Owners", "WhoseProperty"]

VERDICTS = {
    "developer": (Status.PASSED, "goes with who made it"),
    "capability": (Status.ISSUE, "goes with capability"),
    "both": (Status.CAUTION, "goes with both"),
    "neither": (Status.CAUTION, "goes with neither"),
    "undecided": (Status.CAUTION, "too few models to tell"),
}
"""What each verdict means, and its words in a row of a table."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Owners:
    """Whose the scores on one benchmark are.

    Parameters
    ----------
    models : places in the panel of the models that count: run on it, and not the only one of their developer there.
    shares : of the variance, with their intervals: capability, developers (the groups), neither, and their difference.
    between : share of the variance between developers as it is, its mean by chance, and its permutation p-value.
    p_developer : of developers beside capability, by permutation.
    within : correlation of ranks with capability within developers, with its interval.
    p_within : of that correlation, by permutation within developers.
    each : developers with at least 4 models, the most first: name, rank correlation with capability, and models.
    """

    benchmark: str
    models: npt.NDArray[np.int64]
    developers: int
    shares: Shared
    between: Between
    p_developer: float
    within: Limits
    p_within: float
    each: tuple[tuple[str, float, int], ...]


@dataclass(frozen=True, eq=False)
class ClassOwners:
    """Whose the benchmarks of one class of models are; `released` is each model's date, None where not known."""

    panel: Panel
    benchmarks: tuple[Owners, ...]
    released: tuple[str | None, ...]


@dataclass(frozen=True, eq=False, repr=False)
class WhoseProperty(Brief, ByClass[ClassOwners]):
    """Result of `whose_property`."""
