"""V9: ceilings and floors, judged from the range and never from the spread."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy import stats

from measurand.errors import InputError, NotApplicable
from measurand.measures.validity.headroom import figure, headroom, judge
from measurand.results import Status
from measurand.stats.intervals.correlation import median_limits


def facts(**more):
    row = {"benchmark": "t0", "chance": 0.25, "maximum": 1.0, "higher_is": "better"} | more
    return pl.DataFrame({name: [value] for name, value in row.items()})


def study_of(make_study, values, families=None, stderr=None, **more):
    n = len(values)
    return make_study(n, families=families or n, columns={"t0": values}, benchmarks=facts(**more), stderr=stderr)


def finding_of(study, level=0.95, **settings):
    findings = judge(headroom(study.scores, level=level), **settings)
    return next(finding for finding in findings if finding.subject.get("benchmark") == "t0")


def spread_over(low, high, n=20):
    return np.random.default_rng(0).permutation(np.linspace(low, high, n))


@pytest.mark.parametrize(
    ("low", "high", "status", "words"),
    [
        (0.97, 1.0, Status.ISSUE, "saturated"),
        (0.25, 0.27, Status.ISSUE, "at its floor"),
        (0.15, 0.20, Status.ISSUE, "below chance"),
        (0.4, 0.9, Status.PASSED, "room"),
        (0.9, 1.0, Status.CAUTION, "too few models"),
    ],
)
def test_verdicts_look_at_the_median_models_interval_between_chance_and_maximum(make_study, low, high, status, words):
    finding = finding_of(study_of(make_study, spread_over(low, high)))
    assert (finding.status, words in finding.sentence) == (status, True), finding.sentence


def test_a_small_spread_alone_is_not_saturation(make_study):
    finding = finding_of(study_of(make_study, spread_over(0.600, 0.601)))
    assert finding.status is Status.PASSED
    assert "saturated" not in finding.sentence


def test_all_models_at_the_maximum_are_saturated(make_study):
    finding = finding_of(study_of(make_study, np.ones(20)))
    assert finding.status is Status.ISSUE
    assert finding.estimate("headroom").value == 0


def test_positions_are_on_the_way_from_chance_to_maximum(make_study):
    values = spread_over(0.3, 0.9)
    study = study_of(make_study, values, families=7, stderr=0.03)
    finding = finding_of(study, level=0.9)
    position = (values - 0.25) / 0.75
    median, best = finding.estimate("median_position"), finding.estimate("best_position")
    assert median.value == pytest.approx(np.median(position))
    limits = median_limits(position, np.arange(20) % 7, 0.9)
    if np.isnan(limits[0]):
        assert (median.low, median.high) == (None, None)
    else:
        assert (median.low, median.high) == pytest.approx(limits)
    assert best.value == pytest.approx(0.65 / 0.75)
    # The best of several: each limit is one-sided at 10%, the lower one over all models.
    below, above = (stats.norm.isf(share) * 0.03 / 0.75 for share in (0.1 / 20, 0.1))
    assert (best.low, best.high, best.level) == pytest.approx((best.value - below, best.value + above, 0.9))
    assert best.n == 20
    assert finding.estimate("headroom").value == pytest.approx(1 - best.value)


def test_without_standard_errors_the_best_model_has_no_interval(make_study):
    best = finding_of(study_of(make_study, spread_over(0.3, 0.9))).estimate("best_position")
    assert best.value is not None
    assert (best.low, best.high) == (None, None)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"maximum": None}, "its maximum is not known"),
        ({"chance": None}, "its chance is not known"),
        ({"chance": None, "maximum": None}, "its chance and maximum are not known"),
        ({"higher_is": "worse"}, "lower is better"),
    ],
)
def test_without_the_range_nothing_is_judged(make_study, more, words):
    study = study_of(make_study, spread_over(0.3, 0.9), **more)
    other = pl.DataFrame({"benchmark": ["c0"], "chance": [-10.0], "maximum": [10.0]})
    known = type(study.scores).build(
        study.scores.table, study.scores.models, pl.concat([facts(**more), other], how="diagonal_relaxed")
    )
    finding = next(f for f in judge(headroom(known)) if f.subject.get("benchmark") == "t0")
    assert finding.status is Status.NOT_APPLICABLE
    assert words in finding.sentence
    with pytest.raises(NotApplicable, match="chance"):
        headroom(study.scores)


def test_a_score_beyond_the_maximum_is_named_and_not_judged(make_study):
    values = spread_over(30, 90)
    values[3] = 101.0
    study = make_study(
        20,
        columns={"t0": values},
        benchmarks=pl.DataFrame({"benchmark": ["t0", "c0"], "chance": [25.0, -9], "maximum": [100.0, 9]}),
    )
    finding = finding_of(study)
    assert finding.status is Status.NOT_APPLICABLE
    assert "m3 scores 101, beyond its maximum" in finding.sentence


def test_rounding_at_the_maximum_is_not_beyond_it(make_study):
    assert finding_of(study_of(make_study, np.full(20, 1 + 1e-12))).status is Status.ISSUE


def test_a_maximum_below_zero_can_be_reached(make_study):
    finding = finding_of(study_of(make_study, spread_over(-4.0, -1.0), chance=-5.0, maximum=-1.0))
    assert finding.status is not Status.NOT_APPLICABLE


@pytest.mark.parametrize("n", [5, 7])
def test_too_few_models_of_a_class_are_a_visible_row(make_study, n):
    values = spread_over(0.3, 0.9)
    values[n:] = np.nan
    table = pl.DataFrame({"benchmark": ["t0", "c0"], "chance": [0.25, -9], "maximum": [1.0, 9]})
    finding = finding_of(make_study(20, columns={"t0": values}, benchmarks=table))
    assert finding.status is Status.NOT_APPLICABLE
    assert f"{n} models have a score on it" in finding.sentence


def test_one_family_gives_no_interval_and_no_verdict(make_study):
    finding = finding_of(study_of(make_study, spread_over(0.97, 1.0), families=1))
    assert finding.estimate("median_position").low is None
    assert finding.status is Status.CAUTION


def test_what_counts_as_saturated_can_be_set(make_study):
    study = study_of(make_study, spread_over(0.6, 0.7))
    assert finding_of(study).status is Status.PASSED
    assert finding_of(study, saturated=0.4).status is Status.ISSUE


def test_headlines_count_the_benchmarks_without_room(make_study):
    study = study_of(make_study, spread_over(0.97, 1.0))
    headline, only, *_ = judge(headroom(study.scores))
    assert headline.status is Status.ISSUE
    assert headline.headline
    assert not only.headline
    # A count of one is no count: the benchmark speaks for itself.
    assert headline.sentence == only.sentence
    table = pl.DataFrame({"benchmark": ["t0", "t1"], "chance": [0.25] * 2, "maximum": [1.0] * 2})
    values = {"t0": spread_over(0.97, 1.0), "t1": spread_over(0.3, 0.9)}
    headline = judge(headroom(make_study(20, families=20, columns=values, benchmarks=table).scores))[0]
    assert headline.sentence == (
        "1 of the 2 benchmarks with a known range leaves the median model no room at the ceiling or the floor, and 1 "
        "clearly leaves it room."
    )
    assert headline.short == "1 of 2 leaves no room"


def test_a_level_out_of_range_is_refused(make_study):
    with pytest.raises(InputError, match="level"):
        headroom(study_of(make_study, spread_over(0.3, 0.9)).scores, level=95)


def test_the_figure_shows_every_benchmark_with_a_known_range(example):
    result = headroom(example.scores)
    (picture,) = figure(result)
    assert len(picture.columns["benchmark"]) == len(result.benchmarks) > 20
    assert max(picture.columns["best position"]) <= 1
