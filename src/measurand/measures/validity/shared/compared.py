"""Texts of a benchmark that are compared with one another: which are drawn, how alike they are, which are repeated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from measurand.errors import InputError
from measurand.stats.texts.diversity import Duplicates, cosine, duplicates, similar, unit
from measurand.stats.texts.groups import whole_groups
from measurand.stats.texts.two_sample import text_features, text_rows
from measurand.tables.texts import Texts

__all__ = ["Drawn", "Embedding", "drawn", "repeated_in", "similarity_of"]

Floats = npt.NDArray[np.float64]
Embedding = Callable[[Sequence[str]], Floats]
"""Turns texts into vectors, shape (texts, dimensions)."""


class Drawn(NamedTuple):
    """Texts of a set, the group of each, and whether the groups are known."""

    texts: list[str]
    groups: npt.NDArray[np.int64]
    known: bool


def drawn(texts: Texts, name: str, most: int, rng: np.random.Generator) -> Drawn:
    """Texts of a set, of more than so many some drawn at random, in whole groups."""
    own, known = texts.of(name), texts.groups(name)
    groups = np.arange(len(own)) if known is None else known
    chosen = whole_groups(groups, most, rng)
    return Drawn([own[place] for place in chosen.tolist()], groups[chosen], known is not None)


def _embedded(texts: Sequence[str], embed: Embedding) -> Floats:
    vectors = np.asarray(embed(texts), dtype=np.float64)
    if vectors.ndim != 2 or len(vectors) != len(texts) or not np.isfinite(vectors).all():
        raise InputError(
            f"embed should give a finite vector per text, shape ({len(texts)}, dimensions), got shape {vectors.shape}"
        )
    return vectors


def similarity_of(texts: Sequence[str], embed: Embedding | None) -> Floats:
    """Cosine similarity of each two texts, shape (texts, texts)."""
    if embed is not None:
        return cosine(_embedded(texts, embed))
    found = text_features(texts)
    # A text without any counted word has a zero vector, which is not even like itself.
    np.fill_diagonal(found, 1.0)
    return found


def repeated_in(texts: Sequence[str], embed: Embedding | None, alike: float, level: float) -> Duplicates:
    """Near-duplicates among all items: exact copies as they are, the others by their vectors."""
    copies = Counter(texts)
    unlike = list(copies)
    rows = text_rows(unlike) if embed is None else unit(_embedded(unlike, embed))
    return duplicates(similar(rows, alike), level, np.array(list(copies.values())))
