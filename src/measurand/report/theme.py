"""Colours and Vega-Lite configuration, for light and for dark surroundings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from measurand.results import Status
from measurand.wording import RISES, SEPARATE, TOO_FEW, WORSE

__all__ = ["DIVERGING", "FONT", "KNOWN", "SEQUENTIAL", "SHAPES", "Theme", "config"]

Theme = Literal["light", "dark"]

FONT = "system-ui, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif"

# Okabe and Ito's colours, told apart with any of the common colour-vision deficiencies; the yellow is left out, and
# black replaced by grey, because neither can be seen on both a white and a dark page. On a dark page the
# same hues are lighter.
_CATEGORIES = {
    "light": ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#7f7f7f"],
    "dark": ["#3d9be0", "#f0803c", "#2fc79c", "#e09cc4", "#9bd4f5", "#f5bd4f", "#a9a9a9"],
}

SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-right")
"""Colour is doubled by shape, so that a grey print can be read."""

# Neither red nor green, which mean good and bad, and which many cannot tell apart: orange, grey and blue, each with a
# contrast of at least 3 to a white and to a dark page.
_STATUS_COLORS = {
    Status.ISSUE: "#c8601f",
    Status.CAUTION: "#7f8a99",
    Status.PASSED: "#1f86b4",
    Status.NOT_APPLICABLE: "#7f8a99",
    Status.SKIPPED: "#7f8a99",
    Status.ERROR: "#8b5fbf",
}
_STATUS_SHAPES = {
    Status.ISSUE: "triangle-up",
    Status.CAUTION: "diamond",
    Status.PASSED: "circle",
    Status.NOT_APPLICABLE: "stroke",
    Status.SKIPPED: "stroke",
    Status.ERROR: "cross",
}

KNOWN: Mapping[str, tuple[str, str]] = {
    **{status.value: (_STATUS_COLORS[status], _STATUS_SHAPES[status]) for status in Status},
    # The outcomes of the page's first screen, in tones that both surroundings bear.
    RISES: ("#c8601f", "circle"),
    WORSE: ("#8b5fbf", "diamond"),
    SEPARATE: ("#1f86b4", "square"),
    TOO_FEW: ("#7f8a99", "cross"),
}
"""Colour and shape of the categories that mean the same wherever they stand, in the order of their legend."""

SEQUENTIAL = "viridis"
DIVERGING = ("#b35806", "#e8963c", "#f1ead8", "#7fb2d6", "#1f5f99")

_INK = {
    "light": {"text": "#17202b", "muted": "#4b5665", "grid": "#e6e9ee", "axis": "#aab2be", "mark": "#07678f"},
    "dark": {"text": "#edf1f5", "muted": "#aeb8c4", "grid": "#263040", "axis": "#566073", "mark": "#5fc3ef"},
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
