"""Items under several variants of the prompt, laid out as one array."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from measurand.names import settings_in
from measurand.tables import ItemTable, Responses, item_tables

__all__ = ["Grid", "grids", "stacked", "unit_scale"]

OF_PROMPTS = frozenset(
    (
        *("shots", "num_fewshot", "fewshot", "fewshot_as_multiturn", "prompt", "prompt_template", "template"),
        *("system_message", "system_prompt", "system_instruction", "chat_template"),
    )
)
"""Settings of a run that are variants of its prompt."""

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False, kw_only=True)
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
    # Scores within [0, 1] are left as they are: stretched to the range seen, a point would no longer be a point.
    return (0.0, 1.0) if low >= 0 and high <= 1 else (low, (high - low) or 1.0)


def grids(responses: Responses, *, settings: bool = False) -> Iterator[Grid]:
    """Each benchmark with all its variants, by the reading that stands for the run.

    Parameters
    ----------
    responses : item-level results.
    settings : whether the shots and instructions that set a model's runs apart are variants of the one prompt.
    """
    # One reading only: two metrics of the same answer would count as two prompts.
    tables = item_tables(responses, variants=True)
    for benchmark, own in itertools.groupby(tables, key=lambda table: table.benchmark):
        parts = list(own)
        named = {part.variant if part.variant is not None else "unnamed": part for part in parts}
        if settings and len(parts) == 1 and len(prompts := _by_prompt(parts[0])) > 1:
            named = prompts
        yield stacked(benchmark, list(named.values()), list(named))


def _by_prompt(table: ItemTable) -> dict[str, ItemTable]:
    """The rows of models under several prompts laid apart, a table for each prompt; empty where there are none."""
    rows: dict[str, dict[str, str]] = {}
    for name in table.models:
        model, settings = settings_in(name)
        if settings and settings.keys() <= OF_PROMPTS:
            rows.setdefault(", ".join(f"{key}={value}" for key, value in settings.items()), {})[name] = model
    return {prompt: replace(table.only(list(own)), models=tuple(own.values())) for prompt, own in rows.items()}


def stacked(benchmark: str, tables: Sequence[ItemTable], names: Sequence[str]) -> Grid:
    """Tables of the same items laid over each other, one per variant; models and items are those of any of them."""
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
        benchmark=benchmark,
        models=models,
        variants=tuple(names),
        items=items,
        scores=(scores - low) / length,
        within=within / length**2,
        epochs=epochs,
        clusters=_clusters(tables, places, len(items)),
        scaled=(low, length) != (0.0, 1.0),
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
    # Components, as sharing is transitive: a passage in one table may join two clusters of another.
    result: Ints = np.unique(codes[:items], return_inverse=True)[1].astype(np.int64)
    return result
