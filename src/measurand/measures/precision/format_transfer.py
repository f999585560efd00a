"""P8 format transfer: whether the same items in another format give the same scores and the same ranking."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from measurand.errors import InputError, UnknownName
from measurand.measures import Measure
from measurand.measures.precision.shared.grid import Floats, Grid, Ints, grids, stacked
from measurand.measures.precision.shared.summary import NOISE_WORDS, beyond_noise, counted, joint_headline, refusal
from measurand.measures.shared import bars, columns, estimate, finite, require_fraction
from measurand.measures.verdicts import Side, Unassessed, against, unassessed, verdict
from measurand.results import Axis, Brief, Cell, Estimate, Figure, Finding, Question, Status
from measurand.stats.intervals.clustered import CR2, cluster_sizes
from measurand.stats.intervals.limits import Limits
from measurand.stats.items.concordance import kendall_w, noise_alone, p_by_noise
from measurand.stats.items.formats import difference_limits, tau_limits
from measurand.tables import Responses, item_tables
from measurand.wording import CORRELATION, DIFFERENCE, more_needed, plural, points, shown

__all__ = [
    "MEASURE",
    "FormatRanking",
    "FormatTransfer",
    "Transfer",
    "figure",
    "format_transfer",
    "judge",
    "transfer_of",
]

LEAST_ITEMS, LEAST_MODELS, MOST_FORMATS = 10, 5, 4
NEEDED = "at least 10 of the same items in two formats: variants of a benchmark, or benchmarks that share their items"
APART = (Side.ABOVE, Side.BELOW)
"""Formats that differ either way are an issue alike: which one is right is not known."""

NOISE_RESAMPLES = 1000
"""Draws of what noise alone does to a ranking; the rarest p-values are known to a third."""

NAMED = "the names of the formats to compare"


@dataclass(frozen=True, kw_only=True)
class Transfer:
    """One model on the same items in two formats; scores in [0, 1].

    Parameters
    ----------
    benchmark, model, reference, other : of what; the formats are variants, or benchmarks that share items.
    difference : score in the other format minus score in the reference.
    of_all : its interval, widened so that those of all models and formats hold together.
    items, clusters : items in both; independent clusters, None if items are taken as independent.
    scaled : whether the scores had another range than [0, 1].
    """

    benchmark: str
    model: str
    reference: str
    other: str
    difference: Limits
    of_all: Limits
    items: int
    clusters: int | None
    scaled: bool


@dataclass(frozen=True, kw_only=True)
class FormatRanking:
    """Kendall's tau between the models' scores in two formats, on the items that all of them ran in both.

    `p_by_noise` is the p-value against that they agree no less than noise alone lets them; NaN where unknown.
    """

    benchmark: str
    reference: str
    other: str
    items: int
    models: int
    tau: Limits
    p_by_noise: float


@dataclass(frozen=True, repr=False)
class FormatTransfer(Brief):
    """Every model in every further format, the rankings, what cannot be assessed, and the level of the intervals."""

    each: tuple[Transfer, ...]
    rankings: tuple[FormatRanking, ...]
    unassessed: tuple[Unassessed, ...]
    level: float


def format_transfer(
    responses: Responses, *, level: float = 0.95, formats: Sequence[str] = (), rng: np.random.Generator
) -> FormatTransfer:
    """How far scores and ranking change when the same items come in another format.

    Parameters
    ----------
    responses : item-level results. An item's runs are averaged first.
    level : of the intervals.
    formats : names of the variants to compare, the first with each of the others; or names of benchmarks that share
        the names of their items. By default every variant of a benchmark with the one that has most scores; more
        than 4 are taken for wordings of a prompt, which prompt sensitivity is about.
    rng : for draws of what noise alone does to the rankings.

    Returns
    -------
    FormatTransfer

    Raises
    ------
    NotApplicable
        No model ran enough of the same items in two formats.
    UnknownName
        A format that is neither a variant nor a benchmark.
    InputError
        A level out of (0, 1), or fewer than two formats named.
    """
    require_fraction(level=level)
    if len(set(formats)) != len(formats) or len(formats) == 1:
        raise InputError(f"formats should be at least two different names, got {', '.join(formats)}")
    return transfer_of(_chosen(responses, formats), level, rng, most=len(formats) or MOST_FORMATS)


def _chosen(responses: Responses, formats: Sequence[str]) -> Iterator[Grid]:
    """Grids whose first variant is the reference."""
    if not formats:
        for grid in grids(responses):
            # The format most models ran loses the fewest of them; its name says nothing of which is the original.
            first = int(np.isfinite(grid.scores).sum(axis=(0, 2)).argmax())
            yield _only(grid, [first, *(place for place in range(len(grid.variants)) if place != first)])
        return
    # Benchmarks before variants: formats are often published as two benchmarks over the same item names.
    tables = {table.benchmark: table for table in item_tables(responses) if table.benchmark in formats}
    if set(tables) == set(formats):
        yield stacked(", ".join(formats), [tables[name] for name in formats], formats)
        return
    found = list(grids(responses))
    known = {name for grid in found for name in (*grid.variants, grid.benchmark)}
    for name in formats:
        if name not in known:
            raise UnknownName("format", name, sorted(known))
    for grid in found:
        yield _only(grid, [grid.variants.index(name) for name in formats if name in grid.variants])


def _only(grid: Grid, places: Sequence[int]) -> Grid:
    kept = list(places)
    return replace(
        grid,
        variants=tuple(grid.variants[place] for place in kept),
        scores=grid.scores[:, kept],
        within=grid.within[:, kept],
        epochs=grid.epochs[:, kept],
    )


def transfer_of(
    benchmarks: Iterable[Grid], level: float, rng: np.random.Generator, *, most: int = MOST_FORMATS
) -> FormatTransfer:
    """`format_transfer` of grids of scores whose first variant is the reference, of at most that many variants."""
    each: list[Transfer] = []
    pairs: list[tuple[Floats, Ints | None]] = []
    rankings: list[FormatRanking] = []
    unassessed: list[Unassessed] = []
    for grid in benchmarks:
        if len(grid.variants) < 2:
            reason = f"it was run in {plural(len(grid.variants), 'format')} only"
            unassessed.append(Unassessed({"benchmark": grid.benchmark}, reason, NEEDED))
            continue
        # Every pair with the reference is a test: dozens of paraphrases would be reported as as many formats.
        if len(grid.variants) > most:
            reason = f"{grid.benchmark} has {len(grid.variants)} variants, which may be wordings and not formats"
            unassessed.append(Unassessed({"benchmark": grid.benchmark}, reason, NAMED))
            continue
        for other in range(1, len(grid.variants)):
            both = np.isfinite(grid.scores[:, 0]) & np.isfinite(grid.scores[:, other])
            enough = both.sum(axis=1) >= LEAST_ITEMS
            for row in np.flatnonzero(enough):
                items = np.flatnonzero(both[row])
                # Paired on items, as their difficulty is the same in both formats and cancels.
                gaps = grid.scores[row, other, items] - grid.scores[row, 0, items]
                clusters = None if grid.clusters is None else grid.clusters[items]
                each.append(_transfer(grid, int(row), other, gaps, clusters, level))
                pairs.append((gaps, clusters))
            if not enough.all():
                few = plural(int((~enough).sum()), "model")
                names = f"{grid.variants[0]} and {grid.variants[other]}"
                reason = f"{few} ran fewer than {LEAST_ITEMS} of the same items as {names}"
                subject = {"benchmark": grid.benchmark, "format": grid.variants[other]}
                unassessed.append(Unassessed(subject, reason, NEEDED))
            rankings += _ranking(grid, other, both, level, rng)
    if not each:
        raise refusal(unassessed, "no item was scored", unassessed[0].needs if unassessed else NEEDED)
    # Bonferroni: the same items serve all models and formats, so the comparisons are not independent.
    together = 1 - (1 - level) / len(each)
    widened = (difference_limits(gaps, clusters, together) for gaps, clusters in pairs)
    done = (replace(found, of_all=limits) for found, limits in zip(each, widened, strict=True))
    return FormatTransfer(tuple(done), tuple(rankings), tuple(unassessed), level)


def _transfer(grid: Grid, row: int, other: int, gaps: Floats, clusters: Ints | None, level: float) -> Transfer:
    found = difference_limits(gaps, clusters, level)
    return Transfer(
        benchmark=grid.benchmark,
        model=grid.models[row],
        reference=grid.variants[0],
        other=grid.variants[other],
        difference=found,
        of_all=found,
        items=len(gaps),
        clusters=None if clusters is None else len(np.unique(clusters)),
        scaled=grid.scaled,
    )


def _ranking(
    grid: Grid, other: int, both: np.ndarray, level: float, rng: np.random.Generator
) -> Iterator[FormatRanking]:
    # A model with few items in both formats would take the items away from the others.
    models = np.flatnonzero(both.sum(axis=1) >= max(LEAST_ITEMS, int(both.any(axis=0).sum()) / 2))
    items = np.flatnonzero(both[models].all(axis=0))
    # Of four models tau has 24 orders at most: even a perfect one is no rarer than 1 in 24.
    if len(models) < LEAST_MODELS or len(items) < LEAST_ITEMS:
        return
    scores = grid.scores[np.ix_(models, np.array([0, other]), items)].transpose(2, 1, 0)
    means, clusters = scores.mean(axis=0), None if grid.clusters is None else grid.clusters[items]
    groups = len(cluster_sizes(clusters, len(items)))
    alone = noise_alone(scores, clusters, NOISE_RESAMPLES, rng) if groups > 1 else np.empty(0)
    yield FormatRanking(
        benchmark=grid.benchmark,
        reference=grid.variants[0],
        other=grid.variants[other],
        items=len(items),
        models=len(models),
        tau=tau_limits(means[0], means[1], level),
        # Of two rankings W is half of one more than their rank correlation: it orders draws as that does.
        p_by_noise=p_by_noise(float(kendall_w(means)), alone, groups),
    )


def judge(
    result: FormatTransfer, *, format_tolerance: float = 0.02, least_rank_agreement: float = 0.7
) -> list[Finding]:
    """Issue: scores in two formats differ by more than 2 points, interval and all, or rank models differently.

    That holds of a ranking only where it also agrees less than noise alone would let it.
    """
    require_fraction(format_tolerance=format_tolerance, least_rank_agreement=least_rank_agreement)
    each = [_finding(result, found, format_tolerance) for found in result.each]
    beyond = beyond_noise([found.p_by_noise for found in result.rankings], result.level)
    rankings = [
        _ranking_finding(result, found, least_rank_agreement, apart)
        for found, apart in zip(result.rankings, beyond, strict=True)
    ]
    most = points(format_tolerance)
    sentence = counted(
        each,
        "score",
        f"would change by more than {most} with the format of the items",
        f"would change by less than {most}",
    )
    certain = any(_side(found.of_all, format_tolerance) in APART for found in result.each)
    headline = joint_headline(each, sentence, certain=certain, figure="P8.differences")
    return [headline, *each, *rankings, *unassessed(result.unassessed)]


def _side(difference: Limits, tolerance: float) -> Side:
    return against(difference.low, difference.high, (-tolerance, tolerance))


def _finding(result: FormatTransfer, found: Transfer, tolerance: float) -> Finding:
    method = "paired, t over items" if found.clusters is None else f"paired, {CR2}"
    difference = estimate(
        "difference", *found.difference, level=result.level, method=method, n=found.items, unit=DIFFERENCE
    )
    side = _side(found.difference, tolerance)
    unit = " of the range of scores" if found.scaled else ""
    sentence = (
        f"From {found.reference} to {found.other}, the score of {found.model} on {found.benchmark} changes by "
        f"{shown(difference)}{unit} ({plural(found.items, 'item')}): {_meaning(side, found, tolerance)}."
    )
    caveats = ("The scores have another range than 0 to 1; points are hundredths of the range seen.",)
    return Finding(
        subject={"benchmark": found.benchmark, "model": found.model, "format": found.other},
        status=verdict(side, issue=APART, passed=Side.BETWEEN),
        sentence=sentence,
        estimates=(difference,),
        caveats=caveats if found.scaled else (),
        figure="P8.differences",
    )


def _meaning(side: Side, found: Transfer, tolerance: float) -> str:
    if side is Side.UNKNOWN:
        return "nothing tells how far this would hold for other items"
    if side in APART:
        return "scores in one format do not stand for the other"
    if side is Side.BETWEEN:
        return "the format hardly matters"
    size, noun = (found.items, "items") if found.clusters is None else (found.clusters, "clusters of items")
    # By symmetry: the bound that is nearer to the value, on its side.
    gap = found.difference
    value, low, high = gap if gap.value >= 0 else (-gap.value, -gap.high, -gap.low)
    more = more_needed(value, low, high, size, tolerance)
    wanted = "" if more is None else f"; about {more:,} more would decide it"
    clear = "they differ, but too few" if low > 0 else "too few"
    return f"{clear} {noun} to tell whether by more than {points(tolerance)}{wanted}"


def _ranking_finding(result: FormatTransfer, found: FormatRanking, least: float, beyond: Side) -> Finding:
    method = "tau-b, Fisher's z (Fieller, Hartley and Pearson)"
    tau = estimate("rank_tau", *found.tau, level=result.level, method=method, n=found.models, unit=CORRELATION)
    by_noise = Estimate(name="p_value_of_noise_alone", value=finite(found.p_by_noise), n=found.items)
    side = against(tau.low, tau.high, least)
    meaning = "too few models to tell whether the ranking stays"
    # Tau-b divides by the untied pairs, of which there are none.
    if tau.value is None:
        meaning = "one format ties all models"
    elif side is Side.ABOVE:
        meaning = "the ranking stays"
    elif side is Side.BELOW:
        meaning = f"the formats rank models differently, {NOISE_WORDS[beyond]}"
    seen = "" if tau.value is None else f" with a rank agreement of {shown(tau)}"
    ranked = f"{found.reference} and {found.other} rank {plural(found.models, 'model')}{seen}"
    return Finding(
        subject={"benchmark": found.benchmark, "format": found.other},
        title="Ranking across formats",
        status=verdict(side, issue=Side.BELOW if beyond is Side.BELOW else (), passed=Side.ABOVE),
        sentence=f"On {plural(found.items, 'item')} of {found.benchmark}, {ranked}: {meaning}.",
        short={Side.ABOVE: "the ranking stays", Side.BELOW: "the formats rank models differently"}.get(
            side, "too few models to tell"
        ),
        estimates=(tau, by_noise) if tau.value is not None else (),
        figure="P8.differences",
    )


def figure(result: FormatTransfer, findings: Sequence[Finding] = ()) -> list[Figure]:
    """Difference between two formats by model, with its interval."""
    status = {
        (f.subject["benchmark"], f.subject["model"], f.subject["format"]): f.status.value
        for f in findings
        if "model" in f.subject
    }
    rows: list[tuple[Cell, ...]] = [
        (
            found.benchmark,
            f"{found.other} minus {found.reference}",
            found.model,
            *map(finite, found.difference),
            found.items,
            status.get((found.benchmark, found.model, found.other)),
        )
        for found in result.each
    ]
    return [
        bars(
            "P8.differences",
            "The same items in two formats",
            "Difference between the mean scores in two formats, the items paired, with its interval.",
            columns(("benchmark", "formats", "model", "difference", "low", "high", "items", "verdict"), rows),
            Axis("difference", "difference in mean score"),
            label="model",
            color="verdict" if status else None,
            select=("benchmark", "formats"),
            rules=(0.0,),
        )
    ]


MEASURE = Measure(
    code="P8",
    name="format transfer",
    question=Question.PRECISION,
    asks="Do the same items in another format give the same scores and the same ranking of models?",
    needs=f"item-level results with {NEEDED}",
    formula="d_i = score of item i in the other format - in the reference; mean d with CR2 by cluster and its t; "
    "Kendall's tau-b of the models' mean scores in the two formats, against draws in which both are equally good for "
    "each model.",
    compute=format_transfer,
    judge=judge,
    figure=figure,
    shorts={
        Status.ISSUE: "the format changes the score",
        Status.CAUTION: "too few items to tell",
        Status.PASSED: "the format hardly matters",
    },
    caveats=(
        "Where answers can be guessed in one format and not in the other, the difference holds the guessing.",
        "Formats are the variants that the logs name, which may also be answer filters.",
        "Noise in the scores alone makes two rankings differ: few items lower the rank agreement, and models that "
        "hardly differ are ranked by chance. Formats are said to rank differently only if they agree less than that.",
    ),
    references=(
        "Bonett and Price 2012, Journal of Educational and Behavioral Statistics 37(4)",
        "Fieller, Hartley and Pearson 1957, Tests for rank correlation coefficients I, Biometrika 44(3/4)",
    ),
)
