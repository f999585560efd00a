"""Scan results of Inspect Scout: what scanners say of transcripts, one Parquet file per scanner.

A scanner is a grader of transcripts: the scanner's name stands for what is looked for (the benchmark), a transcript for
an item, and whether it was found for the score. Where a transcript was also labelled by hand (a validation set), the
label is a second grader, from which follows how often the scanner errs.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import polars as pl

from measurand.errors import first_line
from measurand.readers.grades import words_problem
from measurand.readers.items import Rows, mapping, metadata, number, scored_after_errors, text
from measurand.readers.json_files import require
from measurand.readers.log import Log, Problem, items_frame
from measurand.readers.parquet import parquet_frame, parquet_names
from measurand.results import Source
from measurand.tables import State

__all__ = ["HAND", "read", "recognise"]

COLUMNS = frozenset({"transcript_id", "scanner_name", "value", "value_type", "scan_error"})
"""Columns that tell the results of a scanner from other tables."""

USED = (
    *("transcript_id", "transcript_model", "transcript_task_set", "transcript_metadata", "scanner_key"),
    *("scanner_name", "value", "value_type", "scan_error", "validation_target"),
)

HAND, SCANNER = "human label", "scanner"
"""Graders: whoever labelled the validation set, and the scanner."""

_ERRORS = (OSError, ValueError, MemoryError, pl.exceptions.PolarsError, pl.exceptions.PanicException)


class _Value(NamedTuple):
    """What a scanner or a person said: a number, or a word that stands for none."""

    number: float | None
    word: str | None = None


NOTHING = _Value(None)


def recognise(path: str | os.PathLike[str]) -> bool:
    """Whether a file is a Parquet file with the columns of a scanner's results.

    Examples
    --------
    >>> recognise("no_such_file.parquet")
    False
    """
    if Path(path).suffix.casefold() != ".parquet":
        return False
    try:
        return {*parquet_names(path)} >= COLUMNS
    except _ERRORS:
        return False


def read(path: str | os.PathLike[str]) -> list[Log]:
    """Read the results of a scanner.

    Returns
    -------
    list of Log
        One for each model whose transcripts were scanned. A transcript with several results counts with the highest.

    Raises
    ------
    InputError
        No such file. Whatever a file holds is no error but a problem of its log.
    """
    given = require(path)
    try:
        with open(given, "rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        names = parquet_names(given)
        lines = parquet_frame(given, [name for name in USED if name in names]).to_dicts()
    except _ERRORS as error:
        return [
            _log(given, "", None, None, items_frame(), (Problem(f"{given.name}: cannot be read: {first_line(error)}"),))
        ]
    if not lines:
        return [_log(given, digest, None, None, items_frame(), (Problem(f"{given.name}: no transcript was scanned"),))]
    by_model: dict[str | None, list[dict[str, object]]] = {}
    for line in lines:
        about = _decoded(line.get("transcript_metadata"))
        model = text(line.get("transcript_model") or mapping(about).get("model"), 500)
        by_model.setdefault(model, []).append(line)
    return [_of_model(given, digest, model, own) for model, own in by_model.items()]


def _of_model(path: Path, digest: str, model: str | None, lines: Sequence[dict[str, object]]) -> Log:
    scanner = text(lines[0].get("scanner_key") or lines[0].get("scanner_name"), 500)
    values = [_value(line.get("value"), line.get("value_type")) for line in lines]
    # Of a scanner that gives numbers, no result is none; of others it says that nothing was found.
    silent = None if any(line.get("value_type") == "number" for line in lines) else 0.0
    words = Counter(value.word for value in values if value.word is not None)
    odd = sum(line.get("value_type") in ("array", "object") for line in lines)
    rows, errored = Rows(), 0
    for line, value in zip(lines, values, strict=True):
        task = line.get("transcript_task_set")
        cells = {"item": text(line.get("transcript_id")), "reading": scanner, "metadata": metadata({"task": task})}
        failed = line.get("scan_error") is not None
        score = silent if value == NOTHING and line.get("value_type") == "null" and not failed else value.number
        state = State.ERRORED.value if failed else None
        errored += failed and score is not None
        rows.add(grader=SCANNER, score=score, grade=value.word, state=state, **cells)
        hand = _value(_decoded(line.get("validation_target")), None)
        if hand != NOTHING:
            rows.add(grader=HAND, score=hand.number, grade=hand.word, **cells)
    problems = [words_problem(scanner or "scanner", words)] if words else []
    problems += scored_after_errors(errored, len(lines))
    if odd:
        problems.append(Problem(f"{odd:,} results are lists or objects, no single number", odd))
    highest = rows.frame().sort("score", descending=True, nulls_last=True, maintain_order=True)
    items = highest.unique(["item", "grader"], keep="first", maintain_order=True).sort("item", maintain_order=True)
    return _log(path, digest, model, scanner, items, tuple(problems), frozenset({scanner or ""} if words else ()))


def _log(
    path: Path,
    digest: str,
    model: str | None,
    scanner: str | None,
    items: pl.DataFrame,
    problems: tuple[Problem, ...],
    words: frozenset[str | None] = frozenset(),
) -> Log:
    return Log(
        source=Source(str(path), digest, "scout", items.height),
        harness="scout",
        harness_version=None,
        model=model,
        task=scanner,
        task_version=None,
        items=items,
        problems=problems,
        words=words,
    )


def _value(raw: object, kind: object) -> _Value:
    """A value as it stands in the table, where values of several types are texts."""
    if isinstance(raw, str) and kind not in ("array", "object"):
        if raw.strip().lower() in ("true", "false"):
            return _Value(float(raw.strip().lower() == "true"))
        try:
            return _Value(number(float(raw)))
        except ValueError:
            return _Value(None, text(raw, 200))
    return _Value(number(raw))


def _decoded(raw: object) -> object:
    """A value of a column that holds JSON, where it is JSON."""
    if not isinstance(raw, str):
        return raw
    try:
        return msgspec.json.decode(raw.encode("utf-8", "replace"))
    except (msgspec.MsgspecError, RecursionError):
        return raw
