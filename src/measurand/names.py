"""Models and tasks as harnesses spell them, brought to one name each."""

from __future__ import annotations

import re
from collections.abc import Mapping

from measurand.catalogue import lookup

__all__ = ["benchmark_of", "model_of", "series_of"]

SERVICES = frozenset(
    (
        "anthropic",
        "azure",
        "azureai",
        "bedrock",
        "cf",
        "cloudflare",
        "fireworks",
        "goodfire",
        "google",
        "grok",
        "groq",
        "hf",
        "huggingface",
        "llama-cpp-python",
        "mistral",
        "none",
        "ollama",
        "openai",
        "openai-api",
        "openrouter",
        "perplexity",
        "sambanova",
        "sglang",
        "together",
        "transformer_lens",
        "vertex",
        "vllm",
    )
)
"""First parts of a name that say through whom a model was reached, not who made it."""

_MODEL_ARGUMENT = re.compile(r"(?:^|,)(?:pretrained|model|engine|path)=([^,]+)")
_REVISION = re.compile(r"(?:^|,)revision=([^,]+)")
_SIZE = re.compile(r"(?:^|[-_.x])(\d+(?:\.\d+)?)(b|m)(?![a-z0-9])", re.IGNORECASE)


def model_of(raw: str, aliases: Mapping[str, str] | None = None) -> str:
    """The canonical name, ``org/model``, of a model as a harness spells it.

    Parameters
    ----------
    raw : ``provider/service/org/model`` (Inspect), ``org__model`` (folder names), ``pretrained=org/model,revision=r``
        (lm-eval), ``org_model`` is left as it is, since models have underscores too.
    aliases : raw or canonical name -> the name wanted; wins over every rule.

    Returns
    -------
    str
        A revision other than ``main`` stays, as ``org/model@revision``: two checkpoints are two models.

    Examples
    --------
    >>> model_of("together/meta-llama/Llama-3-8b"), model_of("openai/azure/gpt-4o"), model_of("EleutherAI__pythia-1b")
    ('meta-llama/Llama-3-8b', 'openai/gpt-4o', 'EleutherAI/pythia-1b')
    >>> model_of("pretrained=EleutherAI/pythia-1b,revision=step1000,dtype=float16")
    'EleutherAI/pythia-1b@step1000'
    """
    aliases = aliases or {}
    if raw in aliases:
        return aliases[raw]
    name = raw.strip()
    revision = None
    if argument := _MODEL_ARGUMENT.search(name):
        found = _REVISION.search(name)
        revision = found[1].strip() if found else None
        name = argument[1].strip()
    if "__" in name and "/" not in name:
        name = name.replace("__", "/", 1)
    name = _without_services(name)
    if revision and revision != "main":
        name = f"{name}@{revision}"
    return aliases.get(name, name)


def _without_services(name: str) -> str:
    """Provider and service taken off; where nobody else is named as the maker, the provider stays."""
    parts = [part for part in name.split("/") if part]
    if len(parts) <= 2:
        # hf/gpt2 was reached through Hugging Face but not made there; openai/gpt-4o was made by OpenAI.
        return (
            parts[-1] if len(parts) == 2 and parts[0] in ("hf", "vllm", "sglang", "ollama", "none") else "/".join(parts)
        )
    if parts[1] in SERVICES:
        return "/".join((parts[0], *parts[2:]))
    return "/".join(parts[1:]) if parts[0] in SERVICES else "/".join(parts)


def benchmark_of(task: str, version: str | None, versions: int) -> str:
    """The benchmark a task belongs to: the catalogue's id where it knows the name, else the task's own.

    Parameters
    ----------
    task : as the harness spells it.
    version : of the task; kept in the name where several are present, since two versions are never pooled.
    versions : how many versions of it are present.

    Examples
    --------
    >>> benchmark_of("inspect_evals/gpqa_diamond", "1", 1), benchmark_of("hellaswag", "0", 2)
    ('gpqa_diamond', 'hellaswag@0')
    """
    known = lookup(task)
    name = known.benchmark if known is not None else task
    return f"{name}@{version}" if versions > 1 and version is not None else name


def series_of(model: str) -> tuple[str, float] | None:
    """The series a model's name puts it in, and the parameters it states; None where it states no size.

    A name with a size is one of a series that shares data and recipe, so the series can stand for an unknown family.

    Examples
    --------
    >>> series_of("EleutherAI/pythia-1.4b-deduped"), series_of("facebook/opt-350m"), series_of("gpt-4o")
    (('pythia', 1400000000.0), ('opt', 350000000.0), None)
    """
    name = model.split("/")[-1]
    size = _SIZE.search(name)
    stem = re.match(r"[A-Za-z]{2,}", name)
    if size is None or stem is None:
        return None
    return stem[0].lower(), float(size[1]) * (1e9 if size[2].lower() == "b" else 1e6)
