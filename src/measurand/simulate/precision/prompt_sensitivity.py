"""Scores under prompts of known effect: what P7's intervals cover and what its verdicts say."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from measurand.measures.precision.prompt_sensitivity import PromptSensitivity, judge, sensitivity_of
from measurand.results import Status
from measurand.simulate.answers import (
    SHARED,
    SPREAD,
    VARIANT_ABILITY,
    VARIANT_TASTE,
    answer_grid,
    item_clusters,
    ranking_grids,
    variant_score,
)
from measurand.simulate.outcomes import Outcome, Simulation, add_coverage, add_estimate, add_event
from measurand.stats.items.components import generalisability
from measurand.stats.items.concordance import concordance_limits, kendall_w

__all__ = ["SIMULATIONS"]

Floats = npt.NDArray[np.float64]

SIZES = ((50, 0, 3), (100, 0, 10), (500, 0, 5), (2000, 0, 10), (200, 10, 5), (1000, 50, 10))
"""Items, clusters (0 for independent items) and prompts."""

EFFECT = 0.3
"""Standard deviation of the prompts' effects where there are any, on the same scale: about 5 points of the score."""

TOLERANCE = 0.02
"""Spread that the verdict tolerates by default."""

RESAMPLES = 200
MODELS, RELIABILITY = 8, 0.7
"""Of the simulated rankings: models, and the reliability of one prompt."""

_POINTS, _WEIGHTS = np.polynomial.hermite_e.hermegauss(60)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()


def _run(items: int, clusters: int, prompts: int, level: float, rng: np.random.Generator) -> Outcome:
    outcome: Outcome = {}
    finding = judge(_audit(np.zeros((1, prompts)), items, clusters, level, rng))[1]
    alike = "no prompt effect"
    by_item = expit(VARIANT_ABILITY + SPREAD * _POINTS[:, None] + VARIANT_TASTE * _POINTS) @ _WEIGHTS
    mean = float(_WEIGHTS @ by_item)
    between = float(_WEIGHTS @ by_item**2) - mean**2
    truths = {
        "spread_beyond_noise": 0.0,
        "prompt_variance": 0.0,
        "cps": mean,
        "quantile_5": mean,
        "quantile_95": mean,
        "pss": float(_WEIGHTS @ (2 * by_item * (1 - by_item))),
        "item_variance": between,
        "item_by_prompt_and_residual_variance": mean * (1 - mean) - between,
    }
    for name, truth in truths.items():
        add_estimate(outcome, name, alike, truth, finding.estimate(name))
    add_event(outcome, "false_alarm", "issue", alike, finding.status is Status.ISSUE)
    above = (finding.estimate("spread").low or 0.0) > 0
    add_event(outcome, "false_alarm", "spread above 0", alike, above)
    five = judge(_audit(np.zeros((5, prompts)), items, clusters, level, rng))[0]
    add_event(outcome, "false_alarm", "issue of any of 5 models", alike, five.status is Status.ISSUE)

    effects = EFFECT * rng.standard_normal((1, prompts))
    means = variant_score(effects[0])
    finding = judge(_audit(effects, items, clusters, level, rng))[1]
    some = "prompts differ, SD 0.05"
    best = float(means.max())
    everyone = variant_score(EFFECT * _POINTS)
    truths = {
        "spread_beyond_noise": float(np.ptp(means)),
        "prompt_variance": float(_WEIGHTS @ everyone**2 - (_WEIGHTS @ everyone) ** 2),
        "cps": (1 - (best - float(means.mean()))) * best,
        "quantile_5": float(np.quantile(means, 0.05)),
        "quantile_95": float(np.quantile(means, 0.95)),
    }
    for name, truth in truths.items():
        add_estimate(outcome, name, some, truth, finding.estimate(name))
    apart = bool(np.ptp(means) > TOLERANCE)
    add_event(outcome, "false_alarm", "passed", some, apart and finding.status is Status.PASSED)
    add_event(outcome, "power", "issue", some, finding.status is Status.ISSUE)
    _rankings(outcome, prompts, level, rng)
    for name, grid, quantity in ranking_grids(MODELS, prompts, items, clusters, rng):
        result = sensitivity_of([grid], level, RESAMPLES, rng)
        (ranked,) = (found for found in judge(result) if found.title == "Ranking across prompts")
        add_event(outcome, quantity, "one prompt ranks models badly", name, ranked.status is Status.ISSUE)
    return outcome


def _audit(effects: Floats, items: int, clusters: int, level: float, rng: np.random.Generator) -> PromptSensitivity:
    """Models by prompts: what the measure makes of one draw of items."""
    grid = answer_grid(effects, item_clusters(items, clusters, rng), SHARED if clusters else 0.0, rng)
    return sensitivity_of([grid], level, RESAMPLES, rng)


def _rankings(outcome: Outcome, prompts: int, level: float, rng: np.random.Generator) -> None:
    """Models whose comparison under one prompt has a known reliability."""
    name = f"reliability {RELIABILITY:g}, {MODELS} models"
    table = _table(prompts, rng)
    found = generalisability(table.T, level)
    add_coverage(outcome, "generalisability_of_one_prompt", name, RELIABILITY, found.low, found.high)
    if prompts < 4:
        return
    models = rng.standard_normal(MODELS)
    w = concordance_limits(_table(prompts, rng, models), level)
    # W of these models, over prompts like these.
    many = kendall_w(np.stack([_table(2, rng, models) for _ in range(400)]))
    truth = (1 + (prompts - 1) * (2 * float(many.mean()) - 1)) / prompts
    add_coverage(outcome, "kendall_w", name, truth, w.low, w.high)


def _table(prompts: int, rng: np.random.Generator, models: Floats | None = None) -> Floats:
    own = rng.standard_normal(MODELS) if models is None else models
    noise = rng.standard_normal((prompts, MODELS)) * np.sqrt(1 / RELIABILITY - 1)
    table: Floats = own + noise
    return table


CELLS = tuple({"items": items, "clusters": clusters, "prompts": prompts} for items, clusters, prompts in SIZES)

SIMULATIONS = {
    "P7": Simulation(
        CELLS,
        _run,
        regime=(
            "3 to 10 prompts that are alike, or differ by about 5 points (SD), and rankings of 8 models that truly "
            "differ by 0, 2 or 5 points (SD), the prompts without effect or with one of 5 points (SD) on each model; "
            "items independent or in clusters "
            "of unequal size (log-normal, SD of the log 1.2), those of a cluster alike in difficulty and in what "
            "suits a model"
        ),
    )
}
