"""A corpus read piece by piece, and items looked for in it: memory does not grow with the corpus."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
import polars as pl

from measurand.errors import InputError, first_line
from measurand.readers.evidence.texts import TEXT
from measurand.readers.parquet import parquet_names
from measurand.readers.paths import below, require_file, why_closed
from measurand.readers.tables.columns import find
from measurand.readers.tables.raw import shorten
from measurand.stats.texts.overlap import LONG, SHORT, ItemIndex, Passages, find_passages
from measurand.tables.overlaps import MATCH_SCHEMA, Against, Overlaps, closest_first
from measurand.tables.texts import Texts, script

__all__ = ["Batch", "batches", "corpus_files", "overlap_with_corpus", "overlap_with_texts"]

_KINDS = {".txt": "text", ".md": "text", ".jsonl": "lines", ".ndjson": "lines", ".parquet": "parquet", ".pq": "parquet"}
_BATCH = 4 << 20
"""Characters of documents looked at at once."""
_PIECE, _CARRIED = 1 << 20, 1 << 14
"""Characters of a piece of a text file, and how many of them the next piece repeats so that nothing is cut in two."""
_MOST_LINE = 64 << 20
"""Bytes of a JSON line; a longer one is no document."""
_ROWS = 20_000
"""Rows of a Parquet file read at once."""
_MOST_KEPT = 5
"""Documents kept for each item: those that hold most of it."""
_SAMPLED = 10
"""Documents of each batch whose script is looked at."""


class Batch(NamedTuple):
    """Some documents: what they are called, and their texts."""

    names: list[str]
    texts: list[str]


def corpus_files(corpus: str | os.PathLike[str]) -> list[Path]:
    """The files of a corpus: one that is named, or all in a folder that hold text, sorted.

    Raises
    ------
    InputError
        Nothing there, or nothing that can be read.

    Examples
    --------
    >>> corpus_files("no/such/folder")
    Traceback (most recent call last):
    measurand.errors.InputError: no/such/folder: no such file or folder; a corpus is a folder of .txt, .md, .jsonl,
    .ndjson, .parquet, .pq files, or one of them
    """
    path = Path(corpus)
    wanted = f"a corpus is a folder of {', '.join(_KINDS)} files, or one of them"
    if path.is_file():
        if path.suffix.casefold() not in _KINDS:
            raise InputError(f"{path}: not a format of documents; {wanted}")
        return [path]
    if not path.is_dir():
        require_file(path)
        raise InputError(f"{path}: no such file or folder; {wanted}")
    inside = below(path)
    if inside.closed:
        raise InputError(f"{inside.closed[0]}: {why_closed(inside.closed[0])}; {wanted}")
    held = inside.found
    files = [file for file in held if file.suffix.casefold() in _KINDS]
    if not files:
        found = f"it holds {shorten((file.name for file in held), 5)}" if held else "it holds no file"
        raise InputError(f"{path}: no documents in this folder; {found}; {wanted}")
    return files


@dataclass
class _Lost:
    """Documents that could not be read, by file."""

    counts: dict[str, int] = field(default_factory=dict)

    def add(self, file: Path, count: int = 1) -> None:
        self.counts[file.name] = self.counts.get(file.name, 0) + count

    def notes(self) -> tuple[str, ...]:
        if not self.counts:
            return ()
        files = shorten(f"{name}: {count:,}" for name, count in self.counts.items())
        return (f"{sum(self.counts.values()):,} documents could not be read or hold no text ({files})",)


def batches(files: Sequence[Path], column: str | None = None, lost: _Lost | None = None) -> Iterator[Batch]:
    """Documents of files, about 4 million characters at a time.

    A text file is a document (a long one several, which overlap); of JSON lines and Parquet, a row is one.

    Parameters
    ----------
    column : the column of texts; by default the first of text, question, prompt, ... that is there.

    Raises
    ------
    InputError
        A file that cannot be read, or has no column of texts.
    """
    lost = lost if lost is not None else _Lost()
    names: list[str] = []
    texts: list[str] = []
    size = 0
    for name, text in _documents(files, column, lost):
        names.append(name)
        texts.append(text)
        size += len(text)
        if size >= _BATCH:
            yield Batch(names, texts)
            names, texts, size = [], [], 0
    if texts:
        yield Batch(names, texts)


def _documents(files: Sequence[Path], column: str | None, lost: _Lost) -> Iterator[tuple[str, str]]:
    for file in files:
        kind = _KINDS[file.suffix.casefold()]
        try:
            if kind == "text":
                yield from _pieces(file, lost)
            elif kind == "lines":
                yield from _lines(file, column, lost)
            else:
                yield from _rows(file, column, lost)
        except (OSError, pl.exceptions.PolarsError) as error:
            raise InputError(f"{file}: cannot be read: {first_line(error)}") from None


def _pieces(file: Path, lost: _Lost) -> Iterator[tuple[str, str]]:
    with open(file, encoding="utf-8", errors="replace") as opened:
        piece, number = opened.read(_PIECE), 1
        if not piece.strip():
            lost.add(file)
            return
        while piece:
            further = opened.read(_PIECE)
            yield (file.name if number == 1 and not further else f"{file.name}, part {number}"), piece
            piece, number = (piece[-_CARRIED:] + further if further else ""), number + 1


def _lines(file: Path, column: str | None, lost: _Lost) -> Iterator[tuple[str, str]]:
    decoder: msgspec.json.Decoder[Any] | None = None
    with open(file, "rb") as opened:
        for number, line in enumerate(_bounded(opened), 1):
            if decoder is None:
                decoder = _decoder(file, line, column)
            try:
                text = decoder.decode(line).text if decoder is not None else None
            except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
                text = None
            if text and not text.isspace():
                yield f"{file.name}, line {number}", text
            elif line.strip():
                lost.add(file)


def _bounded(opened: BinaryIO) -> Iterator[bytes]:
    """Lines of a file; of one too long, only its beginning, which is no JSON."""
    while line := opened.readline(_MOST_LINE):
        rest = line
        while not rest.endswith(b"\n") and (rest := opened.readline(_MOST_LINE)):
            pass
        yield line


def _decoder(file: Path, line: bytes, column: str | None) -> msgspec.json.Decoder[Any] | None:
    """What reads the text of a line and nothing else of it; None while no line tells the column."""
    try:
        first = msgspec.json.decode(line)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None
    if not isinstance(first, dict):
        return None
    name = _column(file, [str(key) for key in first], column)
    return msgspec.json.Decoder(msgspec.defstruct("Line", [("text", str | None, None)], rename={"text": name}))


def _rows(file: Path, column: str | None, lost: _Lost) -> Iterator[tuple[str, str]]:
    try:
        names = parquet_names(file)
    except InputError as error:
        raise InputError(f"{file}: cannot be read: {error}") from None
    name = _column(file, names, column)
    frame = pl.scan_parquet(file).select(pl.col(name).cast(pl.String))
    rows = int(frame.select(pl.len()).collect().item())
    for begun in range(0, rows, _ROWS):
        for number, text in enumerate(frame.slice(begun, _ROWS).collect().to_series(), begun + 1):
            if text and not text.isspace():
                yield f"{file.name}, row {number}", text
            else:
                lost.add(file)


def _column(file: Path, columns: Sequence[str], asked: str | None) -> str:
    if asked is not None and asked in columns:
        return asked
    found = find(columns, TEXT) if asked is None else None
    if found is None:
        missing = f"no column {asked!r}" if asked is not None else f"no column of texts ({', '.join(TEXT)})"
        raise InputError(f"{file}: {missing} among {shorten(columns)}")
    return found


class _Found:
    """What was found so far: of each item the documents that hold most of it, and how many hold any of it."""

    def __init__(self, texts: Texts) -> None:
        self.texts = texts
        self.index = ItemIndex.of(texts.frame["text"].to_list())
        self.holding: npt.NDArray[np.int64] = np.zeros(texts.frame.height, dtype=np.int64)
        self.rows = pl.DataFrame(schema={"place": pl.Int64(), **_FOUND})
        self.documents = self.words = 0
        self.script = script(texts.frame["text"].head(200))
        self.sampled: list[bool] = []

    def look(self, batch: Batch, own: npt.NDArray[np.int64] | None = None) -> None:
        found = find_passages(self.index, batch.texts, own)
        self.documents += len(batch.texts)
        self.words += len(found.words.hashes)
        self.holding += np.bincount(found.item[found.short > 0], minlength=len(self.holding))
        for text in batch.texts[:: max(1, len(batch.texts) // _SAMPLED)]:
            if (seen := script([text])) is not None:
                self.sampled.append(seen == self.script)
        if len(found.item):
            self.rows = _best(pl.concat([self.rows, self._rows(found, batch)]))

    def _rows(self, found: Passages, batch: Batch) -> pl.DataFrame:
        counted = {n: self.index.counted(n)[found.item] for n in (LONG, SHORT)}
        shares = {
            f"share_{n}": np.divide(got, counted[n], out=np.full(len(got), np.nan), where=counted[n] > 0)
            for n, got in ((LONG, found.long), (SHORT, found.short))
        }
        # Only the passages that will be kept are spelt out.
        rows = pl.DataFrame(
            {
                "place": found.item,
                "document": [batch.names[document] for document in found.document.tolist()],
                **shares,
                "similarity": found.similarity,
                "own": found.own,
                "values": found.values,
                "_passage": np.arange(len(found.item)),
            }
        ).with_columns(pl.col("share_13", "share_8", "own", "values").fill_nan(None))
        rows = _best(rows)
        passages = [found.passage(place) for place in rows["_passage"].to_list()]
        return (
            rows.drop("_passage")
            .with_columns(pl.Series("passage", passages, dtype=pl.String))
            .cast(pl.Schema({"place": pl.Int64(), **_FOUND}))
        )

    def overlaps(self, against: Against, source: str, notes: tuple[str, ...]) -> Overlaps:
        frame = self.texts.frame
        items = frame.with_columns(
            pl.Series("words", self.index.words.counts),
            pl.Series("own_words", self.index.among(self.index.own)),
            pl.Series("value_words", self.index.among(self.index.values)),
            pl.Series("runs_13", self.index.counted(LONG)),
            pl.Series("runs_8", self.index.counted(SHORT)),
            pl.Series("documents", self.holding),
        )
        names = frame.select("benchmark", "item").with_row_index("place").cast({"place": pl.Int64})
        matches = self.rows.join(names, on="place", how="left", maintain_order="left").select(*MATCH_SCHEMA)
        familiar = float(np.mean(self.sampled)) if self.sampled else 1.0
        return Overlaps.build(
            items,
            matches,
            against=against,
            source=source,
            documents=self.documents,
            words=self.words,
            familiar=familiar,
            notes=(*self.texts.notes, *notes),
        )


_FOUND: dict[str, pl.DataType] = {
    name: kind for name, kind in MATCH_SCHEMA.items() if name not in ("benchmark", "item")
}


def _best(rows: pl.DataFrame) -> pl.DataFrame:
    """Of each item the documents that hold most of it."""
    ranked = closest_first(rows, "place")
    return ranked.group_by("place", maintain_order=True).head(_MOST_KEPT).select(rows.columns)


def overlap_with_corpus(texts: Texts, corpus: str | os.PathLike[str], *, column: str | None = None) -> Overlaps:
    """Look for items in a corpus of any size.

    Parameters
    ----------
    texts : the items.
    corpus : a folder of text files, JSON lines and Parquet files, or one such file.
    column : the column of texts in JSON lines and Parquet; by default the first of text, question, prompt, ...

    Raises
    ------
    InputError
        Nothing to read, a file that cannot be read, or no document with any text.
    """
    found, lost = _Found(texts), _Lost()
    for batch in batches(corpus_files(corpus), column, lost):
        found.look(batch)
    return found.overlaps("corpus", str(corpus), lost.notes())


def overlap_with_texts(texts: Texts, pool: Texts | None = None, *, name: str = "the few-shot pool") -> Overlaps:
    """Look for items in other items: those of a pool of examples, or each among all the others.

    Parameters
    ----------
    texts : the items.
    pool : the examples; None to look for each item among the other items.
    name : what the pool is called.

    Raises
    ------
    InputError
        One item alone, which cannot be held against others.
    """
    found = _Found(texts)
    if pool is None and texts.frame.height < 2:
        raise InputError("one item alone cannot be held against others; there should be at least two")
    frame = texts.frame if pool is None else pool.frame
    named = frame["item"] if frame["benchmark"].n_unique() == 1 else frame["benchmark"] + ": " + frame["item"]
    size = 2000
    for begun in range(0, frame.height, size):
        part = frame["text"].slice(begun, size).to_list()
        own = np.arange(begun, begun + len(part)) if pool is None else None
        found.look(Batch(named.slice(begun, size).to_list(), part), own)
    if pool is None:
        return found.overlaps("itself", "the other items", ())
    return found.overlaps("pool", name, pool.notes)
