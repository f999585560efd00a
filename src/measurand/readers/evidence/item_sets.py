"""Item sets for experiments: JSON lines, or a table of questions with their choices and the right one."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from string import ascii_uppercase

from measurand.errors import quoted
from measurand.readers.evidence.texts import TEXT
from measurand.readers.paths import read_bytes, recognise
from measurand.readers.tables.columns import ITEM, find
from measurand.readers.tables.raw import ROW, RawTable
from measurand.readers.tables.tabular import read_table
from measurand.tables import Item, ItemSet

__all__ = ["read_item_set"]

CHOICES = ("choices", "options", "answers", "endings")
LETTERED = ("a", "b", "c", "d", "e", "f")
TARGET = ("target", "answer", "label", "gold", "answer_key", "correct_answer")
CLUSTER = ("cluster", "subject", "category", "passage")


def read_item_set(path: str | os.PathLike[str]) -> ItemSet:
    """Read multiple-choice items from JSON lines, CSV, TSV or Parquet.

    Columns: the question; its choices as a list (or one column a choice, A, B, C, ...); the right one as its place from
    0, its letter or its text; and, where there are such, an id and a cluster.

    Raises
    ------
    InputError
        A file that is not there or lacks a column, or a row whose choices or target cannot be understood; the message
        says where.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "sums.jsonl")
    ...     _ = file.write_text('{"id": "1", "question": "2 + 2?", "choices": ["4", "5"], "target": "A"}')
    ...     read_item_set(file).items
    (Item(id='1', question='2 + 2?', choices=('4', '5'), target=0, cluster=None),)
    """
    name = os.fspath(path)
    table = read_table(name, read_bytes(name), recognise(name) or "jsonl", lists=True)
    columns = table.columns
    question, target = find(columns, TEXT), find(columns, TARGET)
    lettered = [column for letter in LETTERED if (column := find(columns, (letter, f"choice_{letter}"))) is not None]
    listed = find(columns, CHOICES)
    if question is None or target is None or (listed is None and len(lettered) < 2):
        raise table.fail(
            "items should have a question, choices (a list, or columns A, B, C, ...) and a target; columns: "
            + ", ".join(columns)
        )
    item, cluster = find(columns, ("id", *ITEM)), find(columns, CLUSTER)
    items = []
    for row, cells in enumerate(table.frame.drop(ROW).iter_rows(named=True)):
        choices = _listed(table, row, listed, cells[listed]) if listed is not None else _cells(cells, lettered)
        items.append(
            Item(
                str(cells[item]) if item is not None and cells[item] is not None else str(row + 1),
                str(cells[question] or ""),
                choices,
                _place(table, row, target, cells[target], choices),
                None if cluster is None or cells[cluster] is None else str(cells[cluster]),
            )
        )
    return ItemSet.build(Path(name).stem, items)


def _cells(cells: dict[str, object], names: Sequence[str]) -> tuple[str, ...]:
    return tuple(str(cells[name]) for name in names if cells[name] is not None)


def _listed(table: RawTable, row: int, column: str, cell: object) -> tuple[str, ...]:
    """Choices of a cell: a list, JSON of one, or JSON of ``{"text": [...]}`` as some published sets have it."""
    found = cell
    if isinstance(cell, str):
        try:
            found = json.loads(cell)
        except (ValueError, RecursionError):
            found = None
    if isinstance(found, dict):
        found = found.get("text")
    if not isinstance(found, list) or not all(isinstance(one, str | int | float) for one in found):
        raise table.fail(f'should be a list of choices such as ["4", "5"], got {quoted(cell)}', row, column)
    return tuple(str(one) for one in found)


def _place(table: RawTable, row: int, column: str, cell: object, choices: tuple[str, ...]) -> int:
    said = str(cell).strip() if cell is not None else ""
    count = range(len(choices))
    # A choice that reads as a place is still that place; 1.0 is how some tables write the place 1.
    ways = (
        (said, [str(place) for place in count]),
        (said, list(choices)),
        (said, [f"{place}.0" for place in count]),
        (said.upper(), list(ascii_uppercase[: len(choices)])),
    )
    for name, names in ways:
        if name in names:
            return names.index(name)
    raise table.fail(
        f"should be the right choice's place from 0 to {len(choices) - 1}, letter or text, got {quoted(cell)}",
        row,
        column,
    )
