"""Options before the command (the cluster that does the work), and the day of an audit."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from typer.testing import CliRunner

import measurand
from measurand.cli import app
from measurand.errors import InputError


@pytest.mark.parametrize("given", [("--engine", "dask"), ("--address", "tcp://127.0.0.1:9")])
def test_an_engine_and_its_address_go_together(given):
    with pytest.raises(InputError, match="--engine and --address go together"):
        CliRunner().invoke(app, [*given, "measures"], catch_exceptions=False)


def test_a_noise_sweep_on_a_cluster_finds_what_one_here_finds(tiny_folder, tmp_path):
    distributed = pytest.importorskip("distributed", reason="Dask is not installed")
    sweep = ["experiment", "noise", str(tiny_folder), "sums", "--sigmas", "0.1", "--seeds", "2"]
    with distributed.LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as up:
        there = CliRunner().invoke(
            app, ["--engine", "dask", "--address", up.scheduler_address, *sweep, "-o", str(tmp_path / "there")]
        )
    here = CliRunner().invoke(app, [*sweep, "-o", str(tmp_path / "here")])
    assert (there.exit_code, here.exit_code) == (0, 0), there.output
    assert (tmp_path / "there" / "noise.jsonl").read_text() == (tmp_path / "here" / "noise.jsonl").read_text()


def test_an_audit_knows_its_day(tmp_path):
    table = tmp_path / "answers.csv"
    table.write_text("model,item,score\n" + "".join(f"m,q{i},{i % 2}\n" for i in range(40)))
    result = CliRunner().invoke(app, ["score", str(table), "-o", str(tmp_path)])
    assert result.exit_code == 0, result.output
    made = datetime.now(UTC).date()
    # A run over midnight has the day on which it began to write.
    assert date.fromisoformat(measurand.load_audit(tmp_path / "audit.json").date) in (made, made - timedelta(days=1))
    page = (tmp_path / "audit.html").read_text()
    assert re.search(r"<b>Audit:</b> measurand [\w.+]+, \d{4}-\d\d-\d\d, seed 0", page)
