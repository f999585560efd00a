"""Which files are meant, and which format each has."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from measurand.catalogue import near
from measurand.errors import InputError, first_line
from measurand.files import other_than_file
from measurand.readers.tables.raw import shorten

__all__ = [
    "SUFFIXES",
    "Below",
    "below",
    "expand",
    "read_bytes",
    "real",
    "recognise",
    "require_file",
    "visible",
    "why_closed",
]

SUFFIXES = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}
READABLE = "CSV, TSV, Parquet and JSON lines (.csv, .tsv, .parquet, .jsonl, .ndjson)"
SNIFFED = 4096
"""Bytes looked at where the name does not tell the format."""


def real(path: str | os.PathLike[str]) -> Path:
    """Where a path leads, by which a file is known however it is named.

    Examples
    --------
    >>> real("logs/../logs/a.eval") == real("logs/a.eval")
    True
    """
    # Path.resolve raises at links that lead in a circle, which are told when they are read.
    return Path(os.path.realpath(path))


def recognise(path: str | os.PathLike[str]) -> str | None:
    """Format of a file by its suffix, else by how it begins; None if it is none that can be read.

    Examples
    --------
    >>> recognise("scores.CSV"), recognise("runs.ndjson"), recognise("notes.docx")
    ('csv', 'jsonl', None)
    """
    suffix = Path(path).suffix.casefold()
    if suffix in SUFFIXES:
        return SUFFIXES[suffix]
    # Other endings are not sniffed: a .md or .html with a comma in its first line would pass for CSV.
    if suffix not in ("", ".txt", ".dat", ".data"):
        return None
    try:
        if other_than_file(path) is not None:
            return None
        with open(path, "rb") as file:
            head = file.read(SNIFFED)
    except (OSError, ValueError):
        return None
    # Magic bytes first: Parquet is binary and may well hold commas.
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return "jsonl"
    first = head.lstrip().split(b"\n")[0]
    return "csv" if any(separator in first for separator in (b",", b";", b"\t")) and b"\0" not in head else None


def expand(given: str | os.PathLike[str]) -> list[str]:
    """The files a path names: itself, those of a folder that can be read (sorted), or those a pattern fits.

    Raises
    ------
    InputError
        No such file (the near names are given), something other than a file, a folder without a readable file or one
        that holds something that cannot be read, or a format that is not known.

    Examples
    --------
    >>> expand("no_such_folder/scores.csv")
    Traceback (most recent call last):
    measurand.errors.InputError: no_such_folder/scores.csv: no such file, and no folder 'no_such_folder'
    """
    name = os.fspath(given)
    path = Path(name)
    if path.is_dir():
        return _in_folder(path)
    if path.exists():
        require_file(path)
        if recognise(path) is None:
            raise InputError(f"{name}: format not recognised; readable are {READABLE}")
        return [name]
    fitting = sorted(found for found in _glob(name) if os.path.isfile(found) and recognise(found))
    if fitting:
        return fitting
    raise InputError(f"{name}: no such file{_near_files(path)}")


def read_bytes(name: str) -> bytes:
    """The content of a file.

    Raises
    ------
    InputError
        It is no file, or the operating system does not let it be read.
    """
    require_file(name)
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise InputError(f"{name}: cannot be read: {first_line(error)}") from None


def _glob(pattern: str) -> list[str]:
    return glob.glob(pattern, recursive=True) if glob.has_magic(pattern) and "\0" not in pattern else []


def require_file(path: str | os.PathLike[str]) -> None:
    """Refuse what is no file before it is opened: a pipe would wait for a writer, and can be read only once.

    Raises
    ------
    InputError
        A folder, pipe, socket or device.

    Examples
    --------
    >>> require_file(os.devnull)
    Traceback (most recent call last):
    measurand.errors.InputError: /dev/null: is a device; save what it gives to a file and name that
    """
    if (other := other_than_file(path)) is not None:
        way_out = "name a file" if other == "a folder" else "save what it gives to a file and name that"
        raise InputError(f"{os.fspath(path)}: is {other}; {way_out}")


def why_closed(path: Path) -> str | None:
    """Why what lies at a path can never be read, be it a file or a folder; None if it can.

    Examples
    --------
    >>> why_closed(Path(os.devnull)), why_closed(Path("."))
    ('is a device, not a file', None)
    """
    if path.is_dir() or (other := other_than_file(path)) is None:
        try:
            path.stat()
            if path.is_dir():
                os.scandir(path).close()
        except OSError as error:
            return f"cannot be read: {first_line(error)}"
        return None
    return f"is {other}, not a file"


class Below(NamedTuple):
    """What lies anywhere below a folder, without what is hidden.

    Parameters
    ----------
    found : the files, sorted, and the folders that were not looked into.
    closed : what can never be read: folders without permission, pipes, links that lead nowhere.
    """

    found: list[Path]
    closed: list[Path]


def below(folder: Path, whole: Callable[[Path], bool] = lambda _: False) -> Below:
    """What lies below a folder; each folder and each file once, by whatever links it can be reached.

    Parameters
    ----------
    whole : whether a folder counts as a file does, and is not looked into.
    """
    result, seen = Below([], []), set[tuple[int, int]]()
    # Links last, so that what is there itself keeps its own name.
    here, links = [folder], list[Path]()
    while here or links:
        path = (here or links).pop()
        if why_closed(path) is not None:
            result.closed.append(path)
            continue
        state = path.stat()
        if (state.st_dev, state.st_ino) in seen:
            continue
        seen.add((state.st_dev, state.st_ino))
        if not path.is_dir() or whole(path):
            result.found.append(path)
            continue
        for entry in sorted(path.iterdir(), reverse=True):
            if not entry.name.startswith("."):
                (links if entry.is_symlink() else here).append(entry)
    result.found.sort()
    result.closed.sort()
    return result


def visible(folder: Path) -> list[Path]:
    """Files anywhere below a folder, sorted, without those that are hidden or lie in a hidden folder."""
    return below(folder).found


def _in_folder(folder: Path) -> list[str]:
    inside = below(folder)
    if inside.closed:
        lost = inside.closed[0]
        raise InputError(f"{lost}: {why_closed(lost)}; name the files in {folder} that should be read")
    files = inside.found
    # By suffix alone: folders hold notes and logs that sniffing would take for tables.
    readable = [str(path) for path in files if path.suffix.casefold() in SUFFIXES]
    if not readable:
        held = f"it holds {shorten((path.name for path in files), 5)}" if files else "it holds no file"
        raise InputError(f"{folder}: no file to read in this folder; {held}; readable are {READABLE}")
    return readable


def _near_files(path: Path) -> str:
    try:
        held = [entry.name for entry in path.parent.iterdir()]
    except (OSError, ValueError):
        return f", and no folder {str(path.parent)!r}"
    close = near(path.name, held)
    return f"; did you mean {' or '.join(repr(str(path.parent / name)) for name in close)}?" if close else ""
