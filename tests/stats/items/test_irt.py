"""The two-parameter model: it recovers slopes in a long test, and shrinks where there are few models."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import expit

from measurand.stats.items.irt import expected_scores, fit_two_parameter, information, slope_prior_sd
from measurand.stats.items.irt_checks import ScaleCheck, check_scale, fewest_items, misfit, scale_ratio

# LSAT section 6 (Bock and Lieberman 1970, Psychometrika 35): how many of 1,000 gave each pattern, 00000 to 11111.
LSAT = (
    3,
    6,
    2,
    11,
    1,
    1,
    3,
    4,
    1,
    8,
    0,
    16,
    0,
    3,
    2,
    15,
    10,
    29,
    14,
    81,
    3,
    28,
    15,
    80,
    16,
    56,
    21,
    173,
    11,
    61,
    28,
    298,
)


def lsat():
    patterns = np.array([[int(digit) for digit in f"{i:05b}"] for i in range(32)], dtype=float)
    return np.repeat(patterns, LSAT, axis=0)


def draw(models, items, seed=0, spread=0.3, missing=0.0):
    rng = np.random.default_rng(seed)
    ability = rng.standard_normal((models, 1))
    ability = (ability - ability.mean()) / ability.std()
    slopes, difficulties = np.exp(spread * rng.standard_normal(items)), rng.standard_normal(items)
    scores = (rng.random((models, items)) < expit(slopes * (ability - difficulties))).astype(float)
    scores[rng.random(scores.shape) < missing] = np.nan
    return scores, slopes, difficulties, ability[:, 0]


def regression(of, on):
    return float(np.polyfit(on, of, 1)[0])


def test_lsat_6_comes_out_as_in_the_r_package_ltm():
    fit = fit_two_parameter(lsat(), prior_sd=100.0)
    # ltm(LSAT ~ z1), Rizopoulos 2006, J. Statistical Software 17(5), section 3: Dscrmn and Dffclt.
    np.testing.assert_allclose(fit.slopes, [0.8254, 0.7229, 0.8905, 0.6886, 0.6575], atol=0.01)
    np.testing.assert_allclose(fit.difficulties, [-3.3597, -1.3696, -0.2799, -1.8659, -3.1236], atol=0.02)
    # Its standard errors count that the other items' parameters are estimated too, so these are a little less.
    ltm = np.array([0.2581, 0.1867, 0.2326, 0.1852, 0.2100])
    assert (fit.slope_se < ltm).all()
    assert (fit.slope_se > 0.85 * ltm).all()


def test_the_fit_is_the_maximum_of_the_penalised_likelihood_written_out():
    scores, *_ = draw(60, 4, seed=3, missing=0.2)
    spread = 0.5
    fit = fit_two_parameter(scores, prior_sd=spread, tolerance=1e-9, most_steps=5000)
    points = np.linspace(-6, 6, 301)
    ran, right = np.isfinite(scores), np.nan_to_num(scores)

    def loss(parameters):
        """With the centre of the priors held at the fit's own and the ability distribution free, as in the fit."""
        slopes, intercepts, (centre, log_scale) = parameters[:4], parameters[4:8], parameters[8:]
        p = expit(slopes * points[:, None] + intercepts)
        each = np.array([np.where(ran[i], np.where(right[i] > 0, p, 1 - p), 1.0).prod(axis=1) for i in range(60)])
        density = np.exp(-(((points - centre) / np.exp(log_scale)) ** 2) / 2) / np.exp(log_scale)
        prior = ((slopes - fit.slopes.mean()) / (spread * fit.slopes.mean())) ** 2
        prior = prior.sum() / 2 + ((intercepts - fit.intercepts.mean()) ** 2).sum() / 18
        return prior - np.log(each @ density).sum()

    start = np.concatenate([fit.slopes, fit.intercepts, [0.0, 0.0]])
    best = minimize(loss, start, method="BFGS", options={"gtol": 1e-6})
    # The fit stands where neither the items nor the ability distribution would move, so both searches agree.
    gradient = [(loss(start + step) - loss(start - step)) / 2e-5 for step in 1e-5 * np.eye(10)]
    assert loss(start) - best.fun < 0.05
    assert np.abs(gradient).max() < 0.6


def marginal(scores, slopes, intercepts, guessing):
    """Log-likelihood of complete answers, ability integrated out on a fine grid."""
    points = np.linspace(-6, 6, 1201)
    p = guessing + (1 - guessing) * expit(slopes * points[:, None] + intercepts)
    each = np.exp(scores @ np.log(p).T + (1 - scores) @ np.log(1 - p).T)
    return np.log(each @ np.exp(-(points**2) / 2) * (points[1] - points[0]) / np.sqrt(2 * np.pi)).sum()


@pytest.mark.parametrize("guessing", [0.0, 0.25])
def test_the_log_likelihood_is_the_integral_over_ability(guessing):
    scores, *_ = draw(40, 6, seed=2)
    fit = fit_two_parameter(scores, guessing)
    assert fit.log_likelihood == pytest.approx(marginal(scores, fit.slopes, fit.intercepts, guessing), abs=1e-4)


def guessed(models, items, seed=0, guessing=0.25):
    scores, slopes, difficulties, ability = draw(models, items, seed)
    by_luck = np.random.default_rng(seed + 1).random(scores.shape) < guessing
    return np.maximum(scores, by_luck), slopes, difficulties, ability


def test_with_guessing_the_fit_is_where_no_slope_or_intercept_would_move():
    scores, *_ = guessed(200, 6)
    guessing = np.array([0.25, 0.25, 0.25, 0.5, 0.2, 0.0])
    fit = fit_two_parameter(scores, guessing, prior_sd=1.0, tolerance=1e-9, most_steps=5000)

    def penalised(slopes, intercepts):
        prior = ((slopes - fit.slopes.mean()) ** 2).sum() / (2 * fit.slopes.mean() ** 2)
        prior += ((intercepts - fit.intercepts.mean()) ** 2).sum() / 18
        return marginal(scores, slopes, intercepts, guessing) - prior

    for step in 1e-4 * np.eye(6):
        up, down = (penalised(fit.slopes + sign * step, fit.intercepts) for sign in (1, -1))
        # The scale is settled by the spread of ability, to which the priors are a small rest (as without guessing).
        assert abs(up - down) / 2e-4 < 0.6
        up, down = (penalised(fit.slopes, fit.intercepts + sign * step) for sign in (1, -1))
        assert abs(up - down) / 2e-4 < 0.6


def test_slopes_of_guessed_items_come_back_on_their_scale_only_where_guessing_is_known():
    scores, slopes, _, ability = guessed(400, 150, seed=4)
    known, ignored = fit_two_parameter(scores, 0.25), fit_two_parameter(scores)
    assert scale_ratio(known, replace(known, slopes=slopes)) == pytest.approx(1, abs=0.05)
    assert ignored.slopes @ slopes / (slopes @ slopes) < 0.8
    assert known.log_likelihood > ignored.log_likelihood
    covered = np.abs(known.slopes - slopes) < 1.96 * known.slope_se
    assert 0.9 < covered.mean() < 0.99
    assert np.corrcoef(known.abilities, ability)[0, 1] > 0.95


def test_information_of_guessed_items_is_that_of_birnbaum():
    # Birnbaum 1968: slope^2 (1 - P) / P ((P - c) / (1 - c))^2.
    points, c = np.linspace(-3, 3, 7), 0.25
    p = c + (1 - c) * expit(1.5 * points - 0.3)
    expected = 1.5**2 * (1 - p) / p * ((p - c) / (1 - c)) ** 2
    found = information(points, np.array([1.5]), np.array([-0.3]), np.array([c]))
    assert found == pytest.approx(expected)


def test_misfit_is_standard_normal_where_items_are_guessed_as_known():
    scores, *_ = guessed(400, 100, seed=5)
    found = misfit(scores, fit_two_parameter(scores, 0.25))
    assert abs(found.mean()) < 0.3
    assert found.std() == pytest.approx(1, abs=0.2)


def test_the_chance_that_the_scale_is_right_is_the_normal_one_of_the_replicates():
    check = ScaleCheck(np.array([0.8, 1.0, 1.2]), np.ones(3), np.ones(1), True)
    # Mean 1, standard deviation .2: one standard deviation either way, .6827.
    assert check.within(0.2) == pytest.approx(0.6827, abs=1e-4)


@pytest.mark.parametrize(("spread", "missing", "margin"), [(0.3, 0.0, 0.03), (0.5, 0.0, 0.03), (0.3, 0.5, 0.05)])
def test_slopes_of_a_long_test_come_back_on_their_scale(spread, missing, margin):
    scores, slopes, _, ability = draw(500, 1000, seed=1, spread=spread, missing=missing)
    fit = fit_two_parameter(scores)
    assert fit.converged
    # The standard error of the regression is 0.014, and 0.02 where half is missing.
    assert regression(fit.slopes, slopes) == pytest.approx(1, abs=margin)
    assert fit.slopes @ slopes / (slopes @ slopes) == pytest.approx(1, abs=0.03)
    assert np.corrcoef(fit.abilities, ability)[0, 1] > 0.99
    covered = np.abs(fit.slopes - slopes) < 1.96 * fit.slope_se
    assert 0.92 < covered.mean() < 0.98


@pytest.mark.parametrize("seed", range(5))
def test_a_dozen_models_move_slopes_little_from_their_mean(seed):
    scores, slopes, *_ = draw(12, 60, seed=seed)
    fit = fit_two_parameter(scores)
    assert fit.converged
    assert fit.slopes.std() < 0.35 * fit.slopes.mean()
    assert fit.slopes.min() > 0
    assert fit.slopes.max() < 2.5
    assert np.mean(np.abs(fit.slopes - slopes) < 1.96 * fit.slope_se) > 0.9


def test_abilities_have_mean_0_and_variance_1_uncertainty_included():
    fit = fit_two_parameter(draw(80, 30)[0], tolerance=1e-8)
    assert fit.abilities.mean() == pytest.approx(0, abs=0.01)
    assert (fit.abilities**2 + fit.ability_sd**2).mean() == pytest.approx(1, abs=0.03)


def test_items_all_or_none_pass_and_models_that_pass_all_or_none_stay_finite():
    scores = draw(30, 20)[0]
    scores[:, 0], scores[:, 1], scores[0], scores[1] = 1, 0, 1, 0
    fit = fit_two_parameter(scores)
    for values in (fit.slopes, fit.intercepts, fit.slope_se, fit.abilities, fit.ability_sd):
        assert np.abs(values).max() < 12
    assert fit.abilities[0] == fit.abilities.max()
    assert fit.abilities[1] == fit.abilities.min()


def test_an_item_that_stronger_models_fail_gets_a_negative_slope():
    scores, *_ = draw(300, 30)
    scores[:, 4] = 1 - scores[:, 4]
    fit = fit_two_parameter(scores)
    assert np.flatnonzero(fit.slopes < 0).tolist() == [4]
    assert np.flatnonzero(np.isnan(fit.difficulties)).tolist() == [4]


def test_answers_without_a_common_ability_are_fitted_without_a_warning():
    fit = fit_two_parameter((np.random.default_rng(0).random((40, 30)) < 0.5).astype(float))
    assert np.isfinite(fit.slopes).all()
    assert np.abs(fit.slopes).max() < 2


@settings(max_examples=20)
@given(st.integers(0, 100))
def test_the_order_of_models_and_items_does_not_matter(seed):
    rng = np.random.default_rng(seed)
    scores = draw(20, 12, seed=seed, missing=0.2)[0]
    rows, places = rng.permutation(20), rng.permutation(12)
    fit, again = fit_two_parameter(scores), fit_two_parameter(scores[rows][:, places])
    np.testing.assert_allclose(again.slopes, fit.slopes[places], atol=1e-4)
    np.testing.assert_allclose(again.abilities, fit.abilities[rows], atol=1e-4)


def test_right_and_wrong_exchanged_turn_ability_round():
    scores = draw(50, 20, seed=5)[0]
    fit, turned = fit_two_parameter(scores, tolerance=1e-8), fit_two_parameter(1 - scores, tolerance=1e-8)
    np.testing.assert_allclose(turned.slopes, fit.slopes, atol=1e-5)
    np.testing.assert_allclose(turned.abilities, -fit.abilities, atol=1e-5)
    np.testing.assert_allclose(turned.intercepts, -fit.intercepts, atol=1e-5)


def test_information_is_the_sum_over_items():
    slopes, intercepts, points = np.array([1.0, 2.0]), np.array([0.5, -1.0]), np.array([-1.0, 0.0, 2.0])
    for point, found in zip(points, information(points, slopes, intercepts), strict=True):
        p = 1 / (1 + np.exp(-(slopes * point + intercepts)))
        assert found == pytest.approx(sum(a**2 * q * (1 - q) for a, q in zip(slopes, p, strict=True)))


def test_the_check_finds_its_scale_again_and_keeps_more_differences_of_more_models():
    few, many = (fit_two_parameter(draw(n, 60, seed=2)[0]) for n in (12, 300))
    rng = np.random.default_rng(0)
    checks = [check_scale(fit, np.ones((len(fit.abilities), 60), bool), 10, rng) for fit in (few, many)]
    assert checks[1].ratio.mean() == pytest.approx(1, abs=0.05)
    assert checks[0].spread_kept.mean() < 0.6 < checks[1].spread_kept.mean()
    for check in checks:
        assert check.converged
        assert (np.diff(check.kept_information) >= 0).all()
        assert check.kept_information[-1] == pytest.approx(1)


def test_the_fewest_items_keep_the_share_and_one_fewer_do_not():
    scores = draw(200, 40, seed=4, spread=0.8)[0]
    fit = fit_two_parameter(scores)
    check = check_scale(fit, np.isfinite(scores), 5, np.random.default_rng(0))
    best = fewest_items(fit, check, 0.9)
    assert check.kept_information[len(best) - 1] >= 0.9 > check.kept_information[len(best) - 2]
    mean_information = [
        np.mean(fit.slopes[j] ** 2 * (p := expit(fit.slopes[j] * fit.abilities + fit.intercepts[j])) * (1 - p))
        for j in range(40)
    ]
    assert best.tolist() == np.argsort(mean_information)[::-1][: len(best)].tolist()
    assert len(fewest_items(fit, check, 0.999999)) == 40


def test_misfit_is_standard_normal_under_the_model_and_finds_a_curve_that_turns():
    scores, _, _, ability = draw(400, 200, seed=6)
    rng = np.random.default_rng(1)
    scores[:, 0] = rng.random(400) < expit(1.5 - 1.5 * ability**2)
    found = misfit(scores, fit_two_parameter(scores))
    assert found[0] < -5
    assert found[1:].std() == pytest.approx(1, abs=0.12)
    assert found[1:].mean() == pytest.approx(0, abs=0.2)


def test_expected_scores_are_those_of_a_standard_normal_ability():
    fit = fit_two_parameter(draw(100, 10)[0])
    ability = np.random.default_rng(0).standard_normal(200_000)
    np.testing.assert_allclose(
        expected_scores(fit), expit(ability[:, None] * fit.slopes + fit.intercepts).mean(axis=0), atol=0.005
    )


def test_the_prior_loosens_as_models_come_in():
    spreads = [slope_prior_sd(n) for n in (5, 16, 17, 100, 400)]
    assert spreads == sorted(spreads)
    assert spreads[0] == 0.4
