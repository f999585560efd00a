"""The first screen: which finding is the title, what its picture shows, and what is said beside it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from measurand.report.hero import View, views
from measurand.results import Answer, Audit, Axis, Estimate, Figure, Finding, Provenance, Status, Table
from measurand.wording import CORRELATION, DIFFERENCE

EMPTY = Audit(findings=(), figures={}, provenance=Provenance("made", (), (), {}), settings={}, seed=0)

TESTED = {
    "quality": (0.89, 0.72, 0.96, "entangled"),
    "wmdp": (-0.89, -0.96, -0.68, "inverse"),
    "wmdp_bio": (-0.88, -0.96, -0.67, "inverse"),
    "rmsce": (0.02, -0.40, 0.41, "disentangled"),
    "anli": (0.84, 0.31, 0.94, "undecided"),
    "mt_bench": (0.83, 0.61, 0.90, "undecided"),
    "obscure_0": (0.05, -0.6, 0.7, "undecided"),
    **{f"obscure_{place}_of_many": (0.1 * place, -0.6, 0.7, "undecided") for place in range(1, 8)},
}
STATUSES = {"entangled": Status.ISSUE, "inverse": Status.ISSUE, "disentangled": Status.PASSED}


def judged(tested: dict[str, tuple[float, float, float, str]], class_: str) -> tuple[Finding, ...]:
    return tuple(
        Finding(
            code="V1",
            subject={"benchmark": name, "class": class_},
            status=STATUSES.get(verdict, Status.CAUTION),
            sentence=f"{name} is {verdict}.",
            estimates=(
                Estimate(name="r", value=value, low=low, high=high, level=0.95, n=26, unit=CORRELATION),
            ),
            result={"verdict": verdict, "verdict_alone": verdict, "role": "under test", "area": "ethics"},
        )
        for name, (value, low, high, verdict) in tested.items()
    )  # fmt: skip


def of_classes(tested: dict[str, tuple[float, float, float, str]], *classes: str) -> Audit:
    findings = tuple(finding for class_ in classes for finding in judged(tested, class_))
    answers = {"V1": Answer(sentence="It depends.", tables=(Table(head=("benchmark",), rows=(("quality",),)),))}
    return replace(EMPTY, findings=findings, answers=answers, asked=("V1",), sizes={"families": 8})


def only(audit: Audit) -> View:
    (view,) = views(audit, ())
    return view


def test_the_title_names_what_rises_what_falls_and_counts_what_is_open() -> None:
    view = only(of_classes(TESTED, "chat"))
    assert view.title == (
        "quality mostly tracks general capability, wmdp gets worse with it. "
        "For 10 of 14 benchmarks, 26 models are too few to tell."
    )
    assert [(count.tone, count.many) for count in view.counts] == [
        ("rises", 1), ("worse", 2), ("separate", 1), ("open", 10),
    ]  # fmt: skip
    assert view.said == "3 of the 14 benchmarks move clearly with general capability."


def test_eight_telling_rows_sorted_one_of_each_outcome_and_a_pair_of_equal_estimates() -> None:
    picture = only(of_classes(TESTED, "chat")).picture
    assert picture is not None
    names = [row.name for row in picture.rows]
    assert len(names) == 8
    assert names[:2] == ["quality", "anli"]  # as high, and not as certain
    assert names[-1] == "wmdp"  # of a benchmark and its part, the whole
    assert "wmdp_bio" not in names
    assert {row.tone for row in picture.rows} == {"rises", "worse", "separate", "open"}
    assert [row.value for row in picture.rows] == sorted((row.value for row in picture.rows), reverse=True)
    first = picture.rows[0]
    assert (first.number, first.limits, first.word) == ("+0.89", "+0.72 to +0.96", "rises")
    assert (picture.at(-1), picture.at(0), picture.at(1)) == ("0.00%", "50.00%", "100.00%")


def test_bullets_say_what_it_means_the_exception_and_what_is_open() -> None:
    first, second, third = only(of_classes(TESTED, "chat")).bullets
    assert first[1] == "A better quality score is what ordinary progress brings."
    assert second[1] == "wmdp goes the other way."
    assert third[1:] == (
        "For 10 benchmarks the question is open.",
        "anli is at +0.84, near quality at +0.89, but the truth could be anywhere from +0.31 to +0.94.",
    )


@pytest.mark.parametrize(
    ("tested", "title"),
    [
        ({"a": TESTED["quality"]}, "a mostly tracks general capability."),
        ({"a": TESTED["wmdp"], "b": TESTED["wmdp_bio"]}, "b and a get worse with general capability."),
        ({"a": TESTED["rmsce"]}, "a is separate from general capability."),
        ({"a": TESTED["anli"]}, "26 models are too few to tell whether a tracks general capability."),
        (
            {"a": TESTED["anli"], "b": TESTED["mt_bench"]},
            "26 models are too few to tell whether any of 2 benchmarks tracks general capability.",
        ),
    ],
)
def test_titles_of_other_outcomes(tested: dict[str, tuple[float, float, float, str]], title: str) -> None:
    assert only(of_classes(tested, "all")).title == title


def test_chat_models_come_first_and_each_class_has_its_view() -> None:
    chat, base = views(of_classes(TESTED, "base", "chat"), ())
    assert (chat.label, base.label) == ("Chat models 26", "Base models 26")
    assert only(of_classes(TESTED, "all")).label == ""


def test_the_method_says_how_often_such_intervals_held_and_what_one_model_would_change() -> None:
    audit = of_classes(TESTED, "chat")
    hanging = Finding(
        code="V4", subject={"benchmark": "quality", "class": "chat"}, status=Status.CAUTION, sentence="",
        result={"undone_by": ("Mistral-7B",)},
    )  # fmt: skip
    method = " ".join(only(replace(audit, findings=(*audit.findings, hanging))).method)
    assert "95% intervals that allow for families of models" in method
    assert "held the truth 96% of the time on average" in method
    assert "quality would be undecided without Mistral-7B." in method
    unknown = " ".join(only(replace(audit, sizes={"families": 0})).method)
    assert "families" not in unknown
    assert "held the truth 96%" not in unknown  # what is measured where families are not known


def pair(model: str, other: str, difference: float, status: Status) -> Finding:
    estimate = Estimate(
        name="difference", value=difference, low=difference - 0.02, high=difference + 0.02, unit=DIFFERENCE
    )
    subject = {"benchmark": "average", "model": model, "other": other}
    return Finding(code="P2", subject=subject, status=status, sentence="", estimates=(estimate,))


def test_models_stand_behind_their_leader() -> None:
    pairs = (pair("b", "a", -0.05, Status.PASSED), pair("a", "c", 0.01, Status.CAUTION))
    table = Table(head=("model", "average", "group"), rows=(("a", "87.9", "A"), ("c", "86.9", "A"), ("b", "82.9", "B")))
    answers = {"P1": Answer(sentence="Known."), "P2": Answer(sentence="a leads.", tables=(table,))}
    view = only(replace(EMPTY, findings=pairs, answers=answers))
    assert view.title == "a leads."
    assert view.picture is not None
    assert [(row.name, row.word, row.number, row.limits) for row in view.picture.rows] == [
        ("a", "leads", "87.9", ""),
        ("c", "tied", "−1.0", "−3.0 to +1.0"),
        ("b", "behind", "−5.0", "−7.0 to −3.0"),
    ]
    assert [(count.tone, count.many) for count in view.counts] == [("separate", 1), ("open", 1), ("worse", 1)]


def test_an_arena_shows_ranks_and_who_could_be_first() -> None:
    names = tuple(f"m{place}" for place in range(300))
    result = {
        "model": names,
        "best_rank": (1, 1, *range(3, 301)),
        "worst_rank": (3, 5, *range(3, 301)),
    }
    found = Finding(code="P10", status=Status.PASSED, sentence="m0 and m1 lead.", headline=True, result=result)
    view = only(replace(EMPTY, findings=(found,), answers={"P10": Answer(sentence="m0 and m1 lead.")}))
    assert view.picture is not None
    assert view.picture.title == "First 8 of 300 models by rank"
    assert [row.word for row in view.picture.rows[:3]] == ["could be first", "could be first", ""]
    assert [(count.many, count.words) for count in view.counts] == [(2, "could be first"), (298, "are clearly behind")]
    assert view.more == ("P10", "All 300 models")


def test_other_measures_show_their_intervals_or_their_table() -> None:
    figure = Figure(
        name="P5.x", kind="intervals", title="", caption="", low="l", high="h",
        columns={"model": ("a", "b"), "rate": (0.1, 0.4), "l": (0.0, 0.3), "h": (0.2, None)},
        x=Axis("rate", "rate"), y=Axis("model", "model", "nominal"),
    )  # fmt: skip
    table = Table(head=("model",), rows=(("a",),))
    said = replace(EMPTY, answers={"P5": Answer(sentence="Rare.", tables=(table,))})
    assert only(said).table == table
    picture = only(replace(said, figures={"P5.x": figure})).picture
    assert picture is not None
    assert [(row.name, row.limits) for row in picture.rows] == [("b", "no interval"), ("a", "0.00 to 0.200")]


def test_an_audit_saved_without_answers_speaks_by_its_worst_headline_and_an_empty_one_says_so() -> None:
    worst = Finding(code="G1", status=Status.ISSUE, sentence="It was seen.", headline=True)
    fine = Finding(code="P1", status=Status.PASSED, sentence="All is known.", headline=True)
    assert only(replace(EMPTY, findings=(fine, worst))).title == "It was seen."
    assert only(EMPTY).title == "Nothing could be assessed."


def test_bullets_are_what_limits_the_answer_then_what_other_measures_found() -> None:
    other = Finding(code="P6", status=Status.ISSUE, sentence="Reruns differ: a lot.", headline=True)
    answer = Answer(
        sentence="a leads. " + "It does so by a little on each of the many tasks that were given to it. " * 3,
        meaning="Not beyond these items.",
        cautions=((Status.PASSED, "Nothing."), (Status.CAUTION, "Few items.")),
    )
    view = only(replace(EMPTY, findings=(other,), answers={"P3": answer}, asked=("P3",)))
    assert view.bullets[0].rest == "Not beyond these items."
    assert view.bullets[1].rest.startswith("It does so")
    assert view.bullets[2].rest == "Few items."
