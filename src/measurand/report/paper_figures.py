"""Pictures for a printed column: sizes in points, black marks, no title (captions have it), names that overlap nothing.

Everything is laid out here and not by Vega, which cannot keep a name clear of dots, lines and other names.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from measurand.errors import InputError
from measurand.report.specs import SCHEMA_URL, harmless
from measurand.wording import number

__all__ = ["COLUMN", "FORMATS", "Forest", "Row", "Scatter", "as_file", "require_width", "shortened", "spec"]

COLUMN = 3.3
"""Width in inches of one column of the usual two-column journals and conferences."""

Format = Literal["pdf", "svg", "png"]
FORMATS: tuple[Format, ...] = ("pdf", "svg", "png")
MOST_ROWS = 40
"""Of a forest: more do not fit beside a column of text."""

FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
LABEL, AXIS, LARGE = 7.0, 7.4, 8.0
INCH, PNG_PPI = 72.0, 300.0
_INK, _SOFT, _PAPER, _LINE, _BAND, _GRID = "#000000", "#333333", "#ffffff", "#07678F", "#DCE9EE", "#E1E5EA"
_EDGE, _GAP, _RADIUS, _ROW = 4.0, 4.0, 2.6, 11.0
_NAMED, _TRIED, _LONGEST = 3, 6, 30
_BELOW = 26.0
"""Under the picture: tick labels and the axis title."""

_MOST_BAND = 0.3
"""Of the dots' range, how far a band may widen the picture: of a few families it can be wider than all dots."""

Spec = dict[str, Any]
_Leader = tuple[float, float, float, float] | None


@dataclass(frozen=True, kw_only=True)
class Scatter:
    """Models on capability and a benchmark.

    Parameters
    ----------
    x_title, y_title : of the axes, with units.
    said : the number, larger, and what it rests on.
    names, x, y : of the models.
    at, line, low, high : the fitted line and its band, in order of `at`; no limits where there is no band.
    """

    x_title: str
    y_title: str
    said: tuple[str, str]
    names: tuple[str, ...]
    x: tuple[float, ...]
    y: tuple[float, ...]
    at: tuple[float, ...]
    line: tuple[float, ...]
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()


class Row(NamedTuple):
    """A row of a forest; without limits where there is no interval, hollow where it is not told apart."""

    name: str
    value: float
    low: float | None
    high: float | None
    filled: bool = True


@dataclass(frozen=True, kw_only=True)
class Forest:
    """Rows with intervals, the first on top; `rule`: a line to hold them against; `whole`: only whole numbers."""

    x_title: str
    rows: tuple[Row, ...]
    rule: float | None = None
    whole: bool = False


class _Box(NamedTuple):
    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: _Box) -> bool:
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )

    def nearest(self, x: float, y: float) -> tuple[float, float]:
        return min(max(x, self.left), self.right), min(max(y, self.top), self.bottom)

    def holds(self, other: _Box) -> bool:
        return (
            self.left <= other.left
            and other.right <= self.right
            and self.top <= other.top
            and other.bottom <= self.bottom
        )


class _Scale(NamedTuple):
    """Values from `low` to `high` on points from `start` to `end`."""

    low: float
    high: float
    start: float
    end: float

    def value(self, point: float) -> float:
        return self.low + (point - self.start) / (self.end - self.start) * (self.high - self.low)

    def __call__(self, value: float) -> float:
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)


def require_width(width: float) -> None:
    """Refuse a width, in inches, that no page has.

    Raises
    ------
    InputError
        It is not from 2 to 12.
    """
    if not 2 <= width <= 12:
        raise InputError(f"width should be from 2 to 12 inches, got {width:g}")


def spec(figure: Scatter | Forest, width: float = COLUMN) -> Spec:
    """The Vega-Lite specification of a picture, with its data; one unit is a point.

    Parameters
    ----------
    width : of the whole picture, in inches.

    Examples
    --------
    >>> rows = (Row("model-a", 0.8, 0.7, 0.9), Row("model-b", 0.6, 0.5, 0.7))
    >>> made = spec(Forest(x_title="score (%)", rows=rows))
    >>> round(made["padding"]["left"] + made["width"] + made["padding"]["right"], 1)
    237.6
    """
    require_width(width)
    return _scatter(figure, width * INCH) if isinstance(figure, Scatter) else _forest(figure, width * INCH)


def as_file(made: Spec, format: Format) -> bytes:
    """A specification of `spec` drawn, offline: at its size on paper, a PNG with 300 pixels per inch."""
    import vl_convert  # a JavaScript engine: loaded by those who draw

    text = json.dumps(made)
    # A specification holds its data: with no base URL allowed, nothing in it can make the renderer fetch anything.
    if format == "pdf":
        return bytes(vl_convert.vegalite_to_pdf(text, allowed_base_urls=[]))
    if format == "png":
        return bytes(vl_convert.vegalite_to_png(text, ppi=PNG_PPI, allowed_base_urls=[]))
    svg = str(vl_convert.vegalite_to_svg(text, allowed_base_urls=[]))
    # Vega counts its clips on from picture to picture; the same picture is the same bytes.
    ids = list(dict.fromkeys(re.findall(r'id="(clip\d+)"', svg)))
    svg = re.sub(r"\bclip\d+\b", lambda match: f"clip{ids.index(match[0])}" if match[0] in ids else match[0], svg)
    size = made["padding"]
    inches = [
        f'{name}="{(made[name] + size[first] + size[second]) / INCH:g}in"'
        for name, first, second in (("width", "left", "right"), ("height", "top", "bottom"))
    ]
    # Without a unit a browser or an editor takes points for pixels, three quarters of their size.
    head, box, rest = svg.partition(" viewBox=")
    return f"{head[: head.index(' width=')]} {' '.join(inches)}{box}{rest}".encode()


def shortened(text: str, most: int = _LONGEST) -> str:
    """A name as a picture has room for it: the beginning and the end of a long one.

    Examples
    --------
    >>> shortened("a-model-with-a-very-long-name-of-its-own-q4", 20)
    'a-model-with-a…wn-q4'
    """
    # Both ends, as versions and sizes stand last.
    text = harmless(text)
    return text if len(text) <= most else f"{text[: most - 6]}…{text[-5:]}"


def text_width(text: str, size: float) -> float:
    """Width in points, from the widths of Arial's characters in classes; rather too wide than too narrow.

    Examples
    --------
    >>> round(text_width("Qwen2-72B", 7))
    39
    """
    return size * sum(map(_character, text))


def _character(character: str) -> float:
    if character in "ijl'|":
        return 0.24
    if character in "ftrI !,./:;[]()-\\":
        return 0.34
    if character in "mMwW%@—…":
        return 0.95
    if unicodedata.east_asian_width(character) in "WF":
        return 1.0
    return 0.57 if character.isascii() and not character.isupper() else 0.74


def ticks(low: float, high: float, about: int = 5, *, whole: bool = False) -> tuple[list[float], int]:
    """Round values in a range, at most `about` steps apart, and the decimals they need.

    Examples
    --------
    >>> ticks(37.2, 71.0), ticks(-1.6, 1.9, 4)
    (([40.0, 50.0, 60.0, 70.0], 0), ([-1.0, 0.0, 1.0], 0))
    """
    power = math.floor(math.log10((high - low) / about))
    steps = [factor * 10.0**exponent for exponent in (power, power + 1) for factor in (1, 2, 5)]
    step = next(each for each in steps if (high - low) / each <= about and (each >= 1 or not whole))
    places = range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)
    values = [float(f"{place * step:.12g}") for place in places]
    # Counting starts at 1, and an axis of ranks without its first place would be misread.
    if whole and step > 1:
        values = [1.0, *(value for value in values if value > 1)]
    return values, max(0, -math.floor(math.log10(step) + 1e-9))


def _scatter(plot: Scatter, width: float) -> Spec:
    height = min(0.83 * width, 4 * INCH)
    run = (plot.at[-1] - plot.at[0]) * 0.06
    low_x, high_x = plot.at[0] - run, plot.at[-1] + run
    low_y, high_y = _range(plot)
    inner_height = height - _EDGE - _BELOW
    left = AXIS + 8 + max(text_width(number(each, 1), LABEL) for each in (low_y, high_y))
    inner = width - left - 2 * _EDGE
    x = _Scale(low_x, high_x, 0.0, inner)
    said = [harmless(text) for text in plot.said]
    corner = max(text_width(said[0], LARGE * 1.06), text_width(said[1], LABEL)) + _GAP
    at_left, high_y = _headroom(plot, x, corner, (low_y, high_y), (LARGE + LABEL + 4 * _GAP) / inner_height)
    y = _Scale(low_y, high_y, inner_height, 0.0)
    taken = _Box(_GAP, 0, corner + _GAP, LARGE + LABEL + 3 * _GAP)
    if not at_left:
        taken = _Box(inner - corner - _GAP, 0, inner, taken.bottom)
    labels = _placed(plot, x, y, taken, _Box(0, 0, inner, inner_height))
    edge, align = (2 * _GAP, "left") if at_left else (inner - _GAP, "right")
    axes = {
        "x": _quantitative("x", plot.x_title, x, *ticks(low_x, high_x, 5), inner),
        "y": _quantitative("y", plot.y_title, y, *ticks(low_y, high_y, 5), inner_height, grid=True),
    }
    line = [{"x": each, "y": value} for each, value in zip(plot.at, plot.line, strict=True)]
    band = [
        {"x": each, "low": low, "high": high} for each, low, high in zip(plot.at, plot.low, plot.high, strict=False)
    ]
    dots = [{"x": each, "y": value} for each, value in zip(plot.x, plot.y, strict=True)]
    ends = {"y": axes["y"] | {"field": "low"}, "y2": {"field": "high"}}
    layers = [
        *([_layer(band, {"type": "area", "color": _BAND, "clip": True}, axes | ends)] if band else []),
        _layer(line, {"type": "line", "color": _LINE, "strokeWidth": 1.1, "clip": True}, axes),
        *_leaders(labels),
        # A white edge, so that two dots that overlap are seen as two.
        _layer(dots, _dot(_INK, _PAPER, 0.6), axes),
        *_texts(labels, LABEL, _SOFT),
        *_texts([_Label(said[0], edge, LARGE + _GAP, align)], LARGE, _INK, weight="bold"),
        *_texts([_Label(said[1], edge, LARGE + LABEL + 2 * _GAP + 1, align)], LABEL, _SOFT),
    ]
    return _page(layers, inner, inner_height, left)


def _range(plot: Scatter) -> tuple[float, float]:
    """Of the vertical axis: all dots, and as much of the line and its band as leaves the dots most of the room."""
    least, most = min(plot.y), max(plot.y)
    room = (most - least) * _MOST_BAND
    low = min([least, *(max(each, least - room) for each in (*plot.line, *plot.low))])
    high = max([most, *(min(each, most + room) for each in (*plot.line, *plot.high))])
    margin = (high - low) * 0.06
    return low - margin, high + margin


def _headroom(plot: Scatter, x: _Scale, width: float, span: tuple[float, float], share: float) -> tuple[bool, float]:
    """Whether the number stands in the left corner above the dots, or in the right, and where the axis has to end."""
    low, high = span
    inner = x.end

    def top(start: float, end: float) -> float:
        points = [
            *zip(plot.x, plot.y, strict=True),
            *zip(plot.at, (min(each, high) for each in plot.high or plot.line), strict=True),
        ]
        under = [value for each, value in points if start <= x(each) <= end]
        return max(high, low + (max(under, default=low) - low) / (1 - share))

    reach = width + 3 * _GAP
    left, right = top(0.0, reach), top(inner - reach, inner)
    return left <= right, min(left, right)


class _Label(NamedTuple):
    """A text by its baseline, and from where a leader runs to it (nowhere, where it stands beside its dot)."""

    text: str
    x: float
    y: float
    align: str = "left"
    leader: _Leader = None


def _placed(plot: Scatter, x: _Scale, y: _Scale, taken: _Box, frame: _Box) -> list[_Label]:
    """Names of the models farthest off the line, each where it overlaps no dot, no other name and no edge.

    One for which there is no such place has no name, since a wrong one would be worse; the next may have.
    """
    off = [value - _on_line(plot, each) for each, value in zip(plot.x, plot.y, strict=True)]
    dots = [(x(each), y(value)) for each, value in zip(plot.x, plot.y, strict=True)]
    around = _RADIUS + 1
    boxes = [taken, *(_Box(px - around, py - around, px + around, py + around) for px, py in dots)]
    line = [(x(each), y(value)) for each, value in zip(plot.at, plot.line, strict=True)]
    labels: list[_Label] = []
    for place in sorted(range(len(off)), key=lambda each: -abs(off[each]))[:_TRIED]:
        if len(labels) == _NAMED:
            break
        name = shortened(plot.names[place])
        free = []
        for rank, (box, leader) in enumerate(_beside(*dots[place], text_width(name, LABEL))):
            if frame.holds(box) and not any(box.meets(other) for other in boxes) and _clear(box, dots, place, leader):
                # Least of all on the line, then on its dot's side of it.
                on = sum(box.left <= px <= box.right and box.top <= py <= box.bottom for px, py in line)
                middle = (box.left + box.right) / 2, (box.top + box.bottom) / 2
                level = y(_on_line(plot, x.value(middle[0])))
                free.append((on, (middle[1] < level) != (off[place] > 0), rank, box, leader))
        if free:
            *_, box, leader = min(free, key=lambda each: each[:3])
            boxes.append(box)
            # Its dot is at one side: the text begins or ends there, however wide it really is.
            right = box.left < dots[place][0] - around and box.right <= dots[place][0] + around
            align = "right" if right else "left"
            labels.append(_Label(name, box.right if right else box.left, box.bottom - 1.6, align, leader))
    return labels


def _clear(box: _Box, dots: Sequence[tuple[float, float]], own: int, leader: _Leader) -> bool:
    """Whether nobody would take a text for the name of another dot: it is nearer to its own, or its leader shows it."""
    others = [dot for place, dot in enumerate(dots) if place != own]
    if leader is None:
        least = math.dist(dots[own], box.nearest(*dots[own])) + _GAP
        return all(math.dist(dot, box.nearest(*dot)) > least for dot in others)
    x, y, x2, y2 = leader
    along = [(x + (x2 - x) * step / 8, y + (y2 - y) * step / 8) for step in range(9)]
    return all(
        math.dist(dot, box.nearest(*dot)) > _RADIUS + 2 * _GAP
        and all(math.dist(dot, point) > 2 * _RADIUS for point in along)
        for dot in others
    )


def _beside(px: float, py: float, width: float) -> Iterable[tuple[_Box, _Leader]]:
    """Places for a text near a point, the best first; farther ones with a leader from the point."""
    for gap in (_GAP, 11.0, 18.0, 26.0):
        across, half = _RADIUS + gap - 1, LABEL / 2
        for dx, dy in ((1, 0), (-1, 0), (1, -1), (-1, -1), (1, 1), (-1, 1), (0, -1), (0, 1)):
            slant = across * (0.7 if dx and dy else 1)
            left = px + slant if dx > 0 else px - slant - width if dx < 0 else px - width / 2
            top = py - half + dy * (slant + half)
            box = _Box(left, top, left + width, top + LABEL)
            yield box, None if gap == _GAP else (px, py, *box.nearest(px, py))


def _on_line(plot: Scatter, at: float) -> float:
    slope = (plot.line[-1] - plot.line[0]) / (plot.at[-1] - plot.at[0])
    return plot.line[0] + slope * (at - plot.at[0])


def _forest(plot: Forest, width: float) -> Spec:
    rows = plot.rows[:MOST_ROWS]
    # Of a column, names may take less than half: what is measured stands in the rest.
    most = int(0.42 * width / (0.55 * LABEL))
    names = [shortened(row.name, most) for row in rows]
    left = min(max(text_width(name, LABEL) for name in names), 0.48 * width) + _EDGE + 2 * _GAP
    inner, inner_height = width - left - 2 * _EDGE, _ROW * len(rows) + _GAP
    ends = [each for row in rows for each in (row.value, row.low, row.high) if each is not None]
    ends += [] if plot.rule is None else [plot.rule]
    margin = 0.4 if plot.whole else (max(ends) - min(ends)) * 0.04 or 1.0
    x = _Scale(min(ends) - margin, max(ends) + margin, 0.0, inner)
    axis = _quantitative("x", plot.x_title, x, *ticks(x.low, x.high, 5, whole=plot.whole), inner, grid=True)
    drawn = [
        {
            "x": row.value,
            "low": row.value if row.low is None else row.low,
            "high": row.value if row.high is None else row.high,
        }
        | {"at": _ROW * (place + 0.5) + _GAP / 2, "filled": row.filled}
        for place, row in enumerate(rows)
    ]
    place = {"x": axis, "y": {"field": "at", "type": "quantitative", "scale": None, "axis": None}}
    bars = place | {"x": axis | {"field": "low"}, "x2": {"field": "high"}}
    layers = [
        *([_rule(plot.rule, axis)] if plot.rule is not None else []),
        _layer(drawn, {"type": "rule", "color": _INK, "strokeWidth": 1}, bars),
        *(
            _layer(
                [row for row in drawn if row["filled"] is filled], _dot(_INK if filled else _PAPER, _INK, 0.9), place
            )
            for filled in {row.filled for row in rows}
        ),
        *_texts(
            [_Label(name, -_GAP, row["at"] + 2.4, "right") for name, row in zip(names, drawn, strict=True)],
            LABEL,
            _INK,
        ),
    ]
    return _page(layers, inner, inner_height, left)


def _page(layers: Sequence[Spec], width: float, height: float, left: float) -> Spec:
    axis = {"labelFont": FONT, "titleFont": FONT, "labelFontSize": LABEL, "titleFontSize": AXIS, "titleFontWeight": 400}
    axis |= {"labelColor": _SOFT, "titleColor": _INK, "gridColor": _GRID, "labelFlush": False, "labelOverlap": True}
    axis |= {"gridWidth": 0.5, "domainWidth": 0.7, "tickWidth": 0.7}
    return {
        "$schema": SCHEMA_URL,
        "autosize": "none",
        "background": _PAPER,
        "width": width,
        "height": height,
        "padding": {"left": left, "right": 2 * _EDGE, "top": _EDGE, "bottom": _BELOW},
        "layer": list(layers),
        "config": {"view": {"stroke": None}, "axis": axis, "text": {"font": FONT}},
    }


def _quantitative(
    channel: str,
    title: str,
    scale: _Scale,
    values: Sequence[float],
    decimals: int,
    length: float,
    *,
    grid: bool = False,
) -> Spec:
    axis: Spec = {"values": list(values), "format": f",.{decimals}f", "grid": grid}
    if channel == "y":
        axis |= {"domain": False, "ticks": False, "labelPadding": 3, "titlePadding": 3}
    else:
        axis |= {"domainColor": _SOFT, "tickColor": _SOFT, "tickSize": 3, "labelPadding": 2, "titlePadding": 3}
    # A title longer than its axis would be cut off at the edge of the picture.
    axis["title"] = fitting(harmless(title), AXIS, length)
    domain = {"domain": [scale.low, scale.high], "nice": False, "zero": False}
    return {"field": channel, "type": "quantitative", "scale": domain, "axis": axis}


def fitting(title: str, size: float, length: float) -> str:
    """A title as long as there is room for, cut in the name that it begins with and not in its unit.

    Examples
    --------
    >>> fitting("a_benchmark_of_a_long_name score (%)", 7, 100)
    'a_benchmar…ame score (%)'
    """
    most = next((n for n in range(len(title), 12, -1) if text_width(_cut(title, n), size) <= length), 12)
    return _cut(title, most)


def _cut(title: str, most: int) -> str:
    return title if len(title) <= most else f"{title[: most - 14]}…{title[-13:]}" if most > 16 else f"{title[:most]}…"


def _layer(rows: Sequence[Spec], mark: Spec, encoding: Spec) -> Spec:
    return {"data": {"values": list(rows)}, "mark": mark, "encoding": encoding}


def _dot(fill: str, stroke: str, width: float) -> Spec:
    return {
        "type": "point",
        "size": math.pi * _RADIUS**2,
        "opacity": 1,
        "fill": fill,
        "stroke": stroke,
        "strokeWidth": width,
    }


def _rule(value: float, axis: Spec) -> Spec:
    return _layer(
        [{"x": value}], {"type": "rule", "color": _SOFT, "strokeDash": [3, 2], "strokeWidth": 0.7}, {"x": axis}
    )


def _at(channel: str, field: str) -> Spec:
    """A position in points of the picture itself."""
    return {channel: {"field": field, "type": "quantitative", "scale": None, "axis": None}}


def _leaders(labels: Sequence[_Label]) -> list[Spec]:
    rows = [dict(zip(("x", "y", "x2", "y2"), each.leader, strict=True)) for each in labels if each.leader]
    ends = _at("x", "x") | _at("y", "y") | {"x2": {"field": "x2"}, "y2": {"field": "y2"}}
    return [_layer(rows, {"type": "rule", "color": _SOFT, "strokeWidth": 0.4}, ends)] if rows else []


def _texts(labels: Sequence[_Label], size: float, color: str, weight: str = "normal") -> list[Spec]:
    """Each text over a white edge of its own, so that no grid line runs through it."""
    place = _at("x", "x") | _at("y", "y") | {"text": {"field": "text", "type": "nominal"}}
    rows: dict[str, list[Spec]] = {}
    for each in labels:
        rows.setdefault(each.align, []).append({"text": each.text, "x": each.x, "y": each.y})
    mark = {"type": "text", "baseline": "alphabetic", "fontSize": size, "fontWeight": weight}
    edge = {"color": _PAPER, "stroke": _PAPER, "strokeWidth": 1.6, "strokeJoin": "round"}
    return [
        _layer(found, mark | {"align": align} | style, place)
        for align, found in rows.items()
        for style in (edge, {"color": color})
    ]
