"""What an audit says: estimates, findings, figures. Plain frozen data, no behaviour beyond what it holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any, Literal

__all__ = [
    "AVERAGE",
    "NOTEBOOK",
    "Answer",
    "Audit",
    "Axis",
    "Brief",
    "Estimate",
    "Figure",
    "Finding",
    "Gate",
    "GateRow",
    "GateVerdict",
    "Provenance",
    "Question",
    "Source",
    "Status",
    "Table",
    "in_notebook",
]

Cell = str | float | int | bool | None
"""One value of a figure's column: what JSON can hold."""


NOTEBOOK: dict[type, Callable[[Any], str]] = {}
"""How a notebook shows each kind of record, as HTML. `measurand.api` fills it in: plain data does not draw itself."""


class Brief:
    """A record that shows itself in a few words: the sizes of what it holds, never the contents.

    Examples
    --------
    >>> @dataclass(frozen=True, repr=False)
    ... class Fit(Brief):
    ...     slope: float
    ...     residuals: tuple[float, ...]
    >>> Fit(0.51234, (0.1, -0.1))
    Fit(slope=0.512, residuals=2 values)
    """

    def __repr__(self) -> str:
        held = ", ".join(f"{each.name}={_brief(getattr(self, each.name))}" for each in fields(self))  # type: ignore[arg-type]
        return f"{type(self).__name__}({held})"

    def _repr_html_(self) -> str | None:
        return in_notebook(self)


def _brief(value: object) -> str:
    if value is None or isinstance(value, bool | int):
        return str(value)
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, str):
        return repr(value if len(value) <= 40 else value[:39] + "…")
    if isinstance(size := getattr(value, "height", None), int):
        return f"{size:,} rows"
    if isinstance(shape := getattr(value, "shape", None), tuple):
        return " x ".join(map(str, shape)) + " array" if shape else f"{value}"
    if isinstance(value, Sequence | Mapping):
        return f"{len(value):,} {'value' if len(value) == 1 else 'values'}"
    return repr(value) if isinstance(value, Brief) else type(value).__name__


def in_notebook(record: object) -> str | None:
    """As `NOTEBOOK` shows the nearest of its types; None, which means the text, where it knows none."""
    return next((NOTEBOOK[kind](record) for kind in type(record).__mro__ if kind in NOTEBOOK), None)


class Question(StrEnum):
    """The four questions an audit answers."""

    VALIDITY = "validity"
    PRECISION = "precision"
    GAMING = "gaming"
    FORECAST = "forecast"


class Status(StrEnum):
    """How a finding ended. A verdict looks at how sure an estimate is, never at the point alone.

    ``issue``: clearly on the bad side; ``passed``: clearly on the good side; ``caution``: neither. Clearly is one-sided
    at 5% where the interval shown is the 95% one, and once all verdicts of a family count, where there are many;
    ``not_applicable``: the evidence cannot answer; ``skipped``: not asked for; ``error``: the measure failed.
    """

    ISSUE = "issue"
    CAUTION = "caution"
    PASSED = "passed"
    NOT_APPLICABLE = "not_applicable"
    SKIPPED = "skipped"
    ERROR = "error"


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A number with its interval.

    Parameters
    ----------
    name : machine-readable name, such as ``"capabilities_correlation"``.
    value : the point estimate, or None where it is undefined.
    low, high : interval limits, or None where no interval is defined.
    level : confidence level of the interval, in (0, 1).
    method : how the interval was made.
    n : number of models (or items, clusters) behind it.
    unit : unit of value, low and high; empty for a pure number.
    """

    name: str
    value: float | None
    low: float | None = None
    high: float | None = None
    level: float | None = None
    method: str = ""
    n: int | None = None
    unit: str = ""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One verdict of one measure on one subject.

    Parameters
    ----------
    code, title : the measure's code, such as ``"V1"``, and a short label; the measure fills them in.
    subject : what it speaks of, such as ``{"benchmark": "mmlu", "class": "chat"}``; empty for the whole study.
    status, sentence : the verdict, and the one sentence a policy reader needs.
    estimates : the numbers behind it.
    caveats : what this verdict does not cover.
    figure : name of the figure in `Audit.figures` that shows it, if any.
    headline : whether it speaks for its measure (on the study or a class of models), rather than of one row among many.
    short : the verdict in at most seven words, for a row of a table: "tracks capability".
    result : further plain values, for those who build on the JSON.
    """

    code: str = ""
    subject: Mapping[str, str] = field(default_factory=dict)
    title: str = ""
    status: Status
    sentence: str
    headline: bool = False
    short: str = ""
    estimates: tuple[Estimate, ...] = ()
    caveats: tuple[str, ...] = ()
    figure: str | None = None
    result: Mapping[str, Cell | Sequence[Cell]] = field(default_factory=dict)

    def estimate(self, name: str) -> Estimate:
        """The estimate of that name; KeyError if this finding has none."""
        for estimate in self.estimates:
            if estimate.name == name:
                return estimate
        raise KeyError(name)

    def _repr_html_(self) -> str | None:
        return in_notebook(self)


@dataclass(frozen=True)
class Axis:
    """A figure's axis: the column it shows, its title with unit, and its scale."""

    column: str
    title: str
    scale: Literal["linear", "log", "nominal"] = "linear"
    domain: tuple[float, float] | None = None


@dataclass(frozen=True, kw_only=True, repr=False)
class Figure:
    """A picture as plain series; drawing it is the report's business.

    Parameters
    ----------
    name : unique in an audit, ``CODE.what``, such as ``"V1.intervals"``.
    kind : ``intervals`` (a dot and a bar a row; x is the value, y the row's name), ``scatter`` (points, with a fitted
        line if `fit`), ``lines`` (one line a colour; beside a band, named rows without limits are dots that no line
        joins), ``heatmap`` (x, y nominal; `color` is the value shown),
        ``violin`` (densities in a row for each y: `low` to `high` is the outline at x, within -1 to 1; the first
        `color` is filled, others are outlined; a row with a `label` is a tick at x).
    columns : name -> values, all of one length, one row a mark.
    low, high : columns of the interval, for ``intervals`` (along x), ``scatter`` and ``lines`` (a band) along y.
    label : column named on hover.
    color : column that colours the mark.
    group : column that splits the picture into rows of panels.
    select : columns of which the viewer chooses one value at a time.
    rules : reference lines, on x for ``intervals``, on y otherwise.
    """

    name: str
    kind: Literal["intervals", "scatter", "lines", "heatmap", "violin"]
    title: str
    caption: str
    columns: Mapping[str, tuple[Cell, ...]]
    x: Axis
    y: Axis
    low: str | None = None
    high: str | None = None
    label: str | None = None
    color: str | None = None
    group: str | None = None
    select: tuple[str, ...] = ()
    rules: tuple[float, ...] = ()
    fit: bool = False

    def __post_init__(self) -> None:
        lengths = {len(values) for values in self.columns.values()}
        if len(lengths) > 1:
            raise ValueError(f"figure {self.name}: columns should have one length, got {sorted(lengths)}")

    def __repr__(self) -> str:
        marks = max(map(len, self.columns.values()), default=0)
        return f"Figure({self.name!r}, {self.kind}, {self.title!r}, {marks} marks)"

    def _repr_html_(self) -> str | None:
        return in_notebook(self)


@dataclass(frozen=True, kw_only=True)
class Table:
    """A small table for people, its cells written as `measurand.wording` writes them.

    Parameters
    ----------
    head : names of the columns; empty ones where the cells need no name.
    rows : cells, a tuple per row, in the order that was asked for: best or worst first.
    marks : status of each row; empty where rows are no verdicts.
    right : places of the columns that are set on the right, as numbers are.
    title : what it shows, where that is not what was asked.
    ends : whether the last rows matter as much as the first, where not all fit.
    """

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    marks: tuple[Status | None, ...] = ()
    right: tuple[int, ...] = ()
    title: str = ""
    ends: bool = False

    def __post_init__(self) -> None:
        if wrong := {len(row) for row in self.rows} - {len(self.head)}:
            raise ValueError(f"rows should have {len(self.head)} cells, got {wrong}")
        if self.marks and len(self.marks) != len(self.rows):
            raise ValueError(f"{len(self.rows)} rows have {len(self.marks)} marks")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a reader sees first: the answer in a sentence, a table, and what decides its meaning.

    Parameters
    ----------
    sentence : the answer, with the names and the number that were asked for.
    tables : the rows it rests on.
    notes : what the numbers are: unit, level, method.
    meaning : what the answer does not say, where a reader would take it to.
    cautions : what limits it, worst first: status and sentence.
    """

    sentence: str
    tables: tuple[Table, ...] = ()
    notes: tuple[str, ...] = ()
    meaning: str = ""
    cautions: tuple[tuple[Status, str], ...] = ()


@dataclass(frozen=True)
class Source:
    """A file that was read: its name, the SHA-256 of its bytes, and how many rows it gave."""

    path: str
    sha256: str
    format: str
    rows: int


@dataclass(frozen=True)
class Provenance:
    """Where an audit's evidence came from, what was done to it on the way in, and the versions that did it.

    Where experiments gathered it, `made_for` holds the codes of the measures for which they did.
    """

    title: str
    sources: tuple[Source, ...]
    notes: tuple[str, ...]
    versions: Mapping[str, str]
    made_for: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Audit:
    """Findings of every measure, the figures they point to, and what would reproduce them.

    Parameters
    ----------
    findings, figures : of the measures asked.
    provenance : where the evidence came from.
    settings : of each measure asked, by code: setting -> value, as JSON holds it.
    seed : of the random numbers.
    asked : codes of the measures that were asked.
    answers : what each measure that gave a verdict says first, by code.
    sizes : of the scores, where there are any: classes, models and families per class, benchmarks under test and
        capability benchmarks; how often nothing is called an issue depends on them.
    date : day it was made, ISO; empty where nobody said.
    """

    findings: tuple[Finding, ...]
    figures: Mapping[str, Figure]
    provenance: Provenance
    settings: Mapping[str, Mapping[str, Any]]
    seed: int
    asked: tuple[str, ...] = ()
    answers: Mapping[str, Answer] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)
    date: str = ""

    def _repr_html_(self) -> str | None:
        return in_notebook(self)


GateVerdict = Literal["worse", "not worse", "open"]

AVERAGE = "average"
"""Name of the row of a gate in which the tasks weigh the same."""


@dataclass(frozen=True, kw_only=True)
class GateRow:
    """The candidate against the baseline on one task, or on average.

    Parameters
    ----------
    name : the task.
    baseline, candidate : mean scores on the items both ran.
    difference : candidate minus baseline with its interval, not adjusted for the number of tasks.
    p_worse : of a loss no greater than the margin, adjusted for the tasks and the average (Holm).
    p_not_worse : of a loss at least as great as the margin.
    verdict : worse by more than the margin, shown not to be, or neither.
    n, clusters : items both ran, and the clusters they are in (as many where they are independent).
    needed : items, or clusters, that would show two equal models not to differ by the margin 4 times in 5; None where
        the verdict is not open.
    """

    name: str
    baseline: float
    candidate: float
    difference: Estimate
    p_worse: float
    p_not_worse: float
    verdict: GateVerdict
    n: int
    clusters: int
    needed: int | None


@dataclass(frozen=True, kw_only=True)
class Gate:
    """What holding a candidate against a baseline gives.

    Parameters
    ----------
    candidate, baseline : names of the models.
    margin, alpha : the loss tolerated, in shares, and the level of each test.
    rows : one per task, the greatest loss first, then the average where there are several.
    left_out : tasks that could not be compared, and why.
    """

    candidate: str
    baseline: str
    margin: float
    alpha: float
    rows: tuple[GateRow, ...]
    left_out: tuple[tuple[str, str], ...]

    @property
    def verdict(self) -> GateVerdict:
        """Worse if any row is; not worse if every row is shown not to be; else open."""
        found = {row.verdict for row in self.rows}
        return "worse" if "worse" in found else "open" if "open" in found else "not worse"
