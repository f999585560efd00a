"""Effects on files: written whole or not at all; and what stands in a place that should be a file."""

from __future__ import annotations

import errno
import os
import stat
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from measurand.errors import InputError

if sys.platform != "win32":
    import fcntl

__all__ = ["SETTINGS", "other_than_file", "require_writable", "write_atomically"]

SETTINGS = "settings.json"
"""File in an experiment's folder that says what it is."""

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
_KEPT = 200
"""Bytes of a file's name that its temporary file repeats: with what is added, it fits where the name does."""


def other_than_file(path: str | os.PathLike[str]) -> str | None:
    """What is there instead of a file, in words; None for a file, for nothing, and for what cannot be looked at.

    Opening a pipe waits for a writer, and a device may never end, so both are told before they are opened.

    Examples
    --------
    >>> other_than_file(os.devnull), other_than_file("."), other_than_file("no_such_file")
    ('a device', 'a folder', None)
    """
    try:
        return _KINDS.get(stat.S_IFMT(os.stat(path).st_mode))
    except (OSError, ValueError):
        return None


def require_writable(path: str | os.PathLike[str]) -> None:
    """Check that a file can be written at a path, before the work whose result it should hold; nothing is left there.

    Raises
    ------
    InputError
        Something other than a file is there.
    OSError
        The system would refuse it: a file where a folder is due, no permission, a read-only disk, too long a name.

    Examples
    --------
    >>> require_writable(os.path.join(os.devnull, "audit.html"))
    Traceback (most recent call last):
    NotADirectoryError: [Errno 20] Not a directory: '/dev/null'
    """
    target = Path(path)
    folder = _nearest_folder(target)
    for name in target.parts[len(folder.parts) :]:
        # Asked here each by itself: a folder yet to be made hides how long the names below it are.
        with suppress(FileNotFoundError):
            os.lstat(folder / name)
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        # The name of the file tried would say nothing to anybody.
        raise OSError(error.errno, error.strerror, str(folder)) from None


def write_atomically(path: str | os.PathLike[str], data: bytes) -> Path:
    """Write a file so that a reader, or a crash, never sees half of it; missing folders are made.

    Returns
    -------
    Path
        Where it was written.

    Raises
    ------
    InputError
        Something other than a file is there: a folder, or a device that would be replaced by a file.
    OSError
        The system refuses it; the old file is then as it was.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_atomically(os.path.join(folder, "new", "a.txt"), b"whole").read_bytes()
    b'whole'
    """
    target = Path(path)
    _nearest_folder(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    # Always the same name, so that the next run takes over what a killed one left.
    temporary = target.with_name(f".{os.fsdecode(os.fsencode(target.name)[:_KEPT])}.part")
    try:
        with _opened_alone(temporary) as file:
            try:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
                if sys.platform == "win32":
                    file.close()  # an open file cannot be renamed there
                # Still locked: whoever waits for the lock must not write into what is being renamed.
                os.replace(temporary, target)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
    except OSError as error:
        # Of a full disk the system names no file, and of others the temporary one.
        raise OSError(error.errno, error.strerror or str(error), str(target)) from None
    return target


def _nearest_folder(target: Path) -> Path:
    """The folder the file will lie in, or the nearest above it that is there; refuses what cannot become a file."""
    if (other := other_than_file(target)) is not None:
        raise InputError(f"{target}: is {other}; name a file to write")
    folder = target.parent
    while not folder.exists():
        folder = folder.parent
    if not folder.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))
    return folder


def _opened_alone(temporary: Path) -> BinaryIO:
    """The temporary file, empty, which nobody else writes meanwhile.

    The system lets go of the lock when a process dies. Where there is none (Windows, some network drives), one writer
    at a time is safe.
    """
    while True:
        # Never through a link that somebody put in its place. The file has the rights the user asks of new files.
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)
        file = os.fdopen(handle, "wb")
        if sys.platform != "win32":
            with suppress(OSError):
                fcntl.flock(handle, fcntl.LOCK_EX)
        # While this one waited, the other may have renamed the file.
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(handle), os.stat(temporary)):
                file.truncate()
                return file
        file.close()
