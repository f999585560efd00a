"""Pictures drawn as SVG for the explorer, whose marks are links: no script is needed to look or to click.

They are put together as plain text, since one is drawn at every change: what is not a number or a word of ours goes
through `_safe`.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

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
    ends_at = f'x1="{across(x1):.1f}" y1="{down(y1):.1f}" x2="{across(x2):.1f}" y2="{down(y2):.1f}"'
    parts.append(f'<line class="expected" {ends_at}/>')
    placed = [(dot, across(dot.x), down(dot.y)) for dot in dots]
    # Left out ones are drawn last, so that no dot hides them.
    parts += [_mark(dot, x, y, write) for dot, x, y in sorted(placed, key=lambda each: each[0].crossed)]
    parts += _labels(placed, line)
    label = _safe(f"{y_title} by {x_title}")
    return Markup(
        f'<svg class="scatter" viewBox="0 0 {WIDE:g} {HIGH:g}" role="group" aria-label="{label}">{"".join(parts)}</svg>'
    )


def _safe(text: str) -> str:
    """Text as it can stand in the picture, and in an attribute."""
    return str(escape(plain(text)))


def _mark(dot: Dot, x: float, y: float, write: Callable[[float], str]) -> str:
    link, told = _safe(dot.link), _safe(f"{dot.name}: {write(dot.y)}. {dot.told}")
    shape = f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5.5"/>'
    if dot.crossed:
        shape = f'<path d="M{x:.1f} {y:.1f}m-6-6l12 12m0-12l-12 12"/>'
    return (
        f'<a href="{link}" hx-get="{link}" hx-push-url="true" class="mark{" out" * dot.crossed}" aria-label="{told}">'
        # A larger target than what is seen.
        f'<title>{told}</title><circle class="target" cx="{x:.1f}" cy="{y:.1f}" r="12"/>{shape}</a>'
    )


def _labels(placed: Sequence[tuple[Dot, float, float]], line: Sequence[tuple[float, float]]) -> list[str]:
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
            right, low = left + wide, top + LINE
            inside = left >= LEFT and right <= WIDE and top >= TOP - 12 and low <= HIGH - BOTTOM
            own = (x - 6, y - 6, x + 6, y + 6)
            if inside and not any(
                left < box[2] and box[0] < right and top < box[3] and box[1] < low and box != own for box in taken
            ):
                at = {"start": left, "end": left + wide, "middle": left + wide / 2}[side]
                parts.append(_text(at, top + 11, dot.name, f"label {side}{' out' if dot.crossed else ''}"))
                taken.append((left, top, right, low))
                named.add(dot.name)
                break
    return parts


def _y_axis(domain: tuple[float, float], down: Callable[[float], float], write: Callable[[float], str]) -> str:
    lines = [
        _across(LEFT, WIDE - RIGHT, down(value), "grid") + _text(LEFT - 8, down(value) + 4, text, "axis end")
        for value, text in ticks(domain, write, 0.0)
    ]
    return "".join(lines)


def _x_axis(domain: tuple[float, float], across: Callable[[float], float]) -> str:
    floor = HIGH - BOTTOM
    lines = [_across(LEFT, WIDE - RIGHT, floor, "zero")]
    lines += [_text(across(value), floor + 16, text, "axis middle") for value, text in ticks(domain, _tick, 0.0)]
    return "".join(lines)


def _across(x1: float, x2: float, y: float, classes: str) -> str:
    """A level line."""
    return f'<line class="{classes}" x1="{x1:.1f}" x2="{x2:.1f}" y1="{y:.1f}" y2="{y:.1f}"/>'


def _up(x: float, y1: float, y2: float, classes: str) -> str:
    """An upright line."""
    return f'<line class="{classes}" x1="{x:.1f}" x2="{x:.1f}" y1="{y1:.1f}" y2="{y2:.1f}"/>'


def _tick(value: float) -> str:
    """A round value at an axis."""
    return f"{value:.6g}".replace("-", "−")


def _text(x: float, y: float, text: str, classes: str) -> str:
    return f'<text class="{classes}" x="{x:.1f}" y="{y:.1f}">{_safe(text)}</text>'


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
        f'<rect class="tint {tone}" x="{across(low):.1f}" y="{top:g}" width="{across(up) - across(low):.1f}" '
        f'height="{floor - top:g}"/>'
        for tone, low, up in tints
    ]
    for value, text in marks:
        parts.append(_up(across(value), top, floor, "zero" if value == 0 else "grid"))
        parts.append(_text(across(value), floor + 15, text, "axis middle"))
    if any(ends):
        parts += [_text(across(0) - 8, 13, ends[0], "end m2"), _text(across(0) + 8, 13, ends[1], "start m1")]
    for place, row in enumerate(rows):
        parts += _row(row, top + high * (place + 0.5), across, WIDE - right + 14)
    return Markup(f'<svg class="spans" viewBox="0 0 {WIDE:g} {floor + 22:g}" aria-hidden="true">{"".join(parts)}</svg>')


def _row(row: Span, y: float, across: Callable[[float], float], beside: float) -> Iterator[str]:
    yield _text(0, y + 4, _cut(row.name, MOST_NAME), "name")
    if math.isfinite(row.low) and math.isfinite(row.high):
        yield _across(across(row.low), across(row.high), y, f"span {row.tone}")
    yield f'<circle class="dot {row.tone}" cx="{across(row.value):.1f}" cy="{y:g}" r="5.5"/>'
    told = f'<tspan class="strong">{_safe(row.number)}</tspan> {_safe(_cut(row.word, MOST_NAME))}'
    yield f'<text class="value {row.tone}" x="{beside:g}" y="{y + 4:g}">{told}</text>'


def bar(low: float, high: float, at: float, most: float) -> Markup:
    """The ranks that a model may have, of so many, as a line in a cell of a table."""

    def across(rank: float) -> float:
        return 4 + (rank - 1) / max(most - 1, 1) * 172

    return Markup(
        f'<svg class="rank" viewBox="0 0 180 14" aria-hidden="true">{_across(4, 176, 7, "grid")}'
        f"{_across(across(low), across(high), 7, 'span')}"
        f'<circle class="dot" cx="{across(at):.1f}" cy="7" r="3.5"/></svg>'
    )


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


@lru_cache(256)
def curve(values: tuple[float, ...], here: float, *, threshold: float) -> Markup:
    """A specification curve: the same number in every way, sorted, and where this one stands among them."""
    wide, high, left, bottom = 300.0, 180.0, 34.0, 22.0
    low, top = min(values[0], here, 0.0, threshold), max(values[-1], here, 0.0)

    def across(place: float) -> float:
        return left + (place + 0.5) / len(values) * (wide - left - 8)

    def down(value: float) -> float:
        return 8 + (top - value) / ((top - low) or 1.0) * (high - bottom - 12)

    parts = []
    for value, text in ticks((low, top), _tick, 0.0):
        parts.append(_across(left, wide, down(value), "grid") + _text(left - 6, down(value) + 4, text, "axis end"))
    parts += [_across(left, wide, down(bound), "bound") for bound in (threshold, -threshold) if low <= bound <= top]
    step = max(1, len(values) // MOST_WAYS)
    # One line of points: a line of no length with round ends is a dot.
    dots = "".join(f"M{across(place):.1f} {down(values[place]):.1f}h0" for place in range(0, len(values), step))
    parts.append(f'<path class="way" d="{dots}"/>')
    at = across(min(bisect_left(values, here), len(values) - 1))
    parts.append(_up(at, down(here) - 9, down(here) + 9, "here"))
    side = "end" if at > wide / 2 else "start"
    label = f"here, {signed(here)}"
    parts.append(_text(at - 8 if side == "end" else at + 8, max(12, down(here) - 12), label, f"label here {side}"))
    parts.append(_text(left, high - 4, "lowest", "axis start"))
    parts.append(_text(wide, high - 4, "highest", "axis end"))
    told = f"{len(values)} ways of computing it, from {signed(values[0])} to {signed(values[-1])}"
    return Markup(
        f'<svg class="curve" viewBox="0 0 {wide:g} {high:g}" role="img" aria-label="{told}">{"".join(parts)}</svg>'
    )
