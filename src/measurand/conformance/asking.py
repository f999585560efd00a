"""What a case is, what a package answers, and what counts as right. The standard library alone: peers import it too."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

__all__ = [
    "Answer",
    "Case",
    "Check",
    "Verdict",
    "either",
    "every",
    "judged",
    "log_odds",
    "near",
    "no_interval",
    "only",
    "refuses",
    "says",
    "shown",
    "silent",
    "spans",
    "unclaimed",
    "undefined",
    "values",
    "within",
]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a package said to one question; what it did not say is None or empty.

    Parameters
    ----------
    value, low, high : the number asked for and its 95% interval, shares between 0 and 1.
    shown : whether it affirms the claim that was asked about.
    scores : numbers by name, where more than one was asked for.
    said : its sentences, notes and warnings.
    refused : why it gives no answer, in its own words.
    crashed : an error that is no answer: one the package did not raise on purpose.
    cannot : whether the package does not claim to answer such a question.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None
    shown: bool | None = None
    scores: Mapping[str, float] = field(default_factory=dict)
    said: str = ""
    refused: str = ""
    crashed: str = ""
    cannot: bool = False


Check = Callable[[Answer], str]
"""Says what is wrong with an answer; empty where it is right."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One input with its right answer.

    Parameters
    ----------
    name, kind, title : the function that makes it; the way in which such an evaluation lies; the case in one line.
    ask, given : the question, one of those of `adapters.Asks`, and its input as plain JSON.
    answer : the right answer in words.
    why : why that is right, and where such a report or formula comes from.
    right : the check that an answer must pass.
    """

    name: str = ""
    kind: str = ""
    title: str
    ask: str
    given: Mapping[str, Any]
    answer: str
    why: str
    right: Check


class Verdict(StrEnum):
    """How an answer stands beside the right one."""

    RIGHT = "right"
    REFUSES = "refuses"
    WRONG = "wrong"
    CANNOT = "cannot"


def judged(case: Case, answer: Answer) -> tuple[Verdict, str]:
    """The verdict, and what is wrong or how the answer was refused."""
    if answer.cannot:
        return Verdict.CANNOT, ""
    if answer.crashed:
        return Verdict.WRONG, f"crashes: {answer.crashed}"
    wrong = case.right(answer)
    if not wrong:
        return Verdict.RIGHT, ""
    return (Verdict.REFUSES, answer.refused) if answer.refused else (Verdict.WRONG, wrong)


def near(value: float, off: float = 0.005) -> Check:
    """The number lies within so much of the right one."""

    def check(answer: Answer) -> str:
        if answer.value is not None and abs(answer.value - value) <= off:
            return ""
        return f"{_written(answer.value)} where {value:.3g} is right"

    return check


def within(*, low: tuple[float, float] | None = None, high: tuple[float, float] | None = None) -> Check:
    """Each limit of the interval lies in the range given for it."""

    def check(answer: Answer) -> str:
        for name, limit, allowed in (("lower", answer.low, low), ("upper", answer.high, high)):
            if allowed and not (limit is not None and allowed[0] <= limit <= allowed[1]):
                return f"{_interval(answer)} where the {name} limit should be {allowed[0]:.3g} to {allowed[1]:.3g}"
        return ""

    return check


def spans(least: float, most: float) -> Check:
    """The whole width of the interval lies between two numbers."""

    def check(answer: Answer) -> str:
        if answer.low is None or answer.high is None:
            return f"no interval ({_written(answer.value)})"
        if least <= answer.high - answer.low <= most:
            return ""
        return f"{_interval(answer)} where a width of {least:.3g} to {most:.3g} is right"

    return check


def no_interval(answer: Answer) -> str:
    """No interval is given, or one that holds nearly everything."""
    if answer.refused or answer.low is None or answer.high is None:
        return ""
    return spans(0.9, 1.0)(answer)


def shown(claim: bool) -> Check:
    """The claim is affirmed, or is not."""

    def check(answer: Answer) -> str:
        if answer.shown is claim:
            return ""
        return f"{'affirmed' if answer.shown else 'not affirmed'}: {_words(answer)}"

    return check


def values(*right: float) -> Check:
    """As many scores as there should be, of these values to within .005, whatever they are called."""

    def check(answer: Answer) -> str:
        found = sorted(answer.scores.values())
        same = len(found) == len(right)
        if same and all(abs(one - other) <= 0.005 for one, other in zip(found, sorted(right), strict=True)):
            return ""
        return f"{_listed(answer)} where {_numbers(right)} is right"

    return check


def only(*benchmarks: str) -> Check:
    """Scores by these names and no others; names are compared by their letters and digits."""

    def check(answer: Answer) -> str:
        wanted = {_plain(name) for name in benchmarks}
        more = [name for name in answer.scores if _plain(name) not in wanted]
        missing = wanted - {_plain(name) for name in answer.scores}
        return ", ".join([*(f"takes {name} for one" for name in more), *(f"lacks {name}" for name in sorted(missing))])

    return check


def says(what: str, *words: str) -> Check:
    """It says what it should: each of these is in its words (regular expressions, without case)."""

    def check(answer: Answer) -> str:
        missing = any(re.search(word, _all(answer), re.IGNORECASE) is None for word in words)
        return f"does not say {what}: {_words(answer)}" if missing else ""

    return check


def silent(*words: str) -> Check:
    """What was said has none of these in it (regular expressions, without case)."""

    def check(answer: Answer) -> str:
        found = [match[0] for word in words if (match := re.search(word, _all(answer), re.IGNORECASE))]
        return f"says {', '.join(map(repr, found))}: {_words(answer)}" if found else ""

    return check


def refuses(*words: str) -> Check:
    """It is refused, and the refusal names each of these."""

    def check(answer: Answer) -> str:
        if not answer.refused:
            return f"answers: {_words(answer)}"
        return says("why", *words)(answer)

    return check


def log_odds(right: Mapping[str, float], off: float = 0.01) -> Check:
    """Strengths in log-odds, each beside their mean."""

    def check(answer: Answer) -> str:
        if answer.scores.keys() != right.keys():
            return _listed(answer)
        mean, middle = (sum(each.values()) / len(right) for each in (answer.scores, right))
        apart = max(abs(answer.scores[name] - mean - right[name] + middle) for name in right)
        return "" if apart <= off else f"{_listed(answer)}, up to {apart:.2g} off"

    return check


def undefined(answer: Answer) -> str:
    """There is no such number."""
    return "" if answer.value is None else f"{answer.value:.3g} where it is undefined"


def unclaimed(answer: Answer) -> str:
    """Nothing is claimed: refused, or said to be unknown."""
    return "" if answer.refused or answer.shown is False else f"claims to know: {_words(answer)}"


def every(*checks: Check) -> Check:
    """All of these."""

    def check(answer: Answer) -> str:
        return next((wrong for each in checks if (wrong := each(answer))), "")

    return check


def either(*checks: Check) -> Check:
    """One of these."""

    def check(answer: Answer) -> str:
        wrong = [each(answer) for each in checks]
        return "" if "" in wrong else wrong[0]

    return check


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _all(answer: Answer) -> str:
    return f"{answer.said}\n{answer.refused}"


def _words(answer: Answer) -> str:
    return answer.refused or answer.said or (_listed(answer) if answer.scores else _interval(answer))


def _listed(answer: Answer) -> str:
    return ", ".join(f"{name} {value:.3g}" for name, value in answer.scores.items()) or "no score"


def _numbers(right: tuple[float, ...]) -> str:
    return " and ".join(f"{each:.3g}" for each in right) or "none"


def _written(value: float | None) -> str:
    return "no number" if value is None else f"{value:.3g}"


def _interval(answer: Answer) -> str:
    return f"{_written(answer.value)} [{_written(answer.low)}, {_written(answer.high)}]"
