"""Tables of item-level results: one row per answer, or one row per item and one column per model."""

from __future__ import annotations

import csv
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
import polars as pl

from measurand.errors import InputError
from measurand.readers.evidence.kinds import kind_of
from measurand.readers.grades import words_problem
from measurand.readers.items import scored_after_errors
from measurand.readers.json_files import require
from measurand.readers.log import ITEM_COLUMNS, Log, Problem, nothing_read
from measurand.readers.paths import read_bytes
from measurand.readers.paths import recognise as format_of
from measurand.readers.settings import settings_of
from measurand.readers.tables.columns import BENCHMARK, ITEM, ITEM_SCORE, MODEL, find
from measurand.readers.tables.numbers import cleaned, named, numbers
from measurand.readers.tables.raw import ROW, RawTable, shorten
from measurand.readers.tables.scanned import scan
from measurand.readers.tables.tabular import PARSE_ERRORS, header, read_table
from measurand.results import Source
from measurand.tables import LARGEST, State, row_numbers, without_copies
from measurand.wording import plural

__all__ = ["is_items", "logs_of", "read", "recognise"]

OPTIONAL: Mapping[str, Sequence[str]] = {
    "epoch": ("epoch", "run", "repeat", "trial"),
    "variant": ("variant", "prompt_variant", "prompt_id", "prompt_format"),
    "reading": ("reading", "scorer", "metric", "filter"),
    "answer": ("answer", "response", "prediction", "output", "completion"),
    "target": ("target", "gold", "reference", "expected"),
    "tokens_in": ("tokens_in", "input_tokens", "prompt_tokens"),
    "tokens_out": ("tokens_out", "output_tokens", "completion_tokens"),
    "grader": ("grader", "judge", "annotator"),
    "context_hash": ("context_hash",),
}
WHY_NOT = {
    **dict.fromkeys(("error", "errored", "failed", "timeout", "exception"), State.ERRORED.value),
    **dict.fromkeys(("refused", "refusal"), State.REFUSED.value),
}
"""Words among numbers that say why there is no score."""

ERROR = ("error", "error_message", "exception")
"""Columns of the errors in which samples ended."""
NO_ERROR = ("", "false", "no", "none", "null", "nan")

SETTINGS = (
    *("reasoning_effort", "effort", "temperature", "top_p", "thinking_budget", "max_tokens"),
    *("shots", "num_fewshot", "fewshot", "system_prompt", "system_message"),
)
"""Columns that say under which setting a model was run."""

OF_MODEL = (*MODEL, "llm", "system")
SETTING = "setting "
"""How the columns of settings begin while a table is read."""

NUMBERS = frozenset({"epoch", "tokens_in", "tokens_out"})


def is_items(columns: Sequence[str]) -> bool:
    """Whether a table with these columns holds item-level results: an item, with a score and a model or else models.

    Examples
    --------
    >>> is_items(["model", "item", "score"]), is_items(["item", "gpt", "claude"]), is_items(["model", "mmlu"])
    (True, True, False)
    """
    if find(columns, ITEM) is None or kind_of(columns) is not None:
        return False
    scored = find(columns, ITEM_SCORE) is not None
    return (scored and find(columns, OF_MODEL) is not None) or (not scored and find(columns, OF_MODEL) is None)


def recognise(path: str | os.PathLike[str]) -> bool:
    """Whether a file is a table of item-level results, by its format and header."""
    kind = format_of(path)
    try:
        return kind is not None and is_items(header(Path(path), kind))
    except (*PARSE_ERRORS, InputError, RecursionError, csv.Error, msgspec.MsgspecError):
        return False


def read(path: str | os.PathLike[str], *, cluster: str | None = None) -> list[Log]:
    """Read a table of item-level results.

    Parameters
    ----------
    path : the file.
    cluster : as in `logs_of`.

    Returns
    -------
    list of Log
        One a model and benchmark; without a column of benchmarks the file's name is the benchmark. Cells that are no
        score are counted in the problems; a table that cannot be read at all has nothing but a problem.

    Raises
    ------
    InputError
        The file is not there any more.
    """
    name = os.fspath(path)
    require(name)
    kind = format_of(name) or "csv"
    try:
        if kind == "parquet" and (logs := _scanned(Path(name), cluster)) is not None:
            return logs
        return logs_of(read_table(name, read_bytes(name), kind), cluster=cluster)
    except InputError as error:
        source = Source(name, "", "items", 0)
        return [nothing_read(source, "items", Problem(str(error), None))]


def _scanned(path: Path, cluster: str | None) -> list[Log] | None:
    """The runs of a large table left where it is; None if it is small, one column per model, or no clean one."""
    try:
        columns = header(path, "parquet")
        if find(columns, ITEM_SCORE) is None or any(find(columns, (alias,)) for alias in (*SETTINGS, *ERROR)):
            return None
        aliases = {"model": OF_MODEL, "item": ITEM, "score": ITEM_SCORE, **OPTIONAL}
        found = {what: name for what, of in aliases.items() if (name := find(columns, of)) is not None}
        if benchmark := find([name for name in columns if name != cluster], BENCHMARK):
            found["benchmark"] = benchmark
        return scan(path, found, [name for name in columns if name not in found.values()])
    except PARSE_ERRORS:
        return None


def logs_of(table: RawTable, *, cluster: str | None = None) -> list[Log]:
    """The runs in a table whose columns `is_items`.

    Parameters
    ----------
    table : columns item, score and model, and optionally benchmark, epoch, variant, reading, answer, target, tokens_in,
        tokens_out, grader; any further column is metadata, from which the cluster can be chosen. Or the column item and
        one column of scores a model.
    cluster : a column that says which items go together, so that it names no benchmark even if it is called task.

    Raises
    ------
    InputError
        No column of scores, or one of models, items or scores that holds lists.

    Examples
    --------
    >>> from measurand.readers.tables.frames import frame_table
    >>> frame = pl.DataFrame({"item": ["1", "2"], "m1": [1, 0], "m2": [1, 1]})
    >>> [(log.model, log.items["score"].to_list()) for log in logs_of(frame_table(frame, "quiz.csv"))]
    [('m1', [1.0, 0.0]), ('m2', [1.0, 1.0])]
    """
    # The head of a file told by its names alone: a column of lists has one, and is left out.
    if not is_items(table.columns):
        raise table.fail(f"a model, an item and a score should be text and numbers; columns: {shorten(table.columns)}")
    benchmark = find([name for name in table.columns if name != cluster], BENCHMARK)
    rows = (_long if find(table.columns, ITEM_SCORE) is not None else _wide)(table, benchmark)
    # A store keeps the rows by benchmark, and may be asked later to take that column for the cluster.
    facts = {} if benchmark is None else {"benchmark_column": benchmark}
    return [replace(log, facts=facts) for log in _split(table, rows)]


def _long(table: RawTable, benchmark: str | None) -> pl.DataFrame:
    names = table.columns
    item, score, model = (find(names, of) or "" for of in (ITEM, ITEM_SCORE, OF_MODEL))
    found = {fact: name for fact, aliases in OPTIONAL.items() if (name := find(names, aliases)) is not None}
    columns = {
        ROW: table.frame[ROW],
        "model": named(table.frame[model]),
        "benchmark": _benchmarks(table, benchmark),
        "item": named(table.frame[item]),
        **_scores(table, score),
    }
    for fact, name in found.items():
        column = table.frame[name]
        if fact in NUMBERS:
            whole = numbers(column, decimal_comma=table.decimal_comma).values
            # An epoch of 1.5 or 1e30 is a column that was mistaken for one: null, and the repeats are numbered.
            columns[fact] = whole.set((whole != whole.floor()) | (whole.abs() > 2**53), None).cast(pl.Int64)
        else:
            columns[fact] = cleaned(column)
    columns["errored"] = _errored(table)
    settings = {alias: name for alias in SETTINGS if (name := find(names, (alias,))) is not None}
    columns |= {SETTING + alias: cleaned(table.frame[name]) for alias, name in settings.items()}
    used = {item, score, model, benchmark, *found.values(), *settings.values()}
    rest = [name for name in names if name not in used]
    columns["metadata"] = _metadata(table, rest)
    numbering = row_numbers(table.frame, rest, item)
    columns["told"] = _metadata(table, [name for name in rest if name not in numbering])
    return pl.DataFrame(columns)


def _wide(table: RawTable, benchmark: str | None) -> pl.DataFrame:
    """One row per item: columns of numbers are models, the others say something of the item."""
    names = table.columns
    item = find(names, ITEM) or names[0]
    read = {name: _scores(table, name) for name in names if name not in (item, benchmark)}
    models = [
        name for name, cells in read.items() if cells["score"].null_count() < table.frame.height and not _is_text(cells)
    ]
    if not models:
        raise table.fail(f"no column of scores besides {item!r}; columns: {shorten(names)}")
    rest = [name for name in read if name not in models]
    shared = {
        ROW: table.frame[ROW],
        "benchmark": _benchmarks(table, benchmark),
        "item": named(table.frame[item]),
        "metadata": _metadata(table, rest),
    }
    parts = [pl.DataFrame(shared | read[name]).with_columns(pl.lit(name).alias("model")) for name in models]
    found = pl.concat(parts).filter(pl.col("score").is_not_null() | pl.col("wrong"))
    return found.with_columns(errored=pl.lit(False), told="metadata")


def _is_text(cells: Mapping[str, pl.Series]) -> bool:
    """Whether at least as many cells of a column are no score as are one, so that it says something of the items."""
    return int(cells["wrong"].sum()) >= max(cells["score"].count(), 1)


def _benchmarks(table: RawTable, column: str | None) -> pl.Series:
    stem = Path(table.name).stem if Path(table.name).suffix else table.name
    if column is None:
        return pl.Series([stem] * table.frame.height, dtype=pl.String)
    return named(table.frame[column]).fill_null(stem)


def _scores(table: RawTable, name: str) -> dict[str, pl.Series]:
    """Scores of a column, which cells hold something that is none, and that; true and false are 1 and 0."""
    column = table.frame[name]
    if column.dtype == pl.String:
        words = column.str.strip_chars().str.to_lowercase()
        column = column.set(words == "true", "1").set(words == "false", "0")
    read = numbers(column, decimal_comma=table.decimal_comma)
    wrong = pl.Series([False] * len(column))
    wrong[read.wrong] = True
    beyond = (read.values.abs() > LARGEST).fill_null(False)
    grade = column.cast(pl.String).str.strip_chars().set(~wrong, None)
    return {"score": read.values.set(beyond, None), "wrong": wrong | beyond, "grade": grade}


def _errored(table: RawTable) -> pl.Series:
    """Rows that hold the words of an error; a number in a column of that name is a size and no error."""
    name = find(table.columns, ERROR)
    if name is None:
        return pl.Series([False] * table.frame.height)
    said = cleaned(table.frame[name]).str.to_lowercase()
    numeric = numbers(table.frame[name], decimal_comma=table.decimal_comma).values.is_not_null()
    return said.is_not_null() & ~said.is_in(NO_ERROR) & ~numeric


def _metadata(table: RawTable, names: Sequence[str]) -> pl.Series:
    """The columns as one JSON object a row."""
    if not names:
        return pl.Series([None] * table.frame.height, dtype=pl.String)
    return table.frame.select(pl.struct(*names).struct.json_encode()).to_series()


def _split(table: RawTable, rows: pl.DataFrame) -> Iterator[Log]:
    """One log per model and benchmark; rows that name no model or item belong to none."""
    source = table.source or Source(table.name, "", "frame", table.frame.height)
    nameless = rows.filter(pl.col("model").is_null() | pl.col("item").is_null())
    if nameless.height:
        where = table.place(nameless[ROW][0])
        problem = Problem(f"rows that name no model or no item (first: {where})", nameless.height)
        yield nothing_read(replace(source, rows=0), "items", problem)
    named = _told(rows.filter(pl.col("model").is_not_null() & pl.col("item").is_not_null()))
    settings = [name for name in named.columns if name.startswith(SETTING)]
    for (model, benchmark, *values), own in named.group_by("model", "benchmark", *settings, maintain_order=True):
        graded = own.drop_nulls("grade")
        words = [] if graded.is_empty() else graded["reading"].unique(maintain_order=True).to_list()
        problems = tuple(
            words_problem(
                reading or str(benchmark),
                Counter(graded.filter(pl.col("reading").eq_missing(pl.lit(reading)))["grade"].to_list()),
            )
            for reading in words
        )
        wrong = own.filter(pl.col("wrong") & pl.col("grade").is_null())
        if wrong.height:
            # The rows stay, without a score: they are a part of what was run.
            first = table.place(wrong[ROW][0])
            problems += (Problem(f"{plural(wrong.height, 'cell', 'is')} no score (first: {first})", 0),)
        scored = own.filter(pl.col("errored") & pl.col("score").is_not_null()).height
        problems += tuple(scored_after_errors(scored, own.height))
        read = own.drop("wrong", "errored")
        if "epoch" not in read.columns:
            distinct = without_copies(read, _again(read), (ROW, "metadata"))
            if copies := read.height - distinct.height:
                problems += (Problem("rows that are exact copies of others, so no reruns: counted once", copies),)
            read = distinct
        items = _items(read)
        counted = replace(source, rows=items.height)
        yield Log(
            source=counted,
            harness="items",
            harness_version=None,
            model=str(model),
            task=str(benchmark),
            task_version=None,
            items=items,
            problems=problems,
            settings=settings_of(
                ("", dict(zip((name.removeprefix(SETTING) for name in settings), values, strict=True)))
            ),
            words=frozenset(words),
        )


def _told(rows: pl.DataFrame) -> pl.DataFrame:
    """Cells that are no number told apart: words that stand for every score of a reading, and why there is none."""
    if "reading" not in rows.columns:
        rows = rows.with_columns(reading=pl.lit(None, dtype=pl.String))
    no_numbers = pl.col("score").is_null().all().over("benchmark", "reading")
    why = pl.col("grade").str.to_lowercase().replace_strict(WHY_NOT, default=None, return_dtype=pl.String)
    return rows.with_columns(grade=pl.when(no_numbers).then("grade"), state=pl.when(~no_numbers).then(why))


def _items(own: pl.DataFrame) -> pl.DataFrame:
    """Rows with every item column; repeats of an item without an epoch are numbered."""
    if "epoch" not in own.columns:
        own = own.with_columns((pl.int_range(pl.len()).over(_again(own)) + 1).alias("epoch"))
    return own.select(
        (pl.col(name) if name in own.columns else pl.lit(None)).cast(dtype, strict=False).alias(name)
        for name, dtype in ITEM_COLUMNS.items()
    )


def _again(own: pl.DataFrame) -> list[str]:
    """The columns by which a row of one model and benchmark repeats another."""
    return [name for name in ("item", "variant", "reading", "grader") if name in own.columns]
