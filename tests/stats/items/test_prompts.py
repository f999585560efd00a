"""Prompt sensitivity in numbers: against definitions, published tables and the studentised range."""

from __future__ import annotations

import csv
import itertools
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from measurand.stats.items.prompts import (
    PromptMeans,
    aggregated_means,
    cps,
    cps_limits,
    drawn_errors,
    expected_range,
    pairwise_differences,
    posix,
    prompt_means,
    quantile_limits,
    range_quantile,
    spread_limits,
    widening,
)

# In the published table of all_words_from_category the rows of these two models are swapped.
SWAPPED = {"flan-t5-base": "flan-t5-small", "flan-t5-small": "flan-t5-base"}


def mizrahi(folder, task):
    with open(folder / f"{task}.csv") as file:
        names, *rows = csv.reader(file)
    table = np.array([[float(cell) for cell in row[1:]] for row in rows])
    return {name.removesuffix("_acc"): table[:, place] for place, name in enumerate(names[1:])}


def test_cps_and_spread_are_those_of_mizrahis_released_accuracies(shared):
    folder = shared / "data/robustness/mizrahi_multiprompt"
    with open(folder / "expected.csv") as file:
        expected = list(csv.DictReader(file))
    for row in expected:
        means = mizrahi(folder, row["task"])[row["model"]]
        assert cps(means) == pytest.approx(float(row["CPS"]), abs=1e-9)
        assert np.ptp(means) == pytest.approx(float(row["spread"]), abs=1e-9)
        swap = row["task"] == "all_words_from_category"
        printed = SWAPPED.get(row["model"], row["model"]) if swap else row["model"]
        published = next(r for r in expected if (r["task"], r["model"]) == (row["task"], printed))
        assert cps(means) == pytest.approx(float(published["CPS_pub"]), abs=1e-9)


def test_of_a_published_spread_of_58_points_24_are_noise(shared):
    # 245 paraphrases, 100 items each (accuracies have two decimals).
    means = mizrahi(shared / "data/robustness/mizrahi_multiprompt", "rhyming_word")["flan-t5-base"]
    found = spread_limits(aggregated_means(means, 100), 0.95)
    assert found.value == pytest.approx(0.58)
    assert found.noise == pytest.approx(0.24, abs=0.005)
    assert 0.02 < found.low < found.corrected < found.high


def test_posix_and_pss_of_the_hand_case(shared):
    case = json.loads((shared / "data/robustness/posix_prosa/hand_case.json").read_text())
    found = posix(np.array(case["logP[i][j]=logP(y_j|x_i)"]), np.array(case["len_y"], dtype=float))
    assert found == pytest.approx(0.483333, abs=1e-6)
    scores = np.array(case["correct[instance][prompt]"], dtype=float)
    np.testing.assert_allclose(pairwise_differences(scores), case["PSS_per_instance"])
    assert pairwise_differences(scores).mean() == pytest.approx(0.388889, abs=1e-6)


@given(st.lists(st.lists(st.floats(0, 1), min_size=4, max_size=4), min_size=1, max_size=5))
def test_pairwise_differences_are_those_of_all_pairs(rows):
    slow = [np.mean([abs(a - b) for a, b in itertools.combinations(row, 2)]) for row in rows]
    np.testing.assert_allclose(pairwise_differences(np.array(rows)), slow, atol=1e-12)


def test_posix_is_the_double_sum():
    rng = np.random.default_rng(0)
    likelihood, lengths = -rng.random((4, 4)) * 9, np.array([3.0, 7.0, 1.0, 2.0])
    slow = sum(abs(likelihood[i, j] - likelihood[j, j]) / lengths[j] for i in range(4) for j in range(4) if i != j) / (
        4 * 3
    )
    assert posix(likelihood, lengths) == pytest.approx(slow)


@pytest.mark.parametrize("prompts", [2, 3, 10])
@pytest.mark.parametrize("probability", [0.9, 0.975])
def test_range_quantiles_are_those_of_the_studentised_range(prompts, probability):
    assert range_quantile(prompts, probability) == pytest.approx(
        stats.studentized_range.ppf(probability, prompts, 1e7), abs=2e-5
    )


def test_expected_ranges_are_tippetts():
    # Tippett 1925 (Biometrika 17): 1.12838, 3.07751 and 5.01519 for samples of 2, 10 and 100.
    assert [round(expected_range(n), 4) for n in (2, 10, 100)] == [1.1284, 3.0775, 5.0152]


@pytest.mark.parametrize("clustered", [False, True])
def test_noise_is_half_of_the_mean_variance_of_the_differences(cr2_definition, clustered):
    rng = np.random.default_rng(1)
    scores = rng.random((40, 5))
    clusters = rng.integers(0, 7, 40) if clustered else np.arange(40)
    pairs = itertools.combinations(range(5), 2)
    variances, dfs = zip(*(cr2_definition(scores[:, j] - scores[:, k], clusters) for j, k in pairs), strict=True)
    found = prompt_means(scores, clusters if clustered else None)
    assert found.noise == pytest.approx(math.sqrt(np.mean(variances) / 2))
    assert found.df == pytest.approx(dfs[0])
    assert (found.groups, found.n) == (len(set(clusters)), 40)
    np.testing.assert_allclose(found.means, scores.mean(axis=0))


def test_what_items_have_in_common_is_no_noise():
    rng = np.random.default_rng(2)
    scores = rng.random((30, 4))
    harder = scores + rng.random(30)[:, None] * 5
    assert prompt_means(harder).noise == pytest.approx(prompt_means(scores).noise)


def test_the_expected_spread_under_the_null_is_the_one_simulated():
    rng = np.random.default_rng(3)
    chance = rng.beta(2, 2, 300)
    drawn = (rng.random((400, 300, 8)) < chance[:, None]).astype(float)
    spreads = np.ptp(drawn.mean(axis=1), axis=1)
    expected = np.mean([spread_limits(prompt_means(table), 0.95).noise for table in drawn[:50]])
    assert expected == pytest.approx(spreads.mean(), rel=0.03)


def test_two_prompts_have_the_paired_t_test():
    rng = np.random.default_rng(4)
    scores = rng.random((25, 2)) + np.array([0.0, 0.3])
    found = spread_limits(prompt_means(scores), 0.95)
    interval = stats.ttest_rel(scores[:, 1], scores[:, 0]).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))


def test_more_noise_widens_and_one_cluster_gives_no_limits():
    quiet, loud = (spread_limits(PromptMeans(np.array([0.4, 0.6]), noise, 49, 50, 50), 0.95) for noise in (0.01, 0.03))
    assert loud.low < quiet.low < quiet.high < loud.high
    assert loud.corrected < quiet.corrected < 0.2
    assert math.isnan(spread_limits(prompt_means(np.ones((3, 2)), np.zeros(3, int)), 0.95).low)


def test_prompts_without_any_difference_have_no_spread():
    found = spread_limits(PromptMeans(np.full(4, 0.5), 0.02, 99, 100, 100), 0.95)
    assert (found.value, found.low, found.corrected) == (0, 0, 0)
    assert found.high > 0.05


def test_drawn_errors_have_the_standard_error_of_the_means():
    rng = np.random.default_rng(5)
    scores = rng.random((200, 3))
    errors = drawn_errors(scores, None, 4000, rng)
    np.testing.assert_allclose(errors.std(axis=0), scores.std(axis=0, ddof=1) / math.sqrt(200), rtol=0.06)
    np.testing.assert_allclose(errors.mean(axis=0), 0, atol=2e-3)
    joint = drawn_errors(np.stack([scores, scores], axis=2), None, 5, rng)
    assert joint.shape == (5, 3, 2)
    np.testing.assert_allclose(joint[..., 0], joint[..., 1], atol=1e-12)


def test_drawn_errors_have_the_covariance_of_the_clusters(cr2_definition):
    rng = np.random.default_rng(8)
    scores, clusters = rng.random((60, 3)), np.arange(60) % 4
    sums = np.array([(scores - scores.mean(axis=0))[clusters == code].sum(axis=0) for code in range(4)])
    errors = drawn_errors(scores, clusters, 40_000, rng)
    own = [cr2_definition(column, clusters, exchangeable=True)[0] for column in scores.T]
    np.testing.assert_allclose(errors.var(axis=0), own, rtol=0.05)
    np.testing.assert_allclose(np.corrcoef(errors.T), np.corrcoef(sums, rowvar=False), atol=0.05)


def test_few_clusters_widen_the_limits_and_not_the_errors():
    assert widening(3, 0.95) == pytest.approx(stats.t.ppf(0.975, 3) / stats.norm.ppf(0.975))
    assert widening(3, 0.5) < widening(3, 0.95)


def test_quantiles_and_cps_lie_within_their_limits_and_need_errors():
    rng = np.random.default_rng(6)
    scores = (rng.random((80, 6)) < 0.7).astype(float)
    errors = drawn_errors(scores, None, 500, rng)
    means = scores.mean(axis=0)
    for found in (quantile_limits(means, errors, 0.95, 0.95), cps_limits(means, errors, 0.95)):
        assert found.low < found.value < found.high
    assert math.isnan(quantile_limits(np.ones(3), np.zeros((10, 3)), 0.5, 0.95).low)
    half = quantile_limits(means, errors, 0.5, 0.95)
    assert half.high - half.value == pytest.approx(np.quantile(np.abs(errors).max(axis=1), 0.95))
