"""Files of other programs are refused by name with the way out, alone and among logs."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

import measurand
from measurand.cli import app
from measurand.errors import InputError
from measurand.readers import foreign

ALPACA = json.dumps([{"instruction": "i", "generator_1": "a", "generator_2": "b", "preference": 1.0}])
SIMPLE = json.dumps({"chars": 10.2, "chars:std": 1.0, "score:std": 0.4, "score": 0.7})
SIMPLE_ALL = json.dumps({"score": 0.7, "metrics": {"chars": 2.0}, "htmls": [], "convos": []})
AIDER = "- dirname: 2026-01-01--m\n  test_cases: 225\n  model: m\n  pass_rate_1: 10.2\n  pass_rate_2: 20.4\n"

FILES = {
    "annotations.json": (ALPACA, "alpaca_eval", "model_a, model_b and winner"),
    "mmlu_gpt.json": (SIMPLE, "simple-evals", "model, benchmark, score and n_items"),
    "mmlu_gpt_allresults.json": (SIMPLE_ALL, "simple-evals", "model, benchmark, score and n_items"),
    "edit_leaderboard.yml": (AIDER, "aider", "pass_rate_2 / 100"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_refused_by_name_with_the_way_out(tmp_path, name):
    content, program, way_out = FILES[name]
    path = tmp_path / name
    path.write_text(content)
    done = CliRunner().invoke(app, ["audit", str(path)])
    assert isinstance(done.exception, InputError)
    assert program in str(done.exception)
    assert way_out in str(done.exception)


def test_among_logs_they_are_told_as_what_was_not_read(shared, tmp_path):
    log = shared / "data/cases/06-inspect-errored.json"
    (tmp_path / "log.json").write_bytes(log.read_bytes())
    for name, (content, _, _) in FILES.items():
        (tmp_path / name).write_text(content)
    study = measurand.read(tmp_path)
    assert study.scores.table["score"].to_list() == [0.75]
    assert {each.file.rpartition("/")[2] for each in study.unread} == set(FILES)


@pytest.mark.parametrize("content", ['{"a": 1}', "[]", "model,score\nm,1\n", '{"score": 1}', "- name: x\n"])
def test_other_files_are_nobodys(tmp_path, content):
    path = tmp_path / "x.json"
    path.write_text(content)
    assert not foreign.recognise(path)
