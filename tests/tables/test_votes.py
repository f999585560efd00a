"""Votes: what is checked, what is left out, and how they become numbers."""

from __future__ import annotations

import polars as pl
import pytest

from measurand.errors import InputError
from measurand.tables.votes import Votes


def table(**changes):
    columns = {"model_a": ["x", "y", "z"], "model_b": ["y", "z", "x"], "winner": ["model_a", "tie", "model_b"]}
    return pl.DataFrame(columns | changes)


def test_votes_become_numbers_by_the_models_sorted():
    votes = Votes.build(table())
    first, second = votes.sides()
    assert votes.models == ("x", "y", "z")
    assert (first.tolist(), second.tolist(), votes.outcomes().tolist()) == ([0, 1, 2], [1, 2, 0], [0, 1, 2])
    assert votes.frame.columns == ["model_a", "model_b", "winner", "voter", "item", "order", "count"]
    assert votes.clusters("voter") is None


def test_a_vote_of_a_model_against_itself_is_left_out_and_counted():
    votes = Votes.build(table(model_b=["x", "y", "x"]), ("read from a file",))
    assert votes.frame.height == 1
    assert votes.notes == ("read from a file", "2 votes of a model against itself left out")


def test_a_vote_without_a_voter_is_a_cluster_of_its_own():
    clusters = Votes.build(table(voter=[7, None, 7])).clusters("voter")
    assert (clusters[0] == clusters[2], clusters[0] == clusters[1]) == (True, False)
    unnamed = Votes.build(table(item=["p", None, None])).clusters("item")
    assert len(set(unnamed.tolist())) == 3


def test_votes_stand_in_the_order_they_were_cast():
    assert Votes.build(table(order=[3.0, 1.0, 2.0])).frame["model_a"].to_list() == ["y", "z", "x"]
    assert Votes.build(table(order=[3.0, None, 2.0])).frame["model_a"].to_list() == ["x", "y", "z"]


def test_a_row_may_stand_for_many_votes_and_takes_no_more_room_for_it():
    votes = Votes.build(table(count=[10**9, 0, 2], model_b=["y", "z", "z"]), ("kept",))
    assert votes.frame.rows() == [("x", "y", "model_a", None, None, None, 10**9)]
    assert votes.weights().tolist() == [10**9]
    assert votes.notes == ("kept", "2 votes of a model against itself left out")
    assert Votes.build(table(count=["1", "1.0", "1"])).weights() is None


def test_a_row_of_many_votes_names_a_voter_where_others_do():
    with pytest.raises(InputError, match="5 votes of y against z in one row name no voter, and other rows do"):
        Votes.build(table(count=[2, 5, 1], voter=["v", None, None]))
    assert Votes.build(table(count=[2, 1, 5], voter=["v", None, "w"])).frame.height == 3
    assert Votes.build(table(count=[2, 5, 1])).clusters("voter") is None


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (table().drop("winner"), "winner not found among model_a, model_b"),
        (table().clear(), "at least one row"),
        (table(winner=["model_a", "both", "tie"]), "vote 2: winner should be one of model_a, tie, model_b, got 'both'"),
        (table(winner=["model_a", None, "tie"]), "vote 2: winner should be one of model_a, tie, model_b, got None"),
        (table(model_b=["y", "x", None]), "vote 3: model_b has no name"),
        (table(model_a=[" ", "x", "y"]), "vote 1: model_a has no name"),
        (table(count=[1.0, 2.5, 1.0]), r"row 2 \(y against z\): count should be a whole number of votes, got 2.5"),
        (table(count=["1", "\u00b2", "1"]), "got '\u00b2'"),
        (table(count=[1, -1, 1]), "got -1"),
        (table(count=[1.0, float("nan"), 1.0]), "got nan"),
        (table(count=[1.0, 1e30, 1.0]), r"got 1e\+30"),
        (table(count=[2**53, 2**53, 1]), r"at most 9e\+15 votes in all"),
        (table(count=[0, 0, 0]), "at least one row with a count above 0"),
        (table(model_b=["x", "y", "z"]), "every vote is of a model against itself"),
    ],
)
def test_bad_votes_are_refused_with_what_was_found(frame, words):
    with pytest.raises(InputError, match=words):
        Votes.build(frame)
