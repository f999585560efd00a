"""P12, graders: would another grader have given the same scores, and what do hand labels say of them?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np

from measurand.errors import InputError, NotApplicable
from measurand.measure import Measure
from measurand.measures._shared import columns, estimate, number, overall, plural, require_fraction
from measurand.measures.precision.shared.grading import (
    EVERY,
    LEAST_COMMON,
    Agreement,
    Correction,
    Shift,
    agreement_of,
    corrections_of,
    shifts_of,
)
from measurand.measures.precision.shared.ratings import Ratings, is_hand, on_one_scale, ratings_of
from measurand.results import Axis, Cell, Estimate, Figure, Finding, Question, Status
from measurand.stats.items.agreement import Limits, krippendorff_alpha
from measurand.tables import Responses

__all__ = ["MEASURE", "Graders", "graders"]

CODE, TITLE = "P12", "Graders"


@dataclass(frozen=True, eq=False)
class Graders:
    """Result of `graders`.

    Parameters
    ----------
    together : Krippendorff's alpha of all graders of a benchmark on one scale, where there are more than two:
        (benchmark, graders, alpha with limits, samples).
    unassessed : (subject, reason, what would be needed).
    cluster_key : what makes samples of several items one cluster; None if only those of one item are.
    """

    agreements: tuple[Agreement, ...]
    together: tuple[tuple[str, tuple[str, ...], Limits, int], ...]
    shifts: tuple[Shift, ...]
    corrections: tuple[Correction, ...]
    unassessed: tuple[tuple[Mapping[str, str], str, str], ...]
    cluster_key: str | None
    level: float


def graders(responses: Responses, *, level: float = 0.95, resamples: int = 1000, rng: np.random.Generator) -> Graders:
    """Agreement of the graders of the same samples, the score shift between them, and corrected scores.

    A grader is what `grader` names, or the scorer where it names none; one with "human", "gold" or "expert" in its
    name gives hand labels. Samples of one item (or of one cluster, where items have them) are not independent.

    Parameters
    ----------
    responses : item-level results in which samples have scores of more than one grader.
    level : confidence level, in (0, 1).
    resamples : bootstrap resamples of clusters for Krippendorff's alpha.
    rng : draws them.

    Raises
    ------
    NotApplicable
        No two graders scored the same samples on the same scale.
    InputError
        A setting out of its range.

    References
    ----------
    Cohen 1960, Educational and Psychological Measurement 20(1); Krippendorff 2011; Rogan and Gladen 1978, American
    Journal of Epidemiology 107(1); Angelopoulos et al. 2023, Science 382.

    Examples
    --------
    >>> import polars as pl
    >>> from measurand.tables import RESPONSE_COLUMNS
    >>> rows = [{"model": "m", "benchmark": "b", "item": f"{i}", "epoch": 1, "grader": g, "score": float(s)}
    ...         for i in range(20) for g, s in (("a", i % 2), ("b", i % 2 if i else 1))]
    >>> empty = pl.DataFrame(schema=RESPONSE_COLUMNS)
    >>> rows = pl.DataFrame(rows).with_columns(pl.col("epoch").cast(pl.Int32))
    >>> found = graders(Responses(pl.concat([empty, rows], how="diagonal").lazy()), rng=np.random.default_rng(0))
    >>> round(found.agreements[0].value[0], 2), found.shifts[0].difference[0]
    (0.9, 0.05)
    """
    require_fraction(level=level)
    if resamples < 100:
        raise InputError(f"resamples should be at least 100, got {resamples}")
    agreements: list[Agreement] = []
    together, shifts, corrections, unassessed = [], [], [], []
    pooled: dict[tuple[str, str], list[tuple[Ratings, int, int]]] = {}
    for ratings in ratings_of(responses):
        for a, b in combinations(range(len(ratings.graders)), 2):
            first, second = (a, b) if is_hand(ratings.graders[a]) or not is_hand(ratings.graders[b]) else (b, a)
            names = ratings.graders[first], ratings.graders[second]
            subject = {"benchmark": ratings.benchmark, "graders": " and ".join(names)}
            common = ratings.common(first, second)
            if common.sum() < LEAST_COMMON:
                if common.any():
                    reason = f"they share {plural(int(common.sum()), 'sample')}"
                    unassessed.append((subject, reason, f"at least {LEAST_COMMON} samples scored by both"))
                continue
            if not on_one_scale(ratings.scores[first, common], ratings.scores[second, common]):
                unassessed.append((subject, "their scores are on different scales", "scores on one scale"))
                continue
            pooled.setdefault(names, []).append((ratings, first, second))
            agreements.append(agreement_of([(ratings, first, second)], names, level, resamples, rng))
            shifts += shifts_of(ratings, first, second, level)
            if is_hand(names[0]) and not is_hand(names[1]):
                corrections += corrections_of(ratings, first, second, level)
        group = ratings.same_scale()
        if len(group) > 2:
            rated = ratings.scores[group]
            binary = np.isin(rated[np.isfinite(rated)], (0.0, 1.0)).all()
            metric: Literal["nominal", "interval"] = "nominal" if binary else "interval"
            alpha = krippendorff_alpha(rated, metric, ratings.clusters, level=level, resamples=resamples, rng=rng)
            n = int((np.isfinite(rated).sum(axis=0) >= 2).sum())
            together.append((ratings.benchmark, tuple(ratings.graders[g] for g in group), alpha, n))
    for names, parts in pooled.items():
        if len(parts) > 1:
            agreements.append(agreement_of(parts, names, level, resamples, rng))
    if not agreements:
        reasons = [f"{' of '.join(reversed(subject.values()))}: {reason}" for subject, reason, _ in unassessed[:3]]
        raise NotApplicable(
            "; ".join(reasons) or "every sample was scored by one grader only",
            needs=f"at least {LEAST_COMMON} samples scored by two graders on one scale",
        )
    return Graders(
        tuple(agreements),
        tuple(together),
        tuple(shifts),
        tuple(corrections),
        tuple(unassessed),
        responses.cluster,
        level,
    )


def judge(result: Graders, *, agreeing: float = 2 / 3, tolerance: float = 0.05) -> list[Finding]:
    """Agreement against a bound; a score that another grader moves, or hand labels correct, by more than 5 points."""
    require_fraction(agreeing=agreeing, tolerance=tolerance)
    pairs = [_agreed(found, result, agreeing) for found in result.agreements]
    moved = [_moved(found, result.level, tolerance) for found in result.shifts]
    corrected = [_corrected(found, result.level, tolerance) for found in result.corrections]
    groups = [_together(*group, result.level, agreeing) for group in result.together]
    refused = [
        Finding(CODE, subject, TITLE, Status.NOT_APPLICABLE, f"Not assessed: {reason}; needs {needs}.")
        for subject, reason, needs in result.unassessed
    ]
    return [_headline(result, pairs, moved, corrected), *pairs, *groups, *moved, *corrected, *refused]


def _headline(
    result: Graders, pairs: Sequence[Finding], moved: Sequence[Finding], corrected: Sequence[Finding]
) -> Finding:
    whole = [f for f in pairs if f.subject["benchmark"] == EVERY]
    per_pair = whole if len(whole) == len({f.subject["graders"] for f in pairs}) else pairs
    agreed = sum(finding.status is Status.PASSED for finding in per_pair)
    verb = "agrees" if agreed == 1 else "agree"
    sentence = f"{agreed or 'None'} of {plural(len(per_pair), 'pair')} of graders {verb} well."
    if moved:
        most = max(result.shifts, key=lambda found: abs(found.difference[0]))
        clear = sum(finding.status is Status.ISSUE for finding in moved)
        sentence += (
            f" Swapping the grader clearly changes {clear} of {plural(len(moved), 'score')}, "
            f"and moves one by {_points(most.difference[0], most.unit)} ({most.model} on {most.benchmark})."
        )
    return Finding(CODE, {}, TITLE, overall([*pairs, *moved, *corrected]), sentence, (), MEASURE.caveats)


def _points(value: float, unit: bool) -> str:
    return f"{100 * value:+.1f} points" if unit else f"{value:+.2f}"


NAMES = {
    "kappa": ("cohen_kappa", "delta method on log(1 - kappa), cluster-robust CR1, t(G - 1)"),
    "alpha": ("krippendorff_alpha", "interval metric, bootstrap of clusters"),
}


def _agreed(found: Agreement, result: Graders, bound: float) -> Finding:
    name, method = NAMES[found.kind]
    value = estimate(name, *found.value, level=result.level, method=method, n=found.clusters)
    same = Estimate("same_score", found.same, method="share of samples", n=found.n)
    who = f"{found.first} and {found.second}"
    where = "over all benchmarks" if found.benchmark == EVERY else f"on {found.benchmark}"
    if value.value is None:
        sentence = (
            f"Not assessed: {who} gave one and the same score to all {found.n:,} samples {where}, so agreement beyond "
            "chance is undefined; needs samples of both kinds."
        )
        status = Status.NOT_APPLICABLE
    else:
        status, verdict = _agreement_verdict(value, bound)
        count = f"{found.n:,} samples"
        unit = "item" if result.cluster_key is None else "cluster"
        count += f" of {plural(found.clusters, unit)}" if found.clusters < found.n else ""
        sentence = (
            f"{who} give the same score to {found.same:.0%} of {count} {where}; beyond chance, agreement is "
            f"{_range(value)} (1 is perfect, 0 is chance): {verdict}."
        )
    subject = {"benchmark": found.benchmark, "graders": who}
    return Finding(CODE, subject, TITLE, status, sentence, (value, same), (), f"{CODE}.confusion", {"samples": found.n})


def _range(value: Estimate) -> str:
    if value.low is None or value.high is None:
        return f"{value.value:.2f} with no interval"
    return f"{value.value:.2f}, from {value.low:.2f} to {value.high:.2f}"


def _agreement_verdict(value: Estimate, bound: float) -> tuple[Status, str]:
    if value.low is None or value.high is None:
        return Status.CAUTION, "too few items to say how sure that is"
    if value.low > bound:
        return Status.PASSED, "they agree well"
    if value.high < bound:
        return Status.ISSUE, f"below {bound:.2f}, where conclusions stop being safe"
    return Status.CAUTION, f"it cannot be told from {bound:.2f}, where conclusions stop being safe"


def _together(benchmark: str, names: tuple[str, ...], alpha: Limits, n: int, level: float, bound: float) -> Finding:
    value = estimate("krippendorff_alpha", *alpha, level=level, method="bootstrap of clusters", n=n)
    subject = {"benchmark": benchmark, "graders": ", ".join(names)}
    if value.value is None:
        sentence = "Not assessed: every score is the same; needs samples of both kinds."
        return Finding(CODE, subject, TITLE, Status.NOT_APPLICABLE, sentence)
    status, verdict = _agreement_verdict(value, bound)
    sentence = f"All {len(names)} graders on {benchmark}: agreement beyond chance is {_range(value)}: {verdict}."
    return Finding(CODE, subject, TITLE, status, sentence, (value,))


def _moved(found: Shift, level: float, tolerance: float) -> Finding:
    method = "paired, cluster-robust CR1, t(G - 1)"
    shift = estimate("score_shift", *found.difference, level=level, method=method, n=found.n)
    one = estimate("score_by_first", *found.by_first, level=level, method="cluster-robust", n=found.n)
    other = estimate("score_by_second", *found.by_second, level=level, method="cluster-robust", n=found.n)
    change = _points(found.difference[0], found.unit)
    sentence = (
        f"Graded by {found.second} instead of {found.first}, {found.model} on {found.benchmark} moves by {change}"
    )
    if not found.unit:
        status, verdict = Status.NOT_APPLICABLE, "; how much is too much is not known on this scale"
    elif shift.low is None or shift.high is None:
        status = Status.CAUTION
        verdict = f" on {plural(found.n, 'sample')}, too alike or too few for an interval"
    else:
        verdict = f", from {100 * shift.low:+.1f} to {100 * shift.high:+.1f}"
        status = _side(shift.low, shift.high, tolerance)
    subject = {"benchmark": found.benchmark, "model": found.model, "graders": f"{found.first} and {found.second}"}
    return Finding(CODE, subject, TITLE, status, f"{sentence}{verdict}.", (shift, one, other), (), f"{CODE}.scores")


def _side(low: float, high: float, tolerance: float) -> Status:
    """Issue beyond the tolerance either way, passed within it."""
    if low > tolerance or high < -tolerance:
        return Status.ISSUE
    return Status.PASSED if -tolerance < low and high < tolerance else Status.CAUTION


def _corrected(found: Correction, level: float, tolerance: float) -> Finding:
    own = Estimate("score_as_graded", found.mean, method="mean", n=found.n)
    method = "prediction-powered inference, cluster-robust, t"
    powered = estimate("score_corrected", *found.powered, level=level, method=method, n=found.labelled)
    estimates = [own, powered]
    if found.corrected is not None:
        for name, limits, how in (
            ("score_rogan_gladen", found.corrected.rate, "Rogan-Gladen, delta method, cluster-robust"),
            ("sensitivity", found.corrected.sensitivity, "exact"),
            ("specificity", found.corrected.specificity, "exact"),
        ):
            estimates.append(estimate(name, *limits, level=level, method=how, n=found.labelled))
    subject = {"benchmark": found.benchmark, "model": found.model, "grader": found.grader}
    unit = found.corrected is not None
    value = f"{100 * found.powered[0]:.1f}%" if unit else f"{found.powered[0]:.2f}"
    mean = f"{100 * found.mean:.1f}%" if unit else f"{found.mean:.2f}"
    sentence = (
        f"{found.grader} gives {found.model} {mean} on {found.benchmark}; corrected by {found.labelled:,} hand labels "
        f"of {found.n:,} samples it is {value}"
    )
    if powered.low is None or powered.high is None:
        return Finding(CODE, subject, TITLE, Status.CAUTION, f"{sentence}, with no interval.", tuple(estimates))
    ends = (
        f"{100 * powered.low:.1f}% to {100 * powered.high:.1f}%" if unit else f"{powered.low:.2f} to {powered.high:.2f}"
    )
    status = _side(powered.low - found.mean, powered.high - found.mean, tolerance) if unit else Status.NOT_APPLICABLE
    return Finding(CODE, subject, TITLE, status, f"{sentence}, from {ends}.", tuple(estimates))


def figure(result: Graders) -> list[Figure]:
    """Scores of each model by grader, and how often each pair of scores was given."""
    drawn = []
    rows: dict[tuple[str, str, str], tuple[Cell, ...]] = {}
    for found in result.shifts:
        for grader, limits in ((found.first, found.by_first), (found.second, found.by_second)):
            row = (found.benchmark, found.model, grader, *(number(value) for value in limits), found.n)
            # A grader of several pairs shows the score on most samples.
            key = (found.benchmark, found.model, grader)
            if key not in rows or int(str(rows[key][-1])) < found.n:
                rows[key] = row
    if rows:
        names = ("benchmark", "model", "grader", "score", "low", "high", "samples")
        drawn.append(
            Figure(
                f"{CODE}.scores",
                "intervals",
                "Scores by grader",
                f"The same samples as different graders score them. Bars: {result.level:.0%} intervals.",
                columns(names, list(rows.values())),
                Axis("score", "score"),
                Axis("model", "model", "nominal"),
                low="low",
                high="high",
                color="grader",
                select=("benchmark",),
            )
        )
    cells: list[tuple[Cell, ...]] = [
        (found.benchmark, f"{found.first} (down), {found.second} (across)", f"{one:g}", f"{other:g}", count / found.n)
        for found in result.agreements
        for one, counts in zip(found.labels, found.counts, strict=True)
        for other, count in zip(found.labels, counts, strict=True)
    ]
    if cells:
        drawn.append(
            Figure(
                f"{CODE}.confusion",
                "heatmap",
                "How often graders give which scores",
                "Share of samples by the score of one grader (down) and of the other (across); off the diagonal they "
                "disagree.",
                columns(("benchmark", "graders", "first", "second", "share"), cells),
                Axis("second", "second grader", "nominal"),
                Axis("first", "first grader", "nominal"),
                color="share",
                select=("benchmark", "graders"),
            )
        )
    return drawn


MEASURE = Measure(
    code=CODE,
    name="graders",
    question=Question.PRECISION,
    asks="Would another grader have given the same scores, and what do hand labels say the true score is?",
    needs="item-level results in which samples have scores of two graders (or scorers) on one scale",
    formula="kappa = (agreement - chance) / (1 - chance); alpha = 1 - observed / expected disagreement; "
    "shift = mean score by one grader - by the other; Rogan-Gladen = (rate + specificity - 1) / (sensitivity + "
    "specificity - 1); prediction-powered = mean label + w (mean score unlabelled - mean score labelled).",
    compute=graders,
    judge=judge,
    figure=figure,
    caveats=(
        "Graders that agree can share an error; only hand labels show it.",
        "Corrections hold if the hand-labelled samples are a random part of all.",
        "A grader named after a person's work (human, gold, expert) is taken as the hand label.",
    ),
    references=(
        "Cohen 1960, A coefficient of agreement for nominal scales, Educational and Psychological Measurement 20(1)",
        "Krippendorff 2011, Computing Krippendorff's alpha-reliability",
        "Rogan and Gladen 1978, Estimating prevalence from the results of a screening test, Am. J. Epidemiology 107(1)",
        "Angelopoulos et al. 2023, Prediction-powered inference, Science 382; PPI++, arXiv 2311.01453",
    ),
)
