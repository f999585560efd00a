"""V0 with claim cards: verdicts by what they rest on, and claims that no average can bear."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from measurand.auditing import audit
from measurand.errors import InputError, NotApplicable
from measurand.measures import find
from measurand.measures.precision.rarity import judge as judge_rarity
from measurand.measures.precision.rarity import rarity
from measurand.measures.validity.claims import claims_tested, judge
from measurand.measures.validity.shared.claim_cards import card_answer
from measurand.readers.evidence.claim_card import worked_claim_cards
from measurand.results import Estimate, Finding, Status
from measurand.tables import Trials
from measurand.tables.claim_card import Basis, ClaimCard

GOOD, OPEN, BAD = (0.01, 0.005, 0.02), (0.04, 0.01, 0.09), (0.2, 0.1, 0.3)


def card(*bases, statement="average case", text="It fails rarely", **more):
    given_ = {
        "name": "rare",
        "text": text,
        "source": "a paper",
        "construct": "failure",
        "population": "all prompts",
        "statement": statement,
        "kind": "propensity",
        "elicitation": "own",
        "benchmark_use": "diagnostic",
        "threshold": None,
        "rests_on": bases,
    }
    return ClaimCard(**(given_ | more))


def basis(measure="P1", relation="below", bounds=(0.05,), where=None, share=None, estimate="rate"):
    return Basis(
        measure=measure,
        estimate="" if relation == "no issue" else estimate,
        where=where or {},
        relation=relation,
        bounds=bounds,
        share=share,
    )


def evidence(code, *triples, status=Status.PASSED, **more):
    return [
        Finding(
            code=code,
            subject={"model": f"m{i}"},
            title="",
            status=status,
            sentence="",
            estimates=(Estimate(name="rate", value=triple[0], low=triple[1], high=triple[2]),),
            **more,
        )
        for i, triple in enumerate(triples)
    ]


def verdict(made, findings):
    _headline, finding = judge(claims_tested(findings=findings, claim_cards=[made]))
    return finding


@pytest.mark.parametrize(
    ("triples", "status", "word"),
    [
        ([GOOD], Status.PASSED, "What was checked holds"),
        ([GOOD, GOOD], Status.PASSED, "What was checked holds"),
        ([GOOD, OPEN], Status.CAUTION, "Undecided"),
        ([GOOD, BAD], Status.ISSUE, "Contradicted"),
        ([(0.01, None, None)], Status.CAUTION, "Undecided"),
    ],
)
def test_an_average_claim_follows_its_estimates(triples, status, word):
    finding = verdict(card(basis()), evidence("P1", *triples))
    assert finding.status is status
    assert finding.sentence.startswith(f"{word}: rate below ")
    assert finding.sentence.endswith("The claim: “It fails rarely” (a paper).")
    assert finding.result["construct"] == "failure"
    assert len(finding.estimates) == len(triples)


def test_a_claim_without_any_evidence_is_not_assessed():
    finding = verdict(card(basis()), evidence("P1"))
    assert finding.status is Status.NOT_APPLICABLE
    assert finding.sentence == (
        "Not assessed: for “It fails rarely” (a paper) evidence is missing: there is no rate from the check "
        "“score interval” that it could rest on."
    )
    assert (finding.result["verdict"], finding.result["construct"]) == ("undecided", "failure")
    assert finding.estimates == ()


def test_only_the_measure_and_subjects_named_count():
    findings = evidence("P1", GOOD, BAD) + evidence("P4", BAD)
    assert verdict(card(basis(where={"model": "m0"})), findings).status is Status.PASSED
    assert verdict(card(basis(where={"model": ["m0", "m1"]})), findings).status is Status.ISSUE


def test_every_ground_must_hold():
    findings = evidence("P1", GOOD) + evidence("P4", OPEN)
    both = card(basis("P1"), basis("P4"))
    assert verdict(both, findings).status is Status.CAUTION
    missing = verdict(card(basis("P1"), basis("P9")), findings)
    assert missing.status is Status.CAUTION
    assert missing.sentence.startswith(
        "Undecided: evidence is missing: there is no rate from the check “rank stability” that it could rest on"
    )
    assert verdict(card(basis("P9")), findings).status is Status.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("statement", "text"),
    [
        ("worst case", "It fails rarely"),
        ("average case", "It will never fail"),
        ("upper bound", "It cannot fail"),
    ],
)
def test_a_worst_case_claim_is_refused_on_an_average(statement, text):
    made = card(basis("P1"), statement=statement, text=text)
    finding = verdict(made, evidence("P1", GOOD))
    assert finding.status is Status.CAUTION
    assert finding.result["verdict"] == "refused"
    assert "rests on “score interval”, which cannot show that" in finding.sentence
    assert "it would take a bound on rare failures, a forecast of them, or" in finding.sentence
    told = card_answer(claims_tested(findings=evidence("P1", GOOD), claim_cards=[made])[0])
    assert told.sentence == f"Refused: “{text}” (a paper)."
    assert [row[0] for row in told.tables[0].rows] == ["what was checked", "what was found", "why it is refused"]
    assert told.notes[0].startswith("What this evidence supports: rate below ")
    # An average on the wrong side contradicts the worst case all the same.
    assert verdict(made, evidence("P1", BAD)).status is Status.ISSUE


@pytest.mark.parametrize("code", ["F3", "F4"])
def test_a_worst_case_claim_stands_on_a_measure_of_it(code):
    made = card(basis("P1"), basis(code), statement="worst case")
    assert verdict(made, evidence("P1", GOOD) + evidence(code, GOOD)).status is Status.PASSED


@pytest.mark.parametrize("code", ["P5", "F3", "F4"])
@pytest.mark.parametrize("found", [(), (OPEN,)])
def test_a_ground_that_is_missing_or_open_leaves_a_worst_case_claim_undecided(code, found):
    """And not refused for resting on the very measure that it needs."""
    made = card(basis("P1"), basis(code), statement="worst case")
    finding = verdict(made, evidence("P1", GOOD) + evidence(code, *found))
    assert (finding.status, finding.result["verdict"]) == (Status.CAUTION, "undecided")


@pytest.mark.parametrize(
    ("statement", "text"), [("worst case", "It fails rarely"), ("average case", "The model cannot be jailbroken")]
)
def test_a_bound_for_inputs_as_tested_leaves_the_worst_case_undecided(statement, text):
    clean = rarity(trials=Trials(0, 300, "failures"), rarer_than=0.05)
    findings = [replace(finding, code="P5") for finding in judge_rarity(clean)]
    held = basis("P5", estimate="failure_rate", bounds=(0.05,))
    finding = verdict(card(held, statement=statement, text=text), findings)
    assert (finding.status, finding.result["verdict"]) == (Status.CAUTION, "undecided")
    assert "failure rate below 5% on 300 inputs drawn like these (here 0% [0%, 1%])" in finding.sentence
    assert "of that the check says nothing" in finding.sentence
    average = verdict(card(held, text="It is rarely jailbroken"), findings)
    assert average.sentence == (
        "What was checked holds: failure rate below 5% on 300 inputs drawn like these (here 0% [0%, 1%]). The claim: "
        "“It is rarely jailbroken” (a paper)."
    )


def test_an_existence_proof_needs_one_and_is_never_contradicted():
    made = card(basis(relation="above"), statement="existence proof", text="It can never be relied on")
    assert verdict(made, evidence("P1", GOOD, BAD)).status is Status.PASSED
    unfound = verdict(made, evidence("P1", GOOD, GOOD))
    assert unfound.status is Status.CAUTION
    assert "none of 2 estimates shows it" in unfound.sentence


@pytest.mark.parametrize(
    ("share", "status"),
    [((0.5, 1.0), Status.PASSED), ((0.9, 1.0), Status.ISSUE), ((0.6, 0.7), Status.CAUTION)],
)
def test_a_share_is_bracketed(share, status):
    findings = evidence("P1", GOOD, GOOD, OPEN, BAD)
    finding = verdict(card(basis(share=share)), findings)
    assert finding.status is status
    assert "between 50% and 75% of 4 estimates hold" in finding.sentence


def test_no_finding_is_no_evidence_without_power():
    made = card(basis("G99", "no issue", ()))
    passed = evidence("G99", GOOD)
    without = verdict(made, passed)
    assert without.status is Status.CAUTION
    assert "nothing says how likely it would have found one" in without.sentence
    told = [replace(passed[0], estimates=(Estimate(name="power", value=0.9),))]
    assert verdict(made, told).status is Status.PASSED
    assert verdict(made, evidence("G99", GOOD, status=Status.CAUTION)).status is Status.CAUTION
    assert verdict(made, evidence("G99", GOOD, status=Status.ISSUE)).status is Status.ISSUE
    absent = verdict(made, evidence("G99", GOOD, status=Status.NOT_APPLICABLE))
    assert absent.status is Status.NOT_APPLICABLE
    assert "the check G99 could not be made" in absent.sentence


def test_power_measured_by_simulation_counts():
    # P2's power is in the shipped error rates.
    assert verdict(card(basis("P2", "no issue", ())), evidence("P2", GOOD)).status is Status.PASSED


def test_scope_is_told_and_checklists_are_recorded_not_scored():
    answers = {"BetterBench": {"Is the tested capability defined?": "yes", "Is chance reported?": "no"}}
    made = card(basis(), elicitation="future users", benchmark_use="hill-climbing", checklists=answers)
    finding = verdict(made, evidence("P1", GOOD))
    assert finding.status is Status.PASSED
    assert finding.result["checklist BetterBench"] == (
        "Is the tested capability defined? yes",
        "Is chance reported? no",
    )
    assert len(finding.caveats) == 3
    assert not any("score" in estimate.name for estimate in finding.estimates)
    assert len(verdict(card(basis("F4"), elicitation="future users"), evidence("F4", GOOD)).caveats) == 1


@given(st.floats(0, 1), st.floats(0, 0.5), st.floats(0, 0.5), st.floats(0, 1))
def test_a_wider_interval_never_turns_open_into_decided(value, width, more, bound):
    made = card(basis(bounds=(bound,)))
    narrow, wide = (verdict(made, evidence("P1", (value, value - w, value + w))).status for w in (width, width + more))
    assert wide is narrow or wide is Status.CAUTION


def test_the_worked_cards_on_the_embedded_study(example):
    findings = audit(example, [find("V1")], settings={"V1": {"resamples": 100}}).findings
    headline, *each = judge(claims_tested(findings=findings, claim_cards=worked_claim_cards()))
    found = {finding.subject["claim"]: finding for finding in each}
    assert {name: finding.result["verdict"] for name, finding in found.items()} == {
        "WMDP inverse": "supported",
        "MC1 apart": "contradicted",
        "calibration apart": "undecided",
        "never entangled": "refused",
    }
    assert found["never entangled"].status is Status.CAUTION
    assert (
        "the claim speaks of the worst case and rests on “capabilities correlation”"
        in found["never entangled"].sentence
    )
    assert headline.sentence == (
        "Of 4 claims, the evidence supports 1 once the intervals count, contradicts 1 and leaves 1 undecided; 1 is "
        "refused, as what it rests on cannot show it."
    )


def test_without_claims_or_cards_it_is_not_assessed():
    with pytest.raises(NotApplicable, match=r"the study holds no claims; needs claims .* or a claim card"):
        claims_tested()


@pytest.mark.parametrize(
    ("unit", "bound", "told"),
    [
        ("difference of shares", -2.0, "2 points are 0.02"),
        ("share", 5.0, "2% is 0.02"),
        ("correlation", 50.0, "outside -1 to 1"),
    ],
)
def test_a_bound_that_no_share_can_reach_is_refused_and_not_held(unit, bound, told):
    estimate = Estimate(name="rate", value=0.03, low=-0.02, high=0.07, unit=unit)
    found = [Finding(code="P1", subject={}, title="", status=Status.PASSED, sentence="", estimates=(estimate,))]
    with pytest.raises(InputError, match=f"'rare': the bound {bound:g} of the rate .*{told}"):
        claims_tested((), found, (card(basis(relation="above", bounds=(bound,))),))
    within = card(basis(relation="above", bounds=(bound / 100,)))
    assert claims_tested((), found, (within,))[0].grounds[0].matches
    counted = [replace(found[0], estimates=(replace(estimate, unit="tests"),))]
    assert claims_tested((), counted, (card(basis(relation="above", bounds=(bound,))),))
