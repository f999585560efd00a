"""Logs of any harness, recognised by content, wherever they lie."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Protocol

from measurand.readers import closed, every_eval_ever, foreign, helm, lighteval, openai_evals, scout
from measurand.readers.inspect import logs as inspect_ai
from measurand.readers.lm_eval import logs as lm_eval
from measurand.readers.log import Log
from measurand.readers.paths import SUFFIXES, below, real
from measurand.readers.tables import item_rows

__all__ = ["LogPath", "each_once", "find_logs", "read_log"]

ENTRY_POINTS = "measurand.readers"
"""Entry point group in which other packages offer readers of files; the entry's name is the reader's."""


class Reader(Protocol):
    """What a module, or any object, needs to be a reader of logs.

    It may also have ``part_of(path) -> Path | None``: the log that reads this file along with itself.
    """

    def recognise(self, path: str | os.PathLike[str], /) -> bool:
        """Whether a file, looked at no further than its head, is one of its logs."""
        ...

    def read(self, path: str | os.PathLike[str], /) -> Log | Sequence[Log]:
        """The runs it holds; whatever is wrong with it is in their problems, never an exception."""
        ...


OWN: dict[str, Reader] = {
    "inspect_ai": inspect_ai,
    "lighteval": lighteval,
    "lm_eval": lm_eval,
    "every_eval_ever": every_eval_ever,
    "openai_evals": openai_evals,
    "scout": scout,
    "items": item_rows,
    "foreign": foreign,
}


@cache
def file_readers() -> Mapping[str, Reader]:
    """Readers of files by name, asked in turn whether a file is theirs: this package's, then those of others."""
    others: dict[str, Reader] = {point.name: point.load() for point in entry_points(group=ENTRY_POINTS)}
    return {**OWN, **{name: reader for name, reader in others.items() if name not in OWN}}


LOG_SUFFIXES = frozenset({".eval", ".json", ".yaml", ".yml", "", *SUFFIXES})
"""Endings of logs and of tables of items; what else lies in a folder is not opened to be looked at."""


@dataclass(frozen=True)
class LogPath:
    """A log and the name of the reader that can read it."""

    reader: str
    path: Path


def find_logs(path: str | os.PathLike[str]) -> list[LogPath]:
    """The logs a path holds: itself, or those anywhere below a folder, sorted.

    A file that another log's reader reads along (the samples beside a results file) is not listed again.

    Examples
    --------
    >>> find_logs("no_such_folder")
    []
    """
    given = Path(path)
    return each_once(_below(given) if given.is_dir() else _file(given))


def each_once(found: Iterable[LogPath]) -> list[LogPath]:
    """Of logs found by several paths each once, and none that another of them reads along.

    Examples
    --------
    >>> each_once([LogPath("inspect_ai", Path("logs/a.eval")), LogPath("inspect_ai", Path("logs/../logs/a.eval"))])
    [LogPath(reader='inspect_ai', path=PosixPath('logs/a.eval'))]
    """
    first: dict[Path, LogPath] = {}
    for log in found:
        first.setdefault(real(log.path), log)
    return [log for log in first.values() if (whole := _whole(log)) is None or real(whole) not in first]


def _below(folder: Path) -> list[LogPath]:
    inside = below(folder, whole=helm.recognise)
    found = [log for path in inside.found for log in ([LogPath("helm", path)] if path.is_dir() else _file(path))]
    # Beside logs, what cannot be read is told with them; alone it makes no log of the folder.
    found += [LogPath("closed", path) for path in inside.closed if found]
    return sorted(found, key=lambda log: str(log.path))


def _file(path: Path) -> list[LogPath]:
    if path.suffix.casefold() not in LOG_SUFFIXES or not path.is_file():
        return []
    for name, reader in file_readers().items():
        if reader.recognise(path):
            return [LogPath(name, path)]
    # An .eval is Inspect's whatever is left of it: a broken one has to be told, not passed over.
    return [LogPath("inspect_ai", path)] if path.suffix.casefold() == ".eval" else []


def _whole(log: LogPath) -> Path | None:
    """The log that this one is a part of."""
    part_of = getattr(_reader(log.reader), "part_of", None)
    return part_of(log.path) if part_of is not None else None


def _reader(name: str) -> Reader:
    return {"helm": helm, "closed": closed}.get(name) or file_readers()[name]


def read_log(log: LogPath) -> Sequence[Log]:
    """The runs a log holds; what it lost is said in their problems.

    Raises
    ------
    InputError
        It is not there any more.
    """
    read = _reader(log.reader).read(log.path)
    return [read] if isinstance(read, Log) else list(read)
