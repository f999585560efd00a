"""Large tables of item-level results in Parquet: scanned where they lie, since as rows of text they take gigabytes.

A Parquet file says what its columns are, so that one with clean names and numbers needs no reading cell by cell. Any
other is read as tables are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import polars as pl

from measurand.readers.log import ItemMean, Log, items_frame
from measurand.readers.parquet import require_harmless
from measurand.readers.tables.numbers import UNNAMED
from measurand.results import Source
from measurand.tables import LARGEST, RESPONSE_COLUMNS, ItemTable, Responses, item_tables

__all__ = ["scan"]

LEAST = 1_000_000
"""Rows from which a table is scanned."""

BATCH = 1 << 18
"""Names that are looked at at a time."""

_TEXT = ("model", "benchmark", "item")


def scan(path: Path, names: Mapping[str, str], others: Sequence[str]) -> list[Log] | None:
    """The runs in a Parquet file, with its rows left where they are; None if it has to be read cell by cell.

    Parameters
    ----------
    path : the file.
    names : its columns by what they hold: ``model``, ``item``, ``score`` and, if there are such, ``benchmark`` and
        ``epoch``; a file that holds more than these and keys of its items is read.
    others : columns from which the cluster can be chosen.
    """
    if {*names} - {*_TEXT, "score", "epoch"} or any(name in RESPONSE_COLUMNS for name in others):
        return None
    require_harmless(path)
    frame = pl.scan_parquet(path, glob=False, hive_partitioning=False)
    schema = frame.collect_schema()
    kinds = [schema[name] for what, name in names.items() if what in ("score", "epoch")]
    if not all(kind.is_numeric() or kind == pl.Boolean for kind in kinds):
        return None
    if frame.select(pl.len()).collect().item() < LEAST or _nameless(frame, names):
        return None
    columns: dict[str, pl.Expr] = {what: pl.col(name).cast(RESPONSE_COLUMNS[what]) for what, name in names.items()}
    columns["score"] = columns["score"].fill_nan(None)
    columns = {"benchmark": pl.lit(path.stem), "epoch": pl.lit(1, pl.Int32), **columns}
    every = [columns.get(name, pl.lit(None, dtype=kind)).alias(name) for name, kind in RESPONSE_COLUMNS.items()]
    responses = Responses(frame.select(*every, *others))
    tables = list(item_tables(responses))
    # Repeats that no column numbers may be copies, which are told row by row.
    if not all(_clean(table) and ("epoch" in names or int(table.epochs.max()) <= 1) for table in tables):
        return None
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return [
        Log(
            source=Source(str(path), digest, "parquet", int(table.epochs[row].sum() + table.unscored[row])),
            harness="items",
            harness_version=None,
            model=model,
            task=table.benchmark,
            task_version=None,
            items=items_frame(),
            facts={"benchmark_column": names["benchmark"]} if "benchmark" in names else {},
            means=(_mean(table, row),),
            rows=responses,
        )
        for table in tables
        for row, model in enumerate(table.models)
    ]


def _nameless(frame: pl.LazyFrame, names: Mapping[str, str]) -> bool:
    """Whether some row names no model, item or benchmark."""
    of_names = [pl.col(names[what]).null_count().alias(what) for what in _TEXT if what in names]
    return any(frame.select(of_names).collect(engine="streaming").row(0))


def _clean(table: ItemTable) -> bool:
    """Whether every name is a name as it stands, and every score a number that can be computed with."""
    names = (table.benchmark, *table.models)
    parts = (table.items[start : start + BATCH] for start in range(0, len(table.items), BATCH))
    if any(_odd(pl.Series(part)) for part in (names, *parts)):
        return False
    return bool(max(np.nanmax(table.scores), -np.nanmin(table.scores)) <= LARGEST)


def _odd(names: pl.Series) -> bool:
    return bool(((names.str.strip_chars() != names) | names.str.to_lowercase().is_in(UNNAMED)).any())


def _mean(table: ItemTable, row: int) -> ItemMean:
    given = table.scores[row][np.isfinite(table.scores[row])]
    spread = float(given.std(ddof=1)) if len(given) > 1 else 0.0
    stderr = spread / float(np.sqrt(len(given))) if spread > 0 else None
    return ItemMean(table.reading, float(given.mean()), stderr, len(given))
