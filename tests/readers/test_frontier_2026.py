"""The study of 2026 against the facts it is made of, and against numbers found in them without measurand.

Golden numbers: shared/facts/frontier_2026/README.md (numpy and scipy, 2026), to the decimals printed there.
"""

from __future__ import annotations

import csv

import numpy as np
import polars as pl
import pytest
from scipy.stats import rankdata, spearmanr

from measurand import load_example
from measurand.errors import UnknownName
from measurand.stats.capability.pca import first_component

STUDY = load_example("frontier_2026")
SCORES = STUDY.scores
TEXT_CORE = ("cais_hle", "cais_arc_agi_2", "cais_textquests_progress", "cais_terminal_bench_2")
DASHBOARD = (
    *TEXT_CORE,
    *("cais_swebench_verified", "cais_enigmaeval", "cais_erqa", "cais_intphys2", "cais_mindcube", "cais_spatialviz"),
)
ECI = "epoch_capabilities_index"


def column(benchmark: str) -> np.ndarray:
    """Raw scores as published, NaN where there is none."""
    sign = -1 if SCORES.benchmark_fact("higher_is", [benchmark])[0] == "worse" else 1
    return sign * SCORES.matrix(list(SCORES.models["model"]), [benchmark])[:, 0]


def complete(benchmarks) -> tuple[np.ndarray, np.ndarray]:
    values = np.column_stack([column(name) for name in benchmarks])
    whole = np.isfinite(values).all(axis=1)
    return values[whole], whole


def text_score() -> np.ndarray:
    values, whole = complete(TEXT_CORE)
    score = np.full(len(whole), np.nan)
    score[whole] = first_component(values).scores
    return score


def rank_correlation(one: np.ndarray, other: np.ndarray) -> tuple[float, int]:
    both = np.isfinite(one) & np.isfinite(other)
    return spearmanr(one[both], other[both]).statistic, int(both.sum())


def test_sizes_are_as_published():
    roles = dict(SCORES.table.join(SCORES.benchmarks, on="benchmark")["role"].value_counts().rows())
    assert (SCORES.table.height, SCORES.models.height, SCORES.benchmarks.height) == (908, 102, 29)
    assert roles == {"capability": 556, "safety": 352}
    assert {role: len(SCORES.benchmarks_of(role)) for role in roles} == {"capability": 19, "safety": 10}
    assert (SCORES.models["version"].n_unique(), SCORES.models["family"].n_unique()) == (61, 12)
    assert SCORES.models["release_date"].min() >= "2024-11"
    assert SCORES.models["release_date"].max() < "2026-04"
    known = (SCORES.table["stderr"].count(), SCORES.table["n_items"].count(), SCORES.models["training_flop"].count())
    assert known == (157, 101, 30)


def test_every_figure_is_that_of_the_facts(shared):
    folder = shared / "facts" / "frontier_2026"
    if not folder.is_dir():
        pytest.skip("the facts of 2026 are not at hand")
    with (folder / "scores.csv").open(encoding="utf-8") as file:
        facts = {(row["model"], row["benchmark"]): float(row["score"]) for row in csv.DictReader(file)}
    read = {(model, benchmark): score for model, benchmark, score, *_ in SCORES.table.rows()}
    assert read == facts
    with (folder / "models.csv").open(encoding="utf-8") as file:
        told = {
            row["model"]: (row["developer"], row["base_model"], row["release_date"]) for row in csv.DictReader(file)
        }
    kept = SCORES.models.select("model", "family", "version", "release_date").rows()
    assert {model: tuple(rest) for model, *rest in kept} == told


def test_a_version_stands_once_in_every_column_but_the_index():
    settings = SCORES.table.join(SCORES.models.select("model", "version"), on="model")
    repeated = settings.filter(pl.struct("benchmark", "version").is_duplicated())["benchmark"].unique().to_list()
    assert repeated == [ECI]
    index = settings.filter(benchmark=ECI)
    assert (index.height, index["version"].n_unique()) == (92, 53)
    assert index.group_by("version").agg(pl.col("score").n_unique())["score"].max() == 1


def test_what_limits_the_study_is_said_first_with_its_credits():
    notes = "\n".join(SCORES.notes)
    assert SCORES.notes[0].startswith("credits: ")
    for words in ("CC BY 4.0", "Apache-2.0", "Long Phan", "Peter Gostev", "GPT-4o", "ART was redefined", "CAIS"):
        assert words in notes


def test_only_studies_that_are_embedded_are_known():
    with pytest.raises(UnknownName, match="frontier_2026"):
        load_example("frontier_2025")
    assert load_example().title.startswith("Safetywashing")


@pytest.mark.parametrize(
    ("benchmarks", "models", "pearson", "spearman"),
    [
        (TEXT_CORE, 32, 0.8552, 0.8842),
        ((*TEXT_CORE, "cais_swebench_verified"), 28, 0.8524, None),
        (DASHBOARD, 22, 0.7514, None),
        (tuple(name for name in DASHBOARD if name != "cais_swebench_verified"), 26, 0.7393, None),
    ],
)
def test_share_of_the_first_component(benchmarks, models, pearson, spearman):
    values, whole = complete(benchmarks)
    eigenvalues = np.linalg.eigvalsh(np.corrcoef(values.T))
    assert whole.sum() == models
    assert eigenvalues[-1] / len(benchmarks) == pytest.approx(pearson, abs=5e-5)
    if spearman is not None:
        assert first_component(values).share == pytest.approx(spearman, abs=5e-5)


def test_the_score_of_the_text_benchmarks_follows_the_index():
    rho, n = rank_correlation(text_score(), column(ECI))
    assert (round(rho, 3), n) == (0.979, 26)


@pytest.mark.parametrize(
    ("benchmark", "with_score", "n", "with_index", "n_index"),
    [
        ("cais_mask_honesty", 0.256, 32, 0.183, 30),
        ("cais_vct_refusal", 0.383, 30, 0.447, 26),
        ("cais_art_attack_success", -0.507, 28, -0.602, 22),
        ("cais_machiavelli_deception", 0.056, 30, 0.163, 24),
        ("cais_textquests_harm", 0.442, 32, 0.653, 27),
        ("hle_rms_calibration_error", -0.816, 31, -0.868, 28),
        ("bullshitbench_v2_clear_pushback", None, 4, 0.497, 33),
        ("bullshitbench_v1_clear_pushback", None, 4, 0.291, 30),
        ("vectara_hhem_hallucination_rate", None, 6, 0.474, 43),
        ("vectara_hhem_answer_rate", None, 6, 0.305, 43),
    ],
)
def test_rank_correlations_with_capability(benchmark, with_score, n, with_index, n_index):
    rho, seen = rank_correlation(column(benchmark), text_score())
    assert seen == n
    if with_score is not None:
        assert rho == pytest.approx(with_score, abs=5.1e-4)
    rho, seen = rank_correlation(column(benchmark), column(ECI))
    assert (seen, rho) == (n_index, pytest.approx(with_index, abs=5.1e-4))


def test_calibration_and_harm_lean_on_the_columns_they_are_made_with():
    calibration, hle, index = (column(name) for name in ("hle_rms_calibration_error", "cais_hle", ECI))
    assert rank_correlation(calibration, hle) == (pytest.approx(-0.794, abs=5.1e-4), 34)
    assert rank_correlation(column("cais_textquests_harm"), without("cais_textquests_progress")) == (
        pytest.approx(0.408, abs=5.1e-4),
        32,
    )
    assert rank_correlation(calibration, without("cais_hle")) == (pytest.approx(-0.829, abs=5.1e-4), 31)
    both = np.isfinite(calibration) & np.isfinite(hle) & np.isfinite(index)
    ranks = [rankdata(values[both]) for values in (calibration, index, hle)]
    r = np.corrcoef(ranks)
    partial = (r[0, 1] - r[0, 2] * r[1, 2]) / np.sqrt((1 - r[0, 2] ** 2) * (1 - r[1, 2] ** 2))
    assert (both.sum(), partial) == (28, pytest.approx(-0.597, abs=5.1e-4))
    two = (column(f"bullshitbench_{version}_clear_pushback") for version in ("v1", "v2"))
    assert rank_correlation(*two) == (pytest.approx(0.866, abs=5.1e-4), 33)


def without(left_out: str) -> np.ndarray:
    """The score of the text benchmarks without one of them, for the models that have all four."""
    values, whole = complete(TEXT_CORE)
    score = np.full(len(whole), np.nan)
    score[whole] = first_component(np.delete(values, TEXT_CORE.index(left_out), axis=1)).scores
    return score


@pytest.mark.parametrize(
    ("benchmark", "rho"),
    [
        ("cais_mask_honesty", 0.252),
        ("cais_vct_refusal", 0.383),
        ("cais_art_attack_success", -0.510),
        ("cais_machiavelli_deception", 0.056),
        ("cais_textquests_harm", 0.440),
        ("hle_rms_calibration_error", -0.823),
    ],
)
def test_rank_correlations_with_the_component_of_pearson_correlations(benchmark, rho):
    values, whole = complete(TEXT_CORE)
    standard = (values - values.mean(axis=0)) / values.std(axis=0)
    weights = np.linalg.eigh(np.corrcoef(values.T))[1][:, -1]
    score = np.full(len(whole), np.nan)
    score[whole] = standard @ weights * np.sign(weights.sum())
    assert rank_correlation(column(benchmark), score)[0] == pytest.approx(rho, abs=5.1e-4)


def test_honesty_against_humanitys_last_exam_with_and_without_its_lowest_model():
    honesty, hle = column("cais_mask_honesty"), column("cais_hle")
    assert rank_correlation(honesty, hle) == (pytest.approx(0.076, abs=5.1e-4), 36)
    developer = np.array(SCORES.models["family"])
    lowest = int(np.nanargmin(honesty))
    assert SCORES.models["model"][lowest].startswith("gpt-4o")
    honesty[lowest] = np.nan
    assert rank_correlation(honesty, hle)[0] == pytest.approx(-0.005, abs=5.1e-4)
    of_openai = np.where(developer == "openai", honesty, np.nan)
    assert rank_correlation(of_openai, hle) == (pytest.approx(0.664, abs=5.1e-4), 12)
