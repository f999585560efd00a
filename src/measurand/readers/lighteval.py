"""Results of lighteval, with the details beside them where they were saved.

A results file holds the means of every task, of families of tasks (``mmlu:_average``) and of everything (``all``),
which is no benchmark. Details are one Parquet file per task in a folder of their own: what was asked, the metrics of it
and what was answered.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import polars as pl

from measurand.errors import first_line
from measurand.readers.items import (
    Occurrences,
    Rows,
    as_facts,
    count,
    disagreements,
    listing,
    mapping,
    means,
    number,
    text,
)
from measurand.readers.json_files import head, read_document, require
from measurand.readers.log import Aggregate, Log, Problem, items_frame
from measurand.readers.parquet import parquet_frame
from measurand.readers.settings import TASK, settings_of
from measurand.results import Source

__all__ = ["read", "recognise"]

RESULTS_LIMIT = 64 * 2**20
"""Largest results file that is decoded, in bytes."""

DETAILS_LIMIT = 2 * 2**30
"""Largest file of details that is read, in bytes."""

EVERYTHING, AVERAGE = "all", ":_average"

_DATE = re.compile(r"results_(\d{4}-\d\d-\d\dT[\d.\-]+)$")
_QUERY, _ANSWER = ("query", "example", "full_prompt"), ("text", "predictions")


class _Results(msgspec.Struct):
    config_general: dict[str, Any]
    results: dict[str, Any]
    versions: Any = None
    config_tasks: Any = None


class _Task(NamedTuple):
    """A task as lighteval names it: ``suite|task|shots``, with colons in some versions."""

    name: str
    shots: str | None

    @classmethod
    def of(cls, raw: str) -> _Task:
        parts = raw.split("|") if "|" in raw else raw.split(":")
        shots = parts.pop() if len(parts) > 1 and parts[-1].isdecimal() else None
        return cls(":".join(parts[1:]) if len(parts) > 1 else parts[0], shots)


class _Details(NamedTuple):
    """The rows of a file of details, the hash of its bytes, and why it has none."""

    items: pl.DataFrame
    sha256: str
    problems: tuple[Problem, ...]


def recognise(path: str | os.PathLike[str]) -> bool:
    """Whether the head of a file is that of a results file of lighteval.

    Examples
    --------
    >>> recognise("no_such_file.json")
    False
    """
    start = head(path)
    return start.startswith(b"{") and b'"config_general"' in start and b'"lighteval_sha"' in start


def read(path: str | os.PathLike[str]) -> list[Log]:
    """Read a results file and the details of its run.

    Returns
    -------
    list of Log
        One for each task, and one for each average over a family, which says so: ``facts["group"] == "true"``.

    Raises
    ------
    InputError
        No such file. Whatever a file holds is no error but a problem of its log.
    """
    given = require(path)
    document = read_document(given, _Results, limit=RESULTS_LIMIT)
    content = document.value
    names = [raw for raw in content.results if raw != EVERYTHING] if content else []
    if content is None or not names:
        problem = document.problem or Problem(f"{given.name}: no task in the results")
        return [_log(given, document.sha256, problems=(problem,))]
    details = _details(given)
    return [_task(given, document.sha256, content, raw, names, details.get(_spelled(raw))) for raw in names]


def _log(path: Path, sha256: str, **said: Any) -> Log:
    held = {"harness_version": None, "model": None, "task": None, "task_version": None, "items": items_frame(), **said}
    return Log(source=Source(str(path), sha256, "lighteval", held["items"].height), harness="lighteval", **held)


def _task(path: Path, sha256: str, content: _Results, raw: str, names: list[str], details: Path | None) -> Log:
    task, general = _Task.of(raw), content.config_general
    arguments = mapping(general.get("model_config"))
    found = _read_details(details) if details else _Details(items_frame(), sha256, ())
    date = _DATE.search(path.stem)
    config = _config(content.config_tasks, raw)
    said = {
        "shots": task.shots,
        "limit": general.get("max_samples"),
        "items_chosen": count(config.get("effective_num_docs")),
        "items_in_dataset": count(config.get("original_num_docs")),
        "date": date and _iso(date[1]),
    }
    log = _log(
        details or path,
        found.sha256,
        harness_version=text(general.get("lighteval_sha"), 200),
        model=text(general.get("model_name") or arguments.get("model_name"), 200),
        task=task.name.removesuffix(AVERAGE),
        task_version=text(mapping(content.versions).get(raw), 200),
        items=found.items,
        aggregates=tuple(_aggregates(mapping(content.results.get(raw)), config)),
        facts=as_facts(said) | _family(task, names),
        settings=settings_of(
            ("", {**mapping(arguments.get("generation_parameters")), "system_prompt": arguments.get("system_prompt")}),
            (TASK, {"shots": task.shots}),
        ),
    )
    recomputed = {(name, name): mean for (name, _), mean in means(log.items).items()}
    return replace(log, problems=(*found.problems, *disagreements(log.aggregates, recomputed, {})))


def _family(task: _Task, names: list[str]) -> dict[str, str]:
    """That a task is the average of others, and of which."""
    if not task.name.endswith(AVERAGE):
        return {}
    start = f"{task.name.removesuffix(AVERAGE)}:"
    own = [name for raw in names if (name := _Task.of(raw).name).startswith(start) and name != task.name]
    return {"group": "true", "subtasks": ",".join(own)}


def _aggregates(entry: Mapping[str, object], config: Mapping[str, object]) -> Iterator[Aggregate]:
    told = {text(each.get("metric_name"), 200): each for each in map(mapping, listing(config.get("metric")))}
    size = count(config.get("effective_num_docs"))
    for name, raw in entry.items():
        value = number(raw)
        if value is None or name.endswith("_stderr"):
            continue
        higher = mapping(told.get(name)).get("higher_is_better")
        yield Aggregate(
            reading=name,
            metric=name,
            value=value,
            stderr=number(entry.get(f"{name}_stderr")),
            n=size,
            higher_is=("worse", "better")[higher] if isinstance(higher, bool) else None,
        )


def _config(configs: object, raw: str) -> dict[str, Any]:
    """What is said of a task, whose name there may lack the shots."""
    held = mapping(configs)
    return mapping(held.get(raw) or held.get(raw.rpartition("|")[0]) or held.get(raw.rpartition(":")[0]))


def _iso(date: str) -> str:
    """A date from a file's name, in which hyphens stand for the colons of the time."""
    day, _, time = date.partition("T")
    return f"{day}T{time.replace('-', ':')}"


# --- details


def _details(results: Path) -> dict[str, Path]:
    """The files of details by task, from where lighteval writes them beside ``results/MODEL/results_DATE.json``."""
    date = _DATE.search(results.stem)
    if date is None:
        return {}
    found: dict[str, Path] = {}
    for above in results.parents[:4]:
        inside = results.parent.relative_to(above).parts
        for folder in (above / "details" / Path(*inside[1:]) / date[1], above / date[1]):
            if folder.is_dir():
                for path in sorted(folder.glob(f"details_*_{date[1]}.parquet")):
                    raw = path.name.removeprefix("details_").removesuffix(f"_{date[1]}.parquet")
                    found.setdefault(_spelled(raw), path)
    return found


def _spelled(raw: str) -> str:
    """A task's name with what differs between the results and the names of files made alike."""
    return re.sub(r"[|:/]", "_", raw)


def _read_details(path: Path) -> _Details:
    try:
        size = path.stat().st_size
        if size > DETAILS_LIMIT:
            raise ValueError(f"{size} bytes; at most {DETAILS_LIMIT} are read")
        with open(path, "rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        frame = parquet_frame(path)
    except (OSError, ValueError, pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        return _Details(items_frame(), "", (Problem(f"{path.name}: cannot be read: {first_line(error)}"),))
    structs = {name: kind for name, kind in frame.schema.items() if isinstance(kind, pl.Struct)}
    metrics = next((name for name in ("__metric__", "metric", "metrics") if name in structs), None)
    if metrics is None:
        return _Details(items_frame(), digest, (Problem(f"{path.name}: no column of metrics", frame.height),))
    return _Details(_rows(frame, metrics), digest, ())


def _rows(frame: pl.DataFrame, metrics: str) -> pl.DataFrame:
    rows, epochs = Rows(), Occurrences()
    for place, line in enumerate(frame.iter_rows(named=True)):
        asked, answered = {**line, **mapping(line.get("__doc__"))}, {**line, **mapping(line.get("__model_response__"))}
        query = next((text(asked.get(name)) for name in _QUERY if asked.get(name)), None)
        item = hashlib.sha256(query.encode("utf-8", "replace")).hexdigest()[:16] if query else str(place)
        epoch = epochs(item)
        answer = next((answered[name] for name in _ANSWER if answered.get(name)), None)
        cells = {"item": item, "epoch": epoch, "answer": text(answer[0] if isinstance(answer, list) else answer)}
        for name, value in line[metrics].items():
            rows.add(reading=name, score=number(value), **cells)
    return rows.frame()
