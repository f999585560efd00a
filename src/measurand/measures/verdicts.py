"""Verdicts, once: an interval held against a bound, many of them counted, and what could not be assessed."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Literal

import numpy as np
import numpy.typing as npt

from measurand.results import Estimate, Finding, Status
from measurand.stats.intervals.multiplicity import benjamini_hochberg, holm

__all__ = ["Side", "Unassessed", "against", "family", "headline", "overall", "tally", "unassessed", "verdict"]

VERDICTS = (Status.ISSUE, Status.CAUTION, Status.PASSED)
"""The statuses that judge, the worst first."""


class Side(Enum):
    """Where an interval lies: wholly above, below or (of two bounds) between, across, or nowhere for want of limits."""

    ABOVE = "above"
    BELOW = "below"
    BETWEEN = "between"
    ACROSS = "across"
    UNKNOWN = "unknown"


def against(low: float | None, high: float | None, bound: float | tuple[float, float]) -> Side:
    """Which side of a bound, or of two, an interval lies on.

    Parameters
    ----------
    low, high : limits of the interval; None or NaN where undefined.
    bound : one value, or the lower and the upper end of what does not matter.

    Examples
    --------
    >>> against(0.1, 0.4, 0.0), against(-0.1, 0.4, 0.0), against(-0.1, 0.4, (-0.5, 0.5)), against(None, None, 0.0)
    (<Side.ABOVE: 'above'>, <Side.ACROSS: 'across'>, <Side.BETWEEN: 'between'>, <Side.UNKNOWN: 'unknown'>)
    """
    lower, upper = bound if isinstance(bound, tuple) else (bound, bound)
    if low is None or high is None or math.isnan(low) or math.isnan(high):
        return Side.UNKNOWN
    if low > upper:
        return Side.ABOVE
    if high < lower:
        return Side.BELOW
    return Side.BETWEEN if lower < low and high < upper else Side.ACROSS


def verdict(side: Side, *, issue: Side | tuple[Side, ...] = (), passed: Side | tuple[Side, ...] = ()) -> Status:
    """The status that a side means: issue or passed where the interval lies wholly there, else caution.

    Examples
    --------
    >>> verdict(against(0.1, 0.4, 0.05), issue=Side.ABOVE, passed=Side.BELOW)
    <Status.ISSUE: 'issue'>
    """
    if side in (issue if isinstance(issue, tuple) else (issue,)):
        return Status.ISSUE
    return Status.PASSED if side in (passed if isinstance(passed, tuple) else (passed,)) else Status.CAUTION


def family(
    p_values: npt.NDArray[np.float64], correction: Literal["holm", "bh", "none"] = "holm"
) -> npt.NDArray[np.float64]:
    """P-values of one family of verdicts, adjusted for how many they are; NaN stays and does not count.

    Parameters
    ----------
    p_values : one for each verdict of the family.
    correction : ``holm`` bounds the chance of any false alarm, ``bh`` (Benjamini and Hochberg) the share of them.

    Examples
    --------
    >>> family(np.array([0.01, 0.04, np.nan])).round(2).tolist()
    [0.02, 0.04, nan]
    """
    if correction == "none":
        return p_values.copy()
    return (holm if correction == "holm" else benjamini_hochberg)(p_values)


def tally(findings: Sequence[Finding]) -> Counter[Status]:
    """How many findings ended in which status."""
    return Counter(finding.status for finding in findings)


def overall(findings: Sequence[Finding]) -> Status:
    """Status of a headline: the worst of what it sums up; a caution unless every one passed; none if there is none."""
    counts = tally(findings)
    if not any(counts[status] for status in VERDICTS):
        return Status.NOT_APPLICABLE
    if counts[Status.ISSUE]:
        return Status.ISSUE
    return Status.PASSED if set(counts) == {Status.PASSED} else Status.CAUTION


def headline(
    sentence: str,
    each: Sequence[Finding],
    *,
    subject: Mapping[str, str] | None = None,
    estimates: tuple[Estimate, ...] = (),
    caveats: tuple[str, ...] = (),
    figure: str | None = None,
) -> Finding:
    """What a measure says of the whole study, or of one class, with the status of what it sums up."""
    return Finding(
        subject=subject or {},
        status=overall(each),
        sentence=sentence,
        headline=True,
        estimates=estimates,
        caveats=caveats,
        figure=figure,
    )


@dataclass(frozen=True)
class Unassessed:
    """Of what nothing can be said, why, and what would be needed (nothing more, where no evidence would help)."""

    subject: Mapping[str, str]
    reason: str
    needs: str = ""

    def finding(self, *, headline: bool = False) -> Finding:
        """A visible row that says so."""
        needs = f"; needs {self.needs}" if self.needs else ""
        return Finding(
            subject=self.subject,
            status=Status.NOT_APPLICABLE,
            sentence=f"Not assessed: {self.reason}{needs}.",
            headline=headline,
        )


def unassessed(rows: Sequence[Unassessed]) -> list[Finding]:
    """A visible row for everything that cannot be assessed."""
    return [row.finding() for row in rows]
