"""The sources in paths: which files each is read from, and the key that changes when they do."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from measurand.errors import InputError
from measurand.files import other_than_file
from measurand.readers.logs import LOG_SUFFIXES, LogPath, each_once, find_logs
from measurand.readers.paths import real
from measurand.store.layout import SCHEMA_VERSION, is_store, written

__all__ = ["PARSER_VERSION", "State", "find_sources", "key_of", "state_of"]

PARSER_VERSION = 4
"""Of the log readers; raised when they read more or otherwise, so that the next ingest reads every source again."""

Paths = Sequence[str | os.PathLike[str]]


class State(NamedTuple):
    """The files a source is read from as they are now: path, size, time of change and number of each."""

    files: tuple[tuple[str, int, int, int], ...]


def find_sources(paths: Paths, root: Path) -> list[LogPath]:
    """The logs in all paths, each once, without what lies in the store itself.

    Raises
    ------
    InputError
        No path, one that is not there, or one that holds no log.
    """
    own = real(root)
    found: list[LogPath] = []
    for path in paths:
        if is_store(path):
            raise InputError(f"{os.fspath(path)}: is a store already; ingest the logs it was made from")
        if not Path(path).exists():
            raise InputError(f"{os.fspath(path)}: no such file or folder")
        logs = [log for log in find_logs(path) if own not in real(log.path).parents]
        if not logs:
            raise InputError(f"{os.fspath(path)}: no log of a harness; tables of scores are read without a store")
        found += logs
    if not found:
        raise InputError("nothing to ingest; give at least one log or folder of logs")
    return each_once(found)


def state_of(log: LogPath) -> State:
    """The files of a source as they are now."""
    files = []
    for path in _members(log):
        with suppress(OSError):
            stat = path.stat()
            # The inode too: a file swapped by rename can have the size and the time of the old one.
            files.append((str(path), stat.st_size, stat.st_mtime_ns, stat.st_ino))
    return State(tuple(files))


def _members(log: LogPath) -> list[Path]:
    """The files a source may be read from, sorted."""
    if log.path.is_dir():
        return sorted(path for path in log.path.glob("*.json") if path.is_file())
    if log.reader not in ("lm_eval", "every_eval_ever"):
        return [log.path]
    # The other half of a run may appear later or be renamed: whatever could be it belongs to the source.
    date = _date(log.path)
    beside = (path for path in log.path.parent.iterdir() if path.suffix.casefold() in LOG_SUFFIXES and path.is_file())
    return sorted({log.path, *(path for path in beside if _date(path) in (date, None) or date is None)})


def _date(path: Path) -> str | None:
    """The time of a run in a file's name; files of two different times are of two runs."""
    found = re.search(r"\d{4}-\d\d-\d\dT[\d.\-]+$", path.stem)
    return found[0] if found else None


def key_of(log: LogPath, state: State) -> str:
    """Hash over all that the rows and the record of a source depend on."""
    files = [(Path(file[0]).name, _digest(*file)) for file in state.files]
    # Versions are part of the key, so that a better reader reads again what is there already.
    parts = (SCHEMA_VERSION, PARSER_VERSION, log.reader, written(log.path), files)
    return hashlib.sha256(repr(parts).encode("utf-8", "backslashreplace")).hexdigest()


@lru_cache(maxsize=10_000)
def _digest(path: str, size: int, changed: int, number: int) -> str:
    """SHA-256 of a file in this state; empty where it is none or cannot be read. Files beside many are read once."""
    try:
        if other_than_file(path) is not None:
            return ""
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""
