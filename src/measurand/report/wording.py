"""Words, marks and number formats that every report shares."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import NamedTuple

from measurand.results import Estimate, Finding, Question, Status

__all__ = [
    "ASKS",
    "STATUS",
    "StatusWord",
    "estimate_text",
    "interval_text",
    "level_text",
    "number",
    "plain",
    "subject_text",
    "value_text",
]

ASKS: Mapping[Question, str] = {
    Question.VALIDITY: "Are we measuring the right quantity?",
    Question.PRECISION: "To what extent can the number be trusted?",
    Question.GAMING: "Is the score real for this model?",
    Question.FORECAST: "What comes next, and what does it take to elicit it?",
}


class StatusWord(NamedTuple):
    """A status in a word and a shape; colour comes on top, never alone."""

    word: str
    mark: str


STATUS: Mapping[Status, StatusWord] = {
    Status.ISSUE: StatusWord("issue", "▲"),
    Status.CAUTION: StatusWord("caution", "◆"),
    Status.PASSED: StatusWord("passed", "●"),
    Status.NOT_APPLICABLE: StatusWord("not assessed", "○"),
    Status.SKIPPED: StatusWord("not asked for", "–"),
    Status.ERROR: StatusWord("failed", "✕"),
}

# Control characters can drive a terminal, bidirectional overrides can reorder what a reader sees, and lone surrogates
# cannot be written as UTF-8 at all. None of them is allowed in XML either, where SVG renderers abort on them.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]+")


def plain(text: str) -> str:
    """One line of text without control characters, bidirectional overrides and lone surrogates.

    Examples
    --------
    >>> plain("mm\\x1b[31mlu\\nnew")
    'mm [31mlu new'
    """
    return _UNSAFE.sub(" ", text).strip()


def number(value: float | int | None, decimals: int | None = None) -> str:
    """A number for a reader: three significant digits, or the decimals asked for; a true minus sign.

    Examples
    --------
    >>> number(0.78654), number(-0.2), number(29956), number(1.6e23), number(None)
    ('0.787', '−0.200', '29,956', '1.60e+23', 'undefined')
    """
    if value is None or not math.isfinite(value):
        return "undefined"
    size = abs(value)
    if isinstance(value, int) and size < 1e9:
        text = f"{value:,}"
    elif value and not 1e-3 <= size < 1e7:
        text = f"{value:.2e}"
    else:
        places = max(0, 2 - _exponent(size)) if decimals is None else decimals
        text = f"{value:,.{places}f}"
    if not text.strip("-0.,"):
        text = text.lstrip("-")
    return text.replace("-", "−", 1) if text.startswith("-") else text


def interval_text(estimate: Estimate) -> str:
    """The limits in brackets, or nothing where neither is defined.

    Examples
    --------
    >>> interval_text(Estimate("rho", 0.787, 0.5721, 0.8979, level=0.95))
    '[0.57, 0.90]'
    """
    if estimate.low is None and estimate.high is None:
        return ""
    places = _places(estimate)
    limits = ("–" if limit is None else number(limit, places) for limit in (estimate.low, estimate.high))
    return f"[{', '.join(limits)}]"


def estimate_text(estimate: Estimate) -> str:
    """Number, interval and unit, with as many decimals as the interval's width deserves.

    Examples
    --------
    >>> estimate_text(Estimate("rho", 0.78689, 0.5721, 0.8979, level=0.95))
    '0.79 [0.57, 0.90]'
    >>> estimate_text(Estimate("tests", 29956, unit="tests"))
    '29,956 tests'
    """
    return f"{value_text(estimate)} {interval_text(estimate)}".rstrip()


def value_text(estimate: Estimate) -> str:
    """The number and its unit, with the decimals that its interval deserves.

    Examples
    --------
    >>> value_text(Estimate("next_score", 76.2, 61.0, 88.4, unit="%"))
    '76%'
    """
    return number(estimate.value, _places(estimate)) + _unit(estimate)


def level_text(estimate: Estimate) -> str:
    """The level of the interval, or nothing where there is none.

    Examples
    --------
    >>> level_text(Estimate("rho", 0.7, 0.6, 0.8, level=0.95))
    '95%'
    """
    return "" if estimate.level is None else f"{100 * estimate.level:.6g}%"


def subject_text(finding: Finding) -> str:
    """What a finding speaks of, in words: the values of its subject, the benchmark first.

    Examples
    --------
    >>> subject_text(Finding("V1", {"class": "chat", "benchmark": "mmlu"}, "", Status.PASSED, ""))
    'mmlu · class chat'
    """
    subject = finding.subject
    # A study without classes has one, which needs no mention.
    told = {key: value for key, value in subject.items() if (key, value) != ("class", "all") and key != "benchmark"}
    rest = [f"{plain(key)} {plain(value)}" for key, value in told.items()]
    parts = [plain(subject["benchmark"]), *rest] if "benchmark" in subject else rest
    return " · ".join(parts) or "the whole study"


def _unit(estimate: Estimate) -> str:
    unit = plain(estimate.unit)
    return unit if unit in ("", "%") else f" {unit}"


def _exponent(size: float) -> int:
    return math.floor(math.log10(size)) if size else 0


def _places(estimate: Estimate) -> int | None:
    """Decimals that show two significant digits of the interval's width; None without a width."""
    low, high = estimate.low, estimate.high
    if low is None or high is None or not math.isfinite(high - low) or high <= low:
        return None
    return min(6, max(0, 1 - _exponent(high - low)))
