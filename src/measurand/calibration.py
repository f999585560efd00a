"""The measured error rates that ship with this version, as `measurand calibrate` wrote them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

__all__ = ["Rate", "error_rates", "load"]


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
    """

    code: str
    quantity: Literal["coverage", "false_alarm", "power"]
    what: str
    study: Mapping[str, int | float]
    truth: str
    rate: float
    runs: int
    width: float | None = None


@cache
def load() -> tuple[Rate, ...]:
    """Every shipped rate."""
    text = files("measurand.data").joinpath("calibration.json").read_text(encoding="utf-8")
    return tuple(Rate(**row) for row in json.loads(text)["rates"])


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
