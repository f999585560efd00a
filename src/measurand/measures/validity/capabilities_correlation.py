"""V1, capabilities correlation: does a benchmark rank models as general capability does?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import get_args

import numpy as np
import numpy.typing as npt

from measurand.errors import InputError, UnknownName
from measurand.measures import Measure
from measurand.measures.shared import display_names, estimate, finite, require_fraction
from measurand.measures.validity.shared.correlation_figures import figure
from measurand.measures.validity.shared.correlation_words import (
    INDEPENDENT,
    MOST_OWN,
    OTHER_WAY,
    SHORT,
    VERDICTS,
    said,
    sentence,
    summary,
    table,
    without_further,
)
from measurand.measures.validity.shared.correlations import CapabilitiesCorrelation, ClassCorrelations, limits
from measurand.measures.validity.shared.panel import Missing, Panel, assessable, chosen, panels
from measurand.measures.verdicts import Call, Side, called, claims, overall, unassessed, verdict
from measurand.results import Answer, Estimate, Finding, Question, Status
from measurand.stats.capability.capabilities import (
    DEFAULT,
    METHODS,
    PERMUTATIONS,
    SEED,
    UNMODERATED,
    correlations_with_intervals,
    disattenuated,
    leave_itself_out,
)
from measurand.stats.capability.pca import PUBLISHED, Way, Weighting
from measurand.stats.intervals.correlation import OnZScale
from measurand.stats.intervals.limits import Limits
from measurand.stats.intervals.ranks import Method
from measurand.tables import UNCLASSED, Scores
from measurand.wording import CORRELATION, SHARE, agreeing, capital, listed, percent, plural, shown

__all__ = ["MEASURE", "CapabilitiesCorrelation", "ClassCorrelations", "capabilities_correlation", "figure", "judge"]

MOST_BOOTSTRAP_CELLS = 1e8
"""Resamples x models x benchmarks above which the further intervals of the detail view are left out, which is said:
each kind would take 10 seconds and more, and of so many models all say the same."""


def capabilities_correlation(
    scores: Scores,
    *,
    level: float = 0.95,
    resamples: int = 10_000,
    missing: Missing = "complete",
    weighting: Weighting = "component",
    correlation: Method = "spearman",
    rng: np.random.Generator | None = None,
) -> CapabilitiesCorrelation:
    """Correlation of each benchmark with the capabilities score, within each class of models.

    The capabilities score of a model is its projection on the first principal component of the capability benchmarks
    (standardised over models, component of their Spearman correlation matrix), the correlation Spearman's; other ways
    are there to see what hangs on the choice.

    Parameters
    ----------
    scores : scores with roles; capability benchmarks make the score, all others are under test.
    level : confidence level of the intervals, in (0, 1).
    resamples : bootstrap resamples for the intervals of the detail view; 0 leaves these out, and takes a tenth of the
        time.
    missing : ``complete`` takes the models that have every capability benchmark, ``impute`` fills missing capability
        scores from the component (models that have at least half of them), ``scale`` takes a model's place on one scale
        of whichever of them it was run on (F7) and corrects the correlations for that score's reliability.
    weighting : ``component``, or ``average``: the mean of the standardised capability benchmarks.
    correlation : ``spearman``, ``pearson`` or ``kendall`` (tau-b).
    rng : generator for the bootstrap; a fixed one by default.

    Returns
    -------
    CapabilitiesCorrelation
        Correlations in [-1, 1] with every candidate interval.

    Raises
    ------
    NotApplicable
        Fewer than 3 capability benchmarks, or no class with 8 models.
    InputError
        A setting out of its range.

    References
    ----------
    Ren et al. 2024, Safetywashing, arXiv 2407.21792.

    Examples
    --------
    >>> import measurand
    >>> result = capabilities_correlation(measurand.load_example().scores, resamples=200)
    >>> chat = result.classes[1]
    >>> round(100 * chat.panel.component.share, 1)
    70.8
    >>> float(round(100 * chat.correlations.value[chat.benchmarks.index("truthfulqa_mc1")], 1))
    81.2
    """
    require_fraction(level=level)
    if resamples < 100 and resamples != 0:
        raise InputError(f"resamples should be at least 100, or 0 for none, got {resamples}")
    way = _way(weighting, correlation, missing)
    rng = np.random.default_rng(0) if rng is None else rng
    found, problems = panels(scores, missing)
    parts, unassessed = [], list(problems)
    for panel in (replace(panel, way=way) for panel in found):
        # An index makes the score alone, so there is nothing of it that could be left out and asked about.
        makers = panel.capability if len(panel.capability) > 1 else ()
        names = (*makers, *panel.tested)
        values = np.hstack([panel.values[:, : len(makers)], panel.scores])
        able, not_able = assessable(values, names, panel.class_)
        unassessed += not_able
        parts.append(_class_correlations(panel, names, values, able, level, resamples, rng))
    known = scores.benchmarks
    return CapabilitiesCorrelation(
        tuple(parts),
        tuple(unassessed),
        level,
        display_names(scores),
        {name: area or "no area given" for name, area in zip(known["benchmark"], known["area"], strict=True)},
        frozenset(scores.benchmarks_of("safety")),
    )


def _way(weighting: Weighting, correlation: Method, missing: Missing) -> Way:
    """The choices in one, once they are choices."""
    for name, value, known in (("weighting", weighting, Weighting), ("correlation", correlation, Method)):
        if value not in get_args(known):
            raise UnknownName(name, value, get_args(known))
    if missing == "scale" and correlation == "kendall":
        raise InputError(
            "a common scale has errors of its own, for which a Kendall correlation has no correction; take spearman or "
            "pearson"
        )
    return Way(weighting, correlation)


def _class_correlations(
    panel: Panel,
    names: Sequence[str],
    values: npt.NDArray[np.float64],
    able: npt.NDArray[np.bool_],
    level: float,
    resamples: int,
    rng: np.random.Generator,
) -> ClassCorrelations:
    # The default interval needs no resampling; only the detail view loses candidates on very large tables.
    affordable = 0 < resamples * values.size < MOST_BOOTSTRAP_CELLS
    methods = tuple(METHODS) if affordable else (DEFAULT, "bonett_wright", "fisher")
    correlations = correlations_with_intervals(
        panel.values,
        values[:, able],
        panel.families,
        level=level,
        resamples=resamples,
        rng=rng,
        methods=methods,
        under_test=np.isin(chosen(names, able), panel.capability, invert=True),
        way=panel.way,
    )
    if panel.reliability < 1:
        correlations = disattenuated(correlations, panel.reliability, level)
    # With itself in the score, a benchmark correlates with its own share of it, even if it is noise.
    makers = panel.values if names[0] in panel.capability else panel.values[:, :0]
    left_out = leave_itself_out(makers, panel.families, panel.way)
    return ClassCorrelations(panel, chosen(names, able), correlations, left_out, asked=resamples > 0)


def judge(result: CapabilitiesCorrelation, *, threshold: float = 0.5) -> list[Finding]:
    """Verdicts: entangled above +threshold, inverse below -threshold, disentangled between, else undecided.

    Each is a one-sided test at one less the level, so that a benchmark at the bound is called wrongly in 5%, not 2.5%:
    the interval shown is at the level, the one judged at twice the level less one (95% and 90%). The benchmarks under
    test of a class are one family (Benjamini and Hochberg): of each, the claim is tested that its point supports. One
    of the three claims is always true, so what is bounded is the share of verdicts with a wrong direction.
    """
    # At .5 capability explains a quarter of the variance of ranks; the published comparison draws its line there too.
    require_fraction(threshold=threshold)
    findings = []
    for part in result.classes:
        calls = _calls(part, threshold, 1 - result.level)
        each = [_finding(result, part, j, calls, threshold) for j in range(len(part.benchmarks))]
        # Capability benchmarks correlate by construction: counting them would swell the number entangled.
        tested = [finding for finding, is_tested in zip(each, part.under_test, strict=True) if is_tested]
        findings += [_headline(part, tested, threshold, _noun(result, tested)), *each]
    return findings + unassessed(result.unassessed)


def _calls(part: ClassCorrelations, threshold: float, alpha: float) -> list[Call]:
    """What each benchmark is called: those under test as one family, capability benchmarks with themselves left out."""
    bounds = (-threshold, threshold)
    default, tested = part.correlations.default, np.flatnonzero(part.under_test)
    of_tested = iter(called(*claims(default.rho[tested], default.only(tested), bounds), alpha))
    makers = [part.panel.capability.index(name) for name in part.benchmarks if name in part.panel.capability]
    # Of one benchmark looked at by itself there are none.
    of_makers = iter(
        called(*claims(part.left_out.rho[makers], part.left_out.only(makers), bounds), alpha) if makers else ()
    )
    return [next(of_tested if is_tested else of_makers) for is_tested in part.under_test]


def _noun(result: CapabilitiesCorrelation, tested: Sequence[Finding]) -> str:
    return "safety benchmark" if {f.subject["benchmark"] for f in tested} <= result.safety else "benchmark"


def _headline(part: ClassCorrelations, tested: Sequence[Finding], threshold: float, noun: str) -> Finding:
    """How many of the benchmarks under test only track capability, by point and by verdict."""
    panel, count = part.panel, Counter(str(finding.result["verdict"]) for finding in tested)
    by_point = sum(found.value is not None and found.value >= threshold for found in map(_default, tested))
    alone = sum(finding.result["verdict"] != finding.result["verdict_alone"] for finding in tested)
    pc1_share = Estimate(
        name="pc1_share",
        value=panel.component.share,
        method="eigenvalues of Spearman matrix",
        n=len(panel.models),
        unit=SHARE,
    )
    return Finding(
        subject={"class": panel.class_},
        headline=True,
        status=overall(tested),
        sentence=summary(panel, tested, count, alone, noun),
        short=_short(panel.class_, tested, count),
        estimates=(_share_entangled(tested, by_point, threshold), pc1_share),
        caveats=(
            *((INDEPENDENT,) if panel.families_unknown else ()),
            *panel.caveats,
            *((OTHER_WAY.format(way=said(panel.way)),) if panel.way != PUBLISHED else ()),
            *(without_further(len(panel.models), part.correlations.low) if part.asked else ()),
        ),
        figure="V1.intervals",
        result={
            **{verdict: count[verdict] for verdict in (*VERDICTS.values(), "undecided")},
            "alone_only": alone,
            "by_point": by_point,
            "dropped_models": panel.dropped,
            "models": panel.models,
            "capabilities_scores": tuple(float(value) for value in panel.component.scores),
            "permutations": PERMUTATIONS,
            "permutations_seed": SEED,
        },
    )


def _short(class_: str, tested: Sequence[Finding], count: Counter[str]) -> str:
    if len(tested) == 1:
        return f"{tested[0].subject['benchmark']} {tested[0].short}"
    # Seven words at most, whatever a class is called.
    of = "" if class_ == UNCLASSED or " " in class_ else f" ({class_})"
    moved = count[VERDICTS[Side.ABOVE]] + count[VERDICTS[Side.BELOW]]
    return f"{moved or 'none'} of {len(tested)} {agreeing(max(moved, 1), 'moves')} with capability{of}"


def _default(finding: Finding) -> Estimate:
    """The correlation with its default interval."""
    return finding.estimates[0]


def _share_entangled(tested: Sequence[Finding], by_point: int, threshold: float) -> Estimate:
    """Share entangled by point, bracketed by those surely entangled and those not surely less."""
    surely = sum(finding.result["verdict"] == VERDICTS[Side.ABOVE] for finding in tested)
    # A benchmark without an interval could be anything, so it counts as possible and not as sure.
    possibly = sum(found.high is None or found.high > threshold for found in map(_default, tested))
    total = len(tested)
    # Limits that are counts: of verdicts, so they bracket the share without a level of their own.
    shares = (count / total if total else None for count in (by_point, surely, possibly))
    value, low, high = shares
    return Estimate(
        name="share_entangled",
        value=value,
        low=low,
        high=high,
        method="by point; from those called entangled to those whose interval reaches above the threshold",
        n=total,
        unit=SHARE,
    )


def _finding(
    result: CapabilitiesCorrelation, part: ClassCorrelations, j: int, calls: Sequence[Call], threshold: float
) -> Finding:
    benchmark, call, tested = part.benchmarks[j], calls[j], bool(part.under_test[j])
    estimates = _estimates(result, part, j, calls)
    name = result.names[benchmark]
    if tested:
        side = call.side
        status = verdict(side, issue=(Side.ABOVE, Side.BELOW), passed=Side.BETWEEN)
        # A level of a half or less leaves no interval to judge by: the one shown stands for it.
        judged = _at(part.correlations.default, j, 2 * result.level - 1) if result.level > 0.5 else limits(part, j)
        text = sentence(name, part.panel, estimates[0], call, judged, threshold)
    else:
        # One that does not follow the others is no fault of what is under test: never an issue.
        side = call.alone
        status = verdict(side, passed=Side.ABOVE)
        text = (
            f"{name} is one of the benchmarks that make the capabilities score; with itself left out it correlates "
            f"{shown(estimates[1])} with it, so it {'belongs' if side is Side.ABOVE else 'may not belong'} there."
        )
    return Finding(
        subject={"benchmark": benchmark, "class": part.panel.class_},
        status=status,
        sentence=text,
        short=SHORT[side] if tested else "makes the capabilities score",
        estimates=estimates,
        figure="V1.scatter",
        result={
            "verdict": VERDICTS.get(side, "undecided"),
            "verdict_alone": VERDICTS.get(call.alone, "undecided"),
            "p_value": finite(call.p_value),
            "p_value_adjusted": finite(call.adjusted) if tested else None,
            "role": "under test" if tested else "capability",
            "area": result.areas[benchmark],
        },
    )


def _estimates(
    result: CapabilitiesCorrelation, part: ClassCorrelations, j: int, calls: Sequence[Call]
) -> tuple[Estimate, ...]:
    """The default interval first; then, of a capability benchmark, itself left out; then the others."""
    found, panel, benchmark = part.correlations, part.panel, part.benchmarks[j]

    def correlation(suffix: str, limits: Limits, method: str, level: float = result.level) -> Estimate:
        name = f"capabilities_correlation{suffix}"
        return estimate(name, *limits, level=level, method=method, n=int(found.n[j]), unit=CORRELATION)

    default = METHODS[DEFAULT] if found.moderated[j] else UNMODERATED
    if panel.way != PUBLISHED:
        default = f"{said(panel.way)}; {default}"
    first = [correlation("", limits(part, j), default)]
    if benchmark in panel.capability:
        place = panel.capability.index(benchmark)
        first.append(correlation("_left_out", _at(part.left_out, place, result.level), UNMODERATED))
    elif calls[j].side in VERDICTS:
        # Of m intervals, those of the R picked out for their verdicts cover less: at 1 - R q / m they do not.
        picked = sum(call.side in VERDICTS for call, tested in zip(calls, part.under_test, strict=True) if tested)
        level = 1 - (1 - result.level) * picked / calls[j].family
        first.append(
            correlation("_selected", _at(found.default, j, level), f"{default}, adjusted for selection", level)
        )
    rest = (name for name in found.low if name != DEFAULT)
    return (*first, *(correlation(f"_{name}", limits(part, j, name), METHODS[name]) for name in rest))


def _at(found: OnZScale, j: int, level: float) -> Limits:
    low, high = found.only([j]).limits(level)
    return Limits(float(found.rho[j]), float(low[0]), float(high[0]))


def answer(result: CapabilitiesCorrelation, findings: Sequence[Finding]) -> Answer:
    """What the benchmarks under test are called, those of chat models first: they are what people use."""
    classes = sorted(result.classes, key=lambda part: part.panel.class_ != "chat")
    headlines = {f.subject["class"]: f for f in findings if f.headline and "class" in f.subject}
    tables, notes = [], []
    for part in classes:
        class_ = part.panel.class_
        tested = [f for f in findings if f.subject.get("class") == class_ and f.result.get("role") == "under test"]
        tables.append(table(tested, result.names, f"{class_} models" if part is not classes[0] else ""))
        if len(tested) > MOST_OWN:
            by_point = headlines[class_].result["by_point"]
            notes.append(
                f"Going by the point estimates alone, {by_point} of {len(tested)} would count as tracking capability."
            )
    first, *others = (headlines[part.panel.class_] for part in classes)
    return Answer(
        sentence=first.sentence,
        tables=tuple(each for each in tables[:1] if each is not None),
        notes=(*(other.sentence for other in others), *notes[:1], _read(classes[0].panel, result)),
        cautions=tuple(
            (Status.CAUTION, f"{capital(caveat.rstrip('.'))}.")
            for caveat in first.caveats
            if "have no known family" not in caveat
        ),
    )


def _read(panel: Panel, result: CapabilitiesCorrelation) -> str:
    families = "" if panel.families_unknown else f" in {len(set(panel.families))} families"
    makers = [result.names.get(name, name) for name in panel.capability]
    shown_makers = listed(makers[:6] + ([f"{len(makers) - 6} more"] if len(makers) > 6 else []))
    share = f" ({percent(panel.component.share)} of their variance)" if len(makers) > 1 else ""
    way = "" if panel.way == PUBLISHED else f" {capital(said(panel.way))}."
    return f"{plural(len(panel.models), 'model')}{families}. Capability: {shown_makers}{share}.{way}"


MEASURE = Measure(
    code="V1",
    name="capabilities correlation",
    question=Question.VALIDITY,
    asks="Does this benchmark rank models as general capability does, so that ordinary progress looks like safety?",
    needs="scores of at least 8 models of a class on at least 3 capability benchmarks, or one index "
    "named as such, and the benchmarks under test",
    formula="s = Z w, Z the standardised capability benchmarks, w the first eigenvector of their Spearman matrix; "
    "capabilities correlation = Spearman(s, benchmark) over the models that have both.",
    compute=capabilities_correlation,
    judge=judge,
    figure=figure,
    answer=answer,
    caveats=(
        "A correlation over the models at hand, not a cause: a benchmark can measure safety and rise with capability.",
        "Verdicts are one-sided tests at 5%, adjusted for how many benchmarks of a class are under test (Benjamini and "
        "Hochberg): the 90% interval decides, the 95% interval is shown. Each interval is at its own level.",
        "Picking the models changes it (V4), and it may differ between classes and capability ranges (V5).",
        "The interval counts models of a family as dependent; it does not count measurement noise in the scores.",
        "Measured, the interval covers 93 to 98%; with heavy-tailed scores 93% where the correlation is .9 or the same "
        "few models are extreme on every benchmark; below 6 benchmarks under test, where it cannot learn from "
        "others, 98 to 99%.",
    ),
    references=(
        "Ren et al. 2024, Safetywashing: Do AI Safety Benchmarks Actually Measure Safety Progress?, arXiv 2407.21792",
        "Bonett and Wright 2000, Sample size requirements for estimating correlations, Psychometrika 65(1)",
        "Smyth 2004, Linear models and empirical Bayes methods for assessing differential expression in microarray "
        "experiments, Statistical Applications in Genetics and Molecular Biology 3(1)",
        "Benjamini and Yekutieli 2005, False discovery rate-adjusted multiple confidence intervals for selected "
        "parameters, JASA 100(469)",
        "Efron 1987, Better bootstrap confidence intervals, JASA 82(397)",
    ),
)
