"""What an evaluation claims, said so that evidence can bear on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from measurand.errors import InputError, UnknownName, quoted

__all__ = ["BENCHMARK_USES", "DEEPEST", "ELICITATIONS", "KINDS", "RELATIONS", "STATEMENTS", "Basis", "ClaimCard"]

STATEMENTS = ("average case", "worst case", "existence proof", "upper bound")
"""What kind of statement a claim is."""
KINDS = ("capability", "propensity")
ELICITATIONS = ("own", "today's users", "future users")
"""Whose effort brings the behaviour out: the model's own, that of today's users, or of future ones."""
BENCHMARK_USES = ("diagnostic", "hill-climbing")
DEEPEST = 5
"""Levels of tables and lists in a card: ``rests_on``, one of its tables, its ``where``, a list in it."""
RELATIONS = ("above", "below", "inside", "equals", "no issue")
"""What an estimate should satisfy; ``no issue``: a measure that could have found a problem found none."""

_BOUNDS = {"above": 1, "below": 1, "inside": 2, "equals": 2, "no issue": 0}


@dataclass(frozen=True, kw_only=True)
class Basis:
    """Estimates that a claim rests on, and what they should satisfy.

    Parameters
    ----------
    measure : code of the measure, such as ``"V1"``.
    estimate : name of the estimate; empty where the relation is ``no issue``.
    where : values that a finding's subject must have; a list means any of them.
    relation : one of `RELATIONS`.
    bounds : one for above and below, two for inside (low, high) and equals (value, tolerance).
    share : None if every estimate must satisfy it, else the (least, greatest) share that should.
    """

    measure: str
    estimate: str
    where: Mapping[str, str | Sequence[str]]
    relation: str
    bounds: tuple[float, ...]
    share: tuple[float, float] | None = None


@dataclass(frozen=True, kw_only=True)
class ClaimCard:
    """A claim with its kind, its scope, the estimates it rests on, and checklists as they were answered.

    Parameters
    ----------
    name, text, source : a short name, the claim in words, and where it is made.
    construct, population : what is measured, and in which models, inputs or settings it should hold.
    statement, kind, elicitation, benchmark_use : one each of `STATEMENTS`, `KINDS`, `ELICITATIONS`, `BENCHMARK_USES`.
    threshold : the level that matters, or None.
    rests_on : the estimates it rests on, at least one.
    checklists : name of a checklist -> question -> answer; recorded, never scored.
    """

    name: str
    text: str
    source: str
    construct: str
    population: str
    statement: str
    kind: str
    elicitation: str
    benchmark_use: str
    threshold: float | None
    rests_on: tuple[Basis, ...]
    checklists: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @classmethod
    def build(cls, raw: Mapping[str, Any], file: str = "claim card") -> ClaimCard:
        """Validate a card as TOML gives it: tables ``claim``, ``rests_on`` (one or several) and ``checklist``.

        Parameters
        ----------
        raw : the parsed tables.
        file : named in what is refused.

        Raises
        ------
        UnknownName
            A table or key that a card has not.
        InputError
            A missing or empty entry, a word that is none of those allowed, bounds that do not fit the relation, or
            values nested deeper than `DEEPEST`.

        Examples
        --------
        >>> ClaimCard.build({"claim": {"name": "x"}})
        Traceback (most recent call last):
        measurand.errors.InputError: claim card: [claim] should have text (a text), got nothing
        """
        _refuse_bombs(raw, file)
        _known(raw, ("claim", "rests_on", "checklist"), f"table of {file}")
        claim = raw.get("claim")
        if not isinstance(claim, Mapping):
            raise InputError(f"{file} should have a table [claim] with what is claimed")
        texts = ("name", "text", "source", "construct", "population")
        words = {
            "statement": STATEMENTS,
            "kind": KINDS,
            "elicitation": ELICITATIONS,
            "benchmark_use": BENCHMARK_USES,
        }
        _known(claim, (*texts, *words, "threshold"), f"key of [claim] in {file}")
        told = {name: _text(claim, name, f"{file}: [claim]") for name in texts}
        chosen = {name: _one_of(claim, name, allowed, f"{file}: [claim]") for name, allowed in words.items()}
        threshold = claim.get("threshold")
        if threshold is not None:
            threshold = _number(threshold, f"{file}: threshold")
        bases = raw.get("rests_on")
        if not isinstance(bases, Sequence) or isinstance(bases, str) or not bases:
            raise InputError(
                f"{file} should have at least one table [[rests_on]]: the estimates that the claim rests on"
            )
        rests_on = tuple(_basis(basis, threshold, f"{file}: [[rests_on]] {i}") for i, basis in enumerate(bases, 1))
        return cls(**told, **chosen, threshold=threshold, rests_on=rests_on, checklists=_checklists(raw, file))


def _refuse_bombs(raw: Mapping[str, Any], file: str) -> None:
    """Refuse what a message could not even show: values nested without end, and numbers of thousands of digits."""
    level: list[Any] = [raw]
    for _ in range(DEEPEST):
        inner = [each for value in level for each in (value.values() if isinstance(value, Mapping) else value)]
        if any(isinstance(value, int) and abs(value) >= 2**63 for value in inner):
            raise InputError(f"{file} holds a whole number beyond 64 bits")
        level = [value for value in inner if isinstance(value, Mapping | list | tuple)]
    if level:
        raise InputError(f"{file}: lists or tables are nested too deep; a card has at most {DEEPEST} levels")


def _basis(raw: Any, threshold: float | None, place: str) -> Basis:
    if not isinstance(raw, Mapping):
        raise InputError(f"{place} should be a table, got {quoted(raw)}")
    _known(raw, ("measure", "estimate", "where", "relation", "bounds", "share"), f"key of {place}")
    relation = _one_of(raw, "relation", RELATIONS, place)
    estimate = "" if relation == "no issue" else _text(raw, "estimate", place)
    where = raw.get("where", {})
    if not isinstance(where, Mapping) or not all(
        isinstance(value, str) or (isinstance(value, list) and all(isinstance(one, str) for one in value))
        for value in where.values()
    ):
        raise InputError(f"{place}: where should be a table of texts or lists of texts, got {quoted(where)}")
    alone = relation in ("above", "below") and threshold is not None
    bounds = _numbers(
        raw.get("bounds", [threshold] if alone else []), _BOUNDS[relation], f"{place}: bounds of {relation}"
    )
    if relation == "inside" and not bounds[0] < bounds[1]:
        raise InputError(f"{place}: bounds of inside should be (low, high), got {list(bounds)}")
    share = None
    if "share" in raw:
        share = _numbers(raw["share"], 2, f"{place}: share")
        if not 0 <= share[0] <= share[1] <= 1:
            raise InputError(f"{place}: share should be (least, greatest) within 0 and 1, got {list(share)}")
    return Basis(
        measure=_text(raw, "measure", place).upper(),
        estimate=estimate,
        where=dict(where),
        relation=relation,
        bounds=bounds,
        share=None if share is None else (share[0], share[1]),
    )


def _checklists(raw: Mapping[str, Any], file: str) -> dict[str, dict[str, str]]:
    given = raw.get("checklist", {})
    if not isinstance(given, Mapping) or not all(isinstance(answers, Mapping) for answers in given.values()):
        raise InputError(
            f"{file}: checklist should be tables of questions and answers, such as [checklist.BetterBench]"
        )
    for name, answers in given.items():
        for question, answer in answers.items():
            if not isinstance(answer, str):
                raise InputError(
                    f"{file}: the answer to {quoted(question)} of {quoted(name)} should be a text, got {quoted(answer)}"
                )
    return {name: dict(answers) for name, answers in given.items()}


def _known(raw: Mapping[str, Any], allowed: Sequence[str], what: str) -> None:
    for name in raw:
        if name not in allowed:
            raise UnknownName(what, name, allowed)


def _text(raw: Mapping[str, Any], name: str, place: str) -> str:
    value = raw.get(name)
    if not isinstance(value, str) or not value.strip():
        raise InputError(
            f"{place} should have {name} (a text), got {'nothing' if value in (None, '') else quoted(value)}"
        )
    return value.strip()


def _one_of(raw: Mapping[str, Any], name: str, allowed: Sequence[str], place: str) -> str:
    value = raw.get(name)
    if value not in allowed:
        got = "nothing" if value is None else quoted(value)
        raise InputError(f"{place}: {name} should be one of {', '.join(allowed)}, got {got}")
    return str(value)


def _number(value: Any, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        raise InputError(f"{what} should be a number, got {quoted(value)}")
    return float(value)


def _numbers(values: Any, count: int, what: str) -> tuple[float, ...]:
    if not isinstance(values, list) or len(values) != count:
        raise InputError(f"{what} should be a list of {count} number{'s' * (count != 1)}, got {quoted(values)}")
    return tuple(_number(value, what) for value in values)
