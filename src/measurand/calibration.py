"""The measured error rates that ship with this version, as `measurand calibrate` wrote them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from operator import attrgetter
from typing import Any, Literal

from measurand.errors import InputError

__all__ = [
    "LEAST_RUNS",
    "NullAudit",
    "Rate",
    "error_rates",
    "load",
    "null_audit",
    "null_audits",
    "read_rates",
    "regime",
    "summary",
]

LEAST_RUNS = 20
"""Of a rate that a summary names: the worst of rates over fewer would be the one with the fewest."""

NEARLY_ALL = 0.75
"""Of a measure's kinds of study: a setting that more of them share goes without saying."""


@dataclass(frozen=True, kw_only=True)
class Rate:
    """How often something happened over simulated studies whose truth is known.

    Parameters
    ----------
    code : the measure.
    quantity : ``coverage`` of an interval, ``false_alarm`` of a verdict where it would be wrong, or ``power``.
    what : which interval or verdict.
    study : the kind of simulated study: the names of its settings and their values.
    truth : what is true in it.
    rate : share of runs, in [0, 1].
    runs : number of simulated studies in which it was defined.
    width : mean width of the interval, where `quantity` is coverage.
    run : ISO date on which the cell was run; empty where that was not kept.
    drawn : number of simulated studies of the cell; 0 where that was not kept.
    """

    code: str
    quantity: Literal["coverage", "false_alarm", "power"]
    what: str
    study: Mapping[str, int | float]
    truth: str
    rate: float
    runs: int
    width: float | None = None
    run: str = ""
    drawn: int = 0

    @property
    def stderr(self) -> float:
        """Monte Carlo standard error; at most that, where each study counts by the share of its many benchmarks."""
        return math.sqrt(self.rate * (1 - self.rate) / self.runs)

    @property
    def cell(self) -> tuple[object, ...]:
        """The measure and the kind of study."""
        return (self.code, *self.study.items())


def read_rates(text: str | bytes) -> tuple[Rate, ...]:
    """The rates in a file that `measurand calibrate` wrote, this version or an earlier one.

    Raises
    ------
    InputError
        It holds something else.
    """
    try:
        return tuple(Rate(**row) for row in json.loads(text)["rates"])
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"not a file of error rates as `measurand calibrate` writes them: {error}") from error


@cache
def _shipped() -> str:
    return files("measurand.data").joinpath("calibration.json").read_text(encoding="utf-8")


@cache
def load() -> tuple[Rate, ...]:
    """Every shipped rate."""
    return read_rates(_shipped())


@cache
def _told(key: str) -> Mapping[str, Any]:
    """What the file says of each measure besides its rates."""
    found: Mapping[str, Any] = json.loads(_shipped()).get(key, {})
    return found


def regime(code: str) -> str:
    """What the simulated studies of a measure draw, in words; empty for a measure that is not simulated.

    Examples
    --------
    >>> "unequal size" in regime("P2")
    True
    """
    return str(_told("regimes").get(code, ""))


def summary(code: str, **like: float) -> Mapping[str, str]:
    """How often a measure is wrong over all its simulated studies, as rows of text; empty if it is not simulated.

    Coverage and false alarms at their worst with a Monte Carlo standard error, and in which study; power from its least
    to its greatest. What stands for comparison only, or was seldom defined, is left out; of studies too that are not
    `like` the one in question, in the settings named.

    Examples
    --------
    >>> list(summary("P2"))
    ['studies', 'run', 'least coverage', 'most false alarms', 'power']
    """
    rates = [rate for rate in _rates(code) if all(rate.study.get(name) == value for name, value in like.items())]
    if not rates:
        return {}
    own = told_rates(rates)
    covered, alarms, power = (
        [rate for rate in own if rate.quantity == quantity and rate.runs >= LEAST_RUNS]
        for quantity in ("coverage", "false_alarm", "power")
    )
    said = _studies(rates)
    if covered:
        said["least coverage"] = f"{_worst(covered, min, rates)}; {_mean(covered):.3f} on average"
    if alarms:
        said["most false alarms"] = _worst(alarms, max, rates)
    if power:
        said["power"] = _ends([rate.rate for rate in power], "{:.2f}")
    return said


def told_rates(rates: Iterable[Rate]) -> list[Rate]:
    """Those of intervals and verdicts that measures give, without what stands for comparison only."""
    beside = _told("beside")
    return [rate for rate in rates if not any(part in rate.what for part in beside.get(rate.code, ()))]


def _rates(code: str) -> list[Rate]:
    return [rate for rate in load() if rate.code == code]


def _worst(found: Sequence[Rate], end: Callable[..., Rate], rates: Sequence[Rate]) -> str:
    """The least or the greatest rate: of which interval or verdict, where what is true, in which study."""
    worst = end(found, key=attrgetter("rate"))
    where = "; ".join(part for part in (worst.what.replace("_", " "), worst.truth, _study(worst, rates)) if part)
    return f"{_measured(worst)} ({where})"


def _mean(found: Sequence[Rate]) -> float:
    return sum(rate.rate for rate in found) / len(found)


def _measured(rate: Rate) -> str:
    """A rate with its Monte Carlo standard error."""
    return f"{rate.rate:.3f} ± {rate.stderr:.3f}"


def _studies(rates: Sequence[Rate]) -> dict[str, str]:
    """How many kinds of study were simulated, how often each and when."""
    drawn: dict[tuple[object, ...], int] = {}
    for rate in rates:
        drawn[rate.cell] = max(drawn.get(rate.cell, 0), rate.drawn, rate.runs)
    dates = _ends([rate.run for rate in rates if rate.run], "{}")
    if not all(rate.run for rate in rates):
        dates = f"{dates}, some before dates were kept" if dates else "before dates were kept"
    kinds = "1 kind" if len(drawn) == 1 else f"{len(drawn)} kinds"
    return {"studies": f"{kinds}, {_ends(list(drawn.values()), '{:,}')} runs of each", "run": dates}


def _ends(values: Sequence[float] | Sequence[str], shape: str) -> str:
    """From the least to the greatest, or the one there is."""
    return " to ".join(dict.fromkeys(shape.format(end(values)) for end in (min, max))) if values else ""


def _study(rate: Rate, rates: Sequence[Rate]) -> str:
    """The settings of a rate's study in words, without those that nearly all studies of the measure share."""
    cells = {other.cell: other.study for other in rates}.values()
    return ", ".join(
        f"{name.replace('_', ' ')} {value:g}"
        for name, value in rate.study.items()
        if sum(cell.get(name) == value for cell in cells) <= NEARLY_ALL * len(cells)
    )


def error_rates(code: str) -> tuple[Mapping[str, str], ...]:
    """The shipped rates of one measure as rows of text: each interval and verdict in the study where it is worst.

    Worst are the least coverage and power and the most false alarms; beside them the best, and how many studies there
    were. Interval candidates that are not the default are left out: docs/calibration.md compares them, and
    docs/calibration.csv has every rate of every study.
    """
    rates = _rates(code)
    alike: dict[tuple[str, str, str], list[Rate]] = {}
    for rate in rates:
        if not rate.what.startswith("candidate"):
            alike.setdefault((rate.quantity, rate.what, rate.truth), []).append(rate)
    return tuple(_row(found, rates) for found in alike.values())


def _row(alike: Sequence[Rate], rates: Sequence[Rate]) -> Mapping[str, str]:
    ordered = sorted(alike, key=attrgetter("rate"), reverse=alike[0].quantity == "false_alarm")
    worst, best = ordered[0], ordered[-1]
    return {
        "quantity": worst.quantity.replace("_", " "),
        "of": worst.what.replace("_", " "),
        "truth": worst.truth,
        "worst": _measured(worst),
        "runs": str(worst.runs),
        "best": f"{best.rate:.3f}",
        "studies": str(len(alike)),
        "worst in": _study(worst, rates),
    }


@dataclass(frozen=True, kw_only=True)
class NullAudit:
    """How many lines of an audit said `issue` of simulated studies in which nothing is wrong.

    Parameters
    ----------
    study : its sizes: classes, models and families per class, benchmarks under test, capability benchmarks.
    asked : codes of the measures that were asked.
    runs : number of simulated audits.
    mean, stderr : lines per audit, and the Monte Carlo standard error of that.
    none : share of the audits without such a line.
    by_measure : lines per audit of each measure that had any.
    """

    study: Mapping[str, int]
    asked: tuple[str, ...]
    runs: int
    mean: float
    stderr: float
    none: float
    by_measure: Mapping[str, float]


FARTHEST = 2.0
"""A study counts as of about a simulated size where no size is off by more than this factor."""


@cache
def null_audits() -> tuple[NullAudit, ...]:
    """Every simulated size, as `measurand calibrate --audits` wrote them."""
    text = files("measurand.data").joinpath("null_audits.json").read_text(encoding="utf-8")
    return tuple(NullAudit(**row) for row in json.loads(text)["audits"])


def null_audit(sizes: Mapping[str, int]) -> NullAudit | None:
    """The simulated size nearest to a study's; None where none is near, rather than a guess.

    Parameters
    ----------
    sizes : as of `NullAudit.study`.

    Examples
    --------
    >>> near = {"classes": 2, "models": 27, "families": 9, "benchmarks": 61, "capability": 12}
    >>> null_audit(near).study["models"], null_audit(near | {"benchmarks": 1000})
    (26, None)
    """
    distances = [
        [abs(math.log(max(sizes.get(name, 0), 0.1) / size)) for name, size in each.study.items()]
        for each in null_audits()
    ]
    near = [(sum(found), place) for place, found in enumerate(distances) if max(found) <= math.log(FARTHEST)]
    return null_audits()[min(near)[1]] if near else None
