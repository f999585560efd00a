"""Which layout a table has, and its scores and facts: one row per score, per model or per benchmark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import polars as pl

from measurand.readers.tables.cells import (
    is_text,
    keys,
    missing_note,
    number_notes,
    refuse_twice,
    required,
    score_columns,
    whole,
)
from measurand.readers.tables.columns import (
    BENCHMARK,
    BENCHMARK_ALIASES,
    MODEL,
    MODEL_ALIASES,
    N_ITEMS,
    SCORE,
    STDERR,
    VERSION,
    accompanies,
    find,
    fold,
)
from measurand.readers.tables.duplicates import Duplicates, named_apart, require_rule, telling
from measurand.readers.tables.facts import benchmark_fact_columns, model_fact_columns, read_facts
from measurand.readers.tables.numbers import cleaned
from measurand.readers.tables.part import Part
from measurand.readers.tables.raw import ROW, RawTable, shorten

__all__ = ["Part", "interpret"]

BATCH = 64
"""Columns of a wide table that are brought to long form at a time."""

NEEDED = "a table needs a model column and a column of numbers per benchmark, or the columns model, benchmark and score"


def interpret(
    table: RawTable,
    holds: str | None = None,
    *,
    duplicates: Duplicates | None = None,
    aliases: Mapping[str, str] | None = None,
) -> Part:
    """Recognise the layout of a table from its columns and read it.

    Parameters
    ----------
    table : a raw table.
    holds : ``models`` or ``benchmarks`` where the table is known to hold facts alone.
    duplicates : ``runs`` names the rows of a model that stands on several apart; the other rules wait for all tables.
    aliases : name of a model in the table -> the name it should have.

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
    require_rule(duplicates)
    aliases = aliases or {}
    names = table.columns
    benchmark = _benchmark_column(table)
    model = find(names, MODEL)
    # What the user named it as comes first: a table of facts may have a column called score.
    if holds == "models":
        return _facts_alone(table, "model", model or _first_text(table), aliases)
    if holds == "benchmarks":
        return _facts_alone(table, "benchmark", benchmark or _first_text(table), {})
    if benchmark is not None:
        score = find(names, SCORE)
        if score is not None:
            return _long(table, model, benchmark, score, duplicates, aliases)
        if model is not None:
            raise table.fail(
                f"has a model ({model!r}) and a benchmark ({benchmark!r}) per row but no score; "
                f"name that column score, value or accuracy. Columns: {shorten(names)}"
            )
        return _across(table, benchmark, aliases)
    return _wide(table, model or _model_column(table), duplicates, aliases)


def _long(
    table: RawTable,
    model: str | None,
    benchmark: str,
    score: str,
    duplicates: Duplicates | None,
    aliases: Mapping[str, str],
) -> Part:
    names = table.columns
    if model is None:
        raise table.fail(f"no model column; name it model. Columns: {shorten(names)}")
    stderr, n_items = find(names, STDERR), find(names, N_ITEMS)
    named = pl.DataFrame(
        {ROW: table.frame[ROW], "model": keys(table, model, aliases), "benchmark": keys(table, benchmark)}
    )
    read = {"score": required(table, score)}
    read |= {"stderr": required(table, stderr)} if stderr else {}
    read |= {"n_items": whole(table, n_items)} if n_items else {}
    used = [model, benchmark, score, *(column for column in (stderr, n_items) if column)]
    rest = [name for name in names if name not in used]
    about_models = model_fact_columns(table, rest)
    about_benchmarks = benchmark_fact_columns(table, named["benchmark"], rest)
    taken = [found.column for found in (*about_models.values(), *about_benchmarks.values())]
    unused = [name for name in rest if name not in taken]
    cells = named.with_columns(read["score"].values.alias("score")).drop_nulls("score")
    different = cells.filter(pl.col("score").n_unique().over("model", "benchmark") > 1)["model"].unique()
    named, runs, differ = _told_apart(
        table, named, named["model"].is_in(different.implode()), unused, duplicates, ("model", "benchmark")
    )
    first = duplicates is not None or bool(aliases)
    models = read_facts(table, "model", named["model"], about_models, first=first)
    benchmarks = read_facts(table, "benchmark", named["benchmark"], about_benchmarks)
    notes = [
        *missing_note(table, [read["score"]]),
        *number_notes(table, {score: read["score"]}),
        *_unused(table, unused),
    ]
    values = (column.values.alias(name) for name, column in read.items())
    return Part(
        table=replace(table, frame=named),
        scores=named.select("model", "benchmark", *values).drop_nulls("score"),
        models=models.frame,
        benchmarks=benchmarks.frame,
        notes=(*table.notes, *notes, *models.notes, *benchmarks.notes),
        runs=runs,
        differ=differ,
        versions=_versions(table, named["model"], rest),
    )


def _wide(table: RawTable, model: str, duplicates: Duplicates | None, aliases: Mapping[str, str]) -> Part:
    named = pl.DataFrame({ROW: table.frame[ROW], "model": keys(table, model, aliases)})
    rest = [name for name in table.columns if name != model]
    found = model_fact_columns(table, rest)
    taken = [fact.column for fact in found.values()]
    block, notes = score_columns(table, [name for name in rest if name not in taken], "benchmark")
    beside = [name for name in rest if name not in taken and name not in block]
    again = named["model"].is_duplicated()
    named, runs, differ = _told_apart(table, named, again, beside, duplicates, ("model",))
    facts = read_facts(table, "model", named["model"], found, first=bool(block) or bool(aliases))
    if not block and not found:
        raise table.fail("; ".join([f"no column of numbers besides {model!r}", *_said(table, notes), NEEDED]))
    scores = _melt(named, "model", "benchmark", block) if block else None
    if scores is not None:
        silent = named["model"].filter(~named["model"].is_in(scores["model"].unique().implode())).to_list()
        notes += [f"{table.name}: no score and left out: {shorten(silent)}"] if silent else []
    return Part(
        table=replace(table, frame=named),
        scores=scores,
        models=facts.frame,
        notes=(*table.notes, *notes, *facts.notes),
        runs=runs,
        differ=differ,
        versions=_versions(table, named["model"], rest),
    )


def _told_apart(
    table: RawTable,
    named: pl.DataFrame,
    again: pl.Series,
    columns: Sequence[str],
    duplicates: Duplicates | None,
    key: Sequence[str],
) -> tuple[pl.DataFrame, dict[str, str], tuple[str, ...]]:
    """The names under which runs are apart, where that is asked for; the model of each; and by what rows differ."""
    if not again.any():
        return named, {}, ()
    told = named.select(key)
    if duplicates != "runs":
        return named, {}, tuple(telling(table, told, again, columns))
    apart = named_apart(table, told, again, columns)
    runs = dict(zip(apart.filter(again), named["model"].filter(again), strict=True))
    return named.with_columns(apart.alias("model")), runs, ()


def _versions(table: RawTable, models: pl.Series, columns: Sequence[str]) -> pl.DataFrame | None:
    """Which version each model is a setting of, where a column says it."""
    column = find(columns, VERSION)
    if column is None:
        return None
    return pl.DataFrame({"model": models, "version": cleaned(table.frame[column])}).unique("model", maintain_order=True)


def _unused(table: RawTable, columns: Sequence[str]) -> list[str]:
    return [f"{table.name}: columns not used: {shorten(columns)}"] if columns else []


def _said(table: RawTable, notes: Sequence[str]) -> list[str]:
    """Notes inside a message that names the table already."""
    return [note.removeprefix(f"{table.name}: ") for note in notes]


def _across(table: RawTable, benchmark: str, aliases: Mapping[str, str]) -> Part:
    """One row per benchmark, one column per model; or facts of benchmarks alone."""
    named = pl.DataFrame({ROW: table.frame[ROW], "benchmark": keys(table, benchmark)})
    refuse_twice(table, named)
    rest = [name for name in table.columns if name != benchmark]
    found = benchmark_fact_columns(table, named["benchmark"], rest)
    facts = read_facts(table, "benchmark", named["benchmark"], found)
    taken = [fact.column for fact in found.values()]
    block, notes = score_columns(table, [name for name in rest if name not in taken], "model")
    if not block and not found:
        raise table.fail(f"no column of numbers besides {benchmark!r}; {NEEDED}")
    scores = _melt(named, "benchmark", "model", block) if block else None
    if scores is not None and aliases:
        scores = scores.with_columns(pl.col("model").replace(aliases))
    said = f"{table.name}: one row per benchmark ({benchmark!r}), one column per model ({len(block)})"
    return Part(
        table=replace(table, frame=named),
        scores=scores,
        benchmarks=facts.frame,
        notes=(*table.notes, *([said] if block else []), *notes, *facts.notes),
    )


def _facts_alone(table: RawTable, key: str, column: str | None, aliases: Mapping[str, str]) -> Part:
    if column is None:
        raise table.fail(f"no {key} column; name it {key}. Columns: {shorten(table.columns)}")
    names = keys(table, column, aliases)
    rest = [name for name in table.columns if name != column]
    found = model_fact_columns(table, rest) if key == "model" else benchmark_fact_columns(table, names, rest)
    if not found:
        known = MODEL_ALIASES if key == "model" else BENCHMARK_ALIASES
        raise table.fail(f"no facts of a {key}; known are {', '.join(known)}. Columns: {shorten(table.columns)}")
    facts = read_facts(table, key, names, found, first=bool(aliases))
    taken = {fact.column for fact in found.values()}
    # Models are called by their names in every table, so that another one to show has no use.
    told = ("display_name", *(VERSION if key == "model" else ()))
    unused = _unused(table, [name for name in rest if name not in taken and fold(name) not in told])
    return Part(
        table=replace(table, frame=table.frame.select(ROW, names.alias(key))),
        models=facts.frame if key == "model" else None,
        benchmarks=facts.frame if key == "benchmark" else None,
        notes=(*table.notes, *unused, *facts.notes),
        versions=_versions(table, names, rest) if key == "model" else None,
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
    # Under names no column can have, as a benchmark may be called model, benchmark or score. Some columns at a time:
    # a large ragged table would not fit in memory with its missing cells written out.
    names = list(block)
    batches = [names[start : start + BATCH] for start in range(0, len(names), BATCH)]
    long = [
        pl.DataFrame({"\0index": index, **{name: block[name] for name in batch}})
        .unpivot(index="\0index", variable_name="\0name", value_name="\0value")
        .drop_nulls("\0value")
        for batch in batches
    ]
    return pl.concat(long).rename({"\0index": index.name, "\0name": columns, "\0value": value})


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
    if column is None or accompanies(column):
        raise table.fail(f"no model column; {NEEDED}. Columns: {shorten(table.columns)}")
    return column
