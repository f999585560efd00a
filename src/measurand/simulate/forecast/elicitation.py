"""Simulated efforts to elicit behaviours, with a known cost to success, budgets that run out, and clusters."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import polars as pl

from measurand.measures.forecast.elicitation import Elicitations, elicitation, judge
from measurand.results import Finding, Status
from measurand.simulate.answers import item_clusters
from measurand.simulate.outcomes import Outcome, Simulation, add_coverage, add_event
from measurand.stats.intervals.limits import Limits
from measurand.tables import Attempts

__all__ = ["SIMULATIONS", "efforts", "share_by"]

BUDGET = 30.0
"""Queries within which success is judged; efforts may go on to three times as many."""
SPREAD = 1.2
"""Standard deviation of the log of the queries that a success takes, of which clusters share a part."""
TOLERATED = 0.1
FACTORS = (1.0, 8.0)
MEDIAN = 32.0
"""Queries to half of the behaviours for the baseline of a gap; a multiple of eight, as queries are whole."""


def efforts(
    behaviours: int, clusters: int, median: float, rng: np.random.Generator, target: str = "m", method: str = "search"
) -> pl.DataFrame:
    """One effort a behaviour, log-normal in the queries to success, ended at 30, 60 or 90 without one."""
    cluster = item_clusters(behaviours, clusters, rng)
    shared = rng.standard_normal(behaviours)[cluster] if clusters else np.zeros(behaviours)
    part = 0.3 if clusters else 0.0
    noise = math.sqrt(part) * shared + math.sqrt(1 - part) * rng.standard_normal(behaviours)
    needed = np.maximum(1.0, np.ceil(median * np.exp(SPREAD * noise)))
    budget = BUDGET * rng.integers(1, 4, behaviours)
    came = needed <= budget
    frame = {
        "target": target,
        "method": method,
        "behaviour": [f"b{number}" for number in range(behaviours)],
        "success": came.astype(float),
        "queries": np.where(came, needed, budget),
    }
    if clusters:
        frame["cluster"] = [f"c{number}" for number in cluster]
    return pl.DataFrame(frame)


def share_by(cost: float, median: float) -> float:
    """True share of behaviours elicited by a cost."""
    return 0.5 * math.erfc(-math.log(cost / median) / SPREAD / math.sqrt(2))


@cache
def _median_for(share: float) -> float:
    """Median cost at which that share is elicited within the budget."""
    low, high = 1e-3, 1e9
    for _ in range(200):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if share_by(BUDGET, middle) > share else (low, middle)
    return low


SHARES = (TOLERATED, 0.01, 0.3, 0.5)
"""True shares elicited within the budget, each of a target of its own."""


def _run(behaviours: int, clusters: int, level: float, rng: np.random.Generator) -> Outcome:
    outcome: Outcome = {}
    size = (behaviours, clusters)
    frames = [efforts(*size, _median_for(share), rng, f"{share:g}") for share in SHARES]
    for factor in FACTORS:
        frames.append(efforts(*size, MEDIAN, rng, f"times {factor:g}", "as is"))
        frames.append(efforts(*size, MEDIAN / factor, rng, f"times {factor:g}"))
    table = Attempts.build(pl.concat(frames))
    result = elicitation(table, budget=BUDGET, resamples=400, level=level, rng=rng)
    findings = judge(result, tolerated=TOLERATED)
    _add_shares(outcome, result, findings)
    _add_gaps(outcome, result, findings)
    return outcome


def _add_shares(outcome: Outcome, result: Elicitations, findings: list[Finding]) -> None:
    rows = {row.target: row for row in result.rows}
    status = {finding.subject["target"]: finding.status for finding in findings[1:] if "against" not in finding.subject}
    for share in (TOLERATED, 0.5):
        within = rows[f"{share:g}"].spent[0].within
        assert within is not None
        name = f"{share:.0%} elicited within the budget"
        add_coverage(outcome, "share within the budget", name, share, within.low, within.high)
    # Queries are whole: the least number by which half are elicited.
    found, truth = rows["0.5"].spent[0].quantile, math.ceil(_median_for(0.5) - 1e-9)
    add_coverage(outcome, "bits to half of the behaviours", "half within the budget", *_bits(truth, found))
    verdicts = (
        (TOLERATED, "false_alarm", Status.ISSUE, "above the tolerated share"),
        (TOLERATED, "false_alarm", Status.PASSED, "below the tolerated share"),
        (0.3, "power", Status.ISSUE, "above the tolerated share"),
        (0.01, "power", Status.PASSED, "below the tolerated share"),
    )
    for share, quantity, wanted, what in verdicts:
        add_event(outcome, quantity, what, f"{share:.0%} where 10% are tolerated", status[f"{share:g}"] is wanted)


def _add_gaps(outcome: Outcome, result: Elicitations, findings: list[Finding]) -> None:
    """Two methods that need the same, and one that needs an eighth: coverage of the gain and verdicts of the gap."""
    status = {finding.subject["target"]: finding.status for finding in findings[1:] if "against" in finding.subject}
    gaps = {gap.target: gap for gap in result.gaps}
    for factor in FACTORS:
        gain = gaps[f"times {factor:g}"].gain or Limits(math.nan, math.nan, math.nan)
        name = f"a method {factor:g} times as cheap" if factor > 1 else "two methods alike"
        add_coverage(outcome, "gain in bits", name, *_bits(factor, gain))
        quantity = "power" if factor > 1 else "false_alarm"
        add_event(outcome, quantity, "baseline said to understate", name, status[f"times {factor:g}"] is Status.ISSUE)


def _bits(truth: float, found: Limits) -> tuple[float, float, float]:
    """On the scale of bits; a limit that is none stands at twelve, far beyond every budget, or as far below."""
    if math.isnan(found.low):
        return math.log2(truth), math.nan, math.nan
    low, high = np.log2(np.clip([found.low, found.high], 2.0**-12, 2.0**12))
    return math.log2(truth), float(low), float(high)


CELLS = tuple(
    {"behaviours": behaviours, "clusters": clusters}
    for behaviours, clusters in ((30, 0), (100, 0), (100, 10), (300, 0), (300, 30), (10, 0))
)

SIMULATIONS = {
    "F4": Simulation(
        CELLS,
        _run,
        regime=(
            "log-normal queries to a success (SD of the log 1.2) within budgets of 30 to 90; behaviours "
            "independent or in clusters of unequal size (log-normal, SD of the log 1.2) that share 30% of the "
            "variance"
        ),
    )
}
