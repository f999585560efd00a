"""V2, slope and spread: how much does a benchmark move with capability, next to its own noise?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from measurand.measures import Measure
from measurand.measures.shared import display_names, estimate, finite, kind, require_fraction
from measurand.measures.validity.shared.by_class import ByClass, intervals_figure, zip_limits
from measurand.measures.validity.shared.panel import Missing, Panel, assessable, chosen, panels
from measurand.measures.verdicts import Call, Side, Unassessed, called, claims, headline, unassessed
from measurand.results import Axis, Brief, Estimate, Figure, Finding, Question, Status
from measurand.stats.capability.capabilities import blocks_left_out, of_those_run
from measurand.stats.capability.pca import replicate_scores
from measurand.stats.capability.regression import fit_lines, standardised_rows, theil_sen
from measurand.stats.intervals.correlation import jackknife_t
from measurand.stats.intervals.limits import Limits
from measurand.stats.intervals.one_sided import Uncertain, of_jackknife
from measurand.tables import Scores
from measurand.wording import agreeing, plural, shown

__all__ = ["MEASURE", "ClassSlopes", "SlopeAndSpread", "class_slopes", "judge", "slope_and_spread"]

Floats = npt.NDArray[np.float64]

MOST_PAIRED_MODELS = 500
"""Theil-Sen looks at every pair of models; above this many it is left out."""

METHOD = "least squares, leave-one-family-out jackknife, t(G-1)"
NEEDS_NOISE = "standard errors or item counts of the scores"
NOT_JUDGED = "not judged: needs standard errors"
BINOMIAL = (
    "standard errors are not given: the noise is that of {items} independent items, the size of the benchmark by its "
    "source, and greater if a part was run or items go together"
)
TITLE = "Change per SD of capability"

_ASSUMED = "noise taken as the binomial error of the published number of items, for want of standard errors: {share}"


@dataclass(frozen=True, eq=False, kw_only=True)
class ClassSlopes:
    """Slopes within one class, of m benchmarks.

    Parameters
    ----------
    slope : change of each benchmark per standard deviation of the capabilities score over the models of the panel
        (least squares).
    theil_sen : the same by Theil-Sen; NaN above 500 models.
    spread : standard deviation of the benchmark between models.
    r2 : share of its variance that the capabilities score explains.
    noise : the benchmark's typical (median) standard error; NaN where not known.
    items : of how many items that is the binomial error, where no standard error is known; NaN where one is.
    error : the slopes with their standard errors, for tests at any bound.
    """

    panel: Panel
    benchmarks: tuple[str, ...]
    n: npt.NDArray[np.int64]
    slope: tuple[Limits, ...]
    theil_sen: Floats
    spread: Floats
    r2: Floats
    noise: Floats
    items: Floats
    error: Uncertain


@dataclass(frozen=True, eq=False, repr=False)
class SlopeAndSpread(Brief, ByClass[ClassSlopes]):
    """Result of `slope_and_spread`."""


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
    >>> round(chat.slope[chat.benchmarks.index("truthfulqa_mc1")].value, 3)
    0.063
    """
    require_fraction(level=level)
    found, problems = panels(scores, missing)
    parts, unassessed = [], list(problems)
    for panel in found:
        able, not_able = assessable(panel.scores, panel.tested, panel.class_)
        unassessed += not_able
        parts.append(class_slopes(panel, able, level))
    return SlopeAndSpread(tuple(parts), tuple(unassessed), level, display_names(scores))


def class_slopes(panel: Panel, able: npt.NDArray[np.bool_], level: float) -> ClassSlopes:
    """Slopes of the benchmarks of one class that are `able`."""
    values = panel.scores[:, able]
    unit = np.ones((1, len(panel.models)))
    point = fit_lines(panel.standard_scores[None], values, unit)
    left_out = blocks_left_out(panel.families)
    slopes = fit_lines(standardised_rows(replicate_scores(panel.values, left_out)), values, left_out).slope
    # A family that did not run the benchmark leaves the slope unchanged; counting it would shrink the jackknife.
    slopes = of_those_run(slopes, left_out, values)
    few = len(panel.models) <= MOST_PAIRED_MODELS
    # The median: one model scored on few items should not make the benchmark look noisy.
    told, of_items = _typical(panel.stderr[:, able]), _typical(_binomial(values, panel.items[able]))
    return ClassSlopes(
        panel=panel,
        benchmarks=chosen(panel.tested, able),
        n=np.isfinite(values).sum(axis=0),
        slope=zip_limits(point.slope[0], *jackknife_t(point.slope[0], slopes, level)),
        # Without an interval: it stands beside least squares to show whether single models make the slope.
        theil_sen=theil_sen(panel.standard_scores, values) if few else np.full(values.shape[1], np.nan),
        # ddof 1, as these models stand for others; the capabilities score is scaled over these alone.
        spread=np.nanstd(values, axis=0, ddof=1),
        r2=point.r2[0],
        noise=np.where(np.isnan(told), of_items, told),
        items=np.where(np.isnan(told) & np.isfinite(of_items), panel.items[able], np.nan),
        error=of_jackknife(point.slope[0], slopes),
    )


def _binomial(values: Floats, items: Floats) -> Floats:
    """Standard errors of scores that are shares of so many independent items, or percentages; NaN for any others."""
    # Scores of which lower is better are turned round, which leaves the error as it is.
    size = np.abs(values)
    most = np.nanmax(size, axis=0)
    one_sign = np.nanmin(values, axis=0) * np.nanmax(values, axis=0) >= 0
    unit = np.where(one_sign & (most <= 100), np.where(most <= 1, 1.0, 100.0), np.nan)
    result: Floats = np.sqrt(size * (unit - size) / items)
    return np.where(result > 0, result, np.nan)


def _typical(stderr: Floats) -> Floats:
    """Median of what is known in each column, NaN where nothing is."""
    result = np.full(stderr.shape[1], np.nan)
    known = np.isfinite(stderr).any(axis=0)
    result[known] = np.nanmedian(stderr[:, known], axis=0)
    return result


def judge(result: SlopeAndSpread, *, flat_below: float = 1.0, correlated_r2: float = 0.25) -> list[Finding]:
    """Issue: correlated, but a standard deviation of capability moves it by less than its own noise."""
    # R^2 of .25 is V1's threshold of .5, squared.
    findings: list[Finding] = []
    for part in result.classes:
        calls = _calls(part, flat_below, 1 - result.level)
        each = [_finding(result, part, j, call, correlated_r2) for j, call in enumerate(calls)]
        findings += [_headline(part, each), *each]
    return findings + unassessed(result.unassessed)


def _calls(part: ClassSlopes, flat_below: float, alpha: float) -> list[Call]:
    """Where each slope lies of its benchmark's own noise; one family per class, of those whose noise is known."""
    in_errors = Uncertain(part.error.value / part.noise, part.error.stderr / part.noise, part.error.df)
    return called(*claims(in_errors.value, in_errors, (-flat_below, flat_below)), alpha)


def _headline(part: ClassSlopes, each: Sequence[Finding]) -> Finding:
    class_, known = part.panel.class_, [f for f in each if f.status != Status.NOT_APPLICABLE]
    subject = {"class": class_}
    if not known:
        reason = f"the noise in the scores of {kind(class_)}models is not known, so only slopes are given"
        row = Unassessed(subject, reason, NEEDS_NOISE).finding(headline=True)
        return replace(row, title=TITLE, short=NOT_JUDGED, caveats=part.panel.caveats, figure="V2.slopes")
    flat = sum(f.status is Status.ISSUE for f in known)
    verb, own = agreeing(max(flat, 1), "moves"), "its" if flat < 2 else "their"
    sentence = (
        f"{flat or 'None'} of the {plural(len(known), 'benchmark')} with known noise {agreeing(max(flat, 1), 'goes')} "
        f"with capability among {kind(class_)}models and yet {verb} by less than {own} own noise."
    )
    assumed = int(np.isfinite(part.items).sum())
    caveats = part.panel.caveats + (
        (_ASSUMED.format(share=f"{assumed} of {plural(len(known), 'benchmark')}"),) if assumed else ()
    )
    return headline(
        sentence if len(known) > 1 else known[0].sentence,
        known,
        subject=subject,
        title=TITLE,
        short=f"{flat or 'none'} of {len(known)} {verb} less than noise",
        caveats=caveats,
        figure="V2.slopes",
    )


def _finding(result: SlopeAndSpread, part: ClassSlopes, j: int, call: Call, correlated_r2: float) -> Finding:
    benchmark, n, noise = part.benchmarks[j], int(part.n[j]), part.noise[j]
    name, change = result.names[benchmark], part.panel.unit_of_change(benchmark)
    slope = estimate("slope_per_sd", *part.slope[j], level=result.level, method=METHOD, n=n, unit=change)
    estimates: list[Estimate] = [
        slope,
        Estimate(name="theil_sen_slope_per_sd", value=finite(part.theil_sen[j]), method="Theil-Sen", n=n, unit=change),
        Estimate(name="between_model_sd", value=finite(part.spread[j]), method="ddof 1", n=n, unit=change),
        Estimate(name="r2", value=finite(part.r2[j]), method="least squares", n=n),
    ]
    subject = {"benchmark": benchmark, "class": part.panel.class_}
    moves = f"{name} changes by {shown(slope)} per standard deviation of capability"
    if not np.isfinite(noise):
        row = Unassessed(subject, f"{moves}, but the noise in its scores is not known", NEEDS_NOISE).finding()
        return replace(row, short=NOT_JUDGED, estimates=tuple(estimates), figure="V2.slopes")
    in_errors = (side / noise for side in part.slope[j])
    ratio = estimate(
        "slope_in_standard_errors", *in_errors, level=result.level, method=METHOD, n=n, unit="standard errors"
    )
    assumed = np.isfinite(part.items[j])
    method = f"median over models{', binomial' if assumed else ''}"
    typical = Estimate(name="typical_stderr", value=float(noise), method=method, n=n, unit=change)
    status, meaning, short = _verdict(call, part.r2[j], correlated_r2)
    return Finding(
        subject=subject,
        status=status,
        sentence=f"{moves}, or {shown(ratio)}: {meaning}.",
        short=short,
        estimates=(*estimates, ratio, typical),
        caveats=(BINOMIAL.format(items=f"{part.items[j]:,.0f}"),) if assumed else (),
        figure="V2.slopes",
    )


def _verdict(call: Call, r2: float, correlated_r2: float) -> tuple[Status, str, str]:
    # By the point of R^2: it only tells two kinds of flat apart, both of which the slope's interval has shown.
    correlated = r2 >= correlated_r2
    flat = "it goes with capability but is flat, so that it hardly moves as capability rises"
    words = {
        Side.UNKNOWN: "no interval, since all models come from one family",
        Side.ABOVE: "more than noise",
        Side.BELOW: "more than noise",
        Side.BETWEEN: flat if correlated else "it neither follows capability nor moves with it",
        Side.ACROSS: "too few models to tell whether that is more than noise",
    }
    short = {
        Side.ABOVE: "more than noise",
        Side.BELOW: "more than noise",
        Side.BETWEEN: "correlated but flat" if correlated else "does not move with capability",
    }.get(call.side, "too few models to tell")
    status = {
        Side.ABOVE: Status.PASSED,
        Side.BELOW: Status.PASSED,
        Side.BETWEEN: Status.ISSUE if correlated else Status.PASSED,
    }.get(call.side, Status.CAUTION)
    return status, call.meaning(words), short


def figure(result: SlopeAndSpread) -> list[Figure]:
    """Slopes with intervals, in units of each benchmark's spread between models so that they share an axis."""
    rows = [
        (
            part.panel.class_,
            result.names[name],
            *(finite(side / part.spread[j]) for side in part.slope[j]),
            finite(part.slope[j].value),
            finite(part.spread[j]),
        )
        for part in result.classes
        for j, name in enumerate(part.benchmarks)
    ]
    return [
        intervals_figure(
            "V2.slopes",
            "Slope on capability",
            "Change per standard deviation of the capabilities score, in standard deviations of the benchmark.",
            ("class", "benchmark", "slope", "low", "high", "slope in score units", "SD between models"),
            rows,
            Axis("slope", "slope (SD of benchmark per SD of capability)"),
        )
    ]


MEASURE = Measure(
    code="V2",
    name="slope and spread",
    question=Question.VALIDITY,
    asks="How much does the benchmark move as models get more capable, and is that more than its noise?",
    needs="what V1 needs; for the verdict also standard errors or item counts of the scores, or a benchmark of which "
    "the catalogue knows the number of items",
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
