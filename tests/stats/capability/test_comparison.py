"""Correlations of two classes and of two halves, against rows literally deleted."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from measurand.stats.capability.comparison import difference_limits, half_replicates, joint_replicates
from measurand.stats.capability.pca import first_component


def table(seed, n, k=4, m=2):
    rng = np.random.default_rng(seed)
    ability = rng.standard_normal((n, 1))
    return ability + 0.5 * rng.standard_normal((n, k)), 0.6 * ability + 0.8 * rng.standard_normal((n, m))


def spearman(score, columns):
    return [
        stats.spearmanr(score[np.isfinite(c)], c[np.isfinite(c)]).statistic if np.isfinite(c).sum() > 1 else np.nan
        for c in columns.T
    ]


def test_a_family_is_left_out_of_every_class_at_once():
    first, second = table(0, 14), table(1, 18)
    first[1][3, 0] = np.nan
    names = [[f"f{i % 4}" for i in range(14)], [f"f{i % 5}" for i in range(18)]]
    found = joint_replicates([first[0], second[0]], [first[1], second[1]], names)
    for values, (capability, tested), families in zip(found, (first, second), names, strict=True):
        assert values.left_out.shape == (5, 2)
        np.testing.assert_array_equal(values.n, np.isfinite(tested).sum(axis=0))
        np.testing.assert_allclose(values.value, spearman(first_component(capability).scores, tested))
        for row, part, family in zip(values.left_out, values.takes_part, [f"f{g}" for g in range(5)], strict=True):
            kept = [name != family for name in families]
            assert (part == (family in families)).all()
            np.testing.assert_allclose(row, spearman(first_component(capability[kept]).scores, tested[kept]))


def test_a_class_of_one_family_has_no_replicate_without_it():
    capability, tested = table(2, 10)
    other = table(3, 12)
    names = [["only"] * 10, [f"f{i % 3}" for i in range(12)]]
    first, second = joint_replicates([capability, other[0]], [tested, other[1]], names)
    families = sorted({*names[0], *names[1]})
    gone = families.index("only")
    assert np.isnan(first.left_out[gone]).all()
    np.testing.assert_allclose(second.left_out[gone], second.value)
    assert not second.takes_part[gone].any()
    assert np.isnan(second.of_own_families()[gone]).all()


@pytest.mark.parametrize("n", [20, 21])
def test_halves_are_split_by_the_full_samples_median_and_families_deleted(n):
    capability, tested = table(4, n)
    tested[5, 1] = np.nan
    families = np.arange(n) % 5
    score = first_component(capability).scores
    upper = score > np.median(score)
    found = half_replicates(capability, tested, families)
    for half, values in zip((~upper, upper), found, strict=True):
        np.testing.assert_allclose(values.value, spearman(score[half], tested[half]))
        for family in range(5):
            kept = families != family
            refitted = first_component(capability[kept]).scores
            within = half[kept]
            np.testing.assert_allclose(values.left_out[family], spearman(refitted[within], tested[kept][within]))


def test_many_families_are_left_out_in_sixty_blocks():
    capability, tested = table(5, 130)
    lower, upper = half_replicates(capability, tested, np.arange(130))
    assert lower.left_out.shape == upper.left_out.shape == (60, 2)
    both = joint_replicates([capability], [tested], [[str(i) for i in range(130)]])
    assert both[0].left_out.shape == (60, 2)


def test_the_difference_is_judged_over_the_families_that_either_class_has():
    first, second = table(6, 20), table(7, 24)
    names = [[f"f{i % 4}" for i in range(20)], [f"f{i % 6}" for i in range(24)]]
    one, other = joint_replicates([first[0], second[0]], [first[1], second[1]], names)
    change, low, high = difference_limits(one, other, 0.9)
    replicates = one.left_out - other.left_out
    se = np.sqrt(5 / 6 * ((replicates - replicates.mean(axis=0)) ** 2).sum(axis=0))
    half = stats.t.ppf(0.95, 5) * se
    np.testing.assert_allclose(change, one.value - other.value)
    np.testing.assert_allclose(low, np.maximum(change - half, -2))
    np.testing.assert_allclose(high, np.minimum(change + half, 2))
