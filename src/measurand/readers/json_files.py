"""JSON and JSON lines of unknown origin: decoded within limits, everything that cannot be read said as a problem."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Generic, NamedTuple, TypeVar

import msgspec
import numpy as np

from measurand.errors import InputError, first_line
from measurand.readers.log import Problem

__all__ = [
    "BYTES_LIMIT",
    "DOCUMENT_LIMIT",
    "HEAD",
    "LINES_LIMIT",
    "LINE_LIMIT",
    "NESTING_LIMIT",
    "Document",
    "JsonLines",
    "decode",
    "head",
    "head_lines",
    "parts",
    "read_document",
    "require",
]

HEAD = 64 * 2**10
"""Bytes looked at to recognise a format."""
DOCUMENT_LIMIT = 512 * 2**20
"""Largest JSON document that is decoded, in bytes: it is in memory as a whole."""
LINE_LIMIT = 16 * 2**20
"""Longest line of JSON that is decoded, in bytes."""
LINES_LIMIT = 5_000_000
"""Lines decoded of one file."""
BYTES_LIMIT = 8 * 2**30
"""Bytes of lines decoded of one file."""
NESTING_LIMIT = 200
"""Deepest nesting of lists and objects that is decoded."""

_CHUNK = 2**20
_BOM = b"\xef\xbb\xbf"
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_NO_BRACKET = bytes(set(range(256)) - set(b"[]{}"))
_BRACKETS = np.zeros(256, dtype=np.int8)
_BRACKETS[list(b"[{")] = 1
_BRACKETS[list(b"]}")] = -1

T = TypeVar("T")


class Document(NamedTuple, Generic[T]):
    """A decoded file: its value (None where it could not be read), the SHA-256 of its bytes, and what is wrong."""

    value: T | None
    sha256: str
    problem: Problem | None


def require(path: str | os.PathLike[str]) -> Path:
    """The path, which must exist.

    Raises
    ------
    InputError
        There is no such file or folder.

    Examples
    --------
    >>> require("no/such/log.json")
    Traceback (most recent call last):
    measurand.errors.InputError: no/such/log.json: no such file or folder
    """
    given = Path(path)
    try:
        there = given.exists()
    except (OSError, ValueError):
        there = False
    if not there:
        raise InputError(f"{os.fspath(path)}: no such file or folder")
    return given


def head(path: str | os.PathLike[str], size: int = HEAD) -> bytes:
    """The first bytes of a file without byte-order mark and leading space; empty where it cannot be read."""
    try:
        # Opening a pipe would wait for a writer.
        if not os.path.isfile(path):
            return b""
        with open(path, "rb") as file:
            return file.read(size).removeprefix(_BOM).lstrip()
    except (OSError, ValueError):
        return b""


def decode(data: bytes, kind: type[T]) -> T:
    """Decode JSON into a type, within `NESTING_LIMIT`.

    Python writes NaN, Infinity and unpaired surrogates, which are not JSON: the numbers become null, the surrogates
    ``?``. Fields the type does not name are passed over without being built.

    Raises
    ------
    ValueError
        Not JSON, nested too deeply, or not of the type; the message is one line.

    Examples
    --------
    >>> decode(b'{"score": NaN, "items": [1, 2]}', dict[str, object])
    {'score': None, 'items': [1, 2]}
    >>> decode(b"[" * 1000000, list)
    Traceback (most recent call last):
    ValueError: nested 1000000 deep; at most 200 is read
    """
    _refuse_nesting(data)
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        if not any(mark in data for mark in (b"NaN", b"Infinity", b"\\ud", b"\\uD")):
            raise ValueError(first_line(error)) from None
    try:
        return msgspec.json.decode(_repaired(data), type=kind)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise ValueError(first_line(error)) from None


def head_lines(path: str | os.PathLike[str]) -> list[bytes]:
    """The lines of a file as far as `head` sees them; the last may be cut."""
    return head(path).split(b"\n")


def parts(raw: msgspec.Raw | bytes | None) -> dict[str, msgspec.Raw]:
    """The members of a JSON object, each still undecoded; empty where it is no object that can be read.

    Examples
    --------
    >>> {name: bytes(part) for name, part in parts(b'{"a": [1], "b": 2}').items()}
    {'a': b'[1]', 'b': b'2'}
    >>> parts(b"[1]")
    {}
    """
    if raw is None:
        return {}
    try:
        return msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return {}


def read_document(
    path: str | os.PathLike[str], kind: type[T], *, limit: int = DOCUMENT_LIMIT, rows: int | None = None
) -> Document[T]:
    """Read a file that is one JSON document.

    Parameters
    ----------
    path : the file.
    kind : type to decode into.
    limit : largest size in bytes; a larger file is not loaded.
    rows : rows lost when it cannot be read, where known.
    """
    name = Path(path).name
    if os.path.exists(path) and not os.path.isfile(path):
        return Document(None, "", Problem(f"{name}: should be a file", rows))
    try:
        size = os.path.getsize(path)
        if size > limit:
            return Document(None, "", Problem(f"{name}: {size} bytes; at most {limit} are read", rows))
        data = Path(path).read_bytes()
    except (OSError, ValueError) as error:
        return Document(None, "", Problem(f"{name}: cannot be read: {first_line(error)}", rows))
    digest = hashlib.sha256(data).hexdigest()
    whole = _utf8(data.removeprefix(_BOM))
    odd = None if whole.clean else Problem(f"{name}: bytes that are not UTF-8 are replaced", 0)
    if not data.strip():
        return Document(None, digest, Problem(f"{name}: empty file", rows))
    try:
        return Document(decode(whole.data, kind), digest, odd)
    except ValueError as error:
        return Document(None, digest, Problem(f"{name}: cut off or not JSON of this format: {error}", rows))


class JsonLines(Generic[T]):
    """The objects of a JSON-lines file, read one line at a time.

    Iterate once; afterwards `sha256` is the hash of the whole file, `good` and `bad` count lines, and `problems` says
    what could not be read. A last line that is cut (a log being written) costs that line alone.

    Parameters
    ----------
    path : the file.
    kind : type of each line.
    """

    def __init__(self, path: str | os.PathLike[str], kind: type[T]) -> None:
        self.path = Path(path)
        self.good = 0
        self.bad = 0
        self.problems: list[Problem] = []
        self._kind = kind
        self._digest = hashlib.sha256()
        self._first_bad = ""
        self._cut = ""
        self._replaced = 0

    @property
    def sha256(self) -> str:
        """Hash of what has been read so far: of the whole file once it is exhausted."""
        return self._digest.hexdigest()

    def __iter__(self) -> Iterator[T]:
        over, size = 0, 0
        try:
            if not self.path.is_file():
                raise ValueError("should be a file")
            with open(self.path, "rb") as file:
                for number, line in enumerate(self._lines(file), start=1):
                    size += len(line or b"")
                    if self.good >= LINES_LIMIT or size > BYTES_LIMIT:
                        over += 1
                    elif line is None or line.strip():
                        yield from self._decoded(number, line)
        except (OSError, ValueError) as error:
            self.problems.append(Problem(f"{self.path.name}: cannot be read: {first_line(error)}"))
        self._close(over)

    def refuse(self, number: int, reason: object) -> None:
        """Count a line as one that cannot be used; of all such, the first is told."""
        self.bad += 1
        self._first_bad = self._first_bad or f"line {number}: {reason}"

    def _decoded(self, number: int, line: bytes | None) -> Iterator[T]:
        if line is None:
            self.refuse(number, f"longer than {LINE_LIMIT} bytes")
            return
        whole = _utf8(line)
        self._replaced += not whole.clean
        try:
            value = decode(whole.data, self._kind)
        except ValueError as error:
            # Only a last line without its end can be one still being written; elsewhere it is damage.
            if line.endswith(b"\n"):
                self.refuse(number, error)
            else:
                self._cut = f"line {number}, the last, is cut off: the file was truncated or is being written"
            return
        self.good += 1
        yield value

    def _lines(self, file: BinaryIO) -> Iterator[bytes | None]:
        """Lines with their ends, None for one that is too long."""
        first = True
        while line := file.readline(LINE_LIMIT + 1):
            self._digest.update(line)
            if len(line) > LINE_LIMIT and not line.endswith(b"\n"):
                while (rest := file.readline(_CHUNK)) and not rest.endswith(b"\n"):
                    self._digest.update(rest)
                self._digest.update(rest)
                yield None
            else:
                yield line.removeprefix(_BOM) if first else line
            first = False

    def _close(self, over: int) -> None:
        name = self.path.name
        if self.bad:
            self.problems.append(Problem(f"{name}: {self.bad} lines cannot be read; {self._first_bad}", self.bad))
        if self._cut:
            self.problems.append(Problem(f"{name}: {self._cut}", 1))
            self.bad += 1
        if over:
            self.problems.append(Problem(f"{name}: {over} lines are beyond what is read of one file", over))
        if self._replaced:
            self.problems.append(Problem(f"{name}: bytes that are not UTF-8 are replaced in {self._replaced} lines", 0))
        if not self.good and not self.problems:
            self.problems.append(Problem(f"{name}: empty file"))


def _refuse_nesting(data: bytes) -> None:
    """A decoder recurses; how deep it would have to is counted before it does."""
    # Cannot be deeper than it has brackets: nearly every text is let through by a count alone.
    if data.count(b"[") + data.count(b"{") <= NESTING_LIMIT:
        return
    outside = _STRING.sub(b"", data).translate(None, _NO_BRACKET)
    steps = _BRACKETS[np.frombuffer(outside, dtype=np.uint8)]
    depth = int(np.cumsum(steps, dtype=np.int32).max(initial=0))
    if depth > NESTING_LIMIT:
        raise ValueError(f"nested {depth} deep; at most {NESTING_LIMIT} is read")


class _Text(NamedTuple):
    data: bytes
    clean: bool


def _utf8(data: bytes) -> _Text:
    """The bytes, and whether they were UTF-8; what was not is replaced by U+FFFD, so that the rest can be read."""
    if data.isascii():
        return _Text(data, True)
    try:
        data.decode()
    except UnicodeDecodeError:
        return _Text(data.decode("utf-8", "replace").encode(), False)
    return _Text(data, True)


def _repaired(data: bytes) -> bytes:
    """What Python's writer lets through, as JSON."""
    value: Any = json.loads(data, parse_constant=lambda _: None)
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
