"""Numbers of kinds and chances of new ones, against published data and slow definitions."""

from __future__ import annotations

import itertools
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from measurand.stats.attempts.richness import accumulation, chao1, new_kind_limits, sample_coverage, whole_kinds

COUNTS = st.lists(st.integers(1, 12), min_size=2, max_size=12).map(np.array)


@pytest.mark.parametrize("site", ["Girdled", "Logged"])
def test_the_spider_data_give_the_published_estimates(shared, site):
    """Spiders of two forest plots (Ellison et al. 2010), with Chao1 and coverage by their formulas."""
    golden = json.loads((shared / "data/golden/species_richness/spider.json").read_text())
    counts, expected = np.array(golden["counts"][site]), golden["expected"][site]
    found = chao1(counts, 0.95)
    assert len(counts) == expected["S_obs"]
    assert found.value == pytest.approx(expected["chao1"], abs=1e-6)
    assert sample_coverage(counts) == pytest.approx(expected["coverage"], abs=1e-6)
    assert new_kind_limits(counts, 0.95)[0] == pytest.approx(expected["good_turing_missing_mass"])


def test_the_interval_of_the_richness_is_that_of_the_formula():
    """Chao 1987, equations written out for 168 spiders: 26 kinds, 12 seen once, 4 twice."""
    n, seen, once, twice = 168, 26, 12, 4
    share, ratio = (n - 1) / n, once / twice
    unseen = share * once**2 / (2 * twice)
    variance = twice * (0.5 * share * ratio**2 + share**2 * ratio**3 + 0.25 * share**2 * ratio**4)
    factor = math.exp(1.959964 * math.sqrt(math.log(1 + variance / unseen**2)))
    counts = np.array([46, 22, 17, 15, 15, 9, 8, 6, 6, 4, *[2] * 4, *[1] * 12])
    found = chao1(counts, 0.95)
    assert (found.low, found.high) == pytest.approx((seen + unseen / factor, seen + unseen * factor), abs=1e-4)


def test_no_kind_seen_twice_takes_the_bias_corrected_form():
    """S + (n-1)/n * f1 (f1-1) / 2 with n 13, S 5, f1 3."""
    found = chao1(np.array([6, 4, 1, 1, 1]), 0.95)
    assert found.value == pytest.approx(5 + 12 / 13 * 3)
    assert sample_coverage(np.array([6, 4, 1, 1, 1])) == pytest.approx(1 - 3 / 13 * (12 * 2) / (12 * 2 + 2))


@pytest.mark.parametrize("counts", [[9, 8, 4], [9, 8, 4, 1]])
def test_where_nothing_is_estimated_to_be_missing_there_is_no_upper_limit(counts):
    found = chao1(np.array(counts), 0.95)
    assert found.value == found.low == len(counts)
    assert math.isnan(found.high)
    assert new_kind_limits(np.array(counts), 0.95)[2] > 0.1


@given(COUNTS, st.floats(0.5, 0.99))
def test_estimates_lie_in_their_intervals_and_have_a_width(counts, level):
    found = chao1(counts, level)
    assert len(counts) <= found.low <= found.value
    assert math.isnan(found.high) or found.value <= found.high
    assert whole_kinds(found).low <= found.low
    chance, low, high = new_kind_limits(counts, level)
    assert 0 <= low <= chance <= high <= 1
    assert low < high
    assert 0 <= sample_coverage(counts) <= 1


def test_rarefaction_is_the_mean_over_all_samples():
    counts = np.array([4, 2, 1, 1])
    kinds = [kind for kind, count in enumerate(counts) for _ in range(count)]
    found = accumulation(counts, 0.95, 20, np.random.default_rng(0))
    for size, value in zip(found.sizes, found.kinds, strict=True):
        if size <= 8:
            samples = list(itertools.combinations(range(8), int(size)))
            slow = np.mean([len({kinds[place] for place in sample}) for sample in samples])
            assert value == pytest.approx(slow)


def test_extrapolation_is_the_published_formula_and_tends_to_the_richness():
    """Colwell et al. 2012, equation 9: S + f0 (1 - (1 - f1 / (n f0 + f1))^m)."""
    counts = np.array([10, 8, 5, 2, 2, 1, 1, 1])
    found = accumulation(counts, 0.95, 20, np.random.default_rng(0))
    unseen = chao1(counts, 0.95).value - 8
    beyond = found.sizes[-1] - 30
    assert beyond == 30
    assert found.kinds[-1] == pytest.approx(8 + unseen * (1 - (1 - 3 / (30 * unseen + 3)) ** beyond))
    assert (np.diff(found.kinds) >= 0).all()
    assert (found.low <= found.kinds).all()
    assert (found.kinds <= found.high).all()


def test_the_curve_foretells_what_more_failures_bring():
    rng = np.random.default_rng(1)
    shares = 0.9 ** np.arange(60)
    shares /= shares.sum()
    foretold, came = [], []
    for _ in range(150):
        first, second = rng.multinomial(100, shares, size=2)
        foretold.append(accumulation(first[first > 0], 0.95, 20, rng).kinds[-1])
        came.append(((first + second) > 0).sum())
    assert np.mean(foretold) == pytest.approx(np.mean(came), rel=0.05)
