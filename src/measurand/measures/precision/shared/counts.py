"""Counts of right answers or failures, from item-level results or as stated, and which results can be counted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from measurand.stats.intervals.clustered import cluster_sums
from measurand.tables import ItemTable

__all__ = ["Counted", "independent_trials", "once_right_or_wrong", "within_unit"]


@dataclass(frozen=True)
class Counted:
    """Events in trials that may count as independent.

    Parameters
    ----------
    count, trials : events, and independent trials.
    unit : what one trial is, in the singular: ``"trial"``, ``"item"`` or ``"cluster"``.
    """

    count: int
    trials: int
    unit: str


def independent_trials(table: ItemTable, row: int, event: float) -> Counted:
    """How many items had the event in any epoch; how many clusters had it in any item, where items have clusters.

    Items of one cluster, or repeats of an item, are no independent trials, so each cluster (or item) counts once. The
    share of clusters with an event is no smaller than the share of items with one.

    Parameters
    ----------
    table : scores that are 0 or 1.
    row : which model.
    event : the score, 0 or 1, that is counted.

    Examples
    --------
    >>> table = ItemTable.of("b", ["m"], np.array([[1.0, 1.0, 0.0, 1.0]]), np.array([0, 0, 1, 2]))
    >>> independent_trials(table, 0, 0.0)
    Counted(count=1, trials=3, unit='cluster')
    """
    scores = table.scores[row]
    ran = np.isfinite(scores)
    # Any epoch: a failure in one of ten runs is a failure seen, though the mean score is .9.
    happened: npt.NDArray[np.float64] = np.where(ran, scores != 1 - event, np.nan)
    if table.clusters is None:
        return Counted(int(np.nansum(happened)), int(ran.sum()), "item")
    sums = cluster_sums(happened[None], table.clusters)
    # Conservative on purpose: averaging within clusters would hide one failure among many passes.
    return Counted(int((sums.total[0] > 0).sum()), int((sums.count[0] > 0).sum()), "cluster")


def once_right_or_wrong(table: ItemTable) -> bool:
    """Whether every score is one independent answer, 0 or 1, so that exact tests of counts hold."""
    return table.clusters is None and table.binary and bool(table.epochs.max() <= 1)


def within_unit(table: ItemTable) -> bool:
    """Whether every score lies between 0 and 1, as shares do."""
    # Without a copy of what may be a hundred million cells; fmin and fmax pass over cells that were not run.
    low = np.fmin.reduce(table.scores, axis=None, initial=np.inf)
    return bool(low >= 0 and np.fmax.reduce(table.scores, axis=None, initial=-np.inf) <= 1)
