"""The Scores table: what is refused, what is completed, how it is turned and cut."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from measurand.errors import InputError, UnknownName
from measurand.tables import Scores, Study


def table(*rows, **columns):
    names = ("model", "benchmark", "score", *columns)
    return pl.DataFrame(list(rows), schema=list(names), orient="row")


SMALL = table(("a", "x", 0.1), ("b", "x", 0.2), ("a", "y", 0.3))


def test_a_missing_cell_means_not_run():
    scores = Scores.build(SMALL)
    np.testing.assert_array_equal(scores.matrix(["b", "a"], ["x", "y"]), [[0.2, np.nan], [0.1, 0.3]])


def test_rows_without_a_score_and_exact_repeats_are_dropped():
    scores = Scores.build(table(("a", "x", 0.1), ("a", "x", 0.1), ("a", "y", None), ("b", "x", 0.2)))
    assert scores.table.height == 2
    assert list(scores.benchmarks["benchmark"]) == ["x"]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_scores_that_are_not_finite_are_refused_and_named(value):
    with pytest.raises(InputError, match=r"model 'b' on 'x' \(1 such rows\); leave the cell empty"):
        Scores.build(table(("a", "x", 0.1), ("b", "x", value)))


def test_two_scores_of_one_model_on_one_benchmark_are_refused():
    with pytest.raises(InputError, match=r"model 'a' has 2 different rows for 'x': scores 0\.1, 0\.2; keep one"):
        Scores.build(table(("a", "x", 0.1), ("a", "x", 0.2)))


@pytest.mark.parametrize(
    "frame", [SMALL.head(0), table(("a", "x", None)), pl.DataFrame({"model": ["a"], "benchmark": ["x"]})]
)
def test_a_table_without_scores_is_refused(frame):
    with pytest.raises(InputError, match="no score"):
        Scores.build(frame)


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [("stderr", -0.1, "stderr should be at least 0, got -0.1"), ("n_items", 0, "n_items should be at least 1, got 0")],
)
def test_impossible_errors_and_counts_are_refused(column, value, words):
    with pytest.raises(InputError, match=words):
        Scores.build(pl.DataFrame({"model": ["a"], "benchmark": ["x"], "score": [0.5], column: [value]}))


@pytest.mark.parametrize(
    ("fact", "value", "words"),
    [
        ("role", "safe", "role should be one of capability, safety, other, got 'safe' for 'x'"),
        ("higher_is", "up", "higher_is should be one of better, worse, got 'up' for 'x'"),
    ],
)
def test_facts_that_are_no_known_word_are_refused(fact, value, words):
    with pytest.raises(InputError, match=words):
        Scores.build(SMALL, benchmarks=pl.DataFrame({"benchmark": ["x"], fact: [value]}))


@pytest.mark.parametrize(("chance", "maximum"), [(1.0, 1.0), (1.0, 0.5)])
def test_chance_should_be_below_the_maximum(chance, maximum):
    facts = pl.DataFrame({"benchmark": ["x"], "chance": [chance], "maximum": [maximum]})
    with pytest.raises(InputError, match="chance should be below maximum, got 1 and"):
        Scores.build(SMALL, benchmarks=facts)


@pytest.mark.parametrize(("fact", "value"), [("training_flop", 0.0), ("training_flop", -1e20), ("parameters", -7e9)])
def test_facts_of_a_model_out_of_range_are_refused(fact, value):
    with pytest.raises(InputError, match=f"{fact}.*'a'"):
        Scores.build(SMALL, models=pl.DataFrame({"model": ["a"], fact: [value]}))


@pytest.mark.parametrize("which", ["models", "benchmarks"])
def test_facts_have_one_row_a_name(which):
    key = which[:-1]
    facts = pl.DataFrame({key: ["x", "x"]})
    with pytest.raises(InputError, match=f"one row a {key}, got several for 'x'"):
        Scores.build(SMALL, **{which: facts})


def test_facts_are_completed_and_those_of_others_ignored():
    models = pl.DataFrame({"model": ["b", "other"], "family": ["f", "g"]})
    benchmarks = pl.DataFrame({"benchmark": ["y"], "role": ["safety"], "name": ["The Y"]})
    scores = Scores.build(SMALL, models, benchmarks)
    assert scores.model_fact("family", ["a", "b"]) == [None, "f"]
    assert list(scores.models["model"]) == ["a", "b"]
    assert scores.benchmark_fact("role", ["x", "y"]) == ["other", "safety"]
    assert scores.benchmark_fact("name", ["x", "y"]) == ["x", "The Y"]


def test_classes_come_in_order_and_models_of_no_class_are_one():
    models = pl.DataFrame({"model": ["a"], "class": ["chat"]})
    scores = Scores.build(SMALL, models)
    assert scores.classes == ("chat", "all")
    assert scores.models_of("chat") == ("a",)
    assert scores.models_of("all") == ("b",)
    assert scores.models_of("none") == ()


def test_standard_errors_are_as_given_or_binomial():
    frame = pl.DataFrame(
        {
            "model": ["a", "b", "c", "d", "e"],
            "benchmark": ["x"] * 5,
            "score": [0.2, 0.2, 1.0, 55.0, 0.2],
            "stderr": [0.01, None, None, None, None],
            "n_items": [100, 100, 100, 100, None],
        }
    )
    scores = Scores.build(frame)
    # sqrt(.2 * .8 / 100) = .04; 0, 1 and what is no proportion have none that way
    np.testing.assert_allclose(scores.stderr(list("abcde"), ["x"])[:, 0], [0.01, 0.04, np.nan, np.nan, np.nan])


@given(st.lists(st.floats(-100, 100), min_size=2, max_size=8))
def test_turning_a_benchmark_turns_its_scores_once_however_often_it_is_asked(values):
    rows = [(f"m{i}", "x", value) for i, value in enumerate(values)]
    names = [f"m{i}" for i in range(len(values))]
    scores = Scores.build(table(*rows))
    turned = scores.with_lower_is_better(["x"])
    np.testing.assert_array_equal(turned.matrix(names, ["x"]), -scores.matrix(names, ["x"]))
    again = turned.with_lower_is_better(["x"])
    np.testing.assert_array_equal(again.matrix(names, ["x"]), turned.matrix(names, ["x"]))
    np.testing.assert_array_equal(scores.matrix(names, ["x"])[:, 0], values)
    assert "turned once: x" in turned.notes[-1]


def test_capability_benchmarks_are_exactly_those_named():
    roles = pl.DataFrame({"benchmark": ["x", "y"], "role": ["capability", "safety"]})
    scores = Scores.build(SMALL, benchmarks=roles).with_capability(["y"])
    assert scores.benchmarks_of("capability") == ("y",)
    assert scores.benchmarks_of("safety", "other") == ("x",)
    assert scores.notes[-1].endswith("as named: y")


def test_only_the_benchmarks_named_stay_under_test():
    scores = Scores.build(table(("a", "x", 1), ("a", "y", 2), ("a", "z", 3))).with_capability(["x"]).only(["z"])
    assert list(scores.benchmarks["benchmark"]) == ["x", "z"]
    assert set(scores.table["benchmark"]) == {"x", "z"}


@pytest.mark.parametrize("method", ["with_capability", "only", "with_lower_is_better"])
def test_an_unknown_benchmark_is_named_with_what_is_near(method):
    scores = Scores.build(table(("a", "mmlu", 0.1), ("a", "gsm8k", 0.2)))
    with pytest.raises(UnknownName, match="no benchmark named 'mmul'; did you mean 'mmlu'"):
        getattr(scores, method)(["mmul"])


def test_scores_and_studies_cannot_be_changed():
    scores = Scores.build(SMALL)
    with pytest.raises(AttributeError):
        scores.notes = ()
    with pytest.raises(AttributeError):
        Study(title="s", scores=scores).title = "other"


@given(st.permutations(range(3)))
def test_order_of_the_rows_does_not_change_what_is_looked_up(order):
    scores = Scores.build(SMALL[list(order)])
    np.testing.assert_array_equal(scores.matrix(["a", "b"], ["x", "y"]), [[0.1, 0.3], [0.2, np.nan]])


@pytest.mark.parametrize("column", ["score", "stderr"])
def test_magnitudes_that_no_measure_can_square_are_refused_and_named(column):
    frame = pl.DataFrame({"model": ["a", "b"], "benchmark": "x", "score": [0.1, 1e100], "stderr": [0.1, 1e100]})
    assert Scores.build(frame).table.height == 2
    beyond = frame.with_columns(pl.Series(column, [0.1, 1.1e100]))
    with pytest.raises(InputError, match=r"at most 1e\+100 in size, got 1.1e\+100 for model 'b' on 'x'"):
        Scores.build(beyond)


@pytest.mark.parametrize(
    ("facts", "kind"),
    [
        ({"model": ["a"], "training_flop": [1e101]}, "models"),
        ({"model": ["a"], "parameters": [1e101]}, "models"),
        ({"benchmark": ["x"], "maximum": [1e101]}, "benchmarks"),
        ({"benchmark": ["x"], "chance": [-1e101]}, "benchmarks"),
    ],
)
def test_facts_beyond_measure_are_refused_too(facts, kind):
    frame = pl.DataFrame({"model": ["a"], "benchmark": ["x"], "score": [0.1]})
    with pytest.raises(InputError, match=r"at most 1e\+100.* got -?1e\+101 for '[ax]'"):
        Scores.build(frame, **{kind: pl.DataFrame(facts)})
