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

ROW = {"id": "q1", "question": "2 + 2?", "choices": ["5", "four", "3"], "target": "B", "cluster": "sums"}
ITEM = Item("q1", "2 + 2?", ("5", "four", "3"), 1, "sums")


def jsonl(path, *rows):
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return path


def asked(choices, targets):
    return [{**ROW, "id": str(k), "choices": choices, "target": target} for k, target in enumerate(targets)]


def places(tmp_path, choices, targets):
    found = read_item_set(jsonl(tmp_path / "set.jsonl", *asked(choices, targets)))
    return [item.target for item in found.items], found.keys


@pytest.mark.parametrize(
    ("targets", "right", "way"),
    [
        ((0, 1, 2), [0, 1, 2], "place from 0"),
        (("0", "1", "1"), [0, 1, 1], "place from 0"),
        ((0.0, 1.0, 2.0), [0, 1, 2], "place from 0"),
        ((3, 1, 2), [2, 0, 1], "place from 1"),
        (("C", "a", "B"), [2, 0, 1], "letter"),
        (("3", "5", "four"), [2, 0, 1], "text"),
    ],
)
def test_one_way_is_found_over_all_rows(tmp_path, targets, right, way):
    assert places(tmp_path, ["5", "four", "3"], targets) == (right, way)


def test_numbers_among_the_choices_are_told_from_places_by_the_other_rows(tmp_path):
    choices = ["3", "7", "1", "2"]
    # By text the right one of "3" is the first, by place from 0 the last: "7" or "0" says which is meant.
    assert places(tmp_path, choices, ["3", "7"]) == ([0, 1], "text")
    assert places(tmp_path, choices, ["3", "0"]) == ([3, 0], "place from 0")
    assert places(tmp_path, choices, ["3", "4"]) == ([2, 3], "place from 1")


@pytest.mark.parametrize(
    ("choices", "targets", "message"),
    [
        # Row by row each could be read in its own way: in silence the first was a place, the second a text.
        (["3", "7", "1", "2"], ["3"], "two ways: '3' in line 1 is '3' by text, '2' by place from 0"),
        (["5", "four", "3"], [1, 2], "is 'four' by place from 0, '5' by place from 1"),
        (["b", "a", "c"], ["a", "b"], "'a' in line 1 is 'a' by text, 'b' by letter and 'b' in line 2"),
        (["0.5", "2.0", "1.0"], ["1.0", "2.0"], "two ways: 1.0 in line 1|two ways: '1.0' in line 1"),
        # Half by letter, half by place.
        (
            ["x", "y", "z"],
            ["A", "0", "B"],
            "one way, got 'A' .letter. in line 1 and '0' .place from 0.",
        ),
        (["x", "y", "z"], ["x", "C"], "all be given in one way, got '(x|C)'"),
    ],
)
def test_ways_that_are_mixed_or_differ_are_refused_with_two_examples(tmp_path, choices, targets, message):
    with pytest.raises(InputError, match=message):
        places(tmp_path, choices, targets)


def test_ways_that_agree_need_no_choice(tmp_path):
    assert places(tmp_path, ["A", "B", "C"], ["B", "C"])[0] == [1, 2]
    assert places(tmp_path, ["0", "1"], ["0", "1"])[0] == [0, 1]


def test_labels_of_the_choices_are_what_an_answer_means(tmp_path):
    # ARC labels some of its questions A to D and others 1 to 4: the answer "1" is the first there, no place from 0.
    lettered = {"id": "a", "question": "q", "choices": {"text": ["2", "1"], "label": ["A", "B"]}, "answer_key": "B"}
    counted = {"id": "b", "question": "q", "choices": {"text": ["2", "1"], "label": ["1", "2"]}, "answer_key": "1"}
    found = read_item_set(jsonl(tmp_path / "set.jsonl", lettered, counted))
    assert [item.target for item in found.items] == [1, 0]
    assert found.keys == "label"


def test_names_of_published_sets_are_known(tmp_path):
    # As the published sets have them: ARC's choices are an object, MMLU's answer a place, HellaSwag's endings a list.
    arc = {"id": "a", "question": "q", "choices": {"text": ["x", "y"], "label": ["A", "B"]}, "answerKey": "B"}
    mmlu = {"question": "q", "subject": "law", "choices": ["x", "y"], "answer": 1}
    first = {**mmlu, "answer": 0}
    assert read_item_set(jsonl(tmp_path / "arc.jsonl", {**arc, "answer_key": "B"})).items[0].target == 1
    assert read_item_set(jsonl(tmp_path / "mmlu.jsonl", mmlu, first)).items[0] == Item("1", "q", ("x", "y"), 1, "law")


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
        (
            {**ROW, "target": "D"},
            r"line 1, column 'target': .* place \(from 0 to 2, or from 1 to 3\), got 'D'",
        ),
        ({**ROW, "target": None, "x": 1}, "got None"),
        ({**ROW, "target": "AB"}, "got 'AB'"),
        ({**ROW, "target": "²"}, "got '²'"),
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
