"""What is dropped onto the first page, kept in the folder served: each drop by itself, and nothing written over."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

from measurand.errors import InputError
from measurand.web.folder import UPLOADS, Folder

__all__ = ["begun", "received"]

DEEPEST = 20
"""Folders in one another that are taken."""


def begun(folder: Folder, name: str) -> Path:
    """A new folder for what is dropped together, apart from what was dropped before.

    Raises
    ------
    InputError
        A name that is none.
    """
    place = _free(_place(folder) / _plain(name))
    place.mkdir()
    return place


async def received(folder: Folder, path: str, stream: AsyncIterator[bytes], limit: int) -> Path:
    """Write a file to disk as it comes; one that is broken off or too large leaves nothing.

    Parameters
    ----------
    path : its name, below a folder that was begun for it or by itself.
    stream : what is in it.
    limit : bytes that are taken.

    Returns
    -------
    Path
        Where it lies.

    Raises
    ------
    InputError
        A name that is none, no folder to put it into, or too many bytes.
    """
    *within, name = map(_plain, path.split("/"))
    top = place = _place(folder)
    if within:
        top, place = top / within[0], top.joinpath(*within)
        if not top.is_dir() or len(within) > DEEPEST:
            raise InputError(f"{path!r}: no folder was begun for it, or it lies deeper than {DEEPEST} folders")
        if not place.resolve().is_relative_to(folder.root):
            raise InputError(f"{path!r}: leads out of the folder that is served")
        place.mkdir(parents=True, exist_ok=True)
    target, part = _free(place / name), place / f".{name}.part"
    size = 0
    try:
        with part.open("xb") as file:
            async for chunk in stream:
                size += len(chunk)
                if size > limit:
                    raise InputError(f"{name}: larger than the {limit:,} bytes that are taken")
                await asyncio.to_thread(file.write, chunk)
        part.rename(target)
    except FileExistsError:
        raise InputError(f"{name}: is being received already") from None
    except BaseException:
        with suppress(OSError):
            part.unlink()
            # Folders that were made for it alone go too: one that holds anything stays.
            for each in (place, *place.parents):
                if not each.is_relative_to(top) or not within:
                    break
                each.rmdir()
        raise
    return target


def _place(folder: Folder) -> Path:
    place = folder.root / UPLOADS
    place.mkdir(exist_ok=True)
    if not place.resolve().is_relative_to(folder.root):
        raise InputError(f"{UPLOADS}: leads out of the folder that is served")
    return place


def _plain(name: str) -> str:
    """The name of one file or folder, and nothing that leads elsewhere."""
    if Path(name).name != name or name.startswith(".") or not name.strip() or "\0" in name or len(name.encode()) > 200:
        raise InputError(f"a file's name should be plain, such as scores.csv, got {name!r}")
    return name


def _free(path: Path) -> Path:
    """The path, or the next that nothing has: what was dropped before is not written over."""
    numbered = (path.with_name(f"{path.stem}-{count}{path.suffix}") for count in itertools.count(2))
    return path if not path.exists() else next(each for each in numbered if not each.exists())
