"""The curve of reference models: pairing, resampling, excess and scatter, against slow definitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats
from scipy.interpolate import make_smoothing_spline

from measurand.stats.hiding.reference_curve import (
    LEAST_MODELS,
    Noise,
    draw_models,
    excess,
    left_out_residuals,
    predict,
    reflected,
    resampled,
    scatter_p,
    sorted_pairs,
    stabilised,
)
from measurand.stats.hiding.smoothing import gcv_splines

GUESS = np.array([0.0, 0.25])


def slow_pairs(scores, reference):
    """Sort both, pair by rank, and average what shares a reference score (to 1e-4)."""
    merged = {}
    for x, y in zip(sorted(reference), sorted(scores), strict=True):
        merged.setdefault(np.floor(x * 1e4 + 0.5), []).append((x, y))
    return np.array([np.mean(group, axis=0) for group in merged.values()]).T


def slow_predict(scores, reference, at):
    x, y = slow_pairs(scores, reference)
    penalty = gcv_splines(x[None], y[None]).penalty[0]
    fit = make_smoothing_spline(x, y, lam=penalty)
    if at < x[0]:
        value = fit(x[0]) + (at - x[0]) * fit(x[0], 1)
    elif at > x[-1]:
        value = fit(x[-1]) + (at - x[-1]) * fit(x[-1], 1)
    else:
        value = fit(at)
    return float(np.clip(value, 0, 1))


def models_on_a_curve(n=12, items=1000, seed=0):
    rng = np.random.default_rng(seed)
    reference = np.sort(rng.uniform(0.3, 0.95, n))
    truth = np.clip(reference**2, 0, 1)
    return rng.binomial(items, truth) / items, reference, rng


def noise_about(scores, reference, resamples, rng, items=1000):
    draws = (rng.binomial(items, p, size=(resamples, len(p))) / items for p in (scores, reference))
    guess = np.tile(GUESS, (resamples, 1))
    return Noise(*draws, guess)


@given(hnp.arrays(float, st.tuples(st.integers(1, 4), st.integers(1, 8)), elements=st.integers(0, 9).map(float)))
def test_pairs_are_by_rank_and_ties_are_merged(drawn):
    scores, reference = drawn / 9, np.flip(drawn, axis=1) / 9
    seen = 0
    for rows, x, y in sorted_pairs(scores, reference):
        for place, row in enumerate(rows):
            seen += 1
            np.testing.assert_allclose((x[place], y[place]), slow_pairs(scores[row], reference[row]))
    assert seen == len(drawn)


def test_predictions_equal_scipys_spline_row_by_row():
    rng = np.random.default_rng(3)
    reference = rng.integers(20, size=(40, 9)) / 20
    scores = np.clip(reference**2 + 0.05 * rng.standard_normal(reference.shape), 0, 1)
    at = rng.uniform(-0.1, 1.2, (40, 3))
    found = predict(scores, reference, at)
    for row in range(40):
        if len(slow_pairs(scores[row], reference[row])[0]) < LEAST_MODELS:
            assert np.isnan(found[row]).all()
            continue
        expected = [slow_predict(scores[row], reference[row], place) for place in at[row]]
        np.testing.assert_allclose(found[row], expected, atol=1e-5)


def test_blocks_of_places_change_nothing(monkeypatch):
    scores, reference, rng = models_on_a_curve()
    noise = noise_about(scores, reference, 50, rng)
    whole = predict(noise.scores, noise.reference, noise.reference)
    monkeypatch.setattr("measurand.stats.hiding.reference_curve._CHUNK_CELLS", 300)
    np.testing.assert_array_equal(predict(noise.scores, noise.reference, noise.reference), whole)


@pytest.mark.parametrize("models", [5, 6, 20])
def test_resamples_of_models_have_at_least_five_different_ones(models):
    drawn = draw_models(models, 300, np.random.default_rng(0))
    assert drawn.shape == (300, models)
    assert min(len(set(row)) for row in drawn.tolist()) >= LEAST_MODELS
    if models == 20:
        assert drawn.mean() == pytest.approx(9.5, abs=0.3)


def test_the_guesser_joins_every_resample():
    scores, reference, rng = models_on_a_curve()
    noise = noise_about(scores, reference, 20, rng)
    picked = draw_models(12, 7, rng)
    first, second = resampled(noise, picked)
    for row in range(7):
        np.testing.assert_array_equal(first[row], [*noise.scores[row, picked[row]], 0.0])
        np.testing.assert_array_equal(second[row], [*noise.reference[row, picked[row]], 0.25])


@pytest.mark.parametrize("level", [0.8, 0.95])
def test_the_p_value_is_the_level_at_which_the_reflected_interval_reaches_zero(level):
    """Algorithm of Dekoninck et al. 2024: the least p with 2 mean - quantile(1 - p) >= 0."""
    resamples = np.random.default_rng(1).normal(0.03, 0.02, 4000)
    mean, low, high, p = reflected(resamples, level)
    assert (mean, low, high) == pytest.approx(
        (
            resamples.mean(),
            2 * resamples.mean() - np.quantile(resamples, (1 + level) / 2),
            2 * resamples.mean() - np.quantile(resamples, (1 - level) / 2),
        )
    )
    published = next(i for i in range(4000) if 2 * mean - np.quantile(resamples, 1 - i / 4000) >= 0) / 4000
    assert p == pytest.approx(published, abs=1e-3)


def test_left_out_residuals_come_from_curves_without_the_model():
    scores, reference, _ = models_on_a_curve()
    found = left_out_residuals(scores, reference, GUESS)
    for model in range(12):
        others = [i for i in range(12) if i != model]
        expected = slow_predict([*scores[others], 0.0], [*reference[others], 0.25], reference[model])
        above = np.arcsin(np.sqrt(scores[model])) - np.arcsin(np.sqrt(expected))
        assert found[model] == pytest.approx(above, abs=1e-5)


def test_scatter_is_a_t_test_of_one_more_model():
    residuals = np.array([0.02, -0.05, 0.01, 0.04, -0.02, np.nan])
    known = residuals[:5]
    spread = np.sqrt((known**2).mean())
    assert scatter_p(0.1, residuals) == pytest.approx(stats.t.sf(0.1 / spread, 4))
    assert np.isnan(scatter_p(0.1, residuals[:4]))
    assert np.isnan(scatter_p(0.1, np.zeros(9)))
    assert stabilised(np.array([0.0, 0.5, 1.0])) == pytest.approx([0, np.pi / 4, np.pi / 2])


@pytest.mark.parametrize("n", [6, 12])
def test_a_suspect_is_never_among_its_own_references(n):
    """Holding every model against the others equals holding each one alone against the rest, up to resampling."""
    scores, reference, rng = models_on_a_curve(n)
    noise = noise_about(scores, reference, 2000, rng)
    everyone = np.arange(n)
    together = excess(noise, scores, reference, GUESS, everyone, everyone, level=0.95, rng=rng)
    for model in (0, n - 1):
        rest = np.delete(everyone, model)
        alone = excess(noise, scores, reference, GUESS, rest, np.array([model]), level=0.95, rng=rng)
        assert together.value[model] == pytest.approx(alone.value[0], abs=0.01)
        assert together.models[model] == alone.models[0] == n - 1


def test_shared_resamples_of_many_models_serve_each_as_its_own():
    scores, reference, rng = models_on_a_curve(25)
    noise = noise_about(scores, reference, 4000, rng)
    everyone = np.arange(25)
    together = excess(noise, scores, reference, GUESS, everyone, everyone, level=0.95, rng=rng)
    for model in (0, 12, 24):
        alone = excess(
            noise, scores, reference, GUESS, np.delete(everyone, model), np.array([model]), level=0.95, rng=rng
        )
        for field in ("value", "low", "high", "expected"):
            assert getattr(together, field)[model] == pytest.approx(getattr(alone, field)[0], abs=0.008)
        assert together.p_value[model] == pytest.approx(alone.p_value[0], abs=0.06)


def test_a_model_above_the_curve_stands_out_and_one_on_it_does_not():
    scores, reference, rng = models_on_a_curve(20)
    scores, reference = np.append(scores, [0.7, 0.25]), np.append(reference, [0.5, 0.5])
    noise = noise_about(scores, reference, 1000, rng)
    found = excess(noise, scores, reference, GUESS, np.arange(20), np.array([20, 21]), level=0.95, rng=rng)
    assert found.value == pytest.approx([0.45, 0.0], abs=0.05)
    assert found.p_value[0] < 0.01 < 0.05 < found.p_value[1]
    assert found.scatter_p[0] < 0.01 < 0.05 < found.scatter_p[1]
    assert found.low[0] > 0.3
