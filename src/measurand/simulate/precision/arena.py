"""P10 on simulated arenas: voters who share tastes, ties, and models of known strength."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import expit, ndtri

from measurand.simulate.outcomes import Outcome, Simulation, add_coverage, add_event
from measurand.stats.votes.arenas import Order, circles_by_chance, order_with_intervals
from measurand.stats.votes.bradley_terry import Comparisons, comparisons, fit, strong_components
from measurand.stats.votes.rankings import ranks, t_value, triads

__all__ = ["SIMULATIONS"]

TIE_SHARE, TASTE, PLANTED = 0.25, 0.5, float(np.log(2))
RESAMPLES, CIRCLES = 200, 60

Floats = npt.NDArray[np.float64]


def arena(models: int, votes: int, voters: int, spread: float, *, level: float, rng: np.random.Generator) -> Outcome:
    """One arena.

    Parameters
    ----------
    voters : each has tastes of their own (SD `TASTE` in log odds a model) and casts as many votes as the others; 0 for
        independent votes.
    spread : standard deviation of the strengths, in log odds; the second model is `PLANTED` (twice the odds) below
        the first. 0: all are equal.
    """
    strengths = spread * rng.standard_normal(models)
    if spread:
        strengths[1] = strengths[0] - PLANTED
    first = rng.integers(models, size=votes)
    second = (first + rng.integers(1, models, size=votes)) % models
    voter = rng.permutation(votes) % voters if voters else None
    tastes = TASTE * rng.standard_normal((max(voters, 1), models)) * bool(voters)
    who = 0 if voter is None else voter
    gap = strengths[first] - strengths[second] + tastes[who, first] - tastes[who, second]
    outcome = np.where(rng.random(votes) < TIE_SHARE, 1, np.where(rng.random(votes) < expit(gap), 0, 2))
    data = comparisons(first, second, outcome, models)
    if (strong_components(data.wins) != 0).any():
        return {}
    found = order_with_intervals(data, level=level, rng=rng, clusters=voter, resamples=RESAMPLES)
    return _outcome(data, found, strengths, bool(voters), spread, level, rng)


def _outcome(
    data: Comparisons,
    found: Order,
    strengths: Floats,
    shared: bool,
    spread: float,
    level: float,
    rng: np.random.Generator,
) -> Outcome:
    outcome: Outcome = {}
    truth = ranks(strengths)
    lowest = len(strengths) + 1 - ranks(-strengths)
    held = bool((found.sets.low <= truth).all() and (found.sets.high >= lowest).all())
    name = "all equal" if not spread else f"strengths of SD {spread:g}"
    width = float((found.sets.high - found.sets.low).mean())
    outcome["coverage", "all rank intervals together", name] = (float(held), width)
    tail = (1 + level) / 2
    reach = float(t_value(float(ndtri(tail)), found.freedom))
    centre, half = found.fitted.strengths[0, 0], reach * found.stderr[0]
    true = _best_fitting(strengths, shared)[0]
    add_coverage(outcome, "strength of one model", name, float(true), float(centre - half), float(centre + half))
    wrong = found.sets.above & (strengths[:, None] <= strengths)
    add_event(outcome, "false_alarm", "some pair told apart wrongly", name, bool(wrong.any()))
    neighbours = np.argsort(-found.fitted.strengths[0])
    if spread:
        add_event(outcome, "power", "told apart", "odds of 2 to 1", bool(found.sets.above[0, 1]))
        add_event(outcome, "power", "some pair told apart", name, bool(found.sets.above.any()))
    else:
        each = found.sets.above[neighbours[:-1], neighbours[1:]].all()
        add_event(outcome, "false_alarm", "passed", name, bool(each))
    circles = triads(data.wins)
    if circles.decided >= 20:
        high = np.quantile(circles_by_chance(data, CIRCLES, rng), tail)
        seen = circles.cyclic / circles.decided
        add_event(outcome, "false_alarm", "more circles than chance", name, bool(seen > high))
    return outcome


def _best_fitting(strengths: Floats, shared: bool) -> Floats:
    """The strengths that an endless number of votes would give: Bradley-Terry fitted to the true chances.

    Ties and tastes make the chances less extreme than the strengths say.
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(21)
    first, second = np.triu_indices(len(strengths), k=1)
    gap = (strengths[first] - strengths[second])[:, None] + np.sqrt(2) * TASTE * shared * nodes
    share = expit(gap) @ weights / weights.sum()
    decided = 1 - TIE_SHARE
    counts = np.stack([decided * share, np.full(len(share), TIE_SHARE), decided * (1 - share)])
    result: Floats = fit(Comparisons(len(strengths), first, second, counts, np.empty(0, dtype=np.int64))).strengths[0]
    return result


SIMULATIONS = {
    "P10": Simulation(
        tuple(
            {"models": models, "votes": votes, "voters": voters, "spread": spread}
            for models, votes, voters in (
                (4, 100, 0),
                (10, 1000, 0),
                (20, 5000, 0),
                (10, 1000, 6),
                (20, 5000, 15),
                (20, 5000, 30),
                (20, 5000, 60),
                (20, 5000, 200),
            )
            for spread in (0.0, 0.5)
        ),
        arena,
    )
}
"""Arenas small and large, votes independent or by few or many voters."""
