"""Tables of the log-probabilities of texts' tokens, told by their columns."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Sequence
from typing import NamedTuple

import polars as pl

from measurand.errors import InputError, first_line, quoted
from measurand.readers.evidence.item_sets import CHOICES, read_item_set
from measurand.readers.evidence.texts import TEXT
from measurand.readers.parquet import parquet_frame
from measurand.readers.paths import read_bytes, recognise
from measurand.readers.tables.columns import ITEM, MODEL, find
from measurand.readers.tables.raw import ROW
from measurand.readers.tables.tabular import PARSE_ERRORS, read_table
from measurand.tables.token_logprobs import TokenLogprobs

__all__ = ["Members", "is_token_logprobs", "read_members", "read_token_logprobs", "token_logprobs_of"]

_LISTS = {
    "logprobs": ("token_logprobs", "logprobs", "log_probs", "token_log_probs"),
    "means": ("means", "mu", "mean_logprobs", "expected_logprobs"),
    "spreads": ("spreads", "sigma", "std", "logprob_std"),
}
_ANSWER, _START = ("answer", "completion", "response"), ("start", "answer_start", "prompt_tokens")
_MEMBER = ("member", "is_member", "label", "seen", "membership")
_YES, _NO = (
    ("1", "1.0", "true", "yes", "member", "seen"),
    ("0", "0.0", "false", "no", "nonmember", "non-member", "unseen"),
)


def is_token_logprobs(columns: Sequence[str]) -> bool:
    """Whether a table with these columns holds log-probabilities of texts' tokens.

    Examples
    --------
    >>> is_token_logprobs(["input", "label", "token_logprobs"]), is_token_logprobs(["question", "answer"])
    (True, False)
    """
    return find(columns, _LISTS["logprobs"]) is not None and find(columns, TEXT) is not None


def token_logprobs_of(frame: pl.DataFrame) -> TokenLogprobs:
    """Log-probabilities of a table that `is_token_logprobs`.

    Parameters
    ----------
    frame : a column of texts, one of lists of log-probabilities (lists, or their JSON), and, where there are such, the
        model and whether it is a control, the item, whether the text is a member, lists of the vocabulary's means and
        standard deviations, and the answer that ends the text with the place of its first token.

    Raises
    ------
    InputError
        A table without these columns, a list that cannot be read, or a membership that is neither yes nor no.

    Examples
    --------
    >>> frame = pl.DataFrame({"input": ["a b"], "label": ["1"], "logprobs": ["[-0.5, -2]"]})
    >>> token_logprobs_of(frame).frame.row(0)[2:5]
    ('a b', True, [-0.5, -2.0])
    """
    columns = frame.columns
    names = {name: find(columns, aliases) for name, aliases in _LISTS.items()}
    text = find(columns, TEXT)
    if text is None or names["logprobs"] is None:
        raise InputError(
            f"log-probabilities should have a column of texts and one of logprobs; found {', '.join(columns)}"
        )
    found = {"text": frame[text].cast(pl.String)}
    for name, aliases in (("model", MODEL), ("item", (*ITEM, "id"))):
        if (column := find(columns, aliases)) is not None:
            found[name] = frame[column].cast(pl.String)
    found |= {name: _numbers(frame[column]) for name, column in names.items() if column is not None}
    # What a table of logs calls an answer need be no part of the text: a span is said by where it starts.
    answer, start = find(columns, _ANSWER), find(columns, _START)
    if answer is not None and start is not None:
        found |= {"answer": frame[answer].cast(pl.String), "start": _places(frame[start])}
    if (column := find(columns, _MEMBER)) is not None:
        found["member"] = _member(frame[column])
    if (column := find(columns, ("control",))) is not None:
        found["control"] = _member(frame[column]).alias("control")
    return TokenLogprobs.build(pl.DataFrame(found))


def _numbers(column: pl.Series) -> pl.Series:
    if column.dtype != pl.String:
        return column
    lists: list[list[float | None] | None] = []
    for row, cell in enumerate(column, 1):
        try:
            read = None if cell is None or not cell.strip() else json.loads(cell)
            lists.append(None if read is None else [None if one is None else float(one) for one in read])
        except (ValueError, TypeError, RecursionError, OverflowError):
            raise InputError(
                f"row {row}: {column.name} should be a list of numbers such as [-0.5, -2.1], got {quoted(cell)}"
            ) from None
    return pl.Series(column.name, lists, dtype=pl.List(pl.Float64))


def _places(column: pl.Series) -> pl.Series:
    places = column.cast(pl.Int64, strict=False)
    wrong = places.is_null() & column.is_not_null()
    if wrong.any():
        row = int(wrong.arg_true()[0])
        raise InputError(f"row {row + 1}: {column.name} should be the place of a token, from 0, got {column[row]!r}")
    return places


def _member(column: pl.Series) -> pl.Series:
    said = column.cast(pl.String).str.strip_chars().str.to_lowercase()
    unknown = ~(said.is_in(_YES) | said.is_in(_NO) | said.is_null() | (said == ""))
    if unknown.any():
        row = int(unknown.arg_true()[0])
        raise InputError(f"row {row + 1}: {column.name} should be 1 (member) or 0, got {column[row]!r}")
    member = pl.select(pl.when(said.is_in(_YES)).then(True).when(said.is_in(_NO)).then(False)).to_series()
    return member.alias("member")


class Members(NamedTuple):
    """Texts, and whether each is known to have been in the training data.

    Parameters
    ----------
    texts : whole, or questions.
    members : None where unknown.
    answers : to the questions; empty where texts are whole.
    """

    texts: list[str]
    members: list[bool | None]
    answers: list[str]


def read_members(path: str | os.PathLike[str]) -> Members:
    """Texts of a table, or its questions with their answers, and whether each is known to be in the training data.

    A table with columns ``question`` and ``answer`` holds questions; where it has choices too, it is read as an item
    set, and the answer is the right choice.

    Raises
    ------
    InputError
        A file that is not there or holds no texts, a question without an answer, or a membership that is neither yes
        nor no.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "asked.csv")
    ...     _ = file.write_text("question,answer,member\\n2 + 2?,4,1\\n")
    ...     read_members(file)
    Members(texts=['2 + 2?'], members=[True], answers=['4'])
    """
    name = os.fspath(path)
    table = read_table(name, read_bytes(name), recognise(name) or "csv", lists=True)
    columns = table.columns
    asked, answer = find(columns, ("question",)), find(columns, _ANSWER)
    choices, text = find(columns, CHOICES), asked or find(columns, TEXT)
    # In an item set a label is the right choice.
    label = find(columns, _MEMBER if choices is None else tuple(alias for alias in _MEMBER if alias != "label"))
    if text is None:
        raise table.fail(f"no column of texts ({', '.join(TEXT)}) among {', '.join(columns)}")
    frame = table.frame.filter(pl.col(text).is_not_null())
    try:
        members = [None] * frame.height if label is None else _member(frame[label]).to_list()
    except InputError as error:
        raise InputError(f"{name}: {error}") from None
    if choices is not None:
        items = read_item_set(path).items
        return Members([item.question for item in items], members, [item.choices[item.target] for item in items])
    texts = frame[text].cast(pl.String).to_list()
    if asked is None or answer is None:
        return Members(texts, members, [])
    answers = frame[answer].cast(pl.String).to_list()
    for row, said in enumerate(answers):
        if said is None or not said.strip():
            raise table.fail("should be the answer to the question, got nothing", row, answer)
    return Members(texts, members, answers)


def read_token_logprobs(path: str | os.PathLike[str]) -> TokenLogprobs:
    """Read a table of texts with the log-probabilities of their tokens: JSON lines, Parquet, or CSV with lists as JSON.

    Raises
    ------
    InputError
        A file that is not there, cannot be read, or lacks the columns.
    """
    name = os.fspath(path)
    kind, data = recognise(name), read_bytes(name)
    try:
        if kind == "parquet":
            return token_logprobs_of(parquet_frame(data))
        if kind == "jsonl":
            return token_logprobs_of(pl.read_ndjson(io.BytesIO(data), infer_schema_length=None))
        return token_logprobs_of(read_table(name, data, kind or "csv").frame.drop(ROW))
    except InputError as error:
        raise InputError(f"{name}: {error}") from None
    except PARSE_ERRORS as error:
        raise InputError(f"{name}: {first_line(error)}") from None
