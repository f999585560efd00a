"""Saved answers to quizzes, and the tables they come in."""

from __future__ import annotations

import polars as pl
import pytest

from measurand.errors import InputError
from measurand.readers.evidence.quiz import quiz_of
from measurand.tables.quiz import Quiz

ROWS = {"item": ["1", "2"] * 2, "placement": ["none"] * 2 + ["B"] * 2, "answer": ["E", "a", " B.", "I cannot say"]}


def test_answers_are_letters_or_no_option():
    found = Quiz.build(pl.DataFrame(ROWS))
    assert found.frame["answer"].to_list() == ["E", "A", "B", None]
    assert found.notes == ("1 of 4 answers name no option",)


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("It is a story; I choose B", "B"),
        ("a hen lays an egg, so D", "D"),
        ("a hen lays an egg", None),
        ("d'accord, e.g. this one", None),
        ("Answer", None),
        ("(c)", "C"),
        ("c) hens", "C"),
        ("c. Hens", "C"),
        ("My answer is: d", "D"),
        ("Option b.", "B"),
        ("**e**", "E"),
        ("B or a", "B"),
    ],
)
def test_a_small_letter_counts_only_where_it_can_be_nothing_but_an_option(said, answer):
    rows = {"item": ["1", "1"], "placement": ["none", "B"], "answer": [said, "E"]}
    assert Quiz.build(pl.DataFrame(rows)).frame["answer"][0] == answer


@pytest.mark.parametrize("columns", [["Item", "item", "placement", "answer"], ["bdq_results", "BDQ_results", "item"]])
def test_columns_of_one_name_but_for_case_are_refused(columns):
    with pytest.raises(InputError, match="have one name but for case; rename or drop one of them"):
        quiz_of(pl.DataFrame({name: ["1"] for name in columns}))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ({**ROWS, "placement": ["none"] * 2 + ["E"] * 2}, "placement should be one of none, A, B, C, D, got 'E'"),
        ({**ROWS, "item": ["1", "1", "1", "2"]}, "item '1' of 'quiz' is answered more than once"),
        (
            {**ROWS, "item": ["1", "2", "1", "3"]},
            "2 answers without the original and 2 with it in place B; .*'2' is in",
        ),
        ({**ROWS, "placement": ["B", "B", "C", "C"]}, "has no answers without the original"),
        ({**ROWS, "placement": ["none"] * 4, "item": list("1234")}, "has no answers with the original"),
        ({**ROWS, "item": ["1", None, "1", "2"]}, "names no item"),
        ({"item": ["1"], "answer": ["A"]}, "placement not found"),
        ({"item": [], "answer": [], "placement": []}, "no answers"),
    ],
)
def test_what_cannot_be(rows, message):
    with pytest.raises(InputError, match=message):
        Quiz.build(pl.DataFrame(rows))


def test_answer_keys_of_different_lengths_are_counted():
    rows = {"item": ["1", "2", "1"], "placement": ["none", "none", "c"], "answer": ["E", "E", "C"]}
    with pytest.raises(InputError, match="has 2 answers without the original and 1 with it in place C"):
        Quiz.build(pl.DataFrame(rows))


def test_both_forms_of_table_give_the_same_quiz():
    wide = pl.DataFrame({"BDQ_results": ["E", "A"], "bcq_results_for_position_b": ["B", "E"]})
    long = pl.DataFrame({"item": ["1", "2"] * 2, "placement": ["none"] * 2 + ["b"] * 2, "answer": ["E", "A", "B", "E"]})
    assert quiz_of(wide, "x").frame.equals(quiz_of(long, "x").frame)
    with pytest.raises(InputError, match="or bdq_results; found a"):
        quiz_of(pl.DataFrame({"a": [1]}))
