"""Logs of OpenAI evals: JSON lines of one run, its specification first, then events, then a final report.

Events of many threads are interleaved and belong together by ``sample_id``. Scores come from ``match`` events (reading
``match``) and from the numbers of ``metrics`` events (reading is the metric's name); what was sampled, the options and
the tokens come from the other events of the sample. Events are numbered without gaps, so a lost one shows.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from measurand.readers.items import (
    SCORES_LIMIT,
    Key,
    Rows,
    as_facts,
    count,
    disagreements,
    mapping,
    means,
    metadata,
    number,
    scored_after_errors,
    text,
)
from measurand.readers.json_files import JsonLines, head_lines, require
from measurand.readers.log import Aggregate, Log, Problem
from measurand.results import Source

__all__ = ["explained", "read", "recognise", "recomputed"]

HARNESS = "openai_evals"
_VERSION = re.compile(r"\.(v\d[\w.\-]*)$")
_BOOTSTRAP = re.compile("boot?strap")
"""The harness spells it without t."""
_RUN = (b'"eval_name"', b'"base_eval"', b'"completion_fns"', b'"run_id"')
_EVENT = (b'"run_id"', b'"event_id"', b'"sample_id"', b'"type"')
_MATCH = {"accuracy": "match"}
"""Aggregates of the final report that are means of a reading of another name."""


_Score = tuple[str | None, float | None, dict[str, Any]]
"""Scorer, score and what was said beside it."""


class _Line(msgspec.Struct):
    spec: Any = None
    final_report: Any = None
    event_id: Any = None
    sample_id: Any = None
    type: Any = None
    data: Any = None


@dataclass(kw_only=True)
class _Sample:
    """What the events of one sample say."""

    scores: list[_Score] = field(default_factory=list)
    answer: str | None = None
    target: str | None = None
    choices: list[str | None] | None = None
    logprobs: dict[str, float | None] = field(default_factory=dict)
    tokens_in: int | None = None
    tokens_out: int | None = None
    model: str | None = None
    error: str | None = None
    said: dict[str, Any] = field(default_factory=dict)


@dataclass
class _Run:
    """What a log says so far."""

    spec: dict[str, Any] = field(default_factory=dict)
    report: dict[str, Any] | None = None
    samples: dict[str, _Sample] = field(default_factory=dict)
    events: set[int] = field(default_factory=set)
    strange: int = 0


def recognise(path: str | os.PathLike[str]) -> bool:
    """Whether a file's content is a log of OpenAI evals.

    Examples
    --------
    >>> recognise("no_such_file.jsonl")
    False
    """
    return any(_is_line(line) for line in head_lines(path))


def read(path: str | os.PathLike[str]) -> list[Log]:
    """Read a log.

    Returns
    -------
    list of Log
        One. Repeated scores of a sample by one reading are epochs, counted from 1.

    Raises
    ------
    InputError
        No such file. Whatever it holds is no error but a problem of its log.
    """
    given = require(path)
    lines = JsonLines(given, _Line)
    run = _Run()
    for line in lines:
        _take(run, line)
    items = _items(run)
    log = Log(
        source=Source(os.fspath(path), lines.sha256, HARNESS, items.height),
        harness=HARNESS,
        harness_version=None,
        model=_model(run.spec),
        task=text(run.spec.get("eval_name"), 200),
        task_version=_version(run.spec),
        items=items,
        aggregates=tuple(_aggregates(run, items)),
        facts=_facts(run),
    )
    log = replace(log, problems=(*lines.problems, *_unusable(run, lines, given)))
    differing = disagreements(log.aggregates, recomputed(log), explained(log))
    return [replace(log, problems=(*log.problems, *differing))]


def recomputed(log: Log) -> dict[Key, float]:
    """Aggregates computed from the items: (reading, metric) -> mean score, ``accuracy`` from reading ``match``.

    Examples
    --------
    >>> from measurand.readers.log import items_frame
    >>> items = items_frame({"reading": ["match", "match"], "score": [1.0, 0.0]})
    >>> named = {"harness": "openai_evals", "harness_version": None, "model": None, "task": None, "task_version": None}
    >>> recomputed(Log(source=Source("s", "", "openai_evals", 2), items=items, **named))
    {('match', 'accuracy'): 0.5}
    """
    metric = {reading: name for name, reading in _MATCH.items()}
    return {(reading, metric.get(reading, reading)): mean for (reading, _), mean in means(log.items).items()}


def explained(log: Log) -> dict[Key, str]:
    """Aggregates that need not equal `recomputed`, with the rule that says why."""
    known, rules = recomputed(log), {}
    lost = any(problem.rows_lost for problem in log.problems) or "missing_events" in log.facts
    for given in log.aggregates:
        key = (given.reading, given.metric)
        if log.items.height == 0:
            rules[key] = "no items: no event of the log has a score"
        elif lost:
            rules[key] = "part of the items: events of the log are lost"
        elif _BOOTSTRAP.search(given.metric):
            rules[key] = "bootstrap: standard deviation over random halves of the items"
        elif given.metric.startswith("counts/"):
            rules[key] = "count: how often the grader gave a label, not a mean"
        elif key not in known:
            rules[key] = "report only: no reading of that name has items"
    return rules


def _is_line(line: bytes) -> bool:
    """Whether a line is a specification or an event; at the head of a file, the first may be damaged."""
    if not line.startswith(b"{"):
        return False
    return (b'"spec"' in line and sum(mark in line for mark in _RUN) >= 2) or all(mark in line for mark in _EVENT)


# --- events


def _take(run: _Run, line: _Line) -> None:
    if isinstance(line.spec, dict):
        run.spec = run.spec or line.spec
    elif line.final_report is not None:
        run.report = line.final_report if isinstance(line.final_report, dict) else {}
    elif isinstance(line.type, str) and isinstance(line.data, dict) and line.sample_id is not None:
        event = count(line.event_id)
        if event is not None:
            run.events.add(event)
        sample = run.samples.setdefault(text(line.sample_id, 500) or "", _Sample())
        _TAKERS.get(line.type, _ignore)(sample, line.data)
    else:
        run.strange += 1


def _take_match(sample: _Sample, data: Mapping[str, Any]) -> None:
    correct = data.get("correct")
    beside = {
        name: value
        for name, value in data.items()
        if name not in ("correct", "expected", "picked", "sampled", "prompt")
    }
    # `correct` is true, false or a number; a missing one gives a row without a score, so that the sample still counts.
    sample.scores.append(("match", number(correct), beside))
    sample.target = sample.target or text(data.get("expected"))
    picked = text(data.get("picked"))
    sample.answer = picked if picked is not None else text(_alone(data.get("sampled"))) or sample.answer


def _take_metrics(sample: _Sample, data: Mapping[str, Any]) -> None:
    # Labels of a model that grades ("Y", "__invalid__") are no score; they are kept beside the scores.
    labels = {name: value for name, value in data.items() if isinstance(value, str)}
    values = {name: number(value) for name, value in data.items() if isinstance(value, (bool, int, float))}
    sample.said.update(labels)
    sample.scores += [(name[:200], value, {}) for name, value in values.items()]


def _take_sampling(sample: _Sample, data: Mapping[str, Any]) -> None:
    """The first model to be sampled is the one under test; another is its grader."""
    model = text(data.get("model"), 200)
    first = sample.model is None and sample.tokens_in is None and sample.tokens_out is None
    if sample.answer is None:
        sample.answer = text(_alone(data.get("sampled")))
    if first or model == sample.model:
        usage = mapping(data.get("usage"))
        sample.tokens_in = _sum(sample.tokens_in, count(usage.get("prompt_tokens")))
        sample.tokens_out = _sum(sample.tokens_out, count(usage.get("completion_tokens")))
    sample.model = sample.model or model
    sample.choices = sample.choices or _options(data)


def _take_option(sample: _Sample, data: Mapping[str, Any]) -> None:
    sample.choices = sample.choices or _options(data)
    if sample.answer is None:
        sample.answer = text(data.get("picked"))


def _take_likelihood(sample: _Sample, data: Mapping[str, Any]) -> None:
    completion = text(_alone(data.get("completion")))
    if completion is not None:
        sample.logprobs[completion] = number(_alone(data.get("logp")))


def _take_raw(sample: _Sample, data: Mapping[str, Any]) -> None:
    sample.target = sample.target or text(_alone(data.get("ideal")))
    sample.said.update({name: value for name, value in data.items() if name not in ("input", "ideal")})


def _take_error(sample: _Sample, data: Mapping[str, Any]) -> None:
    sample.error = f"{text(data.get('type'), 100) or 'error'}: {text(data.get('message'), 200) or ''}"


def _ignore(sample: _Sample, data: Mapping[str, Any]) -> None:
    """Events of other types hold nothing of an item."""


_TAKERS = {
    "match": _take_match,
    "metrics": _take_metrics,
    "sampling": _take_sampling,
    "pick_option": _take_option,
    "cond_logp": _take_likelihood,
    "raw_sample": _take_raw,
    "error": _take_error,
}


def _alone(value: object) -> object:
    """The member of a list of one; a sampled text is often wrapped in one."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def _options(data: Mapping[str, Any]) -> list[str | None] | None:
    options = data.get("options")
    return [text(option) for option in options] if isinstance(options, list) and options else None


def _sum(left: int | None, right: int | None) -> int | None:
    if left is None or right is None:
        return left if right is None else right
    # Counts of a damaged log can be anything; the column holds 64 bits.
    return min(left + right, 2**63 - 1)


# --- the log


def _items(run: _Run) -> pl.DataFrame:
    rows = Rows()
    for item, sample in run.samples.items():
        choices = sample.choices or (list(sample.logprobs) if sample.logprobs else None)
        logprobs = [sample.logprobs.get(choice or "") for choice in choices] if choices and sample.logprobs else None
        seen: Counter[str] = Counter()
        # A sample that failed keeps a row without a score: left out, the mean would be of the easy ones.
        scores: list[_Score] = [*sample.scores[:SCORES_LIMIT]] or [(None, None, {})]
        for reading, score, beside in scores:
            seen[reading or ""] += 1
            rows.add(
                item=item,
                epoch=seen[reading or ""],
                reading=reading,
                score=score,
                answer=sample.answer,
                target=sample.target,
                choices=choices,
                logprobs=logprobs,
                tokens_in=sample.tokens_in,
                tokens_out=sample.tokens_out,
                metadata=metadata(sample.said, beside, {"error": sample.error}),
            )
    return rows.frame()


def _aggregates(run: _Run, items: pl.DataFrame) -> Iterator[Aggregate]:
    sizes = dict(items.group_by("reading").len().iter_rows())
    for metric, raw in (run.report or {}).items():
        value = number(raw)
        # The report also sums tokens as usage_...: no score.
        if value is not None and not metric.startswith("usage_"):
            reading = _MATCH.get(metric, metric)
            reading = reading if reading in sizes else metric
            yield Aggregate(reading=reading, metric=metric, value=value, stderr=None, n=sizes.get(reading))


def _unusable(run: _Run, lines: JsonLines[_Line], path: Path) -> list[Problem]:
    problems = []
    if lines.good and not run.spec:
        problems.append(Problem(f"{path.name}: no specification of the run: model and task are not known", 0))
    if lines.good and run.report is None:
        problems.append(Problem(f"{path.name}: no final report: the run was still going, or was stopped"))
    if run.strange:
        problems.append(
            Problem(f"{path.name}: {run.strange} lines are neither specification, event nor report", run.strange)
        )
    # A line that could not be read is a missing number too, and is counted already.
    missing = _missing(run) - lines.bad
    if missing > 0:
        problems.append(Problem(f"{path.name}: {missing} events are missing, as their numbers show", missing))
    dropped = sum(len(sample.scores[SCORES_LIMIT:]) for sample in run.samples.values())
    if dropped:
        problems.append(Problem(f"{path.name}: more than {SCORES_LIMIT} scores of a sample", dropped))
    failed = sum(sample.error is not None and not sample.scores for sample in run.samples.values())
    if failed:
        problems.append(Problem(f"{path.name}: {failed} samples ended in an error and have no score", failed))
    scored = sum(sample.error is not None and bool(sample.scores) for sample in run.samples.values())
    problems += scored_after_errors(scored, len(run.samples))
    return problems


def _missing(run: _Run) -> int:
    """Events that are not there though a later one is."""
    return max(run.events) + 1 - len(run.events) if run.events else 0


def _model(spec: Mapping[str, Any]) -> str | None:
    functions = spec.get("completion_fns")
    if isinstance(functions, list) and functions:
        return ",".join(text(name, 200) or "" for name in functions[:10])
    names = spec.get("model_names")
    older = _alone(names.get("completions")) if isinstance(names, dict) else None
    return text(older, 200) or text(spec.get("model_name"), 200)


def _version(spec: Mapping[str, Any]) -> str | None:
    """Names are ``base.split.version`` by convention."""
    found = _VERSION.search(text(spec.get("eval_name"), 200) or "")
    return found[1] if found else None


def _facts(run: _Run) -> dict[str, str]:
    config = mapping(run.spec.get("run_config"))
    said = {
        "status": "finished" if run.report is not None else "not finished",
        "run_id": run.spec.get("run_id"),
        "base_eval": run.spec.get("base_eval"),
        "split": run.spec.get("split"),
        "date": run.spec.get("created_at"),
        "limit": config.get("max_samples"),
        "seed": config.get("seed"),
        "missing_events": _missing(run) or None,
    }
    return as_facts(said)
