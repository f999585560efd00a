"""The terminal report: the answer in 25 lines, and everything."""

from __future__ import annotations

import io
import re

import pytest
from rich.cells import cell_len
from rich.console import Console

from measurand.report import MeasureInfo, to_text
from measurand.report.text import LINES, table_rows
from measurand.results import Answer, Audit, Finding, Provenance, Status, Table

NOTHING = Provenance("study", (), (), {})


def test_four_questions_each_with_verdict_sentence_and_number(audit: Audit, measures: tuple[MeasureInfo, ...]) -> None:
    text = " ".join(to_text(audit, measures, width=200, everything=True).split())
    assert "▲ issue Are we measuring the right quantity? Among chat models 12 of 21" in text
    assert "0.58 [0.41, 0.73] (95%)" in text
    assert "○ not assessed Is the score real for this model? Not assessed (1 failed). What would answer it" in text
    assert "◆ caution What comes next" in text


@pytest.mark.parametrize("width", [40, 72, 100, 200])
@pytest.mark.parametrize("everything", [False, True])
def test_no_line_is_wider_than_the_terminal_or_ends_in_blanks(
    audit: Audit, measures: tuple[MeasureInfo, ...], width: int, everything: bool
) -> None:
    lines = to_text(audit, measures, width=width, everything=everything).splitlines()
    assert max(map(cell_len, lines)) <= width
    assert lines == [line.rstrip() for line in lines]


def test_control_characters_and_markup_of_data_do_nothing(measures: tuple[MeasureInfo, ...]) -> None:
    evil = "\x1b]0;title\x07[bold red]x[/]\u202e\x9b31m"
    finding = Finding(
        code="V1", subject={"benchmark": evil, "class": evil}, title=evil, status=Status.ISSUE, sentence=evil
    )
    table = Table(head=(evil,), rows=((evil,),), title=evil)
    answer = Answer(sentence=evil, tables=(table,), notes=(evil,), meaning=evil, cautions=((Status.ISSUE, f"{evil}!"),))
    audit = Audit(
        findings=(finding,),
        figures={},
        provenance=Provenance(evil, (), (evil,), {}),
        settings={},
        seed=1,
        asked=("V1",),
        answers={"V1": answer},
    )
    for everything in (False, True):
        text = to_text(audit, measures, everything=everything)
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text)
        assert "[bold red]x[/]" in text


def test_colour_comes_only_on_a_console_that_shows_it(audit: Audit, measures: tuple[MeasureInfo, ...]) -> None:
    assert "\x1b[" not in to_text(audit, measures)
    terminal = Console(file=io.StringIO(), force_terminal=True, color_system="standard", _environ={})
    assert "\x1b[" in to_text(audit, measures, like=terminal)


def test_everything_lists_every_finding(audit: Audit, measures: tuple[MeasureInfo, ...]) -> None:
    assert to_text(audit, measures, width=160, everything=True).count("moralchoice · class") == 2


def answered(answer: Answer, notes: tuple[str, ...] = ()) -> Audit:
    """An audit of one measure that gave an answer."""
    finding = Finding(code="P1", status=Status.PASSED, sentence="It is known.", headline=True)
    return Audit(
        findings=(finding,),
        figures={},
        provenance=Provenance("study", (), notes, {}),
        settings={},
        seed=0,
        asked=("P1",),
        answers={"P1": answer},
    )


@pytest.mark.parametrize("models", [1, 5, 40, 3000])
@pytest.mark.parametrize("width", [60, 100])
def test_an_answer_takes_one_screen_and_says_how_much_it_left_out(models: int, width: int) -> None:
    rows = tuple((f"model-{i:04d}", "88.6 [86.5, 90.7]") for i in range(models))
    answer = Answer(
        sentence="model-0000 leads.",
        tables=(Table(head=("model", "score"), rows=rows, right=(1,), ends=True),),
        notes=("Percent.",),
        cautions=tuple((Status.CAUTION, f"Caution number {i} is a sentence of its own.") for i in range(30)),
    )
    text = to_text(
        answered(answer, tuple(f"note {i}" for i in range(20))), (), width=width, more=("Everything: --all",)
    )
    lines = text.splitlines()
    assert len(lines) <= LINES
    assert lines[0] == "model-0000 leads."
    assert lines[-1] == "Everything: --all"
    assert "further cautions: --all" in text
    if models > 20:
        shown = sum(line.startswith("model-") for line in lines[2:])
        assert f"{models - shown} more" in text
        assert f"model-{models - 1:04d}" in text


def test_signs_that_a_console_cannot_show_are_letters() -> None:
    answer = Answer(sentence="So.", cautions=((Status.ISSUE, "Bad."), (Status.CAUTION, "Open.")))
    ascii_only = Console(file=io.TextIOWrapper(io.BytesIO(), encoding="ascii"), width=80, _environ={})
    text = to_text(answered(answer), (), like=ascii_only)
    assert "!! Bad." in text
    assert text.isascii()


def test_rows_that_do_not_fit_are_left_out_between_the_ends() -> None:
    table = Table(head=("model",), rows=tuple((str(i),) for i in range(9)))
    assert [cells[0] for _, cells in table_rows(table, 4)] == ["0", "1", "2", "… 6 more: --all"]
    assert table_rows(table, 9)[-1][1] == ("8",)


@pytest.mark.parametrize(
    ("head", "rows", "marks"), [(("a", "b"), (("1",),), ()), (("a",), (("1",),), (Status.ISSUE, Status.ISSUE))]
)
def test_tables_have_as_many_cells_and_marks_as_they_name(head, rows, marks) -> None:
    with pytest.raises(ValueError, match="rows"):
        Table(head=head, rows=rows, marks=marks)
