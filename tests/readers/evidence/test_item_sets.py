"""Item sets are read from the forms in which users have them."""

from __future__ import annotations

import json

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from measurand.errors import InputError
from measurand.readers.evidence.item_sets import read_item_set
from measurand.tables import Item

ROW = {"id": "q1", "question": "2 + 2?", "choices": ["5", "four", "3"], "target": 1, "cluster": "sums"}
ITEM = Item("q1", "2 + 2?", ("5", "four", "3"), 1, "sums")


def jsonl(path, *rows):
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return path


@pytest.mark.parametrize("target", [1, "1", "B", "b", "four"])
def test_the_right_choice_is_a_place_a_letter_or_a_text(tmp_path, target):
    assert read_item_set(jsonl(tmp_path / "set.jsonl", {**ROW, "target": target})).items == (ITEM,)


def test_choices_that_are_numbers_are_told_from_places(tmp_path):
    row = {**ROW, "choices": ["7", "12", "9"], "target": "12"}
    assert read_item_set(jsonl(tmp_path / "set.jsonl", row)).items[0].target == 1


def test_a_choice_that_reads_as_a_float_is_told_from_a_place_that_does(tmp_path):
    row = {**ROW, "choices": ["0.5", "2.0", "1.0"]}
    for target, place in (("1.0", 2), ("2.0", 1), ("0.0", 0), ("0.5", 0), (1.0, 2)):
        assert read_item_set(jsonl(tmp_path / "set.jsonl", {**row, "target": target})).items[0].target == place


def test_choices_of_one_letter_are_told_by_their_text_before_their_place(tmp_path):
    row = {**ROW, "choices": ["b", "a", "ß"]}
    for target, place in (("a", 1), ("b", 0), ("A", 0), ("C", 2), ("ß", 2)):
        assert read_item_set(jsonl(tmp_path / "set.jsonl", {**row, "target": target})).items[0].target == place


def test_names_of_published_sets_are_known(tmp_path):
    # As the published sets have them: ARC's choices are an object, MMLU's answer a place, HellaSwag's endings a list.
    arc = {"id": "a", "question": "q", "choices": {"text": ["x", "y"], "label": ["A", "B"]}, "answerKey": "B"}
    mmlu = {"question": "q", "subject": "law", "choices": ["x", "y"], "answer": 1}
    assert read_item_set(jsonl(tmp_path / "arc.jsonl", {**arc, "answer_key": "B"})).items[0].target == 1
    assert read_item_set(jsonl(tmp_path / "mmlu.jsonl", mmlu)).items[0] == Item("1", "q", ("x", "y"), 1, "law")


def test_a_column_a_choice_is_read(tmp_path):
    (tmp_path / "set.csv").write_text("question,A,B,C,D,answer\n2 + 2?,3,4,5,6,B\nSay x,x,y,,,A\n", encoding="utf-8")
    found = read_item_set(tmp_path / "set.csv").items
    assert [item.choices for item in found] == [("3", "4", "5", "6"), ("x", "y")]
    assert [item.target for item in found] == [1, 0]


def test_parquet_with_lists_is_read(tmp_path):
    pl.DataFrame([ROW]).write_parquet(tmp_path / "set.parquet")
    assert read_item_set(tmp_path / "set.parquet").items == (ITEM,)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({**ROW, "target": "D"}, r"line 1, column 'target': .*place from 0 to 2, letter or text, got 'D'"),
        ({**ROW, "target": None, "x": 1}, "got None"),
        ({**ROW, "target": "²"}, "letter or text, got '²'"),
        ({**ROW, "target": "١"}, "got '١'"),
        ({**ROW, "target": "ß"}, "got 'ß'"),
        ({**ROW, "target": "-1"}, "got '-1'"),
        ({**ROW, "target": "9" * 400}, "got '9999"),
        ({**ROW, "target": 1e300}, r"got 1e\+300"),
        ({**ROW, "target": 2**63}, r"got 9.22"),
        ({**ROW, "choices": "[" * 500 + "]" * 500}, "should be a list of choices"),
        ({**ROW, "choices": "5, 4"}, r"column 'choices': should be a list of choices .* got '5, 4'"),
        ({**ROW, "choices": ["5", "5"]}, "at least two choices, all different"),
        ({**ROW, "question": " "}, "the question is empty"),
        ({"question": "q", "answer": "A"}, "items should have a question, choices"),
    ],
)
def test_rows_that_are_no_item_say_where_and_why(tmp_path, row, message):
    with pytest.raises(InputError, match=message):
        read_item_set(jsonl(tmp_path / "set.jsonl", row))


def test_an_id_that_is_there_twice_is_refused(tmp_path):
    with pytest.raises(InputError, match="set, item 'q1': the id is there more than once"):
        read_item_set(jsonl(tmp_path / "set.jsonl", ROW, ROW))


@given(
    st.dictionaries(st.sampled_from([*ROW, "A", "B"]), st.recursive(st.none() | st.text() | st.integers(), st.lists))
)
def test_any_row_is_an_item_or_refused(tmp_path_factory, row):
    path = jsonl(tmp_path_factory.mktemp("any") / "set.jsonl", row)
    try:
        found = read_item_set(path)
    except InputError:
        return
    assert all(0 <= item.target < len(item.choices) for item in found.items)
