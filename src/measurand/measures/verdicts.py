"""Verdicts, once: an interval held against a bound, many of them counted, and what could not be assessed."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from measurand.results import Estimate, Finding, Status
from measurand.stats.intervals.multiplicity import benjamini_hochberg, holm
from measurand.wording import plural

__all__ = [
    "VERDICTS",
    "Call",
    "Side",
    "Unassessed",
    "against",
    "called",
    "claims",
    "family",
    "headline",
    "overall",
    "tally",
    "unassessed",
    "verdict",
]

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


@dataclass(frozen=True)
class Call:
    """Where one estimate of a family lies: once all of them count, and by itself.

    Parameters
    ----------
    side, alone : where it clearly lies in the family, and judged alone; ``ACROSS`` where that cannot be told,
        ``UNKNOWN`` where its error is not known.
    p_value, adjusted : one-sided, against the claim that its point supports, and for the family; NaN where unknown.
    family : how many verdicts the family has.
    """

    side: Side
    alone: Side
    p_value: float
    adjusted: float
    family: int

    def meaning(self, words: Mapping[Side, str], noun: str = "benchmark") -> str:
        """What it means in words, and where it means more by itself than in its family, that it does.

        Parameters
        ----------
        words : what each side means.
        noun : what the family consists of.
        """
        if self.side is self.alone:
            return words[self.side]
        looked_at = f"the {plural(self.family, noun)} looked at"
        return f"judged on its own, {words[self.alone]}, but among {looked_at} that could be chance"


class Uncertainty(Protocol):
    """Estimates that can be held against a bound one-sided: `Uncertain` or `OnZScale`."""

    def p_above(self, bound: float) -> npt.NDArray[np.float64]: ...
    def p_below(self, bound: float) -> npt.NDArray[np.float64]: ...


def claims(
    value: npt.NDArray[np.float64], tests: Uncertainty, bound: float | tuple[float, float]
) -> tuple[list[Side], npt.NDArray[np.float64]]:
    """The side of a bound, or of two, that each point estimate supports, and the p-value against that it lies there.

    Above and below are tested against the nearer bound; between two bounds, both must be held off, so that the larger
    of two p-values counts (Berger 1982, Technometrics 24(4), intersection-union tests).

    Examples
    --------
    >>> from measurand.stats.intervals.one_sided import Uncertain
    >>> value = np.array([0.9, 0.0])
    >>> sides, p_values = claims(value, Uncertain(value, np.array([0.1, 0.2]), np.array([9.0, 9.0])), (-0.5, 0.5))
    >>> [side.value for side in sides], p_values.round(4).tolist()
    (['above', 'between'], [0.0016, 0.0169])
    """
    lower, upper = bound if isinstance(bound, tuple) else (bound, bound)
    p_values = {
        Side.ABOVE: tests.p_above(upper),
        Side.BELOW: tests.p_below(lower),
        Side.BETWEEN: np.maximum(tests.p_above(lower), tests.p_below(upper)),
    }
    sides = [Side.ABOVE if each >= upper else Side.BELOW if each <= lower else Side.BETWEEN for each in value.tolist()]
    return sides, np.array([p_values[side][place] for place, side in enumerate(sides)], np.float64)


def called(sides: Sequence[Side], p_values: npt.NDArray[np.float64], alpha: float) -> list[Call]:
    """Every claim of one family of verdicts, judged with all of them in view (Benjamini and Hochberg) and by itself.

    Parameters
    ----------
    sides : the side that each claims. p_values : one-sided, one for each; NaN where unknown, which does not count.
    alpha : rate of false claims: of one judged alone where nothing is there, and their share among those that hold in
        the family. Where an interval is shown at a level of 95%, this is 5%: what lies beyond a bound by the
        90% interval is false at the bound in 5%.

    Examples
    --------
    >>> first, second = called([Side.ABOVE, Side.ABOVE], np.array([0.04, 0.6]), 0.05)
    >>> first.side, first.alone
    (<Side.ACROSS: 'across'>, <Side.ABOVE: 'above'>)
    """
    adjusted = family(p_values, "bh")
    count = int(np.isfinite(p_values).sum())

    def judged(side: Side, p_value: float) -> Side:
        if math.isnan(p_value):
            return Side.UNKNOWN
        return side if p_value <= alpha else Side.ACROSS

    return [
        Call(judged(side, corrected), judged(side, p_value), p_value, corrected, count)
        for side, p_value, corrected in zip(sides, p_values.tolist(), adjusted.tolist(), strict=True)
    ]


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
    title: str = "",
    short: str = "",
    estimates: tuple[Estimate, ...] = (),
    caveats: tuple[str, ...] = (),
    figure: str | None = None,
) -> Finding:
    """What a measure says of the whole study, or of one class, with the status of what it sums up.

    `short` counts several; of a single one, its own stands.
    """
    return Finding(
        subject=subject or {},
        title=title,
        status=overall(each),
        sentence=sentence,
        short=each[0].short if len(each) == 1 else short,
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
            short="not assessed",
            headline=headline,
        )


def unassessed(rows: Sequence[Unassessed]) -> list[Finding]:
    """A visible row for everything that cannot be assessed."""
    return [row.finding() for row in rows]
