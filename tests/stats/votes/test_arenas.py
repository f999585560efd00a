"""An arena's order with intervals, circles by chance and agreement of repeated arenas."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtri

from measurand.stats.votes.arenas import circles_by_chance, gap_stderr, order_with_intervals, repeat_agreement
from measurand.stats.votes.bradley_terry import comparisons, covariance, fit
from measurand.stats.votes.rankings import rank_sets


def made(strengths, votes, seed=0, ties=0.0):
    rng = np.random.default_rng(seed)
    strengths = np.asarray(strengths, dtype=float)
    first = rng.integers(len(strengths), size=votes)
    second = (first + rng.integers(1, len(strengths), size=votes)) % len(strengths)
    wins = rng.random(votes) < 1 / (1 + np.exp(strengths[second] - strengths[first]))
    return comparisons(first, second, np.where(rng.random(votes) < ties, 1, np.where(wins, 0, 2)), len(strengths))


def test_the_order_is_the_fit_with_its_sandwich_and_bootstrap():
    data = made([1.0, 0.5, 0.0, 0.0], 800)
    found = order_with_intervals(data, level=0.95, rng=np.random.default_rng(0), resamples=2000)
    spread = covariance(data, fit(data))
    np.testing.assert_allclose(found.stderr, np.sqrt(np.diag(spread)))
    contrast = np.array([1, 0, -1, 0])
    assert found.gap_stderr[0, 2] == pytest.approx(np.sqrt(contrast @ spread @ contrast))
    # Gaussian draws of the same covariance stand in for the refitted bootstrap.
    draws = np.random.default_rng(1).multivariate_normal(found.fitted.strengths[0], spread, size=20_000)
    expected = rank_sets(found.fitted.strengths[0], gap_stderr(spread), draws, 0.95)
    assert found.sets.critical == pytest.approx(expected.critical, rel=0.05)
    np.testing.assert_array_equal(found.sets.above, expected.above)
    assert found.freedom == np.inf


def test_clusters_that_repeat_their_votes_widen_the_intervals():
    data = made([0.5, 0.0, 0.0], 300)
    # Every vote cast four times by the same voter: no more information than the 300.
    rng = np.random.default_rng(0)
    first, second = data.first[data.cell % 3], data.second[data.cell % 3]
    repeated = comparisons(*(np.repeat(x, 4) for x in (first, second, data.cell // 3)), 3)
    voters = np.repeat(np.arange(300), 4)
    one = order_with_intervals(data, level=0.95, rng=rng)
    four = order_with_intervals(repeated, level=0.95, rng=rng, clusterings=[voters])
    np.testing.assert_allclose(four.stderr, one.stderr, rtol=0.01)
    assert four.freedom == pytest.approx(299)
    # Holm's quantile over the directed pairs that are left, between one and six.
    assert four.sets.critical in (pytest.approx(-ndtri(0.05 / k)) for k in range(1, 7))


def votes_of_two(seed=0):
    """Votes of 12 unequal voters on 9 unequal prompts."""
    rng = np.random.default_rng(seed)
    n, strengths = 400, np.array([0.6, 0.2, 0.0, 0.0])
    first = rng.integers(4, size=n)
    second = (first + rng.integers(1, 4, size=n)) % 4
    wins = rng.random(n) < 1 / (1 + np.exp(strengths[second] - strengths[first]))
    data = comparisons(first, second, np.where(wins, 0, 2), 4)
    codes = [rng.choice(k, n, p=(w := 1 / np.arange(1, k + 1)) / w.sum()) for k in (12, 9)]
    return data, codes, (first, second, wins)


def slow_covariance(votes, strengths, codes):
    """The sandwich by a loop over votes: scores summed by cluster, bread the pseudo-inverse of the information."""
    first, second, wins = votes
    m = len(strengths)
    scores, information = {}, np.zeros((m, m))
    for i, j, won, code in zip(first, second, wins, codes, strict=True):
        p = 1 / (1 + np.exp(strengths[j] - strengths[i]))
        contrast = np.eye(m)[i] - np.eye(m)[j]
        scores[code] = scores.get(code, 0) + (won - p) * contrast
        information += p * (1 - p) * np.outer(contrast, contrast)
    n = np.unique(codes, return_counts=True)[1]
    effective = n.sum() ** 2 / (n**2).sum()
    middle = sum(np.outer(s, s) for s in scores.values()) * effective / (effective - 1)
    bread = np.linalg.pinv(information)
    return bread @ middle @ bread


def test_two_clusterings_are_both_allowed_for_and_never_less_than_either():
    data, (voter, prompt), votes = votes_of_two()
    found = order_with_intervals(data, level=0.95, rng=np.random.default_rng(0), clusterings=[voter, prompt])
    one, other, both = (slow_covariance(votes, fit(data).strengths[0], c) for c in (voter, prompt, voter * 9 + prompt))
    expected = np.max([np.diag(v) for v in (one, other, one + other - both)], axis=0)
    np.testing.assert_allclose(found.stderr, np.sqrt(expected), rtol=1e-6)
    gaps = [np.add.outer(np.diag(v), np.diag(v)) - 2 * v for v in (one, other, one + other - both)]
    np.testing.assert_allclose(found.gap_stderr, np.sqrt(np.maximum(np.max(gaps, axis=0), 0)), rtol=1e-6, atol=1e-9)
    sizes = [np.bincount(codes) for codes in (voter, prompt)]
    assert found.freedom == pytest.approx(min(n.sum() ** 2 / (n**2).sum() for n in sizes) - 1)


def test_nearly_all_votes_by_one_voter_leave_no_interval():
    data, _, _ = votes_of_two()
    voter = np.where(np.arange(400) < 10, np.arange(400), 10)
    found = order_with_intervals(data, level=0.95, rng=np.random.default_rng(0), clusterings=[voter])
    assert found.freedom < 1
    assert np.isnan(found.stderr).all()
    assert not found.sets.above.any()


def test_few_of_many_voters_are_told_apart_by_what_equals_would_say():
    """Six equal models, voters of Pareto(1.1) activity and own tastes: t(G_eff - 1) holds where t(G - 1) does not."""
    wrong, held = [], []
    for seed in range(60):
        rng = np.random.default_rng([5, seed])
        first = rng.integers(6, size=600)
        second = (first + rng.integers(1, 6, size=600)) % 6
        weights = 1 + rng.pareto(1.1, 30)
        voter = rng.choice(30, 600, p=weights / weights.sum())
        tastes = 0.5 * rng.standard_normal((30, 6))
        wins = rng.random(600) < 1 / (1 + np.exp(tastes[voter, second] - tastes[voter, first]))
        data = comparisons(first, second, np.where(wins, 0, 2), 6)
        fitted = fit(data)
        plain = gap_stderr(covariance(data, fitted, clusters=voter))
        wrong.append(rank_sets(fitted.strengths[0], plain, None, 0.95, 29.0).above.any())
        found = order_with_intervals(data, level=0.95, rng=rng, clusterings=[voter])
        held.append(found.sets.above.any())
    # 1,000 arenas: .03 (SE .006) now; .25 by t(G - 1) in an independent check. Here three standard errors of 60.
    assert np.mean(held) <= 0.03 + 0.07
    assert np.mean(wrong) >= 0.12


def test_circles_by_chance_are_a_quarter_of_triads_of_equals_and_none_of_models_far_apart():
    # Three fair coins run in a circle in 2 of 8 cases.
    equal = circles_by_chance(made(np.zeros(12), 66 * 501, seed=2), 100, np.random.default_rng(0))
    assert equal.mean() == pytest.approx(0.25, abs=0.03)
    apart = circles_by_chance(made(2.0 * np.arange(5), 4000, ties=0.2), 50, np.random.default_rng(0))
    assert (apart == 0).all()


def test_agreement_of_repeated_arenas_grows_with_their_size():
    data = made(0.1 * np.arange(8), 2000)
    found = repeat_agreement(data, (1 / 16, 1.0, 16.0), 40, np.random.default_rng(0), clusters=None)
    middle = np.median(found, axis=1)
    assert found.shape == (3, 40)
    assert 0 < middle[0] < middle[1] < middle[2]
    # Two arenas drawn and fitted anew from the strengths found, as many votes each.
    strengths = fit(data).strengths[0]
    fresh = [fit(made(strengths, 2000, seed=s)).strengths[0] for s in range(60)]
    pairs = [np.sign(np.subtract.outer(a, b)) for a, b in zip(fresh, fresh, strict=True)]
    taus = [(one * other)[np.triu_indices(8, 1)].mean() for one, other in zip(pairs[::2], pairs[1::2], strict=True)]
    assert np.mean(found[1]) == pytest.approx(np.mean(taus), abs=0.06)
