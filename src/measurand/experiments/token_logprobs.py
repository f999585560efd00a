"""What a model makes of each token of texts: log-probability, and the vocabulary's mean and spread there."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import polars as pl

from measurand.errors import InputError
from measurand.experiments.models import LoadedModel
from measurand.experiments.scoring import work_through
from measurand.experiments.sweeps import Folder
from measurand.extras import need
from measurand.tables import TokenLogprobs
from measurand.tables.token_logprobs import TOKEN_LOGPROB_SCHEMA

__all__ = ["of_logits", "token_logprobs"]

BATCH = 8
KEPT = 64
"""Texts that are kept at a time: those since the last are lost where it is killed."""


def of_logits(logits: Any, tokens: Any) -> tuple[Any, Any, Any]:
    """Log-probability of each token after the first, and the vocabulary's mean and standard deviation of it.

    The mean and the variance are those under the model's own distribution: ``mu = sum p log p`` and
    ``sum p (log p)^2 - mu^2``, as Min-K%++ has them (Zhang et al. 2024, arXiv 2404.02936, equation 3).

    Parameters
    ----------
    logits : shape (tokens, vocabulary): row t scores token t + 1.
    tokens : shape (tokens,).
    """
    logprobs = logits[:-1].float().log_softmax(-1)
    own = logprobs.gather(1, tokens[1:, None])[:, 0]
    probabilities = logprobs.exp()
    # A probability of 0 has a logarithm of minus infinity, and their product counts nothing.
    weighted = (probabilities * logprobs).nan_to_num(nan=0.0)
    means = weighted.sum(1)
    squares = (weighted * logprobs).nan_to_num(nan=0.0).sum(1)
    return own, means, (squares - means**2).clamp(min=1e-12).sqrt()


def token_logprobs(
    model: LoadedModel,
    texts: Sequence[str],
    members: Sequence[bool | None] | None = None,
    *,
    answers: Sequence[str] = (),
    batch: int = BATCH,
    kept: Folder | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> TokenLogprobs:
    """Log-probabilities of texts' tokens under a model.

    Parameters
    ----------
    texts : at least two tokens each.
    members : whether each text is known to have been in the training data; None where unknown.
    answers : with which each text ends, looked at given what stands before; none for whole texts.
    kept : where texts are written, so many at a time, as they are done, and taken from if they are there.
    progress : called with the model's name, the texts done and how many there are.

    Raises
    ------
    InputError
        A text of fewer than two tokens, or longer than the model's context; an answer with which its text does not end.
    """
    tokens = [model.tokenizer(text)["input_ids"] for text in texts]
    for text, ids in zip(texts, tokens, strict=True):
        if not 2 <= len(ids) <= model.context:
            raise InputError(f"a text should have from 2 to {model.context:,} tokens, got {len(ids):,}: {text[:40]!r}")
    starts = [_start(model, *each) for each in zip(texts, answers, tokens, strict=True)] if answers else []
    order = sorted(range(len(texts)), key=lambda place: len(tokens[place]))
    parts = [order[first : first + KEPT] for first in range(0, len(order), KEPT)]
    frames = []
    for number, part in enumerate(parts):
        name = f"{model.name.replace('/', '_')}-{number}"
        if kept is not None and kept.has(name):
            found = kept.rows([name], TOKEN_LOGPROB_SCHEMA)
        else:
            rows = [
                {
                    "model": model.name,
                    "item": str(place + 1),
                    "text": texts[place],
                    "member": None if members is None else members[place],
                    **lists,
                    "answer": answers[place] if answers else None,
                    "start": starts[place] if starts else None,
                }
                for place, lists in _lists(model, tokens, part, batch)
            ]
            found = pl.DataFrame(rows, schema=TOKEN_LOGPROB_SCHEMA)
            if kept is not None:
                kept.add(name, found)
        frames.append(found)
        if progress:
            progress(model.name, sum(map(len, parts[: number + 1])), len(texts))
    return TokenLogprobs.build(pl.concat(frames).sort(pl.col("item").cast(pl.Int64)))


def _start(model: LoadedModel, text: str, answer: str, tokens: Sequence[int]) -> int:
    """Place of an answer's first token among the log-probabilities, which begin at the second token."""
    if not answer.strip() or not text.endswith(answer):
        raise InputError(f"a text should end with its answer {answer!r}, got {text[-40:]!r}")
    # The space before it belongs to the answer's first token; a token across the seam counts as the answer's.
    before = model.tokenizer(text.removesuffix(answer).rstrip(" "))["input_ids"]
    same = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(before, tokens, strict=False))
    return max(sum(1 for _ in same) - 1, 0)


def _lists(
    model: LoadedModel, tokens: Sequence[Sequence[int]], order: Sequence[int], batch: int
) -> Iterator[tuple[int, dict[str, list[float]]]]:
    """Number of each text of an order, and the lists of its tokens."""
    torch = need("torch", "weights")

    def read(part: Sequence[int]) -> list[tuple[Any, Any, Any]]:
        width = max(len(tokens[place]) for place in part)
        ids = torch.full((len(part), width), model.tokenizer.pad_token_id)
        mask = torch.zeros_like(ids)
        for row, place in enumerate(part):
            ids[row, : len(tokens[place])] = torch.tensor(tokens[place])
            mask[row, : len(tokens[place])] = 1
        with torch.inference_mode():
            logits = model.network(input_ids=ids.to(model.device), attention_mask=mask.to(model.device)).logits
            return [
                of_logits(logits[row, : len(tokens[place])], ids[row, : len(tokens[place])].to(model.device))
                for row, place in enumerate(part)
            ]

    for part, found in work_through(order, read, batch):
        for place, (own, means, spreads) in zip(part, found, strict=True):
            yield (
                place,
                {
                    # Rounding can leave a sure token just above 0, which the table refuses.
                    "logprobs": own.clamp(max=0.0).double().tolist(),
                    "means": means.double().tolist(),
                    "spreads": spreads.double().tolist(),
                },
            )
