"""Simulated queries: an exponential tail as the forecast takes it, a normal one, and a hidden kind of query."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.special import ndtri

from measurand.measures.forecast.rare import judge, rare_behaviours
from measurand.results import Status
from measurand.simulate.outcomes import Outcome, Simulation, add_coverage, add_event
from measurand.tables import QueryLogprobs

__all__ = ["SIMULATIONS", "exponential_scores", "exponential_truth", "hidden_scores", "table"]

Floats = npt.NDArray[np.float64]

SLOPE, START = 8.0, -3.14
"""Fall of survival in psi, and the psi that every query has."""
NORMAL_SPREAD = 0.35
HIDDEN, CERTAIN = 2e-4, 0.9
"""Share of the hidden kind of query, and the probability of the behaviour under it."""
ASKED = 100_000


def exponential_scores(queries: int, rng: np.random.Generator) -> Floats:
    """psi whose survival falls exponentially."""
    return START + rng.exponential(1 / SLOPE, queries)


def hidden_scores(queries: int, rng: np.random.Generator) -> Floats:
    """The same with a hidden kind of query under which the behaviour is nearly certain."""
    scores = exponential_scores(queries, rng)
    return np.where(rng.random(queries) < HIDDEN, -math.log(-math.log(CERTAIN)), scores)


def table(scores: Floats) -> QueryLogprobs:
    """Queries of one behaviour with these psi."""
    return QueryLogprobs.build(pl.DataFrame({"logprob": -np.exp(-scores)}))


def exponential_truth(asked: float) -> float:
    """True probability under the worst of so many queries: the one that one of them is expected to exceed."""
    return math.exp(-math.exp(-(START + math.log(asked) / SLOPE)))


def _normal_truth(asked: float) -> float:
    return math.exp(-math.exp(-(START + NORMAL_SPREAD * float(ndtri(1 - 1 / asked)))))


def _run(queries: int, level: float, rng: np.random.Generator) -> Outcome:
    outcome: Outcome = {}
    worlds = (
        ("exponential tail", exponential_scores(queries, rng), exponential_truth(ASKED)),
        ("normal tail", START + NORMAL_SPREAD * rng.standard_normal(queries), _normal_truth(ASKED)),
        ("a hidden kind of 2 in 10,000", hidden_scores(queries, rng), CERTAIN),
    )
    for name, scores, truth in worlds:
        result = rare_behaviours(table(scores), queries=ASKED, level=level, rng=rng)
        row = result.rows[0]
        add_coverage(outcome, "worst of 100,000 queries", name, truth, row.worst.low, row.worst.high)
        verdicts = {limit: judge(result, tolerated_probability=limit)[1].status for limit in (truth, truth / 20, 0.5)}
        if name.startswith("a hidden"):
            # Nearly certain where one half is tolerated: to pass it is the forecast's own failure.
            add_event(outcome, "false_alarm", "below the tolerated probability", name, verdicts[0.5] is Status.PASSED)
            continue
        for status, what in ((Status.ISSUE, "above"), (Status.PASSED, "below")):
            add_event(outcome, "false_alarm", f"{what} the tolerated probability", name, verdicts[truth] is status)
        if name.startswith("exponential"):
            far = f"{name}, a twentieth of the truth tolerated"
            add_event(outcome, "power", "above the tolerated probability", far, verdicts[truth / 20] is Status.ISSUE)
            add_event(
                outcome,
                "power",
                "below the tolerated probability",
                f"{name}, one half tolerated",
                verdicts[0.5] is Status.PASSED,
            )
            missed = row.backtest is not None and row.backtest.failed
            add_event(outcome, "false_alarm", "back-test said to have failed", name, missed)
    return outcome


CELLS = tuple({"queries": queries} for queries in (200, 1000, 5000))

SIMULATIONS = {
    "F3": Simulation(
        CELLS,
        _run,
        regime=(
            "queries whose log-probabilities have an exponential tail as the forecast assumes, a normal one, or a "
            "hidden kind of 2 queries in 10,000"
        ),
    )
}
