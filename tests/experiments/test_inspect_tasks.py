"""Tasks run end to end through inspect-ai, and their logs are evidence of prompts and reruns."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from measurand.cli import app, experiments_replied
from measurand.errors import InputError
from measurand.experiments.inspect_tasks import PLAIN, option_in, run, task
from measurand.experiments.item_sets import facts, sums
from measurand.experiments.prompts import variants
from measurand.measures.precision.prompt_sensitivity import prompt_sensitivity
from measurand.readers import read
from measurand.tables import ItemSet

inspect_ai = pytest.importorskip("inspect_ai", reason="running evaluations needs inspect-ai")

FEW = [ItemSet(items.name, items.items[:12]) for items in (sums(), facts())]


def answering(said):
    """A mock model that says what a function makes of the prompt."""
    from inspect_ai.model import ModelOutput, ModelUsage, get_model

    def output(messages, *_):
        text = said(messages[-1].text)
        made = ModelOutput.from_content("mockllm/model", text)
        made.usage = ModelUsage(input_tokens=7, output_tokens=3, total_tokens=10)
        return made

    return get_model("mockllm/model", custom_outputs=output, memoize=False)


def by_hash(prompt):
    """An answer that depends on the prompt and nothing else."""
    return "ABCD"[hashlib.sha256(prompt.encode()).digest()[0] % 4]


@pytest.mark.parametrize(
    ("said", "place"),
    [
        ("A", 0),
        ("(B)", 1),
        ("[C] 6", 2),
        ("c.", 2),
        ("**B**", 1),
        ("The answer is B.", 1),
        ("A good question, but it is 5", None),
        ("It is 6", 2),
        ("5 or 6", None),
        ("", None),
        ("none of them", None),
        ("Apples", None),
    ],
)
def test_the_option_an_answer_names(said, place):
    expected = 0 if said.startswith("A good") else place  # an article at the start cannot be told from a mark
    assert option_in(said, ("A", "B", "C"), ("4", "5", "6")) == expected


def test_numbers_as_marks_come_before_options():
    assert option_in("2", ("1", "2"), ("2", "3")) == 1
    assert option_in("(1) 2", ("1", "2"), ("2", "3")) == 0


def test_variants_run_and_are_read_as_prompts_of_the_same_items(tmp_path):
    chosen = variants(FEW[0], 12)
    run([task(items, chosen) for items in FEW], answering(by_hash), None, tmp_path)
    study = read(tmp_path)
    rows = study.responses.frame.collect()
    assert rows.height == 2 * 12 * 12
    assert set(rows["variant"]) == {variant.name for variant in chosen}
    assert set(rows["item"]) == {item.id for items in FEW for item in items.items}
    assert rows["tokens_in"].unique().to_list() == [7]

    found = prompt_sensitivity(study.responses, rng=np.random.default_rng(0))
    assert {one.benchmark for one in found.each} == {"sums", "facts"}


def test_a_model_that_is_right_is_scored_right_in_every_variant(tmp_path):
    items = FEW[0]
    answers = {item.question: item.choices[item.target] for item in items.items}

    def right(prompt):
        question = next(question for question in answers if question in prompt)
        return f"It is {answers[question]}"

    chosen = [variant for variant in variants(items, 30) if variant.format.enumerator != "(1)"]
    (log,) = run([task(items, chosen)], answering(right), None, tmp_path)
    assert log.results.scores[0].metrics["accuracy"].value == 1.0


def test_replies_that_name_no_option_are_wrong_and_told_apart(tmp_path):
    items = FEW[0]
    silent = [item.question for item in items.items[::3]]

    def often(prompt):
        return "who can say" if any(question in prompt for question in silent) else "A"

    (log,) = run([task(items)], answering(often), None, tmp_path)
    rows = read(tmp_path).responses.frame.collect()
    assert rows.filter(pl.col("state") == "unparsed")["score"].to_list() == [0.0] * len(silent)
    assert rows.height == len(items.items)
    # They count in Inspect's own accuracy as in ours.
    assert rows["score"].mean() == pytest.approx(log.results.scores[0].metrics["accuracy"].value)


def test_reruns_are_epochs(tmp_path):
    run([task(FEW[0], epochs=3)], answering(by_hash), None, tmp_path)
    rows = read(tmp_path).responses.frame.collect()
    assert sorted(set(rows["epoch"])) == [1, 2, 3]
    assert set(rows["variant"]) == {PLAIN.name}


def test_what_cannot_be_run_is_said(tmp_path):
    with pytest.raises(InputError, match="variants should have names of their own, got 'plain' twice"):
        task(FEW[0], [PLAIN, PLAIN])
    with pytest.raises(InputError, match="inspect-ai could not run nosuch/model"):
        run([task(FEW[0])], "nosuch/model", None, tmp_path)

    def broken(prompt):
        raise RuntimeError("the service is down")

    with pytest.raises(InputError, match=r"sums: the run did not end well: .*the service is down.*its log is in"):
        run([task(FEW[0])], answering(broken), None, tmp_path)


@pytest.mark.parametrize(("command", "code"), [("prompts", "P7"), ("rerun", "P6")])
def test_the_commands_run_and_judge(tmp_path, monkeypatch, command, code):
    monkeypatch.setattr(experiments_replied, "_provided", lambda name, temperature: (answering(by_hash), temperature))
    words = ["experiment", command, "sums", "facts", "--model", "mockllm/model", "-o", str(tmp_path), "--limit", "12"]
    done = CliRunner().invoke(app, words, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert code in json.loads((tmp_path / "audit.json").read_text(encoding="utf-8"))["answers"]
    assert (tmp_path / "audit.html").exists()
