"""Scores as proportions, and the models and benchmarks that hang together through them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from measurand.errors import NotApplicable
from measurand.measures.shared import family_codes
from measurand.stats.capability.capabilities import blocks_left_out, of_those_run
from measurand.stats.capability.stitching import Cells, fit_scale
from measurand.stats.intervals.correlation import at_least_independent
from measurand.stats.intervals.ranks import correlate
from measurand.tables import Scores
from measurand.tables.dates import decimal_year
from measurand.wording import listed, plural

__all__ = ["LEAST_BENCHMARKS", "Proportions", "cells_of", "connected", "dates_of", "proportions", "rising"]

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

LEAST_BENCHMARKS, LEAST_ON = 3, 5
"""Benchmarks that a model, and models that a benchmark, has to have: each benchmark has two unknowns."""
# As for the capabilities score of V1, which this scale can stand in for.
LEAST_MODELS = 8

_LEVEL_OF_DIRECTION = 0.95
"""As for the capabilities score: below 0 with the whole of this interval, a benchmark runs against the others."""


@dataclass(frozen=True, eq=False)
class Proportions:
    """Scores from 0 to 1, higher is better.

    Parameters
    ----------
    models, benchmarks : names.
    values : shape (models, benchmarks), NaN where not run.
    notes : what was left out.
    """

    models: tuple[str, ...]
    benchmarks: tuple[str, ...]
    values: Floats
    notes: tuple[str, ...]


def proportions(scores: Scores, benchmarks: Sequence[str]) -> Proportions:
    """Scores as shares of each benchmark's maximum; benchmarks without a known one are left out unless in [0, 1].

    Raises
    ------
    NotApplicable
        None of the benchmarks has such scores that differ between models.
    """
    models = tuple(scores.models["model"])
    values = scores.matrix(models, benchmarks)
    worse = np.array([way == "worse" for way in scores.benchmark_fact("higher_is", benchmarks)])
    raw = np.where(worse, -values, values)
    told = scores.benchmark_fact("maximum", benchmarks)
    most = np.array([1.0 if maximum is None else float(str(maximum)) for maximum in told])
    with np.errstate(invalid="ignore"):
        share = np.where(worse, 1 - raw / most, raw / most)
    outside: Mask = (np.fmax.reduce(share, axis=0) > 1) | (np.fmin.reduce(share, axis=0) < 0)
    same: Mask = ~outside & ~(np.fmax.reduce(share, axis=0) > np.fmin.reduce(share, axis=0))
    notes = []
    for mask, why in ((outside, "not between 0 and a known maximum"), (same, "the same for every model")):
        if mask.any():
            left = ", ".join(benchmarks[place] for place in np.flatnonzero(mask).tolist()[:5])
            more = f" and {mask.sum() - 5} more" if mask.sum() > 5 else ""
            notes.append(f"left out, scores {why}: {left}{more}")
    # A benchmark on which no models differ has no place on the scale.
    kept = ~outside & ~same
    if not kept.any():
        raise NotApplicable(
            "no benchmark has scores from 0 to a known maximum that differ between models",
            needs="scores in [0, 1], or the maximum of each benchmark",
        )
    names = tuple(benchmarks[place] for place in np.flatnonzero(kept).tolist())
    return Proportions(models, names, share[:, kept], tuple(notes))


def connected(found: Proportions) -> Proportions:
    """The largest part of the table that hangs together, with enough scores in every row and column.

    Raises
    ------
    NotApplicable
        Nothing is left that could be put on one scale.
    """
    run = np.isfinite(found.values)
    rows, columns = np.ones(len(found.models), dtype=bool), np.ones(len(found.benchmarks), dtype=bool)
    few = parts = 0
    while True:
        kept = run & rows[:, None] & columns
        still_rows, still_columns = kept.sum(axis=1) >= LEAST_BENCHMARKS, kept.sum(axis=0) >= LEAST_ON
        if (still_rows != rows).any() or (still_columns != columns).any():
            rows, columns = still_rows, still_columns
            continue
        few = few or int((~rows).sum())
        labels, count = _parts(kept)
        if count < 2:
            break
        parts = count
        largest = np.bincount(labels[: len(rows)][rows]).argmax()
        rows, columns = rows & (labels[: len(rows)] == largest), columns & (labels[len(rows) :] == largest)
    if rows.sum() < LEAST_MODELS or columns.sum() < LEAST_BENCHMARKS:
        raise NotApplicable(
            f"{plural(int(rows.sum()), 'model')} and {plural(int(columns.sum()), 'benchmark')} hang together",
            needs=f"at least {LEAST_MODELS} models with {LEAST_BENCHMARKS} benchmarks each, and {LEAST_ON} models per "
            "benchmark, that all hang together through shared benchmarks",
        )
    notes = list(found.notes)
    if few:
        notes.append(
            f"{plural(few, 'model')} left out: on fewer than {LEAST_BENCHMARKS} of the benchmarks that are shared"
        )
    if parts:
        notes.append(
            f"the table falls into {parts} parts that share no benchmark; the largest, of {int(rows.sum())} models, is "
            "used: models of two parts cannot be compared"
        )
    return Proportions(
        tuple(found.models[place] for place in np.flatnonzero(rows).tolist()),
        tuple(found.benchmarks[place] for place in np.flatnonzero(columns).tolist()),
        found.values[np.ix_(rows, columns)],
        tuple(notes),
    )


def _parts(kept: Mask) -> tuple[npt.NDArray[np.int32], int]:
    """Part of each row and then column, and how many parts have more than one."""
    row, column = np.nonzero(kept)
    size = sum(kept.shape)
    graph = coo_array((np.ones(len(row)), (row, column + len(kept))), shape=(size, size))
    _, labels = connected_components(graph, directed=False)
    return labels, int((np.bincount(labels) > 1).sum())


def cells_of(found: Proportions, anchor: int) -> Cells:
    """The cells that were run, with the number of the benchmark whose difficulty is 0."""
    run = np.isfinite(found.values)
    model, benchmark = np.nonzero(run)
    return Cells(model, benchmark, found.values[run], anchor)


def rising(found: Proportions, scores: Scores) -> Proportions:
    """The table without benchmarks whose scores clearly fall along the scale, which V7 refuses to sum up, too."""
    run = np.isfinite(found.values)
    count = run.sum(axis=0)
    along = fit_scale(cells_of(found, int(count.argmax()))).capability
    families = family_codes(found.models, scores.model_fact("family", found.models))[0]
    left_out = blocks_left_out(families)
    rho = correlate(along, found.values, np.ones((1, len(families))))[0]
    replicates = correlate(np.repeat(along, len(left_out), axis=0), found.values, left_out)
    known = at_least_independent(rho, of_those_run(replicates, left_out, found.values), count)
    falls: Mask = known.limits(_LEVEL_OF_DIRECTION)[1] < 0
    if not falls.any():
        return found
    left = listed([found.benchmarks[place] for place in np.flatnonzero(falls).tolist()])
    note = f"left out, scores clearly fall as those on the other benchmarks rise: {left}"
    kept = tuple(found.benchmarks[place] for place in np.flatnonzero(~falls).tolist())
    return connected(replace(found, benchmarks=kept, values=found.values[:, ~falls], notes=(*found.notes, note)))


def dates_of(scores: Scores, models: Sequence[str]) -> Floats:
    """Release dates of models as years, NaN where not known."""
    dates = scores.model_fact("release_date", models)
    return np.array([np.nan if date is None else decimal_year(str(date)) for date in dates])
