"""Records of every_eval_ever: an aggregate record, and the instance-level JSON lines it may point to.

The record says where its samples are as a path in its repository; only the file name of it is followed, beside the
record. Samples join their result by ``evaluation_result_id``, else by ``evaluation_name``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import msgspec

from measurand.readers.items import (
    UNGRADED,
    Key,
    Occurrences,
    Rows,
    as_facts,
    count,
    disagreements,
    listing,
    mapping,
    means,
    metadata,
    number,
    scored_after_errors,
    text,
)
from measurand.readers.json_files import JsonLines, head, read_document, require
from measurand.readers.log import Aggregate, Log, Problem
from measurand.readers.settings import TASK, settings_of
from measurand.results import Source

__all__ = ["explained", "part_of", "read", "recognise", "recomputed"]

HARNESS = "every_eval_ever"
RECORD_LIMIT = 64 * 2**20
"""Largest record that is decoded, in bytes."""
SEARCHED = 200
"""Files of a folder that are looked at to find the record of a samples file."""
_VERSION = re.compile(rb'"schema_version"\s*:\s*"')
UNKNOWN_LEVEL = -1.0
"""Score that means "unknown" where the record says there is such a level."""


class _Record(msgspec.Struct):
    evaluation_results: list[Any]
    schema_version: Any = None
    evaluation_id: Any = None
    evaluation_timestamp: Any = None
    retrieved_timestamp: Any = None
    source_metadata: Any = None
    eval_library: Any = None
    model_info: Any = None
    detailed_evaluation_results: Any = None


class _Sample(msgspec.Struct):
    sample_id: Any = None
    sample_hash: Any = None
    evaluation_name: Any = None
    evaluation_result_id: Any = None
    evaluation_id: Any = None
    model_id: Any = None
    interaction_type: Any = None
    input: Any = None
    output: Any = None
    answer_attribution: Any = None
    evaluation: Any = None
    token_usage: Any = None
    error: Any = None
    metadata: Any = None


class _Result(NamedTuple):
    """One score of a record: the task and metric it is of, and the result as it stands there."""

    task: str
    reading: str
    entry: dict[str, Any]


class _Samples(NamedTuple):
    path: Path
    sha256: str
    tasks: dict[str, Rows]
    models: dict[str, str | None]
    good: int
    bad: int
    problems: list[Problem]


def recognise(path: str | os.PathLike[str]) -> bool:
    """Whether a file's content is an aggregate record or instance-level lines of every_eval_ever.

    Examples
    --------
    >>> recognise("no_such_file.json")
    False
    """
    return _is_samples(Path(path)) or _is_record(Path(path))


def part_of(path: str | os.PathLike[str]) -> Path | None:
    """The record a samples file belongs to: reading that one reads this one too. None where there is none."""
    given = Path(path)
    return next(iter(_records_of(given)), None) if _is_samples(given) else None


def read(path: str | os.PathLike[str]) -> list[Log]:
    """Read a record with its samples, or a samples file with its record.

    Returns
    -------
    list of Log
        One for each evaluation name (task) of the record; its metrics are readings. Items are known by ``sample_hash``
        where all samples have one, as ``sample_id`` may differ between sources.

    Raises
    ------
    InputError
        No such file. Whatever a file holds is no error but a problem of its log.
    """
    given = require(path)
    # By content first: both kinds occur with either ending.
    if not _is_samples(given) and (given.suffix != ".jsonl" or _is_record(given)):
        return _read_record(given)
    records = _records_of(given)
    if records:
        return _read_record(records[0])
    samples = _read_samples(given, [])
    problems = [
        *samples.problems,
        Problem(f"{given.name}: no record that can be read is beside it, so scores and settings are not known", 0),
    ]
    logs = [_unclaimed(samples, task) for task in samples.tasks] or [_empty(given, samples.sha256)]
    return [replace(logs[0], problems=tuple(problems)), *logs[1:]]


def recomputed(log: Log) -> dict[Key, float]:
    """Aggregates computed from the items: (reading, metric) -> mean score of its samples.

    Examples
    --------
    >>> from measurand.readers.log import items_frame
    >>> items = items_frame({"reading": ["accuracy", "accuracy"], "score": [1.0, 0.0]})
    >>> absent = dict.fromkeys(("harness_version", "model", "task", "task_version"))
    >>> named = {"harness": "every_eval_ever", **absent}
    >>> recomputed(Log(source=Source("s", "", "every_eval_ever", 2), items=items, **named))
    {('accuracy', 'accuracy'): 0.5}
    """
    return {(reading, reading): mean for (reading, _), mean in means(log.items).items()}


def explained(log: Log) -> dict[Key, str]:
    """Aggregates that need not equal `recomputed`, with the rule that says why."""
    known, rules = recomputed(log), {}
    held = log.items.height
    for given in log.aggregates:
        key = (given.reading, given.metric)
        if held == 0:
            rules[key] = "no items: the record gives scores alone"
        elif log.facts.get("source_type") == "documentation":
            rules[key] = "documented: the score was copied from its source, not computed from these samples"
        elif given.n is not None and held < given.n:
            rules[key] = f"part of the items: {held} of {given.n} samples are here"
        elif key not in known:
            rules[key] = "no mean: a sample has no score of this metric"
    return rules


def _is_samples(path: Path) -> bool:
    """Whether a line at the head of a file is a sample; the first may be damaged."""
    start = head(path)
    # Asked of the whole first: a record has a thousand lines, each to be looked at by itself.
    if b'"sample_id"' not in start and b'"interaction_type"' not in start:
        return False
    return any(_is_sample(line) for line in start.split(b"\n"))


def _is_sample(line: bytes) -> bool:
    if not line.startswith(b"{") or b'"evaluation_results"' in line:
        return False
    named = b'"sample_id"' in line and b'"evaluation_id"' in line
    return named or (b'"interaction_type"' in line and b'"model_id"' in line)


def _is_record(path: Path) -> bool:
    start = head(path)
    told = b'"evaluation_results"' in start or b'"source_metadata"' in start
    return start.startswith(b"{") and b'"evaluation_id"' in start and bool(_VERSION.search(start)) and told


# --- record


def _read_record(path: Path) -> list[Log]:
    document = read_document(path, _Record, limit=RECORD_LIMIT)
    if document.value is None:
        return [_empty(path, document.sha256, document.problem)]
    record = document.value
    results = list(_results(record))
    samples = _samples_beside(path, record, results)
    tasks = list(dict.fromkeys(result.task for result in results))
    source = Source(str(path), document.sha256, HARNESS, 0)
    logs = [_log(source, record, task, results, samples) for task in tasks]
    if samples:
        logs += [_unclaimed(samples, task) for task in samples.tasks if task not in tasks]
    logs = logs or [_empty(path, document.sha256)]
    odd = [document.problem] if document.problem else []
    problems = [*odd, *_uncounted(path, record, results, samples), *logs[0].problems]
    return [replace(logs[0], problems=tuple(problems)), *logs[1:]]


def _results(record: _Record) -> Iterator[_Result]:
    entries = [entry for entry in record.evaluation_results if isinstance(entry, dict)]
    labels = [(text(entry.get("evaluation_name"), 500) or "", _metric(entry)) for entry in entries]
    for entry, (task, metric) in zip(entries, labels, strict=True):
        identity = text(entry.get("evaluation_result_id"), 500)
        # Two results of one metric, such as on two splits, are told apart by their own identity.
        yield _Result(task, identity if identity and labels.count((task, metric)) > 1 else metric, entry)


def _metric(entry: Mapping[str, Any]) -> str:
    config = mapping(entry.get("metric_config"))
    names = (config.get(name) for name in ("metric_id", "metric_name", "metric_kind", "evaluation_description"))
    return next((name for given in names if (name := text(given, 500))), "score")


def _log(source: Source, record: _Record, task: str, results: Iterable[_Result], samples: _Samples | None) -> Log:
    own = [result for result in results if result.task == task]
    rows = samples.tasks.get(task) if samples else None
    items = (rows or Rows()).frame()
    if samples and rows:
        source = Source(str(samples.path), samples.sha256, HARNESS, items.height)
    model = mapping(record.model_info)
    library = mapping(record.eval_library)
    only = samples is not None and len({result.task for result in results}) == 1
    total = count(mapping(record.detailed_evaluation_results).get("total_rows"))
    version = text(library.get("version"), 200)
    log = Log(
        source=source,
        harness=HARNESS,
        harness_version=version if version != "unknown" else None,
        model=text(model.get("id") or model.get("name"), 500),
        task=task or None,
        task_version=None,
        items=items,
        aggregates=tuple(aggregate for result in own if (aggregate := _aggregate(result))),
        declared_items=total if only else None,
        facts=_facts(record, own[0].entry if own else {}),
        settings=_settings(own[0].entry if own else {}),
    )
    lost = [result.reading for result in own if _aggregate(result) is None]
    problems = [Problem(f"{task}, {reading}: no score that is a finite number", 0) for reading in lost]
    problems += disagreements(log.aggregates, recomputed(log), explained(log))
    return replace(log, problems=tuple(problems))


def _aggregate(result: _Result) -> Aggregate | None:
    details = mapping(result.entry.get("score_details"))
    value = number(details.get("score"))
    if value is None or result.reading.partition(",")[0] == UNGRADED:
        return None
    uncertainty = mapping(details.get("uncertainty"))
    lower = mapping(result.entry.get("metric_config")).get("lower_is_better")
    return Aggregate(
        reading=result.reading,
        metric=result.reading,
        value=value,
        stderr=number(mapping(uncertainty.get("standard_error")).get("value")),
        n=count(uncertainty.get("num_samples")),
        higher_is={True: "worse", False: "better"}[lower] if isinstance(lower, bool) else None,
    )


def _uncounted(path: Path, record: _Record, results: list[_Result], samples: _Samples | None) -> list[Problem]:
    """What is wrong with the record as a whole, and with its samples."""
    problems = [*(samples.problems if samples else ())]
    pointed = mapping(record.detailed_evaluation_results)
    total = count(pointed.get("total_rows"))
    if not results:
        problems.append(Problem(f"{path.name}: no evaluation result in the record"))
    if samples is None:
        return problems + ([Problem(f"{path.name}: its samples are not beside it", total)] if pointed else [])
    if total is not None and samples.good != total:
        reason = f"{samples.path.name}: the record declares {total} samples, {samples.good} are here"
        problems.append(Problem(reason, max(total - samples.good - samples.bad, 0)))
    checksum = pointed.get("checksum")
    if pointed.get("hash_algorithm") == "sha256" and isinstance(checksum, str) and checksum.lower() != samples.sha256:
        problems.append(Problem(f"{samples.path.name}: its SHA-256 is not the checksum in the record", 0))
    unclaimed = [task for task in samples.tasks if task not in {result.task for result in results}]
    if unclaimed:
        problems.append(Problem(f"{path.name}: no result for the samples of {', '.join(unclaimed)[:200]}", 0))
    return problems


def _facts(record: _Record, entry: Mapping[str, Any]) -> dict[str, str]:
    source, library = mapping(record.source_metadata), mapping(record.eval_library)
    data, generation = mapping(entry.get("source_data")), mapping(entry.get("generation_config"))
    config = mapping(entry.get("metric_config"))
    said = {
        "date": record.evaluation_timestamp or record.retrieved_timestamp,
        "evaluation_id": record.evaluation_id,
        "schema_version": record.schema_version,
        "library": library.get("name"),
        "source_type": source.get("source_type"),
        "source_name": source.get("source_name"),
        "source_organization": source.get("source_organization_name"),
        "evaluator_relationship": source.get("evaluator_relationship"),
        "dataset": data.get("dataset_name"),
        "dataset_path": data.get("hf_repo"),
        "split": data.get("hf_split"),
        "min_score": config.get("min_score"),
        "max_score": config.get("max_score"),
        "generation_args": generation.get("generation_args") or None,
    }
    return as_facts(said)


def _settings(entry: Mapping[str, Any]) -> dict[str, str]:
    """What the model was run under, as far as the record says it of the model's side and of the task's."""
    generation = mapping(entry.get("generation_config"))
    return settings_of(
        ("", mapping(generation.get("generation_args"))), (TASK, mapping(generation.get("additional_details")))
    )


# --- samples


def _read_samples(path: Path, results: Iterable[_Result]) -> _Samples:
    lines = JsonLines(path, _Sample)
    by_id = {text(result.entry.get("evaluation_result_id"), 500): result for result in results}
    by_name = {task: [result for result in results if result.task == task] for task in {r.task for r in results}}
    kept: list[tuple[str, _Result | None, dict[str, object], str | None, str | None]] = []
    models: dict[str, str | None] = {}
    errored = 0
    for sample in lines:
        name = text(sample.evaluation_name, 500) or ""
        alone = by_name.get(name, [])
        identity = text(sample.evaluation_result_id, 500)
        result = by_id.get(identity) if identity else None
        # By name only where it is unambiguous: several metrics of one task share the evaluation's name.
        result = result or (alone[0] if len(alone) == 1 else None)
        task = result.task if result else name
        models.setdefault(task, text(sample.model_id, 500))
        cells = _cells(sample, result)
        errored += bool(sample.error) and cells["score"] is not None
        kept.append((task, result, cells, text(sample.sample_hash), text(sample.sample_id)))
    # All or none: mixed, an item could be known by its hash in one line and by its id in the next.
    hashed = all(row[3] for row in kept)
    tasks: dict[str, Rows] = {}
    epochs = Occurrences()
    for task, result, cells, sample_hash, sample_id in kept:
        item, reading = sample_hash if hashed else sample_id, result.reading if result else "score"
        tasks.setdefault(task, Rows()).add(item=item, epoch=epochs((task, reading, item)), reading=reading, **cells)
    problems = [*lines.problems, *scored_after_errors(errored, lines.good)]
    return _Samples(path, lines.sha256, tasks, models, lines.good, lines.bad, problems)


def _cells(sample: _Sample, result: _Result | None) -> dict[str, object]:
    given, usage = mapping(sample.input), mapping(sample.token_usage)
    references, choices = listing(given.get("reference")), listing(given.get("choices"))
    evaluation = mapping(sample.evaluation)
    beside = {
        "sample_id": sample.sample_id,
        "interaction_type": sample.interaction_type,
        "error": sample.error,
        "num_turns": evaluation.get("num_turns"),
        "tool_calls_count": evaluation.get("tool_calls_count"),
    }
    return {
        "score": _score(evaluation, result),
        "answer": _answer(sample),
        "target": text(references[0] if len(references) == 1 else references or None),
        "choices": [text(choice) for choice in choices] or None,
        "tokens_in": count(usage.get("input_tokens")),
        "tokens_out": count(usage.get("output_tokens")),
        "grader": _grader(result),
        "metadata": metadata(mapping(sample.metadata), beside),
    }


def _score(evaluation: Mapping[str, Any], result: _Result | None) -> float | None:
    score = number(evaluation.get("score"))
    score = number(evaluation.get("is_correct")) if score is None else score
    config = mapping(result.entry.get("metric_config")) if result else {}
    return None if config.get("has_unknown_level") is True and score == UNKNOWN_LEVEL else score


def _answer(sample: _Sample) -> str | None:
    attributed = [mapping(given) for given in listing(sample.answer_attribution)]
    final = [given for given in attributed if given.get("is_terminal") is True] or attributed
    extracted = text(final[-1].get("extracted_value")) if final else None
    raw = listing(mapping(sample.output).get("raw"))
    return extracted if extracted is not None else text(raw[0]) if raw else None


def _grader(result: _Result | None) -> str | None:
    config = mapping(result.entry.get("metric_config")) if result else {}
    judges = [
        mapping(mapping(judge).get("model_info")) for judge in listing(mapping(config.get("llm_scoring")).get("judges"))
    ]
    return ",".join(name for judge in judges if (name := text(judge.get("id"), 200))) or None


def _samples_beside(path: Path, record: _Record, results: list[_Result]) -> _Samples | None:
    given = mapping(record.detailed_evaluation_results).get("file_path")
    names = [PurePosixPath(given).name] if isinstance(given, str) else []
    for name in (*names, f"{path.stem}_samples.jsonl"):
        if name and "\0" not in name and len(os.fsencode(name)) < 255:
            found = path.parent / name
            if found.is_file() and found != path:
                return _read_samples(found, results)
    return None


def _records_of(path: Path) -> list[Path]:
    """Records beside a samples file that point to it."""
    try:
        beside = sorted(found for found in path.parent.glob("*.json") if found.is_file())[:SEARCHED]
    except OSError:
        return []
    return [found for found in beside if _is_record(found) and _points(found, path)]


def _points(record: Path, samples: Path) -> bool:
    document = read_document(record, _Record, limit=RECORD_LIMIT)
    if document.value is None:
        return False
    given = mapping(document.value.detailed_evaluation_results).get("file_path")
    named = isinstance(given, str) and PurePosixPath(given).name == samples.name
    return named or samples.name == f"{record.stem}_samples.jsonl"


def _unclaimed(samples: _Samples, task: str) -> Log:
    items = samples.tasks[task].frame()
    source = Source(str(samples.path), samples.sha256, HARNESS, items.height)
    return Log(
        source=source,
        harness=HARNESS,
        harness_version=None,
        model=samples.models.get(task),
        task=task or None,
        task_version=None,
        items=items,
    )


def _empty(path: Path, sha256: str, problem: Problem | None = None) -> Log:
    problems = (problem,) if problem else ()
    return Log(
        source=Source(str(path), sha256, HARNESS, 0),
        harness=HARNESS,
        harness_version=None,
        model=None,
        task=None,
        task_version=None,
        items=Rows().frame(),
        problems=problems,
    )
