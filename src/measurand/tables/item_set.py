"""Items to put to a live model: questions with their choices and the right one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from string import ascii_uppercase

from measurand.errors import InputError

__all__ = ["WAYS", "Item", "ItemSet", "among"]


def among(names: Sequence[str | None], said: str) -> int | None:
    """Place of a name, None where it is none of them.

    Examples
    --------
    >>> among(["red", "blue"], "blue"), among(["red", "blue"], "b")
    (1, None)
    """
    return names.index(said) if said in names else None


def _counted(said: str, places: range) -> int | None:
    # 1.0 is how some tables write the place 1.
    whole = said.removesuffix(".0")
    return next((place - places.start for place in places if str(place) == whole), None)


WAYS: Mapping[str, Callable[[Sequence[str | None], str], int | None]] = {
    "text": among,
    "letter": lambda choices, said: among(tuple(ascii_uppercase[: len(choices)]), said.upper()),
    "place from 0": lambda choices, said: _counted(said, range(len(choices))),
    "place from 1": lambda choices, said: _counted(said, range(1, len(choices) + 1)),
}
"""How one of several choices can be named: by each way its place from 0, None where it is not so named."""


@dataclass(frozen=True)
class Item:
    """One multiple-choice question.

    Parameters
    ----------
    id : its identity within the set.
    question : the question, as the model is asked it.
    choices : the answers to choose from, as text.
    target : place of the right one among the choices, from 0.
    cluster : what it shares with other items (subject, template); None if nothing.
    """

    id: str
    question: str
    choices: tuple[str, ...]
    target: int
    cluster: str | None = None

    @property
    def chance(self) -> float:
        """Score of a guesser."""
        return 1 / len(self.choices)


@dataclass(frozen=True)
class ItemSet:
    """Items of one benchmark.

    Parameters
    ----------
    name : the benchmark.
    items : its questions.
    keys : how a file gave the right choices (by letter, text, label or place); empty where there is no file.
    """

    name: str
    items: tuple[Item, ...]
    keys: str = ""

    @classmethod
    def build(cls, name: str, items: Iterable[Item], keys: str = "") -> ItemSet:
        """Validate a set of items.

        Raises
        ------
        InputError
            No item, one id twice, an empty question, fewer than two choices, two equal choices, or a target that is
            none of them.

        Examples
        --------
        >>> ItemSet.build("sums", [Item("1", "What is 2 + 2?", ("4", "5"), 2)])
        Traceback (most recent call last):
        measurand.errors.InputError: sums, item '1': target should be from 0 to 1 (its 2 choices), got 2
        """
        held = tuple(items)
        if not held:
            raise InputError(f"{name}: no item; there should be at least one question")
        seen: set[str] = set()
        for item in held:
            where = f"{name}, item {item.id!r}"
            if item.id in seen:
                raise InputError(f"{where}: the id is there more than once")
            seen.add(item.id)
            if not item.question.strip():
                raise InputError(f"{where}: the question is empty")
            # Equal choices share their likelihood, so which of them is taken would be decided by their order.
            if len(item.choices) < 2 or len(set(item.choices)) < len(item.choices):
                raise InputError(f"{where}: there should be at least two choices, all different, got {item.choices}")
            if not 0 <= item.target < len(item.choices):
                last = len(item.choices) - 1
                raise InputError(
                    f"{where}: target should be from 0 to {last} (its {last + 1} choices), got {item.target}"
                )
        return cls(name, held, keys)

    def only(self, ids: Collection[str]) -> ItemSet:
        """The same set with these items alone, in their order here."""
        wanted = set(ids)
        return replace(self, items=tuple(item for item in self.items if item.id in wanted))

    def __len__(self) -> int:
        return len(self.items)
