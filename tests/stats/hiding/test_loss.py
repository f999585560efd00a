"""Difficulties and expected losses against what they say, spelled out."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from measurand.stats.hiding.loss import difficulties, expected_loss


def test_difficulties_are_shrunken_log_odds():
    rng = np.random.default_rng(1)
    others = (rng.random((6, 40)) < np.linspace(0.1, 0.9, 40)).astype(float)
    others[0, :5] = np.nan
    hard, noise = [], []
    for column in others.T:
        seen = column[np.isfinite(column)]
        p = (seen.sum() + 0.5) / (len(seen) + 1)
        hard.append(math.log((1 - p) / p))
        noise.append(1 / (len(seen) * p * (1 - p)))
    kept = max(0.0, 1 - np.mean(noise) / np.var(hard))
    assert difficulties(others) == pytest.approx(np.mean(hard) + kept * (np.array(hard) - np.mean(hard)))


def test_where_models_differ_by_noise_alone_all_items_are_alike():
    others = (np.random.default_rng(2).random((5, 400)) < 0.5).astype(float)
    assert np.ptp(difficulties(others)) < 0.4


def test_an_item_that_nobody_ran_has_no_difficulty():
    others = np.array([[1.0, np.nan, 0.0], [1.0, np.nan, 1.0]])
    assert np.isnan(difficulties(others)).tolist() == [False, True, False]


def test_the_expected_loss_is_that_of_the_likeliest_ability():
    rng = np.random.default_rng(3)
    hard = rng.normal(0, 1, 300)
    scores = (rng.random(300) < 1 / (1 + np.exp(hard - 0.4))).astype(float)
    reference = hard < 0.2

    def unlikely(theta):
        p = 1 / (1 + np.exp(hard - theta))
        return -(scores * np.log(p) + (1 - scores) * np.log(1 - p)).sum()

    theta = minimize_scalar(unlikely, bounds=(-5, 5), method="bounded", options={"xatol": 1e-10}).x
    lost = [1 - 1 / (1 + math.exp(b - theta)) for b in hard[reference]]
    assert expected_loss(scores, reference, hard) == pytest.approx(sum(lost) / len(lost), abs=1e-6)


@pytest.mark.parametrize("scores", [np.zeros(10), np.ones(10)])
def test_without_spread_nothing_is_expected(scores):
    assert math.isnan(expected_loss(scores, np.arange(10) < 5, np.zeros(10)))
    assert math.isnan(expected_loss(np.arange(10) % 2.0, np.zeros(10, dtype=bool), np.zeros(10)))
