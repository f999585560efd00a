"""Tables of the texts of items, told by their columns."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from measurand.errors import InputError
from measurand.readers.evidence.votes import is_votes
from measurand.readers.paths import expand, read_bytes, recognise
from measurand.readers.tables.columns import BENCHMARK, ITEM, ITEM_SCORE, MODEL, find
from measurand.readers.tables.raw import ROW
from measurand.readers.tables.tabular import read_table
from measurand.tables.texts import Texts

__all__ = ["TEXT", "is_texts", "joined", "read_texts", "texts_of"]

TEXT = ("text", "question", "prompt", "problem", "input", "content", "document", "body")
"""Names of a column of texts, the likeliest first."""
_NOT_TEXTS = ("logprobs", "token_logprobs", "bdq_results", "placement")
_SETS = ("set", "split", *BENCHMARK)


def is_texts(columns: Sequence[str]) -> bool:
    """Whether a table with these columns holds texts of items and nothing that a model did.

    Examples
    --------
    >>> is_texts(["question", "answer"]), is_texts(["model", "item", "text", "score"]), is_texts(["item", "mmlu"])
    (True, False, False)
    """
    others = (*MODEL, *ITEM_SCORE, *_NOT_TEXTS)
    return find(columns, TEXT) is not None and find(columns, others) is None and not is_votes(columns)


def texts_of(frame: pl.DataFrame, name: str = "items", *, cluster: str | None = None) -> Texts:
    """Texts of a table that `is_texts`.

    Parameters
    ----------
    frame : a column of texts (`TEXT`), and the item and the benchmark (or set) where there are such columns; an item
        without a name is called by its row.
    name : the benchmark, where no column says it.
    cluster : the column that says which texts go together, or ``"none"``; by default as `Texts.build` finds it.

    Raises
    ------
    InputError
        No column of texts, no text in it, or two texts for one item.
    UnknownName
        No column of groups of the name given.

    Examples
    --------
    >>> texts_of(pl.DataFrame({"question": ["How many hens?"], "answer": [5]}), "farm").frame.rows()
    [('farm', '1', 'How many hens?', None)]
    """
    text = find(frame.columns, TEXT)
    if text is None:
        raise InputError(f"no column of texts ({', '.join(TEXT)}) among {', '.join(frame.columns)}")
    item, benchmark = find(frame.columns, (*ITEM, "id")), find(frame.columns, _SETS)
    meant = {"text": text, "item": item, "benchmark": benchmark}
    named = {column: pl.col(column).cast(pl.String).alias(what) for what, column in meant.items() if column is not None}
    # A column that someone names as the groups may mean an item or a benchmark, too.
    others = [name for name in frame.columns if name not in meant and (name not in named or name == cluster)]
    parts = [*named.values(), *map(pl.col, others)]
    if benchmark is None:
        parts.append(pl.lit(name).alias("benchmark"))
    return Texts.build(frame.select(parts).with_columns(pl.col("benchmark").fill_null(name)), cluster=cluster)


def read_texts(path: str | os.PathLike[str], *, cluster: str | None = None) -> Texts:
    """Read the texts of items from a file, the files of a folder, or those a pattern fits.

    A file without a column of benchmarks (or sets) is a benchmark of its own, by its name.

    Parameters
    ----------
    cluster : the column that says which texts go together, or ``"none"``; by default as `Texts.build` finds it.

    Raises
    ------
    InputError
        Nothing to read, or a file that holds no texts.
    """
    parts = []
    for file in expand(path):
        table = read_table(file, read_bytes(file), recognise(file) or "csv")
        try:
            parts.append(texts_of(table.frame.drop(ROW), Path(file).stem, cluster=cluster))
        except InputError as error:
            raise InputError(f"{file}: {error}") from None
    return joined(parts)


def joined(parts: Sequence[Texts]) -> Texts:
    """All texts of several tables.

    Raises
    ------
    InputError
        Two texts for one item.
    """
    return Texts.build(pl.concat([part.frame for part in parts]), tuple(note for part in parts for note in part.notes))
