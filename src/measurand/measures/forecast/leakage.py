"""F6, selection leakage: how much of a score comes from choosing the variant that scored best on the same items?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from measurand.errors import InputError, NotApplicable, UnknownName
from measurand.measures import Measure
from measurand.measures.precision.shared.grid import Grid, grids
from measurand.measures.shared import bars, columns, estimate, finite, require_fraction
from measurand.measures.verdicts import Side, Unassessed, against, headline, tally, unassessed, verdict
from measurand.results import Answer, Axis, Brief, Cell, Estimate, Figure, Finding, Question, Status, Table
from measurand.stats.hiding.noise import held_out
from measurand.stats.intervals.clustered import cluster_sums, share_limits
from measurand.stats.intervals.distributions import student
from measurand.stats.intervals.gains import Gain, gain_limits
from measurand.stats.intervals.limits import Limits
from measurand.stats.items.prompts import drawn_errors, prompt_means
from measurand.stats.items.selection import PARTS, expected_optimism, loss_by_halving, optimism_stderr, shrunk
from measurand.tables import Responses
from measurand.wording import DIFFERENCE, SHARE, capital, cell, percent, plural, points, shown, value_of

__all__ = ["MEASURE", "Selected", "SelectionLeakage", "selection_leakage", "selection_leakage_of"]

LEAST_ITEMS, LEAST_CLUSTERS = 20, 10
ERRORS = 1000
"""Draws of the errors of the variants' scores."""
NEEDS = (
    f"at least {LEAST_ITEMS} items (in {LEAST_CLUSTERS} clusters where they have clusters), each run under at least 2 "
    "variants: prompts, few-shot sets or checkpoints"
)


@dataclass(frozen=True, kw_only=True)
class Selected:
    """One model on one benchmark under several variants.

    Parameters
    ----------
    benchmark, model : of what.
    variants : how many there were to choose from.
    chosen : the variant reported: the one named, else the one with the highest score.
    best : whether it is the one with the highest score.
    score : its score on all items, with the interval that knows nothing of the choice.
    held_out : score of variants chosen on one half of the items, on the other half, plus what choosing on all of them
        is expected to gain, with its interval.
    optimism : score minus the held-out score, with its interval: for the best variant by drawing the errors of all
        variants anew, else paired by item.
    expected : expected optimism of the best variant given how far the variants truly seem to differ.
    most : the same if all variants were equally good: the most that choosing among them can add.
    items, clusters : how many; clusters is None where items are independent.
    """

    benchmark: str
    model: str
    variants: int
    chosen: str
    best: bool
    score: Limits
    held_out: Gain
    optimism: Gain
    expected: float
    most: float
    items: int
    clusters: int | None


@dataclass(frozen=True, repr=False)
class SelectionLeakage(Brief):
    """Result of `selection_leakage`, with its settings."""

    found: tuple[Selected, ...]
    unassessed: tuple[Unassessed, ...]
    level: float


def selection_leakage(
    responses: Responses, *, chosen: str | None = None, splits: int = 20, level: float = 0.95, rng: np.random.Generator
) -> SelectionLeakage:
    """How far a score is lifted by having chosen its variant on the items it is reported on.

    The score of the chosen variant minus what a variant chosen in the same way scores on items that had no part in the
    choice: chosen on one half of the items, scored on the other, both halves in turn, over several random splits; whole
    clusters go to one half. A choice on half of the items is worse than one on all of them: what that is expected to
    cost, given how far the variants seem to differ, is added to the held-out score.

    Parameters
    ----------
    responses : item-level results; what there was to choose from are a benchmark's variants.
    chosen : the variant that is reported; the best one by default.
    splits : random halvings of the items, at least 1.
    level : confidence level, in (0, 1); intervals hold for all models and benchmarks together.

    Raises
    ------
    NotApplicable
        No model that ran enough items under several variants.
    UnknownName
        The chosen variant is not there.
    InputError
        A setting out of its range.

    References
    ----------
    Perez, Kiela and Cho 2021, True few-shot learning with language models, arXiv 2105.11447.

    Examples
    --------
    >>> import polars as pl
    >>> from measurand.tables import RESPONSE_COLUMNS
    >>> rng = np.random.default_rng(0)
    >>> rows = [("m", "b", f"prompt {k}", str(i), float(rng.random() < 0.5)) for k in range(30) for i in range(400)]
    >>> frame = pl.DataFrame(rows, schema=["model", "benchmark", "variant", "item", "score"], orient="row")
    >>> responses = Responses(pl.concat([pl.DataFrame(schema=RESPONSE_COLUMNS), frame], how="diagonal").lazy())
    >>> found = selection_leakage(responses, rng=rng).found[0]
    >>> found.score.value > 0.54, 0.45 < found.held_out.value < 0.53
    (True, True)
    """
    require_fraction(level=level)
    if splits < 1:
        raise InputError(f"splits should be at least 1, got {splits}")
    return selection_leakage_of(list(grids(responses)), chosen, splits, level, rng)


def selection_leakage_of(
    every: Sequence[Grid], chosen: str | None, splits: int, level: float, rng: np.random.Generator
) -> SelectionLeakage:
    """`selection_leakage` of grids of items by variants."""
    if chosen is not None and not any(chosen in grid.variants for grid in every):
        raise UnknownName("variant", chosen, sorted({name for grid in every for name in grid.variants}))
    usable, unassessed = [], []
    for grid in every:
        for row, model in enumerate(grid.models):
            variants, items = _complete(grid, row)
            if (reason := _unusable(grid, variants, items, chosen)) is None:
                usable.append((grid, row, variants, items))
            else:
                unassessed.append(Unassessed({"benchmark": grid.benchmark, "model": model}, reason, NEEDS))
    if not usable:
        reasons = list(dict.fromkeys(row.reason for row in unassessed)) or ["no item has a score"]
        raise NotApplicable("; ".join(reasons[:3]), needs=NEEDS)
    together = 1 - (1 - level) / len(usable)
    return SelectionLeakage(
        tuple(_assess(*part, chosen, splits, together, rng) for part in usable), tuple(unassessed), level
    )


def _complete(grid: Grid, row: int) -> tuple[np.ndarray, np.ndarray]:
    """Variants that a model ran on at least half of its items, and the items it ran under each of these."""
    ran = np.isfinite(grid.scores[row])
    counts = ran.sum(axis=1)
    # A variant run on few items would leave few items that all variants share.
    variants = np.flatnonzero(counts >= max(1, counts.max(initial=0) / 2))
    return variants, np.flatnonzero(ran[variants].all(axis=0))


def _unusable(grid: Grid, variants: np.ndarray, items: np.ndarray, chosen: str | None) -> str | None:
    if len(variants) < 2:
        return f"{plural(len(variants), 'variant')} on {grid.benchmark}"
    if len(items) < LEAST_ITEMS:
        return f"{plural(len(items), 'item')} of {grid.benchmark} run under every variant"
    if grid.clusters is not None and (groups := len(np.unique(grid.clusters[items]))) < LEAST_CLUSTERS:
        return f"items of {grid.benchmark} in {plural(groups, 'cluster')}"
    if chosen is not None and chosen not in {grid.variants[place] for place in variants}:
        return f"variant {chosen!r} not run on most items of {grid.benchmark}"
    return None


def _assess(
    grid: Grid,
    row: int,
    variants: np.ndarray,
    items: np.ndarray,
    chosen: str | None,
    splits: int,
    level: float,
    rng: np.random.Generator,
) -> Selected:
    scores = grid.scores[row][np.ix_(variants, items)]
    clusters = None if grid.clusters is None else np.unique(grid.clusters[items], return_inverse=True)[1]
    names = [grid.variants[place] for place in variants]
    means = prompt_means(scores.T, clusters)
    top = int(np.argmax(means.means))
    place = top if chosen is None else names.index(chosen)
    nested = held_out(scores, clusters, splits, rng)
    likely = shrunk(means.means, means.noise)
    # Errors are drawn for several parts of the items, so that each part has errors of its own.
    errors = np.stack([drawn_errors(scores.T, clusters, ERRORS, rng) for _ in range(PARTS)])
    halving = loss_by_halving(likely, errors[0])
    held = gain_limits(nested.scores, np.zeros(len(items)), clusters, level)
    lifted = gain_limits(scores[place] - nested.scores, np.zeros(len(items)), clusters, level)
    if place == top:
        lifted = _around(lifted, optimism_stderr(likely, math.sqrt(PARTS) * errors, splits), len(items), level)
    # The interval of one who did not know of the choice: what is to be held against the held-out score.
    own = cluster_sums(scores[place][None], clusters).means()
    low, high = share_limits(own.value, own.stderr, own.df, level)
    return Selected(
        benchmark=grid.benchmark,
        model=grid.models[row],
        variants=len(names),
        chosen=names[place],
        best=bool(means.means[place] == means.means[top]),
        score=Limits(float(means.means[place]), float(low[0]), float(high[0])),
        held_out=_moved(held, halving),
        optimism=_moved(lifted, -halving),
        expected=expected_optimism(likely, errors[0]),
        most=expected_optimism(np.zeros(len(names)), errors[0]),
        items=len(items),
        clusters=None if clusters is None else lifted.groups,
    )


def _around(found: Gain, stderr: float, items: int, level: float) -> Gain:
    """The same difference with an interval of that standard error, and of one further item that differs each way.

    The best score and the held-out one rise and fall together, whichever variants they are of: their difference varies
    less than that of two variants settled beforehand.
    """
    whole = math.sqrt(stderr**2 + 2 / (items + 2) ** 2)
    half = float(student.ppf(0.5 + level / 2, found.df)) * whole
    return replace(found, low=found.value - half, high=found.value + half, stderr=whole)


def _moved(found: Gain, by: float) -> Gain:
    return replace(found, value=found.value + by, low=max(found.low + by, -1.0), high=min(found.high + by, 1.0))


def judge(result: SelectionLeakage, *, negligible_optimism: float = 0.01) -> list[Finding]:
    """Issue: choosing lifts the score by more than a negligible amount, interval and all; passed: by less."""
    require_fraction(negligible_optimism=negligible_optimism)
    each = [_finding(found, result, negligible_optimism) for found in result.found]
    worst, finding = max(zip(result.found, each, strict=True), key=lambda pair: pair[0].optimism.value)
    lifted, bound, lift = tally(each)[Status.ISSUE], points(negligible_optimism), value_of(finding.estimates[0])
    sentence = (
        f"Choosing the variant by score is shown to lift the score by more than {bound} in {lifted or 'none'} of "
        f"{plural(len(each), 'case')}; the largest lift, {lift}, is that of {worst.model} on {worst.benchmark}."
    )
    if len(each) == 1:
        sentence = (
            f"Choosing the variant by score {'is' if lifted else 'is not'} shown to lift the score of {worst.model} on "
            f"{worst.benchmark} by more than {bound}; it is estimated to lift it by {lift}."
        )
    short = f"{lifted or 'none'} of {len(each)} lifted by choosing"
    return [
        headline(sentence, each, short=short, caveats=MEASURE.caveats, figure="F6.scores"),
        *each,
        *unassessed(result.unassessed),
    ]


def answer(result: SelectionLeakage, findings: Sequence[Finding]) -> Answer:
    """By how much choosing lifts a score, a row per model and benchmark, the greatest lift first."""
    top, *each = findings
    rows = sorted(zip(result.found, each, strict=False), key=lambda pair: -pair[0].optimism.value)
    cells = [
        (found.model, found.benchmark, *(cell(finding.estimates[place]) for place in (2, 1, 0)), finding.short)
        for found, finding in rows
    ]
    head = ("model", "benchmark", "reported", "chosen on other items", "lifted by", "")
    marks = tuple(finding.status for _, finding in rows)
    table = Table(head=head, rows=tuple(cells), marks=marks, right=(2, 3, 4), ends=True)
    notes = (f"Percent and points; {percent(result.level)} intervals, all of them together.",)
    return Answer(sentence=top.sentence, tables=(table,), notes=notes, meaning=MEASURE.caveats[0])


def _finding(found: Selected, result: SelectionLeakage, negligible: float) -> Finding:
    level, n = result.level, found.items
    how = "chosen and scored on different items; t over " + ("items" if found.clusters is None else "clusters")
    optimism, held, score = (
        estimate(name, of.value, of.low, of.high, level=level, method=method, n=n, unit=unit)
        for name, of, method, unit in (
            ("selection_optimism", found.optimism, how, DIFFERENCE),
            ("held_out_score", found.held_out, how, SHARE),
            ("reported_score", found.score, "as if the variant had not been chosen", SHARE),
        )
    )
    seeming, alike = "given how far the variants seem to differ", "if all variants were equally good"
    expected = Estimate(name="expected_optimism", value=found.expected, method=seeming, n=n, unit=DIFFERENCE)
    most = Estimate(name="most_optimism", value=found.most, method=alike, n=n, unit=DIFFERENCE)
    which = f"the best of {found.variants} variants" if found.best else f"the variant “{found.chosen}”"
    said = (
        f"{capital(which)} scores {value_of(score)}; chosen on other items than those it is scored on, a variant "
        f"scores {shown(held)}, a difference of {shown(optimism)}"
    )
    side, bound = against(optimism.low, optimism.high, negligible), points(negligible)
    rest = {
        Side.ABOVE: f": choosing by score lifts the score by more than {bound}",
        Side.BELOW: f": choosing by score lifts it by less than {bound}",
    }.get(
        side,
        f", which leaves open whether choosing lifts the score by more than {bound}; between variants like these "
        f"it is expected to add {value_of(expected)}. Report the held-out score, or choose on other items",
    )
    facts: dict[str, Cell] = {
        "variants": found.variants,
        "chosen": found.chosen,
        "is_best": found.best,
        "items": n,
        "clusters": found.clusters,
    }
    return Finding(
        subject={"benchmark": found.benchmark, "model": found.model},
        status=verdict(side, issue=Side.ABOVE, passed=Side.BELOW),
        sentence=f"{said}{rest}.",
        short={Side.ABOVE: "lifted by choosing", Side.BELOW: f"lifted by less than {bound}"}.get(
            side, "too few items to tell"
        ),
        estimates=(optimism, held, score, expected, most),
        figure="F6.scores",
        result=facts,
    )


def figure(result: SelectionLeakage) -> list[Figure]:
    """Score as reported beside the score when choosing and scoring use different items."""
    several = len({found.benchmark for found in result.found}) > 1
    rows: list[tuple[Cell, ...]] = []
    for found in result.found:
        name = f"{found.model}, {found.benchmark}" if several else found.model
        facts, nested = (found.variants, found.items), found.held_out
        rows.append((name, *map(finite, found.score), "on the items it was chosen on", *facts))
        rows.append((name, nested.value, max(nested.low, 0.0), nested.high, "chosen on other items", *facts))
    return [
        bars(
            "F6.scores",
            "What choosing by score adds",
            "Score of the variant reported on the items it was chosen on, and score of variants chosen on one half of "
            "the items and scored on the other. The gap is what the choice itself adds.",
            columns(("model", "score", "low", "high", "variant scored", "variants", "items"), rows),
            Axis("score", "score"),
            Axis("model", "model", "nominal"),
            color="variant scored",
        )
    ]


MEASURE = Measure(
    code="F6",
    name="selection leakage",
    question=Question.FORECAST,
    asks="How much of a score comes from choosing the variant that scored best on the same items?",
    needs=NEEDS,
    formula=(
        "optimism = score of the chosen variant on all items - held-out score: that, on one half of the items, of the "
        "variant chosen on the other, both halves in turn, over random splits, plus what choosing on all items gains."
    ),
    compute=selection_leakage,
    judge=judge,
    figure=figure,
    answer=answer,
    caveats=(
        "Only variants that are in the results count: what was tried and thrown away adds to the optimism unseen.",
        "The held-out score is that of a choice made on half of the items, plus what a choice on all of them is "
        "expected to gain. Where variants differ evenly that is right on average; where one is far better than the "
        "others it is too little: of 10 variants on 200 items, one better by 10 points, the lift is put at 1.8 points "
        "where it is 0.7, found to be above the true one in 25% of simulated studies, and the interval of the held-out "
        "score holds the true score of the variant chosen in 79%.",
    ),
    references=(
        "Perez, Kiela and Cho 2021, True few-shot learning with language models, arXiv 2105.11447",
        "Cawley and Talbot 2010, On over-fitting in model selection and subsequent selection bias, JMLR 11",
        "Efron 1983, Estimating the error rate of a prediction rule, JASA 78",
    ),
)
