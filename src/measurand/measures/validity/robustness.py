"""V4, robustness of the headline: how far can choices of method and of models move the number?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from measurand.errors import InputError
from measurand.measures import Measure
from measurand.measures.shared import columns, display_names, estimate, finite, kind, require_fraction
from measurand.measures.validity.shared.by_class import ByClass
from measurand.measures.validity.shared.panel import Missing, Panel, assessable, chosen, panels
from measurand.measures.verdicts import Unassessed, headline, unassessed
from measurand.results import Axis, Brief, Cell, Estimate, Figure, Finding, Question, Status
from measurand.stats.capability.specifications import Dropping, Specification, drop_models, specification_curve
from measurand.tables import Scores
from measurand.wording import CORRELATION, SHARE, plural, signed

__all__ = ["MEASURE", "ClassRobustness", "Robustness", "class_robustness", "judge", "robustness"]

MOST_MODELS = 500
"""With more models than this, dropping five moves a rank correlation by less than the interval is wide."""

CURVE_POINTS = 80
"""Points of a specification curve that the picture shows, evenly spaced from least to greatest."""


@dataclass(frozen=True, eq=False)
class ClassRobustness:
    """Specification curve and model dropping within one class.

    Parameters
    ----------
    specifications : the choices, and `curve` their correlations, shape (specifications, m).
    dropping : least and greatest correlation with k models left out.
    """

    panel: Panel
    benchmarks: tuple[str, ...]
    specifications: tuple[Specification, ...]
    curve: np.ndarray
    dropping: Dropping


@dataclass(frozen=True, eq=False, repr=False)
class Robustness(Brief, ByClass[ClassRobustness]):
    """Result of `robustness`."""


def robustness(
    scores: Scores,
    *,
    level: float = 0.95,
    missing: Missing = "complete",
    most_dropped: int = 5,
    half_subsets: int = 20,
    rng: np.random.Generator | None = None,
) -> Robustness:
    """Capabilities correlations over defensible specifications, and over models picked against them.

    Specifications: capability benchmarks (all, one left out, random halves) x first component, equal weights or one
    maximum-likelihood factor x Spearman, Pearson or Kendall; and one model family left out. Model picking: the least
    and greatest correlation reachable by leaving out 1 to `most_dropped` models, the component refitted each time.

    Parameters
    ----------
    scores : scores with roles.
    level : confidence level, in (0, 1).
    missing : as in `measurand.capabilities_correlation`.
    most_dropped : largest number of models left out; exact for 1 and (up to 64 models) 2, greedy above.
    half_subsets : number of random halves of the capability benchmarks.
    rng : generator for the halves; a fixed one by default.

    Raises
    ------
    NotApplicable
        Fewer than 3 capability benchmarks, no class with 8 models, or only classes of more than 500.
    InputError
        A setting out of its range.

    References
    ----------
    Simonsohn, Simmons and Nelson 2020, Specification curve analysis, Nature Human Behaviour 4.

    Examples
    --------
    >>> import measurand
    >>> result = robustness(measurand.load_example().scores)
    >>> chat = result.classes[1]
    >>> least, greatest = chat.dropping.reach[:, 2, chat.benchmarks.index("bbq_amb")]
    >>> round(float(least), 2), round(float(greatest), 2)
    (-0.48, -0.22)
    """
    require_fraction(level=level)
    if not 1 <= most_dropped <= 7:
        raise InputError(
            f"most_dropped should be from 1 to 7 (8 models must be able to lose that many), got {most_dropped}"
        )
    if half_subsets < 0:
        raise InputError(f"half_subsets should be at least 0, got {half_subsets}")
    rng = np.random.default_rng(0) if rng is None else rng
    found, problems = panels(scores, missing)
    parts, unassessed = [], list(problems)
    for panel in found:
        if len(panel.models) > MOST_MODELS:
            many = f"{len(panel.models)} {kind(panel.class_)}models"
            reason = f"{many}: leaving out {most_dropped} hardly moves a rank correlation"
            unassessed.append(Unassessed({"class": panel.class_}, reason, f"at most {MOST_MODELS} models"))
            continue
        able, not_able = assessable(panel.scores, panel.tested, panel.class_)
        unassessed += not_able
        parts.append(class_robustness(panel, able, level, most_dropped, half_subsets, rng))
    return Robustness(tuple(parts), tuple(unassessed), level, display_names(scores))


def class_robustness(
    panel: Panel, able: np.ndarray, level: float, most_dropped: int, half_subsets: int, rng: np.random.Generator
) -> ClassRobustness:
    """`robustness` of the benchmarks of one class that are `able`."""
    values = panel.scores[:, able]
    specifications, curve = specification_curve(
        panel.values, panel.capability, values, panel.families, panel.family_names, half_subsets=half_subsets, rng=rng
    )
    most = min(most_dropped, len(panel.models) - 5)  # fewer than five models left have no component to speak of
    dropping = drop_models(panel.values, values, panel.families, most=most, level=level)
    return ClassRobustness(panel, chosen(panel.tested, able), tuple(specifications), curve, dropping)


def judge(
    result: Robustness, *, threshold: float = 0.5, fragile: int = 2, agreeing_share: float = 0.8
) -> list[Finding]:
    """Issue: leaving out `fragile` models or fewer flips the verdict by point; caution: up to the most tried do."""
    # Two models: one can be an error in a table, two already have to be picked.
    require_fraction(threshold=threshold)
    findings: list[Finding] = []
    for part in result.classes:
        each = [_finding(result, part, j, threshold, fragile, agreeing_share) for j in range(len(part.benchmarks))]
        findings += [_headline(part, each, fragile), *each]
    return findings + unassessed(result.unassessed)


def _headline(part: ClassRobustness, each: Sequence[Finding], fragile: int) -> Finding:
    panel, count = part.panel, sum(f.status is Status.ISSUE for f in each)
    steady = sum(f.status is Status.PASSED for f in each)
    sentence = (
        f"For {count} of {plural(len(each), 'benchmark')}, leaving out {fragile} or fewer of {len(panel.models)} "
        f"{kind(panel.class_)}models flips the verdict by point; {plural(steady, 'verdict', 'stands')} whichever of "
        "the choices tried is made."
    )
    if len(each) == 1:
        sentence = each[0].sentence
    return headline(sentence, each, subject={"class": panel.class_}, caveats=panel.caveats, figure="V4.specifications")


def verdict_by_point(correlation: float, threshold: float) -> str:
    """The verdict that looks at the point alone, as published comparisons do."""
    if correlation >= threshold:
        return "entangled"
    return "inverse" if correlation <= -threshold else "disentangled"


def _flipping(part: ClassRobustness, j: int, threshold: float) -> list[str] | None:
    """The fewest models whose omission flips the verdict by point, or None where none of those tried does."""
    reach = part.dropping.reach[:, :, j]
    verdict = verdict_by_point(reach[0, 0], threshold)
    # From one model up, so that the first that flips is the fewest.
    for k in range(1, reach.shape[1]):
        for direction, value in enumerate(reach[:, k]):
            if np.isfinite(value) and verdict_by_point(value, threshold) != verdict:
                return [part.panel.models[i] for i in part.dropping.dropped[direction][k][j]]
    return None


def _finding(
    result: Robustness, part: ClassRobustness, j: int, threshold: float, fragile: int, agreeing_share: float
) -> Finding:
    benchmark, panel, dropping = part.benchmarks[j], part.panel, part.dropping
    curve = part.curve[np.isfinite(part.curve[:, j]), j]
    point, most = float(dropping.reach[0, 0, j]), dropping.reach.shape[1] - 1
    verdict = verdict_by_point(point, threshold)
    agreeing = sum(verdict_by_point(value, threshold) == verdict for value in curve)
    share = agreeing / len(curve)
    flipping = _flipping(part, j, threshold)
    flips = None if flipping is None else len(flipping)
    n = len(panel.models)
    estimates = (
        # From least to greatest: specifications are no sample, so their spread is no interval and has no level.
        Estimate(
            name="specification_median",
            value=float(np.median(curve)),
            low=float(curve.min()),
            high=float(curve.max()),
            method=f"least to greatest of {len(curve)} specifications",
            n=n,
            unit=CORRELATION,
        ),
        Estimate(
            name="specifications_agreeing",
            value=share,
            method="share of specifications with the same verdict by point",
            n=len(curve),
            unit=SHARE,
        ),
        Estimate(
            name="models_to_flip",
            value=None if flips is None else float(flips),
            method=f"exact for {'one and two' if dropping.exhaustive else 'one'}, greedy above",
            n=n,
            unit="models",
        ),
        *(
            estimate(
                f"{name}_dropping_{k}",
                *(side[d, k, j] for side in (dropping.reach, dropping.low, dropping.high)),
                level=result.level,
                method="family jackknife on the models kept",
                n=n - k,
                unit=CORRELATION,
            )
            for k in range(1, most + 1)
            for d, name in enumerate(("least", "greatest"))
        ),
    )
    if flipping is None:
        status = Status.PASSED if share >= agreeing_share else Status.CAUTION
        picking = f"leaving out up to {most} of {n} models does not flip it"
    else:
        status = Status.ISSUE if len(flipping) <= fragile else Status.CAUTION
        picking = f"leaving out {plural(len(flipping), 'model')} of {n} ({', '.join(flipping)}) flips it"
    sentence = (
        f"The verdict by point on {result.names[benchmark]} ({verdict}, {signed(point)}) holds in {agreeing} of "
        f"{len(curve)} ways of computing it ({signed(curve.min())} to {signed(curve.max())}); {picking}."
    )
    return Finding(
        subject={"benchmark": benchmark, "class": panel.class_},
        status=status,
        sentence=sentence,
        estimates=estimates,
        figure="V4.dropping",
        result={"verdict": verdict, "models_to_flip": flips},
    )


def figure(result: Robustness) -> list[Figure]:
    """The specification curve, and the reach of picking models."""
    return [_curve_figure(result), _dropping_figure(result)]


def _curve_figure(result: Robustness) -> Figure:
    rows: list[tuple[Cell, ...]] = []
    for part in result.classes:
        labels = [
            " · ".join((f"benchmarks: {s.capability}", s.weighting, s.correlation, f"models: {s.models}"))
            for s in part.specifications
        ]
        for j, benchmark in enumerate(part.benchmarks):
            order = [i for i in np.argsort(part.curve[:, j], kind="stable") if np.isfinite(part.curve[i, j])]
            # Evenly by rank: what a picture of hundreds of points would show anyway.
            shown = np.unique(np.linspace(0, len(order) - 1, min(CURVE_POINTS, len(order))).round().astype(int))
            rows += [
                (
                    part.panel.class_,
                    result.names[benchmark],
                    int(place) + 1,
                    round(float(part.curve[order[place], j]), 4),
                    part.specifications[order[place]].correlation,
                    labels[order[place]],
                )
                for place in shown
            ]
    return Figure(
        name="V4.specifications",
        kind="scatter",
        title="Specification curve",
        caption="The same correlation computed in every defensible way, from least to greatest; evenly thinned.",
        columns=columns(("class", "benchmark", "place", "correlation", "kind", "specification"), rows),
        x=Axis("place", "specification, by size of the correlation"),
        y=Axis("correlation", "capabilities correlation", domain=(-1.0, 1.0)),
        label="specification",
        color="kind",
        select=("class", "benchmark"),
        rules=(-0.5, 0.5),
    )


def _dropping_figure(result: Robustness) -> Figure:
    rows = [
        (
            part.panel.class_,
            result.names[benchmark],
            k,
            name,
            *(finite(side[d, k, j]) for side in (part.dropping.reach, part.dropping.low, part.dropping.high)),
            ", ".join(part.panel.models[i] for i in part.dropping.dropped[d][k][j]) or "none",
        )
        for part in result.classes
        for j, benchmark in enumerate(part.benchmarks)
        for d, name in enumerate(("least reachable", "greatest reachable"))
        for k in range(part.dropping.reach.shape[1])
    ]
    return Figure(
        name="V4.dropping",
        kind="lines",
        title="Reach of picking models",
        caption="Least and greatest correlation with k models left out, the most effective ones; band: interval on "
        "those kept.",
        columns=columns(
            ("class", "benchmark", "models left out", "direction", "correlation", "low", "high", "who"), rows
        ),
        x=Axis("models left out", "models left out"),
        y=Axis("correlation", "capabilities correlation", domain=(-1.0, 1.0)),
        low="low",
        high="high",
        label="who",
        color="direction",
        select=("class", "benchmark"),
        rules=(-0.5, 0.5),
    )


MEASURE = Measure(
    code="V4",
    name="robustness of the headline",
    question=Question.VALIDITY,
    asks="How far can the number be moved by choices of method, and by choosing the models?",
    needs="what V1 needs, with at most 500 models per class",
    formula="correlation over capability subsets x weighting x correlation kind x families; least and greatest "
    "correlation with k models left out, component refitted.",
    compute=robustness,
    judge=judge,
    figure=figure,
    caveats=(
        "For three models and more the search is greedy: the true reach may be wider, never narrower.",
        "Intervals take the models kept as given: after picking they are too narrow, by an unmeasured amount.",
        "Specifications are not independent evidence: their spread is not an interval.",
    ),
    references=("Simonsohn, Simmons and Nelson 2020, Specification curve analysis, Nature Human Behaviour 4",),
)
