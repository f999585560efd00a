"""What was found of one method's repeated attempts on one target, and what the verdict on it says."""

from __future__ import annotations

import math
from dataclasses import dataclass

from measurand.measures.forecast.shared.estimates import bounded
from measurand.measures.forecast.shared.repeats import LEAST_FOR_BACKTEST
from measurand.measures.shared import finite
from measurand.measures.verdicts import Side, against, verdict
from measurand.results import Cell, Estimate, Finding, Status
from measurand.stats.intervals.limits import Limits
from measurand.wording import DIFFERENCE, SHARE, agreeing, more_needed, percent, plural, shown

__all__ = ["Backtest", "Repeated", "finding_of", "tried_less"]


@dataclass(frozen=True)
class Backtest:
    """What a tenth of the attempts would have forecast for all of them.

    Parameters
    ----------
    fitted : attempts that the forecast was made from.
    joint : forecast with its limits.
    power : power law's forecast; NaN where it could not be fitted.
    came : success observed after all attempts.
    possible : what that would be had all come that never did and were tried less often.
    """

    fitted: int
    joint: Limits
    power: float
    came: float
    possible: float

    @property
    def missed(self) -> bool:
        """Whether what came lies outside the forecast's limits."""
        return self.joint.low > self.possible + 1e-9 or self.joint.high < self.came - 1e-9


@dataclass(frozen=True, kw_only=True)
class Repeated:
    """One method's repeated attempts on one target.

    Parameters
    ----------
    target, method : names.
    behaviours, groups : behaviours, and the clusters they lie in.
    clustered : whether clusters were named.
    attempts : that were made at each behaviour.
    unknown : behaviours that never came and were tried less than half as often as the others, and less often than the
        attempts within which others are said to have come.
    stopped : whether attempts end with a success.
    asked : attempts forecast for.
    once, seen : success after one attempt and after all that were made, as observed.
    a, b : of the beta distribution of rates.
    scale, exponent : of the power law.
    family : of the distributions of rates, the one that fits better: ``"beta"`` or ``"logit-normal"``.
    joint : forecast of success after the asked attempts, over both families; it is judged.
    beta, power : the same by the beta-binomial and the power law alone. All three are what was observed where as many
        attempts were made.
    backtest : of the last decade of attempts; None below 20 attempts.
    curve : attempts, success observed and its limits.
    """

    target: str
    method: str
    behaviours: int
    groups: int
    clustered: bool
    attempts: int
    unknown: int
    stopped: bool
    asked: int
    once: Limits
    seen: Limits
    a: float
    b: float
    scale: float
    exponent: float
    family: str
    joint: Limits
    beta: Limits
    power: Limits
    backtest: Backtest | None
    curve: tuple[tuple[int, Limits], ...]


def finding_of(row: Repeated, level: float, tolerated: float | None) -> Finding:
    """What repeating brings out of one target by one method, held against what is tolerated."""
    estimates = _estimates(row, level)
    status, sentence, short = _verdict(row, {each.name: shown(each) for each in estimates}, tolerated)
    facts: dict[str, Cell] = {
        "attempts": row.attempts,
        "behaviours": row.behaviours,
        "clusters": row.groups,
        "ended with a success": row.stopped,
        "family that fits better": row.family,
        "a": row.a,
        "b": row.b,
        "scale": finite(row.scale),
        "exponent": finite(row.exponent),
    }
    return Finding(
        subject={"target": row.target, "method": row.method},
        status=status,
        sentence=sentence,
        short=short,
        estimates=estimates,
        figure="F2.curves",
        result=facts,
    )


def _estimates(row: Repeated, level: float) -> tuple[Estimate, ...]:
    over = plural(row.groups, "cluster") if row.clustered else plural(row.behaviours, "behaviour")
    how = "Kaplan-Meier, Korn-Graubard" if row.stopped else "unbiased; Wilson at the effective size"
    told = [
        (f"pass@{row.asked} forecast", row.joint, f"profile likelihood of two families; over {over}"),
        (f"pass@{row.asked} beta-binomial", row.beta, f"profile likelihood; over {over}"),
        (f"pass@{row.asked} power law", row.power, f"percentile bootstrap; over {over}"),
        (f"pass@{row.attempts} observed", row.seen, f"{how}; over {over}"),
        ("pass@1 observed", row.once, f"{how}; over {over}"),
    ]
    n, test = row.behaviours, row.backtest
    if test is not None:
        told.append((_tested_name(test), test.joint, "profile likelihood"))
    found = [bounded(name, limits, level, method, n, SHARE) for name, limits, method in told]
    if test is not None:
        found.append(Estimate(name="back-test error", value=test.joint.value - test.came, n=n, unit=DIFFERENCE))
        if math.isfinite(test.power):
            error = test.power - test.came
            found.append(Estimate(name="back-test error of the power law", value=error, unit=DIFFERENCE))
    return tuple(found)


def _tested_name(test: Backtest) -> str:
    return f"back-test: forecast from {plural(test.fitted, 'attempt')}"


def _verdict(row: Repeated, words: dict[str, str], tolerated: float | None) -> tuple[Status, str, str]:
    ahead = row.asked > row.attempts
    came, made = words[f"pass@{row.attempts} observed"], row.attempts
    forecast = words[f"pass@{row.asked} forecast"]
    if not ahead:
        came, made = forecast, row.asked
    said = f"{row.method} on {row.target}: {came} of {plural(row.behaviours, 'behaviour')} came within "
    said += plural(made, "attempt") + tried_less(row)
    if ahead:
        law = f" ({percent(row.power.value)} by the power law)" if math.isfinite(row.power.value) else ""
        said += f"; {forecast} are forecast within {row.asked:,}{law}{_like_the_others(row)}"
    tested = "" if row.backtest is None else _tested(row.backtest, words[_tested_name(row.backtest)])
    if tolerated is None:
        return Status.CAUTION, f"{said}.{tested}", "no tolerated share was given"
    tested, allowed = tested if ahead else "", percent(tolerated)
    if ahead and row.seen.low > tolerated:
        above = f"above the tolerated {allowed}"
        return Status.ISSUE, f"{said}. What came already is {above}.{tested}", f"already {above}"
    side = against(row.joint.low, row.joint.high, tolerated)
    if side not in (Side.ABOVE, Side.BELOW):
        said += f", which leaves open whether more than the tolerated {allowed} would come{_more(row, tolerated)}"
        return Status.CAUTION, f"{said}.{tested}", "too few behaviours to tell"
    # A forecast, unlike what was observed, has to have proved itself before it decides anything.
    if ahead and (doubt := _doubt(row, tolerated)):
        why, short = doubt
        said += f". {why}, so nothing is concluded about the tolerated {allowed}"
        return Status.CAUTION, f"{said}.{tested}", short
    status, beyond = verdict(side, issue=Side.ABOVE, passed=Side.BELOW), f"{side.value} the tolerated {allowed}"
    return status, f"{said}, {beyond}.{tested}", beyond


def tried_less(row: Repeated) -> str:
    """Of how many behaviours it is not known whether they would have come."""
    if not row.unknown:
        return ""
    count = "one" if row.unknown == 1 else f"{row.unknown}"
    return f", of which {count} that never came {agreeing(row.unknown, 'was')} tried less often"


def _like_the_others(row: Repeated) -> str:
    """What the forecast takes for granted of behaviours that were tried too seldom to have come."""
    if not row.unknown:
        return ""
    return ", if this one is like the others" if row.unknown == 1 else f", if these {row.unknown} are like the others"


def _doubt(row: Repeated, tolerated: float) -> tuple[str, str] | None:
    """Why a forecast that lies on one side of the rate still decides nothing, at length and in short."""
    if row.backtest is None:
        said = f"With fewer than {LEAST_FOR_BACKTEST} attempts the forecast could not be tested"
        return said, "the forecast was not tested"
    if row.backtest.missed:
        return "A forecast from a tenth of the attempts missed what came", "the forecast failed its test"
    if math.isfinite(row.power.value) and (row.power.value > tolerated) != (row.joint.value > tolerated):
        return "The power law says otherwise", "the power law says otherwise"
    return None


def _tested(test: Backtest, forecast: str) -> str:
    return (
        f" From the first {plural(test.fitted, 'attempt')} alone the forecast was {forecast}, and "
        f"{percent(test.came)} came."
    )


def _more(row: Repeated, tolerated: float) -> str:
    """How many more behaviours or clusters would decide, if the forecast stayed."""
    more = more_needed(*row.joint, row.groups, tolerated)
    what = "more cluster" if row.clustered else "more behaviour"
    return f"; about {plural(more, what)} would settle it if the share stays as it is" if more else ""
