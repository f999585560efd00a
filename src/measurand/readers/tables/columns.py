"""What a column's name says: model, benchmark, score, or a fact of one of them, in which unit."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

__all__ = [
    "BENCHMARK",
    "BENCHMARK_ALIASES",
    "DERIVED",
    "ITEM",
    "ITEM_SCORE",
    "MODEL",
    "MODEL_ALIASES",
    "N_ITEMS",
    "SCORE",
    "STDERR",
    "FactColumn",
    "fact_columns",
    "find",
    "fold",
]

MODEL = ("model", "model_name", "model_id")
BENCHMARK = ("benchmark", "task", "dataset")
ITEM = ("item", "item_id", "question_id", "sample_id", "instance_id", "example_id", "problem_id", "doc_id")
ITEM_SCORE = ("score", "value", "accuracy", "correct", "is_correct", "passed")
SCORE = ("score", "value", "accuracy")
STDERR = ("stderr", "standard_error", "std_err")
N_ITEMS = ("n_items", "n_samples")

MODEL_ALIASES = {
    "family": ("family", "model_family"),
    "class": ("class", "model_class", "type", "model_type"),
    "parameters": ("parameters", "params", "n_params", "num_params", "model_size"),
    "training_flop": ("training_flop", "training_flops", "training_compute", "flop", "flops"),
    "release_date": ("release_date", "released"),
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

DERIVED = frozenset(
    (
        "average",
        "avg",
        "mean",
        "rank",
        "pretraining_data_size",
        "pretraining_tokens",
        "training_tokens",
        "context_length",
    )
)
"""Columns that accompany scores in published tables and are no benchmark."""

UNITS = {"k": 1e3, "m": 1e6, "million": 1e6, "b": 1e9, "billion": 1e9, "t": 1e12, "trillion": 1e12}


class FactColumn(NamedTuple):
    """A column that holds a fact, and the factor that brings it to the fact's own unit."""

    column: str
    factor: float


def fold(name: str) -> str:
    """A name without case, spaces and hyphens, and without a unit in brackets.

    Examples
    --------
    >>> fold("Model Size (B)"), fold("Release-Date")
    ('model_size', 'release_date')
    """
    return re.sub(r"[\s_-]+", "_", _split(name)[0].strip().casefold())


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
    """The column of each fact that is there; a unit in brackets must be understood.

    Examples
    --------
    >>> fact_columns(["Model", "Model Size (B)", "FLOPs (1E21)", "mmlu"], MODEL_ALIASES)
    {'parameters': FactColumn(column='Model Size (B)', factor=1000000000.0),
     'training_flop': FactColumn(column='FLOPs (1E21)', factor=1e+21)}
    """
    found = {fact: find(names, spellings) for fact, spellings in aliases.items()}
    units = {fact: (name, _factor(_split(name)[1])) for fact, name in found.items() if name is not None}
    return {fact: FactColumn(name, factor) for fact, (name, factor) in units.items() if factor is not None}


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
