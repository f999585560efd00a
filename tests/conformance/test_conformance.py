"""measurand's own answers to evaluations that lie; `benchmarks/conformance.py` asks other packages the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from measurand.conformance.asking import Case, Verdict, judged
from measurand.conformance.cases import CASES, KINDS
from measurand.conformance.serving import answered, package
from measurand.selftest import OPEN


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=case.name, marks=[pytest.mark.xfail(strict=True, reason=OPEN[case.name])])
        if case.name in OPEN
        else pytest.param(case, id=case.name)
        for case in CASES
    ],
)
def test_measurand_is_right(case: Case) -> None:
    verdict, wrong = judged(case, answered(package("measurand"), case.ask, case.given))
    assert verdict is Verdict.RIGHT, wrong


def test_there_are_enough_cases_and_each_has_a_name() -> None:
    assert len({case.name for case in CASES}) == len(CASES) >= 40
    assert len(KINDS) >= 13


def test_the_page_of_results_shows_every_case_and_what_measurand_makes_of_it() -> None:
    page = (Path(__file__).parents[2] / "docs" / "conformance.md").read_text(encoding="utf-8")
    rows = [[cell.strip() for cell in line.split("|")[2:4]] for line in page.splitlines() if line.startswith("| ")]
    shown = {title: mark for title, mark in rows if mark in ("✓", "**✗**")}
    assert shown == {case.title: "**✗**" if case.name in OPEN else "✓" for case in CASES}
