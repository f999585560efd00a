"""V2 against statsmodels and scipy, and how it judges slope against noise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm
from scipy import stats

from measurand.errors import InputError, NotApplicable
from measurand.measures.validity.slope_and_spread import figure, judge, slope_and_spread
from measurand.results import Status


def ability(study, class_="all"):
    """Capabilities scores of the models in standard deviations."""
    result = slope_and_spread(study.scores)
    return next(part for part in result.classes if part.panel.class_ == class_).panel.standard_scores


def moved(make_study, slope, noise, stderr, n=24, families=8):
    """A study whose benchmark t0 moves by `slope` per standard deviation of capability, with some scatter."""
    score = ability(make_study(n, families=families))
    scatter = np.random.default_rng(1).standard_normal(n)
    scatter -= score * (score @ scatter) / (score @ score) + scatter.mean()
    values = 0.5 + slope * score + noise * scatter
    return make_study(n, families=families, columns={"t0": values}, stderr=stderr)


def finding_of(study, benchmark="t0", **settings):
    findings = judge(slope_and_spread(study.scores), **settings)
    return next(finding for finding in findings if finding.subject.get("benchmark") == benchmark)


def test_every_slope_of_the_example_equals_statsmodels_and_scipy(example):
    result = slope_and_spread(example.scores)
    for part in result.classes:
        score = part.panel.standard_scores
        for j, name in enumerate(part.benchmarks):
            y = part.panel.scores[:, part.panel.tested.index(name)]
            there = np.isfinite(y)
            fit = sm.OLS(y[there], sm.add_constant(score[there])).fit()
            assert (part.slope[j].value, part.r2[j]) == pytest.approx((fit.params[1], fit.rsquared))
            assert part.theil_sen[j] == pytest.approx(stats.theilslopes(y[there], score[there]).slope)
            assert part.spread[j] == pytest.approx(y[there].std(ddof=1))
            assert part.slope[j].low < part.slope[j].value < part.slope[j].high
            assert part.n[j] == there.sum()


def test_without_standard_errors_the_slope_is_given_and_the_verdict_is_not(make_study):
    result = slope_and_spread(make_study(20).scores)
    headline, finding, _ = judge(result)
    assert headline.headline
    assert not finding.headline
    assert headline.status is finding.status is Status.NOT_APPLICABLE
    for row in (headline, finding):
        assert row.sentence.startswith("Not assessed: ")
        assert row.sentence.endswith(" is not known; needs standard errors or item counts of the scores.") or (
            row.sentence.endswith("so only slopes are given; needs standard errors or item counts of the scores.")
        )
    assert finding.estimate("slope_per_sd").low < finding.estimate("slope_per_sd").value
    assert "slope_in_standard_errors" not in [estimate.name for estimate in finding.estimates]


def with_items(study, **items):
    """The study with the sizes of its benchmarks known."""
    known = pl.DataFrame({"benchmark": list(items), "items": [float(each) for each in items.values()]})
    facts = study.scores.benchmarks.drop("items").join(known, on="benchmark", how="left")
    return replace(study, scores=replace(study.scores, benchmarks=facts.select(study.scores.benchmarks.columns)))


@pytest.mark.parametrize(("unit", "sign"), [(1, 1), (100, 1), (1, -1)])
def test_where_only_the_size_is_known_the_noise_is_binomial_and_that_is_said(make_study, unit, sign):
    study = moved(make_study, 0.002, 0.0005, None)
    scores = study.scores
    table = scores.table.with_columns(
        pl.when(pl.col("benchmark") == "t0").then(pl.col("score") * unit).otherwise(pl.col("score")).alias("score")
    )
    study = with_items(replace(study, scores=replace(scores, table=table)), t0=400)
    if sign < 0:
        study = replace(study, scores=study.scores.with_lower_is_better(["t0"]))
    part = slope_and_spread(study.scores).classes[0]
    values = [abs(float(each)) / unit for each in part.panel.scores[:, part.panel.tested.index("t0")]]
    errors = sorted(unit * (p * (1 - p) / 400) ** 0.5 for p in values)
    assert part.noise[part.benchmarks.index("t0")] == pytest.approx((errors[11] + errors[12]) / 2)
    finding = finding_of(study)
    assert finding.status is Status.ISSUE
    assert "400 independent items" in finding.caveats[0]
    headline = judge(slope_and_spread(study.scores))[0]
    assert "binomial error" in headline.caveats[-1]


def test_errors_that_are_given_go_before_the_size(make_study):
    study = with_items(moved(make_study, 0.01, 0.002, 0.05), t0=10)
    finding = finding_of(study)
    assert finding.estimate("typical_stderr").value == pytest.approx(0.05)
    assert finding.caveats == ()


@pytest.mark.parametrize(
    "values",
    [
        np.linspace(-0.4, 0.6, 24),  # differences, not shares
        np.linspace(900, 1300, 24),  # ratings
        np.repeat([0.0, 1.0], 12),  # nobody between none and all
    ],
    ids=["signs", "ratings", "all or none"],
)
def test_scores_that_are_no_shares_have_no_binomial_noise(make_study, values):
    study = with_items(make_study(24, families=8, columns={"t0": values}), t0=100)
    findings = judge(slope_and_spread(study.scores))
    of = [finding for finding in findings if finding.subject.get("benchmark") == "t0"]
    assert [finding.status for finding in of] == [Status.NOT_APPLICABLE]


def test_the_study_of_2024_is_judged_where_sizes_are_known(example):
    findings = judge(slope_and_spread(example.scores))
    judged = [f for f in findings if "benchmark" in f.subject and f.status is not Status.NOT_APPLICABLE]
    # 16 benchmarks in two classes; MoralChoice, HaluEval and others have no known size.
    assert len(judged) == 32
    truthful = next(f for f in judged if f.subject == {"benchmark": "truthfulqa_mc1", "class": "chat"})
    part = slope_and_spread(example.scores).classes[1]
    values = part.panel.scores[:, part.panel.tested.index("truthfulqa_mc1")]
    assert truthful.estimate("typical_stderr").value == pytest.approx(np.median(np.sqrt(values * (1 - values) / 817)))


@pytest.mark.parametrize(
    ("slope", "noise", "stderr", "status", "words"),
    [
        (0.10, 0.01, 0.02, Status.PASSED, "more than noise"),
        (-0.10, 0.01, 0.02, Status.PASSED, "more than noise"),
        (0.010, 0.002, 0.05, Status.ISSUE, "goes with capability but is flat"),
        (-0.010, 0.002, 0.05, Status.ISSUE, "goes with capability but is flat"),
        (0.0, 0.01, 0.05, Status.PASSED, "neither follows capability nor moves"),
        (0.05, 0.08, 0.05, Status.CAUTION, "too few models to tell"),
    ],
)
def test_verdicts_set_the_slope_against_the_noise(make_study, slope, noise, stderr, status, words):
    finding = finding_of(moved(make_study, slope, noise, stderr))
    assert finding.estimate("slope_per_sd").value == pytest.approx(slope, abs=1e-9)
    assert finding.estimate("typical_stderr").value == stderr
    assert finding.estimate("slope_in_standard_errors").value == pytest.approx(slope / stderr, abs=1e-7)
    assert (finding.status, words in finding.sentence) == (status, True), finding.sentence


@pytest.mark.parametrize(("scale", "shown"), [(1, "changes by 10 points ["), (10, "changes by 1.000 [")])
def test_a_slope_is_in_points_where_scores_are_shares(make_study, scale, shown):
    score = ability(make_study(24, families=8))
    study = make_study(24, families=8, columns={"t0": scale * (0.5 + 0.1 * score)}, stderr=0.02)
    assert shown in finding_of(study).sentence


def test_headline_counts_the_flat_benchmarks(make_study):
    findings = judge(slope_and_spread(moved(make_study, 0.010, 0.002, 0.05).scores))
    assert findings[0].status is Status.ISSUE
    flat = sum(finding.status is Status.ISSUE for finding in findings[1:])
    moves = "moves" if flat == 1 else "move"
    assert findings[0].sentence.startswith(f"{flat} of the 2 benchmarks with known noise go")
    assert findings[0].short == f"{flat} of 2 {moves} less than noise"


def test_what_counts_as_flat_can_be_set(make_study):
    study = moved(make_study, 0.10, 0.01, 0.02)
    assert finding_of(study).status is Status.PASSED
    assert finding_of(study, flat_below=20.0).status is Status.ISSUE


def test_a_slope_does_not_depend_on_units_of_capability_and_scales_with_those_of_the_benchmark(make_study):
    study = make_study(20, stderr=0.1)
    capability, tested = study.scores.matrix([f"m{i}" for i in range(20)], ["c0", "t0"]).T
    plain = finding_of(study)
    percent = finding_of(make_study(20, stderr=0.1, columns={"c0": 100 * capability + 3, "t0": 100 * tested}))
    for name in ("slope_per_sd", "theil_sen_slope_per_sd", "between_model_sd"):
        assert percent.estimate(name).value == pytest.approx(100 * plain.estimate(name).value)
    assert percent.estimate("r2").value == pytest.approx(plain.estimate("r2").value)


def test_models_of_one_family_give_a_slope_without_interval_and_no_verdict(make_study):
    finding = finding_of(make_study(20, families=1, stderr=0.1))
    assert finding.estimate("slope_per_sd").low is None
    assert finding.status is Status.CAUTION
    assert "one family" in finding.sentence


def test_a_benchmark_that_one_family_ran_has_no_interval(make_study):
    values = np.full(40, np.nan)
    values[::5] = np.random.default_rng(1).standard_normal(8)
    finding = finding_of(make_study(40, columns={"t2": values}, stderr=0.1), "t2")
    assert finding.estimate("slope_per_sd").low is None
    assert finding.status is Status.CAUTION


def test_the_figure_shows_slopes_in_units_of_the_benchmarks_own_spread(make_study):
    result = slope_and_spread(make_study(20).scores)
    (picture,) = figure(result)
    part = result.classes[0]
    for column, side in (("slope", "value"), ("low", "low"), ("high", "high")):
        assert picture.columns[column] == tuple(
            getattr(slope, side) / spread for slope, spread in zip(part.slope, part.spread, strict=True)
        )


def test_bad_input_is_refused(make_study):
    with pytest.raises(InputError, match="level"):
        slope_and_spread(make_study(12).scores, level=1.0)
    with pytest.raises(NotApplicable, match="5 of 5 models"):
        slope_and_spread(make_study(5).scores)
