"""Claim cards: small TOML files that say what an evaluation claims."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from pathlib import Path

from measurand.errors import InputError, first_line
from measurand.readers.paths import require_file
from measurand.tables.claim_card import DEEPEST, ClaimCard

__all__ = ["TEMPLATE", "claim_card_of", "read_claim_card", "worked_claim_cards"]

# A card is a page of text, checklists included; anything larger is another file, and TOML is parsed in memory.
_MOST_BYTES = 256 << 10
_MOST_DOTS = 100
"""Dots on a line: a key of so many parts takes the parser time and memory with the square of their number."""

TEMPLATE = """\
# A claim card: what an evaluation claims, said so that evidence can bear on it.
# Fill it in, then audit the evidence with it: the audit says supported, contradicted or undecided, and why.

[claim]
name = "short name"
text = "The claim, in one sentence"
source = "where it is made: a paper, a system card, a safety case"

construct = "what is measured, and what would count as having it"
population = "which models, inputs and settings it should hold for"

# One of: "average case" (holds on average over the inputs tested), "worst case" (never, or always),
# "existence proof" (it can happen), "upper bound" (at most so much).
# A worst-case claim needs a forecast of rare failures (F3) or what eliciting them costs (F4). A bound on rare failures
# (P5) leaves it undecided, as it holds for inputs drawn like those tested; an average will not do.
statement = "average case"

# "capability" (what the model can do) or "propensity" (what it tends to do).
kind = "capability"

# Whose effort brings it out: "own" (the model's own), "today's users", or "future users" (with better methods).
elicitation = "today's users"

# "diagnostic" (nobody optimises for it) or "hill-climbing" (developers do).
benchmark_use = "diagnostic"

# The level that matters, if there is one; [[rests_on]] uses it where it names no bounds.
# threshold = 0.5

# The estimates that the claim rests on: one table each, and all of them must hold.
[[rests_on]]
measure = "V1"                          # code of the measure; `measurand measures` lists them
estimate = "capabilities_correlation"   # name of the estimate, as the audit's JSON has it
where = { benchmark = "wmdp", class = "chat" }   # what it is about; a list means any of these
relation = "below"                      # above, below, inside, equals, or "no issue"
bounds = [0.0]                          # inside: [low, high]; equals: [value, tolerance]
# share = [0.4, 0.6]                    # if only a share of the estimates should hold

# "no issue" rests on a measure that found nothing. It counts only if that measure passed and it is known how likely
# it would have found something: no finding is no evidence without power.
# [[rests_on]]
# measure = "G8"
# relation = "no issue"

# Checklists are recorded as they are answered, and never turned into a score.
# [checklist."BetterBench (Reuel et al. 2024, arXiv 2411.12990)"]
# "Is the tested capability defined?" = "yes: section 2"
# [checklist."Construct validity (Bean et al. 2025, arXiv 2511.04703)"]
# "Is the phenomenon defined before it is measured?" = "no"
"""
"""A commented card to fill in."""


def claim_card_of(text: str, file: str = "claim card") -> ClaimCard:
    """The card in a TOML text.

    Raises
    ------
    InputError
        A text that is too long, is not TOML, or is no card (see `ClaimCard.build`).

    Examples
    --------
    >>> card = claim_card_of(TEMPLATE)
    >>> card.statement, card.rests_on[0].measure, card.rests_on[0].bounds
    ('average case', 'V1', (0.0,))
    """
    _refuse_long(len(text), file)
    for number, line in enumerate(text.splitlines(), start=1):
        if line.count(".") > _MOST_DOTS:
            raise InputError(f"{file}, line {number}: {line.count('.'):,} dots; a card has at most {_MOST_DOTS} a line")
    try:
        raw = tomllib.loads(text)
    except RecursionError:
        raise InputError(f"{file}: lists or tables are nested too deep; a card has at most {DEEPEST} levels") from None
    # A whole number of thousands of digits is no error of TOML, but Python does not read it.
    except ValueError as problem:
        raise InputError(f"{file} should be TOML: {first_line(problem)}") from None
    return ClaimCard.build(raw, file)


def read_claim_card(path: str | Path) -> ClaimCard:
    """The card in a TOML file.

    Raises
    ------
    InputError
        A file that cannot be read, is larger than a card can be, or holds no card.
    """
    file = Path(path)
    require_file(file)
    try:
        with file.open("rb") as stream:
            # One byte more than allowed, so that one too long is told and no more of it is read.
            data = stream.read(_MOST_BYTES + 1)
    except OSError as problem:
        raise InputError(f"{file} cannot be read: {first_line(problem)}") from None
    _refuse_long(len(data), str(file))
    try:
        return claim_card_of(data.decode("utf-8-sig"), file.name)
    except UnicodeDecodeError as problem:
        raise InputError(f"{file} should be UTF-8: {problem.reason} at byte {problem.start}") from None


def _refuse_long(size: int, file: str) -> None:
    if size > _MOST_BYTES:
        raise InputError(f"{file} should be a claim card of at most {_MOST_BYTES >> 10} kB")


def worked_claim_cards() -> tuple[ClaimCard, ...]:
    """Cards about the embedded study: a claim that it supports, one it contradicts, one it cannot decide, one refused.

    Examples
    --------
    >>> [card.name for card in worked_claim_cards()]
    ['MC1 apart', 'WMDP inverse', 'calibration apart', 'never entangled']
    """
    folder = files("measurand").joinpath("data", "claims")
    cards = [
        claim_card_of(entry.read_text("utf-8"), entry.name)
        for entry in folder.iterdir()
        if entry.name.endswith(".toml")
    ]
    return tuple(sorted(cards, key=lambda card: card.name))
