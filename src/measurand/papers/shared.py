"""What the sections of a paper share: what is asked, whom it names, how numbers are set in its tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from measurand.auditing import audit, versions
from measurand.calibration import summary
from measurand.errors import InputError
from measurand.measures import Measure, find
from measurand.measures.validity.shared.panel import Missing
from measurand.names import resolved
from measurand.report.paper import Said
from measurand.report.paper_figures import MOST_ROWS, Row
from measurand.results import Audit, Estimate, Status
from measurand.tables import Study
from measurand.wording import interval, number, percent

__all__ = [
    "Asked",
    "Cannot",
    "audited",
    "calibrated",
    "chosen",
    "citing",
    "computed",
    "drawn",
    "references",
    "row",
    "tabled",
    "with_interval",
]

MOST_UNNAMED = 5
"""Benchmarks that a paper is about without their being named: of more, someone has to choose."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a paper is about, and how its numbers are computed.

    Parameters
    ----------
    benchmarks : those it is about; None for all there are, where they are few.
    class_ : the class of models, where there are several.
    unit : of the scores, where it is known better than the table says; such as ``"%"``.
    level, threshold, missing, resamples : settings of the measures.
    seed : of the random numbers.
    """

    benchmarks: tuple[str, ...] | None = None
    class_: str | None = None
    unit: str | None = None
    level: float = 0.95
    threshold: float = 0.5
    missing: Missing = "complete"
    resamples: int = 1000
    seed: int = 0

    def settings(self, measure: Measure) -> dict[str, Any]:
        """Of these, the settings that a measure has."""
        return {each.name: getattr(self, each.name) for each in fields(self) if each.name in measure.settings}

    @property
    def interval(self) -> str:
        """The head of a column of intervals, as TeX."""
        return rf"[{percent(self.level).replace('%', chr(92) + '%')} CI]"


class Cannot(Exception):
    """Why there is nothing for a section to say."""


def audited(study: Study, asked: Asked, *codes: str) -> Audit:
    """What the measures found.

    Raises
    ------
    Cannot
        The first of them could not be computed.
    """
    measures = [find(code) for code in codes]
    found = audit(study, measures, settings={each.code: asked.settings(each) for each in measures}, seed=asked.seed)
    of_first = [finding for finding in found.findings if finding.code == codes[0]]
    if len(of_first) == 1 and of_first[0].status in (Status.NOT_APPLICABLE, Status.ERROR):
        raise Cannot(of_first[0].sentence)
    return found


def chosen(asked: Asked, known: Sequence[str], names: Mapping[str, str] | None = None) -> list[str]:
    """The benchmarks that a paper is about, by their ids or by the names that are shown.

    Raises
    ------
    InputError
        None is named where there are many; or one that is not there.
    """
    if asked.benchmarks is None:
        if len(known) > MOST_UNNAMED:
            some = ", ".join(known[:3])
            raise InputError(f"a paper could be about any of {len(known)} benchmarks ({some}, ...): name its own")
        return list(known)
    ids = {shown: name for name, shown in (names or {}).items()}
    return [resolved("benchmark", ids.get(name, name), known) for name in asked.benchmarks]


def citing(measure: Measure, *authors: str) -> tuple[str, ...]:
    """The references of a measure that begin with one of the names."""
    return tuple(reference for reference in measure.references if reference.startswith(authors))


def calibrated(code: str, **like: float) -> list[Said]:
    """How often the measure was wrong in simulated studies, like this one, whose truth is known."""
    rates = summary(code, **like)
    told = (
        ("most false alarms", "the share of wrong verdicts was at most"),
        ("least coverage", "the coverage of intervals at least"),
    )
    parts = [f"{words} {rates[name]}" for name, words in told if name in rates]
    if not parts:
        return []
    return [Said(f"In simulated studies whose truth is known ({rates['studies']}), {', and '.join(parts)}.")]


def computed(seed: int, random: str = "") -> Said:
    """By which version, and with which random numbers."""
    made = f"Computed with measurand {versions()['measurand']}"
    return Said(f"{made}; {random}, seed {seed}." if random else f"{made}.")


def references(*measures: Measure) -> tuple[str, ...]:
    """All that the measures state."""
    return tuple(dict.fromkeys(reference for measure in measures for reference in measure.references))


def row(model: str, found: Estimate, *, shares: bool, filled: bool = True) -> Row:
    """A model in a forest; shares in percent."""
    factor = 100.0 if shares else 1.0
    value, low, high = (None if each is None else factor * each for each in (found.value, found.low, found.high))
    return Row(model, value or 0.0, low, high, filled)


def drawn(caption: str, rows: int) -> str:
    """A caption that says of how many rows a picture shows the first."""
    return caption if rows <= MOST_ROWS else f"{caption} The first {MOST_ROWS} of {rows}."


def tabled(value: float | None, shares: bool) -> str:
    """A number in a column: shares in percent with one decimal, so that decimals stand below each other.

    Examples
    --------
    >>> tabled(0.79, True), tabled(1234.5, False)
    ('79.0', '1,234')
    """
    return number(value if value is None or not shares else 100 * value, 1 if shares else None)


def with_interval(found: Estimate, shares: bool) -> str:
    """A number in a column with its interval."""
    limits = interval(found.low, found.high, lambda end: tabled(end, shares))
    return f"{tabled(found.value, shares)} {limits}".rstrip()
