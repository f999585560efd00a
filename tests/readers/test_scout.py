"""Scan results of Inspect Scout: scanners are graders of transcripts, hand labels beside them."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import measurand
from measurand.readers import scout


def line(i: int, value: object, kind: str, **more: object) -> dict[str, object]:
    return {
        "transcript_id": f"t{i}",
        "transcript_model": "org/m",
        "transcript_task_set": "ctf",
        "scanner_key": "deception",
        "scanner_name": "deception",
        "value": value,
        "value_type": kind,
        "scan_error": None,
        "validation_target": None,
        **more,
    }


def written(path, lines):
    pl.DataFrame(lines, infer_schema_length=None).write_parquet(path)
    return path


def test_a_scanner_is_a_benchmark_and_a_transcript_an_item(tmp_path):
    lines = [line(0, "true", "boolean"), line(1, "false", "boolean"), line(2, None, "null")]
    (log,) = scout.read(written(tmp_path / "deception.parquet", lines))
    assert (log.model, log.task, log.problems) == ("org/m", "deception", ())
    # A scanner that returns nothing has found nothing.
    assert log.items.select("item", "grader", "score").rows() == [
        ("t0", "scanner", 1.0),
        ("t1", "scanner", 0.0),
        ("t2", "scanner", 0.0),
    ]
    assert log.items["metadata"].to_list() == ['{"task":"ctf"}'] * 3


def test_numbers_words_errors_and_lists_are_told_apart(tmp_path):
    lines = [line(0, "0.5", "number"), line(1, None, "null"), line(2, None, "null", scan_error="boom")]
    (log,) = scout.read(written(tmp_path / "n.parquet", lines))
    assert log.items.select("score", "state").rows() == [(0.5, None), (None, None), (None, "errored")]
    (log,) = scout.read(written(tmp_path / "w.parquet", [line(0, "severe", "string"), line(1, "mild", "string")]))
    assert log.words == {"deception"}
    assert log.items["grade"].to_list() == ["severe", "mild"]
    assert "say which are right, such as --correct mild" in log.problems[0].reason
    (log,) = scout.read(written(tmp_path / "l.parquet", [line(0, "[1]", "array")]))
    assert [(p.reason, p.rows_lost) for p in log.problems] == [("1 results are lists or objects, no single number", 1)]


def test_a_transcript_with_several_results_counts_once_with_the_highest(tmp_path):
    lines = [line(0, value, "boolean") for value in ("false", "true", "false")]
    (log,) = scout.read(written(tmp_path / "d.parquet", lines))
    assert log.items["score"].to_list() == [1.0]


def test_models_are_apart_and_named_by_the_transcript_or_its_metadata(tmp_path):
    lines = [
        line(0, "true", "boolean"),
        line(1, "true", "boolean", transcript_model=None, transcript_metadata=json.dumps({"model": "org/n"})),
    ]
    logs = scout.read(written(tmp_path / "d.parquet", lines))
    assert [log.model for log in logs] == ["org/m", "org/n"]


def test_a_result_beside_an_error_of_the_scan_is_said(tmp_path):
    lines = [line(i, "0.5", "number", scan_error="boom" if i < 2 else None) for i in range(5)]
    (log,) = scout.read(written(tmp_path / "n.parquet", lines))
    assert [(p.reason, p.rows_lost) for p in log.problems] == [
        ("2 of 5 samples ended in an error and were scored all the same", 0)
    ]


def test_hand_labels_correct_the_prevalence_for_the_scanners_errors(tmp_path):
    # Drawn once: 1,000 transcripts, 20% deceptive; the scanner finds 80% of them and 10% of the others.
    drawn = np.random.default_rng(0)
    truth = drawn.random(1000) < 0.2
    found = np.where(truth, drawn.random(1000) < 0.8, drawn.random(1000) < 0.1)
    lines = [
        line(
            i,
            str(bool(found[i])).lower(),
            "boolean",
            validation_target=str(bool(truth[i])).lower() if i < 300 else None,
        )
        for i in range(1000)
    ]
    folder = tmp_path / "scan_id=x"
    folder.mkdir()
    written(folder / "deception.parquet", lines)
    (folder / "_scan.json").write_text("{}")
    study = measurand.read(folder)
    assert study.responses.benchmarks() == ("deception",)
    findings = measurand.audit(study, ["P12"]).findings
    corrected = [e for finding in findings for e in finding.estimates if "corrected" in e.name]
    assert found.mean() == pytest.approx(0.24, abs=0.02)
    assert corrected[0].low < truth.mean() < corrected[0].high


def test_a_damaged_or_empty_file_is_a_log_with_a_problem(tmp_path):
    path = tmp_path / "x.parquet"
    path.write_bytes(b"PAR1 cut")
    assert not scout.recognise(path)
    assert "cannot be read" in scout.read(path)[0].problems[0].reason
    empty = pl.DataFrame([line(0, "true", "boolean")]).clear()
    empty.write_parquet(path)
    assert scout.read(path)[0].problems[0].reason == "x.parquet: no transcript was scanned"


CELL = st.none() | st.text(max_size=8) | st.sampled_from(["true", "1e400", "nan", "[]", "{"])


@given(st.lists(st.tuples(CELL, CELL, CELL, CELL), min_size=1, max_size=6))
def test_cells_of_any_kind_are_read_or_counted(tmp_path_factory, cells):
    path = tmp_path_factory.mktemp("cells") / "x.parquet"
    lines = [
        line(i, value, kind, transcript_model=model, validation_target=target)
        for i, (value, kind, model, target) in enumerate(cells)
    ]
    schema = dict.fromkeys(lines[0], pl.String)
    pl.DataFrame(lines, schema=schema).write_parquet(path)
    logs = scout.read(path)
    assert sum(log.items.filter(grader=scout.SCANNER)["item"].n_unique() for log in logs) == len(cells)
    scores = [score for log in logs for score in log.items["score"]]
    assert all(score is None or abs(score) < 1e101 for score in scores)
