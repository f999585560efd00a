"""Measures are found, ordered, and say what they need."""

from __future__ import annotations

import inspect
import subprocess
import sys
from dataclasses import fields
from importlib.metadata import EntryPoint

import pytest

import measurand
from measurand import measures as module
from measurand.errors import UnknownName
from measurand.measures import ENTRY_POINTS, Measure, discover, find
from measurand.results import Question
from measurand.tables import Study


def from_elsewhere(scores, *, width: int = 3):
    return width


ELSEWHERE = Measure(
    code="G99",
    name="from elsewhere",
    question=Question.GAMING,
    asks="?",
    needs="scores",
    formula="1",
    compute=from_elsewhere,
    judge=lambda r: [],
    figure=lambda r: [],
)


@pytest.fixture
def undisturbed():
    """What is found is remembered; a test that changes it forgets it before and after."""
    discover.cache_clear()
    yield
    discover.cache_clear()


def test_measures_come_by_question_then_code_and_what_judges_others_last():
    measures = discover()
    places = [list(Question).index(measure.question) for measure in measures]
    assert places == sorted(places)
    for question in Question:
        own = [measure for measure in measures if measure.question is question]
        assert own == sorted(own, key=lambda measure: (measure.judges_findings, int(measure.code[1:])))
        assert {measure.code[0] for measure in own} == {question.value[0].upper()}
    assert len({measure.code for measure in measures}) == len(measures)


def test_one_measure_is_found_without_importing_the_others():
    code = "import sys; from measurand.measures import find; find('P5'); print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    others = [measure.compute.__module__ for measure in discover() if measure.code != "P5"]
    assert set(others) & set(done.stdout.split()) == set()
    assert "scipy.stats" not in done.stdout.split()


def test_every_measure_has_one_public_function_and_no_function_is_of_none():
    codes = [home for home in measurand.PUBLIC if home[0].isupper()]
    assert sorted(codes) == sorted(measure.code for measure in discover())
    assert all(callable(getattr(measurand, measurand.PUBLIC[code])) for code in codes)


@pytest.mark.parametrize("code", ["V1", "v1"])
def test_a_measure_is_found_by_its_code(code):
    assert find(code).name == "capabilities correlation"


def test_an_unknown_code_lists_those_there_are():
    with pytest.raises(UnknownName, match=r"no measure named 'V999'.*V1, V2"):
        find("V999")


@pytest.mark.parametrize("measure", discover(), ids=lambda measure: measure.code)
def test_every_measure_says_what_it_asks_needs_and_computes(measure):
    assert measure.asks.endswith("?")
    assert measure.needs
    assert measure.formula
    assert measure.caveats
    evidence = {field.name for field in fields(Study)}
    parameters = inspect.signature(measure.compute).parameters
    positional = [name for name, p in parameters.items() if p.kind is not p.KEYWORD_ONLY]
    assert set(positional) <= evidence | {"findings"}
    assert not {"rng", "gains", "claims", "findings"} & set(measure.settings)
    assert all(value is not inspect.Parameter.empty for value in measure.settings.values())


def test_settings_are_the_keywords_of_compute_and_judge_with_defaults():
    assert find("V1").settings == {
        "level": 0.95,
        "resamples": 10_000,
        "missing": "complete",
        "weighting": "component",
        "correlation": "spearman",
        "threshold": 0.5,
    }
    assert find("V0").settings == {}


def test_a_measure_of_another_package_is_found(monkeypatch, undisturbed):
    class Point(EntryPoint):
        def load(self):
            return ELSEWHERE

    def points(*, group):
        assert group == ENTRY_POINTS
        return [Point("x", "elsewhere:MEASURE", group)]

    monkeypatch.setattr(module, "entry_points", points)
    assert find("g99").settings == {"width": 3}
    assert [measure.code for measure in discover() if measure.code.startswith("G")][-1] == "G99"
    assert [measure.code for measure in discover() if measure.question is Question.GAMING][-1] == "G99"


def test_error_rates_come_with_the_measure():
    assert {row["quantity"] for row in find("V1").error_rates} == {"coverage", "false alarm", "power"}
