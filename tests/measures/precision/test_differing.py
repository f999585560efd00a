"""The items on which two models differ: told with both answers, bounded, and off where texts should not leave."""

from __future__ import annotations

import polars as pl
import pytest

from measurand.measures import find
from measurand.measures.precision.shared.differing import MOST_ITEMS, MOST_LETTERS, Differing, answers_to
from measurand.report.html import to_html
from measurand.results import Audit, Provenance
from measurand.tables import Responses

COLOURS = ["red", "green", "blue"]
EVIL = "<script>alert(1)</script>\x1b[31m " + "x" * 300


def answered(items: int = 40) -> Responses:
    """Model a is right on all items, b on those not divisible by 4; each says what it answered, twice."""
    rows = [
        (
            model,
            "quiz",
            f"q{i}",
            epoch,
            float(model == "a" or i % 4 > 0),
            f"{model} says {EVIL if i == 4 else i}",
            f"t{i}",
        )
        for model in "ab"
        for i in range(items)
        for epoch in (1, 2)
    ]
    names = ["model", "benchmark", "item", "epoch", "score", "answer", "target"]
    return Responses.build(pl.DataFrame(rows, schema=names, orient="row"))


def compared(responses: Responses, **settings: object):
    measure = find("P2")
    result = measure.compute(responses, pair=("b", "a"), **settings)
    return result, measure.answers(result, measure.findings(result))


def test_every_item_that_differs_is_told_once_with_both_answers_and_the_right_one():
    result, answer = compared(answered())
    assert [each.item for each in result.items] == [f"q{i}" for i in sorted(range(0, 40, 4), key=lambda i: f"q{i}")]
    first = next(each for each in result.items if each.item == "q8")
    assert (first.scores, first.answers, first.target) == ((0.0, 1.0), ("b says 8", "a says 8"), "t8")
    table = answer.tables[1]
    assert table.head == ("task", "item", "b", "a", "b answered", "a answered", "right answer")
    assert ("quiz", "q8", "0", "1", "b says 8", "a says 8", "t8") in table.rows


def test_long_and_hostile_answers_are_cut_and_stay_text():
    _, answer = compared(answered())
    row = next(row for row in answer.tables[1].rows if row[1] == "q4")
    assert len(row[4]) == MOST_LETTERS
    assert "\x1b" not in row[4]
    audit = Audit(
        findings=tuple(find("P2").findings(compared(answered())[0])),
        figures={},
        provenance=Provenance("study", (), (), {}),
        settings={},
        seed=0,
        asked=("P2",),
        answers={"P2": answer},
    )
    assert "<script>alert(1)" not in to_html(audit, [find("P2")])


def test_without_texts_no_answer_leaves_the_results():
    result, answer = compared(answered(), texts=False)
    assert len(result.items) == 10
    assert {each.answers for each in result.items} == {(None, None)}
    assert answer.tables[1].head == ("task", "item", "b", "a")
    assert "says" not in repr(answer)


def test_of_many_items_those_that_differ_most_are_told():
    rows = [(m, "quiz", f"q{i}", (i % 500) / 1000 if m == "a" else 0.0) for m in "ab" for i in range(1000)]
    frame = pl.DataFrame(rows, schema=["model", "benchmark", "item", "score"], orient="row")
    result, _ = compared(Responses.build(frame))
    assert len(result.items) == MOST_ITEMS
    assert min(each.scores[1] for each in result.items) == pytest.approx(0.45)


def test_models_that_score_alike_have_no_such_table():
    rows = [(m, "quiz", f"q{i}", float(i % 2)) for m in "ab" for i in range(20)]
    frame = pl.DataFrame(rows, schema=["model", "benchmark", "item", "score"], orient="row")
    result, answer = compared(Responses.build(frame))
    assert result.items == ()
    assert len(answer.tables) == 1


@pytest.mark.parametrize(
    ("told", "right", "spelled"),
    [
        (("0", "2"), "0", ("0: red", "2: blue")),  # a 0: numbered from 0
        (("1", "3"), "1", ("1: red", "3: blue")),  # a 3 of three: from 1
        (("1", "2"), "1", ("1", "2")),  # either way: not guessed
        (("A", "C"), "A", ("A: red", "C: blue")),
        (("a", "AB"), "A", ("a: red", "AB")),
        (("Z", "none of them"), "A", ("Z", "none of them")),
        (("red", "blue"), "red", ("red", "blue")),
        (("9" * 5000, "0"), "0", ("9" * 5000, "0: red")),  # no number of a choice
    ],
)
def test_answers_that_name_a_choice_are_told_with_it(told, right, spelled):
    rows = [
        {"model": m, "benchmark": "quiz", "item": "q", "score": s, "answer": said, "target": right, "choices": COLOURS}
        for m, s, said in zip("ab", (1.0, 0.0), told, strict=True)
    ]
    found = Responses.build(pl.DataFrame(rows))
    (item,) = answers_to(found, [Differing(benchmark="quiz", item="q", scores=(1, 0), epochs=(1, 1))], ("a", "b"))
    assert item.answers == spelled
    assert item.target == {**dict(zip(told, spelled, strict=True)), "A": "A: red"}[right]


def test_each_benchmark_numbers_its_choices_in_its_own_way():
    rows = [
        {"model": m, "benchmark": b, "item": "q", "score": s, "answer": said, "target": right, "choices": choices}
        for b, right, told, choices in (("from 0", "0", "02", COLOURS), ("from 1", "1", "13", COLOURS),
                                        ("numbers", "3", "30", ["3", "0", "7"]))
        for m, s, said in zip("ab", (1.0, 0.0), told, strict=True)
    ]  # fmt: skip
    asked = [Differing(benchmark=b, item="q", scores=(1, 0), epochs=(1, 1)) for b in ("from 0", "from 1", "numbers")]
    found = answers_to(Responses.build(pl.DataFrame(rows)), asked, ("a", "b"))
    assert [each.answers for each in found] == [("0: red", "2: blue"), ("1: red", "3: blue"), ("3", "0")]
