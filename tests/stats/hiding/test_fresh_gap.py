"""Gaps between two sets of questions, against published figures and scipy."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from scipy import stats

from measurand.stats.hiding.fresh_gap import gap_limits, gap_z, mean_gap, rank_correlation

GSM8K, GSM1K = 1319.0, 1205.0
"""Items of the two sets (Zhang et al. 2024)."""


def one(*values):
    return [np.array([value], dtype=float) for value in values]


def test_newcombes_interval():
    """Newcombe 1998, table II, method 10, contrast 56/70 - 48/80: .0524 to .3339."""
    low, high = gap_limits(*one(56 / 70, 48 / 80, 70, 80), 0.95)
    assert (low[0], high[0]) == pytest.approx((0.0524, 0.3339), abs=5e-5)
    assert np.isnan(gap_limits(*one(0.5, 0.4, np.nan, 80), 0.95)).all()


def test_the_published_z_of_gsm1k_comes_out(shared):
    """Zhang et al. 2024, appendix F: z and one-sided p, from scores of three decimals."""
    path = shared / "data" / "contamination" / "gsm1k" / "gsm1k_appF_selected.csv"
    with path.open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 8
    for row in rows:
        z, p = gap_z(*one(row["gsm8k"], row["gsm1k"], GSM8K, GSM1K))
        assert z[0] == pytest.approx(float(row["z"]), abs=0.16)
        assert p[0] == pytest.approx(float(row["p"]), abs=0.05)


def test_mean_gaps_are_one_sample_t():
    gaps = np.random.default_rng(0).normal(0.1, 0.03, 12)
    expected = stats.ttest_1samp(gaps, 0).confidence_interval(0.9)
    assert mean_gap(gaps, 0.9) == pytest.approx((gaps.mean(), expected.low, expected.high))
    assert np.isnan(mean_gap(np.full(5, 0.1), 0.9)[1])


def test_rank_correlations_are_scipys():
    first, second = np.random.default_rng(0).random((2, 12))
    value, low, high = rank_correlation(first, second, 0.95)
    assert value == pytest.approx(stats.spearmanr(first, second).statistic)
    half = 1.959964 * np.sqrt((1 + value**2 / 2) / 9)
    assert (low, high) == pytest.approx((np.tanh(np.arctanh(value) - half), np.tanh(np.arctanh(value) + half)))
    assert np.isnan(rank_correlation(first[:3], second[:3], 0.95)[1])
    assert np.isnan(rank_correlation(first, np.ones(12), 0.95)[0])
