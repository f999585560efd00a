"""A claim card held against the audit's findings: supported, contradicted, or undecided and why."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from measurand.calibration import error_rates
from measurand.errors import UnknownName
from measurand.measures import find
from measurand.measures.verdicts import VERDICTS, Unassessed
from measurand.results import Answer, Brief, Cell, Estimate, Finding, Status, Table
from measurand.tables.claim_card import Basis, ClaimCard
from measurand.wording import CORRELATION, DIFFERENCE, SHARE, capital, listed, percent, plural, shown, value_of

__all__ = [
    "PRINTED",
    "CardTested",
    "GroundTested",
    "about_the_claim",
    "bracketed",
    "card_answer",
    "card_finding",
    "judged",
    "named",
    "no_issue",
    "off_scale",
    "relation_words",
    "speaks_of_the_worst_case",
    "told_by",
    "words",
]

WORST_CASE = ("P5", "F3", "F4")
"""Measures that say something of rare failures: a bound on them, a forecast, or what eliciting them costs."""

NEEDED = "a bound on rare failures, a forecast of them, or what eliciting them costs"

PRINTED = {SHARE: "2% is 0.02", DIFFERENCE: "2 points are 0.02"}
"""How a bound is written in the units whose estimates are printed otherwise."""

SAMPLED = "P5"
"""The one of them whose bound holds for inputs drawn as those tested, and not for the worst one."""

POWER_ESTIMATES = ("power", "smallest_effect", "detectable_effect")
"""Estimates that say how large a problem would have been found."""

_ABSOLUTE = re.compile(r"\b(never|always|cannot|impossible|under no circumstances|no input)\b", re.IGNORECASE)


@dataclass(frozen=True)
class GroundTested:
    """One of the grounds that a card rests on.

    Parameters
    ----------
    basis : what it asks for.
    matches : subject and estimate of every finding it speaks of; for ``no issue`` the findings alone.
    verdict : supported, contradicted, undecided or missing.
    reason : why, as a clause.
    """

    basis: Basis
    matches: tuple[tuple[str, Estimate], ...]
    verdict: str
    reason: str


@dataclass(frozen=True, repr=False)
class CardTested(Brief):
    """A card, its grounds, and whether it speaks of the worst case."""

    card: ClaimCard
    grounds: tuple[GroundTested, ...]
    worst_case: bool

    @property
    def refused(self) -> bool:
        """Whether it speaks of the worst case and names no ground that says anything of rare failures."""
        return self.worst_case and not any(ground.basis.measure in WORST_CASE for ground in self.grounds)


def told_by(cards: Sequence[ClaimCard]) -> dict[str, dict[str, float]]:
    """What the measures that cards rest on need to be told, by code: P4 a threshold, P5 a rate."""
    settings = {("P4", "above"): "above", ("P4", "below"): "below", ("P5", "below"): "rarer_than"}
    found: dict[str, dict[str, float]] = {}
    for basis in (basis for card in cards for basis in card.rests_on if basis.bounds):
        setting = settings.get((basis.measure, basis.relation))
        # Of several the first: a card holds the score's own interval against its bound.
        if setting and basis.measure not in found:
            found[basis.measure] = {setting: basis.bounds[0]}
    return found


def speaks_of_the_worst_case(card: ClaimCard) -> bool:
    """Whether a card says so, or its words do: never, always, cannot.

    An existence proof speaks of one case, whatever its words.
    """
    if card.statement == "existence proof":
        return False
    return card.statement == "worst case" or _ABSOLUTE.search(card.text) is not None


def no_issue(basis: Basis, findings: Sequence[Finding]) -> GroundTested:
    """Whether a measure that could have found a problem found none, among the findings it speaks of."""
    statuses, check = {finding.status for finding in findings}, f"the check {_called(basis.measure)}"
    # Rows without a verdict (information, not applicable) do not count as a measure that was made.
    if not statuses & set(VERDICTS):
        return GroundTested(basis, (), "missing", f"{check} could not be made")
    if Status.ISSUE in statuses:
        return GroundTested(basis, (), "contradicted", f"{check} found an issue")
    if statuses != {Status.PASSED}:
        return GroundTested(basis, (), "undecided", f"{check} found no issue but did not pass throughout")
    # Absence of a finding is evidence only where the measure was shown to find what is there.
    known = any(row["quantity"] == "power" for row in error_rates(basis.measure))
    if not known and not any(e.name in POWER_ESTIMATES for finding in findings for e in finding.estimates):
        reason = f"{check} found no issue, but nothing says how likely it would have found one (its power)"
        return GroundTested(basis, (), "undecided", reason)
    return GroundTested(basis, (), "supported", f"{check} found no issue, and its power is known")


def _called(code: str) -> str:
    """A measure by its name, since a reader of a claim knows no codes; one that is not installed by its code."""
    try:
        return f"“{find(code).name}”"
    except UnknownName:
        return code


def card_finding(tested: CardTested) -> Finding:
    """The verdict on one card."""
    card = tested.card
    status, word, meaning = _verdict(tested)
    facts: dict[str, Cell | Sequence[Cell]] = {
        "statement": card.statement,
        "construct": card.construct,
        "population": card.population,
        "kind": card.kind,
        "elicitation": card.elicitation,
        "benchmark_use": card.benchmark_use,
        "threshold": card.threshold,
        "verdict": word,
    }
    for name, answers in card.checklists.items():
        facts[f"checklist {name}"] = tuple(f"{question} {answer}" for question, answer in answers.items())
    finding = Finding(
        subject={"claim": card.name, "card": card.statement},
        title="Claim card",
        status=status,
        sentence=about_the_claim(meaning, card.text, card.source),
        short=word,
        estimates=tuple(estimate for ground in tested.grounds for estimate in named(ground.matches)),
        caveats=_caveats(card),
        result=facts,
    )
    if status is not Status.NOT_APPLICABLE:
        return finding
    row = Unassessed(finding.subject, f"for “{card.text}” ({card.source}) {meaning.removeprefix('undecided: ')}")
    told = row.finding()
    return replace(finding, sentence=told.sentence, short=told.short)


def card_answer(tested: CardTested) -> Answer:
    """A card's verdict, what was checked and found, and what that lets one say instead."""
    card, (_, word, meaning) = tested.card, _verdict(tested)
    rows = []
    for ground in tested.grounds:
        if ground.matches:
            found = [shown(estimate) for _, estimate in ground.matches[:3]]
            more = len(ground.matches) - len(found)
            told = listed([*found, f"{more} more"] if more else found)
            rows += [("what was checked", _wanted(ground.basis, ground.matches)), ("what was found", told)]
        else:
            rows.append(("what was found", ground.reason))
    if word in ("refused", "undecided"):
        rows.append((f"why it is {word}", meaning.removeprefix(f"{word}: ")))
    held = [_wanted(ground.basis, ground.matches) for ground in tested.grounds if ground.verdict == "supported"]
    notes = [f"What this evidence supports: {listed(held)}."] if held and word != "supported" else []
    if tested.worst_case and word in ("refused", "undecided"):
        notes.append(f"What would bear on the claim: {NEEDED}.")
    return Answer(
        sentence=f"{capital(word)}: “{card.text}” ({card.source}).",
        tables=(Table(head=("", ""), rows=tuple(rows)),) if rows else (),
        notes=tuple(notes),
    )


def named(matches: Sequence[tuple[str, Estimate]]) -> tuple[Estimate, ...]:
    """Estimates under the name of what they speak of."""
    return tuple(replace(estimate, name=f"{estimate.name}:{name}") for name, estimate in matches)


def about_the_claim(meaning: str, text: str, source: str) -> str:
    """What was checked and how it ended, and only then the claim: its words go further than any check."""
    return f"{capital(meaning)}. The claim: “{text}” ({source})."


def words(estimate: str) -> str:
    """The name of an estimate in a sentence."""
    return estimate.replace("_", " ")


def bracketed(wanted: tuple[float, float], surely: int, surely_not: int, total: int) -> str:
    """Whether a share lies where it was said to: it is at least what surely holds, at most what may."""
    least, most = surely / total, 1 - surely_not / total
    if wanted[0] <= least and most <= wanted[1]:
        return "supported"
    return "contradicted" if most < wanted[0] or least > wanted[1] else "undecided"


def _verdict(tested: CardTested) -> tuple[Status, str, str]:
    """Status, the verdict in one word, and what it rests on."""
    by = {
        verdict: [ground for ground in tested.grounds if ground.verdict == verdict]
        for verdict in ("contradicted", "missing", "undecided", "supported")
    }
    # Before the refusal: a claim shown to be false is false, whatever else it should have rested on.
    if by["contradicted"]:
        return Status.ISSUE, "contradicted", f"contradicted: {_reasons(by['contradicted'])}"
    if tested.refused:
        checks = listed(list(dict.fromkeys(_called(ground.basis.measure) for ground in tested.grounds)))
        return (
            Status.CAUTION,
            "refused",
            f"refused: the claim speaks of the worst case and rests on {checks}, which cannot show that; it would take "
            f"{NEEDED}",
        )
    if by["missing"]:
        status = Status.CAUTION if len(by["missing"]) < len(tested.grounds) else Status.NOT_APPLICABLE
        missing = _reasons([*by["missing"], *by["undecided"]])
        return status, "undecided", f"undecided: evidence is missing: {missing}"
    if by["undecided"]:
        return Status.CAUTION, "undecided", f"undecided: {_reasons(by['undecided'])}"
    held = _reasons(by["supported"])
    if tested.worst_case and not any(ground.basis.measure in WORST_CASE[1:] for ground in by["supported"]):
        return (
            Status.CAUTION,
            "undecided",
            (
                f"undecided: what was checked holds ({held}), but only for inputs drawn like these. The claim speaks "
                "of the worst input, or of an adversary, and of that the check says nothing"
            ),
        )
    return Status.PASSED, "supported", f"what was checked holds: {held}"


def _reasons(grounds: Sequence[GroundTested]) -> str:
    return "; ".join(dict.fromkeys(ground.reason for ground in grounds))


def _caveats(card: ClaimCard) -> tuple[str, ...]:
    caveats = [f"Claimed for: {card.population}. The evidence speaks of the models and items in the study alone."]
    if card.elicitation == "future users" and not any(basis.measure == "F4" for basis in card.rests_on):
        caveats.append("It is claimed for future users' effort; the estimates are of the effort made in these runs.")
    if card.benchmark_use == "hill-climbing":
        caveats.append("Developers optimise for this benchmark: scores can rise without what it stands for.")
    return tuple(caveats)


def judged(
    basis: Basis, matches: tuple[tuple[str, Estimate], ...], surely: int, surely_not: Sequence[str], *, existence: bool
) -> GroundTested:
    """The verdict on estimates of which some surely satisfy a basis, and some surely do not."""
    about = _about(matches)
    total = len(matches)
    if not total:
        reason = f"there is no {words(basis.estimate)} from the check {_called(basis.measure)} that it could rest on"
        return GroundTested(basis, (), "missing", reason)
    if existence:
        # That nothing was found never shows that nothing is there.
        found = "supported" if surely else "undecided"
        reason = f"{surely} of {total} shown" if surely else f"none of {plural(total, 'estimate')} shows it{about}"
        return GroundTested(basis, matches, found, reason)
    if basis.share is not None:
        found = bracketed(basis.share, surely, len(surely_not), total)
        least, most = percent(surely / total), percent(1 - len(surely_not) / total)
        return GroundTested(basis, matches, found, f"between {least} and {most} of {plural(total, 'estimate')} hold")
    # Before the open ones: more evidence can close those, but not undo an exception.
    if surely_not:
        return GroundTested(
            basis, matches, "contradicted", f"{_wanted(basis, matches)} fails for {', '.join(surely_not)}{about}"
        )
    if surely < total:
        bare = sum(estimate.low is None for _, estimate in matches)
        what = f"{plural(bare, 'estimate')} without an interval" if bare else "the interval reaches across the bound"
        return GroundTested(basis, matches, "undecided", f"{_wanted(basis, matches)} is open{about}: {what}")
    return GroundTested(basis, matches, "supported", f"{_wanted(basis, matches)}{about}")


def _wanted(basis: Basis, matches: tuple[tuple[str, Estimate], ...]) -> str:
    """What the estimates were held against, in their own unit, and on which inputs."""
    said = relation_words(basis.estimate, basis.relation, basis.bounds, matches[0][1].unit)
    n = matches[0][1].n
    drawn = f" on {plural(n, 'input')} drawn like these" if basis.measure == SAMPLED and n and len(matches) == 1 else ""
    return f"{said}{drawn}"


def relation_words(estimate: str, relation: str, bounds: Sequence[float], unit: str) -> str:
    """ "failure rate below 5%"."""
    # As stated where there is no unit to put it in: a bound is no estimate, and has no digits to round.
    ends = [value_of(Estimate(name=estimate, value=bound, unit=unit)) if unit else f"{bound:g}" for bound in bounds]
    if relation == "equals":
        return f"{words(estimate)} of {ends[0]} ± {bounds[1]:g}"
    return f"{words(estimate)} {relation} {' to '.join(ends)}"


def off_scale(estimate: str, bounds: Sequence[float], unit: str) -> str:
    """What is wrong with bounds that no share and no correlation can reach; empty where nothing is.

    Examples
    --------
    >>> off_scale("difference", (-2.0,), DIFFERENCE)
    'the bound -2 of the difference lies outside -1 to 1: it is counted in shares, so 2 points are 0.02'
    """
    beyond = [bound for bound in bounds if abs(bound) > 1]
    if unit not in (SHARE, DIFFERENCE, CORRELATION) or not beyond:
        return ""
    # Percent and points are how they are printed, and so what a reader is likely to type.
    how = "" if unit == CORRELATION else f": it is counted in shares, so {PRINTED[unit]}"
    return f"the bound {beyond[0]:g} of the {words(estimate)} lies outside -1 to 1{how}"


def _about(matches: tuple[tuple[str, Estimate], ...]) -> str:
    """The estimate, where there is only one."""
    return f" (here {shown(matches[0][1])})" if len(matches) == 1 else f" (of {len(matches)} estimates)"
