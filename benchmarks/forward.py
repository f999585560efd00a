"""Speed of the scorer of multiple-choice items against a bare transformers loop at its best batch size, in one run.

    python benchmarks/forward.py [--model smollm2-135m] [--items 100] [--threads 2] [--rounds 3]

The loop pads every prompt with each of its choices and reads the logits; the scorer reads a prompt once and its choices
after it. Both give the same scores, checked first. A sequence is one prompt with one choice.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
import torch

from measurand.experiments.item_sets import shipped
from measurand.experiments.models import LoadedModel, load
from measurand.experiments.noise import Original, noised
from measurand.experiments.scoring import Encoded, encode, score_items
from measurand.tables import ItemSet

BATCHES = (8, 16, 32, 64)


def bare(model: LoadedModel, encoded: Encoded, batch: int) -> np.ndarray:
    """Choice of each item, by the plain way: every prompt with every choice, longest last."""
    rows = [
        (item, choice, (*prompt, *answer), len(answer))
        for item, (prompt, answers) in enumerate(zip(encoded.prompts, encoded.answers, strict=True))
        for choice, answer in enumerate(answers)
    ]
    rows.sort(key=lambda row: len(row[2]))
    most = max(len(answers) for answers in encoded.answers)
    found = np.full((len(encoded.prompts), most), -np.inf)
    with torch.inference_mode():
        for start in range(0, len(rows), batch):
            part = rows[start : start + batch]
            width = max(len(row[2]) for row in part)
            ids = torch.full((len(part), width), model.tokenizer.pad_token_id)
            mask = torch.zeros_like(ids)
            for place, row in enumerate(part):
                ids[place, : len(row[2])] = torch.tensor(row[2])
                mask[place, : len(row[2])] = 1
            logprobs = model.network(input_ids=ids, attention_mask=mask).logits.log_softmax(-1)
            for place, (item, choice, tokens, answer) in enumerate(part):
                at = torch.arange(len(tokens) - answer - 1, len(tokens) - 1)
                own = logprobs[place, at, torch.tensor(tokens[len(tokens) - answer :])]
                found[item, choice] = float(own.mean())
    return found.argmax(axis=1)


def seconds(work: Callable[[], object]) -> float:
    """Time of one call."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main() -> None:
    """Print the speed of both, and the share of a noise sweep that is forward passes."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--model", default="smollm2-135m")
    options.add_argument("--items", type=int, default=100)
    options.add_argument("--threads", type=int, default=2)
    options.add_argument("--rounds", type=int, default=3)
    given = options.parse_args()
    torch.set_num_threads(given.threads)
    model = load(given.model)
    held = shipped("both")
    items = ItemSet(held.name, held.items[:: max(1, len(held) // given.items)][: given.items])
    encoded = encode(model, items)
    sequences = sum(map(len, encoded.answers))
    same = np.array_equal(bare(model, encoded, 32), score_items(model, encoded).choices)
    print(f"{len(items)} items, {sequences} sequences, {model.name}; same choices: {same}")
    plain = {batch: [] for batch in BATCHES}
    own = {batch: [] for batch in BATCHES}
    for _ in range(given.rounds):
        for batch in BATCHES:
            plain[batch].append(seconds(lambda batch=batch: bare(model, encoded, batch)))
            own[batch].append(seconds(lambda batch=batch: score_items(model, encoded, batch=batch)))
    best = {name: min(np.median(times) for times in of.values()) for name, of in (("bare", plain), ("scorer", own))}
    for name, of in (("bare", plain), ("scorer", own)):
        shown = ", ".join(f"{batch}: {sequences / np.median(times):.0f}" for batch, times in of.items())
        print(f"{name:7s} sequences a second by batch: {shown}")
    print(f"scorer / bare at the best batch of each: {best['bare'] / best['scorer']:.2f}x")
    shares, original = [], Original.of(model)
    for seed in range(given.rounds):
        started = time.perf_counter()
        with noised(model, 0.1, seed, original=original):
            inside = seconds(lambda: score_items(model, encoded))
        shares.append(inside / (time.perf_counter() - started))
    print(f"forward passes in a cell of a noise sweep: {100 * np.median(shares):.0f}% of the time")


if __name__ == "__main__":
    main()
