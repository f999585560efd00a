"""Small pieces that several measures use to word and lay out what they found."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from measurand.errors import InputError
from measurand.results import Cell, Estimate, Finding, Status
from measurand.tables import UNCLASSED, Scores

__all__ = [
    "capital",
    "columns",
    "display_names",
    "estimate",
    "kind",
    "listed",
    "number",
    "overall",
    "plural",
    "require_fraction",
    "shown",
]


def number(value: float) -> float | None:
    """The value, or None where it is undefined: an undefined number is left out, never printed."""
    return float(value) if math.isfinite(value) else None


def estimate(
    name: str, value: float, low: float, high: float, *, level: float, method: str, n: int | None = None, unit: str = ""
) -> Estimate:
    """An `Estimate` of plain floats, with None for what is undefined."""
    bounds = (number(low), number(high))
    if None in bounds:
        bounds = (None, None)
    return Estimate(name, number(value), *bounds, None if bounds[0] is None else level, method, n, unit)


def shown(found: Estimate, digits: int = 2) -> str:
    """A number and its interval as a sentence shows them.

    Examples
    --------
    >>> shown(Estimate("rho", 0.812, 0.6, 0.9))
    '+0.81 [+0.60 to +0.90]'
    >>> shown(Estimate("rho", 0.812))
    '+0.81 [no interval]'
    """
    if found.value is None:
        return "undefined"
    if found.low is None or found.high is None:
        return f"{found.value:+.{digits}f} [no interval]"
    return f"{found.value:+.{digits}f} [{found.low:+.{digits}f} to {found.high:+.{digits}f}]"


def require_fraction(**settings: float) -> None:
    """Refuse a setting that does not lie in (0, 1).

    Raises
    ------
    InputError
        One that does not; the message names it and shows the value.

    Examples
    --------
    >>> require_fraction(level=95)
    Traceback (most recent call last):
    measurand.errors.InputError: level should be in (0, 1), got 95
    """
    for name, value in settings.items():
        if not 0 < value < 1:
            raise InputError(f"{name} should be in (0, 1), got {value}")


def kind(class_: str) -> str:
    """The class as an adjective before "models"; nothing where no classes are known.

    Examples
    --------
    >>> f"{kind('chat')}models", f"{kind('all')}models"
    ('chat models', 'models')
    """
    return "" if class_ == UNCLASSED else f"{class_} "


def overall(findings: Sequence[Finding]) -> Status:
    """Status of a headline: the worst of what it sums up; a caution unless every one passed; none if there is none."""
    statuses = {finding.status for finding in findings}
    if not statuses & {Status.ISSUE, Status.CAUTION, Status.PASSED}:
        return Status.NOT_APPLICABLE
    if Status.ISSUE in statuses:
        return Status.ISSUE
    return Status.PASSED if statuses == {Status.PASSED} else Status.CAUTION


def plural(count: int, noun: str) -> str:
    """The count with its noun: ``1 model``, ``2 models``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def capital(text: str) -> str:
    """The text as the beginning of a sentence; the rest stays as it is."""
    return text[0].upper() + text[1:]


def listed(names: Sequence[str]) -> str:
    """Names in a sentence.

    Examples
    --------
    >>> listed(["A"]), listed(["A", "B", "C"])
    ('A', 'A, B and C')
    """
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def columns(names: Sequence[str], rows: Sequence[Sequence[Cell]]) -> Mapping[str, tuple[Cell, ...]]:
    """Rows turned into a figure's named columns."""
    return {name: tuple(row[i] for row in rows) for i, name in enumerate(names)}


def display_names(scores: Scores) -> dict[str, str]:
    """The name to show for each benchmark."""
    return dict(zip(scores.benchmarks["benchmark"], scores.benchmarks["name"], strict=True))
