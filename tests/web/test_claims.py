"""The claim workshop: a draft, what is missing of it, and the verdict that `measurand claim` gives."""

from __future__ import annotations

import pytest

import measurand
from measurand.errors import InputError, UnknownName
from measurand.readers.evidence.claim_card import claim_card_of
from measurand.tables import Study, Trials
from measurand.web.claims import Settings, card_of, download, view

WRITTEN = {
    "text": "TruthfulQA does not track capability",
    "source": "a paper",
    "measured": "honesty",
    "population": "chat models",
    "measure": "V1",
    "estimate": "capabilities_correlation",
    "about": ["benchmark=truthfulqa_mc1", "class=chat"],
    "relation": "below",
    "low": 0.5,
}


@pytest.fixture(scope="module")
def study():
    return measurand.load_example()


def test_an_empty_draft_says_all_that_is_open(study):
    found = view(study, Settings())
    assert found.verdict is None
    assert len(found.missing) == 6
    can = [each.code for each in found.bearings if each.can]
    assert "V1" in can
    assert "P2" not in can


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({}, "Contradicted"),
        ({"relation": "above", "low": 0.2}, "Supported"),
        ({"relation": "above", "low": 0.7}, "Undecided"),
        ({"relation": "inside", "low": 0.3, "high": 0.99}, "Supported"),
        ({"statement": "worst case", "relation": "above", "low": 0.2}, "Refused"),
    ],
    ids=str,
)
def test_the_verdict_is_that_of_the_card_as_a_file(study, changed, word):
    settings = Settings(**(WRITTEN | changed))
    found = view(study, settings)
    assert found.missing == ()
    assert found.verdict is not None
    assert found.verdict.sentence.startswith(word)
    card = claim_card_of(download(settings).content.decode())
    assert card == card_of(settings)
    audit = measurand.audit(Study(title="", scores=study.scores, claim_cards=(card,)), ["V1", "V0"], resamples=200)
    (of,) = [f for f in audit["V0"] if f.subject.get("claim") == card.name]
    assert of.status.value == found.status
    assert audit["V0"].answer.sentence == found.verdict.sentence


def test_what_is_open_says_what_would_settle_it(study):
    plan = view(study, Settings(**(WRITTEN | {"relation": "above", "low": 0.7}))).plan
    assert plan[0].startswith("What V1 needs")
    assert "TruthfulQA MC1" in plan[1]


def test_a_measure_that_the_evidence_does_not_allow_says_what_it_needs(study):
    found = view(study, Settings(**(WRITTEN | {"measure": "P2"})))
    assert any("item-level results" in each for each in found.missing)


def test_a_rate_is_told_to_the_measure():
    settings = Settings(**(WRITTEN | {"measure": "P5", "estimate": "failure_rate", "about": [], "low": 0.05}))
    found = view(Study(title="", trials=Trials(0, 300, "failures")), settings)
    assert found.verdict is not None
    assert found.verdict.sentence.startswith("Supported")


@pytest.mark.parametrize("given", [{"measure": "V99"}, {"about": ["benchmark"]}])
def test_what_no_card_allows_is_refused(study, given):
    with pytest.raises((UnknownName, InputError)):
        view(study, Settings(**(WRITTEN | given)))


def test_text_of_any_kind_survives_the_file(study):
    odd = 'A "quoted" claim\\ with\ttabs, ünïcode and\nlines ]] [claim]'
    settings = Settings(**(WRITTEN | {"text": odd}))
    assert claim_card_of(download(settings).content.decode()).text == odd.strip()


def test_the_page_keeps_what_was_typed(client):
    query = "&".join(["of=safetywashing_2024", "text=Half+a+%3Cb%3Eclaim%3C%2Fb%3E", "measure=V1"])
    page = client.get(f"/claims?{query}").text
    assert "Half a &lt;b&gt;claim&lt;/b&gt;" in page
    assert "Still to come" in page
    assert client.get(f"/claims/download?{query}").text.startswith("[claim]")


def test_a_bound_in_points_is_asked_for_as_a_share(client):
    asked = {
        "of": "items.parquet", "text": "t", "source": "s", "measured": "m", "population": "p", "measure": "P2",
        "estimate": "difference", "relation": "above",
    }  # fmt: skip
    wrong = client.get("/api/claims", params={**asked, "low": -2}).json()
    assert wrong["verdict"] is None
    assert "2 points are 0.02" in wrong["missing"][0]
    assert client.get("/api/claims", params={**asked, "low": -0.02}).json()["verdict"] is not None
    assert "Bound (2 points are 0.02)" in client.get("/claims", params=asked).text
