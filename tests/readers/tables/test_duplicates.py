"""One model on several rows, one column in several files: refused or decided by rule, and always said."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from measurand import read
from measurand.errors import InputError
from measurand.readers.tables.duplicates import RULES

WIDE = pl.DataFrame(
    {
        "model": ["a", "a", "b", "a"],
        "shots": [0, 5, 0, 5],
        "precision": ["fp16", "fp16", "fp16", "int8"],
        "mmlu": [0.5, 0.7, 0.6, 0.3],
        "wer": [0.2, 0.1, 0.3, None],
    }
)


def long(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.unpivot(
        ["mmlu", "wer"], index=["model", "shots", "precision"], variable_name="benchmark", value_name="score"
    )


def cells(study) -> dict[tuple[str, str], float]:
    return {(model, benchmark): score for model, benchmark, score, *_ in study.scores.table.iter_rows()}


@pytest.mark.parametrize("layout", [WIDE, long(WIDE)], ids=["wide", "long"])
def test_without_a_rule_it_is_refused_with_models_rows_differences_and_the_option(layout):
    with pytest.raises(InputError) as caught:
        read(layout)
    message = str(caught.value)
    for part in (
        "1 model stands on several rows",
        "'a' (3: row",
        "'shots', 'precision'",
        "--duplicates best",
        'duplicates="runs"',
    ):
        assert part in message, message


@pytest.mark.parametrize("layout", [WIDE, long(WIDE)], ids=["wide", "long"])
@pytest.mark.parametrize(("rule", "mmlu", "wer"), [("first", 0.5, 0.2), ("best", 0.7, 0.1), ("mean", 0.5, 0.15)])
def test_each_rule_gives_one_score_per_cell_and_says_so(layout, rule, mmlu, wer):
    study = read(layout, duplicates=rule, lower_is_better=["wer"])
    found = cells(study)
    assert (found["a", "mmlu"], found["a", "wer"]) == (pytest.approx(mmlu), pytest.approx(wer))
    assert found["b", "mmlu"] == 0.6
    assert any("1 model on several rows" in note and "'a' (3 rows)" in note for note in study.scores.notes)


@pytest.mark.parametrize("layout", [WIDE, long(WIDE)], ids=["wide", "long"])
def test_runs_are_rows_apart_named_by_what_differs_and_one_family(layout):
    study = read(layout, duplicates="runs")
    assert set(study.scores.models["model"]) == {
        *("a (shots=0, precision=fp16)", "a (shots=5, precision=fp16)", "a (shots=5, precision=int8)", "b")
    }
    assert study.scores.model_fact("family", ["a (shots=5, precision=int8)", "b"]) == ["a", None]


def test_runs_that_nothing_tells_apart_are_numbered_and_copies_are_none():
    frame = pl.DataFrame({"model": ["a", "a", "a"], "mmlu": [0.5, 0.7, 0.5]})
    assert cells(read(frame, duplicates="runs")) == {("a", "mmlu"): 0.5, ("a (run 2)", "mmlu"): 0.7}


def test_facts_of_a_model_reach_its_runs():
    facts = pl.DataFrame({"model": ["a"], "family": ["A"], "params": ["7B"]})
    study = read(WIDE, duplicates="runs", models=facts)
    assert study.scores.model_fact("parameters", ["a (shots=5, precision=int8)"]) == [7e9]
    assert study.scores.model_fact("family", ["a (shots=5, precision=int8)"]) == ["A"]


def test_facts_that_differ_between_rows_are_said_under_a_rule():
    frame = WIDE.with_columns(pl.Series("params", ["7B", "8B", "1B", "7B"]))
    study = read(frame, duplicates="first")
    assert study.scores.model_fact("parameters", ["a"]) == [7e9]
    assert "parameters differs, the first is taken, for: a" in study.scores.notes


def test_best_goes_by_what_a_table_of_benchmarks_says():
    side = pl.DataFrame({"benchmark": ["wer"], "higher_is": ["worse"]})
    assert cells(read(WIDE, duplicates="best", benchmarks=side))["a", "wer"] == 0.1


def test_a_mean_keeps_the_larger_doubt():
    frame = pl.DataFrame(
        {"model": ["a", "a"], "task": ["t", "t"], "score": [0.4, 0.6], "stderr": [0.1, 0.3], "n_items": [50, 20]}
    )
    assert read(frame, duplicates="mean").scores.table.row(0) == ("a", "t", 0.5, pytest.approx(0.2), 20)


def test_rows_that_agree_are_one_and_that_is_said():
    frame = pl.DataFrame({"model": ["a", "a", "b"], "mmlu": [0.5, None, 0.6], "gsm8k": [None, 0.7, 0.8]})
    study = read(frame)
    assert cells(study)["a", "gsm8k"] == 0.7
    assert any(note.endswith("rows of one model that agree, taken as one: 'a'") for note in study.scores.notes)


def test_an_unknown_rule_is_refused():
    with pytest.raises(InputError, match="duplicates should be one of best, first, mean, runs, got 'last'"):
        read(WIDE, duplicates="last")


# --- several files ---------------------------------------------------------------------------------------------------


@pytest.fixture
def two(tmp_path):
    def write(one: str, other: str):
        for name, text in (("one.csv", one), ("two.csv", other)):
            (tmp_path / name).write_text(text)
        return tmp_path / "one.csv", tmp_path / "two.csv"

    return write


def test_columns_of_one_name_with_different_scores_are_told_apart_by_file(two):
    study = read(*two("model,mmlu,x\na,0.5,1\nb,0.6,2\n", "model,mmlu\na,0.7\n"))
    assert cells(study) == {
        ("a", "mmlu (one.csv)"): 0.5,
        ("b", "mmlu (one.csv)"): 0.6,
        ("a", "mmlu (two.csv)"): 0.7,
        ("a", "x"): 1.0,
        ("b", "x"): 2.0,
    }
    assert any("told apart by file" in note and "mmlu (two.csv)" in note for note in study.scores.notes)
    # What is known of the benchmark is known of both.
    assert study.scores.benchmarks_of("capability") == ("mmlu (one.csv)", "mmlu (two.csv)")


def test_a_column_called_by_its_metric_is_told_apart_even_where_no_model_is_in_both(two):
    study = read(*two("model,accuracy\na,0.5\n", "model,accuracy\nb,0.7\n"))
    assert set(cells(study)) == {("a", "accuracy (one.csv)"), ("b", "accuracy (two.csv)")}


def test_files_that_agree_are_one_table(two):
    study = read(*two("model,mmlu\na,0.5\n", "model,mmlu\na,0.5\nb,0.7\n"))
    assert cells(study) == {("a", "mmlu"): 0.5, ("b", "mmlu"): 0.7}


@pytest.mark.parametrize(("rule", "score"), [("best", 0.7), ("first", 0.5), ("mean", 0.6)])
def test_a_rule_takes_columns_of_several_files_for_one(two, rule, score):
    study = read(*two("model,mmlu\na,0.5\nb,0.6\n", "model,mmlu\na,0.7\n"), duplicates=rule)
    assert cells(study)["a", "mmlu"] == pytest.approx(score)
    assert any("1 score stands in several tables" in note for note in study.scores.notes)


def test_runs_of_several_files_are_named_by_the_file(two):
    study = read(*two("model,mmlu\na,0.5\nb,0.6\n", "model,mmlu\na,0.7\n"), duplicates="runs")
    assert set(cells(study)) == {("a (one.csv)", "mmlu"), ("b", "mmlu"), ("a (two.csv)", "mmlu")}


def test_places_of_mixed_units_are_those_of_the_file_that_holds_them(two):
    one, other = two("model,mmlu\na,50\nb,60\nc,70\n", "model,mmlu\na,55\nd,0.52\n")
    with pytest.raises(InputError, match=r"two\.csv, line 3 \('d', 0\.52\)"):
        read(one, other, duplicates="first")


# --- any table -------------------------------------------------------------------------------------------------------


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xy"), st.floats(-1, 1)), min_size=1, max_size=12),
    st.sampled_from(RULES),
)
def test_every_rule_gives_one_score_per_cell_that_comes_from_its_rows(rows, rule):
    frame = pl.DataFrame(rows, schema=["model", "benchmark", "score"], orient="row")
    table = read(frame, duplicates=rule).scores.table
    assert not table.select("model", "benchmark").is_duplicated().any()
    given_scores: dict[tuple[str, str], set[float]] = {}
    for model, benchmark, score in rows:
        given_scores.setdefault((model, benchmark), set()).add(score)
    for model, benchmark, score, *_ in table.iter_rows():
        own = given_scores[model.partition(" (")[0], benchmark]
        assert min(own) <= score + 1e-12
        assert score <= max(own) + 1e-12
    if rule == "runs":
        # No score is lost, and no run is invented.
        assert table.height == sum(map(len, given_scores.values()))
