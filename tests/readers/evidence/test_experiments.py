"""What an experiment's folder was made for is read off its settings, and nothing else is taken for one."""

from __future__ import annotations

import json

import polars as pl
import pytest

from measurand.files import SETTINGS
from measurand.measures import find
from measurand.readers import read
from measurand.readers.evidence.experiments import JUDGED_BY, made_for


@pytest.mark.parametrize("name", JUDGED_BY)
def test_a_folder_and_its_table_are_made_for_a_measure(tmp_path, name):
    (tmp_path / SETTINGS).write_text(json.dumps({"experiment": name, "model": "m"}), encoding="utf-8")
    assert made_for([tmp_path]) == made_for([str(tmp_path / "table.jsonl")]) == (JUDGED_BY[name],)
    assert find(JUDGED_BY[name]).code == JUDGED_BY[name]


@pytest.mark.parametrize(
    "held", ["", "[1]", '{"experiment": "other"}', '{"experiment": ["noise"]}', "{" * 5000, "\x00"]
)
def test_other_settings_make_no_experiment(tmp_path, held):
    (tmp_path / SETTINGS).write_text(held, encoding="utf-8")
    assert made_for([tmp_path, tmp_path / "scores.csv", pl.DataFrame({"model": ["m"]})]) == ()


def test_several_folders_are_made_for_the_measure_of_each(tmp_path):
    for name in ("noise", "elicit", "noise-again"):
        (tmp_path / name).mkdir()
        settings = {"experiment": name.removesuffix("-again")}
        (tmp_path / name / SETTINGS).write_text(json.dumps(settings), encoding="utf-8")
    assert made_for(sorted(tmp_path.iterdir())) == ("G10", "G7")


def test_a_study_knows_what_its_evidence_was_gathered_for(tmp_path):
    (tmp_path / SETTINGS).write_text('{"experiment": "elicit"}', encoding="utf-8")
    rows = pl.DataFrame({"target": ["t"], "behaviour": ["b"], "success": [1], "control": [None]})
    rows.write_csv(tmp_path / "attempts.csv")
    study = read(tmp_path)
    assert study.made_for == ("G10",)
    assert study.attempts.controls == ()
