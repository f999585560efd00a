"""Cells of items, bounded, and their agreement with aggregates."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from measurand.readers.items import (
    METADATA_TEXT,
    TEXT_LIMIT,
    Rows,
    count,
    disagreements,
    listing,
    mapping,
    means,
    metadata,
    number,
    text,
    value_of,
)
from measurand.readers.log import ITEM_COLUMNS, Aggregate

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_cells_of_any_value_fit_their_columns(value):
    rows = Rows()
    rows.add(answer=text(value), score=number(value), tokens_in=count(value), metadata=metadata(mapping(value)))
    frame = rows.frame()
    assert dict(frame.schema) == ITEM_COLUMNS
    assert frame.height == 1


@given(st.dictionaries(st.text(), JSON, max_size=100))
def test_metadata_holds_short_scalars_alone(given_):
    kept = json.loads(metadata(given_) or "{}")
    assert len(kept) <= 64
    assert all(isinstance(value, (str, bool, int, float)) for value in kept.values())
    assert all(len(value) <= METADATA_TEXT for value in kept.values() if isinstance(value, str))


def test_undecoded_metadata_is_that_of_the_value():
    data = b'{"passage": "p", "list": [1, 2], "n": 3, "deep": {"a": 1}, "none": null, "yes": true}'
    assert metadata(msgspec.Raw(data)) == metadata(json.loads(data)) == '{"passage":"p","n":3,"yes":true}'


def test_texts_are_cut():
    assert len(text("x" * 10**6)) == TEXT_LIMIT
    assert len(text(["x" * 10**6])) == TEXT_LIMIT
    assert metadata({"a": "x" * 10**6}) == json.dumps({"a": "x" * 200}, separators=(",", ":"))


@pytest.mark.parametrize("value", [None, "x", [1], {"a": 1}])
def test_what_is_no_number_is_none(value):
    assert number(value) is None
    assert count(value) is None


def test_members_of_other_types_are_empty():
    assert mapping([1]) == {}
    assert listing({"a": 1}) == []
    assert value_of(None) is None
    assert value_of(msgspec.Raw(b"{")) is None


def test_no_rows_are_a_frame_of_no_rows():
    frame = Rows().frame()
    assert frame.height == 0
    assert dict(frame.schema) == ITEM_COLUMNS


def test_a_mean_needs_every_score():
    rows = Rows()
    for reading, score in [("acc", 1.0), ("acc", 0.0), ("f1", 0.5), ("f1", None), (None, None)]:
        rows.add(reading=reading, score=score)
    assert means(rows.frame()) == {("acc", None): 0.5}


def test_agreement_is_to_nine_digits():
    recomputed = {("acc", "acc"): 0.5}
    assert disagreements([Aggregate(reading="acc", metric="acc", value=0.5 + 1e-10)], recomputed, {}) == []
    assert (
        disagreements([Aggregate(reading="acc", metric="acc", value=0.6)], recomputed, {("acc", "acc"): "rule"}) == []
    )
    assert len(disagreements([Aggregate(reading="acc", metric="acc", value=0.5 + 1e-8)], recomputed, {})) == 1
