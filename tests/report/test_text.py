"""The terminal report: the answer in 25 lines, and everything."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import pytest
from rich.cells import cell_len
from rich.console import Console

from measurand.report import MeasureInfo, to_text
from measurand.report.drawing import table_rows
from measurand.report.text import LINES
from measurand.results import Answer, Audit, Estimate, Finding, Provenance, Status, Table

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


def studied(code: str, *statuses: Status, sentence: str = "It is so.") -> tuple[Finding, ...]:
    """A measure's headline on chat models and a row per status, each of +0.25 [−1.00, +1.00]."""
    found = Estimate(name="rho", value=0.25, low=-1.0, high=1.0, level=0.95, unit="correlation")
    class_ = {"class": "chat"}
    rows = [
        Finding(
            code=code,
            subject={**class_, "benchmark": f"b{place}"},
            status=status,
            sentence=sentence,
            short=f"row {place}",
            estimates=(found,),
        )
        for place, status in enumerate(statuses)
    ]
    top = Finding(
        code=code,
        title=f"Check {code}",
        subject=class_,
        headline=True,
        status=min(statuses, key=list(Status).index),
        sentence=sentence if len(statuses) == 1 else f"{len(statuses)} rows.",
        short="counted",
    )
    return (top, *rows)


def of_one_benchmark(*findings: Finding) -> Audit:
    """An audit whose lead is V1's answer on one benchmark under test."""
    cells = ("mine", "+0.81", "[+0.50, +0.94]", "rises with capability")
    head = ("benchmark", "correlation", "95% interval", "with capability")
    table = Table(head=head, rows=(cells,), marks=(Status.ISSUE,), right=(1,))
    answer = Answer(sentence="It rises.", tables=(table,))
    lead = Finding(
        code="V1", subject={"class": "chat"}, headline=True, status=Status.ISSUE, sentence="It rises.", short="rises"
    )
    codes = tuple(dict.fromkeys(finding.code for finding in findings))
    return Audit(
        findings=(lead, *findings),
        figures={},
        provenance=NOTHING,
        settings={},
        seed=0,
        asked=("V1", *codes),
        answers={"V1": answer, **{code: Answer(sentence=f"{code} answers.") for code in codes}},
    )


def test_behind_a_single_number_stands_what_the_other_measures_say_of_the_same_class(
    measures: tuple[MeasureInfo, ...],
) -> None:
    other_class = replace(studied("V1", Status.ISSUE)[0], code="V2", subject={"class": "base"}, title="Not of chat")
    told = (
        *studied("V2", Status.CAUTION, sentence="V2 is open."),
        *studied("V3", Status.PASSED, Status.PASSED),
        *studied("V4", Status.NOT_APPLICABLE, sentence="Not assessed: why."),
        other_class,
    )
    asked = tuple(replace(measures[0], code=code) for code in ("V1", "V2", "V3", "V4"))
    lines = to_text(of_one_benchmark(*told), asked).splitlines()
    assert lines[2:7] == [
        "Behind the first answer",
        "▲  Correlation  +0.81 [+0.50, +0.94]  rises with capability",
        "◆  Check V2     +0.25 [−1.00, +1.00]  row 0",
        "●  Check V3                           counted",
        "○  Check V4     +0.25 [−1.00, +1.00]  row 0",
    ]
    # Sentences stand below for issues and cautions only; those of another class are not told.
    assert "◆ V2 is open." in lines
    text = "\n".join(lines)
    assert "Not assessed" not in text
    assert "Not of chat" not in text
    assert "2 rows" not in text


def test_an_audit_of_everything_shows_what_is_behind_a_short_answer_only(measures: tuple[MeasureInfo, ...]) -> None:
    asked = tuple(replace(measures[0], code=f"V{place}") for place in range(1, 12))
    audit = of_one_benchmark(*studied("V2", Status.PASSED), *studied("V3", Status.CAUTION, sentence="V3 is open."))
    text = to_text(audit, asked)
    assert "Behind the first answer" in text
    assert "◆ V3 is open." in text
    rows = audit.answers["V1"].tables[0].rows * 4
    many = replace(audit.answers["V1"].tables[0], rows=rows, marks=(Status.ISSUE,) * 4)
    told = replace(audit, answers={**audit.answers, "V1": Answer(sentence="It rises.", tables=(many,))})
    assert "Behind" not in to_text(told, asked)


def test_notes_that_do_not_fit_are_left_out_from_the_last() -> None:
    rows = tuple((f"m{i}",) for i in range(30))
    notes = tuple(f"Note {i} has many words. " * 20 for i in range(4))
    answer = Answer(sentence="So.", tables=(Table(head=("model",), rows=rows),), notes=notes, meaning="It decides.")
    text = to_text(answered(answer), (), width=60, more=("Everything: --all",))
    assert len(text.splitlines()) <= LINES
    assert "! It decides." in text
    assert "Note 3" not in text


@pytest.mark.parametrize("width", [60, 100])
def test_what_is_behind_an_answer_keeps_to_one_screen(measures: tuple[MeasureInfo, ...], width: int) -> None:
    told = [f for place in range(2, 7) for f in studied(f"V{place}", Status.CAUTION, sentence=f"Long {place}. " * 40)]
    asked = tuple(replace(measures[0], code=f"V{place}") for place in range(1, 7))
    lines = to_text(of_one_benchmark(*told), asked, width=width).splitlines()
    assert len(lines) <= LINES
    assert "Behind the first answer" in lines
    assert any("further caution" in line for line in lines)


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
