"""Ragged tables: each model's place on a common scale as its capability, with its error carried."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy.special import expit

import measurand
from measurand.errors import NotApplicable
from measurand.measures.forecast.scale import common_scale
from measurand.measures.validity.capabilities_correlation import capabilities_correlation
from measurand.measures.validity.dimensionality import dimensionality
from measurand.measures.validity.shared.panel import panels
from measurand.tables import Scores


def ragged(rng, models=40, families=8, items=100, rho=0.7, run=0.5, benchmarks=10, tested=8):
    """Scores of models that ran a part of the capability benchmarks, of so many items each."""
    family = np.concatenate([np.arange(families), rng.integers(0, families, models - families)])
    ability = rng.standard_normal(models)
    difficulty, slope = rng.normal(0, 1, benchmarks), rng.uniform(0.6, 1.6, benchmarks)
    chance = expit(slope * (ability[:, None] - difficulty) + rng.normal(0, 0.25, (models, benchmarks)))
    seen = np.where(rng.random(chance.shape) < run, rng.binomial(items, chance) / items, np.nan)
    under_test = rho * ability[:, None] + np.sqrt(1 - rho**2) * rng.standard_normal((models, tested))
    names = [*(f"c{j}" for j in range(benchmarks)), *(f"t{j}" for j in range(tested))]
    wide = pl.DataFrame(np.hstack([seen, under_test]), schema=names).with_columns(
        pl.Series("model", [f"m{i}" for i in range(models)])
    )
    table = wide.unpivot(index="model", variable_name="benchmark", value_name="score").filter(
        pl.col("score").is_not_nan()
    )
    roles = ["capability"] * benchmarks + ["safety"] * tested
    return Scores.build(
        table,
        pl.DataFrame({"model": wide["model"], "family": [f"f{code}" for code in family]}),
        pl.DataFrame({"benchmark": names, "role": roles}),
    )


def test_the_score_is_the_place_on_the_scale_of_the_capability_benchmarks():
    scores = ragged(np.random.default_rng(1))
    alone = Scores.build(
        scores.table.filter(pl.col("benchmark").str.starts_with("c")),
        scores.models,
        scores.benchmarks.filter(pl.col("role") == "capability"),
    )
    scale = common_scale(alone, rng=np.random.default_rng(0))
    panel = panels(scores, "scale")[0][0]
    places = dict(zip(scale.models, scale.capability.tolist(), strict=True))
    assert panel.values[:, 0].tolist() == pytest.approx([places[model] for model in panel.models])
    assert panel.capability == ("a common scale of 10 benchmarks",)
    # Squared standard errors, from the intervals of F7 (t with one degree less than a model has scores).
    assert 0.85 < panel.reliability < 1
    assert any("reliability" in caveat for caveat in panel.caveats)


def test_correlations_are_those_with_the_score_divided_by_the_root_of_its_reliability():
    scores = ragged(np.random.default_rng(2))
    found = capabilities_correlation(scores, missing="scale", resamples=100).classes[0]
    panel = found.panel
    place = panel.values[:, 0].argsort().argsort()
    for name, value in zip(found.benchmarks, found.correlations.value, strict=True):
        other = panel.scores[:, panel.tested.index(name)].argsort().argsort()
        assert value == pytest.approx(np.corrcoef(place, other)[0, 1] / panel.reliability**0.5)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shape", "rho"), [({"items": 30, "run": 0.4}, 0.7), ({}, 0.9), ({"models": 60, "families": 15}, 0.0)]
)
def test_the_truth_is_covered_though_scores_are_few_and_noisy(shape, rho):
    rng, truth = np.random.default_rng(5), 6 / np.pi * np.arcsin(rho / 2)
    hits, values = [], []
    for _ in range(25):
        try:
            found = capabilities_correlation(ragged(rng, rho=rho, **shape), missing="scale", resamples=100).classes[0]
        except NotApplicable:
            continue
        low, high = (limits["moderated_jackknife"] for limits in (found.correlations.low, found.correlations.high))
        hits.append(np.mean((low <= truth) & (truth <= high)))
        values.append(found.correlations.value.mean())
    # Over 60 studies of each: .994, .988 and .960, means within .025 of the truth; uncorrected the first is .05 below.
    assert np.mean(hits) >= 0.92
    assert np.mean(values) == pytest.approx(truth, abs=0.07)


def test_a_score_that_is_mostly_error_is_refused():
    scores = ragged(np.random.default_rng(0), items=3)
    with pytest.raises(NotApplicable, match=r"tells the models apart with a reliability of 0\.\d\d"):
        capabilities_correlation(scores, missing="scale", resamples=100)


def test_measures_of_several_benchmarks_keep_to_complete_models():
    scores = ragged(np.random.default_rng(4), run=0.97)
    assert dimensionality(scores, missing="scale").classes[0].panel.models == (
        dimensionality(scores, missing="complete").classes[0].panel.models
    )


def test_the_models_of_2026_are_placed_and_what_is_left_out_is_said():
    scores = measurand.load_example("frontier_2026").scores
    panel = panels(scores, "scale")[0][0]
    # 48 of 102 settings ran three or more of 18 capability benchmarks; by all of them at once only one is complete.
    assert len(panel.models) == 48
    told = " ".join(panel.caveats)
    assert "54 models left out: on fewer than 3 of the benchmarks" in told
    assert "epoch_capabilities_index" in told
