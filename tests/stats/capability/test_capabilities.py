"""Every candidate interval of a capabilities correlation, against rows literally repeated or deleted."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from measurand.stats.capability.capabilities import (
    DEFAULT,
    METHODS,
    MOST_BLOCKS,
    blocks_left_out,
    correlations_with_intervals,
    family_replicates,
    leave_itself_out,
)
from measurand.stats.capability.pca import first_component
from measurand.stats.intervals.correlation import bonett_wright, fisher, jackknife_z
from measurand.stats.intervals.resampling import bca, bootstrap_weights


def table(seed=0, n=18, k=5, m=3, families=6):
    rng = np.random.default_rng(seed)
    ability = rng.standard_normal((n, 1))
    capability = ability + 0.5 * rng.standard_normal((n, k))
    tested = 0.6 * ability + 0.8 * rng.standard_normal((n, m))
    return capability, tested, np.arange(n) % families


def spearman(capability, tested, rows):
    score = first_component(capability[rows]).scores.round(9)
    there = [np.isfinite(column) for column in tested[rows].T]
    return np.array([stats.spearmanr(score[t], c[t]).statistic for t, c in zip(there, tested[rows].T, strict=True)])


def intervals(capability, tested, families, level=0.95, resamples=200, seed=0, **more):
    return correlations_with_intervals(
        capability, tested, families, level=level, resamples=resamples, rng=np.random.default_rng(seed), **more
    )


def test_family_replicates_equal_deleting_each_family():
    capability, tested, families = table()
    tested[4, 1] = np.nan
    found = family_replicates(capability, tested, families)
    expected = [spearman(capability, tested, np.flatnonzero(families != g)) for g in range(6)]
    np.testing.assert_allclose(found, expected)


def test_every_interval_equals_its_slow_definition():
    capability, tested, families = table()
    found = intervals(capability, tested, families, level=0.9)
    everyone = np.arange(18)
    point = spearman(capability, tested, everyone)
    by_family = np.array([spearman(capability, tested, everyone[families != g]) for g in range(6)])
    by_model = np.array([spearman(capability, tested, np.delete(everyone, i)) for i in range(18)])
    rng = np.random.default_rng(0)
    resampled = np.array(
        [spearman(capability, tested, np.repeat(everyone, w)) for w in bootstrap_weights(18, 200, rng).astype(int)]
    )
    whole = np.array(
        [
            spearman(capability, tested, np.repeat(everyone, w))
            for w in bootstrap_weights(18, 200, rng, families).astype(int)
        ]
    )
    expected = {
        "family_jackknife": jackknife_z(point, by_family, np.full(3, 18), 0.9),
        "model_jackknife": jackknife_z(point, by_model, np.full(3, 18), 0.9),
        "bonett_wright": bonett_wright(point, np.full(3, 18), 0.9),
        "fisher": fisher(point, np.full(3, 18), 0.9),
        "bootstrap_percentile": np.quantile(resampled, [0.05, 0.95], axis=0),
        "bootstrap_bca": bca(point, resampled, by_model, 0.9),
        "family_bootstrap": np.quantile(whole, [0.05, 0.95], axis=0),
    }
    np.testing.assert_allclose(found.value, point)
    assert set(found.low) == set(expected) == set(METHODS)
    for name, (low, high) in expected.items():
        np.testing.assert_allclose(found.low[name], low, atol=1e-9, err_msg=name)
        np.testing.assert_allclose(found.high[name], high, atol=1e-9, err_msg=name)


@pytest.mark.parametrize("method", METHODS)
def test_one_method_alone_is_what_it_is_among_all(method):
    capability, tested, families = table(1)
    alone = intervals(capability, tested, families, methods=(method,))
    assert list(alone.low) == [method]
    if not method.endswith("bootstrap"):  # later in the random stream
        among = intervals(capability, tested, families)
        np.testing.assert_array_equal(alone.low[method], among.low[method])


@pytest.mark.parametrize("method", METHODS)
def test_a_higher_level_gives_a_wider_interval_around_the_point(method):
    capability, tested, families = table(2, n=30)
    narrow, wide = (intervals(capability, tested, families, level=level) for level in (0.5, 0.99))
    assert (wide.low[method] < narrow.low[method]).all()
    assert (wide.high[method] > narrow.high[method]).all()
    assert (wide.low[method] < wide.value).all()
    assert (wide.high[method] > wide.value).all()
    assert (np.abs(wide.low[method]) <= 1).all()


def test_counts_are_the_models_that_have_the_benchmark():
    capability, tested, families = table(3)
    tested[:5, 0] = np.nan
    found = intervals(capability, tested, families, methods=("bonett_wright",))
    assert found.n.tolist() == [13, 18, 18]
    expected = bonett_wright(found.value, found.n, 0.95)
    np.testing.assert_allclose(found.low["bonett_wright"], expected[0])


def test_models_of_one_family_give_no_interval_that_counts_families():
    capability, tested, _ = table(4)
    found = intervals(capability, tested, np.zeros(18, dtype=int))
    for method in ("family_jackknife", "family_bootstrap"):
        assert np.isnan([found.low[method], found.high[method]]).all(), method


def test_families_that_did_not_run_a_benchmark_are_no_evidence_on_it():
    # Only family 0 ran the benchmark: leaving out the others hardly moves its correlation, which is no certainty.
    capability, tested, families = table(5, n=40, families=4)
    tested[families != 0, 0] = np.nan
    found = intervals(capability, tested, families)
    assert np.isnan([found.low[DEFAULT][0], found.high[DEFAULT][0]]).all()
    tested[families == 1, 0] = np.random.default_rng(1).standard_normal(10)
    two = intervals(capability, tested, families)
    by_family = np.array([spearman(capability, tested, np.flatnonzero(families != g)) for g in (0, 1)])
    expected = jackknife_z(spearman(capability, tested, np.arange(40)), by_family, np.array([20, 40, 40]), 0.95)
    assert (two.low[DEFAULT][0], two.high[DEFAULT][0]) == pytest.approx((expected[0][0], expected[1][0]), abs=1e-9)


def test_many_families_are_left_out_in_blocks():
    assert blocks_left_out(np.arange(61)).shape == (MOST_BLOCKS, 61)
    assert blocks_left_out(np.arange(59)).shape == (59, 59)


def test_the_default_is_a_candidate():
    assert DEFAULT in METHODS


def test_a_capability_benchmark_is_left_out_of_the_score_it_is_correlated_with():
    capability, _, families = table(6, k=4)
    value, low, high = leave_itself_out(capability, families, 0.9)
    for j in range(4):
        others, itself = np.delete(capability, j, axis=1), capability[:, [j]]
        assert value[j] == pytest.approx(spearman(others, itself, np.arange(18))[0])
        alone = intervals(others, itself, families, level=0.9, methods=(DEFAULT,))
        assert (low[j], high[j]) == pytest.approx((alone.low[DEFAULT][0], alone.high[DEFAULT][0]))


def test_opposed_capability_benchmarks_do_not_turn_the_score_round_from_replicate_to_replicate():
    # Two benchmarks fall as the others rise (a perplexity, say): the component has two loadings each way, nearly alike.
    capability, _, families = table(7, n=24, k=4)
    opposed = capability * [1, 1, -1, -1]
    tested = capability.mean(axis=1, keepdims=True) + 0.5 * np.random.default_rng(0).standard_normal((24, 1))
    plain, turned = (intervals(values, tested, families, methods=(DEFAULT,)) for values in (capability, opposed))
    sign = np.sign(turned.value[0])
    assert abs(turned.value[0]) == pytest.approx(plain.value[0])
    limits = sorted((sign * turned.low[DEFAULT][0], sign * turned.high[DEFAULT][0]))
    assert limits == pytest.approx([plain.low[DEFAULT][0], plain.high[DEFAULT][0]])
