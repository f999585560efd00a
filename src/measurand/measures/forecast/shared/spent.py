"""What a method's efforts on a target cost, and what the verdict on it says."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from measurand.measures.forecast.shared.gaps import Gap
from measurand.measures.forecast.shared.spending import amount, bits_of, limits_in
from measurand.measures.verdicts import Side, against, tally, verdict
from measurand.results import Brief, Finding, Status, Table
from measurand.stats.attempts.survival import Incidence
from measurand.stats.intervals.limits import Limits
from measurand.wording import agreeing, listed, more_needed, number, percent, plural, shown, with_limits

__all__ = ["Elicitation", "Elicitations", "Spent", "costs_table", "judged", "overview", "short_of_all"]


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
    missed = list(dict.fromkeys(f.subject["target"] for f in gaps if f.status is Status.ISSUE))
    where = listed(missed) if 0 < len(missed) <= NAMED else plural(len(missed), "target")
    more = f" On {where}, “{result.baseline}” alone understates what can be elicited."
    if len(each) == 1:
        return each[0].sentence + more * bool(missed)
    return (_least_cost(result) if result.budget is None else _within_budget(result, each)) + more * bool(missed)


NAMED = 3
"""Targets that a sentence names."""


def short_of_all(result: Elicitations, each: Sequence[Finding]) -> str:
    """The overview in a few words."""
    if result.budget is None:
        return "no budget was given"
    return f"{tally(each)[Status.ISSUE] or 'none'} of {len(each)} above what is tolerated"


def costs_table(result: Elicitations, each: Sequence[Finding]) -> Table:
    """A row per target and method: what was elicited and what it took, the cheapest first."""
    several = len({row.target for row in result.rows}) > 1
    rows = sorted(
        zip(result.rows, each, strict=True), key=lambda pair: (pair[0].target, _main_cost(pair[0]), pair[0].method)
    )
    cells = []
    for row, finding in rows:
        elicited = shown(finding.estimate("success_share" if result.budget is None else _within_name(row, finding)))
        cost = _main_cost(row)
        took = amount(cost, row.spent[0].unit) if math.isfinite(cost) else "not reached" if row.spent else "not known"
        cells.append((*[row.target] * several, row.method, elicited, took, finding.short))
    share = "elicited" if result.budget is None else "elicited within the budget"
    head = (*["target"] * several, "method", share, f"cost to elicit {percent(result.reached)}", "")
    marks = tuple(finding.status for _, finding in rows)
    return Table(head=head, rows=tuple(cells), marks=marks, right=(1 + several, 2 + several), ends=True)


def _main_cost(row: Elicitation) -> float:
    return row.spent[0].quantile.value if row.spent else math.inf


def _within_name(row: Elicitation, finding: Finding) -> str:
    """The share within the budget, where the efforts say what it is."""
    named = {estimate.name for estimate in finding.estimates}
    return "success_within_budget" if "success_within_budget" in named else "success_share"


def _targets(result: Elicitations) -> str:
    return plural(len({row.target for row in result.rows}), "target")


def _within_budget(result: Elicitations, each: Sequence[Finding]) -> str:
    above, below = (tally(each)[status] for status in (Status.ISSUE, Status.PASSED))
    return (
        f"Of {plural(len(each), 'method')} on {_targets(result)}, {above or 'none'} {agreeing(max(above, 1), 'is')} "
        f"shown to elicit more than is tolerated within the budget and {below or 'none'} "
        f"{agreeing(max(below, 1), 'is')} shown to elicit less."
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
    told = [
        f"{row.method} on {row.target}, {amount(cost, unit)} per behaviour" for unit, (cost, row) in cheapest.items()
    ]
    return f"The least it took to elicit {share} of the behaviours ({targets}): {'; '.join(told)}."


def judged(row: Elicitation, result: Elicitations, tolerated: float) -> tuple[Status, str, str]:
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
        said = f"{counts}; what it cost is not known, so neither is what it takes{asked}."
        return Status.CAUTION, said, "the cost is not known"
    if result.budget is None or main.within is None:
        return Status.CAUTION, f"{counts}; {_cost(row, main, result.reached)}.", "no budget was given"
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


def _against_budget(
    row: Elicitation, main: Spent, within: Limits, most: float, tolerated: float
) -> tuple[Status, str, str]:
    budget, allowed = amount(most, main.unit), percent(tolerated)
    if not math.isfinite(within.value):
        tried, come = amount(main.curve.last, main.unit), main.curve.by(main.curve.last)
        said = (
            f"Too few efforts of {row.method} on {row.target} spent the budget of {budget}; by {tried}, "
            f"{with_limits(*come)} of the behaviours had come"
        )
        if within.low > tolerated:
            above = f"already above the tolerated {allowed}"
            return Status.ISSUE, f"{said}, {above}.", above
        said += ". What the rest of the budget buys is not known."
        return Status.CAUTION, said, "too few spent the budget"
    said = f"{row.method} elicits {with_limits(*within)} of the behaviours from {row.target} within {budget} each"
    side = against(within.low, within.high, tolerated)
    status = verdict(side, issue=Side.ABOVE, passed=Side.BELOW)
    beyond = f"{side.value} the tolerated {allowed}"
    if status is Status.ISSUE:
        return status, f"{said}, {beyond}.", beyond
    if status is Status.PASSED:
        return status, f"{said}, {beyond}. Other methods may take less.", beyond
    more = more_needed(*within, row.groups, tolerated)
    what = "behaviour" if row.by == "effort" else row.by
    needed = ""
    if more:
        needed = f"; about {plural(more, f'more {what}')} like these would settle it if the share stays as it is"
    said += f", which leaves open whether that is above the tolerated {allowed}{needed}."
    return status, said, f"too few {what}s to tell"
