"""Vendi scores, near-duplicates and reach against published values and slow definitions."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from measurand.stats.texts.diversity import (
    cosine,
    duplicates,
    expected_reach,
    neighbours,
    principal_plane,
    reach,
    similar,
    unit,
    vendi,
)
from measurand.stats.texts.two_sample import text_rows


def test_published_vendi_scores(shared):
    golden = json.loads((shared / "data/golden/vendi/expected.json").read_text())
    assert vendi(np.array(golden["K"], dtype=float)) == pytest.approx(2.15730048, abs=1e-8)
    assert vendi(np.array(golden["K"], dtype=float)) == pytest.approx(golden["VS"], abs=1e-10)
    samples = np.array(golden["samples"], dtype=float)
    kernel = np.exp(-np.abs(samples[:, None] - samples[None, :]))
    assert vendi(kernel) == pytest.approx(2.99999999588, abs=1e-10)
    assert vendi(kernel) == pytest.approx(golden["VS_samples"], abs=1e-10)


@pytest.mark.parametrize("digit", range(10))
def test_published_vendi_scores_of_digits(shared, digit):
    datasets = pytest.importorskip("sklearn.datasets")
    golden = json.loads((shared / "data/golden/vendi/expected.json").read_text())
    images, labels = datasets.load_digits(return_X_y=True)
    found = vendi(cosine(images[labels == digit].astype(float)))
    assert round(found, 4) == golden["sklearn_digits_cosine_VS"][digit]


@given(st.integers(1, 12))
def test_vendi_counts_equally_frequent_different_items(n):
    assert vendi(np.eye(n)) == pytest.approx(n)
    assert vendi(np.ones((n, n))) == pytest.approx(1)
    assert vendi(np.kron(np.eye(n), np.ones((3, 3)))) == pytest.approx(n)


@given(st.permutations(range(8)))
def test_the_order_of_the_rows_does_not_matter(order):
    similarity = cosine(np.random.default_rng(0).random((8, 3)))
    assert vendi(similarity[np.ix_(order, order)]) == pytest.approx(vendi(similarity))


def test_a_row_of_zeros_is_like_itself_alone():
    assert cosine(np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 0.0]])).tolist() == np.eye(3).tolist()


def test_neighbours_are_the_slow_definition():
    similarity = cosine(np.random.default_rng(1).standard_normal((15, 4)))
    near, close = neighbours(similarity, 3), neighbours(similarity, least=0.4)
    for i in range(15):
        others = sorted((j for j in range(15) if j != i), key=lambda j: -similarity[i, j])
        assert set(np.flatnonzero(near[i])) == set(others[:3])
        assert set(np.flatnonzero(close[i])) == {j for j in others if similarity[i, j] >= 0.4}


def test_near_duplicates_hang_together():
    # 0-1-2 in a chain, 3 alone, 4-5 a pair.
    similarity = np.eye(6)
    for i, j in ((0, 1), (1, 2), (4, 5)):
        similarity[i, j] = similarity[j, i] = 0.97
    found = duplicates(neighbours(similarity, least=0.95), 0.9)
    assert (found.count, found.groups, found.n) == (5, 2, 6)
    # Two groups of three drawn: scipy's exact interval, turned from groups of 2.5 to rows.
    exact = stats.binomtest(2, 3).proportion_ci(0.9, method="exact")
    expected = [p * 2.5 / (p * 2.5 + 1 - p) for p in (exact.low, exact.high)]
    assert [found.low, found.high] == pytest.approx(expected)
    none = duplicates(neighbours(np.eye(20), least=0.95), 0.95)
    assert (none.count, none.low) == (0, 0)
    assert 0 < none.high < 0.3


@pytest.mark.parametrize("least", [0.3, 0.6, 0.95])
@pytest.mark.parametrize("seed", range(3))
def test_similar_rows_are_those_of_all_products_dense_or_sparse(least, seed, monkeypatch):
    monkeypatch.setattr("measurand.stats.texts.diversity._BLOCK", 37)
    rng = np.random.default_rng(seed)
    texts = [" ".join(f"w{word}" for word in rng.integers(0, 40, 7)) for _ in range(120)]
    rows = text_rows([*texts, *(f"{text} w1" for text in texts[:30]), "...", "!"])
    dense = rows.toarray()
    assert np.allclose(unit(dense), dense)
    wanted = {(i, j) for i, j in zip(*np.nonzero(dense @ dense.T >= least), strict=True) if i < j}
    for form in (rows, dense):
        assert set(zip(*similar(form, least).nonzero(), strict=True)) == wanted
    assert wanted


def test_copies_of_a_row_are_counted_with_it():
    near = np.zeros((4, 4), dtype=bool)
    near[0, 1] = True
    found = duplicates(near, 0.95, np.array([1, 1, 3, 1]))
    assert (found.count, found.groups, found.n) == (5, 2, 6)


def test_reach_is_exact_for_few_rows():
    similarity = cosine(np.random.default_rng(2).standard_normal((7, 3)))
    near = neighbours(similarity, 2)
    reference = np.array([True, False, True, True, False, False, True])

    def share(chosen):
        return np.mean([any(near[i, j] for j in range(7) if j not in chosen) for i in chosen])

    seen = share(set(np.flatnonzero(reference)))
    every = [share(set(chosen)) for chosen in itertools.combinations(range(7), 4)]
    found = reach(near, reference, 20_000, np.random.default_rng(0))
    assert found.share == seen
    assert found.covered.mean() == seen
    assert found.null == pytest.approx(np.mean(every), abs=0.01)
    assert found.p_value == pytest.approx(np.mean(np.array(every) <= seen + 1e-9), abs=0.01)


@pytest.mark.parametrize(("reference", "items", "k"), [(40, 40, 5), (60, 20, 3), (20, 60, 1)])
def test_the_expected_reach_is_the_mean_over_relabellings(reference, items, k):
    # Naeem et al. 2020, Lemma 2, holds for any vectors.
    similarity = cosine(np.random.default_rng(3).standard_normal((reference + items, 5)))
    labels = np.arange(reference + items) < reference
    found = reach(neighbours(similarity, k), labels, 4000, np.random.default_rng(0))
    assert found.null == pytest.approx(expected_reach(reference, items, k), abs=0.01)


def test_topics_left_out_are_not_reached():
    rng = np.random.default_rng(4)
    centres = np.eye(4) * 5
    rows = np.repeat(centres, 20, axis=0) + 0.1 * rng.standard_normal((80, 4))
    items = rows[:40] + 0.05 * rng.standard_normal((40, 4))
    labels = np.r_[np.zeros(40, bool), np.ones(80, bool)]
    found = reach(neighbours(cosine(np.vstack([items, rows])), 5), labels, 199, rng)
    assert not found.covered[40:].any()
    assert found.covered[:40].mean() > 0.9
    assert found.p_value <= 0.01


def test_the_plane_keeps_distances_of_flat_data():
    rng = np.random.default_rng(5)
    flat = rng.standard_normal((12, 2))
    found = principal_plane(flat @ flat.T)
    gaps = [np.linalg.norm(x[:, None] - x[None, :], axis=2) for x in (flat, found)]
    np.testing.assert_allclose(gaps[0], gaps[1], atol=1e-9)
    assert found[:, 0].var() >= found[:, 1].var()
