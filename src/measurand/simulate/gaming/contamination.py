"""Models of which some have seen a benchmark, and what the audit for contamination says of them."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from measurand.measures.gaming.contamination import Contamination, judge
from measurand.measures.gaming.shared.pairs import Pair, noise_of
from measurand.measures.gaming.shared.reference import excess_of
from measurand.results import Status
from measurand.simulate.outcomes import Outcome, Simulation, add_coverage, add_event

__all__ = ["SIMULATIONS", "simulated_pair"]

CLEAN = 10
"""Uncontaminated suspects of a run, for the headline's false alarms."""

SEEN = 0.3
"""Share of the questions that the contaminated model knows by heart."""

RESAMPLES = 1000
"""Enough for one p-value of eleven to be left after correction; they make a run take 50 to 100 ms."""

CHANCE = np.array([0.0, 0.25])


def simulated_pair(
    models: int, contaminated: int, items: int, scatter: float, rng: np.random.Generator
) -> tuple[Pair, np.ndarray]:
    """Models of which the last few have seen part of the benchmark, and the true excess of each over the curve.

    Parameters
    ----------
    models, contaminated : how many in all, and how many of them have seen `SEEN` of the questions.
    items : on each of the two benchmarks; the reference is easier and can be guessed.
    scatter : standard deviation of what a model is good at on the benchmark alone, in logits.
    """
    ability = rng.normal(0, 1.2, models)
    expected, reference = expit(ability - 0.3), 0.25 + 0.75 * expit(ability + 0.8)
    truth = expit(ability - 0.3 + scatter * rng.standard_normal(models))
    truth[models - contaminated :] += SEEN * (1 - truth[models - contaminated :])
    scores = rng.binomial(items, np.array([truth, reference])) / items
    names = tuple(f"m{i}" for i in range(models))
    pair = Pair(
        benchmark="b",
        reference="b_fresh",
        models=names,
        scores=scores,
        items=np.full(scores.shape, float(items)),
        chance=CHANCE,
        tables=None,
        caveats=(),
    )
    return pair, truth - expected


def _contamination(references: int, items: int, scatter: float, level: float, rng: np.random.Generator) -> Outcome:
    """G1: ten clean models and one contaminated one, held against clean reference models."""
    pair, truth = simulated_pair(references + CLEAN + 1, 1, items, scatter, rng)
    outcome: Outcome = {}
    noise = noise_of(pair, RESAMPLES, rng)
    for suspects, name in ((pair.models[references:-1], "clean"), (pair.models[-1:], "contaminated")):
        held = excess_of(pair, noise, pair.models[:references], suspects, level, rng)
        headline, _, *each = judge(Contamination((held,), (), level, RESAMPLES))
        quantity = "false_alarm" if name == "clean" else "power"
        if name == "clean":
            what = f"any of {CLEAN} models in the headline"
            add_event(outcome, quantity, what, "none contaminated", headline.status is Status.ISSUE)
        told = f"{SEEN:.0%} of the questions seen" if name == "contaminated" else "not contaminated"
        add_event(outcome, quantity, "verdict of a model", told, each[0].status is Status.ISSUE)
        add_event(outcome, quantity, "published p-value alone", told, held.excess.p_value[0] < 1 - level)
        low, high = float(held.excess.low[0]), float(held.excess.high[0])
        true = float(truth[pair.models.index(suspects[0])])
        add_coverage(outcome, "interval of the excess", name, true, low, high)
    return outcome


CELLS = tuple(
    {"references": references, "items": items, "scatter": scatter}
    for references in (5, 10, 20)
    for items in (200, 1000)
    for scatter in (0.0, 0.3)
)

SIMULATIONS = {
    "G1": Simulation(
        CELLS,
        _contamination,
        regime=(
            "scores on 200 or 1,000 independent items of a benchmark and of an easier reference; models along one "
            "curve, or scattered about it (SD .3 in log odds); ten clean suspects, and one that has seen 30% of "
            "the questions"
        ),
        beside=("published",),
    )
}
