"""Below chance, entropy of answer positions and their divergence, against slow definitions and published figures."""

from __future__ import annotations

import itertools
import json
import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial.distance import jensenshannon

from measurand.stats.hiding.underperformance import below_chance, entropy, entropy_change, jensen_shannon, swap_p_value

COUNTS = st.lists(st.integers(0, 30), min_size=4, max_size=4).filter(any)


def onehot(places, k=4):
    return np.eye(k)[np.asarray(places)]


@given(COUNTS, COUNTS)
def test_divergence_is_that_of_scipy(first, second):
    # scipy gives its square root.
    expected = jensenshannon(first, second, base=2) ** 2
    found = jensen_shannon(np.array(first, float), np.array(second, float))
    assert found == pytest.approx(expected, abs=1e-9)
    assert 0 <= found <= 1 + 1e-12


@given(COUNTS)
def test_entropy_is_that_of_scipy_and_does_not_heed_the_order(counts):
    values = np.array(counts, float)
    assert entropy(values) == pytest.approx(stats.entropy(values, base=2), abs=1e-12)
    assert entropy(values[::-1]) == pytest.approx(entropy(values), abs=1e-12)
    assert 0 <= entropy(values) <= 2 + 1e-12


def test_divergence_and_entropy_of_published_runs(shared):
    # study3_results.json: js_divergence in nats, entropy as a share of that of ten even positions.
    found = json.loads((shared / "data/sandbagging/bcb/study3_results.json").read_text())
    honest = np.array(found["llama3-8b__H"]["freq_vec"])
    for name in ("N2", "N4", "S1"):
        other = found[f"llama3-8b__{name}"]
        counts = np.array(other["freq_vec"])
        assert jensen_shannon(honest, counts) * math.log(2) == pytest.approx(other["js_divergence"], abs=1e-9)
        assert entropy(counts) / math.log2(10) == pytest.approx(other["norm_entropy"], abs=1e-9)


def slow_change(first, second, clusters, cr2_definition):
    """Delta method, item by item and cluster by cluster."""
    n, k = first.shape
    p, q = first.mean(axis=0), second.mean(axis=0)

    def bits(shares):
        return -sum(x * math.log2(x) for x in shares if x > 0)

    def one(row, shares):
        return -sum(row[j] * math.log2(shares[j]) for j in range(k) if row[j] > 0)

    each = [one(second[i], q) - one(first[i], p) for i in range(n)]
    mean = sum(each) / n

    cluster_variance, df = cr2_definition(np.array(each), np.asarray(clusters), exchangeable=True)
    alone = sum((x - mean) ** 2 for x in each) / (n - 1) / n
    n_effective = max(n / max(1.0, cluster_variance / alone), len(set(clusters)))
    extra = (k - 1) / (n_effective**2 * math.log(2) ** 2)
    half = stats.t.ppf(0.975, df) * math.sqrt(cluster_variance + extra)
    change = bits(q) - bits(p)
    return change, change - half, change + half


@pytest.mark.parametrize("groups", [60, 7])
def test_change_of_entropy_is_the_slow_definition(cr2_definition, groups):
    rng = np.random.default_rng(3)
    first, second = rng.dirichlet([0.3] * 5, 60), rng.dirichlet([0.3, 0.3, 2.0, 0.1, 0.0001], 60)
    clusters = np.arange(60) % groups
    found = entropy_change(first, second, clusters, 0.95)
    assert found.change == pytest.approx(slow_change(first, second, clusters, cr2_definition), rel=1e-9)
    assert found.clusters == groups
    assert found.limits(0.95) == pytest.approx(found.change)


def test_change_of_published_runs(shared):
    # METHODS: entropy 3.25 to 2.63 bits for llama3-8b as is (A) and told to underperform (B).
    rows = pl.read_csv(shared / "data/sandbagging/bcb/study1_items.csv", infer_schema_length=None)
    rows = rows.filter(pl.col("model") == "llama3-8b").sort("item")
    answers = [[ord(x) - 65 for x in rows.filter(pl.col("cond") == c)["resp"]] for c in "AB"]
    found = entropy_change(onehot(answers[0], 10), onehot(answers[1], 10), None, 0.95)
    assert (round(found.first, 2), round(found.second, 2)) == (3.25, 2.63)


def test_answers_all_in_one_position_are_no_certainty():
    found = entropy_change(onehot([0, 1, 2, 3] * 5), onehot([1] * 20), None, 0.95)
    assert found.change.value == -2
    assert found.change.low < -2 < found.change.high


def test_swapping_is_exact_for_few_items():
    first, second = onehot([0, 1, 2, 0, 1]), onehot([3, 3, 3, 0, 3])
    seen = jensen_shannon(first.sum(axis=0), second.sum(axis=0))
    reached = 0
    for swapped in itertools.product([False, True], repeat=5):
        a = sum(second[i] if s else first[i] for i, s in enumerate(swapped))
        b = sum(first[i] if s else second[i] for i, s in enumerate(swapped))
        reached += jensen_shannon(a, b) >= seen - 1e-12
    found, p_value = swap_p_value(first, second, None, 20_000, np.random.default_rng(0))
    assert found == pytest.approx(seen)
    assert p_value == pytest.approx(reached / 32, abs=0.01)


def test_clusters_are_swapped_whole():
    first, second = onehot([0, 0, 0, 0]), onehot([1, 1, 1, 1])
    # Two clusters: both or neither swapped reach the divergence, half of all draws.
    found = swap_p_value(first, second, np.array([0, 0, 1, 1]), 20_000, np.random.default_rng(0))[1]
    assert found == pytest.approx(0.5, abs=0.02)


def test_below_chance_is_the_sum_over_all_outcomes():
    scores, chance = np.array([0.0, 1.0, 0.0, 0.0, 0.0]), np.array([0.25, 0.25, 0.5, 0.2, 0.5])
    expected = sum(
        math.prod(c if right else 1 - c for right, c in zip(outcome, chance, strict=True))
        for outcome in itertools.product([0, 1], repeat=5)
        if sum(outcome) <= 1
    )
    assert below_chance(scores, chance) == pytest.approx(expected, rel=1e-12)


def test_below_chance_is_the_binomial_test_at_one_chance_level():
    scores = np.array([1.0] * 12 + [0.0] * 88)
    expected = stats.binomtest(12, 100, 0.25, alternative="less").pvalue
    assert below_chance(scores, np.full(100, 0.25)) == pytest.approx(expected, rel=1e-12)


def test_below_chance_over_clusters():
    rng = np.random.default_rng(1)
    chance = np.full(200, 0.25)
    scores = (rng.random(200) < 0.1).astype(float)
    clusters = np.arange(200) % 10
    assert below_chance(scores, chance, clusters) < 0.01
    assert 0.3 < below_chance((np.arange(200) % 4 == 0).astype(float), chance, clusters) < 0.7
    # All wrong has no spread of its own: the guesser's stands in.
    assert below_chance(np.zeros(200), chance, clusters) < 1e-4
    assert math.isnan(below_chance(scores, chance, np.zeros(200, dtype=int)))


@given(st.integers(1, 40), st.floats(0.05, 0.95))
def test_one_more_right_answer_never_looks_worse(n, chance):
    found = [below_chance(np.r_[np.ones(k), np.zeros(n - k)], np.full(n, chance)) for k in range(n + 1)]
    assert all(a <= b + 1e-12 for a, b in itertools.pairwise(found))
    assert found[-1] == pytest.approx(1)
