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
    said = run("unseen", str(path))
    assert "F5 unseen failure modes" in said
    assert "4 failure modes in 74 failures, 1 seen once; none is estimated to be missing" in said
    loose = json.loads(run("unseen", str(path), "--tolerated", "0.5", "--json"))
    assert loose["findings"][1]["status"] == "passed"
