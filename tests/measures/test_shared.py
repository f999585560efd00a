"""How numbers are worded and laid out."""

from __future__ import annotations

import math

import polars as pl
import pytest

from measurand.measures.shared import columns, display_names, estimate, family_codes, finite
from measurand.results import Estimate
from measurand.tables import Scores


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_an_undefined_number_is_left_out(value):
    assert finite(value) is None
    found = estimate("rho", value, 0.1, 0.2, level=0.95, method="m")
    assert (found.value, found.low, found.high) == (None, 0.1, 0.2)


@pytest.mark.parametrize("bounds", [(math.nan, 0.5), (0.1, math.nan), (math.nan, math.nan), (-math.inf, 0.5)])
def test_half_an_interval_is_no_interval_and_has_no_level(bounds):
    found = estimate("rho", 0.3, *bounds, level=0.95, method="m", n=9)
    assert (found.value, found.low, found.high, found.level, found.n) == (0.3, None, None, None, 9)


def test_an_interval_travels_with_its_level_and_method():
    found = estimate("rho", 0.3, 0.1, 0.5, level=0.9, method="jackknife", n=9, unit="score")
    assert found == Estimate(name="rho", value=0.3, low=0.1, high=0.5, level=0.9, method="jackknife", n=9, unit="score")
    assert all(type(x) is float for x in (found.value, found.low, found.high))


def test_rows_become_columns():
    assert columns(("a", "b"), [(1, "x"), (2, "y")]) == {"a": (1, 2), "b": ("x", "y")}
    assert columns(("a", "b"), []) == {"a": (), "b": ()}


def test_a_benchmark_without_a_name_to_show_is_shown_by_its_id():
    table = pl.DataFrame({"model": ["m", "m"], "benchmark": ["tqa", "mmlu"], "score": [0.1, 0.2]})
    facts = pl.DataFrame({"benchmark": ["tqa"], "name": ["TruthfulQA"]})
    assert display_names(Scores.build(table, benchmarks=facts)) == {"tqa": "TruthfulQA", "mmlu": "mmlu"}


def test_a_model_of_unknown_family_is_a_family_of_its_own():
    codes, names, unknown = family_codes(["a", "b", "c", "d"], ["x", None, "x", None])
    assert codes.tolist() == [0, 1, 0, 2]
    assert names == ("x", "b", "d")
    assert unknown == 2


def test_a_family_named_like_a_model_of_unknown_family_stays_apart():
    codes, _, _ = family_codes(["x", "b"], [None, "x"])
    assert codes[0] != codes[1]
