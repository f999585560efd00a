"""V6, compute: do the capabilities score and each benchmark rise with training compute?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from measurand.errors import NotApplicable
from measurand.measures import Measure
from measurand.measures.shared import (
    columns,
    display_names,
    estimate,
    finite,
    kind,
    require_fraction,
)
from measurand.measures.validity.shared.by_class import ByClass, intervals_figure, zip_limits
from measurand.measures.validity.shared.panel import LEAST_MODELS, Missing, Panel, assessable, chosen, panels
from measurand.measures.verdicts import Call, Side, Unassessed, against, called, claims, unassessed
from measurand.results import Axis, Brief, Cell, Estimate, Figure, Finding, Question, Status
from measurand.stats.capability.capabilities import blocks_left_out, of_those_run
from measurand.stats.capability.pca import replicate_scores
from measurand.stats.intervals.correlation import OnZScale, by_families, jackknife_z
from measurand.stats.intervals.limits import Limits
from measurand.stats.intervals.ranks import Method, correlate
from measurand.tables import Scores
from measurand.wording import CORRELATION, agreeing, plural, shown

__all__ = ["MEASURE", "ClassCompute", "ComputeCorrelation", "class_compute", "compute_correlation", "judge"]

Floats = npt.NDArray[np.float64]
METHOD = "leave-one-family-out jackknife on the z scale, t(G-1)"


@dataclass(frozen=True, eq=False, kw_only=True)
class ClassCompute:
    """Correlations with log10 training FLOP within one class, of m benchmarks.

    Parameters
    ----------
    log_flop : log10 training FLOP of each model of the panel, NaN where not known, shape (n,).
    score_spearman, score_pearson : of the capabilities score.
    spearman, partial : of each benchmark; the partial one holds the capabilities score fixed.
    error : the correlations of the benchmarks with their standard errors, for tests at any bound.
    """

    panel: Panel
    log_flop: Floats
    benchmarks: tuple[str, ...]
    n: npt.NDArray[np.int64]
    score_spearman: Limits
    score_pearson: Limits
    spearman: tuple[Limits, ...]
    partial: tuple[Limits, ...]
    error: OnZScale


@dataclass(frozen=True, eq=False, repr=False)
class ComputeCorrelation(Brief, ByClass[ClassCompute]):
    """Result of `compute_correlation`."""


def compute_correlation(scores: Scores, *, level: float = 0.95, missing: Missing = "complete") -> ComputeCorrelation:
    """Correlation of the capabilities score and of each benchmark with log10 training FLOP.

    Parameters
    ----------
    scores : scores with roles and, for at least 8 models of a class, training FLOP.
    level : confidence level, in (0, 1).
    missing : as in `measurand.capabilities_correlation`.

    Raises
    ------
    NotApplicable
        Fewer than 3 capability benchmarks, or no class with 8 models whose training FLOP is known.
    InputError
        A setting out of its range.

    References
    ----------
    Ren et al. 2024, arXiv 2407.21792.

    Examples
    --------
    >>> import measurand
    >>> base, chat = compute_correlation(measurand.load_example().scores).classes
    >>> round(100 * base.score_spearman.value, 1), round(100 * chat.score_spearman.value, 1)
    (96.5, 94.3)
    """
    require_fraction(level=level)
    found, problems = panels(scores, missing)
    parts, unassessed = [], list(problems)
    for panel in found:
        flop = np.array([np.nan if f is None else f for f in scores.model_fact("training_flop", panel.models)], float)
        known = np.isfinite(flop)
        if known.sum() < LEAST_MODELS:
            reason = f"the training FLOP of {known.sum()} of {len(panel.models)} {kind(panel.class_)}models is known"
            unassessed.append(Unassessed({"class": panel.class_}, reason, f"that of at least {LEAST_MODELS} models"))
            continue
        log_flop = np.log10(flop, where=known, out=np.full(len(flop), np.nan))
        part, not_able = class_compute(panel, log_flop, level)
        unassessed += not_able
        parts.append(part)
    if not parts:
        raise NotApplicable(
            "; ".join(problem.reason for problem in unassessed),
            needs=f"the training FLOP of at least {LEAST_MODELS} models of a class",
        )
    return ComputeCorrelation(tuple(parts), tuple(unassessed), level, display_names(scores))


def class_compute(panel: Panel, log_flop: Floats, level: float) -> tuple[ClassCompute, list[Unassessed]]:
    """`compute_correlation` of one class, and the benchmarks that cannot be assessed."""
    known = np.isfinite(log_flop)
    with_flop = np.where(known[:, None], panel.scores, np.nan)
    able, not_able = assessable(with_flop, panel.tested, panel.class_)
    values = with_flop[:, able]
    # Row 0 is the estimate and every other row leaves one family out: one call gives point and jackknife.
    weights = np.vstack([np.ones(len(panel.models)), blocks_left_out(panel.families)])
    # The score is made from all models of the class, also from those whose compute is not known.
    component = replicate_scores(panel.values, weights)

    def of_score(method: Method) -> Limits:
        replicates = correlate(component, log_flop[:, None], weights, method)
        return _with_limits(replicates, weights, log_flop[:, None], level)[0]

    # The 0 is never used: where compute is unknown, `values` holds NaN and the model drops out.
    flop = np.broadcast_to(np.where(known, log_flop, 0.0), weights.shape)
    with_compute = correlate(flop, values, weights)
    with_score = correlate(component, values, weights)
    # The partial correlation is one of three over the same models: column j of `masked` is the compute of just those
    # that have benchmark j.
    masked = np.where(np.isfinite(values), log_flop[:, None], np.nan)
    between = correlate(component, masked, weights)
    with np.errstate(invalid="ignore", divide="ignore"):
        partial = (with_compute - with_score * between) / np.sqrt((1 - with_score**2) * (1 - between**2))
    n = np.isfinite(values).sum(axis=0)
    part = ClassCompute(
        panel=panel,
        log_flop=log_flop,
        benchmarks=chosen(panel.tested, able),
        n=n,
        score_spearman=of_score("spearman"),
        score_pearson=of_score("pearson"),
        spearman=_with_limits(with_compute, weights, values, level),
        partial=_with_limits(partial, weights, values, level),
        error=by_families(with_compute[0], of_those_run(with_compute[1:], weights[1:], values), n),
    )
    return part, not_able


def _with_limits(replicates: Floats, weights: Floats, values: Floats, level: float) -> tuple[Limits, ...]:
    """Point estimates (row 0) with the jackknife interval from the other rows, of the families that have the values."""
    left_out = of_those_run(replicates[1:], weights[1:], values)
    n = np.isfinite(values).sum(axis=0)
    return zip_limits(replicates[0], *jackknife_z(replicates[0], left_out, n, level))


def judge(result: ComputeCorrelation, *, threshold: float = 0.5) -> list[Finding]:
    """Issue: a benchmark under test rises or falls with training compute beyond the threshold."""
    # The threshold of V1: a correlation with compute counts from where one with capability does.
    require_fraction(threshold=threshold)
    findings: list[Finding] = []
    for part in result.classes:
        calls = called(*claims(part.error.rho, part.error, (-threshold, threshold)), 1 - result.level)
        each = [_finding(result, part, j, call) for j, call in enumerate(calls)]
        findings += [_headline(result, part, each, threshold), *each]
    return findings + unassessed(result.unassessed)


def _estimate(result: ComputeCorrelation, name: str, limits: Limits, n: int) -> Estimate:
    return estimate(name, *limits, level=result.level, method=METHOD, n=n, unit=CORRELATION)


def _headline(result: ComputeCorrelation, part: ClassCompute, each: Sequence[Finding], threshold: float) -> Finding:
    class_, n = part.panel.class_, int(np.isfinite(part.log_flop).sum())
    spearman = _estimate(result, "compute_spearman", part.score_spearman, n)
    pearson = _estimate(result, "compute_pearson", part.score_pearson, n)
    moved = sum(f.status is Status.ISSUE for f in each)
    follows = against(spearman.low, spearman.high, threshold) is Side.ABOVE
    sentence = (
        f"The capabilities score of {kind(class_)}models correlates {shown(spearman)} with training compute "
        f"({plural(n, 'model')} whose compute is known)"
    )
    if len(each) > 1:
        verbs = " or ".join(agreeing(max(moved, 1), verb) for verb in ("rises", "falls"))
        sentence += f", and {moved or 'none'} of {len(each)} benchmarks under test clearly {verbs} with compute"
    sentence += f". {each[0].sentence}" if len(each) == 1 else "."
    if not follows:
        sentence += " The score itself does not clearly follow compute, so check the capability benchmarks."
    short = "the score follows compute" if follows else "too few models with known compute"
    if moved:
        short = f"{moved} of {len(each)} {agreeing(moved, 'moves')} with compute"
    return Finding(
        subject={"class": class_},
        title="Capability and training compute",
        short=short,
        headline=True,
        # Not the worst of the rows: where the score itself follows compute, undecided benchmarks do not spoil that.
        status=Status.ISSUE if moved else Status.PASSED if follows else Status.CAUTION,
        sentence=sentence,
        estimates=(spearman, pearson),
        caveats=part.panel.caveats,
        figure="V6.compute",
        result={"subject": "capabilities score"},
    )


def _finding(result: ComputeCorrelation, part: ClassCompute, j: int, call: Call) -> Finding:
    n = int(part.n[j])
    found = _estimate(result, "compute_spearman", part.spearman[j], n)
    partial = _estimate(result, "compute_partial_given_capability", part.partial[j], n)
    status = {Side.ABOVE: Status.ISSUE, Side.BELOW: Status.ISSUE, Side.BETWEEN: Status.PASSED}
    words = {
        Side.UNKNOWN: "no interval, since all models come from one family",
        Side.ABOVE: "it rises with compute",
        Side.BELOW: "it gets worse with compute",
        Side.BETWEEN: "it is separate from compute",
        Side.ACROSS: "too few models to tell whether it goes with compute",
    }
    return Finding(
        subject={"benchmark": part.benchmarks[j], "class": part.panel.class_},
        status=status.get(call.side, Status.CAUTION),
        sentence=f"{result.names[part.benchmarks[j]]} correlates {shown(found)} with training compute among "
        f"{kind(part.panel.class_)}models, {shown(partial)} at equal capability: {call.meaning(words)}.",
        short={Side.ACROSS: "too few models to tell", Side.UNKNOWN: "all models of one family"}.get(
            call.side, words[call.side].removeprefix("it is ").removeprefix("it ")
        ),
        estimates=(found, partial),
        figure="V6.benchmarks",
    )


def figure(result: ComputeCorrelation) -> list[Figure]:
    """Capabilities score on training compute, and each benchmark's correlation with compute."""
    models: list[tuple[Cell, ...]] = [
        (part.panel.class_, model, float(10 ** part.log_flop[i]), float(part.panel.component.scores[i]))
        for part in result.classes
        for i, model in enumerate(part.panel.models)
        if np.isfinite(part.log_flop[i])
    ]
    benchmarks: list[tuple[Cell, ...]] = [
        (part.panel.class_, result.names[benchmark], *map(finite, part.spearman[j]), finite(part.partial[j].value))
        for part in result.classes
        for j, benchmark in enumerate(part.benchmarks)
    ]
    return [
        Figure(
            name="V6.compute",
            kind="scatter",
            title="Capabilities score and training compute",
            caption="Each dot is one model whose training compute is known; the line is a least-squares fit on log "
            "compute.",
            columns=columns(("class", "model", "training FLOP", "capabilities score"), models),
            x=Axis("training FLOP", "training compute (FLOP)", "log"),
            y=Axis("capabilities score", "capabilities score (first component)"),
            label="model",
            select=("class",),
            fit=True,
        ),
        intervals_figure(
            "V6.benchmarks",
            "Benchmarks and training compute",
            "Spearman correlation of each benchmark with training compute, with its interval.",
            ("class", "benchmark", "correlation", "low", "high", "at equal capability"),
            benchmarks,
            Axis("correlation", "correlation with training compute (Spearman)", domain=(-1.0, 1.0)),
            rules=(-0.5, 0.0, 0.5),
        ),
    ]


MEASURE = Measure(
    code="V6",
    name="training compute",
    question=Question.VALIDITY,
    asks="Does the score rise with training compute, and does it at equal capability?",
    needs="what V1 needs, and the training FLOP of at least 8 models of a class",
    formula="Spearman and Pearson of s with log10 FLOP; Spearman of each benchmark with FLOP; "
    "partial = (r_bf - r_bs r_sf) / sqrt((1 - r_bs^2)(1 - r_sf^2)).",
    compute=compute_correlation,
    judge=judge,
    figure=figure,
    caveats=(
        "Training FLOP is published for some models only, and those that publish it may differ.",
        "Coverage is measured for the Spearman and partial correlations, not for the Pearson one.",
    ),
    references=("Ren et al. 2024, Safetywashing, arXiv 2407.21792",),
)
