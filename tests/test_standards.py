"""Criteria of reporting standards: each answer held against one made by hand."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from typer.testing import CliRunner

import measurand
from measurand.cli import app
from measurand.errors import UnknownName
from measurand.measures import discover
from measurand.readers.evidence.claim_card import worked_claim_cards
from measurand.results import Finding, Status
from measurand.standards import Reply, answer, answered, standard, standards

YES, NO, UNKNOWN = Reply.YES, Reply.NO, Reply.UNKNOWN


def asked(path, *more):
    words = ["claim", "--standard", "construct-validity", "--json", "--evidence", str(path), *map(str, more)]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


# Answered by hand, from what lies in each folder:
# inspect: a few small runs of several models on the same questions, so models are compared (6). No card, no item texts
#   of a use (3), no log-probabilities, canaries or fresh items (5), no kinds of failures (7), one wording each (2).
# pythia_lm_eval: aggregates of 16 models without a sample: nothing to compare item by item (6); entanglement is asked
#   and left open (2).
# judges: two models' answers to the same questions, graded by several judges: compared (6); grades are no analysis of
#   errors (7).
BY_HAND = {
    "inspect": [UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, YES, UNKNOWN, UNKNOWN],
    "pythia_lm_eval": [UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN],
    "judges": [UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, YES, UNKNOWN, UNKNOWN],
}


@pytest.mark.parametrize("folder", BY_HAND)
def test_answers_from_logs_are_those_made_by_hand(shared, folder):
    found = asked(shared / "data/harness_logs" / folder)
    assert [each["reply"] for each in found] == [reply.value for reply in BY_HAND[folder]]
    for each in found:
        if each["reply"] == UNKNOWN.value and not each["short"]:
            assert each["basis"].startswith("it would take ")


@pytest.fixture(scope="module")
def of_2024():
    """The embedded study with each worked card: what it rests on was audited."""
    study = measurand.load_example()
    cards = {card.name: card for card in worked_claim_cards()}
    return study, cards


@pytest.mark.parametrize(
    ("name", "eighth"),
    # As the worked cards' own comments say.
    [("WMDP inverse", YES), ("MC1 apart", NO), ("calibration apart", UNKNOWN), ("never entangled", UNKNOWN)],
)
def test_a_claim_card_says_what_is_measured_and_is_held_against_the_evidence(of_2024, name, eighth):
    study, cards = of_2024
    whole = replace(study, claim_cards=(cards[name],), claims=None)
    audit = measurand.audit(whole, ["V0", "V1"], resamples=200)
    found = answered(standard("construct-validity"), audit, [cards[name]])
    assert found[0].reply is YES
    assert cards[name].construct in found[0].basis
    # Benchmarks of this study rise with capability: their scores measure something besides.
    assert found[1].reply is NO
    assert found[1].basis.startswith("V1: ")
    assert found[7].reply is eighth


def finding(status, **more):
    return Finding(subject={}, title="t", status=status, sentence=f"{status}.", code="G3", **more)


@pytest.mark.parametrize(
    ("statuses", "reply"),
    [
        ([], UNKNOWN),
        ([Status.NOT_APPLICABLE, Status.SKIPPED, Status.ERROR], UNKNOWN),
        ([Status.PASSED, Status.NOT_APPLICABLE], YES),
        ([Status.PASSED, Status.CAUTION], UNKNOWN),
        ([Status.PASSED, Status.CAUTION, Status.ISSUE], NO),
    ],
)
def test_verdicts_against_come_first_and_open_ones_next(statuses, reply):
    audit = replace(
        measurand.audit(measurand.load_example(), ["V10"]), findings=tuple(finding(status) for status in statuses)
    )
    found = answered(standard("construct-validity"), audit)
    assert found[4].reply is reply
    # A headline that counts rows is no further verdict.
    top = replace(audit, findings=(finding(Status.ISSUE, headline=True), *audit.findings))
    if statuses and reply is not UNKNOWN:
        assert answered(standard("construct-validity"), top)[4].reply is reply


def test_every_criterion_is_asked_of_measures_and_fields_that_are_there():
    codes = {measure.code for measure in discover()}
    for each in standards():
        assert set(each.measures) <= codes
        for criterion in each.criteria:
            assert criterion.rule in ("stated", "verdict", "done", "outside")
            assert bool(criterion.measures) == (criterion.rule in ("verdict", "done"))
            assert criterion.wanting


def test_a_name_that_is_none_is_said_with_the_near_one():
    with pytest.raises(UnknownName, match="did you mean 'construct-validity'"):
        standard("construct-validty")


def test_the_table_fits_a_screen(shared):
    result = CliRunner().invoke(
        app,
        ["claim", "--standard", "construct-validity", "--evidence", str(shared / "data/harness_logs/inspect")],
        env={"COLUMNS": "80"},
    )
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert len(lines) <= 25
    assert lines[0].startswith("Construct validity checklist (Bean et al. 2025), 8 criteria: 1 “yes, here”")


def test_the_answer_counts_every_reply():
    chosen = standard("construct-validity")
    found = answered(chosen, measurand.audit(measurand.load_example(), ["V1"], resamples=100))
    assert "0 “yes, here”, 1 “no”, 7 “the evidence cannot say”" in answer(chosen, found).sentence
    assert "it would take" in str(answer(chosen, found, everything=True).tables[0].rows)
