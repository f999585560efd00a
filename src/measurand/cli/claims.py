"""Claims of evaluations, as cards in TOML, held against the evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from measurand.cli.app import START, command
from measurand.cli.options import Choices, Level, Showing
from measurand.cli.running import audit_and_write, messages, part_of, read_study
from measurand.errors import InputError

if TYPE_CHECKING:
    from measurand.tables import ClaimCard

__all__ = ["claim"]


@command(START)
def claim(
    cards: Annotated[list[Path] | None, typer.Argument(help="Claim cards (TOML).")] = None,
    evidence: Annotated[
        list[Path] | None, typer.Option(help="Tables, logs or a store; repeatable; without any, the embedded study.")
    ] = None,
    new: Annotated[Path | None, typer.Option(help="Write a commented template of a card to this file.")] = None,
    level: Level = 0.95,
    *,
    choices: Choices,
    showing: Showing,
) -> None:
    """Hold what an evaluation claims against the evidence: supported, contradicted, undecided or refused (V0)."""
    from measurand.files import write_atomically
    from measurand.readers.evidence.claim_card import TEMPLATE, read_claim_card

    if new is not None:
        if new.exists():
            raise InputError(f"{new}: is there already; name a file that is not")
        messages.print(f"a template of a claim card written to {write_atomically(new, TEMPLATE.encode())}")
        return
    if not cards:
        raise InputError("no claim card named; write one with --new FILE, or name those to hold against the evidence")
    read = tuple(read_claim_card(card) for card in cards)
    study = replace(part_of(read_study(evidence, choices), choices), claims=None, claim_cards=read)
    audit_and_write(study, {"level": level, **_stated(read)}, showing, shown=["V0"])


def _stated(cards: Sequence[ClaimCard]) -> dict[str, object]:
    """What the measures that cards rest on need to be told: P4 a threshold, P5 a rate."""
    named = {("P4", "above"): "above", ("P4", "below"): "below", ("P5", "below"): "rarer_than"}
    found: dict[str, object] = {}
    for basis in (basis for card in cards for basis in card.rests_on if basis.bounds):
        # Of several the first: a card holds the score's own interval against its bound.
        setting = named.get((basis.measure, basis.relation))
        if setting and not (basis.measure == "P4" and found.keys() & {"above", "below"}):
            found.setdefault(setting, basis.bounds[0])
    return found
