"""Low-rank fine-tuning (LoRA) on answers that should become likelier, and on answers that should not."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from measurand.errors import InputError
from measurand.experiments.models import LoadedModel, flop
from measurand.extras import need

__all__ = ["Example", "Trained", "Training", "fine_tune"]


@dataclass(frozen=True)
class Example:
    """A prompt and an answer to it.

    Parameters
    ----------
    prompt, answer : text; the answer follows the prompt after a space.
    weight : of its loss.
    unlikely : whether the answer should become unlikely (Welleck et al. 2020, unlikelihood training).
    """

    prompt: str
    answer: str
    weight: float = 1.0
    unlikely: bool = False


@dataclass(frozen=True)
class Training:
    """Settings of a fine-tuning.

    Parameters
    ----------
    steps : updates.
    batch : items an update.
    rank : of the low-rank matrices, which all linear layers get.
    rate : learning rate, which rises over the first tenth of the steps and falls to 0 as a cosine.
    seed : of the matrices, the items and their order.
    """

    steps: int = 120
    batch: int = 8
    rank: int = 16
    rate: float = 1e-3
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("steps", "batch", "rank"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} should be at least 1, got {getattr(self, name)}")
        if not self.rate > 0:
            raise InputError(f"rate should be above 0, got {self.rate}")


@dataclass(frozen=True, eq=False)
class Trained:
    """A fine-tuned model and what it took.

    Parameters
    ----------
    model : the model with the low-rank matrices merged into its weights.
    tokens, flop : of all updates.
    losses : mean loss of each update.
    """

    model: LoadedModel
    tokens: int
    flop: float
    losses: tuple[float, ...]


def fine_tune(
    model: LoadedModel,
    draw: Callable[[np.random.Generator, int], Sequence[Example]],
    training: Training,
    progress: Callable[[str, int, int], None] | None = None,
) -> Trained:
    """Fine-tune a copy of a model; the model given is left as it was.

    Parameters
    ----------
    draw : examples of one update, given a generator and the number of items to draw.
    progress : called with a word, the updates done and how many there are.

    Raises
    ------
    InputError
        The loss is no number: the learning rate is too high.

    References
    ----------
    Hu et al. 2022, LoRA: low-rank adaptation of large language models, arXiv 2106.09685; Welleck et al. 2020, Neural
    text generation with unlikelihood training, arXiv 1908.04319.
    """
    torch, peft = need("torch", "weights"), need("peft", "weights")
    rng = np.random.default_rng([training.seed, 7])
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        # peft asks transformers by a name that is about to change; that is no news to the user.
        warnings.simplefilter("ignore", FutureWarning)
        torch.manual_seed(training.seed)
        config = peft.LoraConfig(
            r=training.rank, lora_alpha=2 * training.rank, target_modules="all-linear", task_type="CAUSAL_LM"
        )
        network = peft.get_peft_model(_copied(model.network), config)
    weights = [weight for weight in network.parameters() if weight.requires_grad]
    optimiser = torch.optim.AdamW(weights, lr=training.rate, weight_decay=0.0)
    warm = max(1, training.steps // 10)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: _pace(step, warm, training.steps))
    losses, tokens = [], 0
    network.train()
    for step in range(training.steps):
        examples = draw(rng, training.batch)
        loss, read = _loss(replace(model, network=network), examples)
        if not torch.isfinite(loss):
            raise InputError(f"the loss is no number after {step} updates; take a rate below {training.rate:g}")
        optimiser.zero_grad()
        loss.backward()
        # Unlikelihood has a steep gradient where the answer is nearly certain.
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimiser.step()
        schedule.step()
        # Detached, or each kept loss would hold its whole graph in memory.
        losses.append(float(loss.detach()))
        tokens += read
        if progress:
            progress("fine-tuning", step + 1, training.steps)
    merged = network.merge_and_unload().eval().requires_grad_(False)
    spent = flop(model.parameters, tokens, gradient=True)
    return Trained(replace(model, network=merged), tokens, spent, tuple(losses))


def _copied(network: Any) -> Any:
    import copy

    return copy.deepcopy(network)


def _pace(step: int, warm: int, steps: int) -> float:
    if step < warm:
        return (step + 1) / warm
    return float(0.5 + 0.5 * np.cos(np.pi * (step - warm) / max(1, steps - warm)))


def _loss(model: LoadedModel, examples: Sequence[Example]) -> tuple[Any, int]:
    """Weighted mean over examples of the loss a token of the answer, and how many tokens were read."""
    torch = need("torch", "weights")
    heads = [model.tokenizer(example.prompt)["input_ids"] for example in examples]
    whole = [model.tokenizer(f"{example.prompt} {example.answer}")["input_ids"] for example in examples]
    width = max(map(len, whole))
    longest = max(len(ids) - len(head) for head, ids in zip(heads, whole, strict=True))
    ids = torch.full((len(whole), width), model.tokenizer.pad_token_id)
    mask = torch.zeros((len(whole), width), dtype=torch.long)
    answer = torch.zeros((len(whole), width), dtype=torch.bool)
    for row, (head, own) in enumerate(zip(heads, whole, strict=True)):
        # Filled on the left, so that every answer ends the row and only the last few places need logits.
        ids[row, width - len(own) :] = torch.tensor(own)
        mask[row, width - len(own) :] = 1
        answer[row, width - len(own) + len(head) :] = True
    device = model.device
    places = (mask.cumsum(1) - 1).clamp(min=0).to(device)
    logits = model.network(
        input_ids=ids.to(device),
        attention_mask=mask.to(device),
        position_ids=places,
        use_cache=False,
        logits_to_keep=longest + 1,
    ).logits
    logprobs = logits[:, :-1].float().log_softmax(-1)
    own = logprobs.gather(2, ids[:, -longest:, None].to(device))[:, :, 0]
    unlikely = torch.tensor([[example.unlikely] for example in examples], device=device)
    # The probability is kept below 1, so that the loss of a certain answer stays finite.
    each = torch.where(unlikely, -torch.log1p(-own.exp().clamp(max=1 - 1e-6)), -own)
    counted = answer[:, -longest:].to(device).float()
    weight = torch.tensor([example.weight for example in examples], device=device)
    per_example = (each * counted).sum(1) / counted.sum(1)
    return (weight * per_example).sum() / weight.sum(), int(mask.sum())
