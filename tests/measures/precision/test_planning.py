"""Plans from results: variances as they are, and honest about what repeats can do."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from measurand.errors import InputError, NotApplicable
from measurand.measures.precision.planning import cluster_effect, design_of, figure, judge, planning
from measurand.results import Status
from measurand.simulate.answers import item_clusters
from measurand.simulate.calibration import measure_rates
from measurand.stats.intervals.clustered import cluster_sums
from measurand.stats.intervals.paired import paired_differences
from measurand.tables import item_tables


def design(table):
    return design_of(table, cluster_effect(table), 0.05)


def test_the_design_is_that_of_the_median_pair(make_responses):
    scores = (np.random.default_rng(0).random((4, 200)) < [[0.4], [0.5], [0.6], [0.7]]).astype(float)
    (table,) = item_tables(make_responses(scores))
    pairs = paired_differences(scores)
    assert design(table).between == pytest.approx(np.median(pairs.stderr**2 * 200))
    clusters = np.arange(200) // 10
    (table,) = item_tables(make_responses(scores, clusters))
    effects = (paired_differences(scores, clusters).stderr / pairs.stderr) ** 2
    assert cluster_effect(table).seen == pytest.approx(np.median(effects))
    # The upper limit at 80%: 19 degrees of freedom over the 20% quantile of their chi-squared distribution.
    assert design(table).design_effect == pytest.approx(np.median(effects) * 19 / stats.chi2.ppf(0.2, 19))


def test_repeats_tell_the_two_variances_apart(make_responses):
    rng = np.random.default_rng(1)
    chance = np.clip(0.5 + 0.3 * rng.standard_normal((2, 3000, 1)), 0, 1)
    scores = (rng.random((2, 3000, 8)) < chance).astype(float)
    (table,) = item_tables(make_responses(scores))
    found = design(table)
    assert found.between == pytest.approx((chance[0] - chance[1]).var(), abs=0.01)
    assert found.within_first == pytest.approx((chance * (1 - chance)).mean(), abs=0.01)
    plan = planning(make_responses(scores)).plans[0]
    assert plan.needed[16] < plan.needed[4] < plan.needed[1]
    assert plan.epochs == 8


def test_one_model_stands_for_two_that_agree_by_chance(make_responses):
    scores = np.array([[1.0, 0.0] * 50])
    (table,) = item_tables(make_responses(scores))
    assert design(table).between == pytest.approx(2 * scores.var(ddof=1))


def test_clusters_of_one_model_count_too(make_responses):
    scores, clusters = np.repeat(np.random.default_rng(5).random((1, 12)).round(), 10, axis=1), np.repeat(range(12), 10)
    (table,) = item_tables(make_responses(scores, clusters))
    clustered, plain = (cluster_sums(scores, each).means().stderr for each in (clusters, None))
    assert cluster_effect(table).seen == pytest.approx(float(clustered[0] / plain[0]) ** 2)
    assert design(table).items(effect=0.1, power=0.8) > 10 * design(table).variance() / 0.1**2


def test_the_fewer_or_the_more_unequal_the_clusters_the_more_items_are_planned(make_responses):
    rng = np.random.default_rng(6)
    scores = (rng.random((3, 200)) < 0.6).astype(float)
    equal, unequal = np.arange(200) // 10, item_clusters(200, 20, rng)
    tables = [next(iter(item_tables(make_responses(scores, clusters)))) for clusters in (equal, unequal)]
    effects = [cluster_effect(table) for table in tables]
    assert effects[1].df < effects[0].df == pytest.approx(19)
    assert effects[1].upper / effects[1].seen > effects[0].upper / effects[0].seen > 1
    # Tested with the degrees of freedom of as many equal clusters.
    assert design(tables[1]).per_cluster == pytest.approx(200 / (effects[1].df + 1))


def test_one_cluster_is_not_taken_for_independent_items(make_responses):
    scores = (np.random.default_rng(7).random((2, 60)) < 0.6).astype(float)
    tables = [next(iter(item_tables(make_responses(scores, each)))) for each in (None, [0] * 60)]
    alone, together = (design(table).smallest_effect(items=60, power=0.8) for table in tables)
    assert together > 4 * alone


def test_a_stated_agreement_needs_no_results():
    (finding,) = judge(planning(effect=0.05, agreement=0.8))
    assert finding.sentence == (
        "To find a difference of 5 points with 80% power takes 660 items that both models answer."
    )
    assert finding.status is Status.PASSED


def test_sentences_say_what_the_items_find_and_what_it_takes(make_responses):
    scores = (np.random.default_rng(2).random((3, 300)) < 0.6).astype(float)
    headline, finding = judge(planning(make_responses(scores)))
    assert headline.sentence == (
        "The one benchmark does not have enough items to detect a difference of 3 points (80% power)."
    )
    assert finding.status is Status.CAUTION
    assert "300 items find differences of" in finding.sentence
    assert "3 points would take" in finding.sentence
    assert judge(planning(make_responses(scores), effect=0.3))[1].status is Status.PASSED
    clustered = judge(planning(make_responses(scores, np.arange(300) // 6)))[1]
    assert clustered.estimate("clusters_needed").value >= 1
    assert "in 50 clusters" in clustered.sentence


def test_models_that_never_disagree(make_responses):
    result = planning(make_responses(np.ones((2, 50))))
    assert result.plans[0].design.between == 0
    assert judge(result)[1].status is Status.PASSED
    assert figure(result)


def test_pictures(make_responses):
    scores = (np.random.default_rng(3).random((2, 100, 2)) < 0.5).astype(float)
    curve, surface = figure(planning(make_responses(scores)))
    assert "where you stand" in curve.columns["answers"]
    assert {"1 per item", "16 per item"} <= set(curve.columns["answers"])
    assert all(0 <= p <= 1 for p in surface.columns["power"])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"effect": 0.0}, "effect should be above 0"),
        ({"power": 1.0}, "power should be in"),
        ({"agreement": 1.0}, "agreement should be in"),
        ({"agreement": 0.99, "effect": 0.1}, "differ by at most 0.01, got an effect of 0.1"),
    ],
)
def test_settings_out_of_range(settings, message):
    with pytest.raises(InputError, match=message):
        planning(**({"agreement": 0.8} | settings))


def test_nothing_to_plan_from():
    with pytest.raises(NotApplicable, match="neither results"):
        planning()


@pytest.mark.slow
def test_power_of_planned_studies_at_reduced_size():
    for rate in measure_rates(runs=300, seed=1, codes=["P3"]):
        wanted = 0.8 if "80%" in rate.what else 0.9
        # A pilot of clusters plans with the upper limit of its design effect, and so a little more than is needed.
        spare = 0.08 if rate.study["clusters"] else 0.0
        noise = 0.02 + 3 * (wanted * (1 - wanted) / 300) ** 0.5
        assert wanted - 0.08 - noise <= rate.rate <= wanted + spare + noise, rate
