"""The measured error rates that ship with this version, as `measurand calibrate` wrote them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

__all__ = ["NullAudit", "Rate", "error_rates", "load", "null_audit", "null_audits", "read_rates", "regime", "summary"]


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
    runs : number of simulated studies.
    width : mean width of the interval, where `quantity` is coverage.
    run : ISO date on which the cell was run; empty where that was not kept.
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


@cache
def _shipped() -> str:
    return files("measurand.data").joinpath("calibration.json").read_text(encoding="utf-8")


def read_rates(text: str | bytes) -> tuple[Rate, ...]:
    """The rates in a file that `measurand calibrate` wrote, this version or an earlier one."""
    return tuple(Rate(**row) for row in json.loads(text)["rates"])


@cache
def load() -> tuple[Rate, ...]:
    """Every shipped rate."""
    return read_rates(_shipped())


def regime(code: str) -> str:
    """What the simulated studies of a measure draw, in words; empty for a measure that is not simulated.

    Examples
    --------
    >>> "unequal size" in regime("P2")
    True
    """
    return str(json.loads(_shipped()).get("regimes", {}).get(code, ""))


def summary(code: str) -> Mapping[str, str]:
    """One row on how often a measure is wrong over all its simulated studies; empty if it is not simulated.

    Coverage and false alarms at their worst, power from its least to its greatest, each with the study that had it.
    """
    rates = [rate for rate in load() if rate.code == code and not rate.what.startswith("candidate")]
    if not rates:
        return {}
    runs = sorted({max(r.runs for r in rates if r.study == rate.study) for rate in rates})
    covered, alarms, power = (
        [rate for rate in rates if rate.quantity == quantity and "ignored" not in rate.what]
        for quantity in ("coverage", "false_alarm", "power")
    )
    dates = sorted({rate.run for rate in rates if rate.run})
    return {
        "cells": str(len({tuple(rate.study.items()) for rate in rates})),
        "studies per cell": " to ".join(dict.fromkeys(f"{x:,}" for x in (runs[0], runs[-1]))),
        "least coverage": _told(min(covered, key=lambda rate: rate.rate)) if covered else "",
        "most false alarms": _told(max(alarms, key=lambda rate: rate.rate)) if alarms else "",
        "power": " to ".join(f"{end([rate.rate for rate in power]):.2f}" for end in (min, max)) if power else "",
        "run": " to ".join(dict.fromkeys((dates[0], dates[-1]))) if dates else "",
    }


def _told(rate: Rate) -> str:
    cell = ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in rate.study.items())
    return f"{rate.rate:.3f} ({rate.what.replace('_', ' ')}; {rate.truth}; {cell})"


def error_rates(code: str) -> tuple[Mapping[str, str], ...]:
    """The shipped rates of one measure as rows of text, with a Monte Carlo standard error beside each rate.

    Those of interval candidates that are not the default are left out: docs/calibration.md compares them.
    """
    return tuple(
        {
            "quantity": rate.quantity.replace("_", " "),
            "of": rate.what.replace("_", " "),
            **{name.replace("_", " "): f"{value:g}" for name, value in rate.study.items()},
            "truth": rate.truth,
            "measured": f"{rate.rate:.3f} ± {(rate.rate * (1 - rate.rate) / rate.runs) ** 0.5:.3f}",
            "runs": str(rate.runs),
        }
        for rate in load()
        if rate.code == code and not rate.what.startswith("candidate ")
    )


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
