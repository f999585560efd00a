"""Items that share a context: keys are found, and standard errors follow the definition."""

import csv
import json
import math
from collections import defaultdict
from dataclasses import replace

import numpy as np
import polars as pl
import polars.testing
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from measurand.errors import InputError, UnknownName
from measurand.readers import read
from measurand.readers.clusters import (
    cluster_stderr,
    shown_cluster,
    suggest_clusters,
    with_cluster_stderr,
    with_clusters,
)
from measurand.stats.intervals.clustered import cluster_sums
from measurand.tables import RESPONSE_COLUMNS, Responses, Scores, Study, item_tables


def responses(rows: list[dict]) -> Responses:
    """Rows with metadata as a mapping; model, benchmark and reading have defaults."""
    default = {"model": "m", "benchmark": "b", "reading": "acc"}
    full = [
        {**default, **row, "metadata": json.dumps(row["metadata"]) if row.get("metadata") else None} for row in rows
    ]
    columns = {name: [row.get(name) for row in full] for name in RESPONSE_COLUMNS}
    return Responses(pl.DataFrame(columns, schema=RESPONSE_COLUMNS).lazy())


def by_passage(scores: list[list[float]]) -> Responses:
    """One item a score, one passage a list."""
    return responses(
        [
            {"item": f"{p}.{i}", "score": score, "metadata": {"passage": f"p{p}"}}
            for p, passage in enumerate(scores)
            for i, score in enumerate(passage)
        ]
    )


def slow_stderr(rows: list[dict], key: str) -> float | None:
    """Items and clusters by loops, and the standard error that P1 has of such sums."""
    epochs, clusters = defaultdict(list), {}
    for row in rows:
        if row["score"] is not None:
            epochs[row["item"]].append(row["score"])
            clusters[row["item"]] = row["metadata"].get(key, ("alone", row["item"]))
    means = [sum(values) / len(values) for values in epochs.values()]
    place = {}
    codes = [place.setdefault(clusters[item], len(place)) for item in epochs]
    if len(place) < 2:
        return None
    found = float(cluster_sums(np.array([means]), np.array(codes)).means().stderr[0])
    return found if found > 1e-12 else None


def test_grunfeld_gives_the_published_value(shared):
    with open(shared / "data/precision/grunfeld/grunfeld.csv", encoding="utf-8") as file:
        rows = [
            {"item": str(i), "score": float(row["invest"]), "metadata": {"firm": row["firm"]}}
            for i, row in enumerate(csv.DictReader(file))
        ]
    found = cluster_stderr(responses(rows), "firm").row(0, named=True)
    # statsmodels OLS(invest, 1).fit(cov_type="cluster", groups=firm): mean 133.3119, CR1 58.260536; clusters of equal
    # size have the same CR2.
    assert found["score"] == pytest.approx(133.3119, abs=5e-5)
    assert found["stderr"] == pytest.approx(58.260536, abs=5e-7)
    assert (found["clusters"], found["n_items"]) == (11, 220)


ROWS = st.lists(
    st.builds(
        lambda item, score, passage: {
            "item": str(item),
            "score": score,
            # an item has one passage; every third has none
            "metadata": {"n": 1} if item % 3 == 2 else {"passage": f"p{item % passage}"},
        },
        st.integers(0, 12),
        st.none() | st.sampled_from([0.0, 0.5, 1.0]),
        st.just(4),
    ),
    min_size=1,
    max_size=40,
)


@settings(max_examples=60)
@given(ROWS)
def test_it_equals_the_definition(rows):
    # One scored item with the key keeps the benchmark in and the key known.
    rows = [*rows, {"item": "99", "score": 1.0, "metadata": {"passage": "p0"}}]
    found = cluster_stderr(responses(rows), "passage")
    expected = slow_stderr(rows, "passage")
    assert found["stderr"].to_list() == [None if expected is None else pytest.approx(expected, rel=1e-9)]


def test_items_alone_in_their_cluster_give_the_plain_standard_error():
    values = [1.0, 0.0, 0.0, 1.0, 1.0, 0.5]
    (found,) = cluster_stderr(by_passage([[value] for value in values]), "passage")["stderr"]
    assert found == pytest.approx(np.std(values, ddof=1) / math.sqrt(len(values)))


def test_items_that_agree_within_clusters_count_as_their_clusters():
    (found,) = cluster_stderr(by_passage([[1.0] * 50, [0.0] * 50, [1.0] * 50, [0.0] * 50]), "passage")["stderr"]
    # as if there were 4 items: sd of (1, 0, 1, 0) / sqrt(4)
    assert found == pytest.approx(np.std([1, 0, 1, 0], ddof=1) / 2)


def test_epochs_are_averaged_before_items():
    rows = [
        {"item": item, "epoch": epoch, "score": score, "metadata": {"passage": item}}
        for item, scores in (("1", [1, 1, 1, 1]), ("2", [0]), ("3", [1, 0]))
        for epoch, score in enumerate(scores)
    ]
    found = cluster_stderr(responses(rows), "passage").row(0, named=True)
    assert found["score"] == pytest.approx(0.5)
    assert found["n_items"] == 3


@pytest.mark.parametrize("scores", [[[1.0, 0.0]], [[1.0, 1.0], [1.0]], [[0.0, 1.0], [1.0, 0.0]]])
def test_one_cluster_or_no_spread_between_clusters_has_no_standard_error(scores):
    assert cluster_stderr(by_passage(scores), "passage")["stderr"].to_list() == [None]


def test_models_and_benchmarks_are_apart_and_one_reading_and_variant_stands_for_each():
    rows = [
        {"model": m, "benchmark": b, "reading": s, "item": i, "score": float(i == "1"), "metadata": {"passage": i}}
        for m in ("x", "y")
        for b in ("b", "c")
        for s in ("acc", "f1")
        for i in ("1", "2")
    ]
    twice = [{**row, "benchmark": "d", "variant": v} for v in ("strict", "loose") for row in rows[:2]]
    without = [{**row, "benchmark": "e", "metadata": {"other": 1}} for row in rows[:2]]
    found = cluster_stderr(responses([*rows, *twice, *without]), "passage")
    cells = [(model, benchmark) for model, benchmark in found.select("model", "benchmark").rows()]
    assert cells == [("x", "b"), ("y", "b"), ("x", "c"), ("y", "c"), ("x", "d")]


def test_a_key_can_be_a_column_of_its_own():
    rows = by_passage([[1.0, 1.0], [0.0, 0.0]]).frame.with_columns(story=pl.col("item").str.slice(0, 1))
    found = Responses(rows)
    assert found.cluster_keys() == ("passage", "story")
    pl.testing.assert_frame_equal(cluster_stderr(found, "story"), cluster_stderr(found, "passage"))


def test_an_unknown_key_shows_those_there_are():
    with pytest.raises(UnknownName, match=r"did you mean 'passage'\?"):
        cluster_stderr(by_passage([[1.0], [0.0]]), "pasage")


def test_items_with_an_equal_context_are_a_cluster():
    rows = [{"item": str(i), "score": float(i % 2), "context_hash": f"c{i // 2}"} for i in range(8)]
    found = responses(rows)
    assert suggest_clusters(found) == ("context_hash",)
    assert cluster_stderr(found, "context_hash")["clusters"].to_list() == [4]


@pytest.mark.parametrize(
    ("values", "suggested"),
    [
        (["a", "a", "b", "b"], True),
        (["a", "a", "a", "a"], False),
        (["a", "b", "c", "d"], False),
        (["a", "a", "b", "c"], False),
        ([1, 1, 2, 2], True),
        ([0.5, 0.5, 1.5, 1.5], False),
    ],
)
def test_a_key_is_suggested_if_its_values_repeat(values, suggested):
    rows = [{"item": str(i), "score": 1.0, "metadata": {"where": value}} for i, value in enumerate(values)]
    assert suggest_clusters(responses(rows)) == (("where",) if suggested else ())


def test_what_differs_between_models_is_no_fact_of_the_item():
    rows = [
        {
            "model": m,
            "item": str(i),
            "score": 1.0,
            "metadata": {"kind": f"k{i // 2}", "length": (i // 2 + (m == "y")) % 2},
        }
        for m in ("x", "y")
        for i in range(8)
    ]
    assert suggest_clusters(responses(rows)) == ("kind",)


def test_an_answer_that_repeats_is_not_suggested_and_the_likely_come_first():
    rows = [
        {
            "item": str(i),
            "score": 1.0,
            "metadata": {"answer": i % 2, "batch": i % 2, "subject": i % 2, "passage": i % 2},
        }
        for i in range(8)
    ]
    assert suggest_clusters(responses(rows)) == ("passage", "subject", "batch")


def test_only_scores_that_are_the_mean_of_the_items_get_the_standard_error():
    table = pl.DataFrame(
        {"model": ["m", "m"], "benchmark": ["b", "c"], "score": [0.5, 0.9], "stderr": [0.1, 0.2], "n_items": [4, 4]}
    )
    rows = by_passage([[1.0, 1.0], [0.0, 0.0]]).frame.collect()
    both = pl.concat([rows, rows.with_columns(benchmark=pl.lit("c"))])
    found = with_cluster_stderr(Scores.build(table), cluster_stderr(Responses(both.lazy()), "passage"))
    assert found.table["stderr"].to_list() == [pytest.approx(0.5), 0.2]
    assert found.table["score"].to_list() == [0.5, 0.9]
    assert "cluster-robust standard errors (CR2) for 1 of 2 scores; 1 keep theirs" in found.notes[0]
    assert "fewer than 10 clusters" in found.notes[1]


def test_a_study_without_items_stays_and_refuses_a_key(make_study):
    study = make_study()
    assert with_clusters(study, None) is study
    with pytest.raises(InputError, match="the cluster 'subject' needs item-level results"):
        with_clusters(study, "subject")


def test_items_alone_are_still_checked_for_the_key():
    study = Study(title="items", responses=by_passage([[1.0], [0.0]]))
    assert with_clusters(study, "passage").responses.cluster == "passage"
    assert with_clusters(study, None) is study
    with pytest.raises(UnknownName):
        with_clusters(study, "nope")


def test_a_key_called_cluster_needs_no_naming():
    rows = [{"item": str(i), "score": i % 2, "metadata": {"cluster": "ab"[i % 2], "year": 2000}} for i in range(4)]
    study = with_clusters(Study(title="items", responses=responses(rows)), None)
    assert study.responses.cluster == "cluster"


def test_real_logs_say_which_keys_may_be_clusters_and_follow_the_one_given(shared):
    study = read(shared / "data/harness_logs/inspect")
    noted = with_clusters(study, None)
    (note,) = set(noted.scores.notes) - set(study.scores.notes)
    assert note.startswith("items treated as independent: by none of the keys that may be clusters")
    assert "subject" in note
    assert noted.scores.table.equals(study.scores.table)
    clustered = with_clusters(study, "subject").scores
    cell = (pl.col("model") == "mockllm/model") & (pl.col("benchmark") == "tiny_mcq")
    (stderr,) = clustered.table.filter(cell)["stderr"]
    frame = study.responses.clustered_by("subject").clustered().filter(cell).collect()
    rows = [
        {"item": row["item"], "score": row["score"], "metadata": {"subject": row["cluster"]}}
        for row in frame.iter_rows(named=True)
    ]
    assert stderr == pytest.approx(slow_stderr(rows, "subject"))
    assert any("'subject' are one cluster" in note for note in clustered.notes)


def passages(shared: float, *, sizes: list[int], models: int = 1, seed: int = 0) -> list[dict]:
    """Right or wrong answers to items of passages that share that much of what makes them hard."""
    rng = np.random.default_rng(seed)
    codes = np.repeat(np.arange(len(sizes)), sizes)
    hard = np.sqrt(shared) * rng.normal(size=len(sizes))[codes] + np.sqrt(1 - shared) * rng.normal(size=len(codes))
    order = rng.permutation(len(codes))
    return [
        {
            "model": f"m{m}",
            "item": str(i),
            "score": float(rng.normal() < 0.5 + 2 * hard[i]),
            "metadata": {"passage": f"p{codes[i]}", "tag": f"t{order[i] % 7}", "level": f"l{int(hard[i] > 0)}"},
        }
        for m in range(models)
        for i in range(len(codes))
    ]


UNEQUAL = [40, 25, 12, 9, 8, 6, 5, 5, 3, 3, 2, 1, 1]


def test_a_key_by_which_scores_go_together_is_the_cluster():
    """Not the key that says nothing (tag), and not one that grades items instead of grouping them (level)."""
    found = shown_cluster(responses(passages(0.6, sizes=UNEQUAL, models=3)))
    assert found is not None
    assert found[0] == "passage"
    assert found[1] > 1.3
    study = with_clusters(Study(title="items", responses=responses(passages(0.6, sizes=UNEQUAL))), None)
    assert (study.responses.cluster, study.responses.shown) == ("passage", True)


def test_none_and_a_key_named_decide_otherwise():
    study = Study(title="items", responses=responses(passages(0.6, sizes=UNEQUAL)))
    assert with_clusters(study, "none").responses.cluster is None
    named = with_clusters(study, "tag").responses
    assert (named.cluster, named.shown) == ("tag", False)


@pytest.mark.parametrize("sizes", [UNEQUAL, [2] * 30, [30, 30]])
def test_keys_that_say_nothing_are_hardly_ever_taken(sizes):
    taken = sum(shown_cluster(responses(passages(0.0, sizes=sizes, seed=seed))) is not None for seed in range(60))
    assert taken <= 3  # the level is .01; 4 or more of 60 would be seen once in 300 times


def test_clusters_of_one_benchmark_count_beside_another_without_the_key():
    rows = [row | {"benchmark": "grouped"} for row in passages(0.6, sizes=UNEQUAL)]
    rest = [{"benchmark": "single", "item": str(i), "score": float(i % 2), "metadata": {}} for i in range(50)]
    found = shown_cluster(responses([*rows, *rest]))
    assert found is not None
    assert found[0] == "passage"


def test_scores_that_never_vary_show_no_cluster():
    rows = [{"item": str(i), "score": 1.0, "metadata": {"passage": f"p{i // 5}"}} for i in range(30)]
    assert shown_cluster(responses(rows)) is None


def test_the_note_says_how_much_wider_and_how_to_switch_it_off():
    study = Study(title="items", responses=responses(passages(0.6, sizes=UNEQUAL)))
    table = pl.DataFrame({"model": ["m0"], "benchmark": ["b"], "score": [0.5]})
    noted = with_clusters(replace(study, scores=Scores.build(table)), None).scores
    assert any("since their scores go together" in note and "--cluster none" in note for note in noted.notes)


@pytest.mark.parametrize("blank", [None, "", " ", "NA", "n/a", "-", "nan", "NULL"])
def test_items_that_name_no_cluster_are_counted_and_never_one_cluster(tmp_path, blank):
    cells = ["" if blank is None else blank] * 12 + [f"p{place // 4}" for place in range(24)]
    rows = "".join(f"m,q{place},{int(place % 8 < 4)},{cell}\n" for place, cell in enumerate(cells))
    path = tmp_path / "a.csv"
    path.write_text(f"model,item,score,cluster\n{rows}", encoding="utf-8")
    study = with_clusters(read(path), None)
    (table,) = item_tables(study.responses)
    assert (len(set(table.clusters)), table.nameless) == (12 + 6, 12)
    said = "12 of 36 items have no 'cluster' and count as clusters of their own; if they share some, "
    assert f"{said}intervals are too narrow" in study.scores.notes


def test_in_logs_too_a_word_for_nothing_is_no_cluster():
    named = ["n/a"] * 6 + ["a"] * 3 + ["b"] * 3
    rows = [{"item": str(i), "score": float(i % 2), "metadata": {"passage": name}} for i, name in enumerate(named)]
    (table,) = item_tables(responses(rows).clustered_by("passage"))
    assert (len(set(table.clusters)), table.nameless) == (6 + 2, 6)


def test_where_every_item_names_its_cluster_nothing_is_said_of_it():
    study = Study(title="", responses=by_passage([[1.0, 1.0], [0.0, 0.0], [1.0, 0.0]]))
    (table,) = item_tables(with_clusters(study, "passage").responses)
    assert table.nameless == 0


def test_a_cluster_that_all_items_share_is_none_unless_it_is_asked_for():
    """A part of a set can lie in one cluster: unasked, that would leave nothing assessed."""
    rows = [{"item": str(i), "score": i % 2, "metadata": {"cluster": "capitals"}} for i in range(12)]
    study = Study(title="items", responses=responses(rows))
    assert with_clusters(study, None).responses.cluster is None
    assert with_clusters(study, "cluster").responses.cluster == "cluster"
    elsewhere = [row | {"benchmark": "other", "metadata": {"cluster": f"c{i % 3}"}} for i, row in enumerate(rows)]
    both = Study(title="items", responses=responses([*rows, *elsewhere]))
    assert with_clusters(both, None).responses.cluster == "cluster"
