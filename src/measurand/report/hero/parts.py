"""The records of the first screen, and what its makers share."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from measurand.calibration import load
from measurand.report.lead import findings_told
from measurand.report.summary import MeasureInfo
from measurand.results import Answer, Audit, Status, Table
from measurand.wording import percent, plural

__all__ = [
    "FEW_ROWS",
    "MOST_ROWS",
    "Bullet",
    "Count",
    "Picture",
    "Row",
    "Shown",
    "Tone",
    "View",
    "further",
    "held",
    "how_many",
    "padded",
    "span",
    "ticks",
    "title_of",
    "told",
]

Tone = Literal["rises", "worse", "separate", "open"]
"""What the colour and the shape of a mark mean."""

MOST_ROWS = 8

FEW_ROWS = 3
"""Rows up to which a picture leaves room for a table below it."""

MOST_TITLE = 150
"""Letters that two lines of the title hold on a wide screen."""

MOST_BOLD = 80
"""Letters of a bullet's first words."""

HELD = {"V1": "default interval", "P1": "interval", "P2": "interval", "P10": "all rank intervals together"}
"""Of the measures that can stand first, the interval whose coverage was measured."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """A dot with its interval, its name and what is said beside it."""

    name: str
    note: str
    tone: Tone
    word: str
    value: float
    low: float | None
    high: float | None
    number: str
    limits: str


class Count(NamedTuple):
    """How many had one of the possible outcomes."""

    tone: Tone
    many: int
    words: str


class Bullet(NamedTuple):
    """A sentence, its first words for who reads only these."""

    tone: Tone
    first: str
    rest: str


@dataclass(frozen=True, kw_only=True)
class Picture:
    """Rows on one axis, whose ends are named in words.

    Parameters
    ----------
    ends : what it means to lie left, in the middle and right.
    bands : where a verdict begins: from, to, tone.
    line : the value that is none.
    """

    title: str
    rows: tuple[Row, ...]
    domain: tuple[float, float]
    ticks: tuple[tuple[float, str], ...]
    ends: tuple[str, str, str]
    bands: tuple[tuple[float, float, Tone], ...] = ()
    line: float | None = None

    def at(self, value: float) -> str:
        """Place on the axis in percent of its length."""
        return self.share(self.domain[0], value)

    def share(self, low: float, high: float) -> str:
        """From one value to another in percent of the axis."""
        part = (high - low) / (self.domain[1] - self.domain[0])
        return f"{100 * min(1.0, max(0.0, part)):.2f}%"


@dataclass(frozen=True, kw_only=True)
class View:
    """The first screen for one class of models.

    Parameters
    ----------
    class_, label : the class and its name on the switch; empty where there is one.
    table : shown where there is no picture, or one of few rows.
    more : code of the measure that has all rows, and their name.
    said : the answer to the question of validity in a sentence, where it is one of counts.
    """

    title: str
    class_: str = ""
    label: str = ""
    counts: tuple[Count, ...] = ()
    picture: Picture | None = None
    table: Table | None = None
    bullets: tuple[Bullet, ...] = ()
    method: tuple[str, ...] = ()
    more: tuple[str, str] | None = None
    said: str = ""


class Shown(NamedTuple):
    """What the first screen shows of models: a picture, how many are what, and how many rows there are."""

    picture: Picture | None = None
    counts: tuple[Count, ...] = ()
    total: str = ""


def span(low: float | None, high: float | None, write: Callable[[float], str]) -> str:
    """An interval in running text."""
    return "no interval" if low is None or high is None else f"{write(low)} to {write(high)}"


def told(answer: Answer, more: str) -> list[Bullet]:
    """What the answer does not say, what follows its first sentences, and what limits it."""
    told = [Bullet("open", *_parted(_brief(text))) for text in (answer.meaning, more) if text]
    limits = [each for each in answer.cautions if each[0] in (Status.ISSUE, Status.CAUTION)]
    return told + [Bullet(_tone(status), *_parted(_brief(text))) for status, text in limits]


def _tone(status: Status) -> Tone:
    return "rises" if status is Status.ISSUE else "open"


def further(audit: Audit, measures: Sequence[MeasureInfo], besides: str) -> list[Bullet]:
    """What the other measures found, worst first."""
    found = findings_told(audit, measures, besides)
    return [Bullet(_tone(each.status), *_parted(_brief(each.sentence))) for each in found]


def _brief(text: str, most: int = 200) -> str:
    """As many whole sentences as three lines hold."""
    said, *rest = text.split(". ")
    for sentence in rest:
        if len(said) + len(sentence) > most:
            break
        said += f". {sentence}"
    return said.rstrip(".") + "."


def _parted(text: str) -> tuple[str, str]:
    """The first clause, and the rest; no first one where it is as long as a sentence."""
    places = [place for mark in (": ", ". ", "; ") if 0 < (place := text.find(mark)) < MOST_BOLD]
    return (text[: min(places) + 1], text[min(places) + 2 :]) if places else ("", text)


def title_of(sentence: str) -> str:
    """As many of its sentences as a title holds."""
    return _brief(sentence, MOST_TITLE)


def held(code: str, **like: int) -> tuple[str, ...]:
    """How often the interval shown held the truth in the simulations that ship with this version, of studies alike."""
    of = (code, "coverage", HELD.get(code))
    rates = [
        rate.rate
        for rate in load()
        if (rate.code, rate.quantity, rate.what) == of
        and all(rate.study.get(name, value) == value for name, value in like.items())
    ]
    if not rates:
        return ()
    mean, least = (percent(round(rate, 2)) for rate in (sum(rates) / len(rates), min(rates)))
    return (f"In simulations such intervals held the truth {mean} of the time on average, {least} at worst.",)


def padded(low: float, high: float) -> tuple[float, float]:
    """The ends of an axis, with room for the marks at them."""
    room = 0.06 * ((high - low) or abs(high) or 1.0)
    return low - room, high + room


def ticks(domain: tuple[float, float], write: Callable[[float], str], least: float) -> tuple[tuple[float, str], ...]:
    """About four round values."""
    low, high = domain
    rough = (high - low) / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = max(least, next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough))
    start = math.ceil(low / step)
    places = [place * step for place in range(start, math.floor(high / step) + 1)]
    if least == 1.0:  # ranks begin at 1, wherever round numbers do
        places = [low, *(place for place in places if place > low + step / 2)]
    return tuple((place, write(place)) for place in places)


def how_many(shown: int, total: int, noun: str) -> str:
    """What a picture of some or all of them shows."""
    return f"First {shown} of {plural(total, noun)}" if shown < total else plural(total, noun).capitalize()
