"""An arena's order with intervals, circles by chance and agreement of repeated arenas."""

from __future__ import annotations

import numpy as np
import pytest

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
    four = order_with_intervals(repeated, level=0.95, rng=rng, clusters=voters)
    np.testing.assert_allclose(four.stderr, one.stderr, rtol=0.01)
    assert four.groups == 300
    assert four.sets.critical == pytest.approx(one.sets.critical, rel=0.1)


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
