"""Areas, classifiers and two-sample tests against the obvious ways and other packages."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import roc_auc_score

from measurand.stats.texts.two_sample import (
    FOLDS,
    PENALTY,
    TextClassifier,
    auroc,
    auroc_difference,
    auroc_limits,
    classifier_test,
    kernel_test,
    main_direction,
    order_test,
    shifted_labels,
    text_features,
)


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=30))
def test_the_area_is_the_share_of_pairs_in_order(rows):
    ones, zeros = ([score for score, label in rows if label is sort] for sort in (True, False))
    if ones and zeros:
        pairs = [(one > zero) + 0.5 * (one == zero) for one in ones for zero in zeros]
        assert auroc([score for score, _ in rows], [label for _, label in rows]) == pytest.approx(np.mean(pairs))


def test_the_area_is_that_of_scikit_learn():
    rng = np.random.default_rng(0)
    labels, scores = rng.random(200) < 0.3, rng.normal(size=200).round(1)
    assert auroc(scores, labels) == pytest.approx(roc_auc_score(labels, scores))


def test_limits_solve_newcombes_equation_and_hold_their_level():
    low, high = auroc_limits(0.7, 40, 60, 0.95)
    for limit in (low, high):
        spread = limit * (1 - limit) / 2400 * (1 + 49 * ((1 - limit) / (2 - limit) + limit / (1 + limit)))
        assert abs(0.7 - limit) == pytest.approx(1.959964 * np.sqrt(spread), abs=1e-6)
    assert auroc_limits(0.0, 20, 20, 0.95)[0] == 0
    assert auroc_limits(0.0, 20, 20, 0.95)[1] == pytest.approx(1 - auroc_limits(1.0, 20, 20, 0.95)[0])
    rng = np.random.default_rng(1)
    truth = stats.norm.cdf(0.8 / np.sqrt(2))
    hits = 0
    for _ in range(400):
        scores = np.concatenate([rng.normal(0.8, 1, 30), rng.normal(0, 1, 30)])
        low, high = auroc_limits(auroc(scores, np.arange(60) < 30), 30, 30, 0.95)
        hits += low <= truth <= high
    assert 0.92 <= hits / 400 <= 0.99


def test_the_difference_is_delongs():
    rng = np.random.default_rng(2)
    labels = np.arange(40) < 15
    first, second = rng.normal(size=40) + labels, rng.normal(size=40).round(1)

    def placements(scores):
        ones, zeros = scores[labels], scores[~labels]
        wins = (ones[:, None] > zeros[None, :]) + 0.5 * (ones[:, None] == zeros[None, :])
        return wins.mean(axis=1), wins.mean(axis=0)

    (above_1, below_1), (above_2, below_2) = placements(first), placements(second)
    variance = np.cov(np.stack([above_1, above_2]))[[0, 1, 0], [0, 1, 1]] @ [1, 1, -2] / 15
    variance += np.cov(np.stack([below_1, below_2]))[[0, 1, 0], [0, 1, 1]] @ [1, 1, -2] / 25
    value, stderr = auroc_difference(first, second, labels)
    assert value == pytest.approx(auroc(first, labels) - auroc(second, labels))
    assert stderr == pytest.approx(np.sqrt(variance))


def test_the_classifier_is_ridge_regression_fitted_without_the_fold():
    rng = np.random.default_rng(3)
    features = rng.normal(size=(30, 4))
    labels = (rng.random((30, 2)) < 0.4) | (features[:, :1] > 1)
    classifier = TextClassifier.of(features @ features.T, np.random.default_rng(4))
    centred = features - features.mean(axis=0)
    target = labels - labels.mean(axis=0)
    wanted = np.zeros(labels.shape)
    for split in classifier.folds:
        assert len(split) == FOLDS
        for part in split:
            rest = np.setdiff1d(np.arange(30), part)
            own = centred[rest]
            weights = np.linalg.solve(own.T @ own + PENALTY * np.eye(4), own.T @ target[rest])
            wanted[part] += centred[part] @ weights / len(classifier.folds)
    assert classifier.said(labels) == pytest.approx(wanted)


def test_the_discrepancy_is_the_difference_of_mean_products():
    rng = np.random.default_rng(5)
    features, labels = rng.normal(size=(12, 3)), np.arange(12) < 5
    products = features @ features.T
    one = np.mean([products[i, j] for i in range(5) for j in range(5) if i != j])
    zero = np.mean([products[i, j] for i in range(5, 12) for j in range(5, 12) if i != j])
    across = products[:5, 5:].mean()
    found, power = kernel_test(products, labels, permutations=100, level=0.95, rng=rng)
    assert found.value == pytest.approx(one + zero - 2 * across)
    assert np.isnan(power)


@pytest.mark.parametrize("test", [classifier_test, kernel_test])
def test_p_values_of_sets_that_are_alike_are_uniform(test):
    rng = np.random.default_rng(6)
    p_values = []
    for _ in range(120):
        features = rng.normal(size=(40, 5))
        products = features @ features.T
        p_values.append(test(products, np.arange(40) < 15, permutations=99, level=0.95, rng=rng)[0].p_value)
    assert np.mean(np.array(p_values) <= 0.05) <= 0.1
    assert 0.35 <= np.mean(p_values) <= 0.65


def test_power_is_the_share_of_shifted_labels_noticed():
    rng = np.random.default_rng(7)
    features = rng.normal(size=(200, 3))
    products = features @ features.T
    labels = np.arange(200) < 80
    strong, weak = (shifted_labels(features[:, 0], 80, area, 60, rng) for area in (0.85, 0.51))
    for test in (classifier_test, kernel_test):
        powers = [
            test(products, labels, permutations=200, level=0.95, rng=rng, shifted=shifted)[1]
            for shifted in (strong, weak)
        ]
        assert powers[0] > 0.9 > 0.3 > powers[1]


def test_an_order_is_tested_as_scipy_does():
    rng = np.random.default_rng(8)
    values, labels = rng.poisson(5, 60).astype(float), np.arange(60) < 20
    area, p_value, power = order_test(values, labels, 0.65, 0.95)
    assert area == pytest.approx(auroc(values, labels))
    assert p_value == stats.mannwhitneyu(values[labels], values[~labels]).pvalue
    assert 0.3 < power < 0.7
    assert order_test(values, labels, 0.8, 0.95)[2] > power


def test_shifted_labels_have_as_many_positives_and_the_main_direction_is_the_first_component():
    rng = np.random.default_rng(9)
    assert (shifted_labels(np.arange(50), 10, 0.7, 30, rng).sum(axis=0) == 10).all()
    features = rng.normal(size=(40, 3)) * [5, 1, 1]
    found = main_direction(features @ features.T)
    assert abs(np.corrcoef(found, features[:, 0])[0, 1]) > 0.99


def test_texts_without_any_word_have_features_and_every_script_has_words():
    products = text_features(["...", "!", "回 答", "回 问"])
    assert products[:2].sum() == 0
    assert products[2, 3] > 0
