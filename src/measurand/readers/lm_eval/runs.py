"""The two halves of a run of lm-evaluation-harness: its results file, and the samples files that belong to it.

They are paired by names first, since the harness writes the date of the run and the task into them; a file is read to
be paired only where its name does not tell and the hash over its documents, prompts and targets can.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from measurand.readers.items import mapping
from measurand.readers.json_files import head, read_document
from measurand.readers.lm_eval.samples import is_samples, task_hash_of

__all__ = [
    "RESULTS_LIMIT",
    "Results",
    "Run",
    "is_results",
    "run_of",
    "samples_of",
    "task_named",
    "task_of",
    "undated",
    "whole_of",
]

RESULTS_LIMIT = 64 * 2**20
"""Largest results file that is decoded, in bytes."""
SEARCHED = 200
"""Files of a folder that are looked at to find the other half of a run."""

_RESULTS = re.compile(rb'"results"\s*:\s*\{\s*"(?:[^"\\]|\\.)*"\s*:\s*\{')
_DATE = re.compile(r"_?(\d{4}-\d\d-\d\dT[\d.\-]+)$")


class Results(msgspec.Struct):
    """What is decoded of a results file, in the harness's names."""

    results: dict[str, Any]
    groups: Any = None
    group_subtasks: Any = None
    configs: Any = None
    versions: Any = None
    n_shot: Any = msgspec.field(default=None, name="n-shot")
    higher_is_better: Any = None
    n_samples: Any = msgspec.field(default=None, name="n-samples")
    config: Any = None
    date: Any = None
    lm_eval_version: Any = None
    task_hashes: Any = None
    model_name: Any = None
    model_source: Any = None
    chat_template_sha: Any = None
    system_instruction_sha: Any = None
    fewshot_as_multiturn: Any = None


class Run(NamedTuple):
    """A results file, its SHA-256 and its content."""

    path: Path
    sha256: str
    content: Results


def is_results(path: Path) -> bool:
    """Whether the head of a file is that of a results file."""
    start = head(path)
    own = b"_stderr" in start or b'"alias"' in start
    return start.startswith(b"{") and own and b'"lighteval_sha"' not in start and bool(_RESULTS.search(start))


def run_of(path: Path, task_hash: Callable[[], str]) -> Run | None:
    """The run a samples file is of, if it can be told.

    A run of another date is never taken. The hash is over questions, not answers, so that runs of two models on one
    task share it: it tells only where one run alone has it.

    Parameters
    ----------
    path : the samples file.
    task_hash : gives the hash of what it holds; called where its name does not tell.
    """
    return _run_of(path, task_hash, _load)


def whole_of(path: Path) -> Path | None:
    """The results file whose reading reads a samples file along; None where there is none."""
    run = run_of(path, partial(task_hash_of, path))
    if run is None:
        return None
    date, task = _date_of(run.path), _listed(run.content, path)
    usual = task is not None and date is not None and path in _expected(run.path, task, date)
    return run.path if usual or path in samples_of(run).values() else None


def samples_of(run: Run) -> dict[str, Path]:
    """Samples files of a run by task: by name, then by what they hold."""
    date = _date_of(run.path)
    expected = ((task, path) for task in run.content.results if date for path in _expected(run.path, task, date))
    found = {task: path for task, path in expected if is_samples(path)}
    if not set(mapping(run.content.task_hashes)) - set(found):
        return found
    load = cache(_load)
    for path in _beside(run.path, is_samples, None if date is None else (date, None)):
        task_hash = cache(partial(task_hash_of, path))
        chosen = _run_of(path, task_hash, load) if path not in found.values() else None
        if chosen and chosen.path == run.path and (task := task_of(run.content, path, task_hash())) is not None:
            found.setdefault(task, path)
    return found


def task_of(content: Results, path: Path, task_hash: str) -> str | None:
    """The task of a run whose samples a file holds: by its hash, else by its name."""
    for task, hashed in mapping(content.task_hashes).items():
        if hashed == task_hash and task in content.results:
            return str(task)
    return _listed(content, path)


def task_named(path: Path) -> str | None:
    """The task a samples file is named after."""
    stem = undated(path)
    return stem.removeprefix("samples_") if stem.startswith("samples_") else None


def undated(path: Path) -> str:
    """A file's name without its ending and the date of its run."""
    return _DATE.sub("", path.stem)


def _run_of(path: Path, task_hash: Callable[[], str], load: Callable[[Path], Run | None]) -> Run | None:
    runs = _possible(path, load)
    # Names before hashes: hashing reads the whole samples file.
    named = [run for run in runs if _listed(run.content, path) is not None]
    if len(named) == 1:
        return named[0]
    hashes = [(run, set(filter(_is_text, mapping(run.content.task_hashes).values()))) for run in named or runs]
    if 1 not in Counter(hashed for _, own in hashes for hashed in own).values():
        return None
    told = task_hash()
    hashed = [run for run, own in hashes if told in own]
    return hashed[0] if len(hashed) == 1 else None


def _possible(path: Path, load: Callable[[Path], Run | None]) -> list[Run]:
    """Runs a samples file can be of by its date: those of that date, else those whose date is not known."""
    date = _date_of(path)
    if date is None:
        return _loaded(_beside(path, is_results), load)
    usual = load(path.with_name(f"results_{date}.json"))
    if usual is not None and _listed(usual.content, path) is not None:
        return [usual]
    of_date = _loaded(_beside(path, is_results, (date,)), load)
    return of_date or _loaded(_beside(path, is_results, (None,)), load)


def _loaded(paths: list[Path], load: Callable[[Path], Run | None]) -> list[Run]:
    runs, size = [], 0
    for path in paths:
        size += path.stat().st_size
        # Together and not each: a folder of thousands of runs would else be held in memory to place one file.
        if size <= RESULTS_LIMIT and (run := load(path)) is not None:
            runs.append(run)
    return runs


def _load(path: Path) -> Run | None:
    document = read_document(path, Results, limit=RESULTS_LIMIT) if is_results(path) else None
    return Run(path, document.sha256, document.value) if document and document.value is not None else None


def _beside(path: Path, fits: Callable[[Path], bool], dates: Collection[str | None] | None = None) -> list[Path]:
    """Files of the folder that fit and have one of the dates in their names; None is no date, no dates are any."""
    try:
        names = sorted(os.listdir(path.parent))
    except OSError:
        return []
    near = [found for name in names if name != path.name and _has((found := path.parent / name), dates)]
    # The other half of a run mostly has its date in the name: those come first where a folder is large.
    date = _date_of(path)
    near.sort(key=lambda found: date is None or _date_of(found) != date)
    return [found for found in near[:SEARCHED] if fits(found)]


def _has(path: Path, dates: Collection[str | None] | None) -> bool:
    return dates is None or _date_of(path) in dates


def _date_of(path: Path) -> str | None:
    found = _DATE.search(path.stem)
    return found[1] if found else None


def _expected(results: Path, task: str, date: str) -> Iterator[Path]:
    """Where the harness writes the samples of a task, beside its results."""
    for spelled in _spellings(task):
        name = f"samples_{spelled}_{date}.jsonl"
        if "/" not in name and "\0" not in name and len(os.fsencode(name)) < 255:
            yield results.parent / name


def _listed(content: Results, path: Path) -> str | None:
    """The task of a run that a samples file is named after."""
    name = task_named(path)
    return next((task for task in content.results if name in _spellings(task)), None)


def _spellings(task: str) -> tuple[str, str]:
    # The harness replaces what a file name cannot hold, but not in every version.
    return task, re.sub(r"\W", "_", task)


def _is_text(value: object) -> bool:
    return isinstance(value, str)
