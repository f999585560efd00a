"""The page as text: what it says, that it is whole, that data cannot become code, how heavy and how fast it is."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import re
import time
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from measurand.report import MeasureInfo, to_html
from measurand.results import Audit, Axis, Estimate, Figure, Finding, Provenance, Question, Status


class Page(HTMLParser):
    """Elements and their text, as a browser would split them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.words: list[str] = []
        self.inside = ""
        self.feed(html)
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.inside = tag
        self.elements.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append((dict(attrs), ""))

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""

    def handle_data(self, data: str) -> None:
        if self.inside == "script":
            attrs, text = self.scripts.pop()
            self.scripts.append((attrs, text + data))
        elif self.inside != "style":
            self.words.append(data)

    def ids(self) -> list[str]:
        return [attrs["id"] or "" for _, attrs in self.elements if "id" in attrs]


@pytest.fixture(scope="module")
def html(audit: Audit, measures: tuple[MeasureInfo, ...]) -> str:
    return to_html(audit, measures)


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


def test_four_questions_with_the_worst_headline(page: Page) -> None:
    answers = [attrs for tag, attrs in page.elements if tag == "li" and attrs.get("class") == "answer"]
    assert [(a["id"], a["data-status"]) for a in answers] == [
        ("question-validity", "issue"),
        ("question-precision", "passed"),
        ("question-gaming", "not_applicable"),
        ("question-forecast", "caution"),
    ]
    assert "Among chat models 12 of 21 benchmarks rise and fall with general capability alone." in page.text
    assert "0.58 [0.41, 0.73] entangled share, 95% interval" in page.text
    assert "contamination against reference models needs item-level results of at least 5" in page.text


def test_a_question_without_measures_says_so(audit: Audit, measures: tuple[MeasureInfo, ...]) -> None:
    """Nothing of it was asked: that is no gap in the evidence."""
    few = [measure for measure in measures if measure.question is not Question.GAMING]
    text = Page(to_html(replace(audit, asked=tuple(measure.code for measure in few)), measures)).text
    assert "Is the score real for this model? Not asked for." in text
    assert "contamination against reference models needs" not in text


def test_findings_of_unknown_measures_are_shown(audit: Audit) -> None:
    text = Page(to_html(audit, ())).text
    assert "No measure of this code is installed here" in text
    assert "Two of three claims of progress go beyond capability." in text


def test_every_finding_figure_and_estimate_is_there(audit: Audit, page: Page) -> None:
    assert sum(tag == "figure" for tag, _ in page.elements) == len(audit.figures)
    details = [f for f in audit.findings if "benchmark" in f.subject]
    assert sum(tag == "tr" for tag, _ in page.elements) > len(details)
    packed = [json.loads(text) for attrs, text in page.scripts if (attrs.get("id") or "").endswith("-estimates-data")]
    columns = [table[4] for table in packed]
    shown = sum(len(column["places"] if isinstance(column, dict) else column) for column in columns)
    assert shown == sum(len(finding.estimates) for finding in audit.findings)
    for words in (
        "Not assessed",
        "Files read",
        "a3" * 32,
        "Higher is better in every benchmark",
        "0.951",
        "ρ = Spearman",
    ):
        assert words in page.text


def test_ids_are_unique_and_links_lead_to_them(page: Page) -> None:
    ids = page.ids()
    assert len(ids) == len(set(ids))
    inner = [
        attrs["href"][1:] for tag, attrs in page.elements if tag == "a" and (attrs.get("href") or "").startswith("#")
    ]
    assert inner
    assert set(inner) <= set(ids)
    referred = [
        name
        for _, attrs in page.elements
        for key in ("aria-labelledby", "aria-describedby")
        if (name := attrs.get(key))
    ]
    assert set(referred) <= set(ids)


def test_nothing_is_loaded_from_elsewhere(page: Page) -> None:
    for tag, attrs in page.elements:
        assert "src" not in attrs, tag
        assert tag not in ("link", "img", "iframe", "object", "base", "form"), tag
        assert not any(name.startswith("on") for name in attrs), tag
    addresses = [attrs["href"] for tag, attrs in page.elements if tag == "a"]
    assert all(address and (address[0] == "#" or address.startswith("https://")) for address in addresses)


def test_only_the_scripts_of_the_page_may_run(page: Page) -> None:
    policy = next(attrs["content"] or "" for _, attrs in page.elements if attrs.get("http-equiv"))
    code = [text for attrs, text in page.scripts if attrs.get("type") != "application/json"]
    assert len(code) == 2
    for text in code:
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert "unsafe-eval" not in policy
    assert "script-src 'unsafe-inline'" not in policy


def test_data_stay_data(html: str, page: Page) -> None:
    assert "<script>alert(1)</script>" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert sum(attrs.get("type") != "application/json" for attrs, _ in page.scripts) == 2
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202e]", html)
    blocks = [text for attrs, text in page.scripts if attrs.get("type") == "application/json"]
    assert len(blocks) == 8
    for text in blocks:
        assert not re.search(r"[<>&]", text)
        json.loads(text)


EVIL = [
    "</script><script>alert(1)</script>",
    "<!--<script>",
    '" onmouseover="alert(1)',
    "{{ 7*7 }}",
    "\u2028</title>",
    "&lt;",
]


@pytest.mark.parametrize("evil", EVIL)
def test_hostile_text_anywhere_is_shown_as_text(evil: str, measures: tuple[MeasureInfo, ...]) -> None:
    measure = dataclasses.replace(
        measures[0], code=evil, name=evil, asks=evil, formula=evil, caveats=(evil,), references=(evil,), needs=evil,
        error_rates=({evil: evil},), worst_rates={evil: evil}, regime=evil,
    )  # fmt: skip
    figure = Figure(
        name=evil,
        kind="scatter",
        title=evil,
        caption=evil,
        columns={evil: (1.0,), "k": (evil,)},
        x=Axis(evil, evil),
        y=Axis(evil, evil),
        label="k",
        select=("k",),
    )
    estimate = Estimate(name=evil, value=0.5, low=0.4, high=0.6, level=0.95, method=evil, n=3, unit=evil)
    findings = tuple(
        Finding(
            code=evil,
            subject={evil: evil},
            title=evil,
            status=status,
            sentence=evil,
            estimates=(estimate,),
            caveats=(evil,),
            figure=evil,
        )
        for status in Status
    )
    audit = Audit(
        findings=findings,
        figures={evil: figure},
        provenance=Provenance(evil, (), (evil,), {evil: evil}),
        settings={evil: {evil: evil, "l": (evil,)}},
        seed=1,
        asked=(measure.code,),
    )
    page = Page(to_html(audit, (measure,)))
    assert sum(attrs.get("type") != "application/json" for attrs, _ in page.scripts) == 2
    assert not any(name.startswith("on") for _, attrs in page.elements for name in attrs)
    shown = " ".join(evil.replace("\u2028", " ").split())
    assert page.text.count(shown) >= 20


def test_what_was_simulated_and_the_worst_rates_stand_beside_the_folded_table(
    audit: Audit, measures: tuple[MeasureInfo, ...]
) -> None:
    told = dataclasses.replace(
        measures[0], regime="items in clusters of unequal size", worst_rates={"least coverage": "0.931 ± 0.008"}
    )
    page = Page(to_html(audit, (told, *measures[1:])))
    assert "Measured on simulated data whose truth is known: items in clusters of unequal size." in page.text
    assert "Least coverage: 0.931 ± 0.008" in page.text
    assert "Each interval and verdict, in the simulated study where it is worst" in page.text


def test_references_link_to_where_they_can_be_read(html: str) -> None:
    assert 'href="https://arxiv.org/abs/2407.21792"' in html
    assert 'href="https://doi.org/10.1007/BF02294183"' in html


def test_weight_and_speed(large_audit: Audit, measures: tuple[MeasureInfo, ...]) -> None:
    assert len(large_audit.findings) > 900
    assert len(large_audit.figures) == 20
    start = time.perf_counter()
    html = to_html(large_audit, measures)
    assert time.perf_counter() - start < 2
    assert len(html.encode()) < 3_000_000


def test_an_audit_of_nothing_is_a_page(measures: tuple[MeasureInfo, ...]) -> None:
    text = Page(
        to_html(
            Audit(
                findings=(),
                figures={},
                provenance=Provenance("", (), (), {}),
                settings={},
                seed=0,
                asked=tuple(each.code for each in measures),
            ),
            measures,
        )
    ).text
    assert "Untitled study" in text
    assert "7 measures without a verdict" in text
