"""What is exported says the same scores again, harms no spreadsheet, and is what the schema asks for."""

import csv
import io
import json
import re
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

import measurand
from measurand.cli import app
from measurand.errors import InputError
from measurand.report.export import export, long_table, records
from measurand.tables import Scores, Study


def write(study: Study, output: Path) -> list[Path]:
    found = export(study, output, retrieved=1_700_000_000)
    for path, content in found.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return list(found)


def cells(scores: Scores) -> dict:
    rows = scores.table.select("model", "benchmark", "score", "stderr", "n_items").iter_rows()
    return {(model, benchmark): tuple(rest) for model, benchmark, *rest in rows}


def study(models=("org/a", "b"), **columns) -> Study:
    table = pl.DataFrame(
        {
            "model": models,
            "benchmark": ["mine"] * len(models),
            "score": [-1 / 3 * 10**-k for k in range(len(models))],
            **columns,
        }
    )
    return Study(title="made for a test", scores=Scores.build(table))


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_table_read_again_gives_the_same_scores_and_facts(example, tmp_path, suffix):
    path = tmp_path / f"scores{suffix}"
    assert write(example, path) == [path]
    again = measurand.read(path).scores
    assert cells(again) == cells(example.scores)
    for facts in ("role", "higher_is", "chance"):
        names = example.scores.benchmarks["benchmark"].to_list()
        assert again.benchmark_fact(facts, names) == example.scores.benchmark_fact(facts, names)
    models = example.scores.models["model"].to_list()
    assert again.model_fact("training_flop", models) == example.scores.model_fact("training_flop", models)


def test_the_table_has_a_row_a_score_and_no_column_without_a_value():
    table = long_table(study(stderr=[0.1, None]).scores)
    assert table.columns == ["model", "benchmark", "score", "stderr", "name", "role"]
    assert table.height == 2


@pytest.mark.parametrize("name", ["=1+1", "+x", "-x", "@x", "\t=x", " =x", "＝x", "'=x"])
def test_a_name_is_never_a_formula_and_a_negative_number_stays_one(name):
    (content,) = export(study((name,)), Path("x.csv"), retrieved=0).values()
    row = list(csv.reader(io.StringIO(content.decode())))[1]
    assert re.match(r"'", row[0])
    assert float(row[2]) == -1 / 3


def test_records_are_valid_against_the_published_schema(shared, example):
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads((shared / "data/harness_logs/every_eval_ever/eval.schema.json").read_text(encoding="utf-8"))
    validator = jsonschema.Draft7Validator(schema)
    found = [
        *records(example, retrieved=1_700_000_000),
        *records(study(stderr=[0.1, None], n_items=[5, 7]), retrieved=0.5),
        *records(measurand.read(shared / "data/harness_logs/inspect"), retrieved=1),
    ]
    assert len(found) > 60
    for record in found:
        assert [error.message for error in validator.iter_errors(record)] == []


def test_a_folder_of_records_read_again_gives_the_same_scores(tmp_path):
    given = study(("org/a", "b"), stderr=[0.25, None], n_items=[4, 9])
    paths = write(given, tmp_path / "records")
    assert [path.relative_to(tmp_path).parent.as_posix() for path in paths] == ["records/org/a", "records/b"]
    again = cells(measurand.read(tmp_path / "records").scores)
    assert {key: row[0] for key, row in again.items()} == {key: row[0] for key, row in cells(given.scores).items()}
    assert again["org/a", "mine"][1] == 0.25


def test_the_direction_survives(tmp_path):
    table = pl.DataFrame({"model": ["a"], "benchmark": ["mine"], "score": [0.25]})
    given = Study(title="t", scores=Scores.build(table).with_lower_is_better(["mine"]))
    write(given, tmp_path / "record.json")
    again = measurand.read(tmp_path / "record.json").scores
    assert again.matrix(["a"], ["mine"]).tolist() == [[-0.25]]


def test_what_is_not_known_is_absent_or_says_so():
    record = records(study(), retrieved=12.7)[1]
    (result,) = record["evaluation_results"]
    assert record["retrieved_timestamp"] == "13"
    assert "developer" not in record["model_info"]
    assert "uncertainty" not in result["score_details"]
    assert "metric_name" not in result["metric_config"]
    assert result["metric_config"]["max_score"] is None
    assert "not stated" in result["metric_config"]["additional_details"]["direction"]
    assert record["eval_library"] == {"name": "unknown", "version": "unknown"}


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "..", "a/../../../b", "C:\\x", "\x00", "a" * 5000])
def test_a_models_name_never_leads_out_of_the_folder(tmp_path, name):
    (path,) = export(study((name,)), tmp_path / "out", retrieved=0)
    assert (tmp_path / "out") in path.resolve().parents
    assert not set(path.relative_to(tmp_path).parts) & {"..", "."}
    assert all(len(part) <= 100 and "\x00" not in part for part in path.relative_to(tmp_path).parts)


def test_two_models_never_share_a_file(tmp_path):
    assert len(export(study(("a:b", "a_b", "a b")), tmp_path, retrieved=0)) == 3


@pytest.mark.parametrize(
    ("given", "output", "said"),
    [
        (study(), "x.json", "a record holds one model, and there are 2; name a folder"),
        (study(), "x.xlsx", r"should end in \.csv, \.parquet or \.json, or be a folder, got \.xlsx"),
        (Study(title="empty"), "x.csv", "empty: no scores"),
    ],
)
def test_what_cannot_be_exported_is_said(given, output, said):
    with pytest.raises(InputError, match=said):
        export(given, Path(output), retrieved=0)


def test_records_need_scores():
    with pytest.raises(InputError, match="no scores"):
        records(Study(title="empty"), retrieved=0)


@pytest.mark.parametrize("output", ["scores.csv", "deep/scores.parquet", "records"])
def test_the_command_writes_what_it_says(tmp_path, monkeypatch, output):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in.csv").write_text("model,mmlu,mine\na,0.4,1\nb,0.6,2\n", encoding="utf-8")
    result = CliRunner().invoke(app, ["export", "in.csv", "-o", output], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert "4 scores written to" in result.output
    again = measurand.read(tmp_path / output).scores
    assert {key: row[0] for key, row in cells(again).items()} == {
        ("a", "mmlu"): 0.4,
        ("b", "mmlu"): 0.6,
        ("a", "mine"): 1.0,
        ("b", "mine"): 2.0,
    }
