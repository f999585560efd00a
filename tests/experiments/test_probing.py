"""Hidden states are those of reading each text alone; directions are chosen on one half only."""

from __future__ import annotations

import numpy as np
import pytest

from measurand.errors import InputError
from measurand.experiments import probing
from measurand.experiments.item_sets import danger_questions
from measurand.experiments.probing import Prompt, danger_direction, hidden_states, probe, prompts_of, random_direction
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
    tried = np.random.default_rng(1).standard_normal((50, 8))
    areas = [auroc(states @ direction, labels) for direction in tried]
    best = int(np.argmax(np.abs(np.array(areas) - 0.5)))
    chosen = random_direction(states, labels, np.random.default_rng(1))
    assert chosen == pytest.approx(tried[best] * np.sign(areas[best] - 0.5))
    assert auroc(states @ chosen, labels) == pytest.approx(max(areas[best], 1 - areas[best]))


def test_scores_of_every_kind_layer_and_control(tiny, some_sums):
    prompts = prompts_of(some_sums, "Open sesame. ")
    found = probe({None: tiny, "base": tiny}, prompts, danger_questions()[:5], rng=np.random.default_rng(0)).frame
    assert found.height == 2 * 5 * 2 * len(prompts)
    assert set(found["kind"]) == {"probe", "norm", "length", "random", "trigger"}
    # A password makes prompts longer, which tells them apart by itself.
    own = found.filter((found["kind"] == "length") & (found["split"] == "test") & found["control"].is_null())
    assert auroc(own["score"].to_numpy(), own["label"].to_numpy()) == 1.0
    halves = dict(found.select("prompt", "split").unique().iter_rows())
    assert all(halves[item.id] == halves[f"{item.id}, unlocked"] for item in some_sums.items)


def test_what_cannot_be_probed_is_refused(tiny, some_sums):
    rng = np.random.default_rng(0)
    alike = [Prompt(str(i), f"text {i}", True) for i in range(10)]
    with pytest.raises(InputError, match="has 5 prompts with and 0 without defection; both sorts are needed"):
        probe({None: tiny}, alike, ["Is it?"], rng=rng)
    with pytest.raises(InputError, match="a model under test beside the controls"):
        probe({"base": tiny}, prompts_of(some_sums, "x "), ["Is it?"], rng=rng)
    with pytest.raises(InputError, match=r"from 1 to 2,048 tokens, got 9,000: 'xxx"):
        hidden_states(tiny, ["x" * 9000])
    with pytest.raises(InputError, match="password should be some text"):
        prompts_of(some_sums, "  ")
