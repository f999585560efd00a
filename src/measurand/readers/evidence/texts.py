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

__all__ = ["TEXT", "is_texts", "read_texts", "texts_of"]

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


def texts_of(frame: pl.DataFrame, name: str = "items") -> Texts:
    """Texts of a table that `is_texts`.

    Parameters
    ----------
    frame : a column of texts (`TEXT`), and the item and the benchmark (or set) where there are such columns; an item
        without a name is called by its row.
    name : the benchmark, where no column says it.

    Raises
    ------
    InputError
        No column of texts, no text in it, or two texts for one item.

    Examples
    --------
    >>> texts_of(pl.DataFrame({"question": ["How many hens?"], "answer": [5]}), "farm").frame.rows()
    [('farm', '1', 'How many hens?')]
    """
    text = find(frame.columns, TEXT)
    if text is None:
        raise InputError(f"no column of texts ({', '.join(TEXT)}) among {', '.join(frame.columns)}")
    item, benchmark = find(frame.columns, (*ITEM, "id")), find(frame.columns, _SETS)
    return Texts.build(
        frame.select(
            pl.col(text).cast(pl.String).alias("text"),
            *([pl.col(item).cast(pl.String).alias("item")] if item is not None else []),
            (pl.lit(name) if benchmark is None else pl.col(benchmark).cast(pl.String).fill_null(name)).alias(
                "benchmark"
            ),
        )
    )


def read_texts(path: str | os.PathLike[str]) -> Texts:
    """Read the texts of items from a file, the files of a folder, or those a pattern fits.

    A file without a column of benchmarks (or sets) is a benchmark of its own, by its name.

    Raises
    ------
    InputError
        Nothing to read, or a file that holds no texts.
    """
    parts = []
    for file in expand(path):
        table = read_table(file, read_bytes(file), recognise(file) or "csv")
        try:
            parts.append(texts_of(table.frame.drop(ROW), Path(file).stem))
        except InputError as error:
            raise InputError(f"{file}: {error}") from None
    return Texts.build(pl.concat([part.frame for part in parts]), tuple(note for part in parts for note in part.notes))
