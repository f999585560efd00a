"""The default 135M-parameter model, end to end: fetched, unpacked, scored, noised, and judged."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from measurand.errors import InputError
from measurand.experiments.default_model import default_model
from measurand.experiments.item_sets import facts, sums
from measurand.experiments.models import DEFAULT_MODEL, load
from measurand.experiments.noise import Grid, noised, sweep
from measurand.experiments.scoring import score_items
from measurand.tables import ItemSet

torch = pytest.importorskip("torch", reason="experiments need torch")
pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def fetched():
    try:
        return default_model()
    except InputError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def smollm(fetched):
    return load()


def test_it_is_what_its_card_says(smollm):
    assert smollm.name == DEFAULT_MODEL
    assert smollm.parameters == 134_515_008
    assert smollm.context == 8192


def test_the_unpacked_copy_holds_the_dequantised_weights(smollm, fetched):
    direct = load(fetched)
    for mine, theirs in zip(smollm.network.parameters(), direct.network.parameters(), strict=True):
        assert torch.equal(mine, theirs)


def test_it_knows_plain_facts_and_small_sums_better_than_a_guesser(smollm):
    few = ItemSet("facts", facts().items[::2])
    for items in (few, sums(6)):
        scores = score_items(smollm, items).scores
        # Four standard errors above the chance of one in four.
        assert scores.mean() > 0.25 + 4 * np.sqrt(0.25 * 0.75 / len(items))


def test_scores_are_those_of_one_choice_at_a_time(smollm):
    items = ItemSet("facts", facts().items[:6])
    found = score_items(smollm, items)
    for item, choice in zip(items.items, found.choices, strict=True):
        means = []
        for text in item.choices:
            head, whole = (
                smollm.tokenizer(each)["input_ids"]
                for each in (f"Question: {item.question}\nAnswer:", f"Question: {item.question}\nAnswer: {text}")
            )
            with torch.inference_mode():
                logprobs = smollm.network(torch.tensor([whole])).logits[0].log_softmax(-1)
            means.append(np.mean([float(logprobs[at - 1, whole[at]]) for at in range(len(head), len(whole))]))
        assert choice == np.argmax(means)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_noise_leaves_every_bit_as_it_was(fetched, dtype):
    model = load(dtype=dtype)
    before = [weight.clone() for weight in model.network.parameters()]
    with noised(model, 0.2, 0):
        pass
    assert all(torch.equal(a, b) for a, b in zip(before, model.network.parameters(), strict=True))


def test_much_noise_leaves_it_guessing(fetched, tmp_path):
    items = ItemSet("facts", facts().items[:60])
    found = sweep(DEFAULT_MODEL, items, tmp_path / "out", Grid(sigmas=(0.6,), seeds=1)).frame
    accuracy = dict(found.group_by("sigma").agg(pl.col("score").mean()).iter_rows())
    assert accuracy[0.6] < accuracy[0.0] - 0.2
