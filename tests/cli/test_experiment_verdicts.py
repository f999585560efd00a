"""An experiment, an audit of the folder it leaves and the command of its measure give one answer, of one model."""

from __future__ import annotations

import csv
import json
import shutil

import pytest
from typer.testing import CliRunner

from measurand.cli import app
from measurand.experiments.item_sets import sums
from measurand.readers.evidence.experiments import JUDGED_BY

pytest.importorskip("torch", reason="experiments need torch")
pytest.importorskip("peft", reason="fine-tuning needs peft")
pytest.importorskip("inspect_ai", reason="prompts and reruns need inspect-ai")


def run(*words):
    done = CliRunner().invoke(app, [*map(str, words)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture(scope="module")
def given(tmp_path_factory, tiny_folder):
    """Items, texts, and the tiny model under a name that looks as if it had an ending."""
    folder = tmp_path_factory.mktemp("given")
    rows = [{"id": i.id, "question": i.question, "choices": i.choices, "target": i.target} for i in sums(8).items]
    (folder / "sums.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    with open(folder / "texts.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("text", "member"))
        writer.writerows((f"text {i} and {i * 7 % 11} more", i % 2) for i in range(60))
    shutil.copytree(tiny_folder, folder / "suspect-1.5B")
    shutil.copytree(tiny_folder, folder / "control")
    return folder


EXPERIMENTS = {
    "noise": ("suspect-1.5B sums.jsonl --sigmas 0.1,0.5 --seeds 2", "noise", "noise.jsonl"),
    "elicit": ("suspect-1.5B sums.jsonl --control control --steps 2 --batch 2", "locked", "attempts.jsonl"),
    "probe": ("suspect-1.5B sums.jsonl --password 'Open sesame. ' --base control", "probe", "probe.jsonl"),
    "membership": ("suspect-1.5B texts.csv --reference control", "membership", "logprobs.jsonl"),
    "prompts": ("sums.jsonl --model suspect-1.5B --variants 3 --limit 12", "prompts", None),
    "rerun": ("sums.jsonl --model suspect-1.5B --epochs 2 --limit 12", "rerun", None),
    "awareness": ("sums.jsonl --model suspect-1.5B --limit 24", "awareness", "awareness.jsonl"),
}


def test_every_experiment_is_held_against_its_audit():
    assert EXPERIMENTS.keys() == JUDGED_BY.keys()


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_one_folder_has_one_verdict(given, tmp_path, monkeypatch, name):
    import shlex

    words, command, table = EXPERIMENTS[name]
    monkeypatch.chdir(given)
    out, code = tmp_path / "out", JUDGED_BY[name]
    said = run("experiment", name, *shlex.split(words), "-o", out)

    def found(text):
        return [each for each in json.loads(text)["findings"] if each["code"] == code]

    own = found((out / "audit.json").read_text(encoding="utf-8"))
    assert own[0]["headline"]
    assert any(each["status"] in ("issue", "caution", "passed") for each in own)
    assert {each["subject"]["model"] for each in own if "model" in each["subject"]} <= {"suspect-1.5B", "control"}
    assert "suspect-1.5B" in json.dumps(own)
    first = said.splitlines()[:2]
    for paths in [out] if table is None else [out, out / table]:
        assert found(run("audit", paths, "--json")) == own
        assert found(run(command, paths, "--json")) == own
        # The same words come first, whatever else can be said of the evidence.
        assert run("audit", paths).splitlines()[:2] == first
        assert run(command, paths).splitlines()[:2] == first
