"""Variants differ in what they should and in nothing else: the same question, the same options, the same right one."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from measurand.errors import InputError
from measurand.experiments.item_sets import facts, sums
from measurand.experiments.prompts import INSTRUCTIONS, Format, Variant, formats, prompt_of, variants
from measurand.tables import Item

ITEM = Item("1", "What is 2 + 2?", ("4", "5", "6"), 0)


@given(st.sampled_from(list(formats())), st.integers(0, 2))
def test_every_format_holds_the_question_and_every_option_and_marks_the_right_one(layout, turn):
    prompt, marks, options, target = prompt_of(ITEM, Variant("v", layout, "Choose.", turn))
    assert options[target] == "4"
    assert sorted(options) == ["4", "5", "6"]
    assert "What is 2 + 2?" in prompt
    marked = re.findall(r"[(\[]?([A-C1-3])[)\].]+ (\d)", prompt)
    assert dict(marked) == dict(zip(marks, options, strict=True))
    first, last = prompt.splitlines()[0], prompt.rstrip().splitlines()[-2]
    assert (first if layout.place == "before" else last) == "Choose."


def test_names_of_fields_follow_the_case():
    for case, word in (("title", "Question"), ("lower", "question"), ("upper", "QUESTION")):
        assert f"{word}: What" in prompt_of(ITEM, Variant("v", Format(case=case), "Choose."))[0]


def test_variants_are_different_begin_plain_and_are_the_same_again():
    chosen = variants(facts(), 40, seed=3)
    assert chosen[0] == Variant("plain", Format(), INSTRUCTIONS[0])
    assert len({variant.name for variant in chosen}) == 40
    assert len({(v.format, v.instruction, v.turn) for v in chosen}) == 40
    assert chosen == variants(facts(), 40, seed=3) != variants(facts(), 40, seed=4)


def test_wordings_may_be_the_users():
    assert {v.instruction for v in variants(sums(), 5, instructions=["Pick one."])} == {"Pick one."}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"count": 1}, "variants should be from 2 to 1,728, got 1"),
        ({"count": 2000}, "variants should be from 2 to 1,728, got 2000"),
        ({"instructions": []}, "instructions should be at least one wording"),
    ],
)
def test_what_no_variants_can_be_made_of_is_refused(given, message):
    with pytest.raises(InputError, match=message):
        variants(sums(), **given)
