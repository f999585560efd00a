"""Tables of items: recognised by their columns, read without losing a row unsaid."""

from __future__ import annotations

import csv
import json

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import measurand
from measurand.errors import InputError, NotApplicable
from measurand.measures.precision.reruns import reruns
from measurand.readers.logs import find_logs
from measurand.readers.tables.frames import frame_table
from measurand.readers.tables.item_rows import is_items, logs_of, read, recognise
from measurand.tables import Responses, item_tables

LONG = """model,task,item,score,passage,answer,epoch
m1,law,q1,1,a,B,1
m1,law,q2,0,a,C,1
m1,law,q2,true,b,C,2
m2,law,q1,0.5,a,,1
m2,law,q3,oops,b,,1
,law,q3,1,b,,1
"""


@pytest.fixture
def long(tmp_path):
    path = tmp_path / "answers.csv"
    path.write_text(LONG, encoding="utf-8")
    return path


def test_one_row_an_answer(long):
    nameless, first, second = read(long)
    assert nameless.problems[0].reason == "rows that name no model or no item (first: line 7)"
    assert (first.model, first.task, first.harness) == ("m1", "law", "items")
    assert first.items.select("item", "epoch", "score", "answer").rows() == [
        ("q1", 1, 1.0, "B"),
        ("q2", 1, 0.0, "C"),
        ("q2", 2, 1.0, "C"),
    ]
    assert json.loads(first.items["metadata"][0]) == {"passage": "a"}
    # The row stays, without a score: it is a part of what was run.
    assert (second.problems[0].reason, second.problems[0].rows_lost) == ("1 cell is no score (first: line 6)", 0)
    assert second.items.select("item", "score").rows()[-1] == ("q3", None)
    assert second.items["score"].to_list() == [0.5, None]


@pytest.mark.parametrize(
    ("column", "cells", "count"),
    [
        ("error", ["", "timeout", "None", "sandbox gone", "False"], 2),
        ("Exception", ["OSError('x')", "", "", "", ""], 1),
        ("error", ["0.1", "0", "2", "", "7"], 0),  # the size of an error
        ("note", ["timeout", "", "", "", ""], 0),
    ],
)
def test_rows_with_an_error_and_a_score_are_counted(tmp_path, column, cells, count):
    path = tmp_path / "a.csv"
    rows = "".join(f"m,q{place},{place % 2},{cell}\n" for place, cell in enumerate(cells))
    path.write_text(f"model,item,score,{column}\n{rows}m,q9,,timeout\n", encoding="utf-8")
    (log,) = read(path)
    assert log.items["score"].count() == 5
    was = "was" if count == 1 else "were"
    said = f"{count} of 6 samples ended in an error and {was} scored all the same"
    assert [problem.reason for problem in log.problems] == ([said] if count else [])


def test_every_row_is_read_or_counted(long):
    logs = read(long)
    lost = sum(problem.rows_lost for log in logs for problem in log.problems)
    assert sum(log.items.height for log in logs) + lost == 6


@pytest.mark.parametrize("name", ["null", "NULL", "NA", "none", "n/a", "-"])
def test_words_for_nothing_are_names_of_models_items_and_benchmarks(tmp_path, name):
    path = tmp_path / "a.csv"
    path.write_text(f"model,task,item,score\n{name},{name},{name},1\n{name},{name},q,0\nm,b,q,1\n", encoding="utf-8")
    first, second = read(path)
    assert (first.model, first.task, first.items["item"].to_list()) == (name, name, [name, "q"])
    assert (second.model, second.problems) == ("m", ())


@pytest.mark.parametrize("cell", ["", " ", "NaN", "<NA>", "#N/A"])
def test_what_frames_and_spreadsheets_leave_where_there_is_nothing_is_no_name(tmp_path, cell):
    path = tmp_path / "a.csv"
    path.write_text(f"model,item,score\n{cell},q,1\nm,{cell},0\nm,q,1\n", encoding="utf-8")
    nameless, named = read(path)
    assert [problem.rows_lost for problem in nameless.problems] == [2]
    assert (named.model, named.items.height) == ("m", 1)


def test_one_column_a_model(tmp_path):
    path = tmp_path / "quiz.tsv"
    path.write_text("question_id\tsubject\tgpt\tclaude\n1\tlaw\t1\t0\n2\tart\t0\t\n", encoding="utf-8")
    gpt, claude = read(path)
    assert (gpt.model, gpt.task, gpt.items["score"].to_list()) == ("gpt", "quiz", [1.0, 0.0])
    assert (claude.items["item"].to_list(), claude.items["score"].to_list()) == (["1"], [0.0])
    assert json.loads(gpt.items["metadata"][1]) == {"subject": "art"}


def test_repeats_without_an_epoch_are_numbered():
    frame = pl.DataFrame({"model": ["m"] * 3, "item": ["1", "1", "2"], "score": [1, 0, 1]})
    (log,) = logs_of(frame_table(frame, "runs"))
    assert log.items["epoch"].to_list() == [1, 2, 1]


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (["model", "item", "score"], True),
        (["Model", "Item ID", "is_correct", "benchmark"], True),
        (["item", "gpt-4", "claude"], True),
        (["model", "benchmark", "score"], False),
        (["model", "mmlu", "gsm8k"], False),
        (["question_id", "model_a", "model_b", "winner"], False),
        (["item", "model", "text"], False),
        ([], False),
    ],
)
def test_columns_tell_whether_rows_are_items(columns, expected):
    assert is_items(columns) is expected


def test_every_format_is_recognised_and_read_alike(tmp_path):
    frame = pl.DataFrame({"model": ["m", "m"], "item": ["1", "2"], "score": [1.0, 0.0]})
    frame.write_csv(tmp_path / "a.csv")
    frame.write_csv(tmp_path / "b.tsv", separator="\t")
    frame.write_parquet(tmp_path / "c.parquet")
    frame.write_ndjson(tmp_path / "d.jsonl")
    found = find_logs(tmp_path)
    assert [(log.reader, log.path.name) for log in found] == [
        ("items", n) for n in ("a.csv", "b.tsv", "c.parquet", "d.jsonl")
    ]
    for log in found:
        assert read(log.path)[0].items.select("item", "score").rows() == [("1", 1.0), ("2", 0.0)]


def test_a_study_of_items_has_scores_standard_errors_and_the_cluster(tmp_path):
    rng = np.random.default_rng(0)
    with open(tmp_path / "quiz.csv", "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["model", "item", "score", "cluster"])
        rows.writerows([m, i, int(rng.random() < 0.6), i // 5] for m in ("a", "b") for i in range(50))
    study = measurand.read(tmp_path / "quiz.csv")
    assert study.responses.cluster_keys() == ("cluster",)
    assert study.scores.table.select("model", "benchmark", "n_items").rows() == [("a", "quiz", 50), ("b", "quiz", 50)]
    assert study.scores.table["stderr"].null_count() == 0
    (table,) = item_tables(study.responses)
    assert table.scores.shape == (2, 50)


def test_a_frame_of_items_and_a_frame_of_votes():
    items = pl.DataFrame({"model": ["m", "m"], "benchmark": "b", "item": ["1", "2"], "score": [1, 0]})
    votes = pl.DataFrame({"model_a": ["x"], "model_b": ["y"], "winner": ["tie"]})
    study = measurand.read(items, votes)
    assert study.responses.benchmarks() == ("b",)
    assert study.votes.frame.height == 1


def test_a_published_matrix_of_items(shared, tmp_path):
    """22 models x 2,854 items: the scores published beside the matrix."""
    text = (shared / "data/items/chembench/binary_matrix.csv").read_text(encoding="utf-8")
    (tmp_path / "chembench.csv").write_text("item" + text, encoding="utf-8")
    study = measurand.read(tmp_path / "chembench.csv")
    (table,) = item_tables(study.responses)
    assert table.scores.shape == (22, 2854)
    with open(shared / "data/items/chembench/model_score_allcorrect.csv", newline="", encoding="utf-8") as file:
        published = {row[""]: float(row["score"]) for row in csv.DictReader(file)}
    means = dict(zip(table.models, table.scores.mean(axis=1), strict=True))
    near = {name: value for name, value in published.items() if name in means}
    assert len(near) >= 15
    for name, value in near.items():
        assert means[name] == pytest.approx(value, abs=1e-9), name


def test_a_table_that_cannot_be_read_is_a_problem(tmp_path):
    path = tmp_path / "broken.csv"
    path.write_text('model,item,score\nm,1,1\nm,"2,1\n', encoding="utf-8")
    assert recognise(path)
    (log,) = read(path)
    assert "cannot be read as CSV" in log.problems[0].reason
    with pytest.raises(InputError):
        read(tmp_path / "gone.csv")


def test_items_without_any_column_of_scores(tmp_path):
    path = tmp_path / "texts.csv"
    path.write_text("item,text\n1,hello\n", encoding="utf-8")
    (log,) = read(path)
    assert "no column of scores besides 'item'" in log.problems[0].reason


@given(data=st.binary(max_size=200))
def test_no_content_raises(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("fuzz") / "x.csv"
    path.write_bytes(b"model,item,score\n" + data)
    recognise(path)
    assert all(log.items.height or log.problems for log in read(path))


@given(cells=st.lists(st.tuples(*[st.text(st.characters(codec="utf-8"), max_size=6)] * 3), min_size=1, max_size=8))
def test_every_row_of_any_cells_is_read_or_counted(tmp_path_factory, cells):
    path = tmp_path_factory.mktemp("cells") / "x.jsonl"
    rows = [dict(zip(("model", "item", "score"), row, strict=True)) for row in cells]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    logs = read(path)
    lost = [problem.rows_lost for log in logs for problem in log.problems]
    if None not in lost:
        assert sum(log.items.height for log in logs) + sum(lost) == len(rows)


def logs_in(tmp_path, text):
    path = tmp_path / "graded.csv"
    path.write_text(text, encoding="utf-8")
    return read(path)


@pytest.mark.parametrize("words", [("pass", "fail"), ("Y", "N"), ("C", "I"), ("A", "B")])
def test_scores_that_are_words_are_no_numbers_until_it_is_said_which_are_right(tmp_path, words):
    good, bad = words
    rows = "".join(f"m{i % 2},{i},{good if i % 3 else bad}\n" for i in range(12))
    logs = logs_in(tmp_path, "model,item,score\n" + rows)
    assert [log.words for log in logs] == [{None}, {None}]
    assert all(f"{good!r} 4 times" in log.problems[0].reason for log in logs)
    study = measurand.read(tmp_path / "graded.csv")
    assert study.scores is None
    right = measurand.read(tmp_path / "graded.csv", correct=[good.lower()])
    assert right.scores.table["score"].to_list() == [pytest.approx(2 / 3)] * 2
    assert right.unread == ()


def test_a_word_among_numbers_says_why_there_is_no_score(tmp_path):
    cells = ["1", "0", "1", "refused", "ERROR", "timeout", "what", ""]
    (log,) = logs_in(tmp_path, "model,item,score\n" + "".join(f"m,{i},{cell}\n" for i, cell in enumerate(cells)))
    assert log.words == frozenset()
    assert log.items["state"].to_list() == [None] * 3 + ["refused", "errored", "errored", None, None]
    assert log.items["score"].to_list() == [1.0, 0.0, 1.0] + [None] * 5
    study = measurand.read(tmp_path / "graded.csv")
    (said,) = [f.sentence for f in measurand.audit(study, ["P1"]).findings if not f.headline]
    assert "5 of 8 items have no score (2 errored, 2 missing and 1 refused)" in said
    assert "so of all 8 items it lies between 25% and 87.5%" in said


def test_a_column_with_a_few_bad_cells_is_still_a_model(tmp_path):
    logs = logs_in(tmp_path, "item,m1,m2,question\n1,1,0,why\n2,0,n.d.,how\n3,1,1,who\n")
    assert [(log.model, log.items["score"].to_list()) for log in logs] == [("m1", [1, 0, 1]), ("m2", [0, None, 1])]


@pytest.mark.parametrize("column", ["reasoning_effort", "Reasoning Effort", "temperature", "shots"])
def test_columns_of_settings_set_runs_apart(tmp_path, column):
    text = f"model,item,score,{column}\n" + "".join(f"m,{i % 2},{i // 2},{1 + i // 2}\n" for i in range(4))
    logs = logs_in(tmp_path, text)
    assert [log.items["score"].to_list() for log in logs] == [[0, 0], [1, 1]]
    study = measurand.read(tmp_path / "graded.csv")
    name = column.lower().replace(" ", "_")
    assert study.scores.table["model"].to_list() == [f"m ({name}=1)", f"m ({name}=2)"]


ROWS = {"model": ["m"] * 20, "benchmark": ["b"] * 20, "item": [str(i) for i in range(20)], "score": [1.0, 0.0] * 10}


def test_the_same_rows_twice_are_no_reruns():
    """Copies agree by construction: counted as reruns, they would make any model look perfectly steady."""
    once = pl.DataFrame(ROWS)
    study = measurand.read(pl.concat([once, once]))
    assert study.responses.frame.collect().height == 20
    (unread,) = study.unread
    assert (unread.reason, unread.rows_lost) == ("rows that are exact copies of others, so no reruns: counted once", 20)
    with pytest.raises(NotApplicable, match="more than once"):
        reruns(study.responses)


@pytest.mark.parametrize("name", ["Unnamed: 0", "Unnamed: 0.1", "__index_level_0__", "id", "row", "X"])
@pytest.mark.parametrize("order", ["up", "from 1", "down"])
@pytest.mark.parametrize("text", [False, True])
def test_the_number_of_a_row_makes_no_rerun_of_a_copy(name, order, text):
    once = pl.DataFrame(ROWS)
    numbers = pl.int_range(40, eager=True)
    numbered = {"up": numbers, "from 1": numbers + 1, "down": numbers.reverse()}[order]
    cells = numbered.cast(pl.String) if text else numbered
    twice = pl.concat([once, once]).with_columns(cells.alias(name))
    study = measurand.read(twice.select(name, *once.columns))
    assert study.responses.frame.collect().height == 20
    assert [unread.rows_lost for unread in study.unread] == [20]
    assert Responses.build(twice).frame.collect().height == 20


@pytest.mark.parametrize(
    "told",
    [
        [1700000000 + 60 * place for place in range(40)],  # a time: seconds since 1970
        [place // 20 for place in range(40)],  # a run
        [f"r{place}" for place in range(40)],  # a response
        [place + place // 20 for place in range(40)],  # a number with a gap
        [None, *range(39)],
        [place / 2 for place in range(40)],
    ],
)
def test_what_else_differs_between_equal_rows_makes_them_reruns(told):
    once = pl.DataFrame(ROWS)
    twice = pl.concat([once, once]).with_columns(told=pl.Series(told))
    assert measurand.read(twice).responses.frame.collect().height == 40
    assert Responses.build(twice).frame.collect().height == 40


def test_what_numbers_the_rows_of_one_item_numbers_its_runs():
    runs = pl.DataFrame({"model": "m", "item": "q", "score": [1.0] * 5, "rollout": range(5)})
    assert measurand.read(runs).responses.frame.collect().height == 5
    assert Responses.build(runs).frame.collect().height == 5


def test_the_number_of_a_row_stays_among_what_is_known_of_it_unless_pandas_wrote_it():
    rows = pl.DataFrame(ROWS)
    numbered = rows.with_row_index("Unnamed: 0").with_row_index("id", offset=5)
    (log, *_) = logs_of(frame_table(numbered, "quiz.csv"))
    assert [json.loads(each)["id"] for each in log.items["metadata"]][:2] == [5, 6]
    assert "Unnamed" not in log.items["metadata"][0]


def test_repeats_of_which_some_differ_are_reruns_all_of_them():
    once = pl.DataFrame(ROWS)
    again = once.with_columns(score=pl.Series([1.0, *ROWS["score"][1:-1], 1.0]))
    study = measurand.read(pl.concat([once, again]))
    assert study.responses.frame.collect().height == 40
    assert reruns(study.responses).each[0].flips.value == pytest.approx(1 / 20)


def test_a_column_that_numbers_the_runs_makes_equal_rows_reruns():
    once = pl.DataFrame(ROWS)
    both = pl.concat([once.with_columns(epoch=pl.lit(1)), once.with_columns(epoch=pl.lit(2))])
    assert reruns(measurand.read(both).responses).each[0].flips.value == 0
    assert Responses.build(pl.concat([once, once])).frame.collect().height == 20
    assert Responses.build(both).frame.collect().height == 40


TASKS = "model,item,score,task\n" + "".join(
    f"{model},{task}-{i},{(task + i) % 2},t{task}\n" for model in "ab" for task in range(6) for i in range(4)
)


def test_a_task_named_as_the_cluster_is_no_benchmark(tmp_path):
    path = tmp_path / "answers.csv"
    path.write_text(TASKS, encoding="utf-8")
    assert measurand.read(path).responses.benchmarks() == tuple(f"t{task}" for task in range(6))
    study = measurand.read(path, cluster="task")
    assert study.responses.benchmarks() == ("answers",)
    (table,) = item_tables(study.responses)
    assert len(np.unique(table.clusters)) == 6


@pytest.mark.parametrize("epoch", ["1e30", "99999999999999999999999", "1.5", "x"])
def test_an_epoch_that_is_none_is_numbered(epoch):
    frame = pl.DataFrame({"model": ["m", "m"], "item": ["1", "2"], "score": [1, 0], "epoch": [epoch, "1"]})
    (log,) = logs_of(frame_table(frame, "runs"))
    assert log.items["epoch"].to_list() == [None, 1]


@pytest.mark.parametrize(
    "header", ["Item,item,model,score", "item,Item,gpt,claude", "model,Model,item,score", "item,score,Score,model"]
)
def test_columns_that_differ_in_case_alone_are_read_or_left_as_metadata(tmp_path, header):
    path = tmp_path / "answers.csv"
    path.write_text(f"{header}\n1,1,1,1\n2,0,1,0\n", encoding="utf-8")
    assert sum(log.items.height for log in read(path)) >= 2


@pytest.mark.parametrize("name", ["model", "item", "score"])
def test_a_column_of_lists_is_no_model_item_or_score(tmp_path, name):
    frame = pl.DataFrame({"model": ["a", "b"], "item": ["1", "1"], "score": [1.0, 0.0]})
    frame.with_columns(pl.concat_list(name)).write_parquet(tmp_path / "t.parquet")
    (log,) = read(tmp_path / "t.parquet")
    assert "a model, an item and a score should be text and numbers; columns: " in log.problems[0].reason
