"""Scores over scale that grow smoothly or jump, and which of the two the audit tells."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from measurand.measures.validity.metric_choice import MetricChoice, judge, metric_shape
from measurand.results import Status
from measurand.simulate.outcomes import Outcome, Simulation, add_event

__all__ = ["SIMULATIONS"]

RESAMPLES = 400

STEEP = 1.0
"""Powers of ten within which a smooth curve rises from a tenth to nine tenths, of four that the models cover."""


def _metric_choice(models: int, tokens: int, noise: float, level: float, rng: np.random.Generator) -> Outcome:
    """V10: exact match of several tokens, whose accuracy grows smoothly as a power law has it, against a true jump."""
    x = np.sort(rng.uniform(7, 11, models))
    token = np.exp(-(10 ** -(0.5 * (x - 8.2))))
    smooth = {name: power + noise * rng.standard_normal(models) for name, power in (("a", token), ("b", token**tokens))}
    step = {
        name: np.where(x < 9.2, 0.1, top) + noise * rng.standard_normal(models)
        for name, top in (("a", 0.8), ("b", 0.7))
    }
    truths = {
        "smooth by both": (smooth["a"], smooth["b"]),
        "jumps by both": (step["a"], step["b"]),
        "smooth and jump": (smooth["a"], step["b"]),
    }
    outcome: Outcome = {}
    for truth, values in truths.items():
        shapes = tuple(
            metric_shape("t", name, name, 10**x, y, RESAMPLES, rng) for name, y in zip("ab", values, strict=True)
        )
        status = judge(MetricChoice(shapes, (), "parameters", level))[0].status
        alarm = truth != "smooth and jump"
        add_event(
            outcome, "false_alarm" if alarm else "power", "jump made by the metric", truth, status is Status.ISSUE
        )
        told = shapes[1].told(1 - level)
        wrong = "jumps" if truth == "smooth by both" else "grows smoothly"
        right = "grows smoothly" if truth == "smooth by both" else "jumps"
        add_event(outcome, "false_alarm", f"told: {wrong}", truth, told == wrong)
        add_event(outcome, "power", f"told: {right}", truth, told == right)
    within = expit(2 * np.log(9) * (x - 9.1) / STEEP) + noise * rng.standard_normal(models)
    told = metric_shape("t", "a", "a", 10**x, within, RESAMPLES, rng).told(1 - level)
    add_event(outcome, "false_alarm", "told: jumps", "smooth, within a quarter of the scales", told == "jumps")
    return outcome


CELLS = tuple(
    {"models": models, "tokens": tokens, "noise": noise}
    for models in (8, 12, 30)
    for tokens in (5, 20)
    for noise in (0.02, 0.05)
)

SIMULATIONS = {
    "V10": Simulation(
        CELLS,
        _metric_choice,
        regime=(
            "8 to 30 models whose accuracy per token grows with scale as a power law has it, scored per token and "
            "by the exact match of 5 or 20 tokens, or whose scores truly jump, or rise smoothly within a quarter of "
            "the scales; noise of SD .02 or .05"
        ),
    )
}
