"""Items under several variants of the prompt as one array, and pieces of wording that measures of variants share."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from measurand.results import Finding, Status
from measurand.tables import ItemTable, Responses, item_tables

__all__ = [
    "Grid",
    "Unassessed",
    "grids",
    "more_items",
    "percent",
    "points",
    "share",
    "stacked",
    "tenth",
    "unassessed_findings",
    "unit_scale",
]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Unassessed:
    """Of what nothing can be said, why, and what would be needed."""

    subject: dict[str, str]
    reason: str
    needs: str


@dataclass(frozen=True, eq=False)
class Grid:
    """One benchmark's scores by model, variant and item.

    Parameters
    ----------
    benchmark : its name.
    models, variants, items : names.
    scores : shape (models, variants, items), NaN where not run, brought to [0, 1] by `unit_scale`.
    within : variance over an item's runs (ddof 1), NaN below two, on the same scale.
    epochs : how many runs are behind each.
    clusters : number of each item's cluster, shape (items,), or None.
    scaled : whether the scores had another range.
    """

    benchmark: str
    models: tuple[str, ...]
    variants: tuple[str, ...]
    items: tuple[str, ...]
    scores: Floats
    within: Floats
    epochs: Ints
    clusters: Ints | None
    scaled: bool


def unit_scale(scores: Floats) -> tuple[float, float]:
    """Origin and length of the range of scores: (0, 1) where all lie in it, else the range seen.

    Examples
    --------
    >>> unit_scale(np.array([0.0, 0.5])), unit_scale(np.array([2.0, np.nan, 10.0]))
    ((0.0, 1.0), (2.0, 8.0))
    """
    low, high = float(np.nanmin(scores)), float(np.nanmax(scores))
    return (0.0, 1.0) if low >= 0 and high <= 1 else (low, (high - low) or 1.0)


def grids(responses: Responses) -> Iterator[Grid]:
    """Each benchmark with all its variants, by the scorer that stands for the run."""
    tables = item_tables(responses, variants=True)
    for benchmark, own in itertools.groupby(tables, key=lambda table: table.benchmark):
        parts = list(own)
        yield stacked(benchmark, parts, [part.variant if part.variant is not None else "unnamed" for part in parts])


def stacked(benchmark: str, tables: Sequence[ItemTable], names: Sequence[str]) -> Grid:
    """Tables of the same items laid over each other, one a variant; models and items are those of any of them."""
    models = tuple(sorted({model for table in tables for model in table.models}))
    items = tuple(sorted({item for table in tables for item in table.items}))
    shape = (len(models), len(tables), len(items))
    scores, within, epochs = np.full(shape, np.nan), np.full(shape, np.nan), np.zeros(shape, dtype=np.int64)
    row, column = ({name: place for place, name in enumerate(known)} for known in (models, items))
    places = []
    for k, table in enumerate(tables):
        i, j = np.array([row[name] for name in table.models]), np.array([column[name] for name in table.items])
        cells = i[:, None], k, j[None, :]
        scores[cells], within[cells], epochs[cells] = table.scores, table.within, table.epochs
        places.append(j)
    low, length = unit_scale(scores)
    return Grid(
        benchmark,
        models,
        tuple(names),
        items,
        (scores - low) / length,
        within / length**2,
        epochs,
        _clusters(tables, places, len(items)),
        (low, length) != (0.0, 1.0),
    )


def _clusters(tables: Sequence[ItemTable], places: Sequence[Ints], items: int) -> Ints | None:
    """Items that share a cluster in any table: the numbers of clusters differ from table to table."""
    ends: list[tuple[Ints, Ints]] = []
    nodes = items
    for table, place in zip(tables, places, strict=True):
        if table.clusters is not None:
            ends.append((place, nodes + table.clusters))
            nodes += int(table.clusters.max()) + 1
    if not ends:
        return None
    i, j = (np.concatenate(side) for side in zip(*ends, strict=True))
    _, codes = connected_components(coo_array((np.ones(len(i)), (i, j)), shape=(nodes, nodes)), directed=False)
    result: Ints = np.unique(codes[:items], return_inverse=True)[1].astype(np.int64)
    return result


def percent(value: float) -> str:
    """A share as a sentence shows it: whole percent, one decimal below 10%, and never 0% or 100% of what is not.

    Examples
    --------
    >>> [percent(value) for value in (0.214, 0.034, 0.0, 0.0004, 1.0, 0.998)]
    ['21%', '3.4%', '0%', '0.1%', '100%', '99.8%']
    """
    value = 100 * value
    if 0 < value < 0.1:
        value = 0.1
    if 99.9 < value < 100:
        value = 99.9
    fine = 0 < value < 10 or 95 < value < 100
    return f"{value:.1f}".removesuffix(".0") + "%" if fine else f"{value:.0f}%"


def share(value: float, low: float, high: float) -> str:
    """A share with its interval, such as ``21% [15% to 28%]``."""
    return f"{percent(value)} [{percent(low)} to {percent(high)}]"


def points(value: float) -> str:
    """A difference of scores in [0, 1] in points.

    Examples
    --------
    >>> points(0.02), points(0.134), points(0.01)
    ('2 points', '13.4 points', '1 point')
    """
    text = tenth(value)
    return f"{text} point" if text in ("1", "-1") else f"{text} points"


def tenth(value: float) -> str:
    """The number of points alone, to a tenth."""
    text = f"{100 * value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def more_items(value: float, low: float, high: float, n: int, bound: float, *, most: int = 100_000) -> int | None:
    """Further items at which the interval would no longer reach across the bound; None if beyond counting.

    The interval is taken to shrink as 1 / sqrt(n) towards a value that stays where it is.

    Examples
    --------
    >>> more_items(0.08, 0.04, 0.12, 100, 0.10)
    300
    """
    half = high - value if bound > value else value - low
    if bound == value or not math.isfinite(half):
        return None
    needed = math.ceil(n * max((half / (bound - value)) ** 2, 1.0) - 1e-6) - n
    rounded = int(float(f"{needed:.2g}"))
    return rounded if 0 < rounded <= most else None


def unassessed_findings(code: str, title: str, unassessed: Sequence[Unassessed]) -> list[Finding]:
    """A visible row for everything that cannot be assessed."""
    return [
        Finding(code, row.subject, title, Status.NOT_APPLICABLE, f"Not assessed: {row.reason}; needs {row.needs}.")
        for row in unassessed
    ]
