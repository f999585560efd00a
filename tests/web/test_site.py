"""The static site: every state that it holds is what the Python API says, and nothing runs in it but its own script."""

from __future__ import annotations

import json
import random
import re

import pytest

import measurand
from measurand.errors import NotApplicable
from measurand.readers import EXAMPLES
from measurand.web.entanglement import Settings, explore
from measurand.web.site import explorer, site, states


@pytest.fixture(scope="module")
def held():
    return states(measurand.load_example().scores)


def verdict(least, most, threshold):
    """As the page's script says it."""
    if least > threshold:
        return "entangled"
    if most < -threshold:
        return "inverse"
    return "disentangled" if least > -threshold and most < threshold else "undecided"


@pytest.mark.parametrize("seed", range(12))
def test_a_state_is_what_the_explorer_finds(held, seed):
    drawn = random.Random(seed)
    class_ = drawn.choice(list(held["classes"]))
    own = held["classes"][class_]
    way = drawn.choice(list(own["ways"]))
    weighting, correlation = way.split()
    row = drawn.randrange(len(own["models"]) + 1)
    column = drawn.randrange(len(own["benchmarks"]))
    threshold = drawn.choice([0.3, 0.5, 0.7])
    settings = Settings.model_validate(
        {
            "of": "safetywashing_2024",
            "class": class_,
            "benchmark": own["benchmarks"][column][0],
            "combined": weighting,
            "correlation": correlation,
            "threshold": threshold,
            "drop": own["models"][row - 1 : row] if row else [],
        }
    )
    found = explore(measurand.load_example().scores, settings)
    state = own["ways"][way][row]
    value, low, high, least, most = state["found"][column]
    assert (value, low, high) == pytest.approx(tuple(found.now), abs=1e-4)
    assert state["n"][column] == found.n
    assert verdict(least, most, threshold) == found.verdict
    placed = own["ways"][f"{weighting} spearman"][row]
    places = {point.model: point.capability for point in found.points}
    at = [placed["places"][own["models"].index(name)] for name in places]
    assert at == pytest.approx(list(places.values()), abs=1e-4)
    scores = [own["scores"][column][own["models"].index(point.model)] for point in found.points]
    assert scores == pytest.approx([point.score for point in found.points], abs=1e-4)


def test_every_example_has_an_explorer(tmp_path):
    written, lost = site(tmp_path, tmp_path / "out")
    assert [each.name for each in written] == ["Safetywashing 2024", "Frontier 2026"]
    assert lost == []
    for each in written:
        page = (tmp_path / "out" / each.path).read_text()
        data = json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)[1])
        assert data["classes"]
        assert len(page) < 1_500_000
    index = (tmp_path / "out" / "index.html").read_text()
    assert all(each.path in index for each in written)
    assert {path.name for path in (tmp_path / "out" / "static").iterdir()} == {"explorer.css", "page.css", "static.js"}


def test_audits_of_the_folder_become_pages(tmp_path):
    served, out = tmp_path / "served", tmp_path / "out"
    measurand.audit(measurand.load_example(), ["V7"], permutations=100).to_json(served / "mine" / "audit.json")
    (served / "mine" / "audit.html").write_text("<script>alert(1)</script>")
    (served / "broken").mkdir()
    (served / "broken" / "audit.json").write_text("{}")
    written, lost = site(served, out, examples=False)
    assert [each.path for each in written] == ["audits/mine.html"]
    assert "alert(1)" not in (out / "audits" / "mine.html").read_text()
    assert [each.partition(":")[0] for each in lost] == ["broken"]


def test_hostile_names_end_no_element(make_study):
    study = make_study(12)
    bad = "</script><script>alert(1)</script>"
    table = study.scores.table.with_columns(model=study.scores.table["model"] + bad)
    models = study.scores.models.with_columns(model=study.scores.models["model"] + bad)
    hostile = measurand.tables.Scores(table, models, study.scores.benchmarks)
    page = explorer(measurand.Study(title="", scores=hostile), f"<b>{bad}")
    assert "<script>alert" not in page
    assert "<b>" not in page


def test_what_has_no_capability_has_no_explorer(vote_rows):
    with pytest.raises(NotApplicable):
        explorer(measurand.read(vote_rows()), "votes")
    assert "frontier_2026" in EXAMPLES
