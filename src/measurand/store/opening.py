"""A store, or files, into a study."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from measurand.errors import InputError
from measurand.readers import read as read_files
from measurand.readers.clusters import with_clusters
from measurand.readers.log import ITEM_COLUMNS, Log
from measurand.readers.runs import Run
from measurand.readers.study import study_of
from measurand.readers.tables.duplicates import Duplicates
from measurand.store.layout import Held, fault, held, is_store, log_of, records_in, require_version
from measurand.store.merging import HeldLog, merged
from measurand.tables import Responses, Study, Unread

__all__ = ["open_study", "read"]


def read(*paths: Any, cluster: str | None = None, **choices: Any) -> Study:
    """Read a store, or anything `measurand.readers.read` reads, into a study.

    Parameters
    ----------
    paths : one store, or tables and logs.
    cluster : key of the items that share a context, such as a passage, so that they count as one cluster; ``"none"``
        if they are independent. By default a key called ``cluster``, or the one that the data show: `with_clusters`.
    choices : `models`, `benchmarks`, `capability`, `lower_is_better`, `as_given`, `aliases` and so on, as there.

    Raises
    ------
    InputError
        A store among other paths, a damaged one or one of another version; else as in `measurand.readers.read`.
    UnknownName
        A name that no benchmark has.
    """
    stores = [path for path in paths if is_store(path)]
    if not stores:
        return with_clusters(read_files(*paths, cluster=cluster, **choices), cluster)
    # A log beside the store may be in it already, and would count twice.
    if len(paths) > 1:
        raise InputError(f"{os.fspath(stores[0])}: a store is read alone; got {len(paths)} paths")
    return with_clusters(open_study(stores[0], cluster=cluster, **choices), cluster)


def open_study(
    path: str | os.PathLike[str],
    *,
    models: Any = None,
    benchmarks: Any = None,
    capability: Sequence[str] | None = None,
    lower_is_better: Sequence[str] | None = None,
    as_given: Sequence[str] = (),
    duplicates: Duplicates | None = None,
    aliases: Mapping[str, str] | str | os.PathLike[str] | None = None,
    correct: Sequence[str] = (),
    reading: str | None = None,
    cluster: str | None = None,
) -> Study:
    """The study in a store, equal to the one `read` makes of its sources but for the order of rows.

    Item-level rows stay on disk until they are asked for. What is damaged is said in `unread`, not used.

    Parameters
    ----------
    path : folder of the store.
    models, benchmarks, capability, lower_is_better, as_given, duplicates, aliases, correct, reading, cluster : as in
        `measurand.readers.read`.

    Raises
    ------
    InputError
        Not a store, one of another version, or one that holds nothing; else as in `measurand.readers.read`.
    UnknownName
        A name that no benchmark has.
    """
    root = Path(path)
    require_version(root)
    records, damage = records_in(root)
    found: list[HeldLog] = []
    in_words = {stored.task for record in records for stored in record.logs if stored.words} if correct else set()
    for record in records:
        for stored, rows in zip(record.logs, held(root, record), strict=True):
            log = log_of(stored)
            if rows is not None and (reason := fault(rows)):
                # Only rows are lost: scores and means stand in the record and stay in the study.
                damage.append(Unread(record.path, reason, stored.source.rows))
                rows = None
            # Which words are right is said only now: the means of these rows are still to be made.
            if rows is not None and stored.task in in_words:
                log = replace(log, items=pl.read_parquet(rows.path).select(*ITEM_COLUMNS), means=None)
            found.append(HeldLog(log, () if rows is None else (rows,)))
    found = merged(found, cluster)
    logs = [each.log for each in found]
    parts = {each.log: each for each in found if each.rows}
    if not logs and not damage:
        raise InputError(f"{root}: the store holds no logs; ingest some (measurand ingest PATH -o {root})")
    study = study_of(
        root.name or str(root),
        logs,
        lambda runs: _responses(runs, parts, cluster),
        models=models,
        benchmarks=benchmarks,
        capability=capability,
        lower_is_better=lower_is_better,
        as_given=as_given,
        duplicates=duplicates,
        aliases=aliases,
        correct=correct,
        reading=reading,
    )
    return replace(study, unread=(*(study.unread or ()), *damage))


def _responses(runs: Sequence[Run], parts: Mapping[Log, HeldLog], cluster: str | None) -> Responses | None:
    """Rows of all runs, scanned: those that stand under their names already at once, the others name by name."""
    files: dict[tuple[str | None, str | None, str | None, Run], list[Held]] = {}
    alike: dict[tuple[object, ...], Run] = {}
    for run in runs:
        for rows in parts[run.log].rows if run.log in parts else ():
            model = None if run.model == rows.part.model else run.model
            benchmark = None if run.benchmark == rows.part.benchmark else run.benchmark
            first = alike.setdefault((model, benchmark, rows.task, rows.part.keys, run.rerun, run.words), run)
            files.setdefault((model, benchmark, rows.task, first), []).append(rows)
    scans = []
    for (model, benchmark, task, run), held_rows in files.items():
        # Given the schema, opening a store opens none of its files.
        columns = held_rows[0].part.columns
        paths = [rows.path for rows in held_rows]
        scan = pl.scan_parquet(paths, schema=columns, glob=False, hive_partitioning=False)
        placed = run.placed(scan, model, benchmark).select(*columns)
        scans.append(placed if task is None else placed.with_columns(pl.lit(task).alias(str(cluster))))
    return Responses(pl.concat(scans, how="diagonal")) if scans else None
