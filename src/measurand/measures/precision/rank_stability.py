"""P9, rank stability: would the models come in the same order on other items and other prompts?"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from measurand.errors import InputError, NotApplicable
from measurand.measure import Measure
from measurand.measures._shared import columns, overall, plural, require_fraction
from measurand.measures.precision.shared.rank_cube import LEAST_ITEMS, Cube, chosen
from measurand.results import Axis, Cell, Estimate, Figure, Finding, Question, Status
from measurand.stats.items.item_ranks import resampled_means
from measurand.stats.votes.rankings import ahead, rank_sets, ranks, t_value
from measurand.tables import Responses, item_tables

__all__ = ["MEASURE", "BenchmarkRanks", "RankStability", "rank_stability"]

CODE, TITLE = "P9", "Rank stability"

LEAST_CLUSTERS, LEAST_VARIANTS = 5, 3
_MOST_DRAWN = 30

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class BenchmarkRanks:
    """The order of the models on one benchmark; models best first.

    Parameters
    ----------
    models, scores : names, and mean scores over the items that all of them ran.
    ranks : best and worst rank of each model; all hold together at the level asked for.
    ahead : share of the resamples in which row is ahead of column, shape (m, m).
    apart : whether each model is told apart from the next, one fewer than models.
    more_items : how many times the items it would take to tell each from the next.
    told_apart : pairs of models, neighbours or not, that are told apart.
    items, clusters, cluster_key : how many there are, and what clusters them (None: independent).
    variants : names of the prompt variants that the scores are over; one at least.
    variant_ranks : rank of each model in each variant, shape (variants, m).
    prompts_drawn : whether the variants were resampled like the items.
    left_out : models that ran too few of the items.
    """

    benchmark: str
    models: tuple[str, ...]
    scores: tuple[float, ...]
    ranks: tuple[tuple[int, int], ...]
    ahead: Floats
    apart: tuple[bool, ...]
    more_items: tuple[float, ...]
    told_apart: int
    items: int
    clusters: int | None
    cluster_key: str | None
    variants: tuple[str, ...]
    variant_ranks: npt.NDArray[np.int64]
    prompts_drawn: bool
    left_out: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class RankStability:
    """Result of `rank_stability`: the benchmarks ranked, and those that are not with why and what would suffice."""

    benchmarks: tuple[BenchmarkRanks, ...]
    unassessed: tuple[tuple[str, str, str], ...]
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
    unassessed: list[tuple[str, str, str]] = []
    for benchmark, tables in itertools.groupby(item_tables(responses, variants=True), key=lambda t: t.benchmark):
        try:
            found.append(_ranked(chosen(list(tables)), level, resamples, rng))
        except NotApplicable as problem:
            unassessed.append((benchmark, problem.reason, problem.needs))
    if not found:
        reasons = list(dict.fromkeys(reason for _, reason, _ in unassessed)) or ["no item has a score"]
        raise NotApplicable(
            "no benchmark can be assessed: " + "; ".join(reasons[:3]),
            needs=f"two models or more that ran the same {LEAST_ITEMS} items",
        )
    return RankStability(tuple(found), tuple(unassessed), level)


def _ranked(cube: Cube, level: float, resamples: int, rng: np.random.Generator) -> BenchmarkRanks:
    variants, groups = cube.scores.shape[1], None
    if cube.clusters is not None:
        groups = len(np.unique(cube.clusters))
        if groups < LEAST_CLUSTERS:
            raise NotApplicable(
                f"its items lie in {plural(groups, 'cluster')} by {cube.tables[0].cluster_key!r}",
                needs=f"at least {LEAST_CLUSTERS}",
            )
    drawn = variants >= LEAST_VARIANTS
    found = resampled_means(cube.scores, resamples, rng, clusters=cube.clusters, resample_variants=drawn)
    sets = rank_sets(found.means, found.gap_stderr, found.replicates, level, found.freedom)
    order = np.argsort(-found.means, kind="stable")
    above, below = order[:-1], order[1:]
    with np.errstate(divide="ignore", invalid="ignore"):
        needed = t_value(sets.critical, found.freedom[above, below]) * found.gap_stderr[above, below]
        more = (needed / (found.means[above] - found.means[below])) ** 2
    table = cube.tables[0]
    return BenchmarkRanks(
        table.benchmark,
        tuple(cube.models[i] for i in order),
        tuple(float(found.means[i]) for i in order),
        tuple((int(sets.low[i]), int(sets.high[i])) for i in order),
        ahead(found.replicates)[np.ix_(order, order)],
        tuple(bool(apart) for apart in sets.above[above, below]),
        tuple(float(times) for times in more),
        int(sets.above.sum()),
        cube.scores.shape[2],
        groups,
        None if groups is None else table.cluster_key,
        tuple(each.variant or "unnamed" for each in cube.tables),
        ranks(cube.scores.mean(axis=2).T)[:, order],
        drawn,
        cube.left_out,
    )


def judge(result: RankStability) -> list[Finding]:
    """Issue: no two models can be told apart. Passed: each is told apart from the next."""
    each = [_finding(result, item) for item in result.benchmarks]
    rest = [
        Finding(CODE, {"benchmark": name}, TITLE, Status.NOT_APPLICABLE, f"{reason}; needs {needs}.")
        for name, reason, needs in result.unassessed
    ]
    return [_headline(result, each), *each, *rest]


def _headline(result: RankStability, each: Sequence[Finding]) -> Finding:
    pairs = sum(len(item.apart) for item in result.benchmarks)
    alike = sum(item.apart.count(False) for item in result.benchmarks)
    where = result.benchmarks[0].benchmark if len(each) == 1 else f"{len(each)} benchmarks"
    if alike:
        sentence = (
            f"On {where}, {alike} of {plural(pairs, 'pair')} of neighbours in rank cannot be told apart: the order "
            f"within {'it' if alike == 1 else 'them'} is not evidence."
        )
    else:
        sentence = f"On {where}, every model is told apart from the next in rank."
    status = overall(each)
    estimates = (
        Estimate("neighbours_told_apart", float(pairs - alike), method=_METHOD, n=pairs),
        Estimate(
            "benchmarks_in_order", float(sum(f.status is Status.PASSED for f in each)), method="count", n=len(each)
        ),
    )
    return Finding(CODE, {}, TITLE, status, sentence, estimates, (), f"{CODE}.ranks")


_METHOD = "all ranks together, step-down over all pairs (Mogstad et al. 2024), bootstrap"


def _finding(result: RankStability, item: BenchmarkRanks) -> Finding:
    m, alike = len(item.models), item.apart.count(False)
    on = f"{item.items:,} items" + (f" and {len(item.variants)} prompt variants" if len(item.variants) > 1 else "")
    if not item.told_apart:
        status, verdict = (
            Status.ISSUE,
            f"No two of the {m} models can be told apart on {on}: their order is not evidence.",
        )
    elif alike:
        status = Status.CAUTION
        verdict = (
            f"{alike} of {plural(m - 1, 'pair')} of neighbours among {m} models cannot be told apart on {on}: the "
            f"order within {'that pair' if alike == 1 else 'these pairs'} is not evidence."
        )
    else:
        status, verdict = Status.PASSED, f"Each of the {m} models is told apart from the next on {on}."
    best, worst = item.ranks[0]
    lead = f" {item.models[0]} comes first" + (
        " and is told apart from every other." if best == worst else f"; its rank lies between {best} and {worst}."
    )
    clusters = "" if item.clusters is None else f", {item.clusters} clusters by {item.cluster_key}"
    method = _METHOD + " of items" + (" and prompts" if item.prompts_drawn else "") + clusters
    second = float(item.ahead[0, 1])
    return Finding(
        CODE,
        {"benchmark": item.benchmark},
        TITLE,
        status,
        verdict + lead + _more(item) + _over_variants(item),
        (
            Estimate("rank_of_first", 1.0, float(best), float(worst), result.level, method, item.items),
            Estimate("first_ahead_of_second", second, method="share of resamples", n=item.items),
            Estimate("neighbours_told_apart", float(m - 1 - alike), method=method, n=m - 1),
            Estimate("pairs_told_apart", float(item.told_apart), method=method, n=m * (m - 1) // 2),
        ),
        _caveats(item),
        f"{CODE}.ranks",
        {
            "model": item.models,
            "score": item.scores,
            "best_rank": tuple(best for best, _ in item.ranks),
            "worst_rank": tuple(worst for _, worst in item.ranks),
        },
    )


def _more(item: BenchmarkRanks) -> str:
    """What it would take to tell the typical pair of neighbours apart, where they are not."""
    times = [factor for factor, apart in zip(item.more_items, item.apart, strict=True) if not apart]
    # Equal scores give no distance to project from.
    if not times or not np.isfinite(typical := float(np.median(times))):
        return ""
    units = "items" if item.clusters is None else "clusters of items"
    units += " and prompts" if item.prompts_drawn else ""
    if typical >= 1000:
        return f" Not even 1,000 times as many {units} would tell a typical pair of them apart."
    shown = f"{typical:,.0f}" if typical >= 9.5 else f"{typical:.1f}"
    return f" To tell a typical pair of them apart would take about {shown} times as many {units}."


def _over_variants(item: BenchmarkRanks) -> str:
    count = len(item.variants)
    if count == 1:
        return ""
    first = int((item.variant_ranks == 1).any(axis=0).sum())
    moved = int(np.ptp(item.variant_ranks, axis=0).max())
    if not moved:
        return f" All {count} variants put the models in the same order."
    who = f"{plural(first, 'model')} {'comes' if first == 1 else 'come'} first"
    return f" Over the variants {who}, and a model moves by up to {plural(moved, 'rank')}."


def _caveats(item: BenchmarkRanks) -> tuple[str, ...]:
    found = []
    if item.left_out:
        names = ", ".join(item.left_out[:5]) + (", ..." if len(item.left_out) > 5 else "")
        found.append(f"{plural(len(item.left_out), 'model')} that ran fewer than half of the items left out: {names}.")
    if 1 < len(item.variants) < LEAST_VARIANTS:
        found.append(
            f"{len(item.variants)} prompt variants are too few to speak of others (at least {LEAST_VARIANTS})."
        )
    return tuple(found)


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
    most = max(len(item.models) for item in result.benchmarks)
    figures = [
        Figure(
            f"{CODE}.ranks",
            "intervals",
            "Ranks of the models",
            f"Each model's rank by score, with the ranks it may have on other items: at {100 * result.level:g}%, all "
            "of a benchmark together.",
            columns(("benchmark", "model", "rank", "best rank", "worst rank", "score"), rows),
            Axis("rank", "rank (1 is best)", domain=(1, most)),
            Axis("model", "model", "nominal"),
            low="best rank",
            high="worst rank",
            label="model",
            select=("benchmark",),
        ),
        Figure(
            f"{CODE}.ahead",
            "heatmap",
            "Who is ahead of whom",
            "Share of the resamples in which the model of the row scores higher than the model of the column; near .5 "
            f"is a coin toss. The best {_MOST_DRAWN} models at most.",
            columns(("benchmark", "model", "other model", "ahead"), pairs),
            Axis("other model", "is ahead of", "nominal"),
            Axis("model", "model", "nominal"),
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
        f"{CODE}.{name}",
        "lines",
        f"Ranks over {name}",
        f"Each line is a model; lines that cross are models whose order depends on the {x}.",
        made,
        Axis(x, x, "nominal"),
        Axis("rank", "rank (1 is best)", domain=(worst, 1)),
        label="model",
        color="model",
        select=select,
    )


MEASURE = Measure(
    code=CODE,
    name="rank stability",
    question=Question.PRECISION,
    asks="Would the models come in the same order on other items and other prompts?",
    needs="item-level results of at least 2 models on the same 10 items",
    formula="a model's best rank is one more than the number of models told apart as better, over all pairs at once; "
    "P(A beats B) = share of resamples of the items (and prompts) in which A scores higher.",
    compute=rank_stability,
    judge=judge,
    figure=figure,
    caveats=(
        "Other items means items drawn as these were; a benchmark of another kind can reverse any order.",
        "The share of resamples in which a model is ahead is no probability that it is better: half can be pure noise.",
    ),
    references=(
        "Mogstad, Romano, Shaikh and Wilhelm 2024, Inference for ranks, Review of Economic Studies 91(1)",
        "Miller 2024, Adding error bars to evals, arXiv 2411.00640",
    ),
)
