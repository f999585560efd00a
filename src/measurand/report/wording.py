"""Words and marks that every report shares, beside `measurand.wording`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from measurand.results import Estimate, Finding, Question, Status
from measurand.wording import limits_of, percent, plain, shown, value_of

__all__ = [
    "ASKS",
    "STATUS",
    "StatusWord",
    "beside",
    "estimate_text",
    "level_text",
    "subject_text",
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


def level_text(estimate: Estimate) -> str:
    """The level of the interval, or nothing where there is none.

    Examples
    --------
    >>> level_text(Estimate(name="rho", value=0.7, low=0.6, high=0.8, level=0.95))
    '95%'
    """
    return "" if estimate.level is None else percent(estimate.level)


def estimate_text(estimate: Estimate) -> str:
    """An estimate with its interval; limits that have no level are none, and stand in no brackets.

    Examples
    --------
    >>> estimate_text(Estimate(name="rho", value=0.7, low=0.6, high=0.8, level=0.95))
    '0.70 [0.60, 0.80]'
    >>> estimate_text(Estimate(name="share_entangled", value=0.43, low=0.05, high=0.66, unit="share"))
    '43% (5% to 66%)'
    """
    text = shown(estimate)
    if estimate.level is None and (limits := limits_of(estimate)):
        return text.replace(limits, f"({' to '.join(limits[1:-1].split(', '))})")
    return text


def beside(finding: Finding) -> str:
    """The finding's first number, with its name, interval and level; nothing where its sentence already says it.

    Examples
    --------
    >>> share = Estimate(name="share_of_items", value=0.4, low=0.3, high=0.5, level=0.95, unit="share")
    >>> beside(Finding(status=Status.PASSED, sentence="Few items are copied.", estimates=(share,)))
    'share of items 40% [30%, 50%] (95%)'
    >>> beside(Finding(status=Status.PASSED, sentence="40% [30%, 50%] of the items are copied.", estimates=(share,)))
    ''
    """
    if not finding.estimates or value_of(finding.estimates[0]) in finding.sentence:
        return ""
    estimate = finding.estimates[0]
    level = level_text(estimate)
    return f"{plain(estimate.name.replace('_', ' '))} {estimate_text(estimate)}" + (f" ({level})" if level else "")


def subject_text(finding: Finding) -> str:
    """What a finding speaks of, in words: the values of its subject, the benchmark first.

    Examples
    --------
    >>> subject_text(Finding(subject={"class": "chat", "benchmark": "mmlu"}, status=Status.PASSED, sentence=""))
    'mmlu · class chat'
    """
    subject = finding.subject
    # A study without classes has one, which needs no mention.
    told = {key: value for key, value in subject.items() if (key, value) != ("class", "all") and key != "benchmark"}
    rest = [f"{plain(key)} {plain(value)}" for key, value in told.items()]
    parts = [plain(subject["benchmark"]), *rest] if "benchmark" in subject else rest
    return " · ".join(parts) or "the whole study"
