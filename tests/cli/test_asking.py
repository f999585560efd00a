"""Commands that ask one measure: their options reach it, their output is its answer alone, bad input is one line."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from measurand.cli import app, main
from measurand.readers import load_example


@pytest.fixture
def answers(tmp_path):
    """A table of answers: 3 models, 2 variants, 2 epochs, 40 items in 20 clusters, and a grader."""
    rows = ["model,benchmark,item,variant,epoch,score,cluster"]
    for m in range(3):
        for v in ("plain", "terse"):
            for i in range(40):
                for e in (1, 2):
                    right = int((i * (3 + m) + (v == "terse") * i + e * (i % 5 == 0)) % (4 + m) > 1)
                    rows.append(f"m{m},quiz,q{i},{v},{e},{right},c{i // 2}")
    path = tmp_path / "answers.csv"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return str(path)


def run(*words: str, code: int = 0) -> str:
    done = CliRunner().invoke(app, words, catch_exceptions=False)
    assert done.exit_code == code, done.output
    return done.output if "--json" in words else " ".join(done.output.split())


@pytest.mark.parametrize(
    ("command", "heading"),
    [
        ("score", "P1 score interval"),
        ("compare", "P2 paired difference"),
        ("plan", "P3 planning"),
        ("rerun", "P6 rerun reliability"),
        ("prompts", "P7 prompt sensitivity"),
        ("ranking", "P9 rank stability"),
    ],
)
def test_a_command_prints_the_answer_of_its_measure_alone(answers, command, heading):
    printed = run(command, answers, "--all")
    assert heading in printed
    assert "Are we measuring the right quantity?" not in printed
    assert "Not assessed" not in printed.split(heading)[0]


@pytest.mark.parametrize("command", ["score", "compare", "plan", "rerun", "prompts", "ranking"])
@pytest.mark.parametrize("width", ["60", "100"])
def test_an_answer_is_one_screen_with_the_models_or_the_task_in_it(answers, command, width, monkeypatch):
    monkeypatch.setenv("COLUMNS", width)
    done = CliRunner().invoke(app, [command, answers], catch_exceptions=False)
    lines = done.stdout.splitlines()
    assert len(lines) <= 25
    assert max(map(len, lines)) <= int(width)
    assert lines == [line.rstrip() for line in lines]
    assert re.search(r"\bm[012]\b|quiz", done.stdout)


def test_a_key_called_cluster_is_the_cluster_and_another_can_be_named(answers):
    assert "40 items in 20 clusters" in run("score", answers)
    found = json.loads(run("score", answers, "--cluster", "cluster", "--json"))
    assert found["findings"][1]["result"]["clusters"] == 20


def test_counts_need_no_files():
    said = run("rarity", "--failures", "0", "--trials", "300")
    assert "After 300 runs without a failure, the failure rate is at most 1 in 100" in said
    assert "not shown to be above 99%" in run("threshold", "--successes", "20", "--trials", "20", "--above", "0.99")
    assert "takes 660 items" in run("plan", "--effect", "0.05", "--agreement", "0.8")


def test_options_reach_the_measure(answers):
    pair = json.loads(run("compare", answers, "--pair", "m0,m2", "--correction", "none", "--json"))
    named = [f["subject"] for f in pair["findings"] if "other" in f["subject"]]
    assert {frozenset((s["model"], s["other"])) for s in named} == {frozenset(("m0", "m2"))}
    assert pair["settings"]["P2"]["correction"] == "none"
    checked = run("rarity", "--failures", "0", "--trials", "9999", "--rarer-than", "0.001", "--checked", "0,100")
    assert "passes checked by hand" in checked
    same = json.loads(run("compare", answers, "--same-within", "90", "--weights", "items", "--json"))["settings"]["P2"]
    assert (same["same_within"], same["weights"]) == (0.9, "items")
    for effect in ("4%", "4 points", "0.04", "4e-2"):
        assert json.loads(run("plan", answers, "--effect", effect, "--json"))["settings"]["P3"]["effect"] == 0.04
    assert run("score", answers, "--fail-on", "caution", code=1)
    run("score", answers, "--output", answers.removesuffix(".csv"))
    page = Path(answers.removesuffix(".csv"), "audit.html").read_text(encoding="utf-8")
    assert "without a verdict" not in page
    assert page.count("Not asked for.") == 6  # on the card and on the screen of each of three questions


def test_votes_have_clusters_of_their_own(tmp_path):
    rows = ["model_a,model_b,winner,voter"]
    rows += [f"m{i % 3},m{(i + 1) % 3},{('model_a', 'model_b', 'tie')[i * i % 7 % 3]},v{i % 11}" for i in range(120)]
    path = tmp_path / "votes.csv"
    path.write_text("\n".join(rows), encoding="utf-8")
    assert "P10 arena" in run("arena", str(path), "--cluster", "voter", "--all")


def test_texts_are_looked_for_in_a_corpus_and_among_themselves(tmp_path):
    words = [f"word{place}" for place in range(18)]
    items = [" ".join(words[i:] + words[:i]) + f" number {i}" for i in range(6)]
    (tmp_path / "items.jsonl").write_text("".join(json.dumps({"question": q}) + "\n" for q in items), encoding="utf-8")
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "web.txt").write_text("Some page. " + items[2] + " and so on.", encoding="utf-8")
    printed = run("overlap", str(tmp_path / "items.jsonl"), "--corpus", str(corpus), "--all")
    assert "G6 overlap" in printed
    assert run("overlap", str(tmp_path / "items.jsonl"), "--itself")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["score"], "no files named"),
        (["plan", "--effect", "3 parsecs"], "a difference should be such as '3 points', '3%' or 0.03"),
        (["rarity", "--failures", "3"], "give both --failures and --trials, got only --failures"),
        (["rarity", "--failures", "0", "--trials", "9", "--checked", "x"], "should be WRONG,CHECKED"),
        (["threshold", "--successes", "1", "--trials", "2"], "no threshold: give --above or --below"),
        (["contamination", "scores.csv", "--against", "mmlu"], "should be BENCHMARK,REFERENCE, got 'mmlu'"),
        (["overlap", "items.csv"], "one of --corpus PATH, --pool PATH and --itself"),
        (["holdout", "one.csv"], "name two files"),
        (["holdout", "a.csv", "b.csv", "--odd-one-out", "3"], "counts should be RIGHT,GUESSES,SHOWN"),
    ],
)
def test_what_is_wrong_is_one_line(words, message, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["measurand", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    shown = capsys.readouterr().err
    assert message in shown
    assert shown.startswith("measurand: ")


def test_benchmarks_can_be_named_and_an_unknown_one_shows_those_there_are(answers, monkeypatch, capsys):
    assert "quiz" in run("score", answers, "--benchmark", "quiz")
    monkeypatch.setattr(sys, "argv", ["measurand", "score", answers, "--benchmark", "quizz"])
    with pytest.raises(SystemExit):
        main()
    assert "did you mean 'quiz'?" in capsys.readouterr().err


def test_a_ragged_table_is_answered_by_a_common_scale(tmp_path):
    scores = load_example("frontier_2026").scores
    table, told = tmp_path / "scores.csv", tmp_path / "benchmarks.csv"
    scores.table.filter(pl.col("benchmark") != "epoch_capabilities_index").write_csv(table)
    scores.benchmarks.write_csv(told)
    words = ["entanglement", str(table), str(told), "--benchmark", "hle_rms_calibration_error"]
    result = CliRunner().invoke(app, [*words, "--scale"])
    assert result.exit_code == 0
    assert "a common scale of 18 benchmarks" in result.output
    result = CliRunner().invoke(app, [*words, "--scale", "--impute"])
    assert "give one" in str(result.exception)
