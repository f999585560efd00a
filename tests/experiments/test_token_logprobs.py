"""Log-probabilities of tokens equal the published golden values and the slow definition."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from measurand.errors import InputError
from measurand.experiments import token_logprobs as module
from measurand.experiments.sweeps import Folder
from measurand.experiments.token_logprobs import of_logits, token_logprobs
from measurand.stats.texts.membership import min_k, min_k_plus_plus

torch = pytest.importorskip("torch", reason="experiments need torch")


def test_scores_from_logits_are_the_published_ones(shared):
    # contamination/minkpp/golden.json: logits, tokens, and what the authors' formulas give for each share k.
    golden = json.loads((shared / "data/contamination/minkpp/golden.json").read_text())
    logits, ids = torch.tensor(golden["logits"], dtype=torch.float64), torch.tensor(golden["ids"])
    own, means, spreads = (part.double().numpy() for part in of_logits(logits, ids))
    expected = golden["expected"]
    for share in (0.1, 0.2, 0.5, 1.0):
        assert min_k(own, share) == pytest.approx(expected[f"mink_{share}"], abs=1e-5)
        assert min_k_plus_plus(own, means, spreads, share) == pytest.approx(expected[f"mink++_{share}"], abs=1e-4)


def test_mean_and_spread_are_those_under_the_models_own_distribution():
    rng = np.random.default_rng(0)
    logits = rng.standard_normal((6, 11)) * 3
    ids = rng.integers(0, 11, 6)
    own, means, spreads = of_logits(torch.tensor(logits), torch.tensor(ids))
    for place in range(5):
        p = np.exp(logits[place]) / np.exp(logits[place]).sum()
        mean = sum(q * math.log(q) for q in p)
        assert float(own[place]) == pytest.approx(math.log(p[ids[place + 1]]), abs=1e-5)
        assert float(means[place]) == pytest.approx(mean, abs=1e-5)
        assert float(spreads[place]) == pytest.approx(
            math.sqrt(sum(q * (math.log(q) - mean) ** 2 for q in p)), abs=1e-4
        )


def test_a_probability_of_zero_counts_nothing():
    _, means, spreads = of_logits(torch.tensor([[0.0, 0.0, -1e9], [0.0, 0.0, 0.0]]), torch.tensor([0, 1]))
    assert float(means[0]) == pytest.approx(math.log(0.5))
    assert torch.isfinite(spreads).all()


@pytest.mark.parametrize("batch", [1, 8])
def test_texts_in_a_batch_have_the_values_they_have_alone(tiny, batch):
    texts = ["short", "a much longer text, with a comma", "two words"]
    found = token_logprobs(tiny, texts, [True, False, None], batch=batch).frame
    assert found["member"].to_list() == [True, False, None]
    for row, text in enumerate(texts):
        ids = torch.tensor(tiny.tokenizer(text)["input_ids"])
        with torch.inference_mode():
            logits = tiny.network(ids[None]).logits[0]
        for name, alone in zip(("logprobs", "means", "spreads"), of_logits(logits, ids), strict=True):
            assert found[name][row].to_list() == pytest.approx(alone.tolist(), abs=1e-4)


def test_texts_without_a_token_to_predict_are_refused(tiny):
    with pytest.raises(InputError, match="from 2 to 2,048 tokens, got 1: 'x'"):
        token_logprobs(tiny, ["x"])


ASKED = ["Question: What is 2 + 2?\nAnswer: 4", "Question: And of France?\nAnswer: Paris, of course", "Q: x\nA: yes"]
SAID = ["4", "Paris, of course", "yes"]


def test_a_span_holds_the_answers_tokens_given_what_stands_before(tiny):
    """The answer's log-probability is that of the whole less that of what stands before it."""
    found = token_logprobs(tiny, ASKED, [True, False, None], answers=SAID)
    spans = found.spans
    assert spans["span"].to_list() == SAID
    for row, (text, answer) in enumerate(zip(ASKED, SAID, strict=True)):
        head = token_logprobs(tiny, [text.removesuffix(answer).rstrip()]).frame["logprobs"][0]
        whole = found.frame["logprobs"][row]
        assert len(spans["logprobs"][row]) == len(whole) - len(head) > 0
        assert spans["logprobs"][row].sum() == pytest.approx(whole.sum() - head.sum(), abs=1e-3)
        assert spans["means"][row].to_list() == found.frame["means"][row].to_list()[len(head) :]
    with pytest.raises(InputError, match="a text should end with its answer 'no', got"):
        token_logprobs(tiny, ASKED[:1], answers=["no"])


def test_texts_kept_before_it_was_killed_are_not_read_again(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "KEPT", 4)
    texts = [f"text number {place} and {place * 7}" for place in range(10)]
    whole = token_logprobs(tiny, texts, answers=[text[-2:] for text in texts]).frame
    kept, said = Folder(tmp_path / "out", {"experiment": "membership"}), []

    def killed(word, done, total):
        said.append((word, done, total))
        if done == 8:
            raise KeyboardInterrupt

    given = {"answers": [text[-2:] for text in texts], "kept": kept}
    with pytest.raises(KeyboardInterrupt):
        token_logprobs(tiny, texts, progress=killed, **given)
    assert said == [("tiny", 4, 10), ("tiny", 8, 10)]
    read, own = [], module.work_through
    monkeypatch.setattr(module, "work_through", lambda order, *rest: read.extend(order) or own(order, *rest))
    again = token_logprobs(tiny, texts, **given).frame
    assert len(read) == 2
    for name in ("logprobs", "means", "spreads"):
        for one, other in zip(again[name], whole[name], strict=True):
            assert one.to_list() == pytest.approx(other.to_list())
    assert again.drop("logprobs", "means", "spreads").equals(whole.drop("logprobs", "means", "spreads"))
