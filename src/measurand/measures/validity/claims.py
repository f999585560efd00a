"""V0, claims put to the test: does the evidence bear out what was published about it?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from measurand.errors import InputError, NotApplicable
from measurand.measures import Measure
from measurand.measures.validity.shared.claim_cards import (
    CardTested,
    GroundTested,
    about_the_claim,
    bracketed,
    card_answer,
    card_finding,
    judged,
    named,
    no_issue,
    off_scale,
    relation_words,
    speaks_of_the_worst_case,
    words,
)
from measurand.measures.verdicts import Side, Unassessed, against, headline, tally
from measurand.results import Answer, Brief, Estimate, Figure, Finding, Question, Status, Table
from measurand.tables import Claim
from measurand.tables.claim_card import Basis, ClaimCard
from measurand.wording import SHARE, agreeing, listed, plural, shown, value_of

__all__ = ["MEASURE", "CardTested", "GroundTested", "Tested", "claims_tested"]

HOLDS = {"above": Side.ABOVE, "below": Side.BELOW, "inside": Side.BETWEEN}
"""Where the whole interval lies of a claim's bounds if the claim holds."""

FAILS = {"above": (Side.BELOW,), "below": (Side.ABOVE,), "inside": (Side.ABOVE, Side.BELOW)}
RELATIONS = (*HOLDS, "equals")


@dataclass(frozen=True, repr=False)
class Tested(Brief):
    """One claim and the estimates it speaks of.

    Parameters
    ----------
    matches : the subject and the estimate of every finding that the claim speaks of.
    by_point : those whose point satisfies the claim.
    surely, surely_not : those whose interval lies wholly inside, wholly outside of it.
    """

    claim: Claim
    matches: tuple[tuple[str, Estimate], ...]
    by_point: int
    surely: int
    surely_not: tuple[str, ...]


def claims_tested(
    claims: Sequence[Claim] = (), findings: Sequence[Finding] = (), claim_cards: Sequence[ClaimCard] = ()
) -> tuple[Tested | CardTested, ...]:
    """Hold each claim and claim card against the estimates of the audit's findings.

    A card's claim is supported if all it rests on holds, contradicted if any of it surely fails, and else undecided. A
    claim about the worst case (never, always, cannot) that rests on no measure of rare failures (P5, F3, F4) is
    refused, and one that rests on P5 alone undecided: its bound is for inputs drawn as those tested. An existence
    proof needs one estimate that shows it, and finding none never contradicts it.

    Parameters
    ----------
    claims : what was claimed.
    findings : findings of the other measures.
    claim_cards : claims with their kind and what they rest on.

    Returns
    -------
    One `Tested` per claim and one `CardTested` per card.

    Raises
    ------
    NotApplicable
        There is neither a claim nor a card.
    InputError
        A relation that is none of above, below, inside, equals; a bound that no share or correlation can reach.

    References
    ----------
    Reuel et al. 2024, BetterBench, arXiv 2411.12990; Bean et al. 2025, Measuring what matters: construct validity in
    large language model benchmarks, arXiv 2511.04703.

    Examples
    --------
    >>> claim = Claim(
    ...     name="rises", text="It rises", source="a paper", estimate="rho", where={}, relation="above", bounds=(0.5,)
    ... )
    >>> rho = Estimate(name="rho", value=0.8, low=0.6, high=0.9)
    >>> finding = Finding(status=Status.ISSUE, sentence="", estimates=(rho,))
    >>> claims_tested([claim], [finding])[0].surely
    1
    """
    if not claims and not claim_cards:
        raise NotApplicable("the study holds no claims", needs="claims to hold against the evidence, or a claim card")
    return (*(_test(claim, findings) for claim in claims), *(_test_card(card, findings) for card in claim_cards))


def _test_card(card: ClaimCard, findings: Sequence[Finding]) -> CardTested:
    grounds = tuple(_ground(card, basis, findings) for basis in card.rests_on)
    return CardTested(card, grounds, speaks_of_the_worst_case(card))


def _ground(card: ClaimCard, basis: Basis, findings: Sequence[Finding]) -> GroundTested:
    # By measure, as estimates of different measures can bear one name.
    own = [finding for finding in findings if finding.code == basis.measure]
    if basis.relation == "no issue":
        return no_issue(basis, [finding for finding in own if _speaks_of(basis.where, finding)])
    as_claim = Claim(
        name=card.name,
        text=card.text,
        source=card.source,
        estimate=basis.estimate,
        where=basis.where,
        relation=basis.relation,
        bounds=basis.bounds,
    )
    tested = _test(as_claim, own)
    existence = card.statement == "existence proof"
    return judged(basis, tested.matches, tested.surely, tested.surely_not, existence=existence)


def _test(claim: Claim, findings: Sequence[Finding]) -> Tested:
    if claim.relation not in RELATIONS:
        raise InputError(f"a claim's relation should be one of {', '.join(RELATIONS)}, got {claim.relation!r}")
    matches = tuple(
        (finding.subject.get("benchmark", finding.subject.get("class", "")), estimate)
        for finding in findings
        if _speaks_of(claim.where, finding)
        for estimate in finding.estimates
        # A bare name without a value is a row that could not be assessed, which is no evidence either way.
        if estimate.name == claim.estimate and estimate.value is not None
    )
    for unit in dict.fromkeys(estimate.unit for _, estimate in matches):
        if problem := off_scale(claim.estimate, claim.bounds, unit):
            raise InputError(f"{claim.name!r}: {problem}")
    # A printed figure is compared with what it prints, so a claim that one equals another is about the point.
    pointwise = claim.relation == "equals"
    points = [_fits(claim, found.value, found.value) for _, found in matches]
    fits = points if pointwise else [_fits(claim, found.low, found.high) for _, found in matches]
    return Tested(
        claim,
        matches,
        by_point=points.count(True),
        surely=fits.count(True),
        surely_not=tuple(name for (name, _), fit in zip(matches, fits, strict=True) if fit is False),
    )


def _fits(claim: Claim, low: float | None, high: float | None) -> bool | None:
    """Whether an interval lies wholly where the claim says, or wholly where it should not; None where it is open."""
    first, last = claim.bounds[0], claim.bounds[-1]
    if claim.relation == "equals":
        return None if low is None else abs(low - first) <= last
    side = against(low, high, (first, last))
    if side is HOLDS[claim.relation]:
        return True
    return False if side in FAILS[claim.relation] else None


def _speaks_of(where: Mapping[str, str | Sequence[str]], finding: Finding) -> bool:
    """Whether the finding's subject (or result) has the values asked for."""
    return all(
        finding.subject.get(key, finding.result.get(key)) in ([wanted] if isinstance(wanted, str) else wanted)
        for key, wanted in where.items()
    )


def judge(result: Sequence[Tested | CardTested]) -> list[Finding]:
    """Passed: supported, interval and all; issue: contradicted; caution: undecided, or refused."""
    each = [_finding(tested) if isinstance(tested, Tested) else card_finding(tested) for tested in result]
    count, cards = tally(each), any(isinstance(tested, CardTested) for tested in result)
    # A card shown to be wrong is contradicted, whatever it rests on.
    refused = sum(finding.short == "refused" for finding in each)
    good, bad, open_ = count[Status.PASSED], count[Status.ISSUE], count[Status.CAUTION] - refused
    sentence = (
        f"Of {plural(len(each), 'claim' if cards else 'published claim')}, the evidence supports {good or 'none'} once "
        f"the intervals count, contradicts {bad or 'none'} and leaves {open_ or 'none'} undecided"
    )
    if refused:
        sentence += f"; {refused} {agreeing(refused, 'is')} refused, as what it rests on cannot show it"
    if absent := count[Status.NOT_APPLICABLE]:
        sentence += f"; for {absent} there is no evidence"
    short = f"{good} supported, {bad} contradicted, {open_ + refused} open"
    return [headline(each[0].sentence if len(each) == 1 else f"{sentence}.", each, short=short), *each]


def answer(result: Sequence[Tested | CardTested], findings: Sequence[Finding]) -> Answer | None:
    """Of a single card the verdict and what it rests on; of several claims, how each ended."""
    if len(result) == 1:
        (only,) = result
        return card_answer(only) if isinstance(only, CardTested) else None
    top, *each = findings
    told = [tested.card.text if isinstance(tested, CardTested) else tested.claim.text for tested in result]
    order = {status: place for place, status in enumerate(Status)}
    rows = sorted(zip(each, told, strict=True), key=lambda row: order[row[0].status])
    table = Table(
        head=("claim", "verdict"),
        rows=tuple((text, finding.short) for finding, text in rows),
        marks=tuple(finding.status for finding, _ in rows),
    )
    return Answer(sentence=top.sentence, tables=(table,))


def _finding(tested: Tested) -> Finding:
    claim = tested.claim
    subject = {"claim": claim.name, **{key: str(value) for key, value in claim.where.items() if key == "class"}}
    if not tested.matches:
        reason = f"there is no {words(claim.estimate)} that “{claim.text}” ({claim.source}) could rest on"
        return Unassessed(subject, reason, "a measure that estimates it").finding()
    if claim.share is None:
        estimates, (status, meaning) = named(tested.matches), _every(tested)
    else:
        share = _share_estimate(tested)
        estimates, (status, meaning) = (share,), _share(tested, share, claim.share)
    return Finding(
        subject=subject,
        status=status,
        sentence=about_the_claim(meaning, claim.text, claim.source),
        short={Status.PASSED: "supported", Status.ISSUE: "contradicted"}.get(status, "undecided"),
        estimates=estimates,
    )


def _wanted(tested: Tested) -> str:
    claim = tested.claim
    said = relation_words(claim.estimate, claim.relation, claim.bounds, tested.matches[0][1].unit)
    about = [value if isinstance(value, str) else listed(list(value)) for value in claim.where.values()]
    return f"{said} ({', '.join(about)})" if about else said


def _every(tested: Tested) -> tuple[Status, str]:
    total, wanted = len(tested.matches), _wanted(tested)
    if total == 1:
        detail = f"here {shown(tested.matches[0][1])}"
    else:
        detail = f"{tested.by_point} of {total} do by the point estimate, {tested.surely} once the interval counts"
    if tested.surely == total:
        return Status.PASSED, f"what was checked holds: {wanted}, {detail}"
    # One sure exception contradicts a claim about all, whatever the others do.
    if tested.surely_not:
        names = f" by {', '.join(tested.surely_not)}" if total > 1 else ""
        return Status.ISSUE, f"contradicted{names}: {wanted}; {detail}"
    return Status.CAUTION, f"undecided: {wanted}; {detail}"


def _share_estimate(tested: Tested) -> Estimate:
    """A share is bracketed: at least those that surely do, at most those that do not surely not."""
    total = len(tested.matches)
    return Estimate(
        name="share",
        value=tested.by_point / total,
        low=tested.surely / total,
        high=1 - len(tested.surely_not) / total,
        method="by point; from those whose interval lies wholly inside to those not wholly outside",
        n=total,
        unit=SHARE,
    )


def _share(tested: Tested, share: Estimate, wanted: tuple[float, float]) -> tuple[Status, str]:
    total, said = len(tested.matches), _wanted(tested)
    detail = (
        f"{tested.by_point} of {total} ({value_of(share)}) by the point estimate, {tested.surely} once the interval "
        f"counts, and {total - len(tested.surely_not)} that it does not rule out"
    )
    found = bracketed(wanted, tested.surely, len(tested.surely_not), total)
    if found == "supported":
        return Status.PASSED, f"what was checked holds: {said}: {detail}"
    if found == "contradicted":
        return Status.ISSUE, f"contradicted: {said}: {detail}"
    near = "as published by the point estimate, " if wanted[0] <= tested.by_point / total <= wanted[1] else ""
    return Status.CAUTION, f"{near}undecided once the interval counts: {said}: {detail}"


def figure(result: Sequence[Tested | CardTested]) -> list[Figure]:
    """Claims have no picture of their own: the measures they speak of show them."""
    return []


MEASURE = Measure(
    code="V0",
    name="claims put to the test",
    question=Question.VALIDITY,
    asks="Does the evidence bear out what was claimed about it, once the intervals count?",
    needs="claims to hold against the evidence, or a claim card",
    formula="supported: every interval satisfies the claim; contradicted: one lies wholly outside; else undecided. "
    "A claimed share is bracketed by the intervals surely inside and those not surely outside. A worst-case claim "
    "needs F3 or F4; P5 alone leaves it undecided.",
    compute=claims_tested,
    judge=judge,
    figure=figure,
    answer=answer,
    caveats=("An undecided claim is not a wrong one: the evidence at hand does not settle it.",),
    references=(
        "Reuel et al. 2024, BetterBench: assessing AI benchmarks, arXiv 2411.12990",
        "Bean et al. 2025, Measuring what matters: construct validity in large language model benchmarks, "
        "arXiv 2511.04703",
    ),
)
