"""The records of P13: two versions cell by cell, what each column shows, and what was renamed or judged otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from measurand.results import Brief, Finding

__all__ = ["Cells", "Column", "Drift", "Interchanged", "ItemsChanged", "Moved", "Renamed", "VerdictChange"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Renamed:
    """A model or benchmark (`kind`) of the old version that the new one calls something else, and what tells so."""

    kind: str
    old: str
    new: str
    why: str


class ItemsChanged(NamedTuple):
    """Items of a benchmark in both versions, and in one alone."""

    both: int
    only_old: int
    only_new: int


@dataclass(frozen=True, kw_only=True)
class Cells:
    """Every model and benchmark of both versions, under the names of the new one.

    Parameters
    ----------
    models, benchmarks : names, sorted.
    old, new : shape (models, benchmarks): scores, NaN where a version has none. Where the same items are in both, of
        these alone.
    low, high : limits of new minus old; NaN where its noise is not known.
    p_value : of no change but noise, two-sided; NaN where the noise is not known.
    same : whether both have it and it is the same.
    unit : shape (benchmarks,): whether all scores lie between 0 and 1.
    method : (model, benchmark) -> how the noise was found, where it is known.
    n : (model, benchmark) -> items in both, where there are some.
    items : by benchmark, where the items are not the same.
    """

    models: tuple[str, ...]
    benchmarks: tuple[str, ...]
    old: Floats
    new: Floats
    low: Floats
    high: Floats
    p_value: Floats
    same: Bools
    unit: Bools
    method: Mapping[tuple[str, str], str]
    n: Mapping[tuple[str, str], int]
    items: Mapping[str, ItemsChanged]

    @property
    def both(self) -> Bools:
        """Which cells both versions have."""
        return np.isfinite(self.old) & np.isfinite(self.new)

    @property
    def noise(self) -> Floats:
        """Half the width of each interval, 0 where there is none."""
        half: Floats = np.nan_to_num((self.high - self.low) / 2)
        return half


@dataclass(frozen=True, kw_only=True)
class VerdictChange:
    """A verdict of an audit of the old version that is another one in an audit of the new."""

    code: str
    title: str
    subject: Mapping[str, str]
    was: Finding
    now: Finding


@dataclass(frozen=True)
class Column:
    """A benchmark with scores in both versions.

    Parameters
    ----------
    benchmark : its name.
    changed, compared : cells that changed, by more than noise where that is known, of those in both versions.
    elsewhere : median share of cells that changed in the other columns of at least 5; NaN with fewer than 2 of them.
    factor : between all new and old scores, where it is one: another unit.
    """

    benchmark: str
    changed: int
    compared: int
    elsewhere: float
    factor: float | None


@dataclass(frozen=True)
class Interchanged:
    """Two models whose new scores on a benchmark are each other's old ones, and how many such pairs chance would make.

    `chance` counts all columns in which two scores or more changed.
    """

    benchmark: str
    models: tuple[str, str]
    chance: float


@dataclass(frozen=True)
class Moved:
    """A model or benchmark (`kind`) that now has the old scores of another one, so many of them.

    `mutual` says whether the other has its old scores in turn.
    """

    kind: str
    name: str
    source: str
    scores: int
    mutual: bool


@dataclass(frozen=True, kw_only=True, repr=False)
class Drift(Brief):
    """Two versions held against each other.

    Parameters
    ----------
    names : what the two versions are called.
    cells : every score of both, by model and benchmark, under the new version's names.
    adjusted : shape (models, benchmarks): p-values of the cells, adjusted for all whose noise is known (Holm).
    columns : benchmarks with scores in both.
    interchanged : pairs of models whose scores on a benchmark may have been interchanged.
    moved : models and benchmarks that have the old scores of another one as a whole.
    renamed : models and benchmarks that the new version calls something else.
    verdicts, verdicts_compared : verdicts that changed, and how many there are in audits of both versions; none where
        the versions were not audited.
    other_settings : codes of measures that were given other settings in the two audits.
    level : of the intervals.
    """

    names: tuple[str, str]
    cells: Cells
    adjusted: Floats
    columns: tuple[Column, ...]
    interchanged: tuple[Interchanged, ...]
    moved: tuple[Moved, ...]
    renamed: tuple[Renamed, ...]
    verdicts: tuple[VerdictChange, ...]
    verdicts_compared: int
    other_settings: tuple[str, ...]
    level: float

    @property
    def changed(self) -> Bools:
        """Which cells are in both versions and not the same."""
        return self.cells.both & ~self.cells.same

    @property
    def gone_with(self) -> Mapping[str, Mapping[str, int]]:
        """Scores that went with a model or benchmark of which nothing is left: kind -> name -> count."""
        return _alone(self.cells, np.isfinite(self.cells.old), np.isfinite(self.cells.new))

    @property
    def came_with(self) -> Mapping[str, Mapping[str, int]]:
        """Scores that came with a model or benchmark that is new: kind -> name -> count."""
        return _alone(self.cells, np.isfinite(self.cells.new), np.isfinite(self.cells.old))

    @property
    def gone(self) -> tuple[tuple[str, str], ...]:
        """Models and benchmarks of scores that went although both are still there."""
        lost = np.isfinite(self.cells.old) & ~np.isfinite(self.cells.new)
        gone = self.gone_with
        pairs = ((self.cells.models[i], self.cells.benchmarks[j]) for i, j in np.argwhere(lost).tolist())
        return tuple(pair for pair in pairs if pair[0] not in gone["model"] and pair[1] not in gone["benchmark"])


def _alone(cells: Cells, here: Bools, there: Bools) -> dict[str, dict[str, int]]:
    """Models, and benchmarks, that one version has and the other has not, with their scores; each score once."""
    models: Bools = np.asarray(here.any(axis=1) & ~there.any(axis=1))
    benchmarks: Bools = np.asarray(here.any(axis=0) & ~there.any(axis=0))
    of_models = here & models[:, None]
    of_benchmarks = here & benchmarks & ~models[:, None]
    return {
        "model": {cells.models[i]: int(of_models[i].sum()) for i in np.flatnonzero(models)},
        "benchmark": {
            cells.benchmarks[j]: int(of_benchmarks[:, j].sum())
            for j in np.flatnonzero(benchmarks)
            if of_benchmarks[:, j].any()
        },
    }
