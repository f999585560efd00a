"""Commands on failure modes and on variants chosen by score."""

from __future__ import annotations

import json

from typer.testing import CliRunner

from measurand.cli import app


def run(*words: str, code: int = 0) -> str:
    done = CliRunner().invoke(app, words, catch_exceptions=False)
    assert done.exit_code == code, done.output
    return done.output if "--json" in words else " ".join(done.output.split())


def test_unseen_reads_counts_of_modes_and_takes_what_is_tolerated(tmp_path):
    path = tmp_path / "failures.csv"
    path.write_text("mode,count\nloops,40\nrefuses,30\nstops early,3\ninvents,1\n", encoding="utf-8")
    said = run("unseen", str(path), "--all")
    assert "F5 unseen failure modes" in said
    assert "4 failure modes in 74 failures, 1 seen once; none is estimated to be missing" in said
    loose = json.loads(run("unseen", str(path), "--tolerated", "0.5", "--json"))
    assert loose["findings"][1]["status"] == "caution"
    alone = json.loads(run("unseen", str(path), "--tolerated", "0.5", "--cluster", "none", "--json"))
    assert alone["findings"][1]["status"] == "passed"
    rows = "".join(f"{mode},p{place // 2}\n" for place, mode in enumerate(["loops"] * 60 + ["refuses"] * 30))
    path.write_text("failure_mode,problem\n" + rows, encoding="utf-8")
    grouped = run("unseen", str(path), "--cluster", "problem")
    assert "2 failure modes on 45 tasks that failed 90 times" in grouped


def test_leakage_reads_variants_and_takes_the_one_reported(tmp_path):
    rows = ["model,benchmark,item,variant,score"]
    rows += [f"m,quiz,q{i},p{k},{(i * (k + 3) + k * k) % 7 % 2}" for k in range(8) for i in range(60)]
    path = tmp_path / "answers.csv"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    said = run("leakage", str(path), "--all")
    assert "F6 selection leakage" in said
    assert "The best of 8 variants scores" in said
    named = json.loads(run("leakage", str(path), "--chosen", "p1", "--negligible", "0.2", "--json"))
    assert named["findings"][1]["result"]["chosen"] == "p1"
    assert named["settings"]["F6"]["negligible_optimism"] == 0.2
