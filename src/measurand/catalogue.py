"""What is known of a benchmark by its name: role, area, metric, direction, chance and maximum, each with its source."""

from __future__ import annotations

import csv
import difflib
import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal, cast

__all__ = ["BenchmarkFacts", "known", "lookup", "near", "normalise"]

Role = Literal["capability", "safety", "other"]
Direction = Literal["better", "worse"]

HARNESS_PREFIX = re.compile(r"^(?:inspect_evals|inspect_harbor|lm[_-]eval|helm)/")
SEPARATORS = re.compile(r"[\s_./:-]+")


@dataclass(frozen=True, kw_only=True)
class BenchmarkFacts:
    """The catalogue's row of one benchmark. A fact without a source is None, never a guess.

    Parameters
    ----------
    benchmark : canonical id.
    name : name to show.
    aliases : other spellings of the same benchmark, such as the task names of harnesses; never those of a split,
        a parent or another version.
    role : ``"capability"``, ``"safety"`` or ``"other"``.
    area : subject within the role, such as ``"bias"`` or ``"mathematics"``.
    metric : the raw metric that `higher_is`, `chance` and `maximum` speak of, as harnesses print it.
    higher_is : ``"better"`` where a higher raw metric means a more capable or a safer model, ``"worse"`` where it means
        a less safe one (attack success, hazardous knowledge) or a loss (perplexity, Brier score).
    chance : expected raw metric of a uniform guess, in [0, 1).
    maximum : the largest value the raw metric can take.
    trait : the quantity the benchmark is meant to measure.
    method : how it is asked, such as ``"multiple_choice"``, ``"generation"``, ``"agentic"`` or ``"judge"``.
    source : where each of these facts comes from.
    """

    benchmark: str
    name: str
    aliases: tuple[str, ...]
    role: Role
    area: str | None
    metric: str | None
    higher_is: Direction | None
    chance: float | None
    maximum: float | None
    trait: str | None
    method: str | None
    source: str


def normalise(name: str) -> str:
    """Key under which spellings of a benchmark's name agree.

    Case is folded, a harness prefix is dropped, and each run of separators (space ``_ - . / :``) becomes one ``_``.
    Other characters stay, since they tell benchmarks apart (``humaneval+``, ``machiavelli-power.Σ``).

    Parameters
    ----------
    name : a name as a harness, a table or a person writes it.

    Returns
    -------
    str
        The key; empty where the name holds nothing but separators.

    Examples
    --------
    >>> normalise("inspect_evals/MMLU-Pro"), normalise("mmlu  pro"), normalise("HumanEval+")
    ('mmlu_pro', 'mmlu_pro', 'humaneval+')
    """
    return SEPARATORS.sub("_", HARNESS_PREFIX.sub("", name.strip().casefold())).strip("_")


def lookup(name: str) -> BenchmarkFacts | None:
    """Facts of the benchmark that has this id, name or alias, or None where the catalogue does not know it.

    Parameters
    ----------
    name : any spelling; compared after `normalise`.

    Returns
    -------
    BenchmarkFacts or None

    Examples
    --------
    >>> facts = lookup("hendrycksTest")
    >>> facts.benchmark, facts.role, facts.higher_is, facts.chance
    ('mmlu', 'capability', 'better', 0.25)
    >>> lookup("WMDP").higher_is
    'worse'
    >>> lookup("a benchmark of my own") is None
    True
    """
    return _index().get(normalise(name))


@functools.cache
def known() -> tuple[BenchmarkFacts, ...]:
    """Every benchmark of the catalogue, in the order of the shipped file. Read once, at the first call.

    Examples
    --------
    >>> len(known()) > 200
    True
    """
    text = files("measurand").joinpath("data", "benchmarks.csv").read_text(encoding="utf-8")
    return tuple(_facts(row) for row in csv.DictReader(text.splitlines()))


def near(name: str, names: Iterable[str], limit: int = 3) -> tuple[str, ...]:
    """Names close to a name that was not found, for messages.

    Parameters
    ----------
    name : the name received.
    names : the names to choose from.
    limit : largest number of names returned; at least 1.

    Returns
    -------
    tuple of str
        The near names as they were given, nearest first; empty where none is near.

    Raises
    ------
    ValueError
        If `limit` is below 1.

    Examples
    --------
    >>> near("MMUL", ["mmlu", "MMLU-Pro", "gsm8k"])
    ('mmlu', 'MMLU-Pro')
    """
    if limit < 1:
        raise ValueError(f"limit should be at least 1 but got {limit}")
    originals: dict[str, str] = {}
    for candidate in names:
        originals.setdefault(normalise(candidate), candidate)
    matches = difflib.get_close_matches(normalise(name), originals, n=limit, cutoff=0.5)
    return tuple(originals[match] for match in matches)


@functools.cache
def _index() -> dict[str, BenchmarkFacts]:
    return {normalise(key): facts for facts in known() for key in (facts.benchmark, facts.name, *facts.aliases)}


def _facts(row: dict[str, str]) -> BenchmarkFacts:
    return BenchmarkFacts(
        benchmark=row["benchmark"],
        name=row["name"],
        aliases=tuple(row["aliases"].split("|")) if row["aliases"] else (),
        role=cast(Role, row["role"]),
        area=row["area"] or None,
        metric=row["metric"] or None,
        higher_is=cast(Direction, row["higher_is"]) if row["higher_is"] else None,
        chance=float(row["chance"]) if row["chance"] else None,
        maximum=float(row["maximum"]) if row["maximum"] else None,
        trait=row["trait"] or None,
        method=row["method"] or None,
        source=row["source"],
    )
