"""Claim cards as files."""

from __future__ import annotations

import contextlib

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
    wrong.write_bytes(b"#" * ((1 << 20) + 1))
    with pytest.raises(InputError, match="at most 1 MB"):
        read_claim_card(wrong)


@given(st.text(max_size=40), st.integers(0, len(TEMPLATE)))
def test_any_text_is_a_card_or_an_input_error(text, place):
    for made in (text, TEMPLATE[:place] + text + TEMPLATE[place:]):
        with contextlib.suppress(InputError):
            assert claim_card_of(made).rests_on
