"""How far beyond the others a model lies: against statsmodels, numerical integrals, and in simulation."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import integrate, stats

from measurand.stats.capability.beyond import HEAVY, beyond


def drawn(seed, n=24, tails=None):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(n)
    return x, 0.5 * x + (rng.standard_normal(n) if tails is None else rng.standard_t(tails, n))


@pytest.mark.parametrize("seed", range(5))
def test_around_a_line_with_normal_scatter_it_is_the_studentised_residual(seed):
    x, y = drawn(seed)
    # Externally studentised, against t(n - 3): the dummy variable of one model is the same test.
    outliers = sm.OLS(y, sm.add_constant(x)).fit().get_influence().resid_studentized_external
    for model in (0, 7):
        assert beyond(x, y, model).straight == pytest.approx(stats.t(21).sf(outliers[model]))


@pytest.mark.parametrize("seed", range(5))
def test_a_pair_around_a_line_is_held_against_their_prediction_interval(seed):
    x, y = drawn(seed)
    fit = sm.OLS(y[2:], sm.add_constant(x[2:])).fit()
    step = x[0] - x[1]
    error = np.sqrt(2 * fit.mse_resid + step**2 * fit.cov_params()[1, 1])
    excess = y[0] - y[1] - fit.params[1] * step
    assert beyond(x, y, 0, 1).straight == pytest.approx(stats.t(20).sf(excess / error))


@pytest.mark.parametrize("old", [None, 3])
def test_heavy_and_normal_tails_are_weighted_by_how_well_they_account_for_the_others(old, monkeypatch):
    monkeypatch.setattr("measurand.stats.capability.beyond.OTHERS_FOR", {1: 0})
    x, y = drawn(11, n=15, tails=3)
    y[0] += 4
    others = np.setdiff1d(np.arange(15), [0] if old is None else [0, old])
    fit = sm.OLS(y[others], sm.add_constant(x[others])).fit()
    reach = np.array([1.0, x[0]]) - (0 if old is None else np.array([1.0, x[old]]))
    models = 1 if old is None else 2
    error = (y[0] - (0 if old is None else y[old]) - reach @ fit.params) * np.sqrt(
        models / (models + reach @ fit.normalized_cov_params @ reach)
    )

    def evidence(density, beyond_error):
        def of(log_scale, what):
            scale = np.exp(log_scale)
            # One observation per coefficient off, as the degrees of freedom have it.
            return np.exp(density.logpdf(fit.resid / scale).sum() - fit.df_resid * log_scale) * what(error / scale)

        whole, part = (integrate.quad(of, -4, 4, args=(what,))[0] for what in (lambda _: 1.0, beyond_error))
        return whole, part / whole

    def beyond_heavy(z):
        if old is None:
            return stats.t(3).sf(z)
        return integrate.quad(lambda u: stats.t(3).pdf(u) * stats.t(3).sf(z + u), -np.inf, np.inf)[0]

    heavy = evidence(stats.t(3), beyond_heavy)
    normal = evidence(stats.norm(), lambda z: stats.norm.sf(z / np.sqrt(models)))
    share = HEAVY * heavy[0] / (HEAVY * heavy[0] + (1 - HEAVY) * normal[0])
    assert beyond(x, y, 0, old).whatever == pytest.approx(share * heavy[1] + (1 - share) * normal[1], rel=1e-3)


def test_units_and_places_do_not_matter():
    x, y = drawn(5)
    plain = beyond(x, y, 2, 9)
    moved = beyond(x[::-1] * 3 + 40, 100 * y[::-1] - 7, 21, 14)
    assert (moved.straight, moved.whatever) == pytest.approx((plain.straight, plain.whatever))
    turned = beyond(x, y, 9, 2)
    assert turned.straight == pytest.approx(1 - plain.straight)


def test_a_bend_explains_the_model_at_its_end():
    rng = np.random.default_rng(0)
    x = np.sort(rng.standard_normal(30))
    y = x**2 + 0.3 * rng.standard_normal(30)
    found = beyond(x, y, 29)
    assert found.straight < 0.05
    assert found.whatever > 0.2


@pytest.mark.parametrize(("others", "degree"), [(5, 1), (6, 2), (14, 2), (15, 3)])
def test_a_curve_needs_models_that_carry_it(others, degree, monkeypatch):
    x, y = drawn(1, n=others + 1)
    found = beyond(x, y, 0)
    alone = []
    for one in range(1, degree + 1):
        monkeypatch.setattr("measurand.stats.capability.beyond.OTHERS_FOR", {one: 0})
        alone.append(beyond(x, y, 0).whatever)
    assert found.whatever == max(alone)


def test_models_exactly_on_a_line_say_nothing_of_chance():
    x = np.arange(8.0)
    found = beyond(x, 2 * x + 3.0 * (x == 5), 5)
    assert np.isnan([found.straight, found.whatever]).all()
