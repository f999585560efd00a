"""Intervals of a rate against published tables and exact enumeration."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from measurand.stats.intervals.binomial import (
    at_least_p_value,
    at_most_p_value,
    clopper_pearson,
    exact_upper,
    proportion_limits,
    trials_for,
    wilson,
)

COUNTS = st.integers(1, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(counts=COUNTS, level=st.sampled_from([0.8, 0.95, 0.999]))
def test_limits_solve_the_equations_that_define_them(counts, level):
    k, n = counts
    z = stats.norm.ppf(0.5 + level / 2)
    for limit in map(float, wilson(k, n, level)):
        if 0 < limit < 1:
            assert abs(k / n - limit) == pytest.approx(z * math.sqrt(limit * (1 - limit) / n), abs=1e-9)
    low, high = map(float, clopper_pearson(k, n, level))
    tail = (1 - level) / 2
    assert low == 0 if k == 0 else stats.binom.sf(k - 1, n, low) == pytest.approx(tail, rel=1e-6)
    assert high == 1 if k == n else stats.binom.cdf(k, n, high) == pytest.approx(tail, rel=1e-6)


@given(counts=COUNTS)
def test_scipy_gives_the_same(counts):
    found = stats.binomtest(*counts)
    for method, ours in (("wilson", wilson), ("exact", clopper_pearson)):
        theirs = found.proportion_ci(0.95, method)
        np.testing.assert_allclose(ours(*counts, 0.95), (theirs.low, theirs.high), atol=1e-12)


@given(counts=COUNTS)
def test_an_interval_never_has_no_width(counts):
    low, high = proportion_limits(*counts, 0.95)
    assert 0 <= low < high <= 1


def test_which_interval_is_used_where():
    for k, n, exact in ((15, 29, True), (15, 30, False), (30, 30, True), (0, 1000, True), (1, 1000, False)):
        used = clopper_pearson if exact else wilson
        np.testing.assert_allclose(proportion_limits(k, n, 0.95), used(k, n, 0.95))


def test_published_figures():
    """20 of 20: lower limit .832; Wilson of 15 in 50: .1910 to .4375 (Agresti and Coull 1998's formula)."""
    assert float(clopper_pearson(20, 20, 0.95)[0]) == pytest.approx(0.832, abs=5e-4)
    np.testing.assert_allclose(wilson(15, 50, 0.95), (0.1910, 0.4375), atol=1e-4)


def test_the_rare_event_figures(shared):
    expected = json.loads((shared / "data/elicitation/rare_events/expected.json").read_text())
    for row in expected["zero_failure_n"]:
        assert trials_for(row["p0"], round(1 - row["conf"], 9)) == row["n_zero_failures"]
    for row in expected["clopper_pearson"]:
        assert float(exact_upper(row["k"], row["n"], 0.95)) == pytest.approx(row["upper95_one_sided"], rel=1e-9)


@given(rate=st.floats(1e-4, 0.5), alpha=st.sampled_from([0.05, 0.001]), count=st.integers(0, 5))
def test_trials_are_the_fewest_from_which_the_bound_follows(rate, alpha, count):
    n = trials_for(rate, alpha, count)
    assert at_most_p_value(count, n, rate) <= alpha * (1 + 1e-9)
    if n > count + 1:
        assert at_most_p_value(count, n - 1, rate) > alpha * (1 - 1e-9)


@given(counts=COUNTS, rate=st.floats(0.01, 0.99))
def test_p_values_are_sums_of_probabilities(counts, rate):
    k, n = counts
    terms = [math.comb(n, i) * rate**i * (1 - rate) ** (n - i) for i in range(n + 1)]
    assert at_least_p_value(k, n, rate) == pytest.approx(sum(terms[k:]), abs=1e-9)
    assert at_most_p_value(k, n, rate) == pytest.approx(sum(terms[: k + 1]), abs=1e-9)


@pytest.mark.parametrize("rate", [0.05, 0.5, 0.93])
@pytest.mark.parametrize("n", [10, 29, 30, 100])
def test_the_exact_interval_never_covers_too_seldom(n, rate):
    k = np.arange(n + 1)
    low, high = clopper_pearson(k, n, 0.95)
    assert stats.binom.pmf(k, n, rate)[(low <= rate) & (rate <= high)].sum() >= 0.95 - 1e-12
