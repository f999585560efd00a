"""V0: published claims held against estimates."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from measurand.auditing import audit
from measurand.errors import InputError
from measurand.measures import find
from measurand.measures.validity.claims import answer, claims_tested, judge
from measurand.results import Estimate, Finding, Status
from measurand.tables import Claim


def claim(relation, bounds, share=None, where=None, estimate="rho"):
    return Claim(
        name="a name",
        text="what was said",
        source="who said it",
        estimate=estimate,
        where={"class": "chat"} if where is None else where,
        relation=relation,
        bounds=bounds,
        share=share,
    )


def evidence(*triples, class_="chat"):
    return [
        Finding(
            code="V1",
            subject={"benchmark": f"b{i}", "class": class_},
            title="",
            status=Status.CAUTION,
            sentence="",
            estimates=(
                Estimate(name="other", value=9.0, low=8.0, high=10.0),
                Estimate(**dict(zip(("name", "value", "low", "high"), ("rho", *triple), strict=True))),
            ),
        )
        for i, triple in enumerate(triples)
    ]


def verdict(made, findings):
    _headline, finding = judge(claims_tested([made], findings))
    return finding


@pytest.mark.parametrize(
    ("relation", "bounds", "triple", "status"),
    [
        ("above", (0.5,), (0.7, 0.6, 0.8), Status.PASSED),
        ("above", (0.5,), (0.7, 0.4, 0.8), Status.CAUTION),
        ("above", (0.5,), (0.3, 0.1, 0.4), Status.ISSUE),
        ("below", (-0.5,), (-0.7, -0.8, -0.6), Status.PASSED),
        ("below", (-0.5,), (-0.7, -0.8, -0.4), Status.CAUTION),
        ("below", (-0.5,), (0.1, -0.2, 0.3), Status.ISSUE),
        ("inside", (-0.5, 0.5), (0.0, -0.3, 0.3), Status.PASSED),
        ("inside", (-0.5, 0.5), (0.4, 0.1, 0.6), Status.CAUTION),
        ("inside", (-0.5, 0.5), (0.7, 0.6, 0.8), Status.ISSUE),
        ("inside", (-0.5, 0.5), (-0.7, -0.8, -0.6), Status.ISSUE),
        ("equals", (0.783, 0.0005), (0.7826, 0.6, 0.9), Status.PASSED),
        ("equals", (0.783, 0.0005), (0.79, 0.6, 0.9), Status.ISSUE),
        ("above", (0.5,), (0.7, None, None), Status.CAUTION),
        ("equals", (0.7, 0.01), (0.7, None, None), Status.PASSED),
    ],
)
def test_a_claim_is_supported_contradicted_or_undecided_by_the_interval(relation, bounds, triple, status):
    finding = verdict(claim(relation, bounds), evidence(triple))
    assert finding.status is status
    word = {Status.PASSED: "What was checked holds", Status.ISSUE: "Contradicted", Status.CAUTION: "Undecided"}[status]
    assert finding.sentence.startswith(f"{word}: rho {relation if relation != 'equals' else 'of'} ")
    # The words of the claim come last: no check goes as far as they do.
    assert finding.sentence.endswith(" The claim: “what was said” (who said it).")


def test_every_matching_estimate_must_satisfy_the_claim():
    good, unsure, bad = (0.8, 0.6, 0.9), (0.6, 0.4, 0.8), (0.2, 0.0, 0.3)
    assert verdict(claim("above", (0.5,)), evidence(good, good)).status is Status.PASSED
    undecided = verdict(claim("above", (0.5,)), evidence(good, unsure))
    assert undecided.status is Status.CAUTION
    assert "2 of 2 do by the point estimate, 1 once the interval counts" in undecided.sentence
    contradicted = verdict(claim("above", (0.5,)), evidence(good, bad))
    assert contradicted.status is Status.ISSUE
    assert contradicted.sentence.startswith("Contradicted by b1: rho above 0.5 (chat); 1 of 2 do by the point estimate")
    assert [e.name for e in contradicted.estimates] == ["rho:b0", "rho:b1"]


@pytest.mark.parametrize(
    ("share", "status", "words"),
    [
        ((0.5, 1.0), Status.PASSED, "What was checked holds"),
        ((0.0, 0.4), Status.ISSUE, "Contradicted"),
        ((0.8, 1.0), Status.ISSUE, "Contradicted"),
        ((0.6, 0.7), Status.CAUTION, "Undecided once"),
        ((0.74, 0.76), Status.CAUTION, "As published by the point estimate, undecided"),
    ],
)
def test_a_claimed_share_is_bracketed_by_the_intervals(share, status, words):
    # Of four: two surely above .5, one above by point only, one surely not: the share lies in [.5, .75].
    findings = evidence((0.8, 0.6, 0.9), (0.9, 0.7, 1.0), (0.6, 0.4, 0.8), (0.2, 0.0, 0.3))
    finding = verdict(claim("above", (0.5,), share), findings)
    assert (finding.status, words in finding.sentence) == (status, True), finding.sentence
    (estimate,) = finding.estimates
    assert (estimate.value, estimate.low, estimate.high, estimate.n) == (0.75, 0.5, 0.75, 4)


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({"class": "chat"}, 3),
        ({"class": "base"}, 1),
        ({"benchmark": "b0"}, 2),
        ({"benchmark": ["b0", "b2"], "class": "chat"}, 2),
        ({"class": "other"}, 0),
        ({"area": "bias"}, 0),
        ({}, 4),
    ],
)
def test_a_claim_speaks_of_the_subjects_it_names(where, expected):
    triple = (0.8, 0.6, 0.9)
    findings = evidence(triple, triple, triple) + evidence(triple, class_="base")
    (tested,) = claims_tested([claim("above", (0.5,), where=where)], findings)
    assert len(tested.matches) == tested.surely == expected


def test_a_claim_may_speak_of_what_a_finding_says_further():
    finding = replace(evidence((0.8, 0.6, 0.9))[0], result={"area": "bias"})
    made = claim("above", (0.5,), where={"area": ["bias", "ethics"]})
    assert claims_tested([made], [finding])[0].surely == 1


def test_a_claim_about_nothing_present_is_not_assessed():
    finding = verdict(claim("above", (0.5,), where={"class": "none"}), evidence((0.8, 0.6, 0.9)))
    assert finding.status is Status.NOT_APPLICABLE
    assert finding.sentence == (
        "Not assessed: there is no rho that “what was said” (who said it) could rest on; needs a measure that "
        "estimates it."
    )
    share = verdict(claim("above", (0.5,), (0.5, 1.0), {"class": "none"}), evidence((0.8, 0.6, 0.9)))
    assert share.status is Status.NOT_APPLICABLE


def test_an_undefined_estimate_is_no_evidence():
    assert verdict(claim("above", (0.5,)), evidence((None, None, None))).status is Status.NOT_APPLICABLE


def test_an_unknown_relation_is_refused():
    with pytest.raises(InputError, match="one of above, below, inside, equals, got 'near'"):
        claims_tested([claim("near", (0.5,))], evidence((0.8, 0.6, 0.9)))


def test_the_headline_counts_the_outcomes():
    made = [claim("above", (0.5,)), claim("below", (0.5,)), claim("inside", (0.0, 0.7)), claim("above", (0.85,))]
    headline, *each = judge(claims_tested(made, evidence((0.8, 0.75, 0.9))))
    assert [finding.headline for finding in (headline, *each)] == [True, False, False, False, False]
    assert [f.status for f in each] == [Status.PASSED, Status.ISSUE, Status.ISSUE, Status.CAUTION]
    assert headline.status is Status.ISSUE
    assert headline.sentence == (
        "Of 4 published claims, the evidence supports 1 once the intervals count, contradicts 2 and leaves 1 undecided."
    )
    assert headline.short == "1 supported, 2 contradicted, 1 open"
    table = answer(claims_tested(made, evidence((0.8, 0.75, 0.9))), (headline, *each)).tables[0]
    assert [verdict for _, verdict in table.rows] == ["contradicted", "contradicted", "undecided", "supported"]
    absent = claim("above", (0.5,), where={"class": "none"})
    told = judge(claims_tested([*made, absent], evidence((0.8, 0.75, 0.9))))[0].sentence
    assert told == headline.sentence.replace("4 pub", "5 pub").replace(".", "; for 1 there is no evidence.")
    alone, only = judge(claims_tested(made[:1], evidence((0.8, 0.75, 0.9))))
    assert alone.sentence == only.sentence
    assert alone.sentence == (
        "What was checked holds: rho above 0.5 (chat), here 0.80 [0.75, 0.90]. The claim: “what was said” (who said "
        "it)."
    )


@given(st.floats(-1, 1), st.floats(0, 1), st.floats(0, 1), st.floats(-1, 1), st.sampled_from(["above", "below"]))
def test_a_claim_is_never_both_supported_and_contradicted(value, down, up, bound, relation):
    (tested,) = claims_tested([claim(relation, (bound,))], evidence((value, value - down, value + up)))
    assert tested.surely + len(tested.surely_not) <= 1
    if tested.surely:
        assert tested.by_point == 1


def test_claims_of_a_study_are_held_against_its_other_findings(example):
    made = (
        claim("equals", (0.783, 0.0005), where={"class": "base"}, estimate="pc1_share"),
        claim(
            "above",
            (0.5,),
            where={"benchmark": "truthfulqa_mc1", "class": "chat"},
            estimate="capabilities_correlation",
        ),
        claim("above", (0.5,), where={}, estimate="unknown_estimate"),
    )
    study = replace(example, claims=made)
    result = audit(study, [find("V0"), find("V1")], settings={"V1": {"resamples": 100}})
    statuses = [finding.status for finding in result.findings if "claim" in finding.subject]
    assert statuses == [Status.PASSED, Status.PASSED, Status.NOT_APPLICABLE]
    alone = audit(study, [find("V0")])
    assert {f.status for f in alone.findings if "claim" in f.subject} == {Status.NOT_APPLICABLE}


def test_a_study_without_claims_says_so(make_study):
    (finding,) = audit(make_study(12), [find("V0")]).findings
    assert finding.status is Status.NOT_APPLICABLE
    assert "holds no claims" in finding.sentence


def test_published_claims_of_the_example_are_all_assessed(example):
    assert example.claims
    findings = audit(example, settings={"V1": {"resamples": 100}}).findings
    tested = [finding for finding in findings if "claim" in finding.subject]
    assert len(tested) == len(example.claims)
    assert all(f.status in (Status.PASSED, Status.CAUTION, Status.ISSUE) for f in tested)
    assert Status.PASSED in {finding.status for finding in tested}
