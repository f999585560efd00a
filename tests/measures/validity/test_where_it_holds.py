"""V5: classes and halves compared."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy import stats

from measurand.errors import InputError
from measurand.measures.validity.capabilities_correlation import capabilities_correlation
from measurand.measures.validity.where_it_holds import figure, judge, where_it_holds
from measurand.results import Status
from measurand.stats.capability.capabilities import DEFAULT
from measurand.stats.intervals.correlation import OnZScale
from measurand.stats.intervals.limits import Limits


def find_compared(result, benchmark, labels, class_=None):
    return next(
        item
        for item in result.compared
        if item.benchmark == benchmark and item.labels == labels and class_ in (None, item.subject.get("class"))
    )


def test_correlations_of_the_classes_are_those_of_v1_with_their_intervals(example):
    result = where_it_holds(example.scores)
    classes = capabilities_correlation(example.scores, resamples=100).classes
    compared = [item for item in result.compared if item.labels == ("base", "chat")]
    assert len(compared) > 40
    for item in compared:
        for triple, count, part in zip((item.first, item.second), item.n, classes, strict=True):
            j = part.benchmarks.index(item.benchmark)
            found = part.correlations
            assert count == found.n[j]
            assert triple == pytest.approx((found.value[j], found.low[DEFAULT][j], found.high[DEFAULT][j]), abs=1e-9)
        assert item.difference[0] == pytest.approx(item.first[0] - item.second[0])
        pooled = (item.n[0] * item.first[0] + item.n[1] * item.second[0]) / sum(item.n)
        assert item.pooled[0] == pytest.approx(pooled)
        assert item.difference[1] <= item.difference[0] <= item.difference[2]


def test_the_interval_of_a_class_ignores_families_that_only_the_other_class_has(make_study):
    study = make_study(36, classes=("base", "chat"), families=36)
    result = where_it_holds(study.scores)
    item = find_compared(result, "t0", ("base", "chat"))
    for triple, part in zip((item.first, item.second), capabilities_correlation(study.scores).classes, strict=True):
        j = part.benchmarks.index("t0")
        expected = (part.correlations.value[j], part.correlations.low[DEFAULT][j], part.correlations.high[DEFAULT][j])
        assert triple == pytest.approx(expected, abs=1e-9)


def test_halves_are_spearman_correlations_within_each_half(make_study):
    study = make_study(24)
    result = where_it_holds(study.scores)
    panel = capabilities_correlation(study.scores, resamples=100).classes[0].panel
    score, tested = panel.component.scores, panel.scores[:, 0]
    upper = score > np.median(score)
    item = find_compared(result, "t0", ("lower half", "upper half"))
    assert item.first[0] == pytest.approx(stats.spearmanr(score[~upper], tested[~upper]).statistic)
    assert item.second[0] == pytest.approx(stats.spearmanr(score[upper], tested[upper]).statistic)
    assert item.n == (12, 12)
    assert item.pooled is None


def opposed(make_study, n=48):
    """Two classes: t0 rises with capability in one and falls in the other."""
    classes = ("base", "chat")
    parts = where_it_holds(make_study(n, classes=classes, families=12).scores)
    values = np.empty(n)
    for part in capabilities_correlation(make_study(n, classes=classes, families=12).scores, resamples=100).classes:
        index = [int(model[1:]) for model in part.panel.models]
        values[index] = part.panel.component.scores * (1 if part.panel.class_ == "base" else -1)
    assert parts.compared
    values += 0.5 * np.random.default_rng(0).standard_normal(n)
    return make_study(n, classes=classes, families=12, columns={"t0": values})


def finding_of(study, benchmark, between, **settings):
    findings = judge(where_it_holds(study.scores), **settings)
    wanted = {"benchmark": benchmark, "between": between}
    return next(finding for finding in findings if wanted.items() <= finding.subject.items())


def test_classes_that_differ_are_an_issue(make_study):
    finding = finding_of(opposed(make_study), "t0", "base and chat")
    assert finding.status is Status.ISSUE
    assert finding.estimate("difference").low > 1
    assert finding.estimate("capabilities_correlation_base").value > 0.8
    assert finding.estimate("capabilities_correlation_chat").value < -0.8
    assert "what holds in one does not hold in the other" in finding.sentence


@pytest.mark.parametrize(("margin", "status"), [(2.0, Status.PASSED), (0.01, Status.CAUTION)])
def test_classes_pass_as_alike_only_within_the_margin(make_study, margin, status):
    finding = finding_of(make_study(60, classes=("base", "chat"), families=10), "t0", "base and chat", margin=margin)
    assert finding.status is status


def test_headlines_count_the_differences(make_study):
    findings = judge(where_it_holds(opposed(make_study).scores))
    headline = next(f for f in findings if f.subject.get("between") == "base and chat" and "benchmark" not in f.subject)
    each = [f for f in findings if f.subject.get("between") == "base and chat" and "benchmark" in f.subject]
    assert headline.status is Status.ISSUE
    assert f"{sum(f.status is Status.ISSUE for f in each)} of {len(each)} benchmarks" in headline.sentence


def test_a_class_too_small_for_halves_is_a_visible_row(make_study):
    findings = judge(where_it_holds(make_study(30, classes=("base", "chat")).scores))
    rows = [f for f in findings if f.status is Status.NOT_APPLICABLE]
    assert [row.subject for row in rows] == [{"class": "base"}, {"class": "chat"}]
    assert "at least 16 models" in rows[0].sentence


def test_a_half_with_few_models_that_ran_a_benchmark_is_not_compared(make_study):
    study = make_study(24)
    score = capabilities_correlation(study.scores, resamples=100).classes[0].panel.component.scores
    values = np.random.default_rng(0).standard_normal(24)
    values[np.argsort(score)[2:12]] = np.nan  # two models of the lower half ran it: any two are in perfect order
    study = make_study(24, columns={"t0": values})
    findings = [f for f in judge(where_it_holds(study.scores)) if f.subject.get("benchmark") == "t0"]
    assert [f.status for f in findings] == [Status.NOT_APPLICABLE]


def test_a_benchmark_constant_in_one_half_is_a_visible_row(make_study):
    study = make_study(24)
    score = capabilities_correlation(study.scores, resamples=100).classes[0].panel.component.scores
    values = np.where(score > np.median(score), score, score.min())
    study = make_study(24, columns={"t0": values})
    findings = [f for f in judge(where_it_holds(study.scores)) if f.subject.get("benchmark") == "t0"]
    assert [f.status for f in findings] == [Status.NOT_APPLICABLE]


def test_one_family_gives_differences_without_interval_and_no_verdict(make_study):
    finding = finding_of(make_study(40, families=1), "t0", "lower and upper half")
    assert finding.estimate("difference").low is None
    assert finding.status is Status.CAUTION


def test_a_difference_never_reaches_beyond_two(make_study):
    for item in where_it_holds(make_study(32, families=3).scores).compared:
        assert -2 <= item.difference[1] <= item.difference[2] <= 2


def test_a_level_out_of_range_is_refused(make_study):
    with pytest.raises(InputError, match="level"):
        where_it_holds(make_study(20).scores, level=2)


def test_the_figure_has_a_row_a_comparison(example):
    result = where_it_holds(example.scores)
    (picture,) = figure(result)
    assert len(picture.columns["difference"]) == len(result.compared)
    assert set(picture.columns["compared"]) == {
        "base minus chat",
        "lower half minus upper half, base",
        "lower half minus upper half, chat",
    }


def compared_at(result, differences, stderr=0.1, df=20.0):
    """The first comparison of a study again and again, with these differences."""
    first = result.compared[0]
    return dataclasses.replace(
        result,
        correlations={},
        compared=tuple(
            dataclasses.replace(
                first,
                benchmark=first.benchmark,
                difference=Limits(value, value - 0.2, value + 0.2),
                stderr=stderr,
                df=df,
            )
            for value in differences
        ),
    )


def test_only_a_difference_worth_calling_is_an_issue(make_study):
    result = where_it_holds(make_study(40, classes=("base", "chat"), families=10).scores)
    cases = ((0.3, 0.04, Status.ISSUE), (0.15, 0.01, Status.PASSED), (0.3, 0.2, Status.CAUTION))
    for value, stderr, status in cases:
        _, finding, *_ = judge(compared_at(result, [value], stderr))
        assert finding.status is status, (value, stderr)


def test_a_difference_among_many_has_to_hold_among_them(make_study):
    result = where_it_holds(make_study(40, classes=("base", "chat"), families=10).scores)
    headline, first, *_ = judge(compared_at(result, [0.42, *[0.2] * 59]))
    assert first.status is headline.status is Status.CAUTION
    assert (
        "judged on its own, what holds in one does not hold in the other, but among the 60 benchmarks" in first.sentence
    )
    _, first, *_ = judge(compared_at(result, [0.7, *[0.2] * 59]))
    assert first.status is Status.ISSUE


def test_different_verdicts_of_v1_are_an_issue_however_small_the_difference(make_study):
    result = compared_at(where_it_holds(make_study(40, classes=("base", "chat"), families=10).scores), [0.15], 0.2)
    name = result.compared[0].benchmark

    def correlation(rho):
        return (name,), OnZScale(np.array([rho]), np.array([0.01]), np.array([20.0]), np.array([20]))

    apart = dataclasses.replace(result, correlations={"base": correlation(0.6), "chat": correlation(0.4)})
    _, finding, *_ = judge(apart)
    assert finding.status is Status.ISSUE
    assert "since it rises with capability in one and it is separate from capability in the other" in finding.sentence
    alike = compared_at(result, [0.15], 0.3)
    alike = dataclasses.replace(alike, correlations={"base": correlation(0.6), "chat": correlation(0.7)})
    assert judge(alike)[1].status is Status.CAUTION
