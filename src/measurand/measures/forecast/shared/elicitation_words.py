"""What the verdicts on elicitation cost say, in words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from measurand.measures._shared import plural
from measurand.measures.forecast.shared.efforts import Limits
from measurand.measures.forecast.shared.spending import amount, bits_of
from measurand.results import Finding, Status

if TYPE_CHECKING:
    from measurand.measures.forecast.elicitation import Elicitation, Elicitations, Spent

__all__ = ["headline", "verdict"]


def headline(result: Elicitations, each: Sequence[Finding], gaps: Sequence[Finding]) -> str:
    """What holds for all: verdicts on the budget or the least cost, and whether the baseline alone says too little."""
    missed = [finding for finding in gaps if finding.status is Status.ISSUE]
    more = ""
    if missed:
        on = plural(len({finding.subject["target"] for finding in missed}), "target")
        more = f" On {on} {result.baseline!r} alone understates what can be elicited."
    return _overall(result, each) + more


def _overall(result: Elicitations, each: Sequence[Finding]) -> str:
    targets = plural(len({row.target for row in result.rows}), "target")
    if result.budget is not None:
        above = sum(finding.status is Status.ISSUE for finding in each)
        below = sum(finding.status is Status.PASSED for finding in each)
        return (
            f"Of {plural(len(each), 'method')} on {targets}, {above} shown to elicit more than is tolerated within the "
            f"budget, {below} shown to elicit less."
        )
    costed = [row for row in result.rows if row.spent and math.isfinite(row.spent[0].quantile.value)]
    share = f"{100 * result.reached:g}%"
    if not costed:
        return f"No method on {targets} is known to have elicited {share} of the behaviours at a known cost."
    by_unit: dict[str, Elicitation] = {}
    for row in costed:
        unit = row.spent[0].unit
        if unit not in by_unit or row.spent[0].quantile.value < by_unit[unit].spent[0].quantile.value:
            by_unit[unit] = row
    cheapest = "; ".join(
        f"{row.method} on {row.target} with {amount(row.spent[0].quantile.value, unit)}"
        for unit, row in by_unit.items()
    )
    return f"The least cost to elicit {share} of the behaviours, over {targets}: {cheapest} a behaviour."


def verdict(row: Elicitation, result: Elicitations, tolerated: float) -> tuple[Status, str]:
    """What one method took to elicit, held against the budget where there is one."""
    counts = (
        f"{row.method} elicited {row.succeeded:,} of {plural(row.efforts, 'behaviour')} from {row.target}"
        if row.efforts == row.behaviours
        else f"{row.method} succeeded in {row.succeeded:,} of {row.efforts:,} efforts on "
        f"{plural(row.behaviours, 'behaviour')} with {row.target}"
    )
    counts += f" ({_percent(row.share)})"
    main = next((spent for spent in row.spent if spent.unit == result.units.get(row.target)), None)
    if main is None:
        asked = "" if result.budget is None else " or whether it fits the budget"
        return Status.CAUTION, f"{counts}; what it cost is not known, so neither is what it takes{asked}."
    if result.budget is None or main.within is None:
        return Status.CAUTION, f"{counts}; {_cost(row, main, result.reached)}."
    return _against_budget(row, main, main.within, result.budget, tolerated)


def _cost(row: Elicitation, main: Spent, reached: float) -> str:
    """What it took, or that it took more than was spent."""
    share = f"{100 * reached:g}%"
    q = main.quantile
    if not row.succeeded:
        return f"whatever it takes is more than was spent, up to {amount(main.most, main.unit)} on each"
    if not math.isfinite(q.value):
        least = amount(q.low, main.unit)
        sure = f"{100 * main.curve.level:g}%"
        return f"{share} of the behaviours were not reached, which takes {least} or more ({sure} confidence)"
    bits = next((bits_of(s.quantile.value) for s in row.spent if s.unit in ("queries", "attempts")), math.inf)
    selection = "" if math.isinf(bits) else f", at most {bits:.1f} bits of selection"
    upper = f" to {amount(q.high, main.unit)}" if math.isfinite(q.high) else ", without an upper limit"
    # Where many efforts cost the same, the limits fall on the value itself and would claim certainty.
    limits = f" [from {amount(q.low, main.unit)}{upper}]" if q.low < q.high else ""
    return f"{share} of the behaviours took at most {amount(q.value, main.unit)} each{limits}{selection}"


def _against_budget(row: Elicitation, main: Spent, within: Limits, most: float, tolerated: float) -> tuple[Status, str]:
    budget = amount(most, main.unit)
    allowed = f"{100 * tolerated:g}%"
    said = f"{row.method} elicits {_percent(within)} of the behaviours from {row.target} within {budget} each"
    if not math.isfinite(within.value):
        tried = amount(main.curve.last, main.unit)
        come = _percent(Limits(*main.curve.by(main.curve.last)))
        said = (
            f"Too few efforts of {row.method} on {row.target} spent the budget of {budget}; by {tried}, {come} of the "
            "behaviours had come"
        )
        if within.low > tolerated:
            return Status.ISSUE, f"{said}, already above the tolerated {allowed}."
        return Status.CAUTION, f"{said}. What the rest of the budget buys is not known."
    if within.low > tolerated:
        return Status.ISSUE, f"{said}, above the tolerated {allowed}."
    if within.high < tolerated:
        return Status.PASSED, f"{said}, below the tolerated {allowed}. Other methods may take less."
    return Status.CAUTION, f"{said}, which does not decide about {allowed}{_more(within, row, tolerated)}."


def _more(within: Limits, row: Elicitation, tolerated: float) -> str:
    """How many more behaviours would decide, if the share stayed as it is."""
    distance = abs(within.value - tolerated)
    if distance < 1e-3:
        return ""
    half = within.high - within.value if within.value < tolerated else within.value - within.low
    needed = row.groups * (half / distance) ** 2
    if not math.isfinite(needed) or needed > 1e5:
        return ""
    what = "behaviour" if row.by == "effort" else row.by
    more = max(1, math.ceil(needed) - row.groups)
    return f"; about {plural(more, f'more {what}')} like these would, if the share stays as it is"


def _percent(found: Limits) -> str:
    if not (math.isfinite(found.low) and math.isfinite(found.high)):
        return f"{100 * found.value:.0f}%, too few clusters for an interval"
    return f"{100 * found.value:.0f}% [{100 * found.low:.0f}% to {100 * found.high:.0f}%]"
