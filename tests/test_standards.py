"""Criteria of reporting standards: each answer held against one made by hand."""

from __future__ import annotations

import json
from dataclasses import replace

import polars as pl
import pytest
from typer.testing import CliRunner

import measurand
from measurand.cli import app
from measurand.errors import UnknownName
from measurand.measures import discover
from measurand.readers.evidence.claim_card import worked_claim_cards
from measurand.results import Audit, Finding, Provenance, Status
from measurand.standards import BEARING, FACTS, Reply, answer, answered, standard, standards

YES, NO, UNKNOWN = Reply.YES, Reply.NO, Reply.UNKNOWN


def asked(name, path, *more):
    words = ["claim", "--standard", name, "--json", "--evidence", str(path), *map(str, more)]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


# Answered by hand from what lies in each folder. Of a criterion that is not listed nothing there speaks: no card, no
# texts of a use, no log-probabilities, quiz answers or corpus, no kinds of failures, no noised or further trained
# copies, one wording of each item, and no report or documentation.
SIZE, SIGNIFICANCE, POWER = (
    "Samples are large enough",
    "The significance of differences is measured",
    "Statistical power is measured",
)
SAME, LABELS, KEPT_OUT = (
    "The same evaluation, run again, gives the same results",
    "Labels do not depend on who gives them",
    "Test items stay out of the training data",
)
DECEIVES, ELICITED = "The model does not deceive, as by holding back", "Little ability is left unelicited"
COMPARED, UNCERTAINTY = (
    "Models are compared with statistical methods",
    "Results of at least one model come with their uncertainty",
)
GRADED = "Grading is automatic and validated"
BY_HAND = {
    "inspect": {
        # Runs of several models on the same questions: differences have intervals, and so has what items can find.
        SIGNIFICANCE: YES,
        POWER: YES,
        COMPARED: YES,
        UNCERTAINTY: YES,
        # tiny_mcq was run three times by one model and twice by another, and almost half of the items change.
        SAME: NO,
        # Scores rest on 1 to 20 items: wide intervals, but the code names no size that would be enough.
        SIZE: UNKNOWN,
        # Two models score above chance: they do not show that they hold back, which is not to show that they do not.
        DECEIVES: UNKNOWN,
        ELICITED: UNKNOWN,
        KEPT_OUT: UNKNOWN,
        # One grader per run.
        LABELS: UNKNOWN,
        GRADED: UNKNOWN,
    },
    "judges": {
        # Two models' answers to the same questions.
        SIGNIFICANCE: YES,
        POWER: YES,
        COMPARED: YES,
        UNCERTAINTY: YES,
        # A person and two automatic graders give almost none of 200 answers the same score.
        LABELS: NO,
        GRADED: NO,
        # Scores on a scale of points, of which nobody said how close is close enough; each answer was given once.
        SIZE: UNKNOWN,
        SAME: UNKNOWN,
        KEPT_OUT: UNKNOWN,
    },
    "lm_eval": {
        # Samples of one model per task: intervals and power, but no second model to compare with.
        POWER: YES,
        UNCERTAINTY: YES,
        SIGNIFICANCE: UNKNOWN,
        COMPARED: UNKNOWN,
        # No score is known to within 5 points.
        SIZE: UNKNOWN,
        SAME: UNKNOWN,
        LABELS: UNKNOWN,
        GRADED: UNKNOWN,
        DECEIVES: UNKNOWN,
    },
    "pythia_lm_eval": {
        # Aggregates of 29 checkpoints without a sample. Each score has its standard error, nothing can be compared item
        # by item, and whether benchmarks only track capability is asked and left open.
        UNCERTAINTY: YES,
        POWER: UNKNOWN,
        COMPARED: UNKNOWN,
        SIZE: UNKNOWN,
    },
}


@pytest.mark.parametrize("folder", BY_HAND)
def test_answers_from_logs_are_those_made_by_hand(shared, folder):
    expected = BY_HAND[folder]
    texts = {criterion.text for each in standards() for criterion in each.criteria}
    assert set(expected) <= texts
    for each in standards():
        for found in asked(each.name, shared / "data/harness_logs" / folder):
            text = found["criterion"]["text"]
            assert found["reply"] == expected.get(text, UNKNOWN).value, (each.name, text, found["basis"])
            if found["reply"] == UNKNOWN.value and not found["short"]:
                assert found["basis"].startswith("it would take ")


@pytest.mark.parametrize(
    ("example", "reply", "basis"),
    [
        ("frontier_2026", YES, "157 of the scores come with a standard error."),
        ("safetywashing_2024", UNKNOWN, "it would take standard errors, or item-level results"),
    ],
)
def test_standard_errors_that_scores_come_with_are_their_uncertainty(example, reply, basis):
    study = measurand.load_example(example)
    every = answered(standard("betterbench"), study, measurand.audit(study, ["P1"]))
    found = next(each for each in every if each.criterion.text == UNCERTAINTY)
    assert (found.reply, found.basis) == (reply, basis)


@pytest.fixture(scope="module")
def of_2024():
    """The embedded study with each worked card: what it rests on was audited."""
    study = measurand.load_example()
    cards = {card.name: card for card in worked_claim_cards()}
    return study, cards


@pytest.mark.parametrize(
    ("name", "eighth"),
    # As the worked cards' own comments say: contradicted is against it, and support for one estimate does not argue
    # that the score stands for what it is to measure.
    [("WMDP inverse", UNKNOWN), ("MC1 apart", NO), ("calibration apart", UNKNOWN), ("never entangled", UNKNOWN)],
)
def test_a_claim_card_says_what_is_measured_and_is_held_against_the_evidence(of_2024, name, eighth):
    study, cards = of_2024
    whole = replace(study, claim_cards=(cards[name],), claims=None)
    audit = measurand.audit(whole, ["V0", "V1"], resamples=200)
    found = answered(standard("construct-validity"), whole, audit)
    assert found[0].reply is YES
    assert cards[name].construct in found[0].basis
    # Benchmarks of this study rise with capability: their scores measure something besides.
    assert found[1].reply is NO
    assert found[1].basis.startswith("V1: ")
    assert found[7].reply is eighth


def finding(status, code="G1", subject=(), **more):
    return Finding(subject=dict(subject), title="t", status=status, sentence=f"{status}.", code=code, **more)


def replies(name, *findings):
    """Answers of a standard to these findings, by the text of the criterion."""
    found = answered(standard(name), measurand.Study(title="t"), of_findings(*findings))
    return {each.criterion.text: each.reply for each in found}


def of_findings(*findings):
    nowhere = Provenance("t", (), (), {})
    return Audit(findings=findings, figures={}, provenance=nowhere, settings={}, seed=0)


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
    rows = [finding(status) for status in statuses]
    assert replies("eu-code-of-practice", *rows)[KEPT_OUT] is reply
    # A headline that counts rows is no further verdict.
    if statuses and reply is not UNKNOWN:
        top = finding(Status.ISSUE, headline=True)
        assert replies("eu-code-of-practice", top, *rows)[KEPT_OUT] is reply


def test_a_measure_that_has_one_verdict_counts_beside_one_that_has_rows():
    rows = [finding(Status.PASSED, "G2", {"benchmark": "b"})]
    assert replies("eu-code-of-practice", finding(Status.ISSUE, "G4", headline=True), *rows)[KEPT_OUT] is NO
    assert replies("eu-code-of-practice", finding(Status.ISSUE, "G2", headline=True), *rows)[KEPT_OUT] is YES


@pytest.mark.parametrize(("status", "reply"), [(Status.ISSUE, NO), (Status.CAUTION, UNKNOWN), (Status.PASSED, UNKNOWN)])
def test_what_can_only_speak_against_a_criterion_does_not_meet_it(status, reply):
    # Logs that show no holding back, and a score that no cue changes, are no proof that a model hides nothing.
    assert replies("eu-code-of-practice", finding(status, "G8"), finding(status, "G11"))[DECEIVES] is reply
    # A score apart from capability may still measure other things besides.
    only = "The score measures that, and nothing besides"
    assert replies("construct-validity", finding(status, "V1"))[only] is reply
    # Nor is a clean sweep of noise, or ability that was lost, whichever way it goes.
    assert replies("eu-code-of-practice", finding(Status.PASSED, "G7"), finding(status, "G11"))[DECEIVES] is reply
    assert replies("eu-code-of-practice", finding(status, "G10"), finding(status, "G12"))[DECEIVES] is UNKNOWN


def test_only_findings_that_bear_on_a_criterion_count():
    used = "The items represent the task"
    varied = finding(Status.PASSED, "V11", {"benchmark": "b"})
    reach = finding(Status.PASSED, "V11", {"benchmark": "b", "reference": "chats"})
    assert replies("construct-validity", varied)[used] is UNKNOWN
    assert replies("construct-validity", varied, reach)[used] is YES
    for source, reply in (("pool", UNKNOWN), ("items", UNKNOWN), ("corpus", YES)):
        row = finding(Status.PASSED, "G6", result={"against": source})
        assert replies("eu-code-of-practice", row)[KEPT_OUT] is reply


def test_what_was_done_is_named_and_not_what_it_found():
    audit = of_findings(finding(Status.CAUTION, "P3", short="too few"))
    every = answered(standard("eu-code-of-practice"), measurand.Study(title="t"), audit)
    found = next(each for each in every if each.criterion.text == POWER)
    assert (found.reply, found.short, found.basis) == (YES, "P3: t", "P3: caution.")


def test_every_criterion_is_asked_of_measures_and_fields_that_are_there():
    codes = {measure.code for measure in discover()}
    for each in standards():
        assert set(each.measures) <= codes
        for criterion in each.criteria:
            assert criterion.rule in ("stated", "verdict", "done", "outside")
            assert bool(criterion.measures or criterion.against) == (criterion.rule in ("verdict", "done"))
            assert not criterion.against or criterion.rule == "verdict"
            assert bool(criterion.field) == (criterion.rule == "stated")
            assert criterion.fact in ("", *FACTS)
            assert criterion.wanting


def test_findings_that_are_told_apart_are_made_as_they_are_told():
    """By `BEARING`: where a search looked, and that a reach has a reference."""
    texts = [f"item {place} asks about subject number {place} and about what follows" for place in range(40)]
    frame = pl.DataFrame({"benchmark": "b", "item": [str(place) for place in range(40)], "text": texts})
    audit = measurand.audit(measurand.Study.of(measurand.Texts.build(frame)), ["V11"])
    assert audit.findings
    assert not any(BEARING["V11"](each) for each in audit.findings)


def test_a_name_that_is_none_is_said_with_the_near_one():
    with pytest.raises(UnknownName, match="did you mean 'construct-validity'"):
        standard("construct-validty")


@pytest.mark.parametrize("name", [each.name for each in standards()])
def test_the_table_fits_a_screen(shared, name):
    words = ["claim", "--standard", name, "--evidence", str(shared / "data/harness_logs/inspect")]
    result = CliRunner().invoke(app, words, env={"COLUMNS": "60"})  # a narrow one, where rows fold
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert len(lines) <= 25
    assert lines[0].startswith(standard(name).title[:40])
    assert lines[-1] == "Everything: --all."
    whole = CliRunner().invoke(app, [*words, "--all"], env={"COLUMNS": "200"}).stdout
    assert all(criterion.text in whole for criterion in standard(name).criteria)


def test_the_answers_are_written_beside_the_audit_they_rest_on(shared, tmp_path):
    words = ["claim", "--standard", "betterbench", "--evidence", str(shared / "data/harness_logs/judges")]
    result = CliRunner().invoke(app, [*words, "--markdown", "-o", str(tmp_path), "--fail-on", "issue"])
    assert result.exit_code == 1  # graders disagree
    written = {path.name for path in tmp_path.iterdir()}
    assert written == {"audit.html", "audit.json", "standard.json", "standard.md"}
    text = (tmp_path / "standard.md").read_text(encoding="utf-8")
    assert text.strip() == result.stdout.strip()
    assert text.count("\n| D") == 34  # D1 to D14, Do1 to Do20
    assert "| D13 | Grading is automatic and validated | no | P12: " in text
    data = json.loads((tmp_path / "standard.json").read_text(encoding="utf-8"))
    assert len(data) == 47


def test_a_standard_has_no_latex():
    result = CliRunner().invoke(app, ["claim", "--standard", "betterbench", "--latex"])
    assert "not with --latex" in str(result.exception)


def test_the_answer_counts_every_reply():
    chosen = standard("construct-validity")
    study = measurand.load_example()
    found = answered(chosen, study, measurand.audit(study, ["V1"], resamples=100))
    short = answer(chosen, found)
    assert "0 “yes, here”, 1 “no”, 7 “the evidence cannot say”" in short.sentence
    assert [row[2] for row in short.tables[0].rows] == ["no"]
    assert "Not shown: 7" in short.notes[0]
    assert "it would take" in str(answer(chosen, found, everything=True).tables[0].rows)
