"""One simulated set of models that come in families, and a benchmark that follows their compute or does not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.special import expit

from measurand.measures.forecast.forecast import Forecasted, forecast, judge
from measurand.results import Status
from measurand.simulate.outcomes import Outcome, Simulation, add_coverage, add_event
from measurand.tables import Scores

__all__ = ["SIMULATIONS", "Made", "made"]

Floats = npt.NDArray[np.float64]

SLOPE, SCATTER, SHARED = 0.9, 0.6, 0.3
"""Of the log odds: per order of magnitude of compute; standard deviation of models around it, and the share of its
square that the models of a family have in common."""
ITEMS = 1000


@dataclass(frozen=True, eq=False)
class Made:
    """Scores of models, and two further models of new families: one of the same kind, one of more compute."""

    scores: Scores
    log_flop: Floats
    truth: Floats


def made(models: int, families: int, follows: bool, rng: np.random.Generator) -> Made:
    """Compute, dates that rise with it, and scores from chance (.25) to 1 that follow compute or do not."""
    n = models + 2
    family = np.concatenate(
        [np.arange(families), rng.integers(0, families, models - families), families + np.arange(2)]
    )
    spread = rng.standard_normal(families + 2)[family] + 0.8 * rng.standard_normal(n)
    spread[-1] = spread[:models].max() + 1
    shared = np.sqrt(SHARED) * rng.standard_normal(families + 2)[family]
    scatter = SCATTER * (shared + np.sqrt(1 - SHARED) * rng.standard_normal(n))
    ability = SLOPE * spread + scatter if follows else np.hypot(SLOPE, SCATTER) * scatter / SCATTER
    share = rng.binomial(ITEMS, 0.25 + 0.75 * expit(ability)) / ITEMS
    year = 2023 + 0.5 * spread + 0.4 * rng.standard_normal(n)
    names = [f"m{i}" for i in range(models)]
    facts = pl.DataFrame(
        {
            "model": names,
            "family": [f"f{code}" for code in family[:models]],
            "training_flop": 10 ** (23 + spread[:models]),
            "release_date": [f"{int(y)}-{int(12 * (y % 1)) + 1:02d}" for y in year[:models]],
        }
    )
    table = pl.DataFrame({"model": names, "benchmark": "b", "score": share[:models]})
    told = pl.DataFrame({"benchmark": ["b"], "chance": [0.25], "maximum": [1.0]})
    return Made(Scores.build(table, facts, told), 23 + spread[-2:], share[-2:])


def _status(result: Forecasted) -> Status:
    return judge(result)[1].status


def _run(models: int, families: int, level: float, rng: np.random.Generator) -> Outcome:
    outcome: Outcome = {}
    study = made(models, families, True, rng)
    result = None
    for place, name in enumerate(("a new family", "a new family, ten times the largest compute")):
        result = forecast(study.scores, at_flop=float(10 ** study.log_flop[place]), level=level)
        target = result.rows[0].target
        if target is not None:
            truth = float(study.truth[place])
            add_coverage(outcome, "prediction interval of a model", name, truth, target.score.low, target.score.high)
    if result is not None:
        status = _status(result)
        add_event(outcome, "power", "beats every naive guess", "follows compute", status is Status.PASSED)
        add_event(outcome, "false_alarm", "worse than a guess, or too sure", "follows compute", status is Status.ISSUE)
    status = _status(forecast(made(models, families, False, rng).scores, level=level))
    add_event(outcome, "false_alarm", "beats every naive guess", "unrelated to compute", status is Status.PASSED)
    return outcome


CELLS = tuple({"models": n, "families": g} for n, g in ((15, 5), (25, 8), (60, 20)))

SIMULATIONS = {
    "F1": Simulation(
        CELLS,
        _run,
        regime=(
            "15 to 60 models in 5 to 20 families of random size that share 30% of the scatter; a benchmark of "
            "1,000 items that follows training compute on a logistic curve, or not at all"
        ),
    )
}
