"""Item sets for experiments: JSON lines, or a table of questions with their choices and the right one."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from measurand.errors import quoted
from measurand.readers.evidence.texts import TEXT
from measurand.readers.paths import read_bytes, recognise
from measurand.readers.tables.columns import ITEM, find
from measurand.readers.tables.raw import ROW, RawTable
from measurand.readers.tables.tabular import read_table
from measurand.tables import WAYS, Item, ItemSet, among

__all__ = ["CHOICES", "read_item_set"]

CHOICES = ("choices", "options", "answers", "endings")
LETTERED = ("a", "b", "c", "d", "e", "f")
TARGET = ("target", "answer", "label", "gold", "answer_key", "correct_answer")
CLUSTER = ("cluster", "subject", "category", "passage")


def read_item_set(path: str | os.PathLike[str]) -> ItemSet:
    """Read multiple-choice items from JSON lines, CSV, TSV or Parquet.

    Columns: the question; its choices as a list (or one column per choice, A, B, C, ...); the right one, in the same
    way in every row: by its text, its letter, its label (where choices have some), or its place from 0 or from 1; and,
    where there are such, an id and a cluster. Which way it is must follow from the rows: a way counts if every row can
    be read by it, and if several can, they must say the same.

    Raises
    ------
    InputError
        A file that is not there or lacks a column, a row whose choices cannot be understood, or answers that no one way
        reads, or several do and differ; the message says where, with two examples.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "sums.jsonl")
    ...     _ = file.write_text('{"id": "1", "question": "2 + 2?", "choices": ["4", "5"], "target": "A"}')
    ...     found = read_item_set(file)
    >>> found.keys, found.items
    ('letter', (Item(id='1', question='2 + 2?', choices=('4', '5'), target=0, cluster=None),))
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
    rows = list(table.frame.drop(ROW).iter_rows(named=True))
    offered = [
        _listed(table, row, listed, cells[listed]) if listed is not None else _Offered(_cells(cells, lettered))
        for row, cells in enumerate(rows)
    ]
    keys, places = _places(table, target, [cells[target] for cells in rows], offered)
    items = (
        Item(
            str(cells[item]) if item is not None and cells[item] is not None else str(row + 1),
            str(cells[question] or ""),
            offered[row].choices,
            places[row],
            None if cluster is None or cells[cluster] is None else str(cells[cluster]),
        )
        for row, cells in enumerate(rows)
    )
    return ItemSet.build(Path(name).stem, items, keys)


class _Offered(NamedTuple):
    """The choices of an item, and their labels where they have some."""

    choices: tuple[str, ...]
    labels: tuple[str, ...] = ()


def _cells(cells: dict[str, object], names: Sequence[str]) -> tuple[str, ...]:
    return tuple(str(cells[name]) for name in names if cells[name] is not None)


def _listed(table: RawTable, row: int, column: str, cell: object) -> _Offered:
    """Choices of a cell: a list, JSON of one, or of ``{"text": [...], "label": [...]}`` as published sets have it."""
    found: object = cell
    if isinstance(cell, str):
        try:
            found = json.loads(cell)
        except (ValueError, RecursionError):
            found = None
    labels: object = None
    if isinstance(found, dict):
        labels, found = found.get("label"), found.get("text")
    if not isinstance(found, list) or not all(isinstance(one, str | int | float) for one in found):
        raise table.fail(f'should be a list of choices such as ["4", "5"], got {quoted(cell)}', row, column)
    named = labels if isinstance(labels, list) and len(labels) == len(found) else []
    return _Offered(tuple(str(one) for one in found), tuple(str(label) for label in named))


def _places(
    table: RawTable, column: str, cells: Sequence[object], offered: Sequence[_Offered]
) -> tuple[str, tuple[int, ...]]:
    """The way in which all answers are given, and the place of each right choice from 0."""
    said = ["" if cell is None else str(cell).strip() for cell in cells]
    both = list(zip(offered, said, strict=True))
    by_label = {"label": [among(own.labels, answer) for own, answer in both]}
    read = by_label | {way: [place(own.choices, answer) for own, answer in both] for way, place in WAYS.items()}
    for row, cell in enumerate(cells):
        if all(places[row] is None for places in read.values()):
            last = len(offered[row].choices) - 1
            raise table.fail(
                f"should be the right choice's text, letter or place (from 0 to {last}, or from 1 to {last + 1}), got "
                f"{quoted(cell)}",
                row,
                column,
            )
    # One that labels its choices means the labels.
    whole = {way: places for way, places in read.items() if None not in places}
    whole = {"label": whole["label"]} if "label" in whole else whole
    if not whole:
        most = max(read, key=lambda way: sum(place is not None for place in read[way]))
        first = next(row for row, place in enumerate(read[most]) if place is not None)
        other = next(row for row, place in enumerate(read[most]) if place is None)
        instead = next(way for way, places in read.items() if places[other] is not None)
        raise table.fail(
            f"answers should all be given in one way, got {quoted(cells[first])} ({most}) in {table.place(first)} and "
            f"{quoted(cells[other])} ({instead}) in {table.place(other)}",
            column=column,
        )
    (way, places), *others = whole.items()
    for another, elsewhere in others:
        differing = [row for row, (one, two) in enumerate(zip(places, elsewhere, strict=True)) if one != two]
        if differing:
            examples = " and ".join(
                f"{quoted(cells[row])} in {table.place(row)} is {quoted(_choice(offered, row, places))} by {way}, "
                f"{quoted(_choice(offered, row, elsewhere))} by {another}"
                for row in differing[:2]
            )
            raise table.fail(
                f"answers can be read in two ways: {examples}; give letters (A, B, ...), or the texts of the choices",
                column=column,
            )
    return way, tuple(place for place in places if place is not None)


def _choice(offered: Sequence[_Offered], row: int, places: Sequence[int | None]) -> str:
    place = places[row]
    return "" if place is None else offered[row].choices[place]
