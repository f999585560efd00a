"""Every sentence that the measures can produce, held against the constructions that are no plain English.

The sentences are those of the simulators, a few studies of each kind, and of audits: of the embedded study, and of
studies with one and with several benchmarks under test.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from typing import NamedTuple

import numpy as np
import pytest

from measurand.auditing import audit
from measurand.measures import Measure, discover, find
from measurand.measures.verdicts import VERDICTS
from measurand.results import Answer, Finding, Status
from measurand.simulate.calibration import simulations
from measurand.simulate.null_audit import SETTINGS, null_study

CODES = [measure.code for measure in discover()]

UNHEARD = {"P0": "it speaks of files, which no simulator and no table of scores has"}
"""Measures whose sentences are not heard here, and why."""

SLOW = {
    "G3": "10 s per study of its largest kind",
    "G4": "2 s per study",
    "V4": "2 s per study",
    "V11": "4 s per study of its largest kind",
}
"""Simulators of which one study of the first kind is drawn, and why."""

NOUNS = (
    "benchmark|model|item|score|trait|claim|gain|pair|family|families|run|task|failure|query|queries|attempt|cluster"
)

FORBIDDEN = {
    "a for per": (
        r"\b(?:dot|file|row|line|bar|item|token|score|run|prompt|query|point|accurac[a-z]+)s? an? "
        r"(?:model|benchmark|measure|item|token|row|task|update|class|line|run|benchmark)\b",
        "A dot a model; the line is the least-squares fit",
        "Each dot is one model; the line is a least-squares fit",
    ),
    "a count of one": (
        rf"\b[Oo]f 1 (?:{NOUNS})|(?<![\d.,])\b1 (?:{NOUNS.replace('families|', '').replace('queries|', '')})s\b"
        rf"|(?<![\d.,])\b1 (?:families|queries|are|were|have|do)\b",
        "Of 1 benchmark under test, 1 clearly rise",
        "TrustBench clearly rises with general capability (20 models)",
    ),
    "a verb of one for many": (
        r"(?<![\d.,])(?<!of )\b(?:[2-9]|[1-9]\d+) (?:is|was|has|does|rises|differs|hangs|leaves|moves|beats|goes)\b",
        "3 is shown to fail",
        "1 of 3 is shown to fail",
    ),
    "nothing counted as 0": (r"^0 of |, and 0 |, 0 of ", "0 of 3 tasks hold", "None of the 3 tasks holds"),
    "called": (
        r"\bcan(?:not)? be called\b|\bnone can be called\b",
        "39 cannot be called at this number of models",
        "for 39 there are too few models to say",
    ),
    "to be told": (
        r"\bnot to be told\b|\bcannot be told\b(?! apart)",
        "above 15 of the other 24 models, below 1, and not to be told from 8",
        "better than 15 of the other 24 models, worse than 1, and statistically tied with 8",
    ),
    "by point": (
        r"\bby (?:the )?point\b(?! estimate)",
        "by the point alone, 25 would be called so",
        "going by the point estimates alone, 25 would count as tracking capability",
    ),
    "no evidence": (
        r"\b(?:is|are) (?:not|no) evidence\b",
        "the order within these pairs is not evidence",
        "their order could be due to chance",
    ),
    "a hypothetical tool": (
        r"\bwould tell apart\b|\bto hold this against\b|\brun again, \w+ would\b|\bguesses of people\b|\bsaid first\b",
        "The items there are would tell apart two models that differ by 3 points",
        "None of the 3 benchmarks has enough items to detect a 3-point difference (80% power)",
    ),
    "words of results": (
        r"(?i)\b(?:dis)?entangled\b|\binverse(?!-| of)\b",
        "12 benchmarks are entangled",
        "12 benchmarks rise with general capability",
    ),
    "cause of what is observed": (
        r"\bbecause of\b|\bmore compute brings\b",
        "more compute brings a better score",
        "it rises with compute",
    ),
    "a number without a name": (
        r"^[−+]?\d[\d.,]*%? \[|\[[^\]]*\] share\b|^[−+]?\d\.\d+ ",
        "0.42 [0.17, 0.59] share",
        "The share is 42% [17%, 59%]",
    ),
    "an undefined number": (r"\bnan\b|\bNaN\b|\binf\b|\bundefined\b", "it scores nan", "it has no score"),
    "a word of Python": (
        r"\bTrue\b|\bFalse\b|\bNone\b(?! of)|(?<![\w'])'[^']{1,40}'(?!\w)|\b[A-Z][a-z]+Error\b",
        "from 'as is' to PAIR",
        "from “as is” to PAIR",
    ),
    "a flag": (r"(?<![\w-])--[a-z]", "see --all", "see all of them"),
    "a field": (r"\b[a-z]+(?:_[a-z0-9]+)+\b", "the training_flop of 3 models", "the training compute of 3 models"),
    "a code of a measure": (
        r"(?<![\w-])[VPGF]\d{1,2}\b(?!-)",
        "even if they rank alike (V7)",
        "even if they rank alike",
    ),
    "a hyphen for a minus": (r"(?<![\w.,)–-])-\d", "it differs by -3 points", "it differs by −3 points"),
    "broken punctuation": (r"\.\.(?!\.)(?<!\.\.\.)|  |,,|;[.,]|:\.| [.,;:](?!\d)|\(\)", "It holds..", "It holds."),
}
"""What is no plain English: a pattern, what it finds, and what is written in its place."""

MOST_WORDS = 7


class Said(NamedTuple):
    """A text of a measure: where it stands, and what it says once the names of the data are taken out."""

    where: str
    text: str


def texts_of(findings: tuple[Finding, ...], answer: Answer | None, given: frozenset[str]) -> list[Said]:
    names = given | {value for finding in findings for value in finding.subject.values() if len(value) > 1}
    found = []
    for finding in findings:
        found += [Said("sentence", finding.sentence), Said("short", finding.short), Said("title", finding.title)]
        found += [Said("caveat", caveat) for caveat in finding.caveats]
    if answer is not None:
        found += [Said("sentence", answer.sentence), Said("meaning", answer.meaning)]
        found += [Said("note", note) for note in answer.notes]
        found += [Said("sentence", sentence) for _, sentence in answer.cautions]
        found += [Said("head", head) for table in answer.tables for head in (*table.head, table.title)]
    # What the data call a benchmark is theirs, however it is spelled.
    ordered = sorted(names, key=len, reverse=True)
    alone = re.compile("|".join(rf"(?<!\w){re.escape(name)}(?!\w)" for name in ordered)) if ordered else None
    quoted = [(where, re.sub("“[^”]*”", "“X”", text)) for where, text in found if text]
    return [Said(where, alone.sub("X", text) if alone else text) for where, text in quoted]


def wrong(findings: tuple[Finding, ...], answer: Answer | None, given: frozenset[str]) -> dict[str, str]:
    """What is not plain English in what a measure says, with an example of each.

    Parameters
    ----------
    given : names that the data have, beside those the findings are about.
    """
    found: dict[str, str] = {}
    for where, text in texts_of(findings, answer, given):
        for rule, (pattern, *_) in FORBIDDEN.items():
            # A caveat of a measure may name another: it is written once, and stands beside the method.
            if (rule, where) != ("a code of a measure", "caveat") and re.search(pattern, text):
                found.setdefault(rule, text)
        if where == "sentence" and not text.endswith((".", "?", ".)")):
            found.setdefault("no end", text)
    for finding in findings:
        if not finding.short and finding.status in (*VERDICTS, Status.NOT_APPLICABLE):
            found.setdefault("short is missing", finding.sentence)
        if len(finding.short.split()) > MOST_WORDS:
            found.setdefault("short is long", finding.short)
        if finding.short.endswith("."):
            found.setdefault("short is a sentence", finding.short)
    return found


@pytest.fixture(scope="session")
def audited(example) -> dict[str, list[tuple[tuple[Finding, ...], Answer | None]]]:
    """What each measure says in whole audits."""
    rng = np.random.default_rng(0)
    studies = [example, *(null_study(1, 26, 8, benchmarks, 6, rng) for benchmarks in (1, 4))]
    told = defaultdict(list)
    for study in studies:
        settings = {code: dict(given) for code, given in SETTINGS.items()}
        found = audit(study, settings=settings)
        for code in CODES:
            own = tuple(finding for finding in found.findings if finding.code == code)
            told[code].append((own, found.answers.get(code)))
    return told


def simulated(code: str, monkeypatch: pytest.MonkeyPatch) -> list[tuple[tuple[Finding, ...], Answer | None]]:
    """What a measure says of the studies that its simulator draws."""
    measure, told = find(code), []
    judge = measure.judge

    def heard(result: object, **settings: object) -> list[Finding]:
        findings = tuple(judge(result, **settings))
        own = measure.labelled(findings)
        told.append((own, measure.answers(result, own)))
        return list(findings)

    def heard_findings(self: Measure, result: object, **settings: object) -> tuple[Finding, ...]:
        findings = all_findings(self, result, **settings)
        told.append((findings, self.answers(result, findings)))
        return findings

    all_findings = Measure.findings
    monkeypatch.setattr(Measure, "findings", heard_findings)
    for name, module in list(sys.modules.items()):
        if name.startswith("measurand.simulate.") and getattr(module, "judge", None) is judge:
            monkeypatch.setattr(module, "judge", heard)
    cells = simulations()[code].cells
    drawn = [(cells[0], 0), *([] if code in SLOW else [(cells[0], 1), (cells[-1], 2)])]
    for cell, seed in drawn:
        simulations()[code].outcome(cell, 0.95, np.random.default_rng(seed))
    return told


@pytest.mark.parametrize("code", CODES)
def test_what_a_measure_says_is_plain_english(code, audited, example, monkeypatch):
    told = audited[code]
    if code in simulations():
        told = [*told, *simulated(code, monkeypatch)]
    told = [(findings, answer) for findings, answer in told if any(f.status in VERDICTS for f in findings)]
    if code in UNHEARD:
        assert not told
        pytest.skip(UNHEARD[code])
    assert told, "nothing was said"
    found: dict[str, str] = {}
    for findings, answer in told:
        found = wrong(findings, answer, frozenset(example.scores.benchmarks["benchmark"])) | found
    assert not found


@pytest.mark.parametrize("rule", FORBIDDEN)
def test_what_is_forbidden_is_found_and_what_stands_in_its_place_is_not(rule):
    pattern, bad, good = FORBIDDEN[rule]
    assert re.search(pattern, bad)
    assert not re.search(pattern, good)
