"""Estimates of shares and costs whose interval may be open on one side."""

from __future__ import annotations

from measurand.measures.shared import finite
from measurand.results import Estimate
from measurand.stats.intervals.limits import Limits

__all__ = ["bounded"]


def bounded(name: str, found: Limits, level: float, method: str, n: int | None = None, unit: str = "") -> Estimate:
    """An estimate whose limits may be on one side alone: a cost that was not reached has a lower bound.

    Examples
    --------
    >>> bounded("cost", Limits(float("inf"), 90.0, float("inf")), 0.95, "Kaplan-Meier").low
    90.0
    """
    value, low, high = map(finite, found)
    # Where many efforts cost the same, both limits fall on the value itself and would claim certainty.
    if low == high:
        low = high = None
    known = None if low is None and high is None else level
    return Estimate(name=name, value=value, low=low, high=high, level=known, method=method, n=n, unit=unit)
