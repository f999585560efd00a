"""What a column's name says: model, benchmark, score, or a fact of one of them, in which unit."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from measurand.catalogue import lookup

__all__ = [
    "BENCHMARK",
    "BENCHMARK_ALIASES",
    "ITEM",
    "ITEM_SCORE",
    "MODEL",
    "MODEL_ALIASES",
    "N_ITEMS",
    "SCORE",
    "STDERR",
    "VERSION",
    "FactColumn",
    "accompanies",
    "companion",
    "fact_columns",
    "find",
    "fold",
    "is_average",
]

MODEL = ("model", "model_name", "model_id")
BENCHMARK = ("benchmark", "task", "dataset")
ITEM = ("item", "item_id", "question_id", "sample_id", "instance_id", "example_id", "problem_id", "doc_id")
ITEM_SCORE = ("score", "value", "accuracy", "correct", "is_correct", "passed")
SCORE = ("score", "value", "accuracy")
STDERR = ("stderr", "standard_error", "std_err")
N_ITEMS = ("n_items", "n_samples")
VERSION = ("base_model", "model_version")
"""The model that a row is one setting of."""

MODEL_ALIASES = {
    "family": ("family", "model_family"),
    "class": ("class", "model_class", "type", "model_type"),
    "parameters": (
        *("parameters", "params", "n_params", "num_params", "model_size", "model_params", "param_count"),
        *("parameter_count", "number_of_parameters", "total_params", "total_parameters", "size"),
    ),
    "training_flop": ("training_flop", "training_flops", "training_compute", "flop", "flops"),
    "release_date": ("release_date", "released", "date_released", "model_release_date", "launch_date"),
    "knowledge_cutoff": ("knowledge_cutoff", "knowledge_cutoff_date"),
}
BENCHMARK_ALIASES = {
    "name": ("name", "display_name", "benchmark_name"),
    "role": ("role",),
    "area": ("area",),
    "metric": ("metric",),
    "higher_is": ("higher_is", "higher_is_better", "lower_is_better"),
    "chance": ("chance",),
    "maximum": ("maximum",),
    "trait": ("trait",),
    "method": ("method",),
    "source": ("source",),
}

AVERAGES = frozenset(("average", "averages", "avg", "mean", "overall", "total", "aggregate", "aggregated"))
_OF_AVERAGES = frozenset(
    (
        *("score", "scores", "accuracy", "acc", "win", "winrate", "rate", "rank", "performance", "points", "result"),
        *("of", "all", "across", "over", "the", "final", "global", "macro", "micro", "weighted", "unweighted"),
        *("normalized", "normalised", "tasks", "benchmarks", "datasets", "scenarios", "categories", "leaderboard"),
    )
)

ACCOMPANYING = frozenset(
    (
        *("hub", "flagged", "moe", "merged", "generation", "chat_template", "available_on_the_hub", "truncated"),
        *("official", "official_providers", "open", "open_source", "open_weights", "layers", "hidden_size"),
        *("shots", "shot", "n_shot", "n_shots", "num_shots", "num_fewshot", "few_shot", "fewshot", "seed", "epoch"),
        *("temperature", "top_p", "top_k", "max_tokens", "batch_size", "context_length", "context_window"),
        *("max_length", "sequence_length", "bits", "id", "index", "context", "version", "n", "count"),
        *("created", "created_at", "updated", "updated_at", "last_updated", "last_modified", "added", "retired"),
    )
)
"""Columns that stand beside scores in published tables and are no benchmark."""

LAST_WORDS = frozenset(
    (
        *("rank", "ranking", "likes", "downloads", "stars", "votes", "cost", "price", "date", "time", "latency"),
        *("throughput", "tokens", "params", "parameters", "flop", "flops", "license", "licence", "sha", "hash"),
        *("url", "link", "size", "hours", "emissions", "year", "timestamp", "version", "revision", "speed", "runtime"),
        *("duration", "vram", "usd", "dollars", "ttft"),
    )
)
"""What a name ends in that speaks of a model's fame, price or making: Submission Date, CO2 cost, # prompt tokens."""

MEASURED = frozenset(("memory", "ram", "energy", "power", "context", "length", "input", "output", "storage", "elapsed"))
"""What is no benchmark where a unit follows: memory_gb, but not memory."""

OF_QUANTITY = frozenset(
    (
        *("ms", "s", "sec", "secs", "second", "seconds", "min", "mins", "minutes", "h", "hr", "hrs", "days"),
        *("usd", "dollars", "eur", "gb", "mb", "gib", "mib", "tb", "kb", "kg", "g", "wh", "kwh", "w", "watts"),
        *("1k", "1m", "mtok", "ktok", "k", "m", "b", "millions", "billions"),
    )
)
"""Units that may follow a quantity. Alone they say nothing: ms and id are languages, too (belebele_ms)."""

COUNTED = frozenset(
    (
        *("item", "sample", "question", "task", "example", "prompt", "problem", "instance", "doc", "document", "test"),
        *("case", "param", "parameter", "layer", "head", "expert", "token", "run", "epoch", "trial", "vote", "seed"),
        *("model", "gpu", "benchmark", "eval", "row", "attempt", "request", "call", "user", "annotator", "token"),
    )
)
"""What there is a number of: n_items, number of questions, sample count."""

IDENTIFIED = COUNTED | LAST_WORDS | {"organization", "organisation", "org", "provider", "creator", "family", "job"}
"""What is known by an id, an index or a number: license_id, row_index."""

MOST_WORDS = 5
"""What a longer name ends in belongs to its subject: include_base_44_hebrew_driving_license."""

COMPANIONS = (
    "raw",
    "rank",
    "std",
    "sd",
    "ci",
    "ci_lower",
    "ci_upper",
    "ci_low",
    "ci_high",
    "lower",
    "upper",
    "n",
    "count",
)
"""What follows the name of a benchmark where its column says more of that benchmark's scores."""

_POWERS = {"k": 3, "thousand": 3, "m": 6, "million": 6, "b": 9, "bn": 9, "billion": 9, "t": 12, "trillion": 12}
UNITS = {unit: 10.0**power for word, power in _POWERS.items() for unit in (word, f"{word}s")}


class FactColumn(NamedTuple):
    """A column that holds a fact, and the factor that brings it to the fact's own unit."""

    column: str
    factor: float


def fold(name: str) -> str:
    """A name's letters and digits, without case, a unit in brackets, and whatever decorates it.

    Examples
    --------
    >>> fold("Model Size (B)"), fold("Release-Date"), fold("Average \u2b06\ufe0f"), fold("#Params (B)")
    ('model_size', 'release_date', 'average', 'params')
    """
    return re.sub(r"[\W_]+", "_", _split(name)[0].casefold()).strip("_")


def is_average(name: str) -> bool:
    """Whether a name says nothing but that its column sums up others.

    Examples
    --------
    >>> is_average("Average (6 tasks)"), is_average("Mean win rate"), is_average("MMLU average"), is_average("score")
    (True, True, False, False)
    """
    words = {word for word in fold(name).split("_") if not word.isdecimal()}
    return bool(words & AVERAGES) and words <= AVERAGES | _OF_AVERAGES


def accompanies(name: str) -> bool:
    """Whether a column of that name stands beside scores and is no benchmark, whatever it holds.

    Prices, times, sizes and the like, also with their unit (``latency_ms``) or by the piece (``price_per_1m``); numbers
    of items; ids and dates. A name that the catalogue knows is a benchmark all the same.

    Examples
    --------
    >>> [accompanies(name) for name in ("Hub \u2764\ufe0f", "Submission Date", "MMLU - # eval", "Inference time (s)")]
    [True, True, True, True]
    >>> [accompanies(name) for name in ("price_per_1m", "n_items", "license_id", "created")]
    [True, True, True, True]
    >>> [accompanies(name) for name in ("date_understanding", "likes_qa", "MMLU - EM", "bits_per_byte", "n_queens")]
    [False, False, False, False, False]
    """
    folded = fold(name)
    counted = name.rpartition(" - ")[2].lstrip().startswith("#")
    facts = {alias for aliases in MODEL_ALIASES.values() for alias in aliases}
    if not folded or counted or is_average(name) or folded in ACCOMPANYING | facts:
        return True
    words = folded.split("_")
    return len(words) <= MOST_WORDS and (_is_quantity(words) or _is_count_or_id(words)) and lookup(name) is None


def _is_quantity(words: list[str]) -> bool:
    """Whether words end in a quantity, by the piece (``price_per_1m``) or with a unit (``cost_usd``) or not."""
    if "per" in words[1:-1]:
        return _is_quantity(words[: words.index("per", 1)])
    bare = words
    while len(bare) > 1 and bare[-1] in OF_QUANTITY:
        bare = bare[:-1]
    return bare[-1] in LAST_WORDS or (len(bare) < len(words) and bare[-1] in MEASURED)


def _is_count_or_id(words: list[str]) -> bool:
    """Whether words speak of how many there were (``n_items``), or of which (``license_id``)."""
    if len(words) < 2:
        return words[0].removesuffix("s") in COUNTED and words[0].endswith("s")
    first, last = words[0], words[-1]
    if first in ("n", "num", "nr", "number", "total", "count"):
        return last.removesuffix("s") in COUNTED
    if last == "count":
        return words[-2].removesuffix("s") in COUNTED
    return last in ("id", "index", "idx", "number") and words[-2] in IDENTIFIED


def companion(name: str, names: Mapping[str, str]) -> str | None:
    """The column whose scores a column says more of: its raw form, its rank, its interval.

    Parameters
    ----------
    name : a column.
    names : the columns there are, by their folded names.

    Examples
    --------
    >>> companion("BBH Raw", {"bbh": "BBH"}), companion("BBH Raw", {"gpqa": "GPQA"})
    ('BBH', None)
    """
    folded = fold(name)
    stems = (folded.removesuffix(f"_{ending}") for ending in COMPANIONS if folded.endswith(f"_{ending}"))
    return next((names[stem] for stem in stems if stem in names), None)


def find(names: Sequence[str], aliases: Sequence[str]) -> str | None:
    """The first name that one of the aliases fits, in the order of the aliases.

    Examples
    --------
    >>> find(["Task", "Benchmark"], BENCHMARK)
    'Benchmark'
    """
    folded = {fold(name): name for name in reversed(names)}
    return next((folded[alias] for alias in aliases if alias in folded), None)


def fact_columns(names: Sequence[str], aliases: Mapping[str, Sequence[str]]) -> dict[str, FactColumn]:
    """The column of each fact that is there; a unit in brackets must be understood, one behind the name may be.

    Examples
    --------
    >>> fact_columns(["Model", "Model Size (B)", "FLOPs (1E21)", "mmlu"], MODEL_ALIASES)
    {'parameters': FactColumn(column='Model Size (B)', factor=1000000000.0),
     'training_flop': FactColumn(column='FLOPs (1E21)', factor=1e+21)}
    >>> fact_columns(["Params_M"], MODEL_ALIASES)
    {'parameters': FactColumn(column='Params_M', factor=1000000.0)}
    """
    found = {fact: _fact_column(names, spellings) for fact, spellings in aliases.items()}
    return {fact: column for fact, column in found.items() if column is not None}


def _fact_column(names: Sequence[str], spellings: Sequence[str]) -> FactColumn | None:
    if (name := find(names, spellings)) is not None:
        factor = _factor(_split(name)[1])
        return None if factor is None else FactColumn(name, factor)
    for name in names:
        stem, _, unit = fold(name).rpartition("_")
        if stem in spellings and unit in UNITS:
            return FactColumn(name, UNITS[unit])
    return None


def _split(name: str) -> tuple[str, str]:
    """A name and the unit in brackets behind it."""
    match = re.fullmatch(r"(.*\S)\s*[(\[]([^()\[\]]*)[)\]]\s*", name)
    return (match[1], match[2].strip()) if match else (name, "")


def _factor(unit: str) -> float | None:
    """The factor a unit stands for, or None if it is not understood."""
    if not unit:
        return 1.0
    if unit.casefold() in UNITS:
        return UNITS[unit.casefold()]
    match = re.fullmatch(r"(?:x\s*)?1e\+?(\d{1,2})|(?:x\s*)?10\^(\d{1,2})", unit, re.IGNORECASE)
    return float(f"1e{match[1] or match[2]}") if match else None
