"""Whether items go together: the sum between clusters by its definition, and what chance makes of it."""

from __future__ import annotations

import numpy as np
import pytest

from measurand.stats.intervals import together
from measurand.stats.intervals.together import togetherness, widening

SIZES = {
    "equal": np.full(300, 10),
    "unequal": np.clip(np.exp(np.random.default_rng(1).normal(2.2, 1.2, 400)).astype(int), 1, 100),
    "few": np.array([900, 700, 500, 300, 200, 100, 50, 20, 5, 5]),
}


def slow(scores, clusters):
    """The definition, with loops."""
    rows, items = scores.shape
    means = [np.nanmean(scores[i]) for i in range(rows)]
    parts = [np.nanmean([scores[i, j] - means[i] for i in range(rows)]) for j in range(items)]
    parts = np.array(parts) - np.mean(parts)
    between = 0.0
    for cluster in set(clusters.tolist()):
        own = parts[clusters == cluster]
        if len(own) > 1:
            between += own.sum() ** 2 / len(own)
    return between / parts.var(ddof=1)


def drawn(sizes, shared=0.0, models=3, seed=0):
    rng = np.random.default_rng(seed)
    codes = np.repeat(np.arange(len(sizes)), sizes)
    hard = np.sqrt(shared) * rng.normal(size=len(sizes))[codes] + np.sqrt(1 - shared) * rng.normal(size=len(codes))
    return (rng.normal(size=(models, len(codes))) < hard).astype(float), codes


def test_the_sum_is_the_definition_also_with_gaps():
    scores, codes = drawn(SIZES["unequal"][:40], 0.3)
    scores[1, ::7] = np.nan
    found = togetherness(scores, codes, 5, np.random.default_rng(0))
    assert found.shape == (6,)
    assert found[0] == pytest.approx(slow(scores, codes))


@pytest.mark.parametrize("kind", SIZES)
def test_draws_of_the_sum_are_those_of_permuted_items(monkeypatch, kind):
    scores, codes = drawn(SIZES[kind])
    permuted = togetherness(scores, codes, 1500, np.random.default_rng(1))[1:]
    monkeypatch.setattr(together, "MOST_PERMUTED", 0)
    found = togetherness(scores, codes, 100_000, np.random.default_rng(2))[1:]
    # Monte Carlo errors of 1,500 draws: 2.6% of a standard deviation for the mean, 1.8% for the deviation itself.
    assert found.mean() == pytest.approx(permuted.mean(), abs=0.08 * permuted.std())
    assert found.std() == pytest.approx(permuted.std(), rel=0.08)
    for level in (0.95, 0.99):
        above = (permuted >= np.quantile(found, level)).mean()
        assert abs(above - (1 - level)) < 4 * np.sqrt(level * (1 - level) / 1500)


@pytest.mark.parametrize("many", [False, True])
def test_items_that_share_what_makes_them_hard_stand_out(monkeypatch, many):
    if many:
        monkeypatch.setattr(together, "MOST_PERMUTED", 0)
    scores, codes = drawn(SIZES["unequal"], 0.2)
    found = togetherness(scores, codes, 499, np.random.default_rng(0))
    assert found[0] > found[1:].max()


@pytest.mark.parametrize(
    ("scores", "codes"),
    [
        ([[1.0, 1.0, 1.0]], [0, 0, 1]),
        ([[1.0, 0.0, 1.0]], [0, 0, 0]),
        ([[1.0, 0.0, 1.0]], [0, 1, 2]),
    ],
)
def test_nothing_to_tell_gives_nothing(scores, codes):
    assert len(togetherness(np.array(scores), np.array(codes), 9, np.random.default_rng(0))) == 0


def test_intervals_of_clusters_that_agree_are_as_wide_as_their_number_says():
    scores = np.repeat([[1.0, 0.0, 1.0, 0.0, 0.0, 1.0, 1.0, 0.0]], 50, axis=1)
    (times,) = widening(scores, np.repeat(np.arange(8), 50))
    # 8 units in place of 400: the standard error grows by sqrt(50), and t with 7 degrees of freedom is wider.
    assert times == pytest.approx(np.sqrt(50 * 399 / 400 * 8 / 7) * 2.3646 / 1.9659, rel=1e-3)
