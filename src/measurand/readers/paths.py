"""Which files are meant, and which format each has."""

from __future__ import annotations

import glob
import os
from pathlib import Path

from measurand.catalogue import near
from measurand.errors import InputError
from measurand.readers.tables.raw import shorten

__all__ = ["SUFFIXES", "expand", "read_bytes", "recognise", "visible"]

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
        No such file (the near names are given), a folder without a readable file, or a format that is not known.

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
        The operating system does not let it be read.
    """
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise InputError(f"{name}: cannot be read: {error.strerror or error}") from None


def _glob(pattern: str) -> list[str]:
    return glob.glob(pattern, recursive=True) if glob.has_magic(pattern) and "\0" not in pattern else []


def visible(folder: Path) -> list[Path]:
    """Files anywhere below a folder, sorted, without those that are hidden or lie in a hidden folder."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return sorted(path for path in found if not any(part.startswith(".") for part in path.relative_to(folder).parts))


def _in_folder(folder: Path) -> list[str]:
    files = visible(folder)
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
