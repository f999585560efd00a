"""Words for what is spent."""

from __future__ import annotations

import math

from measurand.stats.intervals.limits import Limits
from measurand.wording import interval, number

__all__ = ["AMOUNTS", "amount", "bits_of", "limits_in"]

AMOUNTS = {"flop": "FLOP", "queries": "queries", "tokens": "tokens", "money": "money", "attempts": "attempts"}
"""Unit of a cost -> how it is called beside a number."""
ONE = {"queries": "query", "attempts": "attempt", "tokens": "token"}
"""Units that are counted -> one of them."""


def amount(value: float, unit: str) -> str:
    """A cost with its unit.

    Examples
    --------
    >>> amount(5.5e17, "flop"), amount(28.0, "queries"), amount(0.0312, "money"), amount(1.0, "queries")
    ('5.50e+17 FLOP', '28 queries', '0.0312 (money)', '1 query')
    """
    of = "(money)" if unit == "money" else ONE[unit] if value == 1 and unit in ONE else AMOUNTS[unit]
    return f"{_in(unit, value)} {of}"


def limits_in(unit: str, found: Limits) -> str:
    """Limits of a cost, in brackets.

    Examples
    --------
    >>> limits_in("queries", Limits(20.0, 5.0, math.inf))
    '[5, –]'
    """
    return interval(found.low, found.high, lambda value: _in(unit, value))


def _in(unit: str, value: float) -> str:
    return number(value, 0 if unit in ONE else None)


def bits_of(attempts: float) -> float:
    """Selection among that many attempts, in bits at most; infinite for infinitely many.

    Examples
    --------
    >>> bits_of(32.0), bits_of(1.0)
    (5.0, 0.0)
    """
    return math.log2(attempts) if attempts > 0 else float("nan")
