"""Every pair of models on every benchmark and on average, and what would settle those that are open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import ndtri

from measurand.measures.precision.shared.differing import Differing
from measurand.measures.precision.shared.model_pairs import BenchmarkComparison, Difference
from measurand.measures.precision.shared.pooled import Weights
from measurand.results import Brief

__all__ = ["MOST_UNITS", "Comparison", "Correction", "difference_settled", "items_to_settle", "units_needed"]

MOST_UNITS = 1_000_000
"""Items beyond which nobody could settle a pair."""
POWER = 0.8
"""Chance that the items said to settle a difference do so: the one customary in planning, and P3's default."""

Correction = Literal["holm", "bh", "none"]


@dataclass(frozen=True, kw_only=True, repr=False)
class Comparison(Brief):
    """Result of `compare`.

    Parameters
    ----------
    benchmarks : each for itself.
    average : of all of them, as if it were one more; None where there is none (`pooled`).
    pair : the two models named, None where all were compared.
    items : those on which the two named differ, the most telling first.
    """

    benchmarks: tuple[BenchmarkComparison, ...]
    average: BenchmarkComparison | None
    pair: tuple[str, ...] | None
    items: tuple[Differing, ...]
    correction: Correction
    weights: Weights
    same_within: float | None
    level: float

    @property
    def main(self) -> BenchmarkComparison | None:
        """What answers for the whole: the average, or the one benchmark there is."""
        return self.benchmarks[0] if len(self.benchmarks) == 1 else self.average

    @property
    def all(self) -> tuple[BenchmarkComparison, ...]:
        """The benchmarks, and their average where there is one."""
        return self.benchmarks if self.average is None else (*self.benchmarks, self.average)


def difference_settled(d: Difference, items: int, level: float) -> float:
    """The smallest difference that so many items like these would settle; NaN where this one has no standard error."""
    if not d.stderr > 0:
        return float("nan")
    return float(_reach(level) * d.stderr * np.sqrt(d.n / items))


def items_to_settle(d: Difference, level: float) -> int | None:
    """Items like these that would settle a difference of the size seen; None where none would, or nobody could."""
    if not d.stderr > 0 or d.value == 0:
        return None
    needed = int(np.ceil(d.n * (_reach(level) * d.stderr / d.value) ** 2))
    return needed if needed <= MOST_UNITS else None


def _reach(level: float) -> float:
    """Standard errors that a difference has to be away from 0 to be found with the customary power."""
    return float(ndtri(0.5 + level / 2) + ndtri(POWER))


def units_needed(d: Difference, benchmark: BenchmarkComparison, result: Comparison) -> int | None:
    """Items, or clusters, that would settle a difference of the size seen; None where there is no advice to give."""
    if not (d.stderr > 0 and d.paired) or d.value == 0:
        return None
    # Of several tasks the items count, whatever clusters each has.
    units = d.clusters if benchmark.cluster_key and benchmark is not result.average else d.n
    needed = units * (_reach(result.level) * d.stderr / d.value) ** 2
    # Fewer than there are happens where t or McNemar is stricter than the normal formula.
    return int(np.ceil(needed)) if needed > units else None
