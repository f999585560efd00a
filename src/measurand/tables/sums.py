"""Item-level results added up batch by batch: memory grows with models x items and a batch, not with rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl

from measurand.tables.responses import State, state_of

__all__ = ["BATCH", "ItemFacts", "Names", "Summed", "Sums", "Told"]

BATCH = 1 << 18
"""Rows that are looked at at a time."""

_LOOKED_UP = 4096
"""Names that are looked up at once where the names before them say nothing of their order."""

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Number = TypeVar("Number", bound=np.generic)

_STATES = sorted(State)
_BITS = {state.value: 1 << place for place, state in enumerate(_STATES)}


class Names:
    """Names as numbers, from 0 in order of appearance, the same in every batch."""

    def __init__(self) -> None:
        # Polars forgets the numbers of names that no series holds.
        self._held = pl.Series(dtype=pl.Categorical(pl.Categories.random()))
        self._names = pl.Series(dtype=pl.String)

    def numbers(self, column: pl.Series) -> Ints:
        """The number of each name, -1 for null."""
        numbers = column.cast(self._held.dtype).to_physical().cast(pl.Int64).fill_null(-1).to_numpy()
        new = np.flatnonzero(numbers >= len(self._names))
        # Numbered as they appear, so that the first place of each is in their order.
        self._names.append(column.gather(new[np.unique(numbers[new], return_index=True)[1]]))
        return numbers

    def in_order(self, column: pl.Series) -> Ints:
        """The same, in less time where the names come as they came before: most tables list each model's items alike.

        To compare names takes a tenth of the time that it takes to look them up.
        """
        start = int(self.numbers(column[:1]).max(initial=0))
        expected = self._names[start : start + len(column)]
        if len(expected) == len(column) and column[-1] == expected[-1] and column.equals(expected):
            return np.arange(start, start + len(column))
        if len(column) <= _LOOKED_UP or not column[:2].equals(expected[:2]):
            return self.numbers(column)
        half = len(column) // 2
        return np.concatenate([self.in_order(column[:half]), self.in_order(column[half:])])

    def sorted(self, used: npt.NDArray[np.bool_] | None = None) -> tuple[tuple[str, ...], Ints]:
        """Names in order with their numbers: all, or those that are used; no more are numbered after it."""
        del self._held
        numbers = np.arange(len(self._names)) if used is None else np.flatnonzero(used)
        names = self._names if len(numbers) == len(self._names) else self._names.gather(numbers)
        order = names.arg_sort().to_numpy()
        return tuple(names.gather(order).to_list()), numbers[order]


class ItemFacts(NamedTuple):
    """What a key says of each item of a table.

    Parameters
    ----------
    codes : place of each item's value among `values`, -1 where it has none, shape (items,).
    values : those of the key, sorted.
    torn : places of the items for which rows say several values.
    """

    codes: Ints
    values: tuple[str, ...]
    torn: Ints

    def clusters(self) -> Ints:
        """Number of each item's cluster: an item that says none shares it with none."""
        alone = self.codes < 0
        numbered = np.where(alone, len(self.values) + np.arange(len(self.codes)), self.codes)
        return np.unique(numbered, return_inverse=True)[1].astype(np.int64)


class Told:
    """What rows tell of each item by one key."""

    def __init__(self) -> None:
        self._values = Names()
        self._of_item: Ints = np.zeros(0, dtype=np.int64)
        self._torn: set[int] = set()

    def add(self, items: Ints, column: pl.Series) -> None:
        """Take in what the column says of the items of these numbers."""
        said = self._values.numbers(column)
        items, said = items[said >= 0], said[said >= 0]
        # One more than the number of the value: 0 is an item of which nothing was said.
        self._of_item = _reaching(self._of_item, items)
        new = self._of_item[items] == 0
        self._of_item[items[new]] = said[new] + 1
        self._torn.update(items[self._of_item[items] != said + 1].tolist())

    def facts(self, items: Ints) -> ItemFacts:
        """What it says of the items of these numbers, in their order."""
        values, order = self._values.sorted()
        place = np.full(len(order) + 1, -1)
        place[order + 1] = np.arange(len(order))
        return ItemFacts(place[_at(self._of_item, items)], values, np.flatnonzero(np.isin(items, list(self._torn))))


class _Row:
    """Sums over the rows of one model, by the number of the item."""

    def __init__(self) -> None:
        self.total, self.met = np.zeros(0), np.zeros(0, dtype=bool)
        # Made where an item comes again, or has no score: most do not, and millions of cells need no memory for it.
        self.count, self.first, self.squares = np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(0)
        self.states = np.zeros(0, dtype=np.uint8)

    @property
    def repeated(self) -> bool:
        return len(self.count) > 0

    def add(self, items: Ints, scores: Floats, *, distinct: bool) -> None:
        self.total, self.met = _reaching(self.total, items), _reaching(self.met, items)
        new = ~self.met[items]
        self.met[items] = True
        if not self.repeated and not (distinct and new.all()):
            # Once each until now.
            self.count, self.first = self.met.astype(np.int64), self.total.copy()
            self.count[items[new]] = 0
        if self.repeated:
            self.count, self.first, self.squares = (
                _reaching(self.count, items),
                _reaching(self.first, items),
                _reaching(self.squares, items),
            )
            np.add.at(self.count, items, 1)
            # Squares of deviations from the item's first score: in those of scores small differences would drown.
            self.first[items[new]] = scores[new]
            np.add.at(self.squares, items, (scores - self.first[items]) ** 2)
        np.add.at(self.total, items, scores)

    def add_states(self, items: Ints, states: npt.NDArray[np.uint8]) -> None:
        self.states = _reaching(self.states, items)
        np.bitwise_or.at(self.states, items, states)

    def epochs(self, items: Ints) -> Ints:
        return _at(self.count, items) if self.repeated else _at(self.met, items).astype(np.int64)

    def within(self, items: Ints) -> Floats:
        count = self.epochs(items)
        total, first, squares = (_at(sums, items) for sums in (self.total, self.first, self.squares))
        with np.errstate(invalid="ignore", divide="ignore"):
            variance = np.maximum(squares - (total - count * first) ** 2 / count, 0) / (count - 1)
        return np.where(count > 1, variance, np.nan)

    def in_states(self) -> Ints:
        """How many items are in each state, in the order of `_STATES`: an item with a score in some epoch has one."""
        numbers = np.flatnonzero(self.states)
        met = self.states[numbers]
        lowest = np.where(_at(self.met, numbers), met & _BITS[State.UNPARSED], met & -met.astype(np.int16))
        return np.array([(lowest == bit).sum() for bit in _BITS.values()], dtype=np.int64)


class Summed(NamedTuple):
    """Sums as arrays: as in `ItemTable`."""

    models: tuple[str, ...]
    items: tuple[str, ...]
    scores: Floats
    epochs: Ints
    within: Floats
    binary: bool
    states: dict[State, Ints]
    facts: dict[str, ItemFacts]


class Sums:
    """Sums of one table: of each model a row as long as the items that it ran.

    Parameters
    ----------
    keys : columns that say something of the items.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        self._models, self._items = Names(), Names()
        self._told = {key: Told() for key in keys}
        self._rows: dict[int, _Row] = {}
        self._binary = True
        self._last = np.zeros(0, dtype=np.int32)

    def add(self, rows: pl.DataFrame) -> None:
        """Add rows with the columns model, item, score, grade, state and the keys."""
        odd = rows.filter(pl.col("score").is_null() | pl.col("state").is_not_null())
        if odd.height:
            self._add_states(odd.select("model", "item", state_of().alias("state")).drop_nulls())
            rows = rows.drop_nulls("score")
        if rows.is_empty():
            return
        items, scores = self._items.in_order(rows["item"]), rows["score"].to_numpy()
        self._binary = self._binary and bool(((scores == 0) | (scores == 1)).all())
        for model, own in _by(self._models.numbers(rows["model"])):
            distinct = self._distinct(items[own])
            self._rows.setdefault(model, _Row()).add(items[own], scores[own], distinct=distinct)
        for key, told in self._told.items():
            if rows[key].null_count() < rows.height:
                told.add(items, rows[key])

    def _distinct(self, items: Ints) -> bool:
        """Whether no item is there twice."""
        self._last = _reaching(self._last, items)
        order = np.arange(len(items), dtype=np.int32)
        self._last[items] = order
        return bool((self._last[items] == order).all())

    def _add_states(self, odd: pl.DataFrame) -> None:
        items = self._items.numbers(odd["item"])
        states = odd["state"].replace_strict(_BITS, return_dtype=pl.UInt8).to_numpy()
        for model, own in _by(self._models.numbers(odd["model"])):
            self._rows.setdefault(model, _Row()).add_states(items[own], states[own])

    def summed(self) -> Summed:
        """The sums as arrays, which several measures share and none may change; they are given away with it."""
        models, order = self._models.sorted()
        # Models and items that nothing was scored of are none of the table's.
        named = [(model, self._rows.pop(number)) for model, number in zip(models, order, strict=True)]
        models = tuple(model for model, row in named if row.met.any())
        rows = [row for _, row in named if row.met.any()]
        del named
        used = np.zeros(max(len(row.met) for row in rows), dtype=bool)
        for row in rows:
            used[: len(row.met)] |= row.met
        items, numbers = self._items.sorted(used)
        facts = {key: told.facts(numbers) for key, told in self._told.items()}
        states = np.array([row.in_states() for row in rows])
        repeated = any(row.repeated for row in rows)
        once = not repeated and all(_at(row.met, numbers).all() for row in rows)
        shape = (len(rows), len(items))
        scores = np.empty(shape)
        # One number where all are alike: millions of cells need no memory for it.
        epochs = np.broadcast_to(np.int64(1), shape) if once else np.empty(shape, dtype=np.int64)
        within = np.empty(shape) if repeated else np.broadcast_to(np.nan, shape)
        for place in range(len(rows)):
            # Let go of as it is taken over, since both together would take the memory twice.
            row, rows[place] = rows[place], _Row()
            count = row.epochs(numbers)
            with np.errstate(invalid="ignore"):
                scores[place] = _at(row.total, numbers) / count
            if not once:
                epochs[place] = count
            if repeated:
                within[place] = row.within(numbers)
        for array in (scores, epochs, within):
            # The arrays are cached: one measure that sorts in place would change the next one's data.
            array.setflags(write=False)
        met = {state: states[:, place] for place, state in enumerate(_STATES) if states[:, place].any()}
        return Summed(models, items, scores, epochs, within, self._binary, met, facts)


def _by(numbers: Ints) -> Iterator[tuple[int, npt.NDArray[np.intp] | slice]]:
    """Each number that is there, with its places."""
    if not len(numbers):
        return
    if (numbers == numbers[0]).all():
        yield int(numbers[0]), slice(None)
        return
    order = np.argsort(numbers, kind="stable")
    starts = np.flatnonzero(np.diff(numbers[order], prepend=-1))
    for start, end in zip(starts, [*starts[1:], len(order)], strict=True):
        yield int(numbers[order[start]]), order[start:end]


def _reaching(array: npt.NDArray[Number], places: Ints) -> npt.NDArray[Number]:
    """The array, long enough for these places; twice as long where it grows, so that it grows seldom."""
    needed = int(places.max(initial=-1)) + 1
    if needed <= len(array):
        return array
    # Zeros that nothing was written to take no memory.
    longer = np.zeros(max(needed, 2 * len(array)), dtype=array.dtype)
    longer[: len(array)] = array
    return longer


def _at(array: npt.NDArray[Number], places: Ints) -> npt.NDArray[Number]:
    """Values at these places, 0 beyond the end."""
    if len(array) > places.max(initial=-1):
        return array[places]
    inside = places < len(array)
    values = np.zeros(len(places), dtype=array.dtype)
    values[inside] = array[places[inside]]
    return values
