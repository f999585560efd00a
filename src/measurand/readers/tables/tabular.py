"""Tables in files: CSV (comma, semicolon or tab), Parquet and JSON lines, read into raw tables."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, cast

import msgspec
import polars as pl

from measurand.errors import InputError, first_line
from measurand.readers.parquet import parquet_frame, parquet_names
from measurand.readers.tables.raw import RawTable, raw_table
from measurand.results import Source

__all__ = ["PARSE_ERRORS", "column_of", "header", "read_table"]

SEPARATORS = ",;\t"
HEAD = 1 << 16
"""Bytes looked at to recognise a table by its header."""
LINE_LIMIT = 16 * 2**20
"""Longest line of JSON that is decoded, in bytes."""

PARSE_ERRORS = (
    pl.exceptions.PolarsError,
    pl.exceptions.PanicException,
    OSError,
    ValueError,
    OverflowError,
    MemoryError,
)


def read_table(name: str, data: bytes, kind: str, *, lists: bool = False) -> RawTable:
    """Read the bytes of one file.

    Parameters
    ----------
    name : the file as it was named, for messages and provenance.
    data : its content.
    kind : ``csv``, ``tsv``, ``parquet`` or ``jsonl``.
    lists : whether lists and objects are kept, as JSON; otherwise they are left out, with a note.

    Raises
    ------
    InputError
        The file is empty, not UTF-8, corrupt, or has no rows; the message names the file and the place.

    Examples
    --------
    >>> table = read_table("a.csv", b"model;mmlu\\nm1;0,5\\n", "csv")
    >>> table.columns, table.frame["mmlu"].to_list(), table.decimal_comma
    (['model', 'mmlu'], ['0,5'], True)
    """
    if not data.removeprefix(b"\xef\xbb\xbf").strip():
        raise InputError(f"{name}: the file is empty ({len(data)} bytes)")
    digest = hashlib.sha256(data).hexdigest()
    if kind == "parquet":
        return _read_parquet(name, data, digest, lists)
    _require_utf8(name, data)
    text = data.removeprefix(b"\xef\xbb\xbf")
    if kind == "jsonl":
        return _read_json_lines(name, text, digest, lists)
    return _read_separated(name, text, digest, kind)


def header(path: Path, kind: str) -> list[str]:
    """Names of a file's columns, read from its head alone.

    Parameters
    ----------
    kind : its format, as `read_table` names it.
    """
    if kind == "parquet":
        return parquet_names(path)
    with open(path, "rb") as file:
        line = file.read(HEAD).removeprefix(b"\xef\xbb\xbf").lstrip().split(b"\n")[0]
    if kind == "jsonl":
        first = msgspec.json.decode(line)
        return list(first) if isinstance(first, dict) else []
    text = line.decode().rstrip("\r")
    return [cell.strip() for cell in max((next(csv.reader([text], delimiter=s)) for s in SEPARATORS), key=len)]


def column_of(values: Sequence[object]) -> tuple[pl.Series, bool]:
    """Python values as one column, and whether lists or objects among them were dropped.

    Numbers alone make numbers; anything else makes text, numbers written out.

    Examples
    --------
    >>> column, dropped = column_of([1, "x", [2]])
    >>> column.to_list(), dropped
    (['1', 'x', None], True)
    """
    nested = any(isinstance(value, (list, dict)) for value in values)
    kinds = {type(value) for value in values}
    # As integers where they fit: as floats long ids would lose their last digits.
    if kinds == {int} and all(-(2**63) <= value < 2**63 for value in cast(Sequence[int], values)):
        return pl.Series(values, dtype=pl.Int64), nested
    if kinds <= {int, float, type(None)}:
        numbers = cast(Sequence[float | None], values)
        return pl.Series([None if value is None else _float(value) for value in numbers], dtype=pl.Float64), nested
    return pl.Series([_text(value) for value in values], dtype=pl.String), nested


def _require_utf8(name: str, data: bytes) -> None:
    try:
        data.decode()
    except UnicodeDecodeError as error:
        found = "it looks like UTF-16; " if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ""
        raise InputError(
            f"{name}: not UTF-8 at byte {error.start} (0x{data[error.start]:02x}); {found}save it again as UTF-8"
        ) from None


def _read_separated(name: str, data: bytes, digest: str, kind: str) -> RawTable:
    # Old Mac line ends; with quotes a bare CR may be part of a cell, so that such files are left alone.
    if b'"' not in data and b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    body = data.lstrip(b"\r\n")
    above = data[: len(data) - len(body)].count(b"\n")
    separator = "\t" if kind == "tsv" else _separator(name, body)
    shape = _shape(name, body, separator, above)
    try:
        cells = pl.read_csv(
            body,
            has_header=False,
            separator=separator,
            infer_schema=False,
            schema={f"column_{i}": pl.String() for i in range(shape.width)},
        )
    except PARSE_ERRORS as error:
        raise InputError(f"{name}: cannot be read as {kind.upper()}: {first_line(error)}") from None
    # Two parsers that disagree on the records: line numbers in messages would point at the wrong rows.
    if cells.height != len(shape.lines):
        raise InputError(
            f"{name}: line ends or quotes do not pair up; write a quote inside a cell as two, "
            "and save with one kind of line end"
        )
    header = [cell or "" for cell in cells.row(0)]
    source = Source(name, digest, kind, 0)
    lines = shape.lines[1:]
    return raw_table(
        name,
        header,
        cells[1:].get_columns(),
        source=source,
        lines=lines,
        # Semicolons are what spreadsheets write in locales with a decimal comma.
        decimal_comma=separator != ",",
        notes=shape.notes,
    )


class _Shape(NamedTuple):
    width: int
    lines: array[int]
    notes: list[str]


def _records(name: str, data: bytes, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Line (from 1) and cells of each record, by Python's own CSV parser; blank lines are records without cells."""
    reader = csv.reader(io.TextIOWrapper(io.BytesIO(data), "utf-8", newline=""), delimiter=separator)
    line = 1
    try:
        for record in reader:
            yield line, record
            line = reader.line_num + 1
    except csv.Error as error:
        raise InputError(f"{name}, line {line}: {error}; is a quote left open?") from None


def _separator(name: str, data: bytes) -> str:
    """The separator that gives the header most cells; a comma if none splits it."""
    widths = {separator: len(next(_records(name, data, separator))[1]) for separator in SEPARATORS}
    return max(widths, key=lambda separator: widths[separator])


def _shape(name: str, data: bytes, separator: str, above: int) -> _Shape:
    """Width of the header and line of every record.

    Polars would fill short rows in silence and cannot say on which line a long one stands.
    """
    width = 0
    short = array("I")
    lines = array("I")
    for line, record in _records(name, data, separator):
        width = width or len(record)
        if len(record) > width:
            raise InputError(
                f"{name}, line {above + line}: {len(record)} cells where the header has {width}; "
                f"quote a cell that holds a {separator!r}, or name every column in the header"
            )
        if record and len(record) < width:
            short.append(above + line)
        lines.append(above + line)
    said = f"{name}: {len(short)} rows have fewer cells than the header (first: line {short[0]})" if short else ""
    return _Shape(width, lines, [f"{said}; the cells they lack count as not run"] if said else [])


def _read_parquet(name: str, data: bytes, digest: str, lists: bool) -> RawTable:
    try:
        frame = parquet_frame(data)
    except PARSE_ERRORS as error:
        raise InputError(f"{name}: cannot be read as Parquet: {first_line(error)}") from None
    columns = [_as_json(column) if lists and column.dtype.is_nested() else column for column in frame.get_columns()]
    return raw_table(name, frame.columns, columns, source=Source(name, digest, "parquet", 0))


def _as_json(column: pl.Series) -> pl.Series:
    values = column.to_list()
    return pl.Series(column.name, [None if value is None else json.dumps(value) for value in values], dtype=pl.String)


def _read_json_lines(name: str, data: bytes, digest: str, lists: bool) -> RawTable:
    rows: list[dict[str, object]] = []
    lines = array("I")
    for number, line in enumerate(io.BytesIO(data), start=1):
        if line.strip():
            rows.append(_json_object(name, number, line))
            lines.append(number)
    header = list(dict.fromkeys(key for row in rows for key in row))
    columns, notes = [], []
    for key in header:
        values = [row.get(key) for row in rows]
        if lists:
            values = [json.dumps(value) if isinstance(value, (list, dict)) else value for value in values]
        column, nested = column_of(values)
        columns.append(column)
        if nested:
            notes.append(f"{name}: field {key!r} holds lists or objects, not numbers or text: those are left out")
    return raw_table(name, header, columns, source=Source(name, digest, "jsonl", 0), lines=lines, notes=notes)


def _json_object(name: str, number: int, line: bytes) -> dict[str, object]:
    if len(line) > LINE_LIMIT:
        raise InputError(f"{name}, line {number}: {len(line)} bytes; a line should have at most {LINE_LIMIT}")
    try:
        # Python writes NaN and Infinity, which are not JSON; only its own parser reads them back.
        value = json.loads(line) if b"NaN" in line or b"Infinity" in line else msgspec.json.decode(line)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{name}, line {number}: not a line of JSON: {first_line(error)}") from None
    if not isinstance(value, dict):
        raise InputError(
            f'{name}, line {number}: should be an object such as {{"model": "m", "benchmark": "b", "score": 0.5}}'
        )
    # Its parser also takes half of a character for a whole one, which no text can hold.
    return {_encodable(key): _encodable(each) if isinstance(each, str) else each for key, each in value.items()}


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _float(value: int | float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _text(value: object) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    if value is None or isinstance(value, (list, dict)):
        return None
    return value if isinstance(value, str) else repr(value)
