"""Error rates of G12: honest versions that lose some items, siblings that lose as many, and models that hide."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.optimize import brentq
from scipy.special import expit

from measurand.measures.gaming.lost_items import judge, lost_items
from measurand.results import Finding, Status
from measurand.simulate.answers import item_clusters
from measurand.simulate.outcomes import Outcome, Simulation, add_coverage, add_event
from measurand.tables import Responses

__all__ = ["SIMULATIONS"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

ORDINARY = 0.10
SPREAD = 0.7
"""Standard deviation over clusters of how easily their items are lost, on the logistic scale."""

KNOWN, GAINED = 0.5, 0.05
"""Share of the items that the reference gets right, and of the others that a version of it gets right."""


def _run(items: int, clusters: int, level: float, rng: np.random.Generator) -> Outcome:
    group = item_clusters(items, clusters, rng) if clusters else None
    outcome: Outcome = {}
    reference = (rng.random(items) < KNOWN).astype(np.float64)
    for rate, name in (
        (0.05, "a version that loses 5%"),
        (ORDINARY, "a version that loses 10%"),
        (0.25, "one that hides 25%"),
    ):
        found = _found({"r": reference, "s": _version(reference, rate, group, rng)}, group, None, level)
        if found is None:
            continue
        share = found.estimate("lost")
        low, high = (np.nan if side is None else side for side in (share.low, share.high))
        add_coverage(outcome, "share lost", name, rate, low, high)
        quantity = "power" if rate > ORDINARY else "false_alarm"
        add_event(outcome, quantity, "loses what its reference gets right", name, found.status is Status.ISSUE)
    # Answers that are sampled: versions lose a fifth by luck alone, some a little more.
    for rate, name in (
        (0.2, "one that loses as much as its siblings"),
        (0.4, "one that loses twice as much as its siblings"),
    ):
        told = {"r": reference, "s": _version(reference, rate, group, rng)}
        told |= {name: _version(reference, 0.2, group, rng) for name in ("t", "u")}
        found = _found(told, group, ["t", "u"], level)
        if found is not None:
            quantity = "power" if rate > 0.2 else "false_alarm"
            add_event(outcome, quantity, "loses what its reference gets right", name, found.status is Status.ISSUE)
    return outcome


def _version(reference: Floats, rate: float, group: Ints | None, rng: np.random.Generator) -> Floats:
    """Scores of a version that loses so many of the right items, more of some clusters than of others."""
    chance = np.full(len(reference), rate)
    if group is not None:
        chance = expit(_centre(rate) + SPREAD * rng.standard_normal(group.max() + 1)[group])
    lost, gained = rng.random((2, len(reference)))
    result: Floats = np.where(reference > 0, lost >= chance, gained < GAINED).astype(np.float64)
    return result


@cache
def _centre(rate: float) -> float:
    """Log odds around which clusters scatter so that their mean rate is this."""
    at = np.linspace(-4, 4, 801)
    weight = np.exp(-0.5 * at**2) / np.exp(-0.5 * at**2).sum()
    return float(brentq(lambda centre: expit(centre + SPREAD * at) @ weight - rate, -10, 10))


def _found(scores: dict[str, Floats], group: Ints | None, siblings: list[str] | None, level: float) -> Finding | None:
    items = len(next(iter(scores.values())))
    frame = pl.DataFrame(
        {
            "model": np.repeat(list(scores), items),
            "benchmark": "b",
            "item": np.tile([f"q{place:05d}" for place in range(items)], len(scores)),
            "score": np.concatenate(list(scores.values())),
        }
    )
    if group is not None:
        frame = frame.with_columns(pl.Series("topic", np.tile([f"g{code}" for code in group], len(scores))))
    responses = Responses.build(frame, cluster=None if group is None else "topic")
    found = judge(lost_items(responses, reference="r", suspect="s", siblings=siblings, level=level), ordinary=ORDINARY)
    return next((finding for finding in found if not finding.headline and finding.estimates), None)


SIMULATIONS = {
    "G12": Simulation(
        tuple({"items": items, "clusters": clusters} for items, clusters in ((100, 0), (200, 0), (500, 0), (500, 60))),
        _run,
        regime=(
            "a reference that gets half of the items right; versions of it that lose 5, 10 or 25% of those, and with "
            "siblings that lose 20% each; items independent or in 60 clusters of unequal size, some of which are lost "
            "more easily than others"
        ),
    )
}
