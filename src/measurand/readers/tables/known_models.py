"""What is known of well-known models by their name: parameters, training FLOP, release date and knowledge cutoff."""

from __future__ import annotations

import csv
import functools
from collections.abc import Sequence
from importlib.resources import files

import polars as pl

from measurand.catalogue import normalise
from measurand.tables import MODEL_FACTS

__all__ = ["known_models", "lookup_models"]


def lookup_models(names: Sequence[str]) -> pl.DataFrame:
    """Facts of those of the models that the shipped table knows, one row each; blank where no source has a figure.

    Names are compared without their maker (``org/``), case and separators. A checkpoint (``name@revision``) is not the
    model that was released, so it is not found.

    Parameters
    ----------
    names : models as a table names them.

    Examples
    --------
    >>> lookup_models(["meta-llama/Llama-2-7b-hf", "mine"]).select("model", "training_flop", "release_date").rows()
    [('meta-llama/Llama-2-7b-hf', 8.4e+22, '2023-07-18')]
    """
    index = _index()
    rows = [(name, index[key]) for name in names if (key := _key(name)) in index]
    return pl.DataFrame(
        [{"model": name, **facts} for name, facts in rows],
        schema={"model": pl.String, **{fact: MODEL_FACTS[fact] for fact in _SHIPPED}},
    )


_NUMBERS = ("parameters", "training_flop")
_SHIPPED = (*_NUMBERS, "release_date", "knowledge_cutoff")


@functools.cache
def known_models() -> tuple[dict[str, str], ...]:
    """The rows of the shipped table as they stand, with the source of each figure.

    Figures on which sources differ (dates by more than 45 days, numbers by more than a quarter) are left blank.

    Examples
    --------
    >>> row = next(row for row in known_models() if row["model"] == "gpt-4o-2024-05-13")
    >>> row["release_date"], row["source"].split("; ")[0]
    ('2024-05-13', 'release_date: Ho et al. 2025 arXiv 2512.00193')
    """
    text = files("measurand").joinpath("data", "models.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))


@functools.cache
def _index() -> dict[str, dict[str, float | str | None]]:
    found: dict[str, dict[str, float | str | None]] = {}
    for row in known_models():
        facts = {fact: _value(fact, row[fact]) for fact in _SHIPPED}
        for name in (row["model"], *row["aliases"].split("|")):
            if name:
                found[_key(name)] = facts
    return found


def _value(fact: str, text: str) -> float | str | None:
    return None if not text else float(text) if fact in _NUMBERS else text


def _key(name: str) -> str:
    return normalise(name.rstrip("/").split("/")[-1])
