"""Columns of a table that are one column twice, and rows that are one row twice: the same scores under two names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import polars as pl

from measurand.readers.tables.raw import shorten
from measurand.wording import listed, plural

__all__ = ["copy_notes"]

Floats = npt.NDArray[np.float64]

LEAST_DIFFERENT = 5
"""Different scores that two columns must share: of fewer, or of coarser ones, equal columns can come by chance."""

DECIMALS = 9
"""Beyond these a difference is one of floating point."""


def copy_notes(scores: pl.DataFrame) -> list[str]:
    """What to say of benchmarks, and of models, whose scores are all those of another.

    Benchmarks on another scale, or turned round, are copies as well: two that measure something each never agree in
    five or more scores to the last digit.

    Parameters
    ----------
    scores : rows ``model, benchmark, score``.

    Examples
    --------
    >>> values = [0.41, 0.52, 0.47, 0.73, 0.66]
    >>> table = pl.DataFrame({"model": [*"abcde"] * 2, "benchmark": ["x"] * 5 + ["y"] * 5, "score": values * 2})
    >>> copy_notes(table)
    ["'x' and 'y' hold the same scores of all 5 models: they are one benchmark twice, or a copy by mistake"]
    """
    notes = []
    for names, same, count in _alike(scores, "benchmark", "model", scaled=True):
        how = "hold the same scores of" if same else "are the same but for their scale or direction, for"
        notes.append(
            f"{_quoted(names)} {how} all {plural(count, 'model')}: they are one benchmark twice, or a copy by mistake"
        )
    models = [_quoted(names) for names, _, _ in _alike(scores, "model", "benchmark", scaled=False)]
    if models:
        notes.append(
            f"models with the same score on every benchmark, which may be one model twice or copied rows: "
            f"{shorten(models, 5)}"
        )
    return notes


def _quoted(names: list[str]) -> str:
    return listed([repr(name) for name in names])


def _alike(scores: pl.DataFrame, key: str, across: str, *, scaled: bool) -> Iterator[tuple[list[str], bool, int]]:
    """Groups of names that have the same scores, whether to the letter, and how many; on any scale if `scaled`."""
    groups: dict[tuple[tuple[str, ...], bytes], list[tuple[str, Floats]]] = defaultdict(list)
    lines = scores.sort(across).group_by(key, maintain_order=True).agg(across, "score")
    for name, others, values in lines.iter_rows():
        own = np.array(values, dtype=np.float64)
        if len(np.unique(own)) >= LEAST_DIFFERENT:
            shape = _shape(own) if scaled else own
            groups[tuple(others), np.round(shape, DECIMALS).tobytes()].append((name, own))
    for found in groups.values():
        if len(found) > 1:
            names, each = zip(*sorted(found, key=lambda one: one[0]), strict=True)
            yield list(names), bool(np.allclose(each[0], each[1:], rtol=0, atol=10.0**-DECIMALS)), len(each[0])


def _shape(values: Floats) -> Floats:
    """Values from 0 to 1, turned so that a column and its mirror image look alike."""
    from_0 = np.round((values - values.min()) / np.ptp(values), DECIMALS)
    mirrored = np.round(1 - from_0, DECIMALS)
    result: Floats = min(from_0, mirrored, key=lambda one: one.tolist())
    return result
