"""Item tables equal their definition, whatever the order of the rows."""

from __future__ import annotations

import json
from statistics import mean, variance

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from measurand.errors import InputError
from measurand.tables import RESPONSE_COLUMNS, ItemTable, Responses, item_tables


def responses(rows: list[dict], cluster: str | None = None) -> Responses:
    default = {"model": "m", "benchmark": "b", "reading": "acc", "epoch": 1}
    full = [{**default, **row} for row in rows]
    for row in full:
        row["metadata"] = json.dumps(row["metadata"]) if row.get("metadata") else None
    columns = {name: [row.get(name) for row in full] for name in RESPONSE_COLUMNS}
    return Responses(pl.DataFrame(columns, schema=RESPONSE_COLUMNS).lazy(), cluster)


def only(given: Responses) -> ItemTable:
    (table,) = item_tables(given)
    return table


ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "model": st.sampled_from("xyz"),
            "item": st.sampled_from([str(i) for i in range(6)]),
            "score": st.sampled_from([0.0, 0.5, 1.0, None]),
        }
    ),
    min_size=1,
    max_size=40,
)


@given(rows=ROWS, seed=st.integers(0, 9))
def test_cells_are_means_and_variances_over_epochs(rows, seed):
    scored = [row for row in rows if row["score"] is not None]
    found = list(item_tables(responses(rows)))
    assert len(found) == bool(scored)
    for table in found:
        for i, model in enumerate(table.models):
            for j, item in enumerate(table.items):
                own = [row["score"] for row in scored if (row["model"], row["item"]) == (model, item)]
                assert table.epochs[i, j] == len(own)
                np.testing.assert_allclose(table.scores[i, j], mean(own) if own else np.nan)
                np.testing.assert_allclose(table.within[i, j], variance(own) if len(own) > 1 else np.nan, atol=1e-12)
        assert table.binary == all(row["score"] in (0, 1) for row in scored)
        assert table.clusters is None
        mixed = [rows[i] for i in np.random.default_rng(seed).permutation(len(rows))]
        np.testing.assert_allclose(only(responses(mixed)).scores, table.scores)


def test_the_scorer_that_stands_for_the_run_and_the_variant_with_most_rows():
    rows = [
        {"item": "1", "reading": "f1", "score": 0.5},
        {"item": "1", "reading": "acc", "score": 1.0, "variant": "few"},
        {"item": "1", "reading": "acc", "score": 0.0, "variant": "many"},
        {"item": "2", "reading": "acc", "score": 0.0, "variant": "many"},
    ]
    table = only(responses(rows))
    assert (table.reading, table.variant, table.scores.tolist()) == ("acc", "many", [[0.0, 0.0]])
    few, many = item_tables(responses(rows), variants=True)
    assert (few.variant, few.items, many.variant, many.items) == ("few", ("1",), "many", ("1", "2"))
    tie = [row for row in rows if row["item"] == "1"]
    assert only(responses(tie)).variant == "few"


def test_a_second_opinion_is_no_second_answer():
    rows = [
        {"item": "1", "model": "x", "grader": "human", "score": 1.0},
        {"item": "1", "model": "x", "grader": "judge", "score": 0.0},
        {"item": "2", "model": "x", "grader": "judge", "score": 0.0},
        {"item": "2", "model": "y", "grader": "zoe", "score": 0.0},
        {"item": "1", "model": "y", "grader": "other", "score": 1.0},
    ]
    for order in (rows, rows[::-1]):
        table = only(responses(order))
        np.testing.assert_array_equal(table.scores, [[0.0, 0.0], [1.0, np.nan]])
        assert table.epochs.tolist() == [[1, 1], [1, 0]]


def test_benchmarks_come_apart_and_rows_without_item_or_score_do_not_count():
    rows = [
        {"benchmark": "b2", "item": "1", "score": 1.0},
        {"benchmark": "b1", "item": "1", "score": 0.0},
        {"benchmark": "b1", "item": None, "score": 1.0},
        {"benchmark": "b3", "item": "1", "score": None},
    ]
    assert [(table.benchmark, table.scores.tolist()) for table in item_tables(responses(rows))] == [
        ("b1", [[0.0]]),
        ("b2", [[1.0]]),
    ]


def test_items_of_one_cluster_share_a_code_and_an_item_without_one_is_alone():
    places = {"1": "p", "2": "q", "3": "p", "4": None, "5": None}
    rows = [
        {"item": item, "score": 1.0, "model": model, "metadata": {"passage": place} if place else {"n": 1}}
        for item, place in places.items()
        for model in "xy"
    ]
    table = only(responses(rows, "passage"))
    one, two, three, four, five = table.clusters
    assert one == three
    assert len({one, two, four, five}) == 4
    assert sorted(set(table.clusters)) == [0, 1, 2, 3]
    assert table.cluster_key == "passage"
    assert only(responses(rows[-2:], "passage")).clusters is None


def test_an_item_in_two_clusters_is_refused_with_the_clusters_shown():
    rows = [{"item": "1", "model": m, "score": 1.0, "metadata": {"passage": m}} for m in "xy"]
    with pytest.raises(InputError, match="item '1' of 'b' lies in several clusters by 'passage' \\('x', 'y'; 1 such"):
        list(item_tables(responses(rows, "passage")))


def test_only_keeps_the_models_named_and_the_items_they_ran():
    rows = [
        {"item": "1", "model": "x", "score": 1.0, "metadata": {"p": "a"}},
        {"item": "2", "model": "y", "score": 0.0, "metadata": {"p": "b"}},
        {"item": "3", "model": "y", "score": 1.0, "metadata": {"p": "b"}},
    ]
    part = only(responses(rows, "p")).only(["y"])
    assert (part.models, part.items, part.scores.tolist()) == (("y",), ("2", "3"), [[0.0, 1.0]])
    assert part.clusters.tolist() == [0, 0]
