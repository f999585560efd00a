"""What lies where in a store, and the records of sources: written in one form, read with distrust."""

from __future__ import annotations

import hashlib
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, Any, NamedTuple
from urllib.parse import quote

import msgspec
import polars as pl

from measurand.errors import InputError, first_line
from measurand.files import other_than_file
from measurand.readers.json_files import Document, decode, read_document
from measurand.readers.log import Aggregate, ItemMean, Log, Problem, items_frame
from measurand.readers.parquet import require_harmless
from measurand.results import Source
from measurand.tables import RESPONSE_COLUMNS, Unread

if sys.platform != "win32":
    import fcntl

__all__ = [
    "ITEMS",
    "LOCK",
    "LOGS",
    "MANIFEST",
    "PART_NAME",
    "ROOT",
    "SCHEMA_VERSION",
    "TEMPORARY",
    "Held",
    "Part",
    "Record",
    "Root",
    "StoredLog",
    "as_json",
    "clean",
    "fault",
    "held",
    "is_store",
    "locked",
    "log_of",
    "part_path",
    "record_at",
    "record_path",
    "records_in",
    "require_version",
    "sealed",
    "written",
]

SCHEMA_VERSION = 2
"""Of the store's layout; raised when this version would misread an older store."""

RECORD_LIMIT = 64 * 2**20
"""Largest record of a source that is decoded, in bytes."""

ROOT, LOGS, ITEMS, MANIFEST, LOCK = "measurand-store.json", "logs", "items", "manifest.json", ".lock"
RECORD_NAME = re.compile(r"[0-9a-f]{64}\.json")
PART_NAME = re.compile(r"[0-9a-f]{64}-\d{1,9}\.parquet")
# The patterns name only what ingest writes, so that tidying can delete by them.
TEMPORARY = re.compile(r"\.(?:[0-9a-f]{64}(?:-\d{1,9}\.parquet|\.json)|manifest\.json|measurand-store\.json)\.\w+")

_NO_ITEMS = items_frame()

Hash = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]


class Root(msgspec.Struct):
    """The file that makes a folder a store."""

    schema_version: int


class Part(msgspec.Struct, frozen=True):
    """Rows of a log in the store: the names they stand under there, the size and SHA-256 of the file, and further
    columns, which are keys of the items."""

    model: str
    benchmark: str
    bytes: int
    sha256: Hash
    keys: tuple[str, ...] = ()

    @property
    def columns(self) -> dict[str, pl.DataType]:
        """Columns of the file."""
        return {**RESPONSE_COLUMNS, **dict.fromkeys(self.keys, pl.String())}


class StoredLog(msgspec.Struct, frozen=True):
    """A log without its rows."""

    source: Source
    harness: str
    harness_version: str | None
    model: str | None
    task: str | None
    task_version: str | None
    aggregates: tuple[Aggregate, ...]
    declared_items: int | None
    problems: tuple[Problem, ...]
    facts: dict[str, str]
    means: tuple[ItemMean, ...]
    settings: dict[str, str]
    words: tuple[str | None, ...]
    part: Part | None


class Record(msgspec.Struct, frozen=True):
    """All that is known of a source besides its rows; its place in the folder says that the rows are there."""

    path: str
    key: Hash
    logs: tuple[StoredLog, ...]


class Sealed(msgspec.Struct, frozen=True):
    """A record as it is written: its JSON, and the SHA-256 of that."""

    sha256: Hash
    record: msgspec.Raw


class Held(NamedTuple):
    """Rows of a log, the file they are in, and their benchmark's name where that is their cluster."""

    part: Part
    path: Path
    task: str | None = None


def is_store(path: Any) -> bool:
    """Whether a path is a store.

    Examples
    --------
    >>> is_store("no_such_folder")
    False
    """
    try:
        return isinstance(path, (str, os.PathLike)) and Path(path, ROOT).is_file()
    except (OSError, ValueError):
        return False


def held(root: Path, record: Record) -> list[Held | None]:
    """The rows of each log of a source, None for a log that has none in the store."""
    return [
        Held(stored.part, part_path(root, stored.part.benchmark, record.key, number)) if stored.part else None
        for number, stored in enumerate(record.logs)
    ]


def sealed(record: Record) -> bytes:
    """The content of a record's file."""
    content = as_json(record)
    return msgspec.json.encode(Sealed(hashlib.sha256(content).hexdigest(), msgspec.Raw(content)))


def record_at(path: Path) -> Document[Record]:
    """A record, or why it cannot be read."""
    document = read_document(path, Sealed, limit=RECORD_LIMIT)
    if document.value is None:
        return Document(None, document.sha256, document.problem)
    content = bytes(document.value.record)
    # A flipped bit can leave JSON that reads well and says another score.
    if hashlib.sha256(content).hexdigest() != document.value.sha256:
        return Document(None, document.sha256, Problem(f"{path.name}: not the bytes that ingest wrote"))
    try:
        return Document(decode(content, Record), document.sha256, None)
    except ValueError as error:
        return Document(None, document.sha256, Problem(f"{path.name}: no record of this version: {error}"))


def require_version(root: Path) -> None:
    """Refuse what is no store that this version can read.

    Raises
    ------
    InputError
        Not a store, a damaged one, or one of another version.
    """
    if not is_store(root):
        raise InputError(f"{root}: no store (no {ROOT}); make one with: measurand ingest PATH -o {root}")
    document = read_document(root / ROOT, Root, limit=2**16)
    if document.value is None:
        reason = document.problem.reason if document.problem else "cannot be read"
        raise InputError(f"{root}: damaged store ({reason}); ingest again into a new folder")
    for name in (LOGS, ITEMS):
        if os.path.lexists(root / name) and not (root / name).is_dir():
            found = other_than_file(root / name) or "a file"
            raise InputError(f"{root}: damaged store ({name} is {found}, not a folder); remove {name} and ingest again")
    if document.value.schema_version != SCHEMA_VERSION:
        raise InputError(
            f"{root}: a store of version {document.value.schema_version}, should be {SCHEMA_VERSION} (written by "
            "another measurand version); ingest again into a new folder"
        )


def records_in(root: Path) -> tuple[list[Record], list[Unread]]:
    """The records by path of their source, and what there is in their folder that is none."""
    records, damage = [], []
    for path in sorted((root / LOGS).glob("*")):
        if TEMPORARY.fullmatch(path.name):
            continue
        document = record_at(path)
        record = document.value
        # A record copied under another name would count its source twice.
        if not RECORD_NAME.fullmatch(path.name) or (record and record_path(root, record.path) != path):
            damage.append(Unread(str(path), "in the store, and no record that ingest wrote; remove it"))
        elif record is not None:
            records.append(record)
        # Gone since the listing: another run removed it, which is no damage.
        elif path.exists():
            reason = document.problem.reason if document.problem else "cannot be read"
            damage.append(Unread(str(path), f"damaged record in the store, ingest again: {reason}"))
    return sorted(records, key=lambda record: record.path), damage


def log_of(stored: StoredLog) -> Log:
    """The log, with its means in place of its rows."""
    return Log(
        source=stored.source,
        harness=stored.harness,
        harness_version=stored.harness_version,
        model=stored.model,
        task=stored.task,
        task_version=stored.task_version,
        items=_NO_ITEMS,
        aggregates=stored.aggregates,
        declared_items=stored.declared_items,
        problems=stored.problems,
        facts=stored.facts,
        means=stored.means,
        settings=stored.settings,
        words=frozenset(stored.words),
    )


def fault(rows: Held) -> str | None:
    """Why the rows in a file cannot be used; None if they are what ingest wrote."""
    where = f"{rows.path.parent.name}/{rows.path.name}"
    try:
        if (other := other_than_file(rows.path)) is not None:
            return f"damaged rows in the store, remove and ingest again: {where} is {other}, not a file"
        size = rows.path.stat().st_size
        if size != rows.part.bytes:
            return f"damaged rows in the store, ingest again: {where} has {size} bytes, should have {rows.part.bytes}"
        # Parquet has no checksum that its readers look at: one flipped bit is another value, or the end of the process.
        with open(rows.path, "rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != rows.part.sha256:
                return f"damaged rows in the store, ingest again: {where} does not hold the bytes that ingest wrote"
        # The record may be as hostile as the file that it names.
        require_harmless(rows.path)
        if pl.read_parquet_schema(rows.path) != rows.part.columns:
            return f"damaged rows in the store, ingest again: {where} has other columns"
    except FileNotFoundError:
        return f"rows missing from the store, ingest again: {where}"
    except (OSError, InputError, pl.exceptions.PolarsError) as error:
        return f"damaged rows in the store, ingest again: {where}: {first_line(error)}"
    return None


@contextmanager
def locked(root: Path, *, alone: bool = False) -> Iterator[None]:
    """Hold the store: many may write at once, and only one that is alone may remove.

    The system lets go of it when a process dies. Where there is no such lock (Windows, some network drives), one
    ingest at a time is safe.
    """
    # A pipe in its place would wait for ever.
    if (other := other_than_file(root / LOCK)) is not None:
        raise InputError(f"{root / LOCK}: is {other}, should be an empty file; remove it")
    with open(root / LOCK, "ab") as file:
        if sys.platform != "win32":
            with suppress(OSError):
                fcntl.flock(file, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        yield


def record_path(root: Path, source: str) -> Path:
    """Where the record of a source is."""
    return root / LOGS / f"{hashlib.sha256(source.encode()).hexdigest()}.json"


def part_path(root: Path, benchmark: str, key: str, number: int) -> Path:
    """Where the rows of a log are.

    Examples
    --------
    >>> part_path(Path("store"), "a/b", "0a", 0).as_posix()
    'store/items/benchmark=a%2Fb/0a-0.parquet'
    """
    folder = quote(benchmark, safe="")
    if len(folder) > 120:
        folder = f"{folder[:80]}-{hashlib.sha256(benchmark.encode()).hexdigest()[:16]}"
    return root / ITEMS / f"benchmark={folder}" / f"{key}-{number}.parquet"


def written(path: Path) -> str:
    """A path as text that can be stored; bytes that are no UTF-8 are escaped."""
    return clean(str(path))


def clean(text: str) -> str:
    """Text with what is no UTF-8 escaped."""
    return text.encode("utf-8", "backslashreplace").decode()


def as_json(value: Any) -> bytes:
    """JSON of a value; names of files may hold what is no UTF-8."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        return msgspec.json.encode(_cleaned(msgspec.to_builtins(value)))


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {clean(key): _cleaned(item) for key, item in value.items()}
    return [_cleaned(item) for item in value] if isinstance(value, (list, tuple)) else value
