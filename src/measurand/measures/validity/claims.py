"""V0, claims put to the test: does the evidence bear out what was published about it?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from measurand.errors import InputError, NotApplicable
from measurand.measure import Measure
from measurand.measures._shared import overall, plural, shown
from measurand.measures.validity.shared.claim_cards import (
    WORST_CASE,
    CardTested,
    GroundTested,
    card_finding,
    judged,
    no_issue,
    speaks_of_the_worst_case,
)
from measurand.results import Estimate, Figure, Finding, Question, Status
from measurand.tables import Claim
from measurand.tables.claim_card import Basis, ClaimCard

__all__ = ["MEASURE", "CardTested", "GroundTested", "Tested", "claims_tested"]

CODE, TITLE = "V0", "Claims put to the test"


@dataclass(frozen=True)
class Tested:
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
    claim about the worst case (never, always) that rests on no measure of it (P5, F3, F4) is refused. An existence
    proof needs one estimate that shows it, and finding none never contradicts it.

    Parameters
    ----------
    claims : what was claimed.
    findings : findings of the other measures.
    claim_cards : claims with their kind and what they rest on.

    Returns
    -------
    One `Tested` a claim and one `CardTested` a card.

    Raises
    ------
    NotApplicable
        There is neither a claim nor a card.
    InputError
        A relation that is none of above, below, inside, equals.

    References
    ----------
    Reuel et al. 2024, BetterBench, arXiv 2411.12990; Bean et al. 2025, Measuring what matters: construct validity in
    large language model benchmarks, arXiv 2511.04703.

    Examples
    --------
    >>> claim = Claim("rises", "It rises", "example", "rho", {"class": "chat"}, "above", (0.5,))
    >>> finding = Finding("V1", {"class": "chat"}, "", Status.ISSUE, "", (Estimate("rho", 0.8, 0.6, 0.9),))
    >>> claims_tested([claim], [finding])[0].surely
    1
    """
    if not claims and not claim_cards:
        raise NotApplicable("the study holds no claims", needs="claims to hold against the evidence, or a claim card")
    return (*(_test(claim, findings) for claim in claims), *(_test_card(card, findings) for card in claim_cards))


def _test_card(card: ClaimCard, findings: Sequence[Finding]) -> CardTested:
    grounds = tuple(_ground(card, basis, findings) for basis in card.rests_on)
    shows = any(ground.basis.measure in WORST_CASE and ground.verdict == "supported" for ground in grounds)
    return CardTested(card, grounds, speaks_of_the_worst_case(card) and not shows)


def _ground(card: ClaimCard, basis: Basis, findings: Sequence[Finding]) -> GroundTested:
    own = [finding for finding in findings if finding.code == basis.measure]
    if basis.relation == "no issue":
        return no_issue(basis, [finding for finding in own if _speaks_of(basis.where, finding)])
    as_claim = Claim(card.name, card.text, card.source, basis.estimate, basis.where, basis.relation, basis.bounds)
    tested = _test(as_claim, own)
    existence = card.statement == "existence proof"
    return judged(basis, tested.matches, tested.surely, tested.surely_not, existence=existence)


def _test(claim: Claim, findings: Sequence[Finding]) -> Tested:
    holds = _relation(claim)
    matches = tuple(
        (finding.subject.get("benchmark", finding.subject.get("class", "")), estimate)
        for finding in findings
        if _speaks_of(claim.where, finding)
        for estimate in finding.estimates
        if estimate.name == claim.estimate and estimate.value is not None
    )
    by_point = sum(holds(estimate.value, estimate.value) for _, estimate in matches if estimate.value is not None)
    surely, surely_not = 0, []
    for name, estimate in matches:
        low, high = estimate.low, estimate.high
        if claim.relation == "equals":
            low = high = estimate.value
        if low is None or high is None:
            continue
        if holds(low, high):
            surely += 1
        elif _violates(claim, low, high):
            surely_not.append(name)
    return Tested(claim, matches, by_point, surely, tuple(surely_not))


def _speaks_of(where: Mapping[str, str | Sequence[str]], finding: Finding) -> bool:
    """Whether the finding's subject (or result) has the values asked for."""
    for key, wanted in where.items():
        value = finding.subject.get(key, finding.result.get(key))
        if value not in ([wanted] if isinstance(wanted, str) else wanted):
            return False
    return True


def _relation(claim: Claim) -> Callable[[float, float], bool]:
    """Whether an interval (low, high) lies wholly where the claim says."""
    first, last = claim.bounds[0], claim.bounds[-1]
    relations: dict[str, Callable[[float, float], bool]] = {
        "above": lambda low, high: low > first,
        "below": lambda low, high: high < first,
        "inside": lambda low, high: first < low and high < last,
        "equals": lambda low, high: abs(low - first) <= last,
    }
    if claim.relation not in relations:
        raise InputError(f"a claim's relation should be one of {', '.join(relations)}, got {claim.relation!r}")
    return relations[claim.relation]


def _violates(claim: Claim, low: float, high: float) -> bool:
    """Whether an interval lies wholly where the claim says it should not."""
    first, last = claim.bounds[0], claim.bounds[-1]
    match claim.relation:
        case "above":
            return high < first
        case "below":
            return low > first
        case "inside":
            return high < first or low > last
    return abs(low - first) > last


def judge(result: Sequence[Tested | CardTested]) -> list[Finding]:
    """Passed: supported, interval and all; issue: contradicted; caution: undecided, or refused."""
    each = [_finding(tested) if isinstance(tested, Tested) else card_finding(tested, CODE) for tested in result]
    count = {status: sum(f.status is status for f in each) for status in Status}
    cards = sum(isinstance(tested, CardTested) for tested in result)
    refused = sum(isinstance(tested, CardTested) and tested.refused for tested in result)
    what = "published claim" if not cards else "claim"
    sentence = (
        f"Of {plural(len(each), what)} put to the test, the evidence supports {count[Status.PASSED]} once the interval "
        f"counts, contradicts {count[Status.ISSUE]}, and leaves {count[Status.CAUTION]} undecided"
        + (f"; {refused} refused for what the claim rests on." if refused else ".")
    )
    return [Finding(CODE, {}, TITLE, overall(each), sentence), *each]


def _finding(tested: Tested) -> Finding:
    claim, total = tested.claim, len(tested.matches)
    if not total:
        status, verdict = (
            Status.NOT_APPLICABLE,
            f"not assessed: the audit has no estimate {claim.estimate!r} it speaks of",
        )
    elif claim.share is None:
        status, verdict = _every(tested)
    else:
        status, verdict = _share(tested, claim.share)
    subject = {"claim": claim.name, **{key: str(value) for key, value in claim.where.items() if key == "class"}}
    estimates = tuple(
        Estimate(f"{e.name}:{name}", e.value, e.low, e.high, e.level, e.method, e.n) for name, e in tested.matches
    )
    return Finding(
        CODE,
        subject,
        TITLE,
        status,
        f"{claim.text} ({claim.source}): {verdict}.",
        estimates if claim.share is None else (_share_estimate(tested),),
    )


def _every(tested: Tested) -> tuple[Status, str]:
    total = len(tested.matches)
    if total == 1:
        detail = f"here {shown(tested.matches[0][1], 3)}"
    else:
        detail = f"by point {tested.by_point} of {total} do, with the interval {tested.surely}"
    if tested.surely == total:
        return Status.PASSED, f"supported, {detail}"
    if tested.surely_not:
        return Status.ISSUE, f"contradicted by {', '.join(tested.surely_not)}; {detail}"
    return Status.CAUTION, f"undecided, {detail}"


def _share_estimate(tested: Tested) -> Estimate:
    total = len(tested.matches)
    return Estimate(
        "share",
        tested.by_point / total,
        tested.surely / total,
        1 - len(tested.surely_not) / total,
        None,
        "by point; from those whose interval lies wholly inside to those not wholly outside",
        total,
    )


def _share(tested: Tested, wanted: tuple[float, float]) -> tuple[Status, str]:
    """A share is bracketed: at least those that surely do, at most those that do not surely not."""
    total = len(tested.matches)
    least, most = tested.surely / total, 1 - len(tested.surely_not) / total
    detail = (
        f"{tested.by_point} of {total} by point ({tested.by_point / total:.0%}), {tested.surely} once the interval "
        f"counts, and {total - len(tested.surely_not)} that it does not rule out"
    )
    if wanted[0] <= least and most <= wanted[1]:
        return Status.PASSED, f"supported: {detail}"
    if most < wanted[0] or least > wanted[1]:
        return Status.ISSUE, f"contradicted: {detail}"
    near = "as published by point, " if wanted[0] <= tested.by_point / total <= wanted[1] else ""
    return Status.CAUTION, f"{near}undecided once the interval counts: {detail}"


def figure(result: Sequence[Tested | CardTested]) -> list[Figure]:
    """Claims have no picture of their own: the measures they speak of show them."""
    return []


MEASURE = Measure(
    code=CODE,
    name="claims put to the test",
    question=Question.VALIDITY,
    asks="Does the evidence bear out what was claimed about it, once the intervals count?",
    needs="claims to hold against the evidence, or a claim card",
    formula="supported: every interval satisfies the claim; contradicted: one lies wholly outside; else undecided. "
    "A claimed share is bracketed by the intervals surely inside and those not surely outside. A worst-case claim "
    "needs P5, F3 or F4.",
    compute=claims_tested,
    judge=judge,
    figure=figure,
    caveats=("An undecided claim is not a wrong one: the evidence at hand does not settle it.",),
    references=(
        "Reuel et al. 2024, BetterBench: assessing AI benchmarks, arXiv 2411.12990",
        "Bean et al. 2025, Measuring what matters: construct validity in large language model benchmarks, "
        "arXiv 2511.04703",
    ),
)
