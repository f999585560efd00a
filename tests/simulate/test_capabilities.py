"""The simulator has the truth it says it has."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from measurand.simulate.capabilities import LOADING, Regime, members, pearson_of, simulate, spearman_of
from measurand.stats.capability.pca import first_component


@given(st.floats(-0.99, 0.99))
def test_the_two_correlations_of_a_gaussian_pair_are_each_others_inverse(rho):
    assert float(spearman_of(pearson_of(np.array(rho)))) == pytest.approx(rho)


def test_spearman_of_a_gaussian_pair_is_that_of_a_large_sample():
    # Pearson .7 gives 6 / pi asin(.35) = .6829; Monte Carlo standard error at 200,000 pairs is near .0015.
    draws = np.random.default_rng(0).multivariate_normal([0, 0], [[1, 0.7], [0.7, 1]], size=200_000)
    assert stats.spearmanr(draws).statistic == pytest.approx(float(spearman_of(np.array(0.7))), abs=0.006)


@given(st.integers(8, 60), st.integers(1, 8), st.floats(0, 0.9), st.integers(0, 2**32))
def test_every_family_has_a_model_and_the_shapes_are_as_asked(n, families, share, seed):
    drawn = simulate(n, families, (0.0, 0.68), share, np.random.default_rng(seed), capability_benchmarks=5)
    assert drawn.capability.shape == (n, 5)
    assert drawn.tested.shape == (n, 2)
    assert sorted(set(drawn.families.tolist())) == list(range(families))
    assert drawn.truth.tolist() == [0.0, 0.68]


def test_a_large_simulated_class_has_the_correlations_asked_for():
    truth = (0.0, 0.3, -0.5, 0.85)
    drawn = simulate(40_000, 40_000, truth, 0.0, np.random.default_rng(1))
    score = first_component(drawn.capability[:4000]).loadings @ stats.zscore(drawn.capability, axis=0).T
    found = [stats.spearmanr(score, column).statistic for column in drawn.tested.T]
    np.testing.assert_allclose(found, truth, atol=0.02)
    # one-dimensional: the score's correlation with each benchmark's ability part is the reliability
    assert drawn.reliability == pytest.approx(LOADING * np.sqrt(12) / np.sqrt(1 + 11 * LOADING**2))
    assert stats.pearsonr(score, drawn.capability[:, 0]).statistic > LOADING


@pytest.mark.parametrize("share", [0.0, 0.3, 0.7])
def test_the_family_share_is_the_correlation_between_relatives(share):
    rng = np.random.default_rng(2)
    pairs = np.array([simulate(2, 1, (0.0,), share, rng).tested[:, 0] for _ in range(6000)])
    assert stats.pearsonr(*pairs.T).statistic == pytest.approx(share, abs=0.05)


def test_family_sizes_are_uneven_as_published_ones_are():
    sizes = np.bincount(simulate(60, 20, (0.0,), 0.3, np.random.default_rng(3)).families)
    assert sizes.min() >= 1
    assert sizes.max() >= 4


def test_the_same_seed_draws_the_same_models():
    one, other = (simulate(20, 5, (0.5,), 0.3, np.random.default_rng(4)) for _ in range(2))
    np.testing.assert_array_equal(one.capability, other.capability)
    np.testing.assert_array_equal(one.tested, other.tested)


def test_the_panel_holds_what_was_drawn():
    drawn = simulate(20, 5, (0.5, 0.0), 0.3, np.random.default_rng(4))
    panel = drawn.panel
    np.testing.assert_array_equal(panel.values, drawn.capability)
    np.testing.assert_array_equal(panel.scores, drawn.tested)
    assert (len(panel.models), len(panel.family_names), panel.tested) == (20, 5, ("t0", "t1"))
    assert [panel.family_names[code] for code in panel.families] == [f"f{code}" for code in drawn.families]
    assert np.isnan(panel.stderr).all()
    assert drawn.able.tolist() == [True, True]
    assert drawn.names == {name: name for name in (*panel.capability, "t0", "t1")}


def test_more_families_than_models_and_correlations_out_of_reach_are_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="at most the 5 models, got 6"):
        simulate(5, 6, (0.0,), 0.3, rng)
    with pytest.raises(ValueError, match="within the simulator's reach"):
        simulate(20, 5, (0.999,), 0.3, rng)


def test_a_greater_skew_makes_one_family_hold_half_of_the_models():
    rng = np.random.default_rng(5)
    largest = [np.mean([np.bincount(members(60, 8, rng, skew)).max() for _ in range(200)]) / 60 for skew in (1.0, 2.0)]
    assert largest[0] == pytest.approx(1 / 3, abs=0.05)
    assert largest[1] == pytest.approx(0.58, abs=0.05)


@pytest.mark.parametrize("regime", [Regime(tails=3), Regime(ceiling=0.3), Regime(tails=3, ceiling=0.2)], ids=str)
def test_the_truth_of_a_regime_is_the_correlation_of_many_models(regime):
    drawn = simulate(60_000, 60_000, (0.0, 0.68), 0.0, np.random.default_rng(6), regime=regime)
    score = stats.zscore(drawn.capability, axis=0).sum(axis=1)
    found = [stats.spearmanr(score, column).statistic for column in drawn.tested.T]
    # Both sides are simulated, with standard errors of .004 and .002 at rho 0.
    np.testing.assert_allclose(found, drawn.truth, atol=0.015)
    assert regime.ceiling == 0 or (drawn.tested == drawn.tested.max()).mean() == pytest.approx(regime.ceiling, abs=0.12)


def test_cells_go_missing_and_families_are_kept_from_the_audit():
    drawn = simulate(
        200, 20, (0.5,) * 5, 0.3, np.random.default_rng(7), regime=Regime(missing=0.3, families_known=False)
    )
    assert np.isnan(drawn.tested).mean() == pytest.approx(0.3, abs=0.05)
    assert not np.isnan(drawn.capability).any()
    assert drawn.families.tolist() == list(range(200))
    assert drawn.truth.tolist() == [0.5] * 5
