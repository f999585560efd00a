"""Texts of items."""

from __future__ import annotations

import unicodedata
from collections import Counter

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from measurand.errors import InputError, UnknownName
from measurand.tables.texts import Texts, script


def test_items_without_a_name_are_called_by_their_row_and_empty_texts_are_left_out_with_a_note():
    texts = Texts.build(pl.DataFrame({"text": ["one", None, "  ", "four"], "benchmark": ["a", "a", "a", "b"]}))
    assert texts.frame.rows() == [("a", "1", "one", None), ("b", "4", "four", None)]
    assert texts.notes == ("2 items without text left out (first: 2)",)
    assert texts.benchmarks == ("a", "b")
    assert texts.of("b") == ["four"]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"question": ["x"]}, "should have a column text; found question"),
        ({"text": ["", None]}, "every text is empty \\(2 rows\\)"),
        ({"text": [1, 2]}, "should be text, got a column of Int64"),
        ({"text": ["a", "b"], "item": ["7", "7"]}, "item '7' of 'items' has 2 texts"),
    ],
)
def test_what_is_no_table_of_texts(columns, message):
    with pytest.raises(InputError, match=message):
        Texts.build(pl.DataFrame(columns))


@pytest.mark.parametrize(
    ("text", "name"),
    [("Wie viele?", "Latin"), ("多少只鸡", "Han"), ("ニワトリ", "Han"), ("कितनी", "Devanagari"), ("5 + 6 = ?", None)],
)
def test_the_script_of_a_text(text, name):
    assert script([text]) == name


def test_texts_go_together_by_the_column_named_or_one_that_says_so():
    frame = pl.DataFrame({"text": list("abcd"), "Passage": ["p", "p", "q", "q"], "id": list("1234")})
    found = Texts.build(frame)
    assert found.groups("items").tolist() == [0, 0, 1, 1]
    assert found.notes == ("texts with equal 'Passage' are one group",)
    assert Texts.build(frame, cluster="none").groups("items").tolist() == [0, 1, 2, 3]
    assert Texts.build(frame.rename({"Passage": "kind"})).groups("items") is None
    assert Texts.build(frame.rename({"Passage": "kind"}), cluster="KIND").groups("items").tolist() == [0, 0, 1, 1]
    # Of a name that is likely, but with a value of its own for each text, it groups nothing.
    assert Texts.build(frame.with_columns(Passage=pl.Series(list("wxyz")))).groups("items") is None
    assert Texts.build(frame.with_columns(cluster=pl.Series(list("wxyz")))).groups("items").tolist() == [0, 1, 2, 3]
    with pytest.raises(UnknownName, match="no column of groups named 'pasage'; did you mean 'Passage'"):
        Texts.build(frame, cluster="pasage")


def test_a_text_without_a_group_is_one_by_itself_and_groups_are_those_of_a_benchmark():
    rows = [("a", "x", "p"), ("a", "y", None), ("a", "z", "p"), ("b", "x", None)]
    frame = pl.DataFrame(rows, schema=["benchmark", "item", "cluster"], orient="row").with_columns(text=pl.lit("t"))
    texts = Texts.build(frame)
    assert texts.groups("a").tolist() == [0, 1, 0]
    assert texts.groups("b") is None
    assert Texts.build(texts.frame, texts.notes).frame.equals(texts.frame)


@given(st.lists(st.text("aZéжЯאع中あア한Ａ1 .²", max_size=30), max_size=5))
def test_the_script_is_that_of_most_letters_counted_one_by_one(texts):
    others = {"CJK": "Han", "HIRAGANA": "Han", "KATAKANA": "Han", "FULLWIDTH": "Latin"}
    names = [unicodedata.name(letter).split()[0] for text in texts for letter in text if letter.isalpha()]
    counts = Counter(others.get(name, name.title()) for name in names)
    found = script(texts)
    assert (found is None) == (not counts)
    assert found is None or counts[found] == max(counts.values())
