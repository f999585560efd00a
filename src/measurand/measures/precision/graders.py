"""P12, graders: would another grader have given the same scores, and what do hand labels say of them?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from measurand.errors import InputError
from measurand.measures import Measure
from measurand.measures.precision.shared.constant import ConstantAnswer, constant_answers
from measurand.measures.precision.shared.grading import (
    EVERY,
    LEAST_COMMON,
    Agreement,
    Correction,
    Panel,
    Shift,
    agreement_of,
    corrections_of,
    panel_of,
    shifts_of,
)
from measurand.measures.precision.shared.ratings import Ratings, is_hand, on_one_scale, ratings_of
from measurand.measures.precision.shared.summary import refusal
from measurand.measures.shared import bars, columns, estimate, finite, require_fraction
from measurand.measures.verdicts import Side, Unassessed, against, headline, unassessed, verdict
from measurand.results import Axis, Brief, Cell, Estimate, Figure, Finding, Question, Status
from measurand.stats.intervals.clustered import CR2
from measurand.stats.intervals.limits import Limits
from measurand.tables import Responses
from measurand.wording import DIFFERENCE, SHARE, of_total, percent, plural, points, shown, value_of

__all__ = ["MEASURE", "Graders", "graders"]


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Graders(Brief):
    """Result of `graders`.

    Parameters
    ----------
    together : all graders of a benchmark, where there are more than two.
    constant : models whose score is that of one answer to everything.
    cluster_key : what makes samples of several items one cluster; None if only those of one item are.
    """

    agreements: tuple[Agreement, ...]
    together: tuple[Panel, ...]
    shifts: tuple[Shift, ...]
    corrections: tuple[Correction, ...]
    constant: tuple[ConstantAnswer, ...]
    unassessed: tuple[Unassessed, ...]
    cluster_key: str | None
    level: float


def graders(responses: Responses, *, level: float = 0.95, resamples: int = 1000, rng: np.random.Generator) -> Graders:
    """Agreement of the graders of the same samples, the score shift between them, and corrected scores.

    A grader is what `grader` names, and a reading that people gave; one with "human", "gold" or "expert" in its name
    gives hand labels. Other readings of a response (metrics, filters) are no graders of it. Samples of one item (or of
    one cluster, where items have them) are not independent.

    Where answers are held, whoever graded them, a model that gives one text to nearly all items, as hardly any other
    model does, and scores no worse than the others is named.

    Parameters
    ----------
    responses : item-level results in which samples have scores of more than one grader.
    level : confidence level, in (0, 1).
    resamples : bootstrap resamples of clusters for Krippendorff's alpha.
    rng : draws them.

    Raises
    ------
    NotApplicable
        No two graders scored the same samples on the same scale, and no model scores by one answer to everything.
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
    >>> round(found.agreements[0].value.value, 2), found.shifts[0].difference.value
    (0.9, 0.05)
    """
    require_fraction(level=level)
    if resamples < 100:
        raise InputError(f"resamples should be at least 100, got {resamples}")
    agreements: list[Agreement] = []
    together, shifts, corrections = [], [], []
    left_out: list[Unassessed] = []
    pooled: dict[tuple[str, str], list[tuple[Ratings, int, int]]] = {}
    for ratings in ratings_of(responses):
        for a, b in combinations(range(len(ratings.graders)), 2):
            first, second = (a, b) if is_hand(ratings.graders[a]) or not is_hand(ratings.graders[b]) else (b, a)
            # A hand label first, so that a shift reads as the grader's departure from what people said.
            names = ratings.graders[first], ratings.graders[second]
            subject = {"benchmark": ratings.benchmark, "graders": " and ".join(names)}
            common = ratings.common(first, second)
            if common.sum() < LEAST_COMMON:
                if common.any():
                    reason = f"{' and '.join(names)} share {plural(int(common.sum()), 'sample')}"
                    left_out.append(Unassessed(subject, reason, f"at least {LEAST_COMMON} samples scored by both"))
                continue
            # A 1-to-5 judge beside a 0/1 one: any difference would be the scales', and rescaling is not ours to choose.
            if not on_one_scale(ratings.scores[first, common], ratings.scores[second, common]):
                reason = f"the scores of {' and '.join(names)} are on different scales"
                left_out.append(Unassessed(subject, reason, "scores on one scale"))
                continue
            pooled.setdefault(names, []).append((ratings, first, second))
            agreements.append(agreement_of([(ratings, first, second)], names, level, resamples, rng))
            shifts += shifts_of(ratings, first, second, level)
            # Two hands can be compared but not used to correct each other: neither is the truth of the other.
            if is_hand(names[0]) and not is_hand(names[1]):
                corrections += corrections_of(ratings, first, second, level)
        together += panel_of(ratings, level, resamples, rng)
    # Over all benchmarks too: one alone seldom has the rare answers that kappa turns on.
    for names, parts in pooled.items():
        if len(parts) > 1:
            agreements.append(agreement_of(parts, names, level, resamples, rng))
    constant = constant_answers(responses)
    if not agreements and not constant:
        needs = f"at least {LEAST_COMMON} samples scored by two graders on one scale"
        raise refusal(left_out, "every sample was scored by one grader only", needs)
    return Graders(
        agreements=tuple(agreements),
        together=tuple(together),
        shifts=tuple(shifts),
        corrections=tuple(corrections),
        constant=constant,
        unassessed=tuple(left_out),
        cluster_key=responses.cluster,
        level=level,
    )


# Two thirds is Krippendorff's lowest bound for tentative conclusions (.667).
def judge(result: Graders, *, agreeing: float = 2 / 3, tolerance: float = 0.05) -> list[Finding]:
    """Agreement against a bound; a score that another grader moves, or hand labels correct, by more than 5 points.

    Caution: a model scores by one and the same answer to nearly all items.
    """
    require_fraction(agreeing=agreeing, tolerance=tolerance)
    pairs = [_agreed(found, result, agreeing) for found in result.agreements]
    moved = [_moved(found, result.level, tolerance) for found in result.shifts]
    corrected = [_corrected(found, result.level, tolerance) for found in result.corrections]
    groups = [_together(found, result.level, agreeing) for found in result.together]
    constant = list(map(_constant, result.constant))
    summed = _headline(result, pairs, moved, corrected, constant, tolerance)
    return [summed, *constant, *pairs, *groups, *moved, *corrected, *unassessed(result.unassessed)]


def _headline(
    result: Graders,
    pairs: Sequence[Finding],
    moved: Sequence[Finding],
    corrected: Sequence[Finding],
    constant: Sequence[Finding],
    tolerance: float,
) -> Finding:
    # Pairs over all benchmarks only where every pair has such a row, else some would be counted and others not.
    whole = [f for f in pairs if f.subject["benchmark"] == EVERY]
    per_pair = whole if len(whole) == len({f.subject["graders"] for f in pairs}) else pairs
    agreed = sum(finding.status is Status.PASSED for finding in per_pair)
    said = [constant[0].sentence] if len(constant) == 1 else []
    if len(constant) > 1:
        said.append(f"{len(constant)} models score by one and the same answer to nearly all items.")
    if per_pair:
        told = of_total(agreed, len(per_pair), "pair of graders", "is shown to agree", "is not shown to agree")
        said.append(f"{told} well.")
    sentence = " ".join(said)
    if moved:
        # The largest is named as an example; the count beside it is what does not depend on having picked it.
        place = max(range(len(moved)), key=lambda i: abs(result.shifts[i].difference.value))
        most, by = result.shifts[place], value_of(moved[place].estimate("score_shift"))
        clear = sum(finding.status is Status.ISSUE for finding in moved)
        # Held against the tolerance and not against 0: a clear move of less than that is said by its interval.
        more = f"more than {points(tolerance)}"
        if len(moved) == 1:
            held = f", {more}" if clear else f", which is not clearly {more}"
            sentence += f" Swapping the grader moves the score of {most.model} on {most.benchmark} by {by}{held}."
        else:
            sentence += (
                f" Swapping the grader moves {clear or 'none'} of {len(moved)} scores by clearly {more}; the largest "
                f"move is {by} ({most.model} on {most.benchmark})."
            )
    return headline(sentence, [*constant, *pairs, *moved, *corrected], caveats=MEASURE.caveats)


def _constant(found: ConstantAnswer) -> Finding:
    score, others = (
        Estimate(name=name, value=value, method="mean over items", n=found.responses, unit=_share_of(found))
        for name, value in (("score", found.score), ("score_of_others", found.others))
    )
    text = found.text if len(found.text) <= MOST_SHOWN else f"{found.text[:MOST_SHOWN]}…"
    return Finding(
        subject={"benchmark": found.benchmark, "model": found.model},
        title="One answer to everything",
        status=Status.CAUTION,
        sentence=(
            f"{found.model} gives the same answer in {found.same:,} of {plural(found.responses, 'response')} on "
            f"{found.benchmark} (“{text}”) and scores {value_of(score)}, where the median of the others is "
            f"{value_of(others)}: that score does not depend on the questions."
        ),
        short="one answer to everything scores well",
        estimates=(score, others),
        caveats=("Where one answer is right throughout, as declining may be, this is as it should be.",),
        result={"answer": found.text, "same": found.same, "responses": found.responses},
    )


def _share_of(found: ConstantAnswer) -> str:
    return SHARE if all(0 <= value <= 1 for value in (found.score, found.others)) else ""


MOST_SHOWN = 60
"""Characters of an answer that a sentence quotes."""

SAME_ENOUGH = 0.9
"""Graders who give one score throughout agree well where they are shown to agree on more samples than that."""

NAMES = {
    "kappa": ("cohen_kappa", f"delta method on log(1 - kappa), {CR2}"),
    "alpha": ("krippendorff_alpha", "interval metric, bootstrap of clusters"),
}


def _agreed(found: Agreement, result: Graders, bound: float) -> Finding:
    name, method = NAMES[found.kind]
    value = estimate(name, *found.value, level=result.level, method=method, n=found.clusters)
    same = _same_score(found.same, found.n, result.level)
    who = f"{found.first} and {found.second}"
    where = "over all benchmarks" if found.benchmark == EVERY else f"on {found.benchmark}"
    subject, samples = {"benchmark": found.benchmark, "graders": who}, plural(found.n, "sample")
    if value.value is None:
        finding = _all_alike(f"{who} give one and the same score to all {samples} {where}", same, subject)
    else:
        unit = "item" if result.cluster_key is None else "cluster"
        count = samples + (f" of {plural(found.clusters, unit)}" if found.clusters < found.n else "")
        finding = _agreement(
            f"{who} give the same score to {value_of(same)} of {count} {where}; beyond chance, agreement is "
            f"{shown(value)} (1 is perfect, 0 is chance)",
            value,
            subject,
            bound,
        )
    return replace(finding, estimates=(value, same), figure="P12.confusion", result={"samples": found.n})


def _same_score(same: Limits, n: int, level: float) -> Estimate:
    method = "share of samples" if math.isnan(same.low) else "exact, each cluster one trial"
    return estimate("same_score", *same, level=level, method=method, n=n, unit=SHARE)


def _all_alike(said: str, same: Estimate, subject: dict[str, str]) -> Finding:
    """Graders that gave one score throughout: kappa is 0 / 0, and how often they agree is the answer."""
    least = f"they agree on at least {percent(same.low)} of such samples"
    rest = "Agreement beyond chance is undefined without samples of another score, on which they may differ."
    status = verdict(against(same.low, same.high, SAME_ENOUGH), passed=Side.ABOVE)
    return Finding(subject=subject, status=status, sentence=f"{said}: {least}. {rest}", estimates=(same,))


def _agreement(said: str, value: Estimate, subject: dict[str, str], bound: float) -> Finding:
    side, unsafe = against(value.low, value.high, bound), f"{bound:.2f}, where conclusions stop being safe"
    meaning = {
        Side.UNKNOWN: "too few items to say how sure that is",
        Side.ABOVE: "they agree well",
        Side.BELOW: f"below {unsafe}",
    }.get(side, f"too few items to tell it from {unsafe}")
    status = verdict(side, issue=Side.BELOW, passed=Side.ABOVE)
    short = {Side.ABOVE: "agree well", Side.BELOW: "agree too little to be safe"}.get(side, "too few items to tell")
    return Finding(subject=subject, status=status, sentence=f"{said}: {meaning}.", short=short, estimates=(value,))


def _together(found: Panel, level: float, bound: float) -> Finding:
    value = estimate("krippendorff_alpha", *found.alpha, level=level, method="bootstrap of clusters", n=found.n)
    subject = {"benchmark": found.benchmark, "graders": ", ".join(found.graders)}
    who = f"All {len(found.graders)} graders on {found.benchmark}"
    if value.value is None:
        said = f"{who} give one and the same score to all {plural(found.n, 'sample')}"
        return _all_alike(said, _same_score(found.same, found.n, level), subject)
    return _agreement(f"{who}: agreement beyond chance is {shown(value)}", value, subject, bound)


def _moved(found: Shift, level: float, tolerance: float) -> Finding:
    method, share = f"paired, {CR2}", SHARE if found.unit else ""
    moved = DIFFERENCE if found.unit else ""
    shift = estimate("score_shift", *found.difference, level=level, method=method, n=found.n, unit=moved)
    by_graders = (
        estimate(name, *limits, level=level, method="cluster-robust", n=found.n, unit=share)
        for name, limits in (("score_by_first", found.by_first), ("score_by_second", found.by_second))
    )
    side, rest = against(shift.low, shift.high, (-tolerance, tolerance)), ""
    status = verdict(side, issue=(Side.ABOVE, Side.BELOW), passed=Side.BETWEEN)
    if not found.unit:
        status, rest = Status.NOT_APPLICABLE, "; how much is too much is not known on this scale"
    elif side is Side.UNKNOWN:
        rest = f" on {plural(found.n, 'sample')}, too alike or too few for an interval"
    sentence = (
        f"Graded by {found.second} instead of {found.first}, {found.model} on {found.benchmark} moves by "
        f"{shown(shift)}{rest}."
    )
    return Finding(
        subject={"benchmark": found.benchmark, "model": found.model, "graders": f"{found.first} and {found.second}"},
        status=status,
        sentence=sentence,
        short=_moves(side, "moves the score", "hardly moves it"),
        estimates=(shift, *by_graders),
        figure="P12.scores",
    )


def _corrected(found: Correction, level: float, tolerance: float) -> Finding:
    unit = SHARE if found.corrected is not None else ""
    n, method = found.labelled, f"prediction-powered inference, {CR2}"
    own = Estimate(name="score_as_graded", value=found.mean, method="mean", n=found.n, unit=unit)
    powered = estimate("score_corrected", *found.powered, level=level, method=method, n=n, unit=unit)
    estimates = [own, powered]
    if found.corrected is not None:
        estimates += [
            estimate(name, *limits, level=level, method=how, n=n, unit=unit)
            for name, limits, how in (
                ("score_rogan_gladen", found.corrected.rate, "Rogan-Gladen, delta method, cluster-robust"),
                ("sensitivity", found.corrected.sensitivity, "exact"),
                ("specificity", found.corrected.specificity, "exact"),
            )
        ]
    sentence = (
        f"{found.grader} gives {found.model} {value_of(own)} on {found.benchmark}; corrected by "
        f"{plural(n, 'hand label')} of {plural(found.n, 'sample')} it is {shown(powered)}"
    )
    # Held against the grader's own mean as it stands: that is the number in use, and the whole of it was graded.
    off = (found.powered.low - found.mean, found.powered.high - found.mean)
    side = against(*off, (-tolerance, tolerance))
    status = verdict(side, issue=(Side.ABOVE, Side.BELOW), passed=Side.BETWEEN)
    if side is Side.UNKNOWN:
        sentence += ", with no interval"
    elif not unit:
        status = Status.NOT_APPLICABLE
    return Finding(
        subject={"benchmark": found.benchmark, "model": found.model, "grader": found.grader},
        status=status,
        sentence=f"{sentence}.",
        short=_moves(side, "the grader's score is off", "the grader's score holds"),
        estimates=tuple(estimates),
    )


def _moves(side: Side, much: str, little: str) -> str:
    return {Side.ABOVE: much, Side.BELOW: much, Side.BETWEEN: little}.get(side, "too few items to tell")


def figure(result: Graders) -> list[Figure]:
    """Scores of each model by grader, and how often each pair of scores was given."""
    drawn = []
    rows: dict[tuple[str, str, str], tuple[Cell, ...]] = {}
    for found in result.shifts:
        for grader, limits in ((found.first, found.by_first), (found.second, found.by_second)):
            row = (found.benchmark, found.model, grader, *map(finite, limits), found.n)
            # A grader of several pairs shows the score on most samples.
            key = (found.benchmark, found.model, grader)
            if key not in rows or int(str(rows[key][-1])) < found.n:
                rows[key] = row
    if rows:
        names = ("benchmark", "model", "grader", "score", "low", "high", "samples")
        table, axis = columns(names, list(rows.values())), Axis("score", "score")
        caption = f"The same samples as different graders score them. Bars: {percent(result.level)} intervals."
        drawn.append(
            bars("P12.scores", "Scores by grader", caption, table, axis, color="grader", select=("benchmark",))
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
                name="P12.confusion",
                kind="heatmap",
                title="How often graders give which scores",
                caption="Share of samples by the score of one grader (down) and of the other (across); off the "
                "diagonal they disagree.",
                columns=columns(("benchmark", "graders", "first", "second", "share"), cells),
                x=Axis("second", "second grader", "nominal"),
                y=Axis("first", "first grader", "nominal"),
                color="share",
                select=("benchmark", "graders"),
            )
        )
    return drawn


MEASURE = Measure(
    code="P12",
    name="graders",
    question=Question.PRECISION,
    asks="Would another grader have given the same scores, and what do hand labels say the true score is?",
    needs="item-level results in which samples have scores of two graders on one scale",
    formula="kappa = (agreement - chance) / (1 - chance); alpha = 1 - observed / expected disagreement; "
    "shift = mean score by one grader - by the other; Rogan-Gladen = (rate + specificity - 1) / (sensitivity + "
    "specificity - 1); prediction-powered = mean label + w (mean score unlabelled - mean score labelled).",
    compute=graders,
    judge=judge,
    figure=figure,
    shorts={
        Status.ISSUE: "graders disagree too much",
        Status.CAUTION: "too few items to tell",
        Status.PASSED: "graders agree well",
    },
    caveats=(
        "With 20 or 40 clusters of very unequal size (log-normal, 1 to 100 samples) some 95% intervals cover less: "
        "Krippendorff's alpha of three graders 90% to 92%, corrected scores 91% to 93%, kappa and shifts 92% to 96% "
        "(measured).",
        "Graders that agree can share an error; only hand labels show it.",
        "One answer to everything is looked for word for word, where answers are held: one that varies a little, or "
        "copies the question, is not found.",
        "Corrections hold if the hand-labelled samples are a random part of all.",
        "A grader named after a person's work (human, gold, expert) is taken as the hand label.",
    ),
    references=(
        "Cohen 1960, A coefficient of agreement for nominal scales, Educational and Psychological Measurement 20(1)",
        "Krippendorff 2011, Computing Krippendorff's alpha-reliability",
        "Zheng et al. 2024, Cheating automatic LLM benchmarks: null models achieve high win rates, arXiv 2410.07137",
        "Rogan and Gladen 1978, Estimating prevalence from the results of a screening test, Am. J. Epidemiology 107(1)",
        "Angelopoulos et al. 2023, Prediction-powered inference, Science 382; PPI++, arXiv 2311.01453",
    ),
)
