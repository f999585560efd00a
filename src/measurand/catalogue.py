"""What is known of a benchmark by its name: role, area, metric, direction, chance and maximum, each with its source."""

from __future__ import annotations

import csv
import difflib
import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal, NamedTuple, cast

__all__ = ["BenchmarkFacts", "Match", "known", "lookup", "near", "normalise", "taken_for"]

Role = Literal["capability", "safety", "other"]
Direction = Literal["better", "worse"]

HARNESS_PREFIX = re.compile(r"^(?:inspect_evals|inspect_harbor|lm[_-]eval|helm)/")
SEPARATORS = re.compile(r"[\s_./:-]+")

WORDS = frozenset(
    ("arithmetic", "bold", "ethics", "math", "mutual", "persona", "personality", "quality", "race", "record", "rules")
)
"""Benchmarks that are called by a common word: meant only where the word is written as theirs is (QuALITY, MATH)."""

NOBODYS = frozenset(("sycophancy",))
"""Names of a subject on which there are several benchmarks, so that by itself it is the name of none."""

LONGEST = 200
"""Letters of a name that is looked through for what was measured and how."""

CLOSE = 0.75
"""Share of letters in common from which a name resembles another: MMUL and MMLU, not quality and QuAC."""

SHARES_RIGHT = frozenset(
    (
        *("accuracy", "acc", "acc norm", "em", "exact match", "quasi exact match", "quasi-exact match"),
        *("equivalent", "equivalent (cot)", "cot correct"),
    )
)
"""Metrics that are shares of right answers, so that chance and the maximum are the same for all of them."""

_OF_EVERY_NAME = re.compile(r"bench(?:mark)?|eval(?:uation)?|test|score")
"""Letters that names share although nobody mistook one for the other."""

_ASKED = r"(?:\d+|few|zero|k)[ _-]?shots?|cot|chain of thought"
_MEASURED = (
    r"em|(?:quasi[ -])?exact[ _-]match|acc|accuracy|acc_norm|score|f1|pass@1|equivalent(?: \(cot\))?|cot correct"
)
_QUALIFIED = re.compile(
    rf"^(.+?)(?:\s+[-\u2013\u2014|:]\s+({_MEASURED}|{_ASKED})|\s*[(\[]({_MEASURED}|{_ASKED})[)\]]"
    rf"|[\s,_-]+({_ASKED}|acc|acc_norm|accuracy|em|exact_match))$",
    re.IGNORECASE,
)


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
    items : number of items that are scored, where the raw metric is the share of them that are right (or attacked with
        success).
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
    items: int | None
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


class Match(NamedTuple):
    """The benchmark that a name in a table is taken for.

    Parameters
    ----------
    facts : what the catalogue knows of it.
    exact : whether the name is the benchmark's, with nothing behind it.
    same_metric : whether what is known of the raw metric holds: none is named, or both are shares of right answers.
    """

    facts: BenchmarkFacts
    exact: bool
    same_metric: bool


def taken_for(name: str) -> Match | None:
    """The benchmark that a name in a table stands for, or None: a name must be specific to be taken for one.

    How it was asked (``5-shot``, ``CoT``) and by what it was measured (``EM``, ``accuracy``) may follow the name; an
    error or another quantity of the same questions (``MMLU - ECE``) is not the benchmark. A common word is none unless
    it is written as the benchmark writes itself.

    Parameters
    ----------
    name : a column, or a cell of a column of benchmarks.

    Examples
    --------
    >>> taken_for("MMLU - EM").facts.benchmark, taken_for("TruthfulQA").facts.benchmark
    ('mmlu', 'truthfulqa')
    >>> taken_for("MATH").facts.benchmark, taken_for("math"), taken_for("sycophancy"), taken_for("MMLU - ECE (10-bin)")
    ('minerva_math', None, None, None)
    """
    rest, metrics = name, set[str]()
    while True:
        facts = lookup(rest)
        if facts is not None and _specific(rest, facts):
            right = not metrics or (facts.metric in SHARES_RIGHT and metrics <= SHARES_RIGHT)
            return Match(facts, rest == name, right)
        # What is longer than any benchmark's name is none, and would take the pattern long to tell.
        qualified = _QUALIFIED.match(rest) if len(rest) <= LONGEST else None
        if qualified is None:
            return None
        rest, *said = qualified.groups()
        behind = next(filter(None, said)).casefold()
        if re.fullmatch(_ASKED, behind) is None:
            metrics.add(behind.replace("_", " "))


def _specific(name: str, facts: BenchmarkFacts) -> bool:
    """Whether a name is the benchmark's own rather than a word that others use as well."""
    key = normalise(name)
    if key in NOBODYS:
        return False
    own = (facts.name, *facts.aliases)
    return key not in WORDS or (name in own and name not in (name.lower(), name.capitalize()))


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
    """Names close to a name that was not found, for messages: what a slip of the fingers would leave.

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
    >>> near("MMUL", ["mmlu", "MMLU-Pro", "gsm8k"]), near("my_bench", ["MLGym-Bench", "QuAC"])
    (('mmlu',), ())
    """
    if limit < 1:
        raise ValueError(f"limit should be at least 1 but got {limit}")
    wanted = normalise(name)
    originals: dict[str, str] = {}
    for candidate in names:
        # Benchmarks that differ in a number are different ones: no slip makes AIME 2024 of AIME 2025.
        if re.findall(r"\d+", normalise(candidate)) == re.findall(r"\d+", wanted):
            originals.setdefault(normalise(candidate), candidate)
    matches = difflib.get_close_matches(wanted, originals, n=limit, cutoff=CLOSE)
    own = _OF_EVERY_NAME.sub("", wanted)
    telling = [m for m in matches if difflib.get_close_matches(own, [_OF_EVERY_NAME.sub("", m)], cutoff=CLOSE)]
    return tuple(originals[match] for match in telling)


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
        items=int(row["items"]) if row["items"] else None,
        trait=row["trait"] or None,
        method=row["method"] or None,
        source=row["source"],
    )
