"""P0: what was lost on the way in is told, file by file."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import measurand
from measurand.auditing import audit
from measurand.measures.precision.reading import MEASURE, judge, what_was_read
from measurand.report.text import to_text
from measurand.results import Source, Status
from measurand.tables import Study, Unread


def source(path: str, rows: int) -> Source:
    return Source(path, "0" * 64, "inspect_ai", rows)


def test_nothing_lost_passes_in_one_sentence():
    (finding,) = judge(what_was_read((), [source("a.eval", 10)]))
    assert finding.status is Status.PASSED
    assert finding.sentence == "Every row of the logs was read."
    assert finding.estimate("rows_lost").value == 0


def test_a_study_without_logs_is_not_assessed(make_study):
    (finding,) = audit(make_study(), [MEASURE]).findings
    assert finding.status is Status.NOT_APPLICABLE
    assert "needs logs of a harness" in finding.sentence


def test_the_headline_counts_files_rows_and_losses_of_unknown_size():
    unread = [Unread("a.eval", "cut short", 1000), Unread("a.eval", "not scored", 234), Unread("b.eval", "no log")]
    headline = judge(what_was_read(unread, [source("a.eval", 5), source("b.eval", 0)]))[0]
    assert headline.status is Status.CAUTION
    assert headline.sentence.startswith(
        "2 files could not be read in full: 1,234 rows known to be missing and 1 part of unknown size."
    )
    assert headline.estimate("rows_lost").value == 1234


@pytest.mark.parametrize(
    ("rows_lost", "rows_read", "status", "said"),
    [
        (3, 7, Status.CAUTION, "It gave 7 rows, and 3 rows are missing"),
        (None, 7, Status.CAUTION, "It gave 7 rows; how many are missing is not known"),
        (3, 0, Status.ISSUE, "It gave no item-level row: 3 rows missing, all there were"),
        (None, 0, Status.ISSUE, "It gave no item-level row, and how many it held is not known"),
        (0, 7, Status.CAUTION, "It cost no row"),
        (0, 0, Status.CAUTION, "It cost no row"),
    ],
)
def test_a_file_says_what_it_gave_and_what_is_missing(rows_lost, rows_read, status, said):
    _, finding = judge(what_was_read([Unread("a.eval", "ends early.", rows_lost)], [source("a.eval", rows_read)]))
    assert (finding.status, finding.subject) == (status, {"file": "a.eval"})
    assert finding.sentence == f"Not read in full: ends early. {said}."


def test_a_loss_that_cost_no_row_is_still_said():
    headline = judge(what_was_read([Unread("a.json", "no model name", 0)], [source("a.json", 4)]))[0]
    assert headline.status is Status.CAUTION
    assert "1 file could not be read in full, at the cost of no row" in headline.sentence


def test_losses_of_a_file_for_one_reason_are_one_finding():
    reading = what_was_read([Unread("a", "x", 1), Unread("a", "x", 2), Unread("a", "y", 1), Unread("a", "y")])
    assert [(loss.reason, loss.rows_lost) for loss in reading.losses] == [("x", 3), ("y", None)]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz"), st.none() | st.integers(0, 50))))
def test_no_loss_is_dropped_or_counted_twice(rows):
    reading = what_was_read([Unread(*row) for row in rows])
    fully_known = {
        key for key in {row[:2] for row in rows} if all(row[2] is not None for row in rows if row[:2] == key)
    }
    assert reading.rows_lost == sum(row[2] for row in rows if row[:2] in fully_known)
    assert reading.unknown == len({row[:2] for row in rows}) - len(fully_known)
    assert (judge(reading)[0].status is Status.PASSED) == (not rows)


def test_files_are_details_of_the_report_not_headlines():
    unread = tuple(Unread(f"{i}.eval", "cut short", 1) for i in range(30))
    found = audit(Study(title="logs", unread=unread), [MEASURE])
    said = to_text(found, [MEASURE])
    assert "30 by file" in said
    assert "12.eval" not in said


def test_real_logs_tell_their_losses(shared):
    study = measurand.read(shared / "data/harness_logs/inspect")
    findings = audit(study, [MEASURE]).findings
    lost = {
        finding.subject["file"].rpartition("/")[2]: finding.estimate("rows_lost").value
        for finding in findings
        if "file" in finding.subject
    }
    # Sample counts the logs declare, minus those that are in the files.
    assert lost == {
        "data_cvebench_empty_choices.json": 80 - 1,
        "data_cyse2_vuln_exploit_challenges.json": 2340 - 1,
        "log_tool_call_error.json": 4 - 1,
        # A run without a score beside one that has some.
        "2025-02-11T15-17-00-05-00_popularity_dPiJifoWeEQBrfWsAopzWr.eval": 10,
    }
