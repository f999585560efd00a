"""Tables of votes are told by their columns, and read whatever they call the sides."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from measurand.errors import InputError
from measurand.readers.evidence.votes import is_votes, votes_of


def rows_of(**columns):
    return votes_of(pl.DataFrame(columns)).frame.select("model_a", "model_b", "winner").rows()


def counted(**columns):
    return votes_of(pl.DataFrame(columns)).frame.select("model_a", "winner", "count").rows()


@pytest.mark.parametrize(
    "winner", ["tie", "tie (bothbad)", "both_bad", "Tie", "draw"], ids=lambda name: name.replace(" ", "_")
)
def test_every_kind_of_tie_is_a_tie(winner):
    assert rows_of(model_a=["x"], model_b=["y"], winner=[winner]) == [("x", "y", "tie")]


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"model_a": ["x", "x"], "model_b": ["y", "y"], "winner": ["model_a", "model_b"]}, ["model_a", "model_b"]),
        ({"Left": ["x", "x"], "Right": ["y", "y"], "Winner": ["left", "RIGHT"]}, ["model_a", "model_b"]),
        ({"model_a": ["x", "x"], "model_b": ["y", "y"], "winner": ["y", "x"]}, ["model_b", "model_a"]),
        ({"model_x": ["x", "x"], "model_y": ["y", "y"], "winner": ["model_y", "tie"]}, ["model_b", "tie"]),
        ({"LLM_1": ["x", "x"], "LLM_2": ["y", "y"], "first_is_chosen": [1, 0]}, ["model_a", "model_b"]),
        ({"LLM_1": ["x", "x"], "LLM_2": ["y", "y"], "first_is_chosen": [True, False]}, ["model_a", "model_b"]),
    ],
)
def test_sides_are_told_by_place_or_by_name(columns, expected):
    assert rows_of(**columns) == [("x", "y", winner) for winner in expected]


def test_tables_of_every_form_may_carry_a_count():
    rows = counted(winner=["x", "y", "z"], loser=["y", "x", "x"], count=[2, 1, 0])
    assert rows == [("x", "model_a", 2), ("y", "model_a", 1)]
    assert counted(Left=["x"], Right=["y"], Winner=["right"], Count=["30"]) == [("x", "model_b", 30)]
    assert counted(llm_1=["x"], llm_2=["y"], first_is_chosen=[1], count=[3]) == [("x", "model_a", 3)]
    assert counted(winner=["x"], loser=["y"]) == [("x", "model_a", 1)]


@pytest.mark.parametrize("columns", [["Winner", "winner", "loser"], ["model_a", "model_b", " winner", "WINNER"]])
def test_columns_of_one_name_but_for_case_are_refused(columns):
    with pytest.raises(InputError, match=r"columns '.?[Ww]inner' and '(winner|WINNER)' have one name but for case"):
        votes_of(pl.DataFrame({name: ["x"] for name in columns}))


def test_names_of_models_win_over_their_numbers():
    votes = votes_of(
        pl.DataFrame(
            {"model_x": [97], "model_y": [98], "left": ["a"], "right": ["b"], "winner": ["left"], "worker": [5]}
        )
    )
    assert votes.frame.row(0) == ("a", "b", "model_a", "5", None, None, 1)


@pytest.mark.parametrize("voter", ["voter", "worker", "judge", "grader", "annotator"])
@pytest.mark.parametrize("item", ["item", "prompt", "prompt_id", "question_id"])
def test_voters_and_prompts_are_kept(voter, item):
    frame = pl.DataFrame({"left": ["a"], "right": ["b"], "winner": ["tie"], voter: ["v"], item: [3], "tstamp": [1.5]})
    assert votes_of(frame).frame.row(0) == ("a", "b", "tie", "v", "3", 1.5, 1)


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"model_a": ["x"], "model_b": ["y"], "winner": ["z"]}, "got 'z'"),
        ({"llm_1": ["x"], "llm_2": ["y"], "first_is_chosen": [2]}, "got '2'"),
        ({"winner": ["x"], "loser": ["y"], "count": [1.5]}, r"row 1 \(x against y\): count should be a whole number"),
        ({"winner": ["x"], "loser": ["y"], "count": ["many"]}, "got 'many'"),
        ({"winner": ["x"], "loser": ["y"], "count": [-1]}, "got -1"),
        ({"winner": ["x"], "loser": ["y"], "count": [0]}, "at least one row"),
        ({"model": ["x"], "score": [1]}, "found model, score"),
    ],
)
def test_what_is_not_understood_is_refused_with_the_value(columns, words):
    with pytest.raises(InputError, match=words):
        votes_of(pl.DataFrame(columns))


@pytest.mark.parametrize("columns", [["model", "benchmark", "score"], ["model_a", "model_b"], ["left", "winner"], []])
def test_other_tables_are_no_votes(columns):
    assert not is_votes(columns)


@given(
    st.lists(
        st.tuples(st.text(max_size=3), st.text(max_size=3), st.text(max_size=5) | st.sampled_from(["left", "tie"])),
        max_size=4,
    )
)
def test_any_text_is_read_or_refused(rows):
    frame = pl.DataFrame(rows, schema=dict.fromkeys(("left", "right", "winner"), pl.String), orient="row")
    try:
        votes = votes_of(frame)
    except InputError:
        return
    assert 0 < votes.frame.height <= len(rows)


@pytest.mark.parametrize(
    ("file", "votes", "models", "ties", "voters", "items"),
    [
        # Counted in the files themselves; llmfao's first three in shared/data/README.md.
        ("precision/evalica/llmfao.csv", 8931, 59, 3471, 124, 13),
        ("precision/evalica/simple.csv", 16, 5, 9, None, None),
        ("precision/evalica/food.csv", 30, 5, 2, None, None),
        ("precision/arena_rank/wikipedia_bt.csv", 22, 4, 0, None, None),
        ("harness_logs/judges/judge_q5.csv", 756, 3, 0, 2, None),
    ],
)
def test_published_files_read_whole(shared, file, votes, models, ties, voters, items):
    found = votes_of(pl.read_csv(shared / "data" / file))
    assert (found.frame["count"].sum(), len(found.models)) == (votes, models)
    assert (found.frame["winner"] == "tie").sum() == ties
    for column, count in (("voter", voters), ("item", items)):
        clusters = found.clusters(column)
        assert (None if clusters is None else len(set(clusters.tolist()))) == count
