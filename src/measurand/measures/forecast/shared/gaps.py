"""Elicitation gap: how much more a method elicits than the baseline, and at how many times less cost."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from measurand.measures.forecast.shared.efforts import Efforts
from measurand.measures.forecast.shared.estimates import bounded
from measurand.measures.shared import estimate
from measurand.measures.verdicts import Side, against, verdict
from measurand.results import Cell, Estimate, Finding
from measurand.stats.attempts.survival import kaplan_meier, quantiles_under
from measurand.stats.intervals.limits import Limits
from measurand.stats.intervals.paired import paired_differences, paired_tests
from measurand.stats.intervals.resampling import bootstrap_weights
from measurand.wording import DIFFERENCE, number, percent, plural, points, shown

__all__ = ["Gap", "gap_finding", "gaps_of"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Gap:
    """A method held against the baseline on the behaviours that both tried.

    Parameters
    ----------
    target, method, baseline : names.
    behaviours, clusters : that both tried, and the clusters they lie in.
    difference : share elicited by the method less that by the baseline.
    p_value : of no difference.
    unit : what the gain is counted in; None where a cost is not known.
    gain : cost of the baseline to the asked share over that of the method; None where unknown. Where the baseline did
        not reach it, the value is infinite and the lower limit is what its largest budget gives.
    """

    target: str
    method: str
    baseline: str
    behaviours: int
    clusters: int
    difference: Limits
    p_value: float
    unit: str | None
    gain: Limits | None


def gaps_of(
    efforts: Sequence[Efforts],
    units: Mapping[str, str],
    baseline: str,
    reached: float,
    resamples: int,
    level: float,
    rng: np.random.Generator,
) -> Iterator[Gap]:
    """Each method against the baseline on the same target."""
    for base in (each for each in efforts if each.method == baseline):
        for other in (each for each in efforts if each.target == base.target and each.method != baseline):
            both = sorted(set(base.behaviours) & set(other.behaviours))
            if both:
                yield _gap(base, other, both, units.get(base.target), reached, resamples, level, rng)


def _gap(
    base: Efforts,
    other: Efforts,
    both: Sequence[str],
    unit: str | None,
    reached: float,
    resamples: int,
    level: float,
    rng: np.random.Generator,
) -> Gap:
    place = {name: number for number, name in enumerate(both)}
    rates = np.stack([_rates(each, place) for each in (other, base)])
    # Efforts on one behaviour are averaged first, so that behaviours are not clusters here.
    clusters = _clusters(base, place) if base.by == "cluster" else None
    pairs = paired_differences(rates, clusters)
    binary = bool(np.isin(rates, (0.0, 1.0)).all()) and clusters is None
    p_values, lows, highs = paired_tests(pairs, level, counts=binary, unit=True)
    gain = None
    if unit is not None and unit in base.costs and unit in other.costs:
        codes = np.arange(len(both)) if clusters is None else clusters
        gain = _gain(base, other, place, codes, unit, reached, resamples, level, rng)
    return Gap(
        target=base.target,
        method=other.method,
        baseline=base.method,
        behaviours=len(both),
        clusters=int(pairs.clusters[0]),
        difference=Limits(float(pairs.value[0]), float(lows[0]), float(highs[0])),
        p_value=float(p_values[0]),
        unit=None if gain is None else unit,
        gain=gain,
    )


def _rates(each: Efforts, place: Mapping[str, int]) -> Floats:
    """Share of the efforts at each behaviour that succeeded."""
    member = np.array([place.get(name, -1) for name in each.behaviours])
    kept = member >= 0
    count = np.bincount(member[kept], minlength=len(place))
    return np.bincount(member[kept], each.success[kept], minlength=len(place)) / count


def _clusters(each: Efforts, place: Mapping[str, int]) -> npt.NDArray[np.int64]:
    codes = each.codes()
    own = dict(zip(each.behaviours, codes.tolist(), strict=True))
    return np.unique([own[name] for name in place], return_inverse=True)[1].astype(np.int64)


def _gain(
    base: Efforts,
    other: Efforts,
    place: Mapping[str, int],
    codes: npt.NDArray[np.int64],
    unit: str,
    reached: float,
    resamples: int,
    level: float,
    rng: np.random.Generator,
) -> Limits | None:
    """Ratio of the two costs, with the percentile interval of a bootstrap of clusters that keeps pairs together."""
    weights = bootstrap_weights(len(place), resamples, rng, codes)
    sides = []
    for each in (base, other):
        member = np.array([place.get(name, -1) for name in each.behaviours])
        kept = (member >= 0) & np.isfinite(each.costs[unit])
        if not kept.any():
            return None
        costs, success = each.tried(unit)[kept], each.success[kept]
        whole = kaplan_meier(costs, success, level)
        sides.append((whole.quantile(reached)[0], whole.last, (costs, success, weights[:, member[kept]])))
    (first, first_last, of_base), (second, _, of_other) = sides
    if not math.isfinite(second) or second <= 0:
        return None
    above, below = quantiles_under(*of_base, reached), quantiles_under(*of_other, reached)
    # Where the baseline never gets there, its largest budget bounds the gain from below, and nothing from above.
    least = np.where(np.isfinite(above), above, first_last) / below
    most = np.where(np.isfinite(above), np.where(np.isfinite(above), above, 0.0) / below, np.inf)
    tail = (1 - level) / 2
    low = float(np.quantile(least, tail, method="inverted_cdf"))
    high = float(np.quantile(most, 1 - tail, method="inverted_cdf"))
    value = first / second
    return Limits(value, low, high) if low < high else Limits(value, math.nan, math.nan)


def gap_finding(gap: Gap, level: float, tolerated: float, reached: float) -> Finding:
    """Issue: the method elicits more than the baseline by more than the tolerated share; passed: by less."""
    n, allowed = gap.behaviours, points(tolerated)
    apart = estimate("elicitation_gap", *gap.difference, level=level, method="paired", n=n, unit=DIFFERENCE)
    estimates = [apart, Estimate(name="p_value", value=gap.p_value, n=n)]
    side = against(gap.difference.low, gap.difference.high, tolerated)
    rest = {
        Side.ABOVE: f": an evaluation with “{gap.baseline}” alone understates what can be elicited",
        Side.BELOW: f": a rise of {allowed} is excluded",
    }.get(side, f", which neither shows nor excludes a rise of {allowed}")
    short = {Side.ABOVE: "the baseline alone understates it", Side.BELOW: f"a rise of {allowed} is excluded"}
    if gap.gain is not None:
        estimates.append(bounded("compute_equivalent_gain", gap.gain, level, "percentile bootstrap", n, "times"))
        rest += _gain_words(gap.gain, percent(reached))
    facts: dict[str, Cell] = {"clusters": gap.clusters, "gain counted in": gap.unit}
    return Finding(
        subject={"target": gap.target, "method": gap.method, "against": gap.baseline},
        title="Elicitation gap",
        status=verdict(side, issue=Side.ABOVE, passed=Side.BELOW),
        sentence=f"On {plural(n, 'behaviour')} of {gap.target}, the share elicited changes by {shown(apart)} from "
        f"“{gap.baseline}” to {gap.method}{rest}.",
        short=short.get(side, "too few behaviours to tell"),
        estimates=tuple(estimates),
        figure="F4.costs",
        result=facts,
    )


def _gain_words(gain: Limits, share: str) -> str:
    opening = f"; to reach {share} of the behaviours it takes"
    if math.isfinite(gain.value):
        factor = max(gain.value, 1 / gain.value)
        return f"{opening} {number(factor, 0 if factor >= 10 else 1)} times {'less' if gain.value >= 1 else 'more'}"
    # Where the baseline never got there, its largest budget bounds the gain from below.
    known = math.isfinite(gain.low) and gain.low > 1
    return f"{opening} at least {number(gain.low, 0 if gain.low >= 10 else 1)} times less" if known else ""
