"""Logs of lm-evaluation-harness: results and samples files of 0.4, and results of the older style.

A results file holds aggregates of many tasks; a samples file, written where samples are logged, the items of one.
Items are known by ``doc_hash``: ``doc_id`` counts from the unsorted order when a run selects samples. A samples file
is matched to its results by their names, and where those do not tell by ``task_hashes``, the hash over its documents,
prompts and targets, so that a renamed file still finds its run.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from measurand.readers.items import (
    UNGRADED,
    Key,
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
from measurand.readers.json_files import read_document, require
from measurand.readers.lm_eval.runs import (
    RESULTS_LIMIT,
    Results,
    Run,
    is_results,
    run_of,
    samples_of,
    task_named,
    task_of,
    undated,
    whole_of,
)
from measurand.readers.lm_eval.samples import Samples, is_samples, read_samples, reading_of
from measurand.readers.log import NO_MODEL, Aggregate, Log, Problem, nothing_read
from measurand.readers.settings import TASK, settings_of
from measurand.results import Source

__all__ = ["explained", "part_of", "pooled", "read", "recognise", "recomputed"]

_NAMES = ("peft", "delta", "pretrained", "model", "path", "engine")
"""Arguments that name the model, the first that is there."""
_NO_METRIC = frozenset({"name", "alias", "sample_len", "samples", "sample_count", "task_name"})
_POOLED = {
    "weighted_perplexity": "exp of the negative log-likelihood per word or byte, over all documents",
    "bits_per_byte": "negative log2-likelihood per byte, over all documents",
    "median": "the harness's median, the upper of the two middle values",
}


class _Name(NamedTuple):
    name: str | None
    origin: str


def recognise(path: str | os.PathLike[str]) -> bool:
    """Whether a file's content is a results or samples file of lm-evaluation-harness.

    Examples
    --------
    >>> recognise("no_such_file.json")
    False
    """
    return is_samples(Path(path)) or is_results(Path(path))


def part_of(path: str | os.PathLike[str]) -> Path | None:
    """The results file a samples file belongs to: reading that one reads this one too. None where there is none."""
    given = Path(path)
    if not is_samples(given):
        return None
    return whole_of(given)


def read(path: str | os.PathLike[str]) -> list[Log]:
    """Read a results file with the samples files of its run, or one samples file with its results.

    Returns
    -------
    list of Log
        One for each task or group of a results file; one for a samples file. A reading is a metric, with its filter
        where that is another than ``none``. A group holds aggregates over its subtasks alone and says so:
        ``facts["group"] == "true"``.

    Raises
    ------
    InputError
        No such file. Whatever a file holds is no error but a problem of its log.
    """
    given = require(path)
    if is_samples(given) or (given.suffix == ".jsonl" and not is_results(given)):
        # A damaged first line leaves only the ending to tell samples from results.
        return [_read_samples_file(given)]
    document = read_document(given, Results, limit=RESULTS_LIMIT)
    if document.value is None or not document.value.results:
        source = Source(os.fspath(path), document.sha256, "lm_eval", 0)
        problem = document.problem or Problem(f"{given.name}: no task in the results")
        return [nothing_read(source, "lm_eval", problem)]
    run = Run(given, document.sha256, document.value)
    files = samples_of(run)
    logs = [
        _log(run, task, read_samples(files[task], _filters(entry)) if task in files else None)
        for task, entry in document.value.results.items()
    ]
    of_the_run = (*([document.problem] if document.problem else ()), *_unnamed(run))
    logs[0] = replace(logs[0], problems=(*of_the_run, *logs[0].problems))
    return logs


def recomputed(log: Log) -> dict[Key, float]:
    """Aggregates computed from the items: (reading, metric) -> value, for metrics that are means of items.

    The metric is spelled as the harness does, ``acc,none`` for metric ``acc`` and filter ``none``. The perplexity of
    items is exp of the negative mean log-likelihood.

    Examples
    --------
    >>> from measurand.readers.log import items_frame
    >>> items = items_frame({"reading": ["acc", "acc"], "score": [1.0, 0.0]})
    >>> named = {"harness": "lm_eval", "harness_version": None, "model": None, "task": None, "task_version": None}
    >>> recomputed(Log(source=Source("s", "", "lm_eval", 2), items=items, **named))
    {('acc', 'acc,none'): 0.5}
    """
    values: dict[Key, float] = {}
    told = {given.reading: given.metric for given in log.aggregates}
    for (reading, _), mean in means(log.items).items():
        rule = _aggregation(log, reading)
        if rule == "perplexity":
            # exp overflows just above 709; a perplexity that large is wrong, and should disagree rather than crash.
            mean = math.exp(min(-mean, 700.0))
        if rule in ("mean", "nanmean", "perplexity"):
            values[reading, told.get(reading, reading if "," in reading else f"{reading},none")] = mean
    return values


def _aggregation(log: Log, reading: str) -> str:
    """How the harness pools a reading's metric over documents."""
    return log.facts.get(f"aggregation:{reading.partition(',')[0]}", "mean")


def explained(log: Log) -> dict[Key, str]:
    """Aggregates that need not equal `recomputed`, with the rule that says why."""
    rules: dict[Key, str] = {}
    known = recomputed(log)
    held = log.items.select("item", "epoch").n_unique() if log.items.height else 0
    for given in log.aggregates:
        key = (given.reading, given.metric)
        rule = _aggregation(log, given.reading)
        if log.facts.get("group") == "true":
            rules[key] = "group: mean over subtasks, weighted by their size unless the group says otherwise"
        elif held == 0:
            rules[key] = "no items: the run's samples are not here"
        elif log.declared_items is not None and held < log.declared_items:
            rules[key] = f"part of the items: {held} of {log.declared_items} samples are here"
        elif key not in known:
            rules[key] = _POOLED.get(rule, f"not a mean of items: {rule}")
    return rules


def pooled(group: Log, tasks: Sequence[Log]) -> dict[Key, float]:
    """A group's aggregates from those of its subtasks that have the metric, weighted by their number of items.

    Parameters
    ----------
    group : log of a group, whose ``facts["subtasks"]`` names its tasks.
    tasks : logs of the same run.
    """
    members = set(group.facts.get("subtasks", "").split(","))
    values: dict[Key, float] = {}
    for wanted in group.aggregates:
        found = [
            given for log in tasks if log.task in members for given in log.aggregates if given.metric == wanted.metric
        ]
        size = sum(given.n or 0 for given in found)
        if size:
            values[wanted.reading, wanted.metric] = sum(given.value * (given.n or 0) for given in found) / size
    return values


# --- samples


def _read_samples_file(path: Path) -> Log:
    samples = read_samples(path)
    run = run_of(path, lambda: samples.task_hash)
    if run is None:
        reason = f"{path.name}: no results file of its run that can be read is beside it, so its model is not known"
        lost = Problem(reason, 0)
        source = Source(str(path), samples.sha256, "lm_eval", samples.items.height)
        facts = {"samples_file": path.name, **_repeats(samples)}
        problems = (*samples.problems, lost)
        task = task_named(path)
        return Log(
            source=source,
            harness="lm_eval",
            harness_version=None,
            model=None,
            task=task,
            task_version=None,
            items=samples.items,
            problems=problems,
            facts=facts,
        )
    task = task_of(run.content, path, samples.task_hash)
    log = _log(run, task or "", samples)
    return replace(log, problems=(*_unnamed(run), *log.problems))


# --- results


def _log(run: Run, task: str, samples: Samples | None) -> Log:
    content = run.content
    entry = mapping(content.results.get(task))
    subtasks = [name for name in listing(mapping(content.group_subtasks).get(task)) if isinstance(name, str)]
    group = bool(subtasks) or task in mapping(content.groups)
    config = mapping(mapping(content.configs).get(task))
    effective = count(mapping(mapping(content.n_samples).get(task)).get("effective"))
    # Hashes are written only where samples are logged: without them, missing samples are no loss.
    logged = samples is not None or task in mapping(content.task_hashes)
    name = _model(run)
    items = samples.items if samples else Rows().frame()
    path, digest = (samples.path, samples.sha256) if samples else (run.path, run.sha256)
    facts = {
        **_facts(content, task, config),
        **_aggregations(config),
        "model_from": name.origin,
        "results_file": run.path.name,
        "results_sha256": run.sha256,
        **({"samples_file": samples.path.name, **_repeats(samples)} if samples else {}),
        **({"group": "true", "subtasks": ",".join(subtasks)} if group else {}),
    }
    log = Log(
        source=Source(str(path), digest, "lm_eval", items.height),
        harness="lm_eval",
        harness_version=text(content.lm_eval_version, 200),
        model=name.name,
        task=task or None,
        task_version=text(mapping(content.versions).get(task), 200),
        items=items,
        aggregates=tuple(_aggregates(entry, mapping(mapping(content.higher_is_better).get(task)), effective)),
        declared_items=effective if logged and not group else None,
        facts=facts,
        settings=_settings(content, task, config),
    )
    problems = [*(samples.problems if samples else ()), *_incomplete(log, content, samples), *_unusable(entry)]
    problems += disagreements(log.aggregates, recomputed(log), explained(log))
    return replace(log, problems=tuple(problems))


def _aggregates(
    entry: Mapping[str, object], higher: Mapping[str, object], effective: int | None
) -> Iterator[Aggregate]:
    sizes = mapping(entry.get("sample_count"))
    for key, raw in entry.items():
        metric, _, kept = key.partition(",")
        value = number(raw)
        # The harness writes "N/A" for a stderr it cannot compute, which `number` drops.
        if value is None or key in _NO_METRIC or metric == UNGRADED or metric.endswith("_stderr"):
            continue
        higher_is = higher.get(metric)
        direction = ("worse", "better")[higher_is] if isinstance(higher_is, bool) else None
        error = number(entry.get(f"{metric}_stderr,{kept}" if kept else f"{metric}_stderr"))
        size = count(sizes.get(key)) or effective or count(entry.get("sample_len"))
        reading = reading_of(metric, kept) or metric
        yield Aggregate(reading=reading, metric=key, value=value, stderr=error, n=size, higher_is=direction)


def _filters(entry: object) -> list[str]:
    """The filters that a task's results name, in their order."""
    keys = [key.partition(",") for key in mapping(entry) if key not in _NO_METRIC]
    return list(dict.fromkeys(kept for metric, _, kept in keys if kept and not metric.endswith("_stderr")))


def _unusable(entry: Mapping[str, object]) -> list[Problem]:
    lost = [key for key, value in entry.items() if value is None and "_stderr" not in key and key not in _NO_METRIC]
    ungraded = [key for key in entry if key.partition(",")[0] == UNGRADED]
    return [
        *(Problem(f"{key}: the log gives no finite number", 0) for key in lost if key not in ungraded),
        *(Problem(f"{key}: answers were written and not graded, so that they have no score", 0) for key in ungraded),
    ]


def _incomplete(log: Log, content: Results, samples: Samples | None) -> list[Problem]:
    """Whether the samples are what the results declare."""
    if log.declared_items is None:
        return []
    if samples is None:
        return [Problem(f"{log.task}: its samples were logged and are not beside the results", log.declared_items)]
    # The file has a line for every filter of a document, the declared count is of documents.
    filters = len({given.metric.partition(",")[2] for given in log.aggregates}) or 1
    declared = log.declared_items * filters
    here = f"{samples.path.name}: the results declare {declared} samples, {samples.lines} are here"
    if samples.lines != declared:
        return [Problem(here, max(declared - samples.lines - samples.bad, 0))]
    hashed = mapping(content.task_hashes).get(log.task or "")
    if isinstance(hashed, str) and hashed != samples.task_hash:
        return [
            Problem(f"{samples.path.name}: documents, prompts or targets are not those the results were made from", 0)
        ]
    return []


def _facts(content: Results, task: str, config: Mapping[str, object]) -> dict[str, str]:
    run, sizes = mapping(content.config), mapping(mapping(content.n_samples).get(task))
    said = {
        "date": _date(content.date),
        "shots": mapping(content.n_shot).get(task, config.get("num_fewshot", run.get("num_fewshot"))),
        "limit": run.get("limit"),
        "items_chosen": count(sizes.get("effective")),
        "items_in_dataset": count(sizes.get("original")),
        "model_args": run.get("model_args") or None,
        "model_source": content.model_source or run.get("model"),
        "model_num_parameters": run.get("model_num_parameters"),
        "model_dtype": run.get("model_dtype"),
        "model_revision": run.get("model_revision"),
        "model_sha": run.get("model_sha"),
        "chat_template_sha": content.chat_template_sha,
        "system_instruction_sha": content.system_instruction_sha,
        "dataset_path": config.get("dataset_path"),
        "dataset_name": config.get("dataset_name"),
        "output_type": config.get("output_type"),
        "repeats": config.get("repeats"),
        "task_hash": mapping(content.task_hashes).get(task),
    }
    return as_facts(said)


def _settings(content: Results, task: str, config: Mapping[str, object]) -> dict[str, str]:
    """What the model was run under; which model it is stands in its arguments too."""
    run = mapping(content.config)
    given = run.get("model_args")
    arguments = given if isinstance(given, dict) else dict(_pairs(given))
    of_model = {name: value for name, value in arguments.items() if name not in (*_NAMES, "revision", "tokenizer")}
    template = {"chat_template": content.chat_template_sha, "system_instruction": content.system_instruction_sha}
    shots = mapping(content.n_shot).get(task, config.get("num_fewshot", run.get("num_fewshot")))
    return settings_of(
        ("", {**of_model, **mapping(run.get("gen_kwargs")), **template}),
        (TASK, {"shots": shots, "fewshot_as_multiturn": content.fewshot_as_multiturn or None}),
    )


def _aggregations(config: Mapping[str, object]) -> dict[str, str]:
    """How the task pools each metric, where it is not the mean."""
    metrics = [mapping(given) for given in listing(config.get("metric_list"))]
    pairs = [(text(given.get("metric"), 200), text(given.get("aggregation"), 200)) for given in metrics]
    return {f"aggregation:{name}": rule for name, rule in pairs if name and rule and rule != "mean"}


def _repeats(samples: Samples) -> dict[str, str]:
    return {"repeated_documents": str(samples.repeated)} if samples.repeated else {}


def _model(run: Run) -> _Name:
    arguments = mapping(run.content.config).get("model_args")
    pairs = arguments if isinstance(arguments, dict) else dict(_pairs(arguments))
    named = next((text(pairs[key], 200) for key in _NAMES if pairs.get(key)), None)
    given = text(run.content.model_name, 200)
    if given:
        # The harness draws a random name where the arguments give none.
        drawn = named is None and isinstance(run.content.config, dict) and re.fullmatch(r"[a-z0-9]{8}", given)
        return _Name(given + _checkpoint(pairs), "random name" if drawn else "model_name")
    if named:
        return _Name(named + _checkpoint(pairs), "model_args")
    stem = undated(run.path).removeprefix("results").strip("_")
    return _Name(stem or run.path.parent.name or None, "file name" if stem else "folder name")


def _unnamed(run: Run) -> list[Problem]:
    """The name that the harness draws where it is told none says nothing of the model, so the user is told."""
    name = _model(run)
    if name.origin != "random name":
        return []
    return [Problem(f"{NO_MODEL}: {name.name!r} was drawn at random by lm-eval; name it with --aliases", 0)]


def _checkpoint(pairs: Mapping[str, object]) -> str:
    """A revision other than main, as a name shows it: two checkpoints are two models."""
    revision = text(pairs.get("revision"), 200)
    return "" if revision in (None, "", "main") else f"@{revision}"


def _pairs(arguments: object) -> Iterator[tuple[str, str]]:
    for pair in arguments.split(",") if isinstance(arguments, str) else ():
        key, equals, value = pair.partition("=")
        if equals:
            yield key.strip(), value.strip()


def _date(value: object) -> str | None:
    seconds = number(value)
    if seconds is None or not 0 < seconds < 1e11:
        return text(value, 200)
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
