"""Success in k attempts against its definition and reference values."""

from __future__ import annotations

import json
from itertools import combinations
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from measurand.stats.attempts.pass_at_k import fit_power_law, pass_at_k


def test_reference_values(shared):
    expected = json.loads((shared / "data/elicitation/rare_events/expected.json").read_text())
    for case in expected["pass_at_k"]:
        assert pass_at_k(case["n"], case["c"], case["k"]) == pytest.approx(case["v"], abs=1e-12)


@given(st.integers(1, 9), st.data())
def test_it_is_the_share_of_choices_with_a_success(n, data):
    came, k = data.draw(st.integers(0, n)), data.draw(st.integers(1, n))
    flags = [True] * came + [False] * (n - came)
    choices = [any(choice) for choice in combinations(flags, k)]
    assert pass_at_k(n, came, k) == pytest.approx(np.mean(choices), abs=1e-12)


def test_large_counts_keep_their_digits_and_more_than_was_tried_is_undefined():
    exact = 1 - comb(100_000 - 3, 500) / comb(100_000, 500)
    assert pass_at_k(100_000, 3, 500) == pytest.approx(exact, rel=1e-8)
    assert np.isnan(pass_at_k(10, 3, 11))
    assert pass_at_k(10, 0, 10) == 0.0
    assert pass_at_k(10, 1, 10) == 1.0


def test_it_is_unbiased():
    rng = np.random.default_rng(0)
    rate = 0.07
    found = pass_at_k(20, rng.binomial(20, rate, 200_000), 10).mean()
    assert found == pytest.approx(1 - (1 - rate) ** 10, abs=0.002)


def test_the_power_law_is_least_squares_of_the_logs():
    rng = np.random.default_rng(1)
    k = np.array([1, 2, 5, 10, 30, 100])
    share = np.exp(-2.5 * k**-0.35 * np.exp(0.05 * rng.standard_normal(6)))
    slope, intercept = np.polyfit(np.log(k), np.log(-np.log(share)), 1)
    law = fit_power_law(k, share)
    assert (law.exponent[0], np.log(law.scale[0])) == pytest.approx((-slope, intercept))


def test_points_without_a_logarithm_are_left_out_and_two_are_too_few():
    k = np.array([1, 2, 5, 10, 30])
    share = np.exp(-2.5 * k**-0.35)
    padded = np.concatenate([[0.0], share, [1.0]])
    assert fit_power_law([0.5, *k, 1000], padded).scale == pytest.approx(fit_power_law(k, share).scale)
    assert np.isnan(fit_power_law([1, 2, 3], [0.0, 0.5, 0.6]).scale[0])
