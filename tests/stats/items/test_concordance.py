"""Kendall's W: against its definition, published data, and its interval over prompts."""

from __future__ import annotations

import csv
import json
import math

import numpy as np
import pytest
from scipy import stats

from measurand.stats.items.concordance import concordance_limits, kendall_w, noise_alone, p_by_noise


def slow_w(scores):
    prompts, models = scores.shape
    ranks = np.array([stats.rankdata(row) for row in scores])
    spread = ((ranks.sum(axis=0) - prompts * (models + 1) / 2) ** 2).sum()
    ties = sum(float(count**3 - count) for row in scores for count in np.unique(row, return_counts=True)[1])
    return 12 * spread / (prompts**2 * (models**3 - models) - prompts * ties)


@pytest.mark.parametrize("decimals", [1, 8])
def test_w_is_that_of_the_slow_definition(decimals):
    scores = np.random.default_rng(0).random((3, 6, 7)).round(decimals)
    np.testing.assert_allclose(kendall_w(scores), [slow_w(table) for table in scores])


def test_w_without_ties_is_friedmans_statistic():
    scores = np.random.default_rng(1).random((5, 8))
    friedman = stats.friedmanchisquare(*scores.T).statistic
    assert kendall_w(scores) == pytest.approx(friedman / (5 * 7))


def test_w_of_mizrahis_tables(shared):
    # Mizrahi et al. 2024: .4859, .6051, .6051 (their released accuracies, ties corrected).
    folder = shared / "data/robustness/mizrahi_multiprompt"
    for task, expected in json.loads((folder / "expected_W.json").read_text())["kendall_W_tie_corrected"].items():
        with open(folder / f"{task}.csv") as file:
            rows = list(csv.reader(file))[1:]
        table = np.array([[float(cell) for cell in row[1:]] for row in rows])
        assert kendall_w(table) == pytest.approx(expected, abs=1e-12)
        found = concordance_limits(table, 0.95)
        assert found.low < expected < found.high


def test_the_order_of_prompts_and_models_does_not_matter():
    rng = np.random.default_rng(2)
    scores = rng.random((6, 5))
    found = concordance_limits(scores, 0.9)
    moved = concordance_limits(scores[rng.permutation(6)][:, rng.permutation(5)], 0.9)
    assert (found.value, found.low, found.high) == pytest.approx((moved.value, moved.low, moved.high))


def test_the_interval_is_the_jackknife_of_the_mean_rank_correlation():
    scores = np.random.default_rng(3).random((6, 8)) + np.linspace(0, 1.2, 8)

    def rho(table):
        found = np.corrcoef([stats.rankdata(row) for row in table])
        return found[np.triu_indices(len(table), 1)].mean()

    z = np.array([math.atanh(rho(np.delete(scores, i, 0))) for i in range(6)])
    half = stats.t.ppf(0.975, 5) * math.sqrt(5 / 6 * ((z - z.mean()) ** 2).sum())
    found = concordance_limits(scores, 0.95)
    assert found.value == pytest.approx((1 + 5 * rho(scores)) / 6)
    assert found.low == pytest.approx((1 + 5 * math.tanh(math.atanh(rho(scores)) - half)) / 6)
    assert found.high == pytest.approx((1 + 5 * math.tanh(math.atanh(rho(scores)) + half)) / 6)


def test_no_interval_where_there_is_nothing_to_judge_by():
    same = np.tile(np.arange(4.0), (6, 1))
    assert concordance_limits(same, 0.95).value == 1
    assert math.isnan(concordance_limits(same, 0.95).low)
    assert math.isnan(concordance_limits(np.random.default_rng(4).random((3, 5)), 0.95).low)
    assert math.isnan(concordance_limits(np.ones((5, 3)), 0.95).value)


def test_a_prompt_that_ties_all_models_agrees_with_none():
    rng = np.random.default_rng(5)
    scores = rng.random((6, 5)) + np.arange(5)
    tied = np.vstack([scores, np.ones(5)])
    assert concordance_limits(tied, 0.95).value < concordance_limits(scores, 0.95).value


def answered(models, prompts, items, rng, *, apart=0.0, effect=0.0):
    """Right and wrong answers, shape (items, prompts, models)."""
    chance = 0.6 + apart * rng.standard_normal(models) + effect * rng.standard_normal((prompts, models))
    return (rng.random((items, prompts, models)) < np.clip(chance, 0.05, 0.95)).astype(float)


@pytest.mark.parametrize("apart", [0.0, 0.02, 0.05])
def test_noise_alone_gives_the_w_of_fresh_answers(apart):
    """Of 40 studies without any effect of prompts, the median W of draws is that of studies drawn anew."""
    rng = np.random.default_rng(6)
    studies = [answered(10, 4, 300, rng, apart=apart) for _ in range(40)]
    drawn = np.concatenate([noise_alone(scores, None, 100, rng) for scores in studies])
    seen = [float(kendall_w(answered(10, 4, 300, rng, apart=apart).mean(axis=0))) for _ in range(400)]
    assert np.median(drawn) == pytest.approx(np.median(seen), abs=0.06)


def test_noise_seldom_makes_rankings_agree_too_little_and_an_effect_of_prompts_does():
    rng = np.random.default_rng(7)

    def share(**true):
        p_values = []
        for _ in range(150):
            scores = answered(8, 4, 400, rng, **true)
            p_values.append(p_by_noise(float(kendall_w(scores.mean(axis=0))), noise_alone(scores, None, 200, rng), 400))
        return np.mean(np.array(p_values) <= 0.05)

    assert share() <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 150)
    assert share(apart=0.05) <= 0.05
    assert share(apart=0.05, effect=0.05) >= 0.9


def test_too_few_clusters_tell_no_p_value():
    alone = np.array([0.1, 0.3])
    assert p_by_noise(0.2, alone, 20) == pytest.approx(2 / 3)
    assert math.isnan(p_by_noise(0.2, alone, 19))
    assert math.isnan(p_by_noise(0.2, np.empty(0), 50))
    assert math.isnan(p_by_noise(math.nan, alone, 50))


def test_models_that_every_prompt_ties_leave_no_draw():
    assert len(noise_alone(np.ones((50, 3, 4)), None, 20, np.random.default_rng(9))) == 0
