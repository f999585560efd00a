"""V6, compute: do the capabilities score and each benchmark rise with training compute?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from measurand.errors import NotApplicable
from measurand.measure import Measure
from measurand.measures._shared import columns, display_names, estimate, kind, number, plural, require_fraction, shown
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
from measurand.stats.capability.capabilities import blocks_left_out, of_those_run
from measurand.stats.capability.pca import replicate_scores
from measurand.stats.intervals.correlation import jackknife_z
from measurand.stats.intervals.ranks import Method, correlate
from measurand.tables import Scores

__all__ = ["MEASURE", "ComputeCorrelation", "compute_correlation"]

Floats = npt.NDArray[np.float64]
Triple = tuple[Floats, Floats, Floats]
CODE, TITLE = "V6", "Training compute"
METHOD = "leave-one-family-out jackknife on the z scale, t(G-1)"


@dataclass(frozen=True, eq=False)
class ClassCompute:
    """Correlations with log10 training FLOP within one class; each (value, low, high) of shape (m,).

    Parameters
    ----------
    log_flop : log10 training FLOP of each model of the panel, NaN where not known, shape (n,).
    score_spearman, score_pearson : of the capabilities score, shape (1,).
    spearman, partial : of each benchmark; the partial one holds the capabilities score fixed.
    """

    panel: Panel
    log_flop: Floats
    benchmarks: tuple[str, ...]
    n: npt.NDArray[np.int64]
    score_spearman: Triple
    score_pearson: Triple
    spearman: Triple
    partial: Triple


@dataclass(frozen=True, eq=False)
class ComputeCorrelation:
    """Result of `compute_correlation`: a part a class, and what could not be assessed."""

    classes: tuple[ClassCompute, ...]
    unassessed: tuple[Unassessed, ...]
    level: float
    names: dict[str, str]


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
    >>> round(100 * float(base.score_spearman[0][0]), 1), round(100 * float(chat.score_spearman[0][0]), 1)
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
        part, not_able = _class_compute(panel, log_flop, level)
        unassessed += not_able
        parts.append(part)
    if not parts:
        raise NotApplicable(
            "; ".join(problem.reason for problem in unassessed),
            needs=f"the training FLOP of at least {LEAST_MODELS} models of a class (training_flop)",
        )
    return ComputeCorrelation(tuple(parts), tuple(unassessed), level, display_names(scores))


def _class_compute(panel: Panel, log_flop: Floats, level: float) -> tuple[ClassCompute, list[Unassessed]]:
    known = np.isfinite(log_flop)
    with_flop = np.where(known[:, None], panel.scores, np.nan)
    able, not_able = assessable(with_flop, panel.tested, panel.class_)
    values = with_flop[:, able]
    weights = np.vstack([np.ones(len(panel.models)), blocks_left_out(panel.families)])
    component = replicate_scores(panel.values, weights)

    def of_score(method: Method) -> Triple:
        replicates = correlate(component, log_flop[:, None], weights, method)
        return _with_limits(replicates, weights, log_flop[:, None], level)

    flop = np.broadcast_to(np.where(known, log_flop, 0.0), weights.shape)
    with_compute = correlate(flop, values, weights)
    with_score = correlate(component, values, weights)
    # Score and compute over the models that have the benchmark, a benchmark at a time: column j of `masked` is the
    # compute of just those models.
    masked = np.where(np.isfinite(values), log_flop[:, None], np.nan)
    between = correlate(component, masked, weights)
    with np.errstate(invalid="ignore", divide="ignore"):
        partial = (with_compute - with_score * between) / np.sqrt((1 - with_score**2) * (1 - between**2))
    part = ClassCompute(
        panel,
        log_flop,
        chosen(panel.tested, able),
        np.isfinite(values).sum(axis=0),
        of_score("spearman"),
        of_score("pearson"),
        _with_limits(with_compute, weights, values, level),
        _with_limits(partial, weights, values, level),
    )
    return part, not_able


def _with_limits(replicates: Floats, weights: Floats, values: Floats, level: float) -> Triple:
    """Point estimates (row 0) with the jackknife interval from the other rows, of the families that have the values."""
    left_out = of_those_run(replicates[1:], weights[1:], values)
    return (replicates[0], *jackknife_z(replicates[0], left_out, np.isfinite(values).sum(axis=0), level))


def judge(result: ComputeCorrelation, *, threshold: float = 0.5) -> list[Finding]:
    """Issue: a benchmark under test rises or falls with training compute beyond the threshold."""
    require_fraction(threshold=threshold)
    findings: list[Finding] = []
    for part in result.classes:
        each = [_finding(result, part, j, threshold) for j in range(len(part.benchmarks))]
        findings += [_headline(result, part, each, threshold), *each]
    return findings + unassessed_findings(CODE, TITLE, result.unassessed)


def _triple(result: ComputeCorrelation, name: str, triple: Triple, j: int, n: int) -> Estimate:
    return estimate(name, *(float(side[j]) for side in triple), level=result.level, method=METHOD, n=n)


def _headline(result: ComputeCorrelation, part: ClassCompute, each: Sequence[Finding], threshold: float) -> Finding:
    class_, n = part.panel.class_, int(np.isfinite(part.log_flop).sum())
    spearman = _triple(result, "compute_spearman", part.score_spearman, 0, n)
    pearson = _triple(result, "compute_pearson", part.score_pearson, 0, n)
    with_compute = sum(f.status is Status.ISSUE for f in each)
    follows = spearman.low is not None and spearman.low > threshold
    sentence = (
        f"The capabilities score of {kind(class_)}models correlates {shown(spearman)} with training compute "
        f"({plural(n, 'model')} whose compute is known), and {with_compute} of {plural(len(each), 'benchmark')} under "
        "test clearly rise or fall with compute."
    )
    if not follows:
        sentence += " The score itself does not clearly follow compute, so check the capability benchmarks."
    status = Status.ISSUE if with_compute else Status.PASSED if follows else Status.CAUTION
    return Finding(
        CODE,
        {"class": class_},
        TITLE,
        status,
        sentence,
        (spearman, pearson),
        part.panel.caveats,
        f"{CODE}.compute",
        {"subject": "capabilities score"},
    )


def _finding(result: ComputeCorrelation, part: ClassCompute, j: int, threshold: float) -> Finding:
    n = int(part.n[j])
    found = _triple(result, "compute_spearman", part.spearman, j, n)
    partial = _triple(result, "compute_partial_given_capability", part.partial, j, n)
    name = result.names[part.benchmarks[j]]
    if found.low is None or found.high is None:
        status, verdict = Status.CAUTION, "no interval, since all models come from one family"
    elif found.low > threshold:
        status, verdict = Status.ISSUE, "more compute brings a better score"
    elif found.high < -threshold:
        status, verdict = Status.ISSUE, "more compute brings a worse score"
    elif -threshold < found.low and found.high < threshold:
        status, verdict = Status.PASSED, "compute alone does not move it"
    else:
        status, verdict = Status.CAUTION, "too few models to tell whether compute moves it"
    return Finding(
        CODE,
        {"benchmark": part.benchmarks[j], "class": part.panel.class_},
        TITLE,
        status,
        f"{name} correlates {shown(found)} with training compute on {kind(part.panel.class_)}models, "
        f"{shown(partial)} at equal capability: {verdict}.",
        (found, partial),
        (),
        f"{CODE}.benchmarks",
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
        (
            part.panel.class_,
            result.names[benchmark],
            *(number(float(side[j])) for side in part.spearman),
            number(float(part.partial[0][j])),
        )
        for part in result.classes
        for j, benchmark in enumerate(part.benchmarks)
    ]
    return [
        Figure(
            f"{CODE}.compute",
            "scatter",
            "Capabilities score and training compute",
            "A dot a model whose training compute is known; the line is the least-squares fit on log compute.",
            columns(("class", "model", "training FLOP", "capabilities score"), models),
            Axis("training FLOP", "training compute (FLOP)", "log"),
            Axis("capabilities score", "capabilities score (first component)"),
            label="model",
            select=("class",),
            fit=True,
        ),
        Figure(
            f"{CODE}.benchmarks",
            "intervals",
            "Benchmarks and training compute",
            "Spearman correlation of each benchmark with training compute, with its interval.",
            columns(("class", "benchmark", "correlation", "low", "high", "at equal capability"), benchmarks),
            Axis("correlation", "correlation with training compute (Spearman)", domain=(-1.0, 1.0)),
            Axis("benchmark", "benchmark", "nominal"),
            low="low",
            high="high",
            label="benchmark",
            select=("class",),
            rules=(-0.5, 0.0, 0.5),
        ),
    ]


MEASURE = Measure(
    code=CODE,
    name="training compute",
    question=Question.VALIDITY,
    asks="Does the score rise with training compute, and does it at equal capability?",
    needs="what V1 needs, and the training FLOP of at least 8 models of a class (training_flop)",
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
