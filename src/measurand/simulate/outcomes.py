"""What one simulated study yields: for each quantity, whether it happened, and how wide the interval was."""

from __future__ import annotations

import numpy as np

__all__ = ["Outcome", "add_coverage", "add_event"]

Outcome = dict[tuple[str, str, str], tuple[float, float]]
"""(quantity, what, truth) -> (1 if it happened, 0 if not, NaN if undefined; width of the interval or NaN)."""


def add_coverage(outcome: Outcome, what: str, name: str, truth: float, low: float, high: float) -> None:
    """Note whether an interval covers the truth; `name` says which truth."""
    defined = np.isfinite(low) and np.isfinite(high)
    hit = float(low <= truth <= high) if defined else np.nan
    outcome["coverage", what, name] = (hit, float(high - low))


def add_event(outcome: Outcome, quantity: str, what: str, truth: str, happened: bool) -> None:
    """Note whether a verdict was given: a false alarm where it would be wrong, power where it is right."""
    outcome[quantity, what, truth] = (float(happened), np.nan)
