"""Reports of an audit: a page, a terminal text, tables, and pictures. They read results and compute no statistics."""

from measurand.report.everything import renderable
from measurand.report.figures import chart, choices, render
from measurand.report.html import to_html
from measurand.report.summary import MeasureInfo
from measurand.report.tables import to_csv, to_latex, to_markdown
from measurand.report.text import to_text

__all__ = [
    "MeasureInfo",
    "chart",
    "choices",
    "render",
    "renderable",
    "to_csv",
    "to_html",
    "to_latex",
    "to_markdown",
    "to_text",
]
