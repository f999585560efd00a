"""The picture of models on the first screen: behind the leader, by rank, or by the intervals that a measure draws."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence

from measurand.report.hero.parts import MOST_ROWS, Count, Picture, Row, Shown, how_many, padded, span, ticks
from measurand.results import Answer, Audit, Cell, Figure, Finding, Status, Table
from measurand.wording import SHARE, agreeing, number, percent, plural, signed

__all__ = ["of_figure", "of_pairs", "of_ranks"]


def of_pairs(audit: Audit, answer: Answer) -> Shown:
    """Models behind the leader, on the average of the tasks or on the one there is."""
    table = answer.tables[0] if answer.tables else None
    if table is None or "model" not in table.head[:1]:
        return Shown()
    pairs = [f for f in audit.findings if f.code == "P2" and {"model", "other"} <= set(f.subject) and f.estimates]
    tasks = {finding.subject.get("benchmark") for finding in pairs}
    task = "average" if "average" in tasks else next(iter(tasks), None)
    leader = table.rows[0][0]
    behind: dict[str, tuple[Finding, float]] = {}
    for finding in pairs:
        names = (finding.subject["model"], finding.subject["other"])
        if finding.subject.get("benchmark") == task and leader in names:
            behind[names[names[0] == leader]] = (finding, -1.0 if names[0] == leader else 1.0)
    rows = [Row(name=leader, note=_noted(table, 0), tone="separate", word="leads", value=0.0, low=None, high=None,
                number=table.rows[0][1] if len(table.head) > 1 else "", limits="")]  # fmt: skip
    for place, (name, *_) in enumerate(table.rows):
        if name in behind:
            rows.append(_behind(name, _noted(table, place), *behind[name]))
    tones = Counter(row.tone for row in rows[1:])
    counts = (
        Count("separate", 1, "leads"),
        Count("open", tones["open"], "statistically tied with it"),
        Count("worse", tones["worse"], "clearly behind it"),
    )
    shown = rows[:MOST_ROWS]
    ends = [limit for row in shown for limit in (row.low, row.high) if limit is not None]
    if not ends:
        return Shown()
    domain = padded(min(ends), max(0.0, *ends))
    where = "on average" if task == "average" else f"on {task}" if task else ""
    picture = Picture(
        title=f"{how_many(len(shown), len(rows), 'model')} against {leader} {where}, in points".replace(" ,", ","),
        rows=tuple(shown),
        domain=domain,
        ticks=ticks(domain, lambda value: signed(100 * value, 0) if value else "0", 0.01),
        ends=("← behind", "", "ahead →"),
        line=0.0,
    )
    return Shown(picture, counts if len(rows) > 2 else (), plural(len(rows), "model"))


def _behind(name: str, note: str, finding: Finding, sign: float) -> Row:
    estimate = finding.estimates[0]
    value, *ends = (None if each is None else sign * each for each in (estimate.value, estimate.low, estimate.high))
    low, high = sorted(end for end in ends if end is not None) if None not in ends else (None, None)
    apart = finding.status is Status.PASSED
    return Row(
        name=name,
        note=note,
        tone="worse" if apart else "open",
        word="behind" if apart else "tied",
        value=value or 0.0,
        low=low,
        high=high,
        number=_in_points(value or 0.0),
        limits=span(low, high, _in_points),
    )


def _in_points(value: float) -> str:
    return signed(100 * value, 1)


def _noted(table: Table, place: int) -> str:
    """Score and group of a row of the measure's table."""
    cells = dict(zip(table.head, table.rows[place], strict=True))
    told = [f"{name} {cells[name]}" for name in ("score", "average", "group") if cells.get(name)]
    return ", ".join(told)


def of_ranks(audit: Audit) -> Shown:
    """The first models of an arena, by how many of them could stand first."""
    held = next((f.result for f in audit.findings if f.code == "P10" and "best_rank" in f.result), {})
    columns = [held.get(name) for name in ("model", "best_rank", "worst_rank")]
    if not all(isinstance(column, tuple | list) for column in columns):
        return Shown()
    rows = [
        _rank(place, str(name), float(best), float(worst))
        for place, (name, best, worst) in enumerate(zip(*columns, strict=True), start=1)
    ]
    shown, first = rows[:MOST_ROWS], sum(row.tone == "separate" for row in rows)
    counts = (
        Count("separate", first, "could be first" if first > 1 else "is first"),
        Count("open", len(rows) - first, f"{agreeing(len(rows) - first, 'is')} clearly behind"),
    )
    domain = (1.0, max(2.0, *(row.high or 1 for row in shown)))
    picture = Picture(
        title=f"{how_many(len(shown), len(rows), 'model')} by rank",
        rows=tuple(shown),
        domain=domain,
        ticks=ticks(domain, lambda value: number(value, 0), 1.0),
        ends=("← better", "", "worse →"),
    )
    return Shown(picture, counts, plural(len(rows), "model"))


def _rank(place: int, name: str, best: float, worst: float) -> Row:
    first = best <= 1
    return Row(
        name=name,
        note="",
        tone="separate" if first else "open",
        word="could be first" if first and worst > 1 else "first" if first else "",
        value=float(place),
        low=best,
        high=worst,
        number=f"{place}",
        limits=f"{best:.0f} to {worst:.0f}",
    )


def of_figure(audit: Audit, code: str) -> Shown:
    """The first rows of the measure's first picture of intervals, the greatest value first."""
    figure = next((f for f in audit.figures.values() if f.name.startswith(f"{code}.") and _drawable(f)), None)
    if figure is None or figure.low is None or figure.high is None:
        return Shown()
    names, *numbers = (figure.columns[name] for name in (figure.y.column, figure.x.column, figure.low, figure.high))
    units = {f.estimates[0].unit for f in audit.findings if f.code == code and not f.headline and f.estimates}
    write = percent if units == {SHARE} else number
    places: dict[Cell, int] = {}
    for place, name in enumerate(names):
        chosen = all(figure.columns[column][place] == figure.columns[column][0] for column in figure.select)
        if chosen and _finite(numbers[0][place]) is not None:
            places.setdefault(name, place)  # of a row drawn twice, in two ways, the first is the measure's own
    rows = [_plain(str(name), [_finite(column[place]) for column in numbers], write) for name, place in places.items()]
    rows.sort(key=lambda row: -row.value)
    shown = rows[:MOST_ROWS]
    if not shown:
        return Shown()
    ends = [end for row in shown for end in (row.value, row.low, row.high) if end is not None]
    domain = padded(min(ends), max(ends))
    choice = ", ".join(str(figure.columns[column][0]) for column in figure.select)
    where = f" on {choice}" if choice and choice != "all" else ""
    what = figure.y.column if figure.y.column.isalpha() else "row"
    picture = Picture(
        title=f"{how_many(len(shown), len(rows), what)} by {figure.x.title}{where}",
        rows=tuple(shown),
        domain=domain,
        ticks=ticks(domain, write, 0.0),
        ends=("← lower", "", "higher →"),
    )
    return Shown(picture, (), plural(len(rows), what) if len(rows) > len(shown) else "")


def _drawable(figure: Figure) -> bool:
    return figure.kind == "intervals" and bool(figure.low and figure.high and figure.columns[figure.y.column])


def _finite(value: Cell) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def _plain(name: str, numbers: Sequence[float | None], write: Callable[[float], str]) -> Row:
    value, low, high = numbers
    at = value or 0.0
    return Row(name=name, note="", tone="separate", word="", value=at, low=low, high=high, number=write(at),
               limits=span(low, high, write))  # fmt: skip
