"""F7: what is put on one scale, what it says, and when it should not be used."""

from __future__ import annotations

import dataclasses

import numpy as np
import polars as pl
import pytest
from scipy.special import stdtr

import measurand
from measurand.errors import InputError, NotApplicable, UnknownName
from measurand.measures.forecast.scale import MEASURE, answer, common_scale, figure, judge
from measurand.measures.validity.dimensionality import dimensionality
from measurand.results import Status
from measurand.simulate.forecast.scale import made
from measurand.stats.capability.stitching import Cells, fit_scale, spread
from measurand.stats.intervals.limits import Limits
from measurand.stats.intervals.multiplicity import benjamini_hochberg
from measurand.tables import Scores


def asked(scores: Scores, **settings):
    return common_scale(scores, rng=np.random.default_rng(0), **settings)


@pytest.fixture(scope="module")
def one_scale():
    found = asked(made(30, 8, 60, True, np.random.default_rng(5)).scores)
    assert 2 * found.apart.sum() > 435
    return dataclasses.replace(found, gain=Limits(0.02, 0.01, 0.03))


def published(shared) -> Scores:
    table = pl.read_csv(shared / "data" / "elicitation" / "eci" / "eci_scores.csv")
    models = table.unique("model").select("model", release_date="date")
    return Scores.build(table.select("model", "benchmark", score="performance"), models)


def test_the_published_table_is_put_on_its_scale(shared):
    """Cost and values as published with Ho et al. 2025 (arXiv 2512.00193), data of Epoch AI."""
    result = asked(published(shared), anchor="Winogrande")
    assert (len(result.models), len(result.benchmarks)) == (179, 38)
    assert result.cost == pytest.approx(3.44738, abs=5e-6)
    stands = dict(zip(result.models, result.capability, strict=True))
    assert stands["gpt-5-2025-08-07_high"] == pytest.approx(2.645293, abs=1e-5)
    assert stands["phi-2"] == pytest.approx(1.008285, abs=1e-5)
    assert np.isfinite(result.low).all()
    assert (result.low < result.high).all()
    (headline,) = judge(result)
    assert headline.status is Status.PASSED
    assert "of whose pairs 19.5% were run" in headline.sentence
    assert "71.2% of 15,931 pairs of models can be told apart." in headline.sentence
    assert len(headline.result["model"]) == 179
    told = answer(result, (headline,))
    assert told.sentence.startswith(f"{result.models[0]} stands highest, statistically tied with ")
    assert [row[0] for row in told.tables[0].rows] == list(result.models)
    # Better, tied and worse are all other models.
    assert all(sum(int(count) for count in row[2:]) == 178 for row in told.tables[0].rows)
    latest = next(drawn for drawn in figure(result) if drawn.name == "F7.models").columns
    assert max(zip(latest["released"], latest["model"], strict=True))[0] == "2025-11"


def test_the_scale_orders_models_as_they_were_made():
    study = made(40, 12, 70, True, np.random.default_rng(2))
    result = asked(study.scores, anchor="b0")
    truth = np.array([study.capability[name] for name in result.models])
    assert np.corrcoef(truth, result.capability)[0, 1] > 0.9
    assert (np.diff(result.capability) <= 0).all()
    assert (truth[:, None] > truth)[result.apart].mean() > 0.95


def test_scores_without_a_common_scale_are_refused_one():
    headline, *rest = judge(asked(made(40, 12, 70, False, np.random.default_rng(3)).scores))
    assert headline.status is Status.ISSUE
    assert "should not be used" in headline.sentence
    assert headline.short == "does not predict these scores"
    assert rest == []


@pytest.mark.parametrize(
    ("low", "high", "status"),
    [(0.01, 0.03, Status.PASSED), (-0.01, 0.03, Status.CAUTION), (-0.03, -0.01, Status.ISSUE)],
)
def test_the_verdict_looks_at_the_interval(one_scale, low, high, status):
    changed = dataclasses.replace(one_scale, gain=Limits((low + high) / 2, low, high))
    assert judge(changed)[0].status is status


def test_an_open_verdict_says_what_would_decide_it(one_scale):
    changed = dataclasses.replace(one_scale, gain=Limits(0.01, -0.005, 0.025), groups=10)
    assert "about 22 families or single models would tell" in judge(changed)[0].sentence


def test_a_scale_on_which_most_pairs_are_tied_does_not_say_where_models_stand(one_scale):
    order = np.arange(435)
    few, many = np.zeros((2, 30, 30), dtype=bool)
    few[np.triu_indices(30, k=1)], many[np.triu_indices(30, k=1)] = order < 174, order < 261
    tied, told = (judge(dataclasses.replace(one_scale, apart=apart))[0] for apart in (few, many))
    assert (tied.status, told.status) == (Status.CAUTION, Status.PASSED)
    assert "40% of 435 pairs of models can be told apart, too few to say where most of them stand." in tied.sentence
    assert judge(dataclasses.replace(one_scale, apart=few), least_apart=0.3)[0].status is Status.PASSED


def test_many_models_are_a_table_and_few_have_a_sentence_each(one_scale):
    (headline,) = judge(one_scale)
    assert headline.result["model"] == one_scale.models
    assert headline.result["above"] == tuple(one_scale.apart.sum(axis=1).tolist())
    assert headline.result["capability"] == tuple(one_scale.capability.tolist())
    assert [low is None for low in headline.result["low"]] == np.isnan(one_scale.low).tolist()
    few = asked(made(10, 6, 90, True, np.random.default_rng(1)).scores)
    assert [finding.subject.get("model") for finding in judge(few)] == [None, *few.models]


def test_pairs_told_apart_are_those_of_one_family_of_t_tests():
    study = made(40, 9, 60, True, np.random.default_rng(3)).scores
    result = asked(study, anchor="b0")
    values = study.matrix(result.models, result.benchmarks)
    model, benchmark = np.nonzero(np.isfinite(values))
    cells = Cells(model, benchmark, values[model, benchmark], result.benchmarks.index("b0"))
    stderr, freedom = spread(cells, fit_scale(cells)).differences()
    pairs = np.triu_indices(len(result.models), k=1)
    gap = (result.capability[:, None] - result.capability)[pairs]
    adjusted = benjamini_hochberg(2 * stdtr(freedom[pairs], -np.abs(gap / stderr[pairs])))
    told = result.apart[pairs]
    np.testing.assert_array_equal(told, adjusted <= 0.05)
    assert 0 < told.sum() < told.size
    assert not result.apart.T[pairs].any()


def test_a_model_says_whom_it_is_above_and_who_cannot_be_told_from_it():
    few = asked(made(10, 6, 90, True, np.random.default_rng(1)).scores)
    finding = judge(few)[1]
    counts = [finding.result[name] for name in ("above", "below", "not_told_apart")]
    assert sum(counts) == len(few.models) - 1
    assert finding.status is (Status.CAUTION if counts[2] else Status.PASSED)
    assert finding.estimate("capability").low < finding.estimate("capability").high


def test_parts_that_share_no_benchmark_are_not_compared():
    first, second = (made(20, 5, 100, True, np.random.default_rng(seed)).scores.table for seed in (4, 5))
    apart = second.filter(pl.col("model").is_in([f"m{i}" for i in range(12)])).with_columns(
        pl.concat_str(pl.lit("x"), "model").alias("model"), pl.concat_str(pl.lit("x"), "benchmark").alias("benchmark")
    )
    result = asked(Scores.build(pl.concat([first, apart])))
    assert set(result.models) == {f"m{i}" for i in range(20)}
    assert any("falls into 2 parts that share no benchmark; the largest, of 20 models" in note for note in result.notes)


def test_models_with_few_scores_and_benchmarks_without_a_range_are_left_out_and_named():
    table = made(20, 5, 100, True, np.random.default_rng(6)).scores.table
    lonely = pl.DataFrame({"model": ["lonely", "lonely"], "benchmark": ["b0", "b1"], "score": [0.5, 0.5]})
    elo = table.filter(benchmark="b0").with_columns(benchmark=pl.lit("elo"), score=1000 * pl.col("score"))
    flat = table.filter(benchmark="b0").with_columns(benchmark=pl.lit("flat"), score=pl.lit(0.5))
    columns = ["model", "benchmark", "score"]
    result = asked(Scores.build(pl.concat([frame.select(columns) for frame in (table, lonely, elo, flat)])))
    assert "lonely" not in result.models
    assert not {"elo", "flat"} & set(result.benchmarks)
    assert [note.split(":")[0] for note in result.notes] == [
        "left out, scores not between 0 and a known maximum",
        "left out, scores the same for every model",
        "1 model left out",
    ]


def test_percentages_and_scores_that_are_worse_when_higher_count_as_shares():
    study = made(20, 5, 100, True, np.random.default_rng(7)).scores
    plain = asked(study, anchor="b0")
    turned = study.table.with_columns(
        score=pl.when(pl.col("benchmark") == "b1")
        .then(100 * (1 - pl.col("score")))
        .when(pl.col("benchmark") == "b2")
        .then(100 * pl.col("score"))
        .otherwise(pl.col("score"))
    )
    facts = pl.DataFrame({"benchmark": ["b1", "b2"], "maximum": [100.0, 100.0], "higher_is": ["worse", "better"]})
    found = asked(Scores.build(turned, study.models, facts), anchor="b0")
    assert found.models == plain.models
    np.testing.assert_allclose(found.capability, plain.capability, atol=1e-6)


def test_every_benchmark_takes_part_whatever_its_role():
    study = made(20, 5, 100, True, np.random.default_rng(7)).scores
    facts = pl.DataFrame({"benchmark": [f"b{j}" for j in range(5)], "role": ["safety"] * 3 + ["other", "capability"]})
    plain, of_roles = asked(study), asked(Scores.build(study.table, study.models, facts))
    assert of_roles.benchmarks == plain.benchmarks == ("b0", "b1", "b2", "b3", "b4")
    np.testing.assert_array_equal(of_roles.capability, plain.capability)


def test_a_benchmark_that_alone_connects_models_keeps_them():
    # As GPQA, filed under safety, did for 46 of 101 models: they have two benchmarks besides it.
    table = made(20, 5, 100, True, np.random.default_rng(7)).scores.table
    few = pl.col("model").is_in([f"m{i}" for i in range(8)]) & pl.col("benchmark").is_in(["b3", "b4"])
    facts = pl.DataFrame({"benchmark": ["b0"], "role": ["safety"]})
    assert len(asked(Scores.build(table.filter(~few), benchmarks=facts)).models) == 20


def test_what_falls_as_the_others_rise_is_left_out_and_named(example):
    study = made(30, 6, 100, True, np.random.default_rng(8)).scores
    score = pl.when(pl.col("benchmark") == "b2").then(1 - pl.col("score")).otherwise("score")
    result = asked(Scores.build(study.table.with_columns(score=score), study.models), anchor="b0")
    assert result.benchmarks == ("b0", "b1", "b3", "b4", "b5")
    assert result.notes == ("left out, scores clearly fall as those on the other benchmarks rise: b2",)
    assert "wmdp" not in asked(example.scores).benchmarks


def test_f7_never_uses_what_v7_refuses():
    # Three benchmarks of which one is turned: no component for V7, and two benchmarks are no scale for F7.
    study = made(30, 3, 100, True, np.random.default_rng(9)).scores
    score = pl.when(pl.col("benchmark") == "b2").then(1 - pl.col("score")).otherwise("score")
    facts = pl.DataFrame({"benchmark": ["b0", "b1", "b2"], "role": ["capability"] * 3})
    turned = Scores.build(study.table.with_columns(score=score), study.models, facts)
    with pytest.raises(NotApplicable, match=r"b2 .* falls as the other capability benchmarks rise"):
        dimensionality(turned)
    with pytest.raises(NotApplicable, match="hang together"):
        asked(turned)


@pytest.mark.parametrize("models", [4, 7])
def test_too_little_to_put_on_a_scale(models):
    table = made(20, 5, 100, True, np.random.default_rng(8)).scores.table
    with pytest.raises(NotApplicable, match="needs at least 8 models with 3 benchmarks each"):
        asked(Scores.build(table.filter(pl.col("model").is_in([f"m{i}" for i in range(models)]))))


def test_one_benchmark_and_constant_scores_cannot_be_scaled():
    table = made(20, 5, 100, True, np.random.default_rng(9)).scores.table
    with pytest.raises(NotApplicable, match="hang together"):
        asked(Scores.build(table.filter(benchmark="b0")))
    with pytest.raises(NotApplicable, match="that differ between models"):
        asked(Scores.build(table.with_columns(score=pl.lit(0.5))))


def test_a_model_at_zero_everywhere_has_no_place():
    study = made(10, 5, 100, True, np.random.default_rng(10)).scores
    zero = study.table.with_columns(score=pl.when(pl.col("model") == "m3").then(0.0).otherwise("score"))
    result = asked(Scores.build(zero))
    place = result.models.index("m3")
    assert np.isnan(result.low[place])
    assert not result.apart[place].any()
    assert not result.apart[:, place].any()
    finding = judge(result)[1 + place]
    assert finding.status is Status.NOT_APPLICABLE
    assert "too near 0 or 1 to place it" in finding.sentence


def test_settings_out_of_range():
    scores = made(20, 5, 100, True, np.random.default_rng(11)).scores
    with pytest.raises(UnknownName, match="no benchmark on the scale named 'b9'"):
        asked(scores, anchor="b9")
    with pytest.raises(InputError, match="folds should be at least 2, got 1"):
        asked(scores, folds=1)
    with pytest.raises(InputError, match="level"):
        asked(scores, level=95)


def test_pictures_and_the_same_seed(shared, one_scale):
    names = [drawn.name for drawn in figure(one_scale)]
    assert names == ["F7.models", "F7.benchmarks"]
    dated = asked(published(shared))
    over_time, models, benchmarks = figure(dated)
    assert len(over_time.columns["model"]) == 179
    assert len(models.columns["model"]) == 40
    assert len(benchmarks.columns["benchmark"]) == 38
    again = asked(published(shared))
    assert again.error == dated.error
    asked_for = measurand.common_scale(published(shared), rng=np.random.default_rng(0))
    assert asked_for.result.error == dated.error
    assert MEASURE.code == "F7"
