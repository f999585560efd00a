"""Figures of a version that stand on each of its settings are noticed, and can be counted once."""

import polars as pl
import pytest

from measurand import read
from measurand.readers.tables.versions import version_notes

SETTINGS = pl.DataFrame({"model": ["a@low", "a@high", "b@low", "b@high", "c"], "base_model": ["a", "a", "b", "b", "c"]})
SCORES = pl.DataFrame({"model": SETTINGS["model"], "eci": [1.0, 1.0, 2.0, 2.0, 3.0], "quiz": [0.5, 0.6, 0.7, 0.8, 0.9]})


def test_the_benchmark_its_rows_and_versions_are_named():
    notes = read(SCORES, models=SETTINGS.with_columns(family=pl.lit("f"))).scores.notes
    (note,) = [note for note in notes if "base_model" in note]
    assert "eci (5 rows, 3 versions)" in note
    assert "quiz" not in note


def test_one_version_of_two_equal_settings_may_be_chance():
    long = pl.DataFrame({"model": ["a@low", "a@high", "c"], "benchmark": "quiz", "score": [0.5, 0.5, 0.9]})
    assert version_notes(long, [SETTINGS.rename({"base_model": "version"})]) == []


def test_a_base_that_models_were_made_from_is_no_version():
    frame = SCORES.drop("eci").with_columns(SETTINGS["base_model"])
    assert not [note for note in read(frame).scores.notes if "aliases of a table" in note]


def test_a_table_of_model_and_base_model_makes_one_row_of_a_version(tmp_path):
    path = tmp_path / "models.csv"
    SETTINGS.with_columns(family=pl.lit("f")).write_csv(path)
    study = read(SCORES.drop("quiz"), aliases=path)
    assert study.scores.table.select("model", "score").rows() == [("a", 1.0), ("b", 2.0), ("c", 3.0)]


def test_published_settings_of_the_frontier(shared):
    folder = shared / "facts" / "frontier_2026"
    sides = {"models": folder / "models.csv", "benchmarks": folder / "benchmarks.csv"}
    whole = read(folder / "scores.csv", **sides).scores
    assert (whole.models.height, whole.table.height) == (102, 908)
    assert any("epoch_capabilities_index (92 rows, 53 versions)" in note for note in whole.notes)
    versions = read(folder / "scores.csv", **sides, aliases=folder / "models.csv").scores
    assert versions.models.height == 61
    index = versions.table.filter(pl.col("benchmark") == "epoch_capabilities_index")
    assert index.height == 53


@pytest.mark.parametrize(
    # README of the data: Spearman of the oriented score with the index, and the number of models.
    ("benchmark", "rho", "n"),
    [
        ("cais_mask_honesty", 0.183, 30),
        ("cais_art_attack_success", 0.602, 22),
        ("hle_rms_calibration_error", 0.868, 28),
        ("bullshitbench_v2_clear_pushback", 0.497, 33),
        ("vectara_hhem_hallucination_rate", -0.474, 43),
    ],
)
def test_one_index_named_as_the_capabilities_score_gives_the_published_correlations(shared, benchmark, rho, n):
    from measurand import capabilities_correlation

    folder = shared / "facts" / "frontier_2026"
    study = read(
        folder / "scores.csv",
        models=folder / "models.csv",
        benchmarks=folder / "benchmarks.csv",
        capability=["epoch_capabilities_index"],
    )
    (part,) = capabilities_correlation(study, resamples=100).result.classes
    place = part.benchmarks.index(benchmark)
    assert part.correlations.value[place] == pytest.approx(rho, abs=5e-4)
    assert part.correlations.n[place] == n
