"""Variants of a prompt: formats, orders of the options, places of the instruction, and wordings of it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from measurand.errors import InputError
from measurand.tables import Item, ItemSet

__all__ = ["INSTRUCTIONS", "Format", "Variant", "formats", "prompt_of", "variants"]

ENUMERATORS: dict[str, Callable[[int], str]] = {
    "(A)": lambda place: f"({chr(65 + place)})",
    "A.": lambda place: f"{chr(65 + place)}.",
    "[A]": lambda place: f"[{chr(65 + place)}]",
    "(1)": lambda place: f"({place + 1})",
}
SEPARATORS = (": ", " - ", ":\n")
BETWEEN = ("\n", "; ")
CASES: dict[str, Callable[[str], str]] = {"title": str, "lower": str.lower, "upper": str.upper}
PLACES = ("before", "after")
INSTRUCTIONS = (
    "Answer with the letter or number of the right option.",
    "Which option is right? Give its letter or number only.",
    "Choose the correct option and reply with nothing but its label.",
)
"""Wordings of the instruction; users may give their own."""


@dataclass(frozen=True)
class Format:
    """How a prompt is laid out.

    Parameters
    ----------
    enumerator : how options are marked, one of ``(A)``, ``A.``, ``[A]``, ``(1)``.
    separator : between a field's name and its text.
    between : between options.
    case : of the names of the fields: ``title``, ``lower`` or ``upper``.
    place : of the instruction, ``before`` the question or ``after`` the options.
    """

    enumerator: str = "A."
    separator: str = ": "
    between: str = "\n"
    case: str = "title"
    place: str = "before"


@dataclass(frozen=True)
class Variant:
    """One way of putting items: a format, a wording of the instruction, and how far the options are turned round.

    Parameters
    ----------
    name : how tables call it.
    format, instruction : its layout and its wording.
    turn : places by which the options are moved on, the last coming first.
    cue : strength of the cue that the instruction begins with; None where cues are not asked about.
    """

    name: str
    format: Format
    instruction: str
    turn: int = 0
    cue: int | None = None


def formats() -> Iterator[Format]:
    """Every format, after the space of Sclar et al. 2024 (arXiv 2310.11324).

    Examples
    --------
    >>> len(list(formats()))
    144
    """
    for values in itertools.product(ENUMERATORS, SEPARATORS, BETWEEN, CASES, PLACES):
        yield Format(*values)


def variants(
    items: ItemSet, count: int = 12, *, instructions: Sequence[str] = INSTRUCTIONS, seed: int = 0
) -> tuple[Variant, ...]:
    r"""Variants of a set's prompt: the first is plain, the others are drawn without repeats.

    Parameters
    ----------
    items : the set; the options are turned by no more places than its items have.
    count : how many.
    instructions : wordings of the instruction.

    Raises
    ------
    InputError
        No wording, fewer than 2 variants, or more than there are.

    Examples
    --------
    >>> from measurand.experiments.item_sets import sums
    >>> [variant.name for variant in variants(sums(), 3)]
    ['plain', '(A), upper, ":\\n", "; ", after, wording 2', '[A], title, " - ", "; ", after, wording 2, turned 2']
    """
    if not instructions:
        raise InputError("instructions should be at least one wording, got none")
    turns = range(min(len(item.choices) for item in items.items))
    every = [(layout, wording, turn) for layout in formats() for wording in range(len(instructions)) for turn in turns]
    if not 2 <= count <= len(every):
        raise InputError(f"variants should be from 2 to {len(every):,}, got {count}")
    plain = (Format(), 0, 0)
    rest = [one for one in every if one != plain]
    drawn = np.random.default_rng([seed, 11]).permutation(len(rest))[: count - 1]
    chosen = [plain, *(rest[place] for place in drawn)]
    return tuple(
        Variant("plain" if one == plain else _name(*one), one[0], instructions[one[1]], one[2]) for one in chosen
    )


def _name(layout: Format, wording: int, turn: int) -> str:
    odd = [repr(text).replace("'", '"') for text in (layout.separator, layout.between) if text not in (": ", "\n")]
    turned = [f"turned {turn}"] if turn else []
    return ", ".join([layout.enumerator, layout.case, *odd, layout.place, f"wording {wording + 1}", *turned])


def prompt_of(item: Item, variant: Variant) -> tuple[str, tuple[str, ...], tuple[str, ...], int]:
    """A prompt, the marks of its options, the options in their order, and the place of the right one.

    Examples
    --------
    >>> item = Item("1", "What is 2 + 2?", ("4", "5"), 0)
    >>> prompt, marks, options, target = prompt_of(item, Variant("turned", Format("(A)"), "Choose.", 1))
    >>> print(prompt)
    Choose.
    Question: What is 2 + 2?
    Options: (A) 5
    (B) 4
    Answer:
    >>> marks, options, target
    (('A', 'B'), ('5', '4'), 1)
    """
    layout, count = variant.format, len(item.choices)
    options = tuple(item.choices[(place - variant.turn) % count] for place in range(count))
    marked = [f"{ENUMERATORS[layout.enumerator](place)} {option}" for place, option in enumerate(options)]
    marks = tuple(ENUMERATORS[layout.enumerator](place).strip("()[].") for place in range(count))

    def field(name: str, text: str) -> str:
        return f"{CASES[layout.case](name)}{layout.separator}{text}".rstrip(" ")

    body = [field("Question", item.question), field("Options", layout.between.join(marked))]
    body = [variant.instruction, *body] if layout.place == "before" else [*body, variant.instruction]
    prompt = "\n".join([*body, field("Answer", "")])
    return prompt, marks, options, (item.target + variant.turn) % count
