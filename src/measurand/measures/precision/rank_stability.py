"""P9, rank stability: would the models come in the same order on other items and other prompts?"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from measurand.errors import InputError, NotApplicable
from measurand.measures import Measure
from measurand.measures.precision.shared.order import (
    METHOD,
    MOST_RESAMPLED,
    STEPS,
    Order,
    first_words,
    order_estimates,
    order_result,
    order_status,
    order_words,
    rank_text,
    times_as_many,
    typical_times,
)
from measurand.measures.precision.shared.rank_cube import LEAST_ITEMS, Cube, chosen
from measurand.measures.precision.shared.summary import as_clusters, refusal
from measurand.measures.shared import MODEL, bars, columns, require_fraction
from measurand.measures.verdicts import Unassessed, headline, unassessed
from measurand.results import Answer, Axis, Brief, Cell, Estimate, Figure, Finding, Question, Status, Table
from measurand.stats.items.item_ranks import ResampledMeans, resampled_means
from measurand.stats.votes.rankings import ahead, rank_sets, ranks, t_value
from measurand.tables import Responses, item_tables
from measurand.wording import SHARE, agreeing, capital, listed, percent, plural

__all__ = ["MEASURE", "BenchmarkRanks", "RankStability", "in_order", "rank_stability"]

LEAST_CLUSTERS, LEAST_VARIANTS = 5, 3
"""With fewer, resampling them says too little of others like them."""
# A heatmap of m models has m^2 cells, and bump lines of more cannot be followed.
_MOST_DRAWN = 30
MOST_COLUMNS = 6
"""Benchmarks that have a column in the answer."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class BenchmarkRanks(Order):
    """The order of the models on one benchmark; how many times the items it would take in `more`.

    Parameters
    ----------
    scores : mean scores over the items that all of them ran.
    ahead : share of the resamples in which row is ahead of column, of the best models, at most 30.
    items, clusters, cluster_key, cluster_shown : how many there are, what clusters them (None: independent), and
        whether the data showed that key.
    variants : names of the prompt variants that the scores are over; one at least.
    variant_ranks : rank of each model in each variant, shape (variants, m).
    prompts_drawn : whether the variants were resampled like the items.
    left_out : models that ran too few of the items.
    """

    benchmark: str
    scores: tuple[float, ...]
    ahead: Floats
    items: int
    clusters: int | None
    cluster_key: str | None
    cluster_shown: bool
    variants: tuple[str, ...]
    variant_ranks: npt.NDArray[np.int64]
    prompts_drawn: bool
    left_out: tuple[str, ...]


@dataclass(frozen=True, eq=False, repr=False)
class RankStability(Brief):
    """Result of `rank_stability`: the benchmarks ranked, those that are not, and the level."""

    benchmarks: tuple[BenchmarkRanks, ...]
    unassessed: tuple[Unassessed, ...]
    level: float


def rank_stability(
    responses: Responses, *, level: float = 0.95, resamples: int = 1000, rng: np.random.Generator
) -> RankStability:
    """Rank intervals of the models of each benchmark, and how often each is ahead of each other.

    Models are compared on the items that all of them ran, after models that ran fewer than half of the items are left
    out. Items (clusters, where a key is chosen) are resampled, and the prompt variants too from 3 on.

    Parameters
    ----------
    responses : item-level results.
    level : probability, in (0, 1), that all rank intervals of a benchmark hold together.
    resamples : bootstrap resamples.

    Raises
    ------
    NotApplicable
        No benchmark with two models that share 10 items.
    InputError
        A setting out of its range.

    References
    ----------
    Mogstad, Romano, Shaikh and Wilhelm 2024, Review of Economic Studies 91(1); Miller 2024, arXiv 2411.00640.

    Examples
    --------
    >>> import polars as pl
    >>> from measurand.tables import RESPONSE_COLUMNS
    >>> rows = [(m, "b", str(i), float(i % 10 < right)) for m, right in (("x", 9), ("y", 2)) for i in range(50)]
    >>> frame = pl.DataFrame(rows, schema=["model", "benchmark", "item", "score"], orient="row")
    >>> empty = pl.DataFrame(schema=RESPONSE_COLUMNS)
    >>> responses = Responses(pl.concat([empty, frame], how="diagonal").lazy())
    >>> rank_stability(responses, rng=np.random.default_rng(0)).benchmarks[0].ranks
    ((1, 1), (2, 2))
    """
    require_fraction(level=level)
    if resamples < 100:
        raise InputError(f"resamples should be at least 100, got {resamples}")
    found: list[BenchmarkRanks] = []
    left_out: list[Unassessed] = []
    for benchmark, tables in itertools.groupby(item_tables(responses, variants=True), key=lambda t: t.benchmark):
        try:
            found.append(_ranked(chosen(list(tables)), level, resamples, rng))
        except NotApplicable as problem:
            left_out.append(Unassessed({"benchmark": benchmark}, problem.reason, problem.needs))
    if not found:
        raise refusal(left_out, "no item has a score", f"two models or more that ran the same {LEAST_ITEMS} items")
    return RankStability(tuple(found), tuple(left_out), level)


def _ranked(cube: Cube, level: float, resamples: int, rng: np.random.Generator) -> BenchmarkRanks:
    if cube.clusters is not None and (groups := len(np.unique(cube.clusters))) < LEAST_CLUSTERS:
        raise NotApplicable(
            f"its items lie in {plural(groups, 'cluster')} by {cube.tables[0].cluster_key!r}",
            needs=f"at least {LEAST_CLUSTERS}",
        )
    # Two prompts drawn with replacement are one and the same half of the time: no picture of others like them.
    drawn = cube.scores.shape[1] >= LEAST_VARIANTS
    found = resampled_means(cube.scores, resamples, rng, clusters=cube.clusters, resample_variants=drawn)
    return in_order(cube, found, level)


def in_order(cube: Cube, found: ResampledMeans, level: float) -> BenchmarkRanks:
    """The models by their means, with the ranks that resampling leaves open."""
    replicates = found.replicates if len(cube.models) <= MOST_RESAMPLED else None
    sets = rank_sets(found.means, found.gap_stderr, replicates, level, found.freedom)
    # Stable, so that models with equal scores keep their alphabetical order in every run.
    order = np.argsort(-found.means, kind="stable")
    above, below = order[:-1], order[1:]
    with np.errstate(divide="ignore", invalid="ignore"):
        needed = t_value(sets.critical, found.freedom[above, below]) * found.gap_stderr[above, below]
        # The critical value over all pairs, not 1.96: what it would take to tell them apart here, among the others.
        more = (needed / (found.means[above] - found.means[below])) ** 2
    table = cube.tables[0]
    return BenchmarkRanks(
        benchmark=table.benchmark,
        models=tuple(cube.models[i] for i in order),
        scores=tuple(float(found.means[i]) for i in order),
        ranks=tuple((int(sets.low[i]), int(sets.high[i])) for i in order),
        above=sets.above[np.ix_(order, order)],
        more=tuple(map(float, more)),
        sharing=int(np.isclose(found.means, found.means.max(), rtol=0, atol=1e-12).sum()),
        ahead=ahead(found.replicates[:, order[:_MOST_DRAWN]]),
        items=cube.scores.shape[2],
        clusters=None if cube.clusters is None else len(np.unique(cube.clusters)),
        cluster_key=None if cube.clusters is None else table.cluster_key,
        cluster_shown=table.cluster_shown,
        variants=tuple(each.variant or "unnamed" for each in cube.tables),
        variant_ranks=ranks(cube.scores.mean(axis=2).T)[:, order],
        prompts_drawn=cube.scores.shape[1] >= LEAST_VARIANTS,
        left_out=cube.left_out,
    )


def judge(result: RankStability) -> list[Finding]:
    """Issue: no two models can be told apart. Passed: each is told apart from the next."""
    each = [_finding(result, item) for item in result.benchmarks]
    return [_headline(result, each), *each, *unassessed(result.unassessed)]


def _headline(result: RankStability, each: Sequence[Finding]) -> Finding:
    pairs = sum(len(item.apart) for item in result.benchmarks)
    alike = sum(item.alike for item in result.benchmarks)
    where = result.benchmarks[0].benchmark if len(each) == 1 else f"{len(each)} benchmarks"
    if not alike:
        sentence = f"On {where}, every model is told apart from the next in rank."
    elif pairs == 1:
        sentence = f"On {where}, the two models cannot be told apart: their order could be due to chance."
    else:
        sentence = (
            f"On {where}, {alike} of {pairs} pairs of neighbours in rank cannot be told apart: the order within "
            f"{'it' if alike == 1 else 'them'} could be due to chance."
        )
    # Benchmarks, not pairs: one with many models would else outweigh all the others.
    good = float(sum(finding.status is Status.PASSED for finding in each))
    estimates = (
        Estimate(name="neighbours_told_apart", value=float(pairs - alike), method=METHOD, n=pairs),
        Estimate(name="benchmarks_in_order", value=good, method="count", n=len(each)),
    )
    return headline(sentence, each, estimates=estimates, figure="P9.ranks")


def _finding(result: RankStability, item: BenchmarkRanks) -> Finding:
    on = f" on {item.items:,} items" + (f" and {len(item.variants)} prompt variants" if len(item.variants) > 1 else "")
    units = "items" if item.clusters is None else "clusters of items"
    units += " and prompts" if item.prompts_drawn else ""
    clusters = "" if item.clusters is None else f", {item.clusters} clusters by {item.cluster_key}"
    bootstrap = f"{METHOD} of items{' and prompts' if item.prompts_drawn else ''}"
    method = (bootstrap if len(item.models) <= MOST_RESAMPLED else STEPS) + clusters
    first, *others = order_estimates(item, level=result.level, method=method, n=item.items)
    # No interval: a share of resamples already is a statement about uncertainty (see the caveat).
    second = Estimate(
        name="first_ahead_of_second",
        value=float(item.ahead[0, 1]),
        method="share of resamples",
        n=item.items,
        unit=SHARE,
    )
    said = order_words(item, plural(len(item.models), "model"), on)
    return Finding(
        subject={"benchmark": item.benchmark},
        status=order_status(item),
        sentence=said + times_as_many(item, units) + _over_variants(item),
        estimates=(first, second, *others),
        caveats=_caveats(item),
        figure="P9.ranks",
        result=order_result(item) | {"score": item.scores},
    )


def _over_variants(item: BenchmarkRanks) -> str:
    count = len(item.variants)
    if count == 1:
        return ""
    first = int((item.variant_ranks == 1).any(axis=0).sum())
    moved = int(np.ptp(item.variant_ranks, axis=0).max())
    if not moved:
        return f" All {count} variants put the models in the same order."
    ranks_moved = plural(moved, "rank")
    return f" Over the variants {plural(first, 'model', 'comes')} first, and a model moves by up to {ranks_moved}."


def _caveats(item: BenchmarkRanks) -> tuple[str, ...]:
    found = []
    if item.left_out:
        names = ", ".join(item.left_out[:5]) + (", ..." if len(item.left_out) > 5 else "")
        found.append(f"{plural(len(item.left_out), 'model')} that ran fewer than half of the items left out: {names}.")
    if 1 < len(item.variants) < LEAST_VARIANTS:
        found.append(
            f"{len(item.variants)} prompt variants are too few to speak of others (at least {LEAST_VARIANTS})."
        )
    if item.cluster_key and item.cluster_shown:
        found.append(f"{capital(as_clusters(item.cluster_key, shown=True))}.")
    return tuple(found)


def answer(result: RankStability) -> Answer:
    """On how many benchmarks the first place is settled, then the ranks that each model may have on each."""
    shown = result.benchmarks[:MOST_COLUMNS]
    if len(result.benchmarks) == 1:
        (item,) = result.benchmarks
        sentence = f"{first_words(item)} on {item.benchmark}."
    else:
        settled = [item for item in result.benchmarks if item.ranks[0] == (1, 1)]
        firsts = listed([f"{item.benchmark}: {item.models[0]}" for item in settled[:MOST_COLUMNS]]) if settled else ""
        sentence = (
            f"First place is settled on {len(settled) or 'none'} of {plural(len(result.benchmarks), 'benchmark')}"
        )
        sentence += f" ({firsts})." if firsts else "."
    alike = sum(item.alike for item in result.benchmarks)
    pairs = sum(len(item.apart) for item in result.benchmarks)
    tied = f"{alike:,} of {plural(pairs, 'pair')} of neighbours in rank {agreeing(alike, 'is')} statistically tied."
    takes = [
        f"{item.benchmark} {times} times as many {'items' if item.clusters is None else 'clusters of items'}"
        for item in shown
        if (times := typical_times(item))
    ]
    notes = [f"Ranks that other items could give: at {percent(result.level)}, all of a benchmark together."]
    notes += [f"Settling a typical pair of neighbours would take on {listed(takes)}."] if takes else []
    return Answer(
        sentence=f"{sentence} {tied}" if alike else sentence,
        tables=(_table(shown),),
        notes=tuple(notes),
        cautions=tuple(
            (Status.CAUTION, f"{item.benchmark}: {caveat}") for item in result.benchmarks for caveat in _caveats(item)
        ),
    )


def _table(items: Sequence[BenchmarkRanks]) -> Table:
    """A row per model, by its mean rank; a column per benchmark."""
    of = {(model, item.benchmark): rank_text(item, i) for item in items for i, model in enumerate(item.models)}
    places: dict[str, list[int]] = {}
    for item in items:
        for place, model in enumerate(item.models):
            places.setdefault(model, []).append(place)
    models = sorted(places, key=lambda model: float(np.mean(places[model])))
    rows = tuple((model, *(of.get((model, item.benchmark), "") for item in items)) for model in models)
    head = ("model", *(item.benchmark for item in items))
    return Table(head=head, rows=rows, right=tuple(range(1, len(head))), ends=True)


def figure(result: RankStability) -> list[Figure]:
    """Ranks with their intervals, who is ahead of whom, and ranks over variants and benchmarks."""
    rows: list[tuple[Cell, ...]] = [
        (item.benchmark, model, place, *interval, score)
        for item in result.benchmarks
        for place, (model, interval, score) in enumerate(
            zip(item.models, item.ranks, item.scores, strict=True), start=1
        )
    ]
    pairs: list[tuple[Cell, ...]] = [
        (item.benchmark, model, other, float(item.ahead[i, j]))
        for item in result.benchmarks
        for i, model in enumerate(item.models[:_MOST_DRAWN])
        for j, other in enumerate(item.models[:_MOST_DRAWN])
        if i != j
    ]
    figures = [
        bars(
            "P9.ranks",
            "Ranks of the models",
            f"Each model's rank by score, with the ranks it may have on other items: at {percent(result.level)}, all "
            "of a benchmark together.",
            columns(("benchmark", "model", "rank", "best rank", "worst rank", "score"), rows),
            Axis("rank", "rank (1 is best)", domain=(1, max(len(item.models) for item in result.benchmarks))),
            low="best rank",
            high="worst rank",
            label="model",
            select=("benchmark",),
        ),
        Figure(
            name="P9.ahead",
            kind="heatmap",
            title="Who is ahead of whom",
            caption="Share of the resamples in which the model of the row scores higher than the model of the column; "
            f"near .5 is a coin toss. The best {_MOST_DRAWN} models at most.",
            columns=columns(("benchmark", "model", "other model", "ahead"), pairs),
            x=Axis("other model", "is ahead of", "nominal"),
            y=MODEL,
            color="ahead",
            label="model",
            select=("benchmark",),
        ),
    ]
    varied = [item for item in result.benchmarks if len(item.variants) > 1]
    if varied:
        figures.append(_bump("variants", "variant", _variant_rows(varied), ("benchmark",)))
    if len(result.benchmarks) > 1:
        across = [("all", item.benchmark, model, place) for item in result.benchmarks for place, model in _top(item)]
        figures.append(_bump("benchmarks", "benchmark", across, ()))
    return figures


def _variant_rows(varied: Sequence[BenchmarkRanks]) -> list[tuple[Cell, ...]]:
    return [
        (item.benchmark, variant, model, int(places[i]))
        for item in varied
        for variant, places in zip(item.variants, item.variant_ranks, strict=True)
        for i, model in enumerate(item.models[:_MOST_DRAWN])
    ]


def _top(item: BenchmarkRanks) -> list[tuple[int, str]]:
    return list(enumerate(item.models[:_MOST_DRAWN], start=1))


def _bump(name: str, x: str, rows: Sequence[tuple[Cell, ...]], select: tuple[str, ...]) -> Figure:
    """Ranks as lines, the best on top."""
    made = dict(columns(("benchmark" if select else "whole", x, "model", "rank"), rows))
    made.pop("whole", None)
    worst = max(int(str(row[3])) for row in rows)
    return Figure(
        name=f"P9.{name}",
        kind="lines",
        title=f"Ranks over {name}",
        caption=f"Each line is a model; lines that cross are models whose order depends on the {x}.",
        columns=made,
        x=Axis(x, x, "nominal"),
        y=Axis("rank", "rank (1 is best)", domain=(worst, 1)),
        label="model",
        color="model",
        select=select,
    )


MEASURE = Measure(
    code="P9",
    name="rank stability",
    question=Question.PRECISION,
    asks="Would the models come in the same order on other items and other prompts?",
    needs="item-level results of at least 2 models on the same 10 items",
    formula="a model's best rank is one more than the number of models told apart as better, over all pairs at once; "
    "P(A beats B) = share of resamples of the items (and prompts) in which A scores higher.",
    compute=rank_stability,
    judge=judge,
    figure=figure,
    answer=answer,
    shorts={
        Status.ISSUE: "no order is shown",
        Status.CAUTION: "some places are tied",
        Status.PASSED: "every place is settled",
    },
    caveats=(
        "Other items means items drawn as these were; a benchmark of another kind can reverse any order.",
        "The share of resamples in which a model is ahead is no probability that it is better: half can be pure noise.",
    ),
    references=(
        "Mogstad, Romano, Shaikh and Wilhelm 2024, Inference for ranks, Review of Economic Studies 91(1)",
        "Miller 2024, Adding error bars to evals, arXiv 2411.00640",
    ),
)
