"""Measures, one file each, by question. A measure is data: what it asks, how it is computed, judged and pictured."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from measurand.calibration import error_rates, regime, summary
from measurand.errors import UnknownName
from measurand.measures.answers import by_findings
from measurand.measures.verdicts import VERDICTS
from measurand.results import Answer, Figure, Finding, Question, Status
from measurand.tables import EVIDENCE

__all__ = ["ENTRY_POINTS", "Measure", "discover", "find"]

ENTRY_POINTS = "measurand.measures"
"""Entry point group in which other packages offer measures."""


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One measure of one of the four questions.

    Parameters
    ----------
    code, name : such as ``"V1"`` and ``"capabilities correlation"``.
    question : which of the four questions it helps answer.
    asks : what it asks, in plain words.
    needs : the evidence it needs, for the row that says it was not assessed.
    formula : the definition, in one or two lines.
    compute : pure function from evidence to a result. Its parameters ask for what it needs by name: the fields of
        `measurand.tables.Study` are evidence (required where the parameter has no default), ``rng`` is a generator
        seeded for this measure, any other keyword is a setting.
    judge : turns the result into findings; it alone holds thresholds.
    figure : turns the result into pictures as plain series; asks for the findings too if it shows verdicts.
    caveats, references : what a reader should know, and where the definition comes from.
    answer : turns the result into what a reader sees first; asks for the findings too if it rests on them. Without,
        or where it returns None, the sentences of the headlines stand above a row per finding.
    shorts : what a status means in at most seven words, for rows that do not say so themselves.
    counts : evidence made of plain numbers (``failures=0, trials=300``), where one thinks in counts: keyword arguments
        to a mapping of evidence by name.
    """

    code: str
    name: str
    question: Question
    asks: str
    needs: str
    formula: str
    compute: Callable[..., Any]
    judge: Callable[..., Sequence[Finding]]
    figure: Callable[..., Sequence[Figure]]
    caveats: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    answer: Callable[..., Answer | None] | None = None
    shorts: Mapping[Status, str] = field(default_factory=dict)
    counts: Callable[..., Mapping[str, Any]] | None = None

    @property
    def error_rates(self) -> tuple[Mapping[str, str], ...]:
        """What its intervals and verdicts yielded on simulated data whose truth is known, each where it is worst."""
        return error_rates(self.code)

    @property
    def worst_rates(self) -> Mapping[str, str]:
        """The summary of these rates, name to text; empty where none were measured."""
        return summary(self.code)

    @property
    def regime(self) -> str:
        """What the simulated data of these rates were like, in words; empty where none were simulated."""
        return regime(self.code)

    @property
    def title(self) -> str:
        """The label of its findings that have none of their own."""
        return self.name[:1].upper() + self.name[1:]

    def findings(self, result: Any, **settings: Any) -> tuple[Finding, ...]:
        """The findings of `judge`, labelled; settings of others are ignored."""
        own = {name: value for name, value in settings.items() if name in inspect.signature(self.judge).parameters}
        return self.labelled(self.judge(result, **own))

    def labelled(self, findings: Sequence[Finding]) -> tuple[Finding, ...]:
        """Findings under this measure's code, with a title and a verdict in short where they have none."""
        shorts = {Status.NOT_APPLICABLE: "not assessed", **self.shorts}
        return tuple(
            replace(
                finding,
                code=self.code,
                title=finding.title or self.title,
                short=finding.short or shorts.get(finding.status, ""),
            )
            for finding in findings
        )

    def figures(self, result: Any, findings: Sequence[Finding]) -> tuple[Figure, ...]:
        """The pictures of a result, of which some show the verdicts."""
        wanted = {"findings": findings} if "findings" in inspect.signature(self.figure).parameters else {}
        return tuple(self.figure(result, **wanted))

    def answers(self, result: Any, findings: Sequence[Finding]) -> Answer | None:
        """What a reader sees first; None where nothing could be assessed."""
        if not any(finding.status in VERDICTS for finding in findings):
            return None
        said = None
        if self.answer is not None:
            wanted = {"findings": findings} if "findings" in inspect.signature(self.answer).parameters else {}
            said = self.answer(result, **wanted)
        return by_findings(findings) if said is None else said

    @property
    def judges_findings(self) -> bool:
        """Whether it asks for the findings of the other measures."""
        return "findings" in inspect.signature(self.compute).parameters

    @property
    def settings(self) -> dict[str, object]:
        """Keyword settings of `compute` and `judge` with their defaults."""
        return {
            name: parameter.default
            for function in (self.compute, self.judge)
            for name, parameter in inspect.signature(function).parameters.items()
            if parameter.kind is parameter.KEYWORD_ONLY and name not in ("rng", *EVIDENCE)
        }


@cache
def discover() -> tuple[Measure, ...]:
    """Every measure of this package and of the entry point group, ordered by question and code.

    Examples
    --------
    >>> [measure.code for measure in discover()][:3]
    ['V1', 'V2', 'V3']
    """
    found = [
        module.MEASURE
        for info in pkgutil.walk_packages(__path__, "measurand.measures.")
        if hasattr(module := importlib.import_module(info.name), "MEASURE")
    ]
    found += [point.load() for point in entry_points(group=ENTRY_POINTS)]
    order = list(Question)
    # A measure that judges the findings of the others comes after them.
    return tuple(
        sorted(found, key=lambda m: (order.index(m.question), m.judges_findings, m.code[:1], int(m.code[1:] or 0)))
    )


def find(code: str) -> Measure:
    """The measure with that code (case does not matter).

    Raises
    ------
    UnknownName
        No measure has that code.
    """
    wanted = code.upper()
    if (module := _modules().get(wanted)) is not None:
        measure: Measure = importlib.import_module(module).MEASURE
        return measure
    measures = {measure.code: measure for measure in discover()}
    if wanted not in measures:
        raise UnknownName("measure", code, measures)
    return measures[wanted]


@cache
def _modules() -> Mapping[str, str]:
    """Module of each code, read off the files: to import them all, with what each computes with, takes seconds."""
    found = {}
    for folder in map(Path, __path__):
        for file in folder.glob("*/*.py"):
            if match := re.search(r'^MEASURE = Measure\(\n    code="(\w+)"', file.read_text("utf-8"), re.MULTILINE):
                found[match[1]] = f"{__name__}.{file.parent.name}.{file.stem}"
    return found
