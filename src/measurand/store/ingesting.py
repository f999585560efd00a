"""Logs into a store: read each once, write its rows and then its record, and tidy up at the end."""

from __future__ import annotations

import hashlib
import io
import math
import os
from collections.abc import Callable, Container, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import msgspec
import polars as pl

from measurand.compute import run_tasks
from measurand.errors import InputError
from measurand.files import require_writable, write_atomically
from measurand.names import benchmark_of, model_of
from measurand.readers.log import Log
from measurand.readers.logs import LogPath, read_log
from measurand.readers.runs import item_means
from measurand.readers.tables.raw import shorten
from measurand.store.layout import (
    ITEMS,
    LOCK,
    LOGS,
    MANIFEST,
    PART_NAME,
    ROOT,
    SCHEMA_VERSION,
    TEMPORARY,
    Part,
    Record,
    Root,
    StoredLog,
    as_json,
    clean,
    fault,
    held,
    is_store,
    locked,
    part_path,
    record_at,
    record_path,
    records_in,
    require_version,
    sealed,
    written,
)
from measurand.store.manifest import Manifest, manifest_of
from measurand.store.sources import Paths, find_sources, key_of, state_of
from measurand.tables import RESPONSE_COLUMNS

__all__ = ["ingest"]

TRIES = 3
"""Times a source is read that changes meanwhile, as the log of a running evaluation does."""


def ingest(
    paths: Paths,
    store: str | os.PathLike[str],
    *,
    jobs: int = 1,
    progress: Callable[[str, int, int], None] | None = None,
) -> Manifest:
    """Read logs into a store; sources that are there already and have not changed are skipped.

    A source is known by its path as given: name it the same way each time. One that has changed replaces what it was,
    one that has become part of another's run (samples whose results came later) gives way to it, and one that is gone
    from its folder stays in the store. It can be killed at any moment and run several times at once.

    Parameters
    ----------
    paths : logs, or folders that hold logs, as `read` takes them.
    store : folder of the store; made if it is not there.
    jobs : worker processes.
    progress : called with the source, how many are done, and how many there are.

    Returns
    -------
    Manifest
        All that is in the store now.

    Raises
    ------
    InputError
        A path without logs, a folder that is no store and not empty, a store of another version, or, after all others
        were ingested, a source that vanished or kept changing.

    Examples
    --------
    >>> import tempfile
    >>> log = '{"version": 2, "status": "success", "eval": {"task": "t", "model": "m"}, "samples": [{"id": 1}]}'
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "log.json").write_text(log)
    ...     first = ingest([Path(folder, "log.json")], Path(folder, "store"))
    ...     second = ingest([Path(folder, "log.json")], Path(folder, "store"))
    >>> first.rows, first.read, second.rows, second.read
    (1, 1, 1, 0)
    """
    root = Path(store)
    # Before anything is read: a mistyped path should fail at once, and never be written into.
    _refuse_other(root)
    require_writable(root / MANIFEST)
    found = find_sources(paths, root)
    _make(root)
    tasks = [(log, root) for log in found]
    outcomes = []
    for log, outcome in zip(found, run_tasks(_ingest_log, tasks, jobs=jobs), strict=True):
        outcomes.append(outcome)
        if progress is not None:
            progress(log.path.name, len(outcomes), len(found))
    manifest = _finish(root, _superseded(paths, found))
    # Raised last: one log that is still running should not cost the hundreds that were read.
    failed = [outcome.failure for outcome in outcomes if outcome.failure is not None]
    if failed:
        raise InputError(f"{len(failed)} of {len(found)} sources not ingested: {shorten(failed, 3)}")
    return replace(manifest, read=sum(outcome.written for outcome in outcomes))


class _Outcome(NamedTuple):
    """What became of a source: whether it was written, and why it was not ingested."""

    written: bool = False
    failure: str | None = None


def _ingest_log(log: LogPath, root: Path) -> _Outcome:
    """Read one source and commit it, unless it is there already."""
    for _ in range(TRIES):
        state = state_of(log)
        key = key_of(log, state)
        if _is_ingested(root, log, key):
            return _Outcome()
        try:
            logs = read_log(log)
        except InputError as error:
            return _Outcome(failure=str(error))
        # Looked at again after reading: a log that grew meanwhile would be kept under the hash of its beginning.
        if state_of(log) == state:
            _commit(root, log, key, logs)
            return _Outcome(written=True)
    return _Outcome(failure=f"{log.path}: changes while it is read; ingest again when it has stopped")


def _is_ingested(root: Path, log: LogPath, key: str) -> bool:
    record = record_at(record_path(root, written(log.path))).value
    return record is not None and record.key == key and not any(fault(rows) for rows in held(root, record) if rows)


def _commit(root: Path, log: LogPath, key: str, logs: Sequence[Log]) -> None:
    """Write the rows of a source and then its record, which makes them count."""
    stored, files = [], []
    for number, given in enumerate(logs):
        part, data = _encoded(given)
        stored.append(_without_rows(given, part))
        if part is not None:
            files.append((part_path(root, part.benchmark, key, number), data))
    path = written(log.path)
    record = sealed(Record(path, key, tuple(stored)))
    with locked(root):
        # Rows first: a record that names rows which are not there yet would be read as damage.
        for file, data in files:
            write_atomically(file, data)
        write_atomically(record_path(root, path), record)


def _encoded(log: Log) -> tuple[Part | None, bytes]:
    """The rows of a log as Parquet; rows that no model or task can be named for are of no use to an audit."""
    if not log.model or not log.task or (log.items.is_empty() and log.rows is None):
        return None, b""
    # Written under the name without aliases or versions, which depend on what else is there when the store is opened.
    model, benchmark = clean(model_of(log.model)), clean(benchmark_of(log.task, None, 1))
    rows, keys = log.items, tuple[str, ...]()
    if log.rows is not None:
        keys = log.rows.key_columns()
        own = log.rows.frame.filter((pl.col("model") == log.model) & (pl.col("benchmark") == log.task))
        rows = own.with_columns(pl.col(list(keys)).cast(pl.String)).collect(engine="streaming")
    rows = rows.with_columns(model=pl.lit(model), benchmark=pl.lit(benchmark)).select(*RESPONSE_COLUMNS, *keys)
    buffer = io.BytesIO()
    rows.write_parquet(buffer, compression="zstd", compression_level=3, row_group_size=2**16)
    data = buffer.getvalue()
    return Part(model, benchmark, len(data), hashlib.sha256(data).hexdigest(), keys), data


def _without_rows(log: Log, part: Part | None) -> StoredLog:
    return StoredLog(
        log.source,
        log.harness,
        log.harness_version,
        log.model,
        log.task,
        log.task_version,
        # JSON has no word for a number that is not finite, and an audit no use.
        tuple(given for given in log.aggregates if math.isfinite(given.value)),
        log.declared_items,
        log.problems,
        dict(log.facts),
        log.means if log.means is not None else item_means(log.items),
        dict(log.settings),
        tuple(sorted(log.words, key=str)),
        part,
    )


def _refuse_other(root: Path) -> None:
    """Refuse a place that is neither free nor a store of this version."""
    if root.exists() and not root.is_dir():
        raise InputError(f"{root}: should be a folder for the store, got a file")
    # Looked at before the root file is: another run may just be making the store.
    held_already = root.iterdir() if root.exists() else ()
    foreign = [path.name for path in held_already if path.name != LOCK and not TEMPORARY.fullmatch(path.name)]
    if is_store(root):
        require_version(root)
    elif foreign:
        raise InputError(f"{root}: no store, and it holds {shorten(sorted(foreign), 3)}; name a new or empty folder")


def _make(root: Path) -> None:
    """Make the folder a store, if it is not one."""
    root.mkdir(parents=True, exist_ok=True)
    if not is_store(root):
        with locked(root):
            write_atomically(root / ROOT, as_json(Root(SCHEMA_VERSION)))


def _superseded(paths: Paths, found: Sequence[LogPath]) -> Callable[[Record], bool]:
    """Whether a source lies in the folders given and is no log of its own any more."""
    folders = {Path(written(Path(path))) for path in paths if Path(path).is_dir()}
    sources = {written(log.path) for log in found}

    def superseded(record: Record) -> bool:
        inside = not folders.isdisjoint(Path(record.path).parents)
        # A file that is gone keeps its record: the store may well outlive the logs.
        return inside and record.path not in sources and os.path.exists(record.path)

    return superseded


def _finish(root: Path, superseded: Callable[[Record], bool]) -> Manifest:
    """Remove what killed runs and changed sources left, and write the manifest."""
    with locked(root, alone=True):
        known, damage = records_in(root)
        records = [record for record in known if not superseded(record)]
        for record in known:
            if superseded(record):
                record_path(root, record.path).unlink(missing_ok=True)
        _tidy(root, {rows.path for record in records for rows in held(root, record) if rows}, certain=not damage)
        manifest = manifest_of(records)
        data = msgspec.json.format(as_json({"schema_version": SCHEMA_VERSION, "logs": manifest.logs}), indent=1) + b"\n"
        target = root / MANIFEST
        # Unchanged, it is not written: its time then says when the store last changed.
        if not target.is_file() or target.read_bytes() != data:
            write_atomically(target, data)
    return manifest


def _tidy(root: Path, used: Container[Path], *, certain: bool) -> None:
    """Remove unfinished files and, where it is certain that no record speaks of them, rows that are not used."""
    for path in (*root.glob("*"), *root.glob(f"{LOGS}/*"), *root.glob(f"{ITEMS}/*/*")):
        # Only names that ingest itself gives: whatever a user put there stays.
        unused = certain and PART_NAME.fullmatch(path.name) and path not in used
        if (unused or TEMPORARY.fullmatch(path.name)) and not path.is_dir():
            path.unlink(missing_ok=True)
    for folder in root.glob(f"{ITEMS}/*/"):
        # Fails on a folder that still holds something, which is the test.
        with suppress(OSError):
            folder.rmdir()
