"""The suite itself: no answer pleases every check, and refusals, crashes and silence are told apart."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from measurand.conformance import packages
from measurand.conformance.adapters import Asks, Elsewhere, Here
from measurand.conformance.asking import Answer, Case, Verdict, judged, near, refuses, values
from measurand.conformance.cases import CASES
from measurand.conformance.files import Crash, pair, renamed, rows
from measurand.conformance.serving import answered, package

QUESTIONS = {name for name, _ in inspect.getmembers(Asks, inspect.isfunction) if not name.startswith("_")}
PACKAGES = sorted(path.stem for folder in packages.__path__ for path in Path(folder).glob("[!_]*.py"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_no_answer_that_was_made_up_beforehand_is_right_twice(case: Case) -> None:
    made_up = [
        Answer(value=0.123, low=0.12, high=0.13, shown=claim, scores={"a": 0.123, "b": 9.0}, said="All is well.")
        for claim in (True, False)
    ]
    assert [judged(case, each)[0] for each in made_up].count(Verdict.RIGHT) < 2


@pytest.mark.parametrize("name", PACKAGES)
def test_a_package_answers_questions_that_there_are(name: str) -> None:
    assert set(package(name).__all__) <= QUESTIONS


def test_every_case_asks_a_question_that_there_is_and_every_question_has_a_case() -> None:
    assert {case.ask for case in CASES} == QUESTIONS


CASE = Case(title="", ask="rate", given={}, answer="", why="", right=near(0.5))


def raises(error: Exception) -> Callable[[], Answer]:
    def rate() -> Answer:
        raise error

    return rate


@pytest.mark.parametrize(
    ("rate", "verdict", "words"),
    [
        (lambda: Answer(value=0.5), Verdict.RIGHT, ""),
        (lambda: Answer(value=0.6), Verdict.WRONG, "0.6 where 0.5 is right"),
        (raises(ValueError("no items")), Verdict.REFUSES, "no items"),
        (raises(ZeroDivisionError("division by zero")), Verdict.WRONG, "crashes: ZeroDivisionError: division by zero"),
        (raises(Crash("KeyError: 'x'")), Verdict.WRONG, "crashes: KeyError: 'x'"),
        (raises(NotImplementedError()), Verdict.CANNOT, ""),
    ],
)
def test_an_answer_a_refusal_a_crash_and_no_claim(rate: Callable[[], Answer], verdict: Verdict, words: str) -> None:
    asked = ModuleType("asked")
    asked.__dict__["rate"] = rate
    assert judged(CASE, answered(asked, "rate", {})) == (verdict, words)


def test_a_question_without_a_function_is_not_claimed() -> None:
    assert answered(ModuleType("asked"), "rate", {}).cannot


def test_a_refusal_is_right_only_where_it_says_why() -> None:
    check = refuses("clusters?")
    assert check(Answer(refused="only one cluster")) == ""
    assert check(Answer(refused="bad input")) == "does not say why: bad input"
    assert check(Answer(value=0.5)) == "answers: 0.5 [no number, no number]"


def test_scores_are_compared_by_value_and_number() -> None:
    assert values(0.3, 0.75)(Answer(scores={"b": 0.7502, "a": 0.3})) == ""
    assert values(0.3)(Answer(scores={"a": 0.3, "b": 0.3})) == "a 0.3, b 0.3 where 0.3 is right"


def test_tables_are_given_as_packages_name_their_columns() -> None:
    table = pair([1, None], [0, 1])
    assert rows(renamed(table, item="id")) == [
        {"model": "a", "id": "q0", "score": "1"},
        {"model": "b", "id": "q0", "score": "0"},
        {"model": "b", "id": "q1", "score": "1"},
    ]


def test_a_package_elsewhere_answers_as_it_does_here() -> None:
    asked = [case for case in CASES if case.name in ("equal_clusters", "nought_of_nought_as_a_rate")]
    with Elsewhere("measurand", Path(sys.executable)) as elsewhere:
        assert [elsewhere.ask(case) for case in asked] == [Here("measurand").ask(case) for case in asked]
