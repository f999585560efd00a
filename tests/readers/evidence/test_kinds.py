"""Tables of evidence are told by their columns, in every format, and read with what they call things."""

from __future__ import annotations

import json

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import measurand
from measurand.errors import InputError
from measurand.readers.evidence.kinds import KINDS, kind_of, kind_of_file
from measurand.tables import Trials

TABLES = {
    "votes": {"model_a": ["x", "y"], "model_b": ["y", "x"], "winner": ["model_a", "tie"]},
    "token_logprobs": {"text": ["some text", "more text"], "logprobs": ["[-1.0, -2.5]", "[-0.5]"]},
    "degradation": {
        "model": ["m"] * 2,
        "benchmark": ["b"] * 2,
        "sigma": [0.0, 0.01],
        "item": ["1", "1"],
        "score": [1, 0],
    },
    "probe_scores": {"prompt": ["p", "q"], "layer": [3, 3], "score": [0.2, 0.9], "label": [0, 1]},
    "attempts": {"target": ["m", "m"], "behaviour": ["a", "b"], "success": [1, 0], "queries": [4, 90]},
    "task_runs": {"model": ["m", "m"], "task": ["a", "b"], "human_minutes": [2.0, 90.0], "success": [1, 0]},
    "failures": {"model": ["m", "m"], "mode": ["loops", "lies"], "count": [3, 1]},
    "trials": {"failures": [0], "trials": [300]},
    "query_logprobs": {"behaviour": ["leak", "leak"], "query": ["q1", "q2"], "logprob": [-9.5, -2.0]},
}
"""A table of each kind."""


def write(path, columns, form):
    frame = pl.DataFrame(columns)
    if form == "csv":
        frame.write_csv(path)
    elif form == "tsv":
        frame.write_csv(path, separator="\t")
    elif form == "parquet":
        frame.write_parquet(path)
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in frame.to_dicts()), encoding="utf-8")
    return path


def test_every_kind_has_a_table_here():
    assert {kind.field for kind in KINDS} == set(TABLES)


@pytest.mark.parametrize("field", TABLES)
def test_a_table_is_told_by_its_columns_in_any_order_and_case(field):
    columns = list(TABLES[field])
    for names in (columns, columns[::-1], [name.title() for name in columns]):
        found = kind_of(names)
        assert found is not None
        assert found.field == field


@pytest.mark.parametrize("form", ["csv", "tsv", "parquet", "jsonl"])
@pytest.mark.parametrize("field", TABLES)
def test_a_file_of_any_format_becomes_its_field_of_the_study(field, form, tmp_path):
    path = write(tmp_path / f"table.{form}", TABLES[field], form)
    found = kind_of_file(path)
    assert found is not None
    assert found.field == field
    study = measurand.read(path)
    evidence = getattr(study, field)
    if field == "trials":
        assert evidence == Trials(0, 300, "failures")
    else:
        assert evidence.frame.height == len(next(iter(TABLES[field].values())))
    assert [source.path for source in study.sources] == [str(path)]
    others = [name for name in TABLES if name != field and getattr(study, name) is not None]
    assert others == []


@pytest.mark.parametrize("field", ["attempts", "failures", "query_logprobs", "degradation", "probe_scores"])
def test_a_frame_is_read_as_the_file_is(field, tmp_path):
    from_file = getattr(measurand.read(write(tmp_path / "t.csv", TABLES[field], "csv")), field).frame
    assert getattr(measurand.read(pl.DataFrame(TABLES[field])), field).frame.equals(from_file)


@pytest.mark.parametrize(
    "columns",
    [
        ["model", "mmlu", "gsm8k"],
        ["model", "benchmark", "score"],
        ["model", "benchmark", "item", "score"],
        ["model", "item", "passed"],
        ["model", "family", "parameters"],
        ["text", "label"],
        ["mode", "mmlu"],
        ["logprob"],
        [],
    ],
)
def test_scores_items_facts_and_texts_are_no_kind(columns):
    assert kind_of(columns) is None


@given(st.lists(st.text(max_size=12), max_size=6))
def test_any_columns_have_a_kind_or_none(columns):
    found = kind_of(columns)
    assert found is None or found in KINDS


def test_a_file_that_is_no_table_has_no_kind(tmp_path):
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"PAR1 and nothing else")
    assert kind_of_file(broken) is None
    note = tmp_path / "note.md"
    note.write_text("a note", encoding="utf-8")
    assert kind_of_file(note) is None


def attempts_in(tmp_path, header, *rows):
    path = tmp_path / "attempts.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return measurand.read(path).attempts


def test_attempts_under_other_names(tmp_path):
    found = attempts_in(
        tmp_path,
        "Model,Goal,Attack,epoch,Jailbroken,n_queries,prompt_tokens,completion_tokens,category,attacker_tokens",
        "m,bomb,PAIR,1,no,3,10,5,weapons,70",
        "m,bomb,PAIR,2,yes,4,11,6,weapons,",
    )
    columns = ("target", "behaviour", "method", "attempt", "success", "queries", "tokens", "cluster", "attacker_tokens")
    assert found.frame.select(columns).rows() == [
        ("m", "bomb", "PAIR", 1, 0.0, 3.0, 15.0, "weapons", 70.0),
        ("m", "bomb", "PAIR", 2, 1.0, 4.0, 17.0, "weapons", None),
    ]


def test_runs_at_tasks_may_have_outcomes_in_words_and_lengths_in_hours(tmp_path):
    path = tmp_path / "runs.csv"
    path.write_text("model,task,human_hours,success\nm,a,0.5,Success\nm,b,2,failed\nn,a,0.5,pass\nn,b,2,0\n")
    found = measurand.read(path).task_runs
    assert found.frame["minutes"].to_list() == [30, 120, 30, 120]
    assert found.frame["success"].to_list() == [1, 0, 1, 0]
    assert found.notes[0] == "lengths in hours (human_hours) became minutes"
    path.write_text("model,task,minutes,success\nm,a,0.5,perhaps\n")
    with pytest.raises(InputError, match=r"runs\.csv: row 1: success should be a number, got 'perhaps'"):
        measurand.read(path)


def test_queries_to_a_success_are_those_of_successes_alone(tmp_path):
    header = "model,index,jailbroken,n_queries,queries_to_jailbreak"
    found = attempts_in(tmp_path, header, "m,0,1,90,28", "m,1,0,90,4", "m,2,1,90,", "m,3,0,60,")
    assert found.frame["queries"].to_list() == [28.0, 90.0, 90.0, 60.0]
    assert any("a success took the queries up to it" in note for note in found.notes)
    assert any("were not used (1 row)" in note for note in found.notes)


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("maybe", "success should be a number, got 'maybe'"),
        ("3", "success should be from 0 to 1, got 3.0"),
        ("", "success should be there in every row"),
    ],
)
def test_a_cell_that_cannot_be_names_file_and_value(tmp_path, cell, message):
    with pytest.raises(InputError) as raised:
        attempts_in(tmp_path, "target,behaviour,success", f"m,a,{cell}", "m,b,1")
    assert message in str(raised.value)
    assert "attempts.csv" in str(raised.value)


def test_attempts_in_several_files_are_joined_and_their_doubles_refused(tmp_path):
    one = write(tmp_path / "one.csv", TABLES["attempts"], "csv")
    other = write(tmp_path / "other.csv", {**TABLES["attempts"], "target": ["n", "n"]}, "csv")
    assert measurand.read(one, other).attempts.targets == ("m", "n")
    numbered = {**TABLES["attempts"], "attempt": [1, 1]}
    again = [write(tmp_path / name, numbered, "csv") for name in ("again.csv", "and_again.csv")]
    with pytest.raises(InputError, match=r"again.csv, .*and_again.csv: attempt 1 .* is there more than once"):
        measurand.read(*again)


NUMBERED = {
    "votes": {"model_a": ["a"] * 20, "model_b": ["b"] * 20, "winner": ["model_a"] * 14 + ["model_b"] * 6},
    "task_runs": {
        "model": ["m"] * 20,
        "task": [f"t{place % 4}" for place in range(20)],
        "human_minutes": [2.0**place for place in range(4)] * 5,
        "success": [1, 0] * 10,
    },
    "attempts": {"target": ["m"] * 20, "behaviour": ["a", "b"] * 10, "success": [1, 0, 0, 1] * 5},
}


@pytest.mark.parametrize("field", NUMBERED)
@pytest.mark.parametrize("name", ["id", "ID", "run_id", "battle_id", "uuid"])
@pytest.mark.parametrize("text", [False, True])
def test_a_row_with_a_name_that_comes_again_is_a_copy(field, name, text, tmp_path):
    names = pl.Series(name, range(20))
    once = pl.DataFrame(NUMBERED[field]).with_columns(names.cast(pl.String) if text else names)
    whole, part = tmp_path / "whole.csv", tmp_path / "part.csv"
    pl.concat([once] * 10).write_csv(whole)
    once[5:].write_csv(part)
    found = getattr(measurand.read(whole, part), field)
    assert found.frame.height == 20
    assert found.notes[:2] == (
        f"{whole}: 180 rows equal to others of the same name left out",
        f"{part}: 15 rows equal to others of the same name left out",
    )
    assert found.frame.equals(getattr(measurand.read(once), field).frame)


@pytest.mark.parametrize("names", [[place // 3 for place in range(20)], [place % 10 for place in range(20)]])
def test_names_under_which_rows_differ_are_no_names_of_rows(names):
    """Those of prompts or of sessions, say: then equal rows are votes of several people."""
    rows = pl.DataFrame(NUMBERED["votes"]).with_columns(id=pl.Series(names))
    assert rows.n_unique() < 20
    assert measurand.read(rows).votes.frame.height == 20


def test_kinds_stand_side_by_side_in_one_study(tmp_path):
    paths = [write(tmp_path / f"{field}.csv", columns, "csv") for field, columns in TABLES.items()]
    study = measurand.read(*paths)
    assert [field for field in TABLES if getattr(study, field) is None] == []
    assert len(study.sources) == len(TABLES)


def test_log_probabilities_under_other_names(tmp_path):
    path = tmp_path / "queries.csv"
    path.write_text("model,behavior,prompt,log_prob\nm,leak,q,-3.5\nm,leak,r,-inf\n", encoding="utf-8")
    found = measurand.read(path).query_logprobs.frame
    assert found.rows() == [("m", "leak", "q", -3.5), ("m", "leak", "r", float("-inf"))]
