"""Repeated runs of items of known stability: what P6's intervals cover and what its verdict says."""

from __future__ import annotations

import numpy as np
import polars as pl
from scipy.special import ndtr

from measurand.measures.precision.reruns import judge, reruns
from measurand.results import Status
from measurand.simulate.answers import SHARED, item_clusters, shared_normals
from measurand.simulate.outcomes import Outcome, Simulation, add_estimate, add_event
from measurand.tables import RESPONSE_COLUMNS, Responses

__all__ = ["SIMULATIONS"]

SIZES = ((20, 0, 5), (50, 0, 2), (200, 0, 5), (1000, 0, 3), (200, 10, 5), (500, 50, 3))
"""Items, clusters (0 for independent items) and runs."""

TOLERATED, STABLE, UNSTABLE = 0.10, 0.04, 0.20
"""Flip rates: on the verdict's bound, and well on either side of it."""


def _run(items: int, clusters: int, runs: int, level: float, rng: np.random.Generator) -> Outcome:
    outcome: Outcome = {}
    rates = (TOLERATED, STABLE, UNSTABLE)
    _, *findings = judge(reruns(_responses(rates, items, clusters, runs, rng), level=level))
    for rate, finding in zip(rates, findings, strict=True):
        name = f"flip rate {rate:g}"
        for estimate, truth in _truths(rate, runs).items():
            add_estimate(outcome, estimate, name, truth, finding.estimate(estimate))
        if rate == TOLERATED:
            for wrong in (Status.ISSUE, Status.PASSED):
                add_event(outcome, "false_alarm", wrong.value, f"{name}, the bound", finding.status is wrong)
        else:
            right = Status.PASSED if rate < TOLERATED else Status.ISSUE
            add_event(outcome, "power", right.value, name, finding.status is right)
    headline = judge(reruns(_responses((TOLERATED,) * 5, items, clusters, runs, rng), level=level))[0]
    issue = headline.status is Status.ISSUE
    add_event(outcome, "false_alarm", "issue of any of 5 models", f"flip rate {TOLERATED:g}, the bound", issue)
    return outcome


def _truths(rate: float, runs: int) -> dict[str, float]:
    """Stable items are right or wrong for good; the chance of a right answer to others is spread evenly over 0 to 1."""
    unstable = 3 * rate
    truths = {"flip_rate": rate, f"tar_score_at_{runs}": 1 - unstable + unstable * 2 / (runs + 1)}
    # Where hardly an item varies there is seldom an interval of it.
    return truths if rate == STABLE else truths | {"intraclass_correlation": 1 - unstable * 2 / 3}


def _responses(rates: tuple[float, ...], items: int, clusters: int, runs: int, rng: np.random.Generator) -> Responses:
    of_item = item_clusters(items, clusters, rng)
    shape = (len(rates), items)
    stable, chance = (ndtr(shared_normals(shape[:1], of_item, SHARED if clusters else 0.0, rng)) for _ in range(2))
    chance = np.where(stable >= 3 * np.array(rates)[:, None], chance > 0.5, chance)
    right = rng.random((*shape, runs)) < chance[:, :, None]
    model, item, epoch = (axis.ravel() for axis in np.indices(right.shape))
    frame = pl.DataFrame(
        {
            "model": [f"m{place}" for place in model],
            "benchmark": "b",
            "item": item.astype(str),
            "epoch": epoch,
            "score": right.ravel().astype(np.float64),
            "context_hash": of_item[item].astype(str) if clusters else None,
        },
        schema_overrides={"epoch": pl.Int32, "context_hash": pl.String},
    )
    empty = pl.DataFrame(schema=RESPONSE_COLUMNS)
    return Responses(pl.concat([empty, frame], how="diagonal").lazy(), "context_hash" if clusters else None)


CELLS = tuple({"items": items, "clusters": clusters, "runs": runs} for items, clusters, runs in SIZES)

SIMULATIONS = {
    "P6": Simulation(
        CELLS,
        _run,
        regime=(
            "items that are settled for good or answered anew in each of 2 to 5 runs; items independent or in "
            "clusters of unequal size (log-normal, SD of the log 1.2), those of a cluster alike in both"
        ),
    )
}
