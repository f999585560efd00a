"""What a folder of evidence was gathered for, where an experiment left it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from measurand.files import SETTINGS

__all__ = ["JUDGED_BY", "made_for"]

JUDGED_BY = {
    "noise": "G7",
    "elicit": "G10",
    "probe": "G9",
    "membership": "G4",
    "prompts": "P7",
    "rerun": "P6",
    "awareness": "G11",
}
"""Experiments, and the measure that says what they found."""


def made_for(paths: Iterable[Any]) -> tuple[str, ...]:
    """Codes of the measures for which experiments left the evidence in these folders, or in files of theirs.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, SETTINGS).write_text('{"experiment": "noise"}')
    ...     made_for([folder, Path(folder, "noise.jsonl"), "elsewhere"])
    ('G7',)
    """
    named = [Path(path) for path in paths if isinstance(path, str | os.PathLike)]
    found = [_experiment(path / SETTINGS) or _experiment(path.parent / SETTINGS) for path in named]
    return tuple(dict.fromkeys(JUDGED_BY[name] for name in found if name in JUDGED_BY))


def _experiment(file: Path) -> str | None:
    try:
        held = json.loads(file.read_bytes())
    except (ValueError, RecursionError, OSError):
        return None
    name = held.get("experiment") if isinstance(held, dict) else None
    return name if isinstance(name, str) else None
