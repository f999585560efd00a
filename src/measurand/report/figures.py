"""Figures as Vega-Lite specifications and as SVG, PNG or PDF."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from textwrap import wrap
from typing import Any, Literal

from measurand.errors import InputError, UnknownName
from measurand.report import theme as themes
from measurand.report.specs import drawn, fields, harmless, template, whole
from measurand.results import Axis, Cell, Figure

__all__ = ["Choice", "chart", "choices", "render"]

LINE = 78
"""Characters of a line above a picture."""

Choice = Mapping[str, Cell]
"""Column of `Figure.select` -> the value to show."""


def choices(figure: Figure) -> dict[str, tuple[Cell, ...]]:
    """What a viewer may choose: each column of `figure.select` with its values, in order of appearance.

    Raises
    ------
    UnknownName : the figure names a column that it does not have.

    Examples
    --------
    >>> from measurand.results import Axis, Figure
    >>> columns = {"class": ("base", "chat"), "x": (0.1, 0.2), "y": ("mmlu", "mmlu")}
    >>> x, y = Axis("x", "correlation"), Axis("y", "benchmark", "nominal")
    >>> figure = Figure(
    ...     name="V1.i", kind="intervals", title="", caption="", columns=columns, x=x, y=y, select=("class",)
    ... )
    >>> choices(figure)
    {'class': ('base', 'chat')}
    """
    _check_columns(figure)
    return {column: tuple(dict.fromkeys(figure.columns[column])) for column in figure.select}


def chart(figure: Figure, choice: Choice | None = None, *, theme: themes.Theme = "light") -> dict[str, Any]:
    """The Vega-Lite (version 6) specification of a figure, with its data, as plain JSON values.

    Parameters
    ----------
    figure : what to draw. Rows without a position (undefined, or not positive on a logarithmic axis) are left out.
    choice : value of each column of `figure.select`; where absent, the first one that has rows.
    theme : surroundings the colours are for; the background stays transparent.

    Raises
    ------
    UnknownName : a column or value that is not there to choose, or a column that the figure does not have.
    InputError : values that never occur together.

    Examples
    --------
    >>> from measurand.results import Axis, Figure
    >>> columns = {"class": ("base", "chat"), "x": (0.1, 0.2), "y": ("mmlu", "mmlu")}
    >>> x, y = Axis("x", "correlation"), Axis("y", "benchmark", "nominal")
    >>> figure = Figure(
    ...     name="V1.i", kind="intervals", title="", caption="", columns=columns, x=x, y=y, select=("class",)
    ... )
    >>> chart(figure, {"class": "chat"})["datasets"]["rows"]
    [{'x': 0.2, 'y': 'mmlu'}]
    >>> chart(figure, {"class": "chta"})
    Traceback (most recent call last):
    measurand.errors.UnknownName: no class of figure V1.i named 'chta'; did you mean 'chat'? There are 2: base, chat
    """
    _check_columns(figure)
    figure = whole(figure)
    kept = _rows(figure, choice or {})
    roles = fields(figure)
    rows = [{role: drawn(figure.columns[column][row]) for role, column in roles.items()} for row in kept]
    spec = template(figure)
    _drop_from_legends(spec, {row.get("color") for row in rows})
    return spec | {"datasets": {"rows": rows}, "config": themes.config(theme)}


def render(
    figure: Figure,
    choice: Choice | None = None,
    format: Literal["svg", "png", "pdf"] = "svg",
    *,
    title: str | None = None,
    scale: float = 2.0,
    theme: themes.Theme = "light",
) -> bytes:
    """Draw a figure, offline, with what has to be read to understand it: title, what is shown, and the caption.

    Parameters
    ----------
    figure, choice, theme : as in `chart`; the background is white, or near black for ``"dark"``.
    format : ``"svg"``, ``"png"`` or ``"pdf"``.
    title : in place of the figure's own and of what is chosen: what was found of it.
    scale : pixels of a PNG per unit; a PDF and an SVG are the same at any size and ignore it.

    Raises
    ------
    UnknownName, InputError : as in `chart`; and a format or scale that is none.
    """
    if format not in ("svg", "png", "pdf"):
        raise UnknownName("figure format", format, ["svg", "png", "pdf"])
    if not 0 < scale <= 20:
        raise InputError(f"scale should be in (0, 20], got {scale}")
    # By itself a picture has to say which of several it is, and what its marks are.
    told = [*wrap("" if title else _chosen(figure, choice or {}), LINE), *wrap(figure.caption, LINE)]
    heading = {
        "text": [harmless(line) for line in wrap(title or figure.title, LINE)],
        "subtitle": [harmless(line) for line in told],
    }
    spec = chart(figure, choice, theme=theme) | {"title": {**heading, "anchor": "start", "offset": 10}}
    spec["config"] |= {"background": "#ffffff" if theme == "light" else "#10151c", "padding": 12}
    ink = "#17202b" if theme == "light" else "#edf1f5"
    spec["config"]["title"] = {"color": ink, "fontSize": 14, "subtitleColor": ink, "subtitleFontSize": 11.5}

    import vl_convert  # a JavaScript engine: loaded by those who draw

    text = json.dumps(spec)
    # A specification holds its data: with no base URL allowed, nothing in it can make the renderer fetch anything.
    if format == "png":
        return bytes(vl_convert.vegalite_to_png(text, scale=scale, allowed_base_urls=[]))
    if format == "pdf":
        return bytes(vl_convert.vegalite_to_pdf(text, allowed_base_urls=[]))
    return str(vl_convert.vegalite_to_svg(text, allowed_base_urls=[])).encode()


def _drop_from_legends(spec: dict[str, Any], present: set[Cell]) -> None:
    """A colour that no mark of this choice has needs no place in the legend; the others keep theirs."""
    channels = [
        layer["encoding"].get(channel)
        for layer in spec.get("spec", spec).get("layer", ())
        for channel in ("color", "shape")
    ]
    for channel in channels:
        if channel and channel.get("type") == "nominal" and channel.get("legend"):
            channel["legend"]["values"] = [value for value in channel["scale"]["domain"] if value in present]


def _chosen(figure: Figure, choice: Choice) -> str:
    """What is drawn of the columns that have more than one value to choose from."""
    rows = _rows(figure, choice)
    several = [column for column in figure.select if len(set(figure.columns[column])) > 1]
    return ", ".join(str(figure.columns[column][rows[0]]) for column in several) if rows else ""


def _rows(figure: Figure, choice: Choice) -> list[int]:
    """Positions of the rows that are drawn."""
    for column in choice:
        if column not in figure.select:
            raise UnknownName(f"choice of figure {figure.name}", str(column), figure.select)
    rows = list(range(len(figure.columns[figure.x.column])))
    for column, wanted in choice.items():
        value = _value(figure, column, wanted)
        rows = [row for row in rows if figure.columns[column][row] == value]
    if choice and not rows:
        raise InputError(f"figure {figure.name} has no rows with {dict(choice)}")
    for column in figure.select:
        cells = figure.columns[column]
        rows = [row for row in rows if cells[row] == cells[rows[0]]]
    axes = ((figure.x, figure.columns[figure.x.column]), (figure.y, figure.columns[figure.y.column]))
    return [row for row in rows if all(_placed(axis, cells[row]) for axis, cells in axes)]


def _value(figure: Figure, column: str, wanted: Cell) -> Cell:
    """The value chosen, or the one that reads the same: a command line knows only text."""
    values = choices(figure)[column]
    for value in values:
        if value == wanted or str(value) == str(wanted):
            return value
    raise UnknownName(f"{column} of figure {figure.name}", str(wanted), map(str, values))


def _placed(axis: Axis, value: Cell) -> bool:
    if axis.scale == "nominal":
        return value is not None
    number = isinstance(value, int | float) and math.isfinite(value)
    return number and (axis.scale != "log" or float(value or 0) > 0)


def _check_columns(figure: Figure) -> None:
    named = (figure.x.column, figure.y.column, figure.low, figure.high, figure.label, figure.color, figure.group)
    for column in (*named, *figure.select):
        if column is not None and column not in figure.columns:
            raise UnknownName(f"column of figure {figure.name}", column, figure.columns)
