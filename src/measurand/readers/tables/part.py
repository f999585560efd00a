"""What one table says, once its columns have a meaning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import polars as pl

from measurand.readers.tables.raw import ROW, RawTable

__all__ = ["Part"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Part:
    """What one table says.

    Parameters
    ----------
    table : where it came from; of its cells only the names of models and benchmarks are kept.
    scores : model, benchmark, score and, where the table has them, stderr and n_items; no missing score. None if the
        table holds facts alone.
    models, benchmarks : facts from its columns; None where it has none.
    notes : what was decided or left out.
    runs : the model as the table names it, by the name of each of its runs.
    differ : columns that tell rows of one model apart.
    versions : model and the version it is a setting of; None where the table does not say.
    """

    table: RawTable
    scores: pl.DataFrame | None = None
    models: pl.DataFrame | None = None
    benchmarks: pl.DataFrame | None = None
    notes: tuple[str, ...] = ()
    runs: Mapping[str, str] = field(default_factory=dict)
    differ: tuple[str, ...] = ()
    versions: pl.DataFrame | None = None

    def rows(self, model: str, benchmark: str) -> list[int]:
        """Rows in which a score may stand; none if the table has no such score."""
        wanted = {"model": model, "benchmark": benchmark}
        cell = [pl.col(key) == name for key, name in wanted.items()]
        if self.scores is None or self.scores.filter(*cell).is_empty():
            return []
        keys = [key for key in wanted if key in self.table.frame.columns]
        return self.table.frame.filter(*(pl.col(key) == wanted[key] for key in keys))[ROW].to_list()

    def place(self, model: str, benchmark: str) -> str | None:
        """File and line (or row) of a score, or None if the table has no such score."""
        rows = self.rows(model, benchmark)
        return f"{self.table.name}, {self.table.place(rows[0])}" if rows else None

    def renamed(self, key: str, names: Mapping[str, str]) -> Part:
        """The same with models (or benchmarks) under new names, but for its facts, which keep theirs."""
        frame = self.table.frame
        if key in frame.columns:
            frame = frame.with_columns(pl.col(key).replace(names))
        scores = None if self.scores is None else self.scores.with_columns(pl.col(key).replace(names))
        return replace(self, table=replace(self.table, frame=frame), scores=scores)
