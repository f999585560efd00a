"""Which layout a table has, and its scores and facts: one row a score, one row a model, or one row a benchmark."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import polars as pl

from measurand.readers.tables.cells import (
    is_text,
    keys,
    missing_note,
    number_notes,
    refuse_different,
    refuse_twice,
    required,
    score_columns,
    whole,
)
from measurand.readers.tables.columns import (
    BENCHMARK,
    BENCHMARK_ALIASES,
    DERIVED,
    MODEL,
    MODEL_ALIASES,
    N_ITEMS,
    SCORE,
    STDERR,
    find,
    fold,
)
from measurand.readers.tables.facts import benchmark_fact_columns, model_fact_columns, read_facts
from measurand.readers.tables.raw import ROW, RawTable, shorten

__all__ = ["Part", "interpret"]

ACCOMPANYING = DERIVED.union(*MODEL_ALIASES.values())
"""Columns of a wide table that are no benchmark, whatever they hold."""

BATCH = 64
"""Columns of a wide table that are brought to long form at a time."""

NEEDED = "a table needs a model column and a column of numbers a benchmark, or the columns model, benchmark and score"


@dataclass(frozen=True, eq=False)
class Part:
    """What one table says.

    Parameters
    ----------
    table : where it came from; of its cells only the names of models and benchmarks are kept.
    scores : model, benchmark, score and, where the table has them, stderr and n_items; no missing score. None if the
        table holds facts alone.
    models, benchmarks : facts from its columns; None where it has none.
    notes : what was decided or left out.
    """

    table: RawTable
    scores: pl.DataFrame | None = None
    models: pl.DataFrame | None = None
    benchmarks: pl.DataFrame | None = None
    notes: tuple[str, ...] = ()

    def place(self, model: str, benchmark: str) -> str | None:
        """File and line (or row) of a score, or None if the table has no such row."""
        wanted = {"model": model, "benchmark": benchmark}
        keys = [key for key in wanted if key in self.table.frame.columns]
        rows = self.table.frame.filter(*(pl.col(key) == wanted[key] for key in keys))[ROW]
        return f"{self.table.name}, {self.table.place(rows[0])}" if len(rows) else None


def interpret(table: RawTable, holds: str | None = None) -> Part:
    """Recognise the layout of a table from its columns and read it.

    Parameters
    ----------
    table : a raw table.
    holds : ``models`` or ``benchmarks`` where the table is known to hold facts alone.

    Raises
    ------
    InputError
        The layout is not one of those known, or a cell cannot be used; the message names file, line and column.

    Examples
    --------
    >>> from measurand.readers.tables.frames import frame_table
    >>> part = interpret(frame_table(pl.DataFrame({"model": ["m1", "m2"], "mmlu": [0.5, None]})))
    >>> part.scores.rows()
    [('m1', 'mmlu', 0.5)]
    """
    names = table.columns
    benchmark = _benchmark_column(table)
    model = find(names, MODEL)
    # What the user named it as comes first: a table of facts may have a column called score.
    if holds == "models":
        return _facts_alone(table, "model", model or _first_text(table))
    if holds == "benchmarks":
        return _facts_alone(table, "benchmark", benchmark or _first_text(table))
    if benchmark is not None:
        score = find(names, SCORE)
        if score is not None:
            return _long(table, model, benchmark, score)
        if model is not None:
            raise table.fail(
                f"has a model ({model!r}) and a benchmark ({benchmark!r}) a row but no score; "
                f"name that column score, value or accuracy. Columns: {shorten(names)}"
            )
        return _across(table, benchmark)
    return _wide(table, model or _model_column(table))


def _long(table: RawTable, model: str | None, benchmark: str, score: str) -> Part:
    names = table.columns
    if model is None:
        raise table.fail(f"no model column; name it model. Columns: {shorten(names)}")
    stderr, n_items = find(names, STDERR), find(names, N_ITEMS)
    named = pl.DataFrame({ROW: table.frame[ROW], "model": keys(table, model), "benchmark": keys(table, benchmark)})
    read = {"score": required(table, score)}
    read |= {"stderr": required(table, stderr)} if stderr else {}
    read |= {"n_items": whole(table, n_items)} if n_items else {}
    refuse_different(table, named.with_columns(read["score"].values.alias("score")))
    used = [model, benchmark, score, *(column for column in (stderr, n_items) if column)]
    rest = [name for name in names if name not in used]
    about_models = model_fact_columns(table, rest)
    about_benchmarks = benchmark_fact_columns(rest)
    models = read_facts(table, "model", named["model"], about_models)
    benchmarks = read_facts(table, "benchmark", named["benchmark"], about_benchmarks)
    taken = [found.column for found in (*about_models.values(), *about_benchmarks.values())]
    notes = [*missing_note(table, [read["score"]]), *number_notes(table, {score: read["score"]})]
    unused = [name for name in rest if name not in taken]
    if unused:
        notes.append(f"{table.name}: columns not used: {shorten(unused)}")
    return Part(
        replace(table, frame=named),
        named.select("model", "benchmark", *(column.values.alias(name) for name, column in read.items())).drop_nulls(
            "score"
        ),
        models.frame,
        benchmarks.frame,
        (*table.notes, *notes, *models.notes, *benchmarks.notes),
    )


def _wide(table: RawTable, model: str) -> Part:
    named = pl.DataFrame({ROW: table.frame[ROW], "model": keys(table, model)})
    refuse_twice(table, named, "model")
    rest = [name for name in table.columns if name != model]
    found = model_fact_columns(table, rest)
    facts = read_facts(table, "model", named["model"], found)
    taken = [fact.column for fact in found.values()]
    block, notes = score_columns(table, [name for name in rest if name not in taken], ACCOMPANYING)
    if not block:
        if not found:
            raise table.fail(f"no column of numbers besides {model!r}; {NEEDED}")
        return Part(replace(table, frame=named), None, facts.frame, None, (*table.notes, *facts.notes))
    scores = _melt(named, "model", "benchmark", block)
    silent = named["model"].filter(~named["model"].is_in(scores["model"].unique().implode())).to_list()
    if silent:
        notes.append(f"{table.name}: no score and left out: {shorten(silent)}")
    return Part(replace(table, frame=named), scores, facts.frame, None, (*table.notes, *notes, *facts.notes))


def _across(table: RawTable, benchmark: str) -> Part:
    """One row per benchmark, one column per model; or facts of benchmarks alone."""
    named = pl.DataFrame({ROW: table.frame[ROW], "benchmark": keys(table, benchmark)})
    refuse_twice(table, named, "benchmark")
    rest = [name for name in table.columns if name != benchmark]
    found = benchmark_fact_columns(rest)
    facts = read_facts(table, "benchmark", named["benchmark"], found)
    taken = [fact.column for fact in found.values()]
    block, notes = score_columns(table, [name for name in rest if name not in taken], DERIVED)
    if not block and not found:
        raise table.fail(f"no column of numbers besides {benchmark!r}; {NEEDED}")
    scores = _melt(named, "benchmark", "model", block) if block else None
    said = f"{table.name}: one row a benchmark ({benchmark!r}), one column a model ({len(block)})"
    return Part(
        replace(table, frame=named),
        scores,
        None,
        facts.frame,
        (*table.notes, *([said] if block else []), *notes, *facts.notes),
    )


def _facts_alone(table: RawTable, key: str, column: str | None) -> Part:
    if column is None:
        raise table.fail(f"no {key} column; name it {key}. Columns: {shorten(table.columns)}")
    names = keys(table, column)
    rest = [name for name in table.columns if name != column]
    found = model_fact_columns(table, rest) if key == "model" else benchmark_fact_columns(rest)
    if not found:
        known = MODEL_ALIASES if key == "model" else BENCHMARK_ALIASES
        raise table.fail(f"no facts of a {key}; known are {', '.join(known)}. Columns: {shorten(table.columns)}")
    facts = read_facts(table, key, names, found)
    frame = table.frame.select(ROW, names.alias(key))
    notes = (*table.notes, *facts.notes)
    return Part(
        replace(table, frame=frame),
        models=facts.frame if key == "model" else None,
        benchmarks=facts.frame if key == "benchmark" else None,
        notes=notes,
    )


def _melt(named: pl.DataFrame, index: str, columns: str, block: Mapping[str, pl.Series]) -> pl.DataFrame:
    """Long scores of a wide block; a column ``X_stderr`` beside ``X`` holds its standard errors."""
    errors = {name.removesuffix("_stderr"): name for name in block if name.endswith("_stderr")}
    errors = {of: name for of, name in errors.items() if of in block}
    values = {name: column for name, column in block.items() if name not in errors.values()}
    scores = _unpivot(named[index], columns, "score", values)
    if errors:
        known = _unpivot(named[index], columns, "stderr", {of: block[name] for of, name in errors.items()})
        scores = scores.join(known, on=[index, columns], how="left", maintain_order="left")
    return scores.select("model", "benchmark", *(name for name in ("score", "stderr") if name in scores.columns))


def _unpivot(index: pl.Series, columns: str, value: str, block: Mapping[str, pl.Series]) -> pl.DataFrame:
    # The index goes under a name no column can have, as a benchmark may be called model. Some columns at a time:
    # a large ragged table would not fit in memory with its missing cells written out.
    names = list(block)
    batches = [names[start : start + BATCH] for start in range(0, len(names), BATCH)]
    long = [
        pl.DataFrame({"\0index": index, **{name: block[name] for name in batch}})
        .unpivot(index="\0index", variable_name=columns, value_name=value)
        .drop_nulls(value)
        for batch in batches
    ]
    return pl.concat(long).rename({"\0index": index.name})


def _benchmark_column(table: RawTable) -> str | None:
    """The column that names benchmarks: it holds text, or stands beside a model and a score column."""
    column = find(table.columns, BENCHMARK)
    if column is None or is_text(table.frame[column]):
        return column
    return column if find(table.columns, MODEL) and find(table.columns, SCORE) else None


def _first_text(table: RawTable) -> str | None:
    first = table.columns[0]
    return first if is_text(table.frame[first]) else None


def _model_column(table: RawTable) -> str:
    """The column of models where none is called model: one called name, else the first if it holds text."""
    column = find(table.columns, ("name",)) or _first_text(table)
    if column is None or fold(column) in ACCOMPANYING:
        raise table.fail(f"no model column; {NEEDED}. Columns: {shorten(table.columns)}")
    return column
