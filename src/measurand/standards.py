"""Criteria of public reporting standards, each answered from the evidence that there is."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Literal

from measurand.errors import UnknownName
from measurand.results import Answer, Audit, Finding, Status, Table
from measurand.tables import Study
from measurand.wording import agreeing

__all__ = ["Answered", "Criterion", "Reply", "Standard", "answer", "answered", "standard", "standards"]

Rule = Literal["stated", "verdict", "done", "outside"]


def _standard_errors(study: Study) -> str:
    known = 0 if study.scores is None else study.scores.table["stderr"].count()
    return f"{known:,} of the scores {agreeing(known, 'comes')} with a standard error." if known else ""


FACTS: Mapping[str, Callable[[Study], str]] = {"standard errors": _standard_errors}
"""What is known of a study without any measure, in a sentence; empty where it is not."""

BEARING: Mapping[str, Callable[[Finding], bool]] = {
    "V11": lambda finding: "reference" in finding.subject,
    "G6": lambda finding: finding.result.get("against") == "corpus",
}
"""Measures of which only some findings bear on a criterion: that items differ among themselves says nothing of what
they stand for, and that few-shot examples do not hold them nothing of training data."""


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
    wanting : evidence that would answer it.
    rule : what answers it: ``stated`` (a claim card says it), ``verdict`` (measures passed or found an issue),
        ``done`` (measures could be computed, whatever they found) or ``outside`` (no result of an evaluation).
    measures : codes of the measures that bear on it.
    fact : of `FACTS`, that says it as well as ``done`` measures do.
    against : codes of those that can only speak against it: an issue is a "no", but passing them does not meet it.
    field : of a claim card.
    """

    section: str
    text: str
    wanting: str
    rule: Rule = "outside"
    measures: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    fact: str = ""
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
        return tuple(dict.fromkeys(code for each in self.criteria for code in (*each.measures, *each.against)))


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
    [('betterbench', 47), ('construct-validity', 8), ('eu-code-of-practice', 34)]
    """
    folder = files("measurand.data").joinpath("standards")
    found = [_read(each.read_text(encoding="utf-8")) for each in folder.iterdir() if each.name.endswith(".toml")]
    return tuple(sorted(found, key=lambda each: each.name))


def _read(text: str) -> Standard:
    raw = tomllib.loads(text)
    # What no result of an evaluation shows stands in one place, whichever criterion asks for it.
    wanting = raw["standard"].pop("wanting")
    criteria = []
    for each in raw["criterion"]:
        codes = {name: tuple(each.get(name, ())) for name in ("measures", "against")}
        criteria.append(Criterion(**{"wanting": wanting, **each, **codes}))
    return Standard(**raw["standard"], criteria=tuple(criteria))


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


def answered(chosen: Standard, study: Study, audit: Audit) -> tuple[Answered, ...]:
    """Each criterion of a standard, answered from a study and what was found of it.

    Parameters
    ----------
    study : with the claim card of the evaluation, where there is one.
    audit : of that study, with the measures that the standard rests on.

    Examples
    --------
    >>> import measurand
    >>> study = measurand.load_example()
    >>> found = answered(standard("construct-validity"), study, measurand.audit(study, ["V1"], resamples=100))
    >>> [(each.criterion.section, each.reply.value) for each in found][:2]
    [('1', 'the evidence cannot say'), ('2', 'no')]
    """
    return tuple(_answered(criterion, study, audit) for criterion in chosen.criteria)


def answer(chosen: Standard, found: Sequence[Answered], *, everything: bool = False) -> Answer:
    """The criteria of a standard as a table, with how many are answered how.

    Parameters
    ----------
    everything : whether the table holds every criterion in its order, with what it would take where nothing can be
        said; else only those on which the evidence bears, "no" first, and in few words.
    """
    counts = [f"{sum(each.reply is reply for each in found)} “{reply.value}”" for reply in Reply]
    order = (Reply.NO, Reply.YES, Reply.UNKNOWN)
    told = found if everything else sorted((each for each in found if each.short), key=lambda e: order.index(e.reply))
    rows = tuple(
        (each.criterion.section, each.criterion.text, each.reply.value, each.basis if everything else each.short)
        for each in told
    )
    silent = len(found) - len(rows)
    left = f"Not shown: {silent} on which the evidence here does not bear. "
    return Answer(
        sentence=f"{chosen.title}, {len(found)} criteria: {', '.join(counts)}.",
        tables=(Table(head=("", "criterion", "answer", "what that rests on"), rows=rows),) if rows else (),
        notes=(f"{left if silent else ''}Criteria in our words, as far as their text could be read: {chosen.source}.",),
        meaning="What no result can show is not counted against an evaluation: it has to be read in its report.",
    )


def _answered(criterion: Criterion, study: Study, audit: Audit) -> Answered:
    wanting = Answered(criterion=criterion, reply=Reply.UNKNOWN, basis=f"it would take {criterion.wanting}", short="")
    if criterion.rule == "stated":
        # A card cannot leave it out: it would be none.
        for card in study.claim_cards or ():
            name = f"claim card {card.name!r}"
            said = f"{name}: {getattr(card, criterion.field)}"
            return replace(wanting, reply=Reply.YES, basis=said, short=name)
        return wanting
    found = _reached(audit, criterion.measures)
    if criterion.rule == "done":
        # What was found does not matter here, so only what was done is named in short.
        if found:
            return _resting(criterion, Reply.YES, replace(found[0], subject={}, short=""))
        known = FACTS[criterion.fact](study) if criterion.fact else ""
        return replace(wanting, reply=Reply.YES, basis=known, short=criterion.fact) if known else wanting
    # No if any verdict is against it; yes if all that were reached are for it; else nothing can be said.
    rows = _verdicts(found)
    for among, status, reply in (
        ([*rows, *_verdicts(_reached(audit, criterion.against))], Status.ISSUE, Reply.NO),
        (rows, Status.CAUTION, Reply.UNKNOWN),
        (rows, Status.PASSED, Reply.YES),
    ):
        if on := next((finding for finding in among if finding.status is status), None):
            return _resting(criterion, reply, on)
    return wanting


def _reached(audit: Audit, codes: Sequence[str]) -> list[Finding]:
    """What these measures found that bears on a criterion."""
    return [
        finding
        for finding in audit.findings
        if finding.code in codes
        and finding.status in (Status.ISSUE, Status.CAUTION, Status.PASSED)
        and (finding.code not in BEARING or BEARING[finding.code](finding))
    ]


def _verdicts(found: Sequence[Finding]) -> list[Finding]:
    """Of each measure its verdicts on rows, or the one on all where it has no other: a count of rows is no verdict."""
    with_rows = {finding.code for finding in found if not finding.headline}
    return [finding for finding in found if not finding.headline or finding.code not in with_rows]


def _resting(criterion: Criterion, reply: Reply, on: Finding) -> Answered:
    about = ", ".join(on.subject.values())
    short = f"{on.code}, {about}: {on.short}" if about and on.short else f"{on.code}: {on.short or on.title}"
    return Answered(criterion=criterion, reply=reply, basis=f"{on.code}: {on.sentence}", short=short)
