"""What a method's efforts on a target cost, and what the verdict on it says."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from measurand.measures.forecast.shared.gaps import Gap
from measurand.measures.forecast.shared.spending import amount, bits_of, limits_in
from measurand.measures.verdicts import Side, against, tally, verdict
from measurand.results import Brief, Finding, Status
from measurand.stats.attempts.survival import Incidence
from measurand.stats.intervals.limits import Limits
from measurand.wording import more_needed, number, percent, plural, with_limits

__all__ = ["Elicitation", "Elicitations", "Spent", "judged", "overview"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Spent:
    """What a method's efforts on a target cost, counted in one unit.

    Parameters
    ----------
    unit : what is counted.
    known : efforts whose cost is known in it; the others are left out of what follows.
    most : the largest cost of an effort.
    curve : share of efforts with a success by cost, budgets that ran out censored; as far as enough efforts went.
    quantile : cost by which the asked share of efforts had succeeded.
    per_success : all that was spent by successes.
    area : mean of the curve from 0 to the budget, or to the largest cost spent.
    within : share with a success within the budget; None without one in this unit.
    """

    unit: str
    known: int
    most: float
    curve: Incidence
    quantile: Limits
    per_success: Limits
    area: Limits
    within: Limits | None


@dataclass(frozen=True, eq=False, kw_only=True)
class Elicitation:
    """One method's efforts on one target.

    Parameters
    ----------
    target, method : names.
    efforts, behaviours, succeeded : counts.
    groups, by : independent pieces of evidence and what they are: efforts, behaviours or clusters.
    share : of efforts that succeeded.
    naive : the same as if each effort stood alone.
    spent : by unit; the target's main unit first; none where no cost is known.
    bill : side -> its share of the FLOP counted; empty where none is known for all efforts.
    uncounted : sides whose FLOP is not known.
    """

    target: str
    method: str
    efforts: int
    behaviours: int
    succeeded: int
    groups: int
    by: str
    share: Limits
    naive: Limits
    spent: tuple[Spent, ...]
    bill: Mapping[str, float]
    uncounted: tuple[str, ...]


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Elicitations(Brief):
    """Result of `elicitation`, with its settings.

    Parameters
    ----------
    rows : by target and method.
    gaps : of the baseline to each other method on the same target; none without the baseline.
    units : the main unit of each target that has one.
    """

    rows: tuple[Elicitation, ...]
    gaps: tuple[Gap, ...]
    units: Mapping[str, str]
    budget: float | None
    reached: float
    baseline: str
    level: float
    notes: tuple[str, ...]


def overview(result: Elicitations, each: Sequence[Finding], gaps: Sequence[Finding]) -> str:
    """What holds for all: verdicts on the budget or the least cost, and whether the baseline alone says too little."""
    missed = {finding.subject["target"] for finding in gaps if finding.status is Status.ISSUE}
    more = f" On {plural(len(missed), 'target')} {result.baseline!r} alone understates what can be elicited."
    return (_least_cost(result) if result.budget is None else _within_budget(result, each)) + more * bool(missed)


def _targets(result: Elicitations) -> str:
    return plural(len({row.target for row in result.rows}), "target")


def _within_budget(result: Elicitations, each: Sequence[Finding]) -> str:
    if len(each) == 1:
        return each[0].sentence
    above, below = (tally(each)[status] for status in (Status.ISSUE, Status.PASSED))
    return (
        f"Of {plural(len(each), 'method')} on {_targets(result)}, {above} shown to elicit more than is tolerated "
        f"within the budget, {below} shown to elicit less."
    )


def _least_cost(result: Elicitations) -> str:
    share, targets = percent(result.reached), _targets(result)
    cheapest: dict[str, tuple[float, Elicitation]] = {}
    for row in result.rows:
        cost = row.spent[0].quantile.value if row.spent else math.inf
        if math.isfinite(cost) and cost < cheapest.get(row.spent[0].unit, (math.inf, row))[0]:
            cheapest[row.spent[0].unit] = cost, row
    if not cheapest:
        return f"No method on {targets} is known to have elicited {share} of the behaviours at a known cost."
    told = [f"{row.method} on {row.target} with {amount(cost, unit)}" for unit, (cost, row) in cheapest.items()]
    return f"The least cost to elicit {share} of the behaviours, over {targets}: {'; '.join(told)} per behaviour."


def judged(row: Elicitation, result: Elicitations, tolerated: float) -> tuple[Status, str]:
    """What one method took to elicit, held against the budget where there is one."""
    counts = (
        f"{row.method} elicited {row.succeeded:,} of {plural(row.efforts, 'behaviour')} from {row.target}"
        if row.efforts == row.behaviours
        else f"{row.method} succeeded in {row.succeeded:,} of {plural(row.efforts, 'effort')} on "
        f"{plural(row.behaviours, 'behaviour')} with {row.target}"
    )
    counts += f" ({with_limits(*row.share)})"
    main = next((spent for spent in row.spent if spent.unit == result.units.get(row.target)), None)
    if main is None:
        asked = "" if result.budget is None else " or whether it fits the budget"
        return Status.CAUTION, f"{counts}; what it cost is not known, so neither is what it takes{asked}."
    if result.budget is None or main.within is None:
        return Status.CAUTION, f"{counts}; {_cost(row, main, result.reached)}."
    return _against_budget(row, main, main.within, result.budget, tolerated)


def _cost(row: Elicitation, main: Spent, reached: float) -> str:
    """What it took, or that it took more than was spent."""
    share, q, unit = percent(reached), main.quantile, main.unit
    if not row.succeeded:
        return f"whatever it takes is more than was spent, up to {amount(main.most, unit)} on each"
    if not math.isfinite(q.value):
        sure = percent(main.curve.level)
        return (
            f"{share} of the behaviours were not reached, which takes {amount(q.low, unit)} or more ({sure} confidence)"
        )
    bits = next((bits_of(s.quantile.value) for s in row.spent if s.unit in ("queries", "attempts")), math.inf)
    selection = "" if math.isinf(bits) else f", at most {number(bits, 1)} bits of selection"
    # Where many efforts cost the same, the limits fall on the value itself and would claim certainty.
    limits = f" {limits_in(unit, q)}" if q.low < q.high else ""
    return f"{share} of the behaviours took at most {amount(q.value, unit)} each{limits}{selection}"


def _against_budget(row: Elicitation, main: Spent, within: Limits, most: float, tolerated: float) -> tuple[Status, str]:
    budget, allowed = amount(most, main.unit), percent(tolerated)
    if not math.isfinite(within.value):
        tried, come = amount(main.curve.last, main.unit), main.curve.by(main.curve.last)
        said = (
            f"Too few efforts of {row.method} on {row.target} spent the budget of {budget}; by {tried}, "
            f"{with_limits(*come)} of the behaviours had come"
        )
        if within.low > tolerated:
            return Status.ISSUE, f"{said}, already above the tolerated {allowed}."
        return Status.CAUTION, f"{said}. What the rest of the budget buys is not known."
    said = f"{row.method} elicits {with_limits(*within)} of the behaviours from {row.target} within {budget} each"
    side = against(within.low, within.high, tolerated)
    status = verdict(side, issue=Side.ABOVE, passed=Side.BELOW)
    if status is Status.ISSUE:
        return status, f"{said}, above the tolerated {allowed}."
    if status is Status.PASSED:
        return status, f"{said}, below the tolerated {allowed}. Other methods may take less."
    more = more_needed(*within, row.groups, tolerated)
    what = "behaviour" if row.by == "effort" else row.by
    needed = f"; about {plural(more, f'more {what}')} like these would, if the share stays as it is" if more else ""
    return status, f"{said}, which does not decide about {allowed}{needed}."
