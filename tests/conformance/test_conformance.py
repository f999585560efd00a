"""measurand's own answers to evaluations that lie; `benchmarks/conformance.py` asks other packages the same."""

from __future__ import annotations

import pytest

from conformance.asking import Case, Verdict, judged
from conformance.cases import CASES
from conformance.serving import answered, package


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_measurand_is_right(case: Case) -> None:
    verdict, wrong = judged(case, answered(package("measurand"), case.ask, case.given))
    assert verdict is Verdict.RIGHT, wrong
