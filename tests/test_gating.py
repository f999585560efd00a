"""A candidate against a baseline: the word, the reason and the exit code, on planted losses and equal models."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from measurand.auditing import audit
from measurand.cli import app
from measurand.errors import InputError, NotApplicable, UnknownName
from measurand.gating import gate, known_of
from measurand.measures import find
from measurand.report.gate import headline, to_junit, to_markdown, to_sarif, to_text
from measurand.results import AVERAGE
from measurand.stats.intervals.binomial import proportion_limits
from measurand.tables import Responses, Study

ROOT = Path(__file__).resolve().parents[1]


def answers(losses, items=400, per_cluster=1, seed=0):
    """Two models on tasks: the new one loses that share of items of each task."""
    rng = np.random.default_rng(seed)
    parts = []
    for task, loss in losses.items():
        groups = np.arange(items) // per_cluster
        p = 0.75 + 0.15 * np.tanh(rng.normal(size=groups[-1] + 1))[groups]
        right = rng.random(items) < p
        # Most answers are the same: a new build of a model rarely flips more than one item in ten.
        new = np.where(rng.random(items) < 0.1, rng.random(items) < p, right) & (rng.random(items) >= loss)
        for model, scores in (("old", right), ("new", new)):
            columns = {"model": model, "benchmark": task, "item": np.arange(items).astype(str), "score": scores * 1.0}
            parts.append(pl.DataFrame({**columns, "passage": groups.astype(str)}))
    return pl.concat(parts)


def held(losses, *, cluster=None, margin=0.02, **more):
    responses = Responses.build(answers(losses, **more), cluster=cluster)
    return gate(responses, responses, names=("new", "old"), margin=margin)


def test_a_loss_on_one_task_fails_although_the_average_hides_it():
    found = held({"reading": 0.15, "sums": 0.0, "facts": 0.0, "law": 0.0, "art": 0.0, "code": 0.0}, margin=0.05)
    verdicts = {row.name: row.verdict for row in found.rows}
    assert verdicts["reading"] == "worse"
    assert verdicts[AVERAGE] != "worse"
    assert found.verdict == "worse"
    assert headline(found) == "✗ FAIL  new is more than 5 points worse than old on reading."
    assert found.rows[0].name == "reading"


def test_equal_models_on_many_items_pass_and_on_few_are_open_with_what_is_needed():
    found = held({"a": 0.0, "b": 0.0}, items=4000)
    assert found.verdict == "not worse"
    assert headline(found).startswith("✓ PASS  new is not 2 points worse than old on any task:")
    few = held({"a": 0.0}, items=100)
    (row,) = few.rows
    assert (few.verdict, row.verdict) == ("open", "open")
    assert row.needed > 100
    assert "would pass two equal models 4 times in 5 (100 now)" in " ".join(to_text(few).split())


def test_a_better_candidate_passes():
    rows = answers({"a": 0.15}, items=800).with_columns(pl.col("model").replace({"old": "new", "new": "old"}))
    responses = Responses.build(rows)
    assert gate(responses, responses, names=("new", "old")).verdict == "not worse"


def test_a_model_of_the_same_name_in_another_place_can_be_the_baseline():
    rows = answers({"a": 0.2}, items=500).with_columns(pl.col("model").alias("was"), model=pl.lit("m"))
    new, old = (Responses.build(rows.filter(was=name).drop("was")) for name in ("new", "old"))
    assert gate(new, old, names=("m", "m")).verdict == "worse"


@pytest.mark.parametrize("per_cluster", [1, 8])
def test_equal_models_hardly_ever_fail(per_cluster):
    cluster = "passage" if per_cluster > 1 else None
    runs = 150
    failed = sum(
        held({"a": 0.0, "b": 0.0, "c": 0.0}, items=240, per_cluster=per_cluster, cluster=cluster, seed=seed).verdict
        == "worse"
        for seed in range(runs)
    )
    assert failed / runs <= 0.05


def test_what_cannot_be_compared_is_named():
    rows = answers({"a": 0.0, "b": 0.0, "c": 0.0}, items=60)
    alone = rows.filter((pl.col("benchmark") != "b") | (pl.col("model") == "old"))
    points = alone.with_columns(score=pl.when(pl.col("benchmark") == "c").then(pl.col("score") * 7).otherwise("score"))
    responses = Responses.build(points)
    found = gate(responses, responses, names=("new", "old"))
    assert found.left_out == (("b", "only the baseline ran it"), ("c", "scores outside 0 to 1"))
    assert "b is left out: only the baseline ran it." in " ".join(to_text(found).split())
    other = rows.with_columns(item=pl.col("item") + pl.col("model"))
    held_apart = Responses.build(other)
    with pytest.raises(NotApplicable, match="0 items answered by both"):
        gate(held_apart, held_apart, names=("new", "old"))


def test_programs_read_the_same_verdict():
    found = held({"reading": 0.2, "sums": 0.0}, items=150)
    sarif = json.loads(to_sarif(found))
    levels = {each["logicalLocations"][0]["name"]: each["level"] for each in sarif["runs"][0]["results"]}
    assert levels["reading"] == "error"
    assert levels["sums"] == "warning"
    for strict, failures in ((False, 2), (True, 3)):
        suite = ET.fromstring(to_junit(found, strict=strict)).find("testsuite")
        assert suite is not None
        assert int(suite.attrib["failures"]) == len(suite.findall("testcase/failure")) == failures
    text = to_markdown(found)
    assert text.startswith("**✗ FAIL  new is more than 2 points worse")
    assert len(text.splitlines()) < 40


def test_a_comment_stays_short_and_names_stay_text():
    found = held({f"task <b>{i}|": 0.0 for i in range(60)}, items=40)
    text = to_markdown(found)
    assert len(text.splitlines()) < 40
    assert "<b>" not in text


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "answers.csv"
    answers({"reading": 0.2, "sums": 0.0}, items=150).write_csv(path)
    return path


def run(*words):
    return CliRunner().invoke(app, ["gate", *map(str, words)])


def test_the_command_says_it_by_its_exit_code(table, tmp_path):
    named = ("--candidate", "new", "--baseline", "old")
    assert run(table, *named).exit_code == 1
    assert run(table, *named, "--benchmark", "sums").exit_code == 0
    assert run(table, *named, "--benchmark", "sums", "--strict").exit_code == 1
    done = run(table, *named, "--junit", tmp_path / "j.xml", "--sarif", tmp_path / "s.json", "--markdown")
    assert done.stdout.startswith("**✗ FAIL")
    assert (tmp_path / "j.xml").read_bytes().startswith(b"<?xml")
    assert json.loads((tmp_path / "s.json").read_bytes())["version"] == "2.1.0"


def test_the_baseline_may_be_a_saved_audit(table, tmp_path):
    done = CliRunner().invoke(app, ["score", str(table), "-o", str(tmp_path / "old"), "--cluster", "none"])
    assert done.exit_code == 0
    saved = tmp_path / "old" / "audit.json"
    named = ("--candidate", "new", "--baseline", "old", "--baseline-from", saved, "--cluster", "none")
    done = run(table, *named)
    assert done.exit_code == 1
    assert "Held against reported scores, not item by item" in " ".join(done.stdout.split())
    unknown = run(table, *named[:2], "--baseline", "odl", *named[4:])
    assert "did you mean 'old'" in str(unknown.exception)


def test_against_reported_scores_the_difference_is_the_same_and_less_is_known():
    responses = Responses.build(answers({"a": 0.1, "b": 0.0}, items=500))
    audited = audit(Study(title="old", responses=responses), [find("P1")])
    paired, reported = (
        gate(responses, baseline, names=("new", "old")) for baseline in (responses, known_of(audited, "old"))
    )
    for one, other in zip(paired.rows, reported.rows, strict=True):
        assert other.difference.value == pytest.approx(one.difference.value)
    # By hand: two independent shares, with the standard errors that their Wilson intervals amount to.
    row = next(row for row in reported.rows if row.name == "a")
    ends = [
        proportion_limits(np.array([share * 500]), np.array([500]), 0.95) for share in (row.candidate, row.baseline)
    ]
    stderr = np.sqrt(sum(float((high - low)[0] / 2 / 1.95996) ** 2 for low, high in ends))
    assert row.difference.high - row.difference.low == pytest.approx(2 * 1.962 * stderr, rel=0.01)
    with pytest.raises(UnknownName, match="no model with item-level scores"):
        known_of(audited, "nobody")


def test_equal_models_seldom_fail_against_reported_scores():
    failed = 0
    for seed in range(200):
        responses = Responses.build(answers({"a": 0.0, "b": 0.0}, items=300, seed=seed))
        audited = audit(Study(title="old", responses=responses), [find("P1")])
        failed += gate(responses, known_of(audited, "old"), names=("new", "old")).verdict == "worse"
    assert failed / 200 <= 0.05


def test_bad_questions_are_refused(table):
    for words, said in (
        (("--candidate", "new", "--baseline", "new"), "candidate and baseline are both 'new'"),
        (("--candidate", "nwe", "--baseline", "old"), "did you mean 'new'"),
        (("--candidate", "new", "--baseline", "old", "--margin", "0"), "margin"),
    ):
        done = run(table, *words)
        assert isinstance(done.exception, InputError)
        assert said in str(done.exception)


@pytest.mark.parametrize(("benchmark", "code", "word"), [("", 1, "FAIL"), ("sums", 0, "CANNOT TELL")])
def test_the_action_runs_the_gate_and_leaves_a_comment(table, tmp_path, benchmark, code, word):
    if benchmark:
        pl.read_csv(table).filter(benchmark=benchmark).write_csv(table)
    given = {"PATHS": f"{table}\n\n", "CANDIDATE": "new", "BASELINE": "old", "MARGIN": "2", "BASELINE_FROM": ""}
    runner = {
        "RUNNER_TEMP": str(tmp_path),
        "GITHUB_OUTPUT": str(tmp_path / "out"),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "sum"),
    }
    path = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        [ROOT / ".github/actions/gate/run"],
        env={**given, **runner, **path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, word in done.stdout) == (code, True), done.stderr
    comment = (tmp_path / "out").read_text().strip().removeprefix("comment=")
    assert Path(comment).read_text() == (tmp_path / "sum").read_text() == done.stdout
