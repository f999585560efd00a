"""V5, where it holds: does the capabilities correlation differ between classes and along the capability range?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import numpy.typing as npt

from measurand.measures import Measure
from measurand.measures.shared import display_names, estimate, finite, kind, require_fraction
from measurand.measures.validity.shared.by_class import intervals_figure, zip_limits
from measurand.measures.validity.shared.panel import LEAST_MODELS, Missing, Panel, assessable, chosen, panels
from measurand.measures.verdicts import Call, Side, Unassessed, called, claims, headline, unassessed
from measurand.results import Axis, Brief, Cell, Figure, Finding, Question, Status
from measurand.stats.capability.capabilities import moderated_jackknife
from measurand.stats.capability.comparison import (
    Replicated,
    difference,
    difference_limits,
    half_replicates,
    joint_replicates,
)
from measurand.stats.intervals.correlation import OnZScale, jackknife_z
from measurand.stats.intervals.limits import Limits
from measurand.stats.intervals.one_sided import Uncertain
from measurand.tables import Scores
from measurand.wording import CORRELATION, agreeing, capital, plural, shown, value_of

__all__ = ["MEASURE", "Compared", "WhereItHolds", "across_classes", "across_halves", "judge", "where_it_holds"]

Mask = npt.NDArray[np.bool_]
METHOD = "leave-one-family-out jackknife, t(G-1)"
VERDICTS = {
    Side.ABOVE: "it rises with capability",
    Side.BELOW: "it gets worse with capability",
    Side.BETWEEN: "it is separate from capability",
}
"""What V1 says of a benchmark in one class."""


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One benchmark compared: two correlations, their difference and, between classes, their pooled value.

    `subject` says between what, and for halves of which class; `among` says it in words. `stderr` and `df` are those of
    the difference.
    """

    subject: dict[str, str]
    among: tuple[str, str]
    benchmark: str
    labels: tuple[str, str]
    first: Limits
    second: Limits
    difference: Limits
    stderr: float
    df: float
    pooled: Limits | None
    n: tuple[int, int]


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class WhereItHolds(Brief):
    """Result of `where_it_holds`; `correlations`: of each class, its benchmarks and V1's estimates, by its name."""

    compared: tuple[Compared, ...]
    correlations: dict[str, tuple[tuple[str, ...], OnZScale]]
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
        # Only benchmarks that both classes can be ranked on: a difference needs two correlations.
        compared += across_classes(one, other, able[one.class_] & able[other.class_], level)
    for panel in found:
        # The cut is made within the class: a half is ranked by itself and so needs as many models as a class.
        if len(panel.models) < 2 * LEAST_MODELS:
            reason = f"{len(panel.models)} {kind(panel.class_)}models make halves of fewer than {LEAST_MODELS}"
            unassessed.append(Unassessed({"class": panel.class_}, reason, f"at least {2 * LEAST_MODELS} models"))
        else:
            halves, not_able = across_halves(panel, able[panel.class_], level)
            compared += halves
            unassessed += not_able
    caveats = tuple(dict.fromkeys(caveat for panel in found for caveat in panel.caveats))
    correlations = {panel.class_: class_correlations(panel, able[panel.class_]) for panel in found}
    compared = [_as_in_v1(item, correlations, level) for item in compared]
    return WhereItHolds(
        compared=tuple(compared),
        correlations=correlations,
        unassessed=tuple(unassessed),
        caveats=caveats,
        level=level,
        names=display_names(scores),
    )


def _as_in_v1(item: Compared, correlations: dict[str, tuple[tuple[str, ...], OnZScale]], level: float) -> Compared:
    """With the intervals that V1 gives the two classes, so that one report has one interval; halves have their own."""
    if "class" in item.subject:
        return item
    limits = []
    for label in item.labels:
        names, found = correlations[label]
        place = names.index(item.benchmark)
        limits.append(Limits(float(found.rho[place]), *(float(side[place]) for side in found.limits(level))))
    return replace(item, first=limits[0], second=limits[1])


def class_correlations(panel: Panel, able: Mask) -> tuple[tuple[str, ...], OnZScale]:
    """The benchmarks of one class that are `able`, and their capabilities correlations as V1 judges them."""
    return chosen(panel.tested, able), moderated_jackknife(panel.values, panel.scores[:, able], panel.families)[0]


def across_classes(one: Panel, other: Panel, able: Mask, level: float) -> list[Compared]:
    """Two classes compared, on the benchmarks that are `able`."""
    first, second = joint_replicates(
        (one.values, other.values),
        (one.scores[:, able], other.scores[:, able]),
        tuple([panel.family_names[code] for code in panel.families] for panel in (one, other)),
    )
    subject = {"between": f"{one.class_} and {other.class_}"}
    among = (f"{kind(one.class_)}models", f"{kind(other.class_)}models")
    return _compare(subject, among, (one.class_, other.class_), chosen(one.tested, able), first, second, level)


def across_halves(panel: Panel, able: Mask, level: float) -> tuple[list[Compared], list[Unassessed]]:
    """The lower and the upper half of capability compared, and the benchmarks that cannot be."""
    names = chosen(panel.tested, able)
    lower, upper = half_replicates(panel.values, panel.scores[:, able], panel.families)
    # Of two or three models any order is perfect, so a half needs as many as a class.
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
    # Halves are halves of one class: to pool them would be to compute the class's own correlation with less.
    pooled = None if "class" in subject else _with_limits(_pooled(first, second), level)
    parts = (
        _with_limits(first, level),
        _with_limits(second, level),
        zip_limits(*difference_limits(first, second, level)),
        pooled if pooled is not None else [None] * len(benchmarks),
    )
    error = difference(first, second)
    return [
        Compared(
            subject=subject,
            among=among,
            benchmark=benchmark,
            labels=labels,
            first=one,
            second=other,
            difference=change,
            stderr=float(error.stderr[j]),
            df=float(error.df[j]),
            pooled=mean,
            n=(int(first.n[j]), int(second.n[j])),
        )
        for j, (benchmark, one, other, change, mean) in enumerate(zip(benchmarks, *parts, strict=True))
    ]


def _with_limits(found: Replicated, level: float) -> tuple[Limits, ...]:
    return zip_limits(found.value, *jackknife_z(found.value, found.of_own_families(), found.n, level))


def _pooled(first: Replicated, second: Replicated) -> Replicated:
    """Mean of the two within-class correlations, weighted by models."""
    n = first.n + second.n
    return Replicated(
        (first.n * first.value + second.n * second.value) / n,
        (first.n * first.left_out + second.n * second.left_out) / n,
        first.takes_part | second.takes_part,
        n,
    )


def judge(result: WhereItHolds, *, worth: float = 0.2, margin: float = 0.5, threshold: float = 0.5) -> list[Finding]:
    """Issue: the two differ by more than `worth`, or V1 gives them different verdicts; passed: by less than `margin`.

    One-sided, and once all benchmarks compared count. The threshold is V1's.
    """
    # A fifth is what changes how a correlation is read; the margin of .5 lies between none and V1's threshold.
    require_fraction(worth=worth, threshold=threshold)
    alpha = 1 - result.level
    verdicts = {
        class_: dict(zip(names, called(*claims(found.rho, found, (-threshold, threshold)), alpha), strict=True))
        for class_, (names, found) in result.correlations.items()
    }
    findings: list[Finding] = []
    groups: dict[tuple[str, str], list[Compared]] = {}
    for item in result.compared:
        groups.setdefault(item.among, []).append(item)
    for items in groups.values():
        differ, alike = _calls(items, worth, margin, alpha)
        each = [
            _finding(
                result, item, differs, same, [verdicts.get(label, {}).get(item.benchmark) for label in item.labels]
            )
            for item, differs, same in zip(items, differ, alike, strict=True)
        ]
        findings += [_headline(items[0], each, result.caveats, worth, margin), *each]
    return findings + unassessed(result.unassessed)


def _calls(items: Sequence[Compared], worth: float, margin: float, alpha: float) -> tuple[list[Call], list[Call]]:
    """Whether each difference is worth calling, and whether it is too small to matter: two families of verdicts."""
    value = np.array([item.difference.value for item in items])
    error = Uncertain(value, np.array([item.stderr for item in items]), np.array([item.df for item in items]))
    above = value >= 0
    sides = [Side.ABOVE if each else Side.BELOW for each in above.tolist()]
    differ = called(sides, np.where(above, error.p_above(worth), error.p_below(-worth)), alpha)
    within = np.maximum(error.p_above(-margin), error.p_below(margin))
    return differ, called([Side.BETWEEN] * len(items), within, alpha)


def _headline(
    item: Compared, each: Sequence[Finding], caveats: tuple[str, ...], worth: float, margin: float
) -> Finding:
    differ, alike = (sum(f.status is status for f in each) for status in (Status.ISSUE, Status.PASSED))
    open_ = len(each) - differ - alike
    sentence = (
        f"Between {item.among[0]} and {item.among[1]}, the capabilities correlation of {differ or 'none'} of "
        f"{plural(len(each), 'benchmark')} clearly differs (by more than {worth:g}, or with another verdict), and that "
        f"of {alike or 'none'} is about the same (within {margin:g})"
    )
    if open_:
        sentence += f"; for {'all' if open_ == len(each) else f'the other {open_}'} there are too few models to tell"
    return headline(
        f"{sentence}." if len(each) > 1 else each[0].sentence,
        each,
        subject=item.subject,
        title="Less and more capable half"
        if item.pooled is None
        else f"{capital(item.labels[0])} and {item.labels[1]} models",
        short=f"{differ or 'none'} of {len(each)} clearly {agreeing(max(differ, 1), 'differs')}",
        caveats=caveats,
        figure="V5.differences",
    )


def _finding(
    result: WhereItHolds, item: Compared, differ: Call, alike: Call, verdicts: Sequence[Call | None]
) -> Finding:
    total = sum(item.n)
    keys = [label.replace(" ", "_") for label in item.labels]
    change, first, second, *pooled = (
        estimate(name, *limits, level=result.level, method=METHOD, n=n, unit=CORRELATION)
        for name, limits, n in (
            ("difference", item.difference, total),
            (f"capabilities_correlation_{keys[0]}", item.first, item.n[0]),
            (f"capabilities_correlation_{keys[1]}", item.second, item.n[1]),
            ("pooled_within_class", item.pooled, total),
        )
        if limits is not None
    )
    status, meaning, short = _verdict(differ, alike, [call.side for call in verdicts if call is not None])
    return Finding(
        subject={"benchmark": item.benchmark, **item.subject},
        status=status,
        sentence=f"{result.names[item.benchmark]} correlates {value_of(first)} with capability among {item.among[0]} "
        f"and {value_of(second)} among {item.among[1]}, a difference of {shown(change)}: {meaning}.",
        short=short,
        estimates=(change, first, second, *pooled),
        figure="V5.differences",
    )


def _verdict(differ: Call, alike: Call, verdicts: Sequence[Side]) -> tuple[Status, str, str]:
    """`verdicts` are V1's, of both classes; of halves there are none."""
    decided = [VERDICTS[side] for side in verdicts if side in VERDICTS]
    words = {
        Side.UNKNOWN: "no interval, since too few families are in both",
        Side.ABOVE: "what holds in one does not hold in the other",
        Side.BELOW: "what holds in one does not hold in the other",
        Side.BETWEEN: "about the same",
        Side.ACROSS: "too few models to tell whether they differ by an amount that matters",
    }
    # That two verdicts differ follows from the verdicts, which are adjusted already: no further test is made of it.
    if len(set(decided)) == 2:
        meaning = f"{words[Side.ABOVE]}, since {decided[0]} in one and {decided[1]} in the other"
        return Status.ISSUE, meaning, "does not hold in both"
    if differ.side in (Side.ABOVE, Side.BELOW):
        return Status.ISSUE, words[differ.side], "does not hold in both"
    if alike.side is Side.BETWEEN:
        return Status.PASSED, words[Side.BETWEEN], "about the same"
    known = differ.side is not Side.UNKNOWN
    short = "too few models to tell them apart" if known else "too few families in both"
    return Status.CAUTION, (alike if differ.alone is Side.ACROSS else differ).meaning(words), short


def figure(result: WhereItHolds) -> list[Figure]:
    """Differences with intervals; hover gives both correlations."""
    rows: list[tuple[Cell, ...]] = [
        (
            f"{item.labels[0]} minus {item.labels[1]}"
            + ("" if item.pooled is not None else f", {item.subject['class']}"),
            result.names[item.benchmark],
            *map(finite, item.difference),
            finite(item.first.value),
            finite(item.second.value),
        )
        for item in result.compared
    ]
    return [
        intervals_figure(
            "V5.differences",
            "Where the correlation differs",
            "Difference between two capabilities correlations, with its interval.",
            ("compared", "benchmark", "difference", "low", "high", "first", "second"),
            rows,
            Axis("difference", "difference of capabilities correlations"),
            select=("compared",),
        )
    ]


MEASURE = Measure(
    code="V5",
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
        "Among 40 benchmarks of which one differs by 0.6, that one is an issue in 3% of studies with 26 models per "
        "class and in 24% with 60; judged on its own it would be in 33% and 65% (measured).",
    ),
    references=("Ren et al. 2024, Safetywashing, arXiv 2407.21792",),
)
