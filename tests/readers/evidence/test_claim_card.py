"""Claim cards as files."""

from __future__ import annotations

import contextlib
import os
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from measurand.errors import InputError
from measurand.readers.evidence.claim_card import TEMPLATE, claim_card_of, read_claim_card, worked_claim_cards


def test_the_template_is_a_card_and_explains_every_entry(tmp_path):
    file = tmp_path / "claim.toml"
    file.write_text(TEMPLATE, encoding="utf-8")
    card = read_claim_card(file)
    assert card.rests_on[0].where == {"benchmark": "wmdp", "class": "chat"}
    for word in ("worst case", "existence proof", "upper bound", "future users", "hill-climbing", "F3", "F4", "P5"):
        assert word in TEMPLATE


def test_the_entries_shown_as_comments_are_valid_too():
    shown = TEMPLATE.replace("# threshold", "threshold").replace("# share", "share")
    for line in ("[[rests_on]]", 'measure = "G8"', 'relation = "no issue"', "[checklist", '"Is the'):
        shown = shown.replace(f"# {line}", line)
    card = claim_card_of(shown)
    assert card.threshold == 0.5
    assert card.rests_on[0].share == (0.4, 0.6)
    assert (card.rests_on[1].measure, card.rests_on[1].relation) == ("G8", "no issue")
    assert len(card.checklists) == 2


def test_the_worked_cards_are_of_all_kinds():
    cards = worked_claim_cards()
    assert {card.statement for card in cards} == {"average case", "worst case"}
    assert len(cards) == 4


def test_files_that_are_none_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"absent.toml cannot be read: No such file"):
        read_claim_card(tmp_path / "absent.toml")
    wrong = tmp_path / "wrong.toml"
    wrong.write_text("[claim\n")
    with pytest.raises(InputError, match=r"wrong.toml should be TOML: .*line 1"):
        read_claim_card(wrong)
    wrong.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="should be UTF-8"):
        read_claim_card(wrong)
    wrong.write_bytes(b"#" * ((256 << 10) + 1))
    with pytest.raises(InputError, match="at most 256 kB"):
        read_claim_card(wrong)
    with pytest.raises(InputError, match="is a device; save what it gives to a file"):
        read_claim_card(os.devnull)


BOUNDS = "bounds = [0.0]                          # inside: [low, high]; equals: [value, tolerance]"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (TEMPLATE + "\n[checklist." + ".".join("a" * 20_000) + ']\nx = "x"\n', "20,000 dots; a card has at most 100"),
        (TEMPLATE + "\n" + ".".join("a" * 20_000) + ' = "x"\n', "19,999 dots; a card has at most 100"),
        (TEMPLATE.replace(BOUNDS, "bounds = " + "[" * 500 + "]" * 500), "nested too deep"),
        (TEMPLATE.replace(BOUNDS, "bounds = " + "[" * 20 + "]" * 20), "nested too deep; a card has at most 5 levels"),
        (TEMPLATE.replace(BOUNDS, "bounds = " + "{a = " * 90 + "1" + "}" * 90), "nested too deep"),
        (TEMPLATE + "\n[checklist." + ".".join("a" * 90) + "]\n" + ".".join("b" * 90) + ' = "x"\n', "too deep"),
        (TEMPLATE.replace(BOUNDS, f"bounds = [{'9' * 400}]"), "a whole number beyond 64 bits"),
        (TEMPLATE.replace(BOUNDS, f"bounds = [{'9' * 5000}]"), "should be TOML"),
        (TEMPLATE.replace(BOUNDS, f"bounds = [0x{'f' * 5000}]"), "a whole number beyond 64 bits"),
        (TEMPLATE.replace(BOUNDS, f"bounds = [1e{'9' * 400}, 1]"), "should be a list of 1 number, got"),
        (TEMPLATE.replace(BOUNDS, 'bounds = "' + "x" * 50_000 + '"'), "should be a list of 1 number, got"),
        ("x" * 100_000 + " = 1\n", "no table of"),
        ("[claim]\n" * 20_000, "should be TOML"),
        ("a = " + "[\n" * 40_000, "nested too deep"),
    ],
)
def test_a_card_made_to_exhaust_the_reader_is_refused_at_once_in_a_short_line(text, said):
    assert len(text) > 1000
    begun = time.process_time()
    with pytest.raises(InputError, match=said) as refused:
        claim_card_of(text)
    assert time.process_time() - begun < 1
    assert len(str(refused.value)) < 300


def test_the_slowest_cards_that_are_let_through_take_a_second_or_two():
    begun = time.process_time()
    for line in ("{0}." + ".".join("a" * 99) + " = 1\n", "[b{0}." + ".".join("a" * 99) + "]\n", "a{0} = [[[[]]]]\n"):
        text = "".join(line.format(i) for i in range(20_000))[: 255 << 10]
        with pytest.raises(InputError):
            claim_card_of(text[: text.rindex("\n") + 1])
    assert time.process_time() - begun < 6


@given(st.text(max_size=40), st.integers(0, len(TEMPLATE)))
def test_any_text_is_a_card_or_an_input_error(text, place):
    for made in (text, TEMPLATE[:place] + text + TEMPLATE[place:]):
        with contextlib.suppress(InputError):
            assert claim_card_of(made).rests_on
