"""Commands on attempts and rare behaviours: tables, logs whose epochs are attempts, and what is wrong in one line."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest
from typer.testing import CliRunner

from measurand.cli import app, main


def run(*words: str, code: int = 0) -> str:
    done = CliRunner().invoke(app, words, catch_exceptions=False)
    assert done.exit_code == code, done.output
    return done.output if "--json" in words else " ".join(done.output.split())


def written(path, header, rows):
    path.write_text("\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n", encoding="utf-8")
    return str(path)


@pytest.fixture
def efforts(tmp_path):
    """Two methods on 40 behaviours: as it is, hardly any comes; by search, most do."""
    rows = [("m", f"b{i}", "as is", int(i < 2), 1, 100, 20) for i in range(40)]
    rows += [("m", f"b{i}", "search", int(i < 30), 5 + i, 1000, 400) for i in range(40)]
    header = "target,behaviour,method,success,queries,tokens,attacker_tokens"
    return written(tmp_path / "efforts.csv", header, rows)


@pytest.fixture
def repeats(tmp_path):
    rng = np.random.default_rng(0)
    rates = rng.beta(0.3, 3.0, 30)
    rows = [("m", f"b{i}", j + 1, int(rng.random() < rate)) for i, rate in enumerate(rates) for j in range(30)]
    return written(tmp_path / "repeats.csv", "target,behaviour,attempt,success", rows)


def test_elicitation_counts_in_the_unit_that_is_known(efforts, tmp_path):
    assert "search on m, 24 queries per behaviour" in run("elicitation", efforts, "--unit", "queries")
    sizes = written(tmp_path / "sizes.csv", "model,Params (B)", [("m", 7)])
    by_facts = run("elicitation", efforts, "--model-facts", sizes, "--parameters", "attacker=1e9", "--json")
    finding = next(f for f in json.loads(by_facts)["findings"] if f["subject"].get("method") == "search")
    found = {estimate["name"]: estimate["value"] for estimate in finding["estimates"]}
    target, attacker = 40 * 2 * 7e9 * 1000, 40 * 2 * 1e9 * 400
    assert found["FLOP per success"] == pytest.approx((target + attacker) / 30)
    assert found["bill attacker"] == pytest.approx(attacker / (target + attacker))
    priced = run("elicitation", efforts, "--price", "m=2", "--unit", "money", "--json")
    assert "money per success" in priced


def test_a_budget_is_judged_and_can_fail_the_run(efforts):
    words = ("elicitation", efforts, "--unit", "queries", "--budget", "20", "--tolerated", "0.1")
    assert "above the tolerated 10%" in run(*words)
    run(*words, "--fail-on", "issue", code=1)
    gap = run("elicitation", efforts, "--baseline", "as is")
    assert "an evaluation with “as is” alone understates what can be elicited" in gap


def test_repeated_attempts_are_forecast(repeats, tmp_path):
    printed = run("attempts", repeats, "--asked", "300", "--all", "--output", str(tmp_path / "out"))
    assert "F2 repeated attempts" in printed
    assert "are forecast within 300" in printed
    assert (tmp_path / "out" / "audit.html").exists()
    found = json.loads(run("attempts", repeats, "--tolerated", "0.01", "--json"))
    assert found["findings"][1]["status"] == "issue"


def test_logs_whose_epochs_are_attempts(tmp_path):
    rng = np.random.default_rng(1)
    rows = [
        ("m", "jail", f"q{i}", epoch, int(rng.random() > rate), f"c{i % 5}")
        for i, rate in enumerate(rng.beta(0.5, 2.0, 20))
        for epoch in range(1, 13)
    ]
    logs = written(tmp_path / "answers.csv", "model,benchmark,item,epoch,score,cluster", rows)
    refused = json.loads(run("attempts", logs, "--success-is", "0", "--json"))
    assert refused["findings"][1]["result"]["behaviours"] == 20
    assert refused["findings"][1]["result"]["clusters"] == 5
    share = 1 - sum(row[4] for row in rows) / len(rows)
    found = {e["name"]: e["value"] for e in refused["findings"][1]["estimates"]}
    assert found["pass@1 observed"] == pytest.approx(share)
    assert "50% of the behaviours took at most" in run("elicitation", logs, "--success-is", "0")


def test_rare_behaviours_are_forecast(tmp_path):
    rng = np.random.default_rng(2)
    rows = [("m", "leak", value) for value in -np.exp(3.4 - rng.exponential(1 / 6, 500))]
    path = written(tmp_path / "queries.csv", "model,behaviour,logprob", rows)
    printed = run("rare", path, "--queries", "5000", "--tolerated", "0.9")
    assert "under the worst of 5,000 queries" in printed
    assert "below the tolerated 0.9" in printed


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["elicitation", "EFFORTS", "--parameters", "7e9"], "expected NAME=NUMBER"),
        (["elicitation", "EFFORTS", "--parameters", "m=much"], "expected NAME=NUMBER"),
        (["elicitation", "EFFORTS", "--budget", "-3"], "budget should be above 0"),
        (["elicitation", "EFFORTS", "--baseline", "nobody"], "no method named 'nobody'"),
        (["attempts", "SCORES"], "no attempts in these files"),
        (["attempts", "EFFORTS"], "nothing could be assessed. at most 40 behaviours with 1 attempt each"),
        (["rare", "EFFORTS"], "nothing could be assessed. no log-probabilities of a behaviour"),
    ],
)
def test_what_is_wrong_is_one_line(words, message, efforts, tmp_path, monkeypatch, capsys):
    scores = written(tmp_path / "scores.csv", "model,mmlu", [("a", 0.4), ("b", 0.6)])
    named = [{"EFFORTS": efforts, "SCORES": scores}.get(word, word) for word in words]
    monkeypatch.setattr(sys, "argv", ["measurand", *named])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert message in capsys.readouterr().err
