"""Agreement of repeated runs: against the definitions, published figures, and another program's numbers."""

from __future__ import annotations

import csv
import itertools
import math
from collections import Counter, defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from measurand.stats.intervals.binomial import wilson
from measurand.stats.items.reruns import agreement_limits, all_same, intraclass, run_deviation, sums_by_cluster

# Atil et al. 2024 (arXiv 2408.04667): GPT-4o, 5 runs, published TACr / number of questions; pairwise agreement is of
# the same released answers.
PUBLISHED = {
    "college_mathematics": (0.45, 0.673),
    "high_school_european_history": (153 / 165, 0.9655),
    "logical_deduction": (0.892, 0.9412),
    "navigate": (0.60, 0.7992),
    "professional_accounting": (180 / 282, 0.7894),
    "public_relations": (85 / 110, 0.8745),
    "ruin_names": (0.916, 0.9548),
}


def counted(runs):
    """Counts of equal answers, item by item."""
    pairs = [(count, item) for item, answers in enumerate(runs) for count in Counter(answers).values()]
    return np.array([count for count, _ in pairs]), np.array([item for _, item in pairs])


def slow_all_same(answers, runs):
    """The share of the subsets of that many runs in which all are equal."""
    subsets = list(itertools.combinations(answers, runs))
    return sum(len(set(subset)) == 1 for subset in subsets) / len(subsets) if subsets else math.nan


@given(st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=6), min_size=1, max_size=8), st.integers(1, 5))
def test_all_same_is_the_share_of_equal_subsets(answers, runs):
    found = all_same(*counted(answers), runs)
    np.testing.assert_allclose(found, [slow_all_same(own, runs) for own in answers], rtol=1e-12)


@given(st.lists(st.sampled_from("abc"), min_size=2, max_size=7), st.randoms())
def test_the_order_of_runs_and_of_answers_does_not_matter(answers, random):
    shuffled = random.sample(answers, len(answers))
    assert all_same(*counted([answers]), 2) == pytest.approx(all_same(*counted([shuffled]), 2))


def test_agreement_of_gpt_4o_is_as_published(shared):
    runs = defaultdict(lambda: defaultdict(list))
    with open(shared / "data/robustness/llm_stability/responses_hashed.csv") as file:
        for row in csv.DictReader(file):
            runs[row["task"]][row["q"]].append(row["resp_sha1"])
    assert set(runs) == set(PUBLISHED)
    for task, (total, pairwise) in PUBLISHED.items():
        counts = counted(list(runs[task].values()))
        assert all_same(*counts, 5).mean() == pytest.approx(total, abs=1e-12)
        assert all_same(*counts, 2).mean() == pytest.approx(pairwise, abs=5.1e-5)


def test_total_agreement_falls_with_the_number_of_runs_and_pairwise_does_not():
    rng = np.random.default_rng(1)
    answers = (rng.random((4000, 8)) < rng.beta(2, 2, 4000)[:, None]).astype(int)
    few, many = (counted(answers[:, :runs].tolist()) for runs in (3, 8))
    assert all_same(*many, 8).mean() < all_same(*few, 3).mean() - 0.1
    assert all_same(*many, 2).mean() == pytest.approx(all_same(*few, 2).mean(), abs=0.02)
    # TAR@3 estimated from 8 runs is TAR@3.
    assert all_same(*many, 3).mean() == pytest.approx(all_same(*few, 3).mean(), abs=0.02)


def test_yes_or_no_items_without_clusters_have_wilsons_interval():
    values = np.r_[np.ones(37), np.zeros(63)]
    found = agreement_limits(values, None, 0.9)
    assert (found.low, found.high) == pytest.approx(tuple(map(float, wilson(37, 100, 0.9))))


def test_unanimous_items_have_the_exact_interval_and_never_one_of_no_width():
    # Clopper and Pearson: 20 of 20 has the lower limit .832 at 95%.
    found = agreement_limits(np.ones(20), None, 0.95)
    assert (round(found.low, 3), found.high) == (0.832, 1.0)
    assert agreement_limits(np.zeros(20), None, 0.95).low == 0
    constant = agreement_limits(np.full(40, 0.6), None, 0.95)
    assert constant.low < 0.6 < constant.high


def test_clusters_are_counted_as_the_items_they_are_worth():
    """Items that repeat their cluster's value tell no more than one item a cluster."""
    values = np.random.default_rng(2).random(60)
    one = agreement_limits(values, None, 0.95)
    repeated = agreement_limits(np.repeat(values, 7), np.repeat(np.arange(60), 7), 0.95)
    assert (repeated.low, repeated.high) == pytest.approx((one.low, one.high), rel=5e-3)
    assert agreement_limits(np.repeat(values, 7), None, 0.95).low > repeated.low


def test_the_design_effect_is_that_of_the_slow_definition(cr2_definition):
    rng = np.random.default_rng(3)
    clusters = rng.integers(0, 12, 80)
    values = (rng.random(80) < 0.3 + 0.5 * (clusters % 2)).astype(float)
    mean, (variance, df) = values.mean(), cr2_definition(values, clusters, exchangeable=True)
    design = variance / (mean * (1 - mean) / 79)
    worth = 80 / design * (stats.norm.ppf(0.975) / stats.t.ppf(0.975, df)) ** 2
    assert worth < 30
    low = stats.beta.ppf(0.025, mean * worth, worth - mean * worth + 1)
    assert agreement_limits(values, clusters, 0.95).low == pytest.approx(low)


def test_one_cluster_or_no_item_gives_no_interval():
    found = agreement_limits(np.array([1.0, 0.0, 1.0]), np.zeros(3, int), 0.95)
    assert math.isnan(found.low)
    assert found.value == pytest.approx(2 / 3)
    assert math.isnan(agreement_limits(np.array([np.nan]), None, 0.95).value)


def test_sums_by_cluster_add_up_over_parts():
    rng = np.random.default_rng(4)
    values, clusters = rng.random((30, 3)), np.r_[np.arange(5), rng.integers(0, 5, 25)]
    whole = sums_by_cluster(values, clusters)
    assert whole.shape == (5, 3)
    np.testing.assert_allclose(whole[2], values[clusters == 2].sum(axis=0))
    np.testing.assert_array_equal(sums_by_cluster(values, None), values)


def test_intraclass_correlation_of_shrout_and_fleiss():
    # Shrout and Fleiss 1979, table 4: six targets, four judges, ICC(1) = .17 (psych::ICC in R gives .166).
    ratings = np.array(
        [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], dtype=float
    )
    found = intraclass(ratings.mean(axis=1), ratings.var(axis=1, ddof=1), np.full(6, 4), None, 0.95)
    assert round(found.value, 3) == 0.166
    assert found.low < found.value < found.high


def slow_icc(items):
    n, k = sum(map(len, items)), len(items)
    grand = sum(map(sum, items)) / n
    between = sum(len(own) * (np.mean(own) - grand) ** 2 for own in items) / (k - 1)
    within = sum(((np.array(own) - np.mean(own)) ** 2).sum() for own in items) / (n - k)
    size = (n - sum(len(own) ** 2 for own in items) / n) / (k - 1)
    return (between - within) / (between + (size - 1) * within)


def test_intraclass_correlation_and_its_jackknife_are_those_of_the_slow_definition():
    rng = np.random.default_rng(5)
    items = [list(rng.random(rng.integers(2, 6)) + rng.random() * 2) for _ in range(15)]
    parts = [(np.mean(own), np.var(own, ddof=1), len(own)) for own in items]
    mean, within, runs = (np.array(column) for column in zip(*parts, strict=True))
    found = intraclass(mean, within, runs, None, 0.95)
    assert found.value == pytest.approx(slow_icc(items))

    def z(rho, own):
        n = sum(map(len, own))
        size = (n - sum(len(x) ** 2 for x in own) / n) / (len(own) - 1)
        return 0.5 * math.log((1 + (size - 1) * rho) / (1 - rho))

    left = [items[:i] + items[i + 1 :] for i in range(15)]
    zs = np.array([z(slow_icc(own), own) for own in left])
    half = stats.t.ppf(0.975, 14) * math.sqrt(14 / 15 * ((zs - zs.mean()) ** 2).sum())
    assert z(found.high, items) == pytest.approx(z(found.value, items) + half)
    assert z(found.low, items) == pytest.approx(z(found.value, items) - half)


def test_intraclass_correlation_does_not_move_with_the_origin():
    rng = np.random.default_rng(6)
    mean, within, runs = rng.random(20), rng.random(20) * 0.1, np.full(20, 3)
    near, far = (intraclass(mean + shift, within, runs, None, 0.95) for shift in (0.0, 1e6))
    assert (near.value, near.low, near.high) == pytest.approx((far.value, far.low, far.high), rel=1e-6)


def test_runs_that_all_agree_have_an_intraclass_correlation_of_one_without_an_interval():
    found = intraclass(np.array([0.0, 1.0, 1.0]), np.zeros(3), np.full(3, 2), None, 0.95)
    assert found.value == 1
    assert math.isnan(found.low)
    assert math.isnan(intraclass(np.ones(3), np.zeros(3), np.full(3, 2), None, 0.95).value)


def test_few_items_that_vary_give_no_interval_of_the_intraclass_correlation():
    mean, runs = np.r_[np.zeros(20), np.ones(30)], np.full(50, 4)
    four, five = (intraclass(mean, np.where(np.arange(50) < count, 0.25, 0.0), runs, None, 0.95) for count in (4, 5))
    assert math.isnan(four.low)
    assert five.low < five.value < five.high


def test_the_deviation_from_run_to_run_is_the_one_seen():
    rng = np.random.default_rng(7)
    chance = rng.beta(1, 1, 200)
    runs = (rng.random((2000, 200)) < chance).mean(axis=1)
    few = (rng.random((5, 200)) < chance).astype(float)
    found = run_deviation(few.var(axis=0, ddof=1), None, 0.95)
    assert found.low < runs.std() < found.high
    assert found.value == pytest.approx(runs.std(), rel=0.1)
