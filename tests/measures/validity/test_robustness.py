"""V4: how the headline moves, and how that is judged."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest

from measurand.errors import InputError
from measurand.measures.validity.capabilities_correlation import capabilities_correlation
from measurand.measures.validity.capabilities_correlation import judge as judge_v1
from measurand.measures.validity.robustness import figure, judge, robustness, verdict_by_point
from measurand.results import Status


def finding_of(result, benchmark="t0", **settings):
    return next(f for f in judge(result, **settings) if f.subject.get("benchmark") == benchmark)


@pytest.mark.parametrize(
    ("correlation", "verdict"),
    [(0.5, "entangled"), (0.499, "disentangled"), (-0.499, "disentangled"), (-0.5, "inverse"), (1.0, "entangled")],
)
def test_verdict_by_point_has_its_bounds_as_published(correlation, verdict):
    assert verdict_by_point(correlation, 0.5) == verdict


def test_the_curve_starts_from_the_headline_and_k_is_zero_there(example):
    result = robustness(example.scores, most_dropped=1, half_subsets=1)
    headline = capabilities_correlation(example.scores, resamples=100)
    for part, reference in zip(result.classes, headline.classes, strict=True):
        expected = [reference.correlations.value[reference.benchmarks.index(name)] for name in part.benchmarks]
        first = part.specifications[0]
        assert (first.capability, first.weighting, first.correlation, first.models) == (
            "all",
            "first component",
            "spearman",
            "all",
        )
        np.testing.assert_allclose(part.curve[0], expected, atol=1e-12)
        np.testing.assert_allclose(part.dropping.reach[:, 0], [expected, expected], atol=1e-12)


def test_a_steady_verdict_passes_and_a_fragile_one_is_an_issue(make_study):
    score = robustness(make_study(20).scores).classes[0].panel.component.scores
    steady = make_study(20, columns={"t0": score})
    finding = finding_of(robustness(steady.scores))
    assert finding.status is Status.PASSED
    assert finding.estimate("models_to_flip").value is None
    assert finding.result == {
        "verdict": "entangled",
        "models_to_flip": None,
        "interval_verdict": "entangled",
        "undone_by": (),
    }
    assert "rises with capability once the interval counts, too, whichever single model is left out" in finding.sentence
    assert re.fullmatch(r"holds in (\d+) of \1 ways", finding.short)

    ranks = np.argsort(np.argsort(score)).astype(float)
    ranks[[0, 19]] = ranks[[19, 0]]
    fragile = next(
        values
        for seed in range(200)
        if 0.5 <= spearman(score, values := ranks + 9 * np.random.default_rng(seed).standard_normal(20)) < 0.52
    )
    finding = finding_of(robustness(make_study(20, columns={"t0": fragile}).scores))
    # V1 cannot call it, and a verdict that was not given cannot be overturned.
    assert finding.status is Status.CAUTION
    assert finding.result["interval_verdict"] == "undecided"
    assert finding.result["models_to_flip"] == finding.estimate("models_to_flip").value == 1
    assert "leaving out 1 of 20 models (m" in finding.sentence
    assert finding.short == "leaving out 1 of 20 changes it"


def spearman(a, b):
    return np.corrcoef(np.argsort(np.argsort(a)), np.argsort(np.argsort(b)))[0, 1]


def test_models_named_are_those_whose_omission_flips_the_verdict(make_study):
    study = make_study(20, seed=3)
    result = robustness(study.scores)
    for benchmark in ("t0", "t1"):
        finding = finding_of(result, benchmark)
        flips = finding.result["models_to_flip"]
        if flips is None:
            continue
        named = finding.sentence.split("(")[-1].split(")")[0].split(", ")
        assert len(named) == flips
        kept = [f"m{i}" for i in range(20) if f"m{i}" not in named]
        scores = study.scores
        table = scores.table.filter(scores.table["model"].is_in(kept))
        without = capabilities_correlation(type(scores).build(table, scores.models, scores.benchmarks), resamples=100)
        part = without.classes[0]
        value = part.correlations.value[part.benchmarks.index(benchmark)]
        assert verdict_by_point(value, 0.5) != finding.result["verdict"]


def test_estimates_give_the_reach_of_every_k(make_study):
    result = robustness(make_study(20).scores, most_dropped=3)
    finding = finding_of(result)
    part = result.classes[0]
    for k in (1, 2, 3):
        least, greatest = (finding.estimate(f"{name}_dropping_{k}") for name in ("least", "greatest"))
        assert (least.value, greatest.value) == tuple(part.dropping.reach[:, k, 0])
        assert least.low < least.value < least.high
        assert least.n == 20 - k
    share = finding.estimate("specifications_agreeing")
    curve = part.curve[np.isfinite(part.curve[:, 0]), 0]
    same = [verdict_by_point(value, 0.5) == finding.result["verdict"] for value in curve]
    assert share.value == pytest.approx(np.mean(same))
    median = finding.estimate("specification_median")
    assert (median.value, median.low, median.high) == (np.median(curve), curve.min(), curve.max())


def test_eight_models_lose_at_most_three(make_study):
    part = robustness(make_study(8).scores, most_dropped=5).classes[0]
    assert part.dropping.reach.shape[1] == 3 + 1


def test_without_benchmarks_under_test_nothing_passes(make_study):
    headline = judge(robustness(make_study(12, tested=0).scores))[0]
    assert headline.status is Status.NOT_APPLICABLE


def test_constant_and_rare_benchmarks_are_visible_rows(make_study):
    rare = np.full(20, np.nan)
    rare[:5] = np.arange(5)
    result = robustness(make_study(20, columns={"t2": rare, "t3": np.full(20, 0.3)}).scores)
    assert {finding_of(result, name).status for name in ("t2", "t3")} == {Status.NOT_APPLICABLE}


@pytest.mark.parametrize("settings", [{"most_dropped": 0}, {"most_dropped": 8}, {"level": 0}, {"half_subsets": -1}])
def test_settings_out_of_range_are_refused(make_study, settings):
    (name,) = settings
    with pytest.raises(InputError, match=name):
        robustness(make_study(12).scores, **settings)


def test_a_threshold_out_of_range_is_refused(make_study):
    with pytest.raises(InputError, match="threshold"):
        judge(robustness(make_study(12).scores), threshold=1.5)


def test_more_models_than_dropping_can_move_are_not_assessed(make_study, monkeypatch):
    monkeypatch.setattr("measurand.measures.validity.robustness.MOST_MODELS", 15)
    (finding,) = judge(robustness(make_study(20).scores))
    assert finding.status is Status.NOT_APPLICABLE
    assert "at most 15 models" in finding.sentence


def test_the_figures_show_every_class_and_benchmark(example):
    result = robustness(example.scores, most_dropped=1, half_subsets=2)
    curve, dropping = figure(result)
    subjects = {(part.panel.class_, result.names[name]) for part in result.classes for name in part.benchmarks}
    for picture in (curve, dropping):
        assert set(zip(picture.columns["class"], picture.columns["benchmark"], strict=True)) == subjects
    assert max(curve.columns["correlation"]) <= 1


def test_a_verdict_of_v1_that_few_models_flip_by_point_is_an_issue(make_study):
    score = robustness(make_study(20).scores).classes[0].panel.component.scores
    result = robustness(make_study(20, columns={"t0": score}).scores, most_dropped=1, half_subsets=0)
    part = result.classes[0]
    reach = part.dropping.reach.copy()
    reach[0, 1, part.benchmarks.index("t0")] = 0.4
    flipped = dataclasses.replace(part, dropping=dataclasses.replace(part.dropping, reach=reach))
    finding = finding_of(dataclasses.replace(result, classes=(flipped,)))
    assert (finding.status, finding.result["interval_verdict"]) == (Status.ISSUE, "entangled")


def test_single_models_that_undo_the_interval_verdict_are_named(make_study):
    score = robustness(make_study(20).scores).classes[0].panel.component.scores
    result = robustness(make_study(20, columns={"t0": score}).scores, most_dropped=1, half_subsets=0)
    part = result.classes[0]
    j = part.benchmarks.index("t0")

    def widened(found):
        stderr = found.stderr.copy()
        stderr[j] = 9.0
        return dataclasses.replace(found, stderr=stderr)

    without = tuple(widened(found) if i in (2, 5) else found for i, found in enumerate(part.without))
    finding = finding_of(dataclasses.replace(result, classes=(dataclasses.replace(part, without=without),)))
    assert finding.status is Status.CAUTION
    assert finding.result["undone_by"] == ("m2", "m5")
    assert finding.sentence.endswith(
        "It rises with capability once the interval counts, but no longer without any one of 2 models, m2 and m5."
    )
    assert finding.short == "hangs on a single model"


def test_verdicts_of_intervals_are_those_of_v1(example):
    v1 = judge_v1(capabilities_correlation(example.scores, resamples=100))
    called = {tuple(f.subject.items()): f.result["verdict"] for f in v1 if f.result.get("role") == "under test"}
    found = judge(robustness(example.scores, most_dropped=1, half_subsets=0))
    assert {
        tuple(f.subject.items()): f.result["interval_verdict"] for f in found if "interval_verdict" in f.result
    } == called
