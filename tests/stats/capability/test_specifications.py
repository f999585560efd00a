"""Specifications one by one, and models picked by brute force."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from measurand.stats.capability import specifications
from measurand.stats.capability.capabilities import moderated_jackknife
from measurand.stats.capability.factor import one_factor
from measurand.stats.capability.pca import first_component
from measurand.stats.capability.specifications import drop_models, specification_curve, without_each
from measurand.stats.intervals.correlation import bonett_wright_se, jackknife_z


def panel(seed, n=11, k=6, m=3, missing=0.1):
    rng = np.random.default_rng(seed)
    ability = rng.standard_normal((n, 1))
    capability = 0.8 * ability + 0.6 * rng.standard_normal((n, k))
    tested = 0.5 * ability + rng.standard_normal((n, m))
    tested[rng.random((n, m)) < missing] = np.nan
    return capability, tested, np.arange(n) % 4


def curve(capability, tested, families, half_subsets=5, seed=0):
    names = tuple(f"c{j}" for j in range(capability.shape[1]))
    family_names = tuple(f"f{j}" for j in range(families.max() + 1))
    return specification_curve(
        capability,
        names,
        tested,
        families,
        family_names,
        half_subsets=half_subsets,
        rng=np.random.default_rng(seed),
    )


def slow_score(capability, weighting):
    """Score of each model from raw scores, with numpy."""
    z = (capability - capability.mean(axis=0)) / capability.std(axis=0)
    component = first_component(capability)
    if weighting == "first component":
        weights = component.loadings
    elif weighting == "equal weights":
        weights = np.sign(component.loadings)
    else:
        loadings = one_factor(component.correlation)
        weights = loadings / np.maximum(1 - loadings**2, 0.005)
    return (z @ weights).round(10)


def slow_correlation(score, column, method):
    there = np.isfinite(column)
    function = {"spearman": stats.spearmanr, "pearson": stats.pearsonr, "kendall": stats.kendalltau}[method]
    return function(score[there], column[there]).statistic


def one_by_one(capability, column, method, weighting):
    """One specification, from raw scores to correlation."""
    return slow_correlation(slow_score(capability, weighting), column, method)


def test_every_specification_equals_computing_it_by_itself():
    capability, tested, families = panel(0, n=14)
    found, values = curve(capability, tested, families)
    assert len(found) == len(values) == (1 + 6 + 5 + 4) * 3 * 3
    halves = np.random.default_rng(0)
    half = {f"half {i + 1}": np.sort(halves.choice(6, size=3, replace=False)) for i in range(5)}
    for row, specification in zip(values, found, strict=True):
        if specification.capability == "all":
            columns = np.arange(6)
        elif specification.capability.startswith("half"):
            columns = half[specification.capability]
        else:
            columns = np.delete(np.arange(6), int(specification.capability.removeprefix("without c")))
        kept = np.ones(14, dtype=bool)
        if specification.models != "all":
            kept = families != int(specification.models.removeprefix("without f"))
        part = capability[kept][:, columns]
        score = slow_score(part, specification.weighting)
        for j in range(3):
            expected = slow_correlation(score, tested[kept, j], specification.correlation)
            assert row[j] == pytest.approx(expected, abs=1e-9), (specification, j)


def test_no_specification_is_listed_twice():
    found, _ = curve(*panel(1))
    assert len(set(found)) == len(found)


@pytest.mark.parametrize(("k", "subsets"), [(3, {"all"}), (4, {"all", *(f"without c{j}" for j in range(4))})])
def test_few_capability_benchmarks_leave_fewer_choices(k, subsets):
    found, values = curve(*panel(2, k=k))
    assert {specification.capability for specification in found} == subsets
    assert np.isfinite(values).all()


def test_a_half_in_which_benchmarks_do_not_vary_is_left_out():
    capability, tested, families = panel(3)
    capability[families != 0, 0] = 0.1  # varies in one family only
    found, values = curve(capability, tested, families, half_subsets=0)
    without = [i for i, specification in enumerate(found) if specification.models == "without f0"]
    kept = families != 0
    for i in without:
        expected = one_by_one(capability[kept, 1:], tested[kept, 1], found[i].correlation, found[i].weighting)
        assert values[i, 1] == pytest.approx(expected)


@pytest.mark.parametrize("seed", range(4))
def test_leaving_out_one_or_two_models_is_exact(seed):
    capability, tested, families = panel(seed)
    found = drop_models(capability, tested, families, most=2, level=0.95)
    assert found.exhaustive
    for j in range(3):
        for k in (1, 2):
            reached = {
                left_out: one_by_one(
                    np.delete(capability, left_out, axis=0),
                    np.delete(tested[:, j], left_out),
                    "spearman",
                    "first component",
                )
                for left_out in combinations(range(11), k)
            }
            for direction, best in enumerate((min, max)):
                assert found.reach[direction, k, j] == pytest.approx(best(reached.values()))
                left_out = tuple(sorted(found.dropped[direction][k][j]))
                assert reached[left_out] == pytest.approx(found.reach[direction, k, j])


@pytest.mark.parametrize("seed", range(3))
def test_leaving_out_three_models_lies_between_two_and_the_best_of_all_triples(seed):
    capability, tested, families = panel(seed, n=10, m=1, missing=0.0)
    found = drop_models(capability, tested, families, most=3, level=0.95)
    reached = [
        one_by_one(np.delete(capability, out, axis=0), np.delete(tested[:, 0], out), "spearman", "first component")
        for out in combinations(range(10), 3)
    ]
    least, greatest = found.reach[:, :, 0]
    assert min(reached) - 1e-9 <= least[3] <= least[2]
    assert greatest[2] <= greatest[3] <= max(reached) + 1e-9


@pytest.mark.parametrize("seed", range(3))
def test_reach_widens_with_every_model_left_out(seed):
    capability, tested, families = panel(seed, n=20)
    found = drop_models(capability, tested, families, most=5, level=0.95)
    assert (np.diff(found.reach[0], axis=0) <= 1e-12).all()
    assert (np.diff(found.reach[1], axis=0) >= -1e-12).all()
    for direction in range(2):
        for k in range(6):
            assert [len(set(chosen)) for chosen in found.dropped[direction][k]] == [k] * 3


def test_intervals_are_family_jackknives_of_the_models_kept():
    capability, tested, families = panel(5, n=14, m=2)
    found = drop_models(capability, tested, families, most=3, level=0.9)
    for direction, k, j in [(0, 0, 0), (0, 2, 1), (1, 3, 0)]:
        kept = np.setdiff1d(np.arange(14), found.dropped[direction][k][j])
        there = families[kept][np.isfinite(tested[kept, j])]
        replicates = []
        for family in np.unique(there):
            rows = kept[families[kept] != family]
            replicates.append(one_by_one(capability[rows], tested[rows, j], "spearman", "first component"))
        point = np.array([found.reach[direction, k, j]])
        count = np.array([np.isfinite(tested[kept, j]).sum()])
        low, high = jackknife_z(point, np.array(replicates)[:, None], count, 0.9)
        limits = (found.low[direction, k, j], found.high[direction, k, j])
        assert limits == pytest.approx((low[0], high[0]), abs=1e-9)


def test_pairs_among_the_most_influential_models_are_nearly_all_that_matters(monkeypatch):
    capability, tested, families = panel(6, n=30, missing=0.0)
    every = drop_models(capability, tested, families, most=2, level=0.95)
    monkeypatch.setattr(specifications, "_ALL_PAIRS_UP_TO", 10)
    monkeypatch.setattr(specifications, "_MOST_INFLUENTIAL", 6)
    some = drop_models(capability, tested, families, most=2, level=0.95)
    assert (every.exhaustive, some.exhaustive) == (True, False)
    np.testing.assert_array_equal(some.reach[:, 1], every.reach[:, 1])
    assert (some.reach[0, 2] >= every.reach[0, 2]).all()
    assert (some.reach[1, 2] <= every.reach[1, 2]).all()
    np.testing.assert_allclose(some.reach[:, 2], every.reach[:, 2], atol=0.02)


def test_each_model_left_out_is_the_whole_computation_without_it():
    """But for the jackknife's bias, which is that of all models: it is the same for every benchmark."""
    rng = np.random.default_rng(3)
    capability, tested = rng.standard_normal((14, 5)), rng.standard_normal((14, 8))
    tested[2:5, 0] = np.nan
    families = np.arange(14) % 6
    everyone, without = without_each(capability, tested, families)
    direct, moderated = moderated_jackknife(capability, tested, families)
    np.testing.assert_array_equal(everyone.stderr, direct.stderr)
    assert moderated.all()
    for model, found in enumerate(without):
        kept = np.arange(14) != model
        slow, _ = moderated_jackknife(capability[kept], tested[kept], families[kept])
        np.testing.assert_allclose(found.rho, slow.rho, atol=1e-12)
        np.testing.assert_allclose(found.freedom, slow.freedom)
        np.testing.assert_array_equal(found.n, slow.n)
        ratio = found.stderr / slow.stderr
        assert ((ratio > 0.75) & (ratio < 1.33)).all()
        # Where the interval of independent models does not stand in, the bias alone is what differs.
        independent = bonett_wright_se(slow.rho, slow.n)
        free = ratio[(found.stderr > independent * 1.001) & (slow.stderr > independent * 1.001)]
        np.testing.assert_allclose(free, free[:1].repeat(len(free)))


def test_fewer_benchmarks_than_can_be_moderated_have_the_plain_jackknife_without_each_model():
    rng = np.random.default_rng(4)
    capability, tested, families = rng.standard_normal((12, 4)), rng.standard_normal((12, 2)), np.arange(12) % 5
    _, without = without_each(capability, tested, families)
    for model, found in enumerate(without):
        kept = np.arange(12) != model
        slow, moderated = moderated_jackknife(capability[kept], tested[kept], families[kept])
        assert not moderated.any()
        np.testing.assert_allclose(found.stderr, slow.stderr)
