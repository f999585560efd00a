"""Strengths from paired comparisons, against general optimisers, published fits, and every vote taken one by one."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize

from measurand.stats.votes.bradley_terry import (
    TIES,
    comparisons,
    covariance,
    fisher_covariance,
    fit,
    outcome_probabilities,
    resampled_counts,
    strong_components,
)


def votes_of(seed=0, models=5, votes=400, ties=0.3, spread=0.7):
    rng = np.random.default_rng(seed)
    strengths = spread * rng.standard_normal(models)
    first = rng.integers(models, size=votes)
    second = (first + rng.integers(1, models, size=votes)) % models
    wins = rng.random(votes) < 1 / (1 + np.exp(strengths[second] - strengths[first]))
    return first, second, np.where(rng.random(votes) < ties, 1, np.where(wins, 0, 2))


def log_chances(gap, tie, ties):
    """Win, tie, loss as their papers write them, with strengths pi_i = exp(b_i)."""
    i, j = np.exp(gap / 2), np.exp(-gap / 2)
    if ties == "half":
        win, loss = i / (i + j), j / (i + j)
        return np.log(win), np.log(win * loss) / 2, np.log(loss)
    if ties == "davidson":  # Davidson 1970: nu sqrt(pi_i pi_j)
        whole = i + j + np.exp(tie)
        return np.log(i / whole), tie - np.log(whole), np.log(j / whole)
    theta = np.exp(tie)  # Rao and Kupper 1967
    win, loss = i / (i + theta * j), j / (theta * i + j)
    return np.log(win), np.log(1 - win - loss), np.log(loss)


def log_likelihood(parameters, first, second, outcome, ties):
    strengths, tie = parameters[:-1], parameters[-1]
    total = 0.0
    for i, j, k in zip(first, second, outcome, strict=True):
        total += log_chances(strengths[i] - strengths[j], tie, ties)[k]
    return total


def slow_scores(parameters, first, second, outcome, ties):
    """Each vote's derivative in each parameter, by central differences."""
    rows = []
    for i, j, k in zip(first, second, outcome, strict=True):
        one = ([i], [j], [k])
        rows.append(optimize.approx_fprime(parameters, log_likelihood, 1e-6, *one, ties))
    return np.array(rows)


@pytest.mark.parametrize("ties", TIES)
def test_fit_is_the_maximum_of_the_likelihood_vote_by_vote(ties):
    votes = votes_of(votes=120, models=4)
    found = fit(comparisons(*votes, 4), ties=ties)
    start = np.append(np.zeros(4), 0.5)
    best = optimize.minimize(lambda p: -log_likelihood(p, *votes, ties) + p[:-1].sum() ** 2, start, tol=1e-9)
    assert found.converged[0]
    np.testing.assert_allclose(found.strengths[0], best.x[:-1] - best.x[:-1].mean(), atol=2e-4)
    if ties != "half":
        assert found.tie[0] == pytest.approx(best.x[-1], abs=2e-4)


@pytest.mark.parametrize("ties", TIES)
@pytest.mark.parametrize("clustered", [False, True])
def test_covariances_equal_their_definitions_vote_by_vote(ties, clustered):
    votes = votes_of(seed=3, votes=90, models=3)
    clusters = np.random.default_rng(1).integers(12, size=90) * 7
    data = comparisons(*votes, 3)
    found = fit(data, ties=ties)
    parameters = np.append(found.strengths[0], found.tie[0])
    if ties == "half":
        parameters[-1] = 0.0
    scores = slow_scores(parameters, *votes, ties)

    def gradient(p):
        return slow_scores(p, *votes, ties).sum(axis=0)

    steps = 1e-4 * np.eye(4)
    information = -np.array([(gradient(parameters + h) - gradient(parameters - h)) / 2e-4 for h in steps])
    sums = scores
    if clustered:
        sums = np.array([scores[clusters == code].sum(axis=0) for code in np.unique(clusters)])
    middle = sums.T @ sums * (len(sums) / (len(sums) - 1) if clustered else 1)
    bread = np.linalg.pinv(information, rcond=1e-4)
    expected, plain = (bread @ middle @ bread)[:3, :3], bread[:3, :3]
    given_clusters = clusters if clustered else None
    np.testing.assert_allclose(covariance(data, found, ties=ties, clusters=given_clusters), expected, atol=2e-3)
    np.testing.assert_allclose(fisher_covariance(data, found, ties=ties), plain, atol=2e-3)


def test_the_wikipedia_example(shared):
    # Odds: the worked example of Wikipedia's article on the Bradley-Terry model; standard errors: arena_rank.
    table = pl.read_csv(shared / "data/precision/arena_rank/wikipedia_bt.csv")
    winner, loser = (np.repeat(["ABCD".index(x) for x in table[c]], table["count"]) for c in ("winner", "loser"))
    data = comparisons(winner, loser, np.zeros(len(winner), dtype=int), 4)
    found = fit(data)
    np.testing.assert_allclose(np.exp(found.strengths[0]), [0.639835, 1.043314, 0.659810, 2.270377], atol=5e-7)
    sandwich, fisher = (np.sqrt(np.diag(c)) for c in (covariance(data, found), fisher_covariance(data, found)))
    np.testing.assert_allclose(sandwich, [0.54434, 0.48465, 0.52817, 0.62397], atol=5e-6)
    np.testing.assert_allclose(fisher, [0.54807, 0.48178, 0.52040, 0.62134], atol=5e-6)


def arena_of(shared, name):
    table = pl.read_csv(shared / f"data/precision/evalica/{name}.csv").cast({"left": pl.String, "right": pl.String})
    models = sorted({*table["left"], *table["right"]})
    first, second = (np.array([models.index(x) for x in table[side]]) for side in ("left", "right"))
    outcome = np.array([["left", "tie", "right"].index(x) for x in table["winner"]])
    return models, comparisons(first, second, outcome, len(models))


@pytest.mark.parametrize("name", ["llmfao", "food"])
def test_strengths_equal_evalicas(shared, name):
    # evalica's own results (precision/evalica), where they sum to 1.
    models, data = arena_of(shared, name)
    odds = np.exp(fit(data).strengths[0])
    golden = pl.read_csv(shared / f"data/precision/evalica/{name}-golden.csv").filter(
        pl.col("algorithm") == "bradley_terry"
    )
    expected = dict(golden.select("item", "score").iter_rows())
    np.testing.assert_allclose(odds / odds.sum(), [expected[model] for model in models], atol=1e-6)


def test_strengths_of_a_large_arena_equal_a_reference_to_the_last_digits(shared):
    models, data = arena_of(shared, "llmfao")
    expected = dict(pl.read_csv(shared / "data/precision/evalica/llmfao_bt_newton.csv").iter_rows())
    np.testing.assert_allclose(np.exp(fit(data).strengths[0]), [expected[model] for model in models], rtol=1e-12)
    assert (data.counts.sum(), data.counts[1].sum(), len(models)) == (8931, 3471, 59)


@given(st.integers(0, 10**6), st.permutations(range(5)))
def test_names_and_sides_do_not_matter(seed, order):
    first, second, outcome = votes_of(seed, votes=200)
    data = comparisons(first, second, outcome, 5)
    if (strong_components(data.wins) != 0).any():
        return
    places = np.array(order)
    moved = fit(comparisons(places[second], places[first], 2 - outcome, 5)).strengths[0]
    np.testing.assert_allclose(moved[places], fit(data).strengths[0], atol=1e-8)


@given(st.integers(0, 10**6))
def test_votes_in_two_parts_are_the_sum_of_their_counts(seed):
    first, second, outcome = votes_of(seed, votes=60)
    whole = comparisons(first, second, outcome, 5)
    parts = [comparisons(first[part], second[part], outcome[part], 5) for part in (slice(25), slice(25, None))]
    np.testing.assert_array_equal(sum(part.wins for part in parts), whole.wins)
    assert whole.wins.sum() == 60


@pytest.mark.parametrize("ties", TIES)
def test_many_replicates_at_once_equal_each_alone(ties, monkeypatch):
    data = comparisons(*votes_of(votes=300), 5)
    counts = resampled_counts(data, 7, np.random.default_rng(0))
    at_once = fit(data, counts, ties=ties, start=fit(data, ties=ties))
    monkeypatch.setattr("measurand.stats.intervals.ranks._CHUNK_CELLS", 100)
    in_blocks = fit(data, counts, ties=ties)
    np.testing.assert_allclose(in_blocks.strengths, at_once.strengths, atol=1e-8)
    np.testing.assert_allclose(in_blocks.tie, at_once.tie, atol=1e-8)
    for i in range(7):
        np.testing.assert_allclose(
            fit(data, counts[i : i + 1], ties=ties).strengths[0], at_once.strengths[i], atol=1e-8
        )


@pytest.mark.parametrize("clusters", [None, 40, 5000])
def test_bootstrap_counts_have_the_mean_and_spread_of_resampled_votes(clusters):
    votes = votes_of(votes=6000, models=3)
    data = comparisons(*votes, 3)
    codes = None if clusters is None else np.random.default_rng(2).integers(clusters, size=6000)
    counts = resampled_counts(data, 4000, np.random.default_rng(0), clusters=codes)
    np.testing.assert_allclose(counts.mean(axis=0), data.counts, rtol=0.03)
    if codes is None:
        expected = np.sqrt(data.counts)
    else:
        table = np.zeros((clusters, data.counts.size))
        np.add.at(table, (codes, data.cell), 1)
        expected = np.sqrt(((table - table.mean(axis=0)) ** 2).sum(axis=0)).reshape(data.counts.shape)
    # Five thousand clusters are drawn as a thousand random blocks, whose spread is the same but for chance.
    np.testing.assert_allclose(counts.std(axis=0), expected, rtol=0.12)


def test_resamples_of_another_size_are_spread_accordingly():
    data = comparisons(*votes_of(votes=6000, models=3), 3)
    counts = resampled_counts(data, 2000, np.random.default_rng(0), ratio=4.0)
    np.testing.assert_allclose(counts.mean(axis=0), 4 * data.counts, rtol=0.02)


def test_every_resample_of_a_small_arena_has_finite_strengths():
    data = comparisons(*votes_of(votes=14, models=4, spread=0.2, seed=5), 4)
    assert (strong_components(data.wins) == 0).all()
    found = fit(data, resampled_counts(data, 500, np.random.default_rng(0)), start=fit(data))
    assert found.converged.all()
    assert np.isfinite(found.strengths).all()


def test_a_separated_fit_says_that_it_did_not_converge():
    data = comparisons(np.array([0, 0, 1]), np.array([1, 1, 2]), np.zeros(3, dtype=int), 3)
    assert not fit(data).converged[0]


def test_components_are_those_of_mutual_reachability():
    rng = np.random.default_rng(4)
    for _ in range(20):
        wins = (rng.random((6, 6)) < 0.2).astype(float)
        np.fill_diagonal(wins, 0)
        reach = np.eye(6, dtype=bool) | (wins > 0)
        for _ in range(6):
            reach = reach @ reach
        labels = strong_components(wins)
        np.testing.assert_array_equal(labels[:, None] == labels, reach & reach.T)


@pytest.mark.parametrize("ties", TIES)
def test_chances_of_a_pair_sum_to_one(ties):
    data = comparisons(*votes_of(), 5)
    chances = outcome_probabilities(data, fit(data, ties=ties), ties=ties)
    np.testing.assert_allclose(chances.sum(axis=0), 1)
    assert (chances[1] > 0).all() == (ties != "half")
