"""What the verdicts on repeated attempts say, in words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from measurand.measures._shared import plural
from measurand.measures.forecast.shared.efforts import Limits
from measurand.measures.forecast.shared.repeats import LEAST_FOR_BACKTEST
from measurand.results import Status

if TYPE_CHECKING:
    from measurand.measures.forecast.attempts import Repeated

__all__ = ["percent", "verdict"]


def verdict(row: Repeated, tolerated: float | None) -> tuple[Status, str]:
    """What repeating brings out of one target by one method, held against what is tolerated."""
    whose = f"{row.method} on {row.target}"
    shown, made = (row.joint, row.asked) if row.asked <= row.attempts else (row.seen, row.attempts)
    of = plural(row.behaviours, "behaviour")
    said = f"{whose}: {percent(shown)} of {of} came within {plural(made, 'attempt')}"
    if row.asked > row.attempts:
        said += f"; {percent(row.joint)} are forecast within {row.asked:,}{_law(row)}"
    tested = _tested(row)
    if tolerated is None:
        return Status.CAUTION, f"{said}.{tested}"
    allowed = f"{100 * tolerated:g}%"
    if row.asked > row.attempts and row.seen.low > tolerated:
        return Status.ISSUE, f"{said}. What came already is above the tolerated {allowed}.{tested}"
    straddles = row.joint.low <= tolerated <= row.joint.high
    if row.asked <= row.attempts:
        if straddles:
            return Status.CAUTION, f"{said}, which does not decide about {allowed}{_more(row, tolerated)}."
        above = row.joint.low > tolerated
        return (
            Status.ISSUE if above else Status.PASSED
        ), f"{said}, {'above' if above else 'below'} the tolerated {allowed}."
    if straddles:
        return Status.CAUTION, f"{said}, which does not decide about {allowed}{_more(row, tolerated)}.{tested}"
    doubt = _doubt(row, tolerated)
    if doubt:
        return Status.CAUTION, f"{said}. {doubt}, so nothing is concluded about the tolerated {allowed}.{tested}"
    if row.joint.low > tolerated:
        return Status.ISSUE, f"{said}, above the tolerated {allowed}.{tested}"
    return Status.PASSED, f"{said}, below the tolerated {allowed}.{tested}"


def _doubt(row: Repeated, tolerated: float) -> str:
    """Why a forecast that does not straddle the rate still decides nothing."""
    if row.backtest is None:
        return f"With fewer than {LEAST_FOR_BACKTEST} attempts the forecast could not be tested"
    if row.backtest.missed:
        return "The forecast missed its own last decade"
    if math.isfinite(row.power.value) and (row.power.value > tolerated) != (row.joint.value > tolerated):
        return "The power law says otherwise"
    return ""


def _law(row: Repeated) -> str:
    return f" ({100 * row.power.value:.0f}% by the power law)" if math.isfinite(row.power.value) else ""


def _tested(row: Repeated) -> str:
    test = row.backtest
    if test is None:
        return ""
    return (
        f" From the first {plural(test.fitted, 'attempt')} alone the forecast was {percent(test.joint)}, and "
        f"{100 * test.came:.0f}% came."
    )


def _more(row: Repeated, tolerated: float) -> str:
    """How many more behaviours or clusters would decide, if the forecast stayed."""
    distance = abs(row.joint.value - tolerated)
    if distance < 1e-3:
        return ""
    half = row.joint.high - row.joint.value if row.joint.value < tolerated else row.joint.value - row.joint.low
    needed = row.groups * (half / distance) ** 2
    if not math.isfinite(needed) or needed > 1e5:
        return ""
    more = max(1, math.ceil(needed) - row.groups)
    what = plural(more, "more cluster" if row.clustered else "more behaviour")
    return f"; about {what} would, if the share stays as it is"


def percent(found: Limits) -> str:
    """A share with its limits, or with the reason that it has none."""
    if not (math.isfinite(found.low) and math.isfinite(found.high)):
        return _share(found.value)
    return f"{_share(found.value)} [{_share(found.low)} to {_share(found.high)}]"


def _share(value: float) -> str:
    """A share in percent, with digits where it is near an end.

    Examples
    --------
    >>> _share(0.314), _share(0.0021), _share(1.0)
    ('31%', '0.21%', '100%')
    """
    percent = 100 * value
    return f"{percent:.2g}%" if 0 < percent < 1 else f"{percent:.0f}%"
