"""Commands that ask what comes next."""

from __future__ import annotations

import json
import sys

import pytest
from typer.testing import CliRunner

from measurand.cli import app, main


@pytest.fixture
def table(tmp_path, example) -> str:
    """The embedded study as a user's table of scores."""
    scores = example.scores
    frame = scores.table.select("model", "benchmark", "score").join(
        scores.models.select("model", "family", "class", "training_flop"), on="model"
    )
    path = tmp_path / "scores.csv"
    frame.write_csv(path)
    return str(path)


def run(*words: str) -> str:
    done = CliRunner().invoke(app, words, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output if "--json" in words else " ".join(done.output.split())


def test_a_model_is_forecast_on_the_benchmarks_named_and_the_others_may_drive_it(table):
    printed = run("forecast", table, "--benchmark", "mmlu", "--at-flop", "1e26", "--all")
    assert "F1 forecast" in printed
    assert "new base model at 1e+26 FLOP" in printed
    found = json.loads(run("forecast", table, "--benchmark", "mmlu", "--by", "components", "--json"))
    assert {finding["subject"].get("benchmark") for finding in found["findings"]} == {None, "mmlu"}
    assert found["findings"][1]["result"]["by"] == "components"


def test_models_are_put_on_one_scale(table):
    assert "F7 common scale" in run("scale", table, "--all")
    found = json.loads(run("scale", table, "--anchor", "winogrande", "--json"))
    assert found["findings"][0]["result"]["anchor"] == "winogrande"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["forecast"], "no files named"),
        (["forecast", "TABLE", "--at-date", "soon"], "a date should be YYYY"),
        (["forecast", "TABLE", "--at-flop", "26"], "at_flop should be training FLOP such as 1e25, got 26"),
        (["forecast", "TABLE", "--benchmark", "mmul"], "did you mean 'mmlu'"),
        (["scale", "TABLE", "--anchor", "nothing"], "no benchmark on the scale named 'nothing'"),
    ],
)
def test_what_is_wrong_is_one_line(words, message, table, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["measurand", *(table if word == "TABLE" else word for word in words)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert message in capsys.readouterr().err
