"""Multiple-choice items scored by the log-probability of each answer's text, in batches."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import numpy as np
import numpy.typing as npt

from measurand.errors import InputError
from measurand.experiments.models import LoadedModel
from measurand.experiments.trunk import last_logits
from measurand.extras import need
from measurand.tables import Item, ItemSet

__all__ = ["Encoded", "Scored", "answer_logprobs", "encode", "item_rows", "score_items", "work_through"]

Part = TypeVar("Part")
Tokens = tuple[int, ...]
Norm = Literal["token", "byte", "sum"]
NORMS = ("token", "byte", "sum")
PROMPT = "Question: {question}\nAnswer:"
BATCH = 32
"""Items a pass, the fastest on a processor; halved where memory does not suffice."""


@dataclass(frozen=True)
class Encoded:
    """Items as tokens.

    Parameters
    ----------
    prompts : tokens of each item's prompt.
    answers : tokens of each of its choices, which follow the prompt.
    lengths : what each choice's log-probability is divided by.
    targets : place of the right choice.
    tokens : tokens of one pass over all, the prompt once an item.
    """

    prompts: tuple[tuple[int, ...], ...]
    answers: tuple[tuple[tuple[int, ...], ...], ...]
    lengths: tuple[tuple[int, ...], ...]
    targets: npt.NDArray[np.int64]

    @property
    def tokens(self) -> int:
        """Tokens of one pass over all items: each prompt once, then its choices."""
        return sum(map(len, self.prompts)) + sum(len(answer) for item in self.answers for answer in item)


@dataclass(frozen=True, eq=False)
class Scored:
    """What a model made of items.

    Parameters
    ----------
    scores : 1 for the right choice, 0 for another, the chance of a guesser where the output was no number; (items,).
    choices : place of the choice taken, -1 where the output was no number; (items,).
    broken : where the output was no number; (items,).
    values : log-probability of each choice, by which they are held against each other, an array per item.
    tokens : tokens that went through the model.
    """

    scores: npt.NDArray[np.float64]
    choices: npt.NDArray[np.int64]
    broken: npt.NDArray[np.bool_]
    values: tuple[npt.NDArray[np.float64], ...]
    tokens: int


def encode(model: LoadedModel, items: ItemSet, *, before: str = "", norm: Norm = "token") -> Encoded:
    """Items as the model reads them: a question, and after it each choice in turn.

    Parameters
    ----------
    before : text before every question: a password, or examples.
    norm : log-probability of a choice a token, a byte, or in sum.

    Raises
    ------
    InputError
        A norm that is none, or items longer than the model's context.
    """
    if norm not in NORMS:
        raise InputError(f"norm should be one of {', '.join(NORMS)}, got {norm!r}")
    prompts, answers, lengths = [], [], []
    for item in items.items:
        prompt = before + PROMPT.format(question=item.question)
        head = tuple(model.tokenizer(prompt)["input_ids"])
        # Prompt and answer are tokenised together, as they are read; the answer is what follows the prompt's tokens.
        # With the space before it, which most tokenizers make part of the word's token.
        own = [tuple(model.tokenizer(f"{prompt} {choice}")["input_ids"][len(head) :]) for choice in item.choices]
        if any(not answer for answer in own):
            raise InputError(f"{items.name}, item {item.id!r}: a choice has no token of its own")
        longest = len(head) + max(map(len, own))
        if longest > model.context:
            raise InputError(
                f"{items.name}, item {item.id!r}: {longest:,} tokens, but {model.name} reads {model.context:,}; leave "
                "such items out"
            )
        prompts.append(head)
        answers.append(tuple(own))
        lengths.append(tuple(_length(norm, answer, text) for answer, text in zip(own, item.choices, strict=True)))
    targets = np.array([item.target for item in items.items])
    return Encoded(tuple(prompts), tuple(answers), tuple(lengths), targets)


def _length(norm: Norm, answer: Sequence[int], text: str) -> int:
    return {"token": len(answer), "byte": len(text.encode()), "sum": 1}[norm]


def score_items(
    model: LoadedModel, items: ItemSet | Encoded, *, before: str = "", norm: Norm = "token", batch: int = BATCH
) -> Scored:
    """Score items: the choice taken is the one whose text the model finds likeliest.

    A prompt is read once and its choices after it (their keys and values are kept), so that a pass costs each item's
    prompt once; the scores are those of reading every choice with its prompt.

    Parameters
    ----------
    items : a set of items, or the same already encoded, in which case `before` and `norm` are settled.
    batch : items a pass; halved where memory does not suffice.

    Raises
    ------
    InputError
        As in `encode`, or memory does not suffice for a single item.
    """
    encoded = items if isinstance(items, Encoded) else encode(model, items, before=before, norm=norm)
    # By length, as a batch is padded to its longest item.
    order = sorted(range(len(encoded.prompts)), key=lambda item: (_size(encoded, item), item))
    found: list[npt.NDArray[np.float64]] = [np.empty(0)] * len(order)
    for part, logprobs in work_through(order, lambda part: _passed(model, encoded, part), batch):
        for item, values in zip(part, logprobs, strict=True):
            found[item] = values / np.array(encoded.lengths[item])
    broken = np.array([not np.isfinite(values).all() for values in found])
    taken = np.array([-1 if bad else int(values.argmax()) for values, bad in zip(found, broken, strict=True)])
    chance = np.array([1 / len(values) for values in found])
    # A broken output is a guess and not an error: else strong noise would look like underperformance.
    scores = np.where(broken, chance, (taken == encoded.targets).astype(np.float64))
    return Scored(scores, taken, broken, tuple(found), encoded.tokens)


def _size(encoded: Encoded, item: int) -> int:
    return len(encoded.prompts[item]) + max(map(len, encoded.answers[item]))


def work_through(
    order: Sequence[int], work: Callable[[Sequence[int]], Part], batch: int
) -> Iterator[tuple[Sequence[int], Part]]:
    """Do work on batches, each half as large as the one that did not fit in memory.

    Raises
    ------
    InputError
        One item alone does not fit, or a batch below 1 is asked for.
    """
    if batch < 1:
        raise InputError(f"batch should be at least 1, got {batch}")
    start = 0
    while start < len(order):
        part = order[start : start + batch]
        try:
            done = work(part)
        # Torch reports lack of memory as a plain RuntimeError on a processor, told by its words alone.
        except (MemoryError, RuntimeError) as error:
            if not _is_memory(error):
                raise
            if batch == 1:
                raise InputError("there is not enough memory for one item; take a smaller model or type") from None
            batch = max(1, batch // 2)
            continue
        yield part, done
        start += len(part)


def _is_memory(error: BaseException) -> bool:
    said = str(error).casefold()
    return isinstance(error, MemoryError) or "out of memory" in said or "can't allocate memory" in said


def _passed(model: LoadedModel, encoded: Encoded, part: Sequence[int]) -> list[npt.NDArray[np.float64]]:
    """Summed log-probability of every choice of some items, an array an item."""
    torch = need("torch", "weights")
    prompts = [encoded.prompts[item] for item in part]
    answers = [answer for item in part for answer in encoded.answers[item]]
    if model.trunk is not None:
        # Kept states are worth more than the keys and values of the prompt.
        with torch.inference_mode():
            owners = [prompt for item, prompt in zip(part, prompts, strict=True) for _ in encoded.answers[item]]
            each = answer_logprobs(model, owners, answers)
        return np.split(
            np.array([float(own.sum(dtype=torch.float64)) for own in each]),
            np.cumsum([len(encoded.answers[item]) for item in part])[:-1],
        )
    counts = torch.tensor([len(encoded.answers[item]) for item in part])
    pad = model.tokenizer.pad_token_id
    with torch.inference_mode():
        # Prompts are filled on the left, so that what follows them is adjacent.
        ids, mask = _filled(prompts, pad, left=True)
        places = (mask.cumsum(1) - 1).clamp(min=0)
        device = model.device
        first = model.network(
            input_ids=ids.to(device),
            attention_mask=mask.to(device),
            position_ids=places.to(device),
            use_cache=True,
            logits_to_keep=1,
        )
        owner = torch.repeat_interleave(torch.arange(len(part)), counts)
        start = first.logits[:, -1].float().log_softmax(-1).cpu()
        heads = torch.tensor([answer[0] for answer in answers])
        total = start[owner, heads].double()
        if max(map(len, answers)) > 1:
            total = total + _continued(model, first, owner, mask, answers, pad)
    return [values.numpy() for values in total.split(counts.tolist())]


def answer_logprobs(model: LoadedModel, prompts: Sequence[Tokens], answers: Sequence[Tokens]) -> list[Any]:
    """Log-probability of every token of answers, each after its prompt.

    Answers that continue the same tokens, as the choices of one question that have one token each, share one text.

    Returns
    -------
    list of tensors, one per answer, shape (tokens of the answer,).
    """
    texts = [prompt + answer[:-1] for prompt, answer in zip(prompts, answers, strict=True)]
    rows = {text: row for row, text in enumerate(dict.fromkeys(texts))}
    longest = max(map(len, answers))
    logprobs = last_logits(model, list(rows), longest).float().log_softmax(-1)
    row = [rows[text] for text, answer in zip(texts, answers, strict=True) for _ in answer]
    place = [longest - len(answer) + number for answer in answers for number in range(len(answer))]
    # One look-up for all: each one's gradient would be a tensor of the size of all logits.
    found = logprobs[row, place, [token for answer in answers for token in answer]]
    return list(found.split([len(answer) for answer in answers]))


def _continued(
    model: LoadedModel, first: Any, owner: Any, mask: Any, answers: Sequence[tuple[int, ...]], pad: int
) -> Any:
    """Log-probability of each answer after its first token."""
    torch = need("torch", "weights")
    name = cache_name(model.network)
    cache = getattr(first, name)
    cache.reorder_cache(owner.to(model.device))
    ids, own = _filled([answer[:-1] or (pad,) for answer in answers], pad)
    wanted, counted = _filled([answer[1:] or (pad,) for answer in answers], pad)
    counted = counted * torch.tensor([[len(answer) > 1] for answer in answers])
    before = mask[owner]
    places = before.sum(1, keepdim=True) + torch.arange(ids.shape[1])
    device = model.device
    further = model.network(
        input_ids=ids.to(device),
        attention_mask=torch.cat([before, own], 1).to(device),
        position_ids=places.to(device),
        use_cache=True,
        **{name: cache},
    )
    logprobs = further.logits.float().log_softmax(-1).cpu()
    each = logprobs.gather(2, wanted[:, :, None])[:, :, 0].double()
    return torch.where(counted.bool(), each, 0.0).sum(1)


def cache_name(network: Any) -> str:
    """What this version of transformers calls the keys and values that are kept."""
    names = inspect.signature(network.forward).parameters
    return next(name for name in ("past_key_values", "cache") if name in names)


def _filled(rows: Sequence[Sequence[int]], pad: int, *, left: bool = False) -> tuple[Any, Any]:
    """Rows of tokens as one tensor, and where there is a token."""
    torch = need("torch", "weights")
    width = max(map(len, rows))
    ids = torch.full((len(rows), width), pad)
    mask = torch.zeros((len(rows), width), dtype=torch.long)
    for place, row in enumerate(rows):
        span = slice(width - len(row), width) if left else slice(0, len(row))
        ids[place, span] = torch.tensor(row)
        mask[place, span] = 1
    return ids, mask


def item_rows(items: Sequence[Item], scored: Scored) -> list[dict[str, Any]]:
    """One row per item with its score, for the tables of experiments."""
    return [
        {
            "item": item.id,
            "score": float(score),
            "chance": item.chance,
            "broken": bool(broken),
            "cluster": item.cluster,
        }
        for item, score, broken in zip(items, scored.scores, scored.broken, strict=True)
    ]
