"""Item-level results of two versions in one set."""

from __future__ import annotations

import polars as pl

from measurand.tables import Responses, Scores, Version, Versions


def answers(topic=True, **scores):
    rows = [
        {"model": m, "benchmark": "b", "item": str(i), "score": s} | ({"topic": str(i // 2)} if topic else {})
        for m, column in scores.items()
        for i, s in enumerate(column)
    ]
    return Responses.build(pl.DataFrame(rows), cluster="topic" if topic else None)


def test_models_of_both_versions_are_told_apart_and_renamed():
    old, new = answers(a=[1.0, 0.0], b=[0.0, 0.0]), answers(c=[1.0, 1.0], b=[0.0, 0.0])
    joined = Versions(Version("o", responses=old), Version("n", responses=new)).items({"a": "c"}, {})
    assert joined.models() == ("new b", "new c", "old b", "old c")
    assert joined.cluster == "topic"


def test_a_key_that_one_version_lacks_clusters_nothing():
    old, new = answers(topic=False, a=[1.0, 0.0]), answers(a=[1.0, 0.0])
    assert Versions(Version("o", responses=new), Version("n", responses=old)).items({}, {}).cluster is None


def test_without_items_on_one_side_there_is_no_set():
    scores = Scores.build(pl.DataFrame({"model": ["a"], "benchmark": ["b"], "score": [1.0]}))
    assert Versions(Version("o", scores), Version("n", responses=answers(a=[1.0, 0.0]))).items({}, {}) is None
