"""Columns and rows that are one another's copies, and those that only look a little like it."""

from __future__ import annotations

import itertools

import numpy as np
import polars as pl
import pytest

import measurand
from measurand.readers.tables.copies import copy_notes

SCORES = [0.4121, 0.5273, 0.4735, 0.7391, 0.6604, 0.5117, 0.5998, 0.6862]


def table(columns, models=None):
    rows = [
        (model, name, score)
        for name, column in columns.items()
        for model, score in zip(models or [f"m{k}" for k in range(len(column))], column, strict=True)
        if score is not None
    ]
    return pl.DataFrame(rows, ["model", "benchmark", "score"], orient="row")


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (SCORES, "'a' and 'b' hold the same scores of all 8 models"),
        (
            [100 * score for score in SCORES],
            "'a' and 'b' are the same but for their scale or direction, for all 8 models",
        ),
        (
            [1 - score for score in SCORES],
            "'a' and 'b' are the same but for their scale or direction, for all 8 models",
        ),
        ([*SCORES[:7], SCORES[7] + 0.0001], None),
        (sorted(SCORES), None),
    ],
)
def test_a_column_that_is_another_one_is_named_with_it(other, said):
    notes = copy_notes(table({"a": SCORES, "b": other}))
    assert [note.partition(":")[0] for note in notes] == ([] if said is None else [said])


def test_three_equal_columns_are_one_note():
    (note,) = copy_notes(table(dict.fromkeys("cab", SCORES)))
    assert note.startswith("'a', 'b' and 'c' hold the same scores of all 8 models")


def test_equal_columns_of_few_different_scores_are_no_copies():
    coarse = [0.0, 1.0, 1.0, 0.5, 0.25, 0.0, 1.0, 1.0]
    assert copy_notes(table({"a": coarse, "b": coarse})) == []
    assert copy_notes(table({"a": SCORES[:4], "b": SCORES[:4]})) == []


def test_two_models_with_one_row_are_named():
    rng = np.random.default_rng(1)
    rows = {model: rng.random(6).round(3).tolist() for model in "abc"}
    rows["d"] = rows["b"]
    columns = {f"x{k}": [row[k] for row in rows.values()] for k in range(6)}
    (note,) = copy_notes(table(columns, models=list(rows)))
    assert note.endswith("copied rows: 'b' and 'd'")


def test_the_pairs_are_those_of_a_loop_over_all_pairs():
    rng = np.random.default_rng(2)
    pool = rng.random((4, 6)).round(3)
    columns = {f"x{k:02d}": (pool[rng.integers(4)] * (1, 100)[k % 2] + (k % 3 == 0)).tolist() for k in range(12)}
    slow = {
        pair
        for pair in itertools.combinations(columns, 2)
        if np.isclose(abs(np.corrcoef(columns[pair[0]], columns[pair[1]])[0, 1]), 1, atol=1e-9)
    }
    found = set()
    for note in copy_notes(table(columns)):
        names = [name for name in columns if repr(name) in note]
        found |= set(itertools.combinations(names, 2))
    assert found == slow


def test_the_note_is_read_with_the_table(tmp_path):
    path = tmp_path / "scores.csv"
    pl.DataFrame({"model": [f"m{k}" for k in range(8)], "mmlu": SCORES, "safety": SCORES}).write_csv(path)
    notes = measurand.read(path).scores.notes
    assert any(note.startswith("'mmlu' and 'safety' hold the same scores of all 8 models") for note in notes)


def test_the_embedded_study_holds_no_copies():
    assert copy_notes(measurand.load_example().scores.table) == []


@pytest.mark.parametrize(
    ("path", "said"),
    [
        # As published (Ren et al. 2024, Dekoninck et al. 2024): a column twice, two weights with one row.
        (
            "safetywashing/benchmarks_base_models.csv",
            "'machiavelli-utility.suffering' and 'machiavelli-utility.Σ' hold the same scores of all 27 models",
        ),
        (
            "contamination/constat/gsm8k_reference.csv",
            "copied rows: 'mistral-community/Mistral-7B-v0.2' and 'mistralai/Mistral-7B-v0.3'",
        ),
    ],
)
def test_copies_in_published_tables_are_found(shared, path, said):
    notes = copy_notes(measurand.read(shared / "data" / path).scores.table)
    assert len(notes) == 1
    assert said in notes[0]
