"""P0: what was lost on the way in is told, file by file."""

import re

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import measurand
from measurand.auditing import audit
from measurand.measures.precision.reading import MEASURE, judge, what_was_read
from measurand.report.text import to_text
from measurand.results import Source, Status
from measurand.tables import RESPONSE_COLUMNS, PartRun, Responses, Study, Unread


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
    head = "Read in full, with a fault:" if rows_lost == 0 else "Not read in full:"
    assert finding.sentence == f"{head} ends early. {said}."


def test_files_that_lost_rows_and_files_with_faults_are_counted_apart():
    unread = [Unread("a", "cut", 2), Unread("a", "an odd name", 0), Unread("b", "an odd name", 0), Unread("c", "cut")]
    headline = judge(what_was_read(unread, [source("a", 3)]))[0]
    assert headline.sentence.startswith(
        "2 files could not be read in full: 2 rows known to be missing and 1 part of unknown size."
    )
    assert headline.sentence.endswith("1 file read in full has faults.")


def test_a_loss_that_cost_no_row_is_still_said():
    headline = judge(what_was_read([Unread("a.json", "no model name", 0)], [source("a.json", 4)]))[0]
    assert headline.status is Status.CAUTION
    assert headline.sentence == "1 file read in full has faults."


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
    assert said.startswith("30 files could not be read in full: 30 rows known to be missing.")
    assert re.search(r"0\.eval +1 rows? +nothing of it is left", said)
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


def told(*rows: dict) -> Responses:
    default = {"model": "m", "benchmark": "b", "reading": "acc", "epoch": 1}
    full = [{**default, **row} for row in rows]
    columns = {name: [row.get(name) for row in full] for name in RESPONSE_COLUMNS}
    return Responses(pl.DataFrame(columns, schema=RESPONSE_COLUMNS).lazy())


def judged(responses: Responses, **more):
    return judge(what_was_read((), (), responses), **more)


def test_samples_without_a_score_are_counted_by_what_became_of_them():
    states = [None] * 4 + ["errored"] * 3 + ["refused", None]
    rows = [{"item": str(i), "score": 1.0 if i < 4 else None, "state": state} for i, state in enumerate(states)]
    headline, finding = judged(told(*rows))
    assert headline.sentence == "5 of 9 samples behind 1 score were not scored."
    assert finding.sentence == "5 of 9 samples have no score (3 errored, 1 missing, 1 refused)."
    assert (finding.status, finding.estimate("unscored").value) == (Status.CAUTION, pytest.approx(5 / 9))


def test_nothing_scored_at_all_is_an_issue_and_one_scored_epoch_is_a_score():
    rows = [{"item": "1", "score": None, "grade": "B"}, {"item": "2", "score": None, "grade": "A"}]
    (_, finding) = judged(told(*rows))
    assert finding.status is Status.ISSUE
    assert finding.sentence == "None of the 2 samples has a score (2 ungraded)."
    epochs = [{"item": "1", "epoch": 1, "score": None, "state": "errored"}, {"item": "1", "epoch": 2, "score": 1.0}]
    assert judged(told(*epochs))[1].sentence == "1 of 2 samples has no score (1 errored)."


def test_a_sample_scored_by_one_reading_has_a_score():
    rows = [{"item": "1", "reading": "acc", "score": 1.0}, {"item": "1", "reading": "f1", "score": None}]
    assert [f.status for f in judged(told(*rows))] == [Status.PASSED]


def test_answers_that_were_not_found_are_told_of_the_reading_used_alone():
    rows = [
        {"item": str(i), "reading": f"em,{name}", "score": float(name == "loose"), "state": state}
        for name, state in (("strict", "unparsed"), ("loose", None))
        for i in range(4)
    ]
    assert "In 4 of 4 responses no answer was found; they count as wrong." in [f.sentence for f in judged(told(*rows))]
    loose_first = [*rows[4:], *rows[:4]]
    assert not any("no answer was found" in f.sentence for f in judged(told(*loose_first)))


@pytest.mark.parametrize(("tolerated", "status"), [(0.05, Status.CAUTION), (0.5, Status.PASSED)])
def test_two_filters_of_one_metric_are_a_gap_of_the_parser(tolerated, status):
    rows = [
        {"model": model, "item": str(i), "reading": f"em,{name}", "score": float(i < right)}
        for model, right_by in (("m", {"strict": 2, "loose": 6}), ("n", {"strict": 5, "loose": 6}))
        for name, right in right_by.items()
        for i in range(10)
    ]
    headline, finding = judged(told(*rows), tolerated_gap=tolerated)
    assert (headline.status, finding.status) == (status, status)
    assert finding.result == {"model": "m", "em,strict": 0.2, "em,loose": 0.6}
    if status is Status.CAUTION:
        assert "a gap of 40 points that comes from how answers are read, not from the model" in finding.sentence


def test_two_metrics_of_a_response_are_named_and_no_fault():
    rows = [{"item": "1", "reading": name, "score": score} for name, score in (("acc", 1.0), ("acc_norm", 0.0))]
    headline, finding = judged(told(*rows))
    assert (headline.status, finding.status) == (Status.PASSED, Status.PASSED)
    assert finding.sentence == "Scored by acc (m: 100%); by acc_norm m scores 0%."


@pytest.mark.parametrize(
    ("kinds", "said"),
    [
        (["ConnectionError"] * 18, "18 of 18 runs ended in an error (ConnectionError): run them again."),
        (["started"], "1 of 1 run did not come to an end (started): run it again."),
        (["OSError", "cancelled"], "2 of 2 runs ended in an error (OSError, cancelled): run them again."),
    ],
)
def test_runs_that_broke_off_are_said_first(kinds, said):
    unread = [Unread(f"{i}.eval", "the run ended", 10, kind) for i, kind in enumerate(kinds)]
    headline = judge(what_was_read(unread, [source(f"{i}.eval", 0) for i in range(len(kinds))]))[0]
    assert headline.sentence.startswith(said)


def part(benchmark: str, model: str, items: int, whole: int = 1000) -> PartRun:
    return PartRun(benchmark=benchmark, model=model, items=items, whole=whole)


@pytest.mark.parametrize(
    ("runs", "headline", "sentence"),
    [
        (
            [part("quiz", "m", 20)],
            "1 score comes from a part of the dataset (quiz).",
            "m was run on 20 of the 1,000 items of the dataset.",
        ),
        (
            [part("quiz", "m", 20), part("quiz", "n", 20)],
            "2 scores come from a part of the dataset (quiz).",
            "2 models were run on 20 of the 1,000 items of the dataset.",
        ),
        (
            [part("quiz", "m", 50), part("quiz", "n", 1)],
            "2 scores come from a part of the dataset (quiz).",
            "2 models were run on a part of the dataset; the smallest part is 1 of its 1,000 items (n).",
        ),
    ],
)
def test_a_run_on_a_part_of_the_dataset_is_a_caution_that_says_how_much_was_run(runs, headline, sentence):
    first, *rest = judge(what_was_read((), [source("a.eval", 20)], part_runs=runs))
    assert (first.status, first.sentence) == (Status.CAUTION, headline)
    assert [(each.status, each.sentence, each.subject) for each in rest] == [
        (Status.CAUTION, sentence, {"benchmark": "quiz"})
    ]
    assert rest[0].estimate("share_run").value == min(run.items for run in runs) / 1000


def test_parts_of_many_datasets_are_counted_and_losses_are_said_before():
    runs = [part(f"b{place}", "m", 20) for place in range(5)]
    headline, loss, *parts = judge(what_was_read([Unread("a", "cut", 1)], [source("a", 3)], part_runs=runs))
    assert headline.sentence.endswith("5 scores come from a part of the dataset (5 benchmarks).")
    assert headline.short == "some of it could not be read"
    assert loss.subject == {"file": "a"}
    assert [each.subject["benchmark"] for each in parts] == [f"b{place}" for place in range(5)]


@given(
    st.lists(
        st.tuples(st.sampled_from("mn"), st.sampled_from("12"), st.sampled_from([0.0, 1.0, None]), st.integers(1, 2)),
        min_size=1,
        max_size=20,
        unique_by=lambda row: (row[0], row[1], row[3]),
    )
)
def test_every_sample_is_scored_or_counted(rows):
    found = what_was_read((), (), told(*({"model": m, "item": i, "score": s, "epoch": e} for m, i, s, e in rows)))
    expected = {model: sum(s is None for m, _, s, _ in rows if m == model) for model, *_ in rows}
    assert {each.model: each.scoreless for each in found.unscored} == {m: n for m, n in expected.items() if n}
    assert all(each.samples == sum(m == each.model for m, *_ in rows) for each in found.unscored)
