"""Errors say what was found and what would be right."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from measurand.compute import WorkerEnded
from measurand.errors import InputError, MeasurandError, NotApplicable, UnknownName, first_line, quoted


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


@given(st.text(max_size=15), st.lists(st.text()))
def test_any_name_can_be_reported(name, known):
    assert repr(name) in str(UnknownName("model", name, iter(known)))


def test_not_applicable_says_why_and_what_would_do():
    error = NotApplicable("5 models", needs="8")
    assert (error.reason, error.needs, str(error)) == ("5 models", "8", "5 models; needs 8")


def nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


def test_any_value_is_shown_in_a_few_words():
    for value in ("x" * 10**6, list(range(10**4)), nested(10**5), 16**6000, {"a": nested(10**5)}, None):
        assert 0 < len(quoted(value)) <= 60


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ValueError("\n  first \nsecond"), "first"),
        (ValueError("x" * 1000), "x" * 200),
        (RecursionError(), "RecursionError"),
        (FileNotFoundError(2, "No such file or directory", "a.csv"), "No such file or directory"),
        (OSError("gone"), "gone"),
    ],
)
def test_what_another_library_says_is_one_line(error, said):
    assert first_line(error) == said


@pytest.mark.parametrize(
    "error",
    [
        MeasurandError("a"),
        InputError("b"),
        UnknownName("benchmark", "mmul", ["mmlu"]),
        NotApplicable("few models", needs="more"),
        WorkerEnded("killed"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_leaves_a_worker_process_as_it_was_raised(error):
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))
