"""Data in and out on the command line: what a killed run leaves is whole, and the next run leaves nothing else."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest


def start(table: Path, output: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "measurand", "export", str(table), "-o", str(output)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)


def finish(process: subprocess.Popen[bytes]) -> None:
    said = process.communicate(timeout=120)[1].decode()
    assert process.returncode == 0, said


def files_in(output: Path) -> list[Path]:
    return [path for path in output.rglob("*") if path.is_file() and not path.name.startswith(".")]


def exported(output: Path) -> dict[str, object]:
    """Records by place, without the time at which they were made; fails if a file is not whole."""
    files = files_in(output)
    return {str(path.relative_to(output)): json.loads(path.read_bytes())["evaluation_results"] for path in files}


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_killed_exports_lose_nothing_and_leave_nothing_behind(tmp_path):
    rng, table, output = random.Random(5), tmp_path / "scores.csv", tmp_path / "out"
    rows = [f"org{m % 5}/m{m},b{b},{(m * 7 + b) % 100 / 100}" for m in range(400) for b in range(6)]
    table.write_text("\n".join(["model,benchmark,score", *rows]), encoding="utf-8")
    finish(start(table, tmp_path / "whole"))
    whole, reached = exported(tmp_path / "whole"), set()
    for _ in range(6):
        process, before = start(table, output), set(exported(output))
        begun = time.monotonic()
        # Some records on, wherever it then is: how long that takes depends on the machine.
        enough = len(before) + rng.randint(1, 60)
        # Counted only: to read them all takes longer than the rest of the work.
        while len(files_in(output)) < enough and process.poll() is None and time.monotonic() < begun + 60:
            time.sleep(0.001)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        now = exported(output)
        assert before <= set(now)
        assert all(whole[place] == record for place, record in now.items())
        reached.add(len(now))
    assert len(reached) > 2
    finish(start(table, output))
    assert exported(output) == whole
    assert not list(output.rglob(".*"))
