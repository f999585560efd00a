"""Colours and Vega-Lite configuration, for light and for dark surroundings."""

from __future__ import annotations

from typing import Any, Literal

from measurand.results import Status

__all__ = ["DIVERGING", "FONT", "SEQUENTIAL", "SHAPES", "STATUS_COLORS", "STATUS_SHAPES", "Theme", "config"]

Theme = Literal["light", "dark"]

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"

# Okabe and Ito's colours, told apart with any of the common colour-vision deficiencies; the yellow is left out, and
# black replaced by grey, because neither can be seen on both a white and a dark page. On a dark page the
# same hues are lighter.
_CATEGORIES = {
    "light": ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#7f7f7f"],
    "dark": ["#3d9be0", "#f0803c", "#2fc79c", "#e09cc4", "#9bd4f5", "#f5bd4f", "#a9a9a9"],
}

SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-right")
"""Colour is doubled by shape, so that a grey print can be read."""

STATUS_COLORS = {
    Status.ISSUE: "#d1495b",
    Status.CAUTION: "#d98e04",
    Status.PASSED: "#1c8a72",
    Status.NOT_APPLICABLE: "#8a94a3",
    Status.SKIPPED: "#8a94a3",
    Status.ERROR: "#8b5fbf",
}
STATUS_SHAPES = {
    Status.ISSUE: "triangle-up",
    Status.CAUTION: "diamond",
    Status.PASSED: "circle",
    Status.NOT_APPLICABLE: "stroke",
    Status.SKIPPED: "stroke",
    Status.ERROR: "cross",
}

SEQUENTIAL = "viridis"
DIVERGING = ("#b35806", "#e8963c", "#f1ead8", "#7fb2d6", "#1f5f99")

_INK = {
    "light": {"text": "#2a3140", "muted": "#5b6575", "grid": "#e4e7ec", "axis": "#aab2be", "mark": "#0072b2"},
    "dark": {"text": "#e3e7ee", "muted": "#a4adbb", "grid": "#2f3643", "axis": "#566073", "mark": "#56b4e9"},
}


def config(theme: Theme) -> dict[str, Any]:
    """Vega-Lite configuration for that surrounding; the background is left to the page."""
    ink = _INK[theme]
    return {
        "background": None,
        "font": FONT,
        "view": {"stroke": None},
        "axis": {
            "labelColor": ink["muted"],
            "titleColor": ink["text"],
            "titleFontWeight": 500,
            "titleFontSize": 12,
            "titlePadding": 8,
            "labelFontSize": 11,
            "gridColor": ink["grid"],
            "domainColor": ink["axis"],
            "tickColor": ink["axis"],
            "labelLimit": 420,
        },
        "axisY": {"domain": False, "ticks": False, "labelPadding": 6},
        "axisBand": {"labelColor": ink["text"]},
        "header": {"labelColor": ink["text"], "labelFontSize": 12, "labelFontWeight": 600, "title": None},
        "legend": {
            "labelColor": ink["text"],
            "titleColor": ink["muted"],
            "titleFontWeight": 500,
            "titleFontSize": 11,
            "labelFontSize": 11,
            "labelLimit": 260,
            "orient": "top",
            "symbolOpacity": 1,
        },
        "range": {"category": _CATEGORIES[theme]},
        "mark": {"color": ink["mark"]},
        "rule": {"color": ink["mark"]},
        "point": {"color": ink["mark"], "filled": True, "opacity": 1},
        "style": {
            "reference": {"color": ink["muted"], "strokeDash": [4, 3], "strokeWidth": 1},
            "fit": {"color": ink["muted"], "strokeWidth": 1.5},
            "row": {"color": ink["text"]},
        },
    }
