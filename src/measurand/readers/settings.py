"""What a model was run under: the settings that can change an answer, and how runs that differ in them are named."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence

__all__ = ["TASK", "named_by_settings", "settings_of"]

TASK = "task "
"""How settings of a task begin; others are of the model, whatever task it is run on."""

TECHNICAL = frozenset(
    (
        *(
            "adaptive_connections",
            "attempt_timeout",
            "batch",
            "batch_size",
            "cache",
            "cache_dir",
            "cache_prompt",
            "custom_outputs",
        ),
        *("device", "device_map", "gpu_memory_utilization", "logits_cache", "max_batch_size", "max_connections"),
        *("max_concurrent", "max_retries", "max_tool_output", "num_concurrent", "parallelize", "port", "seed"),
        *("tensor_parallel_size", "data_parallel_size", "timeout", "tokenizer_path", "trust_remote_code", "use_cache"),
        *("use_fast_tokenizer", "logprobs", "top_logprobs", "api_key", "base_url", "num_choices", "verify_certificate"),
    )
)
"""Settings of the machinery, and the seed: what differs in nothing else is a rerun."""

LONGEST = 40
"""Characters of a value in the name of a row."""


def settings_of(*given: tuple[str, Mapping[str, object]]) -> dict[str, str]:
    """Settings by name, each as text, without those of the machinery and those that say nothing.

    Parameters
    ----------
    given : each a beginning for the names (empty or `TASK`) and the settings as decoded from a log.

    Examples
    --------
    >>> settings_of(("", {"reasoning_effort": "high", "seed": 1, "top_p": None}), (TASK, {"shots": 5}))
    {'reasoning_effort': 'high', 'task shots': '5'}
    """
    return {
        f"{start}{name}"[:LONGEST]: value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)
        for start, values in given
        for name, value in values.items()
        if value is not None and value != "" and value != {} and value != [] and name not in TECHNICAL
    }


def named_by_settings(runs: Sequence[tuple[str, str, Mapping[str, str]]]) -> list[str]:
    """The model of each run, with the settings by which runs of it on one benchmark differ.

    A setting of the model names all its runs, one of the task those on the benchmark where it differs. A run that does
    not say a setting which others do is named ``default``.

    Parameters
    ----------
    runs : model, benchmark and settings of each.

    Examples
    --------
    >>> low, high = {"reasoning_effort": "low"}, {"reasoning_effort": "high"}
    >>> named_by_settings([("m", "gpqa", low), ("m", "gpqa", high), ("m", "mmlu", high), ("n", "gpqa", low)])
    ['m (reasoning_effort=low)', 'm (reasoning_effort=high)', 'm (reasoning_effort=high)', 'n']
    """
    cells: dict[tuple[str, str], list[Mapping[str, str]]] = {}
    for model, benchmark, settings in runs:
        cells.setdefault((model, benchmark), []).append(settings)
    differing = {cell: _differing(every) for cell, every in cells.items() if len(every) > 1}
    of_model: dict[str, dict[str, None]] = {}
    for (model, _), names in differing.items():
        of_model.setdefault(model, {}).update(dict.fromkeys(n for n in names if not n.startswith(TASK)))
    return [
        _name(model, settings, [*of_model.get(model, ()), *_of_task(differing.get((model, benchmark), ()))])
        for model, benchmark, settings in runs
    ]


def _differing(every: Iterable[Mapping[str, str]]) -> list[str]:
    """Settings that are not the same in all, in the order they are met."""
    given = list(every)
    names = dict.fromkeys(name for settings in given for name in settings)
    return [name for name in names if len({settings.get(name) for settings in given}) > 1]


def _of_task(names: Collection[str]) -> list[str]:
    return [name for name in names if name.startswith(TASK)]


def _name(model: str, settings: Mapping[str, str], names: Sequence[str]) -> str:
    shown = [f"{name.removeprefix(TASK)}={_short(settings.get(name))}" for name in names]
    return f"{model} ({', '.join(shown)})" if shown else model


def _short(value: str | None) -> str:
    if value is None:
        return "default"
    # Long ones, such as prompts, that begin alike are told apart by a hash.
    whole = hashlib.sha256(value.encode("utf-8", "replace")).hexdigest()
    return value if len(value) <= LONGEST else f"{value[:LONGEST]}… {whole[:6]}"
