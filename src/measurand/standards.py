"""Criteria of public reporting standards, each answered from the evidence that there is."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Literal

from measurand.errors import UnknownName
from measurand.results import Answer, Audit, Finding, Status, Table
from measurand.tables import ClaimCard

__all__ = ["Answered", "Criterion", "Reply", "Standard", "answer", "answered", "standard", "standards"]

Rule = Literal["stated", "verdict", "done", "outside"]


class Reply(StrEnum):
    """Whether a criterion is met, as far as the evidence goes."""

    YES = "yes, here"
    NO = "no"
    UNKNOWN = "the evidence cannot say"


@dataclass(frozen=True, kw_only=True)
class Criterion:
    """One criterion of a standard.

    Parameters
    ----------
    section : where the standard has it.
    text : the criterion in our words.
    rule : what answers it: ``stated`` (a claim card says it), ``verdict`` (measures passed or found an issue),
        ``done`` (measures could be computed, whatever they found) or ``outside`` (no result of an evaluation).
    measures : codes of the measures that bear on it.
    field : of a claim card.
    wanting : evidence that would answer it.
    """

    section: str
    text: str
    rule: Rule
    wanting: str
    measures: tuple[str, ...] = ()
    field: str = ""


@dataclass(frozen=True, kw_only=True)
class Standard:
    """A reporting standard.

    Parameters
    ----------
    name, title : how commands and readers call it.
    source : the edition that was read, and where.
    criteria : those whose text could be read.
    """

    name: str
    title: str
    source: str
    criteria: tuple[Criterion, ...]

    @property
    def measures(self) -> tuple[str, ...]:
        """Codes of the measures that any criterion rests on."""
        return tuple(dict.fromkeys(code for criterion in self.criteria for code in criterion.measures))


@dataclass(frozen=True, kw_only=True)
class Answered:
    """A criterion with its answer and what that rests on.

    Parameters
    ----------
    basis : a finding's sentence with its code, what a claim card says, or the evidence that is wanting.
    short : the same in few words; empty where nothing can be said.
    """

    criterion: Criterion
    reply: Reply
    basis: str
    short: str


@cache
def standards() -> tuple[Standard, ...]:
    """Every standard that ships, by name.

    Examples
    --------
    >>> [(each.name, len(each.criteria)) for each in standards()]
    [('construct-validity', 8)]
    """
    folder = files("measurand.data").joinpath("standards")
    found = [_read(each.read_text(encoding="utf-8")) for each in folder.iterdir() if each.name.endswith(".toml")]
    return tuple(sorted(found, key=lambda each: each.name))


def _read(text: str) -> Standard:
    raw = tomllib.loads(text)
    criteria = tuple(Criterion(**{**each, "measures": tuple(each.get("measures", ()))}) for each in raw["criterion"])
    return Standard(**raw["standard"], criteria=criteria)


def standard(name: str) -> Standard:
    """The standard of a name.

    Raises
    ------
    UnknownName
        There is none of that name.
    """
    for each in standards():
        if each.name == name.strip().casefold():
            return each
    raise UnknownName("standard", name, [each.name for each in standards()])


def answered(chosen: Standard, audit: Audit, cards: Sequence[ClaimCard] = ()) -> tuple[Answered, ...]:
    """Each criterion of a standard, answered from an audit and from claim cards.

    Parameters
    ----------
    audit : with the measures that the standard rests on.
    cards : what the evaluation claims.

    Examples
    --------
    >>> import measurand
    >>> audit = measurand.audit(measurand.load_example(), ["V1"], resamples=100)
    >>> found = answered(standard("construct-validity"), audit)
    >>> [(each.criterion.section, each.reply.value) for each in found][:2]
    [('1', 'the evidence cannot say'), ('2', 'no')]
    """
    return tuple(_answered(criterion, audit, cards) for criterion in chosen.criteria)


def answer(chosen: Standard, found: Sequence[Answered], *, everything: bool = False) -> Answer:
    """The criteria of a standard as a table, with how many are answered how.

    Parameters
    ----------
    everything : whether the table also says what it would take where nothing can be said, and not in few words.
    """
    counts = [f"{sum(each.reply is reply for each in found)} “{reply.value}”" for reply in Reply]
    rows = tuple(
        (each.criterion.section, each.criterion.text, each.reply.value, each.basis if everything else each.short)
        for each in found
    )
    return Answer(
        sentence=f"{chosen.title}, {len(found)} criteria: {', '.join(counts)}.",
        tables=(Table(head=("", "criterion", "answer", "what that rests on"), rows=rows),),
        notes=(f"Criteria in our words, as far as their text could be read: {chosen.source}.",),
        meaning="What no result can show is not counted against an evaluation: it has to be read in its report.",
    )


def _answered(criterion: Criterion, audit: Audit, cards: Sequence[ClaimCard]) -> Answered:
    wanting = Answered(criterion=criterion, reply=Reply.UNKNOWN, basis=f"it would take {criterion.wanting}", short="")
    if criterion.rule == "stated":
        # A card cannot leave it out: it would be none.
        said = [(f"claim card {card.name!r}", getattr(card, criterion.field)) for card in cards[:1]]
        stated = [replace(wanting, reply=Reply.YES, basis=f"{name}: {text}", short=name) for name, text in said]
        return stated[0] if stated else wanting
    own = [finding for finding in audit.findings if finding.code in criterion.measures]
    found = [finding for finding in own if finding.status in (Status.ISSUE, Status.CAUTION, Status.PASSED)]
    if not found or criterion.rule == "outside":
        return wanting
    if criterion.rule == "done":
        return _resting(criterion, Reply.YES, found[0])
    # No if any verdict is against it; yes if all that were reached are for it; else nothing can be said.
    rows = [finding for finding in found if not finding.headline] or found
    for status, reply in ((Status.ISSUE, Reply.NO), (Status.CAUTION, Reply.UNKNOWN)):
        if against := next((finding for finding in rows if finding.status is status), None):
            return _resting(criterion, reply, against)
    return _resting(criterion, Reply.YES, rows[0])


def _resting(criterion: Criterion, reply: Reply, on: Finding) -> Answered:
    about = ", ".join(on.subject.values())
    short = f"{on.code}, {about}: {on.short}" if about and on.short else f"{on.code}: {on.short or on.title}"
    return Answered(criterion=criterion, reply=reply, basis=f"{on.code}: {on.sentence}", short=short)
