"""Areas within strata against counting pairs, with clusters left out one by one; differences against DeLong's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from measurand.stats.hiding.areas import Pairing
from measurand.stats.texts.two_sample import auroc, auroc_difference, auroc_limits


def counted(scores, positive, strata):
    """Area by looking at every pair of a stratum: each counts one in the texts of its stratum."""
    wins = weights = 0.0
    for stratum in set(strata):
        texts = [place for place, own in enumerate(strata) if own == stratum]
        for one in texts:
            for zero in texts:
                if positive[one] and not positive[zero]:
                    weights += 1 / len(texts)
                    won = 1.0 if scores[one] > scores[zero] else 0.5 if scores[one] == scores[zero] else 0.0
                    wins += won / len(texts)
    return wins / weights if weights else float("nan")


studies = st.integers(4, 25).flatmap(
    lambda n: st.tuples(
        st.lists(st.integers(0, 4), min_size=n, max_size=n),
        st.lists(st.booleans(), min_size=n, max_size=n),
        st.lists(st.integers(0, 3), min_size=n, max_size=n),
        st.lists(st.integers(0, 5), min_size=n, max_size=n),
    )
)


@given(studies)
def test_the_area_is_the_share_of_pairs_within_strata(study):
    scores, positive, strata, _ = study
    pairing = Pairing.of(positive, strata)
    assert pairing.value(scores) == pytest.approx(counted(scores, positive, strata), nan_ok=True)
    told = {s for s in strata if {True, False} <= {p for p, own in zip(positive, strata, strict=True) if own == s}}
    assert pairing.compared.tolist() == [own in told for own in strata]


@given(studies)
def test_clusters_are_left_out_one_by_one(study):
    scores, positive, strata, clusters = (np.array(part) for part in study)
    pairing = Pairing.of(positive, strata, clusters)
    whole = pairing.value(scores)
    if np.isnan(whole):
        return
    slow = []
    for cluster in sorted(set(clusters)):
        kept = clusters != cluster
        left = counted(scores[kept], positive[kept], strata[kept].tolist())
        slow.append(whole if np.isnan(left) else left)
    assert pairing._left_out(scores.astype(float)) == pytest.approx(slow)


def test_with_one_stratum_it_is_the_ordinary_area_with_newcombes_interval():
    rng = np.random.default_rng(0)
    scores, labels = rng.normal(size=70), np.arange(70) < 30
    found = Pairing.of(labels).area(scores, 0.9)
    assert found.value == pytest.approx(auroc(scores, labels))
    assert (found.low, found.high) == pytest.approx(auroc_limits(auroc(scores, labels), 30, 40, 0.9))


def test_what_the_stratum_alone_tells_tells_nothing():
    """A password of three tokens before every negative: length has an area of 0 over all, and none within lengths."""
    lengths = np.concatenate([np.arange(20), np.arange(20) + 3])
    positive = np.arange(40) < 20
    assert Pairing.of(positive).value(lengths) < 0.4
    assert Pairing.of(positive, lengths).value(lengths) == 0.5


def test_strata_of_one_sort_or_of_one_text_hold_no_pair():
    assert np.isnan(Pairing.of([True, False, True], [0, 1, 2]).value([1.0, 2.0, 3.0]))
    assert not Pairing.of([True, False, True], [0, 1, 2]).compared.any()
    some = Pairing.of([True, False, True, True], [0, 0, 1, 1])
    assert some.compared.tolist() == [True, True, False, False]
    assert some.value([2.0, 1.0, -9.0, -9.0]) == 1.0


def drawn(items, each, rng, *, area, of_item, lengths):
    """Texts of items, `each` of both sorts, that share a part of their score within an item and sort."""
    item = np.repeat(np.arange(items), 2 * each)
    positive = np.tile(np.repeat([True, False], each), items)
    stratum = rng.integers(0, lengths, items)[item]
    own = rng.standard_normal((items, 2))[item, positive.astype(int)]
    noise = rng.standard_normal(len(item))
    shift = np.sqrt(2) * stats.norm.ppf(area)
    return np.sqrt(of_item) * own + np.sqrt(1 - of_item) * noise + shift * positive, positive, stratum, item


@pytest.mark.parametrize(("area", "of_item"), [(0.5, 0.0), (0.5, 0.8), (0.9, 0.8)])
def test_limits_by_item_hold_the_area_and_those_that_take_texts_for_independent_do_not(area, of_item):
    rng = np.random.default_rng(1)
    held, alone = [], []
    for _ in range(300):
        scores, positive, stratum, item = drawn(30, 3, rng, area=area, of_item=of_item, lengths=4)
        limits = Pairing.of(positive, stratum, item).area(scores, 0.95)
        held.append(limits.low <= area <= limits.high)
        limits = Pairing.of(positive, stratum).area(scores, 0.95)
        alone.append(limits.low <= area <= limits.high)
    # 300 draws at 95%: .912 is three standard errors below.
    assert np.mean(held) > 0.912
    if of_item:
        assert np.mean(alone) < 0.88


def test_paired_sorts_of_an_item_narrow_the_limits_and_still_hold():
    rng = np.random.default_rng(2)
    held, width, independent = [], [], []
    for _ in range(300):
        item, positive = np.repeat(np.arange(40), 2), np.tile([True, False], 40)
        scores = 2 * rng.standard_normal(40)[item] + rng.standard_normal(80)
        limits = Pairing.of(positive, clusters=item).area(scores, 0.95)
        held.append(limits.low <= 0.5 <= limits.high)
        width.append(limits.high - limits.low)
        plain = Pairing.of(positive).area(scores, 0.95)
        independent.append(plain.high - plain.low)
    assert np.mean(held) > 0.912
    assert np.mean(width) < 0.8 * np.mean(independent)


def test_in_the_middle_of_the_scale_the_limits_are_near_delongs():
    rng = np.random.default_rng(1)
    labels = np.arange(2000) % 2 == 0
    common = rng.standard_normal(2000)
    first = common + rng.standard_normal(2000) + 0.6 * labels
    second = common + rng.standard_normal(2000) + 0.3 * labels
    value, stderr = auroc_difference(first, second, labels)
    found = Pairing.of(labels).difference(first, second, 0.95)
    assert found.value == pytest.approx(value)
    assert found.low == pytest.approx(value - 1.96 * stderr, abs=0.001)
    assert found.high == pytest.approx(value + 1.96 * stderr, abs=0.001)


def test_two_perfect_scores_are_not_told_apart_and_have_a_width():
    labels = np.arange(60) < 30
    found = Pairing.of(labels).difference(labels * 1.0, labels * 2.0, 0.95)
    assert found.value == 0
    assert found.low < -0.05 < 0.05 < found.high


def test_the_limits_of_a_difference_are_those_of_the_formula():
    """Zou 2007, with the limits and the correlation written out."""
    rng = np.random.default_rng(2)
    labels, strata, clusters = np.arange(80) % 2 == 0, np.arange(80) // 4 % 5, np.arange(80) // 2
    first, second = rng.standard_normal((2, 80)) + np.array([[1.5], [0.5]]) * labels
    pairing = Pairing.of(labels, strata, clusters)
    (a, la, ua), (b, lb, ub) = pairing.area(first, 0.95), pairing.area(second, 0.95)
    without = [
        [counted(s[kept], labels[kept], strata[kept].tolist()) for kept in (clusters != c for c in range(40))]
        for s in (first, second)
    ]
    r = np.corrcoef(*without)[0, 1]
    found = pairing.difference(first, second, 0.95)
    low = np.sqrt((a - la) ** 2 + (ub - b) ** 2 - 2 * r * (a - la) * (ub - b))
    high = np.sqrt((ua - a) ** 2 + (b - lb) ** 2 - 2 * r * (ua - a) * (b - lb))
    assert (found.low, found.high) == pytest.approx((a - b - low, a - b + high))


@given(st.integers(2, 30), st.integers(2, 30), st.integers(0, 10_000))
def test_every_difference_lies_within_its_limits(positives, negatives, seed):
    rng = np.random.default_rng(seed)
    labels = np.arange(positives + negatives) < positives
    first, second = rng.integers(0, 3, (2, len(labels)))
    found = Pairing.of(labels, clusters=rng.integers(0, 9, len(labels))).difference(first, second, 0.95)
    assert -1 <= found.low <= found.value <= found.high <= 1


def test_an_area_that_can_be_found_is_found_that_often():
    rng = np.random.default_rng(3)
    labels = np.arange(120) < 60
    for strata in (np.zeros(120), np.arange(120) % 60 // 12):
        pairing = Pairing.of(labels, strata)
        wanted = pairing.findable(0.95, 0.8)
        shift = np.sqrt(2) * stats.norm.ppf(wanted)
        found = [pairing.area(rng.standard_normal(120) + shift * labels, 0.95).low > 0.5 for _ in range(400)]
        assert np.mean(found) == pytest.approx(0.8, abs=0.06)
    assert Pairing.of(np.arange(4) < 2).findable(0.95, 0.8) == 1.0
