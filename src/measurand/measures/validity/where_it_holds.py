"""V5, where it holds: does the capabilities correlation differ between classes and along the capability range?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from measurand.measure import Measure
from measurand.measures._shared import (
    columns,
    display_names,
    estimate,
    kind,
    number,
    overall,
    plural,
    require_fraction,
    shown,
)
from measurand.measures.validity.shared.panel import (
    LEAST_MODELS,
    Missing,
    Panel,
    Unassessed,
    assessable,
    chosen,
    panels,
    unassessed_findings,
)
from measurand.results import Axis, Cell, Estimate, Figure, Finding, Question, Status
from measurand.stats.capability.comparison import Replicated, difference_limits, half_replicates, joint_replicates
from measurand.stats.intervals.correlation import jackknife_z
from measurand.tables import Scores

__all__ = ["MEASURE", "WhereItHolds", "where_it_holds"]

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
CODE, TITLE = "V5", "Where it holds"
METHOD = "leave-one-family-out jackknife, t(G-1)"


@dataclass(frozen=True)
class Compared:
    """One benchmark compared: two correlations, their difference and, between classes, their pooled value.

    Each is (value, low, high). `subject` says between what, and for halves of which class; `among` says it in words.
    """

    subject: dict[str, str]
    among: tuple[str, str]
    benchmark: str
    labels: tuple[str, str]
    first: tuple[float, float, float]
    second: tuple[float, float, float]
    difference: tuple[float, float, float]
    pooled: tuple[float, float, float] | None
    n: tuple[int, int]


@dataclass(frozen=True, eq=False)
class WhereItHolds:
    """Result of `where_it_holds`."""

    compared: tuple[Compared, ...]
    unassessed: tuple[Unassessed, ...]
    caveats: tuple[str, ...]
    level: float
    names: dict[str, str]


def where_it_holds(scores: Scores, *, level: float = 0.95, missing: Missing = "complete") -> WhereItHolds:
    """Capabilities correlations of each pair of classes, and of the lower and upper half of capability, compared.

    Parameters
    ----------
    scores : scores with roles and classes.
    level : confidence level, in (0, 1). Intervals: leave-one-family-out jackknife, a family left out of both classes
        at once, component refitted, t(G-1).
    missing : as in `measurand.capabilities_correlation`.

    Returns
    -------
    WhereItHolds
        Differences in [-2, 2]; pooled: mean of the within-class correlations weighted by models.

    Raises
    ------
    NotApplicable
        Fewer than 3 capability benchmarks, or no class with 8 models.
    InputError
        A setting out of its range.

    References
    ----------
    Ren et al. 2024, arXiv 2407.21792 (base and chat models apart; TruthfulQA by range of capability).

    Examples
    --------
    >>> import measurand
    >>> result = where_it_holds(measurand.load_example().scores)
    >>> [item.labels for item in result.compared if item.benchmark == "truthfulqa_mc1"]
    [('base', 'chat'), ('lower half', 'upper half'), ('lower half', 'upper half')]
    """
    require_fraction(level=level)
    found, problems = panels(scores, missing)
    unassessed = list(problems)
    able = {}
    for panel in found:
        able[panel.class_], not_able = assessable(panel.scores, panel.tested, panel.class_)
        unassessed += not_able
    compared: list[Compared] = []
    for one, other in combinations(found, 2):
        compared += _classes(one, other, able[one.class_] & able[other.class_], level)
    for panel in found:
        if len(panel.models) < 2 * LEAST_MODELS:
            reason = f"{len(panel.models)} {kind(panel.class_)}models make halves of fewer than {LEAST_MODELS}"
            unassessed.append(Unassessed({"class": panel.class_}, reason, f"at least {2 * LEAST_MODELS} models"))
        else:
            halves, not_able = _halves(panel, able[panel.class_], level)
            compared += halves
            unassessed += not_able
    caveats = tuple(dict.fromkeys(caveat for panel in found for caveat in panel.caveats))
    return WhereItHolds(tuple(compared), tuple(unassessed), caveats, level, display_names(scores))


def _classes(one: Panel, other: Panel, able: Mask, level: float) -> list[Compared]:
    first, second = joint_replicates(
        (one.values, other.values),
        (one.scores[:, able], other.scores[:, able]),
        tuple([panel.family_names[code] for code in panel.families] for panel in (one, other)),
    )
    subject = {"between": f"{one.class_} and {other.class_}"}
    among = (f"{kind(one.class_)}models", f"{kind(other.class_)}models")
    return _compare(subject, among, (one.class_, other.class_), chosen(one.tested, able), first, second, level)


def _halves(panel: Panel, able: Mask, level: float) -> tuple[list[Compared], list[Unassessed]]:
    names = chosen(panel.tested, able)
    lower, upper = half_replicates(panel.values, panel.scores[:, able], panel.families)
    enough = (np.minimum(lower.n, upper.n) >= LEAST_MODELS) & np.isfinite(lower.value - upper.value)
    subject = {"class": panel.class_, "between": "lower and upper half"}
    problems = [
        Unassessed(
            {"benchmark": name, **subject},
            f"{low} and {high} {kind(panel.class_)}models in the two halves were run on it, or do not differ there",
            f"at least {LEAST_MODELS} that differ in each",
        )
        for name, low, high, able_ in zip(names, lower.n, upper.n, enough.tolist(), strict=True)
        if not able_
    ]
    among = (f"the less capable half of {kind(panel.class_)}models", "the more capable half")
    compared = _compare(subject, among, ("lower half", "upper half"), names, lower, upper, level)
    return [item for item, able_ in zip(compared, enough.tolist(), strict=True) if able_], problems


def _compare(
    subject: dict[str, str],
    among: tuple[str, str],
    labels: tuple[str, str],
    benchmarks: Sequence[str],
    first: Replicated,
    second: Replicated,
    level: float,
) -> list[Compared]:
    each = [_with_limits(found, level) for found in (first, second)]
    change = difference_limits(first, second, level)
    classes = "class" not in subject
    pooled = _with_limits(_pooled(first, second), level) if classes else None
    return [
        Compared(
            subject,
            among,
            benchmark,
            labels,
            _triple(each[0], j),
            _triple(each[1], j),
            _triple(change, j),
            _triple(pooled, j) if pooled is not None else None,
            (int(first.n[j]), int(second.n[j])),
        )
        for j, benchmark in enumerate(benchmarks)
    ]


def _with_limits(found: Replicated, level: float) -> tuple[Floats, Floats, Floats]:
    return (found.value, *jackknife_z(found.value, found.of_own_families(), found.n, level))


def _pooled(first: Replicated, second: Replicated) -> Replicated:
    """Mean of the two within-class correlations, weighted by models."""
    n = first.n + second.n
    return Replicated(
        (first.n * first.value + second.n * second.value) / n,
        (first.n * first.left_out + second.n * second.left_out) / n,
        first.takes_part | second.takes_part,
        n,
    )


def _triple(limits: tuple[Floats, Floats, Floats], j: int) -> tuple[float, float, float]:
    value, low, high = (float(side[j]) for side in limits)
    return value, low, high


def judge(result: WhereItHolds, *, margin: float = 0.5) -> list[Finding]:
    """Issue: the two correlations differ (interval off 0); passed: they differ by less than `margin`."""
    findings: list[Finding] = []
    groups: dict[tuple[str, str], list[Compared]] = {}
    for item in result.compared:
        groups.setdefault(item.among, []).append(item)
    for items in groups.values():
        each = [_finding(result, item, margin) for item in items]
        findings += [_headline(items[0], each, result.caveats, margin), *each]
    return findings + unassessed_findings(CODE, TITLE, result.unassessed)


def _headline(item: Compared, each: Sequence[Finding], caveats: tuple[str, ...], margin: float) -> Finding:
    differ, alike = (sum(f.status is status for f in each) for status in (Status.ISSUE, Status.PASSED))
    status = overall(each)
    sentence = (
        f"Between {item.among[0]} and {item.among[1]} the capabilities correlation of {differ} of "
        f"{plural(len(each), 'benchmark')} clearly differs, and of {alike} it differs by less than {margin:g}; "
        "the others cannot be called."
    )
    return Finding(CODE, item.subject, TITLE, status, sentence, (), caveats, f"{CODE}.differences")


def _finding(result: WhereItHolds, item: Compared, margin: float) -> Finding:
    total = sum(item.n)
    keys = [label.replace(" ", "_") for label in item.labels]
    first, second, change = (
        estimate(name, *triple, level=result.level, method=METHOD, n=n)
        for name, triple, n in (
            (f"capabilities_correlation_{keys[0]}", item.first, item.n[0]),
            (f"capabilities_correlation_{keys[1]}", item.second, item.n[1]),
            ("difference", item.difference, total),
        )
    )
    estimates: list[Estimate] = [change, first, second]
    if item.pooled is not None:
        estimates.append(estimate("pooled_within_class", *item.pooled, level=result.level, method=METHOD, n=total))
    status, verdict = _verdict(change, margin)
    return Finding(
        CODE,
        {"benchmark": item.benchmark, **item.subject},
        TITLE,
        status,
        f"{result.names[item.benchmark]} correlates {first.value:+.2f} with capability among {item.among[0]} and "
        f"{second.value:+.2f} among {item.among[1]}, a difference of {shown(change)}: {verdict}.",
        tuple(estimates),
        (),
        f"{CODE}.differences",
    )


def _verdict(change: Estimate, margin: float) -> tuple[Status, str]:
    if change.low is None or change.high is None:
        return Status.CAUTION, "no interval, since too few families are in both"
    if change.low > 0 or change.high < 0:
        return Status.ISSUE, "what holds in one does not hold in the other"
    if -margin < change.low and change.high < margin:
        return Status.PASSED, "about the same"
    return Status.CAUTION, "too few models to tell whether they differ"


def figure(result: WhereItHolds) -> list[Figure]:
    """Differences with intervals; hover gives both correlations."""
    rows: list[tuple[Cell, ...]] = [
        (
            f"{item.labels[0]} minus {item.labels[1]}"
            + ("" if item.pooled is not None else f", {item.subject['class']}"),
            result.names[item.benchmark],
            *(number(value) for value in item.difference),
            number(item.first[0]),
            number(item.second[0]),
        )
        for item in result.compared
    ]
    return [
        Figure(
            f"{CODE}.differences",
            "intervals",
            "Where the correlation differs",
            "Difference between two capabilities correlations, with its interval; off 0 the two clearly differ.",
            columns(("compared", "benchmark", "difference", "low", "high", "first", "second"), rows),
            Axis("difference", "difference of capabilities correlations"),
            Axis("benchmark", "benchmark", "nominal"),
            low="low",
            high="high",
            label="benchmark",
            select=("compared",),
            rules=(0.0,),
        )
    ]


MEASURE = Measure(
    code=CODE,
    name="where it holds",
    question=Question.VALIDITY,
    asks="Does the capabilities correlation hold in every class of models and over the whole range of capability?",
    needs="what V1 needs, in two classes, or in one class of at least 16 models",
    formula="rho in one class minus rho in the other; rho in the lower minus rho in the upper half of s; "
    "pooled = mean of within-class rho weighted by models.",
    compute=where_it_holds,
    judge=judge,
    figure=figure,
    caveats=(
        "Half of a class has half its models: expect wide intervals, and a narrower range lowers a correlation.",
        "The coverage of the pooled correlation is not measured by itself; that of the differences is.",
        "Of two halves in which nothing differs, up to 6% are called different (measured), where 5% is the aim.",
    ),
    references=("Ren et al. 2024, Safetywashing, arXiv 2407.21792",),
)
