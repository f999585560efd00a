"""The Rasch model of a sparse grid: against published software's numbers and a general optimiser."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit

from measurand.stats.items.rasch_grid import PRIOR_VARIANCE, fit_rasch, resampled_means


def sampled(seen, most, seed):
    """Cells added one at a time to the prompt with fewest, on an item with fewest, as PromptEval draws them."""
    state = np.random.RandomState(seed)
    while seen.sum() < most:
        per_prompt = seen.sum(axis=1)
        prompt = state.choice(np.flatnonzero(per_prompt == per_prompt.min()).tolist())
        free, per_item = np.flatnonzero(~seen[prompt]), seen.sum(axis=0)
        seen[prompt, state.choice(free[per_item[free] == per_item[free].min()].tolist())] = True
    return seen


def test_quantiles_of_the_prompts_are_promptevals(shared):
    # felipemaiapolo/prompteval (Maia Polo et al. 2024) on 20 prompts x 60 items, a tenth to four tenths of them seen;
    # its liblinear fit stops at a tolerance of 1e-4.
    golden = json.loads((shared / "data/robustness/prompteval_golden/golden.json").read_text())
    truth = np.array(golden["Y"], dtype=float)
    seen = np.zeros(truth.shape, dtype=bool)
    for most, expected in zip(golden["rounds_eval"], golden["prompteval"], strict=True):
        seen = sampled(seen, most, golden["random_seed"])
        found = fit_rasch(np.where(seen, truth, np.nan)).means
        np.testing.assert_allclose(np.percentile(found, golden["quantiles"]), expected, atol=1e-4)
    assert np.percentile(truth.mean(axis=1), golden["quantiles"]) == pytest.approx(golden["full"])


def sparse_grid(prompts, items, share, seed):
    rng = np.random.default_rng(seed)
    right = rng.random((prompts, items)) < expit(rng.normal(0, 1, prompts)[:, None] + rng.normal(0, 1.5, items))
    grid = np.where(rng.random(right.shape) < share, right, np.nan)
    return grid[:, np.isfinite(grid).any(axis=0)]


def test_effects_maximise_the_penalised_likelihood():
    grid = sparse_grid(4, 12, 0.6, 0)
    seen, prompts = np.isfinite(grid), len(grid)

    def loss(effects):
        logit = effects[:prompts, None] + np.r_[effects[prompts:], 0.0]
        likelihood = np.where(seen, np.nan_to_num(grid) * logit - np.logaddexp(0, logit), 0.0).sum()
        return -likelihood + (effects**2).sum() / (2 * PRIOR_VARIANCE)

    slow = minimize(loss, np.zeros(prompts + grid.shape[1] - 1), tol=1e-12).x
    found = fit_rasch(grid)
    np.testing.assert_allclose(np.r_[found.prompts, found.items[:-1]], slow, atol=2e-3)
    assert found.items[-1] == 0


def test_scores_that_were_seen_stay_as_they_are():
    grid = sparse_grid(5, 30, 0.5, 1)
    found = fit_rasch(grid)
    np.testing.assert_array_equal(found.filled[np.isfinite(grid)], grid[np.isfinite(grid)])
    assert ((found.filled > 0) | np.isfinite(grid)).all()
    np.testing.assert_allclose(found.means, found.filled.mean(axis=1))


def test_a_complete_grid_has_its_own_means():
    grid = sparse_grid(3, 20, 1.1, 2)
    np.testing.assert_allclose(fit_rasch(grid).means, grid.mean(axis=1))


def test_weights_stand_for_repeated_items():
    grid = sparse_grid(3, 9, 0.7, 3)
    weights = np.array([2.0, 1, 0, 1, 3, 1, 1, 0, 1])
    repeated = np.concatenate([np.repeat(grid[:, :-1], weights[:-1].astype(int), axis=1), grid[:, -1:]], axis=1)
    # A repeated item has one effect; a strong penalty apart, fitting it as several items comes close.
    np.testing.assert_allclose(resampled_means(grid, weights[None])[0], fit_rasch(repeated).means, atol=0.05)
    np.testing.assert_allclose(resampled_means(grid, np.ones((2, 9)))[1], fit_rasch(grid).means)


def test_all_right_and_all_wrong_prompts_stay_finite():
    grid = np.array([[1.0, 1, 1, np.nan, 1], [0, 0, np.nan, 0, 0], [1, 0, 1, 0, np.nan]])
    found = fit_rasch(grid)
    assert np.isfinite(found.prompts).all()
    assert found.means[1] < 0.1 < 0.9 < found.means[0]


def test_the_model_beats_the_means_of_what_was_seen():
    gaps = {"rasch": [], "seen": []}
    for seed in range(30):
        rng = np.random.default_rng(seed)
        right = rng.random((10, 80)) < expit(rng.normal(0, 0.3, 10)[:, None] + rng.normal(0, 2, 80))
        grid = np.where(rng.random(right.shape) < 0.25, right, np.nan)
        grid, right = (table[:, np.isfinite(grid).any(axis=0)] for table in (grid, right))
        truth = right.mean(axis=1)
        gaps["rasch"].append(np.abs(fit_rasch(grid).means - truth).mean())
        gaps["seen"].append(np.abs(np.nanmean(grid, axis=1) - truth).mean())
    assert np.mean(gaps["rasch"]) < 0.95 * np.mean(gaps["seen"])
