"""Parquet files, looked at before they are unpacked: a kilobyte can stand for a billion values.

What a file will take in memory stands in its footer and in the headers of its pages, Thrift structs in the compact
protocol. Polars unpacks whatever they say; so they are read here first, and what would not fit is refused.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import polars as pl

from measurand.errors import InputError
from measurand.readers.archive import MAX_RATIO, RATIO_FREE

__all__ = ["parquet_frame", "parquet_names", "require_harmless"]

MOST_FOOTER = 64 << 20
"""Bytes of a footer: 1,000 columns in 500 row groups."""

MOST_COLUMNS, MOST_DEPTH = 10_000, 50
"""Columns of a file, their fields counted, and how deep those lie in each other."""

MOST_CHUNK = 2 << 30
"""Bytes of one column in one row group, unpacked."""

MOST_VALUES = 50_000_000
"""Values of a file that is read cell by cell, at about 90 bytes each. Of one that is scanned any number may be."""

MOST_TEXT = 2 << 30
"""Bytes of text in it, written out: a dictionary holds a text once, however often it is used."""

MOST_HEADER = 64 << 10
"""Bytes of the header of a page, with the least and the greatest value in it."""

_DAMAGED = (IndexError, KeyError, TypeError, ValueError, AttributeError)

Source = bytes | str | os.PathLike[str]


class _Chunk(NamedTuple):
    """One column in one row group: bytes unpacked and packed, and where it begins."""

    size: int
    packed: int
    start: int


class _Footer(NamedTuple):
    """What of a file's columns and values its footer says."""

    columns: int
    depth: int
    values: int
    chunks: tuple[_Chunk, ...]


def parquet_names(source: Source) -> list[str]:
    """Names of a file's columns.

    Raises
    ------
    InputError
        No Parquet, or a file that would not fit in memory.
    """
    require_harmless(source)
    return list(pl.read_parquet_schema(_given(source)))


def parquet_frame(source: Source, columns: Sequence[str] | None = None) -> pl.DataFrame:
    """A whole file, or some of its columns.

    Raises
    ------
    InputError
        No Parquet, or a file that would not fit in memory.
    """
    require_harmless(source, most_values=MOST_VALUES)
    rows = pl.scan_parquet(_given(source), glob=False, hive_partitioning=False)
    if columns is not None:
        rows = rows.select(columns)
    texts = [name for name, kind in rows.collect_schema().items() if kind == pl.String]
    sizes = rows.select(pl.col(texts).str.len_bytes().cast(pl.UInt64).sum()).collect(engine="streaming")
    if (size := sum(sizes.row(0)) if texts else 0) > MOST_TEXT:
        raise InputError(f"{size:,} bytes of text; at most {MOST_TEXT:,} are read")
    return rows.collect()


def require_harmless(source: Source, most_values: int | None = None) -> None:
    """Refuse a file that takes more memory to unpack than any of its size would.

    Parameters
    ----------
    source : path, or the bytes of the file.
    most_values : values that may be in it; any number where it is read in parts.

    Raises
    ------
    InputError
        Too many columns, too deep ones, too many values, or a few bytes that stand for gigabytes.
    """
    with io.BytesIO(source) if isinstance(source, bytes) else open(source, "rb") as file:
        footer = _footer(file)
        if footer.columns > MOST_COLUMNS:
            raise InputError(f"{footer.columns:,} columns; at most {MOST_COLUMNS:,} are read")
        if footer.depth > MOST_DEPTH:
            raise InputError(f"columns within columns, {footer.depth:,} deep; at most {MOST_DEPTH} are read")
        for chunk in footer.chunks:
            _refuse_bomb(chunk.size, chunk.packed)
        if most_values is None:
            return
        _refuse_many(footer.values, most_values)
        # The footer may say less than there is: lists are as long as their pages make them.
        values = 0
        for chunk in footer.chunks:
            for page in _pages(file, chunk):
                values += page.values
                _refuse_bomb(page.size, page.packed)
                _refuse_many(values, most_values)


def _refuse_bomb(size: int, packed: int) -> None:
    if size > MOST_CHUNK or (size > RATIO_FREE and size > MAX_RATIO * packed):
        raise InputError(f"{size:,} bytes out of {packed:,} in one column, as only a bomb has")


def _refuse_many(values: int, most: int) -> None:
    if values > most:
        raise InputError(f"{values:,} values; at most {most:,} are read; split it, or leave fewer columns")


def _given(source: Source) -> Path | io.BytesIO:
    return io.BytesIO(source) if isinstance(source, bytes) else Path(source)


def _footer(file: BinaryIO) -> _Footer:
    size = file.seek(0, os.SEEK_END)
    file.seek(max(size - 8, 0))
    end = file.read(8)
    length = int.from_bytes(end[:4], "little")
    if end[4:] != b"PAR1" or length > min(size - 8, MOST_FOOTER):
        raise InputError("no Parquet file, or cut short")
    file.seek(size - 8 - length)
    data = file.read(length)
    try:
        found = _Thrift(data).struct()
        columns = [column[3] for group in found[4] for column in group[1]]
        children = [int(element.get(5, 0)) for element in found[2]]
        values = sum(int(column[5]) for column in columns)
        # A dictionary comes before the pages that use it.
        chunks = tuple(_Chunk(int(c[6]), int(c[7]), min(int(c[9]), int(c.get(11) or c[9]))) for c in columns)
    except _DAMAGED:
        raise InputError("its footer is damaged") from None
    # Without the root of the schema, which is no column.
    return _Footer(len(children) - 1, _depth(children), values, chunks)


class _Page(NamedTuple):
    values: int
    size: int
    packed: int


def _pages(file: BinaryIO, chunk: _Chunk) -> Iterator[_Page]:
    """The pages of a chunk by their headers."""
    at = chunk.start
    while at < chunk.start + chunk.packed:
        try:
            file.seek(at)
            header = _Thrift(file.read(MOST_HEADER))
            page = header.struct()
            # Of a data page, of the second version, or of a dictionary.
            values = next((int(page[kind][1]) for kind in (5, 8, 7) if kind in page), 0)
            size, packed = int(page[2]), int(page[3])
        except _DAMAGED:
            raise InputError("the header of a page is damaged") from None
        if min(values, size, packed) < 0:
            raise InputError("the header of a page is damaged")
        yield _Page(values, size, packed)
        at += header.at + packed


def _depth(children: Sequence[int]) -> int:
    """How deep the elements of a schema lie, which come before the elements within them."""
    deepest, open_ = 0, list[int]()
    for count in children:
        while open_ and open_[-1] == 0:
            open_.pop()
        if open_:
            open_[-1] -= 1
        open_.append(count)
        deepest = max(deepest, len(open_) - 1)
    return deepest


class _Thrift:
    """Values in Thrift's compact protocol: structs as dictionaries by number of the field."""

    def __init__(self, data: bytes) -> None:
        self._data, self.at = data, 0

    def struct(self, depth: int = 0) -> dict[int, Any]:
        found: dict[int, Any] = {}
        field = 0
        while head := self._byte():
            kind, step = head & 15, head >> 4
            field = field + step if step else self._number()
            found[field] = self._value(kind, depth, within=False)
        return found

    def _value(self, kind: int, depth: int, *, within: bool) -> Any:
        if depth > MOST_DEPTH:
            raise ValueError("too deep")
        match kind:
            case 1 | 2:  # within a list, truth has a byte of its own
                return self._byte() == 1 if within else kind == 1
            case 3:
                return self._byte()
            case 4 | 5 | 6:
                return self._number()
            case 7:
                return self._bytes(8)
            case 8:
                return self._bytes(self._varint())
            case 9 | 10:
                head = self._byte()
                count = head >> 4 if head >> 4 < 15 else self._varint()
                # Each takes a byte at least: a count beyond them would be looped over for nothing.
                if count > len(self._data) - self.at:
                    raise ValueError("too many")
                return [self._value(head & 15, depth + 1, within=True) for _ in range(count)]
            case 12:
                return self.struct(depth + 1)
        raise ValueError("no such type")

    def _byte(self) -> int:
        self.at += 1
        return self._data[self.at - 1]

    def _bytes(self, count: int) -> bytes:
        if count > len(self._data) - self.at:
            raise ValueError("cut short")
        self.at += count
        return self._data[self.at - count : self.at]

    def _varint(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value
            if shift > 63:
                raise ValueError("too long")

    def _number(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)
