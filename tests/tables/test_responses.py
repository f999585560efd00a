"""Cluster keys of item-level results."""

import polars as pl
import pytest

from measurand.errors import InputError, UnknownName
from measurand.tables import RESPONSE_COLUMNS, Responses


def responses(**columns) -> Responses:
    return Responses(pl.concat([pl.DataFrame(schema=RESPONSE_COLUMNS), pl.DataFrame(columns)], how="diagonal").lazy())


def test_keys_are_those_of_the_metadata_and_the_context_where_there_is_one():
    assert responses(item=["1"]).cluster_keys() == ()
    assert responses(item=["1"], metadata=['{"b":1,"a \\"q\\"":"x: y"}']).cluster_keys() == ('a "q"', "b")
    assert responses(item=["1"], context_hash=["h"]).cluster_keys() == ("context_hash",)


def test_an_unknown_key_shows_those_there_are():
    with pytest.raises(UnknownName, match="subject"):
        responses(item=["1"], metadata=['{"subject":"law"}']).clustered_by("subjct")


def test_the_cluster_is_the_value_of_the_key_as_text():
    given = responses(item=["1", "2", "3"], metadata=['{"a":1}', '{"a":"x"}', None], context_hash=["h", None, "k"])
    assert given.clustered().collect()["cluster"].to_list() == [None, None, None]
    assert given.clustered_by("a").clustered().collect()["cluster"].to_list() == ["1", "x", None]
    assert given.clustered_by("context_hash").clustered().collect()["cluster"].to_list() == ["h", None, "k"]


def test_answers_are_built_from_a_plain_table():
    frame = pl.DataFrame(
        {"model": ["m", "m", "n"], "item": [1, 1, 2], "score": [True, None, False], "topic": ["law", "law", None]}
    )
    rows = Responses.build(frame, cluster="topic").clustered().collect()
    assert rows["epoch"].to_list() == [1, 2, 1]
    assert rows["score"].to_list() == [1.0, None, 0.0]
    assert rows["cluster"].to_list() == ["law", "law", None]
    assert rows["benchmark"].unique().to_list() == ["items"]
    assert set(RESPONSE_COLUMNS) <= set(rows.columns)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"model": ["m"], "item": ["1"]}, "score not found among model, item"),
        ({"model": [], "item": [], "score": []}, "no answers"),
        ({"model": ["m", " "], "item": ["1", "2"], "score": [0.0, 1.0]}, "answer 2: model has no name"),
        ({"model": ["m"], "item": ["1"], "score": ["right"]}, "scores should be numbers, got a column of String"),
        (
            {"model": ["m"], "item": ["1"], "score": [float("inf")]},
            "answer 1: score should be a finite number",
        ),
        (
            {"model": ["m", "m"], "item": ["1", "2"], "score": [1e100, -1e101]},
            r"answer 2: score should be .* at most 1e\+100 in size, got -1e\+101",
        ),
    ],
)
def test_answers_that_are_none_are_refused(columns, message):
    with pytest.raises(InputError, match=message):
        Responses.build(pl.DataFrame(columns))


def test_models_and_benchmarks_are_chosen_by_nearly_their_names():
    frame = pl.DataFrame({"model": ["openai/gpt-4o", "b"], "benchmark": ["MMLU", "arc"], "item": "1", "score": 1})
    responses = Responses.build(frame)
    assert responses.only(["mmlu"]).models() == ("openai/gpt-4o",)
    assert responses.only(models=["GPT 4o"]).benchmarks() == ("MMLU",)
    with pytest.raises(UnknownName, match="no model named 'gpt-5'"):
        responses.only(models=["gpt-5"])
