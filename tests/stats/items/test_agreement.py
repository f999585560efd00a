"""Agreement of graders against published values, other packages and definitions written out."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import stdtrit
from sklearn.metrics import cohen_kappa_score

from measurand.stats.intervals.binomial import clopper_pearson
from measurand.stats.items.agreement import cohen_kappa, confusion, krippendorff_alpha
from measurand.stats.items.corrections import prediction_powered, rogan_gladen


def rng():
    return np.random.default_rng(0)


def two_graders(n=60, seed=0, error=0.2, labels=2):
    drawn = np.random.default_rng(seed)
    first = drawn.integers(labels, size=n).astype(float)
    other = drawn.integers(labels, size=n).astype(float)
    return first, np.where(drawn.random(n) < error, other, first)


def slow_alpha(ratings, metric):
    """Krippendorff's coincidence definition: pairs of ratings within samples against pairs over all of them."""

    def differ(a, b):
        return float(a != b) if metric == "nominal" else (a - b) ** 2

    units = [column[np.isfinite(column)] for column in ratings.T]
    units = [unit for unit in units if len(unit) >= 2]
    everything = np.concatenate(units)
    n = len(everything)
    observed = sum(
        differ(unit[i], unit[j]) / (len(unit) - 1) for unit in units for i in range(len(unit)) for j in range(len(unit))
    )
    expected = sum(differ(a, b) for a in everything for b in everything) / (n - 1)
    return 1 - observed / expected


def test_kappa_of_a_published_table():
    # The first worked example of Wikipedia's article on Cohen's kappa (grant proposals): 0.40.
    first, second = np.repeat([1.0, 1, 0, 0], [20, 5, 10, 15]), np.repeat([1.0, 0, 1, 0], [20, 5, 10, 15])
    assert cohen_kappa(first, second)[0] == pytest.approx(0.4)


@pytest.mark.parametrize("labels", [2, 4])
@pytest.mark.parametrize("seed", range(3))
def test_kappa_equals_scikit_learn(seed, labels):
    first, second = two_graders(seed=seed, labels=labels)
    assert cohen_kappa(first, second)[0] == pytest.approx(cohen_kappa_score(first, second))


def test_the_interval_of_kappa_has_the_standard_error_of_fleiss_cohen_and_everitt():
    first, second = two_graders(200, labels=3)
    _, counts = confusion(first, second)
    p = counts / counts.sum()
    rows, columns, agreed = p.sum(axis=1), p.sum(axis=0), np.trace(p)
    chance = rows @ columns
    kappa = (agreed - chance) / (1 - chance)
    terms = sum(p[i, i] * (1 - (rows[i] + columns[i]) * (1 - kappa)) ** 2 for i in range(3))
    terms += (1 - kappa) ** 2 * sum(p[i, j] * (columns[i] + rows[j]) ** 2 for i in range(3) for j in range(3) if i != j)
    # Their formula has n where the cluster-robust one, each sample a cluster, has n - 1.
    se = np.sqrt((terms - (kappa - chance * (1 - kappa)) ** 2) / 199) / (1 - chance)
    half = stdtrit(199, 0.975) * se / (1 - kappa)
    value, low, high = cohen_kappa(first, second)
    assert (value, low, high) == pytest.approx((kappa, 1 - (1 - kappa) * np.exp(half), 1 - (1 - kappa) * np.exp(-half)))


def test_repeated_samples_say_no_more_once_they_are_clusters():
    first, second = two_graders(80)
    once = cohen_kappa(first, second)
    many = cohen_kappa(np.tile(first, 5), np.tile(second, 5), np.tile(np.arange(80), 5))
    assert many == pytest.approx(once)
    naive = cohen_kappa(np.tile(first, 5), np.tile(second, 5))
    assert naive[2] - naive[1] < 0.6 * (once[2] - once[1])


def test_graders_that_never_disagree_are_not_certain_to_agree():
    labels = np.repeat([0.0, 1.0], [30, 20])
    value, low, high = cohen_kappa(labels, labels)
    least = float(clopper_pearson(50, 50, 0.95)[0])
    assert (value, high) == (1, 1)
    assert low == pytest.approx((least - 0.52) / 0.48)
    clustered = cohen_kappa(labels, labels, np.arange(50) // 5)
    assert clustered[1] < low


@pytest.mark.parametrize("second", [np.ones(20), np.zeros(0)])
def test_kappa_of_one_label_or_of_nothing_is_undefined(second):
    assert np.isnan(cohen_kappa(np.ones(len(second)), second)).all()


def test_one_grader_that_never_varies_has_kappa_0():
    assert cohen_kappa(np.ones(20), np.repeat([0.0, 1.0], 10))[0] == pytest.approx(0)


def test_one_cluster_has_no_interval():
    first, second = two_graders()
    value, low, high = cohen_kappa(first, second, np.zeros(60, dtype=int))
    assert np.isfinite(value)
    assert np.isnan([low, high]).all()


def test_krippendorff_alpha_of_the_evalica_codings(shared):
    with open(shared / "data/precision/evalica/codings.csv", newline="") as file:
        rows = [[float(cell) if cell else np.nan for cell in row] for row in csv.reader(file)]
    ratings = np.array(rows)
    # Krippendorff 2011, example C: nominal 0.743, interval 0.849; evalica prints .7434211.
    assert krippendorff_alpha(ratings, rng=rng())[0] == pytest.approx(0.7434211, abs=5e-8)
    assert krippendorff_alpha(ratings, "interval", rng=rng())[0] == pytest.approx(0.849, abs=5e-4)


@pytest.mark.parametrize("metric", ["nominal", "interval"])
@pytest.mark.parametrize("seed", range(3))
def test_krippendorff_alpha_equals_its_definition(metric, seed):
    drawn = np.random.default_rng(seed)
    ratings = drawn.integers(1, 5, size=(4, 15)).astype(float) + 100
    ratings[drawn.random(ratings.shape) < 0.3] = np.nan
    assert krippendorff_alpha(ratings, metric, rng=rng())[0] == pytest.approx(slow_alpha(ratings, metric))


@pytest.mark.parametrize("metric", ["nominal", "interval"])
def test_its_interval_is_the_percentile_bootstrap_of_clusters(metric):
    first, second = two_graders(40, labels=3)
    ratings, clusters = np.stack([first, second]), np.arange(40) % 10
    _, low, high = krippendorff_alpha(ratings, metric, clusters, resamples=300, rng=rng())
    weights = rng().multinomial(10, np.full(10, 0.1), size=300)
    values = [slow_alpha(np.repeat(ratings, row[clusters], axis=1), metric) for row in weights]
    assert (low, high) == pytest.approx(tuple(np.quantile(values, [0.025, 0.975])))


@pytest.mark.parametrize(
    "ratings", [np.ones((2, 9)), np.array([[1.0, np.nan], [np.nan, 0.0]]), np.full((3, 4), np.nan)]
)
def test_krippendorff_alpha_without_pairs_or_differences_is_undefined(ratings):
    assert np.isnan(krippendorff_alpha(ratings, rng=rng())).all()


def test_perfect_agreement_has_alpha_1_and_no_interval():
    value, low, high = krippendorff_alpha(np.tile([0.0, 1.0, 1.0], (2, 5)), rng=rng())
    assert value == 1
    assert np.isnan([low, high]).all()


@settings(max_examples=30)
@given(st.integers(0, 1000))
def test_order_of_samples_and_names_of_labels_do_not_matter(seed):
    drawn = np.random.default_rng(seed)
    first, second = two_graders(30, seed=seed, labels=3)
    order, names = drawn.permutation(30), drawn.permutation(3).astype(float) * 7
    renamed = [names[grader[order].astype(int)] for grader in (first, second)]
    np.testing.assert_allclose(cohen_kappa(*renamed), cohen_kappa(first, second))
    alpha = krippendorff_alpha(np.stack([first, second]), rng=rng())[0]
    assert krippendorff_alpha(np.stack(renamed), rng=rng())[0] == pytest.approx(alpha)
    assert cohen_kappa(second, first) == pytest.approx(cohen_kappa(first, second))


def labelled_part(n=400, hand=100, rate=0.3, sensitivity=0.85, specificity=0.9, seed=0):
    drawn = np.random.default_rng(seed)
    truth = (drawn.random(n) < rate).astype(float)
    graded = (drawn.random(n) < np.where(truth > 0, sensitivity, 1 - specificity)).astype(float)
    return graded, np.where(drawn.permutation(n) < hand, truth, np.nan)


def test_rogan_gladen_by_its_formula():
    graded, labels = labelled_part()
    hand = np.isfinite(labels)
    se, sp = graded[hand & (labels == 1)].mean(), 1 - graded[hand & (labels == 0)].mean()
    found = rogan_gladen(graded, labels)
    assert found.rate[0] == pytest.approx((graded.mean() + sp - 1) / (se + sp - 1))
    assert (found.sensitivity[0], found.specificity[0]) == pytest.approx((se, sp))
    positives = int((labels == 1).sum())
    assert found.sensitivity[1] == pytest.approx(float(clopper_pearson(se * positives, positives, 0.95)[0]))
    assert found.rate[1] < found.rate[0] < found.rate[2]


def test_a_perfect_record_in_a_small_part_is_not_taken_as_certain():
    truth = np.repeat([1.0, 0.0], [300, 700])
    labels = np.where(np.arange(1000) % 25 == 0, truth, np.nan)
    low, high = rogan_gladen(truth, labels).rate[1:]
    assert high - low > 0.1
    low, high = prediction_powered(truth, labels)[1:]
    assert high - low > 0.07


@pytest.mark.parametrize(
    ("graded", "labels"),
    [
        (np.ones(30), np.full(30, np.nan)),
        (np.ones(30), np.ones(30)),
        (np.repeat([1.0, 0.0], 15), np.repeat([0.0, 1.0], 15)),
    ],
)
def test_rogan_gladen_without_both_labels_or_above_chance_is_undefined(graded, labels):
    assert np.isnan(rogan_gladen(graded, labels).rate).all()


def test_prediction_powered_mean_by_the_formula_of_ppi_plus_plus():
    graded, labels = labelled_part(seed=2)
    hand = np.isfinite(labels)
    y, f, rest = labels[hand], graded[hand], graded[~hand]
    n, unlabelled = len(y), len(rest)
    weight = np.cov(y, f)[0, 1] / ((1 + n / unlabelled) * graded.var())
    value = y.mean() + weight * (rest.mean() - f.mean())
    assert prediction_powered(graded, labels)[0] == pytest.approx(value)
    variance = (y - weight * f).var() / (n - 1) + weight**2 * rest.var() / unlabelled
    scores = prediction_powered(graded * 3, labels * 3)
    half = stdtrit(n - 1, 0.975) * 3 * np.sqrt(variance)
    assert scores == pytest.approx((3 * value, 3 * value - half, 3 * value + half))


def test_a_useless_grader_leaves_the_hand_labels_alone():
    _, labels = labelled_part()
    value, low, high = prediction_powered(np.ones(400), labels)
    assert value == pytest.approx(np.nanmean(labels))
    assert low < value < high


def test_a_good_grader_sharpens_the_hand_labels():
    graded, labels = labelled_part(4000, 100, sensitivity=0.98, specificity=0.98)
    sharp, blunt = prediction_powered(graded, labels), prediction_powered(np.zeros(4000), labels)
    assert sharp[2] - sharp[1] < 0.6 * (blunt[2] - blunt[1])


@pytest.mark.parametrize(("hand", "finite"), [(0, 0), (1, 1), (400, 3)])
def test_prediction_powered_at_the_edges(hand, finite):
    graded, labels = labelled_part(hand=hand)
    found = prediction_powered(graded, labels)
    assert int(np.isfinite(found).sum()) == finite
    if hand == 400:
        assert found[0] == pytest.approx(labels.mean())


def test_clusters_widen_the_corrected_rates():
    graded, labels = labelled_part(600, 150, seed=4)
    clusters = np.argsort(np.argsort(graded + 0.1 * np.nan_to_num(labels), kind="stable")) // 30
    for function in (prediction_powered, lambda *args: rogan_gladen(*args).rate):
        _, low, high = function(graded, labels)
        _, least, most = function(graded, labels, clusters)
        assert most - least > high - low


def test_unequal_clusters_are_cr2_with_bell_mccaffrey_t_by_a_loop_over_clusters():
    first, second = two_graders(60, seed=4)
    codes = np.repeat(np.arange(7), [25, 12, 8, 6, 4, 3, 2])
    value, low, _ = cohen_kappa(first, second, codes)
    rate, other = first.mean(), second.mean()
    chance = rate * other + (1 - rate) * (1 - other)
    share_of = {1.0: (rate, other), 0.0: (1 - rate, 1 - other)}
    influence = [
        ((a == b) - (first == second).mean() - (1 - value) * (share_of[a][1] + share_of[b][0] - 2 * chance))
        / (1 - chance)
        for a, b in zip(first, second, strict=True)
    ]
    n = np.bincount(codes) / 60
    sums = np.array([sum(x for x, code in zip(influence, codes, strict=True) if code == c) for c in range(7)]) / 60
    variance = sum(s**2 / (1 - share) for s, share in zip(sums, n, strict=True))
    pairs = sum((n[c] * n[d]) ** 2 / ((1 - n[c]) * (1 - n[d])) for c in range(7) for d in range(7) if c != d)
    df = 1 / ((n**2).sum() + pairs)
    assert df < 4
    half = stdtrit(df, 0.975) * np.sqrt(variance) / (1 - value)
    assert low == pytest.approx(1 - (1 - value) * np.exp(half))
