"""Tables of answers to contamination quizzes, told by their columns."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from measurand.errors import InputError
from measurand.readers.evidence.lowercase import lowercased
from measurand.readers.paths import expand, read_bytes, recognise
from measurand.readers.tables.columns import BENCHMARK, ITEM, MODEL, find
from measurand.readers.tables.raw import ROW
from measurand.readers.tables.tabular import read_table
from measurand.tables.quiz import Quiz

__all__ = ["is_quiz", "quiz_of", "read_quizzes"]

_WITHOUT = "bdq_results"
_WITH = "bcq_results_for_position_"


def is_quiz(columns: Sequence[str]) -> bool:
    """Whether a table with these columns holds answers to a contamination quiz.

    Examples
    --------
    >>> is_quiz(["bdq_results", "bcq_results_for_position_b"]), is_quiz(["item", "placement", "answer"])
    (True, True)
    >>> is_quiz(["item", "answer"])
    False
    """
    lowered = {name.strip().lower() for name in columns}
    return _WITHOUT in lowered or {"placement", "answer"} <= lowered


def quiz_of(frame: pl.DataFrame, name: str = "quiz") -> Quiz:
    """Answers of a table that `is_quiz`.

    One row per answer (columns item, placement, answer), or one row per item with the columns of the quiz's authors:
    ``bdq_results`` (no original among the options) and ``bcq_results_for_position_b``, ... (the original in place B).

    Parameters
    ----------
    name : the benchmark, where no column says it.

    Raises
    ------
    InputError
        A table that is no quiz, or whatever `Quiz.build` refuses.

    Examples
    --------
    >>> frame = pl.DataFrame({"bdq_results": ["E"], "bcq_results_for_position_b": ["B"]})
    >>> quiz_of(frame, "gsm8k").frame.rows()
    [('model', 'gsm8k', '1', 'none', 'E'), ('model', 'gsm8k', '1', 'B', 'B')]
    """
    lowered = lowercased(frame)
    if not is_quiz(lowered.columns):
        raise InputError(
            f"a quiz should have the columns item, placement, answer, or bdq_results; found {', '.join(frame.columns)}"
        )
    rows = pl.int_range(1, pl.len() + 1).cast(pl.String)
    item, model, benchmark = (find(lowered.columns, names) for names in (ITEM, MODEL, BENCHMARK))
    shared = [
        (rows if item is None else pl.col(item).cast(pl.String)).alias("item"),
        (pl.lit("model") if model is None else pl.col(model).cast(pl.String)).alias("model"),
        (pl.lit(name) if benchmark is None else pl.col(benchmark).cast(pl.String)).alias("benchmark"),
    ]
    if _WITHOUT not in lowered.columns:
        return Quiz.build(lowered.select(*shared, "placement", "answer"))
    placed = {_WITHOUT: "none"} | {
        column: column.removeprefix(_WITH) for column in lowered.columns if column.startswith(_WITH)
    }
    parts = [
        lowered.select(*shared, pl.lit(placement).alias("placement"), pl.col(column).alias("answer").cast(pl.String))
        for column, placement in placed.items()
    ]
    return Quiz.build(pl.concat(parts))


def read_quizzes(paths: Sequence[str | os.PathLike[str]]) -> Quiz:
    """Read saved answers from files; each is a benchmark of its own, by its name, unless a column says otherwise.

    Raises
    ------
    InputError
        No file, one that is not there, or one that holds no quiz.
    """
    parts = []
    for path in paths:
        for name in expand(path):
            table = read_table(name, read_bytes(name), recognise(name) or "csv")
            try:
                parts.append(quiz_of(table.frame.drop(ROW), Path(name).stem))
            except InputError as error:
                raise InputError(f"{name}: {error}") from None
    if not parts:
        raise InputError("no quiz to read; give at least one file")
    return Quiz.build(pl.concat([part.frame for part in parts]), tuple(note for part in parts for note in part.notes))
