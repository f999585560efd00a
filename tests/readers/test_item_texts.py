"""What items ask, from the logs that hold it, under the names that items have in the results."""

from __future__ import annotations

import json

import pytest

import measurand
from measurand.errors import InputError
from measurand.readers.item_texts import read_item_texts


def texts(path) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for benchmark, item, said in read_item_texts(path).frame.select("benchmark", "item", "text").iter_rows():
        found.setdefault(benchmark, {})[item] = said
    return found


@pytest.mark.parametrize("folder", ["inspect", "lm_eval/lm_eval_dummy", "helm"])
def test_published_logs_give_texts_for_their_items(shared, folder):
    path = shared / "data/harness_logs" / folder
    rows = measurand.read(path).responses.frame.select("benchmark", "item").unique().collect()
    known = {}
    for benchmark, item in rows.iter_rows():
        known.setdefault(benchmark.partition("@")[0], set()).add(item)
    found = texts(path)
    assert found
    for benchmark, items in found.items():
        assert items.keys() & known[benchmark], benchmark


def test_a_conversation_is_what_the_user_says(tmp_path):
    turns = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "How many hens?"}, {"type": "image"}]},
        {"role": "assistant", "content": "Five."},
    ]
    samples = [{"id": 1, "epoch": 1, "input": turns}, {"id": 2, "epoch": 1, "input": "Plain."}, {"id": 3, "epoch": 1}]
    log = {"version": 2, "status": "success", "eval": {"task": "farm", "model": "m"}, "samples": samples}
    (tmp_path / "log.json").write_text(json.dumps(log))
    assert texts(tmp_path / "log.json") == {"farm": {"1": "Be brief.\n\nHow many hens?", "2": "Plain."}}


def test_tables_of_results_may_hold_what_was_asked(tmp_path):
    table = tmp_path / "quiz.csv"
    table.write_text("model,item,score,question\nm,1,1,How many hens?\nn,1,0,How many hens?\nm,2,1,How many cows?\n")
    assert texts(table) == {"quiz": {"1": "How many hens?", "2": "How many cows?"}}


def test_tables_of_texts_are_read_as_before(tmp_path):
    table = tmp_path / "farm.csv"
    table.write_text("item,question\n1,How many hens?\n")
    assert texts(table) == {"farm": {"1": "How many hens?"}}


def test_logs_without_texts_say_so(tmp_path):
    (tmp_path / "quiz.csv").write_text("model,item,score\nm,1,1\n")
    with pytest.raises(InputError, match="no column of texts"):
        read_item_texts(tmp_path / "quiz.csv")
