"""Beta-binomial success rates against scipy, and limits against a search over both parameters."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import minimize
from scipy.special import gammaln

from measurand.stats.attempts.beta_binomial import allowed_drop, beta_pass_at_k, fit_beta_binomial


@pytest.fixture
def counts():
    rng = np.random.default_rng(0)
    n = rng.integers(20, 60, 80)
    return n, rng.binomial(n, rng.beta(0.4, 3.0, 80))


def test_reference_values(shared):
    expected = json.loads((shared / "data/elicitation/rare_events/expected.json").read_text())
    for case in expected["beta_pass_at_k"]:
        assert beta_pass_at_k(case["a"], case["b"], case["k"]) == pytest.approx(case["pass_at_k"], abs=1e-9)


@pytest.mark.parametrize(("a", "b", "k"), [(1e-9, 5.0, 100), (3e5, 7e8, 50), (0.5, 1e9, 1e4), (2.0, 3.0, 1)])
def test_extreme_parameters_keep_their_digits(a, b, k):
    """Against 1 - E(1 - p)^k by logs of Pochhammer ratios, term by term."""
    miss = np.exp(np.sum(np.log1p(-a / (a + b + np.arange(int(k))))))
    assert beta_pass_at_k(a, b, k) == pytest.approx(1 - miss, rel=1e-6)


def test_the_fit_is_scipys_maximum(counts):
    n, c = counts

    def loss(x):
        return -stats.betabinom.logpmf(c, n, *np.exp(x)).sum()

    theirs = minimize(loss, [-1.0, 1.0], method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-10})
    ours = fit_beta_binomial(n, c)
    assert (ours.a, ours.b) == pytest.approx(np.exp(theirs.x), rel=1e-4)


def test_many_attempts_take_another_way_to_the_same_likelihood(counts):
    """Beyond 500 attempts log-gammas stand in for sums of logs."""
    n, c = counts[0] * 20, counts[1] * 20
    fit = fit_beta_binomial(n, c)
    assert n.max() > 500 > counts[0].max()
    for rates, tries, came in ((fit, n, c), (fit_beta_binomial(*counts), *counts)):
        slow = stats.betabinom.logpmf(came, tries, rates.a, rates.b) - gammaln(tries + 1)
        slow += gammaln(came + 1) + gammaln(tries - came + 1)
        assert rates.log_likelihood == pytest.approx(slow.sum(), abs=1e-6)


def test_limits_are_the_profile_over_both_parameters(counts):
    n, c = counts
    fit = fit_beta_binomial(n, c)
    low, high = fit.limits(500, fit.log_likelihood - allowed_drop(0.95))
    a, b = (axis.ravel() for axis in np.meshgrid(np.geomspace(0.15, 1.2, 240), np.geomspace(0.8, 12.0, 240)))
    whole = np.zeros(len(a))
    for tries, came in zip(n, c, strict=True):
        whole += stats.betabinom.logpmf(came, tries, a, b)
    best = stats.betabinom.logpmf(c, n, fit.a, fit.b).sum()
    inside = beta_pass_at_k(a, b, 500)[whole >= best - stats.chi2.ppf(0.95, 1) / 2]
    assert (low, high) == pytest.approx((inside.min(), inside.max()), abs=0.004)


def test_no_success_has_an_upper_limit_and_all_a_lower_one():
    """With rates all alike, (1 - p)^(10 * 50) = exp(-1.92) bounds p, and so 100 attempts."""
    none = fit_beta_binomial([10] * 50, [0] * 50)
    low, high = none.limits(100, none.log_likelihood - allowed_drop(0.95))
    assert low == pytest.approx(0.0, abs=1e-9)
    assert high == pytest.approx(1 - np.exp(-allowed_drop(0.95)) ** (100 / 500), abs=0.003)
    every = fit_beta_binomial([10] * 50, [10] * 50)
    low, high = every.limits(100, every.log_likelihood - allowed_drop(0.95))
    assert 0.9 < low < 1
    assert high == pytest.approx(1.0)
    assert every.pass_at_k(100) == pytest.approx(1.0)


def test_more_attempts_never_come_out_below_fewer(counts):
    fit = fit_beta_binomial(*counts)
    forecasts = [fit.pass_at_k(k) for k in (1, 10, 100, 1000, 10_000)]
    assert forecasts == sorted(forecasts)
    assert np.isnan(fit.limits(10, fit.log_likelihood + 1)).all()


def test_the_spread_of_the_influence_is_the_standard_error():
    """Of the logit of the forecast, against refits to bootstrap resamples."""
    rng = np.random.default_rng(2)
    c = rng.binomial(40, rng.beta(0.5, 3.0, 150))
    n = np.full(150, 40.0)
    fit = fit_beta_binomial(n, c)
    analytic = np.sqrt((fit.influence(n, c.astype(float), 200) ** 2).sum())
    logits = []
    for _ in range(60):
        drawn = c[rng.integers(0, 150, 150)]
        share = fit_beta_binomial(n, drawn).pass_at_k(200)
        logits.append(np.log(share / (1 - share)))
    assert analytic == pytest.approx(np.std(logits), rel=0.35)


def test_the_drop_is_half_a_quantile_and_grows_with_clusters():
    assert allowed_drop(0.95) == pytest.approx(1.9207, abs=1e-4)  # scipy.stats.chi2.ppf(.95, 1) / 2
    assert allowed_drop(0.95, inflation=3.0, df=9) == pytest.approx(3 * 5.1174 / 2, abs=1e-3)  # scipy.stats.f.ppf
    assert allowed_drop(0.95, inflation=0.5) == allowed_drop(0.95)
