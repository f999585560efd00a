"""Large tables are left where they lie, and say what they would say read cell by cell."""

from __future__ import annotations

import numpy as np
import polars as pl
import polars.testing
import pytest

import measurand
from measurand.readers.tables import item_rows, scanned
from measurand.store import ingest


def frame(models=3, items=40, seed=0, **more):
    rng = np.random.default_rng(seed)
    rows = {
        "model": np.repeat([f"org/m{i}" for i in range(models)], items),
        "benchmark": "quiz",
        "item": np.tile([f"q{i:03d}" for i in range(items)], models),
        "score": rng.integers(0, 2, models * items).astype(float),
        "story": np.tile([f"s{i // 4}" for i in range(items)], models),
    }
    return pl.DataFrame({**rows, **more})


@pytest.fixture
def both(monkeypatch, tmp_path):
    """The study of a table read cell by cell, and of the same table left where it is."""

    def make(table, **choices):
        path = tmp_path / "quiz.parquet"
        table.write_parquet(path)
        read = measurand.read(path, **choices)
        monkeypatch.setattr(scanned, "LEAST", 0)
        monkeypatch.setattr(item_rows, "read_bytes", lambda name: pytest.fail("read cell by cell"))
        return read, measurand.read(path, **choices)

    return make


def same(first, second):
    for part in ("table", "models", "benchmarks"):
        one, other = (getattr(study.scores, part) for study in (first, second))
        pl.testing.assert_frame_equal(one, other, check_row_order=False)
    assert first.responses.cluster_keys() == second.responses.cluster_keys()
    for code in ("P0", "P1", "P2"):
        told = [
            [(f.subject, f.status, f.sentence) for f in measurand.audit(s, [code]).findings] for s in (first, second)
        ]
        assert told[0] == told[1]


@pytest.mark.parametrize("cluster", [None, "story", "none"])
def test_scores_intervals_and_pairs_are_the_same(both, cluster):
    same(*both(frame(), cluster=cluster))


def test_epochs_and_missing_scores_too(both):
    table = frame()
    again = pl.concat([table.with_columns(epoch=pl.lit(epoch)) for epoch in (1, 2)])
    again = again.with_columns(score=pl.when(pl.col("item") == "q003").then(None).otherwise("score"))
    same(*both(again))


def test_numbers_name_items_as_well_as_words_do(both):
    same(*both(frame(items=30).with_columns(item=pl.int_range(pl.len()).over("model"), score=pl.col("score") > 0.5)))


def test_an_alias_leaves_the_rows_where_they_are(both):
    read, left = both(frame(), aliases={"org/m0": "org/other"})
    same(read, left)
    assert "org/other" in left.responses.models()


@pytest.mark.parametrize(
    "change",
    [
        {"model": " m"},
        {"item": None},
        {"score": "pass"},
        {"score": 1e101},
        {"score": float("inf")},
        {"reading": "acc"},
        {"temperature": 0.5},
        {"metadata": "x"},
    ],
)
def test_what_has_to_be_looked_at_cell_by_cell_is(monkeypatch, tmp_path, change):
    table = frame()
    path = tmp_path / "quiz.parquet"
    for name, value in change.items():
        first = pl.int_range(pl.len()) == 0
        if name in table.columns and not isinstance(value, str):
            table = table.with_columns(pl.when(first).then(pl.lit(value)).otherwise(name).alias(name))
        else:
            table = table.with_columns(pl.lit(value).alias(name))
    table.write_parquet(path)
    monkeypatch.setattr(scanned, "LEAST", 0)
    assert all(log.rows is None for log in item_rows.read(path))


def test_rows_twice_are_looked_at_as_they_may_be_copies(monkeypatch, tmp_path):
    path = tmp_path / "quiz.parquet"
    pl.concat([frame(), frame()]).write_parquet(path)
    monkeypatch.setattr(scanned, "LEAST", 0)
    assert all(log.rows is None for log in item_rows.read(path))


def test_a_store_holds_its_rows_with_the_keys_as_columns(both, tmp_path):
    read, left = both(frame())
    store = tmp_path / "store"
    manifest = ingest([tmp_path / "quiz.parquet"], store)
    assert manifest.rows == 120
    same(left, measurand.read(store))
    same(read, measurand.read(store))
