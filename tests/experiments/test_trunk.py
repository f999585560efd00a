"""The upper layers from kept states give what the whole network gives, for scores, for losses and for weights."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from measurand.errors import InputError
from measurand.experiments.scoring import encode, score_items
from measurand.experiments.training import Example, Training, fine_tune
from measurand.experiments.trunk import Trunk, depth, last_logits

torch = pytest.importorskip("torch", reason="experiments need torch")


@pytest.fixture
def split(tiny):
    return replace(tiny, trunk=Trunk(tiny, 1))


def rows_of(model, texts):
    return [tuple(model.tokenizer(text)["input_ids"]) for text in texts]


def test_logits_from_kept_states_are_those_of_each_text_read_alone(tiny, split):
    rows = rows_of(tiny, ("a", "some words", "other words, and more of them"))
    with torch.inference_mode():
        found = last_logits(split, rows, 2)[1:]
        alone = [tiny.network(torch.tensor([row])).logits[0, -2:] for row in rows[1:]]
    assert torch.allclose(found, torch.stack(alone), atol=1e-4)


def test_scores_are_the_same_and_each_text_is_read_once(tiny, split, some_sums):
    plain, kept = score_items(tiny, some_sums), score_items(split, some_sums)
    assert plain.choices.tolist() == kept.choices.tolist()
    for a, b in zip(plain.values, kept.values, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-4)
    read = split.trunk.read
    encoded = encode(split, some_sums)
    texts = {
        prompt + answer[:-1] for prompt, own in zip(encoded.prompts, encoded.answers, strict=True) for answer in own
    }
    checked = sum(map(len, rows_of(tiny, ("A word.", "More words, one after another."))))
    assert read == checked + sum(map(len, texts))
    score_items(split, some_sums, batch=3)
    assert split.trunk.read == read


def test_training_above_kept_states_is_training_above_frozen_layers(tiny, split):
    lessons = (Example("Hello", "you there"), Example("A longer prompt", "no", 2.0, unlikely=True))
    settings = Training(steps=4, batch=1, rank=4, rate=1e-2, share=0.5)
    shared, own = (fine_tune(model, lambda rng, count: list(lessons), settings) for model in (split, tiny))
    assert shared.losses == pytest.approx(own.losses, rel=1e-4)
    for (name, a), b in zip(shared.model.network.named_parameters(), own.model.network.parameters(), strict=True):
        assert torch.allclose(a, b, atol=1e-5), name
    before = dict(tiny.network.named_parameters())
    changed = {name for name, a in shared.model.network.named_parameters() if not torch.equal(a, before[name])}
    # The upper of two layers, and nothing else.
    assert changed
    assert all(name.startswith("model.layers.1.") for name in changed)


def test_a_model_with_all_layers_trained_has_no_trunk(split):
    trained = fine_tune(split, lambda rng, count: [Example("a", "b")], Training(steps=1, batch=1, rank=2))
    assert trained.model.trunk is None


def test_a_trunk_that_was_made_for_a_training_ends_with_it(tiny, split):
    settings = Training(steps=1, batch=1, rank=2, share=0.5)
    own, shared = (fine_tune(model, lambda rng, count: [Example("a", "b")], settings) for model in (tiny, split))
    assert own.model.trunk is None
    assert shared.model.trunk is split.trunk


def scaled(network):
    """What it is given as embeddings it scales, as some networks do: its upper layers alone give other numbers."""

    class Odd(type(network)):
        def forward(self, *args, inputs_embeds=None, **named):
            return super().forward(
                *args, inputs_embeds=None if inputs_embeds is None else 3 * inputs_embeds + 1, **named
            )

    network.__class__ = Odd
    return network


def otherwise_laid_out(network):
    """GPT-2 keeps its layers elsewhere."""
    transformers = pytest.importorskip("transformers")
    config = transformers.GPT2Config(
        vocab_size=network.config.vocab_size, n_embd=32, n_layer=2, n_head=2, n_positions=256,
        bos_token_id=0, eos_token_id=0, resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0,
    )  # fmt: skip
    return transformers.GPT2LMHeadModel(config).eval()


@pytest.mark.parametrize("change", [scaled, otherwise_laid_out])
def test_a_network_that_cannot_be_split_is_trained_whole(tiny, change):
    model = replace(tiny, network=change(tiny.network))
    settings = Training(steps=2, batch=1, rank=2, rate=1e-2)
    whole, asked = (
        fine_tune(model, lambda rng, count: [Example("Hello", "you")], replace(settings, share=share))
        for share in (1.0, 0.5)
    )
    assert asked.losses == whole.losses
    assert asked.flop == whole.flop == 4 * model.parameters * asked.tokens


def test_what_cannot_be_split_is_said(tiny):
    with pytest.raises(InputError, match="layers should be from 1 to 1, got 2"):
        Trunk(tiny, depth(tiny.network))
    with pytest.raises(InputError, match="the upper layers of this network cannot be run by themselves"):
        Trunk(replace(tiny, network=scaled(tiny.network)), 1)
