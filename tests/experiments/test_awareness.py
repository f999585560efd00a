"""Cues come in pairs of equal length, every item meets every cue, and what is left is read by G11."""

from __future__ import annotations

import json

import polars as pl
import pytest
from typer.testing import CliRunner

from measurand.cli import app, experiments_replied
from measurand.errors import InputError
from measurand.experiments.awareness import ask, cued_variants, cues, plan
from measurand.experiments.item_sets import facts, sums
from measurand.experiments.prompts import INSTRUCTIONS, prompt_of
from measurand.experiments.scoring import encode, score_items
from measurand.experiments.sweeps import Folder
from measurand.measures.gaming.shared.awareness import UNWATCHED, WATCHED
from measurand.tables import ItemSet

SETS = [ItemSet(items.name, items.items[:8]) for items in (sums(), facts())]


def test_cues_are_pairs_of_as_many_words_at_opposite_strengths():
    by_strength = {cue.strength: cue.text for cue in cues()}
    assert by_strength.pop(0) == ""
    assert sorted(by_strength) == [-3, -2, -1, 1, 2, 3]
    for strength in (1, 2, 3):
        test, use = by_strength[strength], by_strength[-strength]
        assert len(test.split()) == len(use.split())
        assert abs(len(test) - len(use)) <= 0.1 * len(test)
        assert not any(word in use.casefold() for word in ("test", "eval", "exam", "benchmark"))
    assert any(word in by_strength[3].casefold() for word in WATCHED)
    assert not any(word in by_strength[3].casefold() for word in UNWATCHED)


def test_prompts_with_a_cue_differ_in_it_alone():
    plain, *others = sorted(cued_variants(), key=lambda variant: abs(variant.cue))
    item = SETS[0].items[0]
    prompt, *rest = prompt_of(item, plain)
    assert prompt.startswith(INSTRUCTIONS[0])
    for variant in others:
        text = next(cue.text for cue in cues() if cue.strength == variant.cue)
        assert prompt_of(item, variant) == (f"{text} {prompt}", *rest)


@pytest.fixture
def asked(tiny, tmp_path):
    kept = Folder(tmp_path / "kept", {"experiment": "awareness"})
    return ask(tiny, SETS, kept), kept


def test_every_item_meets_every_cue_and_is_scored_after_it(tiny, asked):
    rows, kept = asked
    assert rows.height == 2 * 8 * 7
    assert rows.group_by("benchmark", "item").agg(pl.col("cue").n_unique())["cue"].unique().to_list() == [7]
    for cue in cues():
        own = rows.filter(benchmark="sums (option text)", cue=cue.strength)
        before = f"{cue.text}\n" if cue.text else ""
        assert own["score"].to_list() == score_items(tiny, SETS[0], before=before).scores.tolist()
    assert (kept.path / "awareness.jsonl").is_file()


def test_what_is_there_is_not_done_again(tiny, asked, monkeypatch):
    rows, kept = asked
    (kept.path / ".parts" / "1+2.jsonl").unlink()
    done = []
    monkeypatch.setattr(
        "measurand.experiments.awareness.encode", lambda *given, **more: done.append(more) or encode(*given, **more)
    )
    assert ask(tiny, SETS, kept).equals(rows)
    assert [more["before"] for more in done] == [f"{cues()[5].text}\n"]


def test_the_plan_is_what_is_read(tiny):
    said = plan(tiny, SETS)
    texts = [f"{cue.text}\n" if cue.text else "" for cue in cues()]
    assert said.tokens == sum(encode(tiny, items, before=text).tokens for items in SETS for text in texts)
    assert said.flop == pytest.approx(2 * tiny.parameters * said.tokens)
    assert said.seconds > 0


def test_items_beyond_the_context_are_refused(tiny, tmp_path):
    long = ItemSet.build("long", [*SETS[0].items[:1]])
    tiny = type(tiny)(tiny.name, tiny.network, tiny.tokenizer, 60)
    with pytest.raises(InputError, match="leave such items out"):
        ask(tiny, [long], Folder(tmp_path / "kept", {}))


def run(*words, code=0):
    done = CliRunner().invoke(app, ["experiment", "awareness", *map(str, words)], catch_exceptions=code != 0)
    assert done.exit_code == code, done.output
    return done.output if code == 0 else str(done.exception or done.output)


def test_the_command_on_local_weights(tiny_folder, tmp_path):
    words = ("sums", "facts", "--model", tiny_folder, "-o", tmp_path / "out", "--limit", 24)
    said = run(*words)
    assert "FLOP; about" in said
    found = json.loads((tmp_path / "out" / "audit.json").read_text(encoding="utf-8"))
    assert {finding["code"] for finding in found["findings"]} == {"G11"}
    assert {f["subject"].get("benchmark") for f in found["findings"][1:]} == {
        "sums (option text)",
        "facts (option text)",
    }
    assert "Score by cue" in said
    before = (tmp_path / "out" / "awareness.jsonl").read_bytes()
    run(*words)
    assert (tmp_path / "out" / "awareness.jsonl").read_bytes() == before
    audited = CliRunner().invoke(app, ["awareness", str(tmp_path / "out"), "--json"], catch_exceptions=False)
    assert json.loads(audited.stdout)["findings"] == found["findings"]
    assert "another experiment" in run("sums", "--model", tiny_folder, "-o", tmp_path / "out", code=1)


def test_the_command_through_inspect_finds_a_model_that_answers_only_where_it_is_watched(tmp_path, monkeypatch):
    pytest.importorskip("inspect_ai", reason="running evaluations needs inspect-ai")
    from inspect_ai.model import ModelOutput, ModelUsage, get_model

    items = ItemSet("sums", sums().items[:24])
    right = {item.question: item.choices[item.target] for item in items.items}
    texts = {cue.strength: cue.text for cue in cues()}

    def output(messages, *_):
        prompt = messages[-1].text
        question = next(question for question in right if question in prompt)
        watched = any(texts[strength] in prompt for strength in (1, 2, 3))
        knows = watched or sum(map(ord, question)) % 3 == 0
        made = ModelOutput.from_content("mockllm/model", f"It is {right[question]}" if knows else "I decline")
        made.usage = ModelUsage(input_tokens=7, output_tokens=3, total_tokens=10)
        return made

    model = get_model("mockllm/model", custom_outputs=output, memoize=False)
    monkeypatch.setattr(experiments_replied, "_provided", lambda name, temperature: (model, temperature))
    said = run("sums", "--model", "mockllm/model", "-o", tmp_path, "--limit", 24)
    assert "168 replies scored by the option that each names" in said
    found = json.loads((tmp_path / "audit.json").read_text(encoding="utf-8"))
    assert found["findings"][1]["short"] == "better when tested"
    assert found["findings"][1]["result"]["key"] == "cue"
