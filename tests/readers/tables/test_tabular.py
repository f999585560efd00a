"""Tables in files and in memory: layouts, separators, missing cells, and what is refused and how."""

import io
import json

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from measurand.errors import InputError, UnknownName
from measurand.readers import read, recognise
from measurand.readers.tables.tabular import read_table
from measurand.tables import Scores, Study

LONG = pl.DataFrame(
    {
        "model": ["m1", "m1", "m2"],
        "benchmark": ["b1", "b2", "b1"],
        "score": [0.1, 0.2, 0.3],
        "stderr": [0.01, None, 0.03],
        "n_items": [100, 50, 100],
    }
)
CAPABILITY = [
    *("logiqa", "piqa", "hellaswag", "winogrande", "superglue_copa", "medqa_4options"),
    *("arc_challenge", "mmlu", "minerva_math", "lambada_openai", "gsm8k", "bbh"),
]


@pytest.fixture
def write(tmp_path):
    def write(text, name="scores.csv"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def cells(scores: Scores) -> dict[tuple[str, str], float]:
    return {
        (model, benchmark): score
        for model, benchmark, score in scores.table.select("model", "benchmark", "score").rows()
    }


def refusal(*args, **kwargs) -> str:
    with pytest.raises(InputError) as caught:
        read(*args, **kwargs)
    return str(caught.value)


def said(study: Study, part: str) -> str:
    """The one note that contains this part."""
    (note,) = [note for note in study.scores.notes if part in note]
    return note


# --- layouts and formats ---------------------------------------------------------------------------------------------


def test_wide_csv_is_one_row_a_model(write):
    path = write("Model,b1,b2\nm1,0.1,0.2\nm2,0.3,\n")
    study = read(path)
    assert cells(study.scores) == {("m1", "b1"): 0.1, ("m2", "b1"): 0.3, ("m1", "b2"): 0.2}
    assert study.title == "scores.csv"
    (source,) = study.sources
    assert (source.path, source.format, source.rows, len(source.sha256)) == (str(path), "csv", 2, 64)


def test_first_text_column_is_the_model(write):
    assert cells(read(write("LLM,b1\nm1,0.1\n")).scores) == {("m1", "b1"): 0.1}


@pytest.mark.parametrize("header", ["model,benchmark,score", "Model,Task,Value", "model_name,dataset,accuracy"])
def test_long_csv_by_any_of_its_names(write, header):
    assert cells(read(write(f"{header}\nm1,b1,0.1\nm1,b2,0.2\n")).scores) == {("m1", "b1"): 0.1, ("m1", "b2"): 0.2}


def test_long_csv_keeps_stderr_and_items(write):
    scores = read(write(LONG.write_csv())).scores
    assert scores.table["stderr"].to_list() == [0.01, None, 0.03]
    assert scores.table["n_items"].to_list() == [100, 50, 100]


def test_wide_stderr_columns_belong_to_their_benchmark(write):
    scores = read(write("model,b1,b1_stderr\nm1,0.1,0.01\nm2,0.2,\n")).scores
    assert scores.table.rows() == [("m1", "b1", 0.1, 0.01, None), ("m2", "b1", 0.2, None, None)]


def test_one_row_a_benchmark_is_turned_around(write):
    study = read(write("benchmark,role,m1,m2\nb1,safety,0.1,0.2\nb2,other,,0.3\n"))
    assert cells(study.scores) == {("m1", "b1"): 0.1, ("m2", "b1"): 0.2, ("m2", "b2"): 0.3}
    assert study.scores.benchmarks_of("safety") == ("b1",)
    assert "one column per model (2)" in said(study, "one row per benchmark")


def test_what_accompanies_benchmarks_is_no_model(write):
    study = read(write("benchmark,m1,m2,n_items,release_year\nb1,0.1,0.2,500,2021\nb2,,0.3,100,2022\n"))
    assert cells(study.scores) == {("m1", "b1"): 0.1, ("m2", "b1"): 0.2, ("m2", "b2"): 0.3}
    left = said(study, "left out, not a model (rename the column if it is one)")
    assert "release_year" in left


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_separators_line_ends_and_byte_order_mark(write, separator, end, mark):
    text = mark + end.join([separator.join(row) for row in (("model", "b1"), ("m1", "0.1"), ("m2", "0.2"))]) + end
    assert cells(read(write(text)).scores) == {("m1", "b1"): 0.1, ("m2", "b1"): 0.2}


@pytest.mark.parametrize("kind", ["csv", "tsv", "parquet", "jsonl", "ndjson"])
def test_every_format_gives_the_same_scores(tmp_path, kind):
    path = tmp_path / f"scores.{kind}"
    if kind in ("csv", "tsv"):
        LONG.write_csv(path, separator="," if kind == "csv" else "\t")
    elif kind == "parquet":
        LONG.write_parquet(path)
    else:
        LONG.write_ndjson(path)
    assert read(path).scores.table.equals(Scores.build(LONG).table)


FRAMES = {
    "polars": lambda frame: frame,
    "lazy": lambda frame: frame.lazy(),
    "arrow": lambda frame: frame.to_arrow(),
    "pandas": lambda frame: frame.to_pandas(),
    "pandas indexed": lambda frame: frame.to_pandas().set_index("model"),
}


@pytest.mark.parametrize("convert", FRAMES.values(), ids=FRAMES)
def test_every_frame_gives_the_same_scores(convert):
    study = read(convert(LONG))
    assert study.scores.table.equals(Scores.build(LONG).table)
    assert study.sources == ()


def test_pandas_index_without_a_name_is_the_model_if_it_is_text():
    frame = pd.DataFrame({"b1": [0.1, float("nan")], "b2": [1, 2]}, index=["m1", "m2"])
    assert cells(read(frame).scores) == {("m1", "b1"): 0.1, ("m1", "b2"): 1.0, ("m2", "b2"): 2.0}
    assert cells(read(pd.DataFrame({"model": ["m0", "m1"], "b1": [0.1, 0.2]})[1:]).scores) == {("m1", "b1"): 0.2}


def test_pandas_column_of_numbers_and_marks_for_missing():
    frame = pd.DataFrame({"model": ["m1", "m2"], "b1": [0.1, "-"]}, dtype=object)
    assert cells(read(frame).scores) == {("m1", "b1"): 0.1}


def test_an_arrow_producer_of_any_kind():
    class Producer:
        columns = ("model", "b1")

        def __arrow_c_stream__(self, requested_schema=None):
            return pa.table({"model": ["m1"], "b1": [0.5]}).__arrow_c_stream__(requested_schema)

    assert cells(read(Producer()).scores) == {("m1", "b1"): 0.5}


def test_index_column_written_by_a_frame_is_left_alone(write):
    assert cells(read(write(",model,b1\n0,m1,0.1\n")).scores) == {("m1", "b1"): 0.1}
    assert cells(read(write(",b1\nm1,0.1\n")).scores) == {("m1", "b1"): 0.1}


@pytest.mark.parametrize("name", ["Unnamed: 0", "Unnamed: 0.1", "__index_level_0__"])
def test_an_index_that_pandas_wrote_and_read_back_is_no_benchmark(name):
    scores = pd.DataFrame({"model": ["m1", "m2"], "b1": [0.1, 0.2]})
    for numbers in ([0, 1], [7, 3]):
        assert read(scores.assign(**{name: numbers})).scores.benchmarks["benchmark"].to_list() == ["b1"]
    assert read(scores.assign(**{name: [0.5, 0.25]})).scores.benchmarks.height == 2
    index = pd.DataFrame({name: ["m1", "m2"], "b1": [0.1, 0.2]})
    assert cells(read(index).scores) == {("m1", "b1"): 0.1, ("m2", "b1"): 0.2}


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.csv", b"", "csv"),
        ("a.PQ", b"", "parquet"),
        ("a.docx", b"x", None),
        ("a.txt", b"model,b1\n", "csv"),
        ("a.txt", b"PAR1...", "parquet"),
        ("a", b' {"model": 1}', "jsonl"),
        ("a.txt", b"prose", None),
    ],
)
def test_format_is_recognised_by_suffix_then_by_content(write, name, content, kind):
    assert recognise(write(content, name)) == kind


def test_folder_and_pattern_give_their_files(write, tmp_path):
    write("model,b1\nm1,0.1\n", "one.csv")
    write('{"model": "m2", "b1": 0.2}\n', "two.jsonl")
    write("not a table", "README.md")
    expected = {("m1", "b1"): 0.1, ("m2", "b1"): 0.2}
    assert cells(read(tmp_path).scores) == expected
    assert cells(read(tmp_path / "*").scores) == expected
    assert len(read(tmp_path).sources) == 2


def test_tables_join_and_the_same_score_twice_counts_once(write):
    one, two = (
        write("model,b1\nm1,0.1\n", "one.csv"),
        write("model,benchmark,score,stderr\nm1,b1,0.1,0.01\nm2,b1,0.2,\n", "two.csv"),
    )
    study = read(one, two)
    assert study.scores.table.rows() == [("m1", "b1", 0.1, 0.01, None), ("m2", "b1", 0.2, None, None)]
    assert study.title == "one.csv, two.csv"


# --- cells -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mark", ["", "NA", "n/a", "N/A", "nan", "NaN", "null", "-", " "])
def test_marks_for_missing(write, mark):
    study = read(write(f"model,b1,b2\nm1,0.1,{mark}\nm2,0.2,0.3\n"))
    assert cells(study.scores) == {("m1", "b1"): 0.1, ("m2", "b1"): 0.2, ("m2", "b2"): 0.3}
    notes = [note for note in study.scores.notes if "another mark for missing" in note]
    assert len(notes) == bool(mark.strip())


def test_nan_in_a_frame_is_not_run_and_counted():
    study = read(pl.DataFrame({"model": ["m1", "m2"], "b1": [0.1, float("nan")]}))
    assert cells(study.scores) == {("m1", "b1"): 0.1}
    assert "1 cells hold NaN" in said(study, "missing")


def test_percent_signs_are_taken_off_when_every_cell_has_one(write):
    study = read(write("model,b1\nm1,45.2%\nm2,50 %\nm3,\n"))
    assert cells(study.scores) == {("m1", "b1"): 45.2, ("m2", "b1"): 50.0}
    assert said(study, "percent signs taken off").endswith(": b1")


def test_decimal_commas_in_a_file_with_semicolons(write):
    study = read(write("model;b1;b2\nm1;0,45;1\nm2;1;0.5\n"))
    assert cells(study.scores) == {("m1", "b1"): 0.45, ("m2", "b1"): 1.0, ("m1", "b2"): 1.0, ("m2", "b2"): 0.5}
    assert said(study, "decimal commas read").endswith(": b1")


def test_text_and_empty_columns_are_left_out_and_noted(write):
    study = read(write("model,licence,b1,b2\nm1,MIT,0.1,\nm2,Apache,0.2,NA\n"))
    assert cells(study.scores) == {("m1", "b1"): 0.1, ("m2", "b1"): 0.2}
    assert said(study, "text in every row").endswith(": licence")
    assert said(study, "no value in any row").endswith(": b2")


def test_averages_are_no_benchmark(write):
    study = read(write("model,Average,b1\nm1,0.1,0.2\n"))
    assert cells(study.scores) == {("m1", "b1"): 0.2}
    assert said(study, "not a benchmark").endswith(": Average")


def test_constant_columns_are_kept(write):
    assert len(read(write("model,b1\nm1,0.5\nm2,0.5\n")).scores.table) == 2


def test_names_are_kept_as_they_are(write):
    study = read(write('model,"<b>b,1</b>",=1+1\n" <script>x</script> ",0.1,0.2\n"@a\u0007",0.3,0.4\n'))
    assert study.scores.models["model"].to_list() == ["<script>x</script>", "@a\u0007"]
    assert study.scores.benchmarks["benchmark"].to_list() == ["<b>b,1</b>", "=1+1"]
    assert "'@a\\x07'" in said(study, "control characters")


def test_short_rows_are_noted(write):
    study = read(write("model,b1,b2\nm1,0.1,0.2\nm2,0.3\n"))
    assert ("m2", "b2") not in cells(study.scores)
    assert "1 rows have fewer cells than the header (first: line 3)" in said(study, "fewer")


def test_json_lines_with_nan_nested_values_and_other_fields(write):
    lines = [{"model": "m1", "b1": 0.1, "tags": ["x"]}, {"model": "m2", "b1": float("nan"), "b2": 3}]
    study = read(write("\n\n".join(map(json.dumps, lines)), "scores.jsonl"))
    assert cells(study.scores) == {("m1", "b1"): 0.1, ("m2", "b2"): 3.0}
    assert "'tags'" in said(study, "lists or objects")


# --- what is refused, and what the message says ----------------------------------------------------------------------

REFUSED = {
    "text in a score column": (
        "model,b1\nm1,0.1\n\nm2,abc\n",
        ["scores.csv, line 4, column 'b1': 'abc' is not a number", "leave the cell empty"],
    ),
    "text after a quoted line break": ('model,b1\n"m\n1",0.1\nm2,abc\n', ["line 4, column 'b1'"]),
    "percent signs in some cells": ("model,b1\nm1,0.1\nm2,45%\n", ["line 3", "'45%'", "every cell", "or none"]),
    "thousands": ('model,b1\nm1,10\nm2,"1,000"\n', ["line 3", "'1,000'", "decimal point"]),
    "infinite score": ("model,b1\nm1,0.1\nm2,inf\n", ["line 3, column 'b1'", "finite", "inf"]),
    "score beyond measure": ("model,b1\nm1,0.1\nm2,-1e101\n", ["line 3, column 'b1'", "at most 1e+100", "-1e+101"]),
    "empty file": ("", ["empty (0 bytes)"]),
    "blank file": ("\n\n", ["empty (2 bytes)"]),
    "header only": ("model,b1\n", ["no rows below the header"]),
    "two columns of one name": ("model,b1,b1\nm1,1,2\n", ["2 columns are named 'b1' (2, 3)"]),
    "values without a column name": ("model,b1,\nm1,1,2\n", ["column 3 has values and no name"]),
    "model twice": (
        "model,b1\nm1,1\nm2,1\nm1,2\n",
        [
            "1 model stands on several rows",
            "'m1' (2: line 2, line 4), such as 1, 2 of 'm1' on 'b1'",
            "--duplicates best",
        ],
    ),
    "score twice": (
        "model,task,score\nm1,b,1\nm2,b,1\nm1,b,2\n",
        ["'m1' (2: line 2, line 4), such as 1, 2 of 'm1' on 'b'", 'duplicates="runs"'],
    ),
    "no model name": ("model,b1\nm1,1\n,2\n", ["line 3, column 'model': no name"]),
    "no benchmark name": ("model,task,score\nm1,b,1\nm2,,2\n", ["line 3, column 'task': no name"]),
    "no model column": ("b1,b2\n1,2\n", ["no model column", "b1, b2"]),
    "no model column in a long table": ("task,score\nb1,2\n", ["no model column; name it model"]),
    "no score column": ("model,task,f1\nm1,b1,0.5\n", ["'model'", "'task'", "score, value or accuracy"]),
    "no numbers": ("model,b1\nm1,x\n", ["no column of numbers besides 'model'"]),
    "no score in a long table": ("model,task,score\nm1,b,\n", ["no score in any row"]),
    "too many cells": ("model,b1\nm1,1\nm2,0,5\n", ["line 3: 3 cells where the header has 2"]),
    "open quote": ('model,b1\nm1,"1\nm2,2\n', ["scores.csv"]),
    "stderr below 0": ("model,task,score,stderr\nm1,b,1,-1\n", ["scores.csv", "stderr", "at least 0"]),
    "half an item": ("model,task,score,n_items\nm1,b,1,1.5\n", ["line 2, column 'n_items'", "whole number", "1.5"]),
    "not UTF-8": (b"model,b1\nm\xe9,1\n", ["byte 10 (0xe9)", "UTF-8"]),
    "UTF-16": ("model,b1\n".encode("utf-16"), ["looks like UTF-16"]),
    "unknown role": ("model,task,score,role\nm1,b,1,nice\n", ["scores.csv", "role", "'nice'"]),
    "facts alone": ("model,family\nm1,x\n", ["facts and no scores"]),
}


@pytest.mark.parametrize(("content", "parts"), REFUSED.values(), ids=REFUSED)
def test_refused_with_file_place_and_remedy(write, content, parts):
    message = refusal(write(content))
    assert "scores.csv" in message
    assert [part for part in parts if part not in message] == [], message


@pytest.mark.parametrize(
    ("name", "content", "part"),
    [
        ("a.parquet", b"PAR1 and nothing", "cannot be read as Parquet"),
        ("a.jsonl", b'{"model": "m1", "b1": 0.1}\n{"model"\n', "line 2: not a line of JSON"),
        ("a.jsonl", b"[1]\n", "line 1: should be an object"),
        ("a.jsonl", b'{"a":' + b"[" * 200_000, "line 1: not a line of JSON"),
        ("a.jsonl", b'{"model": "m1", "b1": 0.1}\n{"model": "m2", "b1": "x"}\n', "line 2, column 'b1': 'x'"),
        ("a.docx", b"x", "format not recognised"),
    ],
)
def test_corrupt_files_are_refused(write, name, content, part):
    message = refusal(write(content, name))
    assert name in message
    assert part in message


def test_json_lines_have_a_limit(monkeypatch):
    monkeypatch.setattr("measurand.readers.tables.tabular.LINE_LIMIT", 10)
    with pytest.raises(InputError, match="line 1: 26 bytes; a line should have at most 10"):
        read_table("a.jsonl", b'{"model": "m1", "b1": 0.1}', "jsonl")


def test_places_of_other_tables_are_rows():
    assert "row 2, column 'b1'" in refusal(pl.DataFrame({"model": ["a", "b"], "b1": ["1", "x"]}))


def test_missing_file_names_near_ones(write, tmp_path):
    write("model,b1\nm1,1\n", "scores.csv")
    assert f"did you mean {str(tmp_path / 'scores.csv')!r}" in refusal(tmp_path / "score.csv")
    assert "no folder" in refusal(tmp_path / "nowhere" / "score.csv")


def test_folder_without_a_table(write, tmp_path):
    assert "it holds no file" in refusal(tmp_path)
    write("x", "notes.md")
    assert "it holds notes.md" in refusal(tmp_path)


def test_nothing_and_nonsense_are_refused():
    assert "nothing to read" in refusal()
    assert "should be a path or a frame, got int" in refusal(3)


# --- percentages and fractions ---------------------------------------------------------------------------------------


def test_fractions_among_percentages_are_refused_with_their_places(write):
    path = write("model,b1\nm1,45\nm2,0.52\nm3,60\nm4,70\n")
    message = refusal(path)
    assert f"column 'b1' mixes percentages and fractions: {path}, line 3 ('m2', 0.52) look like fractions" in message
    assert "as_given=['b1'] (--as-given b1)" in message
    assert read(path, as_given=["b1"]).scores.table.height == 4


def test_percentages_among_fractions_across_files_are_refused(write):
    one = write("model,b1\nm1,0.45\nm2,0.5\nm3,0.6\n", "one.csv")
    two = write("model,task,score\nm4,b1,55\n", "two.csv")
    assert f"{two}, line 2 ('m4', 55) look like percentages among fractions from 0.45 to 0.6" in refusal(one, two)


@pytest.mark.parametrize(
    "values",
    [
        [0.8, 2.0, 30.0, 60.0],  # low percentages of weak models: no gap
        [0.1, 45.0, 60.0, 70.0],  # 10 % is far below the others
        [0.5, 45.0, 60.0],  # too few to tell
        [-1.0, 0.5, 45.0, 60.0, 70.0],  # no percentages at all
        [0.5, 45.0, 60.0, 700.0],
        [0.0, 45.0, 60.0, 70.0],
        [0.2, 0.5, 0.9, 1.0],
    ],
)
def test_no_false_alarm_about_units(values):
    frame = pl.DataFrame({"model": [f"m{i}" for i in range(len(values))], "b1": values})
    assert read(frame).scores.table["score"].to_list() == values


def test_unknown_name_in_as_given():
    with pytest.raises(UnknownName, match=r"no benchmark named 'b2'\. There are 1: b1"):
        read(pl.DataFrame({"model": ["m"], "b1": [1.0]}), as_given=["b2"])


# --- published tables ------------------------------------------------------------------------------------------------


def test_chat_models_as_published(shared):
    folder = shared / "data" / "safetywashing"
    scores = read(folder / "benchmarks_chat_models.csv", capability=CAPABILITY).scores
    # 183 columns: model, name, type, model_size and FLOP are no benchmarks.
    assert (scores.models.height, scores.benchmarks.height, scores.classes) == (26, 178, ("chat",))
    printed = (folder / "reference_output.txt").read_text(encoding="utf-8")
    chat = (
        printed.split("***** Results for Chat *****")[1]
        .split("CAPABILITIES CORRELATIONS:")[1]
        .split("MODEL SCORES:")[0]
    )
    named = [line.rsplit(" ", 1)[0] for line in chat.splitlines() if line.strip() and not line.endswith(":")]
    assert len(named) > 150
    assert set(named) <= set(scores.benchmarks["benchmark"])
    assert list(scores.benchmarks_of("capability")) == [
        name for name in scores.benchmarks["benchmark"] if name in CAPABILITY
    ]
    llama = scores.models.row(by_predicate=pl.col("model") == "Llama-2-70b-chat-hf", named=True)
    assert (llama["family"], llama["parameters"], llama["training_flop"]) == ("Llama", 7e10, 8.1e23)


def test_base_models_as_published(shared):
    scores = read(shared / "data" / "safetywashing" / "benchmarks_base_models.csv").scores
    assert (scores.models.height, scores.benchmarks.height, scores.classes) == (27, 176, ("base",))


def test_units_in_the_names_of_fact_columns(shared):
    study = read(shared / "data" / "elicitation" / "obs_scaling_pca" / "base_llm_benchmark_eval.csv")
    scores = study.scores
    assert (scores.models.height, scores.benchmarks.height) == (148, 8)
    assert scores.models.row(0)[:-1] == ("meta-llama/Llama-2-7b-hf", "Llama-2", None, 7e9, 8.4e22, "2023-07-18", None)
    assert said(study, "parameters from").endswith("'Model Size (B)', times 1e+09")
    assert said(study, "training_flop from").endswith("'FLOPs (1E21)', times 1e+21")
    assert said(study, "not a benchmark").endswith(": Pretraining Data Size (T)")


# --- any table, any bytes --------------------------------------------------------------------------------------------

names = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Z")), min_size=1, max_size=8)


@st.composite
def long_tables(draw):
    """Scores below 1 or above 100 alone, so that none looks like a mix of units."""
    models = [f"m{name}" for name in draw(st.lists(names, min_size=1, max_size=5, unique=True))]
    benchmarks = [f"b{name}" for name in draw(st.lists(names, min_size=1, max_size=5, unique=True))]
    score = st.one_of(st.none(), st.floats(-1, 1), st.floats(101, 1e9))
    cells = [(m, b, draw(score)) for m in models for b in benchmarks]
    table = pl.DataFrame(cells, schema={"model": pl.String, "benchmark": pl.String, "score": pl.Float64}, orient="row")
    first = pl.int_range(pl.len()) == 0
    return table.with_columns(pl.when(first & pl.col("score").is_null()).then(0.5).otherwise("score").alias("score"))


def as_bytes(frame: pl.DataFrame, kind: str) -> bytes:
    buffer = io.BytesIO()
    if kind == "csv":
        frame.write_csv(buffer)
    elif kind == "semicolons":
        frame.write_csv(buffer, separator=";")
    elif kind == "parquet":
        frame.write_parquet(buffer)
    else:
        frame.write_ndjson(buffer)
    return buffer.getvalue()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(table=long_tables(), kind=st.sampled_from(["csv", "semicolons", "parquet", "jsonl"]), wide=st.booleans())
def test_a_table_written_and_read_is_the_same(tmp_path, table, kind, wide):
    path = tmp_path / f"scores.{'csv' if kind == 'semicolons' else kind}"
    written = table.pivot("benchmark", index="model", values="score") if wide else table
    path.write_bytes(as_bytes(written, kind))
    expected = {(m, b): s for m, b, s in table.drop_nulls().rows()}
    assert cells(read(path).scores) == expected
    assert cells(read(written).scores) == expected


def holds(path) -> bool:
    """Whether reading gives finite scores or an `InputError` that says where."""
    try:
        scores = read(path).scores
    except InputError as error:
        return path.name in str(error)
    return scores.table.height >= 1 and np.isfinite(scores.table["score"].to_numpy()).all()


HEADS = (
    b"",
    b"model,benchmark,score\n",
    b"model,b1\nm,",
    b"benchmark,m1\n",
    b'{"model":',
    b'{"model":"m","b1":',
    b"PAR1",
    b"\xef\xbb\xbfmodel;b1\n",
)


@settings(max_examples=300, deadline=None)
@given(
    head=st.sampled_from(HEADS),
    tail=st.one_of(st.binary(max_size=200), st.text(alphabet='m1,;\t"\n\r.%-{}[]: \0eN', max_size=80).map(str.encode)),
    kind=st.sampled_from(["csv", "tsv", "parquet", "jsonl"]),
)
def test_any_bytes_give_a_table_or_an_input_error(tmp_path_factory, head, tail, kind):
    path = tmp_path_factory.getbasetemp() / f"fuzz.{kind}"
    path.write_bytes(head + tail)
    assert holds(path)


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_damaged_parquet_gives_a_table_or_an_input_error(tmp_path_factory, data):
    content = bytearray(as_bytes(LONG, "parquet"))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "damaged.parquet"
    path.write_bytes(content[: data.draw(st.integers(len(content) // 2, len(content)))])
    assert holds(path)


def test_half_of_a_character_in_a_line_of_json_is_replaced():
    line = b'{"model": "m", "item": "1", "score": Infinity, "set": "\\ud800x"}\n'
    table = read_table("a.jsonl", line, "jsonl")
    assert table.frame["set"].to_list() == ["?x"]
