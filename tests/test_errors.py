"""Errors say what was found and what would be right."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from measurand.errors import InputError, MeasurandError, NotApplicable, UnknownName


def test_every_error_is_a_measurand_error_and_input_errors_are_value_errors():
    for error in (InputError("x"), UnknownName("model", "a", ["b"]), NotApplicable("x", needs="y")):
        assert isinstance(error, MeasurandError)
    assert issubclass(UnknownName, InputError)
    assert issubclass(InputError, ValueError)
    assert not issubclass(NotApplicable, ValueError)


@pytest.mark.parametrize(
    ("name", "known", "message"),
    [
        ("mmul", ["mmlu", "gsm8k"], "no benchmark named 'mmul'; did you mean 'mmlu'? There are 2: mmlu, gsm8k"),
        ("MMLU", ["mmlu"], "did you mean 'mmlu'?"),
        ("xyz", ["mmlu"], "no benchmark named 'xyz'. There are 1: mmlu"),
        ("a", [], "There are 0"),
        ("b30", [f"b{i}" for i in range(30)], "b19, ..."),
    ],
)
def test_an_unknown_name_suggests_near_ones_and_lists_what_there_is(name, known, message):
    assert message in str(UnknownName("benchmark", name, known))


@given(st.text(), st.lists(st.text()))
def test_any_name_can_be_reported(name, known):
    assert repr(name) in str(UnknownName("model", name, iter(known)))


def test_not_applicable_says_why_and_what_would_do():
    error = NotApplicable("5 models", needs="8")
    assert (error.reason, error.needs, str(error)) == ("5 models", "8", "5 models; needs 8")
