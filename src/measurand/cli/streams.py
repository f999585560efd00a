"""The streams of a terminal: any of them can show what is printed, and what goes wrong is one line."""

from __future__ import annotations

import codecs
import io
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from rich.console import Console

from measurand.errors import MeasurandError
from measurand.wording import plain

__all__ = ["messages", "one_line"]

messages = Console(stderr=True, highlight=False, markup=False)

_NEAREST = str.maketrans(
    {
        **dict.fromkeys("−–—", "-"),
        **dict.fromkeys("“”‘’", "'"),
        "…": "...",
        "≥": ">=",
        "≤": "<=",
        "×": "x",
        "±": "+/-",
        "·": "|",
        "²": "^2",
        "●": "*",
    }
)
"""What measurand itself prints beyond ASCII, as a console without it can show it: a minus must not become a "?"."""


def _as_shown(error: UnicodeError) -> tuple[str, int]:
    """What stands for characters that a stream cannot encode: the nearest, or else their number as JSON writes it."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    near = error.object[error.start : error.end].translate(_NEAREST)
    return "".join(char if char.isascii() else json.dumps(char)[1:-1] for char in near), error.end


@contextmanager
def one_line() -> Iterator[None]:
    """Whatever is wrong with the input, or with the system, ends as one line on the error stream and exit code 2."""
    codecs.register_error("measurand", _as_shown)
    for stream in (sys.stdout, sys.stderr):
        # Consoles of Windows and of old servers know some hundred characters; none should cost a finished audit.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="measurand")
    try:
        try:
            yield
        finally:
            # Now, while it can be told: a full disk would otherwise be met as the interpreter ends.
            if sys.stdout is not None:
                sys.stdout.flush()
    except (MeasurandError, OSError, MemoryError) as problem:
        _drop_unwritten()
        # Where the error stream itself cannot be written, the exit code says it.
        with suppress(OSError):
            messages.print(f"measurand: {plain(_said(problem))}", soft_wrap=True)
        sys.exit(2)


def _said(problem: BaseException) -> str:
    if isinstance(problem, MemoryError):
        return f"not enough memory{f' ({problem})' if str(problem) else ''}"
    if isinstance(problem, OSError) and problem.strerror:
        named = os.fsdecode(problem.filename) if isinstance(problem.filename, str | bytes) else "measurand's output"
        return f"{named}: {problem.strerror}"
    return str(problem)


def _drop_unwritten() -> None:
    """Let go of output that the system does not take, which it would refuse again as the interpreter ends."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
