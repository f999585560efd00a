"""Score intervals: parity with the harnesses, the boundary cases that others get wrong, and their coverage."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

import measurand
from measurand.errors import InputError, NotApplicable
from measurand.measures.precision.score_interval import figure, intervals_of, judge, score_intervals
from measurand.results import Status
from measurand.simulate.calibration import measure_rates
from measurand.stats.intervals.binomial import clopper_pearson, wilson
from measurand.tables import ItemTable, Responses, Scores


def one(make_responses, scores, clusters=None, **more):
    (found,) = score_intervals(make_responses(scores, clusters, **more)).scores
    return found


def test_independent_answers_have_wilsons_interval_and_few_the_exact_one(make_responses):
    many = one(make_responses, [[1.0] * 40 + [0.0] * 10])
    np.testing.assert_allclose((many.interval.low, many.interval.high), wilson(40, 50, 0.95))
    few = one(make_responses, [[1.0] * 8 + [0.0] * 2])
    np.testing.assert_allclose((few.interval.low, few.interval.high), clopper_pearson(8, 10, 0.95))
    assert (many.interval.method, few.interval.method) == ("wilson", "exact")
    assert many.naive == many.interval
    assert math.isnan(many.design_effect)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_thirty_of_thirty_never_has_an_interval_without_width(make_responses, value):
    for clusters, epochs, trials in ((None, 1, 30), (None, 5, 30), (np.arange(30) // 3, 1, 10)):
        found = one(make_responses, np.full((1, 30, epochs), value), clusters)
        np.testing.assert_allclose(
            (found.interval.low, found.interval.high), clopper_pearson(value * trials, trials, 0.95)
        )
        assert found.interval.method == "exact"


def test_twenty_of_twenty_leaves_everything_above_832_open(make_responses):
    assert one(make_responses, np.ones((1, 20))).interval.low == pytest.approx(0.832, abs=5e-4)


@pytest.mark.parametrize("nameless", [0, 1, 2, 12])
def test_items_without_a_cluster_beside_those_that_have_one_are_said(nameless):
    rows = {
        "model": "m",
        "item": [f"q{place}" for place in range(40)],
        "score": [float(place // 4 % 2) for place in range(40)],
        "passage": [None if place < nameless else f"p{place // 4}" for place in range(40)],
    }
    result = score_intervals(Responses.build(pl.DataFrame(rows), cluster="passage"))
    assert result.nameless == nameless
    sentence = judge(result)[0].sentence
    said = f"{nameless} items have no passage and count as one each; if some of them share one, the intervals are "
    assert (f"{said}too narrow." in sentence) is (nameless > 1)
    assert ("no passage" in sentence) is (nameless > 1)


def test_one_cluster_never_has_an_interval(make_responses):
    result = score_intervals(make_responses([[1.0, 0.0, 1.0]], [7, 7, 7]))
    assert result.scores[0].interval.method == "none"
    headline, finding = judge(result)[:2]
    # Not an issue: one cluster, or one item, is no fault of the study, and its headline must not read as one.
    assert finding.status is Status.CAUTION
    assert headline.status is Status.CAUTION
    assert (
        finding.sentence
        == "The score of 66.7% rests on 3 items in 1 cluster and has no interval since all lie in one cluster."
    )
    assert finding.estimate("score").low is None


def test_epochs_are_averaged_first_and_are_no_items(make_responses):
    rng = np.random.default_rng(2)
    scores = (rng.random((1, 40, 1)) < 0.6).astype(float).repeat(25, axis=2)
    repeated, once = one(make_responses, scores), one(make_responses, scores[:, :, :1])
    assert (repeated.n, repeated.epochs) == (40, 25)
    assert repeated.stderr == pytest.approx(once.stderr)
    assert repeated.interval.high - repeated.interval.low > 0.95 * (once.interval.high - once.interval.low)


def test_clusters_give_the_clustered_interval_with_the_naive_one_beside_it(make_responses):
    clusters = np.arange(60) // 6
    scores = np.repeat(np.random.default_rng(1).random(10) < 0.6, 6)[None].astype(float)
    found = one(make_responses, scores, clusters)
    alone = one(make_responses, scores)
    assert found.naive == alone.interval
    assert found.design_effect == pytest.approx((found.stderr / alone.stderr) ** 2)
    assert found.design_effect == pytest.approx(
        6 * 59 / 54, rel=1e-9
    )  # items of a cluster all alike: the cluster's size
    # Wilson's equation with the quantile of t: |p - limit| = t * sqrt(limit (1 - limit) / n*).
    effective = found.value * (1 - found.value) / found.stderr**2
    for limit in (found.interval.low, found.interval.high):
        assert abs(found.value - limit) == pytest.approx(
            stats.t.ppf(0.975, 9) * math.sqrt(limit * (1 - limit) / effective)
        )


def test_another_scale_has_a_t_interval_and_no_verdict(make_responses):
    result = score_intervals(make_responses([[3.0, 7.0, 8.0, 5.0]]))
    mean, stderr = 5.75, np.std([3, 7, 8, 5], ddof=1) / 2
    half = stats.t.ppf(0.975, 3) * stderr
    assert result.scores[0].interval.low == pytest.approx(mean - half)
    headline, finding = judge(result)
    assert headline.status is finding.status is Status.NOT_APPLICABLE
    assert "its scale is not known" in finding.sentence


def test_scores_that_are_all_alike_on_another_scale_have_no_interval(make_responses):
    finding = judge(score_intervals(make_responses([[7.0, 7.0, 7.0]])))[1]
    assert finding.status is Status.CAUTION
    assert "they do not vary" in finding.sentence


def test_scores_beyond_the_stated_maximum_are_not_assessed(make_responses):
    facts = pl.DataFrame({"benchmark": ["b"], "maximum": [1.0]})
    table = pl.DataFrame({"model": ["m0"], "benchmark": ["b"], "score": [50.0]})
    result = score_intervals(make_responses([[100.0, 0.0]]), Scores.build(table, None, facts))
    headline, refused = judge(result)
    assert headline.status is refused.status is Status.NOT_APPLICABLE
    assert "an item scores 100, and the benchmark's maximum is 1" in refused.sentence


def test_nothing_scored_and_a_level_out_of_range(make_responses):
    with pytest.raises(NotApplicable, match="no item has a score"):
        score_intervals(make_responses([[np.nan]]))
    with pytest.raises(InputError, match="level should be in"):
        score_intervals(make_responses([[1.0]]), level=95)


def test_the_verdict_says_what_would_narrow_the_interval(make_responses):
    headline, wide = judge(score_intervals(make_responses([[1.0, 0.0] * 20])))
    assert headline.sentence.startswith(
        "The one score is not known to within 5 points either way. Items are treated as indep"
    )
    assert wide.status is Status.CAUTION
    assert "About 381 items like these would narrow that to 5 points either way." in wide.sentence
    assert judge(score_intervals(make_responses([[1.0, 0.0] * 200])))[1].status is Status.PASSED


def test_the_picture_has_a_row_a_model_and_both_treatments_where_there_are_clusters(make_responses):
    (plain,) = figure(score_intervals(make_responses([[1.0, 0.0, 1.0, 1.0]] * 2)))
    assert (plain.color, plain.columns["model"]) == (None, ("m0", "m1"))
    (both,) = figure(score_intervals(make_responses([[1.0, 0.0, 1.0, 1.0]], [0, 0, 1, 1])))
    assert both.columns["items treated as"] == ("clustered", "independent")


@given(
    scores=st.lists(st.sampled_from([0.0, 0.25, 1.0]), min_size=1, max_size=40),
    groups=st.integers(0, 6),
    seed=st.integers(0, 9),
)
def test_intervals_hold_their_value_and_stay_in_range(scores, groups, seed):
    values = np.array([scores])
    clusters = np.random.default_rng(seed).integers(0, groups, len(scores)) if groups else None
    table = ItemTable.of("b", ["m"], values, None if clusters is None else np.unique(clusters, return_inverse=True)[1])
    (found,) = intervals_of(table, 0.95)
    if found.interval.method != "none":
        assert 0 <= found.interval.low <= found.value <= found.interval.high <= 1
        assert found.interval.low < found.interval.high


@pytest.mark.parametrize(("harness", "least"), [("inspect", 3), ("lm_eval", 1)])
def test_standard_errors_are_those_of_the_harness(shared, harness, least):
    """Inspect's stderr() and lm-eval's acc_stderr of their own logs, wherever a log has one of the items' mean."""
    study = measurand.read(shared / "data/harness_logs" / harness)
    told = {
        (model, benchmark): (score, stderr)
        for model, benchmark, score, stderr in study.scores.table.select(
            "model", "benchmark", "score", "stderr"
        ).iter_rows()
    }
    compared = 0
    for found in score_intervals(study.responses).scores:
        score, stderr = told.get((found.model, found.benchmark), (None, None))
        if stderr and abs(score - found.value) < 1e-9:
            assert found.stderr == pytest.approx(stderr, abs=1e-9)
            compared += 1
    assert compared >= least


def test_inspects_clustered_standard_error(shared):
    """stderr(cluster="firm") of Inspect on the Grunfeld data: 58.260536 (case data README)."""
    frame = pl.read_csv(shared / "data/precision/grunfeld/grunfeld.csv")
    rows = frame.select(
        pl.lit("m").alias("model"),
        pl.lit("invest").alias("benchmark"),
        pl.int_range(pl.len()).cast(pl.String).alias("item"),
        pl.lit("mean").alias("reading"),
        pl.col("invest").alias("score"),
        pl.struct("firm").struct.json_encode().alias("metadata"),
    )
    empty = pl.DataFrame(schema=measurand.tables.RESPONSE_COLUMNS)
    found = score_intervals(Responses(pl.concat([empty, rows], how="diagonal").lazy(), "firm")).scores[0]
    assert (found.value, found.stderr) == (pytest.approx(133.3119, abs=1e-4), pytest.approx(58.260536, abs=1e-6))
    assert found.clusters == 11


@pytest.mark.slow
def test_coverage_at_reduced_size():
    for rate in measure_rates(runs=300, seed=3, codes=["P1"]):
        if rate.what == "interval, clusters ignored":
            assert rate.rate < 0.96, rate
        else:
            assert rate.rate >= 0.91, rate  # .95 less three Monte Carlo standard errors


def test_few_continuous_scores_near_the_top_get_limits_that_cover(make_responses):
    """Of 20 scores from beta(1.9, .1), with mean .95, a t interval covers in about .80."""
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(60):
        found = score_intervals(make_responses(rng.beta(1.9, 0.1, (1, 20)))).scores[0].interval
        hits += found.low <= 0.95 <= found.high
    assert hits >= 57
    assert found.method in ("betting", "wilson t")


def test_scores_that_never_vary_and_a_single_one_have_limits_too(make_responses):
    """A constant baseline, and a benchmark of one item: no certainty, and no fault of the study."""
    constant = score_intervals(make_responses(np.full((1, 100), 0.5)))
    assert constant.scores[0].interval.method == "betting"
    assert 0.3 < constant.scores[0].interval.low < 0.5 < constant.scores[0].interval.high < 0.7
    single = score_intervals(make_responses(np.array([[0.5]])))
    assert single.scores[0].interval.high - single.scores[0].interval.low > 0.9
    for result in (constant, single):
        assert Status.ISSUE not in {finding.status for finding in judge(result)}
