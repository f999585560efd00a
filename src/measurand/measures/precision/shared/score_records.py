"""A model's score on a benchmark with its interval, and all of a study together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from measurand.measures.precision.paired_difference import Comparison
from measurand.measures.verdicts import Unassessed
from measurand.results import Brief
from measurand.tables import State

__all__ = ["Average", "Interval", "Method", "ScoreInterval", "ScoreIntervals"]

Method = Literal["t", "wilson t", "wilson", "exact", "betting", "none"]


@dataclass(frozen=True)
class Interval:
    """An interval and how it was made; NaN limits where it is not defined."""

    low: float
    high: float
    method: Method

    @property
    def half_width(self) -> float:
        """Half of its width, NaN where it is not defined."""
        return (self.high - self.low) / 2


@dataclass(frozen=True, kw_only=True)
class ScoreInterval:
    """The score of one model on one benchmark.

    Parameters
    ----------
    benchmark, reading, model : what the score is of.
    value : mean over items of their mean over epochs.
    stderr : standard error the interval rests on: cluster-robust (CR2) where the items have clusters; NaN if undefined.
    df : its degrees of freedom.
    cr1 : the cluster-robust standard error that Inspect and statsmodels print.
    interval : the interval, clustered where the items have clusters.
    naive : the interval had every item been independent; the same one where no cluster is named.
    design_effect : clustered variance over that of independent items; NaN where no cluster is named or one is not.
    n, clusters, epochs : items, clusters (of independent items as many as items), and most epochs of an item.
    clustered : whether the items have clusters.
    unit : whether every score lies between 0 and 1.
    unscored : how many further items of the model have no score, by why.
    readings : how many ways there are to read the responses.
    """

    benchmark: str
    reading: str | None
    model: str
    value: float
    stderr: float
    df: float
    cr1: float
    interval: Interval
    naive: Interval
    design_effect: float
    n: int
    clusters: int
    epochs: int
    clustered: bool
    unit: bool
    unscored: Mapping[State, int]
    readings: int

    @property
    def bounds(self) -> tuple[float, float]:
        """Mean over all items run had those without a score all failed, and had they all passed."""
        lost = sum(self.unscored.values())
        scored = self.value * self.n
        return scored / (self.n + lost), (scored + lost) / (self.n + lost)


class Average(NamedTuple):
    """A model's average over all benchmarks, with its interval."""

    model: str
    value: float
    interval: Interval
    n: int


@dataclass(frozen=True, kw_only=True, repr=False)
class ScoreIntervals(Brief):
    """Result of `measurand.measures.precision.score_interval.score_intervals`.

    Parameters
    ----------
    scores : one per model and benchmark.
    unassessed : the benchmarks left out.
    averages : of each model that ran every benchmark, in which these weigh the same; empty for one benchmark, and
        where scores are no shares.
    comparison : which models are tied; None for one model.
    nameless : how many items lie in no cluster that is named, in benchmarks where others do.
    """

    scores: tuple[ScoreInterval, ...]
    unassessed: tuple[Unassessed, ...]
    cluster_key: str | None
    level: float
    cluster_shown: bool = False
    averages: tuple[Average, ...] = ()
    comparison: Comparison | None = None
    nameless: int = 0
