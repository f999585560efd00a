"""How numbers are worded and laid out."""

from __future__ import annotations

import math

import polars as pl
import pytest

from measurand.measures._shared import columns, display_names, estimate, number, plural, shown
from measurand.results import Estimate
from measurand.tables import Scores


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_an_undefined_number_is_left_out(value):
    assert number(value) is None
    found = estimate("rho", value, 0.1, 0.2, level=0.95, method="m")
    assert (found.value, found.low, found.high) == (None, 0.1, 0.2)


@pytest.mark.parametrize("bounds", [(math.nan, 0.5), (0.1, math.nan), (math.nan, math.nan), (-math.inf, 0.5)])
def test_half_an_interval_is_no_interval_and_has_no_level(bounds):
    found = estimate("rho", 0.3, *bounds, level=0.95, method="m", n=9)
    assert (found.value, found.low, found.high, found.level, found.n) == (0.3, None, None, None, 9)


def test_an_interval_travels_with_its_level_and_method():
    found = estimate("rho", 0.3, 0.1, 0.5, level=0.9, method="jackknife", n=9, unit="score")
    assert found == Estimate("rho", 0.3, 0.1, 0.5, 0.9, "jackknife", 9, "score")
    assert all(type(x) is float for x in (found.value, found.low, found.high))


@pytest.mark.parametrize(
    ("found", "digits", "expected"),
    [
        (Estimate("x", -0.456, -0.9, 0.12), 2, "-0.46 [-0.90 to +0.12]"),
        (Estimate("x", 0.0644, 0.05, 0.08), 3, "+0.064 [+0.050 to +0.080]"),
        (Estimate("x", 1.0), 1, "+1.0 [no interval]"),
        (Estimate("x", None, 0.1, 0.2), 2, "undefined"),
    ],
)
def test_a_number_is_shown_with_its_sign_and_interval(found, digits, expected):
    assert shown(found, digits) == expected


@pytest.mark.parametrize(("count", "expected"), [(0, "0 models"), (1, "1 model"), (2, "2 models")])
def test_one_is_singular(count, expected):
    assert plural(count, "model") == expected


def test_rows_become_columns():
    assert columns(("a", "b"), [(1, "x"), (2, "y")]) == {"a": (1, 2), "b": ("x", "y")}
    assert columns(("a", "b"), []) == {"a": (), "b": ()}


def test_a_benchmark_without_a_name_to_show_is_shown_by_its_id():
    table = pl.DataFrame({"model": ["m", "m"], "benchmark": ["tqa", "mmlu"], "score": [0.1, 0.2]})
    facts = pl.DataFrame({"benchmark": ["tqa"], "name": ["TruthfulQA"]})
    assert display_names(Scores.build(table, benchmarks=facts)) == {"tqa": "TruthfulQA", "mmlu": "mmlu"}
