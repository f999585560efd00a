"""Words for what is spent."""

from __future__ import annotations

import math

__all__ = ["AMOUNTS", "amount", "bits_of"]

AMOUNTS = {"flop": "FLOP", "queries": "queries", "tokens": "tokens", "money": "money", "attempts": "attempts"}
"""Unit of a cost -> how it is called beside a number."""


def amount(value: float, unit: str) -> str:
    """A cost with its unit.

    Examples
    --------
    >>> amount(5.5e17, "flop"), amount(28.0, "queries"), amount(0.0312, "money"), amount(1.0, "queries")
    ('5.5e17 FLOP', '28 queries', '0.0312 (money)', '1 query')
    """
    if unit == "flop":
        return f"{value:.2g}".replace("e+", "e") + " FLOP"
    if unit == "money":
        return f"{value:.3g} (money)"
    if value == 1:
        return {"queries": "1 query", "attempts": "1 attempt", "tokens": "1 token"}[unit]
    return (f"{value:,.0f}" if value < 1e7 else f"{value:.3g}".replace("e+", "e")) + f" {AMOUNTS[unit]}"


def bits_of(attempts: float) -> float:
    """Selection among that many attempts, in bits at most; infinite for infinitely many.

    Examples
    --------
    >>> bits_of(32.0), bits_of(1.0)
    (5.0, 0.0)
    """
    return math.log2(attempts) if attempts > 0 else float("nan")
