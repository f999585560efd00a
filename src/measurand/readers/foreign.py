"""Files of other programs that are not read: told by name with the way out, so that none is passed over in silence."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from measurand.readers.json_files import head
from measurand.readers.log import Log, Problem, nothing_read
from measurand.results import Source

__all__ = ["read", "recognise"]

SIGNS: Mapping[str, tuple[re.Pattern[bytes], str]] = {
    "annotations of alpaca_eval": (
        re.compile(rb'^\[?\s*\{(?=.*"generator_1")(?=.*"generator_2")(?=.*"(?:preference|annotator)")', re.DOTALL),
        "they are votes: write model_a, model_b and winner (generator_1, generator_2, preference) as a table",
    ),
    "results of simple-evals": (
        re.compile(rb'^\{(?=.*"score(?::std)?"\s*:)(?=.*"(?:chars|score:std|htmls|convos)(?::std)?"\s*:)', re.DOTALL),
        "they name no model: write model, benchmark, score and n_items as a table",
    ),
    "results of aider's benchmark": (
        re.compile(rb"^-\s+dirname:.*^\s+pass_rate_1:", re.DOTALL | re.MULTILINE),
        "write model, benchmark, score (pass_rate_2 / 100) and n_items (test_cases) as a table",
    ),
}
"""How the files of a program begin, and how their figures get here."""


def recognise(path: str | os.PathLike[str]) -> bool:
    """Whether the head of a file is that of a program whose files are not read.

    Examples
    --------
    >>> recognise("no_such_file.json")
    False
    """
    return _named(path) is not None


def read(path: str | os.PathLike[str]) -> Log:
    """A log that holds nothing but what the file is, and the way out."""
    name = _named(path)
    reason = f"{name}, which are not read; {SIGNS[name][1]}" if name else "no such file any more"
    return nothing_read(Source(os.fspath(path), "", "foreign", 0), "", Problem(reason, None))


def _named(path: str | os.PathLike[str]) -> str | None:
    start = head(path)
    return next((name for name, (sign, _) in SIGNS.items() if sign.search(start)), None)
