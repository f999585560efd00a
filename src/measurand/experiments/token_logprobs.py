"""What a model makes of each token of texts: log-probability, and the vocabulary's mean and spread there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import polars as pl

from measurand.errors import InputError
from measurand.experiments.models import LoadedModel
from measurand.experiments.scoring import work_through
from measurand.extras import need
from measurand.tables import TokenLogprobs
from measurand.tables.token_logprobs import TOKEN_LOGPROB_SCHEMA

__all__ = ["of_logits", "token_logprobs"]

BATCH = 8


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
    batch: int = BATCH,
    progress: Callable[[str, int, int], None] | None = None,
) -> TokenLogprobs:
    """Log-probabilities of texts' tokens under a model.

    Parameters
    ----------
    texts : at least two tokens each.
    members : whether each text is known to have been in the training data; None where unknown.
    progress : called with a word, the texts done and how many there are.

    Raises
    ------
    InputError
        A text of fewer than two tokens, or longer than the model's context.
    """
    torch = need("torch", "weights")
    tokens = [model.tokenizer(text)["input_ids"] for text in texts]
    for text, ids in zip(texts, tokens, strict=True):
        if not 2 <= len(ids) <= model.context:
            raise InputError(f"a text should have from 2 to {model.context:,} tokens, got {len(ids):,}: {text[:40]!r}")
    order = sorted(range(len(texts)), key=lambda place: len(tokens[place]))
    rows: list[dict[str, Any]] = [{}] * len(texts)

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

    done = 0
    for part, found in work_through(order, read, batch):
        for place, (own, means, spreads) in zip(part, found, strict=True):
            rows[place] = {
                "model": model.name,
                "item": str(place + 1),
                "text": texts[place],
                "member": None if members is None else members[place],
                # Rounding can leave a sure token just above 0, which the table refuses.
                "logprobs": own.clamp(max=0.0).double().tolist(),
                "means": means.double().tolist(),
                "spreads": spreads.double().tolist(),
            }
        done += len(part)
        if progress:
            progress("texts", done, len(texts))
    return TokenLogprobs.build(pl.DataFrame(rows, schema=TOKEN_LOGPROB_SCHEMA))
