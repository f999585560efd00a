"""The leaderboard explorer: orders of the measures, searched, turned over and compared."""

from __future__ import annotations

import polars as pl
import pytest

import measurand
from measurand.errors import NotApplicable, UnknownName
from measurand.tables import Responses, Study, Votes
from measurand.web.leaderboard import MOST_CHOSEN, PER_PAGE, Settings, view


@pytest.fixture(scope="module")
def votes(vote_rows):
    return measurand.read(vote_rows())


@pytest.fixture(scope="module")
def many(vote_rows):
    return measurand.read(vote_rows(seed=1, models=120, votes=6000))


def test_ranks_are_those_of_the_arena(votes):
    found = view(votes, Settings())
    of = measurand.arena(votes).result.groups[0]
    assert [place.model for place in found.places] == list(of.models)
    assert [(place.best, place.worst) for place in found.places] == [tuple(map(int, ranks)) for ranks in of.ranks]
    assert [place.apart for place in found.places] == [*of.apart, None]


def test_ranks_of_logs_are_those_of_rank_stability(item_rows):
    study = Study(title="", responses=Responses.build(item_rows()))
    found = view(study, Settings(board="refusal"))
    of = next(each for each in measurand.rank_stability(study).result.benchmarks if each.benchmark == "refusal")
    assert [(place.model, place.best, place.worst) for place in found.places] == [
        (model, *ranks) for model, ranks in zip(of.models, of.ranks, strict=True)
    ]
    assert found.boards == ("reading", "refusal")


def test_pages_and_search_lose_nobody(many):
    first = view(many, Settings())
    assert (first.total, first.pages, len(first.places)) == (120, 3, PER_PAGE)
    seen = [place.model for page in (1, 2, 3) for place in view(many, Settings(page=page)).places]
    assert sorted(seen) == sorted(f"model-{place:02d}" for place in range(120))
    found = view(many, Settings(search="MODEL-11"))
    assert {place.model for place in found.places} == {"model-11", *(f"model-11{last}" for last in range(10))}
    assert found.total == 120
    assert view(many, Settings(search="nobody")).places == ()


def test_those_chosen_are_compared_with_each_other(votes):
    names = ["model-11", "model-00", "model-05"]
    found = view(votes, Settings(chosen=names))
    of = measurand.arena(votes).result.groups[0]
    place = {model: at for at, model in enumerate(of.models)}
    assert len(found.pairs) == 3
    for pair in found.pairs:
        assert place[pair.first] < place[pair.second]
        assert pair.shown == bool(of.above[place[pair.first], place[pair.second]])
    more = [f"model-{at:02d}" for at in range(8)]
    assert len(view(votes, Settings(chosen=more)).settings.chosen) == MOST_CHOSEN


def test_what_cannot_be_ranked_is_said(votes):
    with pytest.raises(NotApplicable, match="neither votes nor item-level"):
        view(measurand.load_example(), Settings())
    with pytest.raises(UnknownName, match="did you mean"):
        view(votes, Settings(chosen=["model-0"]))


def test_votes_of_two_models_that_all_agree_have_an_order():
    table = pl.DataFrame({"model_a": ["a"] * 5, "model_b": ["b"] * 5, "winner": ["model_a"] * 5})
    study = Study(title="", votes=Votes.build(table))
    assert [place.model for place in view(study, Settings()).places] == ["a", "b"]


def test_the_page_the_data_and_the_files_say_the_same(client):
    query = "of=votes.csv&chosen=model-00&chosen=model-11"
    page, data = client.get(f"/leaderboard?{query}").text, client.get(f"/api/leaderboard?{query}").json()
    assert "Those you chose" in page
    assert data["pairs"][0]["first"] == "model-00"
    rows = client.get("/leaderboard/download/csv?of=votes.csv").text.splitlines()
    assert len(rows) == 13
    assert rows[1].split(",")[:2] == ["1", data["places"][0]["model"]]
    assert "toprule" in client.get("/leaderboard/download/tex?of=votes.csv").text


def test_a_click_takes_a_model_in_and_out(client):
    page = client.get("/leaderboard?of=votes.csv&chosen=model-00").text
    assert 'href="/leaderboard?of=votes.csv&amp;chosen=model-00&amp;chosen=model-01"' in page
    assert 'href="/leaderboard?of=votes.csv"' in page


def board_of(*wins: tuple[str, str, int]) -> str:
    """The title over votes, given as winner, loser and how often."""
    rows = [(a, b, "model_a") for a, b, times in wins for _ in range(times)]
    votes = pl.DataFrame(rows, schema=["model_a", "model_b", "winner"], orient="row")
    return view(Study(title="", votes=Votes.build(votes)), Settings()).title


def test_the_title_says_who_comes_first_and_who_else_could():
    clear = [("a", "b", 300), ("b", "a", 40), ("b", "c", 300), ("c", "b", 40), ("a", "c", 300), ("c", "a", 9)]
    assert board_of(*clear) == "a comes first, ahead of all others"
    close = [("a", "b", 160), ("b", "a", 150), ("b", "c", 300), ("c", "b", 40), ("a", "c", 300), ("c", "a", 40)]
    assert board_of(*close) == "a comes first, but 1 other could"
    assert board_of(("a", "b", 6), ("b", "a", 5)) == "No two of 2 models can be told apart"
