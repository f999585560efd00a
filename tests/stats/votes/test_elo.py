"""Elo ratings vote by vote, evalica's own, and their spread over orders of the votes."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from measurand.stats.votes import elo
from measurand.stats.votes.elo import elo_over_orders, elo_ratings
from measurand.stats.votes.rankings import ranks


def slow_elo(first, second, points, models, factor):
    ratings = [1000.0] * models
    for i, j, point in zip(first, second, points, strict=True):
        expected = 1 / (1 + 10 ** ((ratings[j] - ratings[i]) / 400))
        ratings[i] += factor * (point - expected)
        ratings[j] -= factor * (point - expected)
    return ratings


def some_votes(votes=80, models=5, seed=0):
    rng = np.random.default_rng(seed)
    first = rng.integers(models, size=votes)
    return first, (first + rng.integers(1, models, size=votes)) % models, rng.choice([0.0, 0.5, 1.0], size=votes)


def test_every_order_and_every_k_equal_the_definition():
    votes, rng = some_votes(), np.random.default_rng(1)
    orders = np.stack([rng.permutation(80) for _ in range(3)])
    found = elo_ratings(*votes, 5, np.array([4.0, 32.0]), orders)
    for f, factor in enumerate((4.0, 32.0)):
        for r, order in enumerate(orders):
            np.testing.assert_allclose(found[f, r], slow_elo(*(part[order] for part in votes), 5, factor))
    np.testing.assert_allclose(elo_ratings(*votes, 5, np.array([4.0]))[0, 0], slow_elo(*votes, 5, 4.0))


def test_ratings_keep_their_sum():
    found = elo_over_orders(*some_votes(), 5, factors=np.array([16.0]), orders=4, rng=np.random.default_rng(0))
    np.testing.assert_allclose(found.sum(axis=2), 5000)


def test_more_votes_than_are_played_are_drawn_without_replacement(monkeypatch):
    monkeypatch.setattr(elo, "MOST_VOTES", 1)
    first, second, _ = some_votes()
    found = elo_over_orders(
        first, second, np.ones(80), 5, factors=np.array([32.0]), orders=6, rng=np.random.default_rng(0)
    )
    np.testing.assert_allclose(np.sort(found[0], axis=1), [[984, 1000, 1000, 1000, 1016]] * 6)


@pytest.fixture(scope="module")
def llmfao(shared):
    table = pl.read_csv(shared / "data/precision/evalica/llmfao.csv")
    models = sorted({*table["left"], *table["right"]})
    first, second = (np.array([models.index(x) for x in table[side]]) for side in ("left", "right"))
    return models, first, second, np.array([{"left": 1.0, "tie": 0.5, "right": 0.0}[x] for x in table["winner"]])


def test_ratings_equal_evalicas(llmfao, shared):
    # evalica's default: K = 4, 1000 points at the start, votes in the file's order.
    models, *votes = llmfao
    golden = pl.read_csv(shared / "data/precision/evalica/llmfao-golden.csv").filter(pl.col("algorithm") == "elo")
    expected = dict(golden.select("item", "score").iter_rows())
    found = elo_ratings(*votes, len(models), np.array([4.0]))[0, 0]
    np.testing.assert_allclose(found, [expected[model] for model in models], atol=1e-8)


def test_spread_over_200_orders_of_a_published_arena(llmfao):
    # shared/data/README.md: median SD 3.6 points and median rank span 9 at K = 4; over seeds the SD is 3.62 +- .09.
    models, *votes = llmfao
    found = elo_over_orders(*votes, len(models), factors=np.array([4.0]), orders=200, rng=np.random.default_rng(0))[0]
    assert np.median(found.std(axis=0, ddof=1)) == pytest.approx(3.6, abs=0.2)
    assert np.median(np.ptp(ranks(found), axis=0)) == pytest.approx(9, abs=1)
