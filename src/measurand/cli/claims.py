"""Claims of evaluations, as cards in TOML, held against the evidence."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from measurand.cli.app import START, command
from measurand.cli.options import Choices, Level, Showing
from measurand.cli.running import (
    PAGE,
    audit_and_write,
    given,
    messages,
    part_of,
    progress,
    read_study,
    style_of,
    write_audit,
)
from measurand.errors import InputError
from measurand.files import require_writable

if TYPE_CHECKING:
    from measurand.tables import Study

__all__ = ["claim"]


@command(START)
def claim(
    cards: Annotated[list[Path] | None, typer.Argument(help="Claim cards (TOML).")] = None,
    evidence: Annotated[
        list[Path] | None, typer.Option(help="Tables, logs or a store; repeatable; without any, the embedded study.")
    ] = None,
    new: Annotated[Path | None, typer.Option(help="Write a commented template of a card to this file.")] = None,
    standard: Annotated[
        str | None,
        typer.Option(
            help="Answer a standard's criteria instead: betterbench, construct-validity, eu-code-of-practice."
        ),
    ] = None,
    level: Level = 0.95,
    *,
    choices: Choices,
    showing: Showing,
) -> None:
    """Hold what an evaluation claims against the evidence: supported, contradicted, undecided or refused (V0)."""
    from measurand.files import write_atomically
    from measurand.measures.validity.shared.claim_cards import told_by
    from measurand.readers.evidence.claim_card import TEMPLATE, read_claim_card

    if new is not None:
        if new.exists():
            raise InputError(f"{new}: is there already; name a file that is not")
        messages.print(f"a template of a claim card written to {write_atomically(new, TEMPLATE.encode())}")
        return
    if not cards and standard is None:
        raise InputError("no claim card named; write one with --new FILE, or name those to hold against the evidence")
    read = tuple(read_claim_card(card) for card in cards or ())
    study = replace(part_of(read_study(evidence, choices), choices), claims=None, claim_cards=read)
    told = {name: value for own in told_by(read).values() for name, value in own.items()}
    settings = {"level": level, **told}
    if standard is None:
        audit_and_write(study, settings, showing, shown=["V0"])
    else:
        _answer(standard, study, settings, showing)


def _answer(name: str, study: Study, settings: Mapping[str, object], showing: Showing) -> None:
    """Answer each criterion of a standard, print that, and write it beside the audit that it rests on."""
    from measurand.auditing import audit
    from measurand.files import write_atomically
    from measurand.measures import discover
    from measurand.report.tables import answer_markdown
    from measurand.report.text import LINES, answer_text
    from measurand.standards import Reply, answer, answered
    from measurand.standards import standard as named

    chosen, style = named(name), style_of(showing)
    if style == "latex":
        raise InputError("a standard is answered as text, with --json or with --markdown, not with --latex")
    if showing.output is not None:
        require_writable(showing.output / PAGE)
    # A claim rests on whatever its cards name.
    codes = {*chosen.measures, *(basis.measure for card in study.claim_cards or () for basis in card.rests_on)}
    measures = [measure for measure in discover() if measure.code in codes]
    with progress([measure.name for measure in measures]) as step:
        found = audit(
            study, measures, settings=given(measures, settings), seed=showing.seed, jobs=showing.jobs, progress=step
        )
    replies = answered(chosen, study, found)
    data = json.dumps([asdict(each) for each in replies], indent=1, ensure_ascii=False)
    whole = answer_markdown(answer(chosen, replies, everything=True))
    if showing.output is not None:
        write_audit(replace(found, date=datetime.now(UTC).date().isoformat()), showing.output)
        written = [
            write_atomically(showing.output / f"standard.{kind}", text.encode())
            for kind, text in (("md", whole), ("json", data))
        ]
        messages.print(f"standard: {written[0].resolve()}", soft_wrap=True)
    if style == "text":
        told = answer(chosen, replies, everything=showing.all)
        # Not typer's echo, which takes a console of ASCII for a mistake and writes UTF-8 to it.
        more = "" if showing.all else "Everything: --all.\n"
        most = LINES - 1 if more else sys.maxsize
        sys.stdout.write(answer_text(told, most=most, like=Console()) + more)
    else:
        typer.echo(data if style == "json" else whole)
    if showing.fail_on and any(each.reply is Reply.NO for each in replies):
        raise typer.Exit(1)
