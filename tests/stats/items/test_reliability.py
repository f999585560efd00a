"""Reliability by its textbook formula, by pairs where models ran different items, and against a simulated truth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from measurand.stats.items.reliability import (
    item_rest,
    items_run,
    length_needed,
    reliability,
    smallest_real_difference,
    split_half,
)


def draw(models=15, items=8, seed=0, missing=0.0):
    rng = np.random.default_rng(seed)
    scores = rng.standard_normal((models, 1)) + rng.standard_normal(items) + rng.standard_normal((models, items))
    scores[rng.random(scores.shape) < missing] = np.nan
    return scores


def textbook_alpha(scores):
    k = scores.shape[1]
    return k / (k - 1) * (1 - scores.var(axis=0, ddof=1).sum() / scores.sum(axis=1).var(ddof=1))


def test_alpha_is_that_of_a_published_example():
    # pingouin.cronbach_alpha of these three questions gives 0.7734375.
    scores = np.array(
        [[1, 2, 2, 3, 2, 2, 3, 3, 2, 3], [1, 1, 1, 2, 3, 3, 2, 3, 3, 3], [1, 1, 2, 1, 2, 3, 3, 3, 2, 3]], dtype=float
    ).T
    assert reliability(scores).alpha[0] == pytest.approx(0.7734375)


@pytest.mark.parametrize("seed", range(5))
def test_complete_data_give_the_textbook_alpha_and_standard_error(seed):
    scores = draw(seed=seed)
    found = reliability(scores)
    alpha = textbook_alpha(scores)
    assert found.alpha[0] == pytest.approx(alpha)
    assert found.sem[0] == pytest.approx(scores.mean(axis=1).std(ddof=1) * np.sqrt(1 - alpha))


def test_for_right_and_wrong_alpha_is_kr_20_with_the_same_ddof_above_and_below():
    scores = (draw(20, 10) > 0).astype(float)
    p, k, n = scores.mean(axis=0), 10, 20
    total = scores.sum(axis=1)
    # Kuder and Richardson's formula 20 with n in every denominator: the n / (n - 1) cancels only if it is in both.
    kr20 = k / (k - 1) * (1 - (p * (1 - p)).sum() / (((total - total.mean()) ** 2).sum() / n))
    assert reliability(scores).alpha[0] == pytest.approx(kr20)


def pairwise(scores, clusters):
    """Mean variance, mean covariance of two items and of two of different clusters, a pair and a model at a time."""
    k = scores.shape[1]
    ran = np.isfinite(scores)
    runs, means = ran.sum(axis=0), np.nanmean(scores, axis=0)
    sums, freedom = {True: 0.0, False: 0.0}, {True: 0.0, False: 0.0}
    for a in range(k):
        for b in range(k):
            if a == b:
                continue
            both = ran[:, a] & ran[:, b]
            same = clusters[a] == clusters[b]
            sums[same] += ((scores[both, a] - means[a]) * (scores[both, b] - means[b])).sum()
            freedom[same] += both.sum() * (1 - 1 / runs[a] - 1 / runs[b] + both.sum() / (runs[a] * runs[b]))
    apart = sums[False] / freedom[False]
    together = (sums[False] + sums[True]) / (freedom[False] + freedom[True])
    return np.nanvar(scores, axis=0, ddof=1).mean(), together, apart


@pytest.mark.parametrize("missing", [0.0, 0.4])
@pytest.mark.parametrize("clustered", [False, True])
def test_reliability_equals_the_sum_over_pairs_of_items(missing, clustered):
    scores = draw(12, 9, seed=4, missing=missing)
    clusters = np.array([3, 0, 3, 1, 1, 0, 2, 7, 7]) if clustered else np.arange(9)
    found = reliability(scores, clusters if clustered else None)
    variance, together, apart = pairwise(scores, clusters)
    k = 12 / (1 / np.isfinite(scores).sum(axis=1)).sum()
    total = (variance + (k - 1) * together) / k
    assert found.alpha[0] == pytest.approx(apart / total)
    assert found.sem[0] == pytest.approx(np.sqrt(total - apart))


@pytest.mark.parametrize("clustered", [False, True])
@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_limits_are_the_jackknife_over_models_on_the_log_scale(clustered, missing):
    scores = draw(14, 9, seed=7, missing=missing)
    clusters = np.array([0, 0, 1, 1, 2, 2, 3, 3, 4]) if clustered else None
    left_out = np.array([reliability(np.delete(scores, i, axis=0), clusters).alpha[0] for i in range(14)])
    found = reliability(scores, clusters, level=0.9).alpha
    logs = np.log(1 - left_out)
    half = stats.t.ppf(0.95, 13) * np.sqrt(13 / 14 * ((logs - logs.mean()) ** 2).sum())
    centre = np.log(1 - found[0])
    assert found[1:] == pytest.approx((1 - np.exp(centre + half), 1 - np.exp(centre - half)))


@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_with_families_whole_families_are_left_out(missing):
    scores = draw(14, 9, seed=7, missing=missing)
    families = np.array([3, 3, 3, 3, 3, 3, 0, 0, 0, 5, 5, 1, 1, 2])
    left_out = np.array([reliability(scores[families != code]).alpha[0] for code in np.unique(families)])
    found = reliability(scores, families=families, level=0.9).alpha
    logs, equal = np.log(1 - left_out), 14**2 / (6**2 + 3**2 + 2**2 + 2**2 + 1)
    half = stats.t.ppf(0.95, equal - 1) * np.sqrt(4 / 5 * ((logs - logs.mean()) ** 2).sum())
    centre = np.log(1 - found[0])
    assert found[1:] == pytest.approx((1 - np.exp(centre + half), 1 - np.exp(centre - half)))


@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_a_family_per_model_is_no_family(missing):
    scores = draw(14, 9, seed=7, missing=missing)
    one, other = reliability(scores, families=np.arange(14)[::-1]), reliability(scores)
    assert (*one.alpha, *one.sem) == pytest.approx((*other.alpha, *other.sem))


def test_models_of_one_family_have_a_reliability_without_limits():
    found = reliability(draw(14, 9, seed=7), families=np.zeros(14, dtype=int)).alpha
    assert np.isfinite(found).tolist() == [True, False, False]


def test_pairs_within_clusters_do_not_count_as_agreement():
    rng = np.random.default_rng(1)
    passage = np.repeat(rng.standard_normal((200, 10)), 4, axis=1)
    scores = passage + 0.5 * rng.standard_normal((200, 40))
    clusters = np.repeat(np.arange(10), 4)
    assert reliability(scores).alpha[0] > 0.6
    assert abs(reliability(scores, clusters).alpha[0]) < 0.25


def test_what_is_missing_at_random_hardly_moves_the_covariances():
    scores, holes = draw(400, 30, seed=2), draw(400, 30, seed=2)
    holes[np.random.default_rng(0).random(holes.shape) < 0.5] = np.nan
    whole, half = reliability(scores).alpha[0], reliability(holes).alpha[0]
    stepped = 2 * half / (1 + half)
    assert stepped == pytest.approx(whole, abs=0.02)


@pytest.mark.parametrize(
    "scores",
    [
        np.ones((6, 5)),
        draw(2, 5),
        draw(6, 1),
        np.where(np.eye(6) > 0, 1.0, np.nan),
        np.full((6, 4), np.nan),
    ],
)
def test_undefined_stays_undefined(scores):
    assert np.isnan(reliability(scores).alpha).all()
    assert np.isnan(reliability(scores).sem).all()


def test_one_cluster_says_nothing_of_agreement_between_clusters():
    assert np.isnan(reliability(draw(), np.zeros(8, dtype=int)).alpha).all()


def test_perfect_agreement_has_no_interval():
    scores = np.repeat(np.arange(6.0)[:, None], 4, axis=1)
    alpha, low, high = reliability(scores).alpha
    assert alpha == pytest.approx(1)
    assert np.isnan([low, high]).all()


@settings(max_examples=25)
@given(st.integers(0, 200), st.sampled_from([0.0, 0.3]))
def test_order_shift_and_unit_do_not_matter(seed, missing):
    rng = np.random.default_rng(seed)
    scores = draw(12, 7, seed=seed, missing=missing)
    moved = 3 * scores[rng.permutation(12)][:, rng.permutation(7)] + rng.standard_normal(7)[rng.permutation(7)]
    found, again = reliability(scores), reliability(moved)
    np.testing.assert_allclose(again.alpha, found.alpha, atol=1e-8)
    np.testing.assert_allclose(again.sem, 3 * np.array(found.sem), atol=1e-8)


@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_item_rest_is_the_correlation_with_the_mean_of_the_others(missing):
    scores = draw(20, 6, seed=3, missing=missing)
    found = item_rest(scores)
    centred = scores - np.nanmean(scores, axis=0)
    for j in range(6):
        others = np.delete(centred, j, axis=1)
        rest = np.array([np.nanmean(row) if np.isfinite(row).any() else np.nan for row in others])
        use = np.isfinite(scores[:, j]) & np.isfinite(rest)
        assert found.correlation[j] == pytest.approx(np.corrcoef(scores[use, j], rest[use])[0, 1])
        rho = stats.spearmanr(scores[use, j], rest[use]).statistic
        assert found.p_negative[j] == pytest.approx(stats.norm.cdf(rho * np.sqrt(use.sum() - 1)))


def test_for_right_and_wrong_the_p_value_is_that_of_the_rank_sum_test():
    scores = (draw(30, 12, seed=5) > 0).astype(float)
    found = item_rest(scores).p_negative
    for j in range(12):
        rest = np.round(np.delete(scores, j, axis=1).sum(axis=1), 6)
        right, wrong = rest[scores[:, j] == 1], rest[scores[:, j] == 0]
        test = stats.mannwhitneyu(right, wrong, alternative="less", use_continuity=False, method="asymptotic")
        assert found[j] == pytest.approx(test.pvalue)


def test_the_rest_of_an_item_leaves_its_own_cluster_out():
    scores, clusters = draw(20, 6, seed=8), np.array([0, 0, 1, 1, 2, 2])
    found = item_rest(scores, clusters).correlation
    assert found[0] == pytest.approx(np.corrcoef(scores[:, 0], scores[:, 2:].sum(axis=1))[0, 1])


def test_items_all_models_score_alike_have_no_item_rest_correlation():
    scores = draw()
    scores[:, 2] = 1.0
    found = item_rest(scores)
    assert np.flatnonzero(np.isnan(found.correlation)).tolist() == [2]
    assert np.flatnonzero(np.isnan(found.p_negative)).tolist() == [2]


def test_split_halves_agree_with_alpha_where_items_are_alike():
    scores = draw(300, 20, seed=1)
    assert split_half(scores, np.random.default_rng(0)) == pytest.approx(reliability(scores).alpha[0], abs=0.01)


def test_the_two_halves_of_two_items_are_the_items():
    scores = draw(15, 2)
    r = np.corrcoef(scores.T)[0, 1]
    assert split_half(scores, np.random.default_rng(0)) == pytest.approx(2 * r / (1 + r))


def test_without_common_items_there_are_no_halves():
    assert np.isnan(split_half(np.where(np.eye(5) > 0, 1.0, np.nan), np.random.default_rng(0)))


def test_smallest_real_difference_is_exceeded_by_error_alone_at_its_level():
    rng = np.random.default_rng(0)
    differences = 0.03 * (rng.standard_normal(200_000) - rng.standard_normal(200_000))
    assert np.mean(np.abs(differences) > smallest_real_difference(0.03)) == pytest.approx(0.05, abs=0.002)


@given(st.floats(0.05, 0.95), st.integers(2, 500), st.floats(0.05, 0.95))
def test_the_length_needed_is_the_least_that_reaches_it(alpha, items, wanted):
    needed = length_needed(alpha, items, wanted)

    def reached(length):
        return length / items * alpha / (1 + (length / items - 1) * alpha)

    assert reached(needed) >= wanted - 1e-9
    assert needed <= 1 or reached(needed - 1) <= wanted


def test_items_run_is_the_harmonic_mean():
    assert items_run(np.array([[1.0, 1.0], [1.0, np.nan], [np.nan, np.nan]])) == pytest.approx(4 / 3)
