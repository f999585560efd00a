"""What CONTRIBUTING shows as files is put where it says, in a copy of the source, and passes the checks."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
FILES = {
    path: (code, shown)
    for path, code, shown in re.findall(
        r"<!-- (src/\S+\.py) -->\n```python\n(.*?)```\n.*?```text\n(.*?)```", TEXT, re.DOTALL
    )
}
MEASURE = """
import measurand
print(measurand.audit(measurand.load_example(), ["V99"])["V99"].verdict)
"""
READER = """
import json, pathlib, sys
from measurand.readers.lines import read, recognise
path = pathlib.Path(sys.argv[1])
sample = {"lines": 1, "model": "org/model", "task": "mmlu", "id": 1, "right": True}
path.write_text(json.dumps(sample) + "\\n" + '{"lines": 1, "mod')
log = read(path)
print(recognise(path), log.items.height, "read,", log.problems[0].rows_lost, "lost:", log.problems[0].reason)
"""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A copy of the source with the files of CONTRIBUTING in it."""
    folder = tmp_path_factory.mktemp("checkout")
    shutil.copytree(ROOT / "src", folder / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    for path, (code, _) in FILES.items():
        assert not (folder / path).exists()
        (folder / path).write_text(code, encoding="utf-8")
    return folder


def run(checkout, *words):
    env = {**os.environ, "PYTHONPATH": str(checkout / "src")}
    return subprocess.run([sys.executable, *words], cwd=checkout, env=env, capture_output=True, text=True)


@pytest.mark.parametrize(("place", "code"), [(0, MEASURE), (1, READER)])
def test_a_file_shown_does_what_is_said_of_it(checkout, tmp_path, place, code):
    _, shown = list(FILES.values())[place]
    done = run(checkout, "-c", code, str(tmp_path / "run.jsonl"))
    assert done.stdout == shown, done.stderr


@pytest.mark.parametrize("words", [("check", "--no-cache"), ("format", "--check", "--no-cache")])
def test_a_file_shown_is_linted_and_formatted(checkout, words):
    done = run(checkout, "-m", "ruff", *words, *FILES)
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
def test_a_file_shown_is_typed_strictly(checkout):
    done = run(checkout, "-m", "mypy", "--cache-dir", str(checkout / "cache"), *FILES)
    assert done.returncode == 0, done.stdout
