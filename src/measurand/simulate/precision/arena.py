"""P10 on simulated arenas: voters who share tastes, ties, and models of known strength."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from measurand.measures.precision.arena import judge
from measurand.measures.precision.shared.arena import LEAST_CLUSTERS, POINTS, Arena, Part, circles, ranked
from measurand.measures.precision.shared.arena_words import LEAST_TRIADS
from measurand.results import Finding, Status
from measurand.simulate.outcomes import Outcome, Simulation, add_coverage, add_event, add_order
from measurand.stats.votes.bradley_terry import Comparisons, comparisons, fit, strong_components
from measurand.stats.votes.rankings import triads

__all__ = ["SIMULATIONS"]

TIE_SHARE, TASTE, PLANTED = 0.25, 0.5, float(np.log(2))
RESAMPLES, CIRCLES = 200, 60

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def arena(
    models: int,
    votes: int,
    voters: int,
    prompts: int,
    pareto: float,
    spread: float,
    *,
    level: float,
    rng: np.random.Generator,
) -> Outcome:
    """One arena.

    Parameters
    ----------
    voters, prompts : each has tastes of its own (SD `TASTE` in log odds a model); 0 for none, so that without either
        votes are independent.
    pareto : shape of the Pareto distribution of their activity; 0 if all are equally active.
    spread : standard deviation of the strengths, in log odds; the second model is `PLANTED` (twice the odds) below
        the first. 0: all are equal.
    """
    strengths = spread * rng.standard_normal(models)
    if spread:
        strengths[1] = strengths[0] - PLANTED
    first = rng.integers(models, size=votes)
    second = (first + rng.integers(1, models, size=votes)) % models
    clusters = {name: _active(n, votes, pareto, rng) for name, n in (("voter", voters), ("item", prompts)) if n}
    gap = strengths[first] - strengths[second]
    for codes in clusters.values():
        tastes = TASTE * rng.standard_normal((int(codes.max()) + 1, models))
        gap += tastes[codes, first] - tastes[codes, second]
    outcome = np.where(rng.random(votes) < TIE_SHARE, 1, np.where(rng.random(votes) < expit(gap), 0, 2))
    # Votes that cannot be ranked, or whose voters are too few to be clusters, which the audit says.
    few = any(len(np.unique(codes)) < LEAST_CLUSTERS for codes in clusters.values())
    if few or (strong_components(comparisons(first, second, outcome, models).wins) != 0).any():
        return {}
    names = tuple(f"m{place:02d}" for place in range(models))
    # Strongly connected, so that every model has votes and the part is the whole.
    part = Part(
        models=names,
        data=comparisons(first, second, outcome, models),
        first=first,
        second=second,
        outcome=outcome,
        clusters=clusters,
    )
    # With fewer the verdict is that there are too few, whatever is drawn.
    enough = triads(part.data.wins).decided >= LEAST_TRIADS
    group = ranked(part, level, "half", RESAMPLES, rng)
    result = Arena(
        groups=(group,),
        alone=(),
        even=(),
        islands=1,
        votes=votes,
        ties=int((outcome == 1).sum()),
        elo=(),
        circles=circles(part.data, level, rng, CIRCLES) if enough else None,
        repeats=(),
        few=(),
        tie_model="half",
        level=level,
        notes=(),
    )
    return _outcome(result, judge(result), dict(zip(names, strengths, strict=True)), len(clusters), spread)


def _active(clusters: int, votes: int, pareto: float, rng: np.random.Generator) -> Ints:
    """Who cast each vote, or on which prompt."""
    if not pareto:
        return rng.permutation(votes) % clusters
    weights = 1 + rng.pareto(pareto, clusters)
    return rng.choice(clusters, votes, p=weights / weights.sum())


def _outcome(
    result: Arena, findings: Sequence[Finding], strengths: Mapping[str, float], shared: int, spread: float
) -> Outcome:
    (group,), (order, circle), outcome = result.groups, findings, Outcome()
    name = "all equal" if not spread else f"strengths of SD {spread:g}"
    add_order(outcome, group, order, strengths, name)
    one, other = (group.models.index(model) for model in list(strengths)[:2])
    true = float(_best_fitting(np.array(list(strengths.values())), shared)[0])
    found = group.strength[one]
    add_coverage(outcome, "strength of one model", name, true, found.low / POINTS, found.high / POINTS)
    if spread:
        add_event(outcome, "power", "told apart", "odds of 2 to 1", bool(group.above[one, other]))
        add_event(outcome, "power", "some pair told apart", name, order.status is not Status.ISSUE)
    else:
        add_event(outcome, "false_alarm", "passed", name, order.status is Status.PASSED)
    if circle.status is not Status.NOT_APPLICABLE:
        add_event(outcome, "false_alarm", "more circles than chance", name, circle.status is Status.CAUTION)
    return outcome


def _best_fitting(strengths: Floats, shared: int) -> Floats:
    """The strengths that an endless number of votes would give: Bradley-Terry fitted to the true chances.

    Ties and tastes (of voters, of prompts or of both) make the chances less extreme than the strengths say.
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(21)
    first, second = np.triu_indices(len(strengths), k=1)
    gap = (strengths[first] - strengths[second])[:, None] + np.sqrt(2 * shared) * TASTE * nodes
    share = expit(gap) @ weights / weights.sum()
    decided = 1 - TIE_SHARE
    counts = np.stack([decided * share, np.full(len(share), TIE_SHARE), decided * (1 - share)])
    none = np.empty(0, dtype=np.int64)
    data = Comparisons(models=len(strengths), first=first, second=second, counts=counts, cell=none)
    result: Floats = fit(data).strengths[0]
    return result


SIMULATIONS = {
    "P10": Simulation(
        tuple(
            dict(zip(("models", "votes", "voters", "prompts", "pareto"), sizes, strict=True)) | {"spread": spread}
            for sizes in (
                (4, 100, 0, 0, 0.0),
                (20, 5000, 0, 0, 0.0),
                (10, 1000, 6, 0, 0.0),
                (20, 5000, 60, 0, 0.0),
                (6, 600, 30, 0, 1.1),
                (6, 2000, 200, 0, 1.1),
                (20, 5000, 200, 0, 1.1),
                (6, 2000, 60, 60, 1.1),
            )
            for spread in (0.0, 0.5)
        ),
        arena,
        regime=(
            "votes by Bradley-Terry strengths, a quarter of them ties; voters and prompts with tastes of their "
            "own: none, equally active ones, or ones of Pareto activity (shape 1.1, a few cast most of the votes)"
        ),
    )
}
"""Arenas small and large, votes independent, by equally active voters, and as arenas have them: a few voters (and
prompts) have most of the votes."""
