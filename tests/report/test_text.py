"""The terminal report."""

from __future__ import annotations

import re

import pytest
from rich.cells import cell_len

from measurand.report import MeasureInfo, to_text
from measurand.results import Audit, Finding, Provenance, Status


def test_four_questions_each_with_verdict_sentence_and_number(audit: Audit, measures: tuple[MeasureInfo, ...]) -> None:
    text = " ".join(to_text(audit, measures, width=200).split())
    assert "▲ issue Are we measuring the right quantity? Among chat models 12 of 21" in text
    assert "0.58 [0.41, 0.73] (95%)" in text
    assert "○ not assessed Is the score real for this model? Not assessed (1 failed). What would answer it" in text
    assert "◆ caution What comes next" in text


@pytest.mark.parametrize("width", [40, 72, 100, 200])
@pytest.mark.parametrize("details", [False, True])
def test_no_line_is_wider_than_the_terminal(
    audit: Audit, measures: tuple[MeasureInfo, ...], width: int, details: bool
) -> None:
    lines = to_text(audit, measures, width=width, details=details).splitlines()
    assert len(lines) > 20
    assert max(map(cell_len, lines)) <= width


def test_control_characters_and_markup_of_data_do_nothing(measures: tuple[MeasureInfo, ...]) -> None:
    evil = "\x1b]0;title\x07[bold red]x[/]\u202e\x9b31m"
    finding = Finding(
        code="V1", subject={"benchmark": evil, "class": evil}, title=evil, status=Status.ISSUE, sentence=evil
    )
    audit = Audit(
        findings=(finding,), figures={}, provenance=Provenance(evil, (), (), {}), settings={}, seed=1, asked=("V1",)
    )
    text = to_text(audit, measures, details=True)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text)
    assert "[bold red]x[/]" in text


def test_colour_comes_only_when_asked_for(audit: Audit, measures: tuple[MeasureInfo, ...]) -> None:
    assert "\x1b[" not in to_text(audit, measures)
    assert "\x1b[" in to_text(audit, measures, color=True)


def test_details_list_every_finding(audit: Audit, measures: tuple[MeasureInfo, ...]) -> None:
    brief, full = (to_text(audit, measures, width=160, details=details) for details in (False, True))
    assert "moralchoice" not in brief
    assert full.count("moralchoice · class") == 2
    assert "42 by benchmark: 8 ▲ issue, 27 ◆ caution, 3 ● passed, 4 ○ not assessed" in brief
