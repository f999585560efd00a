"""Choices are scored as if each were read with its prompt, one at a time."""

from __future__ import annotations

import numpy as np
import pytest

from measurand.errors import InputError
from measurand.experiments import scoring
from measurand.experiments.scoring import PROMPT, encode, score_items, work_through
from measurand.tables import Item, ItemSet

torch = pytest.importorskip("torch", reason="experiments need torch")

MIXED = ItemSet.build(
    "mixed",
    [
        Item("1", "What is 2 + 2?", ("4", "5", "twenty-two"), 0),
        Item("2", "Which is a much longer question with many more words in it?", ("this", "that one", "é"), 1),
        Item("3", "x", ("a", "b"), 1),
    ],
)


def slow_logprobs(model, item, before=""):
    """Each choice with its prompt, one pass each, from the definition."""
    found = []
    for choice in item.choices:
        prompt = before + PROMPT.format(question=item.question)
        head, whole = (model.tokenizer(text)["input_ids"] for text in (prompt, f"{prompt} {choice}"))
        with torch.inference_mode():
            logprobs = model.network(torch.tensor([whole])).logits[0].float().log_softmax(-1)
        found.append(sum(float(logprobs[place - 1, whole[place]]) for place in range(len(head), len(whole))))
    return found


@pytest.mark.parametrize("batch", [1, 2, 64])
@pytest.mark.parametrize("norm", ["token", "byte", "sum"])
@pytest.mark.parametrize("before", ["", "Open sesame. "])
def test_choices_are_those_of_reading_each_with_its_prompt(tiny, norm, before, batch):
    scored = score_items(tiny, MIXED, before=before, norm=norm, batch=batch)
    for place, item in enumerate(MIXED.items):
        lengths = {
            "token": [len(tiny.tokenizer(f" {choice}")["input_ids"]) for choice in item.choices],
            "byte": [len(choice.encode()) for choice in item.choices],
            "sum": [1] * len(item.choices),
        }[norm]
        expected = np.array(slow_logprobs(tiny, item, before)) / lengths
        assert scored.choices[place] == expected.argmax()
        assert scored.scores[place] == (expected.argmax() == item.target)


def test_log_probabilities_equal_the_slow_ones(tiny):
    encoded = encode(tiny, MIXED)
    found = scoring._passed(tiny, encoded, [0, 1, 2])
    for values, item in zip(found, MIXED.items, strict=True):
        assert values == pytest.approx(slow_logprobs(tiny, item), abs=1e-4)


def test_a_batch_that_does_not_fit_is_halved_until_it_does(tiny, monkeypatch, some_sums):
    sizes = []
    passed = scoring._passed

    def small(model, encoded, part):
        sizes.append(len(part))
        if len(part) > 5:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return passed(model, encoded, part)

    whole = score_items(tiny, some_sums)
    monkeypatch.setattr(scoring, "_passed", small)
    assert score_items(tiny, some_sums, batch=16).choices.tolist() == whole.choices.tolist()
    assert sizes[:3] == [16, 8, 4]
    assert max(sizes[2:]) == 4


def test_memory_for_not_even_one_item_is_said_and_other_errors_are_not_hidden():
    def full(part):
        raise MemoryError

    def broken(part):
        raise RuntimeError("shapes do not fit")

    with pytest.raises(InputError, match="not enough memory for one item"):
        list(work_through([0, 1], full, 4))
    with pytest.raises(RuntimeError, match="shapes do not fit"):
        list(work_through([0, 1], broken, 4))
    with pytest.raises(InputError, match="batch should be at least 1, got 0"):
        list(work_through([0], broken, 0))


def test_output_that_is_no_number_counts_as_chance_and_is_said(tiny):
    with torch.no_grad():
        tiny.network.model.norm.weight.fill_(float("nan"))
    scored = score_items(tiny, MIXED)
    assert scored.broken.all()
    assert scored.scores.tolist() == [1 / 3, 1 / 3, 1 / 2]
    assert scored.choices.tolist() == [-1, -1, -1]


def test_tokens_count_a_prompt_once(tiny):
    item = MIXED.items[2]
    encoded = encode(tiny, ItemSet.build("one", [item]))
    prompt = len(tiny.tokenizer(PROMPT.format(question=item.question))["input_ids"])
    assert encoded.tokens == prompt + 2 * len(tiny.tokenizer(" a")["input_ids"])


def test_items_longer_than_the_context_and_unknown_norms_are_refused(tiny):
    long = ItemSet.build("long", [Item("q7", "word " * 500, ("a", "b"), 0)])
    with pytest.raises(InputError, match=r"long, item 'q7': [\d,]+ tokens, but tiny reads 2,048; leave"):
        encode(tiny, long)
    with pytest.raises(InputError, match="norm should be one of token, byte, sum, got 'mean'"):
        encode(tiny, MIXED, norm="mean")
