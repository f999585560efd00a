"""What lies in the folder that is served, and the studies read from it: nothing outside it can be named or reached."""

from __future__ import annotations

import functools
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from measurand.errors import InputError, UnknownName, first_line
from measurand.readers import EXAMPLES, load_example
from measurand.readers.logs import find_logs
from measurand.readers.paths import recognise
from measurand.store import is_store, read
from measurand.tables import Study
from measurand.wording import plural

__all__ = ["AUDIT", "CALLED", "DEFAULT", "UPLOADS", "Folder", "Source", "embedded", "read_by"]

AUDIT, UPLOADS = "audit.json", "uploads"
CALLED = {"safetywashing_2024": "Safetywashing 2024", "frontier_2026": "Frontier 2026"}
"""The embedded studies in a list of sources."""

DEFAULT = "safetywashing_2024"
"""What is looked at where nothing is named."""

KEPT = 6
"""Studies held in memory."""
MOST_LISTED, DEPTH = 500, 3

Kind = Literal["study", "audit", "logs", "store", "table"]


@dataclass(frozen=True, kw_only=True)
class Source:
    """Something that can be opened.

    Parameters
    ----------
    id : an embedded study's name, or the path from the folder served.
    told : what it is, in a few words.
    """

    id: str
    kind: Kind
    name: str
    told: str
    modified: float = 0.0


def read_by(of: str) -> str:
    """Python that reads a source."""
    return f"measurand.load_example({of!r})" if of in EXAMPLES else f"measurand.read({of!r})"


@functools.cache
def embedded(id_: str) -> Study:
    """An embedded study, loaded once: what is kept of it is kept by its scores."""
    return load_example(id_)


class Folder:
    """The folder served.

    Parameters
    ----------
    root : its path.

    Raises
    ------
    InputError
        There is no such folder.
    """

    def __init__(self, root: Path) -> None:
        if not root.is_dir():
            raise InputError(f"{root}: no such folder")
        self.root = root.resolve()
        self._studies: OrderedDict[tuple[object, ...], tuple[object, Study]] = OrderedDict()
        self._lock = threading.Lock()

    def sources(self) -> list[Source]:
        """What can be opened: the embedded studies, then what lies in the folder, the newest first."""
        embedded = [Source(id=id_, kind="study", name=CALLED[id_], told=title) for id_, title in EXAMPLES.items()]
        found = []
        for source in self._below(self.root, 0):
            found.append(source)
            if len(found) == MOST_LISTED:
                break
        return [*embedded, *sorted(found, key=lambda each: -each.modified)]

    def _below(self, folder: Path, depth: int) -> Iterator[Source]:
        try:
            entries = sorted(folder.iterdir())
        except OSError:
            return
        logs = []
        for path in entries:
            if path.name.startswith(".") or not self._holds(path):
                continue
            if path.is_dir():
                yield from self._folder(path, depth)
            elif path.is_file() and find_logs(path):
                logs.append(path)
            elif path.is_file() and recognise(path) is not None:
                yield self._source(path, "table", f"table, {_size(path)}")
        if len(logs) > 1:
            yield self._source(folder, "logs", f"{len(logs)} logs")
        for path in logs:
            yield self._source(path, "logs", "log")

    def _folder(self, path: Path, depth: int) -> Iterator[Source]:
        if (path / AUDIT).is_file():
            yield self._source(path, "audit", "audit")
        elif is_store(path):
            yield self._source(path, "store", "store of logs")
        elif path == self.root / UPLOADS:
            # What was dropped one after another does not belong together.
            yield from self._below(path, depth)
        elif logs := self._logs(path):
            yield self._source(path, "logs", plural(logs, "log"))
        elif depth < DEPTH:
            yield from self._below(path, depth + 1)

    @staticmethod
    def _logs(path: Path) -> int:
        try:
            return sum(log.reader != "closed" for log in find_logs(path))
        except (InputError, OSError):
            return 0

    def _source(self, path: Path, kind: Kind, told: str) -> Source:
        id_ = path.relative_to(self.root).as_posix()
        name = self.root.name if id_ == "." else id_
        return Source(id=id_, kind=kind, name=name, told=told, modified=path.stat().st_mtime)

    def _holds(self, path: Path) -> bool:
        """Whether a path, wherever its links lead, lies in the folder."""
        try:
            return path.resolve(strict=True).is_relative_to(self.root)
        except (OSError, RuntimeError):
            return False

    def path(self, id_: str) -> Path:
        """Where a source lies.

        Raises
        ------
        UnknownName
            Nothing of this name lies in the folder: outside of it nothing has a name.
        """
        parts = Path(id_).parts
        hidden = any(part.startswith(".") for part in parts)
        path = self.root / id_
        if "\0" in id_ or hidden or Path(id_).is_absolute() or not self._holds(path):
            raise UnknownName("source", id_, [each.id for each in self.sources()])
        return path

    def study(self, id_: str, *, cluster: str = "", reading: str = "", apart: bool = False) -> Study:
        """The study of a source, read once as long as its files stay as they are.

        Parameters
        ----------
        id_ : of the source.
        cluster, reading : as `measurand.read` takes them; empty for what it does by itself.
        apart : whether reruns are rows of their own.

        Raises
        ------
        UnknownName, InputError
            No such source, or one that cannot be read; a link in it leads out of the folder.
        """
        if id_ in EXAMPLES:
            return embedded(id_)
        path = self.path(id_)
        chosen = {"cluster": cluster or None, "reading": reading or None, "duplicates": "runs" if apart else None}
        return self._kept((id_, *chosen.items()), self._state(path), functools.partial(read, path, **chosen))

    def _kept(self, id_: tuple[object, ...], state: object, load: Callable[[], Study]) -> Study:
        # One at a time: two readers of the same large folder would hold it twice.
        with self._lock:
            kept = self._studies.get(id_)
            if kept is None or kept[0] != state:
                self._studies[id_] = kept = (state, load())
            self._studies.move_to_end(id_)
            while len(self._studies) > KEPT:
                self._studies.popitem(last=False)
            return kept[1]

    def _state(self, path: Path) -> object:
        """What tells whether files have changed; all of them have to lie in the folder."""
        files = [path] if path.is_file() else [Path(at) / name for at, _, names in os.walk(path) for name in names]
        links = [Path(at) / name for at, folders, _ in os.walk(path) for name in folders]
        for each in (*files, *links):
            if each.is_symlink() and not self._holds(each):
                raise InputError(f"{each.relative_to(self.root)}: leads out of the folder that is served")
        try:
            return tuple((str(each), each.stat().st_mtime_ns, each.stat().st_size) for each in files)
        except OSError as problem:
            raise InputError(f"{path.name}: {first_line(problem)}") from None


def _size(path: Path) -> str:
    size = float(path.stat().st_size)
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
