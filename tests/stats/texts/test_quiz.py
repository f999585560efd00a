"""Bounds of a contamination quiz against the definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from measurand.stats.texts.quiz import bounds, bounds_replicates, non_preferred, recognition_tests

COUNTS = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 40)), min_size=2, max_size=4)


@pytest.mark.parametrize(
    ("counts", "items", "positions"),
    [
        ((36, 5, 3, 2, 54), 100, "BCD"),
        ((20, 19, 19, 20, 22), 100, "BC"),
        ((0, 0, 4, 0, 67), 71, "ABCD"),
        ((15, 0, 0, 0, 56), 71, "BCD"),
        ((14, 0, 0, 0, 57), 71, "ABCD"),
    ],
)
def test_positions_picked_less_than_chance(counts, items, positions):
    assert non_preferred(counts, items) == positions


@given(COUNTS)
def test_the_bounds_are_ordered_and_as_defined(counts):
    hits = {name: float(hit) for name, (hit, _) in zip("ABCD", counts, strict=False)}
    biases = {name: float(bias) for name, (_, bias) in zip("ABCD", counts, strict=False)}
    found = bounds(hits, biases, 50)
    best = max(hits.values())
    tied = [name for name in hits if hits[name] == best]
    least = min(biases[name] for name in tied)
    second = sorted(hits.values())[-2]
    assert found.high == best / 50
    assert found.low == pytest.approx(max((best - least) / (50 - least), second / 50))
    assert found.low <= found.high
    assert 0 <= found.corrected <= found.high


def test_the_corrected_share_is_the_one_that_made_the_picks():
    biases = {"B": 0.06, "C": 0.0, "D": 0.15}
    hits = {name: 0.4 + 0.6 * bias for name, bias in biases.items()}
    scaled = bounds({k: 100 * v for k, v in hits.items()}, {k: 100 * v for k, v in biases.items()}, 100)
    assert scaled.corrected == pytest.approx(0.4)


def test_replicates_of_items_that_all_agree_are_all_the_same():
    picked = {"B": np.ones(30, dtype=bool), "C": np.ones(30, dtype=bool)}
    anyway = {"B": np.zeros(30, dtype=bool), "C": np.zeros(30, dtype=bool)}
    low, corrected = bounds_replicates(picked, anyway, 50, np.random.default_rng(0))
    assert set(low) == set(corrected) == {1.0}


def test_replicates_spread_like_draws_of_new_items():
    rng = np.random.default_rng(1)

    def drawn():
        knows = rng.random(100) < 0.5
        return {"B": knows | (rng.random(100) < 0.05), "C": knows}, {"B": rng.random(100) < 0.05, "C": knows & False}

    picked, anyway = drawn()
    _, corrected = bounds_replicates(picked, anyway, 600, rng)
    fresh = []
    for _ in range(400):
        p, a = drawn()
        hits, biases = ({k: float(v.sum()) for k, v in x.items()} for x in (p, a))
        fresh.append(bounds(hits, biases, 100).corrected)
    assert corrected.std() == pytest.approx(np.std(fresh), rel=0.2)


def test_p_values_are_those_of_exact_binomial_tests_adjusted_by_holm():
    rng = np.random.default_rng(2)
    picked = {name: rng.random(80) < share for name, share in (("B", 0.2), ("C", 0.1))}
    anyway = {name: rng.random(80) < 0.08 for name in "BC"}
    raw = {}
    for name in "BC":
        to, away = (picked[name] & ~anyway[name]).sum(), (~picked[name] & anyway[name]).sum()
        raw[name] = stats.binomtest(int(to), int(to + away), alternative="greater").pvalue
    least, most = sorted(raw, key=raw.get)
    found = recognition_tests(picked, anyway)
    assert found[least] == pytest.approx(min(1.0, 2 * raw[least]))
    assert found[most] == pytest.approx(max(found[least], raw[most]))
