"""Tables of evidence other than scores and items, told by their columns: votes, attempts, noise, probes, failures."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from measurand.errors import InputError, first_line
from measurand.readers.evidence.attempts import EFFORT_SCHEMA, attempts_of
from measurand.readers.evidence.token_logprobs import is_token_logprobs, token_logprobs_of
from measurand.readers.evidence.votes import is_votes, votes_of
from measurand.readers.paths import recognise
from measurand.readers.tables.columns import BENCHMARK, ITEM, ITEM_SCORE, MODEL, find, fold
from measurand.readers.tables.numbers import numbers
from measurand.readers.tables.raw import ROW, RawTable
from measurand.readers.tables.tabular import PARSE_ERRORS, header
from measurand.tables import (
    Degradation,
    Failures,
    ProbeScores,
    QueryLogprobs,
    TaskRuns,
    TokenLogprobs,
    Trials,
    Votes,
    without_copies,
)
from measurand.tables.degradation import DEGRADATION_SCHEMA
from measurand.tables.failures import FAILURE_SCHEMA
from measurand.tables.probe_scores import PROBE_SCHEMA
from measurand.tables.query_logprobs import QUERY_LOGPROB_SCHEMA
from measurand.tables.task_runs import TASK_RUN_SCHEMA
from measurand.wording import plural

__all__ = ["KINDS", "Kind", "kind_of", "kind_of_file"]

Aliases = Mapping[str, Sequence[str]]

ATTEMPTS: Aliases = {
    "target": ("target", "target_model", *MODEL),
    "behaviour": ("behaviour", "behavior", "goal", *ITEM, "index"),
    "method": ("method", "attack", "technique"),
    "attempt": ("attempt", "epoch", "attempt_number"),
    "success": ("success", "jailbroken", "succeeded"),
    "queries": ("queries", "n_queries", "number_of_queries"),
    "queries_to_success": ("queries_to_success", "queries_to_jailbreak"),
    "tokens": ("tokens", "total_tokens"),
    "tokens_in": ("tokens_in", "prompt_tokens", "input_tokens"),
    "tokens_out": ("tokens_out", "response_tokens", "completion_tokens", "output_tokens"),
    "flop": ("flop", "flops", "target_flop", "target_flops"),
    "cluster": ("cluster", "category"),
}
DEGRADATION: Aliases = {
    "model": MODEL,
    "benchmark": BENCHMARK,
    "sigma": ("sigma", "noise_sigma", "noise_level"),
    "item": ITEM,
    "score": ITEM_SCORE,
}
PROBE: Aliases = {"model": MODEL, "label": ("label", "defects"), "kind": ("kind", "probe")}
FAILURES: Aliases = {
    "model": MODEL,
    "mode": ("mode", "failure_mode", "failure"),
    "sample": ("sample", *ITEM),
    "cluster": ("cluster", "task", "task_id"),
}
QUERIES: Aliases = {
    "model": MODEL,
    "behaviour": ("behaviour", "behavior"),
    "logprob": ("logprob", "log_prob", "behaviour_logprob"),
    "query": ("query", "prompt"),
}
TASK_RUNS: Aliases = {
    "model": MODEL,
    "task": ("task", "task_id"),
    "family": ("family", "task_family"),
    "minutes": ("minutes", "human_minutes", "human_time_minutes", "length_minutes"),
    "success": ("success", "succeeded", "score_binarized", *ITEM_SCORE),
    "release_date": ("release_date", "released"),
}
HUMAN_HOURS = ("human_hours", "human_time_hours", "length_hours")
"""Lengths of tasks where they are not in minutes; hours by themselves may be what a run took."""

IDENTITY = (
    *("id", "uuid", "vote_id", "battle_id", "judgment_id", "judgement_id", "annotation_id", "annotation_uuid"),
    *("conversation_id", "run_id", "attempt_id", "response_id", "record_id", "row_id"),
)
"""Columns that name a row: what comes again under its name is a copy and no second vote, attempt or run."""

_DONE, _NOT_DONE = ("success", "succeeded", "pass", "passed", "solved"), ("failure", "failed", "fail", "unsolved")
_YES, _NO = ("1", "1.0", "true", "yes"), ("0", "0.0", "false", "no")


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of one table, not yet held against those of others."""

    frame: pl.DataFrame
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Kind:
    """A table that becomes one field of a study.

    Parameters
    ----------
    field : of `measurand.tables.Study`.
    fits : whether a table with these columns is one.
    read : rows of such a table, as ``frame``, and ``notes`` of what was left out.
    build : the evidence in the rows of all such tables, and notes.
    """

    field: str
    fits: Callable[[Sequence[str]], bool]
    read: Callable[[pl.DataFrame], Any]
    build: Callable[..., Any]

    def joined(self, tables: Sequence[RawTable]) -> Any:
        """The evidence in all tables of this kind, without copies of rows that have a name.

        Raises
        ------
        InputError
            What one of them holds cannot be used; the message names it.
        """
        parts, copies = [], []
        for table, frame in zip(tables, _each_once(tables), strict=True):
            if again := table.frame.height - frame.height:
                copies.append(f"{table.name}: {plural(again, 'row')} equal to others of the same name left out")
            if frame.is_empty():
                continue
            try:
                parts.append(self.read(frame))
            except InputError as error:
                raise InputError(f"{table.name}: {error}") from None
        names = ", ".join(table.name for table in tables)
        try:
            rows = pl.concat([part.frame for part in parts], how="diagonal_relaxed")
            return self.build(rows, (*copies, *(note for part in parts for note in part.notes)))
        except InputError as error:
            raise InputError(f"{names}: {error}") from None
        except pl.exceptions.PolarsError as error:
            raise InputError(f"{names}: {first_line(error)}") from None


def _each_once(tables: Sequence[RawTable]) -> Iterator[pl.DataFrame]:
    """The rows of each table; where they have names, without those equal to a row before, in it or in another table."""
    seen: list[pl.DataFrame] = []
    for table in tables:
        frame = table.frame.drop(ROW)
        if (name := find(frame.columns, IDENTITY)) is not None and not any(kind.is_nested() for kind in frame.dtypes):
            frame = without_copies(frame, [name])
            for other in seen:
                if other.schema == frame.schema:
                    frame = frame.join(other, on=frame.columns, how="anti", nulls_equal=True, maintain_order="left")
            seen.append(frame)
        yield frame


def _fits(*wanted: Sequence[str]) -> Callable[[Sequence[str]], bool]:
    return lambda columns: all(find(columns, aliases) is not None for aliases in wanted)


def _is_failures(columns: Sequence[str]) -> bool:
    """A column of failure modes; one that is just called mode counts where no other column says anything else."""
    known = {"mode", "count", *FAILURES["model"], *FAILURES["sample"], *FAILURES["cluster"]}
    named = find(columns, FAILURES["mode"][1:]) is not None
    return named or {"mode"} <= {fold(name) for name in columns} <= known


def _is_task_runs(columns: Sequence[str]) -> bool:
    """Runs at tasks; with items beside the tasks, these are benchmarks, and the minutes anybody's."""
    wanted = (TASK_RUNS["model"], TASK_RUNS["task"], (*TASK_RUNS["minutes"], *HUMAN_HOURS), TASK_RUNS["success"])
    return _fits(*wanted)(columns) and find(columns, ITEM) is None


def _is_counts(columns: Sequence[str]) -> bool:
    """Counts as someone states them: failures or successes, and trials."""
    named = {fold(name) for name in columns}
    return "trials" in named and len(named & {"failures", "successes"}) == 1


def _trials(rows: pl.DataFrame, notes: tuple[str, ...]) -> Trials:
    """The one count that a study holds.

    Raises
    ------
    InputError
        More than one row, or numbers that are no counts.
    """
    if rows.height != 1:
        raise InputError(f"counts should be one row of failures (or successes) and trials, got {rows.height} rows")
    what = "failures" if "failures" in rows.columns else "successes"
    count, total = rows[what][0], rows["trials"][0]
    if count is None or total is None or count % 1 or total % 1:
        raise InputError(f"{what} and trials should be whole numbers, got {count} and {total}")
    return Trials(int(count), int(total), what)


def _is_query_logprobs(columns: Sequence[str]) -> bool:
    return _fits(QUERIES["logprob"], (*QUERIES["behaviour"], *QUERIES["query"]))(columns)


def _is_token_logprobs(columns: Sequence[str]) -> bool:
    return is_token_logprobs(columns) and find(columns, ITEM_SCORE) is None


def _reader(schema: Mapping[str, pl.DataType], aliases: Aliases) -> Callable[[pl.DataFrame], Rows]:
    """Reader of tables whose columns have the names of a schema, or aliases of them."""

    def read(frame: pl.DataFrame) -> Rows:
        named = {fact: find(frame.columns, aliases.get(fact, (fact,))) for fact in schema}
        return Rows(pl.DataFrame({fact: _typed(frame[name], schema[fact]) for fact, name in named.items() if name}))

    return read


def _failures(frame: pl.DataFrame) -> Rows:
    """Failures with every further column: any of them can be named as what runs have in common."""
    rows = _reader(FAILURE_SCHEMA, FAILURES)(frame)
    return Rows(rows.frame.hstack(frame.select(pl.exclude(*rows.frame.columns).cast(pl.String))))


def _task_runs(frame: pl.DataFrame) -> Rows:
    """Runs at tasks, whose outcome may be a word and whose length may be in hours."""
    outcome = find(frame.columns, TASK_RUNS["success"])
    if outcome is not None and frame[outcome].dtype == pl.String:
        said = pl.col(outcome).str.strip_chars().str.to_lowercase()
        number = pl.when(said.is_in(_DONE)).then(pl.lit("1")).when(said.is_in(_NOT_DONE)).then(pl.lit("0"))
        frame = frame.with_columns(number.otherwise(pl.col(outcome)).alias(outcome))
    hours = find(frame.columns, HUMAN_HOURS)
    if hours is None or find(frame.columns, TASK_RUNS["minutes"]) is not None:
        return _reader(TASK_RUN_SCHEMA, TASK_RUNS)(frame)
    rows = _reader(TASK_RUN_SCHEMA, {**TASK_RUNS, "minutes": (hours,)})(frame)
    return Rows(rows.frame.with_columns(pl.col("minutes") * 60), (f"lengths in hours ({hours}) became minutes",))


def _typed(column: pl.Series, dtype: pl.DataType) -> pl.Series:
    """Text as a table of text holds it, in the type wanted.

    Raises
    ------
    InputError
        A cell that is no such value.
    """
    if column.dtype != pl.String or dtype == pl.String:
        return column
    said = column.str.strip_chars().str.to_lowercase()
    said = said.set(said == "", None)
    flags = pl.select(pl.when(said.is_in(_YES)).then(1.0).when(said.is_in(_NO)).then(0.0)).to_series()
    if dtype == pl.Boolean:
        wrong = said.is_not_null() & flags.is_null()
        found: pl.Series = flags.cast(pl.Boolean)
    else:
        read = numbers(column, decimal_comma=False)
        found = read.values.zip_with(read.values.is_not_null(), flags)
        wrong = said.is_not_null() & found.is_null()
    if wrong.any():
        row = int(wrong.arg_true()[0])
        wanted = "1 or 0" if dtype == pl.Boolean else "a number"
        raise InputError(f"row {row + 1}: {column.name} should be {wanted}, got {column[row]!r}")
    return found


KINDS: tuple[Kind, ...] = (
    Kind("votes", is_votes, votes_of, Votes.build),
    Kind("token_logprobs", _is_token_logprobs, token_logprobs_of, TokenLogprobs.build),
    Kind(
        "degradation",
        _fits(DEGRADATION["sigma"], DEGRADATION["item"], DEGRADATION["score"]),
        _reader(DEGRADATION_SCHEMA, DEGRADATION),
        Degradation.build,
    ),
    Kind(
        "probe_scores",
        _fits(("prompt",), ("layer",), ("score",), PROBE["label"]),
        _reader(PROBE_SCHEMA, PROBE),
        ProbeScores.build,
    ),
    Kind(
        "attempts",
        _fits(ATTEMPTS["target"], ATTEMPTS["behaviour"], ATTEMPTS["success"]),
        _reader(EFFORT_SCHEMA, ATTEMPTS),
        attempts_of,
    ),
    Kind(
        "trials",
        _is_counts,
        _reader({"failures": pl.Float64(), "successes": pl.Float64(), "trials": pl.Float64()}, {}),
        _trials,
    ),
    Kind(
        "task_runs",
        _is_task_runs,
        _task_runs,
        TaskRuns.build,
    ),
    Kind("failures", _is_failures, _failures, Failures.build),
    Kind(
        "query_logprobs",
        _is_query_logprobs,
        _reader(QUERY_LOGPROB_SCHEMA, QUERIES),
        QueryLogprobs.build,
    ),
)
"""The kinds, asked in this order whether a table is theirs."""


def kind_of(columns: Sequence[str]) -> Kind | None:
    """The kind of a table with these columns; None if it holds scores, items, facts or texts.

    Examples
    --------
    >>> [kind.field for c in (["left", "right", "winner"], ["sigma", "item", "score"]) if (kind := kind_of(c))]
    ['votes', 'degradation']
    >>> kind_of(["model", "mmlu"])
    """
    return next((kind for kind in KINDS if kind.fits(columns)), None)


def kind_of_file(path: str | os.PathLike[str]) -> Kind | None:
    """The kind of a file, by its format and header."""
    form = recognise(path)
    if form is None:
        return None
    try:
        return kind_of(header(Path(path), form))
    except (*PARSE_ERRORS, InputError, RecursionError, csv.Error, msgspec.MsgspecError):
        return None
