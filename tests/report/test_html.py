"""The page as text: what it says, that it is whole, that data cannot become code, how heavy and how fast it is."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import re
import time
import zlib
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest

from measurand.report import MeasureInfo, to_html
from measurand.report.html import FIRST_ROWS, LAST_ROWS
from measurand.report.summary import ASSESSED
from measurand.results import (
    Answer,
    Audit,
    Axis,
    Estimate,
    Figure,
    Finding,
    Provenance,
    Question,
    Status,
    Table,
)


class Page(HTMLParser):
    """Elements and their text, as a browser would split them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.words: list[str] = []
        self.of_tag: dict[str, list[str]] = {}
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
            self.of_tag.setdefault(self.inside, []).append(data)

    def first(self, tag: str) -> str:
        return self.of_tag[tag][0]

    def ids(self) -> list[str]:
        return [attrs["id"] or "" for _, attrs in self.elements if "id" in attrs]


@pytest.fixture(scope="module")
def html(audit: Audit, measures: tuple[MeasureInfo, ...]) -> str:
    return to_html(audit, measures)


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


def unpacked(page: Page) -> dict[str, Any]:
    """What the page's script unpacks, by the id of its element."""
    blocks = {attrs["id"] or "": text for attrs, text in page.scripts if attrs.get("type") == "text/plain"}
    return {name: zlib.decompress(base64.b64decode(text)).decode() for name, text in blocks.items()}


def whole(column: list[Any] | dict[str, list[Any]]) -> list[Any]:
    """A column as its values."""
    return [column["distinct"][place] for place in column["places"]] if isinstance(column, dict) else column


def test_the_finding_is_the_title_and_four_cards_answer_the_questions(page: Page) -> None:
    cards = [attrs for tag, attrs in page.elements if tag == "li" and attrs.get("class") == "card"]
    assert [(card["id"], card["data-status"]) for card in cards] == [
        ("question-validity", "issue"),
        ("question-precision", "passed"),
        ("question-gaming", "not_applicable"),
        ("question-forecast", "caution"),
    ]
    headline = "Among chat models 12 of 21 benchmarks rise and fall with general capability alone."
    assert page.first("h1") == headline
    assert page.first("title") == "Safety benchmarks of 53 open models – audit"
    # A gap in the evidence says what fills it, and is no good mark.
    assert "Is the score real for this model? Not assessed: needs logs, texts or the model" in page.text
    assert "0 of 2 checks made" in page.text
    assert "contamination against reference models: needs item-level results" in page.text


def test_a_range_without_a_level_stands_in_no_brackets(audit: Audit, measures: tuple[MeasureInfo, ...]) -> None:
    share = Estimate(name="share_entangled", value=0.42, low=0.17, high=0.59, unit="share")
    first = replace(audit.findings[0], estimates=(share,))
    page = Page(to_html(replace(audit, findings=(first, *audit.findings[1:])), measures))
    assert "share entangled 42% (17% to 59%)" in page.text
    assert "[17%, 59%]" not in page.text + "".join(unpacked(page).values())


def test_a_question_without_measures_says_so(audit: Audit, measures: tuple[MeasureInfo, ...]) -> None:
    """Nothing of it was asked: that is no gap in the evidence."""
    few = [measure for measure in measures if measure.question is not Question.GAMING]
    text = Page(to_html(replace(audit, asked=tuple(measure.code for measure in few)), measures)).text
    assert "Is the score real for this model? Not asked for." in text
    assert "contamination against reference models: needs" not in text


def test_findings_of_unknown_measures_are_shown(audit: Audit) -> None:
    page = Page(to_html(audit, ()))
    assert "No measure of this code is installed here" in page.text
    assert "Two of three claims of progress go beyond capability." in page.text
    assert 'href="#other"' in to_html(audit, ())


def test_every_finding_figure_and_estimate_is_there(audit: Audit, page: Page) -> None:
    assert sum(tag == "figure" for tag, _ in page.elements) == len(audit.figures)
    tables = {name: json.loads(text) for name, text in unpacked(page).items() if name != "charts"}
    sentences = [text for name in tables if "-findings" in name for text in whole(tables[name][4])]
    shown = {finding.code for finding in audit.findings if finding.status in ASSESSED or finding.estimates}
    assert len(sentences) == sum(finding.code in shown for finding in audit.findings)
    estimates = [text for name in tables if "-estimates" in name for text in whole(tables[name][2])]
    assert len(estimates) == sum(len(finding.estimates) for finding in audit.findings)
    for words in ("could not be made", "Files read", "a3" * 32, "Higher is better in every benchmark", "0.951", "ρ ="):
        assert words in page.text


def test_a_long_table_shows_its_ends_and_packs_the_rest(audit: Audit, measures: tuple[MeasureInfo, ...]) -> None:
    rows = tuple((f"model {place}", str(place)) for place in range(300))
    marks = (Status.ISSUE,) * 300
    answer = Answer(
        sentence="All differ.", tables=(Table(head=("model", "rank"), rows=rows, marks=marks, right=(1,), ends=True),)
    )
    page = Page(to_html(replace(audit, answers={"V1": answer}), measures))
    assert [name for name, _ in rows if f" {name} " in page.text] == [
        name for name, _ in (*rows[:FIRST_ROWS], *rows[-LAST_ROWS:])
    ]
    assert "… 289 more Show all 300" in page.text
    kept, names, ranks = json.loads(unpacked(page)["measure-1-table-1-data"])
    assert (len(kept), whole(names)[0], whole(ranks)[-1]) == (289, "model 8", "296")


def test_a_picture_of_many_names_gets_a_search(audit: Audit, measures: tuple[MeasureInfo, ...]) -> None:
    names = tuple(f"model {place}" for place in range(300))
    figure = Figure(
        name="V1.many", kind="intervals", title="", caption="", columns={"m": names, "x": (0.5,) * 300},
        x=Axis("x", "x"), y=Axis("m", "m", "nominal"),
    )  # fmt: skip
    page = Page(to_html(replace(audit, figures=dict(audit.figures) | {"V1.many": figure}), measures))
    held = [json.loads(text) for name, text in unpacked(page).items() if name.startswith("figure-")]
    assert [each["long"] for each in held] == [False, False, False, False, True]


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
    code = [text for attrs, text in page.scripts if "type" not in attrs]
    assert len(code) == 1
    for text in (*code, unpacked(page)["charts"]):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert "unsafe-eval" not in policy
    assert "script-src 'unsafe-inline'" not in policy


def test_data_stay_data(html: str, page: Page) -> None:
    assert "<script>alert(1)</script>" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert sum("type" not in attrs for attrs, _ in page.scripts) == 1
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202e]", html)
    blocks = [text for attrs, text in page.scripts if "type" in attrs]
    assert len(blocks) == 13
    assert not any(re.search(r"[<>&]", text) for text in blocks)
    for name, text in unpacked(page).items():
        assert name == "charts" or json.loads(text)


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
        answers={
            evil: Answer(
                sentence=evil,
                tables=(Table(head=(evil,), rows=((evil,),), title=evil),),
                notes=(evil,),
                meaning=evil,
                cautions=((Status.ISSUE, evil),),
            )
        },
    )
    page = Page(to_html(audit, (measure,)))
    assert sum("type" not in attrs for attrs, _ in page.scripts) == 1
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
    assert len(html.encode()) < 1_500_000


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
    assert "Nothing could be assessed. " in text
    assert "None of the 7 checks could be made." in text
    assert "No issues" not in text
