"""Benchmarks of which a table repeats one figure on every setting of a model version."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from measurand.readers.tables.raw import shorten

__all__ = ["version_notes"]

LEAST = 2
"""Versions of several settings with equal scores: of one, the two may be equal by chance."""


def version_notes(scores: pl.DataFrame, versions: Sequence[pl.DataFrame]) -> list[str]:
    """What to say of benchmarks that every setting of a version has the same score on, as an index of versions has.

    Parameters
    ----------
    scores : model, benchmark, score.
    versions : model and the version it is a setting of.

    Examples
    --------
    >>> settings = pl.DataFrame({"model": ["a1", "a2", "b1", "b2"], "version": ["a", "a", "b", "b"]})
    >>> scores = pl.DataFrame({"model": ["a1", "a2", "b1", "b2"], "benchmark": "index", "score": [1.0, 1.0, 2.0, 2.0]})
    >>> version_notes(scores, [settings])[0][:60]
    'one figure of a model version (base_model) stands on each of'
    """
    if not versions:
        return []
    known = pl.concat(versions).drop_nulls().unique("model", keep="first", maintain_order=True)
    cells = scores.select("model", "benchmark", "score").join(known, on="model", maintain_order="left")
    several = (
        cells.group_by("benchmark", "version", maintain_order=True)
        .agg(pl.len().alias("rows"), pl.col("score").n_unique().alias("scores"))
        .filter(pl.col("rows") > 1)
    )
    repeated = (
        several.group_by("benchmark", maintain_order=True)
        .agg(pl.len().alias("versions"), pl.col("scores").max())
        .filter(pl.col("versions") >= LEAST, pl.col("scores") == 1)["benchmark"]
    )
    if repeated.is_empty():
        return []
    counts = cells.filter(pl.col("benchmark").is_in(repeated.implode())).group_by("benchmark", maintain_order=True)
    shown = [
        f"{name} ({rows} rows, {count} versions)"
        for name, rows, count in counts.agg(pl.len(), pl.col("version").n_unique()).iter_rows()
    ]
    return [
        "one figure of a model version (base_model) stands on each of its rows, so that rows there are no independent "
        f"models: {shorten(shown)}; aliases of a table with model and base_model (--aliases) make one row of a version"
    ]
