"""Pictures with an interval: the layout that most measures of forecasting and gaming share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from measurand.measures._shared import columns
from measurand.results import Axis, Cell, Figure

__all__ = ["bars", "lines"]

Rows = Sequence[Sequence[Cell]]


def bars(
    name: str, title: str, caption: str, names: Sequence[str], rows: Rows, x: Axis, y: Axis, **more: Any
) -> Figure:
    """A dot and a bar per row, with its limits in the columns low and high."""
    settings: dict[str, Any] = {"low": "low", "high": "high"} | more
    table = columns(names, rows)
    return Figure(name=name, kind="intervals", title=title, caption=caption, columns=table, x=x, y=y, **settings)


def lines(
    name: str, title: str, caption: str, names: Sequence[str], rows: Rows, x: Axis, y: Axis, **more: Any
) -> Figure:
    """Curves with a band, whose limits are in the columns low and high."""
    settings: dict[str, Any] = {"low": "low", "high": "high"} | more
    table = columns(names, rows)
    return Figure(name=name, kind="lines", title=title, caption=caption, columns=table, x=x, y=y, **settings)
