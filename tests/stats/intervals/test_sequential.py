"""Bets against a rate: their definition, published trial counts, and validity whenever one stops."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from measurand.stats.intervals.binomial import exact_upper
from measurand.stats.intervals.sequential import anytime_upper, betting_e_value, trials_for_bet


@given(
    trials=st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, min(n, 6)), st.just(n))),
    rate=st.floats(0.001, 0.5),
    bet=st.sampled_from([0.1, 0.5]),
)
def test_wealth_is_the_product_of_the_bets(trials, rate, bet):
    count, n = trials
    wealth = 1.0
    for place in range(n):
        wealth *= bet if place < count else (1 - bet * rate) / (1 - rate)
    assert betting_e_value(count, n, rate, bet) == pytest.approx(wealth, rel=1e-9)


def test_published_trials(shared):
    """29,956 trials where the bet is on no event, 33,285 where it is on a tenth of the rate."""
    expected = json.loads((shared / "data/elicitation/rare_events/expected.json").read_text())["e_value"]
    p0, alpha = expected["p0"], expected["alpha"]
    assert trials_for_bet(p0, alpha, bet=0.0) == expected["n_bet_p1_0"]
    assert trials_for_bet(p0, alpha) == expected["n_bet_p1_p0over10"]


def test_a_bet_on_no_event_is_lost_at_the_first():
    assert betting_e_value(1, 1000, 0.01, bet=0.0) == 0.0
    assert betting_e_value(0, 299, 0.01, bet=0.0) == pytest.approx(1 / exact_tail(299, 0.01))


def exact_tail(n: int, rate: float) -> float:
    return (1 - rate) ** n


@given(count=st.integers(0, 5), n=st.integers(6, 2000))
def test_the_bound_is_where_the_evidence_suffices_and_wider_than_that_of_a_fixed_size(count, n):
    bound = anytime_upper(count, n, 0.05)
    if bound < 1:
        assert betting_e_value(count, n, bound) == pytest.approx(20, rel=1e-3)
    assert bound >= float(exact_upper(count, n, 0.95)) - 1e-9


def test_too_few_trials_bound_nothing():
    assert anytime_upper(3, 3, 0.05) == 1.0


@pytest.mark.slow
def test_stopping_at_will_gives_false_alarms_no_oftener_than_alpha():
    rng = np.random.default_rng(6)
    n, rate, wrong = 1500, 0.01, 0
    for _ in range(600):
        counts = np.cumsum(rng.random(n) < rate)
        size = np.arange(1, n + 1)
        log_wealth = counts * np.log(0.1) + (size - counts) * (np.log1p(-0.1 * rate) - np.log1p(-rate))
        wrong += bool((log_wealth >= np.log(20)).any())
    assert wrong / 600 <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 600)
