"""An experiment that is killed loses nothing that was done: the same command does what is left, and says how much."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from measurand.cli import app
from measurand.experiments.item_sets import sums
from measurand.readers import read

pytest.importorskip("torch", reason="experiments need torch")
pytest.importorskip("peft", reason="fine-tuning needs peft")
pytest.importorskip("inspect_ai", reason="prompts and reruns need inspect-ai")

KILLED = """
import os, signal, sys, time
from contextlib import contextmanager

from measurand.cli import app, experiments_local, experiments_replied
from measurand.experiments import inspect_tasks

@contextmanager
def deadly(labels):
    def step(label, done, total):
        if done >= int(sys.argv[1]):
            os.kill(os.getpid(), signal.SIGKILL)
    yield step

def slow():
    model = mock()
    fast = model.api.generate
    async def generate(*given, **more):
        time.sleep(0.02)
        return await fast(*given, **more)
    model.api.generate = generate
    return model

experiments_local.progress = experiments_replied.progress = deadly
mock, inspect_tasks.mock_model = inspect_tasks.mock_model, slow
app(sys.argv[2:])
"""

LOCAL = {
    "noise": ("{model} {items} --sigmas 0.1,0.5 --seeds 2", 3, 5),
    "elicit": ("{model} {items} --control {model}-2 --steps 2 --batch 2", 4, 6),
    "awareness": ("{items} --model {model} --limit 24", 5, 7),
}
REPLIES = {
    "prompts": ("{items} --model mockllm/model --variants 5 --limit 40", 60, 200),
    "rerun": ("{items} --model mockllm/model --epochs 5 --limit 40", 60, 200),
    "awareness": ("{items} --model mockllm/model --limit 20", 90, 140),
}


@pytest.fixture
def given(tiny_folder, tmp_path):
    import shutil

    rows = [{"id": i.id, "question": i.question, "choices": i.choices, "target": i.target} for i in sums(8).items]
    (tmp_path / "sums.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    shutil.copytree(tiny_folder, tmp_path / "tiny")
    shutil.copytree(tiny_folder, tmp_path / "tiny-2")
    return tmp_path


def words(given, name, said, folder):
    filled = said.format(model=given / "tiny", items=given / "sums.jsonl")
    return ["experiment", name, *filled.split(), "-o", str(given / folder)]


def killed(given, name, said, after):
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    call = [sys.executable, "-c", KILLED, str(after), *words(given, name, said, "out")]
    ended = subprocess.run(call, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert ended.returncode == -signal.SIGKILL, ended.stderr


def resumed(given, name, said, folder="out"):
    done = CliRunner().invoke(app, words(given, name, said, folder), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def done_and_left(said):
    return tuple(int(number) for number in re.search(r"; (\d+) are done, (\d+) left", said).groups())


@pytest.mark.slow
@pytest.mark.parametrize("name", LOCAL)
def test_passes_of_a_killed_run_are_not_made_again(given, name):
    said, after, passes = LOCAL[name]
    killed(given, name, said, after)
    parts = {part: part.stat().st_mtime_ns for part in (given / "out" / ".parts").iterdir()}
    shown = resumed(given, name, said)
    assert done_and_left(shown) == (after, passes - after)
    assert f"{passes} of {passes} done (100%)" in shown
    assert all(part.stat().st_mtime_ns == before for part, before in parts.items())
    # What is there in the end is what a run at one go leaves.
    resumed(given, name, said, "whole")
    (table,) = (given / "out").glob("*.jsonl")
    assert table.read_bytes() == (given / "whole" / table.name).read_bytes()
    # And then there is nothing left to do, nor to plan.
    again = resumed(given, name, said)
    assert done_and_left(again) == (passes, 0)
    assert "FLOP; about" not in again


@pytest.mark.slow
@pytest.mark.parametrize("name", REPLIES)
def test_replies_of_a_killed_run_are_not_asked_for_again(given, name):
    said, after, replies = REPLIES[name]
    killed(given, name, said, after)
    done, left = done_and_left(resumed(given, name, said))
    assert after <= done < replies
    assert done + left == replies
    rows = read(given / "out").responses.frame.collect()
    assert rows.height == rows.unique(["item", "variant", "epoch"]).height == replies
    assert done_and_left(resumed(given, name, said)) == (replies, 0)
