"""V2, slope and spread: how much does a benchmark move with capability, next to its own noise?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
    Missing,
    Panel,
    Unassessed,
    assessable,
    chosen,
    panels,
    unassessed_findings,
)
from measurand.results import Axis, Estimate, Figure, Finding, Question, Status
from measurand.stats.capability.capabilities import blocks_left_out, of_those_run
from measurand.stats.capability.pca import replicate_scores
from measurand.stats.capability.regression import fit_lines, standardised_rows, theil_sen
from measurand.stats.intervals.correlation import jackknife_t
from measurand.tables import Scores

__all__ = ["MEASURE", "SlopeAndSpread", "slope_and_spread"]

Floats = npt.NDArray[np.float64]
CODE, TITLE = "V2", "Slope and spread"

MOST_PAIRED_MODELS = 500
"""Theil-Sen looks at every pair of models; above this many it is left out."""


@dataclass(frozen=True, eq=False)
class ClassSlopes:
    """Slopes within one class, shape (m,) each.

    Parameters
    ----------
    slope, low, high : change of the benchmark per standard deviation of the capabilities score over the models of the
        panel (least squares).
    theil_sen : the same by Theil-Sen; NaN above 500 models.
    spread : standard deviation of the benchmark between models.
    r2 : share of its variance that the capabilities score explains.
    noise : the benchmark's typical (median) standard error; NaN where not known.
    """

    panel: Panel
    benchmarks: tuple[str, ...]
    n: npt.NDArray[np.int64]
    slope: Floats
    low: Floats
    high: Floats
    theil_sen: Floats
    spread: Floats
    r2: Floats
    noise: Floats


@dataclass(frozen=True, eq=False)
class SlopeAndSpread:
    """Result of `slope_and_spread`: a part a class, and what could not be assessed."""

    classes: tuple[ClassSlopes, ...]
    unassessed: tuple[Unassessed, ...]
    level: float
    names: dict[str, str]


def slope_and_spread(scores: Scores, *, level: float = 0.95, missing: Missing = "complete") -> SlopeAndSpread:
    """Change of each benchmark per standard deviation of the capabilities score, and its spread between models.

    A correlation standardises the slope away: a benchmark can correlate highly and hardly move.

    Parameters
    ----------
    scores : scores with roles; with standard errors the slope is also set against the benchmark's own noise.
    level : confidence level, in (0, 1). Intervals: leave-one-family-out jackknife, component refitted, t(G-1).
    missing : as in `measurand.capabilities_correlation`.

    Raises
    ------
    NotApplicable
        Fewer than 3 capability benchmarks, or no class with 8 models.
    InputError
        A setting out of its range.

    References
    ----------
    Theil 1950; Sen 1968, Estimates of the regression coefficient based on Kendall's tau, JASA 63(324).

    Examples
    --------
    >>> import measurand
    >>> result = slope_and_spread(measurand.load_example().scores)
    >>> chat = result.classes[1]
    >>> float(chat.slope[chat.benchmarks.index("truthfulqa_mc1")].round(3))
    0.063
    """
    require_fraction(level=level)
    found, problems = panels(scores, missing)
    parts, unassessed = [], list(problems)
    for panel in found:
        able, not_able = assessable(panel.scores, panel.tested, panel.class_)
        unassessed += not_able
        parts.append(_class_slopes(panel, able, level))
    return SlopeAndSpread(tuple(parts), tuple(unassessed), level, display_names(scores))


def _class_slopes(panel: Panel, able: npt.NDArray[np.bool_], level: float) -> ClassSlopes:
    values = panel.scores[:, able]
    unit = np.ones((1, len(panel.models)))
    point = fit_lines(panel.standard_scores[None], values, unit)
    left_out = blocks_left_out(panel.families)
    slopes = fit_lines(standardised_rows(replicate_scores(panel.values, left_out)), values, left_out).slope
    slopes = of_those_run(slopes, left_out, values)
    low, high = jackknife_t(point.slope[0], slopes, level)
    return ClassSlopes(
        panel,
        chosen(panel.tested, able),
        np.isfinite(values).sum(axis=0),
        point.slope[0],
        low,
        high,
        theil_sen(panel.standard_scores, values)
        if len(panel.models) <= MOST_PAIRED_MODELS
        else np.full(values.shape[1], np.nan),
        np.nanstd(values, axis=0, ddof=1),
        point.r2[0],
        _typical(panel.stderr[:, able]),
    )


def _typical(stderr: Floats) -> Floats:
    """Median of what is known in each column, NaN where nothing is."""
    result = np.full(stderr.shape[1], np.nan)
    known = np.isfinite(stderr).any(axis=0)
    result[known] = np.nanmedian(stderr[:, known], axis=0)
    return result


def judge(result: SlopeAndSpread, *, flat_below: float = 1.0, correlated_r2: float = 0.25) -> list[Finding]:
    """Issue: correlated, but a standard deviation of capability moves it by less than its own noise."""
    findings: list[Finding] = []
    for part in result.classes:
        each = [_finding(result, part, j, flat_below, correlated_r2) for j in range(len(part.benchmarks))]
        findings += [_headline(part, each), *each]
    return findings + unassessed_findings(CODE, TITLE, result.unassessed)


def _headline(part: ClassSlopes, each: Sequence[Finding]) -> Finding:
    class_, known = part.panel.class_, [f for f in each if f.status != Status.NOT_APPLICABLE]
    flat = [f for f in known if f.status is Status.ISSUE]
    if not known:
        status = Status.NOT_APPLICABLE
        sentence = (
            f"Slopes are given for {plural(len(each), 'benchmark')} on {kind(class_)}models; whether they exceed the "
            "benchmarks' own noise is not assessed: needs standard errors (stderr) or item counts (n_items)."
        )
    else:
        status = overall(known)
        sentence = (
            f"{len(flat)} of {plural(len(known), 'benchmark')} with known standard errors correlate with capability on "
            f"{kind(class_)}models yet move by less than their own noise."
        )
    return Finding(CODE, {"class": class_}, TITLE, status, sentence, (), part.panel.caveats, f"{CODE}.slopes")


def _finding(result: SlopeAndSpread, part: ClassSlopes, j: int, flat_below: float, correlated_r2: float) -> Finding:
    benchmark, n = part.benchmarks[j], int(part.n[j])
    name, noise = result.names[benchmark], part.noise[j]
    method = "least squares, leave-one-family-out jackknife, t(G-1)"
    slope = estimate(
        "slope_per_sd",
        part.slope[j],
        part.low[j],
        part.high[j],
        level=result.level,
        method=method,
        n=n,
        unit="score per SD of capability",
    )
    estimates: list[Estimate] = [
        slope,
        Estimate("theil_sen_slope_per_sd", number(part.theil_sen[j]), method="Theil-Sen", n=n, unit=slope.unit),
        Estimate("between_model_sd", number(part.spread[j]), method="ddof 1", n=n, unit="score"),
        Estimate("r2", number(part.r2[j]), method="least squares", n=n),
    ]
    moves = f"{name} changes by {shown(slope, 3)} per standard deviation of capability"
    if not np.isfinite(noise):
        status = Status.NOT_APPLICABLE
        sentence = f"{moves}; against its noise not assessed: needs standard errors or item counts of the scores."
    else:
        ratio = estimate(
            "slope_in_standard_errors",
            part.slope[j] / noise,
            part.low[j] / noise,
            part.high[j] / noise,
            level=result.level,
            method=method,
            n=n,
            unit="standard errors",
        )
        estimates += [ratio, Estimate("typical_stderr", float(noise), method="median over models", n=n, unit="score")]
        status, verdict = _verdict(ratio, part.r2[j], flat_below, correlated_r2)
        sentence = f"{moves}, {shown(ratio, 1)} times its typical standard error: {verdict}."
    return Finding(
        CODE,
        {"benchmark": benchmark, "class": part.panel.class_},
        TITLE,
        status,
        sentence,
        tuple(estimates),
        (),
        f"{CODE}.slopes",
    )


def _verdict(ratio: Estimate, r2: float, flat_below: float, correlated_r2: float) -> tuple[Status, str]:
    if ratio.low is None or ratio.high is None:
        return Status.CAUTION, "no interval, since all models come from one family"
    if ratio.low > flat_below or ratio.high < -flat_below:
        return Status.PASSED, "more than noise"
    if max(-ratio.low, ratio.high) < flat_below:
        if r2 >= correlated_r2:
            return Status.ISSUE, "correlated but flat, so capability gains hardly move it"
        return Status.PASSED, "it neither follows capability nor moves with it"
    return Status.CAUTION, "whether that is more than noise cannot be told at this number of models"


def figure(result: SlopeAndSpread) -> list[Figure]:
    """Slopes with intervals, in units of each benchmark's spread between models so that they share an axis."""
    rows = [
        (
            part.panel.class_,
            result.names[name],
            number(part.slope[j] / part.spread[j]),
            number(part.low[j] / part.spread[j]),
            number(part.high[j] / part.spread[j]),
            number(part.slope[j]),
            number(part.spread[j]),
        )
        for part in result.classes
        for j, name in enumerate(part.benchmarks)
    ]
    names = ("class", "benchmark", "slope", "low", "high", "slope in score units", "SD between models")
    return [
        Figure(
            f"{CODE}.slopes",
            "intervals",
            "Slope on capability",
            "Change per standard deviation of the capabilities score, in standard deviations of the benchmark.",
            columns(names, rows),
            Axis("slope", "slope (SD of benchmark per SD of capability)"),
            Axis("benchmark", "benchmark", "nominal"),
            low="low",
            high="high",
            label="benchmark",
            select=("class",),
            rules=(0.0,),
        )
    ]


MEASURE = Measure(
    code=CODE,
    name="slope and spread",
    question=Question.VALIDITY,
    asks="How much does the benchmark move as models get more capable, and is that more than its noise?",
    needs="what V1 needs; for the verdict also standard errors or item counts of the scores",
    formula="slope of score on s / SD(s) by least squares and Theil-Sen; SD between models; R^2; "
    "slope / typical standard error.",
    compute=slope_and_spread,
    judge=judge,
    figure=figure,
    caveats=(
        "A slope is in the benchmark's own units: compare slopes of two benchmarks only in standard errors or SDs.",
    ),
    references=("Sen 1968, Estimates of the regression coefficient based on Kendall's tau, JASA 63(324)",),
)
