"""What P9 compares: models on the same items and in the same variants of one benchmark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from measurand.errors import NotApplicable
from measurand.tables import ItemTable
from measurand.wording import plural

__all__ = ["LEAST_ITEMS", "Cube", "chosen", "cube_of"]

LEAST_ITEMS, LEAST_SHARE = 10, 0.5
"""Items all models ran; share of them a model has to have run, or it would take the items away from the others."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Cube:
    """One benchmark's models on what all of them ran.

    Parameters
    ----------
    tables : one per variant.
    models, scores : names, and scores of shape (models, variants, items).
    clusters : number of each item's cluster; None if they are independent.
    left_out : models that ran fewer than half of the items.
    """

    tables: tuple[ItemTable, ...]
    models: tuple[str, ...]
    scores: Floats
    clusters: npt.NDArray[np.int64] | None
    left_out: tuple[str, ...]


def chosen(tables: Sequence[ItemTable]) -> Cube:
    """All variants where enough was run in all of them, else the variant with most cells."""
    if len(tables) > 1:
        try:
            return cube_of(tables)
        except NotApplicable:
            pass
    # Rather all models in one variant than few in all: ranks are about who is in them.
    return cube_of([max(tables, key=lambda table: int(np.isfinite(table.scores).sum()))])


def cube_of(tables: Sequence[ItemTable]) -> Cube:
    """Scores on what all models ran, without the models that ran fewer than half of it.

    Raises
    ------
    NotApplicable
        Fewer than two models, or fewer than 10 items that all of them ran.
    """
    everyone = sorted({model for table in tables for model in table.models})
    items = sorted({item for table in tables for item in table.items})
    place_of = ({name: i for i, name in enumerate(everyone)}, {name: i for i, name in enumerate(items)})
    scores = np.full((len(everyone), len(tables), len(items)), np.nan)
    for v, table in enumerate(tables):
        rows, cells = [place_of[0][name] for name in table.models], [place_of[1][name] for name in table.items]
        scores[np.ix_(rows, [v], cells)] = table.scores[:, None, :]
    ran = np.isfinite(scores).all(axis=1)
    kept = ran.mean(axis=1) >= LEAST_SHARE * ran.any(axis=0).mean()
    kept &= ran.any(axis=1)
    # Items of all models, not of each pair: only then do the pairwise orders add up to one ranking.
    shared = ran[kept].all(axis=0)
    if kept.sum() < 2:
        raise NotApplicable(f"{plural(int(kept.sum()), 'model')} ran it", needs="at least 2 models")
    if shared.sum() < LEAST_ITEMS:
        run = plural(int(shared.sum()), "item", "was run")
        raise NotApplicable(f"{run} by all {kept.sum()} models", needs=f"at least {LEAST_ITEMS} items")
    clusters = _clusters(tables, items)
    return Cube(
        tuple(tables),
        tuple(name for name, keep in zip(everyone, kept, strict=True) if keep),
        scores[kept][:, :, shared],
        None if clusters is None else np.unique(clusters[shared], return_inverse=True)[1],
        tuple(name for name, keep in zip(everyone, kept, strict=True) if not keep),
    )


def _clusters(tables: Sequence[ItemTable], items: Sequence[str]) -> npt.NDArray[np.int64] | None:
    """Number of each item's cluster: tables number theirs apart, so items that share one in any come together."""
    if all(table.clusters is None for table in tables):
        return None
    number = {item: i for i, item in enumerate(items)}
    for table in tables:
        if table.clusters is None:
            continue
        first: dict[int, str] = {}
        for item, code in zip(table.items, table.clusters, strict=True):
            number[item] = number[first.setdefault(int(code), item)]
    return np.array([number[item] for item in items], dtype=np.int64)
