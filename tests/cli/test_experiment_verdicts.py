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

# Agreement does not show that a control was kept: one lost as the evidence is written is lost to all of them alike.
SAID_OF_CONTROLS = {"elicit": "in the control", "probe": "in the base model", "membership": "beyond control"}


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
    assert SAID_OF_CONTROLS.get(name, "") in json.dumps(own)
    first = said.splitlines()[:2]
    for paths in [out] if table is None else [out, out / table]:
        assert found(run("audit", paths, "--json")) == own
        assert found(run(command, paths, "--json")) == own
        # The same words come first, whatever else can be said of the evidence.
        assert run("audit", paths).splitlines()[:2] == first
        assert run(command, paths).splitlines()[:2] == first


@pytest.mark.parametrize(
    ("control", "status", "words"),
    [
        # Quarters of the items right as they are and with demonstrations; the model under test has 1 and 4.
        ((1, 1), "issue", "Ability that was not shown"),
        ((1, 4), "passed", "no more of this model than of the control"),
        (None, "caution", "name a control to tell"),
    ],
)
def test_what_a_control_makes_of_a_gap_stays_with_the_folder(given, tmp_path, monkeypatch, control, status, words):
    monkeypatch.chdir(given)
    out = tmp_path / "out"
    asked = ["experiment", "elicit", "suspect-1.5B", "sums.jsonl", "--steps", 0, "-o", out]
    asked += [] if control is None else ["--control", "control"]
    run(*asked)
    # The tiny model has nothing to elicit, so its answers are written over: what is done is taken as it is.
    for place, quarters in enumerate([(1, 4)] if control is None else [(1, 4), control]):
        for way, right in enumerate(quarters):
            part = out / ".parts" / f"{place}-{way}.jsonl"
            rows = [json.loads(line) for line in part.read_text(encoding="utf-8").splitlines()]
            answered = [{**row, "success": float(number % 4 < right)} for number, row in enumerate(rows)]
            part.write_text("\n".join(map(json.dumps, answered)), encoding="utf-8")
    run(*asked)
    own = json.loads((out / "audit.json").read_text(encoding="utf-8"))["findings"]
    (found,) = [each for each in own if each["subject"].get("method") == "5 demonstrations"]
    assert found["status"] == status
    assert words in found["sentence"]
    moved = out.rename(tmp_path / "handed over")
    for command in ("audit", "locked"):
        again = json.loads(run(command, moved, "--json"))["findings"]
        assert [each for each in again if each["code"] == "G10"] == own
