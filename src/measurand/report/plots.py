"""Pictures drawn as SVG for the explorer, whose marks are links: no script is needed to look or to click."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from measurand.report.hero.parts import padded, ticks
from measurand.wording import percent, plain, signed

__all__ = ["Dot", "Span", "bar", "curve", "scatter", "spans"]

WIDE, HIGH = 640.0, 440.0
LEFT, RIGHT, TOP, BOTTOM = 52.0, 14.0, 26.0, 44.0
"""Room around the marks for the axes."""

LETTER, LINE = 6.9, 14.0
"""Width of a letter and height of a line of the labels, in units of the picture."""
BOLD = 7.6
"""Width of a letter that stands out."""
MOST_LABELS, MOST_NAME, MOST_WAYS = 9, 30, 120


@dataclass(frozen=True, kw_only=True)
class Dot:
    """A mark with a name.

    Parameters
    ----------
    x, y : where.
    link : what a click leads to. told : what that does.
    crossed : whether it is left out.
    """

    name: str
    x: float
    y: float
    link: str
    told: str
    crossed: bool = False


@dataclass(frozen=True, kw_only=True)
class Span:
    """A row: a value with its interval.

    Parameters
    ----------
    tone : of the verdict, as the page's colours are called.
    """

    name: str
    value: float
    low: float
    high: float
    tone: str
    number: str
    word: str


def scatter(
    dots: Sequence[Dot], line: Sequence[tuple[float, float]], *, x_title: str, y_title: str, shares: bool
) -> Markup:
    """Dots that are links, the line that is expected, and names at the dots that stand out.

    Parameters
    ----------
    line : its ends. shares : whether y is a share, written in percent.
    """
    xs, ys = [dot.x for dot in dots], [dot.y for dot in dots]
    ends = [y for _, y in line]
    x_domain, y_domain = padded(min(xs), max(xs)), padded(min(*ys, *ends), max(*ys, *ends))

    def across(x: float) -> float:
        return LEFT + (x - x_domain[0]) / (x_domain[1] - x_domain[0]) * (WIDE - LEFT - RIGHT)

    def down(y: float) -> float:
        return HIGH - BOTTOM - (y - y_domain[0]) / (y_domain[1] - y_domain[0]) * (HIGH - TOP - BOTTOM)

    write: Callable[[float], str] = percent if shares else _tick
    parts = [_y_axis(y_domain, down, write), _x_axis(x_domain, across)]
    parts.append(_text(LEFT - 44, 14, y_title, "axis start"))
    parts.append(_text(WIDE - RIGHT, HIGH - 8, x_title, "axis end"))
    (x1, y1), (x2, y2) = line
    parts.append(
        Markup('<line class="expected" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>').format(
            across(x1), down(y1), across(x2), down(y2)
        )
    )
    placed = [(dot, across(dot.x), down(dot.y)) for dot in dots]
    # Left out ones are drawn last, so that no dot hides them.
    parts += [_mark(dot, x, y, write) for dot, x, y in sorted(placed, key=lambda each: each[0].crossed)]
    parts += _labels(placed, line)
    return Markup('<svg class="scatter" viewBox="0 0 {:g} {:g}" role="group" aria-label="{}">{}</svg>').format(
        WIDE, HIGH, f"{plain(y_title)} by {plain(x_title)}", Markup("").join(parts)
    )


def _mark(dot: Dot, x: float, y: float, write: Callable[[float], str]) -> Markup:
    # Escaped here and put together as plain text: a picture has hundreds of marks, and is drawn at every change.
    link, told = escape(dot.link), escape(plain(f"{dot.name}: {write(dot.y)}. {dot.told}"))
    shape = f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5.5"/>'
    if dot.crossed:
        shape = f'<path d="M{x:.1f} {y:.1f}m-6-6l12 12m0-12l-12 12"/>'
    return Markup(
        f'<a href="{link}" hx-get="{link}" hx-push-url="true" class="mark{" out" * dot.crossed}" aria-label="{told}">'
        # A larger target than what is seen.
        f'<title>{told}</title><circle class="target" cx="{x:.1f}" cy="{y:.1f}" r="12"/>{shape}</a>'
    )


def _labels(placed: Sequence[tuple[Dot, float, float]], line: Sequence[tuple[float, float]]) -> list[Markup]:
    """Names of what is left out, of both ends and of what lies farthest off the line, where they hide nothing."""
    (x1, y1), (x2, y2) = line
    slope = (y2 - y1) / ((x2 - x1) or 1.0)

    def off(dot: Dot) -> float:
        return abs(dot.y - y1 - slope * (dot.x - x1))

    by_x = sorted(placed, key=lambda each: each[0].x)
    wanted = [each for each in placed if each[0].crossed]
    wanted += [by_x[0], by_x[-1], *sorted(placed, key=lambda each: -off(each[0]))]
    taken = [(x - 6, y - 6, x + 6, y + 6) for _, x, y in placed]
    parts, named = [], set[str]()
    for dot, x, y in wanted:
        if dot.name in named or len(named) >= MOST_LABELS:
            continue
        wide = LETTER * len(dot.name)
        beside = ((x + 10, y - 7, "start"), (x - 10 - wide, y - 7, "end"))
        around = (*beside, (x - wide / 2, y - 22, "middle"), (x - wide / 2, y + 9, "middle"), (x + 10, y + 2, "start"))
        for left, top, side in around:
            box = (left, top, left + wide, top + LINE)
            inside = box[0] >= LEFT and box[2] <= WIDE and box[1] >= TOP - 12 and box[3] <= HIGH - BOTTOM
            if inside and not any(_meet(box, other) for other in taken if other != (x - 6, y - 6, x + 6, y + 6)):
                at = {"start": left, "end": left + wide, "middle": left + wide / 2}[side]
                parts.append(_text(at, top + 11, dot.name, f"label {side}{' out' if dot.crossed else ''}"))
                taken.append(box)
                named.add(dot.name)
                break
    return parts


Box = tuple[float, float, float, float]


def _meet(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _y_axis(domain: tuple[float, float], down: Callable[[float], float], write: Callable[[float], str]) -> Markup:
    lines = [
        Markup('<line class="grid" x1="{:g}" x2="{:g}" y1="{:.1f}" y2="{:.1f}"/>{}').format(
            LEFT, WIDE - RIGHT, down(value), down(value), _text(LEFT - 8, down(value) + 4, text, "axis end")
        )
        for value, text in ticks(domain, write, 0.0)
    ]
    return Markup("").join(lines)


def _x_axis(domain: tuple[float, float], across: Callable[[float], float]) -> Markup:
    floor = HIGH - BOTTOM
    lines = [
        Markup('<line class="zero" x1="{:g}" x2="{:g}" y1="{:g}" y2="{:g}"/>').format(LEFT, WIDE - RIGHT, floor, floor)
    ]
    lines += [_text(across(value), floor + 16, text, "axis middle") for value, text in ticks(domain, _tick, 0.0)]
    return Markup("").join(lines)


def _tick(value: float) -> str:
    """A round value at an axis."""
    return f"{value:.6g}".replace("-", "−")


def _text(x: float, y: float, text: str, classes: str) -> Markup:
    return Markup(f'<text class="{classes}" x="{x:.1f}" y="{y:.1f}">{escape(plain(text))}</text>')


def spans(
    rows: Sequence[Span],
    *,
    domain: tuple[float, float],
    marks: Sequence[tuple[float, str]],
    tints: Sequence[tuple[str, float, float]] = (),
    ends: tuple[str, str] = ("", ""),
) -> Markup:
    """Rows of values with their intervals on one axis.

    Parameters
    ----------
    domain : the ends of the axis. marks : values written along it, with their text.
    tints : tone, from and to of what is set off. ends : what it means to lie at either end.
    """
    high = 34.0
    left = 16 + BOLD * max(len(_cut(row.name, MOST_NAME)) for row in rows)
    right = 30 + BOLD * max(len(f"{row.number} {_cut(row.word, MOST_NAME)}") for row in rows)
    top = 20.0 if any(ends) else 0.0
    width, floor = WIDE - left - right, top + high * len(rows)

    def across(value: float) -> float:
        inside = max(domain[0], min(domain[1], value))
        return left + (inside - domain[0]) / (domain[1] - domain[0]) * width

    parts = [
        Markup('<rect class="tint {}" x="{:.1f}" y="{:g}" width="{:.1f}" height="{:g}"/>').format(
            tone, across(low), top, across(up) - across(low), floor - top
        )
        for tone, low, up in tints
    ]
    for value, text in marks:
        drawn = Markup('<line class="{0}" x1="{1:.1f}" x2="{1:.1f}" y1="{2:g}" y2="{3:g}"/>')
        parts.append(drawn.format("zero" if value == 0 else "grid", across(value), top, floor))
        parts.append(_text(across(value), floor + 15, text, "axis middle"))
    if any(ends):
        parts += [_text(across(0) - 8, 13, ends[0], "end m2"), _text(across(0) + 8, 13, ends[1], "start m1")]
    for place, row in enumerate(rows):
        parts += _row(row, top + high * (place + 0.5), across, WIDE - right + 14)
    return Markup('<svg class="spans" viewBox="0 0 {:g} {:g}" aria-hidden="true">{}</svg>').format(
        WIDE, floor + 22, Markup("").join(parts)
    )


def _row(row: Span, y: float, across: Callable[[float], float], beside: float) -> Iterator[Markup]:
    yield _text(0, y + 4, _cut(row.name, MOST_NAME), "name")
    if math.isfinite(row.low) and math.isfinite(row.high):
        yield Markup('<line class="span {0}" x1="{1:.1f}" x2="{2:.1f}" y1="{3:g}" y2="{3:g}"/>').format(
            row.tone, across(row.low), across(row.high), y
        )
    yield Markup('<circle class="dot {}" cx="{:.1f}" cy="{:g}" r="5.5"/>').format(row.tone, across(row.value), y)
    yield Markup('<text class="value {}" x="{:g}" y="{:g}"><tspan class="strong">{}</tspan> {}</text>').format(
        row.tone, beside, y + 4, plain(row.number), plain(_cut(row.word, MOST_NAME))
    )


def bar(low: float, high: float, at: float, most: float) -> Markup:
    """The ranks that a model may have, of so many, as a line in a cell of a table."""

    def across(rank: float) -> float:
        return 4 + (rank - 1) / max(most - 1, 1) * 172

    return Markup(
        '<svg class="rank" viewBox="0 0 180 14" aria-hidden="true"><line class="grid" x1="4" x2="176" y1="7" y2="7"/>'
        '<line class="span" x1="{:.1f}" x2="{:.1f}" y1="7" y2="7"/>'
        '<circle class="dot" cx="{:.1f}" cy="7" r="3.5"/></svg>'
    ).format(across(low), across(high), across(at))


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def curve(values: Sequence[float], here: float, *, threshold: float) -> Markup:
    """A specification curve: the same number in every way, sorted, and where this one stands among them."""
    wide, high, left, bottom = 300.0, 180.0, 34.0, 22.0
    low, top = min(*values, here, 0.0, threshold), max(*values, here, 0.0)

    def across(place: float) -> float:
        return left + (place + 0.5) / len(values) * (wide - left - 8)

    def down(value: float) -> float:
        return 8 + (top - value) / ((top - low) or 1.0) * (high - bottom - 12)

    parts = []
    for value, text in ticks((low, top), _tick, 0.0):
        parts.append(
            Markup('<line class="grid" x1="{:g}" x2="{:g}" y1="{:.1f}" y2="{:.1f}"/>{}').format(
                left, wide, down(value), down(value), _text(left - 6, down(value) + 4, text, "axis end")
            )
        )
    parts += [
        Markup('<line class="bound" x1="{:g}" x2="{:g}" y1="{:.1f}" y2="{:.1f}"/>').format(
            left, wide, down(bound), down(bound)
        )
        for bound in (threshold, -threshold)
        if low <= bound <= top
    ]
    step = max(1, len(values) // MOST_WAYS)
    # One line of points: a line of no length with round ends is a dot.
    dots = "".join(f"M{across(place):.1f} {down(values[place]):.1f}h0" for place in range(0, len(values), step))
    parts.append(Markup('<path class="way" d="{}"/>').format(dots))
    rank = sum(value < here for value in values)
    at = across(min(rank, len(values) - 1))
    parts.append(
        Markup('<line class="here" x1="{0:.1f}" x2="{0:.1f}" y1="{1:.1f}" y2="{2:.1f}"/>').format(
            at, down(here) - 9, down(here) + 9
        )
    )
    side = "end" if at > wide / 2 else "start"
    label = f"here, {signed(here)}"
    parts.append(_text(at - 8 if side == "end" else at + 8, max(12, down(here) - 12), label, f"label here {side}"))
    parts.append(_text(left, high - 4, "lowest", "axis start"))
    parts.append(_text(wide, high - 4, "highest", "axis end"))
    return Markup('<svg class="curve" viewBox="0 0 {:g} {:g}" role="img" aria-label="{}">{}</svg>').format(
        wide,
        high,
        f"{len(values)} ways of computing it, from {signed(values[0])} to {signed(values[-1])}",
        Markup("").join(parts),
    )
