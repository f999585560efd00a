"""What V12 says first, and its pictures: shares of developers and capability, developers as paths through time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from measurand.measures.shared import columns, finite, lines
from measurand.measures.validity.shared.by_class import intervals_figure
from measurand.measures.validity.shared.owners import ClassOwners, Owners, WhoseProperty
from measurand.results import Answer, Axis, Cell, Figure, Finding, Status, Table
from measurand.wording import p_text, percent, shown, value_of

__all__ = ["answer", "figure"]

MOST_POINTS = 10_000


def answer(result: WhoseProperty, findings: Sequence[Finding]) -> Answer | None:
    """Whose the benchmarks are, the share of developers from the greatest down, those of chat models first."""
    classes = sorted((part for part in result.classes if part.benchmarks), key=lambda part: part.panel.class_ != "chat")
    if not classes:
        return None
    headlines = [next(f for f in findings if f.headline and f.subject.get("class") == c.panel.class_) for c in classes]
    level = percent(result.level)
    return Answer(
        sentence=headlines[0].sentence,
        tables=tuple(
            _table(result, part, findings, f"{part.panel.class_} models" if len(classes) > 1 else "")
            for part in classes
        ),
        notes=(
            f"Shares of the variation between models that go with who made them and with how capable they are, with "
            f"{level} intervals; both are corrected for chance and average 0 where nothing is there.",
            "Between developers: the share as it is, which a few models per developer make large by chance; p: chance "
            "of such a difference between developers of equal capability, if none is there; it decides the verdict.",
            *(other.sentence for other in headlines[1:]),
        ),
        meaning="It speaks of these developers, and does not say what they did.",
        cautions=tuple((Status.CAUTION, caveat) for caveat in headlines[0].caveats),
    )


def _table(result: WhoseProperty, part: ClassOwners, findings: Sequence[Finding], title: str) -> Table:
    found = {
        f.subject["benchmark"]: f for f in findings if f.subject.get("class") == part.panel.class_ and not f.headline
    }
    rows = sorted((row for row in part.benchmarks if row.benchmark in found), key=lambda row: -row.shares.groups.value)
    return Table(
        head=("benchmark", "who made it", "how capable", "between developers", "by chance", "p", "it goes with"),
        rows=tuple(
            (
                result.names[row.benchmark],
                shown(own.estimate("developer_share")),
                shown(own.estimate("capability_share")),
                value_of(own.estimate("between_developers")),
                percent(row.between.chance),
                p_text(row.p_developer),
                own.short.removeprefix("goes with "),
            )
            for row in rows
            for own in (found[row.benchmark],)
        ),
        marks=tuple(found[row.benchmark].status for row in rows),
        right=(1, 2, 3, 4, 5),
        title=title,
        ends=True,
    )


def figure(result: WhoseProperty) -> list[Figure]:
    """The shares of each benchmark, and developers as paths through time on capability."""
    return [_shares_figure(result), _paths_figure(result)]


def _shares_figure(result: WhoseProperty) -> Figure:
    rows: list[tuple[Cell, ...]] = [
        (part.panel.class_, result.names[row.benchmark], what, *map(finite, limits))
        for part in result.classes
        for row in sorted(part.benchmarks, key=lambda row: -row.shares.groups.value)
        for what, limits in (("who made it", row.shares.groups), ("how capable it is", row.shares.capability))
    ]
    return intervals_figure(
        "V12.shares",
        "Whose property is it?",
        "Dots: shares of the variation between models that go with who made them and with how capable they are; bars: "
        f"{percent(result.level)} intervals. The rest is the models' own, or noise.",
        ("class", "benchmark", "what", "share", "low", "high"),
        rows,
        Axis("share", "share of the variation between models", domain=(0.0, 1.0)),
        color="what",
    )


def _paths_figure(result: WhoseProperty) -> Figure:
    rows = [
        cells
        for part in result.classes
        for row in part.benchmarks[: max(1, MOST_POINTS // len(part.panel.models))]
        for cells in _path(result, part, row)
    ]
    names = ("class", "benchmark", "developer", "model", "released", "capabilities score", "score", "low", "high")
    return lines(
        "V12.paths",
        "Developers on their way to more capable models",
        "Each dot is one model. A line joins those of a developer that were its most capable when they were released, "
        "from the oldest on the left to the newest; the other dots are its other models.",
        columns(names, rows),
        Axis("capabilities score", "how capable the model is in general (capabilities score)"),
        Axis("score", "benchmark score (higher is better)"),
        label="model",
        color="developer",
        select=("class", "benchmark"),
    )


def _path(result: WhoseProperty, part: ClassOwners, row: Owners) -> list[tuple[Cell, ...]]:
    """The models of one benchmark; a path holds the models more capable than all that their developer had before."""
    panel, s = part.panel, part.panel.component.scores
    y = panel.scores[:, panel.tested.index(row.benchmark)]
    best: dict[int, float] = {}
    rows: list[tuple[Cell, ...]] = []
    # A path needs dates: ISO ones sort as they are, those not known come last and are never on it.
    for i in sorted(row.models.tolist(), key=lambda i: (part.released[i] or "9", s[i])):
        code = int(panel.families[i])
        on_path = part.released[i] is not None and s[i] > best.get(code, -np.inf)
        if on_path:
            best[code] = float(s[i])
        # A line joins the rows that have limits; the others stand as dots.
        limit = float(y[i]) if on_path else None
        rows.append(
            (
                panel.class_,
                result.names[row.benchmark],
                panel.family_names[code],
                panel.models[i],
                part.released[i],
                float(s[i]),
                float(y[i]),
                limit,
                limit,
            )
        )
    return rows
