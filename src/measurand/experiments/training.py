"""Low-rank fine-tuning (LoRA) on answers that should become likelier, and on answers that should not."""

from __future__ import annotations

import copy
import hashlib
import json
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from measurand.errors import InputError
from measurand.experiments.checkpoints import Checkpoint
from measurand.experiments.models import LoadedModel, flop
from measurand.experiments.scoring import Tokens, answer_logprobs
from measurand.experiments.trunk import Trunk, depth, layer_parameters
from measurand.extras import need

__all__ = ["Example", "Trained", "Training", "fine_tune", "generator", "lower", "texts_of"]

KEPT_EVERY = 5
"""Steps after which a fine-tuning is kept; those since the last are lost where it is killed."""


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


@dataclass(frozen=True, kw_only=True)
class Training:
    """Settings of a fine-tuning.

    Parameters
    ----------
    steps : updates.
    batch : items per update.
    rank : of the low-rank matrices, which all linear layers of the trained layers get.
    rate : learning rate, which rises over the first tenth of the steps and falls to 0 as a cosine.
    seed : of the matrices, the items and their order.
    share : of the layers, the uppermost, that are trained; those below read each text once. Of a network whose layers
        cannot be told apart, or not be run apart, all are trained.
    """

    steps: int = 120
    batch: int = 8
    rank: int = 16
    rate: float = 1e-3
    seed: int = 0
    share: float = 1.0

    def __post_init__(self) -> None:
        for name in ("steps", "batch", "rank"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} should be at least 1, got {getattr(self, name)}")
        if not self.rate > 0:
            raise InputError(f"rate should be above 0, got {self.rate}")
        if not 0 < self.share <= 1:
            raise InputError(f"share should be in (0, 1], got {self.share}")


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
    *,
    kept: Path | None = None,
) -> Trained:
    """Fine-tune a copy of a model; the model given is left as it was.

    Parameters
    ----------
    draw : examples of one update, given a generator and the number of items to draw.
    progress : called with a word, the updates done and how many there are.
    kept : file in which it is kept every few updates, from which a further call with the same arguments goes on.

    Raises
    ------
    InputError
        The loss is no number: the learning rate is too high; or `kept` holds another fine-tuning.

    References
    ----------
    Hu et al. 2022, LoRA: low-rank adaptation of large language models, arXiv 2106.09685; Welleck et al. 2020, Neural
    text generation with unlikelihood training, arXiv 1908.04319.
    """
    torch = need("torch", "weights")
    trunk, below = lower(model, training)
    before = 0 if trunk is None else trunk.read
    wrapped = _with_matrices(model, training, below)
    learner = replace(model, network=wrapped.get_base_model(), trunk=trunk)
    weights = {name: weight for name, weight in wrapped.named_parameters() if weight.requires_grad}
    optimiser = torch.optim.AdamW(weights.values(), lr=training.rate, weight_decay=0.0)
    rng = generator(training)
    checkpoint = None
    if kept is not None:
        checkpoint = Checkpoint(kept, weights, optimiser, rng, _identity(model, draw, training))
    losses, tokens = ([], 0) if checkpoint is None else checkpoint.restored()
    wrapped.train()
    for step in range(len(losses), training.steps):
        optimiser.param_groups[0]["lr"] = training.rate * _pace(step, training.steps)
        loss, read = _loss(learner, draw(rng, training.batch))
        if not torch.isfinite(loss):
            raise InputError(f"the loss is no number after {step} updates; take a rate below {training.rate:g}")
        optimiser.zero_grad()
        loss.backward()
        # Unlikelihood has a steep gradient where the answer is nearly certain.
        torch.nn.utils.clip_grad_norm_(weights.values(), 1.0)
        optimiser.step()
        # Detached, or each kept loss would hold its whole graph in memory.
        losses.append(float(loss.detach()))
        tokens += read
        if checkpoint is not None and (step + 1) % KEPT_EVERY == 0:
            checkpoint.keep(losses, tokens)
        if progress:
            progress("fine-tuning", step + 1, training.steps)
    merged = wrapped.merge_and_unload().eval().requires_grad_(False)
    kept_weights = 0 if trunk is None else layer_parameters(model.network, trunk.layers)
    # Read once each: a fine-tuning that goes on from a checkpoint, or shares its trunk, pays for what was not there.
    spent = flop(kept_weights, 0 if trunk is None else trunk.read - before)
    spent += flop(model.parameters - kept_weights, tokens, gradient=True)
    # A trunk of its own ends here: kept on, it would hold the states of whatever the model reads from now on.
    shared = trunk if trunk is model.trunk else None
    return Trained(replace(model, network=merged, trunk=shared), tokens, spent, tuple(losses))


def generator(training: Training) -> np.random.Generator:
    """What draws the items of each update."""
    return np.random.default_rng([training.seed, 7])


def _identity(
    model: LoadedModel, draw: Callable[[np.random.Generator, int], Sequence[Example]], training: Training
) -> str:
    """What tells a fine-tuning from others: its settings, what its first update teaches, and the weights before it."""
    first = [str(example) for example in draw(generator(training), training.batch)]
    weights = [float(weight.double().abs().sum()) for weight in model.network.parameters()]
    return hashlib.sha256(json.dumps([asdict(training), first, weights]).encode()).hexdigest()


def lower(model: LoadedModel, training: Training) -> tuple[Trunk | None, int]:
    """What reads the layers that are not trained, and how many these are; None and 0 where all are trained."""
    if training.share == 1:
        return None, 0
    try:
        whole = depth(model.network)
        below = min(whole - 1, round(whole * (1 - training.share)))
        # One that is shared may end lower: the layers between are read anew each time, and give the same.
        shared = model.trunk is not None and model.trunk.layers <= below
        return (model.trunk if shared else Trunk(model, below)), below
    except InputError:
        return None, 0


def _with_matrices(model: LoadedModel, training: Training, below: int) -> Any:
    """A copy of the network with low-rank matrices in its layers from that on."""
    torch, peft = need("torch", "weights"), need("peft", "weights")
    linear: str | list[str] = "all-linear"
    if below:
        prefix = f"{model.network.base_model_prefix}.layers."
        linear = [
            name
            for name, module in model.network.named_modules()
            if isinstance(module, torch.nn.Linear)
            and name.startswith(prefix)
            and int(name.removeprefix(prefix).split(".")[0]) >= below
        ]
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        # peft asks transformers by a name that is about to change; that is no news to the user.
        warnings.simplefilter("ignore", FutureWarning)
        # Nor that it finds out by itself how GPT-2 lays out its weights.
        warnings.filterwarnings("ignore", "fan_in_fan_out is set to False")
        torch.manual_seed(training.seed)
        config = peft.LoraConfig(
            r=training.rank, lora_alpha=2 * training.rank, target_modules=linear, task_type="CAUSAL_LM"
        )
        return peft.get_peft_model(copy.deepcopy(model.network), config)


def _pace(step: int, steps: int) -> float:
    """Share of the learning rate at an update."""
    warm = max(1, steps // 10)
    if step < warm:
        return (step + 1) / warm
    return float(0.5 + 0.5 * np.cos(np.pi * (step - warm) / max(1, steps - warm)))


def _loss(model: LoadedModel, examples: Sequence[Example]) -> tuple[Any, int]:
    """Weighted mean over examples of the loss per token of the answer, and how many tokens were read."""
    torch = need("torch", "weights")
    heads, answers = _encoded(model, examples)
    each = []
    for example, own in zip(examples, answer_logprobs(model, heads, answers), strict=True):
        # The probability is kept below 1, so that the loss of a certain answer stays finite.
        loss = -torch.log1p(-own.exp().clamp(max=1 - 1e-6)) if example.unlikely else -own
        each.append(example.weight * loss.mean())
    loss = torch.stack(each).sum() / sum(example.weight for example in examples)
    return loss, sum(map(len, texts_of(model, examples)))


def texts_of(model: LoadedModel, examples: Sequence[Example]) -> set[Tokens]:
    """The texts that are read for examples, as tokens: one that several share, as a prompt, is read once."""
    return {head + answer[:-1] for head, answer in zip(*_encoded(model, examples), strict=True)}


def _encoded(model: LoadedModel, examples: Sequence[Example]) -> tuple[list[Tokens], list[Tokens]]:
    """Tokens of prompts and of the answers that follow them."""
    heads = [tuple(model.tokenizer(example.prompt)["input_ids"]) for example in examples]
    whole = [tuple(model.tokenizer(f"{example.prompt} {example.answer}")["input_ids"]) for example in examples]
    return heads, [own[len(head) :] for own, head in zip(whole, heads, strict=True)]
