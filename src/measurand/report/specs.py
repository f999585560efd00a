"""One Vega-Lite specification per kind of figure, drawn over rows whose fields are named by their role.

Rows hold `x`, `y`, `low`, `high`, `label`, `color`, `group` and `extra_0`, ...: the names of columns come from data,
and a field name is spliced into expressions, so no name from data may be one. Names appear as titles only.
"""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

from measurand.errors import InputError
from measurand.report import theme
from measurand.results import Axis, Cell, Figure
from measurand.wording import plain

__all__ = ["EXTRAS", "drawn", "fields", "harmless", "template", "whole"]

EXTRAS = 6
"""How many further columns the hover shows."""

SCHEMA_URL = "https://vega.github.io/schema/vega-lite/v6.json"
WIDTH = 460
ROW_HEIGHT = 18
_TALL = 30
_HEATMAP_WIDTH = 760
_TEXT_CELLS = 400
_VIOLIN_HEIGHT = 36

_OF_EVERY_OBJECT = (
    *("constructor", "prototype", "hasOwnProperty", "isPrototypeOf", "propertyIsEnumerable", "toLocaleString"),
    *("toString", "valueOf", "__proto__", "__defineGetter__", "__defineSetter__", "__lookupGetter__"),
    "__lookupSetter__",
)
"""Names that every object of JavaScript has: Vega looks texts up and finds these where nothing was put."""

Spec = dict[str, Any]


def harmless(text: str) -> str:
    """Text as a picture can show it: one line, and never a name that Vega would find in every object.

    Examples
    --------
    >>> harmless("GPT\\n4"), harmless("toString")
    ('GPT 4', 'toString ')
    """
    shown = plain(text)
    return f"{shown} " if shown in _OF_EVERY_OBJECT else shown


def drawn(value: Cell) -> Cell:
    """A cell as a picture needs it: floats of six significant digits, None for those not finite, text made harmless."""
    if isinstance(value, str):
        return harmless(value)
    if not isinstance(value, float):
        return value
    return float(f"{value:.6g}") if math.isfinite(value) else None


def fields(figure: Figure) -> dict[str, str]:
    """Role in a row -> column of the figure."""
    roles = {"x": figure.x.column, "y": figure.y.column}
    optional = {"low": figure.low, "high": figure.high, "label": figure.label, "color": figure.color}
    roles |= {role: column for role, column in (optional | {"group": figure.group}).items() if column is not None}
    used = set(roles.values()) | set(figure.select)
    extras = [column for column in figure.columns if column not in used][:EXTRAS]
    return roles | {f"extra_{place}": column for place, column in enumerate(extras)}


def whole(figure: Figure) -> Figure:
    """A heat map of names against themselves with a cell for each pair, so that its diagonal is one.

    Without the cells on it, the first name would come last among the columns and stand first among the rows.
    """
    names = figure.columns.get(figure.y.column, ())
    others = figure.columns.get(figure.x.column, ())
    if figure.kind != "heatmap" or figure.group or set(names) != set(others):
        return figure
    order = list(figure.columns)
    rows = list(zip(*figure.columns.values(), strict=True))
    choices = [order.index(column) for column in figure.select]
    x, y = order.index(figure.x.column), order.index(figure.y.column)
    made: list[tuple[Cell, ...]] = []
    for choice in dict.fromkeys(tuple(row[place] for place in choices) for row in rows):
        own = [row for row in rows if tuple(row[place] for place in choices) == choice]
        held = {(row[y], row[x]): row for row in own}
        sides = list(dict.fromkeys(row[y] for row in own))
        sides += [name for name in dict.fromkeys(row[x] for row in own) if name not in sides]
        for pair in ((first, second) for first in sides for second in sides):
            known = {y: pair[0], x: pair[1], **dict(zip(choices, choice, strict=True))}
            made.append(held.get(pair) or tuple(known.get(place) for place in range(len(order))))
    return replace(figure, columns=dict(zip(order, zip(*made, strict=True), strict=True)))


def template(figure: Figure) -> Spec:
    """The specification of a figure over a data set named ``rows``, without rows and without configuration."""
    draw = {"intervals": _intervals, "scatter": _scatter, "lines": _lines, "heatmap": _heatmap, "violin": _violin}[
        figure.kind
    ]
    unit = draw(figure)
    if figure.group is not None:
        unit = _panels(figure, unit)
    return {"$schema": SCHEMA_URL, "description": harmless(figure.title), "data": {"name": "rows"}, **unit}


def _intervals(figure: Figure) -> Spec:
    x = _axis("x", figure.x, figure)
    # A long picture is read from its top, where the scale has to be too.
    if len(set(figure.columns[figure.y.column])) > _TALL:
        x["axis"] = x.get("axis", {}) | {"orient": "top"}
    y = {"field": "y", "type": "nominal", "sort": None, "title": None, "axis": {"grid": True}}
    shared = _stacked(figure)
    offset = {"yOffset": {"field": "color", "sort": None}} if shared else {}
    tooltip = _tooltip(figure)
    row = {
        # The whole row answers to the pointer: a dot is too small a target for a finger.
        "mark": {"type": "bar", "style": "row", "opacity": 0, "tooltip": True},
        "encoding": {"x": {"value": 0}, "x2": {"value": "width"}, "y": y, "tooltip": tooltip},
    }
    bar = {
        "mark": {"type": "rule", "strokeWidth": 2.5, "opacity": 0.65, "clip": True},
        "encoding": {"x": x | {"field": "from"}, "x2": {"field": "to"}, "y": y, "tooltip": tooltip, **offset}
        | _color(figure, shape=False),
    }
    dot = {
        "mark": {"type": "point", "filled": True, "size": 62, "opacity": 1},
        "encoding": {"x": x, "y": y, "tooltip": tooltip, **offset} | _color(figure, shape=True),
    }
    layers = [*([] if shared else [row]), *_rules(figure, "x"), *([bar] if figure.low and figure.high else []), dot]
    step = {"step": 11, "for": "offset"} if shared else {"step": ROW_HEIGHT}
    # A limit that is not there leaves the bar at the dot. No row is dropped then, so all layers have the same rows: a
    # panel counts its rows from one layer only.
    ends = [
        {"calculate": f"isValid(datum.{limit}) ? datum.{limit} : datum.x", "as": end}
        for limit, end in (("low", "from"), ("high", "to"))
        if limit in fields(figure)
    ]
    for layer in layers:
        layer["mark"]["invalid"] = None
    return {"width": WIDTH, "height": step, "transform": [*_texts(figure), *ends], "layer": layers}


def _scatter(figure: Figure) -> Spec:
    place = {"x": _axis("x", figure.x, figure), "y": _axis("y", figure.y, figure)}
    size = {"condition": {"param": "near", "value": 150, "empty": False}, "value": 60}
    point = {
        "mark": {"type": "point", "filled": True, "opacity": 0.85},
        "encoding": place | {"size": size} | _color(figure, shape=True),
    }
    bar = {
        "mark": {"type": "rule", "strokeWidth": 1.5, "opacity": 0.45, "clip": True},
        "encoding": place | {"y": place["y"] | {"field": "low"}, "y2": {"field": "high"}} | _color(figure, shape=False),
    }
    bars = [bar] if figure.low and figure.high else []
    return {
        "width": WIDTH,
        "height": 220 if figure.group else 320,
        "transform": _texts(figure),
        "layer": [*_rules(figure, "y"), *([_fit(figure)] if figure.fit else []), *bars, point, _targets(figure, place)],
    }


def _lines(figure: Figure) -> Spec:
    place, color = {"x": _axis("x", figure.x, figure), "y": _axis("y", figure.y, figure)}, _color(figure, shape=False)
    band = {
        "mark": {"type": "area", "opacity": 0.16, "clip": True},
        "encoding": place | {"y": place["y"] | {"field": "low"}, "y2": {"field": "high"}} | color,
    }
    line: Spec = {"mark": {"type": "line", "strokeWidth": 2, "clip": True}, "encoding": place | color}
    if figure.low and figure.high and figure.label:
        # Named dots beside a band are observations, which no line joins.
        line["transform"] = [{"filter": "isValid(datum.low) || !datum.label"}]
    size = {"condition": {"param": "near", "value": 110, "empty": False}, "value": 26}
    dot = {"mark": {"type": "point", "filled": True}, "encoding": place | {"size": size} | color}
    bands = [band] if figure.low and figure.high else []
    return {
        "width": WIDTH,
        "height": 200 if figure.group else 300,
        "transform": _texts(figure),
        "layer": [*_rules(figure, "y"), *bands, line, dot, _targets(figure, place)],
    }


def _targets(figure: Figure, place: Spec) -> Spec:
    """What answers to the pointer: discs larger than the points, which are too small for a finger.

    Vega-Lite's own way to the nearest point shows "undefined" for a tooltip of several fields.
    """
    return {
        "params": [{"name": "near", "select": {"type": "point", "on": "pointerover", "clear": "pointerout"}}],
        "mark": {"type": "circle", "style": "target", "size": 420, "opacity": 0},
        "encoding": place | {"tooltip": _tooltip(figure)},
    }


def _heatmap(figure: Figure) -> Spec:
    shared = {
        "x": {"field": "x", "type": "nominal", "sort": None, "title": _title(figure.x), "axis": {"labelAngle": -40}},
        "y": {"field": "y", "type": "nominal", "sort": None, "title": _title(figure.y)},
        "tooltip": _tooltip(figure),
    }
    # A cell without a value stays empty, but in its place: rows and columns keep their order.
    mark = {"type": "rect", "tooltip": True, "invalid": None}
    empty = {"fillOpacity": {"condition": {"test": "!isValid(datum.color)", "value": 0}, "value": 1}}
    cell: Spec = {"mark": mark, "encoding": shared | empty | _color(figure, shape=False)}
    values = _numbers(figure, figure.color)
    layers = [cell]
    if values and len(values) <= _TEXT_CELLS and len(set(figure.columns[figure.x.column])) * 38 <= _HEATMAP_WIDTH:
        ink = {"test": _dark_cell(values), "value": "#ffffff"}
        layers.append(
            {
                "mark": {"type": "text", "fontSize": 10},
                "encoding": shared
                | {
                    "text": {"field": "cell_text", "type": "nominal"},
                    "color": {"condition": ink, "value": "#14181f"},
                },
            }
        )
    texts = [*_texts(figure), {"calculate": _cell_text(values), "as": "cell_text"}] if values else _texts(figure)
    # Wide enough for a number where there are few; a picture of many ends where a page does.
    across = max(1, len(set(figure.columns[figure.x.column])))
    width, height = (38, 26) if across * 38 <= _HEATMAP_WIDTH else (max(10, _HEATMAP_WIDTH // across), 16)
    return {"width": {"step": width}, "height": {"step": height}, "transform": texts, "layer": layers}


def _violin(figure: Figure) -> Spec:
    """One panel per row: densities share a scale of their own there, and names stand where an axis has them."""
    if figure.group is not None:
        raise InputError(f"figure {figure.name}: a violin has no panels, got group {figure.group!r}")
    x, color = _axis("x", figure.x, figure), _color(figure, shape=False)
    across = {"type": "quantitative", "scale": {"domain": [-1, 1]}, "axis": None, "stack": None}
    place = {"x": x, "y": across | {"field": "low"}, "y2": {"field": "high"}} | color
    named = [{"field": "y", "type": "nominal", "title": _title(figure.y)}]
    first = json.dumps(_categories(figure, figure.color)[0]) if figure.color else "null"
    outline = f"!isValid(datum.label) && datum.color != {first}"
    layers = [
        {
            "transform": [{"filter": f"!isValid(datum.label) && !({outline})"}],
            "mark": {"type": "area", "orient": "vertical", "opacity": 0.45, "clip": True},
            "encoding": place | {"tooltip": named},
        },
        {
            "transform": [{"filter": outline}],
            "mark": {"type": "area", "orient": "vertical", "filled": False, "strokeWidth": 1.5, "clip": True},
            "encoding": place | {"tooltip": named},
        },
        {
            "transform": [{"filter": "isValid(datum.label)"}],
            "mark": {"type": "tick", "orient": "vertical", "thickness": 1.5, "size": 12, "opacity": 1},
            "encoding": {"x": x, "y": {"value": _VIOLIN_HEIGHT / 2}, "tooltip": _tooltip(figure)} | color,
        },
    ]
    header = {"labelOrient": "left", "labelAngle": 0, "labelAlign": "left", "labelPadding": 6, "title": None}
    header |= {"labelFontSize": 11, "labelFontWeight": 400}
    names = _categories(figure, figure.y.column)
    return {
        "facet": {"row": {"field": "y", "type": "nominal", "sort": names, "header": header}},
        "spacing": 0,
        "transform": _texts(figure),
        "spec": {"width": WIDTH, "height": _VIOLIN_HEIGHT, "layer": [*_rules(figure, "x"), *layers]},
    }


def _panels(figure: Figure, unit: Spec) -> Spec:
    """The unit once for each group, one below the other, each with its name above it."""
    groups = _categories(figure, figure.group or "")
    header = {"labelOrient": "top", "labelAnchor": "start", "labelPadding": 3, "title": None}
    # Panels of lines may be of different metrics, and 0 to 1 beside 0 to 100 would be a flat line.
    own = {"intervals": ["y"], "lines": ["y"], "heatmap": ["x", "y"]}.get(figure.kind, [])
    return {
        "facet": {"row": {"field": "group", "type": "nominal", "sort": groups, "header": header}},
        "spacing": 8 if figure.kind == "intervals" else 18,
        "resolve": {"scale": dict.fromkeys(own, "independent")},
        "spec": unit,
    }


def _axis(channel: str, axis: Axis, figure: Figure) -> Spec:
    encoding: Spec = {"field": channel, "title": _title(axis)}
    if axis.scale == "nominal":
        slanted = {"axis": {"labelAngle": -40}} if channel == "x" else {}
        return encoding | {"type": "nominal", "sort": None} | slanted
    scale: Spec = {"type": "log"} if axis.scale == "log" else {"zero": False, "nice": axis.domain is None}
    if axis.domain is not None:
        scale |= {"domain": list(axis.domain)}
    encoding |= {"type": "quantitative", "scale": scale, "axis": {"tickCount": 6, "labelFlush": False, "grid": True}}
    if axis.scale == "log":
        encoding["axis"] |= {"labelExpr": _number("datum.value"), "values": _decades(_numbers(figure, axis.column))}
    elif _are_years(values := _numbers(figure, axis.column)):
        # Quarters of a year at the least, since a month is what a date is read by.
        encoding["axis"] |= {
            "labelExpr": _year("datum.value"),
            "tickMinStep": 1 if max(values) - min(values) > 3 else 0.25,
        }
    return encoding


def _color(figure: Figure, *, shape: bool) -> Spec:
    """Colour by category or by size; categories that are verdicts wear their colours."""
    if figure.color is None:
        return {}
    title = harmless(figure.color)
    values = _numbers(figure, figure.color)
    if values:
        low, high = min(values), max(values)
        if low < 0 < high:
            # Symmetric, so that the pale middle of the colours is 0.
            bound = max(-low, high)
            scale: Spec = {"domain": [-bound, bound], "range": list(theme.DIVERGING), "interpolate": "lab"}
        else:
            scale = {"scheme": theme.SEQUENTIAL}
        legend = {"title": title, "gradientLength": 180, "gradientThickness": 10}
        return {"color": {"field": "color", "type": "quantitative", "scale": scale, "legend": legend}}
    domain = _categories(figure, figure.color)
    known = bool(domain) and set(domain) <= set(theme.KNOWN)
    if known:
        domain = [each for each in theme.KNOWN if each in domain]
    legend_spec: Spec = {"title": title} | ({"columns": 4} if len(domain) > 4 else {})
    colors: Spec = {"range": [theme.KNOWN[str(value)][0] for value in domain]} if known else {}
    if len(domain) > len(theme.SHAPES):
        # More categories than can be told apart: hovering names them. Shapes would only repeat.
        colors, shape = {"scheme": "tableau20"}, False
    scale_spec: Spec = {"domain": domain} | colors
    encoding: Spec = {"color": {"field": "color", "type": "nominal", "scale": scale_spec, "legend": legend_spec}}
    if shape:
        shapes = [theme.KNOWN[str(value)][1] for value in domain] if known else list(theme.SHAPES)
        shape_spec = {"domain": domain, "range": shapes[: len(domain)]}
        encoding["shape"] = {"field": "color", "type": "nominal", "scale": shape_spec, "legend": legend_spec}
    return encoding


def _rules(figure: Figure, channel: str) -> list[Spec]:
    """Reference lines, each with a data set of one row: over the figure's own rows each would be drawn once per row."""
    return [
        {
            "data": {"values": [{}]},
            "mark": {"type": "rule", "style": "reference", "aria": False},
            "encoding": {channel: {"datum": rule, "type": "quantitative"}},
        }
        for rule in figure.rules
    ]


def _fit(figure: Figure) -> Spec:
    """Least squares along the axes as drawn: straight on the picture, whatever the scales."""
    methods = {(False, False): "linear", (True, False): "log", (False, True): "exp", (True, True): "pow"}
    method = methods[figure.x.scale == "log", figure.y.scale == "log"]
    by = {"groupby": ["group"]} if figure.group else {}
    return {
        "transform": [{"regression": "y", "on": "x", "method": method, **by}],
        "mark": {"type": "line", "style": "fit", "clip": True, "aria": False},
        "encoding": {"x": _axis("x", figure.x, figure), "y": _axis("y", figure.y, figure)},
    }


def _tooltip(figure: Figure) -> list[Spec]:
    """What hovering shows: the name, the value with its interval, the colour, the panel, then further columns."""
    roles = fields(figure)
    across = figure.kind in ("lines", "scatter")
    entries = [("label", harmless(figure.label))] if figure.label else []
    for role, axis, spans in (("y", figure.y, across), ("x", figure.x, not across)):
        if figure.label == axis.column:
            continue
        nominal = axis.scale == "nominal"
        suffix = " [interval]" if spans and not nominal and figure.low and figure.high else ""
        entries.append((role if nominal else f"{role}_text", (_title(axis) or harmless(axis.column)) + suffix))
    told = (roles["x"], roles["y"], figure.label)
    further: list[str] = [role for role in ("color", "group") if role in roles and roles[role] not in told]
    further += [role for role in roles if role.startswith("extra_")]
    entries += [(f"{role}_text" if _numbers(figure, roles[role]) else role, harmless(roles[role])) for role in further]
    # The title becomes a quoted key of an expression, and two entries of one title would be one.
    titles: dict[str, str] = {}
    for role, title in entries:
        key = title.replace("\\", "＼").replace('"', "”") or role
        titles.setdefault(f"{key} " if key in titles else key, role)
    return [{"field": role, "type": "nominal", "title": title} for title, role in titles.items()]


def _texts(figure: Figure) -> list[Spec]:
    """Numbers as text for the hover, so that it shows the figure's format and nothing for what is undefined."""
    roles = fields(figure)
    spans = {"lines": "y", "scatter": "y", "intervals": "x"}.get(figure.kind) if figure.low and figure.high else None
    texts = {
        role: (_year if _are_years(values) else _number)(f"datum.{role}")
        for role, column in roles.items()
        if (values := _numbers(figure, column))
    }
    for role, axis in (("x", figure.x), ("y", figure.y)):
        if axis.scale != "nominal" and role == spans:
            texts[role] = f"{_number(f'datum.{role}')} + {_bracket()}"
        elif axis.scale == "nominal":
            texts.pop(role, None)
    hidden = ("low", "high", "label")
    return [{"calculate": text, "as": f"{role}_text"} for role, text in texts.items() if role not in hidden]


def _bracket() -> str:
    limits = f"' [' + {_number('datum.low')} + ', ' + {_number('datum.high')} + ']'"
    return f"(isValid(datum.low) && isValid(datum.high) ? {limits} : '')"


def _year(value: str) -> str:
    """Expression: a year with its part as a date, such as 2023.2 for March 2023, and without one as the year."""
    months = "['Jan','Feb','Mar','Apr','May','Jun','Jul','Aug','Sep','Oct','Nov','Dec']"
    month = f"{months}[min(11, floor(({value} - floor({value})) * 12 + 1e-6))]"
    return (
        f"(!isValid({value}) ? '–' : {value} == floor({value}) ? format({value}, 'd') : {month} + ' ' + floor({value}))"
    )


def _number(value: str) -> str:
    """Expression: three significant digits, four for thousands, powers of ten at the extremes."""
    return (
        f"(!isValid({value}) ? '–' : {value} != 0 && (abs({value}) >= 1e7 || abs({value}) < 1e-3) ? "
        f"replace(format({value}, '.2~e'), '+', '') : abs({value}) >= 1e4 ? format({value}, ',.0f') : "
        f"abs({value}) >= 1000 ? format({value}, '.4~r') : format({value}, '.3~r'))"
    )


def _numbers(figure: Figure, column: str | None) -> list[float]:
    """The numbers of a column; none if it holds anything else."""
    values = [value for value in figure.columns.get(column or "", ()) if value is not None]
    if not values or any(isinstance(value, bool | str) for value in values):
        return []
    return [float(value) for value in values]


def _categories(figure: Figure, column: str) -> list[Cell]:
    """The values of a column over all choices, in order of appearance: colours stay when the choice changes."""
    return list(dict.fromkeys(drawn(value) for value in figure.columns[column] if value is not None))


def _are_years(values: list[float]) -> bool:
    return bool(values) and all(1900 <= value <= 2100 for value in values)


def _dark_cell(values: list[float]) -> str:
    """Expression: whether a cell is dark enough to need white text."""
    low, high = min(values), max(values)
    if low < 0 < high:
        return f"abs(datum.color) > {0.7 * max(-low, high)}"
    return f"datum.color < {low + 0.55 * (high - low)}"


def _cell_text(values: list[float]) -> str:
    """Expression: two decimals for shares and correlations, so that a column of cells lines up."""
    number = "format(datum.color, '.2f')" if max(map(abs, values)) <= 1 else _number("datum.color")
    return f"isValid(datum.color) ? {number} : ''"


def _decades(values: list[float]) -> list[float]:
    """Ticks of a logarithmic axis: powers of ten, or 1, 2 and 5 times these where the range is short."""
    positive = [value for value in values if value > 0]
    if not positive:
        return []
    first, last = math.floor(math.log10(min(positive))), math.ceil(math.log10(max(positive)))
    step = max(1, (last - first) // 8)
    factors = (1, 2, 5) if last - first <= 2 else (1,)
    return [float(f"{factor}e{power}") for power in range(first, last + 1, step) for factor in factors]


def _stacked(figure: Figure) -> bool:
    """Whether a row's name occurs more than once in a picture, told apart by colour."""
    if figure.color is None or figure.color in (figure.y.column, figure.x.column) or _numbers(figure, figure.color):
        return False
    names = [figure.columns[column] for column in (figure.y.column, figure.group, *figure.select) if column]
    places = list(zip(*names, strict=True))
    return len(set(places)) < len(places)


def _title(axis: Axis) -> str:
    return harmless(axis.title)
