"""A folder in which long work keeps what is done: each part is written as it ends, and a second run goes on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import polars as pl

from measurand.errors import InputError
from measurand.files import SETTINGS, write_atomically

__all__ = ["Folder", "fingerprint"]

WEIGHTS = (".safetensors", ".gguf", ".bin", ".pt", ".json")
SAMPLES, SAMPLE = 64, 4096
"""Places in a file of weights that are read, and bytes at each: another training changes every tensor."""


class Folder:
    """Parts of one experiment with its settings.

    Parameters
    ----------
    path : the folder; made if it is not there.
    settings : plain values that make the experiment what it is; a folder with others is refused.

    Raises
    ------
    InputError
        The folder holds another experiment, or something else.
    """

    def __init__(self, path: Path, settings: Mapping[str, object]) -> None:
        self.path = path
        # Through JSON, as tuples come back from the file as lists and would not be equal.
        wanted = json.loads(json.dumps(settings))
        file = path / SETTINGS
        if file.is_file():
            held = _settings(file)
            if held != wanted:
                names = sorted(name for name in held.keys() | wanted.keys() if held.get(name) != wanted.get(name))
                shown = "; ".join(f"{name} {held.get(name)!r} there, {wanted.get(name)!r} asked" for name in names[:3])
                raise InputError(f"{path}: the folder holds another experiment ({shown}); name a new folder")
        elif path.is_dir() and any(path.iterdir()):
            raise InputError(f"{path}: the folder holds something that is no experiment; name a new one")
        else:
            write_atomically(file, json.dumps(wanted, indent=1).encode())

    def _part(self, name: str) -> Path:
        # Hidden: an audit of the folder must not read the parts beside the whole table.
        return self.path / ".parts" / f"{name}.jsonl"

    def has(self, name: str) -> bool:
        """Whether the part of that name is done."""
        return self._part(name).is_file()

    def unfinished(self, name: str) -> Path:
        """File for what is done of a part that takes long; it goes when the part is added."""
        return self.path / ".parts" / f"{name}.unfinished"

    def add(self, name: str, rows: pl.DataFrame) -> None:
        """Write a part."""
        write_atomically(self._part(name), rows.write_ndjson().encode())
        self.unfinished(name).unlink(missing_ok=True)

    def rows(self, names: Iterable[str], schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
        """The rows of these parts, in their order."""
        return pl.concat([pl.read_ndjson(self._part(name), schema=dict(schema)) for name in names])

    def finish(self, name: str, rows: pl.DataFrame) -> Path:
        """Write the whole table, as a file that `measurand audit` reads."""
        return write_atomically(self.path / name, rows.write_ndjson().encode())


def _settings(file: Path) -> dict[str, object]:
    try:
        found = json.loads(file.read_bytes())
    except (ValueError, RecursionError, OSError):
        found = None
    if not isinstance(found, dict):
        raise InputError(f"{file}: this is no record of an experiment's settings; name a new folder")
    return found


def fingerprint(source: str | Path) -> str | None:
    """What tells a model's files from others of the same name: their sizes, and bytes from places all over them.

    Returns
    -------
    str or None
        None where the source is no file or folder here, as the name of a model elsewhere.

    Examples
    --------
    >>> fingerprint("no/such/model") is None
    True
    """
    path = Path(source)
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    own = [file for file in files if file.is_file() and file.suffix in WEIGHTS]
    if not own:
        return None
    found = hashlib.sha256()
    for file in own:
        size = file.stat().st_size
        found.update(f"{file.name} {size}\n".encode())
        with file.open("rb") as opened:
            for place in sorted({size * sample // SAMPLES for sample in range(SAMPLES)}):
                opened.seek(place)
                found.update(opened.read(SAMPLE))
    return found.hexdigest()
