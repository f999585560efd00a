"""V4, robustness of the headline: how far can choices of method and of models move the number?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from measurand.errors import InputError
from measurand.measures import Measure
from measurand.measures.shared import display_names, estimate, kind, require_fraction
from measurand.measures.validity.shared.by_class import ByClass
from measurand.measures.validity.shared.panel import Missing, assessable, panels
from measurand.measures.validity.shared.robustness import (
    HALVES,
    MOST_LEFT_OUT,
    ClassRobustness,
    class_robustness,
    curve_figure,
    dropping_figure,
)
from measurand.measures.verdicts import Call, Side, Unassessed, called, claims, headline, unassessed
from measurand.results import Brief, Estimate, Figure, Finding, Question, Status
from measurand.stats.intervals.correlation import OnZScale
from measurand.tables import Scores
from measurand.wording import CORRELATION, SHARE, agreeing, listed, of_total, plural, signed

__all__ = ["MEASURE", "ClassRobustness", "Robustness", "class_robustness", "judge", "robustness"]

MOST_MODELS = 500
"""With more models than this, dropping five moves a rank correlation by less than the interval is wide."""

NAMED = 3
"""Models named of those that undo a verdict."""

VERDICTS = {Side.ABOVE: "entangled", Side.BELOW: "inverse", Side.BETWEEN: "disentangled"}
SAID = {
    "entangled": "rises with capability",
    "inverse": "gets worse with capability",
    "disentangled": "is separate from capability",
}
"""What a verdict says of the benchmark."""


@dataclass(frozen=True, eq=False, repr=False)
class Robustness(Brief, ByClass[ClassRobustness]):
    """Result of `robustness`."""


def robustness(
    scores: Scores,
    *,
    level: float = 0.95,
    missing: Missing = "complete",
    most_dropped: int = 5,
    half_subsets: int = HALVES,
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
    found, problems = panels(scores, missing, several=True)
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


def judge(
    result: Robustness, *, threshold: float = 0.5, fragile: int = 2, agreeing_share: float = 0.8
) -> list[Finding]:
    """How V1's verdict and that by point stand up to other choices and to models left out.

    Issue: V1 is decided, and leaving out `fragile` models or fewer flips the verdict by point. Caution: one model
    decides V1's verdict, or up to the most tried flip the one by point, or many specifications do.
    """
    # Two models: one can be an error in a table, two already have to be picked.
    require_fraction(threshold=threshold)
    findings: list[Finding] = []
    for part in result.classes:
        calls = _calls(part.correlations, threshold, 1 - result.level)
        left_out = [_calls(found, threshold, 1 - result.level) for found in part.without]
        each = []
        for j, call in enumerate(calls):
            # By the benchmark alone: what is undone here does not hold even where no others were looked at.
            undoing = tuple(i for i, others in enumerate(left_out) if others[j].alone is not call.side)
            each.append(_finding(result, part, j, call, undoing, threshold, fragile, agreeing_share))
        findings += [_headline(part, each, fragile), *each]
    return findings + unassessed(result.unassessed)


def _calls(found: OnZScale, threshold: float, alpha: float) -> list[Call]:
    """V1's verdicts."""
    return called(*claims(found.rho, found, (-threshold, threshold)), alpha)


def _headline(part: ClassRobustness, each: Sequence[Finding], fragile: int) -> Finding:
    panel, count = part.panel, sum(f.status is Status.ISSUE for f in each)
    steady = sum(f.status is Status.PASSED for f in each)
    decided = [finding for finding in each if finding.result["interval_verdict"] != "undecided"]
    hanging = sum(bool(finding.result["undone_by"]) for finding in decided)
    among = f"{len(panel.models)} {kind(panel.class_)}models"
    sentence = f"On {among} no benchmark has a clear verdict that leaving out models could undo."
    short = "no clear verdict to undo"
    if decided:
        verb = agreeing(max(count, 1), "changes")
        sentence = (
            f"{of_total(hanging, len(decided), 'clear verdict', 'hangs', 'does not hang')} on a single one of {among}, "
            f"and {count or 'none'} {verb}, by the point estimate, with {plural(fragile, 'model')} or fewer left out."
        )
        short = f"{hanging or 'none'} of {len(decided)} {agreeing(max(hanging, 1), 'hangs')} on one model"
    stands = of_total(steady, len(each), "benchmark", "stands", "does not stand")
    if each:
        sentence += f" Going by the point estimates alone, {stands[:1].lower()}{stands[1:]} under every choice tried."
    caveats = panel.caveats
    if not part.without:
        caveats = (*caveats, f"with more than {MOST_LEFT_OUT} models, no single one was left out of the clear verdicts")
    return headline(
        each[0].sentence if len(each) == 1 else sentence,
        each,
        subject={"class": panel.class_},
        title="Other ways of computing it",
        short=short,
        caveats=caveats,
        figure="V4.specifications",
    )


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


def _undone(part: ClassRobustness, call: Call, undoing: tuple[int, ...]) -> str:
    """What leaving out single models does to V1's verdict, in a sentence."""
    if call.side not in VERDICTS:
        return "Once the interval counts, there is no clear verdict that leaving out models could undo"
    verdict = f"{SAID[VERDICTS[call.side]]} once the interval counts"
    if not part.without:
        return f"That it {verdict} was not tried without single models"
    if not undoing:
        return f"It {verdict}, too, whichever single model is left out"
    names = [part.panel.models[place] for place in undoing]
    more = len(names) - NAMED
    told = names if more <= 0 else [*names[:NAMED], f"{more} more"]
    any_of = "" if len(names) == 1 else f"any one of {len(names)} models, "
    return f"It {verdict}, but no longer without {any_of}{listed(told)}"


def _finding(
    result: Robustness,
    part: ClassRobustness,
    j: int,
    call: Call,
    undoing: tuple[int, ...],
    threshold: float,
    fragile: int,
    agreeing_share: float,
) -> Finding:
    benchmark, panel, dropping = part.benchmarks[j], part.panel, part.dropping
    curve = part.curve[np.isfinite(part.curve[:, j]), j]
    point, most = float(dropping.reach[0, 0, j]), dropping.reach.shape[1] - 1
    verdict = verdict_by_point(point, threshold)
    same = sum(verdict_by_point(value, threshold) == verdict for value in curve)
    share = same / len(curve)
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
    decided = call.side in VERDICTS
    undoing = undoing if decided else ()
    agreeing_ways = f"holds in {same} of {len(curve)} ways"
    short = "hangs on a single model" if undoing and share >= agreeing_share else agreeing_ways
    if flipping is None:
        status = Status.PASSED if share >= agreeing_share and not undoing else Status.CAUTION
        picking = f"leaving out up to {most} of {n} models does not change it"
    else:
        # A verdict that was never given cannot be overturned: without V1's it is no issue.
        status = Status.ISSUE if decided and len(flipping) <= fragile else Status.CAUTION
        picking = f"leaving out {len(flipping)} of {n} models ({', '.join(flipping)}) changes it"
        short = f"leaving out {len(flipping)} of {n} changes it"
    sentence = (
        f"Going by the point estimate alone ({signed(point)}), {result.names[benchmark]} {SAID[verdict]}. That "
        f"{agreeing_ways} of computing it ({signed(curve.min())} to {signed(curve.max())}), and {picking}. "
        f"{_undone(part, call, undoing)}."
    )
    return Finding(
        subject={"benchmark": benchmark, "class": panel.class_},
        status=status,
        sentence=sentence,
        short=short,
        estimates=estimates,
        figure="V4.dropping",
        result={
            "verdict": verdict,
            "models_to_flip": flips,
            "interval_verdict": VERDICTS.get(call.side, "undecided"),
            "undone_by": tuple(panel.models[place] for place in undoing),
        },
    )


def figure(result: Robustness) -> list[Figure]:
    """The specification curve, and the reach of picking models."""
    return [curve_figure(result), dropping_figure(result)]


MEASURE = Measure(
    code="V4",
    name="robustness of the headline",
    question=Question.VALIDITY,
    asks="How far can the number be moved by choices of method, and by choosing the models?",
    needs="what V1 needs, with at most 500 models per class",
    formula="correlation over capability subsets x weighting x correlation kind x families; least and greatest "
    "correlation with k models left out, component refitted; V1's verdict with each model left out.",
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
