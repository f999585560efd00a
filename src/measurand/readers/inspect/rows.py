"""From what was decoded of an Inspect log to the rows, aggregates, facts and problems of a `Log`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from operator import attrgetter
from typing import Any, NamedTuple

import msgspec
import polars as pl

from measurand.readers.grades import words_problem
from measurand.readers.inspect.samples import (
    MAX_METADATA,
    NO_ANSWER,
    TRUTHS,
    WORDS,
    Item,
    plain_number,
    score_number,
    text_of,
)
from measurand.readers.inspect.schema import Config, EvalScore, Header, Role
from measurand.readers.items import scored_after_errors
from measurand.readers.log import ITEM_COLUMNS, Aggregate, Log, Problem
from measurand.readers.settings import TASK, settings_of
from measurand.results import Source
from measurand.tables import State

__all__ = ["log_of"]

MAX_SCORES = 1_000
"""Names of scores in one log: each has a row in every sample, so that more would multiply without end."""

MAX_ROWS = 20_000_000
"""Rows of one log."""

MAX_REASON, MAX_REASONS = 300, 20
"""Characters of a reason, and reasons given one by one."""

BROKEN_OFF = {"error": "ended in an error", "cancelled": "was cancelled", "started": "has not come to its end"}
"""What a status says of a run that did not come to its end."""

REPEATED = {name: name for name in ("epoch", "target", "tokens_in", "tokens_out", "metadata")} | {"item": "id"}
"""Columns that are the same in all rows of an item, and where an `Item` has them."""

_encode = msgspec.json.Encoder().encode


class _Part(NamedTuple):
    """A name of scores in the rows, and where its value stands in a sample's score."""

    name: str | None
    scorer: str | None
    key: str | int | None = None

    def value(self, values: Mapping[str, Any]) -> Any:
        """The value of this part in the scores of a sample, None where it is not."""
        held = values.get(self.scorer) if self.scorer is not None else None
        if isinstance(self.key, str):
            return held.get(self.key) if isinstance(held, dict) else None
        if isinstance(self.key, int):
            return held[self.key] if isinstance(held, list) and self.key < len(held) else None
        return None if isinstance(held, dict | list) else held


def _parts(header: Header, items: Iterable[Item]) -> list[_Part]:
    """Every name of scores in the log, in the order it has them; at least one, without a name if there is none."""
    views = header.results.views() if header.results else []
    scorers: dict[str, dict[str | int | None, None]] = {view.scorer or view.name: {} for view in views}
    for item in items:
        for name, value in item.values.items():
            keys = scorers.setdefault(name, {})
            if isinstance(value, dict):
                keys.update(dict.fromkeys(value))
            elif isinstance(value, list):
                keys.update(dict.fromkeys(range(len(value))))
            elif not _unscored(value):
                keys[None] = None
    return [_part(name, key) for name, keys in scorers.items() for key in keys or [None]] or [_Part(None, None)]


def _part(scorer: str, key: str | int | None) -> _Part:
    return _Part(scorer if key is None else f"{scorer}/{key}", scorer, key)


def _unscored(value: object) -> bool:
    """Whether the value is that of a sample without a score, which Inspect writes as NaN."""
    return value is None or value == "NaN"


def log_of(source: Source, header: Header, items: Sequence[Item], reasons: Sequence[str], lost: int) -> Log:
    """Put a log together.

    Parameters
    ----------
    source : the file; its number of rows is filled in here.
    header, items : what was read.
    reasons : what could not be read, each in one clause.
    lost : samples known to be unreadable.
    """
    parts = _parts(header, items)
    # At least one name, however many samples there are, or the log would have no row at all.
    most = min(MAX_SCORES, max(1, MAX_ROWS // max(1, len(items))))
    if len(parts) > most:
        reasons = [*reasons, f"{len(parts):,} names of scores; the first {most:,} are read"]
        parts = parts[:most]
    scores = _scores(items, parts)
    aggregates, options, undefined = _aggregates(header)
    # What a harness makes of words that it does not know is 0.
    aggregates = tuple(given for given in aggregates if given.reading not in scores.words)
    declared, lists = _declared(header), {**scores.lists, "metric_options": options}
    version = header.eval.packages.get("inspect_ai")
    return Log(
        source=replace(source, rows=len(items) * len(parts)),
        harness="inspect_ai",
        harness_version=version if isinstance(version, str) else None,
        model=header.eval.model,
        task=header.eval.task,
        task_version=text_of(header.eval.task_version),
        items=_rows(header, items, parts, scores),
        aggregates=aggregates,
        declared_items=declared,
        problems=(
            *_losses(header, len(items), declared, len(parts), reasons, lost),
            *scores.problems,
            *scored_after_errors(_scored_after_errors(items, scores), len(items)),
            *([Problem(f"{undefined:,} aggregates of the log are no numbers", 0)] if undefined else []),
            *([Problem("those who ran it declared samples of it invalid", 0)] if header.invalidated else []),
        ),
        facts=_facts(header, items) | {name: ", ".join(listed) for name, listed in lists.items() if listed},
        settings=_settings(header),
        words=scores.words,
    )


def _scored_after_errors(items: Sequence[Item], scores: _Scores) -> int:
    """Samples that ended in an error and have a score."""
    times = len(scores.numbers) // max(len(items), 1)
    rows = (scores.numbers[place * times : (place + 1) * times] for place in range(len(items)))
    return sum(item.errored and any(score is not None for score in row) for item, row in zip(items, rows, strict=True))


class _Scores(NamedTuple):
    """The scores of all rows; those that are words in a row of their own; and what of each name is no number."""

    numbers: list[float | None]
    grades: list[str | None]
    unparsed: list[bool]
    words: frozenset[str | None]
    problems: list[Problem]
    lists: dict[str, list[str]]


def _scores(items: Sequence[Item], parts: Sequence[_Part]) -> _Scores:
    columns = [_column([part.value(item.values) for item in items], str(part.name)) for part in parts]
    named = list(zip((str(part.name) for part in parts), columns, strict=True))
    numbers = [column.numbers[i] for i in range(len(items)) for column in columns]
    grades = [column.grades[i] if column.grades else None for i in range(len(items)) for column in columns]
    words = frozenset(name for name, column in named if column.grades and column.numbers.count(None) == len(items))
    problems = [column.problem for column in columns if column.problem]
    lists = {
        "values_not_numbers": [name for name, column in named if column.problem],
        "values_alike": [name for name, column in named if column.alike],
    }
    unparsed = [column.unparsed[i] for i in range(len(items)) for column in columns]
    return _Scores(numbers, grades, unparsed, words, problems, lists)


class _Column(NamedTuple):
    """Scores of one name: as numbers, and as words where they are words that stand for none."""

    numbers: list[float | None]
    grades: list[str | None]
    unparsed: list[bool]
    problem: Problem | None
    alike: bool


def _column(values: Sequence[object], name: str) -> _Column:
    words = Counter(
        value for value in values if isinstance(value, str) and value != "NaN" and plain_number(value) is None
    )
    grades = [value if isinstance(value, str) and value in words else None for value in values] if words else []
    # C is correct beside I, and the third of five grades beside A, B, D and E: other words mean other scales.
    told = words.keys() <= WORDS.keys() or {word.lower() for word in words} <= TRUTHS.keys()
    numbers = [score_number(value) if told else plain_number(value) for value in values]
    unparsed = [value == NO_ANSWER and number is not None for value, number in zip(values, numbers, strict=True)]
    if words and not told and numbers.count(None) == len(numbers):
        return _Column(numbers, grades, unparsed, words_problem(name, words), False)
    odd = sum(number is None and not _unscored(value) for number, value in zip(numbers, values, strict=True))
    spellings = {value: score_number(value) for value in values if isinstance(value, str)}
    problem = Problem(f"{odd:,} scores of {name} are no numbers", odd) if odd else None
    return _Column(numbers, grades, unparsed, problem, len(set(spellings.values())) < len(spellings))


def _rows(header: Header, items: Sequence[Item], parts: Sequence[_Part], scores: _Scores) -> pl.DataFrame:
    """One row per item and part, parts of an item together."""
    times = len(parts)
    columns: dict[str, Any] = {
        column: _repeat(map(attrgetter(name), items), times) for column, name in REPEATED.items()
    }
    columns["reading"] = [part.name for part in parts] * len(items)
    columns["score"] = scores.numbers
    if any(scores.grades):
        columns["grade"] = scores.grades
    if any(item.errored for item in items) or any(scores.unparsed):
        states = _repeat((State.ERRORED.value if item.errored else None for item in items), times)
        columns["state"] = [
            State.UNPARSED.value if unparsed else state if score is None else None
            for state, score, unparsed in zip(states, scores.numbers, scores.unparsed, strict=True)
        ]
    columns["answer"] = [item.answers.get(part.scorer or "") for item in items for part in parts]
    graders = [_grader(header, part.scorer) for part in parts]
    if any(graders):
        columns["grader"] = graders * len(items)
    # Lists by way of JSON: ten times faster than a Series for each of them.
    if any(item.choices for item in items):
        texts = pl.Series(_repeat((item.choices for item in items), times), dtype=pl.String())
        columns["choices"] = texts.str.json_decode(pl.List(pl.String()))
    if any(item.logprobs for item in items):
        texts = pl.Series(_repeat((_encode(item.logprobs).decode() for item in items), times), dtype=pl.String())
        columns["logprobs"] = texts.str.json_decode(pl.List(pl.Float64()))
    # The same as `items_frame`, which casts every column, in a third of its time.
    filled = {name: columns[name] if name in columns else _nulls(name, len(scores.numbers)) for name in ITEM_COLUMNS}
    return _with_variants(pl.DataFrame(filled, schema=ITEM_COLUMNS), items)


def _with_variants(frame: pl.DataFrame, items: Sequence[Item]) -> pl.DataFrame:
    """Samples that are variants of items: their metadata name the item and the variant of its prompt.

    An identifier of a sample is its own in Inspect, so the same item under two prompts has two.
    """
    if not (items and items[0].metadata and '"variant"' in items[0].metadata and '"item"' in items[0].metadata):
        return frame
    said = {name: pl.col("metadata").str.json_path_match(f"$.{name}") for name in ("item", "variant")}
    both = said["item"].is_not_null() & said["variant"].is_not_null()
    return frame.with_columns(
        item=pl.when(both).then(said["item"]).otherwise("item"), variant=pl.when(both).then(said["variant"])
    )


def _nulls(name: str, count: int) -> pl.Series:
    return pl.Series(name, [None], dtype=ITEM_COLUMNS[name]).new_from_index(0, count)


def _repeat(values: Iterable[Any], times: int) -> list[Any]:
    """Each value so many times, one after the other."""
    return list(values) if times == 1 else [value for value in values for _ in range(times)]


def _declared(header: Header) -> int | None:
    """Samples times epochs the log says it has."""
    if header.results is not None and header.results.total_samples is not None:
        return header.results.total_samples
    chosen, config = _chosen(header), header.eval.config
    # In a log that is cut, the number of epochs may be missing.
    return None if chosen is None or config is None else chosen * (config.epochs or 1)


def _chosen(header: Header) -> int | None:
    """Samples of the dataset that were to be run."""
    dataset, limit = header.eval.dataset, (header.eval.config or Config()).limit
    chosen = len(dataset.sample_ids) if dataset.sample_ids else dataset.samples
    return min(chosen, limit) if chosen is not None and isinstance(limit, int) and limit >= 0 else chosen


def _losses(
    header: Header, held: int, declared: int | None, per_sample: int, reasons: Sequence[str], lost: int
) -> list[Problem]:
    """What could not be read, and what it cost."""
    missing = lost if declared is None else max(declared - held, 0)
    # Where every declared sample is there, whatever was damaged cost nothing.
    cost = 0 if declared is not None and not missing else None
    problems = [Problem(reason[:MAX_REASON], cost) for reason in reasons[:MAX_REASONS]]
    if len(reasons) > MAX_REASONS:
        problems.append(Problem(f"{len(reasons) - MAX_REASONS:,} more of the kind", cost))
    said = "samples are not readable" if declared is None else f"of the {declared:,} samples declared are not there"
    if header.status in BROKEN_OFF:
        kind = _error_kind(header) if header.status == "error" else ""
        there = f"; {missing:,} {said}" if missing else ""
        reason = f"the run {BROKEN_OFF[header.status]}{f' ({kind})' if kind else ''}{there}"
        problems.append(Problem(reason, missing * per_sample, kind or header.status))
    elif missing:
        problems.append(Problem(f"{missing:,} {said} (status {header.status or 'unknown'})", missing * per_sample))
    if declared is not None and held > declared:
        problems.append(Problem(f"{held:,} samples are there, {declared:,} are declared", 0))
    return problems


def _error_kind(header: Header) -> str:
    """The name of the error that ended a run, as Python writes it: what stands before its message."""
    message = header.error.message if header.error else ""
    return message.partition("(")[0].partition("\n")[0].strip()[:80]


def _facts(header: Header, items: Sequence[Item]) -> dict[str, str]:
    spec, config = header.eval, header.eval.config or Config()
    reducers = None if config.epochs_reducer is None else ", ".join(config.epochs_reducer) or "none"
    counts = {
        "samples_errored": sum(item.errored for item in items),
        "samples_invalidated": sum(item.invalid for item in items),
        "score_edits": sum(item.edits for item in items),
    }
    facts = {
        "status": header.status,
        "date": spec.created,
        "dataset": spec.dataset.name,
        "epochs": config.epochs,
        "epochs_reducer": reducers,
        "limit": config.limit,
        "items_chosen": _chosen(header),
        "items_in_dataset": spec.dataset.samples,
        "model_args": spec.model_args,
        "generate_config": spec.model_generate_config,
        "eval_id": spec.eval_id,
        "run_id": spec.run_id,
        "error": header.error.message if header.error else None,
        "invalidated": "true" if header.invalidated else None,
        **{name: count or None for name, count in counts.items()},
        **{f"role.{role}": _role_model(held) for role, held in (spec.model_roles or {}).items()},
    }
    shown = {name: text_of(value) for name, value in facts.items()}
    return {name[:MAX_METADATA]: text[:MAX_METADATA] for name, text in shown.items() if text is not None}


def _settings(header: Header) -> dict[str, str]:
    """What the model was run under."""
    spec = header.eval
    solver = {"solver": spec.solver, **_members(spec.solver_args)}
    of_model = {**_members(spec.model_args), **_members(spec.model_generate_config)}
    return settings_of(("", of_model), (TASK, {**_members(spec.task_args), **solver}))


def _members(raw: msgspec.Raw) -> dict[str, object]:
    try:
        members = msgspec.json.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return {}  # skipped over while the header was decoded
    return members if isinstance(members, dict) else {}


def _role_model(role: object) -> str | None:
    """The model of a role, or the models where it has several."""
    if isinstance(role, list):
        return ", ".join(name for name in map(_role_model, role) if name)
    if isinstance(role, Role):
        return role.model
    if isinstance(role, dict):
        role = role.get("model")
    return role if isinstance(role, str) else None


def _grader(header: Header, reading: str | None) -> str | None:
    """The model that graded, as far as the log says so."""
    views = header.results.views() if header.results else []
    params = next((view.params or {} for view in views if (view.scorer or view.name) == reading), {})
    named = _role_model(params.get("model"))
    role = params.get("model_role") or "grader"
    if named or not isinstance(role, str) or not (reading or "").startswith("model_graded"):
        return named
    return _role_model((header.eval.model_roles or {}).get(role))


def _aggregates(header: Header) -> tuple[tuple[Aggregate, ...], list[str], int]:
    """What the log computed itself; which of it with options; and how much of it is no number."""
    views = header.results.views() if header.results else []
    labels = [_label(view) for view in views]
    aggregates: list[Aggregate] = []
    options: list[str] = []
    undefined = 0
    for view, label in zip(views, labels, strict=True):
        # Scores of one name that differ in how epochs were reduced.
        # Only where two share a name: with one reducer the metric keeps the name its users know.
        suffix = f"/{view.reducer or 'none'}" if labels.count(label) > 1 else ""
        central = [key for key in ("accuracy", "mean") if key in view.metrics]
        stderr = score_number(view.metrics["stderr"].value) if "stderr" in view.metrics else None
        for key, metric in view.metrics.items():
            if key == "stderr" and central:
                continue
            name = (f"{metric.group}/{key}" if metric.group else key) + suffix
            value = score_number(metric.value)
            if value is None:
                undefined += 1
                continue
            if metric.params or metric.options:
                options.append(f"{label}:{name}")
            aggregates.append(
                Aggregate(
                    reading=label,
                    metric=name,
                    value=value,
                    stderr=stderr if key in central else None,
                    n=view.scored_samples,
                )
            )
    return tuple(aggregates), options, undefined


def _label(view: EvalScore) -> str:
    return view.name if view.scorer in (None, view.name) else f"{view.scorer}/{view.name}"
