"""What lies among logs and can never be read: folders without permission, pipes, links that lead nowhere."""

from __future__ import annotations

import os
from pathlib import Path

from measurand.readers.log import Log, Problem, nothing_read
from measurand.readers.paths import why_closed
from measurand.results import Source

__all__ = ["read", "recognise"]


def recognise(path: str | os.PathLike[str]) -> bool:
    """Whether it cannot be read."""
    return why_closed(Path(path)) is not None


def read(path: str | os.PathLike[str]) -> Log:
    """A log that holds nothing but the reason: how many logs are lost in it, nobody can tell."""
    return nothing_read(
        Source(os.fspath(path), "", "closed", 0),
        "",
        Problem(why_closed(Path(path)) or "could not be read, and now can; read it again", None),
    )
