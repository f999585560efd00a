"""Tests against a margin: the score statistic by brute force, and error rates at the margin itself."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from measurand.stats.intervals.margin import alike, average, margin_tests, tango_z, units_to_clear
from measurand.stats.intervals.paired import paired_differences


def by_brute_force(b, c, n, margin):
    """The rate of items that only the second has, by maximising the likelihood where the difference is -margin."""

    def loss(rate):
        parts = ((b, rate - margin), (c, rate), (n - b - c, 1 - 2 * rate + margin))
        return (
            -sum(count * np.log(p) if count else 0.0 for count, p in parts) if min(p for _, p in parts) > 0 else np.inf
        )

    rate = minimize_scalar(loss, bounds=(margin, (1 + margin) / 2), method="bounded", options={"xatol": 1e-10}).x
    return (b - c + n * margin) / np.sqrt(n * (2 * rate - margin * (margin + 1)))


@pytest.mark.parametrize(("b", "c", "n"), [(3, 8, 100), (20, 20, 200), (1, 30, 300), (12, 2, 50)])
@pytest.mark.parametrize("margin", [0.02, 0.1])
def test_the_score_statistic_is_that_of_the_restricted_likelihood(b, c, n, margin):
    assert float(tango_z(b, c, n, margin)) == pytest.approx(by_brute_force(b, c, n, margin), rel=1e-4)


def test_without_a_differing_item_it_is_the_square_root_of_the_odds_of_the_margin():
    # n margin / sqrt(n margin (1 - margin)): what remains where nobody lost or won an item.
    assert float(tango_z(0, 0, 100, 0.1)) == pytest.approx(np.sqrt(100 * 0.1 / 0.9))


@pytest.mark.parametrize("clustered", [False, True])
def test_errors_at_the_margin_are_at_most_the_level(clustered):
    rng = np.random.default_rng(0)
    margin, runs, n = 0.05, 600, 240
    codes = np.repeat(np.arange(60), 4) if clustered else None
    found = []
    for _ in range(runs):
        shared = rng.normal(size=60)[codes] if clustered else rng.normal(size=n)
        p = 0.55 + 0.25 * np.tanh(shared)
        pair = (rng.random((2, n)) < np.stack([p - margin, p])).astype(float)
        tests = margin_tests(paired_differences(pair, codes), margin, counts=not clustered)
        found.append((tests.worse[0], tests.not_worse[0]))
    rates = (np.array(found) <= 0.05).mean(axis=0)
    assert (rates <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / runs)).all()
    assert (rates >= 0.02).all()


def test_scores_that_never_differ_rest_on_the_number_of_clusters():
    same = np.ones((2, 90))
    few, many = (margin_tests(paired_differences(same, np.arange(90) // size), 0.05, counts=False) for size in (9, 1))
    assert few.not_worse[0] == pytest.approx(0.95**10)
    assert many.not_worse[0] == pytest.approx(0.95**90)
    assert few.worse[0] == 1


def test_an_average_of_one_task_is_the_task():
    found = average([[0.1]], [[0.02]], [[9.0]], [[10]])
    assert [float(each[0]) for each in found] == pytest.approx([0.1, 0.02, 9])


def test_tasks_weighted_by_items_are_the_mean_over_all_items():
    rng = np.random.default_rng(3)
    tasks = [rng.normal(size=n) for n in (40, 400)]
    parts = np.array([[t.mean(), t.std(ddof=1) / np.sqrt(len(t)), len(t) - 1, len(t)] for t in tasks])
    found = average(*parts.T[:, :, None], weights=parts[:, 3:])
    assert found.value[0] == pytest.approx(np.concatenate(tasks).mean())
    sums = [(len(t) * t.std(ddof=1) ** 2) for t in tasks]  # the variance of a sum is that of its strata together
    assert found.stderr[0] == pytest.approx(np.sqrt(sum(sums)) / 440)


def test_a_task_on_which_nothing_differs_is_not_taken_for_certain():
    few, many = (average([[0.1], [0.0]], [[0.02], [0.0]], [[99.0], [n - 1.0]], [[100], [n]]) for n in (5, 500))
    assert few.stderr[0] > many.stderr[0] > 0.01


@pytest.mark.parametrize("gap", [0.0, 0.05, -0.05])
def test_two_models_at_the_margin_are_said_to_be_the_same_in_one_of_twenty_at_most(gap):
    rng = np.random.default_rng(7)
    found = []
    for _ in range(400):
        b, c = rng.multinomial(800, [0.1 + gap, 0.1, 0.8 - gap])[:2]
        first = np.r_[np.ones(b), np.zeros(c), np.ones(800 - b - c)]
        second = np.r_[np.zeros(b), np.ones(c), np.ones(800 - b - c)]
        pairs = paired_differences(np.array([first, second]))
        found.append([float(alike(pairs, 0.05, counts=counts)[0]) <= 0.05 for counts in (True, False)])
    rates = np.mean(found, axis=0)
    if gap:
        assert (rates <= 0.05 + 2 * 0.011).all()
    else:
        assert (rates > 0.8).all()


def test_the_items_said_to_be_needed_pass_equal_models_four_times_in_five():
    rng = np.random.default_rng(1)
    n = units_to_clear(np.sqrt(0.3 / 200), 200, 0.05, alpha=0.05)
    passed = 0
    for _ in range(300):
        b, c = rng.multinomial(n, [0.15, 0.15, 0.7])[:2]
        passed += float(tango_z(b, c, n, 0.05)) > 1.645
    assert passed / 300 == pytest.approx(0.8, abs=0.08)
